"""What a conversation remembers of a booking: slots merge, three questions at most, and no word that promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as rules_of
from hypothesis import strategies as st

from truffles_gateway import booking
from truffles_gateway.booking import Booking
from truffles_gateway.records import Conversation, Work
from truffles_gateway.texts import HOST_LANGUAGES, Catalogue, host_texts

NOW = datetime(2026, 12, 2, 9, tzinfo=UTC)
CATALOGUE = Catalogue()
FAMILIES = {
    "service": {"service", "service_id", "service_said"},
    "day": {"day", "until"},
    "time": set(booking.TIMES),
    "name": {"name"},
}
SLOTS = st.sampled_from(
    [
        {}, {"service": "Маникюр", "service_id": "services.m"}, {"service": "Стрижка"}, {"day": "2026-12-03"},
        {"day": "2026-12-05", "until": "2026-12-06"}, {"time": "15:00"}, {"time": "15:00", "till": "17:00"}, {"part": "morning"},
        {"part": "any"}, {"words": "как получится"}, {"day": "2026-12-04", "time": "18:00", "bound": "after"}, {"name": "Айгуль"},
    ]
)  # fmt: skip


def say(key: str, language: str = "ru", **values: object) -> str:
    return CATALOGUE.get(key, language, **values)


def asked(known: Booking) -> Booking:
    """As the route asks the next question."""
    wanted = known.lacks()
    return (
        replace(known, asked=wanted, counts={**known.counts, wanted: known.counts.get(wanted, 0) + 1})
        if wanted
        else known
    )


@rules_of(max_examples=500, deadline=None)
@given(st.lists(SLOTS, max_size=12), st.permutations(booking.ASKS), st.integers(1, 3))
def test_any_order_keeps_to_three_questions_and_loses_nothing(
    said: list[dict[str, str]], order: list[str], count: int
) -> None:
    known, given_so_far = Booking(at=NOW, asks=tuple(order[:count])), set[str]()
    for slots in said:
        known = asked(known.merged(slots, NOW))
        given_so_far |= {family for family, names in FAMILIES.items() if names & slots.keys()}
        assert slots.items() <= known.slots.items()
        assert known.questions <= booking.MOST_QUESTIONS
        assert all(times <= booking.MOST_OF_ONE for times in known.counts.values())
        held = {family for family, names in FAMILIES.items() if names & known.slots.keys()}
        assert given_so_far - held <= {"time"}  # only another day takes vague words back
        assert booking.summary(known.slots, say) or not known.slots
    assert booking.stored({booking.KEY: known.stored()}) == known


@pytest.mark.parametrize(
    ("slots", "lacks"),
    [
        ({}, "service"),
        ({"service": "x"}, "when"),
        ({"service": "x", "day": "2026-12-03"}, "time"),
        ({"service": "x", "time": "15:00"}, "day"),
        ({"service": "x", "part": "evening"}, "day"),
        ({"service": "x", "day": "2026-12-03", "until": "2026-12-06"}, "when"),
        ({"service": "x", "day": "2026-12-03", "part": "evening"}, "name"),
        ({"service": "x", "part": "any"}, "name"),
        ({"service": "x", "words": "как получится"}, "name"),
        ({"service": "x", "day": "2026-12-03", "time": "15:00", "name": "y"}, ""),
    ],
)
def test_what_is_asked_next(slots: dict[str, str], lacks: str) -> None:
    assert Booking(at=NOW, slots=slots).lacks() == lacks


@pytest.mark.parametrize(
    ("slots", "ru", "en"),
    [
        ({"day": "2026-12-25", "time": "15:00"}, "пятница, 25 декабря, 15:00", "Friday, 25 December, 15:00"),
        ({"day": "2026-12-05", "part": "afternoon"}, "суббота, 5 декабря, после обеда", "Saturday, 5 December, in the afternoon"),
        ({"day": "2026-12-05", "until": "2026-12-06"}, "суббота, 5 декабря – воскресенье, 6 декабря", "Saturday, 5 December – Sunday, 6 December"),
        ({"day": "2026-12-05", "time": "18:00", "bound": "after"}, "суббота, 5 декабря, после 18:00", "Saturday, 5 December, after 18:00"),
        ({"time": "15:00", "till": "17:00"}, "15:00–17:00", "15:00–17:00"),
        ({"words": "как получится"}, "«как получится»", "“как получится”"),
        ({"part": "any"}, "в любое время", "at any time"),
        ({}, "", ""),
    ],
)  # fmt: skip
def test_when_in_words(slots: dict[str, str], ru: str, en: str) -> None:
    assert booking.spoken_when(slots, say) == ru
    assert booking.spoken_when(slots, lambda key, **values: say(key, "en", **values)) == en


BEFORE_CONFIRMED = sorted(key for key in host_texts()["ru"] if key.startswith("book_") and key != "book_told_confirm")
PROMISES = (
    "записали",
    "записаны",
    "забронир",
    "подтверждаем",
    "ждём вас",
    "растаймыз",
    "күтеміз",
    "жаздық",
    "confirmed",
    "booked",
    "see you",
)


@pytest.mark.parametrize("language", HOST_LANGUAGES)
def test_no_line_promises_a_place_before_a_person_did(language: str) -> None:
    for key in BEFORE_CONFIRMED:
        assert not any(word in host_texts()[language][key].lower() for word in PROMISES), key


def talk(known: Booking | None, handover: str = "") -> Conversation:
    context: dict[str, Any] = {"language": "ru", **({booking.KEY: known.stored()} if known else {})}
    return Conversation(client_id="c", channel="w", address="a", handover_id=handover, context=context)


def work(*ids: str) -> Work:
    return cast("Work", SimpleNamespace(events=[SimpleNamespace(id=each) for each in ids]))


def test_how_long_it_is_remembered() -> None:
    known = Booking(at=NOW, slots={"service": "x"}, by="1")
    assert booking.read(talk(known), NOW + timedelta(hours=23), 24, work("2")) == talk(known)
    assert booking.read(talk(known), NOW + timedelta(hours=25), 24, work("2")) == talk(None)
    passed = replace(known, handover="h")
    assert booking.read(talk(passed, "h"), NOW + timedelta(days=9), 24, work("2")) == talk(passed, "h")
    assert booking.read(talk(passed, ""), NOW, 24, work("2")) == talk(None)
    assert booking.read(talk(passed, "other"), NOW, 24, work("2")) == talk(None, "other")


def test_words_that_are_thought_about_again_count_once() -> None:
    first = Booking(at=NOW, slots={"service": "x"}, asked="when", counts={"when": 1})
    second = replace(first, slots={"service": "x", "day": "2026-12-03"}, counts={"when": 1, "time": 1})
    context = booking.stamped({booking.KEY: second.stored()}, {booking.KEY: first.stored()}, "e2")
    again = booking.read(replace(talk(None), context=context), NOW, 24, work("e2", "e3"))
    assert booking.stored(again.context) == first
    new = booking.stamped({booking.KEY: first.stored()}, {}, "e1")
    assert booking.KEY not in booking.read(replace(talk(None), context=new), NOW, 24, work("e1")).context
