"""Conversation and handover states: one transition table, and what follows from each transition.

    bot_active ──escalate──▶ pending ──take──▶ manager_active ──resolve/return/idle──▶ bot_active
         ▲                     │  ▲                 │
         └─return/cancel/time out  └──unanswered────┘
    bot_active ──manager wrote, or answers a draft's question themselves──▶ manager_active

The database holds the same invariants as constraints: one open handover a conversation, and a state other than
bot_active if and only if a handover is open with the matching status.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import uuid4

from truffles_gateway import clock
from truffles_gateway.messages import State, Trigger
from truffles_gateway.records import Commit, Conversation, HandoverUpdate, NewHandover, NewJob, StateChange
from truffles_gateway.tenant_config import Desk

SKIP = "skip"
PHONE = "phone"
HOLDER, HOLDER_NAME = "holder", "holder_name"
"""The conversation's words for who leads it or led it last: as `channel:id`, because anybody may take another's name; and
as people call them."""
LASTING = "lasting"
"""The conversation's word for the handover that no longer times out, because of what was said since it was opened."""
UNASKED = "unasked"
"""The conversation's word for the handover that a human's own words opened: nobody was called to it."""


class Event(StrEnum):
    """What can happen to a conversation's state."""

    ESCALATE = "escalate"
    TAKE = "take"
    OWN = "own"
    MANAGER_WROTE = "manager_wrote"
    RESOLVE = "resolve"
    RETURN = "return"
    CANCEL = "cancel"
    TIME_OUT = "time_out"
    UNANSWERED = "unanswered"
    IDLE = "idle"


# (state, event) → (new state, the open handover's new status or None for "open a new one", its resolution)
TRANSITIONS: dict[tuple[State, Event], tuple[State, str, str | None]] = {
    (State.BOT_ACTIVE, Event.ESCALATE): (State.PENDING, "pending", None),
    (State.BOT_ACTIVE, Event.MANAGER_WROTE): (State.MANAGER_ACTIVE, "active", None),
    (State.BOT_ACTIVE, Event.OWN): (State.MANAGER_ACTIVE, "active", None),
    (State.PENDING, Event.TAKE): (State.MANAGER_ACTIVE, "active", None),
    (State.PENDING, Event.OWN): (State.MANAGER_ACTIVE, "active", None),
    (State.PENDING, Event.MANAGER_WROTE): (State.MANAGER_ACTIVE, "active", None),
    (State.PENDING, Event.RESOLVE): (State.BOT_ACTIVE, "resolved", "resolved"),
    (State.PENDING, Event.RETURN): (State.BOT_ACTIVE, "resolved", "returned"),
    (State.PENDING, Event.CANCEL): (State.BOT_ACTIVE, "resolved", "cancelled"),
    (State.PENDING, Event.TIME_OUT): (State.BOT_ACTIVE, "resolved", "timed_out"),
    (State.MANAGER_ACTIVE, Event.MANAGER_WROTE): (State.MANAGER_ACTIVE, "active", None),
    (State.MANAGER_ACTIVE, Event.RESOLVE): (State.BOT_ACTIVE, "resolved", "resolved"),
    (State.MANAGER_ACTIVE, Event.RETURN): (State.BOT_ACTIVE, "resolved", "returned"),
    (State.MANAGER_ACTIVE, Event.CANCEL): (State.BOT_ACTIVE, "resolved", "cancelled"),
    (State.MANAGER_ACTIVE, Event.UNANSWERED): (State.PENDING, "pending", None),
    (State.MANAGER_ACTIVE, Event.IDLE): (State.BOT_ACTIVE, "resolved", "timed_out"),
}


def allowed(state: State, event: Event) -> bool:
    """Does `event` mean anything in `state`? If not, it changes nothing and is answered honestly."""
    return (state, event) in TRANSITIONS


def new_handover(
    trigger: Trigger, reason: str, question: str, *, times_out: bool = True, assigned_to: str = "", urgent: bool = False
) -> NewHandover:
    """A handover with an id of its own."""
    return NewHandover(
        id=str(uuid4()),
        trigger=trigger,
        reason=reason,
        question=question,
        times_out=times_out,
        assigned_to=assigned_to,
        urgent=urgent,
    )


def apply(commit: Commit, event: Event, *, actor: str, why: str, opening: NewHandover | None = None) -> bool:
    """Carry `event` out on the conversation of `commit`; False if the table has no such transition.

    `opening` is stored when the transition opens a handover; `actor` names a person, a plugin or "timer".
    """
    before = commit.after
    assert before is not None
    if not allowed(before.state, event):
        return False
    state, status, resolution = TRANSITIONS[before.state, event]
    handover_id = before.handover_id
    if before.state is State.BOT_ACTIVE:
        assert opening is not None
        handover_id = _open(commit, opening)
    else:
        taken_by = actor if state is State.MANAGER_ACTIVE else None
        commit.handover_updates.append(
            HandoverUpdate(id=handover_id, status=status, resolution=resolution, assigned_to=taken_by)
        )
    _enter(commit, state, handover_id, actor)
    if state is not before.state:
        commit.changes.append(
            StateChange(
                handover_id=handover_id, before=before.state, after=state, event=event.value, actor=actor, why=why
            )
        )
    return True


def skip(commit: Commit, actor: str) -> None:
    """A manager cannot take it: that is recorded, the state stays, and whoever is next on the ladder is asked at once."""
    about = commit.after
    assert about is not None
    commit.changes.append(
        StateChange(
            handover_id=about.handover_id, before=about.state, after=about.state, event=SKIP, actor=actor,
            why="button skip",
        )
    )  # fmt: skip
    if about.state is State.PENDING:
        commit.skipped_by.append(actor)


def _open(commit: Commit, opening: NewHandover) -> str:
    commit.handovers.append(opening)
    commit.touch(
        handover_since=commit.now,
        handover_question=opening.question,
        handover_times_out=opening.times_out,
    )
    return opening.id


def _enter(commit: Commit, state: State, handover_id: str, actor: str) -> None:
    """Set the new state and the timers that belong to it."""
    assert commit.after is not None
    still_open = state is not State.BOT_ACTIVE
    entered = commit.after.state is not state
    commit.after = replace(
        commit.after,
        state=state,
        handover_id=handover_id if still_open else "",
        assigned_to=actor if state is State.MANAGER_ACTIVE else "",
    )
    if entered and commit.after.id:
        commit.cancel_jobs.append(commit.after.id)


def timers(commit: Commit, rules: Desk, zone: str) -> None:
    """Plan the clocks of the state that `commit` enters, or whose clocks it stopped."""
    after = commit.after
    moved = any(change.before is not change.after for change in commit.changes)
    if after is None or not (moved or commit.cancel_jobs):
        return
    if on_phone(after):
        plan(commit, "manager.phone", commit.now + timedelta(minutes=rules.phone_minutes))
    elif after.state is State.MANAGER_ACTIVE:
        plan(commit, "manager.idle", desk_time(commit.now, rules.idle_hours * 60, rules, zone))
    if any(change.event in {Event.TAKE, Event.OWN} for change in commit.changes) and commit.manager_response is None:
        nudges(commit, rules, zone)
    if after.state is not State.PENDING:
        return
    clocks = {"handover.remind": rules.remind_minutes, "handover.owner": rules.owner_minutes}
    if after.context.get(HOLDER_NAME):
        clocks["handover.all"] = rules.all_minutes
    if times_out(after):
        clocks["handover.timeout"] = rules.timeout_minutes
    for kind, minutes in clocks.items():
        plan(commit, kind, desk_time(commit.now, minutes, rules, zone))


def nudges(commit: Commit, rules: Desk, zone: str) -> None:
    """A customer waits for the manager who has the conversation: remind them, then take it back. Who answers from the
    phone has a clock of their own."""
    assert commit.after is not None
    if commit.after.state is State.MANAGER_ACTIVE and not on_phone(commit.after):
        plan(commit, "manager.nudge", desk_time(commit.now, rules.nudge_minutes, rules, zone))
        plan(commit, "manager.back", desk_time(commit.now, rules.back_minutes, rules, zone))


def times_out(conversation: Conversation) -> bool:
    """May the open handover end because nobody came?"""
    return conversation.handover_times_out and conversation.context.get(LASTING) != conversation.handover_id


def on_phone(conversation: Conversation) -> bool:
    """Does the owner lead this talk, from the phone?"""
    led_by = conversation.context.get(HOLDER)
    return conversation.state is State.MANAGER_ACTIVE and led_by == f"{conversation.channel}:{PHONE}"


def desk_time(start: datetime, minutes: float, rules: Desk, zone: str) -> datetime:
    """`start` plus so many minutes of desk hours."""
    return add_desk_minutes(start, minutes, (rules.quiet_from, rules.quiet_until), zone)


def plan(commit: Commit, kind: str, run_at: datetime) -> None:
    """Set one clock on the open handover of `commit`."""
    assert commit.after is not None
    handover_id = commit.after.handover_id
    commit.jobs.append(
        NewJob(
            key=f"{kind}:{handover_id}:{int(commit.now.timestamp() * 1000)}",
            kind=kind,
            run_at=run_at,
            payload={"handover_id": handover_id, "since": commit.now.isoformat()},
            conversation_id=commit.after.id,
        )
    )


def add_desk_minutes(start: datetime, minutes: float, quiet: tuple[int, int], zone: str) -> datetime:
    """`start` plus so many minutes of desk hours: time between the hours `quiet` (from, until) does not count.

    Moments are added up in UTC; only the hours are read off the wall, whose clock jumps twice a year in many zones.
    """
    place = clock.zone(zone)
    now, left = start.astimezone(UTC), timedelta(minutes=minutes)
    while True:
        now = _leave_quiet(now, quiet, place)
        bell = None if quiet[0] == quiet[1] else _next(now, quiet[0], place)
        if bell is None or now + left <= bell:
            return (now + left).astimezone(start.tzinfo)
        left -= bell - now
        now = bell


def _is_quiet(hour: int, quiet: tuple[int, int]) -> bool:
    begin, end = quiet
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


def _leave_quiet(now: datetime, quiet: tuple[int, int], place: tzinfo) -> datetime:
    return _next(now, quiet[1], place) if _is_quiet(now.astimezone(place).hour, quiet) else now


def _next(now: datetime, hour: int, place: tzinfo) -> datetime:
    """The next moment at which the clock on the wall strikes `hour`."""
    today = now.astimezone(place).replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    strikes = ((today + timedelta(days=days)).astimezone(UTC) for days in range(3))
    return next(moment for moment in strikes if moment > now)
