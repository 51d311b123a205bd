"""From how a chunk fits a question to the share of such chunks that really answer it: one logistic a model."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from truffles_rag_qdrant.index import FEATURES


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for `FEATURES`, made by `python -m truffles_rag_qdrant.calibrate`."""

    weights: tuple[float, ...]
    bias: float

    def confidence(self, features: Sequence[float]) -> float:
        """A number in 0..1."""
        total = self.bias + sum(weight * value for weight, value in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@cache
def calibration(model: str) -> Calibration:
    """The calibration of an embedding model; the local model's where none was measured."""
    data = json.loads((resources.files("truffles_rag_qdrant") / "data" / "calibration.json").read_text("utf-8"))
    entry = data.get(model) or data["use-m3"]
    return Calibration(tuple(entry["weights"][name] for name in FEATURES), entry["bias"])
