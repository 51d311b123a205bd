"""How near the meaning of a question is to that of a fact which answers it.

A fact and a question about it are different kinds of sentence, and the shipped model was made to compare like with like. Two linear
maps, one for what is asked and one for what is told, bring both nearer: they were learnt from questions about many businesses and
their answers (`scripts/learn_meaning.py`) and stay close to doing nothing. Vectors of other models are compared as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from truffles_rag_qdrant.embed import LocalEmbedder, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """Square maps of vectors in rows: `asked` for questions, `told` for facts."""

    asked: Vectors
    told: Vectors

    def of_questions(self, vectors: Vectors) -> Vectors:
        """Unit vectors, to be compared with those of facts."""
        return unit(vectors @ self.asked)

    def of_facts(self, vectors: Vectors) -> Vectors:
        """Unit vectors, to be compared with those of questions."""
        return unit(vectors @ self.told)


class Meanings:
    """What the facts of one knowledge mean; what has no vector means nothing. `models` are those that made the vectors, in their order."""

    def __init__(self, ids: Iterable[str], vectors: Iterable[Vectors], models: Iterable[str]) -> None:
        made = [each for each in zip(ids, vectors, models, strict=True) if each[1].any()]
        size = len(made[0][1]) if made else 0
        made = [each for each in made if len(each[1]) == size]
        self._ids = [id for id, _, _ in made]
        self._lens = lens() if {model for _, _, model in made} == {LocalEmbedder.model} else None
        rows = np.stack([vector for _, vector, _ in made]) if made else np.zeros((0, 0), np.float32)
        self._rows = self._lens.of_facts(rows) if self._lens else rows

    def of(self, vector: Vectors) -> Mapping[str, float]:
        """How near each fact is to a question, 1 for the very meaning; none for a question without a vector."""
        if not self._ids or vector.shape[0] != self._rows.shape[1] or not vector.any():
            return {}
        asked = self._lens.of_questions(vector[None])[0] if self._lens else vector
        return dict(zip(self._ids, (self._rows @ asked).tolist(), strict=True))


@cache
def lens() -> Lens:
    """The maps that ship for the local model."""
    with (resources.files("truffles_rag_qdrant") / "data" / "meaning.npz").open("rb") as file, np.load(file) as maps:
        return Lens(maps["asked"].astype(np.float32), maps["told"].astype(np.float32))


def unit(rows: Vectors) -> Vectors:
    """Rows of length 1; those of nothing but zeros stay so."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
