"""A message → what to search for, and what was found → passages with a calibrated confidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from truffles_gateway.messages import Passage
from truffles_rag_qdrant.confidence import Calibration
from truffles_rag_qdrant.index import Index
from truffles_rag_qdrant.parts import Part, split
from truffles_rag_qdrant.stores import Found
from truffles_rag_qdrant.words import looks_kazakh

GOOD = 0.5
_TIE = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of a message. Each may be read in several ways; every reading is searched for."""

    parts: tuple[Part, ...]

    @property
    def readings(self) -> list[Part]:
        """All that must be searched for, each once."""
        return [reading for part in self.parts for reading in (part, *part.pieces)]


def plan(text: str, index: Index) -> Plan:
    """Take a message apart."""
    return Plan(tuple(split(text, index.reader)))


def embeddable(part: Part, *, knows_kazakh: bool) -> str:
    """What of a question is embedded: spelling put right; Kazakh said in Russian where the model has no Kazakh."""
    if knows_kazakh:
        return part.text
    if any(term.kazakh for term in part.terms) or looks_kazakh(part.text):
        return " ".join(dict.fromkeys(term.surface for term in part.terms))
    return " ".join(word.text for word in part.words)


class Judge:
    """Turns what the searches found into passages."""

    def __init__(self, index: Index, calibration: Calibration, per_part: int) -> None:
        self._index, self._calibration, self._per_part = index, calibration, per_part

    def passages(self, plan: Plan, found: Mapping[int, Sequence[Found]]) -> list[Passage]:
        """The best passages of every question; `found` goes by the index of a reading in `plan.readings`."""
        numbers = iter(range(len(plan.readings)))
        return [one for part in plan.parts for one in self._best_reading(part, found, numbers)]

    def _best_reading(self, part: Part, found: Mapping[int, Sequence[Found]], numbers: Iterator[int]) -> list[Passage]:
        whole = self._ranked(part, found[next(numbers)])
        pieces = [self._ranked(piece, found[next(numbers)]) for piece in part.pieces]
        best, best_piece = _best(whole), max(map(_best, pieces), default=0.0)
        if pieces and best_piece >= GOOD and best < best_piece - _TIE:
            return [passage for piece in pieces for passage in piece]
        return whole

    def _ranked(self, part: Part, found: Sequence[Found]) -> list[Passage]:
        known = [one for one in found if one.chunk_id in self._index.entries]
        passages = [self._passage(part, one) for one in known]
        return sorted(passages, key=lambda passage: -passage.confidence)[: self._per_part]

    def _passage(self, part: Part, found: Found) -> Passage:
        chunk = self._index.entries[found.chunk_id].chunk
        confidence = self._calibration.confidence(self._index.features(part, found.chunk_id, found.cosine))
        return Passage(id=chunk.id, text=chunk.text, confidence=round(confidence, 4), query=part.text,
                       source=chunk.source, title=chunk.title, question=chunk.question, answer=chunk.answer,
                       score=found.score)  # fmt: skip


def _best(passages: Sequence[Passage]) -> float:
    return passages[0].confidence if passages else 0.0
