"""Grow the trees that tell whether a few words go on about what was told before them (`following.json` of `rag_qdrant`), on the dialogues
in `examples/`.

    pip install lightgbm
    python scripts/follow_ups.py

Every turn that follows an answered one is held against the facts that this was answered with: those that the battery names, else those
that say what it must include. What is held out (`blind_*`) is not looked at. It prints how well unseen dialogues are told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import click
import numpy as np
from calibrate import EXAMPLES, HELD_OUT, Business, complete
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import fact_of
from truffles_rag_qdrant.calibrate import DATA
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.engine import Engine
from truffles_rag_qdrant.following import FEATURES
from truffles_rag_qdrant.recall import engine_of

from truffles_gateway.plugin import OWN, read_document
from truffles_gateway.texts import Catalogue

TREES = DATA.with_name("following.json")
LANGUAGES = ("ru", "kk", "en")
MOST, FOLDS = 3, 8
DEPTH = 4
RISING = ("likely", "lead", "spoken", "said", "own", "coverage")
FALLING = ("likeliest_other", "strange", "other")
GROWN: dict[str, Any] = {"n_estimators": 110, "num_leaves": 7, "max_depth": DEPTH, "learning_rate": 0.06, "min_child_samples": 12, "reg_lambda": 5,
         "colsample_bytree": 0.6, "subsample": 0.8, "subsample_freq": 1, "random_state": 1, "deterministic": True,
         "monotone_constraints": [(name in RISING) - (name in FALLING) for name in FEATURES],
         "verbose": -1}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One told fact and the words after it: how they fit, and whether it answers them."""

    case: str
    turn: int
    features: Sequence[float]
    right: bool


def texts_of(tenant: str) -> Mapping[str, Sequence[str]]:
    """What each fact of a tenant says, in all languages."""
    pack = Pack.model_validate(read_document(EXAMPLES / tenant / "pack.yaml").value)
    told: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for each in entries(pack, {}, Catalogue(plugins=[CATALOGUE]), language):
            told.setdefault(each.id, []).append(each.answer)
    return told


def dialogues() -> Iterator[tuple[str, str, Sequence[Mapping[str, Any]]]]:
    """Tenant, case and turns of every dialogue."""
    for path in sorted([*EXAMPLES.glob("battery/*.yaml"), *EXAMPLES.glob("practice/*.yaml")]):
        if not path.name.startswith(HELD_OUT):
            battery = read_document(path).value
            for case in battery["cases"]:
                if len(case.get("turns", ())) > 1:
                    yield battery["tenant"], case["id"], case["turns"]


def answers(turn: Mapping[str, Any], texts: Mapping[str, Sequence[str]]) -> list[str]:
    """The facts that answer a turn: those that it names, and those that say all that must be said."""
    named = {fact_of(each) for each in turn.get("facts") or ()}
    said = [id for id, each in texts.items() if any(_says(text, turn) for text in each)]
    return [*(id for id in texts if fact_of(id.removeprefix(OWN)) in named), *(id for id in said if not named)]


def _says(text: str, turn: Mapping[str, Any]) -> bool:
    must, any_of = _list(turn.get("include")), _list(turn.get("any_of"))
    plain = _plain(text)
    return (
        bool(must or any_of)
        and all(_plain(each) in plain for each in must)
        and (not any_of or any(_plain(each) in plain for each in any_of))
    )


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text.lower().replace("ё", "е"))


def _list(value: Any) -> list[str]:
    return [] if value is None else [str(each) for each in value] if isinstance(value, list) else [str(value)]


def judged(turn: Mapping[str, Any]) -> bool:
    """Is it known what answers a turn, or that nothing does?"""
    expected = _list(turn.get("expect"))
    return expected == ["escalate"] or ("reply" in expected and bool(set(turn) & {"facts", "include", "any_of"}))


async def samples(embedder: LocalEmbedder) -> list[Sample]:
    """Every follow-up, held against what was told before it."""
    found: list[Sample] = []
    engines: dict[str, tuple[Engine, Mapping[str, Sequence[str]]]] = {}
    for tenant, case, turns in dialogues():
        if tenant not in engines:
            engines[tenant] = (
                await engine_of(tenant, Business(tenant, EXAMPLES / tenant, (), alone=False).entries(), embedder),
                texts_of(tenant),
            )
        engine, texts = engines[tenant]
        for number, (before, after) in enumerate(pairwise(turns), 1):
            told = answers(before, texts)[:MOST]
            if told and judged(after):
                right = answers(after, texts) if after.get("expect") != "escalate" else []
                rows = await engine.follow_ups(told, " ".join(_list(after["say"])), "")
                found += [Sample(case, number, row, id in right) for id, row in rows.items()]
    return found


def grown(sampled: Sequence[Sample]) -> Any:
    """Trees that tell what goes on from what does not."""
    from lightgbm import LGBMClassifier

    rows, right = np.array([each.features for each in sampled]), np.array([each.right for each in sampled])
    return LGBMClassifier(**GROWN).fit(rows, right)


def unseen(sampled: Sequence[Sample]) -> Iterator[str]:
    """What trees do with dialogues that they were not grown on."""
    best: dict[tuple[str, int], tuple[float, bool]] = {}
    goes_on: dict[tuple[str, int], bool] = {}
    for fold in range(FOLDS):
        model = grown([each for each in sampled if zlib.crc32(each.case.encode()) % FOLDS != fold])
        for each in sampled:
            if zlib.crc32(each.case.encode()) % FOLDS == fold:
                key = (each.case, each.turn)
                sure = float(model.predict_proba(np.array([each.features]))[0, 1])
                best[key] = max(best.get(key, (0.0, False)), (sure, each.right))
                goes_on[key] = goes_on.get(key, False) or each.right
    for least in (0.5, 0.6, 0.7):
        said = [(right, goes_on[key]) for key, (sure, right) in best.items() if sure >= least]
        wrong = sum(not right and on for right, on in said)
        yield (f"at least {least}: right {sum(right for right, _ in said)} of {sum(goes_on.values())}, another fact {wrong}, "
               f"nothing to go on {sum(not on for _, on in said)} of {sum(not each for each in goes_on.values())}")  # fmt: skip


async def main() -> None:
    """Grow, tell and write."""
    sampled = await samples(LocalEmbedder())
    click.echo(f"{len(sampled)} told facts, {sum(each.right for each in sampled)} of them asked about next")
    for line in unseen(sampled):
        click.echo(line)
    trees = grown(sampled).booster_.dump_model()["tree_info"]
    lines = ",\n".join(json.dumps(complete(tree["tree_structure"], FEATURES)) for tree in trees)
    TREES.write_text(f"[{lines}]\n", "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(main())
