"""What the tests of this plugin stand on: a real HTTP client, a real simulator, and the host's gifts in a few lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_chatflow.plugin import ChatFlow, plugin
from truffles_chatflow.settings import ChatFlowSettings
from truffles_chatflow.simulator import Simulator

from truffles_gateway.messages import Delivery, InboundEvent, Outgoing, OutgoingKind
from truffles_gateway.plugin import Door, Links, NoLinks, Resources, WebhookRequest
from truffles_gateway.testing import BlobsInMemory, texts_of

TOKEN = "token-for-tests"
JID = "77000000001@s.whatsapp.net"


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    debug = warning = error = info


class CatalogueTexts:
    """The plugin's own catalogue, as the host would serve it."""

    def get(self, key: str, language: str, **values: object) -> str:
        return texts_of(plugin).get(key, language, **values)


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2025, 6, 2, 9, 0, tzinfo=UTC)


class Unused:
    """Stands where this plugin must not reach."""


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(token=TOKEN) as running:
        yield running


@pytest.fixture
def make_plugin(http: httpx.AsyncClient) -> Callable[..., ChatFlow]:
    """A tenant's hook object that talks to `base_url`."""

    def make(
        base_url: str, *, blobs: dict[str, bytes] | None = None, links: Links | None = None,
        languages: tuple[str, ...] = ("ru", "kk", "en"), **settings: Any,
    ) -> ChatFlow:  # fmt: skip
        given = {"base_url": base_url, "token": TOKEN, "instance_id": "main", **settings}
        resources = Resources(
            tenant="salon",
            timezone="Asia/Almaty",
            languages=languages,
            http=http,
            clock=StillClock(),
            log=Log(),
            texts=CatalogueTexts(),
            blobs=BlobsInMemory(blobs),
            links=links or NoLinks(),
            **dict.fromkeys(("knowledge", "desk", "counters", "learned", "prompts"), Unused()),  # type: ignore[arg-type]
        )
        return ChatFlow(ChatFlowSettings.model_validate(given), resources)

    return make


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """An attempt to send a row."""

    def make(text: str = "Здравствуйте!", key: str = "turn:0", **outgoing: Any) -> Delivery:
        row = {"channel": "whatsapp", "recipient": JID, "text": text, "kind": OutgoingKind.REPLY, **outgoing}
        return Delivery(id="1", key=key, tenant="salon", outgoing=Outgoing(**row), attempt=1, correlation_id="c")

    return make


@pytest.fixture(scope="session")
def webhook() -> Callable[..., WebhookRequest]:
    """A request as the host hands it to the door."""

    def make(body: Any, query: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> WebhookRequest:
        raw = json.dumps(body).encode()
        return WebhookRequest(path="", query=query or {}, headers=headers or {}, body=raw, json=body)

    return make


@pytest.fixture(scope="session")
def read(webhook: Callable[..., WebhookRequest]) -> Callable[..., InboundEvent]:
    """A body → the one event in it."""
    door = Door(tenant="salon", secret=None, open=True, settings=None)

    def parse(body: Any, **request: Any) -> InboundEvent:
        assert plugin.ingress is not None
        (event,) = plugin.ingress.parse(webhook(body, **request), door)
        return event

    return parse
