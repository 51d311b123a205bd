"""A fact as a file gives it, before it becomes a chunk with a vector."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from truffles_gateway.plugin import Chunk

FORMAT = "3"
_NAMESPACE = uuid.UUID("6f1c52a4-3c0e-5f8e-9a44-1d2b7f0e8c11")
_POINTS = uuid.UUID("0a8f6cf2-7a0b-5b0f-9a55-2f0a6f6f7d10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing worth saying. `key` tells it apart within its source; `aliases` are other names of its subject;
    `position` is its place under its heading, `row` its line in a price list."""

    source: str
    key: str
    text: str
    title: str = ""
    name: str = ""
    question: str = ""
    answer: str = ""
    aliases: tuple[str, ...] = ()
    tag: str = ""
    position: int = 0
    row: int = 0

    def id(self, tenant: str) -> str:
        """The same fact has the same id, whoever syncs it."""
        return str(uuid.uuid5(_NAMESPACE, "\x1f".join((tenant, self.tag, self.source, self.key))))

    @property
    def embedded(self) -> str:
        """What its vector is made from: what a question about it would sound like."""
        return embedded(self.text, self.title, self.name, self.question, self.aliases)

    def metadata(self) -> Mapping[str, str]:
        """What the index needs besides the text. `origin` marks chunks that a sync may delete."""
        return {"origin": "file", "name": self.name, "aliases": "|".join(self.aliases),
                "position": str(self.position), "row": str(self.row)}  # fmt: skip


def embedded(text: str, title: str, name: str, question: str, aliases: tuple[str, ...]) -> str:
    """The words whose meaning stands for a chunk."""
    if question:
        return question
    if name:
        return ", ".join((name, *aliases))
    return f"{title}: {text}" if title else text


def chunk_of(fact: Fact, tenant: str, model: str) -> Chunk:
    """The chunk of a fact, without a vector yet; the digest covers all that is stored."""
    parts = (FORMAT, model, fact.text, fact.title, fact.name, fact.question, fact.answer, fact.tag,
             str(fact.position), *fact.aliases)  # fmt: skip
    return Chunk(
        id=fact.id(tenant), source=fact.source, text=fact.text, title=fact.title, question=fact.question,
        answer=fact.answer, tag=fact.tag, model=model, metadata=fact.metadata(),
        digest=hashlib.sha256("\x1f".join(parts).encode()).hexdigest(),
    )  # fmt: skip


def embedded_of(chunk: Chunk) -> str:
    """What the vector of a stored chunk is made from, whoever wrote the chunk."""
    aliases = tuple(alias for alias in chunk.metadata.get("aliases", "").split("|") if alias)
    return embedded(chunk.text, chunk.title, chunk.metadata.get("name", ""), chunk.question, aliases)


def digest_of(chunk: Chunk) -> str:
    """The digest of a stored chunk; one is made for those whose writer made none."""
    words = "\x1f".join((chunk.text, chunk.title, chunk.question, chunk.answer, chunk.tag))
    return chunk.digest or hashlib.sha256(words.encode()).hexdigest()


def point_id(tenant: str, chunk_id: str) -> str:
    """The id of a chunk's point: tenants share a collection on a server."""
    return str(uuid.uuid5(_POINTS, f"{tenant}\x1f{chunk_id}"))
