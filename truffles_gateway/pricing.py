"""An owner's new price: which of the tenant's texts name the old one, and what would stand there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from truffles_gateway import prices
from truffles_gateway.overrides import PRICE, Override
from truffles_gateway.prices import Line, asked

__all__ = ["Change", "Text", "asked", "propose", "same"]
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the knowledge, and what stands above it."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a price would change. `problem` is the key of a text that says why it cannot; `text` is what customers would
    read of it, `before` and `after` what the owner is shown."""

    problem: str = ""
    text: str = ""
    before: str = ""
    after: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


def same(one: Override, other: Override) -> bool:
    """Are both a price for one service?"""
    both = one.kind == other.kind == PRICE and one.id != other.id
    return both and prices.is_about(one.subject, other.subject) and prices.is_about(other.subject, one.subject)


def propose(subject: str, new: int, texts: Sequence[Text], held: Sequence[Override]) -> Change:
    """The change that the owner is shown. It is measured against the texts as they stand but for an older price of the
    owner's for the same service, whose place it takes."""
    mine = Override(id="", kind=PRICE, subject=subject)
    others = [each for each in held if not same(each, mine)]
    older = next((each for each in reversed(held) if same(each, mine)), None)
    found = [line for text in texts for line in prices.lines(_with(text.text, others, text.title), subject, text.title)]
    exact = [line for line in found if line.exact]
    lines = list({line.text: line for line in exact or found}.values())
    if len({line.amount for line in lines}) > 1:
        return Change(problem="order_price_ambiguous", before=_list([line.text for line in lines]))
    return _change(subject, new, lines, older, is_exact=bool(exact))


def _change(subject: str, new: int, lines: Sequence[Line], older: Override | None, *, is_exact: bool) -> Change:
    text = f"{subject[:1].upper()}{subject[1:]} — {prices.shown(new)} ₸"
    old = lines[0].amount if lines else 0
    now = [_with(line.text, [older] if older else [], "") for line in lines] or ([older.text] if older else [])
    data = {"new": str(new), "old": str(old or ""), "exact": "1" if is_exact else ""}
    then = [_with(line.text, [Override(id="", kind=PRICE, subject=subject, data=data)], subject) for line in lines]
    text = then[0] if then else text
    if now and now == (then or [text]):
        return Change(problem="order_price_same", after=text)
    return Change(text=text, before=_list(now), after=_list(then) or text, data=data)


def _with(text: str, told: Sequence[Override], title: str) -> str:
    for each in told:
        text = each.applied(text, title)
    return text


def _list(lines: Sequence[str]) -> str:
    return "\n".join([*lines[:SHOWN], *(["…"] if len(lines) > SHOWN else [])])
