"""How long each part of a message's way took, from the stored trace, the customer's clock and the phone's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from truffles_gateway.cli.demo.wires import Written

HOOKS = ("on_inbound", "classify", "retrieve", "answer", "repair", "escalate")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds. `wait` is meant: a burst is given time to end. `total` runs from the last word to the reply."""

    accept: float
    wait: float
    stages: Mapping[str, float]
    think: float
    deliver: float
    total: float

    def line(self) -> str:
        """The way of the message in one line."""
        hooks = [f"{name} {took:.1f}" for name, took in self.stages.items()]
        begins, ends = (
            [f"accept {self.accept:.0f}", f"wait for the burst {self.wait:.0f}"],
            f"deliver {self.deliver:.0f}",
        )
        return f"ms: {' → '.join([*begins, *hooks, ends])}; read {self.total:.0f} ms after the last word"

    def row(self) -> list[str]:
        """A row of the table of times."""
        return [f"{value:.0f}" for value in (self.accept, self.wait, self.think, self.deliver, self.total)]


def times_of(story: Mapping[str, Any], written: Sequence[Written], read_at: float) -> Times:
    """Put the times of one turn together; `read_at` is when the reply was on the phone."""
    started = _epoch(story["started_at"])
    arrived = max(_epoch(event["at"]) for event in story["events"])
    took: dict[str, float] = {}
    for stage in story[
        "stages"
    ]:  # one may come twice: a draft that is kept back leaves the question to the next plugin
        took[stage["stage"]] = took.get(stage["stage"], 0.0) + float(stage.get("ms", 0.0))
    think = sum(took.values())
    return Times(
        accept=sum(each.accept_ms for each in written) / len(written),
        wait=1000 * (started - arrived),
        stages={name: took[name] for name in HOOKS if name in took},
        think=think,
        deliver=max(0.0, 1000 * (read_at - started) - think),
        total=1000 * (read_at - max(each.at for each in written)),
    )


def _epoch(value: str) -> float:
    return datetime.fromisoformat(value).timestamp()
