"""What the tests of this plugin stand on: a real HTTP client, a simulated Telegram that aiogram checks, plain doubles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_telegram.plugin import Telegram, plugin
from truffles_telegram.settings import TelegramSettings
from truffles_telegram.simulator import TOKEN, Simulator

from truffles_gateway.messages import Customer, Delivery, Outgoing, OutgoingKind, State
from truffles_gateway.plugin import Door, Talk, WebhookRequest
from truffles_gateway.testing import DeskInMemory, make_resources

GROUP, CONVERSATION, HANDOVER = -1001, "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
SECRET = "secret-of-tests"


def talk_of(**changes: Any) -> Talk:
    """A conversation whose handover is open."""
    given: dict[str, Any] = {
        "conversation_id": CONVERSATION, "channel": "whatsapp", "state": State.PENDING, "handover_id": HANDOVER,
        "customer": Customer(id="u1", address="77011234567@s.whatsapp.net", name="Айгерим", phone="77011234567"),
    } | changes  # fmt: skip
    return Talk(**given)


class Bench:
    """One tenant's hooks at a simulated Telegram, and rows to hand to them."""

    def __init__(self, telegram: Simulator, http: httpx.AsyncClient, **more: Any) -> None:
        settings = {"token": TOKEN, "webhook_secret": SECRET, "base_url": telegram.url, "chat_id": str(GROUP)}
        settings |= more.pop("settings", {})
        self.telegram = telegram
        self.desk = more.pop("desk", None) or DeskInMemory([talk_of()])
        self.blobs: dict[str, bytes] = {}
        resources = make_resources(plugin, http, desk=self.desk, blobs=self.blobs, **more)
        self.hooks = Telegram(TelegramSettings.model_validate(settings), resources)
        self._rows = 0

    def row(self, kind: OutgoingKind, text: str = "", *, repeat: bool = False, **outgoing: Any) -> Delivery:
        """An attempt to send a row."""
        self._rows += 1
        given = {"channel": "telegram", "recipient": CONVERSATION, "text": text, "kind": kind, "handover_id": HANDOVER}
        return Delivery(
            id=f"row{self._rows}", key=f"turn:{self._rows}", tenant="test", attempt=1, correlation_id="c",
            repeat=repeat, outgoing=Outgoing(**(given | outgoing)),
        )  # fmt: skip

    async def send(self, kind: OutgoingKind, text: str = "", **more: Any) -> Any:
        """Deliver a row; what was sent is remembered as the host would."""
        return await self.again(self.row(kind, text, **more))

    async def again(self, delivery: Delivery) -> Any:
        """One attempt."""
        receipt = await self.hooks.deliver(delivery)
        if receipt.status == "sent":
            row = delivery.outgoing
            self.desk.rows.setdefault((row.handover_id, row.kind), receipt.provider_id)
            self.desk.texts.setdefault((row.handover_id, row.kind), row.text)
        return receipt

    @property
    def thread(self) -> int:
        """The customer's topic."""
        return int(self.desk.threads[CONVERSATION, str(GROUP)])

    @property
    def shown(self) -> list[Any]:
        """What the topic shows."""
        return self.telegram.topic(GROUP, self.thread)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(checked=True) as running:
        running.group(GROUP)
        yield running


@pytest.fixture
def bench(telegram: Simulator, http: httpx.AsyncClient) -> Bench:
    return Bench(telegram, http)


@pytest.fixture
def bench_of(telegram: Simulator, http: httpx.AsyncClient) -> Callable[..., Bench]:
    return lambda **more: Bench(telegram, http, **more)


@pytest.fixture(scope="session")
def door() -> Door:
    settings = TelegramSettings.model_validate({"token": TOKEN, "webhook_secret": SECRET, "chat_id": str(GROUP)})
    return Door(tenant="test", secret=None, open=False, settings=settings, desk_chats={"north": "-1002"})


@pytest.fixture(scope="session")
def request_of() -> Callable[..., WebhookRequest]:
    def make(body: Any, **headers: str) -> WebhookRequest:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return WebhookRequest(path="", query={}, headers=named, body=json.dumps(body).encode(), json=body)

    return make
