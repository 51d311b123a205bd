"""What plugins know by themselves (`KnowledgeSource`), on its way into the tenant's retrievers.

The applied config says what is true. Whenever a tenant was built anew, be it at the start, somebody looks whether the
retrievers hold exactly that; where they do not, one durable job for the whole house puts it right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truffles_gateway.clock import Clock
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import logger
from truffles_gateway.plugin import OWN, Entry, KnowledgeSource, KnowledgeWriter, ManyWriter
from truffles_gateway.records import Job
from truffles_gateway.store import jobs
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

KIND = "own_facts"
PAUSE, AGAIN, LOOK = 1.0, 30.0, 30.0
"""Seconds until somebody with the newest config may take the job, until what could not be reached is tried again, and that a
look at one tenant may take."""
log = logger("own facts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a writer lacks, or says in other words, and what it has too much."""

    learn: Sequence[Entry]
    forget: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.learn or self.forget)


def is_own(id: str) -> bool:
    """Is it an entry of a plugin's own facts, and no learned answer?"""
    return id.startswith(OWN)


def wanted(tenant: Tenant) -> dict[str, Entry]:
    """All entries that the tenant's plugins have by themselves. Raises `ConfigError` where one breaks the contract."""
    found: dict[str, Entry] = {}
    for name, each in tenant.objects.items():
        for entry in each.entries() if isinstance(each, KnowledgeSource) else ():
            if not is_own(entry.id) or entry.id in found:
                problem = f'its entry "{entry.id}" does not begin with {OWN} or is there twice'
                raise ConfigError(problem, tenant=tenant.slug, where=f"plugins.{name}")
            found[entry.id] = entry
    return found


async def difference(writer: KnowledgeWriter, entries: Mapping[str, Entry]) -> Difference:
    """Between what a writer holds of plugins' own facts and what it should."""
    held = {id: digest for id, digest in (await writer.held()).items() if is_own(id)}
    return Difference(
        learn=[entry for id, entry in entries.items() if held.get(id) != entry.digest],
        forget=[id for id in held if id not in entries],
    )


async def differs(tenant: Tenant) -> bool:
    """Has any of its retrievers something else than it should?"""
    writers = tenant.knowledge_writers()
    entries = wanted(tenant) if writers else {}
    return any([await difference(writer, entries) for writer in writers.values()])


async def follow(tenant: Tenant) -> None:
    """Make every retriever hold exactly what it should; repeated, it changes nothing."""
    entries = wanted(tenant)
    for writer in tenant.knowledge_writers().values():
        await _carry(writer, await difference(writer, entries))


async def _carry(writer: KnowledgeWriter, what: Difference) -> None:
    if what and isinstance(writer, ManyWriter):
        await writer.write(what.learn, what.forget)
        return
    for entry in what.learn:
        await writer.learn(entry)
    for id in what.forget:
        await writer.forget(id)


async def run(database: Database, job: Job, tenant: Tenant, clock: Clock) -> None:
    """The job. It waits where this process has an older config than whoever asked for it; and who finds that it was asked
    for again meanwhile, asks once more: nothing orders those who write, so the last one has to look again."""
    if tenant.version < job.payload["version"]:
        await jobs.put_off(database, job, PAUSE)
        return
    await follow(tenant)
    if not await jobs.finish(database, job, clock.now()):
        await jobs.ask(database, tenant.id, KIND, job.payload["version"], clock.now())


class Keeper:
    """Sees to it that the job is asked for where it is needed. `served` never waits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._served: asyncio.Queue[Tenant] = asyncio.Queue()
        self._newest: dict[str, Tenant] = {}

    def served(self, tenant: Tenant) -> None:
        """A tenant was built, from a config that is good."""
        self._newest[tenant.slug] = tenant
        self._served.put_nowait(tenant)

    async def run(self) -> None:
        """Look at one after the other, until cancelled."""
        while True:
            tenant = await self._served.get()
            if self._newest[tenant.slug] is tenant:
                await self._look(tenant)

    async def _look(self, tenant: Tenant) -> None:
        """What cannot be reached, or compared, is looked at again later: nothing is known to be wrong with it."""
        try:
            async with asyncio.timeout(LOOK):  # one retriever that hangs holds up nobody else's facts
                asked = await differs(tenant)
            if asked:
                await jobs.ask(self._database, tenant.id, KIND, tenant.version, self._clock.now())
        except Exception as problem:  # noqa: BLE001 - the database's, or a plugin's own code
            log.warning("not compared", tenant=tenant.slug, problem=repr(problem))
            asyncio.get_running_loop().call_later(AGAIN, self._served.put_nowait, tenant)
