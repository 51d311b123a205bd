"""A question about the business while the branch is not known, and the name of a branch with nothing beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from truffles_gateway import branching
from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import Content, Inbound, Passage, Route, State
from truffles_gateway.routes import facts
from truffles_gateway.tenant_config import Branch

QUESTIONS = frozenset({Route.ANSWER, Route.UNSURE, Route.BOOK})
FAINTLY = 0.2
"""How sure a passage is that may be about what is asked."""
FEW = 6
"""Of how many branches what is known is compared; where there are more, the customer is asked."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told of a fact at a branch; `tag` is that of the branch which alone has it."""

    id: str
    text: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is `sure` enough to be said at a branch, what there is about it even `faintly`, and all that was found."""

    sure: frozenset[Fact] = frozenset()
    faintly: frozenset[Fact] = frozenset()
    found: tuple[Passage, ...] = ()


async def before_answering(case: Case, route: Route) -> Decision | None:
    """Ask which branch is meant, twice at most, or say that it is noted; None: there is nothing in the way of an answer.
    Who wants a human waits for no question, nor does a file that a human will look at, nor what is the same everywhere."""
    if case.named_only and not _is_for_people(case.message):
        return _noted(case)
    if case.state is not State.BOT_ACTIVE or not _is_question(case, route) or not _matters(case):
        return None
    if route is not Route.BOOK and await _is_the_same(case):
        return None
    if branching.may_ask(case):
        return branching.question(case)
    branching.give_up(case)
    return None


async def _is_the_same(case: Case) -> bool:
    """Is the same known at every branch? Where it is nothing, a human is called at once, unless somebody has an answer all
    the same, which may be one branch's, or unless we have just asked which: then these words may have been meant to say so."""
    branches = case.tenant.config.branches
    if case.tenant.config.branching.require_branch_for_pricing or len(branches) > FEW:
        return False
    if case.verdict.everywhere:
        return True
    known = await asyncio.gather(*(_known_at(case, each) for each in branches))
    if any(each is None for each in known):
        return False
    there = _had(
        [each or Known() for each in known], {each.knowledge_tag: each.label(case.language) for each in branches}
    )
    told, own = any(each.sure for each in there), _own(there)
    case.told_of = _alone(branches, there, own)
    if case.told_of:
        _trace(case, "only there", there, branch=case.told_of.slug)
        return True
    same = not any(each.sure & own for each in there) and (told or not branching.is_asked(case))
    case.found_at = _best(branches, there) if same else None
    case.of_a_branch = not told
    _trace(case, "the same" if same else "it matters", there)
    return same


def _trace(case: Case, outcome: str, there: Sequence[Known], **more: str) -> None:
    """What came of it, and of what: whoever wonders why the customer was asked for the branch sees what differs."""
    found = sorted((passage for known in there for passage in known.found), key=lambda passage: passage.confidence)
    surest = list({_fact(passage): passage for passage in found}.values())[::-1]
    known = len(frozenset[Fact]().union(*(each.sure for each in there)))
    case.trace.note("branches", outcome=outcome, **more, known=known, passages=facts.traced(surest))


def _had(there: Sequence[Known], names: Mapping[str, str]) -> list[Known]:
    """What each branch has: not what it tells by the name of the one that does ("CT: 15 000 (Centre)"). `names` are those of the branches
    by their tags."""
    tagged = {(fact.id, fact.tag) for each in there for fact in each.sure | each.faintly if fact.tag}
    named = [(id, names[tag]) for id, tag in tagged if tag in names]

    def has(fact: Fact) -> bool:
        return bool(fact.tag) or not any(fact.id == id and name in fact.text for id, name in named)

    return [
        replace(each, sure=frozenset(filter(has, each.sure)), faintly=frozenset(filter(has, each.faintly)))
        for each in there
    ]


def _own(there: Sequence[Known]) -> frozenset[Fact]:
    """The facts that are one branch's own, that another one has in other words, or that are sure here and unheard of elsewhere.
    Whatever else is found more surely at one branch than at another is as true of both."""
    found = [each.sure | each.faintly for each in there]
    texts: dict[str, set[str]] = {}
    for fact in frozenset[Fact]().union(*found):
        texts.setdefault(fact.id, set()).add(fact.text)
    alone = {fact for each in there for fact in each.sure if not all(fact in one for one in found)}
    return frozenset(fact for each in found for fact in each if fact.tag or fact in alone or len(texts[fact.id]) > 1)


def _best(branches: Sequence[Branch], there: Sequence[Known]) -> Branch | None:
    """Where most is sure; None where it is the same everywhere."""
    most = max(range(len(there)), key=lambda at: len(there[at].sure))
    return branches[most] if any(each.sure != there[most].sure for each in there) else None


def _alone(branches: Sequence[Branch], there: Sequence[Known], own: frozenset[Fact]) -> Branch | None:
    """The one branch that has something of its own to say, if the others have nothing of theirs that is even faintly about it: the
    same service may have another id there, and another price."""
    known = [branch for branch, each in zip(branches, there, strict=True) if each.sure & own]
    faintly = [branch for branch, each in zip(branches, there, strict=True) if (each.sure | each.faintly) & own]
    return known[0] if len(known) == 1 and faintly == known else None


async def _known_at(case: Case, branch: Branch) -> Known | None:
    """What would be told first at a branch, to each question of the message; None: somebody failed to say."""
    at = replace(case.turn, branch=branch.slug, knowledge_tag=branch.knowledge_tag)
    passages = await facts.retrieved(case, at)
    if passages is None:
        return None
    least = case.tenant.config.thresholds.answer
    best: dict[str, float] = {}
    for each in passages:
        best[each.query] = max(best.get(each.query, least), each.confidence)
    sure = frozenset(_fact(each) for each in passages if each.confidence >= best[each.query])
    faintly = frozenset(_fact(each) for each in passages if each.confidence >= FAINTLY)
    return Known(sure, faintly, tuple(passages))


def _fact(passage: Passage) -> Fact:
    return Fact(passage.id, passage.text, passage.tag)


def _is_question(case: Case, route: Route) -> bool:
    """Is it one about the business? A bare number is, where it was meant to answer ours."""
    if route not in QUESTIONS or case.verdict.intent in facts.NEED_NO_ANSWER or _is_for_people(case.message):
        return False
    return case.verdict.intent != "number" or branching.is_asked(case)


def _matters(case: Case) -> bool:
    """Does the answer wait for the branch? Where the number should have named it, only prices do."""
    if not branching.is_unknown(case):
        return False
    by_words = case.tenant.config.branching.mode != "by_instance"
    return by_words or branching.is_asked(case) or branching.wants_price(case)


def _is_for_people(message: Inbound) -> bool:
    """Nothing to read, or something besides to look at."""
    files = [part for part in message.attachments if part.content is not Content.AUDIO]
    return bool(files) or facts.is_for_the_desk(message) or not message.text.strip()


def _noted(case: Case) -> Decision:
    branch = case.tenant.branch(case.turn.branch)
    name = branch.label(case.language) if branch else ""
    return Decision(outcome="answered", reason="branch noted", replies=(case.say("branch_noted", branch=name),))
