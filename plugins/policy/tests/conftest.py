"""A turn, a way to classify a text, and the sentences of customers."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from truffles_policy.plugin import Policy
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Customer, Inbound, InboundEvent, State, Turn, Verdict


@pytest.fixture(scope="session")
def turn() -> Turn:
    """A turn of a conversation without history."""
    return Turn(
        tenant="demo", id="t1", correlation_id="c1", channel="whatsapp", lane="l1", conversation_id="v1",
        state=State.BOT_ACTIVE, customer=Customer(id="u1", address="u1"), now=datetime(2026, 1, 5, 9, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture(scope="session")
def classify(turn: Turn) -> Callable[..., Verdict | None]:
    """Classify a text, with the settings given."""

    def ask(text: str, **settings: object) -> Verdict | None:
        event = InboundEvent(channel="whatsapp", event_id="1", text=text)
        policy = Policy(PolicySettings.model_validate(settings))
        return asyncio.run(policy.classify(turn, Inbound(text=text, events=(event,))))

    return ask


@pytest.fixture(scope="session")
def sentences() -> dict[str, dict[str, list[str]]]:
    """Sentences by language group and rule."""
    return tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
