"""Whatever a model's server does: a fault with its cause or silence, in time, and without the key."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Reply
from truffles_llm_openai.client import _completion
from truffles_llm_openai.errors import LlmError

from truffles_gateway.testing import HttpTarget

DeskOf = Callable[..., Any]
KEY = "sk-key-of-tests-5f1d"


async def test_a_refusal_is_no_answer_and_no_fault(desk: Any, llmock: LLMock) -> None:
    llmock.add(Reply(text="I cannot help with that.", finish_reason="content_filter", times=2))
    assert await desk.answer() is None
    assert await desk.classify() is None
    assert desk.log.events.count("the model refused") == 2


def test_a_refusal_may_stand_in_a_field_of_its_own() -> None:
    message = {"role": "assistant", "content": None, "refusal": "I'm sorry"}
    assert _completion({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).refused


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Маникюр стоит 5000 ₸", "JSON: json_invalid"),
        ("", "it is empty"),
        ('{"answer": "да"', "JSON: json_invalid"),
        ('{"answer": "секрет"}', "confidence: missing"),
        ('{"answer": ["секрет"], "confidence": 2}', "answer: string_type, confidence: less_than_equal"),
        ('{"answer": "да", "confidence": NaN}', "confidence: finite_number"),
        ("[" * 100_000, "JSON: json_invalid"),
        ("[1, 2]", "JSON: model_type"),
    ],
)
async def test_rubbish_is_a_fault_that_does_not_repeat_it(desk: Any, llmock: LLMock, said: str, cause: str) -> None:
    llmock.add(Reply(text=said))
    with pytest.raises(LlmError) as failed:
        await desk.answer()
    assert cause in str(failed.value)
    assert "секрет" not in str(failed.value)
    assert failed.value.outage is False


@pytest.mark.parametrize(
    "wrapped",
    ["```json\n{}\n```", "Here you are: {} Anything else?", "<think>{{hm}}</think>\n{}", "\n {} \n"],
)
async def test_json_is_taken_out_of_what_is_around_it(desk: Any, llmock: LLMock, wrapped: str) -> None:
    good = json.dumps({"sources": ["p1"], "answer": "5000 ₸", "unanswered": [], "confidence": 1})
    llmock.reply(wrapped.replace("{}", good))
    assert (await desk.answer()).text == "5000 ₸"


async def test_a_truncated_answer_is_a_fault_that_names_the_setting(desk_of: DeskOf, llmock: LLMock) -> None:
    llmock.add(Reply(text='{"answer": "Маникюр ст', finish_reason="length"))
    with pytest.raises(LlmError, match="cut off: raise answer_tokens, now 60"):
        await desk_of(answer_tokens=60).answer()


async def test_a_slow_model_runs_into_our_own_limit(desk_of: DeskOf, llmock: LLMock) -> None:
    desk = desk_of(classify_seconds=0.3)
    await desk.hooks.warm_up()
    llmock.delay(1.0)
    started = time.perf_counter()
    with pytest.raises(LlmError, match=r"did not answer within 0\.3 s") as failed:
        await desk.classify()
    assert time.perf_counter() - started < 0.9
    assert failed.value.outage


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_an_error_is_a_fault_that_names_the_status(desk: Any, llmock: LLMock, status: int) -> None:
    llmock.fail(status, message=f"no, and the key is {KEY}")
    with pytest.raises(LlmError, match=f"HTTP {status} from http://127.0.0.1") as failed:
        await desk.answer()
    assert "no, and the key is ***" in str(failed.value)
    assert failed.value.outage


async def test_one_bad_request_is_not_the_servers_fault(desk: Any, llmock: LLMock) -> None:
    llmock.context_overflow()
    with pytest.raises(LlmError, match="HTTP 400") as failed:
        await desk.answer()
    assert failed.value.outage is False


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_what_may_pass_is_tried_once_more(desk_of: DeskOf, llmock: LLMock, status: int) -> None:
    desk = desk_of(retries=1)
    llmock.fail(status, retry_after=0.1)
    desk.will_say()
    assert (await desk.answer()).text == "Маникюр стоит 5000 ₸."
    llmock.assert_resilient()


async def test_a_wish_for_patience_that_does_not_fit_is_not_waited_for(desk_of: DeskOf, llmock: LLMock) -> None:
    desk = desk_of(retries=2)
    await desk.hooks.warm_up()
    llmock.rate_limit(retry_after=30)
    started = time.perf_counter()
    with pytest.raises(LlmError, match="HTTP 429"):
        await desk.answer()
    assert time.perf_counter() - started < 2
    assert len(llmock.requests) == 1
    llmock.assert_resilient()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_cannot_pass_is_not_repeated(desk_of: DeskOf, llmock: LLMock, status: int) -> None:
    llmock.fail(status)
    with pytest.raises(LlmError):
        await desk_of(retries=2).answer()
    assert len(llmock.requests) == 1


async def test_an_empty_account_is_not_asked_again(desk_of: DeskOf, llmock: LLMock) -> None:
    llmock.fail(429, code="insufficient_quota", retry_after=0.1)
    with pytest.raises(LlmError, match="HTTP 429"):
        await desk_of(retries=2).answer()
    assert len(llmock.requests) == 1


async def test_a_server_that_is_not_there(desk_of: DeskOf) -> None:
    with pytest.raises(LlmError, match="cannot be reached: ConnectError") as failed:
        await desk_of(base_url="http://127.0.0.1:9/v1").answer()
    assert failed.value.outage


async def test_a_server_that_is_something_else(desk_of: DeskOf) -> None:
    async with HttpTarget() as other:
        with pytest.raises(LlmError, match="does not answer as the API does") as failed:
            await desk_of(base_url=f"{other.url}/v1").answer()
    assert failed.value.outage


class TestLesserServers:
    """What a server refuses is left out, once and for all."""

    @pytest.mark.parametrize(
        ("complaint", "given", "left_out", "instead"),
        [
            ("response_format.json_schema is not supported", {}, "json_schema", '"type": "json_object"'),
            ("Unsupported parameter: max_completion_tokens", {}, "max_completion_tokens", '"max_tokens"'),
            ("Unsupported value: reasoning_effort", {}, "reasoning_effort", "json_schema"),
            ("Unsupported value: temperature", {"temperature": 0.5}, "temperature", "json_schema"),
        ],
    )
    async def test_a_refused_parameter(
        self, desk_of: DeskOf, llmock: LLMock, complaint: str, given: dict[str, Any], left_out: str, instead: str
    ) -> None:
        desk = desk_of(**given)
        llmock.fail(400, message=complaint)
        desk.will_say(times=2)
        assert await desk.answer() is not None
        assert await desk.answer() is not None
        first, *others = [json.dumps(record.body) for record in llmock.requests]
        assert left_out in first
        assert len(others) == 2
        for body in others:
            assert left_out not in body
            assert instead in body

    async def test_one_that_knows_nothing_is_told_the_schema_in_words(self, desk: Any, llmock: LLMock) -> None:
        llmock.fail(422, message="response_format: unknown", times=2)
        desk.will_say()
        assert await desk.answer() is not None
        assert "response_format" not in desk.asked
        assert "by this schema:" in desk.system
        assert '"additionalProperties": false' in desk.system


async def test_the_key_is_nowhere_but_in_its_header(
    desk_of: DeskOf, llmock: LLMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = desk_of()
    for status in (401, 500):
        llmock.fail(status, message=f"Incorrect API key provided: {KEY}")
        with pytest.raises(LlmError) as failed:
            await desk.answer("мой номер и секрет")
        assert failed.value.__cause__ is None
        assert failed.value.__suppress_context__
        assert KEY not in str(failed.value)
    desk.will_say()
    await desk.answer("мой номер и секрет")
    for seen in (caplog.text, repr(desk.log.lines), repr(desk.hooks._settings), repr(llmock.requests[-1].body)):
        assert KEY not in seen
    assert "секрет" not in caplog.text + repr(desk.log.lines)


async def test_the_environment_of_the_process_is_not_asked(
    desk_of: DeskOf, llmock: LLMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    async with HttpTarget() as target:
        with pytest.raises(LlmError):
            await desk_of(base_url=f"{target.url}/v1").answer()
        [sent] = target.received
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert "openai-organization" not in sent.headers


async def test_every_request_goes_through_the_one_client(
    desk_of: DeskOf, llmock: LLMock, http: httpx.AsyncClient
) -> None:
    seen: list[str] = []

    async def count(request: httpx.Request) -> None:
        seen.append(request.url.path)

    http.event_hooks = {"request": [count], "response": []}
    one, other = desk_of(), desk_of()
    for desk in (one, other, one):
        desk.will_say()
        await desk.answer()
    assert seen == ["/v1/chat/completions"] * 3
    assert one.hooks._model._client._openai is not other.hooks._model._client._openai
    assert not http.is_closed


async def test_first_requests_side_by_side_make_one_client(desk: Any, llmock: LLMock) -> None:
    desk.will_say(times=5)
    drafts = await asyncio.gather(*(desk.answer() for _ in range(5)))
    assert all(drafts)
