"""What a message leaves out because it was said before: the ask, the thing, the day, or a number of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from truffles_gateway.messages import Author, Line, told_last
from truffles_policy.facts.by_example import read_softly
from truffles_policy.facts.claims import CLOCK, Claim, claims
from truffles_policy.facts.clauses import CAREFUL, CONDITIONS, OF_THINGS, is_deed
from truffles_policy.facts.data import OF_MONTH, asks
from truffles_policy.facts.names import BRANCH
from truffles_policy.facts.reading import NEEDS_THING, OFFERS, TIMED, Part, Reading, read
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import Word, is_noun, keys_of_whom
from truffles_policy.intents.serious import is_serious
from truffles_policy.language import detect
from truffles_policy.lemmas import is_russian, normal

DOUBTFUL = ({"payment"}, {"booking"})
"""What everyday words hear in other questions, too: how much is paid in advance, whether a booking is needed."""
LINES, WITHIN = 6, timedelta(minutes=30)
LONGEST, FEW, SEVERAL = 400, 6, 9
_STANDS_FOR = re.compile(
    r"\b(?:он|она|оно|они|его|ее|её|их|ему|ей|им|ими|ним|ними|ней|нем|нём|него|нее|неё|них|этого|ол|оны|оның|онын|одан|содан|онда|олар|"
    r"оларды|it|they|them|those|these|that|one|ones)\b",
    re.IGNORECASE,
)
"""Words that stand for what was spoken of."""
_WHO_OR_WHEN = re.compile(
    r"подруг|друг|сестр|брат|мам|пап|бабушк|тет|доч|сын|муж|жен|коллег|реб[её]нок|дет|понедельник|вторник|сред|четверг|пятниц|суббот|воскресень|"
    r"выходн|день|недел|месяц|утр|вечер"
)
_ITSELF = re.compile(r"\b(?:сам|сама|само|сами|купить|продаете|продаёте|өзі|itself|buy|sell)\b", re.IGNORECASE)
"""What asks for a thing itself, and not for what is done to it."""
_CHOICE = re.compile(r"^\s*(\d{1,2})[.)]\s+(.+?)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"[№#\s]*(\d{1,2})[\s.)!]*")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the customer's lines so far asked, and of what."""

    asked: tuple[str, ...] = ()
    things: tuple[Found, ...] = ()
    timed: bool = False
    last: tuple[Part, ...] = ()
    days: tuple[str, ...] = ()
    branch: str = ""


def read_on(text: str, history: Sequence[Line], now: datetime, things: Things) -> Reading:
    """A message read after the lines before it: by everyday words, and where those leave something unread, by examples."""
    reading = _read_on(text, history, now, things)
    doubtful = {part.ask for part in reading.parts} in DOUBTFUL
    if not text.strip() or (reading.whole and not doubtful):
        return reading
    soft = read_softly(text, things)
    if reading.whole and soft.open:
        return reading
    said = _said_before(history, now, things)
    if not soft.parts or all(part.ask == OFFERS for part in soft.parts):
        return _followed(reading, said, things) or _filled(reading, said, things) or replace(
            reading, idle=soft.idle, open=soft.open, before=said.last, perhaps=soft.perhaps,
            full=_full(reading, said, things), there=said.branch,
        )  # fmt: skip
    return replace(soft, parts=tuple(part for each in soft.parts for part in _whole(each, said)), plain=reading,
                   before=said.last, full=_full(reading, said, things))  # fmt: skip


def _full(reading: Reading, said: _Said, things: Things) -> str:
    """A short text that names nothing itself, with the name of what was spoken of for the words that stand for it; "" where
    none was."""
    spoken = next((found.text for found in reversed(said.things) if found.text), "")
    short = len(reading.text.split()) <= SEVERAL and not reading.named
    if not spoken or not short or is_serious(reading.text):
        return ""
    filled, count = _STANDS_FOR.subn(spoken, reading.text, count=1)
    return filled if count else f"{reading.text.rstrip(' ?!.')} {spoken}?"


def _filled(reading: Reading, said: _Said, things: Things) -> Reading | None:
    """The text read with the name of what was spoken of; None if that is no plain question either."""
    full = _full(reading, said, things)
    found = read(full, things) if full else reading
    found = found if found.whole or not full else read_softly(full, things)
    if (
        not full
        or found.open
        or found.unread
        or not found.parts
        or any(part.ask not in OF_THINGS for part in found.parts)
    ):
        return None
    parts = (replace(part, text=reading.text.strip(), at=0, carried=True) for part in found.parts)
    return replace(reading, parts=tuple(parts), unread=(), loose=(), full=full)


def _said_before(history: Sequence[Line], now: datetime, things: Things) -> _Said:
    """What the customer's lines so far asked, and of what."""
    said = _Said()
    for line in _own([line for line in history if now - line.at <= WITHIN]):
        said = _after(said, _line(line[:LONGEST], said, things))
    return _as_told(said, history, now, things)


def _as_told(said: _Said, history: Sequence[Line], now: datetime, things: Things) -> _Said:
    """The same, but where the bot just told of other things than the customer's lines were read to name, those are spoken of."""
    told = things.told(told_last(history, now, WITHIN))
    named = {thing.whole for found in said.things for thing in found.things}
    return replace(said, things=(told,)) if told and not named & set(told.things) else said


def _line(text: str, said: _Said, things: Things) -> Reading:
    """A line of before: by everyday words, else as one that goes on from the line before it, else by examples."""
    strict = read(text, things)
    if strict.whole:
        return _continued(strict, said)
    followed = _followed(strict, said, things) if strict.branch else None
    soft = read_softly(text, things)
    return followed or _continued(soft if soft.parts else strict, said)


def _followed(reading: Reading, said: _Said, things: Things) -> Reading | None:
    """A few words that go on from the last question: of another thing, or of another branch; None if they are more."""
    if not said.last or len(reading.text.split()) > FEW or is_serious(reading.text):
        return None
    asked = [part for part in said.last if part.ask in OF_THINGS]
    named = tuple(found for found in reading.named if not is_deed(found))
    if named and asked and not _names_more(reading):
        parts = [
            replace(part, things=_closer(reading, named, things), text=reading.text.strip(), carried=True, clear=True)
            for part in asked
        ]
    elif not (content(reading.text, things) or reading.parts or reading.loose):
        parts = [replace(part, text=reading.text.strip(), carried=True) for part in said.last]
    else:
        return None
    return replace(reading, parts=tuple(parts), unread=(), loose=())


def _closer(reading: Reading, named: tuple[Found, ...], things: Things) -> tuple[Found, ...]:
    """What is named, as closely as all words of the message say: of a family that which is for him ("а мужу маникюр?")."""
    near = [thing for found in named for thing in found.things]
    closer = things.within(content(reading.text, things), near) if reading.unread else None
    return (closer,) if closer else named


def _names_more(reading: Reading) -> bool:
    """Is anything named beside what is known ("а перманент губ?" is no waxing of lips)?"""
    words = [normal(word) for text in reading.unread for word in text.split()]
    return detect(reading.text) != "kk" and any(
        is_noun(word) for word in words if is_russian(word) and not keys_of_whom(word) and not _WHO_OR_WHEN.match(word)
    )


def _own(lately: Sequence[Line]) -> list[str]:
    return [line.text for line in lately if line.author is Author.CUSTOMER and line.text.strip()][-LINES:]


def _read_on(text: str, history: Sequence[Line], now: datetime, things: Things) -> Reading:
    lately = [line for line in history if now - line.at <= WITHIN]
    chosen = _chosen(text, lately)
    reading = read(chosen or text, things)
    leans, lacks, names = _leans(reading), _needs(reading), _names_one(reading)
    if not (lacks or leans or names):
        return reading
    said = _said_before(history, now, things)
    if names and (kindred := _kindred(reading, said, things)):
        return kindred
    if not (lacks or leans):
        return reading
    if leans and (narrowed := _narrowed(reading, said, things)):
        return narrowed
    found = _continued(reading, said)
    return (
        replace(found, text=text, parts=tuple(replace(part, text=text, at=0) for part in found.parts))
        if chosen
        else found
    )


def _leans(reading: Reading) -> bool:
    """Is it so short, and so little understood, that it may be about what was said before ("а на 256?", "and for kids?")?"""
    weak = all(part.ask == OFFERS or part.ask in CAREFUL or (part.ask in OF_THINGS and not part.things)
               for part in reading.parts)  # fmt: skip
    return weak and len(reading.text.split()) <= FEW and (bool(reading.unread) or reading.opens)


def _narrowed(reading: Reading, said: _Said, things: Things) -> Reading | None:
    """The message as a variant, or a neighbour, of the things that were spoken of; None if it is neither."""
    spoken = [thing for found in said.things for thing in found.things]
    found = things.within(content(reading.text, things), spoken) if spoken else None
    if found is None:
        return None
    asked = tuple(part.ask for part in reading.parts if part.ask in NEEDS_THING) or said.asked or (OFFERS,)
    parts = tuple(Part(ask, (found,), text=reading.text.strip(), carried=True) for ask in asked)
    return replace(reading, parts=parts, unread=(), loose=())


def _names_one(reading: Reading) -> bool:
    """Does a message that goes on, or is hardly more than a name, name one thing, and not for its own sake?"""
    named = [thing for found in reading.named for thing in found.things]
    goes_on = reading.opens or all(part.ask == OFFERS for part in reading.parts)
    if not goes_on or len(named) != 1 or named[0].kind == BRANCH or len(reading.text.split()) > FEW:
        return False
    return not (is_serious(reading.text) or _names_more(reading) or _ITSELF.search(reading.text))


def _kindred(reading: Reading, said: _Said, things: Things) -> Reading | None:
    """A few words that name one thing, as the one of the same name among what was spoken of or is of its kind: after eyelashes "а старые
    снять?" is about no nails, and "айфон 11" after the price of a screen about no telephone. None where they stay what they name."""
    [named] = [thing for found in reading.named for thing in found.things]
    spoken = [thing for found in said.things for thing in found.things]
    if not spoken or things.are_akin(named, spoken):
        return None
    said_of = {key for found in reading.named for key in found.text.lower().split()}
    words = [word for word in content(reading.text, things) if word.word in said_of]
    kinds = {thing.kind for thing in spoken}
    plain = [word for word in words if not word.word.isdigit()] if named.kind not in kinds else []
    found = next(filter(None, (things.within(each, spoken) for each in (words, plain) if each)), None)
    if found is None:
        return None
    asked = tuple(part.ask for part in reading.parts if part.ask in NEEDS_THING) or said.asked or (OFFERS,)
    parts = tuple(Part(ask, (found,), text=reading.text.strip(), carried=True) for ask in asked)
    return replace(reading, parts=parts, unread=(), loose=())


def content(text: str, things: Things) -> list[Word]:
    """The words that say which one is meant: neither small, nor a branch, nor asking for anything but by chance also a name's."""
    words, known = things.vocabulary.words(text), asks()
    asking = {at for claim in claims(words, things) if _says_not_which(claim) for at in range(claim.start, claim.end)}
    light = known.small | known.joins | CONDITIONS
    return [word for at, word in enumerate(words) if at not in asking and word.word not in light]


def _says_not_which(claim: Claim) -> bool:
    if claim.found is None:
        return claim.name not in CAREFUL | {CLOCK}
    return claim.found.things[0].kind == BRANCH


def _needs(reading: Reading) -> bool:
    """Is anything left out?"""
    short = [part for part in reading.parts if part.ask == OFFERS or (part.ask in OF_THINGS and not part.things)]
    return not reading.unread and bool(short or (not reading.parts and reading.loose))


def _continued(reading: Reading, said: _Said) -> Reading:
    if reading.unread:
        return reading
    if not reading.parts and reading.loose and said.timed:
        days = tuple(_in_month(day, said.days) for day in reading.loose)
        return replace(reading, parts=(Part("hours", (), days, text=reading.text.strip(), carried=True),))
    return replace(reading, parts=tuple(part for each in reading.parts for part in _whole(each, said)))


def _in_month(day: str, said: Sequence[str]) -> str:
    """A day of a month that is not named is one of the month that was spoken of ("1 января?" – "а второго?")."""
    month = next((each.partition("-")[0] for each in reversed(said) if each[:1].isdigit()), "")
    _, of_month, number = day.partition(OF_MONTH)
    return f"{month}-{int(number):02}" if month and of_month and number.isdigit() else day


def _whole(part: Part, said: _Said) -> Iterable[Part]:
    """A part with what was said before it."""
    if part.ask == OFFERS and said.asked:
        return [replace(part, ask=ask, carried=True) for ask in said.asked]
    lacks = part.ask in NEEDS_THING or part.ask in ("warranty", "preparation", "aftercare")
    if lacks and not part.things and said.things:
        return [replace(part, things=said.things, carried=True)]
    return [part]


def _after(said: _Said, reading: Reading) -> _Said:
    """What is known after a line of the customer's."""
    branch = reading.branch or said.branch
    if not reading.parts:
        days = reading.loose if said.timed and reading.loose else said.days
        return replace(
            said,
            things=reading.named or said.things,
            last=said.last if reading.branch else (),
            days=days,
            branch=branch,
        )
    asked = tuple(part.ask for part in reading.parts if part.ask in OF_THINGS)
    things = next((part.things for part in reversed(reading.parts) if part.things), ())
    timed = any(part.ask in TIMED for part in reading.parts)
    days = tuple(day for part in reading.parts for day in part.days)
    return _Said(asked or said.asked, things or reading.named or said.things, timed, reading.parts, days, branch)


def _chosen(text: str, lately: Sequence[Line]) -> str:
    """What a number means that answers the bot's list: "2", "второй"."""
    last = next((line for line in reversed(lately) if line.author is Author.BOT), None)
    choices = dict(_CHOICE.findall(last.text)) if last else {}
    if len(choices) < 2:
        return ""
    found = _NUMBER.fullmatch(text)
    number = found[1] if found else str(asks().ordinals.get(normal(text.strip(" .!")), ""))
    return str(choices.get(number, "")).strip(" .;")
