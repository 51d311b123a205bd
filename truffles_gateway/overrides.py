"""What an owner said that holds before everything else, until it expires: a pause, a notice, a price. Pure.

A tenant carries its own; whether one holds is asked of the clock at each use, so that nothing has to run when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from truffles_gateway import prices
from truffles_gateway.messages import OWNER_SAYS, Passage

PAUSE, NOTICE, PRICE = "pause", "notice", "price"
PROPOSED, ACTIVE, ENDED = "proposed", "active", "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One thing that the owner said.

    branch   where it holds: slugs with spaces between (branches may share a group); "" everywhere
    subject  PRICE: the service as the owner named it
    text     NOTICE, PRICE: as a customer may read it
    until    when it ends by itself, None: never. Of a proposal, when it is too old to be agreed to
    data     PRICE: `new`, `old` ("" where no text names one) and `exact` (see `prices`)
    """

    id: str
    kind: str
    branch: str = ""
    subject: str = ""
    text: str = ""
    until: datetime | None = None
    status: str = ACTIVE
    actor: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def holds(self, now: datetime, branch: str) -> bool:
        """Does it hold at `branch` now?"""
        here = not self.branch or branch in self.branch.split()
        return here and self.status == ACTIVE and (self.until is None or now < self.until)

    def applied(self, text: str, title: str = "") -> str:
        """A text of the tenant's with this price in the place of the old one."""
        if self.kind != PRICE or not self.data.get("old"):
            return text
        old, new, exact = int(self.data["old"]), int(self.data["new"]), bool(self.data.get("exact"))
        return prices.with_price(text, self.subject, old, new, exact=exact, title=title)


def holding(all_: Iterable[Override], now: datetime, branch: str = "") -> tuple[Override, ...]:
    """Those that hold at `branch` now, the oldest first: a later one is applied to what an earlier one left."""
    return tuple(each for each in all_ if each.holds(now, branch))


def pause(all_: Iterable[Override], now: datetime, branch: str = "") -> Override | None:
    """The pause that ends last, None if the bot is at work."""
    found = [each for each in holding(all_, now, branch) if each.kind == PAUSE]
    return max(found, key=lambda each: (each.until is None, each.until or now), default=None)


def outrank(found: Sequence[Passage], told: Sequence[Override], question: str, heading: str) -> list[Passage]:
    """What was retrieved, with the owner's prices in it, behind what the owner said. `heading` stands above a notice."""
    passages = [_priced(each, told) for each in found]
    queries = list(dict.fromkeys(each.query for each in passages)) or [question]
    notices = [_passage(each, query, heading) for each in told if each.kind == NOTICE for query in queries]
    fresh = [_passage(each, _query(queries, each, question), "") for each in _latest_prices(told)
             if prices.is_about(question, each.subject) and not any(_says(one, each) for one in passages)]  # fmt: skip
    return [*notices, *fresh, *passages]


def priced(texts: Iterable[str], told: Sequence[Override]) -> tuple[str, ...]:
    """Texts of the tenant's with the owner's prices."""
    return tuple(_applied(text, told, "") for text in texts)


def _priced(passage: Passage, told: Sequence[Override]) -> Passage:
    about = passage.title or passage.question
    text, answer = _applied(passage.text, told, about), _applied(passage.answer, told, passage.question or about)
    changed = (text, answer) != (passage.text, passage.answer)
    return replace(passage, text=text, answer=answer) if changed else passage


def _applied(text: str, told: Sequence[Override], title: str) -> str:
    for each in told:
        text = each.applied(text, title)
    return text


def _latest_prices(told: Sequence[Override]) -> list[Override]:
    """One price a service: the last one."""
    return list({each.subject.lower(): each for each in told if each.kind == PRICE}.values())


def _says(passage: Passage, price: Override) -> bool:
    """Does a passage name this price already?"""
    named = prices.lines(passage.answer or passage.text, price.subject, passage.title or passage.question)
    return any(str(line.amount) == price.data["new"] for line in named)


def _query(queries: Sequence[str], price: Override, question: str) -> str:
    return next((query for query in queries if prices.is_about(query, price.subject)), question)


def _passage(said: Override, query: str, heading: str) -> Passage:
    source = OWNER_SAYS if said.kind == NOTICE else f"{OWNER_SAYS}: {PRICE}"
    return Passage(id=f"override:{said.id}", text=said.text, confidence=1.0, query=query, source=source, title=heading)
