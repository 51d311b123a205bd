"""The calibration in the package is the one that the dev set gives, and it holds."""

from __future__ import annotations

import numpy as np
import pytest
from truffles_rag_qdrant.calibrate import fit
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.evaluate import own_questions, run


def test_logistic_regression_finds_what_separates() -> None:
    rows = np.array([[0.0, 1.0], [0.1, 0.0], [0.9, 1.0], [1.0, 0.0]] * 20)
    weights, bias = fit(rows, np.array([0.0, 0.0, 1.0, 1.0] * 20))
    assert weights[0] > 3 and abs(weights[1]) < 1 and bias < 0


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["dev.tsv", "heldout.tsv", "heldout_everyday.tsv"])
async def test_questions_are_answered_and_the_unknown_is_left_to_a_human(name: str) -> None:
    outcomes = await run(*await own_questions(LocalEmbedder(), name))
    known = [one for one in outcomes if one.case.kind != "unknown"]
    unknown = [one for one in outcomes if one.case.kind == "unknown"]
    assert sum(one.answered for one in known) >= 0.7 * len(known)
    assert sum(one.wrong for one in known) <= 0.1 * len(known)
    assert sum(one.wrong for one in unknown) <= 0.1 * len(unknown)
