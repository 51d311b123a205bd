"""Do a few words go on about a fact that was told just before them? "А по времени?" says nothing that a price list could be searched for;
behind a price it asks for how long that takes.

What is found for the words alone says how sure they would be without it, and trees, grown on dialogues (`scripts/follow_ups.py`), weigh the
two against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np

from truffles_gateway.messages import Passage
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.index import FEATURES as FITS
from truffles_rag_qdrant.index import Asked, Entry, Index, speaks_of, spoken_share
from truffles_rag_qdrant.trees import Trees, read

LEAST = 0.6
"""As sure it must be that words go on about what was told."""
MOSTLY = 0.6
"""As much of the words must be said where the fact is spoken of."""
SURELY = 0.7
"""As sure it must be what another part of the message is about, for a part to go on about that."""
OF_FIT = ("coverage", "cosine", "uncovered", "strange", "spoken")
FEATURES = (*OF_FIT, "likely", "lead", "likeliest_other", "speaks", "speaks_itself", "of_price", "of_duration", "has_price",
            "has_duration", "words", "known", "unknown", "terms", "said", "other", "own")  # fmt: skip
_AT = [FITS.index(name) for name in OF_FIT]
_PRICE, _DURATION = "c:price", "c:duration"
_PRICED = re.compile(r"[₸$€]")
_LASTING = re.compile(r"\d ?(?:мин|ч|час|сут|дн|день|нед|мес|год|лет|min|h|day|week|month|year|сағ|күн|апта|ай|жыл)")


def row(asked: Asked, entry: Entry, index: Index, vector: Vectors, found: Sequence[Passage]) -> list[float]:
    """How words fit a fact that was told, in the order of `FEATURES`; `found` is what they find alone."""
    part, id = asked.part, entry.chunk.id
    fit = index.features(asked, entry, vector)
    likely = asked.likely.get(id, 0.0)
    plain = [term for term in part.terms if not term.ask]
    known = [term for term in plain if not term.unknown]
    return [
        *(float(fit[at]) for at in _AT),
        likely, asked.lead(likely), max((share for key, share in asked.likely.items() if key != id), default=0.0),
        speaks_of(part, entry), speaks_of(part, entry, itself=True), _PRICE in part.asked, _DURATION in part.asked,
        _PRICED.search(entry.chunk.text) is not None, _LASTING.search(entry.chunk.text) is not None,
        len(part.words), len(known), sum(term.unknown for term in part.terms),
        sum(term.key in entry.terms for term in plain) / max(1, len(plain)), spoken_share(part, entry),
        max((each.confidence for each in found if each.id != id), default=0.0),
        max((each.confidence for each in found if each.id == id), default=0.0),
    ]  # fmt: skip


def shares(rows: Sequence[Sequence[float]]) -> list[float]:
    """For each row how sure it is, in 0..1, that the fact is what is asked about: not at all where what the words say is said nowhere
    with the fact ("а цвета какие?"), unless they only ask for a price or a duration that it tells."""
    return [
        share if _is_spoken_of(row) else 0.0 for row, share in zip(rows, _scores(rows) if rows else (), strict=True)
    ]


def _is_spoken_of(row: Sequence[float]) -> bool:
    told = dict(zip(FEATURES, row, strict=True))
    asks = (told["of_price"] and told["has_price"]) or (told["of_duration"] and told["has_duration"])
    return told["spoken"] >= MOSTLY or bool(asks and not told["known"])


def _scores(rows: Sequence[Sequence[float]]) -> list[float]:
    return [float(each) for each in 1 / (1 + np.exp(-_shipped().score(np.array(rows, np.float64))))]


@cache
def _shipped() -> Trees:
    text = (resources.files("truffles_rag_qdrant") / "data" / "following.json").read_text("utf-8")
    return read(json.loads(text), FEATURES)
