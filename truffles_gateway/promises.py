"""What the bot promises a customer who waits: until when somebody will answer, in hours at which somebody is at the desk.

The promise stands in the conversation's context, and a job looks whether it was kept. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from truffles_gateway import clock, handoff
from truffles_gateway.records import Commit, Conversation, NewJob
from truffles_gateway.tenants import Tenant

PROMISED = "promised"
"""The conversation's word for the handover that was promised an answer, and until when."""
DUE = "promise.due"
_QUARTER = timedelta(minutes=15)


def until(now: datetime, tenant: Tenant) -> datetime:
    """By when an answer can be expected: so many minutes of desk hours from now, at a full quarter of an hour."""
    rules, zone = tenant.config.desk, tenant.config.timezone
    due = handoff.desk_time(now, rules.promise_minutes, rules, zone)
    over = timedelta(seconds=due.timestamp() % _QUARTER.total_seconds())
    return due + (_QUARTER - over if over else over)


def spoken(due: datetime, now: datetime, tenant: Tenant, language: str) -> str:
    """That time as a customer reads it, in the tenant's zone."""
    place = clock.zone(tenant.config.timezone)
    then, here = due.astimezone(place), now.astimezone(place)
    key = {0: "by_today", 1: "by_tomorrow"}.get((then.date() - here.date()).days, "by_date")
    return tenant.texts.get(key, language, time=f"{then:%H:%M}", date=f"{then:%d.%m}")


def called(tenant: Tenant, now: datetime, language: str) -> tuple[str, dict[str, str]]:
    """What somebody hears for whom a human is called, as a text of the catalogue with its values: while nobody is at the
    desk, also from when on somebody is."""
    place = clock.zone(tenant.config.timezone)
    back = handoff.desk_time(now, 0, tenant.config.desk, tenant.config.timezone)
    if back <= now:
        return "human_called", {}
    then, is_today = back.astimezone(place), back.astimezone(place).date() == now.astimezone(place).date()
    since = tenant.texts.get("from_today" if is_today else "from_tomorrow", language, time=f"{then:%H:%M}")
    return "human_called_offhours", {"since": since}


def keep(made: Commit, due: datetime) -> None:
    """Remember the promise, and look at it when its time has come. Who takes the conversation and says nothing has not
    kept it: unlike the clocks of a state, this one goes on."""
    assert made.after is not None
    handover = made.after.handover_id
    made.touch(context={**made.after.context, PROMISED: f"{handover} {due.isoformat()}"})
    made.jobs.append(
        NewJob(
            key=f"{DUE}:{handover}", kind=DUE, run_at=due, conversation_id=made.after.id,
            payload={"handover_id": handover, "since": made.now.isoformat()},
        )
    )  # fmt: skip


def forget(made: Commit) -> None:
    """The promise is kept, broken or of no matter any more."""
    assert made.after is not None
    made.touch(context={key: value for key, value in made.after.context.items() if key != PROMISED})


def promised(conversation: Conversation) -> datetime | None:
    """Until when the open handover was promised an answer."""
    handover, _, at = str(conversation.context.get(PROMISED) or "").partition(" ")
    return datetime.fromisoformat(at) if at and handover == conversation.handover_id else None
