"""What was learnt entry by entry, as a chunk: a question with its answer, like those of the files, but no file's to delete.
A human once gave it as an answer, or a plugin knows it by itself.

The "question" of a fact of the pack is what it is called, name and aliases, or several questions: so it is kept like a row
of a price list, which customers ask for by any of its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from truffles_gateway.plugin import OWN, Chunk, Entry
from truffles_rag_qdrant.facts import ASKED, LEARNED, PACK, asked_of, digest_of

ORIGIN = LEARNED
_BETWEEN = re.compile(r"\s*[,;]\s*")
_ENDED = re.compile(r"(?<=\?)|[|\n]")


def learned_chunk(entry: Entry, tenant: str, model: str) -> Chunk:
    """The chunk of an entry, without a vector yet. Ids and origin are ours to say, whatever `entry` tells."""
    source = PACK if entry.id.startswith(OWN) else ORIGIN
    metadata = {**entry.metadata, "origin": ORIGIN, "client_slug": tenant, "source": source,
                "handover_id": entry.metadata.get("handover_id", ""), "question": entry.question,
                "answer": entry.answer}  # fmt: skip
    if entry.wordings:
        metadata[ASKED] = "\n".join(entry.wordings)
    if source == PACK:
        names = _names(entry.question)
        return Chunk(id=entry.id, source=source, text=entry.answer, answer=entry.answer, tag=entry.tag, model=model,
                     metadata={**metadata, "name": names[0], "aliases": "|".join(names[1:])})  # fmt: skip
    return Chunk(id=entry.id, source=source, text=f"Вопрос: {entry.question}\nОтвет: {entry.answer}",
                 question=entry.question, answer=entry.answer, tag=entry.tag, model=model,
                 metadata=metadata)  # fmt: skip


def _names(question: str) -> list[str]:
    """What a fact is called: "Маникюр, маник" are two names, and "Больно ли, если нерв? Does it hurt?" two questions."""
    pieces = [piece.strip(" ,;") for piece in _ENDED.split(question)]
    names = [name for piece in pieces for name in ([piece] if "?" in piece else _BETWEEN.split(piece)) if name]
    return list(dict.fromkeys(names)) or [""]


def is_known(chunk: Chunk, old: Chunk | None) -> bool:
    """Is it there already, word for word, with a vector of the same model? Then nothing has to be written again."""
    return old is not None and bool(old.vector) and _said(old) == _said(chunk)


def is_learned(chunk: Chunk | None) -> bool:
    """Was it learnt? A file's chunk is the sync's to delete, nobody else's."""
    return chunk is not None and chunk.metadata.get("origin") == ORIGIN


def held(stored: Iterable[Chunk], elsewhere: Mapping[str, str] | None) -> dict[str, str]:
    """Id → digest of every learned answer in the tenant's chunks. `elsewhere` are the digests of those that a Qdrant server
    has, None where it is filled from the chunks in memory: what is not the same in both has the digest ""."""
    chunks = {each.id: each for each in stored if each.metadata.get("origin") == ORIGIN}
    ours = {id: _entry(each).digest for id, each in chunks.items()}
    if elsewhere is None:
        return ours
    same = {id for id, each in chunks.items() if elsewhere.get(id) == digest_of(each)}
    return {id: ours[id] if id in same else "" for id in (*ours, *elsewhere)}


def _entry(chunk: Chunk) -> Entry:
    """The entry that a chunk was made of."""
    question = chunk.question or chunk.metadata.get("question", "")
    return Entry(id=chunk.id, question=question, answer=chunk.answer, tag=chunk.tag, asked=asked_of(chunk))


def _said(chunk: Chunk) -> tuple[object, ...]:
    words = (chunk.text, chunk.question, chunk.answer, chunk.tag)
    return words, digest_of(chunk), chunk.model, dict(chunk.metadata)
