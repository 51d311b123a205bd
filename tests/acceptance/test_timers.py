"""Clocks of handovers: reminders, time-outs, managers who fall silent. They are rows: they run once, whatever happens."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from truffles_gateway.testing import Rig

NO_NIGHT = {"quiet_from": 0, "quiet_until": 0}
ASK = "Позовите менеджера, пожалуйста"
RUDE = "Это безобразие, вы ужасно работаете!"


@pytest.fixture
def day_and_night(salon_of):
    """A salon whose desk has no quiet hours, with a handover that waits."""

    async def start(jid, text=ASK, **more):
        salon = await salon_of(desk=NO_NIGHT, **more)
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


async def test_who_is_angry_is_told_once_that_nobody_is_free(day_and_night, jid) -> None:
    """The last step of the ladder, an hour after the owner was called: an honest line, and the request stays open."""
    salon, _ = await day_and_night(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=58)
    assert len(salon.read(jid)) == 1
    await salon.pass_time(minutes=4)
    assert "никто из коллег не освободился" in salon.read(jid)[1]
    assert "отвечаем" not in salon.read(jid)[1]  # this desk never closes
    await salon.pass_time(hours=30)
    assert len(salon.read(jid)) == 2
    assert await salon.state() == ("pending", [("pending", None)])


async def test_the_honest_line_comes_in_desk_hours_and_says_which(salon_of, jid) -> None:
    salon = await salon_of(timezone="Asia/Almaty", languages=["en"])
    _until(salon, 21)
    await salon.ask(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(hours=9)  # 07:01: the night has stopped the clock two minutes before its time
    assert len(salon.read(jid)) == 1
    await salon.pass_time(minutes=62)
    assert "we answer 08:00" in salon.read(jid)[1]


async def test_an_honest_line_is_said_once_even_if_a_manager_came_and_went(day_and_night, jid) -> None:
    salon, id = await day_and_night(jid, RUDE)
    await salon.pass_time(minutes=61)
    await salon.pass_time(minutes=61)
    assert len(salon.read(jid)) == 2
    await salon.press("take", id)
    for _ in range(6):
        await salon.pass_time(minutes=61)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(salon.read(jid)) == 2


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
    salon = await salon_of(timezone="Asia/Almaty")
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
    await salon.pass_time(hours=1)
    assert (await salon.state())[0] == "bot_active"


async def test_the_night_stops_the_12_hours_too(salon_of, jid) -> None:
    salon = await salon_of(timezone="Asia/Almaty")
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
