"""A turn and a message for the policy's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from truffles_gateway.messages import Customer, Inbound, InboundEvent, State, Turn, Verdict
from truffles_policy.plugin import Policy
from truffles_policy.settings import PolicySettings

Classify = Callable[..., Verdict | None]


@pytest.fixture(scope="session")
def turn() -> Turn:
    """A turn of a conversation without history."""
    return Turn(
        tenant="demo", id="t1", correlation_id="c1", channel="whatsapp", lane="l1", conversation_id="v1",
        state=State.BOT_ACTIVE, customer=Customer(id="u1", address="u1"), now=datetime(2026, 1, 5, 9, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture(scope="session")
def classify(turn: Turn) -> Classify:
    """Classify a text, with the settings given."""

    def ask(text: str, **settings: object) -> Verdict | None:
        event = InboundEvent(channel="whatsapp", event_id="1", text=text)
        return Policy(PolicySettings.model_validate(settings)).classify(turn, Inbound(text=text, events=(event,)))

    return ask
