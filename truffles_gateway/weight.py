"""How much hangs on what a customer says: what is never given up, and what a human must see at once. Pure."""

from __future__ import annotations

from truffles_gateway import handoff
from truffles_gateway.decision import Case
from truffles_gateway.messages import Route, State, Verdict
from truffles_gateway.records import Commit

LASTING = frozenset({"complaint", "payment", "refund", "medical", "emergency", "booking", "booking_change", "urgent"})
"""Intents whose handover never times out."""
URGENT = frozenset({"urgent", "booking_change", "emergency"})
"""Intents that cannot wait: somebody is late or at the door, a free place may be sold again, or somebody is in danger."""
MARK = "⚡"


def lasts(verdict: Verdict) -> bool:
    """Must a human answer this, however long it takes?"""
    return verdict.intent in LASTING or verdict.route is Route.FRUSTRATED


def is_urgent(verdict: Verdict) -> bool:
    """Must a human see this at once?"""
    return verdict.intent in URGENT


def mark(verdict: Verdict) -> str:
    """What stands before these words at a desk that reads along, "" where they may wait for their turn."""
    return MARK if is_urgent(verdict) else ""


def hold_open(made: Commit, case: Case) -> None:
    """Words that are never given up, said while somebody was called for something else: from now on that does not time out
    either."""
    after = made.after
    if after is not None and after.handover_id and case.state is not State.BOT_ACTIVE and lasts(case.verdict):
        made.touch(context={**after.context, handoff.LASTING: after.handover_id})
