"""For whom or what a fact holds. The price for another one is a wrong price, however much else agrees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from truffles_rag_qdrant.index import Entry
from truffles_rag_qdrant.part import Part

_UP_TO = re.compile(
    r"\bдо (\d{1,3}) (?:лет|года)\b|\b(\d{1,3}) жасқа дейін|\b(?:under|up to) (\d{1,3})\b", re.IGNORECASE
)
_YEARS = frozenset({"лет", "год", "года", "жас", "жаста", "жасар", "years", "year", "yo"})


def is_for_another(part: Part, entry: Entry) -> bool:
    """Does the question narrow down to something that the fact does not speak of: shins, pensioners, a boy of 12?"""
    narrowed = any(term.narrows and term.key not in entry.terms for term in part.terms)
    return narrowed or _is_too_old(part, entry.chunk.metadata.get("name", ""))


def _is_too_old(part: Part, name: str) -> bool:
    limit = _UP_TO.search(name)
    if limit is None:
        return False
    years = int(next(filter(None, limit.groups())))
    return any(age > years for age in _ages(part))


def _ages(part: Part) -> Sequence[int]:
    words = [word.text for word in part.words]
    return [int(one) for one, unit in pairwise(words) if unit in _YEARS and one.isdigit()]
