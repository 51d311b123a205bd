"""The way of a message, from a claimed turn to committed rows. Read it from top to bottom.

    inbox ─▶ claim ─▶ gate ─▶ on_inbound ─▶ branch ─▶ classify ─▶ the verdict's route ─▶ compose ─▶ commit ─▶ outbox
                       │                                 │          │ retrieve, answer, claim firewall  └ or a draft waits
                       └ ignored                         │          └ or a human: escalate, or which branch?
                                                         └ forwarded: a human has the conversation

Files are fetched from the moment of acceptance on, apart from this (`fetching`): a turn finds them in its events.
No transaction is open while a plugin works. The commit is one statement, fenced by the lane's lease and by the version
of the conversation: if somebody changed the state meanwhile, it is read again and the decision meets the new state.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from truffles_gateway import (
    booked,
    branching,
    calls,
    compose,
    conduct,
    drafts,
    elsewhere,
    gate,
    hearing,
    loops,
    presence,
)
from truffles_gateway.decision import Case, Decision, Escalation, asked, brief
from truffles_gateway.messages import Inbound, State, Trigger, Verdict
from truffles_gateway.records import Commit
from truffles_gateway.routes import ROUTES, book, branch


async def run(case: Case) -> Decision:
    """Decide what a customer's turn comes to."""
    decision = gate.before_thinking(case)
    if decision is None:
        presence.show(case)
        try:
            async with asyncio.timeout(case.tenant.config.limits.turn):
                decision = await think(case)
        except TimeoutError:
            decision = out_of_time(case)
    case.trace.note("decide", outcome=decision.outcome, reason=decision.reason)
    decision = conduct.add_aside(case, decision)  # what every reply says besides: "we are closed until 10:00"
    decision = conduct.introduce(case, decision)  # and, to whoever hears it for the first time, who writes
    return gate.after_thinking(case, decision)


async def think(case: Case) -> Decision:
    """Ask the tenant's plugins, policy before knowledge, knowledge before a human."""
    case.message = await enrich(case)
    answered = gate.spoken_answer(case) or hearing.answer(
        case
    )  # to what the bot asked: "stop writing?", "heard right?"
    if not hearing.needs_a_yes(case.message):
        branching.listen(case)  # which branch, where their words say so; the number was asked when the case was made
    if decided := gate.left_alone(case) or answered:
        return decided
    case.verdict = await understand(case)
    case.language = gate.language(case)
    decided = gate.with_manager(case) or gate.while_muted(case) or loops.silence(case) or hearing.read_back(case)
    if decided:
        return decided
    route = gate.route(case)
    decision = await branch.before_answering(case, route) or await ROUTES[route](case)
    decision = book.around(case, route, decision)
    return loops.guard(case, elsewhere.remember(case, decision))


async def enrich(case: Case) -> Inbound:
    """Guards, speech, branch: each may change the message or refuse a part of it."""
    with case.trace.stage("on_inbound") as entry:
        result = await calls.chain(
            case.tenant.hooks, "on_inbound", case.faults, "message", turn=case.turn, message=case.message
        )
        entry |= {"asked": asked(result), "outcome": brief(result.value.text)}
    return gate.unguarded(case, result.value) if result.faults else result.value


async def understand(case: Case) -> Verdict:
    """The first verdict counts; nobody's verdict means "unsure"."""
    with case.trace.stage("classify") as entry:
        result = await calls.first(case.tenant.hooks, "classify", case.faults, turn=case.turn, message=case.message)
        verdict: Verdict = result.value or case.verdict
        entry |= {"asked": asked(result), "plugin": result.plugin, "outcome": verdict.route.value, "why": verdict.why}
        entry |= {"language": verdict.language, "confidence": verdict.confidence}
    return verdict


def out_of_time(case: Case) -> Decision:
    """The turn used up its 45 seconds: a human, and an honest line."""
    case.trace.note("timeout", outcome=f"over {case.tenant.config.limits.turn:g} s")
    if case.state is not State.BOT_ACTIVE:
        return Decision(outcome="forwarded", reason="timeout", conditional=False)
    return Decision(
        outcome="escalated",
        reason="timeout",
        replies=(case.say("parked"),),
        escalation=Escalation(trigger=Trigger.STUCK, reason="reason_parked", question=case.message.text),
    )


async def settle(case: Case, decision: Decision) -> Commit:
    """The rows of a decision in the conversation's present state, with the cards of every desk. In mode `approve` the
    answer waits for a person."""
    said, waits = drafts.split(case, decision)
    commit = compose.commit(case, said)
    if decision.booked:
        booked.show(commit, case.tenant)
    for handover in commit.handovers:
        await compose.call_desks(case, commit, handover)
    if waits:
        drafts.hold(commit, case, decision, waits)
    return commit


def meet(case: Case, decision: Decision) -> Decision:
    """The state changed while the turn was thinking: drop the draft if a human has the conversation now."""
    taken = gate.before_thinking(case) or gate.with_manager(case) or gate.left_alone(case)
    if taken is None or taken == decision:
        return decision
    drafts = [brief(reply) for reply in decision.replies]
    case.trace.note("draft dropped", outcome=taken.outcome, reason=taken.reason, drafts=drafts)
    return gate.after_thinking(case, replace(taken, context={**branching.unasked(decision.context), **taken.context}))
