"""What a store is asked, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truffles_rag_qdrant.embed import Vectors


@dataclass(frozen=True, slots=True)
class Question:
    """One search: a dense vector, a sparse one, and the branch whose chunks may be found beside those for all."""

    vector: Vectors
    sparse: Mapping[int, float]
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A point that a search brought up, and its place in the fusion."""

    point: str
    score: float
