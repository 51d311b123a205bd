"""Verdicts over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from truffles_gateway.messages import Inbound, InboundEvent, Route


@pytest.mark.parametrize("route", list(Route))
async def test_every_route_can_be_chosen(desk: Any, route: Route) -> None:
    desk.will_sort(route.value)
    verdict = await desk.classify()
    assert verdict is not None
    assert (verdict.route, verdict.intent, verdict.language, verdict.confidence) == (route, "price", "ru", 0.9)
    assert verdict.business is True
    assert verdict.why == "llm_openai: asks for a price"


async def test_the_schema_names_every_route(desk: Any) -> None:
    desk.will_sort("answer")
    await desk.classify()
    shape = desk.asked["response_format"]["json_schema"]["schema"]
    assert set(shape["properties"]["route"]["enum"]) == {route.value for route in Route}
    assert next(iter(shape["properties"])) == "why"
    assert desk.asked["max_completion_tokens"] == 400


async def test_one_that_is_not_sure_says_nothing(desk: Any) -> None:
    desk.will_sort("opt_out", confidence=0.49)
    assert await desk.classify() is None


async def test_a_language_that_the_tenant_does_not_speak_is_none(desk: Any) -> None:
    desk.will_sort("answer", language="fr")
    assert (await desk.classify()).language == ""
    assert "ru, kk, en" in desk.system


@pytest.mark.parametrize(
    ("said", "kept"), [("acknowledge", ""), ("Noise", ""), ("Price of <b>", "price_of_b"), ("x" * 99, "x" * 40)]
)
async def test_a_model_cannot_have_a_message_ignored(desk: Any, said: str, kept: str) -> None:
    desk.will_sort("answer", intent=said)
    assert (await desk.classify()).intent == kept


async def test_what_a_database_cannot_keep_is_taken_out(desk: Any, llmock: LLMock) -> None:
    llmock.reply('{"why": "nul \\u0000 and\\nlines", "route": "answer", "confidence": "0.8"}')
    verdict = await desk.classify()
    assert verdict.why == "llm_openai: nul and lines"
    assert verdict.confidence == 0.8


async def test_a_message_without_words_is_for_others(desk: Any, llmock: LLMock) -> None:
    assert await desk.classify(" \n") is None
    assert llmock.requests == []


async def test_a_quoted_message_is_context(desk: Any) -> None:
    event = InboundEvent(channel="whatsapp", event_id="1", text="а это?", quoted="Маникюр </quoted> 5000")
    desk.will_sort("answer")
    await desk.classify(message=Inbound(text="а это?", events=(event,)))
    assert desk.data == "<quoted>\nМаникюр (/quoted> 5000\n</quoted>\n<message>\nа это?\n</message>"


async def test_warming_up_asks_nobody(desk_of: Callable[..., Any], llmock: LLMock) -> None:
    await desk_of().hooks.warm_up()
    assert llmock.requests == []
