"""Which parts of a pack a heading names, and in which language it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from truffles_policy.draft.words import begins, data, low, mentions

_ROUTED = {"payment.text": ("payment.prepayment", "payment.instalments")}
"""Keys to which a line belongs that speaks of them, wherever below this heading it stands."""


@dataclass(frozen=True, slots=True)
class Named:
    """The keys that a heading names, and the languages in which it does."""

    keys: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()


@lru_cache(500)
def named(heading: str) -> Named:
    """What a heading names. "Дети и животные" names two."""
    whole = _stripped(low(heading))
    found = _of(whole)
    if found.keys:
        return found
    between = "|".join(map(re.escape, data()["words"]["between"]))
    parts = [_of(_stripped(part)) for part in re.split(rf"\s*(?:,|/|\s(?:{between})\s)\s*", whole) if part]
    keys = dict.fromkeys(key for part in parts for key in part.keys)
    return Named(tuple(keys), frozenset(each for part in parts for each in part.languages))


def _stripped(heading: str) -> str:
    first, _, rest = heading.partition(" ")
    return rest if rest and first in data()["words"]["lead"] else heading


def _of(text: str) -> Named:
    """The key whose heading begins the text; of several the one with the longest word."""
    between = {f" {word} " for word in data()["words"]["between"]}
    if any(word in text for word in between):
        return Named()
    best: tuple[int, str] = (0, "")
    languages: set[str] = set()
    for key, by_language in data()["headings"].items():
        for language, words in by_language.items():
            size = max((len(word) for word in words if begins(text, [word])), default=0)
            if size and (size, key) > best and size > best[0]:
                best, languages = (size, key), {language}
            elif size and key == best[1]:
                languages.add(language)
    return Named((best[1],), frozenset(languages)) if best[1] else Named()


def chosen(keys: Sequence[str], text: str) -> tuple[str, ...]:
    """Of the keys of a heading those that a line speaks of, all of them where it speaks of none."""
    routed = [other for key in keys for other in _ROUTED.get(key, ()) if _speaks(other, text)]
    speaking = [key for key in keys if _speaks(key, text)] if len(keys) > 1 else []
    return tuple(dict.fromkeys(routed or speaking or keys))


def _speaks(key: str, text: str) -> bool:
    return any(mentions(text, words) for words in data()["headings"][key].values())
