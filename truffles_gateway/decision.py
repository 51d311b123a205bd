"""What a turn works with and what it comes to: the case, the trace of how it was decided, and the decision.

Nothing here touches a network or a database.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from truffles_gateway.calls import FaultSink, Result
from truffles_gateway.messages import Attachment, Inbound, Refusal, Route, State, Trigger, Turn, Verdict
from truffles_gateway.records import Conversation, Work
from truffles_gateway.tenant_config import Branch
from truffles_gateway.tenants import Tenant

BRIEF = 200


@dataclass(slots=True)
class Trace:
    """The decision trace of a turn: one entry a stage, in order, with how long it took."""

    stages: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a stage; the caller fills in `outcome` and whatever explains it."""
        entry: dict[str, Any] = {"stage": name}
        start = time.perf_counter()
        try:
            yield entry
        finally:
            entry["ms"] = round((time.perf_counter() - start) * 1000, 2)
            self.stages.append(entry)

    def note(self, name: str, **facts: Any) -> None:
        """A stage that takes no time worth telling."""
        self.stages.append({"stage": name, **facts})


def asked(result: Result) -> list[dict[str, Any]]:
    """Who was asked in a hook call, for the trace."""
    return [
        {"plugin": each.plugin, "outcome": each.outcome, "ms": round(each.seconds * 1000, 2)}
        | ({"fault": each.fault.error} if each.fault else {})
        for each in result.asked
    ]


def brief(text: str) -> str:
    """The beginning of a text, for the trace."""
    return text if len(text) <= BRIEF else text[: BRIEF - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A human is asked for. `reason` is a key of the catalogue."""

    trigger: Trigger
    reason: str
    question: str
    times_out: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a turn comes to, before it meets the state at the commit.

    outcome      answered, escalated, forwarded or ignored (SPEC: conservation law)
    replies      what the customer reads, one row each
    escalation   call a human
    cancel       the customer wants no human any more
    mute         silence the bot for so many minutes; 0 lifts a mute, None leaves it
    context      keys to set in the conversation's context; "" removes a key
    review       the answer is worth a person's look
    composed     the replies are a plugin's words, not lines of the catalogue: in mode `approve` they wait for a person
    desk_line    a key of the catalogue: what a desk that reads along is told besides, with its `desk_values`
    booked       the wish for a time went to a handover that was open: its card gets the buttons of a booking
    rating       the handover that the customer gave a mark to, and the mark, 1 to 5
    conditional  the replies hold only while nothing more arrives: they are thought over again if it does
    """

    outcome: str
    reason: str = ""
    replies: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    escalation: Escalation | None = None
    cancel: bool = False
    mute: float | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    review: bool = False
    composed: bool = False
    desk_line: str = ""
    desk_values: Mapping[str, object] = field(default_factory=dict)
    booked: bool = False
    rating: tuple[str, int] | None = None
    sources: tuple[str, ...] = ()
    conditional: bool = True


@dataclass(slots=True, kw_only=True)
class Case:
    """One turn on its way through the pipeline; `message`, `verdict` and `language` are filled in as they are known.

    moved       the branch that the customer's words led to ("": to none, and nobody asks again), and how
    kept        what they had asked before, which is to be answered now
    heard       they have said of it already that they want an answer, and no silence
    confirmed   they said yes to what was read back to them: that is the message now
    named_only  they named a branch, and nothing else is to be answered
    of_a_branch  the branch is unknown, and whatever somebody answers may be true of one alone
    told_of     the branch is unknown, but what was asked is known at this one alone: the answer names it
    unread      the message, if a retriever failed and nobody else found an answer to all of it
    found_at    the branch is unknown, and what was asked is most surely found at this one, though it is as true of every one
    """

    work: Work
    conversation: Conversation
    tenant: Tenant
    turn: Turn
    message: Inbound
    faults: FaultSink
    trace: Trace
    language: str
    verdict: Verdict = field(default_factory=lambda: Verdict(route=Route.UNSURE))
    apology: bool = False
    answers_mute_question: bool = False
    moved: tuple[str, str] | None = None
    kept: tuple[str, ...] = ()
    heard: bool = False
    confirmed: bool = False
    named_only: bool = False
    of_a_branch: bool = False
    told_of: Branch | None = None
    unread: str = ""
    found_at: Branch | None = None

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue in the customer's language."""
        return self.tenant.texts.get(key, self.language, **values)

    @property
    def there(self) -> Turn:
        """The turn as what is asked is answered: at the one branch that knows it, or knows it best, where the
        customer has none."""
        at = self.told_of or self.found_at
        return replace(self.turn, branch=at.slug, knowledge_tag=at.knowledge_tag) if at else self.turn

    @property
    def owned_by(self) -> str:
        """The branch whose notices and prices hold: the customer's, or the one that alone knows what is asked; "" where it is none."""
        return self.told_of.slug if self.told_of else self.turn.branch

    @property
    def state(self) -> State:
        """Who leads the conversation, as far as this turn knows."""
        return self.conversation.state

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What a guard refused."""
        return self.message.refusals
