"""Clocks of handovers: reminders, time-outs, managers who fall silent. They are rows: they run once, whatever happens."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from truffles_gateway.messages import Route, Verdict
from truffles_gateway.testing import Rig
from truffles_gateway.weight import LASTING

NO_NIGHT = {"quiet_from": 0, "quiet_until": 0}
ASK = "Позовите менеджера, пожалуйста"
RUDE = "Это безобразие, вы ужасно работаете!"


@pytest.fixture
def day_and_night(salon_of):
    """A salon whose desk has no quiet hours, with a handover that waits."""

    async def start(jid, text=ASK, **more):
        salon = await salon_of(desk=NO_NIGHT, csat={"enabled": False}, **more)
        await salon.ask(jid, text)
        return salon, await salon.handover()

    return start


async def test_reminders_come_after_30_and_60_minutes_and_the_second_names_the_owner(day_and_night, jid) -> None:
    salon, _ = await day_and_night(jid)
    await salon.pass_time(minutes=29)
    assert await salon.desk("reminder") == []
    await salon.pass_time(minutes=2)
    [first] = await salon.desk("reminder")
    assert ASK in first
    assert "Owner" not in first
    await salon.pass_time(minutes=30)
    assert "Owner" in (await salon.desk("reminder"))[1]
    await salon.pass_time(minutes=50)
    assert len(await salon.desk("reminder")) == 2


async def test_after_120_minutes_the_handover_ends_and_both_sides_are_told(day_and_night, jid) -> None:
    salon, _ = await day_and_night(jid)
    await salon.pass_time(minutes=121)
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])
    assert "не смог ответить" in salon.read(jid)[-1]
    assert any("вернулся к боту" in line for line in await salon.desk("reminder"))
    await salon.pass_time(hours=3)
    assert len(salon.read(jid)) == 2
    await salon.balanced(accepted=1, escalated=1)


async def test_who_is_angry_is_never_given_up(day_and_night, jid) -> None:
    salon, _ = await day_and_night(jid, RUDE)
    await salon.pass_time(hours=30)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(await salon.desk("reminder")) == 2


async def test_who_is_angry_is_told_that_nobody_is_free_and_by_when_to_expect_an_answer(day_and_night, jid) -> None:
    """The last step of the ladder, an hour after the owner was called: an honest line, and the request stays open. When the
    promised time has come and nobody answered, that is said, too; and no more."""
    salon, _ = await day_and_night(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=58)
    assert len(salon.read(jid)) == 1
    await salon.pass_time(minutes=4)
    assert "никто из коллег не освободился" in salon.read(jid)[1]
    assert re.search(r"(сегодня|завтра) до \d\d:(00|15|30|45)", salon.read(jid)[1])
    await salon.pass_time(minutes=56)
    assert len(salon.read(jid)) == 2
    await salon.pass_time(minutes=20)
    assert "не успели" in salon.read(jid)[2]
    assert salon.read(jid)[1].split("чате ")[1].split()[-1].rstrip(".") in salon.read(jid)[2]
    assert (await salon.desk("reminder"))[-1].startswith("🔔 Owner, ")
    await salon.pass_time(hours=30)
    assert len(salon.read(jid)) == 3
    assert await salon.state() == ("pending", [("pending", None)])


async def test_who_answers_in_time_has_kept_the_promise(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=61)
    assert len(salon.read(jid)) == 2
    await salon.reply("Простите нас! Чем помочь?", id)
    await salon.pass_time(hours=2)
    assert len(salon.read(jid)) == 3
    [context] = await salon.rig.rows("SELECT context FROM conversations")
    assert "promised" not in context["context"]


async def test_the_honest_line_comes_in_desk_hours_and_says_which(salon_of, jid) -> None:
    salon = await salon_of(desk={}, timezone="Asia/Almaty", languages=["en"])
    _until(salon, 21)
    await salon.ask(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(hours=9)  # 07:01: the night has stopped the clock two minutes before its time
    assert len(salon.read(jid)) == 1
    await salon.pass_time(minutes=62)
    assert "today by 09:" in salon.read(jid)[1]  # 8:03, and an hour from then at a full quarter


async def test_what_is_promised_in_the_evening_is_promised_for_the_next_desk_hour(salon_of, jid) -> None:
    salon = await salon_of(desk={}, timezone="Asia/Almaty", languages=["kk"])
    _until(salon, 20, 30)
    await salon.ask(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=61)  # 22:32: 28 minutes are left of this day
    assert "ең кеші ертең, сағат 08:45" in salon.read(jid)[1]
    await salon.pass_time(hours=10)  # 08:32
    assert len(salon.read(jid)) == 2
    await salon.pass_time(minutes=15)
    assert "Уәде еткен уақытта (ең кеші бүгін, сағат 08:45)" in salon.read(jid)[2]


async def test_reminders_name_whoever_led_the_customer_before_then_all_then_the_owner(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.reply("Слушаю вас", id)
    await salon.press("resolve", id)
    await salon.ask(jid, "Позовите менеджера ещё раз, пожалуйста")
    for minutes in (31, 15, 15):
        await salon.pass_time(minutes=minutes)
    assert [line.partition(" ждёт")[0] for line in await salon.desk("reminder")] == [
        "🔔 Aliya, 77000000011", "🔔 77000000011", "🔔 Owner, 77000000011",
    ]  # fmt: skip
    rows = await salon.rig.rows(
        "SELECT payload -> 'data' AS data FROM outbox_messages WHERE kind = 'reminder' ORDER BY seq"
    )
    assert [dict(row["data"] or {}) for row in rows] == [
        {"mention": "Aliya", "mention_id": "aliya"}, {}, {"mention": "Owner", "mention_id": "owner"},
    ]  # fmt: skip


async def test_who_cannot_take_a_customer_again_is_not_asked_by_name(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.reply("Слушаю вас", id)
    await salon.press("resolve", id)
    await salon.ask(jid, "Позовите менеджера ещё раз, пожалуйста")
    await salon.press("skip", await salon.handover())
    await salon.pass_time(minutes=31)
    await salon.pass_time(minutes=15)
    assert [line[:13] for line in await salon.desk("reminder")] == ["🔔 77000000011"[:13]]


@pytest.mark.parametrize("intent", sorted(LASTING))
async def test_what_is_serious_never_times_out(salon_of, jid, stub, intent) -> None:
    verdict = Verdict(route=Route.HUMAN, intent=intent, language="ru")
    salon = await salon_of(desk=NO_NIGHT, brain=(), extra=[stub.plugin("scripted", classify=lambda message: verdict)])
    await salon.ask(jid, "Мне нужен ответ")
    await salon.pass_time(hours=30)
    assert await salon.state() == ("pending", [("pending", None)])


async def test_what_becomes_serious_while_somebody_is_called_no_longer_times_out(day_and_night, jid) -> None:
    salon, _ = await day_and_night(jid)
    await salon.pass_time(minutes=61)
    await salon.ask(jid, RUDE)
    await salon.pass_time(minutes=60)
    assert await salon.state() == ("pending", [("pending", None)])
    assert "никто из коллег не освободился" in salon.read(jid)[-1]


async def test_a_button_pressed_after_the_time_out_is_answered_honestly(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.pass_time(minutes=121)
    for action in ("take", "return", "resolve", "skip"):
        assert "уже закрыт" in await salon.press(action, id)
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])
    assert len(salon.read(jid)) == 2


async def test_two_managers_press_at_the_same_instant_on_two_hosts(salon_of, jid, database_url, moved_clock) -> None:
    salon = await salon_of(desk=NO_NIGHT)
    await salon.ask(jid, ASK)
    id = await salon.handover()

    def press(rig: Rig, name: str):
        manager = {"id": name.lower(), "name": name}
        body = {"client_slug": "salon", "action": "take", "handover_id": id, "manager": manager}
        return rig.admin("POST", "/admin/desk/action", json=body)

    async with Rig(database_url, moved_clock) as second:
        answers = await asyncio.gather(press(salon.rig, "Aliya"), press(second, "Dana"))
        assert {answer.status_code for answer in answers} == {200}
        await salon.rig.settled()
    [row] = await salon.rig.rows("SELECT status, assigned_to FROM handovers")
    assert row["status"] == "active"
    taken = [line for line in await salon.desk("callback") if line == f"✋ {row['assigned_to']} ведёт этот диалог."]
    late = [line for line in await salon.desk("callback") if line == f"Этот диалог уже ведёт {row['assigned_to']}."]
    assert (len(taken), len(late)) == (1, 1)
    assert len(await salon.rig.rows("SELECT 1 FROM state_changes WHERE event = 'take'")) == 1


async def test_an_honest_line_is_said_once_even_if_a_manager_came_and_went(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=61)
    assert len(salon.read(jid)) == 2
    await salon.press("take", id)
    for _ in range(6):
        await salon.pass_time(minutes=61)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(salon.read(jid)) == 3
    assert "не успели" in salon.read(jid)[2]  # who takes a customer and says nothing has kept no promise


async def test_a_taken_or_closed_handover_is_not_reminded_of(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.press("resolve", id)
    await salon.pass_time(hours=5)
    assert await salon.desk("reminder") == []
    assert len(salon.read(jid)) == 1


def _until(salon, hour: int, minute: int = 0) -> None:
    """Tomorrow at this hour in Almaty."""
    here = salon.rig.clock.now().astimezone(ZoneInfo("Asia/Almaty"))
    then = (here + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    salon.rig.clock.advance(seconds=(then - here).total_seconds())


async def test_quiet_hours_of_the_tenants_zone_stop_the_clock(salon_of, jid) -> None:
    salon = await salon_of(desk={}, timezone="Asia/Almaty")
    _until(salon, 22, 40)
    await salon.ask(jid, ASK)
    await salon.pass_time(hours=9)  # 07:40
    assert await salon.desk("reminder") == []
    await salon.pass_time(minutes=32)  # 08:12: 20 minutes before the night, 12 after it
    assert len(await salon.desk("reminder")) == 1
    await salon.pass_time(minutes=90)  # 09:42: 122 minutes of desk hours
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])


async def test_a_manager_who_is_silent_is_nudged_and_loses_the_conversation(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.reply("Слушаю вас", id)
    assert await salon.ask(jid, "Когда вы сможете меня принять?") == ""
    await salon.pass_time(minutes=10)
    await salon.ask(jid, "Ау, вы здесь?")
    await salon.pass_time(minutes=6)
    [nudge] = await salon.desk("reminder")
    assert "15 мин" in nudge or "16 мин" in nudge
    await salon.pass_time(minutes=45)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(await salon.desk("reminder")) == 2
    await salon.pass_time(minutes=31)
    assert len(await salon.desk("reminder")) == 3


async def test_who_takes_a_customer_and_says_nothing_is_nudged_too(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.press("take", id)
    await salon.pass_time(minutes=16)
    assert len(await salon.desk("reminder")) == 1
    await salon.pass_time(minutes=45)
    assert await salon.state() == ("pending", [("pending", None)])


async def test_a_manager_who_answers_is_left_in_peace(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid)
    await salon.reply("Слушаю вас", id)
    await salon.ask(jid, "Когда вы сможете меня принять?")
    await salon.reply("Завтра в десять", id)
    await salon.pass_time(hours=2)
    assert await salon.desk("reminder") == []
    assert (await salon.state())[0] == "manager_active"


@pytest.mark.parametrize("words", [1, 2])
async def test_after_12_hours_without_either_side_the_bot_takes_over(day_and_night, jid, words) -> None:
    salon, id = await day_and_night(jid)
    for number in range(words):
        await salon.reply(f"Слово {number}", id)
        await salon.pass_time(hours=1)
    await salon.pass_time(hours=10.5)
    assert (await salon.state())[0] == "manager_active"
    assert len(salon.read(jid)) == words + 1
    await salon.pass_time(hours=1)
    assert (await salon.state())[0] == "bot_active"
    assert "вернулся к боту" in (await salon.desk("reminder"))[-1]
    assert "снова виртуальный помощник" in salon.read(jid)[-1]


async def test_who_called_nobody_is_not_told_that_nobody_is_there_any_more(salon_of, jid) -> None:
    salon = await salon_of(desk=NO_NIGHT)
    await salon.ask(jid, "Здравствуйте")
    await salon.reply("Это Дана, ваш мастер заболел", remote_jid=jid, manager="Dana")
    await salon.pass_time(hours=12.1)
    assert (await salon.state())[0] == "bot_active"
    assert salon.read(jid)[-1] == "Это Дана, ваш мастер заболел"


async def test_the_night_stops_the_12_hours_too(salon_of, jid) -> None:
    salon = await salon_of(desk={}, timezone="Asia/Almaty")
    _until(salon, 20)
    await salon.ask(jid, ASK)
    await salon.reply("Слушаю вас", await salon.handover())
    await salon.pass_time(hours=13)  # 09:00
    await salon.pass_time(hours=7.9)  # 16:54: 3 hours before the night, nearly 9 after it
    assert (await salon.state())[0] == "manager_active"
    await salon.pass_time(minutes=10)
    assert (await salon.state())[0] == "bot_active"


async def test_a_word_of_the_customer_puts_the_12_hours_off(day_and_night, jid) -> None:
    salon, id = await day_and_night(
        jid,
    )
    await salon.reply("Слушаю вас", id)
    await salon.pass_time(hours=11)
    await salon.ask(jid, "Спасибо, я подумаю")
    await salon.reply("Хорошо", id)
    await salon.pass_time(hours=2)
    assert (await salon.state())[0] == "manager_active"
    await salon.pass_time(hours=10.5)
    assert (await salon.state())[0] == "bot_active"


async def test_timers_run_once_for_several_workers_and_over_a_restart(salon_of, jid, database_url, moved_clock) -> None:
    salon = await salon_of(desk=NO_NIGHT)
    await salon.ask(jid, ASK)
    async with Rig(database_url, moved_clock) as second, Rig(database_url, moved_clock) as third:
        moved_clock.advance(minutes=31)
        await second.tick()
        await third.tick()
        await salon.rig.until(lambda: salon.desk("reminder"))
    moved_clock.advance(minutes=30)
    await salon.rig.until(
        lambda: salon.rig.rows("SELECT 1 FROM jobs WHERE kind = 'handover.owner' AND status = 'done'")
    )
    moved_clock.advance(minutes=60)
    async with Rig(database_url, moved_clock) as restarted:
        await restarted.tick()
        await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM conversations WHERE state = 'bot_active'"))
        await salon.rig.settled()
    kinds = await salon.rig.rows("SELECT kind, count(*) AS ran FROM jobs WHERE status = 'done' GROUP BY kind")
    ran = {row["kind"]: row["ran"] for row in kinds}
    assert ran == {"handover.remind": 1, "handover.owner": 1, "handover.timeout": 1}
    assert len(await salon.desk("reminder")) == 3
    assert len(await salon.texts(jid, 2)) == 2
