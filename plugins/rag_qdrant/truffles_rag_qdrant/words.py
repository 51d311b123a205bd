"""Letters and words: folding, tokens, stems, transliteration and the wrong keyboard layout. No tenant, no state."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from threading import Lock
from typing import Any

import pymorphy3
import snowballstemmer

KAZAKH = frozenset("әғқңөұүһі")
_FOLD = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
LONGEST_WORD = 40
_TOKEN = re.compile(r"[a-zа-я0-9]+")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")  # of letters only: the zeros of "4000" are none too many
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?!\d)")
_KEYS = str.maketrans(
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.`",
    "йцукенгшщзхъфывапролджэячсмитьбюё",
)
_SOUNDS = (
    ("shch", "щ"), ("sch", "щ"), ("yo", "е"), ("jo", "е"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"),
    ("sh", "ш"), ("yu", "ю"), ("ju", "ю"), ("iu", "ю"), ("ya", "я"), ("ja", "я"), ("ia", "ия"), ("ye", "е"),
    ("a", "а"), ("b", "б"), ("c", "с"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"),
    ("j", "ж"), ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"),
    ("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"), ("w", "у"), ("x", "х"), ("y", "ы"), ("z", "з"), ("4", "ч"),
    ("'", "ь"),
)  # fmt: skip
_SOUND = dict(_SOUNDS)
_LATIN = re.compile("|".join(re.escape(latin) for latin, _ in _SOUNDS))
_SHORT = 0.2  # "vi", "др": hardly the thing that is asked for
_LIGHT_POS = frozenset({"PREP", "CONJ", "PRCL", "INTJ", "NPRO", "PRED"})
_WEIGHTS = {"INFN": 0.7, "VERB": 0.5, "GRND": 0.5, "PRTF": 0.5, "PRTS": 0.5, "ADVB": 0.3, "NUMR": 0.3, "COMP": 0.3}

_BESIDE = frozenset({"PREP", "CONJ", "PRCL", "INTJ", "NPRO", "NUMR", "ADVB"})
_QUALITIES = frozenset({"ADJF", "ADJS", "PRTF", "PRTS", "COMP"})
_MEASURES = frozenset(
    ["год", "месяц", "неделя", "день", "килограмм", "кг", "см", "сантиметр", "метр", "рост", "вес", "возраст", "лето"]
)


def fold(text: str) -> str:
    """Lower case, ё as е, Kazakh letters as the Russian ones that people type for them, "ааа" as "а"."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_FOLD)
    return _LONG_RUN.sub(r"\1", text)


def tokens(text: str) -> list[str]:
    """The folded words and numbers of a text: "4 000" is the number 4000. Nothing longer than 40 letters is a word."""
    whole = _THOUSANDS.sub(lambda match: match[0].replace(" ", ""), fold(text))
    return [word[:LONGEST_WORD] for word in _TOKEN.findall(whole)]


def looks_kazakh(word: str) -> bool:
    """Does the word hold a letter that Russian lacks?"""
    return not KAZAKH.isdisjoint(word.lower())


def is_latin(word: str) -> bool:
    """Is it written in Latin letters?"""
    return any("a" <= letter <= "z" for letter in word)


def from_latin(word: str) -> str:
    """Transliterated: "manikur" → "маникур"."""
    return _LATIN.sub(lambda match: _SOUND[match.group()], word)


def from_layout(word: str) -> str:
    """Typed on the wrong keyboard layout: "vfybr.h" → "маникюр"."""
    return word.lower().translate(_KEYS).translate(_FOLD)


@cache
def _morph() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


_STEMMING = Lock()
"""A stemmer keeps the word that it works on: two threads would cut each other's."""


@cache
def _stemmers() -> dict[bool, snowballstemmer.stemmer]:
    return {True: snowballstemmer.stemmer("english"), False: snowballstemmer.stemmer("russian")}


@lru_cache(maxsize=20_000)
def is_russian(word: str) -> bool:
    """Is it a word that a Russian dictionary holds? Such a word is never "corrected"."""
    return bool(_morph().word_is_known(word))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The word without its ending."""
    with _STEMMING:
        return str(_stemmers()[is_latin(word)].stemWord(word))


@lru_cache(maxsize=20_000)
def gravity(word: str) -> float:
    """How much a word that we do not know weighs in a question: 0 grammar, less for adverbs and verbs, 1 the rest."""
    if word.isdigit():
        return 0.1
    if is_latin(word) or not is_russian(word):
        return 1.0 if len(word) > 2 else _SHORT
    part = _morph().parse(word)[0].tag.POS
    return 0.0 if part in _LIGHT_POS else _WEIGHTS.get(part, 1.0)


@lru_cache(maxsize=4_096)
def is_noun(word: str) -> bool:
    """Could it be the name of a thing?"""
    return not is_russian(word) or _morph().parse(word)[0].tag.POS == "NOUN"


@lru_cache(maxsize=4_096)
def describes(word: str) -> bool:
    """May it stand in words that only say of what kind, how much or how old?"""
    return word.isdigit() or (is_russian(word) and (_read(word).tag.POS in _BESIDE or is_quality(word)))


@lru_cache(maxsize=4_096)
def is_quality(word: str) -> bool:
    """Does it say itself of what kind, or how old, as adjectives and measures do?"""
    return is_russian(word) and (_read(word).tag.POS in _QUALITIES or _read(word).normal_form in _MEASURES)


def _read(word: str) -> Any:
    return _morph().parse(word)[0]
