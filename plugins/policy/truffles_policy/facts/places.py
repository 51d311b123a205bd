"""Where a business is and when it is open, told for the branch that is meant, or for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from truffles_policy.facts.data import OF_MONTH
from truffles_policy.facts.told import Say, Told
from truffles_policy.pack import opening
from truffles_policy.pack.opening import Opening, clock
from truffles_policy.pack.schema import BranchPlace, DayOff, Pack, Place
from truffles_policy.pack.values import DAYS, Words
from truffles_policy.pack.wording import sentence

SOON = 14
FEASTS = {"new_year": ((1, 1),), "nauryz": ((3, 21), (3, 22), (3, 23))}
_OFTEN_CLOSED = frozenset({(1, 1), (1, 2)})
"""Days on which a weekday's hours say nothing."""


class Places:
    """The places of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._pack, self._base = pack, pack.place
        self._branches: dict[str, BranchPlace] = {each.slug: each for each in pack.branches}

    def field(self, name: str, say: Say, *, key: str = "", prose: bool = True) -> list[Told]:
        """A text about the place; with `key`, within a sentence of the catalogue."""
        told: list[tuple[str, str, list[Told]]] = []
        for slug, place in self._asked(say):
            words: Words | None = getattr(place, name) or getattr(self._base, name)
            id = f"branches.{slug}.{name}" if slug and getattr(place, name) else f"place.{name}"
            told.append((slug, id, say.own(id, words, prose=prose)))
        if not told or not all(facts for _, _, facts in told):
            return []
        facts = [each[0] for _, _, each in told]
        if len({fact.text for fact in facts}) == 1:
            return [self._worded(facts[0], key, say)]
        named = [
            f"{say.words(self._branches[slug].name)}: {fact.text}"
            for (slug, _, _), fact in zip(told, facts, strict=True)
        ]
        return [Told(fact.id, text, fact.language, prose) for fact, text in zip(facts, named, strict=True)]

    def line(self, name: str, say: Say, key: str) -> list[Told]:
        """A line about the place that has no language: a phone, a link."""
        found = {slug: getattr(place, name) or getattr(self._base, name) for slug, place in self._asked(say)}
        if not found or not all(found.values()):
            return []
        if len(set(found.values())) == 1:
            value, slug = next(iter(found.values())), next(iter(found))
            own = slug and getattr(self._branches[slug], name)
            return [say.line(f"branches.{slug}.{name}" if own else f"place.{name}", say.text(key, value=value))]
        return [say.line(f"branches.{slug}.{name}", f"{say.words(self._branches[slug].name)}: {value}")
                for slug, value in found.items()]  # fmt: skip

    def hours(self, days: Sequence[str], say: Say, kind: str = "hours") -> list[Told]:
        """The hours: of the week, of the days named, until when today, or whether it is open now."""
        texts: dict[str, str] = {}
        for slug, place in self._asked(say):
            open_at = opening.of(place, self._base)
            text = self._hours(open_at, days, kind, say) if open_at.known or days else ""
            if not text:
                return []
            texts[slug] = text
        if len(set(texts.values())) == 1:
            slug = next(iter(texts))
            own = slug and (self._branches[slug].hours or self._branches[slug].exceptions) and say.branch
            return [say.line(f"branches.{slug}.hours" if own else "place.hours", next(iter(texts.values())))]
        return [
            say.line(f"branches.{slug}.hours", f"{say.words(self._branches[slug].name)}: {text}")
            for slug, text in texts.items()
        ]

    def shut(self, say: Say) -> str:
        """That it is closed now; "" where it is open, where nobody knows, and where the branches differ."""
        hours = [opening.of(place, self._base) for _, place in self._asked(say)]
        told = {"" if open_at.until(say.now) is not None else self._now(open_at, say) for open_at in hours}
        return told.pop() if len(told) == 1 else ""

    def _asked(self, say: Say) -> list[tuple[str, Place]]:
        """The place that is meant: the branch, each of several, or the only one there is."""
        if say.branch in self._branches:
            return [(say.branch, self._branches[say.branch])]
        return [(slug, place) for slug, place in self._branches.items()] or [("", self._base)]

    def _worded(self, fact: Told, key: str, say: Say) -> Told:
        text = say.text(key, value=fact.text.rstrip(".")) if key else fact.text
        return Told(fact.id, sentence(text), fact.language, fact.prose)

    # --- hours

    def _hours(self, open_at: Opening, days: Sequence[str], kind: str, say: Say) -> str:
        asked = [day for day in days if day != "daily"]
        if asked:
            return " ".join(filter(None, dict.fromkeys(self._day(open_at, day, say) for day in asked)))
        if kind == "open_now":
            return self._now(open_at, say)
        week = say.hours(open_at)
        if kind == "until" and week:
            return " ".join(filter(None, (self._today(open_at, say), week)))
        if kind == "week":
            return week
        off = open_at.off(say.now.date())
        today = self._today(open_at, say) if off else ""
        return " ".join(filter(None, (week, today, *self._soon(open_at, say))))

    def _today(self, open_at: Opening, say: Say) -> str:
        return self._on(open_at, say.now.date(), say.text("fact_today"), say)

    def _now(self, open_at: Opening, say: Say) -> str:
        if open_at.on(say.now.date()) is None:
            return ""
        until = open_at.until(say.now)
        if until is not None:
            spans = open_at.on(say.now.date()) or ()
            return (
                say.text("fact_open_round") if opening.is_round(spans) else say.text("fact_open_now", time=clock(until))
            )
        opens = open_at.next(say.now)
        closed = say.text("fact_closed_now")
        if opens is None:
            return closed
        day, minute = opens
        return f"{closed} {say.text('fact_opens', day=_lowered(self._name(day, say)), time=clock(minute))}"

    def _day(self, open_at: Opening, day: str, say: Say) -> str:
        today = say.now.date()
        if day == "holidays":
            return " ".join(self._offs(open_at, say, opening.AHEAD))
        if day in FEASTS:
            dates = [_coming(today, month, number) for month, number in FEASTS[day]]
            return " ".join(dict.fromkeys(self._off(each, off, say) for each in dates if (off := open_at.off(each))))
        if day in ("weekend", "weekdays"):
            wanted = DAYS[5:] if day == "weekend" else DAYS[:5]
            dates = [_next(today, DAYS.index(each)) for each in wanted]
            return self._several(open_at, dates, say)
        when = _date(day, today)
        if when is None or ((when.month, when.day) in _OFTEN_CLOSED and open_at.off(when) is None):
            return ""
        return self._on(open_at, when, self._label(day, when, say), say)

    def _several(self, open_at: Opening, dates: Sequence[date], say: Say) -> str:
        told = [self._on(open_at, each, self._on_day(each, say), say) for each in dates]
        return " ".join(told) if all(told) else ""

    def _on(self, open_at: Opening, day: date, label: str, say: Say) -> str:
        """What a day's hours are, as a sentence that begins with `label`."""
        spans = open_at.on(day)
        if spans is None:
            return ""
        off = open_at.off(day)
        return say.opens(label, spans, off.why if off else None)

    def _soon(self, open_at: Opening, say: Say) -> list[str]:
        today = say.now.date()
        return [self._off(day, off, say) for day, off in open_at.ahead(today, SOON) if day > today]

    def _offs(self, open_at: Opening, say: Say, days: int) -> list[str]:
        return [self._off(day, off, say) for day, off in open_at.ahead(say.now.date(), days)]

    def _off(self, day: date, off: DayOff, say: Say) -> str:
        end = opening.last(off, day)
        label = self._dated(day, say) if end == day else f"{self._dated(day, say)} – {self._dated(end, say)}"
        return say.opens(label, off.hours, off.why)

    def _label(self, day: str, when: date, say: Say) -> str:
        if day in ("today", "tomorrow"):
            return say.text(f"fact_{day}")
        return self._on_day(when, say) if day in DAYS else self._dated(when, say)

    def _name(self, day: date, say: Say) -> str:
        """Today, tomorrow, or the day of the week."""
        ahead = (day - say.now.date()).days
        return say.text(("fact_today", "fact_tomorrow")[ahead]) if ahead < 2 else self._on_day(day, say)

    def _on_day(self, day: date, say: Say) -> str:
        return say.items("fact_on_days")[day.weekday()]

    def _dated(self, day: date, say: Say) -> str:
        return say.dated(day.month, day.day)


def _date(day: str, today: date) -> date | None:
    """The date that a word means; None if there is none."""
    ahead = {"today": 0, "tomorrow": 1, "after_tomorrow": 2}
    if day in ahead:
        return today + timedelta(days=ahead[day])
    if day in DAYS:
        return _next(today, DAYS.index(day))
    month, _, number = day.partition("-")
    if f"{month}-" == OF_MONTH:
        return next((each for each in _ahead(today, 62) if each.day == int(number)), None)
    try:
        return _coming(today, int(month), int(number))
    except ValueError:
        return None


def _ahead(today: date, days: int) -> Iterator[date]:
    return (today + timedelta(days=ahead) for ahead in range(days))


def _next(today: date, weekday: int) -> date:
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _coming(today: date, month: int, day: int) -> date:
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _lowered(text: str) -> str:
    """Inside a sentence."""
    return text[:1].lower() + text[1:]
