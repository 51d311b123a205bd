"""Grow the trees that ship with `rag_qdrant` for knowledge that has wordings: on the batteries in `examples/`, on the questions in
`eval/worded`, and on the plugin's other questions, which keep them from trusting wordings alone.

    pip install lightgbm
    python scripts/calibrate.py

The first turns of all dialogues that name their facts, and of those that nobody can answer, are asked against the example packs with
their wordings. What is held out (`blind_*`) is not looked at. It prints how well unseen questions are told apart, by parts of the
questions that the trees were not grown on, and writes `trees.json` and `calibration.json` in `truffles_rag_qdrant/data`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import click
import numpy as np
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import fact_of
from truffles_rag_qdrant import meant
from truffles_rag_qdrant.calibrate import DATA, SENSE, pack_samples
from truffles_rag_qdrant.calibrate import samples as own_samples
from truffles_rag_qdrant.confidence import WORDED as OF_WORDED
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.evaluate import own_questions
from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.recall import engine_of
from truffles_rag_qdrant.trees import NAME, Floats

from truffles_gateway.plugin import OWN, Chunk, Entry, read_document
from truffles_gateway.texts import Catalogue

SOURCE = Path(__file__).parents[1]
EXAMPLES, WORDED = SOURCE / "examples", SOURCE / "plugins" / "rag_qdrant" / "eval" / "worded"
OTHERS = SOURCE / "plugins" / "rag_qdrant" / "eval" / "businesses"
NEWCOMERS = EXAMPLES / "newcomers"
KEPT_ASIDE = frozenset({"boroda", "optika", "lilia", "neuro"})
"""Newcomers that show how the next one will fare: nothing is learnt from them."""
TREES = DATA.with_name("trees.json")
HELD_OUT = "blind_"
UNKNOWN_SHARE = 3
"""Of so many groups of questions one is asked without its facts, too."""
UNKNOWN = frozenset({"unknown", "not_offered", "notoffered"})
AS_IF = 0.3
"""What a question counts whose facts were taken away: what is near them is told by no pack that lacks just those."""
RARER = 0.3
"""Log-odds that every candidate is surer by: of the questions here two in five have no answer and most of those look as if they had,
of customers' one in twelve."""
MONOTONE = ("asked", "lead", "like", "behind", "strange", "spoken", "meant", "ahead")
DEPTH, FOLDS = 5, 6
GROWN: dict[str, Any] = {"n_estimators": 300, "num_leaves": 20, "max_depth": DEPTH, "learning_rate": 0.05, "min_child_samples": 40, "reg_lambda": 5,
         "colsample_bytree": 0.7, "subsample": 0.8, "subsample_freq": 1, "random_state": 1, "deterministic": True,
         "monotone_constraints": [SENSE[name] if name in MONOTONE else 0 for name in FEATURES],
         "monotone_constraints_method": "advanced", "verbose": -1}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """The candidates of one question: how each fits, and whether it answers it. `as_if` says that what answers it was taken away,
    `kept_apart` with what it is kept apart while it is seen how trees do with what they were not grown on."""

    question: str
    features: Floats
    right: Floats
    kept_apart: str
    known: bool = True
    as_if: bool = False


@dataclass(frozen=True)
class Business:
    """A knowledge and what is asked of it; `alone`: without any wordings of its own, as an owner begins."""

    name: str
    folder: Path
    asked: Sequence[tuple[str, frozenset[str]]]
    alone: bool = True

    @property
    def is_example(self) -> bool:
        """Is it one of the three that come with wordings of their own?"""
        return self.folder.parent == EXAMPLES

    def entries(self) -> list[Entry]:
        """What its retriever is given, of all its branches."""
        pack = Pack.model_validate(read_document(self.folder / "pack.yaml").value)
        wordings = {} if self.alone else read_document(self.folder / "wordings.yaml").value
        return entries(pack, {}, Catalogue(plugins=[CATALOGUE]), wordings=wordings)


def businesses() -> Iterator[Business]:
    """The examples with their own wordings and without, and the businesses that nothing else was written for."""
    for tenant, asked in by_tenant().items():
        for alone in (False, True):
            yield Business(tenant, EXAMPLES / tenant, asked, alone)
    newcomers = (each for each in NEWCOMERS.iterdir() if each.is_dir() and each.name not in KEPT_ASIDE)
    for folder in sorted([*OTHERS.iterdir(), *newcomers], key=lambda each: each.name):
        yield Business(
            folder.name, folder, [*_of_battery(folder / "battery.yaml"), *_of_lines(folder / "questions.tsv")]
        )


def by_tenant() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Questions about the examples and the facts that answer them."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for path in sorted([*EXAMPLES.glob("battery/*.yaml"), *EXAMPLES.glob("practice/*.yaml")]):
        if not path.name.startswith(HELD_OUT):
            found.setdefault(read_document(path).value["tenant"], []).extend(_of_battery(path))
    for path in sorted(WORDED.glob("*.tsv")):
        found.setdefault(path.stem, []).extend(_of_lines(path))
    return found


def _of_battery(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """First turns and the facts that answer them; none where nobody knows."""
    for case in read_document(path).value["cases"] if path.exists() else ():
        first = (case.get("turns") or [case])[0]
        facts, said = first.get("facts") or (), first.get("say")
        if isinstance(said, str) and (facts or case.get("category") in UNKNOWN):
            yield said, frozenset(map(fact_of, facts))


def _of_lines(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """The same of what was written to calibrate by: language, facts or "-", and the question in each line."""
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line and not line.startswith("#"):
            _, facts, said = line.split("\t")
            yield said, frozenset(map(fact_of, facts.split())) - {"-"}


async def samples(embedder: LocalEmbedder, lenses: Mapping[str, meant.Lens]) -> list[Sample]:
    """The candidates of each question as it is, and of some as they would be if nobody knew the answer; `lenses` are those that were
    learnt without the business: what was learnt from these very questions would look too good."""
    found: list[Sample] = []
    for business in businesses():
        with mock.patch.object(meant, "lens", lambda name=business.name: lenses[name]):
            found += await _samples(business, embedder)
        click.echo(f"{business.name}: {len(business.asked)} questions; {len(found)} samples so far")
    return [each for each in found if len(each.features)]


async def _samples(business: Business, embedder: LocalEmbedder) -> list[Sample]:
    found: list[Sample] = []
    engine = await engine_of(business.name, business.entries(), embedder)
    chunks = engine.chunks()
    for number, (facts, said) in enumerate(grouped(business.asked).items()):
        for without in (False, True) if facts and number % UNKNOWN_SHARE == 0 else (False,):
            kept = [each for each in chunks if not (without and fact(each) in facts)]
            if len(kept) != len(engine.chunks()):
                await engine.load(kept)
            for text in said:
                held = await engine.candidates(text)
                rows = np.array([features for _, features in held]).reshape(-1, len(FEATURES))
                right = np.array([float(fact(chunk) in facts) for chunk, _ in held])
                apart = text if business.is_example else business.name
                found.append(Sample(text, rows, right, apart, bool(facts) and not without, without))
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


def grown(sampled: Sequence[Sample], more: tuple[Floats, Floats] | None = None) -> Any:
    """Trees that tell right candidates from wrong ones."""
    from lightgbm import LGBMClassifier

    rows = [each.features for each in sampled]
    right = [each.right for each in sampled]
    weight = [np.full(len(each.right), AS_IF if each.as_if else 1.0) for each in sampled]
    if more:
        rows, right, weight = [*rows, more[0]], [*right, more[1]], [*weight, np.ones(len(more[1]))]
    return LGBMClassifier(**GROWN).fit(np.vstack(rows), np.hstack(right), sample_weight=np.hstack(weight))


def unseen(sampled: Sequence[Sample]) -> Iterator[str]:
    """What trees do with questions of a part that they were not grown on."""
    fold = [fold_of(each.kept_apart) for each in sampled]
    said: list[tuple[float, Sample]] = []
    for number in range(FOLDS):
        model = grown([each for each, at in zip(sampled, fold, strict=True) if at != number])
        for each, at in zip(sampled, fold, strict=True):
            if at == number:
                sure = model.predict_proba(each.features)[:, 1]
                said.append((sure.max(), each) if each.right[sure.argmax()] else (-sure.max(), each))
    for least in (0.4, 0.5, 0.6, 0.7):
        known = [sure for sure, each in said if each.known]
        none = [sure for sure, each in said if not each.known and not each.as_if]
        yield (f"at least {least}: right {_share(known, lambda sure, least=least: sure >= least)}, "
               f"wrong {_share(known, lambda sure, least=least: -sure >= least)}, "
               f"answered without an answer {_share(none, lambda sure, least=least: -sure >= least)}")  # fmt: skip


def fold_of(kept_apart: str) -> int:
    """The fold in which what is kept apart by this is not seen."""
    return zlib.crc32(kept_apart.encode()) % FOLDS


def _share(said: Sequence[float], counts: Any) -> str:
    return f"{sum(map(counts, said))} of {len(said)}"


def told(model: Any) -> list[Mapping[str, Any]]:
    """The trees as `truffles_rag_qdrant.trees` reads them: complete, breadth first."""
    return [complete(tree["tree_structure"], FEATURES) for tree in model.booster_.dump_model()["tree_info"]]


def complete(root: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """A tree of LightGBM's with all its nodes, by the names of its features."""
    level, by, most = [root], [], []
    for _ in range(DEPTH):
        by += [names[node["split_feature"]] if "split_feature" in node else "" for node in level]
        most += [node.get("threshold", 0.0) for node in level]
        level = [node.get(side, node) for node in level for side in ("left_child", "right_child")]
    return {"by": by, "most": most, "leaf": [round(node["leaf_value"], 5) for node in level]}


async def main() -> None:
    """Grow, tell and write."""
    from learn_meaning import all_taught, apart

    embedder = LocalEmbedder()
    sampled = await samples(embedder, dict(apart(await all_taught(embedder))))
    for line in unseen(sampled):
        click.echo(line)
    parts = [await own_samples(*await own_questions(embedder)), await pack_samples(embedder)]
    more = np.vstack([rows for rows, _ in parts]), np.hstack([right for _, right in parts])
    lines = ",\n".join(json.dumps(tree) for tree in told(grown(sampled, more)))
    TREES.write_text(f"[{lines}]\n", "utf-8")
    known = json.loads(DATA.read_text("utf-8")) | {
        f"{embedder.model}{OF_WORDED}": {"bias": RARER, "weights": {NAME: 1.0}}
    }
    DATA.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(main())
