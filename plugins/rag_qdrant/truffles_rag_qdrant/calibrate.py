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
import numpy.typing as npt

from truffles_rag_qdrant.confidence import calibration
from truffles_rag_qdrant.embed import Embedder, HttpEmbedder, LocalEmbedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.evaluate import Case, Outcome, engines, read_cases, run, table
from truffles_rag_qdrant.index import FEATURES

HERE = Path(__file__).parent
EVAL = HERE.parent / "eval"
DATA = HERE / "data" / "calibration.json"
SALON = HERE.parents[2] / "examples" / "demo_salon" / "knowledge"
Floats = npt.NDArray[np.float64]


def fit(rows: Floats, labels: Floats, *, ridge: float = 0.2, steps: int = 60) -> tuple[Floats, float]:
    """Logistic regression by Newton's method, with a little ridge on all but the bias."""
    design = np.hstack([rows, np.ones((len(rows), 1))])
    penalty = np.diag([ridge] * rows.shape[1] + [1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(steps):
        guess = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (guess - labels) + penalty @ weights
        curve = (design * (guess * (1 - guess))[:, None]).T @ design + penalty
        weights = weights - np.linalg.solve(curve, slope)
    return weights[:-1], float(weights[-1])


async def samples(cases: Sequence[Case], by_tenant: Mapping[str, EmbeddedEngine]) -> tuple[Floats, Floats]:
    """Features and labels of every candidate of every question that is one question."""
    rows, labels = [], []
    for case in cases:
        for chunk_text, features in await by_tenant[case.tenant].candidates(case.question):
            rows.append(features)
            labels.append(float(case.right(chunk_text)))
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
    folders = {"demo_salon": SALON, "dental": EVAL / "dental", "flowers": EVAL / "flowers"}
    by_tenant = await engines(folders, embedder)
    cases = read_cases(EVAL / (only or "dev.tsv"))
    if not only:
        write(embedder.model, *fit(*await samples(cases, by_tenant)))
        calibration.cache_clear()
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
