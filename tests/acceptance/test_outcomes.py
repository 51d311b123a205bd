"""How well customers were served: dialogues, deflection, repeats, goals, times; by day and branch; at /admin and in the CLI."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from truffles_gateway.cli import main

HELLO = "Здравствуйте"
ASK = "Позовите менеджера, пожалуйста"
BOB, CAROL, DAVE = (f"7701000007{number}@s.whatsapp.net" for number in range(3))


@pytest.fixture
async def salon(salon_of) -> Any:
    """A desk without quiet hours, at noon: a day in the tenant's zone ends in twelve hours."""
    return await salon_of(desk={"quiet_from": 0, "quiet_until": 0}, timezone="UTC")


async def figures(salon, **query: Any) -> dict[str, Any]:
    """The one line of /admin/metrics that sums up the salon."""
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await salon.rig.admin("GET", f"/admin/metrics?{text}")
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["tenants"]
    return dict(found)


async def test_a_dialogue_of_the_bots_alone_is_deflected_once_it_has_ended(salon, jid) -> None:
    await salon.ask(jid, HELLO)
    await salon.ask(jid, "Спасибо")
    assert (await figures(salon))["open"] == 1
    await salon.pass_time(hours=3)
    found = await figures(salon)
    assert (found["dialogues"], found["open"], found["deflected"], found["reached"]) == (1, 0, 1, 1)
    assert (found["deflection"], found["goal_completion"], found["escalation_rate"]) == (1.0, 1.0, 0.0)
    assert 0 < found["first_response_seconds"] < 60


async def test_a_customer_who_comes_back_within_a_day_was_not_deflected(salon, jid) -> None:
    await salon.ask(jid, HELLO)
    await salon.pass_time(hours=20)
    await salon.ask(jid, HELLO)
    await salon.pass_time(hours=30)
    await salon.ask(jid, HELLO)
    await salon.pass_time(hours=3)
    found = await figures(salon)
    assert (found["dialogues"], found["repeated"], found["deflected"], found["reached"]) == (3, 1, 2, 2)


async def test_a_human_who_answers_reaches_the_goal_and_one_who_does_not_misses_it(salon) -> None:
    for jid in (BOB, CAROL):
        await salon.ask(jid, ASK)
    await salon.pass_time(minutes=10)
    handover = await salon.handover(BOB)
    await salon.reply("Здравствуйте, чем помочь?", handover)
    await salon.press("resolve", handover)
    assert (await figures(salon))["open"] == 2
    await salon.pass_time(hours=3)
    found = await figures(salon)
    assert (found["dialogues"], found["escalated"], found["deflected"], found["reached"]) == (2, 2, 0, 1)
    assert 600 <= found["resolution_seconds"] < 700


async def test_what_is_ignored_is_no_dialogue(salon_of, jid) -> None:
    salon = await salon_of(mode="off")
    await salon.ask(jid, HELLO)
    await salon.pass_time(hours=3)
    assert (await salon.rig.admin("GET", "/admin/metrics")).json() == {"tenants": [], "days": []}
    for path in ("metrics", "ledger", "dead"):
        unknown = await salon.rig.admin("GET", f"/admin/{path}?tenant=nope")
        assert (unknown.status_code, unknown.json()["error"]) == (404, 'no tenant "nope": GET /admin/tenants lists all')


@pytest.fixture
async def two_branches(salon_of, sim) -> Any:
    """Customers of yesterday and today, of two numbers."""
    chatflow = {
        "base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "main",
        "instances": [{"id": "centre"}],
    }  # fmt: skip
    names = ("policy", "rag_qdrant", "answer_local", "desk_log")
    salon = await salon_of(
        timezone="UTC",
        branches=[{"slug": "centre", "name": "Centre", "instance_id": "centre"}],
        plugins=[*({"name": name} for name in names), {"name": "chatflow", "settings": chatflow}],
    )
    await salon.ask(BOB, HELLO, instance="main")
    await salon.pass_time(hours=30)
    await salon.ask(CAROL, HELLO, instance="centre")
    await salon.ask(DAVE, HELLO, instance="centre")
    await salon.pass_time(hours=3)
    return salon


async def test_days_and_branches_are_apart(two_branches) -> None:
    salon = two_branches
    days = (await salon.rig.admin("GET", "/admin/metrics?tenant=salon")).json()["days"]
    assert [(each["branch"], each["dialogues"]) for each in sorted(days, key=lambda one: one["day"])] == [
        ("", 1), ("centre", 2),
    ]  # fmt: skip
    assert len({each["day"] for each in days}) == 2
    assert (await figures(salon))["dialogues"] == 3
    assert (await figures(salon, days=1))["dialogues"] == 2


async def test_the_command_shows_a_table_and_a_chart(two_branches, database_url, moved_clock, tmp_path) -> None:
    environment = {
        "DATABASE_URL": database_url, "TRUFFLES_CLOCK_FILE": str(moved_clock.path), "TRUFFLES_DATA_DIR": str(tmp_path),
    }  # fmt: skip

    async def truffles(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["metrics", *arguments], env=environment)

    shown = await truffles("salon")
    assert shown.exit_code == 0, shown.output
    assert "salon" in shown.output and "100%" in shown.output
    assert "branch centre: 2 dialogues, deflection 100%" in shown.output
    bars = [line for line in shown.output.splitlines() if "█" in line and " of " in line]
    assert [line.rsplit(" ", 3)[1:] for line in bars] == [
        ["1", "of", "1"], ["2", "of", "2"],
    ]  # fmt: skip
    assert bars[1].count("█") == 2 * bars[0].count("█")
    told = await truffles("salon", "--json")
    assert sum(each["dialogues"] for each in json.loads(told.output)) == 3
    unknown = await truffles("nobody")
    assert unknown.exit_code != 0


async def test_a_bad_config_of_one_tenant_hides_nobodys_figures(salon) -> None:
    await salon.ask(BOB, HELLO)
    await salon.rig.rows("UPDATE clients SET config = jsonb_set(config, '{timezone}', '\"Nowhere/Land\"')")
    await salon.pass_time(hours=3)
    assert (await figures(salon))["dialogues"] == 1


@pytest.mark.parametrize("days", ["0", "367", "-1", "x", "1e3", "9" * 30, ""])
async def test_a_wrong_number_of_days_is_refused(salon, days: str) -> None:
    answer = await salon.rig.admin("GET", f"/admin/metrics?days={days}")
    assert answer.status_code == 400
    assert "from 1 to 366" in answer.json()["error"]
