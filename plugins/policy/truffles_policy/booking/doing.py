"""What somebody wants to come for, in their own words, where the pack calls nothing so: "на диагностику", "for a check up"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from truffles_policy.booking.data import booking_data
from truffles_policy.booking.lexing import Tok, lex
from truffles_policy.booking.names import is_given
from truffles_policy.lemmas import fold, is_russian, normal, russian

MOST, SHORTEST, LONGEST = 4, 3, 600
_CLAUSES = re.compile(r"[.,;!?\n]+")
_WISHED = re.compile(
    r"запи[шс]\w*|бронир\w*|бронь|место|места|окошк\w*|окно|можно|хочу|хотел\w*|appointment|\bbook\w*|\bslots?\b|reserv\w*|\bcome\b|\bvisit\b|\bsession\b",
    re.IGNORECASE,
)
_KAZAKH = re.compile(
    r"\b(?P<what>(?:[^\W\d_]{1,30}\s+){0,3}[^\W\d_]{1,30}у(?:[ғг][ае](?=\s+(?:мені\s+|мени\s+|бізді\s+)?жаз)|(?=\s+керек)))",
    re.IGNORECASE,
)
_TO_COME = re.compile(r"^(?:жазыл|кел|бар)у|(?:[қкғг][ае])$", re.IGNORECASE)
_NO_SERVICE = re.compile(
    r"^(?:жазыл|кел|бар|кет|төле|толе|біл|бил|күт|кут|хабарлас|сұра|сура|айт|жет|ал)у", re.IGNORECASE
)
_STREET = re.compile(r"(?:ова|ева|ёва|ина|ского|ская)$", re.IGNORECASE)
_FOR = {"на": "ru", "for": "en"}
_ARTICLES = frozenset({"a", "an", "the", "my", "our", "some"})


def done(text: str) -> str:
    """What shall be done, as it was said; "" where nobody says it."""
    clauses = (clause for clause in _CLAUSES.split(text[:LONGEST]) if _WISHED.search(clause))
    return _kazakh(text[:LONGEST]) or next((shown for clause in clauses if (shown := _behind(clause))), "")


def _kazakh(text: str) -> str:
    """ "тісімді қаратуға жазыңызшы", "итімді көрсету керек"."""
    found = _KAZAKH.search(text)
    words = found["what"].split() if found else []
    first = max(
        (at + 1 for at, word in enumerate(words[:-1]) if _TO_COME.search(word) or _is_of_time(lex(word))), default=0
    )
    kept = words[first:]
    other = any(map(_NO_SERVICE.match, words[-1:])) or any(fold(word) in _nothing() for word in kept)
    return "" if not kept or other else " ".join(kept)


def _behind(clause: str) -> str:
    """The words behind a "на" or "for" that is said after a wish for a time, up to the next small word or time."""
    wish, tokens = _WISHED.search(clause), lex(clause)
    for at, token in enumerate(tokens):
        language = _FOR.get(token.text)
        if language and wish and token.start >= wish.start():
            words = list(_until(tokens[at + 1 :], language))
            if shown := _shown(words):
                return shown
    return ""


def _until(tokens: Sequence[Tok], language: str) -> Iterator[str]:
    taken = 0
    for token in tokens:
        if token.text in _ARTICLES and not taken:
            continue
        if taken == MOST or _is_of_time([token]) or token.text in _ends()[language] or not token.text[0].isalpha():
            return
        taken += 1
        yield token.text


def _is_of_time(tokens: Sequence[Tok]) -> bool:
    return bool(tokens) and bool(tokens[0].kinds.keys() - {"word"})


def _shown(words: Sequence[str]) -> str:
    """The words, if they may name something that is done: a noun in the accusative, or a word that no dictionary has; nobody's name."""
    if not words or any(fold(word) in _nothing() for word in words) or not any(map(_is_noun, words)):
        return ""
    return " ".join(words) if _may_begin(words[0]) else ""


def _may_begin(word: str) -> bool:
    known = normal(word)
    if len(word) < SHORTEST or is_given(word) or _STREET.search(word):
        return False
    return not is_russian(known) or any(
        "accs" in str(each.tag)
        for each in russian().parse(known)
        if not {"Name", "Surn", "anim"} & set(each.tag.grammemes)
    )


def _is_noun(word: str) -> bool:
    known = normal(word)
    return not is_russian(known) or "NOUN" in russian().parse(known)[0].tag


@lru_cache(1)
def _ends() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in booking_data()["ends"].items()}


@lru_cache(1)
def _nothing() -> frozenset[str]:
    """What is no service by itself: "на запись", "for two"."""
    return frozenset(fold(word) for words in booking_data()["no_service"].values() for word in words.split())
