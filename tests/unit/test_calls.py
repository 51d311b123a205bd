"""Hooks are called in config order, within their limit, and one that fails harms only itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pluggy
import pytest

from truffles_gateway import hookspecs
from truffles_gateway.calls import Fault, Hooks, chain, every, first, owner
from truffles_gateway.errors import PluginError
from truffles_gateway.messages import (
    Attachment,
    Content,
    Customer,
    Delivery,
    Draft,
    Inbound,
    Outgoing,
    OutgoingKind,
    Passage,
    Receipt,
    Route,
    State,
    Turn,
    Verdict,
)
from truffles_gateway.plugin import hookimpl

TURN = Turn(
    tenant="salon", id="1", correlation_id="c-1", channel="echo", lane="echo:1", conversation_id="1",
    state=State.BOT_ACTIVE, customer=Customer(id="1", address="1"), now=datetime(2025, 1, 1, tzinfo=UTC),
)  # fmt: skip
MESSAGE = Inbound(text="hello", events=())
VERDICT = Verdict(route=Route.ANSWER)
DELIVERY = Delivery(
    id="1", key="1:0", tenant="salon", attempt=1, correlation_id="c-2",
    outgoing=Outgoing(channel="echo", recipient="1", text="hi", kind=OutgoingKind.REPLY),
)  # fmt: skip


def hooks(**plugins: object) -> Hooks:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name, plugin in reversed(plugins.items()):
        manager.register(plugin, name)
    manager.check_pending()
    return Hooks(manager, list(plugins), tenant="salon")


class Faults(list[Fault]):
    def __call__(self, fault: Fault) -> None:
        self.append(fault)


@pytest.fixture
def faults() -> Faults:
    return Faults()


def classifier(value: Any = None, *, error: BaseException | None = None, sleep: float = 0.0) -> object:
    class Classifier:
        calls = 0

        @hookimpl
        async def classify(self, message: Inbound) -> Any:
            Classifier.calls += 1
            await asyncio.sleep(sleep)
            if error:
                raise error
            return value

    return Classifier()


async def ask(asked: Hooks, faults: Faults, **more: Any) -> Any:
    return await first(asked, "classify", faults, turn=TURN, message=MESSAGE, **more)


async def test_an_async_plugin_without_an_answer_does_not_block_the_next(faults: Faults) -> None:
    result = await ask(hooks(silent=classifier(None), sure=classifier(VERDICT)), faults)
    assert (result.value, result.plugin, faults) == (VERDICT, "sure", [])
    assert [(each.plugin, each.outcome) for each in result.asked] == [("silent", "passed"), ("sure", "answered")]


async def test_the_first_answer_wins_and_the_rest_is_not_asked(faults: Faults) -> None:
    late: Any = classifier(VERDICT)
    result = await ask(hooks(early=classifier(VERDICT), late=late), faults)
    assert (result.plugin, type(late).calls) == ("early", 0)


async def test_sync_implementations_and_unwanted_arguments(faults: Faults) -> None:
    class Plain:
        @hookimpl
        def classify(self) -> Verdict:
            return VERDICT

    assert (await ask(hooks(plain=Plain()), faults)).value is VERDICT


async def test_a_plugin_cannot_wish_to_be_first(faults: Faults) -> None:
    class Pushy:
        @hookimpl(tryfirst=True)
        def classify(self) -> Verdict:
            return VERDICT

    class Lazy:
        @hookimpl(trylast=True)
        def classify(self) -> Verdict:
            return VERDICT

    assert (await ask(hooks(lazy=Lazy(), pushy=Pushy()), faults)).plugin == "lazy"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (classifier(error=ValueError("broken")), "ValueError: broken (classify, line"),
        (classifier(error=TimeoutError("its own")), "TimeoutError: its own"),
        (classifier(error=SystemExit(2)), "SystemExit: 2"),
        (classifier("human"), "returned str instead of Verdict"),
        (classifier(Verdict(route="human")), "Verdict.route is str"),  # type: ignore[arg-type]
        (classifier(replace(VERDICT, confidence=float("nan"))), "confidence is nan"),
        (classifier(replace(VERDICT, confidence=1.5)), "confidence is 1.5"),
        (classifier(sleep=5), "took longer than 0.05 s"),
    ],
)
async def test_one_that_fails_is_recorded_and_the_next_is_asked(bad: object, expected: str, faults: Faults) -> None:
    result = await ask(hooks(bad=bad, good=classifier(VERDICT)), faults, limit=0.05)
    assert result.plugin == "good"
    (fault,) = faults
    assert (fault.tenant, fault.plugin, fault.hook, fault.correlation_id) == ("salon", "bad", "classify", "c-1")
    assert expected in fault.error
    assert fault.timed_out == ("longer" in expected)
    assert result.faults == (fault,)


async def test_cancellation_passes_through(faults: Faults) -> None:
    task = asyncio.create_task(ask(hooks(slow=classifier(sleep=5)), faults))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert faults == []


async def test_a_cancelled_task_of_the_plugins_own_is_a_fault(faults: Faults) -> None:
    class Careless:
        @hookimpl
        async def classify(self) -> None:
            inner = asyncio.create_task(asyncio.sleep(5))
            inner.cancel()
            await inner

    result = await ask(hooks(careless=Careless(), good=classifier(VERDICT)), faults)
    assert (result.plugin, len(faults)) == ("good", 1)


async def test_chain_hands_on_what_each_returned(faults: Faults) -> None:
    def adding(text: str | None) -> object:
        class Adding:
            @hookimpl
            def on_inbound(self, message: Inbound) -> Inbound | None:
                if text == "":
                    raise RuntimeError("no")
                return message.with_(text=message.text + text) if text else None

        return Adding()

    chained = hooks(a=adding(" a"), broken=adding(""), silent=adding(None), b=adding(" b"))
    result = await chain(chained, "on_inbound", faults, "message", turn=TURN, message=MESSAGE)
    assert (result.value.text, result.plugin, len(faults)) == ("hello a b", "b", 1)
    assert [each.outcome for each in result.asked] == ["answered", "failed", "passed", "answered"]


async def test_every_runs_side_by_side_and_keeps_config_order(faults: Faults) -> None:
    def retriever(name: str, sleep: float = 0.0, error: bool = False) -> object:
        class Retriever:
            @hookimpl
            async def retrieve(self) -> list[Passage]:
                await asyncio.sleep(sleep)
                if error:
                    raise RuntimeError
                return [Passage(id=name, text=name, confidence=0.5, query="q")]

        return Retriever()

    asked = hooks(a=retriever("a", 0.1), b=retriever("b", error=True), c=retriever("c", 0.1), d=retriever("d", 9))
    start = asyncio.get_running_loop().time()
    result = await every(asked, "retrieve", faults, turn=TURN, message=MESSAGE, verdict=VERDICT, limit=0.15)
    assert asyncio.get_running_loop().time() - start < 0.19
    assert [each.id for each in result.value] == ["a", "c"]
    assert sorted(fault.plugin for fault in faults) == ["b", "d"]


@pytest.mark.parametrize("rubbish", ["text", 7, [1], {"a": 1}, iter(())])
async def test_rubbish_of_one_retriever_is_a_fault(rubbish: Any, faults: Faults) -> None:
    class Rubbish:
        @hookimpl
        def retrieve(self) -> Any:
            return rubbish

    result = await every(hooks(rubbish=Rubbish()), "retrieve", faults, turn=TURN, message=MESSAGE, verdict=VERDICT)
    assert (result.value, len(faults)) == ([], 1)


async def test_a_generator_is_rubbish(faults: Faults) -> None:
    class Generator:
        @hookimpl
        def answer(self) -> Iterator[Draft]:
            yield Draft(text="no")

    result = await first(hooks(g=Generator()), "answer", faults, turn=TURN, message=MESSAGE)
    assert result.value is None and "generator" in faults[0].error


async def test_only_the_owner_delivers(faults: Faults) -> None:
    def sender(key: str) -> object:
        class Sender:
            @hookimpl
            async def deliver(self, delivery: Delivery) -> Receipt:
                return Receipt.sent(key)

        return Sender()

    asked = hooks(a=sender("a"), b=sender("b"), none=classifier(None))
    result = await owner(asked, "deliver", "b", faults, delivery=DELIVERY)
    assert result.value == Receipt.sent("b")
    with pytest.raises(PluginError, match="none"):
        await owner(asked, "deliver", "none", faults, delivery=DELIVERY)


async def test_observers_return_nothing(faults: Faults) -> None:
    class Observer:
        @hookimpl
        def on_manager_reply(self) -> str:
            return "thanks"

    await every(hooks(o=Observer()), "on_manager_reply", faults, reply=DELIVERY)
    assert faults[0].correlation_id == "c-2"


@pytest.mark.parametrize(
    "draft",
    [
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"text": "x", "unanswered": (1,)},
        {"text": "x", "sources": ["1"]},
        {"text": "x", "attachments": ("a picture",)},
        {"text": "x", "attachments": (Attachment(content=Content.IMAGE, url="a\0"),)},
    ],
)
async def test_rubbish_inside_a_value_is_a_fault_as_well(draft) -> None:
    recorded = []

    class Writer:
        @hookimpl
        def answer(self):
            return Draft(**draft)

    result = await first(hooks(a=Writer()), "answer", recorded.append)
    assert result.value is None
    assert len(recorded) == 1
