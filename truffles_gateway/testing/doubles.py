"""Plain doubles for a plugin's own unit tests: resources without a gateway, a turn to hand to a hook."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from truffles_gateway.clock import Clock, SystemClock
from truffles_gateway.errors import StateChanged, StorageFull
from truffles_gateway.messages import Customer, ManagerReply, OutgoingKind, State, Turn
from truffles_gateway.observability import logger
from truffles_gateway.plugin import (
    Chunk,
    Entry,
    LearnedAnswer,
    Plugin,
    Preview,
    Progress,
    Prompter,
    Resources,
    SyncReport,
    Talk,
)
from truffles_gateway.prompts import Prompts, TenantPrompts
from truffles_gateway.texts import Catalogue


class KnowledgeInMemory:
    """A tenant's chunks without a database."""

    def __init__(self, chunks: Sequence[Chunk] = ()) -> None:
        self._chunks = {chunk.id: chunk for chunk in chunks}
        self._version = 0

    async def version(self) -> int:
        """Grows with every change."""
        return self._version

    async def chunks(self) -> list[Chunk]:
        """All chunks, ordered by id."""
        return [self._chunks[id] for id in sorted(self._chunks)]

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        """Put and delete; returns the new version."""
        for id in delete:
            self._chunks.pop(id, None)
        self._chunks |= {chunk.id: chunk for chunk in put}
        self._version += 1
        return self._version

    async def revise(self, pairs: Sequence[tuple[Chunk, Chunk]]) -> int:
        """New vectors for what is as it was."""
        fresh = [new for old, new in pairs if self._chunks.get(old.id) == old]
        await self.apply(put=fresh)
        return len(fresh)


class WriterInMemory:
    """The knowledge writer of a retriever without files. `known` holds what was learnt, by id; `writes` counts what changed
    it; while `down` says why, nothing can be reached."""

    def __init__(self) -> None:
        self.known: dict[str, Entry] = {}
        self.writes: list[str] = []
        self.down = ""

    async def sync(self, folder: Path, progress: Progress, *, shrink: bool = False) -> SyncReport:
        """It has no files."""
        return SyncReport()

    async def learn(self, entry: Entry) -> None:
        """Put it in, or in the place of what it said before."""
        self._reach()
        if entry.id not in self.known or self.known[entry.id].digest != entry.digest:
            self.writes.append(f"learn {entry.id}")
        self.known[entry.id] = entry

    async def forget(self, id: str) -> None:
        """Take it out."""
        self._reach()
        if self.known.pop(id, None):
            self.writes.append(f"forget {id}")

    async def held(self) -> Mapping[str, str]:
        """What is in it."""
        self._reach()
        return {id: entry.digest for id, entry in self.known.items()}

    async def check(self) -> str:
        """Why it cannot be reached."""
        return self.down

    def _reach(self) -> None:
        if self.down:
            raise ConnectionError(self.down)


class BlobsInMemory:
    """Bytes by content hash, without a database, `quota` bytes of them at most."""

    def __init__(self, blobs: dict[str, bytes] | None = None, *, quota: int = 2**40) -> None:
        self._blobs = blobs if blobs is not None else {}
        self._quota = quota

    async def get(self, blob: str) -> bytes | None:
        """The bytes, None if there are none."""
        return self._blobs.get(blob)

    async def put(self, data: bytes, mime: str) -> str:
        """Keep bytes; returns their SHA-256. Raises `StorageFull`."""
        name, used = hashlib.sha256(data).hexdigest(), sum(map(len, self._blobs.values()))
        if name not in self._blobs and used + len(data) > self._quota:
            raise StorageFull(tenant="test", used=used, quota=self._quota)
        self._blobs[name] = data
        return name


class LinksInMemory:
    """Links that nobody serves: `https://gateway.example/media/<blob>`. `made` has what each was asked for, in order."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, float]] = []

    async def to(self, blob: str, *, mime: str = "", name: str = "", seconds: float = 3600.0) -> str:
        """The link."""
        self.made.append((blob, mime, name, seconds))
        return f"https://gateway.example/media/{blob}"


class DeskInMemory:
    """Talks, threads and sent rows without a database; `talks`, `rows` and `texts` are the test's to fill."""

    def __init__(self, talks: Sequence[Talk] = ()) -> None:
        self.talks = {talk.conversation_id: talk for talk in talks}
        self.threads: dict[tuple[str, str], str] = {}
        self.rows: dict[tuple[str, OutgoingKind], str] = {}
        self.texts: dict[tuple[str, OutgoingKind], str] = {}

    async def talk(self, conversation_id: str) -> Talk | None:
        """The conversation."""
        return self.talks.get(conversation_id)

    async def thread(self, conversation_id: str, chat: str) -> str:
        """The customer's thread."""
        return self.threads.get((conversation_id, chat), "")

    async def keep_thread(self, conversation_id: str, chat: str, thread: str) -> str:
        """The thread that counts."""
        return self.threads.setdefault((conversation_id, chat), thread)

    async def drop_thread(self, conversation_id: str, chat: str, thread: str) -> None:
        """Forget a thread."""
        if self.threads.get((conversation_id, chat)) == thread:
            del self.threads[conversation_id, chat]

    async def sent(self, handover_id: str, kind: OutgoingKind) -> str:
        """The provider's id of a sent row."""
        return self.rows.get((handover_id, kind), "")

    async def words(self, handover_id: str, kind: OutgoingKind) -> str:
        """The text of a sent row."""
        return self.texts.get((handover_id, kind), "")

    async def moved(self, handover_id: str, kind: OutgoingKind, provider_id: str) -> None:
        """Another message shows a row."""
        if (handover_id, kind) in self.rows:
            self.rows[handover_id, kind] = provider_id


class AlarmsInMemory:
    """What the owner would be told, by key."""

    def __init__(self) -> None:
        self.raised: dict[str, str] = {}

    async def raise_(self, key: str, text: str) -> None:
        """Tell it, once for each key."""
        self.raised.setdefault(key, text)


class CountersInMemory:
    """Counts of one process, on a clock that a test may move."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._counted: dict[str, list[tuple[datetime, int]]] = {}
        self._totals: dict[str, int] = {}

    async def spend(self, name: str, amount: int, *, limit: int, seconds: float) -> bool:
        """Count `amount` if it fits."""
        if await self.spent(name, seconds) + amount > limit:
            return False
        self._counted.setdefault(name, []).append((self._clock.now(), amount))
        return True

    async def spent(self, name: str, seconds: float) -> int:
        """What was counted lately."""
        since = self._clock.now() - timedelta(seconds=seconds)
        return sum(amount for at, amount in self._counted.get(name, ()) if at > since)

    async def add(self, name: str, amount: int, *, limit: int) -> bool:
        """Add `amount` if it fits."""
        if await self.total(name) + amount > limit:
            return False
        self._totals[name] = self._totals.get(name, 0) + amount
        return True

    async def total(self, name: str) -> int:
        """What was added so far."""
        return self._totals.get(name, 0)

    async def wait(self, name: str, *, count: int, seconds: float, wanted: int = 1) -> float:
        """0 when `wanted` fit into the window, else the seconds of a token."""
        return 0.0 if await self.spend(f"wait {name}", wanted, limit=count, seconds=seconds) else seconds / count


class LearnedInMemory:
    """Learned answers without a database; `notes` says for each handover why a person was asked, `previews` what they were
    told that it would change: `foreseen`, which is the test's to set."""

    def __init__(self) -> None:
        self.answers: dict[str, LearnedAnswer] = {}
        self.notes: dict[str, str] = {}
        self.previews: dict[str, Preview | None] = {}
        self.foreseen: Preview | None = None

    async def of(self, handover_id: str) -> LearnedAnswer | None:
        """What was learned from a handover."""
        return self.answers.get(handover_id)

    async def approved(self) -> list[LearnedAnswer]:
        """What the bot may say."""
        return [answer for answer in self.answers.values() if answer.status == "approved"]

    async def preview(self, handover_id: str, question: str, answer: str) -> Preview | None:
        """As the test has set it."""
        return self.foreseen

    async def keep(
        self, reply: ManagerReply, *, question: str, answer: str, approve: bool, old: LearnedAnswer | None,
        note: str = "", replaces: str = "", preview: Preview | None = None,
    ) -> LearnedAnswer:  # fmt: skip
        """One answer a handover."""
        there = self.answers.get(reply.handover_id)
        if there and there.status == "rejected":
            return there
        if there != old:
            raise StateChanged("what was learned changed meanwhile")
        status = "approved" if approve else "pending"
        kept = LearnedAnswer(
            id=old.id if old else f"learned-{len(self.answers) + 1}",
            handover_id=reply.handover_id, question=question, answer=answer, status=status,
            replaces=replaces, revision=old.revision + 1 if old else 0,
        )  # fmt: skip
        self.answers[reply.handover_id], self.notes[reply.handover_id] = kept, note
        self.previews[reply.handover_id] = preview
        return kept


def prompter_of(plugin: Plugin, own: Mapping[str, str] | None = None) -> Prompter:
    """The plugin's templates, with a tenant's `own` in front."""
    return TenantPrompts(Prompts(own or {}), plugin.templates)


def texts_of(plugin: Plugin, languages: Sequence[str] = ("ru", "kk", "en")) -> Catalogue:
    """The host's catalogue with the plugin's texts."""
    return Catalogue(languages, plugins=[plugin.catalogue])


def make_resources(
    plugin: Plugin,
    http: httpx.AsyncClient,
    *,
    tenant: str = "test",
    clock: Clock | None = None,
    languages: tuple[str, ...] = ("ru", "kk", "en"),
    knowledge: KnowledgeInMemory | None = None,
    blobs: dict[str, bytes] | None = None,
    quota: int = 2**40,
    desk: DeskInMemory | None = None,
    counters: CountersInMemory | None = None,
    learned: LearnedInMemory | None = None,
    prompts: Mapping[str, str] | None = None,
    **more: Any,
) -> Resources:
    """What the host would hand to `plugin`; the caller owns and closes `http`. `quota` bounds the bytes of all blobs."""
    return Resources(
        tenant=tenant,
        timezone="Asia/Almaty",
        languages=languages,
        http=http,
        clock=clock or SystemClock(),
        log=logger(f"plugin.{plugin.name}"),
        texts=texts_of(plugin, languages),
        knowledge=knowledge or KnowledgeInMemory(),
        blobs=BlobsInMemory(blobs, quota=quota),
        desk=desk or DeskInMemory(),
        counters=counters or CountersInMemory(clock),
        learned=learned or LearnedInMemory(),
        prompts=prompter_of(plugin, prompts),
        **more,
    )


def make_turn(**changes: Any) -> Turn:
    """A customer's turn with sensible values; `changes` replace some."""
    turn = Turn(
        tenant="test",
        id="00000000-0000-4000-8000-000000000001",
        correlation_id="test",
        channel="test",
        lane="test:1",
        conversation_id="00000000-0000-4000-8000-000000000002",
        state=State.BOT_ACTIVE,
        customer=Customer(id="00000000-0000-4000-8000-000000000003", address="1"),
        now=datetime.now(UTC),
        timezone="Asia/Almaty",
    )
    return replace(turn, **changes)
