"""From how a chunk fits a question to the share of such chunks that really answer it: one logistic a model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from truffles_rag_qdrant.index import FEATURES

LOCAL, WORDED = "use-m3", "+wordings"
_COSINE = FEATURES.index("cosine")
_LIKENESS = 0.2
_MARGIN = 0.5
_SUREST = 0.84


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for `FEATURES`, measured for one embedding model. `cautious` ones were measured for another: how alike
    two texts are says little then, doubt is greater, and whatever is answered is flagged for review."""

    weights: tuple[float, ...]
    bias: float
    cautious: bool = False

    def confidence(self, features: Sequence[float]) -> float:
        """A number in 0..1."""
        return self._careful(features) if self.cautious else self._share(features, 0.0)

    def _careful(self, features: Sequence[float]) -> float:
        known = [min(value, _LIKENESS) if at == _COSINE else value for at, value in enumerate(features)]
        return min(_SUREST, self._share(known, _MARGIN))

    def _share(self, features: Sequence[float], margin: float) -> float:
        total = self.bias + sum(weight * value for weight, value in zip(self.weights, features, strict=True)) - margin
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def told(self) -> Mapping[str, str]:
        """As a record keeps it."""
        return {"weights": json.dumps(dict(zip(FEATURES, self.weights, strict=True))), "bias": repr(self.bias)}


@cache
def calibration(model: str, *, worded: bool = False) -> Calibration:
    """The calibration of an embedding model that ships in the package, for knowledge that has wordings or for such without;
    where none does, the local model's with caution."""
    data = json.loads((resources.files("truffles_rag_qdrant") / "data" / "calibration.json").read_text("utf-8"))
    entry = data[(model if model in data else LOCAL) + (WORDED if worded else "")]
    return Calibration(tuple(entry["weights"][name] for name in FEATURES), entry["bias"], cautious=model not in data)


def kept(model: str, records: Mapping[str, Mapping[str, str]], *, worded: bool = False) -> Calibration:
    """The calibration that was measured for the tenant, where there is one: of this model, and for what is looked at now."""
    record = records.get(name_of(model, worded=worded))
    weights = json.loads(record["weights"]) if record else {}
    if record is None or set(weights) != set(FEATURES):
        return calibration(model, worded=worded)
    return Calibration(tuple(weights[name] for name in FEATURES), float(record["bias"]))


def name_of(model: str, *, worded: bool = False) -> str:
    """The name of the record of a model's calibration."""
    return f"calibration:{model}{WORDED if worded else ''}"
