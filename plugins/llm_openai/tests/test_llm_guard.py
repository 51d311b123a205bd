"""The circuit and the budget, alone and in front of a failing server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Reply
from truffles_llm_openai.budget import Budget, Usage, estimate
from truffles_llm_openai.circuit import Change, Circuit
from truffles_llm_openai.errors import LlmError
from truffles_llm_openai.settings import LlmSettings

from truffles_gateway.testing import CountersInMemory

DeskOf = Callable[..., Any]


async def _fail(desk: Any, times: int) -> None:
    for _ in range(times):
        with pytest.raises(LlmError):
            await desk.answer()


async def test_the_circuit_opens_and_recovers(desk: Any, llmock: LLMock, clock: Any) -> None:
    llmock.outage()
    await _fail(desk, 5)
    assert "circuit opened" in desk.log.events
    assert await desk.answer() is None
    assert await desk.classify() is None
    assert len(llmock.requests) == 5
    clock.advance(seconds=31)
    await _fail(desk, 1)  # the probe
    assert await desk.answer() is None
    llmock.reset()
    clock.advance(seconds=31)
    desk.will_say(times=2)
    assert await desk.answer() is not None
    assert "circuit closed" in desk.log.events
    assert await desk.answer() is not None


async def test_only_one_request_probes(desk_of: DeskOf, llmock: LLMock, clock: Any) -> None:
    desk = desk_of(failures=1)
    llmock.fail(500)
    await _fail(desk, 1)
    clock.advance(seconds=31)
    llmock.delay(0.2)
    desk.will_say()
    drafts = await asyncio.gather(*(desk.answer() for _ in range(4)))
    assert sorted(draft is None for draft in drafts) == [False, True, True, True]
    assert len(llmock.requests) == 2


async def test_a_probe_that_is_cancelled_leaves_the_way_free(desk_of: DeskOf, llmock: LLMock, clock: Any) -> None:
    desk = desk_of(failures=1)
    llmock.fail(500)
    await _fail(desk, 1)
    clock.advance(seconds=31)
    llmock.delay(5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await desk.answer()
    desk.will_say()
    assert await desk.answer() is not None


async def test_what_a_customer_can_provoke_opens_nothing(desk: Any, llmock: LLMock) -> None:
    llmock.add(Reply(text='{"answer": "a', finish_reason="length", times=6))
    await _fail(desk, 6)
    llmock.context_overflow(times=6)
    await _fail(desk, 6)
    llmock.add(Reply(text="rubbish", times=6))
    await _fail(desk, 6)
    desk.will_say()
    assert await desk.answer() is not None


def test_failures_far_apart_open_nothing(clock: Any) -> None:
    circuit = Circuit(clock, failures=3, within=60, rest=30)
    for _ in range(10):
        assert circuit.enter()
        assert circuit.leave(worked=False) is Change.NONE
        clock.advance(seconds=31)


def test_stragglers_do_not_keep_a_circuit_open(clock: Any) -> None:
    circuit = Circuit(clock, failures=1, within=60, rest=30)
    assert all(circuit.enter() for _ in range(3))
    assert circuit.leave(worked=False) is Change.OPENED
    clock.advance(seconds=20)
    assert circuit.leave(worked=False) is Change.NONE
    clock.advance(seconds=11)
    assert circuit.enter()
    assert circuit.leave(worked=False) is Change.OPENED  # the probe itself
    assert not circuit.enter()
    assert circuit.leave(worked=True) is Change.CLOSED


async def test_the_day_ends_at_the_tenants_midnight(desk_of: DeskOf, llmock: LLMock, clock: Any) -> None:
    desk = desk_of(daily_tokens=3_500)
    desk.will_say(times=None)
    asked = 0
    while await desk.answer() is not None:
        asked += 1
    assert asked >= 1
    assert await desk.classify("а" * 5_000) is None
    assert desk.log.events.count("budget used up") == 1
    assert len(llmock.requests) == asked
    clock.advance(hours=6)  # 18:00 UTC is 23:00 in Almaty
    assert await desk.answer() is None
    clock.advance(hours=1)
    assert await desk.answer() is not None


async def test_the_owner_is_told_once_a_day_that_the_budget_ends(desk_of: DeskOf, clock: Any) -> None:
    desk = desk_of(daily_tokens=20_000)
    desk.will_say(times=None)
    await desk.counters.add("tokens 2026-01-05", 15_000, limit=20_000)
    await desk.answer()
    assert desk.alarms.raised == {}
    await desk.counters.add("tokens 2026-01-05", 1_000, limit=20_000)
    await desk.answer()
    [(key, text)] = desk.alarms.raised.items()
    assert key == "budget_low 2026-01-05" and text.startswith("Модель gpt-5-mini: израсходовано 8")
    await desk.counters.add("tokens 2026-01-05", 2_500, limit=20_000)
    assert await desk.answer() is None
    assert list(desk.alarms.raised) == ["budget_low 2026-01-05", "budget_spent 2026-01-05"]
    clock.advance(hours=7)
    await desk.counters.add("tokens 2026-01-06", 16_000, limit=20_000)
    await desk.answer()
    assert list(desk.alarms.raised)[2:] == ["budget_low 2026-01-06"]


async def test_money_that_ends_is_told_too(desk_of: DeskOf) -> None:
    desk = desk_of(daily_money=0.1, input_price=0.25, output_price=2)
    desk.will_say()
    await desk.counters.add("money 2026-01-05", 85_000, limit=100_000)
    assert await desk.answer() is not None
    assert list(desk.alarms.raised) == ["budget_low 2026-01-05"]


async def test_an_alarm_that_cannot_be_raised_costs_no_answer_and_is_tried_again(desk_of: DeskOf) -> None:
    class Failing:
        tried = 0

        async def raise_(self, key: str, text: str) -> None:
            self.tried += 1
            raise OSError("no database")

    desk = desk_of(daily_tokens=100_000, alarms=Failing())
    desk.will_say(times=None)
    await desk.counters.add("tokens 2026-01-05", 85_000, limit=100_000)
    assert await desk.answer() is not None
    assert await desk.answer() is not None
    assert desk.alarms.tried == 2


async def test_what_is_counted_is_what_was_used(desk: Any, llmock: LLMock) -> None:
    desk.will_say()
    await desk.answer()
    [_, fields] = next(line for line in desk.log.lines if line[0] == "model call")
    assert await desk.counters.total("tokens 2026-01-05") == fields["sent"] + fields["produced"]


async def test_a_failure_costs_nothing_but_a_timeout_may(desk_of: DeskOf, llmock: LLMock) -> None:
    desk = desk_of(answer_seconds=0.3)
    await desk.hooks.warm_up()
    llmock.fail(500)
    await _fail(desk, 1)
    assert await desk.counters.total("tokens 2026-01-05") == 0
    llmock.delay(1)
    await _fail(desk, 1)
    assert await desk.counters.total("tokens 2026-01-05") > 1_000


async def test_counters_that_fail_after_the_answer_do_not_lose_it(desk_of: DeskOf, clock: Any) -> None:
    class Failing(CountersInMemory):
        async def add(self, name: str, amount: int, *, limit: int) -> bool:
            if amount < 0:
                raise OSError("no database")
            return await super().add(name, amount, limit=limit)

    desk = desk_of(counters=Failing(clock))
    desk.will_say()
    assert await desk.answer() is not None
    assert "budget not put right" in desk.log.events


async def test_a_refused_probe_of_the_budget_leaves_the_circuit_alone(desk_of: DeskOf, llmock: LLMock) -> None:
    desk = desk_of(daily_tokens=1)
    for _ in range(10):
        assert await desk.answer() is None
    assert llmock.requests == []
    assert "circuit opened" not in desk.log.events


def _budget(clock: Any, **given: Any) -> tuple[Budget, CountersInMemory]:
    counters = CountersInMemory(clock)
    settings = LlmSettings.model_validate({"api_key": "env:KEY"} | given)
    return Budget(settings, counters, clock, "Asia/Almaty"), counters


async def test_money_is_counted_in_millionths(clock: Any) -> None:
    budget, counters = _budget(clock, daily_money=0.01, input_price=0.25, output_price=2)
    taken = await budget.reserve(Usage(8_000, 2_000))  # 0.002 + 0.004
    assert taken is not None
    assert taken.money == 6_000
    assert await budget.reserve(Usage(8_000, 2_000)) is None
    assert await counters.total("tokens 2026-01-05") == 10_000  # what was refused is given back
    await budget.settle(taken, Usage(4_000, 0))
    assert await counters.total("money 2026-01-05") == 1_000
    assert await counters.total("tokens 2026-01-05") == 4_000
    assert await budget.reserve(Usage(8_000, 2_000)) is not None


async def test_a_request_over_midnight_is_settled_on_its_own_day(clock: Any) -> None:
    budget, counters = _budget(clock)
    taken = await budget.reserve(Usage(100, 100))
    assert taken is not None
    clock.advance(hours=8)
    await budget.settle(taken, Usage(500, 500))
    assert await counters.total("tokens 2026-01-05") == 1_000
    assert budget.day == "2026-01-06"


@pytest.mark.parametrize("text", ["", "привет" * 100, "қанша тұрады " * 50, "how much is it " * 50, "\ud800"])
def test_an_estimate_is_rather_too_high(text: str) -> None:
    assert estimate(text) >= len(text) / 4
