"""The seven hooks. These names are fixed, and there are no others.

An implementation may be `def`, which runs in a thread and may block, or `async def`, which may not; it may leave out
arguments that it does not need. The order is that of the tenant's config. How the host calls them (first, every, chain), within which time and what happens when one fails
stands in `CALLS` below and is carried out by `calls.py`; `docs/hooks.md` has an example of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pluggy

from truffles_gateway.messages import (
    Delivery,
    Draft,
    HandoverCard,
    Inbound,
    ManagerReply,
    Outgoing,
    Passage,
    Receipt,
    Turn,
    Verdict,
)

PROJECT = "truffles_gateway"
SPEC_VERSION = 1

hookspec = pluggy.HookspecMarker(PROJECT)


class Mode(StrEnum):
    """How the implementations of one hook are called together."""

    CHAIN = "chain"
    FIRST = "first"
    EVERY = "every"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Call:
    """Call mode, limit in seconds for each implementation, and what it must return (None is always allowed)."""

    mode: Mode
    limit: float
    returns: type
    many: bool = False


CALLS: dict[str, Call] = {
    "on_inbound": Call(Mode.CHAIN, 10, Inbound),
    "classify": Call(Mode.FIRST, 8, Verdict),
    "retrieve": Call(Mode.EVERY, 3, Passage, many=True),
    "answer": Call(Mode.FIRST, 20, Draft),
    "escalate": Call(Mode.EVERY, 3, Outgoing, many=True),
    "deliver": Call(Mode.OWNER, 30, Receipt),
    "on_manager_reply": Call(Mode.EVERY, 10, type(None)),
}
MEDIA_DELIVER_LIMIT = 90.0
TURN_LIMIT = 45.0


@hookspec
def on_inbound(turn: Turn, message: Inbound) -> Inbound | None:
    """A customer's turn begins: enrich it or refuse a part of it (guard, speech, branch).

    Chain: each gets what the one before it returned; None leaves it as it is. Limit 10 s.
    One that fails is skipped and recorded; a guard refuses the medium, never the text.
    """


@hookspec
def classify(turn: Turn, message: Inbound) -> Verdict | None:
    """What does the message want? Policies come before models.

    The first answer wins; None passes on. Limit 8 s. One that fails is skipped; no answer at all means "unsure".
    """


@hookspec
def retrieve(turn: Turn, message: Inbound, verdict: Verdict) -> Sequence[Passage] | None:
    """Pieces of the tenant's knowledge that may answer the message.

    Every implementation is asked, side by side, and the passages are fused by confidence. Limit 3 s.
    One that fails is skipped and reported. What of the message nobody else found an answer to then goes to a human, beside
    the reply to the rest.
    """


@hookspec
def answer(
    turn: Turn, message: Inbound, verdict: Verdict, passages: Sequence[Passage], objections: Sequence[str]
) -> Draft | None:
    """Write the reply, or return None to say that you have none.

    `objections` is empty at first. When the claim firewall finds something in a draft that neither the passages nor the
    tenant's facts hold, its author is asked once more, with what was objected to.
    The first answer wins that is sure enough and that the firewall lets pass; else the next plugin is asked. Limit 20 s.
    When none is left, a human is called.
    """


@hookspec
def escalate(turn: Turn, card: HandoverCard) -> Sequence[Outgoing] | None:
    """A human is needed: return the rows to post at your desk. Touch no network here. No rows from anybody means that
    nobody is shown the handover: that is an alarm.

    Every desk is asked; the rows are committed together with the handover. Limit 3 s. When one fails the handover is
    stored all the same, the call is repeated later and an alarm is raised.
    """


@hookspec
def deliver(delivery: Delivery) -> Receipt | None:
    """Send one outgoing row and say what became of it.

    Only the plugin that owns the row's channel is called. Limit 30 s, 90 s with media. An exception before anything
    was sent counts as RETRY; running into the limit counts as AMBIGUOUS. The outbox repeats as the row's kind demands.
    """


@hookspec
def on_manager_reply(reply: ManagerReply) -> None:
    """A human's words were committed for a customer: observe them (learning, CRM).

    Every implementation is called, after the commit. Limit 10 s. One that fails is called again later; the words are
    already safe.
    """
