"""What one more entry would change: it is put into the index alone, and judged beside what the store finds."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.messages import Passage
from truffles_gateway.plugin import Chunk, Foreseen
from truffles_rag_qdrant.engine import Engine


async def preview(engine: Engine, chunk: Chunk, questions: Sequence[str], least: float) -> Foreseen:
    """`chunk` has its vector already. Each question is a call of its own on the worker's thread: customers come between."""
    near = [each for each in await engine.find(chunk.question, chunk.tag) if each.id != chunk.id]
    index = await engine.with_one_more(chunk)
    await engine.embed_questions(questions, index, chunk.tag)
    caught = [
        number
        for number, question in enumerate(questions)
        if _answers(chunk.id, await engine.find_in(index, question, chunk), least)
    ]
    return Foreseen(caught=tuple(caught), near=tuple(near))


def _answers(id: str, found: Sequence[Passage], least: float) -> bool:
    """Is the entry the best that there is for a part of the message, and every part sure enough?"""
    best: dict[str, Passage] = {}
    for passage in found:
        best.setdefault(passage.query, passage)
    sure = all(each.confidence >= least for each in best.values())
    return sure and any(each.id == id for each in best.values())
