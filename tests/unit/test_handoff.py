"""The transition table and the desk's hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.handoff import TRANSITIONS, Event, add_desk_minutes, allowed
from truffles_gateway.messages import State

ALMATY = ZoneInfo("Asia/Almaty")
NIGHT = (23, 8)


def almaty(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("start", "minutes", "quiet", "end"),
    [
        (almaty(2, 10), 30, NIGHT, almaty(2, 10, 30)),
        (almaty(2, 22, 30), 30, NIGHT, almaty(2, 23)),
        (almaty(2, 22, 30), 31, NIGHT, almaty(3, 8, 1)),
        (almaty(2, 23), 30, NIGHT, almaty(3, 8, 30)),
        (almaty(3, 3, 15), 30, NIGHT, almaty(3, 8, 30)),
        (almaty(3, 7, 59), 120, NIGHT, almaty(3, 10)),
        (almaty(2, 22), 16 * 60, NIGHT, almaty(3, 23)),
        (almaty(2, 12), 120, (13, 14), almaty(2, 15)),
        (almaty(2, 13, 30), 10, (13, 14), almaty(2, 14, 10)),
        (almaty(2, 23, 30), 60, (0, 0), almaty(3, 0, 30)),
    ],
)
def test_quiet_hours_stop_the_clock(start, minutes, quiet, end) -> None:
    ends = add_desk_minutes(start.astimezone(UTC), minutes, quiet, "Asia/Almaty")
    assert ends == end
    assert ends.tzinfo is UTC


@given(st.integers(0, 2 * 24 * 60), st.integers(0, 3000), st.integers(0, 3000))
def test_waiting_twice_is_waiting_once_for_both(minute, first, second) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minute)

    def add(moment, minutes):
        return add_desk_minutes(moment, minutes, NIGHT, "Asia/Almaty")

    at_once, in_turn = add(start, first + second), add(add(start, first), second)
    night = timedelta(hours=9)
    assert at_once == in_turn or abs(at_once - in_turn) == night  # 23:00 and 08:00 are one moment of the desk
    assert at_once >= start + timedelta(minutes=first + second)


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "quiet", "end"),
    [  # in Berlin 02:00 is followed by 03:00 on 29 March and by 02:00 again on 25 October 2026
        ("Europe/Berlin", "2026-03-29T00:30+00:00", 120, (0, 0), "2026-03-29T02:30+00:00"),
        ("Europe/Berlin", "2026-10-24T23:30+00:00", 240, (0, 0), "2026-10-25T03:30+00:00"),
        ("Europe/Berlin", "2026-03-28T21:30+00:00", 60, NIGHT, "2026-03-29T06:30+00:00"),
        ("Europe/Berlin", "2026-10-24T20:30+00:00", 60, NIGHT, "2026-10-25T07:30+00:00"),
        ("Europe/Berlin", "2026-03-29T00:30+00:00", 90, (2, 3), "2026-03-29T02:00+00:00"),
        ("Europe/Berlin", "2026-10-24T23:30+00:00", 60, (2, 3), "2026-10-25T02:30+00:00"),
        ("America/New_York", "2026-03-08T06:00+00:00", 180, (0, 0), "2026-03-08T09:00+00:00"),
    ],
)
def test_the_clock_on_the_wall_may_jump(zone, start, minutes, quiet, end) -> None:
    assert add_desk_minutes(datetime.fromisoformat(start), minutes, quiet, zone) == datetime.fromisoformat(end)


@given(st.integers(0, 366 * 24 * 60), st.integers(0, 3000), st.sampled_from([(0, 0), NIGHT, (2, 3), (1, 2), (13, 14)]))
def test_desk_minutes_are_real_minutes_outside_the_quiet_hours(minute, minutes, quiet) -> None:
    """Counted one by one on the clock of a place that moves it."""
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    end, counted = add_desk_minutes(now, minutes, quiet, "Europe/Berlin"), 0
    while now < end:
        hour = now.astimezone(zone).hour
        begin, until = quiet
        counted += not (begin <= hour < until if begin <= until else hour >= begin or hour < until)
        now += timedelta(minutes=1)
    assert counted == minutes


def test_the_table_is_the_one_that_is_specified() -> None:
    leads = {(before.value, event.value): after.value for (before, event), (after, _, _) in TRANSITIONS.items()}
    assert leads == {
        ("bot_active", "escalate"): "pending",
        ("bot_active", "manager_wrote"): "manager_active",
        ("bot_active", "own"): "manager_active",
        ("pending", "take"): "manager_active",
        ("pending", "own"): "manager_active",
        ("pending", "manager_wrote"): "manager_active",
        ("pending", "resolve"): "bot_active",
        ("pending", "return"): "bot_active",
        ("pending", "cancel"): "bot_active",
        ("pending", "time_out"): "bot_active",
        ("manager_active", "manager_wrote"): "manager_active",
        ("manager_active", "resolve"): "bot_active",
        ("manager_active", "return"): "bot_active",
        ("manager_active", "cancel"): "bot_active",
        ("manager_active", "unanswered"): "pending",
        ("manager_active", "idle"): "bot_active",
    }
    assert not allowed(State.PENDING, Event.ESCALATE)
    assert not allowed(State.MANAGER_ACTIVE, Event.TAKE)


def test_a_handovers_status_always_fits_the_state_that_is_entered() -> None:
    fitting = {State.PENDING: "pending", State.MANAGER_ACTIVE: "active", State.BOT_ACTIVE: "resolved"}
    for after, status, resolution in TRANSITIONS.values():
        assert status == fitting[after]
        assert (resolution is not None) is (after is State.BOT_ACTIVE)
        assert resolution in (None, "resolved", "returned", "cancelled", "timed_out")
