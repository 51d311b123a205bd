"""A question about the business: facts first, then a human; what is unclear is asked about, twice at most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from truffles_gateway import branching, calls, firewall, hearing, overrides, telling
from truffles_gateway.decision import Case, Decision, Escalation, asked, brief
from truffles_gateway.messages import Content, Draft, Inbound, Passage, Route, State, Trigger, Turn
from truffles_gateway.routes import human

SHOWN = 5
SHORT = 2
_WORD = re.compile(r"\w+")
QUESTIONS = frozenset({Route.ANSWER, Route.UNSURE})
NEED_NO_ANSWER = frozenset({"acknowledge", "noise"})
FAILED, STRUCK, UNPLACED = "answer failed", "claims without evidence", "branch unknown"
"""What was in the way of an answer: whoever was to write it failed, it claimed what nobody told the bot, or it told the
prices of nobody knows which branch."""
REASONS = {FAILED: "reason_parked", UNPLACED: "reason_no_branch"}
FOR_THE_DESK = frozenset({Content.LOCATION, Content.CONTACT, Content.DOCUMENT})


async def go(case: Case) -> Decision:
    """Answer from the tenant's knowledge, or ask back, or call a human."""
    media = _media(case)
    if media is not None:
        return media
    if case.verdict.intent in NEED_NO_ANSWER:
        return unanswered(case)
    passages = await retrieve(case)
    draft, trouble = await answer(case, passages)
    if draft is not None:
        return _reply(case, draft)
    if (trouble == UNPLACED or case.told_of) and branching.may_ask(case):
        return branching.question(case)
    if trouble:
        return unsaid(case, trouble)
    return unclear(case) if case.verdict.route is Route.UNSURE else unknown(case, case.message.text)


async def retrieve(case: Case) -> list[Passage]:
    """Every retriever's passages, the surest first. What nobody read because one of them failed is `case.unread`."""
    with case.trace.stage("retrieve") as entry:
        result = await _asked(case, case.there)
        fused = _once(telling.believed(case, result.asked), sure=_sure(case))
        known = sorted(telling.as_told(case, case.there, fused), key=lambda passage: -passage.confidence)
        told = overrides.holding(case.tenant.overrides, case.turn.now, case.owned_by)
        found = overrides.outrank(known, told, case.message.text, case.say("notice_heading"))
        entry["asked"] = asked(result)
        entry["outcome"] = f"{len(found)} passages"
        entry["passages"] = traced(found)
        if result.faults and (unread := _unread(case, found)):
            case.unread = entry["unread"] = unread
    return found


def _unread(case: Case, found: Sequence[Passage]) -> str:
    """The message, if it holds words that no answer was found for and that do not ask nothing either: who failed to search may
    have been the only one who reads them. "" where whoever classified knows the whole answer."""
    if case.verdict.everywhere:
        return ""
    least = case.tenant.config.thresholds.answer
    read = {text for each in found if each.confidence >= least for text in (each.query, *each.also)}
    left = _words(case.message.text).difference(*map(_words, (*read, *case.verdict.idle)))
    return case.message.text if left else ""


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) > SHORT}


def traced(found: Sequence[Passage]) -> list[dict[str, Any]]:
    """The first passages, as the trace has them."""
    return [
        {"id": each.id, "query": brief(each.query), "text": brief(each.text), "confidence": round(each.confidence, 3)}
        for each in found[:SHOWN]
    ]


async def retrieved(case: Case, turn: Turn) -> list[Passage] | None:
    """What the retrievers know in another turn than the case's: at another branch. None: one of them failed."""
    result = await _asked(case, turn)
    if result.faults:
        return None
    return telling.as_told(case, turn, _once(telling.believed(case, result.asked), sure=_sure(case)))


async def _asked(case: Case, turn: Turn) -> calls.Result:
    return await calls.every(
        case.tenant.hooks, "retrieve", case.faults, turn=turn, message=case.message, verdict=case.verdict
    )


def _sure(case: Case) -> float:
    return case.tenant.config.thresholds.answer


def _once(asked: Sequence[calls.Answer], *, sure: float) -> list[Passage]:
    """All passages; a fact that several plugins know is the first one's, who words it for this customer, unless it hardly
    believes it, and as sure as both make it: it is wrong only if both are. `ID@BRANCH` is the fact `ID` as a branch has it.
    What another plugin is `sure` that it answers, too, is not forgotten."""
    found: list[Passage] = []
    for answer in asked:
        known = {each.id: at for at, each in enumerate(found)}
        counted: set[int] = set()
        for each in sorted(answer.value or (), key=lambda one: -one.confidence):
            at = known.get(each.id, known.get(each.id.partition("@")[0]))
            if at is None:
                found.append(each)
                continue
            also = found[at].also
            if at not in counted:  # what one plugin knows of a fact counts once, the surest first
                counted.add(at)
                found[at] = _agreed(found[at], each)
            found[at] = replace(found[at], also=(*also, each.query) if each.confidence >= sure else also)
    return found


def _agreed(first: Passage, other: Passage) -> Passage:
    """One fact that two came to by themselves: in the words of the first, unless it hardly believes it."""
    worded = first if first.confidence >= other.confidence / 2 else other
    sure = 1 - (1 - first.confidence) * (1 - other.confidence)
    return replace(worded, confidence=sure, tag=first.tag or other.tag, subject=first.subject or other.subject)


async def answer(case: Case, passages: Sequence[Passage]) -> tuple[Draft | None, str]:
    """The first draft that may be sent, None if there is none; then, if something was in its way, what.

    A draft that is not sure enough, or that the claim firewall keeps back for good, leaves the question to the next
    plugin: behind a model stand the tenant's own facts, behind all of them a human.
    """
    author, trouble = "", ""
    while True:
        draft, author, failed = await propose(case, passages, after=author)
        trouble = trouble or (FAILED if failed else "")
        if not author:
            return None, trouble
        if draft is not None:
            sent = await hold_back(case, passages, draft, author)
            if sent is not None and not branching.keeps_back(case, sent):
                return sent, trouble
            if sent is not None:
                case.trace.note("branch", outcome="kept back", reason=UNPLACED, struck=brief(sent.text))
                if branching.may_ask(case):
                    return None, UNPLACED
            trouble = trouble or (UNPLACED if sent else STRUCK)


async def propose(case: Case, passages: Sequence[Passage], *, after: str) -> tuple[Draft | None, str, bool]:
    """The next draft behind the plugin `after`, None if it is not sure enough; who wrote it, "" if nobody is left; and
    whether somebody failed to."""
    with case.trace.stage("answer") as entry:
        result = await calls.first(
            case.tenant.hooks, "answer", case.faults, after=after, turn=case.there, message=case.message,
            verdict=case.verdict, passages=passages, objections=(),
        )  # fmt: skip
        draft: Draft | None = result.value
        entry |= {"asked": asked(result), "outcome": "no draft"}
        if draft is not None and draft.text.strip():
            least = case.tenant.config.thresholds.answer
            sure = draft.confidence >= least
            entry |= {"plugin": result.plugin, "draft": brief(draft.text), "confidence": round(draft.confidence, 3)}
            entry["outcome"] = "draft" if sure else f"below {least:g}, dropped"
            return draft if sure else None, result.plugin, bool(result.faults)
    return None, result.plugin, bool(result.faults)


async def hold_back(case: Case, passages: Sequence[Passage], draft: Draft, author: str) -> Draft | None:
    """The claim firewall: what neither the passages nor the tenant's own facts hold does not leave the house. The author
    may repair the draft once; one that still claims it is not sent. The tenant's own words, as they stand, pass."""
    for attempt in (1, 2):
        found = [] if draft.verbatim else objections(case, passages, draft)
        case.trace.note("firewall", outcome="struck" if found else "passed", attempt=attempt, objections=found,
                        **({"struck": brief(draft.text)} if found else {}))  # fmt: skip
        if not found:
            return draft
        if attempt == 1:
            repaired = await repair(case, passages, author, found)
            if repaired is None:
                return None
            draft = repaired
    return None


def objections(case: Case, passages: Sequence[Passage], draft: Draft) -> list[str]:
    """What the draft claims and nobody said."""
    config = case.tenant.config
    told = overrides.holding(case.tenant.overrides, case.turn.now, case.owned_by)
    facts = overrides.priced(config.facts, told)
    return firewall.objections(draft.text, passages, (config.name, *facts), case.message.text)


async def repair(case: Case, passages: Sequence[Passage], author: str, found: Sequence[str]) -> Draft | None:
    """Ask the draft's author once more, with what was objected to."""
    with case.trace.stage("repair") as entry:
        result = await calls.owner(
            case.tenant.hooks, "answer", author, case.faults, turn=case.there, message=case.message,
            verdict=case.verdict, passages=passages, objections=tuple(found),
        )  # fmt: skip
        draft: Draft | None = result.value
        entry |= {"asked": asked(result), "outcome": "draft" if draft else "no draft"}
    least = case.tenant.config.thresholds.answer
    return draft if draft is not None and draft.text.strip() and draft.confidence >= least else None


def _reply(case: Case, draft: Draft) -> Decision:
    """Say what is known; what is not goes to a human in the same breath."""
    review = draft.confidence < case.tenant.config.thresholds.sure
    draft = _placed(case, draft)
    unread = case.unread if draft.sources else ""  # who answers from nothing that was found needed no search
    rest = unread or "\n".join(draft.unanswered)
    forgotten = {"clarified": ""}
    if not rest:
        return Decision(
            outcome="answered",
            replies=(draft.text,),
            attachments=draft.attachments,
            review=review,
            sources=draft.sources,
            context=forgotten,
        )
    if case.state is State.PENDING:
        return Decision(outcome="answered", replies=(draft.text,), review=review, sources=draft.sources)
    return Decision(
        outcome="escalated",
        reason="partly known",
        replies=(f"{draft.text}\n\n{case.say('partial_unanswered')}",),
        attachments=draft.attachments,
        escalation=Escalation(trigger=Trigger.LOW_CONFIDENCE, reason=_lacking(case), question=rest),
        review=review,
        composed=True,
        sources=draft.sources,
        context=forgotten,
    )


def _lacking(case: Case) -> str:
    """Why an answer is missing, for the desk: nobody knows it, or who may know it could not be asked."""
    return "reason_unsearched" if case.unread else "reason_unknown"


def _placed(case: Case, draft: Draft) -> Draft:
    """The draft with the branch that it is true of, where nobody had named one."""
    if case.told_of is None or (name := case.told_of.label(case.language)) in draft.text:
        return draft
    return replace(draft, text=f"{case.say('told_of_branch', branch=name)}\n{draft.text}")


def unknown(case: Case, question: str) -> Decision:
    """Clear but unknown: a human at once. One who was called already is told; the customer hears it once."""
    if case.state is State.PENDING:
        told = case.conversation.context.get("told_pending") == case.conversation.handover_id
        return Decision(
            outcome="forwarded",
            reason="pending",
            replies=() if told else (case.say("human_already_called"),),
            context={"told_pending": case.conversation.handover_id},
        )
    return Decision(
        outcome="escalated",
        reason="unknown",
        replies=(human.called(case),),
        escalation=Escalation(trigger=Trigger.LOW_CONFIDENCE, reason=_lacking(case), question=question),
        context={"clarified": ""},
    )


def unsaid(case: Case, trouble: str) -> Decision:
    """There was something in the way of an answer: a human, and a reason that does not blame the knowledge."""
    decision = unknown(case, case.message.text)
    if decision.escalation is None:
        return decision
    reason = REASONS.get(trouble, "reason_unproved")
    return replace(decision, reason=trouble, escalation=replace(decision.escalation, reason=reason))


def unanswered(case: Case) -> Decision:
    """An "ok" wants no answer; who waits for a human is read by them all the same."""
    if case.state is State.PENDING:
        return Decision(outcome="forwarded", reason=case.verdict.intent)
    return Decision(outcome="ignored", reason=case.verdict.intent)


def unclear(case: Case) -> Decision:
    """Ask what is meant, twice at most; then a human."""
    times = int(case.conversation.context.get("clarified") or 0)
    if case.state is State.PENDING or times >= case.tenant.config.dialogue.clarify_at_most:
        return unknown(case, case.message.text)
    return Decision(
        outcome="answered", reason="clarify", replies=(case.say("clarify"),), context={"clarified": str(times + 1)}
    )


def is_for_the_desk(message: Inbound) -> bool:
    """Does it hold a place, a contact or a document, or a voice note that only people can hear?"""
    return bool(_kinds(message) & FOR_THE_DESK) or hearing.is_unheard(message)


def _kinds(message: Inbound) -> set[Content]:
    return {event.content for event in message.events} | {part.content for part in message.attachments}


def _media(case: Case) -> Decision | None:
    """Places, contacts, documents and voice notes whose words are unknown go to the desk, whatever is written with them; a
    picture without words is asked about. None: there are words to answer."""
    kinds = _kinds(case.message)
    if is_for_the_desk(case.message):
        is_place = kinds & {Content.LOCATION, Content.CONTACT} and Content.DOCUMENT not in kinds
        return _hand_over(case, "reason_location" if is_place else "reason_media")
    if case.message.text.strip():
        return None
    if case.message.refusals and not case.message.attachments:
        return refused(case)
    if kinds & {Content.AUDIO, Content.VIDEO, Content.OTHER}:
        return _hand_over(case, "reason_media")
    return _describe(case) if Content.IMAGE in kinds else Decision(outcome="ignored", reason="empty")


def refused(case: Case) -> Decision:
    """Nothing is left of the message but what a guard refused. The customer was told why, if anybody told them."""
    if case.state is State.PENDING:
        return Decision(outcome="forwarded", reason="media refused")
    replies = () if case.message.notices else (case.say("describe_media"),)
    return Decision(outcome="answered", reason="media refused", replies=replies)


def _describe(case: Case) -> Decision:
    times = int(case.conversation.context.get("clarified") or 0)
    if case.state is State.PENDING or times >= case.tenant.config.dialogue.clarify_at_most:
        return _hand_over(case, "reason_media")
    return Decision(
        outcome="answered",
        reason="describe",
        replies=(case.say("describe_media"),),
        context={"clarified": str(times + 1)},
    )


def _hand_over(case: Case, reason: str) -> Decision:
    kinds = ", ".join(dict.fromkeys(event.content.value for event in case.message.events))
    question = case.message.text or kinds
    if case.state is State.PENDING:
        return unknown(case, question)
    return Decision(
        outcome="escalated",
        reason="media",
        replies=(human.called(case),),
        escalation=Escalation(trigger=Trigger.MEDIA, reason=reason, question=question),
    )
