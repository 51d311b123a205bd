"""`python -m truffles_rag_qdrant.calibrate`: fit the logistic of an embedding model on eval/dev.tsv.

python -m truffles_rag_qdrant.calibrate                     fit on dev, write data/calibration.json, print dev
python -m truffles_rag_qdrant.calibrate --only heldout.tsv  print the figures of a file, fit and write nothing
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import httpx
import numpy as np

from truffles_rag_qdrant.confidence import calibration
from truffles_rag_qdrant.embed import Embedder, HttpEmbedder, LocalEmbedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.evaluate import DEV, Case, Outcome, own_questions, run, table
from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.tuning import Floats, fit

DATA = Path(__file__).parent / "data" / "calibration.json"


async def samples(cases: Sequence[Case], by_tenant: Mapping[str, EmbeddedEngine]) -> tuple[Floats, Floats]:
    """Features and labels of every candidate of every question that is one question."""
    rows, labels = [], []
    for case in cases:
        for chunk, features in await by_tenant[case.tenant].candidates(case.question):
            rows.append(features)
            labels.append(float(case.right(chunk.text)))
    return np.array(rows), np.array(labels)


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


async def _main(embedder: Embedder, only: str, verbose: bool) -> None:
    cases, by_tenant = await own_questions(embedder, only or DEV)
    if not only:
        write(embedder.model, *fit(*await samples(cases, by_tenant)))
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
    asyncio.run(_main(embedder, only, verbose))


if __name__ == "__main__":
    main()
