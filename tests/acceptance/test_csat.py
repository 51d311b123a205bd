"""Customers are asked how they liked it: after a resolve, at a decent hour, once in 30 days; and what their answers do."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from truffles_gateway import csat

ASK = "Позовите менеджера, пожалуйста"
RUDE = "Это безобразие, вы ужасно работаете!"
QUESTION = "Оцените, пожалуйста, от 1 до 5"
DAY = {"desk": {"quiet_from": 0, "quiet_until": 0}}


async def resolved(salon: Any, jid: str, text: str = ASK) -> None:
    """A human answers, and is done."""
    await salon.ask(jid, text)
    handover = await salon.handover(jid)
    await salon.reply("Здравствуйте, записали вас.", handover)
    await salon.press("resolve", handover)


async def was_asked(salon: Any, jid: str, **later: float) -> bool:
    await salon.pass_time(**(later or {"minutes": 6}))
    return QUESTION in salon.read(jid)[-1]


async def test_a_mark_is_stored_thanked_for_and_told_to_the_desk(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid)
    assert not await was_asked(salon, jid, minutes=4)
    assert await was_asked(salon, jid, minutes=2)
    assert "Спасибо за оценку" in await salon.ask(jid, "5")
    assert [row["rating"] for row in await salon.rig.rows("SELECT rating FROM handovers")] == [5]
    assert any("5 из 5" in line for line in await salon.desk("reminder"))
    assert "Спасибо за оценку" not in await salon.ask(jid, "4"), "the question was answered"
    assert [row["rating"] for row in await salon.rig.rows("SELECT rating FROM handovers")] == [5]


async def test_a_bad_mark_is_answered_honestly(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid)
    assert await was_asked(salon, jid)
    assert "Жаль" in await salon.ask(jid, "1")
    [found] = (await salon.rig.admin("GET", "/admin/metrics")).json()["tenants"]
    assert (found["ratings"], found["csat"]) == (1, 1.0)


async def test_nobody_is_asked_twice_in_30_days(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid)
    assert await was_asked(salon, jid)
    await salon.pass_time(hours=24 * 29)
    await resolved(salon, jid)
    assert not await was_asked(salon, jid)
    await salon.pass_time(hours=48)
    await resolved(salon, jid)
    assert await was_asked(salon, jid)


async def test_who_complained_is_not_asked(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid, RUDE)
    assert not await was_asked(salon, jid, hours=2)


async def test_who_complains_while_waiting_is_not_asked(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await salon.ask(jid, ASK)
    await resolved(salon, jid, RUDE)
    assert not await was_asked(salon, jid, hours=2)


async def test_who_writes_anew_is_not_interrupted(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid)
    await salon.ask(jid, "Здравствуйте")
    assert not await was_asked(salon, jid)


async def test_who_wants_no_messages_is_not_asked(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await salon.ask(jid, "Не пишите мне больше")
    await resolved(salon, jid)
    assert not await was_asked(salon, jid)


async def test_nobody_is_asked_at_night(salon_of, jid) -> None:
    salon = await salon_of(desk={}, timezone="Asia/Almaty")
    zone = ZoneInfo("Asia/Almaty")
    here = salon.rig.clock.now().astimezone(zone)
    late = here.replace(hour=22, minute=57, second=0)
    await salon.pass_time(seconds=((late - here).total_seconds() % 86_400) or 1)
    await resolved(salon, jid)
    assert not await was_asked(salon, jid, hours=1)
    here = salon.rig.clock.now().astimezone(zone)
    assert here.hour in {23, 0}
    assert not await was_asked(salon, jid, hours=7)
    assert await was_asked(salon, jid, hours=2)


@pytest.mark.parametrize("change", [{"csat": {"enabled": False}}, {"mode": "shadow"}])
async def test_where_it_is_off_nobody_is_asked(salon_of, jid, change) -> None:
    salon = await salon_of(**DAY, **change)
    await salon.ask(jid, ASK)
    await salon.pass_time(minutes=10)
    assert not any(QUESTION in text for text in salon.read(jid))


async def test_a_question_of_its_own_is_no_mark(salon_of, jid) -> None:
    salon = await salon_of(**DAY)
    await resolved(salon, jid)
    assert await was_asked(salon, jid)
    assert "оценку" not in await salon.ask(jid, "5 человек можно записать?")
    assert {row["rating"] for row in await salon.rig.rows("SELECT rating FROM handovers")} == {None}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("5", 5), (" 4! ", 4), ("5/5", 5), ("3 из 5", 3), ("4 балла", 4), ("5 звёзд", 5), ("⭐⭐⭐", 3), ("5 ⭐", 5), ("2️⃣", 2),
        ("5 ұпай", 5), ("4 stars", 4), ("5 out of 5", 5), ("5)))", 5),
        ("", 0), ("0", 0), ("6", 0), ("55", 0), ("5 человек", 0), ("в 5", 0), ("⭐" * 6, 0), ("1 2", 0), ("5000", 0), ("4.5", 0),
    ],
)  # fmt: skip
def test_what_is_a_mark(text: str, score: int) -> None:
    assert csat.mark(text) == score
