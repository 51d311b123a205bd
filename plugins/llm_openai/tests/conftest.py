"""What the tests stand on: a real HTTP client, the API's double `llmock` behind a real socket, and a movable clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from llmock.pytest_plugin import LLMock
from truffles_llm_openai.plugin import LlmOpenai, plugin
from truffles_llm_openai.settings import LlmSettings

from truffles_gateway.messages import Draft, Inbound, Passage, Route, Verdict
from truffles_gateway.testing import AlarmsInMemory, CountersInMemory, make_resources, make_turn

KEY = "sk-key-of-tests-5f1d"
QUESTION = "Сколько стоит маникюр?"


class Clock:
    """Starts on a Monday in winter, noon UTC, and stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    debug = warning = error = info

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.lines]


class Desk:
    """A tenant's plugin object, and the short ways to call it."""

    question = QUESTION

    def __init__(self, hooks: LlmOpenai, log: Log, counters: CountersInMemory, double: LLMock) -> None:
        self.hooks, self.log, self.counters, self.double = hooks, log, counters, double
        self.alarms: Any = AlarmsInMemory()

    async def classify(self, text: str = QUESTION, message: Inbound | None = None, **turn: Any) -> Verdict | None:
        return await self.hooks.classify(make_turn(**turn), message or Inbound(text=text, events=()))

    async def answer(
        self, text: str = QUESTION, *passages: Passage, objections: tuple[str, ...] = (), language: str = "ru",
        **turn: Any,
    ) -> Draft | None:  # fmt: skip
        verdict = Verdict(route=Route.ANSWER, language=language)
        found = passages or (self.passage(),)
        return await self.hooks.answer(make_turn(**turn), Inbound(text=text, events=()), verdict, found, objections)

    def will_say(self, *, times: int = 1, **fields: Any) -> None:
        """Let the model give a good answer next; `fields` replace parts of it."""
        good = {"sources": ["p1"], "answer": "Маникюр стоит 5000 ₸.", "unanswered": [], "confidence": 0.95}
        self.double.reply(json.dumps(good | fields, ensure_ascii=False), times=times)

    def will_sort(self, route: str, **fields: Any) -> None:
        """Let the model choose a route next."""
        good = {"why": "asks for a price", "route": route, "intent": "price", "language": "ru", "business": True}
        self.double.reply(json.dumps(good | {"confidence": 0.9} | fields, ensure_ascii=False))

    @staticmethod
    def passage(id: str = "price-1", text: str = "Маникюр — 5000 ₸", confidence: float = 0.9, **more: Any) -> Passage:
        """A passage that answers the question."""
        return Passage(id=id, text=text, confidence=confidence, **{"query": QUESTION, **more})

    @property
    def asked(self) -> dict[str, Any]:
        """The body of the last request."""
        body: dict[str, Any] = self.double.last_request.body
        return body

    @property
    def system(self) -> str:
        """The instructions of the last request."""
        return str(self.asked["messages"][0]["content"])

    @property
    def data(self) -> str:
        """The data of the last request."""
        return str(self.asked["messages"][1]["content"])


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk_of(llmock: LLMock, http: httpx.AsyncClient, clock: Clock) -> Callable[..., Desk]:
    """Makes a tenant's object that speaks to the double: `desk_of(retries=0)`."""

    def make(
        *, prompts: dict[str, str] | None = None, counters: CountersInMemory | None = None, alarms: Any = None,
        **given: Any,
    ) -> Desk:  # fmt: skip
        settings = LlmSettings.model_validate(
            {
                "api_key": KEY,
                "base_url": llmock.base_url(),
                "retries": 0,
                "cache_minutes": 0,
                "business": "a nail salon",
            }
            | given
        )
        log, counters = Log(), counters or CountersInMemory(clock)
        alarms = alarms or AlarmsInMemory()
        resources = make_resources(plugin, http, clock=clock, counters=counters, prompts=prompts, alarms=alarms)
        object.__setattr__(resources, "log", log)
        desk = Desk(LlmOpenai(settings, resources), log, counters, llmock)
        desk.alarms = alarms
        return desk

    return make


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    return desk_of()
