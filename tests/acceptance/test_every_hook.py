"""Every hook through the front door: the plugin that docs/hooks.md shows as its example is installed as it stands
there, a customer writes, and what the hook does is seen from outside. tests/docs checks that no hook is missing here.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio
from truffles_answer_local.plugin import plugin as answer_local
from truffles_chatflow.plugin import plugin as chatflow
from truffles_desk_log.plugin import plugin as desk_log

from truffles_gateway.catalog import Catalog
from truffles_gateway.messages import Draft, Inbound, Route, Verdict
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.testing import HttpTarget, Rig, conforms, make_resources

DOCS = Path(__file__).parents[2] / "docs" / "hooks.md"
README = Path(__file__).parents[2] / "README.md"
GUIDE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
SECRET = {"x-webhook-secret": "secret-of-tests"}


class Parrot:
    """Says what it was asked."""

    @hookimpl
    def answer(self, message: Inbound) -> Draft:
        return Draft(text=f"Parrot: {message.text}")


class Plain:
    """Takes every message for a clear question."""

    @hookimpl
    def classify(self) -> Verdict:
        return Verdict(route=Route.ANSWER)


parrot = Plugin(name="parrot", version="1", create=lambda settings, resources: Parrot())
plain = Plugin(name="plain", version="1", create=lambda settings, resources: Plain())


def example(path: Path, heading: str, folder: Path) -> Plugin:
    """The plugin of the first Python example under a heading of a document."""
    plugin: Plugin = run(path, heading, folder).plugin
    return plugin


def run(path: Path, heading: str, folder: Path) -> ModuleType:
    """The first Python example under a heading, imported as a module."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert section, f"{path.name} has no section {heading}"
    code = re.search(r"^```python\n(.*?)^```", section[1], re.DOTALL | re.MULTILINE)
    assert code, f"section {heading} of {path.name} has no example"
    file = folder / "documented.py"
    file.write_text(code[1], encoding="utf-8")
    spec = importlib.util.spec_from_file_location("documented", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest_asyncio.fixture
async def target() -> AsyncIterator[HttpTarget]:
    async with HttpTarget() as server:
        yield server


@pytest.fixture
def served(salon_of: Callable[..., Awaitable[Any]], sim: Any, tmp_path: Path) -> Callable[..., Awaitable[Any]]:
    """A salon on a simulated WhatsApp that uses the example of a hook: `await served("answer", others…)`."""

    async def start(hook: str, *others: Plugin, document: Path = DOCS, **settings: Any) -> Any:
        plugin = example(document, hook, tmp_path)
        number = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
        chosen = [{"name": plugin.name, "settings": settings}, *({"name": each.name} for each in others)]
        return await salon_of(
            catalog=Catalog.of(plugin, *others, chatflow),
            plugins=[*chosen, {"name": "chatflow", "settings": number}],
            agents=[],
        )

    return start


async def test_on_inbound_changes_what_everybody_after_it_reads(served, jid) -> None:
    salon = await served("on_inbound", parrot)
    await salon.sim.write(jid, "скок стоит маникюр плиз")
    assert await salon.texts(jid, 1) == ["Parrot: сколько стоит маникюр пожалуйста"]


async def test_classify_decides_that_a_human_is_called(served, jid) -> None:
    salon = await served("classify", parrot, phones=[jid.partition("@")[0]])
    await salon.sim.write(jid, "Сколько стоит маникюр?")
    await salon.sim.write("77000000012@s.whatsapp.net", "Сколько стоит маникюр?")
    assert await salon.texts("77000000012@s.whatsapp.net", 1) == ["Parrot: Сколько стоит маникюр?"]
    assert "Parrot" not in (await salon.texts(jid, 1))[0]
    [handover] = await salon.rig.rows("SELECT trigger_type, user_message FROM handovers")
    assert dict(handover) == {"trigger_type": "intent", "user_message": "Сколько стоит маникюр?"}


async def test_retrieve_finds_what_is_answered(served, jid, target) -> None:
    target.answer = {"free": ["15:00", "17:30"]}
    salon = await served("retrieve", answer_local, url=target.url)
    await salon.sim.write(jid, "Когда сегодня свободно?")
    assert await salon.texts(jid, 1) == ["Свободно сегодня: 15:00, 17:30."]


async def test_answer_writes_the_reply(served, jid, target, tmp_path) -> None:
    target.answer = {"free": ["15:00"]}
    calendar = example(DOCS, "retrieve", tmp_path)
    url = target.url
    fixed = Plugin(
        name="calendar", version="1", create=lambda _, resources: calendar.create(calendar.settings(url=url), resources)
    )
    salon = await served("answer", fixed)
    await salon.sim.write(jid, "Когда сегодня свободно?")
    assert await salon.texts(jid, 1) == ["• Свободно сегодня: 15:00."]


async def test_escalate_puts_a_card_on_the_desk(served, jid, target) -> None:
    salon = await served("escalate", plain, url=target.url)
    await salon.sim.write(jid, "Вы чините стиральные машины?")
    await salon.rig.until(lambda: target.count(1))
    [card] = target.taken
    assert card["text"].endswith("Вы чините стиральные машины?")
    [handover] = await salon.rig.rows("SELECT status FROM handovers")
    assert handover["status"] == "pending"


async def test_deliver_sends_the_reply_and_repeats_it_with_the_same_id(rig_of, target, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TEST_SMS_TOKEN", "token-of-tests")
    sms = example(DOCS, "deliver", tmp_path)
    chosen = [{"name": "parrot"}, {"name": "sms", "settings": {"url": target.url, "token": "env:TEST_SMS_TOKEN"}}]
    rig: Rig = await rig_of(
        {
            "slug": "shop", "name": "Shop", "mode": "auto", "dialogue": {"disclose": False}, "webhook_secret": "env:TEST_WEBHOOK_SECRET",
            "timing": {"complete": 0.1}, "plugins": chosen,
        },
        catalog=Catalog.of(parrot, sms),
    )  # fmt: skip
    target.statuses.append(503)
    response = await rig.post(
        "/message", headers=SECRET, client_slug="shop", channel="sms", remote_jid="77000000011", content="Вы открыты?"
    )
    assert response.status_code == 200, response.text
    await rig.until(lambda: _any(target.received))
    rig.clock.advance(seconds=3)
    await rig.until(lambda: target.count(1))
    refused, taken = target.received
    assert refused.json == taken.json == {**taken.json, "to": "77000000011", "text": "Parrot: Вы открыты?"}
    assert taken.headers["authorization"] == "Bearer token-of-tests"


async def _any(received: list[Any]) -> bool:
    return bool(received)


async def test_on_manager_reply_sees_a_humans_words(served, jid, target) -> None:
    salon = await served("on_manager_reply", plain, desk_log, url=target.url)
    await salon.sim.write(jid, "Вы чините стиральные машины?")
    await salon.texts(jid, 1)
    [handover] = await salon.rig.rows("SELECT id FROM handovers")
    reply = {"client_slug": "salon", "handover_id": handover["id"], "text": "Нет", "manager": {"id": "7", "name": "А."}}
    assert (await salon.rig.admin("POST", "/admin/desk/reply", json=reply)).status_code == 200
    assert (await salon.texts(jid, 2))[-1] == "Нет"
    await salon.rig.until(lambda: target.count(1))
    [note] = target.taken
    assert note == {**note, "by": "А.", "question": "Вы чините стиральные машины?", "text": "Нет"}


async def test_the_plugin_of_the_readme_answers(served, jid) -> None:
    salon = await served("Write a plugin", document=README)
    await salon.sim.write(jid, "Когда вы открыты?")
    assert await salon.texts(jid, 1) == ["Мы работаем каждый день с 10 до 20."]


async def test_the_test_of_the_guide_passes(rig_of, monkeypatch, tmp_path) -> None:
    await run(GUIDE, "5. Tests", tmp_path).test_a_message_is_answered(rig_of, monkeypatch)


@pytest.mark.parametrize("hook", ["on_inbound", "classify", "retrieve", "answer", "escalate", "on_manager_reply"])
async def test_every_example_keeps_the_contract(hook, tmp_path) -> None:
    plugin = example(DOCS, hook, tmp_path)
    needed = {"url": "http://127.0.0.1"} if "url" in plugin.settings.model_fields else {}
    unused: Any = None
    hooks = plugin.create(plugin.settings.model_validate(needed), make_resources(plugin, unused))
    assert conforms(plugin, hooks) == []
