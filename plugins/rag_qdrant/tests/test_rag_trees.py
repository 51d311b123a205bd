"""The trees that weigh how well a chunk fits a question: they say what whoever grew them meant, and what ships is sensible."""

from __future__ import annotations

import json

import numpy as np
import pytest
from truffles_rag_qdrant.confidence import LOCAL, Calibration, calibration, kept, name_of
from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.trees import read, shipped

TREE = {"by": ["height", "", "width"], "most": [1.0, 0.0, 5.0], "leaf": [-1.0, 9.0, 2.0, 4.0]}
"""Low ones are worth -1; of high ones narrow ones 2 and wide ones 4. What the node without a feature has on its right is never met."""


def test_each_row_takes_its_own_way_through_every_tree() -> None:
    trees = read([TREE, TREE | {"leaf": [10.0, 0.0, 20.0, 30.0]}], ("width", "height"))
    rows = np.array([[9.0, 1.0], [5.0, 1.5], [5.1, 1.5]])
    assert trees.score(rows).tolist() == [9.0, 22.0, 34.0]
    assert trees.score(rows[:0]).tolist() == []


def test_trees_of_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match="height"):
        read([TREE], ("width",))


@pytest.mark.parametrize(
    ("name", "worse", "better"), [("asked", 0.0, 0.9), ("behind", 0.6, 0.0), ("strange", 2.0, 0.0)]
)
def test_what_speaks_for_a_chunk_never_makes_it_less_sure(name: str, worse: float, better: float) -> None:
    """Whatever else is true of it."""
    draw = np.random.default_rng(7)
    rows = draw.uniform(0, 1, (500, len(FEATURES)))
    low, high = rows.copy(), rows.copy()
    low[:, FEATURES.index(name)], high[:, FEATURES.index(name)] = worse, better
    gained = shipped(FEATURES).score(high) - shipped(FEATURES).score(low)
    assert gained.min() >= -1e-9 and gained.max() > 0.1


def test_what_a_tenant_measured_counts_beside_the_trees() -> None:
    """A record of other features, or of other trees, is of another version: what ships counts instead."""
    ours = calibration(LOCAL, worded=True)
    rows = np.full((1, len(FEATURES)), 0.5)
    stricter = Calibration(ours.weights, ours.bias - 2, trees=ours.trees)
    record = {name_of(LOCAL, worded=True): dict(stricter.told())}
    assert kept(LOCAL, record, worded=True).confidences(rows) == stricter.confidences(rows) < ours.confidences(rows)
    old = {name_of(LOCAL, worded=True): {"weights": json.dumps({"coverage": 1.0}), "bias": "0.0"}}
    assert kept(LOCAL, old, worded=True) == ours
    regrown = {name: told | {"trees": "of others"} for name, told in record.items()}
    assert kept(LOCAL, regrown, worded=True) == ours


def test_another_model_is_never_surer() -> None:
    """How alike texts are says little there, and whatever is answered is looked through."""
    rows = np.random.default_rng(3).uniform(0, 1, (200, len(FEATURES)))
    ours, others = calibration(LOCAL, worded=True), calibration("some/other", worded=True)
    for near in ("cosine", "meant", "ahead"):
        rows[:, FEATURES.index(near)] = 0.0
    assert all(b <= a for a, b in zip(ours.confidences(rows), others.confidences(rows), strict=True))
    assert max(others.confidences(rows)) <= 0.84
