"""Grow the trees that tell what a few words after a reply ask for (`following.json` of `rag_qdrant`): on the dialogues in `examples/` and on
what customers of the businesses in `eval/businesses` would write next.

    pip install lightgbm
    python scripts/follow_ups.py

Every turn that follows one whose facts are known is held against all that its words may mean, with those facts told before it and once more
without any. What is held out (`blind_*`, the newcomers kept aside) is not looked at. How sure a fact is by itself is measured by trees and
maps that have not seen the business. It prints how well unseen dialogues are told apart; half an hour on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import calibrate
import click
import numpy as np
from calibrate import EXAMPLES, HELD_OUT, Business, complete
from learn_meaning import all_taught, apart
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import fact_of
from truffles_rag_qdrant import meant
from truffles_rag_qdrant.calibrate import DATA
from truffles_rag_qdrant.confidence import Calibration
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.engine import Engine
from truffles_rag_qdrant.following import FEATURES
from truffles_rag_qdrant.index import FEATURES as FITS
from truffles_rag_qdrant.recall import engine_of
from truffles_rag_qdrant.trees import read

from truffles_gateway.plugin import OWN, read_document
from truffles_gateway.texts import Catalogue

TREES = DATA.with_name("following.json")
LANGUAGES = ("ru", "kk", "en")
MOST, FOLDS = 3, 8
DEPTH = 5
_OF_SENSE = ("coverage", "like", "asked", "lead", "spoken", "meant", "ahead")
RISING = frozenset(
    {f"{name} {how}" for name in _OF_SENSE for how in ("alone", "both")}
    | {"sure alone", "sure both", "leads alone", "leads both"}
)
FALLING = frozenset(
    {
        *(f"{name} {how}" for name in ("behind", "strange") for how in ("alone", "both")),
        "unspoken",
        "things unspoken",
        "another",
    }
)
GROWN: dict[str, Any] = {"n_estimators": 400, "num_leaves": 20, "max_depth": DEPTH, "learning_rate": 0.05, "min_child_samples": 25, "reg_lambda": 5,
         "colsample_bytree": 0.6, "subsample": 0.8, "subsample_freq": 1, "random_state": 1, "deterministic": True,
         "monotone_constraints": [(name in RISING) - (name in FALLING) for name in FEATURES],
         "verbose": -1}  # fmt: skip
_ENDS = re.compile(r"[?!.;,\n]+")


@dataclass(frozen=True)
class FollowUp:
    """What is written after a reply that told these facts, what was asked for them, and the facts that answer it: none where nobody knows."""

    case: str
    told: Sequence[str]
    before: str
    text: str
    right: frozenset[str]


@dataclass(frozen=True)
class Sample:
    """The candidates of a follow-up: how each fits, and whether it answers."""

    case: str
    apart: str
    rows: np.ndarray
    right: np.ndarray
    known: bool


def of_business(business: Business, ids: Mapping[str, Sequence[str]]) -> Iterator[FollowUp]:
    """The follow-ups of one business; `ids` are those of the chunks that tell a fact."""
    yield from _of_lines(business, ids)
    yield from _of_batteries(business)


def _of_lines(business: Business, ids: Mapping[str, Sequence[str]]) -> Iterator[FollowUp]:
    """Language, facts told, facts that answer or "-", and the words in each line; what was asked before is one of the questions that
    the told facts answer."""
    path = business.folder / "follow_ups.tsv"
    asked = [(facts, said) for said, facts in business.asked if facts]
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.exists() else ()):
        _, told, facts, text = line.split("\t")
        spoken = frozenset(map(fact_of, told.split()))
        before = [said for known, said in asked if known == spoken] or [said for known, said in asked if known & spoken]
        last = min(before, key=partial(_chance, text), default="")
        yield FollowUp(f"{business.name}-{number}", [id for each in spoken for id in ids.get(each, ())], last, text,
                       frozenset(map(fact_of, facts.split())) - {"-"})  # fmt: skip


def _chance(text: str, said: str) -> int:
    """The same in every run, and as good as a die."""
    return zlib.crc32((said + text).encode())


def _of_batteries(business: Business) -> Iterator[FollowUp]:
    own = business.folder / "battery.yaml"
    examples = (
        sorted([*EXAMPLES.glob("battery/*.yaml"), *EXAMPLES.glob("practice/*.yaml")]) if business.is_example else []
    )
    texts: Mapping[str, Sequence[str]] = {}
    for path in [own] if own.exists() else [each for each in examples if not each.name.startswith(HELD_OUT)]:
        battery = read_document(path).value
        if own.exists() or battery["tenant"] == business.name:
            texts = texts or texts_of(business)
            for case in battery["cases"]:
                yield from _of_dialogue(f"{path.stem}-{case['id']}", case.get("turns", ()), texts)


def _of_dialogue(
    case: str, turns: Sequence[Mapping[str, Any]], texts: Mapping[str, Sequence[str]]
) -> Iterator[FollowUp]:
    for before, after in pairwise(turns):
        if judged(after):
            right = answers(after, texts) if after.get("expect") != "escalate" else []
            yield FollowUp(case, answers(before, texts)[:MOST], _said(before), _said(after),
                           frozenset(fact_of(id.removeprefix(OWN)) for id in right))  # fmt: skip


def _said(turn: Mapping[str, Any]) -> str:
    return " ".join(_list(turn["say"]))


def texts_of(business: Business) -> Mapping[str, Sequence[str]]:
    """What each fact of a business says, in all languages."""
    pack = Pack.model_validate(read_document(business.folder / "pack.yaml").value)
    told: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for each in entries(pack, {}, Catalogue(plugins=[CATALOGUE]), language):
            told.setdefault(each.id, []).append(each.answer)
    return told


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


async def samples(
    embedder: LocalEmbedder, lenses: Mapping[str, meant.Lens], judges: Sequence[Calibration]
) -> list[Sample]:
    """Every follow-up, held against what may answer it; `judges` are the calibrations of each fold of `calibrate`, `lenses` the maps
    that were learnt without a business."""
    found: list[Sample] = []
    for business in calibrate.businesses():
        if business.is_example and business.alone:
            continue
        with mock.patch.object(meant, "lens", lambda name=business.name: lenses[name]):
            found += await _samples(business, embedder, judges)
        click.echo(f"{business.name}: {len(found)} samples so far")
    return found


async def _samples(business: Business, embedder: LocalEmbedder, judges: Sequence[Calibration]) -> list[Sample]:
    engine = await engine_of(business.name, business.entries(), embedder)
    ids: dict[str, list[str]] = {}
    for chunk in engine.chunks():
        ids.setdefault(calibrate.fact(chunk), []).append(chunk.id)
    found: list[Sample] = []
    for each in of_business(business, ids):
        apart = each.before if business.is_example else business.name
        engine.calibration = judges[calibrate.fold_of(apart)]
        kept = each.case if business.is_example else business.name
        made = [await _sample(engine, each, told, kept) for told in ([each.told, ()] if each.told else [()])]
        found += [sample for sample in made if sample]
    return found


async def _sample(engine: Engine, each: FollowUp, told: Sequence[str], apart: str) -> Sample | None:
    before, text = (_ENDS.sub(" ", said).strip() for said in (each.before, each.text))
    entries, rows = await engine.after_rows(told, before, text, "")
    right = np.array([float(calibrate.fact(entry.chunk) in each.right) for entry in entries])
    return Sample(each.case, apart, np.array(rows), right, bool(each.right)) if entries else None


def grown(sampled: Sequence[Sample]) -> Any:
    """Trees that tell what answers from what does not."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(**GROWN).fit(
        np.vstack([each.rows for each in sampled]), np.hstack([each.right for each in sampled])
    )


def unseen(sampled: Sequence[Sample]) -> Iterator[str]:
    """What trees do with dialogues, or businesses, that they were not grown on."""
    said: list[tuple[float, bool, bool]] = []
    fold = [zlib.crc32(each.apart.encode()) % FOLDS for each in sampled]
    for number in range(FOLDS):
        model = grown([each for each, at in zip(sampled, fold, strict=True) if at != number])
        for each in (each for each, at in zip(sampled, fold, strict=True) if at == number):
            sure = model.predict_proba(each.rows)[:, 1]
            said.append((float(sure.max()), bool(each.right[sure.argmax()]), each.known))
    for least in (0.4, 0.5, 0.6, 0.7):
        known, none = [each for each in said if each[2]], [each for each in said if not each[2]]
        yield (f"at least {least}: right {sum(sure >= least and right for sure, right, _ in known)}, "
               f"wrong {sum(sure >= least and not right for sure, right, _ in known)} of {len(known)}, "
               f"answered without an answer {sum(sure >= least for sure, _, _ in none)} of {len(none)}")  # fmt: skip


def judges_of(sampled: Sequence[calibrate.Sample]) -> list[Calibration]:
    """For each fold of `calibrate` how sure facts are by trees that have not seen it."""
    found = []
    for number in range(calibrate.FOLDS):
        model = calibrate.grown([each for each in sampled if calibrate.fold_of(each.kept_apart) != number])
        trees = read(calibrate.told(model), FITS)
        found.append(Calibration((0.0,) * len(FITS) + (1.0,), calibrate.RARER, trees=trees))
    return found


async def main() -> None:
    """Grow, tell and write."""
    embedder = LocalEmbedder()
    lenses = dict(apart(await all_taught(embedder)))
    sampled = await samples(embedder, lenses, judges_of(await calibrate.samples(embedder, lenses)))
    click.echo(f"{len(sampled)} follow-ups, {sum(each.known for each in sampled)} of them with an answer")
    for line in unseen(sampled):
        click.echo(line)
    write(sampled, TREES)


def write(sampled: Sequence[Sample], path: Path) -> None:
    """Grow the trees and write them to a file."""
    trees = grown(sampled).booster_.dump_model()["tree_info"]
    lines = ",\n".join(json.dumps(complete(tree["tree_structure"], FEATURES)) for tree in trees)
    path.write_text(f"[{lines}]\n", "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(main())
