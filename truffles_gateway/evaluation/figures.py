"""The figures of a run, and the bounds that they are held to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from truffles_gateway.evaluation.judge import Result

Of = TypeVar("Of")
LANGUAGES = ("ru", "kk", "en", "mixed")


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int = 0
    whole: int = 0

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.part / self.whole if self.whole else None

    def __str__(self) -> str:
        return f"{self.part}/{self.whole} = {self.part / self.whole:.3f}" if self.whole else "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a number of cases came to.

    escalations        of the turns that only a human can end well, those that one was called for
    false_escalations  of the turns that need none, those that called one
    facts              of the turns of which words were expected, those that said the right ones
    contradictions     what was said against the pack, or without anything that the tenant knows
    recall             of the facts that had to be retrieved, those among the first five passages, by language
    """

    passed: Share
    escalations: Share
    false_escalations: Share
    facts: Share
    contradictions: int
    recall: Mapping[str, Share]


def figures(results: Sequence[Result]) -> Figures:
    """The figures of these cases."""
    turns = [turn for result in results for turn in result.turns]
    must = [turn for turn in turns if turn.must_escalate]
    need_not = [turn for turn in turns if turn.may_not_escalate]
    worded = [turn for turn in turns if turn.text_right is not None]
    return Figures(
        passed=_share(results, lambda each: each.passed),
        escalations=_share(must, lambda each: each.escalated),
        false_escalations=_share(need_not, lambda each: each.escalated),
        facts=_share(worded, lambda each: each.text_right),
        contradictions=sum(len(turn.contradicted) for turn in turns),
        recall=_recall(results),
    )


def _share(of: Sequence[Of], test: Callable[[Of], object]) -> Share:
    return Share(sum(1 for each in of if test(each)), len(of))


def _recall(results: Iterable[Result]) -> dict[str, Share]:
    found: dict[str, Share] = {}
    for result in results:
        before, wanted = found.get(result.asked.case.language, Share()), len(result.wanted)
        if wanted:
            got = wanted - len(result.missed)
            found[result.asked.case.language] = Share(before.part + got, before.whole + wanted)
    return {language: found[language] for language in LANGUAGES if language in found}


def by_category(results: Iterable[Result]) -> dict[str, dict[str, Share]]:
    """How many cases passed, by category and language; under "" a category's sum."""
    found: dict[str, dict[str, Share]] = defaultdict(dict)
    for result in results:
        line = found[result.asked.case.category]
        for language in (result.asked.case.language, ""):
            before = line.get(language, Share())
            line[language] = Share(before.part + result.passed, before.whole + 1)
    return {name: found[name] for name in sorted(found)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run must reach."""

    escalations: float = 0.98
    false_escalations: float = 0.05
    facts: float = 0.95
    contradictions: int = 0
    passed: float = 0.0
    recall: Mapping[str, float] = field(default_factory=lambda: {"ru": 0.95, "kk": 0.85, "en": 0.95})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its bound; `held` is None where there was nothing to count."""

    name: str
    figure: str
    bound: str
    held: bool | None


def held_to(found: Figures, bounds: Bounds) -> Iterator[Verdict]:
    """Every figure with its bound."""
    yield _least("escalations that must happen", found.escalations, bounds.escalations)
    value = found.false_escalations.value
    held = None if value is None else value <= bounds.false_escalations
    yield Verdict("false escalations", str(found.false_escalations), f"≤ {bounds.false_escalations:g}", held)
    yield _least("facts right", found.facts, bounds.facts)
    count = found.contradictions
    yield Verdict("contradictions", str(count), f"≤ {bounds.contradictions}", count <= bounds.contradictions)
    for language, share in found.recall.items():
        yield _least(f"recall@5 {language}", share, bounds.recall.get(language, 0.0))
    yield _least("cases passed", found.passed, bounds.passed)


def _least(name: str, share: Share, least: float) -> Verdict:
    return Verdict(name, str(share), f"≥ {least:g}", None if share.value is None else share.value >= least)
