"""What a retriever measures itself by: questions with the facts that answer them, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from truffles_gateway.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A customer's question and the ids of the facts that answer it (`services.gel`), none where nothing does. `tag` is the
    branch's `knowledge_tag`."""

    question: str
    facts: tuple[str, ...] = ()
    language: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The passages whose confidence is from `least` to `most`: how many, how sure on average, and which share is right."""

    least: float
    most: float
    count: int
    sure: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What calibrating an embedding model gave.

    questions  how many were asked, `known` of them with a fact that answers them
    before     how sure the retriever was, against what was right; `after` the same on questions not fitted on
    loss       the mean log loss before and after: less is better
    recall     by language, how many of the facts asked for were among the best five, and how many were asked for
    kept       whether running gateways use it from now on
    """

    model: str
    questions: int
    known: int
    before: tuple[Bin, ...]
    after: tuple[Bin, ...]
    loss: tuple[float, float]
    recall: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    kept: bool = False


@runtime_checkable
class Calibrating(Protocol):
    """Implemented by the hook object of a retriever whose confidence can be measured anew."""

    async def calibrate(
        self, questions: Sequence[Labelled], progress: Callable[[int, int, str], None], *, own: bool, keep: bool
    ) -> Calibrated:
        """Ask every question and fit the confidence to what was right; with `own`, the plugin's own questions besides. With
        `keep`, all processes use it from now on, unless it is no better. Raises `ConfigError` where there are too few."""
        ...


@runtime_checkable
class Advising(Protocol):
    """Implemented by hook objects that know what an operator had better do, though everything runs."""

    async def advice(self) -> Sequence[str]:
        """One line each, with the cure."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """Implemented by hook objects that find in their settings what is no fault and yet hardly meant."""

    def remarks(self) -> Sequence[ConfigError]:
        """Each with its key (`plugins.NAME.…`) and cure, from the settings alone: `truffles tenants check` tells them."""
        ...
