"""The small values of a pack: money, minutes, words in several languages, hours of a week, dates. Each reads what an owner
writes by hand ("7 000", "1 ч 30 мин", "10:00–21:00") and says how to write it where it cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

DIGITS = 3  # the shortest numbers are those of services in town
_PLACEHOLDER = re.compile(r"[\s.…?_-]+")


def _filled_in(text: str) -> str:
    """A draft has "…" where its owner must write: no customer is told that."""
    if _PLACEHOLDER.fullmatch(text):
        raise ValueError(f'"{text[:20]}" is not filled in yet. Write what customers shall read there')
    return text


def _dialled(text: str) -> str:
    """A number that customers can call, with whatever stands beside it ("доб. 2", "WhatsApp")."""
    if len(re.sub(r"\D", "", text)) < DIGITS:
        raise ValueError('is no phone number. Write it as customers dial it, such as "+7 700 000 00 12"')
    return text


Language = Literal["ru", "kk", "en"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600), AfterValidator(_filled_in)
]
Phone = Annotated[Line, AfterValidator(_dialled)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"

_AMOUNT = re.compile(r"\d{1,3}(?:[ \u00a0_.,]\d{3})+|\d+")
_SPAN = re.compile(r"(\d{1,2})[:.]?(\d{2})?\s*[-–—]\s*(\d{1,2})[:.]?(\d{2})?")
_LASTS = re.compile(
    r"(?:(\d+)\s*(?:д|дн\w*|день|d|day\w*|күн\w*)\.?\s*)?"
    r"(?:(\d+(?:[.,]\d+)?)\s*(?:ч|час\w*|h|hour\w*|сағ\w*)\.?)?\s*(?:(\d+)\s*(?:м|мин\w*|min\w*)?\.?)?",
    re.IGNORECASE,
)
_DAY_CURE = 'Write "2027-01-31", year, month and day, or "01-31" for every year'
_NO = frozenset({"closed", "выходной", "закрыто", "жабық", "нет", "no", "-"})
_ROUND = frozenset({"24/7", "24", "круглосуточно", "тәулік бойы"})


class Part(BaseModel):
    """Base of all parts of a pack: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _money(value: Any) -> Any:
    if isinstance(value, str) and _AMOUNT.fullmatch(value.strip()):
        return int(re.sub(r"\D", "", value))
    if isinstance(value, str):
        raise ValueError('is no amount. Write whole units of the currency: 7000 or "7 000"')
    return value


def _minutes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _LASTS.fullmatch(value.strip())
    if found is None or not value.strip():
        raise ValueError('is no duration. Write minutes, or for example "1 ч 30 мин" or "2 дня"')
    days, hours, minutes = found.groups()
    return int(days or 0) * 24 * 60 + round(float((hours or "0").replace(",", ".")) * 60) + int(minutes or 0)


def _words(value: Any) -> Any:
    """A plain text stands for the pack's own language: under "" until the pack says which that is."""
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, dict):
        raise ValueError("is no text. Write one line, or one for each language: {ru: …, kk: …, en: …}")
    return value


Money = Annotated[int, BeforeValidator(_money), Field(ge=0, le=10**12)]
Minutes = Annotated[int, BeforeValidator(_minutes), Field(gt=0, le=60 * 24 * 30)]
Words = Annotated[dict[Literal["", "ru", "kk", "en"], Line], BeforeValidator(_words), Field(min_length=1)]
"""A text of the business, in one language or in several: `"…"` or `{ru: "…", kk: "…", en: "…"}`."""


def said(words: Words, language: str, own: str) -> tuple[str, str]:
    """A text for customers of `language`, and the language that it really is in; `own` is the pack's."""
    for known in (language, own, ""):
        for key, text in words.items():
            if key == known:
                return text, key or own
    key, text = next(iter(words.items()))
    return text, key or own


class Span(Part):
    """Opening hours of one day: minutes after midnight; an end before the beginning is on the next day."""

    opens: Annotated[int, Field(ge=0, le=24 * 60)]
    closes: Annotated[int, Field(ge=0, le=24 * 60)]


def spans(value: Any) -> tuple[Span, ...]:
    """ "10:00–13:00, 14:00–21:00" → two spans; "closed" → none. Raises `ValueError` with the way to write it."""
    if not isinstance(value, str):
        raise ValueError('write hours like "10:00-21:00", or "closed"')
    text = value.strip().lower()
    if text in _NO:
        return ()
    if text in _ROUND:
        return (Span(opens=0, closes=24 * 60),)
    return tuple(_span(part) for part in re.split(r"[,;]| и ", text))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text.strip()}" are no hours. Write them like "10:00-21:00", or "closed"')
    opens, closes = (_clock(found[at], found[at + 1]) for at in (1, 3))
    return Span(opens=opens, closes=closes)


def _clock(hour: str, minute: str | None) -> int:
    at = int(hour) * 60 + int(minute or 0)
    if at > 24 * 60 or int(minute or 0) > 59:
        raise ValueError(f'"{hour}:{minute or "00"}" is no time of a day')
    return at


Hours = Annotated[
    tuple[Span, ...], BeforeValidator(lambda value: value if isinstance(value, (list, tuple)) else spans(value))
]


def _week(value: Any) -> Any:
    """`{mon-fri: "10:00-21:00", sat: "11:00-18:00"}`, or one line for every day → hours by day; a day that nobody names
    is unknown, not closed."""
    if isinstance(value, str):
        return dict.fromkeys(DAYS, spans(value))
    if not isinstance(value, dict):
        raise ValueError('write hours by day: {mon-fri: "10:00-21:00", sun: closed}, or one line for every day')
    week: dict[str, Any] = {}
    wrong: list[str] = []
    for days, hours in value.items():
        try:
            _put(week, _days(str(days)), spans(hours) if isinstance(hours, str) else hours)
        except ValueError as problem:
            wrong.append(str(problem))
    if wrong:
        raise ValueError("; ".join(wrong))
    return week


def _put(week: dict[str, Any], days: Sequence[str], hours: Any) -> None:
    twice = [day for day in days if day in week]
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there twice")
    week |= dict.fromkeys(days, hours)


def _days(text: str) -> list[str]:
    if text in {"daily", "every day"}:
        return list(DAYS)
    first, _, last = text.partition("-")
    known: list[str] = list(DAYS)
    if first not in known or (last and last not in known):
        raise ValueError(f'"{text}" is no day. Write mon, tue, wed, thu, fri, sat, sun, a range like mon-fri, or daily')
    at, end = known.index(first), known.index(last or first)
    return known[at : end + 1] if at <= end else known[at:] + known[: end + 1]


Week = Annotated[dict[Day, tuple[Span, ...]], BeforeValidator(_week)]


class OneDay(Part):
    """A calendar day: of one year, or, where `year` is 0, of every year."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    year: int = 0

    def is_on(self, day: date) -> bool:
        """Is it this day?"""
        return (self.month, self.day) == (day.month, day.day) and self.year in (0, day.year)


def _one_day(value: Any) -> Any:
    if isinstance(value, date):
        return OneDay(year=value.year, month=value.month, day=value.day)
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(?:(\d{4})-)?(\d{2})-(\d{2})", value.strip())
    if found is None:
        raise ValueError(f"is no day. {_DAY_CURE}")
    year, month, day = int(found[1] or 0), int(found[2]), int(found[3])
    try:
        date(year or 2024, month, day)
    except ValueError:
        raise ValueError(f"is a day that no calendar has. {_DAY_CURE}") from None
    return OneDay(year=year, month=month, day=day)


CalendarDay = Annotated[OneDay, BeforeValidator(_one_day)]
