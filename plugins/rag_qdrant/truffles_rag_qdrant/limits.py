"""For whom or what a fact holds. The price for another one is a wrong price, however much else agrees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from truffles_rag_qdrant.index import Asked, Entry, Told
from truffles_rag_qdrant.likeness import pieces
from truffles_rag_qdrant.part import Part
from truffles_rag_qdrant.reading import Term
from truffles_rag_qdrant.words import is_noun, is_russian

_UP_TO = re.compile(
    r"\bдо (\d{1,3}) (?:лет|года)\b|\b(\d{1,3}) жасқа дейін|\b(?:under|up to) (\d{1,3})\b", re.IGNORECASE
)
_PRICE = re.compile(
    r"\b(?:сто(?:ит|ят|ить)|стоимост\w*|цен[аыуе]|ценник\w*|поч[её]м|обойд[её]тся|т[ұу]рады|т[ұу]рад|ба[ғг]асы|how much|price[sd]?|costs?)\b|"
    r"\bск(?:олько|ока?|око)\s+(?:это\s+|вс[её]\s+)?(?:будет|выйдет)(?:\s+стоить)?\s*(?:[?!.,]|$)|"
    r"\b[қк]анша\s+бола(?:ды|д)\s*(?:[?!.,]|$)",
    re.IGNORECASE,
)
_PRICED = re.compile(
    r"[₸$€%]|\d{3}|\bтг\b|тенге|теңге|бесплат|платн|доплат|скид|вход(?:ит|ят)|прайс|цен[аыу]|тегін|ақылы|ақысыз|жеңілдік|баға|кіреді|\bfree\b|"
    r"\bpaid\b|charge|includ|price|discount|https?://",
    re.IGNORECASE,
)
"""What prices, or what is free, included or listed elsewhere, are told by."""
_MONTHS = {
    name: number
    for names in ("янв фев мар апр май июн июл авг сен окт ноя дек", "қаң ақп нау сәу мам мау шіл там қыр қаз қар жел",
                  "jan feb mar apr may jun jul aug sep oct nov dec", "янв фев мар апр мая июн июл авг сен окт ноя дек")
    for number, name in enumerate(names.split(), 1)
}  # fmt: skip
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(rf"\b(\d{{1,2}})\s+({_MONTH})|\b({_MONTH})\w*\s+(\d{{1,2}})\b", re.IGNORECASE)
_LASTS = re.compile(r"\b(?:до|по|с|остальн\w+|дейін|бастап|қалған|until|till|from|other)\b|–", re.IGNORECASE)
"""What tells of more days than it names."""
SAME_LETTERS, SHORTEST = 0.5, 3
_YEARS = frozenset({"лет", "год", "года", "жас", "жаста", "жасар", "years", "year", "yo"})


def is_for_another(asked: Asked, entry: Entry) -> bool:
    """Does the question narrow down to something that the fact does not speak of: shins, pensioners, a boy of 12, a model that
    nobody has, a bouquet of other than so many?"""
    part = asked.part
    others = any(key in entry.terms and count.is_of_others(entry) for key, count in asked.counted.items())
    narrowed = others or any(
        term.narrows and entry.terms.keys().isdisjoint({term.key, *term.said_by}) for term in part.terms
    )
    return narrowed or _is_too_old(part, entry.chunk.metadata.get("name", "")) or bool(asked.models & entry.words)


def is_that_many(asked: Asked, entry: Entry) -> bool:
    """Is it called by the number of what the question counts, and speaks of all else that it names?"""
    called = any(count.is_of(entry) for count in asked.counted.values())
    return called and asked.part.things <= entry.terms.keys()


def is_of_another_day(asked: Asked, entry: Entry) -> bool:
    """Is a day asked about, and the fact tells of certain other days alone?"""
    days, told = _dates(asked.part.text), entry.chunk.answer or entry.chunk.text
    known = _dates(told) if days else frozenset()
    return bool(known) and days.isdisjoint(known) and _LASTS.search(told) is None


def _dates(text: str) -> frozenset[tuple[int, int]]:
    return frozenset(
        (int(found[1] or found[4]), _MONTHS[(found[2] or found[3]).lower()]) for found in _DATE.finditer(text)
    )


def tells_no_price(asked: Asked, entry: Entry) -> bool:
    """Is a price asked for in so many words, and the fact has none? How long lashes last is no answer to what a refill costs."""
    chunk = entry.chunk
    if not _PRICE.search(asked.part.text) or _PRICE.search(chunk.question):
        return False
    return not _PRICED.search(chunk.answer or chunk.text)


def lacks_thing(asked: Asked, entry: Entry) -> bool:
    """Is the price of nothing asked for ("цена сколько?"), and the fact is not itself asked for so?"""
    return asked.part.lacks_thing and all(entry.terms.get(key, 0.0) < 1 for key in asked.part.asked)


def unspoken(asked: Asked, entry: Entry, told: Told) -> tuple[int, int]:
    """How many of the words that name something neither a fact nor a wording of it speaks of, in these words or in some with much the
    same letters; and how many of these are things: known ones, or nouns. "And the camera?" is not answered with the battery. `told` are the keys and the pieces of all that it is
    told and asked by."""
    keys, letters = told
    left = [term for term in asked.part.terms
            if not term.ask and term.key not in keys and term.key not in entry.terms and len(term.surface) >= SHORTEST]  # fmt: skip
    left = [term for term in left if len(pieces(term.surface) & letters) < SAME_LETTERS * len(pieces(term.surface))]
    return len(left), sum(_is_thing(term) for term in left)


def _is_thing(term: Term) -> bool:
    if not term.unknown:
        return not term.minor
    return is_russian(term.surface) and is_noun(term.surface)


def _is_too_old(part: Part, name: str) -> bool:
    limit = _UP_TO.search(name)
    if limit is None:
        return False
    years = int(next(filter(None, limit.groups())))
    return any(age > years for age in _ages(part))


def _ages(part: Part) -> Sequence[int]:
    words = [word.text for word in part.words]
    return [int(one) for one, unit in pairwise(words) if unit in _YEARS and one.isdigit()]
