"""How sure a rule of the house is that stands alone: named in the question, and no other fact comes near it.

Customers tell stories around what they ask ("можно я с маленькой собачкой приду, она тихая"), and every word that no fact has
makes the question less like any. With prices that is as it must be: one word more may name another thing. Of pets, lateness or
the way in a business has one fact only: it is meant, whatever else is told, where all others are far.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from truffles_rag_qdrant.facts import PACK
from truffles_rag_qdrant.index import Asked, Entry

_HOUSE = re.compile(rf"{PACK}:(?:rules|place|payment)\.")
_DEEDS = frozenset({"rules.booking", "rules.rescheduling", "rules.cancellation", "payment.prepayment"})
_MENTIONED = frozenset({"rules.children", "rules.men", "rules.staff", "rules.guests", "place.amenities"})
_SUMS = frozenset({"c:price"})
_CAUTION = 0.3
"""What is taken off the log odds: a wrong answer is worse than a human who is called for nothing."""
_FAR, _FARTHEST = 4.0, 12.0


@dataclass(frozen=True, slots=True)
class Alone:
    """Coefficients, measured on the best fact of each question where that is of the house, with and without the right one."""

    odds: float
    lead: float
    bias: float

    def confidence(self, best: float, rivals: Iterable[float]) -> float:
        """A number in 0..1, from how sure the best fact is by itself and how sure its rivals are."""
        total = sum(
            weight * value for weight, value in zip((self.odds, self.lead), standing(best, rivals), strict=True)
        )
        return 1 / (1 + math.exp(_CAUTION - total - self.bias))


def standing(best: float, rivals: Iterable[float]) -> tuple[float, float]:
    """The log odds of the best fact, and by how much they lead: more than far is no farther."""
    odds = log_odds(best)
    return odds, min(_FAR, odds - log_odds(max(rivals, default=0.0)))


def log_odds(share: float) -> float:
    """The logarithm of how many times likelier it is than not, within bounds."""
    return max(-_FARTHEST, min(_FARTHEST, math.log(max(share, 1e-9) / max(1 - share, 1e-9))))


def is_of_the_house(id: str) -> bool:
    """Is it a rule of the house or something about the place, of which the pack has one?"""
    return _HOUSE.match(id) is not None


def is_rule(id: str) -> bool:
    """Is it one that may stand alone? Not what customers also want done or looked up (book, move, cancel, a prepayment): who wants
    that says the same words. Nor people and small things: a son, a master or a coffee is mentioned beside many a question."""
    return is_of_the_house(id) and id.removeprefix(f"{PACK}:") not in _DEEDS | _MENTIONED


def may_stand_alone(asked: Asked, entry: Entry) -> bool:
    """Is it a rule that answers what is asked? "How much" is not answered with one that tells no sum."""
    return is_rule(entry.chunk.id) and not any(key in _SUMS and key not in entry.terms for key in asked.part.asked)


def rivals(entry: Entry, others: Iterable[tuple[float, Entry]]) -> Sequence[float]:
    """How sure the others of the pack and of what was learnt are. Files often say the same again: they are no rivals."""
    return [sure for sure, one in others if one is not entry and one.chunk.metadata.get("origin") != "file"]
