"""Many small decision trees that together say how well a chunk fits a question, where a linear rule says too little: what a
feature is worth depends on the others (a likely chunk that covers no word of the question, say).

They are grown elsewhere (`scripts/calibrate.py`) and only read here: every tree is complete, so that all are walked at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

NAME = "trees"
"""What their score is called beside the features."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """`feature` and `most` have a row a tree and a column an inner node, breadth first: with more than `most` it goes right.
    `leaf` has the values at the ends, from left to right."""

    feature: npt.NDArray[np.intp]
    most: Floats
    leaf: Floats

    @property
    def digest(self) -> str:
        """The same for trees that say the same."""
        return hashlib.sha256(b"".join(part.tobytes() for part in (self.feature, self.most, self.leaf))).hexdigest()[
            :16
        ]

    def score(self, rows: Floats) -> Floats:
        """The sum of what all trees say of each row of features: a log-odds."""
        each, tree = np.arange(len(rows))[:, None], np.arange(len(self.leaf))
        at = np.zeros((len(rows), len(tree)), np.intp)
        inner = self.feature.shape[1]
        while at.size and at[0, 0] < inner:
            at = 2 * at + 1 + (rows[each, self.feature[tree, at]] > self.most[tree, at])
        return np.asarray(self.leaf[tree, at - inner].sum(axis=1))


@cache
def shipped(names: Sequence[str]) -> Trees:
    """Those in the package, whose features have these names."""
    text = (resources.files("truffles_rag_qdrant") / "data" / "trees.json").read_text("utf-8")
    return read(json.loads(text), names)


def read(data: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Trees:
    """Trees as they are stored: `by` the names of features, `most` where each divides, `leaf` the values at the ends. A node that
    divides nothing is by "" and leads left. Raises ValueError for a feature that there is none of."""
    numbers = {name: at for at, name in enumerate(names)} | {"": 0}
    unknown = {name for tree in data for name in tree["by"]} - numbers.keys()
    if unknown:
        raise ValueError(f"Trees know features that there are none of: {', '.join(sorted(unknown))}")
    most = [[at if by else np.inf for by, at in zip(tree["by"], tree["most"], strict=True)] for tree in data]
    return Trees(np.array([[numbers[name] for name in tree["by"]] for tree in data], np.intp),
                 np.array(most, np.float64), np.array([tree["leaf"] for tree in data], np.float64))  # fmt: skip
