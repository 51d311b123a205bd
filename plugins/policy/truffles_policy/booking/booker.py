"""A message → what it adds to a booking. What was collected so far comes with the turn, and goes back as slots."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Author, Inbound, Line, Route, Turn, Verdict, told_last
from truffles_policy.booking.calendar import Calendar
from truffles_policy.booking.dates import is_only_time, read
from truffles_policy.booking.doing import done
from truffles_policy.booking.moments import Moment
from truffles_policy.booking.names import introduced, is_for_another, is_given, plain, signed, wished
from truffles_policy.booking.services import ServiceFinder
from truffles_policy.booking.settle import Rules, Settled, settle
from truffles_policy.booking.wishes import wishes
from truffles_policy.facts.things import Things
from truffles_policy.pack.opening import Opening
from truffles_policy.pack.schema import Category, Pack, Service
from truffles_policy.pack.values import said
from truffles_policy.patterns import Token
from truffles_policy.rules import SIGNALS, Finding

STRONGER = frozenset({*SIGNALS, "shouting", "emergency", "stuck"})
SMALL_TALK = frozenset({"greeting", "thanks", "acknowledge", "noise", "identity", "off_topic"})
SINCE, LINES = timedelta(minutes=30), 3
MOST = 80
_PARTS = re.compile(r"[.,;!?\n]+|\s(?:и|а|но|and|but|және|ал)\s")
_NUMBERS = re.compile(r"\d[\d:.]*(?:-?[тдқкғг][ае]\b|\s[тдқкғг][ае]\b)?")
_YES = re.compile(r"\s*(?:да|ага|угу|иә|ия|yes|yeah|yep|sure|ok|ок)\b", re.IGNORECASE)
_NOTED = re.compile(r"\w(?:[гғкқ][ае]|н[ае])\s+(?:\S+\s+){0,2}?жаз", re.IGNORECASE)
"""For what somebody shall be noted: "маникюрге жазыңызшы"; "маникюр туралы жазыңыз" asks for news of it."""
WHEN = frozenset({"when", "day", "time"})


@dataclass(frozen=True, slots=True)
class Open:
    """A booking that is being collected: `asked` is the open question, `offer` the name that it offers; `sent`: the desk
    has it already."""

    slots: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    offer: str = ""
    sent: bool = False

    @classmethod
    def of(cls, turn: Turn) -> Open | None:
        """The booking of a turn, None if there is none."""
        try:
            stored = json.loads(turn.context.get("booking") or "null")
        except ValueError:
            return None
        if not isinstance(stored, dict):
            return None
        slots = stored.get("slots")
        known = {str(key): str(value) for key, value in slots.items()} if isinstance(slots, dict) else {}
        return cls(known, str(stored.get("asked") or ""), str(stored.get("offer") or ""), bool(stored.get("handover")))


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, read: its words, whether it asks something, and what it says for a booking; `only_when`: nothing but a time."""

    words: Sequence[Token]
    asks: bool
    moment: Moment
    services: tuple[tuple[str, str], ...]
    name: str
    only_when: bool = False

    @property
    def service(self) -> tuple[str, str] | None:
        """What it names to be done, the first of it."""
        return self.services[0] if self.services else None

    @property
    def nothing(self) -> bool:
        """Does it say nothing for a booking?"""
        return self.moment.nothing and self.service is None and not self.name


class Reader(Protocol):
    """What examples make of a message."""

    def is_no_wish(self, text: str) -> bool:
        """Is it surely a question that facts answer, however much it sounds like a wish for a time?"""
        ...

    def wishes(self, text: str) -> bool:
        """Is a time wished for?"""
        ...


class Booker:
    """Reads the bookings of one tenant; `week` tells hours in the words of a language, `reader` what examples
    make of a message."""

    def __init__(self, pack: Pack, things: Things, week: Callable[[Opening, str], str], reader: Reader) -> None:
        self._reader = reader
        self._pack, self._find, self._week, self._wishes = pack, ServiceFinder(pack, things), week, wishes()
        self._rules = Rules(pack.booking.lead_minutes, pack.booking.days_ahead)

    def verdict(self, turn: Turn, message: Inbound, finding: Finding, language: str) -> Verdict | None:
        """What the message means for a booking; None: nothing, the other rules decide."""
        known = Open.of(turn)
        if finding.rule in STRONGER or not self._pack.booking.enabled:
            return None
        heard = self._hear(turn, message.text, known)
        if known is None:
            return self._begins(turn, message, finding, heard, language)
        if known.sent:
            return self._changes(turn, known, finding, self._late_name(message.text, known, heard), language)
        return self._goes_on(turn, message, known, finding, heard, language)

    def _hear(self, turn: Turn, text: str, known: Open | None) -> Heard:
        words = self._wishes.words(text)
        asks = self._wishes.asks(words)
        if asks and (self._wishes.wish(words) is None or (known and known.slots)):
            text = self._unasked(text)
        today = turn.now.astimezone(ZoneInfo(turn.timezone)).date()
        moment = read(text, today, expected=known is not None and known.asked in WHEN)
        found = self._services(words, text) or (self._services(words, _NUMBERS.sub(" ", text)) if moment.clock else ())
        name = introduced(text) or self._called(wished(text), today) or self._signed(text, known, today)
        return Heard(words, asks, moment, found, name, not moment.nothing and is_only_time(text))

    def _services(self, words: Sequence[Token], text: str) -> tuple[tuple[str, str], ...]:
        """What shall be done; more than one thing only where nothing is told of before, and nothing is asked of them."""
        found = self._find.together(text)
        if len(found) > 1 and not self._wishes.implies(words, ""):
            return found[:1]
        if len(found) > 1 and self._wishes.asks(words):
            return self._find.together(self._unasked(text)) or found[:1]
        return found

    def _signed(self, text: str, known: Open | None, today: date) -> str:
        """With whose name a message ends; where no question of a booking waits, it must be a known one."""
        return self._called(signed(text, surely=known is None or not known.asked), today)

    def _called(self, name: str, today: date) -> str:
        """A name that is neither a service, a branch nor a day."""
        taken = name and self._find.is_name_of_ours(name, exactly=is_given(name.split(maxsplit=1)[0]))
        return "" if taken or not name or not read(name, today).nothing else name

    def _unasked(self, text: str) -> str:
        """The parts of a text that ask nothing."""
        parts = (part for part in _PARTS.split(text) if part.strip())
        return ", ".join(part for part in parts if not self._wishes.asks(self._wishes.words(part)))

    def _begins(self, turn: Turn, message: Inbound, finding: Finding, heard: Heard, language: str) -> Verdict | None:
        """A wish for a time, a service that is wanted or stands with a time, or a yes to "shall we write you down?"."""
        wish = self._wishes.wish(heard.words)
        doubtful = wish is None or "?" in message.text
        timed = wish is not None and heard.moment.clock is not None
        if (
            doubtful
            and not timed
            and (heard.moment.nothing or "?" in message.text)
            and self._reader.is_no_wish(message.text)
        ):
            return None
        if self._wishes.brings(heard.words) and not (heard.moment.clock or heard.moment.part):
            return None
        sounds = not heard.asks and self._wishes.implies(heard.words, message.text)
        is_told = heard.moment.clock is not None or (heard.service is not None and bool(_NOTED.search(message.text)))
        noted = self._wishes.notes(heard.words) and not heard.asks and is_told
        signed = bool(heard.name) and not (heard.asks or heard.moment.nothing)
        wished = wish is not None or noted or ((sounds or signed) and self._reader.wishes(message.text))
        named = heard.service is not None and (not heard.moment.nothing or self._wishes.wants(heard.words))
        implied = named and (sounds or (signed and self._wishes.implies(heard.words, "")))
        if not wished and not implied and not self._accepts(turn, heard, asked="?" in message.text):
            return None
        why = " ".join(token.text for token in heard.words[wish.start : wish.end]) if wish else finding.words
        slots = self._slots(turn, heard, Open(), language)
        known = {**self._told_before(turn, message.text, language), **slots.slots}
        return self._book(Settled(known, slots.refused), language, f"policy: booking, by “{why}”", business=heard.asks)

    def _accepts(self, turn: Turn, heard: Heard, *, asked: bool) -> bool:
        """Is it a yes to the business's own "shall we write you down?"?"""
        lines = self._pack.texts.call_to_action
        last = turn.history[-1] if turn.history else None
        if not lines or last is None or last.author is not Author.BOT or heard.asks:
            return False
        if not any(last.text.rstrip().endswith(line.strip()) for line in lines.values()):
            return False
        if heard.only_when and not asked:
            return True  # "в субботу после обеда"
        # "ок, хорошо. а лицензию можно посмотреть?" begins with a yes and is none
        return self._wishes.begins_with_yes(heard.words) and not (asked and heard.moment.nothing)

    def _told_before(self, turn: Turn, text: str, language: str) -> Mapping[str, str]:
        """What was said before the wish: the service that was spoken of, and who it is; or what shall be done, as it stands."""
        before, doing = self._before(turn), self._doing(text)
        slots = self._service(before, language) if before else {"service": doing} if doing else {}
        name = next((name for line in self._lately(turn) if (name := introduced(line.text))), "")
        return {**slots, **({"name": name} if name else {})}

    def _doing(self, text: str) -> str:
        """What shall be done, in the customer's words; a branch or a day is none."""
        doing = done(text)
        return "" if doing and self._find.is_name_of_ours(doing, exactly=False) else doing[:MOST]

    def _lately(self, turn: Turn) -> list[Line]:
        """The latest lines of the customer, the last one first."""
        lately = [line for line in turn.history if line.author is Author.CUSTOMER and turn.now - line.at <= SINCE]
        return lately[-LINES:][::-1]

    def _before(self, turn: Turn) -> tuple[str, str] | None:
        """The service that the customer was told of last, or spoke of right before."""
        if told := self._find.told(told_last(turn.history, turn.now, SINCE)):
            return told
        return next((found[0] for line in self._lately(turn) if (found := self._find(line.text))), None)

    def _late_name(self, text: str, known: Open, heard: Heard) -> Heard:
        """A bare name, where none was asked for any more."""
        name = "" if heard.name or known.slots.get("name") else plain(text)
        return replace(heard, name=name) if name and is_given(name.split(maxsplit=1)[0]) else heard

    def _changes(self, turn: Turn, known: Open, finding: Finding, heard: Heard, language: str) -> Verdict | None:
        """Another time or service for a booking that the desk has already."""
        another = heard.service is not None and (self._wishes.changes(heard.words) or self._wishes.adds(heard.words))
        wished = self._wishes.wish(heard.words) is not None or not heard.moment.nothing or another
        wished = wished or bool(heard.name and not known.slots.get("name"))
        if heard.asks or heard.nothing or not wished or finding.rule in SMALL_TALK:
            return None
        return self._book(self._slots(turn, heard, known, language), language, "policy: booking changed")

    def _goes_on(
        self, turn: Turn, message: Inbound, known: Open, finding: Finding, heard: Heard, language: str
    ) -> Verdict | None:
        """The next words while a booking is collected."""
        if ends := self._ends(message.text, known, finding, heard, language):
            return ends
        if known.asked == "name" and known.offer and self._wishes.agrees(heard.words):
            return self._book(Settled({"name": known.offer}), language, "policy: booking, the offered name")
        interrupts = self._interrupts(message.text, known, finding, heard)
        heard = self._kept(message.text, known, heard, interrupts=interrupts)
        if heard.moment.nothing and heard.service is None and not heard.asks and not interrupts:
            language = turn.context.get("language") or language  # a name tells no language
        found = self._slots(turn, heard, known, language)
        if known.asked == "name" and known.offer and not heard.name and found.slots and _YES.match(message.text):
            found = replace(found, slots={**found.slots, "name": known.offer})  # "да, и ещё маникюр"
        if interrupts or (heard.asks and self._wishes.wish(heard.words) is None):
            return self._asks(found, language)
        if heard.nothing and (finding.rule in SMALL_TALK or "?" in message.text):
            return None
        if heard.nothing:
            found = Settled(self._as_told(message.text, known), found.refused)
            if not found.slots and not known.asked and self._wishes.wish(heard.words) is None:
                return None
        return self._book(found, language, "policy: booking goes on", business=heard.asks)

    def _interrupts(self, text: str, known: Open, finding: Finding, heard: Heard) -> bool:
        """Is it a question in between that has none of the words that ask ("а снять старые у вас можно?")?"""
        if heard.name or self._wishes.wish(heard.words) is not None or finding.rule in SMALL_TALK:
            return False
        supposes = self._wishes.supposes(heard.words)
        if heard.moment.nothing and ("?" in text or self._wishes.may(heard.words)) and self._is_another(known, heard):
            return True
        may = supposes or (heard.moment.nothing and (heard.service is None or "?" in text))
        return may and self._reader.is_no_wish(text)

    def _is_another(self, known: Open, heard: Heard) -> bool:
        """Does it name another service than the booking's, and not in place of that?"""
        if heard.service is None or not known.slots.get("service") or self._wishes.changes(heard.words):
            return False
        return not self._find.covers(known.slots.get("service_id", ""), heard.service[1])

    def _kept(self, text: str, known: Open, heard: Heard, *, interrupts: bool) -> Heard:
        """What of a message counts for the booking: of a question nothing, and no service that is theirs already, was, or is
        no more than what is known."""
        if interrupts:
            return replace(heard, moment=Moment(), services=())
        if heard.service is None or not known.slots.get("service") or self._wishes.changes(heard.words):
            return heard
        less = all(self._find.covers(known.slots.get("service_id", ""), each[1]) for each in heard.services)
        told = self._wishes.wish(heard.words) is None and not self._wishes.implies(heard.words, "")
        return replace(heard, services=()) if less or told else heard

    def _ends(self, text: str, known: Open, finding: Finding, heard: Heard, language: str) -> Verdict | None:
        """ "Не надо, передумал" ends it; a bare "no" to an offered name only wants another one."""
        if not heard.nothing or not (finding.rule == "decline" or self._wishes.stops(heard.words)):
            return None
        is_another = len(heard.words) <= 2 or is_for_another(text)
        if known.asked == "name" and known.offer and is_another and not self._wishes.stops(heard.words):
            name = plain(text) if len(heard.words) > 2 else ""
            found = Settled({"name": name}) if name else Settled(refused={"why": "name"})
            return self._book(found, language, "policy: booking, another name")
        return Verdict(route=Route.DECLINE, intent="booking", language=language, why="policy: booking ended")

    def _asks(self, found: Settled, language: str) -> Verdict:
        """A question in between: it is answered, and what it says for the booking is kept."""
        return Verdict(
            route=Route.ANSWER, intent="question", language=language, why="policy: question within a booking",
            business=True, slots=found.slots, refused=found.refused,
        )  # fmt: skip

    def _as_told(self, text: str, known: Open) -> dict[str, str]:
        """An answer that nothing else can be read in, as it stands: people will read it."""
        words = " ".join(text.split())[:MOST]
        if known.asked == "name":
            name = plain(text)
            return {"name": name} if name else {}
        if known.asked == "service":
            return {"service": words}
        return {"words": words} if known.asked in WHEN else {}

    def _slots(self, turn: Turn, heard: Heard, known: Open, language: str) -> Settled:
        """What the message adds to a booking, with what cannot be."""
        now: datetime = turn.now.astimezone(ZoneInfo(turn.timezone))
        calendar = Calendar.of(self._pack, turn.branch)
        hours = self._week(calendar.opening, language)
        when = settle(heard.moment, now, calendar, self._rules, known.slots, hours)
        slots = dict(when.slots)
        if heard.services:
            slots |= self._named(heard, known, language)
        if heard.name:
            slots["name"] = heard.name
        return Settled(slots, when.refused)

    def _named(self, heard: Heard, known: Open, language: str) -> dict[str, str]:
        """The services of a message together; "и ещё маникюр" adds to what is known."""
        each = [self._service(found, language) for found in heard.services]
        before = known.slots if known.slots.get("service") and self._wishes.adds(heard.words) else {}
        if before:
            before = {"service_said": before["service"], **before}
            each = [
                one for one in each if not self._find.covers(before.get("service_id", ""), one.get("service_id", ""))
            ]
        parts = [before, *each] if before else each
        marks = {"service": ", ", "service_said": ", ", "service_id": " "}
        joined = {key: mark.join(one[key] for one in parts if one.get(key)) for key, mark in marks.items()}
        return {key: value for key, value in joined.items() if value}

    def _service(self, found: tuple[str, str], language: str) -> dict[str, str]:
        """A service as the desk calls it, and as the customer reads it."""
        name, fact = found
        kind, _, id = fact.partition(".")
        things: Sequence[Service | Category] = self._pack.services if kind == "services" else self._pack.categories
        thing = next((each for each in things if each.id == id), None)
        read_as = said(thing.name, language, self._pack.language)[0] if thing else name
        return {"service": name, "service_said": read_as, **({"service_id": fact} if fact else {})}

    def _book(self, found: Settled, language: str, why: str, *, business: bool = False) -> Verdict:
        note = self._pack.booking.note
        return Verdict(
            route=Route.BOOK, intent="booking", language=language, why=why, business=business, slots=found.slots,
            refused=found.refused, asks=self._pack.booking.ask,
            remark=said(note, language, self._pack.language)[0] if note else "",
        )  # fmt: skip
