"""A text → the numbers of its features: its words, pairs of them, and the pieces of each word.

Spelling counts as little as it can: ё is е, Kazakh is folded to the letters of a Russian keyboard, transliteration and a wrong
layout are read as what they mean, digits are one sign. Pieces of words are what misspelt words and endings have in common.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from truffles_policy.language import detect
from truffles_policy.lemmas import (
    CACHE,
    clean,
    english_stem,
    fold,
    from_latin,
    from_layout,
    is_russian,
    normal,
    russian,
)

SIZE = 1 << 16
THING = "{thing}"
"""What stands for the name of a service or a product."""
LONGEST, MOST_WORDS = 600, 60
BEGINNING = 5
SHORTEST_PIECE, LONGEST_PIECE = 3, 5
_WORD = re.compile(r"\{thing\}|[^\W_]+(?:['’][^\W_]+)*|[?!]")
_LATIN = re.compile("[a-z]")


def words_of(text: str) -> list[str]:
    """The words of a text as features see them."""
    text = clean(text[:LONGEST]).lower()
    spoken = detect(text.replace(THING, " "))
    return [_plain(word, spoken) for word in _WORD.findall(text)[:MOST_WORDS]]


def _plain(word: str, spoken: str) -> str:
    if word == THING or not word[0].isalnum():
        return word
    if any(map(str.isdigit, word)):
        return re.sub(r"\d+", "0", word)
    plain = normal(word)
    if spoken in ("ru", "kk") and _LATIN.search(plain):
        plain = _meant(plain)
    return fold(plain)


def _meant(word: str) -> str:
    """A Latin word of a Russian or Kazakh message."""
    typed = from_layout(word)
    return typed if is_russian(typed) else from_latin(word)[0]


@lru_cache(CACHE)
def root(word: str) -> str:
    """What the forms of a word have in common: its lemma, its stem, or its beginning."""
    plain = normal(word)
    if is_russian(plain):
        return str(russian().parse(plain)[0].normal_form).replace("ё", "е")
    return english_stem(plain) if _LATIN.search(plain) else fold(plain)[:BEGINNING]


def features(words: Sequence[str]) -> list[int]:
    """The numbers of all features, each once."""
    return sorted({zlib.crc32(each.encode()) % SIZE for each in _features(words)})


def _features(words: Sequence[str]) -> Iterator[str]:
    for first, second in pairwise([*words, ""]):
        yield f"={first}"
        yield f"={first} {second}"
        if first[0].isalpha():
            yield from _pieces(f"<{first}>")


def _pieces(word: str) -> Iterator[str]:
    for length in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
        yield from (word[at : at + length] for at in range(len(word) - length + 1))
