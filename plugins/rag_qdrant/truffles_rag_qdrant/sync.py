"""A folder of knowledge → the tenant's chunks in PostgreSQL: what changed is embedded, what is gone is deleted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Chunk, Knowledge, Progress, SyncReport
from truffles_rag_qdrant.facts import chunk_of
from truffles_rag_qdrant.files import SUFFIXES, Reading, files_in, passed_over, read_file
from truffles_rag_qdrant.rows import Embed, made

BATCH, SHOWN = 16, 5
SMALL = 4  # facts: less than this are soon loaded again
LEAST_ALIKE = 10
"""One of so many facts must be as it was, or the folder is another business's."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a sync will do. `moved` ones say what they said, elsewhere in their file: nothing to embed."""

    added: list[Chunk]
    changed: list[Chunk]
    moved: list[Chunk]
    unchanged: int
    deleted: list[str]


async def read_folder(folder: Path, tenant: str, progress: Progress) -> Reading:
    """The facts of a folder. A folder without files is an operator's slip, not an empty knowledge."""
    is_folder = await asyncio.to_thread(folder.is_dir)
    paths = await asyncio.to_thread(files_in, folder) if is_folder else []
    if not paths:
        other = await asyncio.to_thread(passed_over, folder) if is_folder else []
        names = f" ({', '.join(each.partition(': ')[0] for each in other[:SHOWN])})" if other else ""
        problem = f"holds no knowledge files{names}" if is_folder else "is not a folder"
        raise ConfigError(f"{folder} {problem}", tenant=tenant, where="knowledge",
                          cure=f"Name a folder with files ending in {', '.join(SUFFIXES)}")  # fmt: skip
    reading = Reading()
    for number, path in enumerate(paths):
        progress(number, len(paths), f"reading {path.name}")
        await asyncio.to_thread(read_file, path, folder, reading)
    progress(len(paths), len(paths), "files read")
    return reading


def compare(reading: Reading, stored: Iterable[Chunk], tenant: str, model: str) -> Changes:
    """What the folder has and the store has not, and the other way round."""
    old = {chunk.id: chunk for chunk in stored}
    new = {chunk.id: chunk for chunk in (chunk_of(fact, tenant, model) for fact in reading.facts)}
    differs = [chunk for chunk in new.values() if chunk.id in old and not _same(chunk, old[chunk.id])]
    elsewhere = [replace(chunk, model=model) for chunk in old.values() if _is_foreign(chunk, model)]
    gone = [chunk.id for chunk in old.values() if _is_gone(chunk, new, reading.unread)]
    added = [chunk for chunk in new.values() if chunk.id not in old]
    same = [(old[key], chunk) for key, chunk in new.items() if key in old and _same(chunk, old[key])]
    moved = [replace(was, metadata=now.metadata) for was, now in same if was.metadata != now.metadata]
    return Changes(added, differs + elsewhere, moved, len(same), gone)


def _same(new: Chunk, old: Chunk) -> bool:
    return (new.digest, new.model, new.source) == (old.digest, old.model, old.source) and bool(old.vector)


def _is_foreign(chunk: Chunk, model: str) -> bool:
    """Learned from a human, say, and without a vector of ours yet."""
    return not _is_of_a_file(chunk) and (chunk.model != model or not chunk.vector)


def _is_gone(chunk: Chunk, new: Mapping[str, Chunk], unread: set[str]) -> bool:
    return _is_of_a_file(chunk) and chunk.id not in new and chunk.source not in unread


def _is_of_a_file(chunk: Chunk) -> bool:
    return chunk.metadata.get("origin") == "file"


def _not_the_wrong_folder(changes: Changes, stored: Sequence[Chunk], tenant: str, *, shrink: bool) -> None:
    """A bot that forgot most of what it knew sends every customer to a human: a slip of one path must not do that. What
    was put into other words is not forgotten, unless hardly anything is as it was: then it is another business's."""
    deleted = set(changes.deleted)
    gone = [chunk for chunk in stored if chunk.id in deleted]
    alike = changes.unchanged * LEAST_ALIKE >= len(stored)
    lost = len(gone) - _reworded(gone, changes.added) if alike else len(gone)
    if not shrink and len(stored) >= SMALL and lost > len(stored) / 2:
        raise ConfigError(f"{len(gone)} of {len(stored)} facts would be deleted", tenant=tenant, where="knowledge",
                          cure="If that is meant, add --shrink; else name the right folder")  # fmt: skip


def _reworded(gone: Sequence[Chunk], added: Sequence[Chunk]) -> int:
    """How many facts have a new one under the same heading of the same file."""
    before, after = (Counter((each.tag, each.source, each.title) for each in part) for part in (gone, added))
    return (before & after).total()


def _nobody(_done: int, _total: int, _what: str) -> None:
    """Nobody looks on."""


async def with_vectors(chunks: Sequence[Chunk], model: str, embed: Embed, progress: Progress = _nobody) -> list[Chunk]:
    """The chunks, embedded in small batches, so that customers are answered in between."""
    result: list[Chunk] = []
    for at in range(0, len(chunks), BATCH):
        progress(at, len(chunks), "embedding")
        batch = chunks[at : at + BATCH]
        vectors = await made(batch, embed)
        result += [replace(one, vector=row, model=model) for one, row in zip(batch, vectors, strict=True)]
    progress(len(chunks), len(chunks), "embedded")
    return result


async def sync(
    folder: Path,
    *,
    tenant: str,
    knowledge: Knowledge,
    model: str,
    embed: Embed,
    progress: Progress,
    shrink: bool = False,
) -> SyncReport:
    """Carry a folder over into the tenant's knowledge. Raises `ConfigError` when most of it would go and nobody said so."""
    reading = await read_folder(folder, tenant, progress)
    stored = await knowledge.chunks()
    changes = compare(reading, stored, tenant, model)
    _not_the_wrong_folder(changes, [chunk for chunk in stored if _is_of_a_file(chunk)], tenant, shrink=shrink)
    put = await with_vectors([*changes.added, *changes.changed], model, embed, progress)
    if put or changes.moved or changes.deleted:
        await knowledge.apply(put=[*put, *changes.moved], delete=changes.deleted)
    return SyncReport(added=len(changes.added), changed=len(changes.changed), unchanged=changes.unchanged,
                      deleted=len(changes.deleted), problems=tuple(reading.problems),
                      skipped=tuple(await asyncio.to_thread(passed_over, folder)))  # fmt: skip
