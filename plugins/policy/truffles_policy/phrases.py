"""Phrases that a business writes itself, found in a message whatever their forms, order and slips.

A phrase is there if all of its words stand near each other in one sentence. A word that the phrase denies ("не
останавливается") must be denied in the message, and the other way round: "сильной боли нет" is no "сильная боль".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from truffles_policy.lemmas import ANY, Lexicon, fold, is_russian, normal, russian
from truffles_policy.patterns import STOP, Atom, Compiler, Token, tokens
from truffles_policy.synonyms import synonyms

SPARE = 4
"""So many other words may stand among those of a phrase."""
_BEFORE = frozenset(
    [
        "не",
        "ни",
        "нет",
        "без",
        "no",
        "not",
        "without",
        "don't",
        "dont",
        "doesn't",
        "doesnt",
        "didn't",
        "didnt",
        "won't",
        "wont",
        "can't",
        "cant",
        "isn't",
        "isnt",
        "never",
    ]
)
_AFTER = frozenset(["нет", "жоқ", "жок", "емес"])
_SMALL = frozenset(
    [
        "и",
        "а",
        "в",
        "во",
        "на",
        "с",
        "со",
        "у",
        "к",
        "по",
        "о",
        "от",
        "за",
        "для",
        "или",
        "the",
        "a",
        "an",
        "and",
        "of",
        "in",
        "on",
        "my",
        "our",
        "и",
        "да",
        "де",
        "мен",
    ]
)
_KAZAKH_NO = re.compile(r"(?:ма|ме|ба|бе|па|пе)(?:й|ид|ды|ди|ган|ген|са|се|с|ит|им)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class _Said:
    """A word of a phrase, and whether the phrase denies it."""

    atom: Atom
    denied: bool
    weakened: bool


class Phrases:
    """Phrases with a small lexicon of their own."""

    def __init__(self, phrases: Iterable[str]) -> None:
        compiler = Compiler(ANY, {})
        self._phrases = [(phrase, _said(phrase, compiler)) for phrase in phrases]
        self._lexicon = Lexicon(compiler.entries)

    def first(self, text: str) -> int:
        """The number of the first phrase that `text` holds; -1 if it holds none."""
        if not self._phrases:
            return -1
        words = tokens(text, self._lexicon)
        if not any(token.keys for token in words):
            return -1
        found = (number for number, (_, said) in enumerate(self._phrases) if said and _holds(words, said))
        return next(found, -1)

    def __getitem__(self, number: int) -> str:
        return self._phrases[number][0]


def _said(phrase: str, compiler: Compiler) -> tuple[_Said, ...]:
    words = [normal(found) for found in _WORD.findall(phrase.lower())]
    kept = [at for at, word in enumerate(words) if word not in _SMALL and word not in _BEFORE and word not in _AFTER]
    atoms = (_atom(words[at], compiler) for at in kept)
    denied = ((_denied(words, at), bool(_KAZAKH_NO.search(fold(words[at])))) for at in kept)
    return tuple(
        _Said(atom, is_denied, is_weakened) for atom, (is_denied, is_weakened) in zip(atoms, denied, strict=True)
    )


def _atom(word: str, compiler: Compiler) -> Atom:
    """A word in all its forms, whichever of them the phrase has, and the others of its meaning."""
    lemma = russian().parse(word)[0].normal_form.replace("ё", "е") if is_russian(word) else word
    elements = [element for each in (word, lemma, *synonyms(word)) for element in compiler.phrase(each).elements]
    return Atom(frozenset(key for each in elements if isinstance(each, Atom) for key in each.keys))


def _denied(words: Sequence[str], at: int) -> bool:
    before = at > 0 and words[at - 1] in _BEFORE
    return before or (at + 1 < len(words) and words[at + 1] in _AFTER)


def _holds(words: Sequence[Token], said: Sequence[_Said]) -> bool:
    """Do all the words of a phrase stand near each other?"""
    spelt = [token.word for token in words]
    places = [[at for at, token in enumerate(words) if _is(word, token, spelt, at)] for word in said]
    if not all(places):
        return False
    reach = len(said) + SPARE
    return any(
        all(any(first <= at < first + reach and not _ends(words, first, at) for at in each) for each in places)
        for first in sorted(at for each in places for at in each)
    )


def _is(word: _Said, token: Token, spelt: Sequence[str], at: int) -> bool:
    if not word.atom.keys & token.keys:
        return False
    weakened = bool(_KAZAKH_NO.search(fold(token.word)))
    return word.denied == _denied(spelt, at) and word.weakened == weakened


def _ends(words: Sequence[Token], first: int, last: int) -> bool:
    """Does a sentence end between two words?"""
    return any(token.gap == STOP for token in words[first + 1 : last + 1])
