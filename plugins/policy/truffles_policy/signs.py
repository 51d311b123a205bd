"""Signs of an emergency in other words: one that a pack lists stands for all that mean the same, in every language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from truffles_policy.phrases import Phrases


@cache
def _kinds() -> tuple[tuple[tuple[str, ...], Phrases], ...]:
    text = resources.files("truffles_policy").joinpath("data", "signs.toml").read_text(encoding="utf-8")
    return tuple((tuple(kind), Phrases(kind)) for kind in tomllib.loads(text)["kinds"].values())


def in_other_words(signs: Iterable[str]) -> Mapping[str, str]:
    """What means the same as these signs, each with the first of them that it stands for."""
    listed, found = list(signs), dict[str, str]()
    for words, phrases in _kinds():
        sign = next((each for each in listed if phrases.first(each) >= 0), None)
        if sign is not None:
            found |= {each: sign for each in words if each not in listed}
    return found


__all__ = ["in_other_words"]
