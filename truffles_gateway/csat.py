"""How satisfied customers are: after a human has resolved something they are asked for a mark from 1 to 5.

Asked once in 30 days, in desk hours, and nobody who complained, wants no messages, or has written anew meanwhile. A mark is
stored with its handover and told to the desk.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from truffles_gateway import handoff, voice
from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import Route, State
from truffles_gateway.records import Commit, NewJob
from truffles_gateway.tenants import Tenant

KIND = "csat.ask"
QUESTION, ASKED_AT, GRIEVED_AT = "csat_question", "csat_asked_at", "grieved_at"
"""The conversation's words for the handover that is asked about and until when, for when the last question was, and for
when the customer complained last."""
BAD = 2
_STARS = "⭐🌟★"
_TRIMMED = " !.,)(\ufe0f"
_MARK = re.compile(
    r"([1-5])\ufe0f?\u20e3?(?:\s*(?:/|из|out of)\s*5)?\s*(?:балл\w*|зв[её]зд\w*|ұпай|жұлдыз|stars?|points?)?",
    re.IGNORECASE,
)


def note_grief(made: Commit, case: Case) -> None:
    """Remember when the customer complained: they are not asked how they liked it."""
    if case.verdict.route is Route.FRUSTRATED or case.verdict.intent == "complaint":
        assert made.after is not None
        made.touch(context={**made.after.context, GRIEVED_AT: made.now.isoformat()})


def plan(made: Commit, tenant: Tenant) -> None:
    """Where a human resolves a handover in `made`: ask a little later, in desk hours."""
    rules, before = tenant.config.csat, made.before
    resolved = next((each for each in made.changes if each.event == handoff.Event.RESOLVE), None)
    if resolved is None or before is None or not rules.enabled or handoff.on_phone(before):
        return
    grieved, since = before.context.get(GRIEVED_AT), before.handover_since
    if grieved and since and datetime.fromisoformat(str(grieved)) >= since:
        return
    run_at = handoff.desk_time(made.now, rules.ask_minutes, tenant.config.desk, tenant.config.timezone)
    put_off(made, resolved.handover_id, run_at)


def put_off(made: Commit, handover_id: str, run_at: datetime) -> None:
    """Ask at `run_at`."""
    assert made.after is not None
    job = NewJob(
        key=f"{KIND}:{handover_id}:{int(made.now.timestamp() * 1000)}", kind=KIND, run_at=run_at,
        payload={"handover_id": handover_id, "since": made.now.isoformat()}, conversation_id=made.after.id,
    )  # fmt: skip
    made.jobs.append(job)


def answer(case: Case) -> Decision | None:
    """A mark, if one was asked for and the message is nothing else."""
    handover, _, until = str(case.conversation.context.get(QUESTION) or "").partition(" ")
    if not handover or case.state is not State.BOT_ACTIVE or case.turn.now > datetime.fromisoformat(until):
        return None
    score = 0 if case.message.attachments or case.answers_mute_question else mark(case.message.text)
    if not score or voice.silence(case.tenant, case.conversation):
        return None
    return Decision(
        outcome="answered", reason="csat", replies=(case.say("csat_thanks" if score > BAD else "csat_sorry"),),
        context={QUESTION: ""}, rating=(handover, score), conditional=False,
    )  # fmt: skip


def mark(text: str) -> int:
    """The mark that a text gives and nothing else besides ("5", "4 балла", "5/5", "⭐⭐⭐"); 0 for any other text."""
    said = text.strip(_TRIMMED)
    if said and not said.strip(_STARS + _TRIMMED):
        stars = sum(map(said.count, _STARS))
        return stars if stars <= 5 else 0
    found = _MARK.fullmatch(said.rstrip(_STARS + _TRIMMED))
    return int(found[1]) if found else 0


def is_open(made: Commit, tenant: Tenant, since: datetime) -> bool:
    """Is asking still right? Not where the customer wrote anew, wants no messages, or was asked lately."""
    about, pause = made.after, timedelta(days=tenant.config.csat.pause_days)
    assert about is not None
    if not tenant.config.csat.enabled or about.state is not State.BOT_ACTIVE or about.mute_count:
        return False
    if (about.last_customer_at and about.last_customer_at > since) or voice.hushed(tenant, about, made.now):
        return False
    before = about.context.get(ASKED_AT)
    return not before or made.now - datetime.fromisoformat(str(before)) >= pause


def asked(made: Commit, tenant: Tenant, handover_id: str) -> None:
    """The question goes out in `made`: a mark counts from now on."""
    assert made.after is not None
    until = made.now + timedelta(hours=tenant.config.csat.answer_hours)
    words = {QUESTION: f"{handover_id} {until.isoformat()}", ASKED_AT: made.now.isoformat()}
    made.touch(context={**made.after.context, **words})
