"""Plain doubles for a plugin's own unit tests: resources without a gateway, a turn to hand to a hook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from truffles_gateway.clock import Clock, SystemClock
from truffles_gateway.messages import Customer, State, Turn
from truffles_gateway.observability import logger
from truffles_gateway.plugin import Chunk, Plugin, Resources
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


class BlobsInMemory:
    """Bytes by content hash, without a database."""

    def __init__(self, blobs: dict[str, bytes] | None = None) -> None:
        self._blobs = blobs or {}

    async def get(self, blob: str) -> bytes | None:
        """The bytes, None if there are none."""
        return self._blobs.get(blob)


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
) -> Resources:
    """What the host would hand to `plugin`; the caller owns and closes `http`."""
    return Resources(
        tenant=tenant,
        timezone="Asia/Almaty",
        languages=languages,
        http=http,
        clock=clock or SystemClock(),
        log=logger(f"plugin.{plugin.name}"),
        texts=texts_of(plugin, languages),
        knowledge=knowledge or KnowledgeInMemory(),
        blobs=BlobsInMemory(blobs),
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
