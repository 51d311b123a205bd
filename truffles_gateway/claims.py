"""What a text claims: prices, times, dates, percents, durations, phones, accounts, links, addresses, promises. Pure.

Readers are asked in order, the surest first; what one has read, the later ones do not see again ("+7 701 …" is no price).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from truffles_gateway.plain import letters, plain, words

Key = tuple[str, object]
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


Found = Iterator[tuple[str, tuple[Key, ...], tuple[Key, ...]]]
"""Kind, keys and, where it differs, what it proves, of everything that one match says."""

_NUM = r"[0-9]{1,3}(?:[ .,][0-9]{3}){1,3}(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?|[0-9]+(?:[.,][0-9]{1,2}(?![0-9]))?"
_TO = r"\s*(?:-|/|\.\.+|до|или|to|or|немесе)\s*"
_SERIES = rf"(?P<series>(?:{_NUM})(?:\s?(?:тыс|мын|k|к)?\w{{0,3}}{_TO}(?:{_NUM})){{0,4}})"
_THOUSAND = r"(?:тыс\w*\.?|мын\w*|thousand)|(?<=[0-9])\s?(?:т\.?р?|к|k)\b"
_MILLION = r"млн\.?|миллион\w*|million"
_CURRENCIES = (
    ("₸", r"₸|\bтг\b|\bтнг\b|\bте[нң]ге\w*|\bkzt\b|\btenge\b|\btg\b"), ("₽", r"₽|\bруб\w*|\brub\b"),
    ("$", r"\$|\busd\b|\bдоллар\w*|\bбакс\w*|\bdollars?\b|\bbucks\b"), ("€", r"€|\beur\b|\beuros?\b|\bевро\b"),
    ("сом", r"\bсом(?:ов|а)?\b"), ("¥", r"¥|\bюан\w*"), ("£", r"£"),
)  # fmt: skip
_CURRENCY = "|".join(pattern for _, pattern in _CURRENCIES)
_DAYPART = {"утра": 0, "am": 0, "a.m": 0, "дня": 12, "вечера": 12, "pm": 12, "p.m": 12, "ночи": 0, "танг": 0, "тун": 0,
            "тус": 12, "кешк": 12}  # fmt: skip
_PART = r"утра|дня|вечера|ночи|[ap]\.?m\b\.?"
_PART_BEFORE = r"\b(?:танг|тус|кешк|тун)\w*(?: кейинги)?"
_CLOCK = r"(?P<clock>(?:[01]?[0-9]|2[0-4])[:h][0-5][0-9])(?![0-9])"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
_NTH = r"(?:\s?-?(?:го|е|ое|st|nd|rd|th|ши|шы|нши|ншы))?"
_SPELT = ("dot", "точка", "[.", "(.", "(at", "[at", "собака", "(@", "[@")
_SPELT_DOT = re.compile(r"(?<=[a-z0-9])(?: ?[\[(] ?(?:\.|dot|точка) ?[\])] ?| dot | точка )(?=[a-z])")
_SPELT_AT = re.compile(r"(?<=[a-z0-9]) ?[\[(] ?(?:at|@|собака) ?[\])] ?(?=[a-z])")
_DIGITS = re.compile("[0-9]+")


def _value(number: str) -> float:
    """ "5 000", "5.000" → 5000; "1,5" → 1.5."""
    whole = re.sub(r"[ .,](?=[0-9]{3}(?![0-9]))", "", number)
    return float(whole.replace(" ", "").replace(",", "."))


def _numbers(series: str) -> list[float]:
    return [_value(found) for found in re.findall(_NUM, series)]


# --- links, accounts, phones ------------------------------------------------------------------------------------------


def _mail(found: re.Match[str]) -> Found:
    yield "e-mail", (("mail", found[0].strip(".")),), ()


def _link(found: re.Match[str]) -> Found:
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", found[0]).rstrip("/.,;:!?*_'")
    host, _, path = address.partition("/")
    phone = re.fullmatch(r"(?:wa\.me/|api\.whatsapp\.com/send\?phone=)\+?([0-9]{10,15}).*", address)
    keys: tuple[Key, ...] = (("link", address), *((("phone", _dialled(phone[1])),) if phone else ()))
    yield "link", keys, (*keys, ("link", host)) if path else keys


def _username(found: re.Match[str]) -> Found:
    yield "link", (("username", found[0].strip(".")),), ()


def _account(found: re.Match[str]) -> Found:
    yield "account", (("account", re.sub(r"[ -]", "", found[0])),), ()


def _dialled(digits: str) -> str:
    """A phone as it is dialled from anywhere: 8 701… and 701… are 7701…"""
    if len(digits) == 11 and digits[0] == "8":
        return "7" + digits[1:]
    return "7" + digits if len(digits) == 10 else digits


def _phone(found: re.Match[str]) -> Found:
    number = _dialled(re.sub(r"[^0-9]", "", found[0]))
    key: Key = ("phone", number)
    yield "phone", (key,), (key, ("phone", number[-7:]))


# --- dates ------------------------------------------------------------------------------------------------------------


@lru_cache
def _months() -> tuple[tuple[str, int], ...]:
    """Patterns of the months' names, the longest first."""
    found = [
        (_ending(letters(name)), int(month)) for month, names in words()["months"].items() for name in names.split()
    ]
    return tuple(sorted(found, key=lambda each: -len(each[0])))


def _ending(name: str) -> str:
    return name.replace("*", r"\w*") + r"\b"


def _month(name: str) -> int:
    return next(month for pattern, month in _months() if re.match(pattern, name))


def _date_keys(day: str, month: int) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    key: Key = ("date", (month, int(day)))
    return (key,), (key, ("day", int(day)))


def _named_date(found: re.Match[str]) -> Found:
    for day in re.findall(r"[0-9]+", found["days"]):
        yield "date", *_date_keys(day, _month(found["month"]))
    yield from _year(found["year"])


def _year(year: str | None) -> Found:
    if year:
        full = year if len(year) == 4 else f"20{year}"
        yield "date", (("year", int(full)),), ()


def _numeric_date(found: re.Match[str]) -> Found:
    year, month, day = found["y"] or found["y2"], found["m"] or found["m2"], found["d"] or found["d2"]
    yield "date", *_date_keys(day, int(month))
    yield from _year(year)


def _slashed_date(found: re.Match[str]) -> Found:
    yield "date", *_date_keys(found[1], int(found[2]))


def _day_of_month(found: re.Match[str]) -> Found:
    yield "date", (("day", int(found[1])),), ()


# --- percents, durations, money ---------------------------------------------------------------------------------------


def _percent(found: re.Match[str]) -> Found:
    for value in _numbers(found["series"]):
        yield "percent", (("percent", value),), ()


_UNITS = (
    (r"(?:ч|час\w*|сагат\w*|hours?|hrs?|h)", "minutes", 60), (r"(?:мин|минут\w*|min|mins|minutes?)", "minutes", 1),
    (r"(?:дн\w{1,2}|день|сут\w*|кун\w*|days?)", "days", 1), (r"(?:недел\w*|апта\w*|weeks?)", "days", 7),
    (r"(?:мес|месяц\w*|ай(?:га|да|дан|лык)?|months?)", "months", 1), (r"(?:лет|год\w*|жыл\w*|years?|yrs?)", "months", 12),
)  # fmt: skip
_UNIT = "|".join(unit for unit, _, _ in _UNITS)


def _hours_and_minutes(found: re.Match[str]) -> Found:
    yield "duration", (("minutes", _value(found[1]) * 60 + int(found[2])),), ()


def _duration(found: re.Match[str]) -> Found:
    name, factor = next((name, factor) for unit, name, factor in _UNITS if re.fullmatch(unit, found["unit"]))
    for value in _numbers(found["series"]):
        if name == "months" and value >= 1900:
            yield "date", (("year", int(value)),), ()
        else:
            yield "duration", ((name, value * factor),), ()


def _currency(text: str) -> str:
    return next((name for name, pattern in _CURRENCIES if re.search(pattern, text)), "")


def _money_keys(value: float, currency: str) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """A price without a currency is the tenant's own, ₸; another currency must be named by the evidence too."""
    exact: Key = ("price", (value, currency or "bare"))
    own = (("price", (value, "bare")),) if currency == "₸" else ()
    keys: tuple[Key, ...] = (exact, *own) if currency else (("price", (value, "any")),)
    return keys, (exact, ("price", (value, "any")))


def _money(found: re.Match[str]) -> Found:
    scale = found["scale"] or ""
    factor = 1_000_000 if re.match(_MILLION, scale) else 1_000 if scale else 1
    values = _numbers(found["series"] or "1")
    rest = _value(found["rest"]) if found["rest"] else 0
    spelt = re.search(_THOUSAND, found["series"] or "")  # "5 тыс - 7 тыс": the first has its own
    for value in values:
        scaled = value * factor if value < 1_000 or not spelt else value
        yield "price", *_money_keys(scaled + rest, _currency(found[0]))


def _currency_first(found: re.Match[str]) -> Found:
    for value in _numbers(found["series"]):
        yield "price", *_money_keys(value, _currency(found[0]))


def _bare_number(found: re.Match[str]) -> Found:
    """A number of three digits and more is a price, or a year, until proved otherwise."""
    if sum(map(str.isdigit, found[0])) < 3:
        return
    value = _value(found[0])
    keys, proves = _money_keys(value, "")
    year = (("year", int(value)),) if 1900 <= value <= 2100 and found[0].isdigit() else ()
    yield "price", (*keys, *year), (*proves, *year)


def _named_price(found: re.Match[str]) -> Found:
    yield "price", *_money_keys(_value(found[1]), "")


# --- times ------------------------------------------------------------------------------------------------------------


def _minute(hour: int, minute: int, part: str) -> int:
    """The minute of the day; `part` is a word such as "вечера"."""
    shift = next((shift for word, shift in _DAYPART.items() if part.startswith(word)), None)
    if shift is not None and hour <= 12:
        hour = hour % 12 + (12 if shift and not (part.startswith("дня") and hour == 11) else 0)
        night = part.startswith(("ночи", "тун")) and 6 < hour < 12
        hour += 12 if night else 0
    return hour % 24 * 60 + minute


def _clock(found: re.Match[str]) -> Found:
    hour, minute = re.split(r"[:h]", found["clock"])
    yield "time", (("time", _minute(int(hour), int(minute), found["before"] or found["part"] or "")),), ()


def _hour(found: re.Match[str]) -> Found:
    part = found["before"] or found["part"] or ""
    if int(found["hour"]) <= 24:
        yield "time", (("time", _minute(int(found["hour"]), 0, part)),), ()


def _bare(hour: str) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """An hour that may be of the morning or of the evening; as evidence it is what it says."""
    literal: Key = ("time", int(hour) % 24 * 60)
    return (literal, ("time", (int(hour) % 12 + 12) * 60)) if int(hour) < 12 else (literal,), (literal,)


def _bare_hours(found: re.Match[str]) -> Found:
    for hour in re.findall(r"[0-9]+", found["hours"]):
        if int(hour) > 24:
            return
    for hour in re.findall(r"[0-9]+", found["hours"]):
        yield "time", *_bare(hour)


def _said_hour(found: re.Match[str]) -> Found:
    """ "в 10 часов", "до 3 часов": an hour of the day, or so many hours."""
    keys, proves = _bare(found["hours"])
    both: Key = ("minutes", float(found["hours"]) * 60)
    yield "time", (*keys, both), (*proves, both)


def _dotted(found: re.Match[str]) -> Found:
    """ "10.30" is a time, "25.11" a date, "10.11" either."""
    first, second = int(found[1]), int(found[2])
    date = _date_keys(found[1], second) if 1 <= first <= 31 and 1 <= second <= 12 else ((), ())
    time: tuple[Key, ...] = (("time", first % 24 * 60 + second),) if first <= 24 and second < 60 else ()
    if date[0] or time:
        yield "date" if date[0] else "time", date[0] + time, date[1] + time


def _day_and_night(_: re.Match[str]) -> Found:
    yield "time", (("time", "24/7"),), ()


# --- addresses and words ----------------------------------------------------------------------------------------------


def _address(found: re.Match[str]) -> Found:
    yield "address", (("address", (found["street"][:5], found["house"])),), ()


def _family(kind: str, name: str) -> Callable[[re.Match[str]], Found]:
    def read(_: re.Match[str]) -> Found:
        yield kind, (("family", name),), ()

    return read


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
        _reader(rf"\b(?:{'|'.join(each['words'])})(?!\w)", _family(each["kind"], each["name"]), *each["hints"])
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
        _reader(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _mail, "@"),
        _reader(rf"(?:https?://|www\.){rest}+", _link, "://", "www."),
        _reader(
            rf"(?<![\w@.-])(?:{domain}(?:[/?]{rest}*)?|(?:[a-z0-9-]+\.)+[a-z]{{2,}}/{rest}*)",
            _link,
            *dots,
            ".рф",
            ".каз",
        ),
        _reader(r"(?<![\w@])@[\w.]{3,}", _username, "@"),
        _reader(r"\bkz[0-9]{2}(?: ?[a-z0-9]){16}\b", _account, "kz"),
        _reader(r"\+(?:[ ().-]*[0-9]){10,15}(?![0-9])", _phone, "+"),
    )


@lru_cache
def _named() -> tuple[Reader, ...]:
    """Numbers with a word or a sign before them that says what they are."""
    month = "|".join(pattern for pattern, _ in _months())
    parts = ("танг", "тус", "кешк", "тун")
    said = rf"\b(?:{_hour_words('before')})\s+(?P<hours>[0-9]{{1,2}})\s*(?:час(?:ов|а|у|ам)?)\b(?!\s*[0-9])"
    code = r"[₸₽$€¥£]|\b(?:kzt|тг|тенге|usd|rub|eur)\b"
    alone = rf"(?P<scale>\b(?:тысяч[ау]|(?<![0-9] )мын|(?<![0-9] )thousand))\b{_no('series')}{_no('rest')}\s?(?:{_CURRENCY})?"
    turned = rf"\b(?P<month>{month})\.? (?P<days>{_DAY})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>20[0-9]{{2}}))?"
    return (
        _reader(turned, _named_date, *_month_hints()),
        _reader(rf"(?P<before>{_PART_BEFORE})\s*(?:сагат\s*)?{_CLOCK}{_no('part')}", _clock, *parts),
        _reader(
            rf"(?P<before>{_PART_BEFORE})\s*(?:сагат\s*)?(?P<hour>[0-9]{{1,2}})(?![0-9]){_no('part')}", _hour, *parts
        ),
        _reader(said, _said_hour, " час"),
        _reader(rf"(?:{code})\s?{_SERIES}(?!\s?(?:{_THOUSAND}|{_MILLION}|{_CURRENCY}))", _currency_first, *_SIGNS),
        _reader(rf"(?<![0-9])(?<![0-9]\s){alone}", _money, "тысяч", "мын", "thousand"),
    )


def _no(group: str) -> str:
    """A group that is named and never found: some readers look at it, this pattern has none."""
    return f"(?P<{group}>(?!))?"


def _hour_words(name: str) -> str:
    return "|".join(map(letters, words()["hours"][name]))


def _month_hints() -> tuple[str, ...]:
    return tuple(pattern.replace(r"\w*", "").replace(r"\b", "") for pattern, _ in _months())


@lru_cache
def _surely() -> tuple[Reader, ...]:
    """Patterns that begin with a number and leave no doubt, the surest first."""
    return (*_long_numbers(), *_dates(), *_quantities())


def _long_numbers() -> tuple[Reader, ...]:
    return (
        _reader(r"[0-9]{4}(?:[ -]?[0-9]{4}){3}(?![0-9])", _account),
        _reader(r"[78](?:[ ().-]*[0-9]){10}(?![0-9])", _phone),
        _reader(r"7[0-9]{2}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}(?![0-9])", _phone),
        _reader(r"[0-9]{3}-[0-9]{2}-[0-9]{2}(?![0-9-])", _phone, "-"),
        _reader(r"[0-9]{9,}", _account),
    )


def _dates() -> tuple[Reader, ...]:
    month = "|".join(pattern for pattern, _ in _months())
    days = rf"(?P<days>{_DAY}{_NTH}(?:(?:\s*(?:-|по|и|to)\s*){_DAY}{_NTH})?)"
    iso = r"(?P<y>20[0-9]{2})[-.](?P<m>0[1-9]|1[0-2])[-.](?P<d>[0-3][0-9])(?![0-9])"
    local = r"(?P<d2>0?[1-9]|[12][0-9]|3[01])[./-](?P<m2>0?[1-9]|1[0-2])[./-](?P<y2>20[0-9]{2}|[0-9]{2})(?![0-9])"
    return (
        _reader(r"24 ?/ ?7(?![0-9])", _day_and_night, "/"),
        _reader(
            rf"(?<![0-9][.:]){days}(?:\s+|-)(?:of\s+)?(?P<month>{month})\.?(?:,?\s+(?P<year>20[0-9]{{2}}))?",
            _named_date,
            *_month_hints(),
        ),
        _reader(f"{iso}|{local}", _numeric_date),
        _reader(rf"({_DAY})/(0?[1-9]|1[0-2])(?![0-9])(?!\s*(?:{_CURRENCY}))", _slashed_date, "/"),
        _reader(rf"({_DAY})(?:\s?-?го|-?е)?\s+(?:числ\w+)", _day_of_month, " числ"),
    )


_SIGNS = ("₸", "тг", "тнг", "тен", "kzt", "tenge", "tg", "₽", "руб", "rub", "$", "usd", "долл", "бакс", "bucks", "€", "eur",
          "евро", "сом", "¥", "юан", "£")  # fmt: skip
_SCALES = ("тыс", "мын", "thousand", "к", "k", "т", "млн", "милл", "mill")


def _quantities() -> tuple[Reader, ...]:
    hours = rf"({_NUM})\s?{_UNITS[0][0]}\b\.?\s*(?:и\s+|and\s+)?([0-9]{{1,2}})\s?{_UNITS[1][0]}\b"
    lasts = rf"{_SERIES}\s?-?(?:(?:рабоч|календарн|business|working)\w*\s+)?(?P<unit>{_UNIT})\b"
    scaled = rf"{_SERIES}\s?(?P<scale>{_THOUSAND}|{_MILLION})(?:\s?(?P<rest>[0-9]{{3}})(?![0-9]))?\s?(?:{_CURRENCY})?"
    parts = ("утра", "дня", "вечера", "ночи", "am", "pm", ".m")
    return (
        _reader(rf"{_SERIES}\s*-?(?:%|проц\w*|пайыз\w*|percent|pct)", _percent, "%", "проц", "пайыз", "percent", "pct"),
        _reader(rf"{_CLOCK}{_no('before')}(?:\s*(?P<part>{_PART}))?", _clock, ":", "h"),
        _reader(rf"(?P<hour>[0-9]{{1,2}}){_no('before')}\s*(?:час\w*\s*)?(?P<part>{_PART})", _hour, *parts),
        _reader(hours, _hours_and_minutes),
        _reader(lasts, _duration),
        _reader(scaled, _money, *_SCALES),
        _reader(rf"{_SERIES}\s?{_no('scale')}{_no('rest')}(?:{_CURRENCY})", _money, *_SIGNS),
    )


@lru_cache
def _perhaps_named() -> tuple[Reader, ...]:
    """A word before what is left of the numbers makes them an hour, a price, a house."""
    street = r"(?:ул|улица|улице|пр|проспект\w*|пр-т|просп|мкр|микрорайон\w*|бульвар\w*|пер|переулок|street)\b\.?\s+"
    prices = r"\b(?:цена|стоит|стоимость|обойдется|price|costs?|багасы)\s*(?:[:=-]|от|всего|from|только)*\s*"
    hours = (
        rf"\b(?:{_hour_words('before')})\s+(?P<hours>[0-9]{{1,2}}(?:\s*-\s*[0-9]{{1,2}})?)(?![0-9.,:]*[0-9]){_closed()}"
    )
    streets = ("ул", "пр.", "пр ", "пр-т", "просп", "мкр", "микрор", "бульв", "пер", "street")
    return (
        _reader(rf"\b{street}(?P<street>[\w-]+)(?:\s+[а-я][\w-]+)?,?\s+(?:д\.?|дом)?\s*{_HOUSE}", _address, *streets),
        _reader(rf"(?P<street>[\w-]+)\s+(?:кошеси|дангылы|street|avenue)\w*,?\s+{_HOUSE}", _address, "кошес", "дангыл",
                "street", "avenue"),
        _reader(r"\bсагат\s+(?P<hours>[0-9]{1,2})(?![0-9])", _bare_hours, "сагат"),
        _reader(hours, _bare_hours),
        _reader(rf"{prices}((?<![0-9])[0-9]+)(?![0-9]){_closed()}", _named_price, "цена", "сто", "обой", "price", "cost", "багасы"),
    )  # fmt: skip


_HOUSE = r"(?P<house>[0-9]+\w?(?:/[0-9]+)?)"


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
        _reader(r"([0-9]{1,2})[.]([0-9]{2})(?![0-9])", _dotted, "."),
        _reader(r"([01]?[0-9]|2[0-4])-(00|30|45|2[5-9]|[345][0-9])(?![0-9-])(?!\s*[a-zа-я])", _dotted, "-"),
        _reader(rf"(?P<hours>[0-9]{{1,2}}-?{away}\s+[0-9]{{1,2}})-?{to}\s+дейин", _bare_hours, "дейин"),
        _reader(rf"(?P<hours>[0-9]{{1,2}})-?{there}", _bare_hours, *endings),
        _reader(rf"(?P<hours>[0-9]{{1,2}}\s*-\s*[0-9]{{1,2}})(?![0-9-]){_closed()}", _bare_hours, "-"),
        _reader(_NUM, _bare_number),
    )


def claims(text: str) -> tuple[Claim, ...]:
    """Everything that `text` claims, each once."""
    left = plain(text)
    found: list[Claim] = list(_availability(left))
    left = _everywhere(_families(), left, found)
    left = _SPELT_AT.sub("@", _SPELT_DOT.sub(".", left)) if any(sign in left for sign in _SPELT) else left
    left = _everywhere((*_contacts(), *_named()), left, found)
    left = _at_numbers(_surely(), left, found)
    _at_numbers(_perhaps(), _everywhere(_perhaps_named(), left, found), found)
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
    return frozenset(key for claim in claims(text) for key in claim.proves)


def proved(texts: Iterable[str]) -> frozenset[Key]:
    """What all texts of the evidence prove together."""
    return frozenset().union(*(proofs(text) for text in texts))
