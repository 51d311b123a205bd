"""Every number that a tenant may set is one that it gets, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from truffles_gateway.messages import Draft
from truffles_gateway.tenant_config import read


@pytest.mark.parametrize(("limits", "reason"), [({"answer": 0.2}, "answer failed"), ({"turn": 0.2}, "timeout")])
async def test_limits_of_a_hook_and_of_a_turn(salon_of, jid, stub, limits, reason) -> None:
    async def answer(message):
        await asyncio.sleep(30)
        return Draft(text="слишком поздно")

    salon = await salon_of(extra=[stub.plugin("slow", answer=answer)], limits=limits)
    assert "слишком" not in await salon.ask(jid, "Сколько стоит маникюр?")
    assert await salon.outcomes() == [("escalated", reason)]


async def test_retries_of_a_turn_and_how_often_an_alarm_is_told(salon_of, jid) -> None:
    """Events that nobody can read are parked at once where nothing is tried again."""
    salon = await salon_of(
        retry={"turn": []}, alarms={"once_minutes": 1}, timing={"complete": 60.0, "fragment": 60.0, "longest": 60.0}
    )
    for number in range(3):
        await salon.write(f"7700000070{number}@s.whatsapp.net", "Сколько стоит маникюр?")
        await salon.rig.rows("UPDATE inbox_events SET event = event - 'channel' WHERE outcome IS NULL RETURNING id")
        await salon.pass_time(seconds=61)
    turns = await salon.rig.rows("SELECT status, attempts FROM turns")
    assert [tuple(row) for row in turns] == [("parked", 0)] * 3
    await salon.rig.until(lambda: _alarms(salon, 3))


async def _alarms(salon, count):
    return len(await salon.desk("alarm")) == count


async def test_when_a_message_is_late(salon_of) -> None:
    salon = await salon_of(late={"apology_minutes": 1, "card_hours": 1}, connected_at="2020-01-01T00:00:00Z")
    now = salon.rig.clock.now().timestamp()
    assert (await salon.ask("77000000081@s.whatsapp.net", "Здравствуйте", timestamp=now - 120)).startswith("Простите")
    assert await salon.ask("77000000082@s.whatsapp.net", "Здравствуйте", timestamp=now - 2 * 3600) == ""
    assert await salon.outcomes() == [("answered", "greeting"), ("escalated", "late")]


async def test_how_long_a_question_whether_to_be_silent_stands_and_what_counts_as_a_second_time(salon_of, jid) -> None:
    salon = await salon_of(mute={"question_minutes": 1, "reset_hours": 1})
    assert "больше не писать?" in await salon.ask(jid, "Не пишите мне больше. Сколько стоит маникюр?")
    await salon.pass_time(minutes=2)
    assert "больше не пишем" not in await salon.ask(jid, "Да")
    for _ in range(2):
        await salon.pass_time(minutes=61)
        assert "больше не пишем" in await salon.ask(jid, "Не пишите мне больше")
    [row] = await salon.rig.rows("SELECT mute_count FROM conversations")
    assert row["mute_count"] == 1


async def test_how_often_the_bot_asks_back_and_how_soon_it_greets_again(salon_of, jid) -> None:
    salon = await salon_of(
        dialogue={"disclose": False, "clarify_at_most": 0, "greet_again_minutes": 1}, loop={"window_minutes": 1}
    )
    first = await salon.ask(jid, "Здравствуйте")
    await salon.pass_time(minutes=2)
    assert await salon.ask(jid, "Здравствуйте") == first
    await salon.ask(jid, "Абракадабра кирибуки")
    assert [outcome for outcome, _ in await salon.outcomes()] == ["answered", "answered", "escalated"]


async def test_what_an_echo_is_taken_for(salon_of) -> None:
    salon = await salon_of(echo={"greeting_seconds": 60, "broadcast_users": 2, "broadcast_hours": 1})
    jids = [f"7700000009{number}@s.whatsapp.net" for number in range(4)]
    await salon.write(jids[0], "Здравствуйте")
    await salon.rig.settled()
    await salon.pass_time(seconds=30)
    await salon.write(jids[0], "Мы скоро ответим", from_me=True)
    for number in (1, 2):
        await salon.write(jids[number], "Скидка всем!", from_me=True)
        await salon.rig.settled()
    await salon.pass_time(hours=2)
    await salon.write(jids[3], "Скидка всем!", from_me=True)
    await salon.rig.settled()
    rows = await salon.rig.rows("SELECT outcome, outcome_reason FROM inbox_events WHERE kind = 'echo' ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        ("ignored", "automatic greeting"), ("handled", ""), ("ignored", "broadcast"), ("handled", ""),
    ]  # fmt: skip


def test_an_order_that_makes_no_sense_is_refused() -> None:
    _, [problem] = read({"slug": "s", "name": "S", "late": {"apology_minutes": 120, "card_hours": 1}})
    assert problem.where == "late"
