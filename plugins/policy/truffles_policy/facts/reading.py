"""A message read as a whole: what is asked, about what, for which day; and what stays unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from truffles_policy.facts.claims import Claim, claims
from truffles_policy.facts.clauses import (
    CARE,
    CAREFUL,
    OF_THINGS,
    Clause,
    forgive,
    hear_verbs,
    leave_deeds,
    leave_stories,
    narrow,
    split,
    story,
)
from truffles_policy.facts.data import CLOCK, DAY, LIGHT, MONTH, asks
from truffles_policy.facts.names import BRANCH, FILE, METHOD, PROMOTION, SOCIAL, SOLD, Thing
from truffles_policy.facts.things import Found, Things
from truffles_policy.lemmas import clean
from truffles_policy.patterns import STOP

NEEDS_THING = OF_THINGS - {"warranty", "preparation", "aftercare", "promotions"}
TIMED = frozenset({"hours", "until", "open_now"})
DATED = TIMED | {"promotions", "stock", "accept"}
OF_WHAT = frozenset({"prepayment", "instalments", "portfolio"})
OFFERS = ""
"""The ask of a thing alone: tell what there is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One question: what is asked (`OFFERS`: nothing but what there is), of which things, for which days (names of `days`
    or dates like "12-25"), paid or told how; not `clear`: something beside it was not understood. `text` is that part of the message, `share` how likely
    it is that this is asked, where examples read it."""

    ask: str
    things: tuple[Found, ...] = ()
    days: tuple[str, ...] = ()
    others: tuple[Thing, ...] = ()
    text: str = ""
    at: int = 0
    carried: bool = False
    qualified: bool = False
    clear: bool = True
    share: float = 1.0


def _is_borrowed(part: Part, murky: Iterable[str]) -> bool:
    """Is what it asks about but a part of a name, in a clause that is not understood ("есть штука на зубы от этого? почём")?"""
    return any(
        not found.exact and found.text not in part.text and any(found.text in text for text in murky)
        for found in part.things
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """`parts` in the order asked; `unread` are the content words that nothing explains, by clause; `named` are all services
    and products in it, asked about or not. Where examples read it, `idle` are the parts of it that ask nothing, `open`
    those whose question they do not know, and `plain` what everyday words alone make of it; `before` is what was asked last, `there` the branch that was spoken of, `perhaps`
    what may be asked, and is not told unasked; `full` is the text with the name of what was spoken of for the words that stand for it; `sources` are the facts that were told last."""

    text: str
    parts: tuple[Part, ...] = ()
    unread: tuple[str, ...] = ()
    opens: bool = False
    loose: tuple[str, ...] = ()
    branch: str = ""
    named: tuple[Found, ...] = ()
    idle: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    plain: Reading | None = None
    before: tuple[Part, ...] = ()
    perhaps: tuple[Part, ...] = ()
    full: str = ""
    there: str = ""
    sources: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Is everything in it understood?"""
        return not self.unread and bool(self.parts)


def read(text: str, things: Things) -> Reading:
    """Read one message, without what was said before it."""
    words = things.vocabulary.words(text)
    if not words:
        return Reading(text)
    clauses = list(split(clean(text), words, claims(words, things)))
    narrow(clauses, things)
    leave_deeds(clauses)
    leave_stories(clauses)
    hear_verbs(clauses, things)
    parts, branch = _Parts(clauses).made()
    forgive(clauses)
    unread = [clause for clause in clauses if clause.unread and not story(clause)]
    murky = {clause.text for clause in unread}
    parts = [replace(part, clear=part.text not in murky and not _is_borrowed(part, murky)) for part in parts]
    loose = tuple(day for clause in clauses for day in clause.days) if not parts else ()
    return Reading(
        text, tuple(parts), tuple(" ".join(word.token.text for word in clause.unread) for clause in unread),
        opens=_opens(text), loose=loose, branch=branch,
        named=tuple(each.found for clause in clauses for each in clause.claims if each.sold and each.found),
    )  # fmt: skip


def _opens(text: str) -> bool:
    first = clean(text).lower().split(maxsplit=1)[:1]
    return bool(first) and first[0].strip(",.") in asks().opening


class _Parts:
    """Asks and things of the clauses, put together."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = clauses
        every = [name for clause in clauses for name in clause.names]
        self._all = every
        self._sold = [claim for clause in clauses for claim in clause.claims if claim.sold]
        self._others = tuple(thing for clause in clauses for claim in clause.claims if claim.found
                             for thing in claim.found.things if thing.kind not in SOLD)  # fmt: skip
        self._strong = [name for name in every if name not in ("want", "where", "accept", "card", CLOCK)]

    def made(self) -> tuple[list[Part], str]:
        """The parts, and the branch that is named."""
        branches = [thing.id for thing in self._others if thing.kind == BRANCH]
        parts = [*self._of_things(), *self._of_place(), *self._named()]
        self._loose_ends(parts, bool(branches))
        parts.sort(key=lambda part: part.at)
        return _once(parts), branches[0] if len(set(branches)) == 1 else ""

    # --- of services and products

    def _of_things(self) -> Iterator[Part]:
        """Asks and things in turn: "A T T", "T A", "A T A": a thing takes the asks beside it, else those before it."""
        groups = [group for clause in self.clauses for group in _groups(clause)]
        if any(found for _, found, _ in groups):
            for at, (named, found, clause) in enumerate(groups):
                names, all_things = named, found
                if not names:
                    names = next((other[0] for other in (*groups[:at][::-1], *groups[at + 1 :]) if other[0]), [])
                if not all_things:
                    near = (*groups[:at][::-1], *groups[at + 1 :])
                    all_things = next((other[1] for other in near if other[1]), [])
                yield from self._group(names, all_things, clause, alone=not named)
            return
        for named, _, clause in groups:
            yield from self._group(named, [], clause, alone=False)

    def _group(self, names: Sequence[str], found: Sequence[Claim], clause: Clause, *, alone: bool) -> Iterator[Part]:
        asked = list(dict.fromkeys("price" if name == "how_much" else name for name in names))
        if found and not asked and not self._strong:
            asked = [OFFERS]
        if len(asked) > 1 and "offered" in asked:
            asked.remove("offered")
        if asked == ["offered"] and found and all(_belongs(claim, clause) for claim in found):
            return
        if found and not CARE.isdisjoint(asked):
            asked = [name for name in asked if name in CARE]
        start = min((claim.start for claim in (*found, *clause.claims)), default=clause.start)
        qualified = any(name in CAREFUL for name in clause.names) and not {"price", "duration"}.isdisjoint(asked)
        for name in asked:
            if not found and self._absorbed(name):
                continue
            things = tuple(claim.found for claim in found if claim.found)
            days = clause.days if name in DATED else ()
            others = self._others if name == "promotions" else ()
            yield Part(name, things, days, others, text=clause.text, at=start, qualified=qualified)

    def _absorbed(self, name: str) -> bool:
        """Is a weak ask without a thing said of something else ("сколько стоит парковка")?"""
        named = any(thing.kind != BRANCH for thing in self._others)
        return name in NEEDS_THING and (
            named or any(other not in OF_THINGS | {CLOCK, "card"} for other in self._strong)
        )

    # --- of the place, of money, of rules

    def _of_place(self) -> Iterator[Part]:
        for clause in self.clauses:
            priced = not {"price", "how_much"}.isdisjoint(clause.names) and not any(
                claim.sold for claim in clause.claims
            )
            for claim in clause.claims:
                # "Where" beside a thing's price is one question more, or none of its own: examples tell.
                if claim.name == "where" and self._sold and OF_THINGS.issuperset(self._strong):
                    clause.unread.append(clause.words[claim.start - clause.start])
                elif claim.is_ask and claim.name not in OF_THINGS and self._counts(claim.name, clause):
                    name = self._really(claim.name, clause)
                    days = clause.days if name in DATED else ()
                    if name in CAREFUL and self._sold and not {"offered"}.issuperset(set(clause.names) & OF_THINGS):
                        clause.unread.append(clause.words[claim.start - clause.start])
                    yield Part(name, (), days, self._others, text=clause.text, at=claim.start, qualified=priced)  # fmt: skip

    def _counts(self, name: str, clause: Clause) -> bool:
        if name == "where":
            return not [other for other in self._strong if other not in NEEDS_THING or self._sold] and not self._sold
        if name == "want":
            return not self._strong
        if name == "accept":
            return self._really(name, clause) != "accept" or not self._strong
        if name == "things_list" and self._sold:
            return False
        if name.startswith("amenity_") and not CARE.isdisjoint(clause.names):
            return False  # "через сколько можно кофе после отбеливания"
        return name not in (CLOCK, "card")

    def _really(self, name: str, clause: Clause) -> str:
        """What a word means here: "принимаете" people at an hour, or money."""
        if name == "where":
            return "address"
        if name == "price_list" and self._sold:
            return "price"
        if name == "accept":
            if clause.days or CLOCK in clause.names or "until" in clause.names:
                return "hours"
            paid = "card" in clause.names or any(thing.kind == METHOD for thing in self._others)
            return "payment" if paid else "accept"
        return name

    def _named(self) -> Iterator[Part]:
        """Ways to pay, promotions, files and accounts that are named without being asked for in so many words."""
        for clause in self.clauses:
            for claim in clause.claims:
                if claim.found is None or claim.sold:
                    continue
                name = self._ask_of(claim.found.things[0].kind, clause)
                if name:
                    yield Part(name, (), (), claim.found.things, text=clause.text, at=claim.start)

    def _ask_of(self, kind: str, clause: Clause) -> str:
        if kind == METHOD and "payment" not in self._all:
            asked = not {"offered", "accept"}.isdisjoint(clause.names)
            return "payment" if asked or (len(self.clauses) == 1 and not self._strong and clause.asked) else ""
        asked_for = {PROMOTION: "promotions", FILE: "file", SOCIAL: "social"}
        return asked_for.get(kind, "") if asked_for.get(kind) not in self._all else ""

    def _loose_ends(self, parts: Sequence[Part], branch: bool) -> None:
        """What was recognised and belongs to nothing that is asked stays unread: a day beside a price, an hour beside a
        thing, a way to pay in a story."""
        timed = any(part.ask in DATED for part in parts)
        paid = any(part.ask in ("payment", "prepayment", "instalments") for part in parts)
        only_day = not parts and not self._strong
        for clause in self.clauses:
            for claim in clause.claims:
                word = clause.words[claim.start - clause.start]
                day = bool(claim.day) and claim.day not in ("today", "daily") and not timed and not only_day
                lost = (claim.name == CLOCK and not timed) or (claim.name == "card" and not paid)
                method = claim.found is not None and claim.found.things[0].kind == METHOD and not paid
                if day or lost or method or (claim.name == "accept" and not _used(parts, clause, branch)):
                    clause.unread.append(word)


def _belongs(claim: Claim, clause: Clause) -> bool:
    """Does a thing only say of what a house rule is asked that stands before it ("есть вакансии мастера маникюра?")?"""
    before = [each for each in clause.claims if each.start < claim.start and each.name != LIGHT]
    if not before or before[-1].name in CAREFUL:
        return False
    last = before[-1]
    filed = last.found is not None and last.found.things[0].kind == FILE
    if not (filed or last.name.startswith("rules.") or last.name in OF_WHAT):
        return False
    between = clause.words[last.end - clause.start : claim.start - clause.start]
    return not any(word.word in asks().joins for word in between)


def _used(parts: Sequence[Part], clause: Clause, branch: bool) -> bool:
    return any(part.text == clause.text and part.ask != "accept" for part in parts)


def _groups(clause: Clause) -> Iterator[tuple[list[str], list[Claim], Clause]]:
    """Asks and things of a clause in turn; a clause that begins with an ask ends a group with its things, and the other way
    round."""
    letters = [claim for claim in clause.claims if claim.sold or claim.name in OF_THINGS]
    first = bool(letters) and not letters[0].sold
    asked: list[str] = []
    found: list[Claim] = []
    for claim in letters:
        turns = (first and not claim.sold and found) or (not first and claim.sold and asked)
        if turns:
            yield asked, found, clause
            asked, found = [], []
        if claim.sold:
            found.append(claim)
        else:
            asked.append(claim.name)
    if asked or found:
        yield asked, found, clause


def _once(parts: Sequence[Part]) -> list[Part]:
    """Each question once: by what is asked, of what, when."""
    found: dict[tuple[object, ...], Part] = {}
    for part in parts:
        key = (part.ask, tuple(each.things for each in part.things), part.days, part.others)
        found.setdefault(key, part)
    return list(found.values())


__all__ = ["DAY", "MONTH", "STOP", "Part", "Reading", "read"]
