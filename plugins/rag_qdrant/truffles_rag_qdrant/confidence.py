"""From how a chunk fits a question to the share of such chunks that really answer it: one logistic a model, and trees before it
where knowledge has wordings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np

from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.trees import NAME, Floats, Trees, shipped

LOCAL, WORDED = "use-m3", "+wordings"
_NEAR = {"cosine": 0.2, "meant": 0.2, "ahead": 0.0}
"""The most that nearness of meaning counts where another model measured it."""
_MARGIN = 0.5
SUREST = 0.84


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for `FEATURES`, and for what `trees` say of them, measured for one embedding model. `cautious` ones were measured
    for another: how alike two texts are says little then, doubt is greater, and whatever is answered is flagged for review."""

    weights: tuple[float, ...]
    bias: float
    cautious: bool = False
    trees: Trees | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What it has coefficients for."""
        return (*FEATURES, NAME) if self.trees else FEATURES

    def inputs(self, rows: Sequence[Sequence[float]] | Floats) -> Floats:
        """Features of candidates, and what the trees say of each."""
        known = np.asarray(rows, np.float64).reshape(-1, len(FEATURES))
        return np.column_stack([known, self.trees.score(known)]) if self.trees else known

    def confidences(self, rows: Sequence[Sequence[float]] | Floats) -> list[float]:
        """A number in 0..1 for each candidate."""
        known = np.asarray(rows, np.float64).reshape(-1, len(FEATURES))
        return self._careful(known) if self.cautious else self.shares(self.inputs(known)).tolist()

    def _careful(self, rows: Floats) -> list[float]:
        known = rows.copy()
        for name, most in _NEAR.items():
            known[:, FEATURES.index(name)] = np.minimum(known[:, FEATURES.index(name)], most)
        return [min(SUREST, share) for share in self.shares(self.inputs(known), _MARGIN).tolist()]

    def shares(self, inputs: Floats, margin: float = 0.0) -> Floats:
        """The same of what `inputs` gives."""
        total = inputs @ np.array(self.weights) + self.bias - margin
        return np.asarray(1 / (1 + np.exp(-np.clip(total, -30.0, 30.0))))

    def told(self) -> Mapping[str, str]:
        """As a record keeps it: what was measured behind trees counts behind these alone."""
        weights = json.dumps(dict(zip(self.names, self.weights, strict=True)))
        return {"weights": weights, "bias": repr(self.bias)} | ({NAME: self.trees.digest} if self.trees else {})


@cache
def calibration(model: str, *, worded: bool = False) -> Calibration:
    """The calibration of an embedding model that ships in the package, for knowledge that has wordings or for such without;
    where none does, the local model's with caution."""
    data = json.loads((resources.files("truffles_rag_qdrant") / "data" / "calibration.json").read_text("utf-8"))
    entry = data[(model if model in data else LOCAL) + (WORDED if worded else "")]
    trees = shipped(FEATURES) if NAME in entry["weights"] else None
    made = Calibration((), entry["bias"], cautious=model not in data, trees=trees)
    return replace(made, weights=tuple(entry["weights"].get(name, 0.0) for name in made.names))


def kept(model: str, records: Mapping[str, Mapping[str, str]], *, worded: bool = False) -> Calibration:
    """The calibration that was measured for the tenant, where there is one: of this model, and for what is looked at now."""
    record, ours = records.get(name_of(model, worded=worded)), calibration(model, worded=worded)
    weights = json.loads(record["weights"]) if record else {}
    if record is None or set(weights) != set(ours.names) or record.get(NAME) != ours.told().get(NAME):
        return ours
    measured = tuple(weights[name] for name in ours.names)
    return replace(ours, weights=measured, bias=float(record["bias"]), cautious=False)


def name_of(model: str, *, worded: bool = False) -> str:
    """The name of the record of a model's calibration."""
    return f"calibration:{model}{WORDED if worded else ''}"
