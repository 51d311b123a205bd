"""The gateway as one object: settings, database, plugins, tenants, inbox. Commands, servers and tests all use it.

async with Gateway(Settings.load()) as gateway:
    gateway.registry.get("demo_salon")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from truffles_gateway import firewall, migrations
from truffles_gateway.accept import Committer
from truffles_gateway.catalog import Catalog
from truffles_gateway.clock import Clock
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.failpoints import arm
from truffles_gateway.http_client import http_client
from truffles_gateway.observability import FaultLog, Metrics, logger
from truffles_gateway.own_facts import Keeper
from truffles_gateway.plugin import Plugin, Resources
from truffles_gateway.postgres import PostgresError, PrivatePostgres
from truffles_gateway.previews import Previews
from truffles_gateway.prompts import TenantPrompts
from truffles_gateway.registry import Registry
from truffles_gateway.settings import Settings
from truffles_gateway.store import inbox
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.store.alarms import StoredAlarms
from truffles_gateway.store.blobs import StoredBlobs
from truffles_gateway.store.counters import StoredCounters
from truffles_gateway.store.database import Database, Listener
from truffles_gateway.store.desk import StoredDesk
from truffles_gateway.store.knowledge import CHANGED as KNOWLEDGE_CHANGED
from truffles_gateway.store.knowledge import KnowledgeVersions, StoredKnowledge
from truffles_gateway.store.learned import StoredLearned
from truffles_gateway.store.links import StoredLinks
from truffles_gateway.tenant_config import TenantConfig
from truffles_gateway.tenants import Draft
from truffles_gateway.warden import Warden
from truffles_gateway.warming import Warmer
from truffles_gateway.worker import Worker

INBOX_CHANGED = "truffles_inbox"
LOOK_AFTER_SERVER = 1.0
log = logger("gateway")


class Gateway:
    """Everything that one process shares. Entering it opens the database and loads all tenants."""

    def __init__(
        self, settings: Settings, *, catalog: Catalog | None = None, patience: int = 1, tenants: bool = True,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        """`patience`: how many seconds to wait for a database that is not there yet. `tenants=False`: nobody is loaded,
        for commands that only look into the database. `clock`: another one than the settings ask for."""
        arm(settings.truffles_crash)
        self._patience, self._loads_tenants = patience, tenants
        self.settings, self.clock = settings, clock or settings.clock()
        self.metrics = Metrics()
        self.faults = FaultLog(self.metrics)
        self.catalog = catalog or (Catalog.scan() if tenants else Catalog([]))
        self.tick: Callable[[], Awaitable[None]] | None = None
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()
        self._heard: dict[str, list[Callable[[str], None]]] = {}

    async def __aenter__(self) -> Self:
        try:
            return await self._open()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _open(self) -> Self:
        self.url = await self._database_url()
        self.database = Database(self.url, size=self.settings.database_pool)
        await self._connect()
        self._stack.push_async_callback(self.database.close)
        await asyncio.to_thread(migrations.upgrade, self.url)
        self.http = await self._stack.enter_async_context(http_client())
        self.knowledge_versions = KnowledgeVersions(self.database)
        self.committer = Committer(lambda rows: inbox.append(self.database, rows))
        self._stack.push_async_callback(self.committer.close)
        secrets = self.settings.secrets()
        self._warden = Warden(self.database, self.clock)
        self.faults.store = self._warden.fault
        self.registry = Registry(
            self.database, self.catalog, secrets, self.resources, self.clock, self._warden.bad_config
        )
        self._stack.push_async_callback(self.registry.close)
        self._stack.push_async_callback(self._stop_tasks)
        if self._loads_tenants:
            await self.registry.load()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _connect(self) -> None:
        for _ in range(self._patience - 1):
            try:
                await self.database.connect()
            except StoreUnavailable as problem:
                log.warning("waiting for the database", problem=str(problem))
                await asyncio.sleep(1)
            else:
                return
        await self.database.connect()

    async def _database_url(self) -> str:
        """The given database, or a private server in the data directory, shared by all processes that use it."""
        given = self.settings.database_url
        if given:
            return given.get_secret_value()
        server = PrivatePostgres(self.settings.truffles_data_dir / "postgres")
        await asyncio.to_thread(server.start)
        self._stack.push_async_callback(asyncio.to_thread, server.stop)
        self._stack.push_async_callback(_end, asyncio.create_task(_keep_alive(server)))
        return server.url()

    def start(self, *, work: bool = True) -> None:
        """Keep up with what other processes do and, with `work`, do this process's share of it until the end."""
        self.on_notify(tenant_store.CHANGED, lambda _: self.registry.wake())
        self.on_notify(KNOWLEDGE_CHANGED, self.knowledge_versions.changed)
        self.knowledge_versions.listening = True
        if work:
            self._start_worker()
        self.spawn(Listener(self.url, list(self._heard), self._hear).run())
        self.spawn(self.registry.watch())
        self.spawn(self._warden.run(self.registry))

    def _start_worker(self) -> None:
        worker = Worker(self.database, self.registry, self.clock, self.faults, self.metrics, self.settings)
        self.on_notify(INBOX_CHANGED, worker.wake)
        warmer = Warmer(self.registry)
        self.on_notify(KNOWLEDGE_CHANGED, warmer.changed)
        self.spawn(warmer.run())
        self.tick = worker.tick
        self.spawn(self._work(worker))
        self._stack.push_async_callback(worker.close)

    async def _work(self, worker: Worker) -> None:
        """What loads slowly is loaded first: no customer shall wait for it."""
        await asyncio.to_thread(firewall.warm_up)
        await self.registry.warm_up()
        keeper = Keeper(self.database, self.clock)
        self.spawn(keeper.run())
        self.registry.tell(keeper.served)
        log.info("taking turns", tenants=sum(1 for _ in self.registry))
        await worker.run()

    def on_notify(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard` with the payload of each notification on `channel`, and with "" when some may have been
        missed. Before `start`."""
        self._heard.setdefault(channel, []).append(heard)

    def _hear(self, channel: str, payload: str) -> None:
        for heard in self._heard.get(channel, ()):
            heard(payload)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until the gateway closes."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part of the gateway that dies takes the process with it: a supervisor starts it again, whole."""
        if not task.cancelled() and task.exception():
            log.error("a part of the gateway failed", error=repr(task.exception()), exc_info=task.exception())
            self.failed.set()

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def blobs(self, client_id: str, config: TenantConfig) -> StoredBlobs:
        """The files of the tenant with this id."""
        return StoredBlobs(
            database=self.database, clock=self.clock, client_id=client_id, tenant=config.slug, media=config.media,
            data_dir=self.settings.truffles_data_dir,
        )  # fmt: skip

    def _links(self, plan: Draft) -> StoredLinks:
        return StoredLinks(
            database=self.database, clock=self.clock, client_id=plan.id, tenant=plan.config.slug,
            base=self.settings.public_url.rstrip("/"),
        )  # fmt: skip

    def resources(self, plan: Draft, plugin: Plugin) -> Resources:
        """What `plugin` may use for the tenant of `plan`."""
        return Resources(
            tenant=plan.config.slug,
            timezone=plan.config.timezone,
            languages=plan.config.languages,
            http=self.http,
            clock=self.clock,
            log=logger(f"plugin.{plugin.name}", tenant=plan.config.slug),
            texts=plan.texts,
            knowledge=StoredKnowledge(self.database, self.knowledge_versions, plan.id, self.clock),
            blobs=self.blobs(plan.id, plan.config),
            desk=StoredDesk(self.database, plan.id, plugin.channel, self.clock),
            counters=StoredCounters(self.database, plan.id, plugin.name, self.clock),
            learned=StoredLearned(self.database, plan.id, plan.desks, self.clock, Previews(self.database, plan)),
            prompts=TenantPrompts(plan.prompts, plugin.templates),
            files=plan.files,
            links=self._links(plan),
            alarms=StoredAlarms(self.database, plan.id, plugin.name, self.clock),
            media=plan.config.media.as_written(),
            desk_chats=plan.desk_chats,
            branches={each.slug: each.name for each in plan.config.branches},
            branch_tags={each.slug: each.knowledge_tag for each in plan.config.branches},
            public_url=self.settings.public_url.rstrip("/"),
        )


async def _keep_alive(server: PrivatePostgres) -> None:
    """Start the private server again whenever it has died: nobody else would."""
    while True:
        await asyncio.sleep(LOOK_AFTER_SERVER)
        if await asyncio.to_thread(server.running):
            continue
        log.error("the private PostgreSQL server has died; it is started again")
        try:
            await asyncio.to_thread(server.start)
        except PostgresError as problem:
            log.exception("the private PostgreSQL server does not start", problem=str(problem))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
