"""What do a few words ask that come after a reply? "А по времени?" behind a price asks for how long that takes, "а педикюр?" for another
price, "а где вы?" for something else altogether.

Every fact that the words find alone, that they find together with the customer's words before them, or that was just told, is held
against both readings. Trees grown on dialogues (`scripts/follow_ups.py`) say how likely it is that the fact answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from truffles_rag_qdrant.index import FEATURES as FITS
from truffles_rag_qdrant.index import Asked, Entry, Index, speaks_of, spoken_share
from truffles_rag_qdrant.limits import is_for_another, unspoken
from truffles_rag_qdrant.part import Part
from truffles_rag_qdrant.trees import Trees, read

OF_FIT = ("coverage", "cosine", "surplus", "head_missed", "head_rival", "ask_missed", "evidence", "uncovered", "like", "behind",
          "asked", "lead", "strange", "spoken", "meant", "ahead")  # fmt: skip
_OF_READING = (*OF_FIT, "sure", "leads")
FEATURES = (*(f"{name} alone" for name in _OF_READING), *(f"{name} both" for name in _OF_READING), "told", "told surer", "same list",
            "same heading", "kin", "near told", "speaks", "speaks itself", "said", "unspoken", "things unspoken", "another", "has price", "has duration", "of price",
            "of duration", "words", "known", "unknown", "kind", "kind told")  # fmt: skip
LEAST = 0.5
"""As sure it must be that a fact answers, for a part of a message to be taken for a question that goes on."""
SURELY = 0.7
"""As sure it must be what another part of the message is about, for a part to go on about that."""
_AT = [FITS.index(name) for name in OF_FIT]
DOUBTED, BRIEF = 0.45, 5
_PRICE, _DURATION = "c:price", "c:duration"
_PRICED = re.compile(r"[₸$€]")
_LASTING = re.compile(r"\d ?(?:мин|ч|час|сут|дн|день|нед|мес|год|лет|min|h|day|week|month|year|сағ|күн|апта|ай|жыл)")


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Words as one question, its vector, and how sure each candidate answers it, how it fits."""

    asked: Asked
    fits: Sequence[Sequence[float]]
    sure: Sequence[float]


def rows(
    alone: Reading, both: Reading, told: Sequence[Entry], entries: Sequence[Entry], index: Index
) -> list[list[float]]:
    """How each candidate fits, in the order of `FEATURES`; the readings go with `entries`."""
    said = {each.chunk.id for each in told}
    surest = max((sure for sure, each in zip(alone.sure, entries, strict=True) if each.chunk.id in said), default=0.0)
    kind, of_words = min((each.kind for each in told), default=0), _of_words(alone.asked.part)
    return [
        [float(each) for each in (
            *_fit(alone, at), *_fit(both, at), entry.chunk.id in said, surest, *_beside(entry, told, index),
            *_speaks(alone.asked, entry, index), *of_words, entry.kind, kind,
        )] for at, entry in enumerate(entries)
    ]  # fmt: skip


def _fit(reading: Reading, at: int) -> list[float]:
    """How one candidate fits in a reading, how sure it is, and by how much it leads the others."""
    sure = reading.sure[at]
    others = max((each for other, each in enumerate(reading.sure) if other != at), default=0.0)
    return [*(reading.fits[at][each] for each in _AT), sure, sure - others]


def _speaks(asked: Asked, entry: Entry, index: Index) -> tuple[float, ...]:
    """Does it speak of what the words name, and tell a price or how long something lasts?"""
    part, text = asked.part, entry.chunk.text
    return (
        speaks_of(part, entry), speaks_of(part, entry, itself=True), spoken_share(part, entry), *unspoken(asked, entry, index.told_by(entry)), is_for_another(asked, entry),
        _PRICED.search(text) is not None, _LASTING.search(text) is not None,
    )  # fmt: skip


def _of_words(part: Part) -> tuple[float, ...]:
    """Do they ask for a price or how long something lasts, how many are they, and how many of what they name is known?"""
    plain = [term for term in part.terms if not term.ask]
    known = sum(not term.unknown for term in plain)
    return _PRICE in part.asked, _DURATION in part.asked, len(part.words), known, len(plain) - known


def _beside(entry: Entry, told: Sequence[Entry], index: Index) -> tuple[bool, bool, bool, float]:
    """Is it of the same part of the pack, under the same heading, of the same name, and how near in meaning?"""
    kinds = [each.chunk.id.partition(".")[0] == entry.chunk.id.partition(".")[0] for each in told]
    headings = [bool(each.chunk.title) and each.chunk.title == entry.chunk.title for each in told]
    kin = [index.is_kin(entry, each) for each in told]
    near = max((float(entry.vector @ each.vector) for each in told), default=0.0)
    return any(kinds), any(headings), any(kin), near


def shares(found: Sequence[Sequence[float]]) -> list[float]:
    """For each row how sure it is, in 0..1, that the fact answers; a price for something else is doubted."""
    sure = 1 / (1 + np.exp(-shipped().score(np.array(found, np.float64)))) if found else ()
    return [
        min(float(share), DOUBTED) if _is_for_another(dict(zip(FEATURES, row, strict=True))) else float(share)
        for share, row in zip(sure, found, strict=True)
    ]


def _is_for_another(row: Mapping[str, float]) -> bool:
    """Is it a price, and do the words name something that it does not speak of, as they ask for one ("а массаж сколько?" behind a manicure's) or
    so few that they would not find it alone ("а на хуавей?" behind a Samsung's)?"""
    names = row["things unspoken"] or 0 < row["known"] + row["unknown"] <= row["unspoken"]
    asks = row["of price"] or (row["words"] <= BRIEF and row["sure alone"] < LEAST)
    return bool(row["has price"] and (row["another"] or (names and asks)))


@cache
def shipped() -> Trees:
    """The trees in the package, read once a process."""
    text = (resources.files("truffles_rag_qdrant") / "data" / "following.json").read_text("utf-8")
    return read(json.loads(text), FEATURES)
