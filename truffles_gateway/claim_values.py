"""From what a pattern found to keys that two texts can be compared by: "5 тыс" and "5 000" are one. Pure.

A key is a kind with a value; minutes for times and durations, (month, day) for dates, (value, currency) for prices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from truffles_gateway.plain import letters, words

Key = tuple[str, object]

Found = Iterator[tuple[str, tuple[Key, ...], tuple[Key, ...]]]
"""Kind, keys and, where it differs, what it proves, of everything that one match says."""

NUM = r"[0-9]{1,3}(?:[ .,][0-9]{3}){1,3}(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?|[0-9]+(?:[.,][0-9]{1,2}(?![0-9]))?"
THOUSAND = r"(?:тыс\w*\.?|тыщ\w*|tys\w*|мын\w*|thousand)|(?<=[0-9])\s?(?:т\.?р?|к|k)\b"
MILLION = r"млн\.?|миллион\w*|million"
SIZE = r"(?:гб|gb|тб|tb|мб|mb|мп|mp|вт|см|cm|мм|mm|кг|kg|мл|ml)\b"
"""Units of what has a size: a number before one is no price ("128 ГБ — 239 000 ₸")."""
_COUNTED = re.compile(r"[0-9]{1,2}\s+-\s")
_FAR_LESS, _MOST_COUNTED = 100, 20
_PRICED_BEFORE = re.compile(r"(?:\b(?:от|до|с|за|from|цен\w+|сто[ия]\w*|price|costs?|багасы)|[:=-])\s*$")
_NAMES = (
    ("₸", r"₸", r"тг\b|тнг\b|те[нң]ге\w*|kzt\b|tenge\b|tg\b"), ("₽", r"₽", r"руб\w*|rub\b"),
    ("$", r"\$", r"usd\b|доллар\w*|бакс\w*|dollars?\b|bucks\b"), ("€", r"€", r"eur\b|euros?\b|евро\b"),
    ("сом", r"", r"сом(?:ов|а)?\b"), ("¥", r"¥", r"юан\w*"), ("£", r"£", r""),
)  # fmt: skip
# "500тг" is as good as "500 тг": a name may follow a digit, but no letter
_CURRENCIES = tuple(
    (key, "|".join(filter(None, (sign, name and rf"(?<![^\W\d_])(?:{name})")))) for key, sign, name in _NAMES
)
PRICE_WORD = r"\b(?:цена|стоит|стоимость|обойдется|price|costs?|багасы)\s*(?:[:=-]|от|всего|from|только)*\s*"
CURRENCY = "|".join(pattern for _, pattern in _CURRENCIES)
_DAYPART = {"утра": 0, "am": 0, "a.m": 0, "дня": 12, "вечера": 12, "pm": 12, "p.m": 12, "ночи": 0, "танг": 0, "танерт": 0, "тун": 0,
            "тус": 12, "кешк": 12}  # fmt: skip
_CLOSES = re.compile(r"^(?:до|till|until|to)\b|дейин")


def _value(number: str) -> float:
    """ "5 000", "5.000" → 5000; "1,5" → 1.5."""
    whole = re.sub(r"[ .,](?=[0-9]{3}(?![0-9]))", "", number)
    return float(whole.replace(" ", "").replace(",", "."))


def _numbers(series: str) -> list[float]:
    return [_value(found) for found in re.findall(NUM, series)]


# --- links, accounts, phones ------------------------------------------------------------------------------------------


def mail(found: re.Match[str]) -> Found:
    """An e-mail address."""
    yield "e-mail", (("mail", found[0].strip(".")),), ()


def link(found: re.Match[str]) -> Found:
    """A link; wa.me is a phone too. With a path it also proves its host."""
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", found[0]).rstrip("/.,;:!?*_'")
    host, _, path = address.partition("/")
    phone = re.fullmatch(r"(?:wa\.me/|api\.whatsapp\.com/send\?phone=)\+?([0-9]{10,15}).*", address)
    keys: tuple[Key, ...] = (("link", address), *((("phone", _dialled(phone[1])),) if phone else ()))
    yield "link", keys, (*keys, ("link", host)) if path else keys


def username(found: re.Match[str]) -> Found:
    """An @name."""
    yield "link", (("username", found[0].strip(".")),), ()


def account(found: re.Match[str]) -> Found:
    """An account, a card, a number of an identity: its characters."""
    yield "account", (("account", re.sub(r"[ -]", "", found[0])),), ()


def _dialled(digits: str) -> str:
    """A phone as it is dialled from anywhere: 8 701… and 701… are 7701…"""
    if len(digits) == 11 and digits[0] == "8":
        return "7" + digits[1:]
    return "7" + digits if len(digits) == 10 else digits


def phone(found: re.Match[str]) -> Found:
    """A phone; it also proves its last seven digits."""
    number = _dialled(re.sub(r"[^0-9]", "", found[0]))
    key: Key = ("phone", number)
    yield "phone", (key,), (key, ("phone", number[-7:]))


# --- dates ------------------------------------------------------------------------------------------------------------


@lru_cache
def months() -> tuple[tuple[str, int], ...]:
    """Patterns of the months' names, the longest first."""
    found = [
        (_ending(letters(name)), int(month)) for month, names in words()["months"].items() for name in names.split()
    ]
    return tuple(sorted(found, key=lambda each: -len(each[0])))


def _ending(name: str) -> str:
    return name.replace("*", r"\w*") + r"\b"


def _month(name: str) -> int:
    return next(month for pattern, month in months() if re.match(pattern, name))


def _date_keys(day: str, month: int) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    key: Key = ("date", (month, int(day)))
    return (key,), (key, ("day", int(day)))


def named_date(found: re.Match[str]) -> Found:
    """Days with the name of their month, and the year if it is said."""
    for day in re.findall(r"[0-9]+", found["days"]):
        yield "date", *_date_keys(day, _month(found["month"]))
    yield from _year(found["year"])


def _year(year: str | None) -> Found:
    if year:
        full = year if len(year) == 4 else f"20{year}"
        yield "date", (("year", int(full)),), ()


def numeric_date(found: re.Match[str]) -> Found:
    """25.11.2025 and 2025-11-25."""
    year, month, day = found["y"] or found["y2"], found["m"] or found["m2"], found["d"] or found["d2"]
    yield "date", *_date_keys(day, int(month))
    yield from _year(year)


def slashed_date(found: re.Match[str]) -> Found:
    """25/11."""
    yield "date", *_date_keys(found[1], int(found[2]))


def day_of_month(found: re.Match[str]) -> Found:
    """ "25-го": that day of any month."""
    yield "date", (("day", int(found[1])),), ()


# --- percents, durations, money ---------------------------------------------------------------------------------------


def percent(found: re.Match[str]) -> Found:
    """Each percentage of a series."""
    for value in _numbers(found["series"]):
        yield "percent", (("percent", value),), ()


UNITS = (
    (r"(?:ч|час\w*|саг(?:ат\w*)?|hours?|hrs?|h)", "minutes", 60), (r"(?:мин|минут\w*|min|mins|minutes?)", "minutes", 1),
    (r"(?:дн\w{1,2}|день|сут\w*|кун\w*|days?)", "days", 1), (r"(?:недел\w*|апта\w*|weeks?)", "days", 7),
    (r"(?:мес|месяц\w*|ай(?:га|да|дан|лык)?|months?)", "months", 1), (r"(?:лет|год\w*|жыл\w*|years?|yrs?)", "months", 12),
)  # fmt: skip
UNIT = "|".join(unit for unit, _, _ in UNITS)


def hours_and_minutes(found: re.Match[str]) -> Found:
    """1 ч 30 мин."""
    yield "duration", (("minutes", _value(found[1]) * 60 + int(found[2])),), ()


def duration(found: re.Match[str]) -> Found:
    """Each length of a series; so many years from 1900 on are a year."""
    name, factor = next((name, factor) for unit, name, factor in UNITS if re.fullmatch(unit, found["unit"]))
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
    return keys, (exact, ("price", (value, "any")), ("price", (value, "told")))


def _is_counted(found: re.Match[str], values: list[float]) -> bool:
    """Does a series begin with a count, and not with the least of a range?"""
    before = found.string[max(0, found.start() - 24) : found.start()]
    counted = _COUNTED.match(found["series"]) is not None and values[0] <= _MOST_COUNTED
    return counted and values[0] * _FAR_LESS < values[1] and _PRICED_BEFORE.search(before) is None


def money(found: re.Match[str]) -> Found:
    """A series of numbers with a scale or a currency."""
    scale = found["scale"] or ""
    factor = 1_000_000 if re.match(MILLION, scale) else 1_000 if scale else 1
    values = _numbers(found["series"] or "1")
    if not scale and _is_counted(found, values):
        del values[0]  # "два — 42 000 ₸" is the price of two, and no range
    rest = _value(found["rest"]) if found["rest"] else 0
    spelt = re.search(THOUSAND, found["series"] or "")  # "5 тыс - 7 тыс": the first has its own
    for value in values:
        scaled = value * factor if value < 1_000 or not spelt else value
        yield "price", *_money_keys(scaled + rest, _currency(found[0]))


def currency_first(found: re.Match[str]) -> Found:
    """$50."""
    for value in _numbers(found["series"]):
        yield "price", *_money_keys(value, _currency(found[0]))


@lru_cache
def _no_price() -> tuple[re.Pattern[str], ...]:
    """What stands after a number of things, and before a number that is a name: of anything, and of a room."""
    lists = words()["bare"]
    others = "|".join((*map(letters, words()["hours"]["after"]), *lists["after"]))
    counted = rf"(?: ?[-/x*х] ?(?:{NUM})){{0,3}} ?-?(?!(?:{others})\b)[a-zа-я°²]"
    names, rooms = (rf"(?<![^\W_])(?:{'|'.join(lists[name])}) ?[:#-]? ?$" for name in ("names", "rooms"))
    return tuple(map(re.compile, (counted, names, rooms, PRICE_WORD + "$")))


def _may_be_price(found: re.Match[str], digits: int) -> bool:
    """Does a bare number of the evidence stand where a price does: after a word for it, or with no noun that it counts or
    names ("5000 мАч", "A155", "кабинет 305")? A price list without a currency is of such numbers."""
    counted, names, rooms, told = _no_price()
    before = found.string[max(0, found.start() - 24) : found.start()]
    if told.search(before):
        return True
    named = before[-1:].isalpha() or names.search(before) or (digits < 4 and rooms.search(before))
    return not named and not counted.match(found.string, found.end())


def bare_number(found: re.Match[str]) -> Found:
    """A number of three digits and more is a price, or a year, until proved otherwise."""
    digits = sum(map(str.isdigit, found[0]))
    if digits < 3:
        return
    value = _value(found[0])
    keys, proves = _money_keys(value, "")
    year = (("year", int(value)),) if 1900 <= value <= 2100 and found[0].isdigit() else ()
    yield "price", (*keys, *year), (*(proves if _may_be_price(found, digits) else keys), *year)


def named_price(found: re.Match[str]) -> Found:
    """ "цена 50": a number that only counts something else in the evidence does not prove it."""
    value = _value(found[1])
    yield "price", (("price", (value, "told")),), _money_keys(value, "")[1]


# --- times ------------------------------------------------------------------------------------------------------------


def _minute(hour: int, minute: int, part: str) -> int:
    """The minute of the day; `part` is a word such as "вечера"."""
    shift = next((shift for word, shift in _DAYPART.items() if part.startswith(word)), None)
    if shift is not None and hour <= 12:
        hour = hour % 12 + (12 if shift and not (part.startswith("дня") and hour == 11) else 0)
        night = part.startswith(("ночи", "тун")) and 6 < hour < 12
        hour += 12 if night else 0
    return hour % 24 * 60 + minute


def clock(found: re.Match[str]) -> Found:
    """10:00, with the part of the day that stands with it."""
    hour, minute = re.split(r"[:h]", found["clock"])
    yield "time", (("time", _minute(int(hour), int(minute), found["before"] or found["part"] or "")),), ()


def hour(found: re.Match[str]) -> Found:
    """ "10 вечера", "кешкі 9"."""
    part = found["before"] or found["part"] or ""
    if int(found["hour"]) <= 24:
        yield "time", (("time", _minute(int(found["hour"]), 0, part)),), ()


def _bare(hour: str, *, closes: bool) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """An hour without a part of the day: "до 9" may be of the evening; as evidence it is what it says."""
    literal: Key = ("time", int(hour) % 24 * 60)
    keys = (literal, ("time", (int(hour) + 12) * 60)) if closes and int(hour) < 12 else (literal,)
    return keys, (literal,)


def bare_hours(found: re.Match[str]) -> Found:
    """Hours that a word before them, a range or an ending tells."""
    hours = re.findall(r"[0-9]+", found["hours"])
    if any(int(hour) > 24 for hour in hours):
        return
    for number, hour in enumerate(hours):
        yield "time", *_bare(hour, closes=number > 0 or _CLOSES.search(found[0]) is not None)


def said_hour(found: re.Match[str]) -> Found:
    """ "в 10 часов", "до 3 часов": an hour of the day, or so many hours."""
    keys, proves = _bare(found["hours"], closes=_CLOSES.search(found[0]) is not None)
    both: Key = ("minutes", float(found["hours"]) * 60)
    yield "time", (*keys, both), (*proves, both)


def dotted(found: re.Match[str]) -> Found:
    """ "10.30" is a time, "25.11" a date, "10.11" either."""
    first, second = int(found[1]), int(found[2])
    date = _date_keys(found[1], second) if 1 <= first <= 31 and 1 <= second <= 12 else ((), ())
    time: tuple[Key, ...] = (("time", first % 24 * 60 + second),) if first <= 24 and second < 60 else ()
    if date[0] or time:
        yield "date" if date[0] else "time", date[0] + time, date[1] + time


def day_and_night(_: re.Match[str]) -> Found:
    """24/7."""
    yield "time", (("time", "24/7"),), ()


# --- words ----------------------------------------------------------------------------------------------------------


def family(kind: str, name: str) -> Callable[[re.Match[str]], Found]:
    """A reader of words that make a claim by themselves."""

    def read(_: re.Match[str]) -> Found:
        yield kind, (("family", name),), ()

    return read
