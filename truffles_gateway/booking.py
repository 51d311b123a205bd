"""A customer's wish for a time, as the conversation remembers it: what is known, what is asked next, how it is said. Pure.

wish ─▶ collected, a question at a time, three at most ─▶ at the desk ─ Подтвердить ──▶ told, over
            ▲        │ not wanted any more, 24 h of silence               ├ Нет мест ─────▶ told, over
            │        └▶ forgotten                                         └ Другое время ─▶ told
            └──────────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from truffles_gateway.records import Commit, Conversation, Work
from truffles_gateway.tenants import Tenant

KEY = "booking"
"""The conversation's word for the booking; hooks read it as JSON in `Turn.context`."""
NEW = "new"
"""In the place of a handover's id: that of the handover which the same commit opens."""
MOST_QUESTIONS, MOST_OF_ONE = 3, 2
ASKS = ("service", "when", "name")
WHEN, TIMES = ("day", "until", "time", "till", "bound", "part", "words"), ("time", "till", "bound", "part", "words")
VAGUE = frozenset({"any", "soon"})
LONGEST = 200

Say = Callable[..., str]
"""A text of the catalogue in one language: `say(key, **values)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is known of a booking. `asked` is the question that waits for its answer ("day" and "time" are parts of "when"),
    `offer` the name that it offers, `counts` how often each was asked; `handover` is the one that it was passed on with. `by`
    is the event that made it so, and `before` what it was: a turn that is thought about again starts from there. Once people
    have it, `seen` are those of them who read it as it is now; None where it is still what their card says."""

    at: datetime
    slots: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[str, ...] = ASKS
    asked: str = ""
    offer: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    handover: str = ""
    remark: str = ""
    by: str = ""
    before: Mapping[str, Any] | None = None
    seen: tuple[str, ...] | None = None

    def stored(self) -> dict[str, Any]:
        """As the conversation's context keeps it."""
        return {
            "at": self.at.isoformat(), "slots": dict(self.slots), "asks": list(self.asks), "asked": self.asked,
            "offer": self.offer, "counts": dict(self.counts), "handover": self.handover, "remark": self.remark,
            "by": self.by, "before": self.before, "seen": None if self.seen is None else list(self.seen),
        }  # fmt: skip

    @property
    def questions(self) -> int:
        """How many questions were asked."""
        return sum(self.counts.values())

    def merged(self, slots: Mapping[str, str], at: datetime) -> Booking:
        """With what a message says: a new day takes the place of the old one, a new time that of any time."""
        gone: set[str] = set()
        if "day" in slots:
            gone |= {"day", "until", "words"}
        if any(name in slots for name in TIMES):
            gone |= set(TIMES)
        if "service" in slots:
            gone |= {"service", "service_id", "service_said"}
        kept = {key: value for key, value in self.slots.items() if key not in gone}
        new = {key: value[:LONGEST] for key, value in slots.items() if value}
        return replace(self, slots=kept | new, at=at)

    def without(self, refused: Mapping[str, str]) -> Booking:
        """Without the day or time that just turned out to be impossible: it may be known from before, when nobody had said at
        which branch, or on which day."""
        if not refused.get("day") or refused["day"] != self.slots.get("day"):
            return self
        exact = next((name for name in ("time", "part") if refused.get(name)), "")
        if exact and refused[exact] != self.slots.get(exact):
            return self
        gone = TIMES if exact else ("day", "until")
        return replace(self, slots={key: value for key, value in self.slots.items() if key not in gone})

    def without_time(self) -> Booking:
        """Only what another time would leave as it is."""
        return replace(self, slots={key: value for key, value in self.slots.items() if key not in WHEN})

    @property
    def is_exact(self) -> bool:
        """Does it name one day and one time, as somebody can agree to?"""
        return (
            bool(self.slots.get("day") and self.slots.get("time"))
            and not {"until", "till", "bound"} & self.slots.keys()
        )

    def lacks(self) -> str:
        """What is to be asked next; "" if everything is known or has been asked often enough."""
        if self.questions >= MOST_QUESTIONS:
            return ""
        for slot in self.asks:
            wanted = self._lacking(slot)
            if wanted and self._asked_of(slot) < MOST_OF_ONE:
                return wanted
        return ""

    def _asked_of(self, slot: str) -> int:
        names = ("when", "day", "time") if slot == "when" else (slot,)
        return sum(self.counts.get(name, 0) for name in names)

    def _lacking(self, slot: str) -> str:
        if slot != "when":
            return "" if self.slots.get(slot) else slot
        known = self.slots
        if known.get("words") or known.get("part") in VAGUE:
            return ""
        if not known.get("day"):
            return "day" if known.get("time") or known.get("part") else "when"
        if known.get("time") or known.get("part"):
            return "day" if known.get("until") and known.get("time") else ""
        return "when" if known.get("until") else "time"


def stored(context: Mapping[str, Any]) -> Booking | None:
    """The booking that a context holds, however old."""
    raw = context.get(KEY)
    if not isinstance(raw, Mapping):
        return None
    return Booking(
        at=datetime.fromisoformat(raw["at"]), slots=raw["slots"], asks=tuple(raw["asks"]), asked=raw["asked"],
        offer=raw["offer"], counts=raw["counts"], handover=raw["handover"], remark=raw["remark"],
        by=raw["by"], before=raw["before"],
        seen=tuple(raw["seen"]) if raw.get("seen") is not None else None,
    )  # fmt: skip


def read(conversation: Conversation, now: datetime, hours: float, work: Work) -> Conversation:
    """The conversation with its booking as this turn finds it: without one that is over, and without what the turn's own
    events brought about when they were first thought about, because nobody read that."""
    found = stored(conversation.context)
    if found is None:
        return conversation
    if not found.handover and found.by in {event.id for event in work.events}:
        return _with(conversation, found.before)
    over = found.handover != conversation.handover_id if found.handover else now - found.at > timedelta(hours=hours)
    return _with(conversation, None) if over else conversation


def _with(conversation: Conversation, booking: Mapping[str, Any] | None) -> Conversation:
    kept = {key: value for key, value in conversation.context.items() if key != KEY}
    return replace(conversation, context=kept | ({KEY: booking} if booking else {}))


def stamped(context: Mapping[str, Any], before: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The context of a decision, with what its booking was before and which event changed it."""
    new, old = context.get(KEY), before.get(KEY)
    if not isinstance(new, Mapping):
        return dict(context)
    old = {**old, "before": None} if isinstance(old, Mapping) else None
    return {**context, KEY: {**new, "by": by, "before": old}}


def bind(made: Commit) -> None:
    """A booking that is passed on belongs to the handover which this commit opens."""
    assert made.after is not None
    known = stored(made.after.context)
    if known and known.handover == NEW:
        bound = replace(known, handover=made.after.handover_id).stored()
        made.touch(context={**made.after.context, KEY: bound})


def on_card(about: Conversation | None, tenant: Tenant) -> dict[str, str]:
    """What the desk is shown of the booking, in the tenant's first language; nothing where nothing is known."""
    known = stored(about.context) if about else None
    if about is None or known is None or not known.slots:
        return {}
    language = tenant.config.languages[0]
    return shown(
        known.slots, lambda key, **values: tenant.texts.get(key, language, **values), name=about.name, phone=about.phone
    )


def of_handover(conversation: Conversation, handover_id: str) -> Booking | None:
    """The booking that was passed on with a handover."""
    found = stored(conversation.context)
    return found if found and handover_id and found.handover == handover_id else None


# --- in words ---------------------------------------------------------------------------------------------------------


def spoken_when(slots: Mapping[str, str], say: Say) -> str:
    """Day and time as people say them: "пятница, 25 декабря, 15:00"."""
    if slots.get("words") and not slots.get("day"):
        return say("book_words", text=slots["words"])
    day = _days(slots, say)
    time = spoken_time(slots, say)
    return ", ".join(filter(None, [day, time]))


def spoken_time(slots: Mapping[str, str], say: Say) -> str:
    """The time alone: "15:00", "после 18:00", "15:00–17:00", "после обеда"."""
    time, till, part = slots.get("time", ""), slots.get("till", ""), slots.get("part", "")
    if time and till:
        return f"{time}–{till}"
    if time and slots.get("bound"):
        return say(f"book_{slots['bound']}", time=time)
    words = say("book_words", text=slots["words"]) if slots.get("words") else ""
    return time or (say(f"book_part_{part}") if part else words)


def _days(slots: Mapping[str, str], say: Say) -> str:
    if not slots.get("day"):
        return ""
    first = spoken_day(date.fromisoformat(slots["day"]), say)
    if not slots.get("until"):
        return first
    return say("book_days", since=first, until=spoken_day(date.fromisoformat(slots["until"]), say))


def spoken_day(day: date, say: Say) -> str:
    """A real date with its weekday."""
    return say("book_day", weekday=say(f"weekday_{day.weekday()}"), day=day.day, month=say(f"month_{day.month}"))


def shown(slots: Mapping[str, str], say: Say, *, name: str = "", phone: str = "") -> dict[str, str]:
    """What a desk shows of it; what is not known is left out."""
    lines = {
        "service": slots.get("service", ""), "when": spoken_when(slots, say), "name": slots.get("name") or name,
        "phone": f"+{phone}" if phone else "",
    }  # fmt: skip
    return {key: value for key, value in lines.items() if value}


def summary(slots: Mapping[str, str], say: Say, *, name: str = "") -> str:
    """The whole in one line, for the desk."""
    return ", ".join(shown(slots, say, name=name).values())


def said(slots: Mapping[str, str], say: Say, *, name: str = "") -> str:
    """The whole in one line, as the customer reads it."""
    return summary({**slots, "service": slots.get("service_said") or slots.get("service", "")}, say, name=name)
