"""The channel in a running gateway: what it brings itself, and what it gets for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from truffles_echo_channel.plugin import Echo, plugin
from truffles_echo_channel.settings import EchoSettings

from truffles_gateway.messages import Draft, Inbound, Route, Verdict
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.testing import HttpTarget, Rig, conforms, make_resources

SECRET = {"x-webhook-secret": "secret-of-tests"}


class Parrot:
    """Answers whatever is asked, so that the channel has something to carry; calls a human on request."""

    @hookimpl
    def classify(self, message: Inbound) -> Verdict:
        return Verdict(route=Route.HUMAN if "human" in message.text else Route.ANSWER)

    @hookimpl
    def answer(self, message: Inbound) -> Draft:
        return Draft(text=f"You said: {message.text}")


parrot = Plugin(name="parrot", version="1", create=lambda settings, resources: Parrot())


@pytest_asyncio.fixture
async def target() -> AsyncIterator[HttpTarget]:
    """The chat service to which the channel posts."""
    async with HttpTarget() as server:
        yield server


@pytest_asyncio.fixture
async def rig(rig_of: Callable[..., Awaitable[Rig]], target: HttpTarget, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A gateway with these two plugins and no other; nothing needs to be installed for that."""
    monkeypatch.setenv("TEST_ECHO_SECRET", SECRET["x-webhook-secret"])
    monkeypatch.setenv("TEST_ECHO_TOKEN", "token-of-tests")
    settings = {"url": target.url, "token": "env:TEST_ECHO_TOKEN"}
    shop: dict[str, Any] = {
        "slug": "shop",
        "name": "Shop",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_ECHO_SECRET",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1},
        "plugins": [{"name": "parrot"}, {"name": "echo_channel", "settings": settings}],
    }
    return await rig_of(shop, plugins=[parrot, plugin])


async def write(rig: Rig, id: str, text: str, sender: str = "ann") -> dict[str, Any]:
    response = await rig.post("/echo/shop", headers=SECRET, id=id, text=text, **{"from": sender})
    assert response.status_code == 200, response.text
    accepted: dict[str, Any] = response.json()
    return accepted


def test_it_keeps_the_contract(target: HttpTarget) -> None:
    unused: Any = None
    settings = EchoSettings.model_validate({"url": target.url, "token": "t"})
    assert conforms(plugin, Echo(settings, make_resources(plugin, unused))) == []


async def test_a_message_is_answered(rig: Rig, target: HttpTarget) -> None:
    await write(rig, "1", "Are you open?")
    await rig.until(lambda: target.count(1))
    assert target.taken[0] == {**target.taken[0], "to": "ann", "text": "You said: Are you open?"}
    assert target.received[0].headers["authorization"] == "Bearer token-of-tests"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, {"id": "1", "from": "ann", "text": "hi"}, 401),
        ({"x-webhook-secret": "wrong"}, {"id": "1", "from": "ann", "text": "hi"}, 401),
        (SECRET, {"id": "1", "from": "ann"}, 400),
    ],
)
async def test_the_door(rig: Rig, headers: dict[str, str], body: dict[str, str], status: int) -> None:
    assert (await rig.http.post("/echo/shop", json=body, headers=headers)).status_code == status
    assert await rig.rows("SELECT 1 FROM inbox_events") == []


async def test_inherited_a_message_that_is_posted_twice_is_one(rig: Rig, target: HttpTarget) -> None:
    assert (await write(rig, "1", "Are you open?"))["accepted"] == 1
    assert (await write(rig, "1", "Are you open?"))["duplicates"] == 1
    await rig.until(lambda: target.count(1))
    await rig.settled()
    assert len(target.received) == 1


async def test_inherited_a_burst_is_one_turn(rig: Rig, target: HttpTarget) -> None:
    for number, text in enumerate(["hello", "are you open", "on sunday?"]):
        await write(rig, str(number), text)
    await rig.until(lambda: target.count(1))
    assert target.taken[0]["text"] == "You said: hello\nare you open\non sunday?"


async def test_inherited_a_retry_has_the_same_key(rig: Rig, target: HttpTarget) -> None:
    target.statuses.append(503)
    await write(rig, "1", "Are you open?")
    await rig.until(lambda: _received(target, 1))
    rig.clock.advance(seconds=3)
    await rig.until(lambda: target.count(1))
    assert target.received[0].json == target.received[1].json


async def test_inherited_a_retry_holds_back_what_was_said_later(rig: Rig, target: HttpTarget) -> None:
    target.statuses.append(503)
    await write(rig, "1", "a human please")
    await rig.until(lambda: _received(target, 1))
    await write(rig, "2", "are you open on sunday?")
    await rig.until(lambda: _answered(rig, 1))
    rig.clock.advance(seconds=3)
    await rig.until(lambda: target.count(2))
    assert target.taken[0]["text"] == target.received[0].json["text"]
    assert target.taken[1]["text"] == "You said: are you open on sunday?"


async def test_inherited_what_is_refused_is_a_dead_letter_with_its_payload(rig: Rig, target: HttpTarget) -> None:
    target.statuses.append(422)
    await write(rig, "1", "Are you open?")
    await rig.until(lambda: _dead(rig))
    [dead] = await _dead(rig)
    assert (dead["recipient"], dead["error"]) == ("ann", "HTTP 422")


async def test_inherited_trace_and_ledger(rig: Rig, target: HttpTarget) -> None:
    correlation = (await write(rig, "1", "Are you open?"))["correlation_id"]
    await rig.until(lambda: target.count(1))
    await rig.settled()
    [turn] = (await rig.admin("GET", f"/admin/why/{correlation}")).json()["turns"]
    stages = [each["stage"] for each in turn["stages"]]
    assert [stage for stage in stages if stage in {"classify", "retrieve", "answer"}] == [
        "classify",
        "retrieve",
        "answer",
    ]
    ledger = await rig.ledger()
    assert ledger["balanced"]
    assert ledger["tenants"][0]["answered"] == 1


async def _answered(rig: Rig, count: int) -> bool:
    return len(await rig.rows("SELECT 1 FROM inbox_events WHERE outcome = 'answered'")) == count


async def _received(target: HttpTarget, count: int) -> bool:
    return len(target.received) >= count


async def _dead(rig: Rig) -> list[dict[str, Any]]:
    dead: list[dict[str, Any]] = (await rig.admin("GET", "/admin/dead")).json()["dead"]
    return dead
