"""All tenants of this process: loaded from the database, replaced whole when their config changes.

A tenant whose new config is bad keeps its last good one, also over a restart; the others never notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from truffles_gateway.catalog import Catalog
from truffles_gateway.clock import Clock
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.observability import logger
from truffles_gateway.secret_refs import Secrets
from truffles_gateway.store import overrides
from truffles_gateway.store import tenants as store
from truffles_gateway.store.database import Database
from truffles_gateway.store.tenants import StoredTenant
from truffles_gateway.tenants import BadConfig, MakeResources, Shut, Tenant, build, draft, shut
from truffles_gateway.threads import Threads

GRACE = 5.0
WARM_SECONDS = 20.0
log = logger("registry")

BadConfigSink = Callable[[StoredTenant, BadConfig], None]
ServedSink = Callable[[Tenant], None]


class Registry:
    """Who is served here. `on_bad` is told once for each config that cannot be used."""

    def __init__(
        self, database: Database, catalog: Catalog, secrets: Secrets, resources: MakeResources, clock: Clock,
        on_bad: BadConfigSink | None = None,
    ) -> None:  # fmt: skip
        self._database, self._catalog, self._secrets = database, catalog, secrets
        self._resources, self._clock, self._on_bad = resources, clock, on_bad
        self._tenants: dict[str, Tenant] = {}
        self._slugs: dict[str, str] = {}
        self._by_id: dict[str, Tenant] = {}
        self._broken: dict[str, str] = {}
        self._shut: dict[str, Shut] = {}
        self._applied: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._threads = Threads()
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()
        self._warming = False
        self._served: ServedSink = _nobody

    def get(self, slug: str) -> Tenant | None:
        """The tenant `slug`, None if it is unknown or cannot be built."""
        return self._tenants.get(slug)

    def shut(self, slug: str) -> Shut | None:
        """The doors of the tenant `slug` while its config is bad and it has no good one."""
        return self._shut.get(slug)

    def by_id(self, client: str) -> Tenant | None:
        """The tenant with this id."""
        return self._by_id.get(client)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(list(self._tenants.values()))

    @property
    def serves_several(self) -> bool:
        """Is there more than one tenant who may need a worker's hands?"""
        return sum(not tenant.suspended for tenant in self._tenants.values()) > 1

    @property
    def broken(self) -> Mapping[str, str]:
        """Whose applied config cannot be used, and why; they run on the last good one or, without any, not at all."""
        return self._broken

    async def load(self, slugs: Sequence[str] | None = None) -> None:
        """Build all tenants, or those with these slugs, again."""
        async with self._lock:
            await self._load(slugs)

    async def warm_up(self) -> None:
        """Have all plugins load what is heavy, now and from now on whenever a tenant is built: for those who will call
        them."""
        self._warming = True
        for tenant in self:
            await _warm_up(tenant)

    async def warm_up_one(self, client: str) -> None:
        """The same for the tenant with this id, if it is served here: what it would load at its next call has changed."""
        if tenant := self.by_id(client):
            await _warm_up(tenant)

    def tell(self, served: ServedSink) -> None:
        """Tell `served` of every tenant, now and from now on whenever one is built."""
        self._served = served
        for tenant in self:
            served(tenant)

    async def refresh(self) -> None:
        """Build those whose config has changed, and those that could not be built; drop those that are gone."""
        async with self._lock:  # also around the question: an answer from before another refresh would undo that one
            versions = await store.versions(self._database)
            for slug in self._tenants.keys() - versions.keys():
                self._drop(slug)
            for slug in self._broken.keys() - versions.keys():
                del self._broken[slug]
                self._shut.pop(slug, None)
            changed = [slug for slug, version in versions.items() if self._applied.get(slug) != version]
            if changed or self._broken:
                await self._load([*changed, *self._broken])
            await self._listen_to_owners()

    async def _listen_to_owners(self) -> None:
        """What owners said since: their tenants are not built anew for that, not even where the config is bad by now."""
        versions = await overrides.versions(self._database)
        news = [slug for slug in self._tenants if self._told.get(slug) != versions.get(slug)]
        for stored in await store.load(self._database, news) if news else ():
            if old := self._tenants.get(stored.slug):
                self._tenants[stored.slug] = self._by_id[old.id] = replace(old, overrides=stored.overrides)
                self._told[stored.slug] = stored.overrides_version

    async def _load(self, slugs: Sequence[str] | None) -> None:
        for stored in await store.load(self._database, slugs):
            await self._replace(stored)

    def _drop(self, slug: str) -> None:
        self._applied.pop(slug, None)
        self._by_id.pop(self._tenants[slug].id, None)
        self._retire(self._tenants.pop(slug))

    def wake(self) -> None:
        """A config was applied somewhere: look at once."""
        self._woken.set()

    async def watch(self, seconds: float = 5.0) -> None:
        """Keep up with the database until cancelled."""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            try:
                await self.refresh()
            except StoreUnavailable as problem:
                log.warning("tenants not refreshed", problem=str(problem))
            except Exception:  # whatever one tenant's config does, the others are served on
                log.exception("tenants not refreshed")

    async def close(self) -> None:
        """Let all tenants go."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        for tenant in self._tenants.values():
            await _close(tenant)
        self._tenants, self._by_id = {}, {}
        self._threads.close()

    async def _replace(self, stored: StoredTenant) -> None:
        try:
            new = await self._build(stored, stored.config)
        except BadConfig as problem:
            await self._keep_last_good(stored, problem)
        else:
            self._swap(new, stored)
            self._broken.pop(stored.slug, None)
            if stored.error or stored.last_good != stored.config:
                await store.mark_good(self._database, stored.id, stored.version)

    async def _keep_last_good(self, stored: StoredTenant, problem: BadConfig) -> None:
        if stored.slug not in self._tenants:  # before anything is waited for: it may be knocked at meanwhile
            self._shut[stored.slug] = shut(stored.slug, [stored.config, stored.last_good], self._secrets)
        if self._broken.get(stored.slug) != str(problem):
            self._broken[stored.slug] = str(problem)
            log.warning("bad config", tenant=stored.slug, problem=problem)
            if self._on_bad:
                self._on_bad(stored, problem)
            await store.mark_bad(self._database, stored.id, stored.version, str(problem))
        self._applied[stored.slug] = stored.version
        if stored.slug not in self._tenants and stored.last_good:
            try:
                self._swap(await self._build(stored, stored.last_good), stored)
            except BadConfig as worse:
                log.warning("last good config is bad, too: not served", tenant=stored.slug, problem=worse)

    async def _build(self, stored: StoredTenant, raw: object) -> Tenant:
        plan = draft(raw if isinstance(raw, dict) else {}, self._catalog, self._secrets)
        known = replace(
            plan, id=stored.id, version=stored.version, branch_ids=stored.branch_ids, branch_times=stored.branch_times,
            created_at=stored.created_at, older_chat=stored.older_chat, older_owner=stored.older_owner,
            bound_chats=stored.bound_chats, used_chats=stored.used_chats, overrides=stored.overrides,
        )  # fmt: skip
        tenant = await build(known, self._resources, clock=self._clock, threads=self._threads)
        if self._warming:
            await _warm_up(tenant)
        return tenant

    def _swap(self, new: Tenant, stored: StoredTenant) -> None:
        old = self._tenants.get(stored.slug)
        self._tenants[stored.slug] = self._by_id[new.id] = new
        self._shut.pop(stored.slug, None)
        self._applied[stored.slug] = stored.version
        self._told[stored.slug] = stored.overrides_version
        log.info("tenant is served", tenant=stored.slug, version=stored.version)
        self._served(new)
        if old:
            self._retire(old)

    def _retire(self, old: Tenant) -> None:
        """Turns that run on the old object may end first."""
        task = asyncio.create_task(self._close_later(old))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_later(self, old: Tenant) -> None:
        try:
            await asyncio.sleep(old.config.limits.turn + GRACE)
        finally:
            await _close(old)


def _nobody(_: Tenant) -> None:
    """Nobody wants to know."""


async def _warm_up(tenant: Tenant) -> None:
    for problem in await tenant.warm_up(WARM_SECONDS):
        log.warning("plugin did not warm up", tenant=tenant.slug, problem=problem)


async def _close(tenant: Tenant) -> None:
    for problem in await tenant.close():
        log.warning("plugin did not close", tenant=tenant.slug, problem=problem)
