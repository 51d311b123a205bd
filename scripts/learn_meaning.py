"""Learn the two maps that bring the meaning of a question near to that of its answer (`truffles_rag_qdrant.meant`), from the questions
that `calibrate.py` knows and from the wordings of facts.

    python scripts/learn_meaning.py

Contrastive learning: of all facts of its business a question shall be nearest to those that answer it. The maps begin with doing nothing
and are taught little and slowly, since what is learnt of a dozen businesses must hold for the next one. It prints how often the right fact
is the nearest, and among the five nearest, for businesses that the maps were not taught by, and writes `meaning.npz`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import calibrate
import click
import numpy as np
from truffles_policy.pack.wordings import GENERAL
from truffles_rag_qdrant.calibrate import DATA
from truffles_rag_qdrant.embed import LocalEmbedder, Vectors
from truffles_rag_qdrant.index import Index
from truffles_rag_qdrant.judge import embeddable
from truffles_rag_qdrant.meant import Lens, unit
from truffles_rag_qdrant.parts import one
from truffles_rag_qdrant.recall import engine_of
from truffles_rag_qdrant.rows import rows_of

MAPS = DATA.with_name("meaning.npz")
EPOCHS, BATCH, RATE, SHARPNESS = 8, 256, 1e-4, 0.07
ASKED, WORDED, FEWER = 3.0, 0.5, 4
"""What a question counts and what a wording does; of the wordings of the others' things, which are made of their names, one of so many is
taken."""
DECAY = 1e-4


@dataclass(frozen=True, eq=False)
class Taught:
    """A business: the vectors of its facts, of what is asked, which facts answer each, what each counts, and how many of the first rows
    are questions."""

    name: str
    facts: Vectors
    asked: Vectors
    right: Vectors
    weight: Vectors
    questions: int


async def taught(business: calibrate.Business, embedder: LocalEmbedder) -> Taught:
    """What one business teaches."""
    engine = await engine_of(business.name, business.entries(), embedder)
    chunks = engine.chunks()
    reader = Index(business.name, chunks).reader
    ids = [calibrate.fact(chunk) for chunk in chunks]
    rows = [rows_of(chunk, embedder.size) for chunk in chunks]
    asked, right, weight = [], [], []
    for said, answered in business.asked:
        parts = one(said, reader)
        answers = np.array([id in answered for id in ids], np.float32)
        if parts and answers.any():
            asked.append(embedder.embed_now([embeddable(parts[0], knows_kazakh=False)])[0])
            right.append(answers)
            weight.append(ASKED)
    questions = len(asked)
    for id, (_, *wordings) in zip(ids, rows, strict=True):
        for row in _kept(business, id, wordings):
            asked.append(row)
            right.append(np.array([each == id for each in ids], np.float32))
            weight.append(WORDED)
    facts = unit(np.stack([each[0] for each in rows]))
    return Taught(business.name, facts, unit(np.stack(asked)), np.stack(right), np.array(weight, np.float32), questions)


def _kept(business: calibrate.Business, id: str, wordings: Sequence[Vectors]) -> Sequence[Vectors]:
    """General wordings are taught by the examples alone: once is enough."""
    if business.is_example:
        return wordings
    return () if id.partition(".")[0] in GENERAL else wordings[::FEWER]


def learnt(businesses: Sequence[Taught], *, seed: int = 1) -> Lens:
    """The maps that these teach."""
    size = businesses[0].facts.shape[1]
    maps = [np.eye(size, dtype=np.float32), np.eye(size, dtype=np.float32)]
    adam = Adam(maps)
    chance = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        for each in businesses:
            order = chance.permutation(len(each.asked))
            for at in range(0, len(order), BATCH):
                adam.step(slopes(maps, each, order[at : at + BATCH]))
    return Lens(*maps)


def slopes(maps: Sequence[Vectors], business: Taught, rows: np.ndarray) -> list[Vectors]:
    """The gradients of the loss of these rows: of cross entropy over the facts of the business."""
    asked, facts = business.asked[rows] @ maps[0], business.facts @ maps[1]
    near, told = unit(asked), unit(facts)
    scores = near @ told.T / SHARPNESS
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    wanted = business.right[rows] / business.right[rows].sum(axis=1, keepdims=True)
    error = (shares - wanted) * (business.weight[rows] / len(rows))[:, None] / SHARPNESS
    return [business.asked[rows].T @ _through_length(error @ told, asked, near),
            business.facts.T @ _through_length(error.T @ near, facts, told)]  # fmt: skip


def _through_length(slope: Vectors, rows: Vectors, unit: Vectors) -> Vectors:
    """The gradient before rows were made unit vectors."""
    along = (slope * unit).sum(axis=1, keepdims=True)
    return np.asarray((slope - along * unit) / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Adam:
    """Adam with decay towards nothing but what is taught; changes the maps in place."""

    def __init__(self, maps: Sequence[Vectors]) -> None:
        self._maps, self._count = maps, 0
        self._mean, self._spread = [np.zeros_like(each) for each in maps], [np.zeros_like(each) for each in maps]

    def step(self, slopes: Sequence[Vectors]) -> None:
        """One step down."""
        self._count += 1
        for at, slope in enumerate(slopes):
            self._mean[at] = 0.9 * self._mean[at] + 0.1 * slope
            self._spread[at] = 0.999 * self._spread[at] + 0.001 * slope**2
            mean, spread = self._mean[at] / (1 - 0.9**self._count), self._spread[at] / (1 - 0.999**self._count)
            self._maps[at] *= 1 - RATE * DECAY
            self._maps[at] -= RATE * mean / (np.sqrt(spread) + 1e-8)


def nearest(business: Taught, lens: Lens | None = None) -> tuple[float, float]:
    """For how many of its questions a right fact is the nearest, and among the nearest five."""
    asked, facts = business.asked[: business.questions], business.facts
    if lens:
        asked, facts = lens.of_questions(asked), lens.of_facts(facts)
    order = np.argsort(-(asked @ facts.T), axis=1)[:, :5]
    right = np.take_along_axis(business.right[: business.questions], order, axis=1) > 0
    return float(right[:, 0].mean()), float(right.any(axis=1).mean())


def apart(businesses: Sequence[Taught]) -> Iterator[tuple[str, Lens]]:
    """For each business the maps that others alone have taught."""
    for number in range(calibrate.FOLDS):
        kept = [each for at, each in enumerate(businesses) if at % calibrate.FOLDS == number]
        lens = learnt([each for at, each in enumerate(businesses) if at % calibrate.FOLDS != number])
        yield from ((each.name, lens) for each in kept)


async def all_taught(embedder: LocalEmbedder) -> list[Taught]:
    """What all businesses teach; the examples with their own wordings."""
    wanted = [each for each in calibrate.businesses() if not (each.is_example and each.alone)]
    return [await taught(each, embedder) for each in wanted]


async def main() -> None:
    """Learn, tell and write."""
    businesses = await all_taught(LocalEmbedder())
    by_name = {each.name: each for each in businesses}
    for name, lens in apart(businesses):
        before, after = nearest(by_name[name]), nearest(by_name[name], lens)
        click.echo(f"{name}: first {before[0]:.2f} → {after[0]:.2f}, of five {before[1]:.2f} → {after[1]:.2f}")
    lens = learnt(businesses)
    np.savez_compressed(MAPS, asked=lens.asked.astype(np.float16), told=lens.told.astype(np.float16))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(main())
