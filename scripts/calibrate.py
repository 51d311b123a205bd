"""Fit the calibration that ships with `rag_qdrant` for knowledge that has wordings: on the batteries in `examples/`,
and on the plugin's own questions, which keep it from trusting wordings alone.

    python scripts/calibrate.py

The first turns of all dialogues that name their facts, and of those that nobody can answer, are asked against the example packs with
their wordings. What is held out (`blind_*`) is not looked at. It writes `truffles_rag_qdrant/data/calibration.json`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import fact_of
from truffles_rag_qdrant.calibrate import Samples, pack_samples, sensible, write
from truffles_rag_qdrant.calibrate import samples as own_samples
from truffles_rag_qdrant.confidence import WORDED
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.evaluate import own_questions
from truffles_rag_qdrant.recall import engine_of

from truffles_gateway.plugin import OWN, Chunk, Entry, read_document
from truffles_gateway.texts import Catalogue

EXAMPLES = Path(__file__).parents[1] / "examples"
HELD_OUT = "blind_"
UNKNOWN_SHARE = 3
"""Of so many groups of questions one is asked without its facts, too."""
UNKNOWN = frozenset({"unknown", "not_offered", "notoffered"})


def entries_of(tenant: str) -> list[Entry]:
    """What an example's retriever is given, of all its branches."""
    folder = EXAMPLES / tenant
    pack = Pack.model_validate(read_document(folder / "pack.yaml").value)
    wordings = read_document(folder / "wordings.yaml").value
    return entries(pack, {}, Catalogue(plugins=[CATALOGUE]), wordings=wordings)


def questions() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Tenant, question and the facts that answer it; none where nobody knows."""
    for path in sorted([*EXAMPLES.glob("battery/*.yaml"), *EXAMPLES.glob("practice/*.yaml")]):
        if path.name.startswith(HELD_OUT):
            continue
        battery = read_document(path).value
        for case in battery["cases"]:
            first = (case.get("turns") or [case])[0]
            facts, said = first.get("facts") or (), first.get("say")
            if isinstance(said, str) and (facts or case.get("category") in UNKNOWN):
                yield battery["tenant"], said, frozenset(map(fact_of, facts))


async def samples(embedder: LocalEmbedder) -> Samples:
    """Features and labels of every candidate: of each question as it is, and of some as they would be if nobody knew the
    answer."""
    rows: list[Sequence[float]] = []
    labels: list[float] = []
    for tenant, asked in by_tenant().items():
        engine = await engine_of(tenant, entries_of(tenant), embedder)
        chunks = engine.chunks()
        for number, (facts, said) in enumerate(grouped(asked).items()):
            for without in (False, True) if facts and number % UNKNOWN_SHARE == 0 else (False,):
                await engine.load([each for each in chunks if not (without and fact(each) in facts)])
                for text in said:
                    found = await engine.candidates(text)
                    rows += [features for _, features in found]
                    labels += [float(fact(chunk) in facts) for chunk, _ in found]
        click.echo(f"{tenant}: {len(asked)} questions; {len(rows)} candidates so far")
    return np.array(rows), np.array(labels)


def by_tenant() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Questions and their facts by tenant."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for tenant, said, facts in questions():
        found.setdefault(tenant, []).append((said, facts))
    return found


def grouped(asked: Sequence[tuple[str, frozenset[str]]]) -> dict[frozenset[str], list[str]]:
    """Questions by what answers them: a knowledge without it is made once for all of these."""
    found: dict[frozenset[str], list[str]] = {}
    for said, facts in asked:
        found.setdefault(facts, []).append(said)
    return found


def fact(chunk: Chunk) -> str:
    """The fact that a chunk tells."""
    return fact_of(chunk.id.removeprefix(OWN))


async def main() -> None:
    """Fit and write."""
    embedder = LocalEmbedder()
    parts = [await samples(embedder), await own_samples(*await own_questions(embedder)), await pack_samples(embedder)]
    write(
        f"{embedder.model}{WORDED}",
        *sensible(np.vstack([each[0] for each in parts]), np.hstack([each[1] for each in parts])),
    )


if __name__ == "__main__":
    asyncio.run(main())
