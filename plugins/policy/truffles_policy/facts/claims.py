"""Which words of a message ask, name, date or say nothing: every word belongs to one of them, or to none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truffles_policy.facts.data import CLOCK, DAY, LIGHT, MONTH, OF_MONTH, asks
from truffles_policy.facts.names import SOLD
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import Word


@dataclass(frozen=True, slots=True)
class Claim:
    """Words `start` to `end` stand for `name` (what is asked for, a day, nothing) or name the things `found`."""

    name: str
    start: int
    end: int
    found: Found | None = None
    day: str = ""

    @property
    def is_ask(self) -> bool:
        """Does it ask for something?"""
        return self.found is None and not self.day and self.name != LIGHT

    @property
    def sold(self) -> bool:
        """Does it name services or products?"""
        return self.found is not None and self.found.things[0].kind in SOLD


def claims(words: Sequence[Word], things: Things) -> list[Claim]:
    """The longest claims that do not overlap, in the order of the message. Among equals a whole name of a thing comes
    first, then what is asked, then part of a name."""
    known = asks()
    waiting: list[tuple[int, int, int, Claim]] = []
    tokens = [word.token for word in words]
    for at in range(len(words)):
        for match in known.index.every(tokens, at):
            name = known.names[id(match.pattern)]
            claim = _claim(name, match.start, match.end, words)
            waiting.append((match.start - match.end, known.order[name], match.start, claim))
    asking = {at for *_, claim in waiting if claim.is_ask for at in range(claim.start, claim.end)}
    for found in (*things.find(words), *things.find(words, apart=asking)):  # an ask may be part of a name, or beside it
        rank = -1 if found.exact else len(known.order) - 1
        waiting.append((found.start - found.end, rank, found.start, Claim("", found.start, found.end, found)))
    taken: set[int] = set()
    kept: list[Claim] = []
    for _, _, _, claim in sorted(waiting, key=lambda each: each[:3]):
        places = set(range(claim.start, claim.end))
        if taken.isdisjoint(places):
            taken |= places
            kept.append(claim)
    return sorted(kept, key=lambda claim: claim.start)


def names_said(words: Sequence[Word]) -> frozenset[str]:
    """Everything that words could ask for or name, even where a longer row of them means something else."""
    known, tokens = asks(), [word.token for word in words]
    return frozenset(
        known.names[id(match.pattern)] for at in range(len(words)) for match in known.index.every(tokens, at)
    )


def _claim(name: str, start: int, end: int, words: Sequence[Word]) -> Claim:
    number = next((word.word for word in words[start:end] if word.word.isdigit()), "")
    if name == f"{DAY}{OF_MONTH}":
        return Claim(DAY, start, end, day=f"{OF_MONTH}{number[:2]}")
    if name.startswith(MONTH):
        return Claim(DAY, start, end, day=f"{int(name.removeprefix(MONTH)):02}-{int(number[:4] or 0):02}")
    if name.startswith(DAY):
        return Claim(DAY, start, end, day=name.removeprefix(DAY))
    return Claim(name, start, end)


__all__ = ["CLOCK", "Claim", "claims"]
