"""What a text claims: prices, times, dates, percents, durations, phones, accounts, links, addresses, promises. Pure.

Readers are asked in order, the surest first; what one has read, the later ones do not see again ("+7 701 …" is no price).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from truffles_gateway import claim_places as places
from truffles_gateway import claim_values as values
from truffles_gateway.claim_values import Found, Key
from truffles_gateway.plain import letters, plain, words

READ = "§"
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `kind` and `shown` are for people; any of `keys` in the evidence will do; `proves` is what it is worth as
    evidence itself."""

    kind: str
    shown: str
    keys: tuple[Key, ...]
    proves: tuple[Key, ...]


_TO = r"\s*(?:-|/|\.\.+|до|или|to|or|немесе)\s*"
_SERIES = (
    rf"(?P<series>(?:{values.NUM})(?:(?!\s?{values.SIZE})\s?(?:тыс|мын|k|к)?\w{{0,3}}{_TO}(?:{values.NUM})){{0,4}})"
)
_PART = r"утра|дня|вечера|ночи|[ap]\.?m\b\.?"
_PART_BEFORE = r"\b(?:танг|танерт|тус|кешк|тун)\w*(?: кейинги)?"
_CLOCK = r"(?P<clock>(?:[01]?[0-9]|2[0-4])[:h][0-5][0-9])(?![0-9])"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
_NTH = r"(?:\s?-?(?:го|е|ое|st|nd|rd|th|ши|шы|нши|ншы))?"
_SPELT = ("dot", "точка", "[.", "(.", "(at", "[at", "собака", "(@", "[@")
_SPELT_DOT = re.compile(r"(?<=[a-z0-9])(?: ?[\[(] ?(?:\.|dot|точка) ?[\])] ?| dot | точка )(?=[a-z])")
_SPELT_AT = re.compile(r"(?<=[a-z0-9]) ?[\[(] ?(?:at|@|собака) ?[\])] ?(?=[a-z])")
_DIGITS = re.compile("[0-9]+")


@lru_cache
def _sentence_signs() -> tuple[re.Pattern[str], re.Pattern[str]]:
    signs = words()["availability"]
    places, days = (re.compile(rf"\b(?:{'|'.join(signs[name])})(?!\w)") for name in ("places", "days"))
    return places, days


def _availability(text: str) -> Iterator[Claim]:
    """A day and a free (or no) place in one sentence that is no question."""
    places, days = _sentence_signs()
    if not (days.search(text) and places.search(text)):
        return
    for sentence in re.findall(r"[^.!?\n]+[.!?\n]?", text):
        if not sentence.endswith("?") and places.search(sentence):
            for day in days.findall(sentence):
                keys: tuple[Key, ...] = (("availability", day[:5]),)
                yield Claim("availability", _shown(sentence), keys, keys)


Read = Callable[[re.Match[str]], Found]


@dataclass(frozen=True, slots=True)
class Reader:
    """A pattern, who reads what it finds, and signs without one of which it need not be tried; () means always."""

    pattern: re.Pattern[str]
    read: Read
    hints: tuple[str, ...] = ()

    def may_read(self, text: str) -> bool:
        """Is a sign of it in the text? Far cheaper than to look for the pattern."""
        return not self.hints or any(hint in text for hint in self.hints)


def _reader(source: str, read: Read, *hints: str) -> Reader:
    return Reader(re.compile(source), read, hints)


def _everywhere(readers: Iterable[Reader], text: str, found: list[Claim]) -> str:
    """Let each reader take what it finds; returns the text without it."""
    for reader in readers:
        if reader.may_read(text):
            text = reader.pattern.sub(lambda match, reader=reader: _take(match, reader.read, found), text)  # type: ignore[misc]
    return text


def _at_numbers(readers: Iterable[Reader], text: str, found: list[Claim]) -> str:
    """The same for patterns that begin with a number: tried only where one begins, the first that fits takes it."""
    able = [reader for reader in readers if reader.may_read(text)]
    result, end = "", 0
    for start in (digits.start() for digits in _DIGITS.finditer(text)):
        if start < end:
            continue
        for reader in able:
            match = reader.pattern.match(text, start)
            mark = _take(match, reader.read, found) if match else ""
            if match and mark != match[0]:
                result, end = f"{result}{text[end:start]}{mark}", match.end()
                break
    return result + text[end:]


@lru_cache
def _families() -> tuple[Reader, ...]:
    """Claims without a number."""
    return tuple(
        _reader(rf"\b(?:{'|'.join(each['words'])})(?!\w)", values.family(each["kind"], each["name"]), *each["hints"])
        for each in words()["families"]
    )


@lru_cache
def _contacts() -> tuple[Reader, ...]:
    """Links and the like, wherever they begin."""
    domain = r"(?:[\w-]+\.)+(?:kz|com|ru|net|org|io|me|app|info|biz|store|shop|online|site|link|ly|gl|cc|co|uk|de|eu|pro|club|"
    domain += r"gg|tv|dev|ai|page|рф|каз)\b"
    rest = r"[^\s<>()\[\]\"«»§]"
    dots = tuple(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    return (
        _reader(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", values.mail, "@"),
        _reader(rf"(?:https?://|www\.){rest}+", values.link, "://", "www."),
        _reader(
            rf"(?<![\w@.-])(?:{domain}(?:[/?]{rest}*)?|(?:[a-z0-9-]+\.)+[a-z]{{2,}}/{rest}*)",
            values.link,
            *dots,
            ".рф",
            ".каз",
        ),
        _reader(r"(?<![\w@])@[\w.]{3,}", values.username, "@"),
        _reader(r"\bkz[0-9]{2}(?: ?[a-z0-9]){16}\b", values.account, "kz"),
        _reader(r"\+(?:[ ().-]*[0-9]){10,15}(?![0-9])", values.phone, "+"),
    )


@lru_cache
def _named() -> tuple[Reader, ...]:
    """Numbers with a word or a sign before them that says what they are."""
    month = "|".join(pattern for pattern, _ in values.months())
    parts = ("танг", "танерт", "тус", "кешк", "тун")
    said = rf"\b(?:{_hour_words('before')})\s+(?P<hours>[0-9]{{1,2}})\s*(?:час(?:ов|а|у|ам)?)\b(?!\s*[0-9])"
    code = r"[₸₽$€¥£]|\b(?:kzt|тг|тенге|usd|rub|eur)\b"
    alone = rf"(?P<scale>\b(?:тысяч[ау]|(?<![0-9] )мын|(?<![0-9] )thousand))\b{_no('series')}{_no('rest')}\s?(?:{values.CURRENCY})?"
    # "31 декабря 09:00" is a day and an hour, and no 9th of December
    turned = rf"(?<![0-9] )\b(?P<month>{month})\.? (?P<days>{_DAY})(?:st|nd|rd|th)?\b(?![:.][0-9])(?:,?\s+(?P<year>20[0-9]{{2}}))?"
    return (
        _reader(turned, values.named_date, *_month_hints()),
        _reader(rf"(?P<before>{_PART_BEFORE})\s*(?:сагат\s*)?{_CLOCK}{_no('part')}", values.clock, *parts),
        _reader(
            rf"(?P<before>{_PART_BEFORE})\s*(?:сагат\s*)?(?P<hour>[0-9]{{1,2}})(?![0-9]){_no('part')}",
            values.hour,
            *parts,
        ),
        _reader(said, values.said_hour, " час"),
        _reader(
            rf"(?:{code})\s?{_SERIES}(?!\s?(?:{values.THOUSAND}|{values.MILLION}|{values.CURRENCY}))",
            values.currency_first,
            *_SIGNS,
        ),
        _reader(rf"(?<![0-9])(?<![0-9]\s){alone}", values.money, "тысяч", "мын", "thousand"),
    )


def _no(group: str) -> str:
    """A group that is named and never found: some readers look at it, this pattern has none."""
    return f"(?P<{group}>(?!))?"


def _hour_words(name: str) -> str:
    return "|".join(map(letters, words()["hours"][name]))


def _month_hints() -> tuple[str, ...]:
    return tuple(pattern.replace(r"\w*", "").replace(r"\b", "") for pattern, _ in values.months())


@lru_cache
def _surely() -> tuple[Reader, ...]:
    """Patterns that begin with a number and leave no doubt, the surest first."""
    return (*_long_numbers(), *_dates(), *_quantities())


def _long_numbers() -> tuple[Reader, ...]:
    return (
        _reader(r"[0-9]{4}(?:[ -]?[0-9]{4}){3}(?![0-9])", values.account),
        _reader(r"[78](?:[ ().-]*[0-9]){10}(?![0-9])", values.phone),
        _reader(r"7[0-9]{2}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}(?![0-9])", values.phone),
        _reader(r"[0-9]{3}-[0-9]{2}-[0-9]{2}(?![0-9-])", values.phone, "-"),
        _reader(r"[0-9]{9,}", values.account),
    )


def _dates() -> tuple[Reader, ...]:
    month = "|".join(pattern for pattern, _ in values.months())
    days = rf"(?P<days>{_DAY}{_NTH}(?:(?:\s*(?:-|по|и|to)\s*){_DAY}{_NTH})?)"
    iso = r"(?P<y>20[0-9]{2})[-.](?P<m>0[1-9]|1[0-2])[-.](?P<d>[0-3][0-9])(?![0-9])"
    local = r"(?P<d2>0?[1-9]|[12][0-9]|3[01])[./-](?P<m2>0?[1-9]|1[0-2])[./-](?P<y2>20[0-9]{2}|[0-9]{2})(?![0-9])"
    return (
        _reader(r"24 ?/ ?7(?![0-9])", values.day_and_night, "/"),
        _reader(
            rf"(?<![0-9][.:]){days}(?:\s+|-)(?:of\s+)?(?P<month>{month})\.?(?:,?\s+(?P<year>20[0-9]{{2}}))?",
            values.named_date,
            *_month_hints(),
        ),
        _reader(f"{iso}|{local}", values.numeric_date),
        _reader(rf"({_DAY})/(0?[1-9]|1[0-2])(?![0-9])(?!\s*(?:{values.CURRENCY}))", values.slashed_date, "/"),
        _reader(rf"({_DAY})(?:\s?-?го|-?е)?\s+(?:числ\w+)", values.day_of_month, " числ"),
        _reader(r"(0?[1-9]|[12][0-9]|3[01])-?го\b(?!\s+этаж)", values.day_of_month, "го"),
    )


_SIGNS = ("₸", "тг", "тнг", "тен", "kzt", "tenge", "tg", "₽", "руб", "rub", "$", "usd", "долл", "бакс", "bucks", "€", "eur",
          "евро", "сом", "¥", "юан", "£")  # fmt: skip
_SCALES = ("тыс", "тыщ", "tys", "мын", "thousand", "к", "k", "т", "млн", "милл", "mill")


def _quantities() -> tuple[Reader, ...]:
    hours = rf"({values.NUM})\s?{values.UNITS[0][0]}\b\.?\s*(?:и\s+|and\s+)?([0-9]{{1,2}})\s?{values.UNITS[1][0]}\b"
    lasts = rf"{_SERIES}\s?-?(?:(?:рабоч|календарн|business|working)\w*\s+)?(?P<unit>{values.UNIT})\b"
    scaled = rf"{_SERIES}\s?(?P<scale>{values.THOUSAND}|{values.MILLION})(?:\s?(?P<rest>[0-9]{{3}})(?![0-9]))?\s?(?:{values.CURRENCY})?"
    parts = ("утра", "дня", "вечера", "ночи", "am", "pm", ".m")
    return (
        _reader(
            rf"{_SERIES}\s*-?(?:%|проц(?:ент\w*)?\b|пайыз\w*|percent|pct|procent\w*)",
            values.percent,
            "%",
            "проц",
            "пайыз",
            "percent",
            "pct",
            "procent",
        ),
        _reader(rf"{_CLOCK}{_no('before')}(?:\s*(?P<part>{_PART}))?", values.clock, ":", "h"),
        _reader(rf"(?P<hour>[0-9]{{1,2}}){_no('before')}\s*(?:час\w*\s*)?(?P<part>{_PART})", values.hour, *parts),
        _reader(hours, values.hours_and_minutes),
        _reader(lasts, values.duration),
        _reader(scaled, values.money, *_SCALES),
        _reader(rf"{_SERIES}\s?{_no('scale')}{_no('rest')}(?:{values.CURRENCY})", values.money, *_SIGNS),
    )


@lru_cache
def _streets() -> tuple[Reader, ...]:
    """Houses with a word that says "street"."""
    street = r"(?:ул|улица|улице|пр|проспект\w*|пр-т|просп|мкр|микрорайон\w*|бульвар\w*|пер|переулок|street)\b\.?\s+"
    streets = ("ул", "пр.", "пр ", "пр-т", "просп", "мкр", "микрор", "бульв", "пер", "street")
    return (
        _reader(rf"\b{street}(?P<street>[\w-]+)(?:\s+[а-я][\w-]+)?,?\s+(?:д\.?|дом)?\s*{places.HOUSE}", places.address, *streets),
        _reader(rf"(?P<street>[\w-]+)\s+(?:кошеси|дангылы|street|avenue)\w*,?\s+{places.HOUSE}", places.address,
                "кошес", "дангыл", "street", "avenue"),
        _reader(places.NUMBER_FIRST, places.address, " st", " av", " r"),
    )  # fmt: skip


@lru_cache
def _place() -> re.Pattern[str]:
    return re.compile(places.PLACE)


@lru_cache
def _perhaps_named() -> tuple[Reader, ...]:
    """A word before what is left of the numbers makes them an hour or a price."""
    hours = (
        rf"\b(?:{_hour_words('before')})\s+(?P<hours>[0-9]{{1,2}}(?:\s*-\s*[0-9]{{1,2}})?)(?![0-9.,:]*[0-9]){_closed()}"
    )
    prices = rf"{values.PRICE_WORD}((?<![0-9])[0-9]+)(?![0-9]){_closed()}"
    return (
        _reader(r"\bсагат\s+(?P<hours>[0-9]{1,2})(?![0-9])", values.bare_hours, "сагат"),
        _reader(hours, values.bare_hours),
        _reader(prices, values.named_price, "цена", "сто", "обой", "price", "cost", "багасы"),
    )


def _closed() -> str:
    """What follows a number that stands for itself: no noun that it counts."""
    return rf"(?=\s*(?:$|[^\w\s%+-]|-(?![0-9])|(?:{_hour_words('after')})\b))"


@lru_cache
def _perhaps() -> tuple[Reader, ...]:
    """Numbers that nothing better has read: dotted, with Kazakh endings, ranges, and all that have three digits."""
    away, to = "(?:нан|нен|дан|ден|тан|тен)", "(?:га|ге|ка|ке)"
    there = rf"(?:{to}\s+(?:дейин|келин\w*)|(?:да|де|та|те)\b|{away}\s+(?:бастап|кейин))"
    endings = ("-да", "-де", "-та", "-те", "дейин", "келин", "бастап", "кейин")
    return (
        _reader(r"([0-9]{1,2})[.]([0-9]{2})(?![0-9])", values.dotted, "."),
        _reader(r"([01]?[0-9]|2[0-4])-(00|30|45|2[5-9]|[345][0-9])(?![0-9-])(?!\s*[a-zа-я])", values.dotted, "-"),
        _reader(rf"(?P<hours>[0-9]{{1,2}}-?{away}\s+[0-9]{{1,2}})-?{to}\s+дейин", values.bare_hours, "дейин"),
        _reader(rf"(?<!\b[^\W\d_])(?P<hours>[0-9]{{1,2}})-?{there}", values.bare_hours, *endings),  # "A15-те" is a name
        _reader(rf"(?P<hours>[0-9]{{1,2}}\s*-\s*[0-9]{{1,2}})(?![0-9-]){_closed()}", values.bare_hours, "-"),
        _reader(values.NUM, values.bare_number),
    )


def claims(text: str) -> tuple[Claim, ...]:
    """Everything that `text` claims, each once."""
    left = plain(text)
    found: list[Claim] = list(_availability(left))
    left = _everywhere(_families(), left, found)
    left = _SPELT_AT.sub("@", _SPELT_DOT.sub(".", left)) if any(sign in left for sign in _SPELT) else left
    left = _everywhere((*_contacts(), *_named()), left, found)
    left = _at_numbers(_surely(), left, found)
    place = Reader(_place(), places.reader(partial(places.capitals, text)))
    left = _everywhere((*_streets(), place, *_perhaps_named()), left, found)
    _at_numbers(_perhaps(), left, found)
    return tuple(dict.fromkeys(found))


def _take(match: re.Match[str], read: Read, found: list[Claim]) -> str:
    """Keep what a match says and leave a mark in its place; leave it alone if it says nothing."""
    said = [Claim(kind, _shown(match[0]), keys, proves or keys) for kind, keys, proves in read(match)]
    found += said
    return f" {READ} " if said else match[0]


def _shown(text: str) -> str:
    text = " ".join(text.replace(READ, "…").split()).strip(" ,;-")
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@lru_cache(maxsize=4_096)
def proofs(text: str) -> frozenset[Key]:
    """What a text of the evidence proves. Remembered: passages come again and again."""
    return frozenset(key for claim in claims(text) for key in claim.proves).union(places.held(plain(text)))


def proved(texts: Iterable[str]) -> frozenset[Key]:
    """What all texts of the evidence prove together."""
    return frozenset().union(*(proofs(text) for text in texts))
