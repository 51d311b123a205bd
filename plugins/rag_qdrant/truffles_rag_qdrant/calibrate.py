"""`python -m truffles_rag_qdrant.calibrate`: how sure an embedding model's passages are, measured on the questions of eval/.

python -m truffles_rag_qdrant.calibrate --only heldout.tsv  print the figures of a file
python -m truffles_rag_qdrant.calibrate                     fit on dev alone, write data/calibration.json, print dev

For knowledge that has wordings it is fitted on the batteries of `examples/`: `python scripts/calibrate.py` in a source tree.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import click
import httpx
import numpy as np

from truffles_rag_qdrant.confidence import calibration
from truffles_rag_qdrant.embed import Embedder, HttpEmbedder, LocalEmbedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.evaluate import DEV, Case, Outcome, own_questions, run, table
from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.recall import PACKS, engine_of, read_entries, read_questions
from truffles_rag_qdrant.tuning import Floats, fit

ABOUT_PACKS = ("dev.tsv", "front_desk.tsv")
SENSE = {"coverage": 1, "cosine": 1, "evidence": 1, "like": 1, "behind": -1, "asked": 1, "lead": 1, "strange": -1, "spoken": 1, "meant": 1, "ahead": 1, "surplus": -1, "head_missed": -1, "head_rival": -1,
         "ask_missed": -1, "spread": -1, "uncovered": -1}  # fmt: skip
"""Whether more of a feature speaks for a chunk, or against it."""
OF_WORDINGS = frozenset({"asked", "lead", "strange", "spoken"})
"""What says nothing where a knowledge has no wordings."""
RIDGE = 2.0
Samples = tuple[Floats, Floats]
DATA = Path(__file__).parent / "data" / "calibration.json"


async def samples(cases: Sequence[Case], by_tenant: Mapping[str, EmbeddedEngine]) -> Samples:
    """Features and labels of every candidate of every question that is one question."""
    rows, labels = [], []
    for case in cases:
        for chunk, features in await by_tenant[case.tenant].candidates(case.question):
            rows.append(features)
            labels.append(float(case.right(chunk.text)))
    return np.array(rows), np.array(labels)


async def pack_samples(embedder: Embedder) -> Samples:
    """The same of the questions about packs, as customers of each branch, or of none, ask them."""
    engines = {
        path.stem: await engine_of(path.stem, read_entries(path), embedder) for path in sorted(PACKS.glob("*.jsonl"))
    }
    rows, labels = [], []
    for name in ABOUT_PACKS:
        for asked in read_questions(PACKS / name):
            right = [id for group in asked.groups for id in group]
            for chunk, features in await engines[asked.pack].candidates(asked.question):
                rows.append(features)
                labels.append(float(any(_is(chunk.id, id) for id in right)))
    return np.array(rows), np.array(labels)


def _is(id: str, fact: str) -> bool:
    """Is it the fact, a part of it, or that of a branch?"""
    return id == fact or id.startswith((f"{fact}.", f"{fact}@"))


def sensible(rows: Floats, labels: Floats, *, without: Collection[str] = ()) -> tuple[Floats, float]:
    """The fit without features that speak against sense: a likeness that counts against a chunk only balances others here."""
    used = [at for at, name in enumerate(FEATURES) if name not in without]
    while True:
        weights, bias = fit(rows[:, used], labels, ridge=RIDGE)
        odd = [
            (abs(weight), at)
            for at, weight in zip(used, weights, strict=True)
            if SENSE.get(FEATURES[at], 0) * weight < 0
        ]
        if not odd:
            break
        used.remove(max(odd)[1])
    whole = np.zeros(len(FEATURES))
    whole[used] = weights
    return whole, bias


def write(model: str, weights: Floats, bias: float) -> None:
    """Keep the coefficients of a model beside those of the others."""
    data = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}
    data[model] = {"bias": round(bias, 4), "weights": dict(zip(FEATURES, map(float, weights.round(4)), strict=True))}
    DATA.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", "utf-8")


def misses(outcomes: Sequence[Outcome]) -> list[str]:
    """The cases worth reading: wrong answers, and right ones that were not sure enough."""
    bad = [one for one in outcomes if one.wrong or (one.case.expected != "-" and not one.answered)]
    return [
        f"{'WRONG' if one.wrong else 'miss '} {one.case.tenant} {one.case.kind}: {one.case.question} → "
        + " | ".join(f"{best.confidence:.2f} {best.text[:70]}" for best in one.best)
        for one in bad
    ]  # fmt: skip


async def run_all(embedder: Embedder, *, only: str = "", verbose: bool = False) -> None:
    """Fit on dev and on the questions about packs, and print the figures of dev; with `only` those of that file."""
    cases, by_tenant = await own_questions(embedder, only or DEV)
    if not only:
        own, packs = await samples(cases, by_tenant), await pack_samples(embedder)
        rows, labels = np.vstack([own[0], packs[0]]), np.hstack([own[1], packs[1]])
        write(embedder.model, *sensible(rows, labels, without=OF_WORDINGS))
        calibration.cache_clear()
        for engine in by_tenant.values():
            engine.calibration = calibration(embedder.model)
    outcomes = await run(cases, by_tenant)
    click.echo(table(outcomes))
    for line in misses(outcomes) if verbose else ():
        click.echo(line)


@click.command()
@click.option("--only", default="", help="Print the figures of this file in eval/, fit nothing.")
@click.option("--embed-url", default="", help="Calibrate a BGE-M3 server instead of the local model.")
@click.option("--verbose", is_flag=True, help="Name the questions that went wrong.")
def main(only: str, embed_url: str, verbose: bool) -> None:
    """Fit and print the calibration of an embedding model."""
    http = httpx.AsyncClient()
    embedder = HttpEmbedder(http, embed_url, size=1024, timeout=30, batch=32) if embed_url else LocalEmbedder()
    asyncio.run(run_all(embedder, only=only, verbose=verbose))


if __name__ == "__main__":
    main()
