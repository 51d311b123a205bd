"""`truffles eval replay`: what customers asked once is asked again with other facts, and only what differs is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from truffles_chatflow.simulator import Simulator

from truffles_gateway.cli import main
from truffles_gateway.testing import Rig

SECRET = "secret-of-tests"
ANNA, BORIS = "70000000001@s.whatsapp.net", "70000000002@s.whatsapp.net"


pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest_asyncio.fixture
async def sim(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEST_CHATFLOW_TOKEN", "token-of-tests")
    async with Simulator(tenant="salon", secret=SECRET) as simulator:
        yield simulator


def salon(chatflow: str) -> dict[str, Any]:
    settings = {"base_url": chatflow, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
    return {
        "slug": "salon", "name": "Salon", "mode": "auto", "dialogue": {"disclose": False}, "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
        "plugins": [
            {"name": "policy"}, {"name": "rag_qdrant"}, {"name": "answer_local"}, {"name": "desk_log"},
            {"name": "chatflow", "settings": settings},
        ],
    }  # fmt: skip


def facts(folder: Path, *lines: str) -> Path:
    folder.mkdir()
    (folder / "about.qa.md").write_text("\n\n".join(lines), encoding="utf-8")
    return folder


async def rows(rig: Rig) -> list[Any]:
    """How much there is of everything that a turn leaves behind."""
    tables = ("inbox_events", "turns", "messages", "outbox_messages", "handovers", "jobs", "knowledge_chunks")
    return [(await rig.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables]


async def test_other_facts_are_other_answers_and_nothing_is_sent(
    rig_of: Callable[..., Awaitable[Rig]], sim: Simulator, tmp_path: Path, database_url: str
) -> None:
    rig = await rig_of(salon(sim.url), work=True)
    sim.gateway = rig.url
    before = facts(tmp_path / "before", "В: До скольки вы работаете?\nО: Работаем до 18:00.",
                   "В: Есть парковка?\nО: Парковка во дворе, бесплатная.")  # fmt: skip
    await rig.sync("salon", before)

    async def say(jid: str, text: str) -> None:
        rig.clock.advance(minutes=3)
        answer = await sim.write(jid, text, timestamp=rig.clock.now().timestamp())
        assert answer.status_code == 200, answer.text
        await rig.settled()

    await say(ANNA, "До скольки вы работаете?")
    await say(BORIS, "Есть парковка?")
    await say(ANNA, "А доставка есть?")
    await say(BORIS, "спасибо, мой номер +7 000 000 00 01")
    there, read = await rows(rig), len(sim.read(ANNA)) + len(sim.read(BORIS))
    assert read == 4
    after = facts(tmp_path / "after", "В: До скольки вы работаете?\nО: Работаем до 20:00.",
                  "В: А доставка есть?\nО: Доставка по городу есть.")  # fmt: skip
    found = tmp_path / "found.json"

    def replay(*more: object) -> Result:
        words = ["eval", "replay", "salon", "--since", "30d", "--json", str(found), *map(str, more)]
        environment = {"DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200",
                       "TRUFFLES_CLOCK_FILE": str(rig.clock.path)}  # fmt: skip
        return CliRunner().invoke(main, ["--debug", *words], env=environment)

    changed = await asyncio.to_thread(replay, "--knowledge", after)
    assert changed.exit_code == 0, changed.output
    told = json.loads(found.read_text())
    assert told["counts"] == {
        "the same": 1, "differently worded": 1, "newly answered": 1, "newly escalated": 1, "otherwise": 0,
    }, changed.output  # fmt: skip
    assert "Работаем до 20:00." in changed.output and "Работаем до 18:00." in changed.output
    assert "000 00 01" not in changed.output + found.read_text() and "***01" in found.read_text(), "phones are masked"
    assert "спасибо" not in changed.output, "what is the same is not shown"
    dialogues = {row["id"] for row in await rig.rows("SELECT id::text FROM conversations")}
    assert {turn["dialogue"] for turn in told["turns"]} == dialogues

    unchanged = await asyncio.to_thread(replay, "--limit", 1)
    assert json.loads(found.read_text())["counts"]["the same"] == 2, unchanged.output
    assert len(json.loads(found.read_text())["turns"]) == 2, "one conversation of two"
    assert await rows(rig) == there, "nothing of the tenant's was touched"
    assert len(sim.read(ANNA)) + len(sim.read(BORIS)) == read
