"""A fact as a file gives it, before it becomes a chunk with a vector."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from truffles_gateway.plugin import Chunk

FORMAT = "3"
LEARNED = "learned"  # the origin of what was learnt entry by entry
ASKED = "asked"  # the other wordings in a chunk's metadata, one a line
PACK = "pack"  # the source of the facts of a tenant's pack, and the beginning of their ids
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
    chunk = Chunk(
        id=fact.id(tenant), source=fact.source, text=fact.text, title=fact.title, question=fact.question,
        answer=fact.answer, tag=fact.tag, model=model, metadata=fact.metadata(),
    )  # fmt: skip
    return replace(chunk, digest=_digest_of_fact(chunk))


def _digest_of_fact(chunk: Chunk) -> str:
    data = chunk.metadata
    parts = (FORMAT, chunk.model, chunk.text, chunk.title, data.get("name", ""), chunk.question, chunk.answer, chunk.tag,
             data.get("position", "0"), *_aliases(chunk))  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _aliases(chunk: Chunk) -> tuple[str, ...]:
    return tuple(alias for alias in chunk.metadata.get("aliases", "").split("|") if alias)


def embedded_of(chunk: Chunk) -> str:
    """What the vector of a stored chunk is made from, whoever wrote the chunk."""
    made = embedded(chunk.text, chunk.title, chunk.metadata.get("name", ""), chunk.question, _aliases(chunk))
    return f"{made}: {chunk.answer}" if chunk.source == PACK else made


def asked_of(chunk: Chunk) -> tuple[str, ...]:
    """In which other words a chunk is asked for, besides its names and questions."""
    return tuple(filter(None, chunk.metadata.get(ASKED, "").split("\n")))


def is_lesson(chunk: Chunk) -> bool:
    """Is it what people answered, and no fact of the pack or a file?"""
    return chunk.metadata.get("origin") == LEARNED and chunk.source != PACK


def digest_of(chunk: Chunk) -> str:
    """The digest of a stored chunk; one is made for those whose writer made none."""
    words = "\x1f".join((chunk.model, chunk.text, chunk.title, chunk.question, chunk.answer, chunk.tag))
    return chunk.digest or hashlib.sha256(words.encode()).hexdigest()


def with_vector(chunk: Chunk, vector: bytes, model: str) -> Chunk:
    """The chunk with a vector that `model` made, and the digest that goes with it: a sync finds nothing to embed."""
    made = replace(chunk, vector=vector, model=model, digest="")
    return replace(made, digest=_digest_of_fact(made) if chunk.metadata.get("origin") == "file" else digest_of(made))


def point_id(tenant: str, chunk_id: str) -> str:
    """The id of a chunk's point: tenants share a collection on a server."""
    return str(uuid.uuid5(_POINTS, f"{tenant}\x1f{chunk_id}"))
