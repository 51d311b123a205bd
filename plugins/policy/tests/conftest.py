"""A turn, a way to classify a text, and the sentences of customers."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from truffles_policy.plugin import Policy, plugin
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import (
    Author,
    Customer,
    Draft,
    Inbound,
    InboundEvent,
    Line,
    Passage,
    State,
    Turn,
    Verdict,
)
from truffles_gateway.testing import make_turn, texts_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
NOON = datetime(2026, 1, 14, 7, tzinfo=UTC)
"""Wednesday, 14 January 2026, 12:00 in Almaty."""


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
        policy = Policy(PolicySettings.model_validate(settings), texts_of(plugin))
        return asyncio.run(policy.classify(turn, Inbound(text=text, events=(event,))))

    return ask


@pytest.fixture(scope="session")
def sentences() -> dict[str, dict[str, list[str]]]:
    """Sentences by language group and rule."""
    return tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def policies() -> dict[str, Policy]:
    """The policies of businesses that do not exist, by name: of this folder's packs and of the example ones."""
    packs = yaml.safe_load((Path(__file__).parent / "facts_packs.yaml").read_text(encoding="utf-8"))
    for path in sorted(EXAMPLES.glob("*/pack.yaml")):
        packs[path.parent.name] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    texts = texts_of(plugin)
    return {name: Policy(PolicySettings.model_validate({"pack": pack}), texts) for name, pack in packs.items()}


@pytest.fixture(scope="session")
def ask(policies: dict[str, Policy]) -> Callable[..., tuple[list[Passage], Draft | None]]:
    """What is found and what is answered; `said` are the customer's lines of the last minutes, `bot` what they read last and
    `told` the facts that this rests on, `owner` what the owner wants known."""

    def asked(
        pack: str, text: str, said: Sequence[str] = (), *, bot: str = "", branch: str = "", now: datetime = NOON,
        ago: float = 5, owner: Sequence[Passage] = (), told: Sequence[str] = (),
    ) -> tuple[list[Passage], Draft | None]:  # fmt: skip
        lines = [Line(author=Author.CUSTOMER, text=line, at=now - timedelta(minutes=ago)) for line in said]
        shown = Line(author=Author.BOT, text=bot or "…", at=now - timedelta(minutes=ago - 1), sources=tuple(told))
        lines += [shown] if bot or told else []
        turn = make_turn(now=now, branch=branch, history=tuple(lines))
        message = Inbound(text=text, events=())

        async def go() -> tuple[list[Passage], Draft | None]:
            policy = policies[pack]
            verdict = await policy.classify(turn, message)
            assert verdict is not None
            found = [*owner, *(await policy.retrieve(turn, message, verdict) or ())]
            told = [each for each in found if each.confidence >= 0.5]  # the others are hints for a model
            return told, await policy.answer(turn, message, verdict, found, ())

        return asyncio.run(go())

    return asked
