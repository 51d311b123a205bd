"""What was learnt, from the table into the knowledge: after each decision by a job, and all of it when somebody asks.

The table says what is true. A writer that was down for longer than a job is tried again, or a store that lost its data,
leaves differences behind: `reconcile` finds and heals them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from truffles_gateway.clock import Clock
from truffles_gateway.errors import ConfigError, StateChanged
from truffles_gateway.own_facts import is_own
from truffles_gateway.plugin import Entry, KnowledgeWriter
from truffles_gateway.store import jobs, learned
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

FOLLOWED = 5
"""How often it is looked again whether the knowledge holds what was decided meanwhile."""
ABSENT, PRESENT, DIFFERS = "absent", "present", "differs"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the plugin `writer` says something else than the table: an approved answer that it lacks ("absent"), one that
    is not approved ("present"), or other words ("differs")."""

    writer: str
    kind: str
    entry_id: str
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was compared, what differed, and what still does."""

    approved: int
    writers: tuple[str, ...]
    found: tuple[Difference, ...]
    left: tuple[Difference, ...]


def entry_of(found: learned.Source, tenant: Tenant) -> Entry:
    """A learned answer as the knowledge keeps it, for the branch that it was learned at."""
    branch = tenant.branch_with_id(found.branch_id)
    return learned.entry(found, tenant.slug, branch.knowledge_tag if branch else "")


async def follow(database: Database, tenant: Tenant, learned_id: str, clock: Clock) -> None:
    """Make the knowledge follow what was decided about a learned answer; repeated, it changes nothing.

    Nothing orders those who do this: while one waits for the embedder, a later one may have taken out what this one puts
    in. So whoever wrote looks again, and whoever wrote last has seen the last decision. Raises `StateChanged` where that
    has no end.
    """
    found = await learned.source(database, tenant.id, learned_id)
    for _ in range(FOLLOWED):
        if found is not None:
            await _carry(found, tenant)
        written, found = found, await learned.source(database, tenant.id, learned_id)
        if found == written:
            if found is not None:
                await learned.note_point(database, tenant.id, learned_id, clock.now())
            return
    raise StateChanged("what was learned kept changing")


async def _carry(found: learned.Source, tenant: Tenant) -> None:
    entry = entry_of(found, tenant)
    for name, writer in tenant.knowledge_writers().items():
        work = writer.learn(entry) if found.answer.status == "approved" else writer.forget(entry.id)
        await _reached(name, tenant, work)


async def reconcile(database: Database, tenant: Tenant, clock: Clock, *, heal: bool) -> Reconciled:
    """Find every difference between the table and what the retrievers hold and, with `heal`, put it right. Raises
    `ConfigError` with the cure where a retriever cannot be reached."""
    found, approved = await _differences(database, tenant)
    for each in found if heal else ():
        await _heal(database, tenant, each, clock)
    left = (await _differences(database, tenant))[0] if heal and found else found
    if heal and not left:
        await jobs.made_up_for(database, tenant.id, "learned", clock.now())
    return Reconciled(
        approved=approved, writers=tuple(tenant.knowledge_writers()), found=tuple(found), left=tuple(left)
    )


async def _differences(database: Database, tenant: Tenant) -> tuple[list[Difference], int]:
    """All differences, and how many answers are approved."""
    held = {name: await _held(name, tenant, each) for name, each in tenant.knowledge_writers().items()}
    entries = [entry_of(each, tenant) for each in await learned.sources(database, tenant.id)]
    wanted = {entry.id: entry for entry in entries}
    return [each for name in held for each in _compared(name, wanted, held[name])], len(entries)


async def _held(name: str, tenant: Tenant, writer: KnowledgeWriter) -> Mapping[str, str]:
    """The learned answers that a writer holds: what plugins know by themselves is no lesson, and kept elsewhere."""
    held = await _reached(name, tenant, writer.held())
    return {id: digest for id, digest in held.items() if not is_own(id)}


def _compared(writer: str, wanted: Mapping[str, Entry], held: Mapping[str, str]) -> Sequence[Difference]:
    lacking = [
        Difference(writer=writer, kind=DIFFERS if id in held else ABSENT, entry_id=id, question=entry.question)
        for id, entry in wanted.items()
        if held.get(id) != entry.digest
    ]
    extra = [Difference(writer=writer, kind=PRESENT, entry_id=id) for id in held if id not in wanted]
    return [*lacking, *extra]


async def _heal(database: Database, tenant: Tenant, what: Difference, clock: Clock) -> None:
    """As the table has it by now; what no row knows is forgotten."""
    id = what.entry_id.removeprefix(learned.PREFIX)
    if await learned.source(database, tenant.id, id) is not None:
        await follow(database, tenant, id, clock)
    else:
        await _reached(what.writer, tenant, tenant.knowledge_writers()[what.writer].forget(what.entry_id))


async def _reached(name: str, tenant: Tenant, work: Awaitable[Value]) -> Value:
    """The result of a plugin's work; whatever it raises is told with the plugin's name and a cure."""
    try:
        return await work
    except Exception as problem:
        said = str(problem) or type(problem).__name__
        cure = f"See to it that it runs (`truffles doctor` looks), then: truffles knowledge reconcile {tenant.slug}"
        raise ConfigError(
            f"is down or fails: {said}", tenant=tenant.slug, where=f"plugins.{name}", cure=cure
        ) from problem
