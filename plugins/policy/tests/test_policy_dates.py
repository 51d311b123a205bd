"""Dates and times in three languages, read as people of a zone write them, and what any text at all comes to."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as rules_of
from hypothesis import strategies as st
from truffles_policy.booking.calendar import Calendar
from truffles_policy.booking.dates import read
from truffles_policy.booking.settle import Rules, Settled, settle
from truffles_policy.pack.schema import Pack

NOW = datetime(2026, 12, 2, 14, 20, tzinfo=ZoneInfo("Asia/Almaty"))  # a Wednesday
PACK = Pack.model_validate(
    {
        "business": {"name": "X"},
        "place": {"hours": {"mon-sat": "10:00-21:00", "sun": "closed"}, "exceptions": [{"on": "12-31", "hours": "closed"}]},
        "branches": [
            {"slug": "north", "name": "North", "hours": {"daily": "20:00-02:00"}},
            {"slug": "south", "name": "South", "hours": {"mon": "10:00-13:00, 14:00-18:00"}},
            {"slug": "east", "name": "East", "exceptions": [{"on": "12-30", "hours": "closed"}]},
        ],
    }
)  # fmt: skip
CASES = tomllib.loads((Path(__file__).parent / "dates.toml").read_text(encoding="utf-8"))
ROWS = [pytest.param(text, wanted, id=f"{at}-{text}") for at, rows in CASES.items() for text, wanted in rows.items()]


def settled(text: str, *, now: datetime = NOW, branch: str = "", known: Mapping[str, str] | None = None, asked: bool = False,
            **rules: int) -> Settled:  # fmt: skip
    """What a text comes to."""
    moment = read(text, now.date(), expected=asked)
    return settle(moment, now, Calendar.of(PACK, branch), Rules(**rules), known or {})


def short(found: Settled) -> str:
    """As the table writes it."""
    slots, why = found.slots, found.refused.get("why", "")
    day = slots.get("day", "")[5:] + (f"..{slots['until'][5:]}" if "until" in slots else "")
    mark = {"after": ">", "before": "<"}.get(slots.get("bound", ""), "")
    at = mark + slots["time"] + (f"..{slots['till']}" if "till" in slots else "") if "time" in slots else ""
    return " ".join(filter(None, [day, at, slots.get("part", ""), f"!{why}" if why else ""])) or "-"


@pytest.mark.parametrize(("text", "wanted"), ROWS)
def test_each_text_means_its_day_and_time(text: str, wanted: str) -> None:
    assert short(settled(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), ROWS)
def test_nothing_changes_inside_a_sentence(text: str, wanted: str) -> None:
    assert short(settled(f"Здравствуйте! {text.capitalize()}, спасибо")) == wanted


def test_there_are_enough_of_each_language() -> None:
    assert sum(map(len, CASES.values())) >= 160
    assert all(len(rows) >= 35 for rows in CASES.values())


@pytest.mark.parametrize(
    ("text", "wanted"), [("15", "15:00"), ("5", "17:00"), ("5 вечера", "17:00"), ("три", "15:00"), ("15 30", "15:30"), ("15-17", "15:00..17:00")]
)  # fmt: skip
def test_a_bare_number_is_a_time_where_one_was_asked_for(text: str, wanted: str) -> None:
    assert short(settled(text, asked=True)) == wanted


def test_hours_decide_which_half_of_the_day_is_meant() -> None:
    assert short(settled("завтра в 11", branch="north")) == "12-03 23:00"
    assert short(settled("завтра в 1", branch="north")) == "12-03 01:00"
    assert short(settled("завтра в 11")) == "12-03 11:00"


def test_a_break_is_closed_and_an_unknown_day_is_not() -> None:
    assert settled("в понедельник в 13:30", branch="south").refused["hours"] == "10:00–13:00, 14:00–18:00"
    assert short(settled("во вторник в 13:30", branch="south")) == "12-08 13:30"


def test_the_day_that_is_known_already_decides_about_a_time() -> None:
    assert short(settled("в 22:00", known={"day": "2026-12-03"})) == "!outside"
    assert short(settled("в 3", known={"day": "2026-12-03"})) == "15:00"
    assert short(settled("в субботу", known={"time": "15:00"})) == "12-05 15:00"
    assert short(settled("в субботу", known={"time": "22:00"})) == "12-05 !outside"


def test_how_soon_and_how_far() -> None:
    assert settled("сегодня в 15", lead_minutes=60).refused == {
        "why": "soon",
        "day": "2026-12-02",
        "time": "15:00",
        "minutes": "60",
    }
    assert short(settled("сегодня в 16", lead_minutes=60)) == "12-02 16:00"
    assert settled("25 декабря", days_ahead=14).refused == {"why": "far", "day": "2026-12-25", "days": "14"}
    assert short(settled("сегодня", now=NOW.replace(hour=22))) == "!past"


def test_a_zone_has_its_own_today() -> None:
    late = datetime(2026, 12, 2, 20, 30, tzinfo=ZoneInfo("UTC"))
    assert short(settled("завтра в 12", now=late.astimezone(ZoneInfo("Asia/Almaty")))) == "12-04 12:00"
    assert short(settled("завтра в 12", now=late)) == "12-03 12:00"


WORDS = [text for rows in CASES.values() for text in rows] + [
    "в",
    "на",
    "31",
    "без",
    "пол",
    "после",
    "до",
    "12.13",
    "99:99",
    "00",
    "next",
    "жарым",
]


@rules_of(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)),
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
)
def test_any_text_comes_to_a_day_that_exists_and_is_not_over(text: str, today: date) -> None:
    now = datetime(today.year, today.month, today.day, 12, tzinfo=ZoneInfo("Asia/Almaty"))
    found = settled(text, now=now, asked=True)
    if day := found.slots.get("day"):
        assert today <= date.fromisoformat(day) <= today + timedelta(days=60)
    if at := found.slots.get("time"):
        hour, minute = map(int, at.split(":"))
        assert 0 <= hour < 24
        assert 0 <= minute < 60


@rules_of(max_examples=200, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2029, 12, 31)))
def test_every_date_that_is_written_out_is_read_back(day: date) -> None:
    months = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ]
    today = day - timedelta(days=30)
    for text in (
        f"{day:%d.%m}",
        f"{day.day} {months[day.month - 1]}",
        f"{day:%d.%m.%Y}",
        day.isoformat(),
        f"{day:%B} {day.day}",
    ):
        found = read(f"запишите {text} пожалуйста", today)
        assert found.day is not None
        assert found.day.start == day


@rules_of(max_examples=100, deadline=None)
@given(st.integers(0, 23), st.sampled_from([0, 5, 15, 30, 45, 59]))
def test_every_time_that_is_written_out_is_read_back(hour: int, minute: int) -> None:
    found = read(f"завтра в {hour:02}:{minute:02}", NOW.date())
    assert found.clock is not None
    assert found.clock.minute == hour * 60 + minute


@pytest.mark.parametrize("text", ["завтра в " * 5_000, "25.12 " * 5_000, "1" * 50_000, "в понедельник или " * 3_000])
def test_huge_texts_are_soon_done(text: str) -> None:
    settled("завтра")
    begun = time.perf_counter()
    settled(text)
    assert time.perf_counter() - begun < 0.5


def test_days_off_of_the_house_are_those_of_every_branch() -> None:
    for branch in ("", "north", "south", "east"):
        assert settled("31 декабря в 11", branch=branch).refused["why"] == "closed", branch
    assert settled("30 декабря в 11", branch="east").refused["why"] == "closed"


def test_a_time_that_is_over_is_no_other_half_of_the_day() -> None:
    """Nobody told the hours of Tuesday in the south: people come by day."""
    tuesday = datetime(2026, 12, 1, 15, 0, tzinfo=ZoneInfo("Asia/Almaty"))
    found = settled("сегодня в 11", branch="south", now=tuesday)
    assert (found.refused["why"], found.slots.get("time")) == ("past", None)
    assert settled("сегодня в 5", branch="south", now=tuesday).slots["time"] == "17:00"


def test_what_must_be_before_an_hour_that_is_over_is_over() -> None:
    assert settled("сегодня до 12").refused["why"] == "past"
    assert settled("сегодня до 18").slots["bound"] == "before"


@pytest.mark.parametrize(
    "text",
    [
        "я была у вас в прошлую пятницу",
        "в прошлый раз в субботу",
        "на прошлой неделе",
        "last friday I was there",
        "өткен жұмада болдым",
    ],
)
def test_what_is_over_is_no_wish(text: str) -> None:
    assert settled(text).slots == {}
