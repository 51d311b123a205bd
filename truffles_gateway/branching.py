"""Which branch a conversation belongs to: how it is found, when the customer is asked, and what is not said before. Pure.

    by_instance   the number names it
    hybrid        the number, else the customer's words, else what they chose before, else they are asked
    ask_user      the same without the number

Everything else (knowledge, desk, mode, agents, figures) follows `conversations.branch_id`, which is set here alone. While a
handover is open, words move nothing: people have the conversation where it is. What is asked about another branch is answered
about that one all the same, as long as the bot speaks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway import booking, burst, choosing, csat, elsewhere, hearing, voice
from truffles_gateway.claims import claims
from truffles_gateway.decision import Case, Decision, brief
from truffles_gateway.handoff import HOLDER, HOLDER_NAME
from truffles_gateway.messages import Draft, Route, State
from truffles_gateway.plain import letters
from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import Branch
from truffles_gateway.tenants import Tenant

INSTANCE, ASKED, NAMED, REMEMBERED, ONLY = "instance", "asked", "named", "remembered", "only one"
ANY = "any"
FOUND, QUESTION = "branch_found", "branch_question"
"""The conversation's words for how its branch was found, and for the question which one is meant."""
MOST = 2
REASON = "which branch"
PRICING = frozenset(
    {"price", "prices", "pricing", "cost", "discount", "discounts", "promotion", "hours", "schedule", "timetable"}
)
PRICED = frozenset({"price", "percent", "discount", "time"})
_TIMETABLE = re.compile(
    r"\b(?:ежедневн|каждый день\b|выходн|перерыв|понедельник|вторник|сред[аыуе]\b|четверг|пятниц|суббот|воскресен|"
    r"будн(?:и|я)|закрыт[ыо]?\b|"
    r"(?:пн|вт|ср|чт|пт|сб|вс)\b|"
    r"кун сайын|демалыс|дуйсенби|сейсенби|сарсенби|бейсенби|жума(?:да|га|дан)?\b|сенби|жексенби|жабык|"
    r"daily\b|every day\b|(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|(?:mon|tue|wed|thu|fri)\b|weekdays?\b|weekends?\b|"
    r"days? off\b|closed\b)"
)
"""Days on which somebody works or does not, in the normal letters of `plain`; hours are claims."""


@dataclass(frozen=True, slots=True)
class Question:
    """The question which branch is meant: when it was put last, and the words that it keeps, by the event they came with.

    `over` is the event that ended it; `heard`: the customer has said that they want an answer, and no silence. Events of a
    turn that is thought about again count for nothing: its reply was not read.
    """

    at: datetime
    asked: tuple[tuple[str, str], ...]
    over: str = ""
    heard: bool = False

    def stored(self) -> dict[str, Any]:
        """As the conversation's context keeps it."""
        asked = [list(each) for each in self.asked]
        return {"at": self.at.isoformat(), "asked": asked, "over": self.over, "heard": self.heard}

    @property
    def kept(self) -> list[str]:
        """What the customer wanted to know: their first words, and what they asked beside the answer."""
        texts = [text for _, text in self.asked]
        return texts[:1] + [text for text in texts[1:] if _asks(text)]


# --- before anybody thinks -------------------------------------------------------------------------------------------


def locate(conversation: Conversation, before: Conversation, tenant: Tenant, now: datetime) -> Conversation:
    """The conversation at the branch that is known before its words are read. `before` is as it was stored."""
    rules = tenant.config.branching
    named = of_number(tenant, conversation.instance)
    if not rules.may_ask:
        return placed(conversation, tenant, named, INSTANCE) if named else conversation
    if _is_over(conversation, tenant, now):
        conversation = _with(conversation, **{QUESTION: ""})
    conversation = _forgetting(conversation, tenant)
    held = _held(conversation, tenant, now)
    moves = rules.mode == "by_instance" or conversation.instance != before.instance or not held
    if named and (moves or conversation.context.get(FOUND) == INSTANCE):
        return placed(conversation, tenant, named, INSTANCE)
    people_have_it = conversation.state is not State.BOT_ACTIVE and not conversation.branch_id
    if held or people_have_it:
        return conversation
    return placed(conversation, tenant, *_fallback(conversation, tenant))


def of_number(tenant: Tenant, instance: str) -> Branch | None:
    """The branch that a number names; where customers are asked, one may serve them all."""
    return tenant.branch_for_instance(instance) if tenant.config.branching.mode != "ask_user" else None


def placed(conversation: Conversation, tenant: Tenant, branch: Branch | None, how: str) -> Conversation:
    """The conversation at a branch, or at none."""
    moved = replace(conversation, branch_id=tenant.branch_ids[branch.slug] if branch else "")
    leaves = conversation.state is State.BOT_ACTIVE and conversation.branch_id not in ("", moved.branch_id)
    nobody = dict.fromkeys((HOLDER, HOLDER_NAME), "") if leaves else {}  # who led it there is at no other desk
    return _with(moved, **{FOUND: how, **nobody})


def _held(conversation: Conversation, tenant: Tenant, now: datetime) -> Branch | None:
    """The branch where the conversation is, if that still counts: for a dialogue, and as long as people have it."""
    held = tenant.branch_with_id(conversation.branch_id)
    if held is None or conversation.state is not State.BOT_ACTIVE:
        return held
    if conversation.context.get(FOUND) == INSTANCE:
        return None
    return None if _is_over(conversation, tenant, now) else held


def _is_over(conversation: Conversation, tenant: Tenant, now: datetime) -> bool:
    last, hold = conversation.last_customer_at, timedelta(hours=tenant.config.branching.hold_hours)
    return last is not None and now - last > hold


def _forgetting(conversation: Conversation, tenant: Tenant) -> Conversation:
    """Without the memory of a branch that exists no more, or of any where none is to be remembered."""
    known = tenant.branch(conversation.preferred_branch)
    keeps = tenant.config.branching.remember_branch_preference and known is not None
    return conversation if keeps else replace(conversation, preferred_branch="")


def _fallback(conversation: Conversation, tenant: Tenant) -> tuple[Branch | None, str]:
    """What the customer chose before, or the only branch there is."""
    if remembered := tenant.branch(conversation.preferred_branch):
        return remembered, REMEMBERED
    branches = tenant.config.branches
    return (branches[0], ONLY) if len(branches) == 1 else (None, "")


def _with(conversation: Conversation, **words: object) -> Conversation:
    context = {**conversation.context, **words}
    return replace(conversation, context={key: value for key, value in context.items() if value != ""})


def note(case: Case) -> None:
    """Say in the trace where the conversation is, and why."""
    if case.tenant.config.branches:
        how = str(case.conversation.context.get(FOUND) or "")
        case.trace.note("branch", outcome=case.turn.branch or "unknown", **({"how": how} if how else {}))


# --- the customer's words ---------------------------------------------------------------------------------------------


def listen(case: Case) -> None:
    """A branch that the customer names, or the answer to the question which one: the conversation moves there, and what
    was asked before is what is answered now."""
    if _is_told_again(case):
        _recall(case)
    elif case.state is State.PENDING:
        _look_elsewhere(case)
    elif _may_move(case):
        _choose(case)


def _choose(case: Case) -> None:
    question = _standing(case)
    known = choosing.places(case.tenant.config.branches)
    choice = choosing.read(case.message.text, known, asked=question is not None)
    if question and not choice.key and is_unknown(case) and choosing.is_open(case.message.text, known):
        _leave_open(case, question)
    if not choice.key:
        if question and case.turn.branch and _ended_here(case):  # chosen already, and then another was spoken of
            case.message = case.message.with_(text=_joined(*question.kept, case.message.text))
        return
    if not choice.rest:
        case.message = case.message.with_(language=_spoken(case))
    how = ASKED if question else NAMED
    if question or choice.key != case.turn.branch:
        move(case, choice.key, how)
    if not question:
        choice = elsewhere.again(case, choice)
    kept = question.kept if question else []
    case.kept, case.named_only = tuple(kept), not kept and not choice.rest
    case.heard = question is not None and question.heard
    # the name is no part of what is asked there: its facts need not hold it
    case.message = case.message.with_(text=_joined(*kept, choice.rest) or case.message.text)
    case.trace.note("branch", outcome=choice.key, how=how, text=brief(case.message.text))


def _leave_open(case: Case, question: Question) -> None:
    """Any branch is meant, or several: what was asked before counts, and nobody is asked again."""
    case.moved = ("", ANY)
    case.message = case.message.with_(text=_joined(*question.kept), language=_spoken(case))
    case.trace.note("branch", outcome="unknown", how=ANY, text=brief(case.message.text))


def _spoken(case: Case) -> str:
    """The dialogue's language: the name of a place tells none."""
    return str(case.conversation.context.get("language") or case.message.language)


def move(case: Case, slug: str, how: str) -> None:
    """Bring the conversation and its turn to a branch, and remember it where that is wished; "" only ends the question."""
    branch = case.tenant.branch(slug)
    case.moved = (slug, how)
    if branch is None:
        case.conversation = _closed(case, case.conversation)
        return
    case.conversation = _closed(case, placed(case.conversation, case.tenant, branch, how))
    if case.tenant.config.branching.remember_branch_preference:
        case.conversation = replace(case.conversation, preferred_branch=slug)
    case.turn = replace(case.turn, branch=slug, knowledge_tag=branch.knowledge_tag)


def carry(before: Case, fresh: Case) -> None:
    """The same in the conversation as it was read again, unless people have it by now."""
    if before.moved and fresh.state is State.BOT_ACTIVE:
        move(fresh, *before.moved)


def _is_told_again(case: Case) -> bool:
    """Are these, among others, the words that ended the question, thought about again after a human was called for them?"""
    return case.state is State.PENDING and _ended_here(case)


def _ended_here(case: Case) -> bool:
    """Did words of this turn end the question, when they were first thought about?"""
    stored, own = case.conversation.context.get(QUESTION), {event.id for event in case.work.events}
    return isinstance(stored, Mapping) and stored["over"] in own


def _recall(case: Case) -> None:
    """What was asked before is still what is answered; the conversation stays where people have it."""
    question = _standing(case)
    if question is None:
        return
    case.heard, said = question.heard, case.message.text
    choice = choosing.read(said, choosing.places(case.tenant.config.branches), asked=True)
    more = choice.rest if choice.key else said if _asks(said) else ""
    case.message = case.message.with_(text=_joined(*question.kept, more))
    case.trace.note("branch", outcome=case.turn.branch or "unknown", how="asked", text=brief(case.message.text))


def _look_elsewhere(case: Case) -> None:
    """Somebody was called: the conversation stays where they are, but what is asked about another branch is answered about
    that one, and not with the prices of this one."""
    if not _counts(case):
        return
    choice = choosing.read(case.message.text, choosing.places(case.tenant.config.branches))
    branch = case.tenant.branch(choice.key) if choice.rest and choice.key != case.turn.branch else None
    if branch is None:
        return
    case.turn = replace(case.turn, branch=branch.slug, knowledge_tag=branch.knowledge_tag)
    case.message = case.message.with_(text=choice.rest)
    case.trace.note("branch", outcome=branch.slug, how="asked about", text=brief(choice.rest))


def _may_move(case: Case) -> bool:
    return case.state is State.BOT_ACTIVE and _counts(case)


def _counts(case: Case) -> bool:
    """Does a branch that the customer names count at all?"""
    rules = case.tenant.config.branching
    if not rules.may_ask or not case.message.text.strip():
        return False
    return rules.mode != "by_instance" or case.conversation.context.get(FOUND) != INSTANCE


def _question(case: Case) -> Question | None:
    """The question as this turn finds it: what its own events brought about was not read."""
    stored = case.conversation.context.get(QUESTION)
    if not isinstance(stored, Mapping):
        return None
    own = {event.id for event in case.work.events}
    asked = tuple((event, text) for event, text in stored["asked"] if event not in own)
    over = "" if stored["over"] in own else stored["over"]
    return Question(datetime.fromisoformat(stored["at"]), asked, over, bool(stored.get("heard"))) if asked else None


def _standing(case: Case) -> Question | None:
    """The question, if it still waits for its answer: not once a human has said something since."""
    found, manager = _question(case), case.conversation.last_manager_at
    if found is None or found.over or (manager is not None and manager > found.at):
        return None
    until = found.at + timedelta(hours=case.tenant.config.branching.question_hours)
    return found if case.turn.now <= until else None


def _closed(case: Case, conversation: Conversation) -> Conversation:
    """The question is over; that it was asked is not forgotten before the dialogue is."""
    found = _question(case)
    over = replace(found, over=case.work.events[0].id).stored() if found else ""
    return _with(conversation, **{QUESTION: over})


# --- asking -----------------------------------------------------------------------------------------------------------


def is_unknown(case: Case) -> bool:
    """Is it open which branch is meant, where there are several?"""
    return not case.turn.branch and len(case.tenant.config.branches) > 1


def may_ask(case: Case) -> bool:
    """Twice in a dialogue at most, not once it was given up, and never while people have the conversation."""
    if not case.tenant.config.branching.may_ask or not is_unknown(case) or case.state is not State.BOT_ACTIVE:
        return False
    found = _question(case)
    return found is None or not (case.moved or found.over or len(found.asked) >= MOST)


def question(case: Case) -> Decision:
    """Which branch? What was asked is kept for the answer. Where nobody reads it, nobody was asked."""
    before = _question(case)
    asked = (*(before.asked if before else ()), (case.work.events[0].id, case.message.text))
    key = "branch_question_again" if before else "branch_question"
    heard = case.answers_mute_question or (before is not None and before.heard)
    shown = Question(case.turn.now, asked, heard=heard).stored()
    silent = voice.silence(case.tenant, case.conversation)
    context: dict[str, Any] = {} if silent else {QUESTION: shown, csat.QUESTION: ""}
    return Decision(
        outcome="answered", reason=REASON, replies=(case.say(key, choices=_choices(case)),), context=context
    )


def is_asked(case: Case) -> bool:
    """Does the question wait for its answer?"""
    return _standing(case) is not None


def give_up(case: Case) -> None:
    """Nobody is asked a third time: what was kept is answered with what is the same everywhere, else by a human."""
    found = _standing(case)
    if found is None:
        return
    case.verdict = replace(case.verdict, route=Route.ANSWER)
    more = case.message.text if _asks(case.message.text) else ""
    case.message = case.message.with_(text=_joined(*found.kept, more))
    move(case, "", "not told")
    case.trace.note("branch", outcome="unknown", how="not told", kept=found.kept)


def unasked(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a decision whose replies are not sent: nobody was asked, nor answered."""
    return {
        key: value
        for key, value in context.items()
        if key not in {QUESTION, elsewhere.ANSWERED, booking.KEY, hearing.KEY}
    }


def _asks(text: str) -> bool:
    """Does the customer want to know this, too, or only not say which branch?"""
    return burst.is_complete(text) or choosing.adds(text)


def _joined(*texts: str) -> str:
    """One message of all questions, each once."""
    return burst.join(dict.fromkeys(line for text in texts for line in text.splitlines()))


def _choices(case: Case) -> str:
    named = (each.label(case.language) for each in case.tenant.config.branches)
    return "\n".join(f"{number}. {name}" for number, name in enumerate(named, 1))


# --- what is not said before ------------------------------------------------------------------------------------------


def wants_price(case: Case) -> bool:
    """Is it a question whose answer may not be given before the branch is known, as far as the verdict tells?"""
    return _guards(case) and not PRICING.isdisjoint(case.verdict.intent.lower().split("_"))


def keeps_back(case: Case, draft: Draft) -> bool:
    """Does a draft hold a price, a discount or a timetable, or a file that may, while nobody knows the branch? Or does
    nothing say that it is true of every branch?"""
    if case.of_a_branch and may_ask(case):
        return True
    if not _guards(case):
        return False
    return bool(draft.attachments) or is_priced(draft.text)


def is_priced(text: str) -> bool:
    """Does a text hold a price, a discount or a timetable?"""
    return any(claim.kind in PRICED for claim in claims(text)) or _TIMETABLE.search(letters(text)) is not None


def _guards(case: Case) -> bool:
    return case.tenant.config.branching.require_branch_for_pricing and is_unknown(case)
