"""Two machines that answer each other, and people who ask twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.loops import alike
from truffles_gateway.messages import Draft, Inbound, Route, Verdict

LONG = "Спасибо за ваше обращение! Мы ответим вам в рабочее время, с 9:00 до 18:00. Ваш номер в очереди: "


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Где вы?", "где  вы?", True),
        ("Где вы?", "Где мы?", False),
        (LONG + "7", LONG + "8", True),
        (LONG, LONG[:80], False),
        ("", "", True),
        ("а" * 3000, "а" * 2999 + "б", False),
    ],
)
def test_alike(one: str, other: str, same: bool) -> None:
    assert alike(one, other, 0.95) is same
    assert alike(other, one, 0.95) is same


@given(st.text(), st.text())
def test_whatever_is_written_can_be_compared(one: str, other: str) -> None:
    assert alike(one, one, 0.95)
    assert alike(one, other, 0.95) in {True, False}


@pytest.fixture
def echoing(salon_of, stub):
    """A salon whose bot has an answer to everything but to what is unclear."""

    def classify(message: Inbound) -> Verdict:
        routes = {"человек": Route.HUMAN, "мм": Route.UNSURE}
        return Verdict(route=routes.get(message.text.split()[0], Route.ANSWER), language="ru")

    def answer(message: Inbound) -> Draft | None:
        return None if "мм" in message.text else Draft(text=f"Ответ: {message.text}", verbatim=True)

    async def start(**more):
        return await salon_of(brain=(), extra=[stub.plugin("scripted", classify=classify, answer=answer)], **more)

    return start


async def test_the_same_words_are_answered_once_in_ten_minutes(echoing, jid) -> None:
    salon = await echoing()
    assert await salon.ask(jid, "Где вы находитесь?") == "Ответ: Где вы находитесь?"
    assert await salon.ask(jid, "где  вы находитесь") == ""
    assert await salon.ask(jid, "А когда открыты?") == "Ответ: А когда открыты?"
    await salon.pass_time(minutes=11)
    assert await salon.ask(jid, "Где вы находитесь?") == "Ответ: Где вы находитесь?"
    assert [end for end in await salon.outcomes() if end[1]] == [("ignored", "answered already")]
    await salon.balanced(accepted=4, answered=3, ignored=1)


async def test_a_number_makes_another_question_where_it_makes_another_answer(echoing, jid) -> None:
    salon = await echoing()
    for people in (5, 6):
        question = f"Сколько будет стоить день рождения на {people} человек?"
        assert await salon.ask(jid, question) == f"Ответ: {question}"


async def test_what_is_unclear_is_asked_about_however_alike_and_a_human_comes_in_the_end(echoing, jid) -> None:
    salon = await echoing()
    read = [await salon.ask(jid, "мм") for _ in range(3)]
    assert read[0] == read[1]
    assert "коллеге" in read[2]


async def test_who_waits_for_a_human_and_writes_the_same_again_is_read_by_the_desk(echoing, jid) -> None:
    salon = await echoing()
    await salon.ask(jid, "человек")
    await salon.ask(jid, "Где вы находитесь?")
    assert await salon.ask(jid, "Где вы находитесь?") == ""
    assert await salon.desk("forward") == ["Где вы находитесь?"] * 2
    assert (await salon.outcomes())[-1] == ("forwarded", "answered already")


async def talk(salon, jid: str, count: int) -> None:
    """So many different questions, each of them answered."""
    for number in range(count):
        assert await salon.ask(jid, f"вопрос {number} {'о' * number}")
        salon.rig.clock.advance(seconds=20)


async def test_after_fifteen_replies_the_bot_is_silent_for_an_hour_and_one_card_is_made(echoing, jid) -> None:
    salon = await echoing(desk={"quiet_from": 0, "quiet_until": 0})
    await talk(salon, jid, 15)
    assert await salon.ask(jid, "И ещё один вопрос") == ""
    assert (await salon.outcomes())[-1] == ("escalated", "loop")
    [card] = await salon.desk("card")
    assert "слишком часто" in card
    assert await salon.ask(jid, "Почему молчите?") == ""
    assert await salon.desk("forward") == ["Почему молчите?"]
    await salon.press("resolve", await salon.handover())
    assert await salon.ask(jid, "Вы тут?") == ""
    assert (await salon.outcomes())[-1] == ("ignored", "loop")
    assert len(await salon.desk("card")) == 1
    await salon.pass_time(minutes=61)
    assert await salon.ask(jid, "А теперь?") == "Ответ: А теперь?"
    assert (await salon.rig.ledger())["balanced"]


async def test_a_human_is_called_even_in_that_hour(echoing, jid) -> None:
    salon = await echoing(loop={"replies": 3})
    await talk(salon, jid, 3)
    await salon.ask(jid, "И ещё один вопрос")
    await salon.press("resolve", await salon.handover())
    assert "коллеге" in await salon.ask(jid, "человек")
    assert (await salon.state())[0] == "pending"


async def test_where_somebody_was_called_the_desk_reads_that_the_bot_is_silent(echoing, jid) -> None:
    salon = await echoing(loop={"replies": 3})
    await salon.ask(jid, "человек")
    await talk(salon, jid, 2)
    assert await salon.ask(jid, "И ещё один вопрос") == ""
    [line] = await salon.desk("reminder")
    assert "слишком часто" in line
    assert len(await salon.desk("card")) == 1


async def test_fifteen_replies_in_a_longer_time_are_a_talk(echoing, jid) -> None:
    salon = await echoing(loop={"replies": 3, "window_minutes": 1})
    for number in range(6):
        assert await salon.ask(jid, f"вопрос {number} {'о' * number}")
        salon.rig.clock.advance(seconds=31)
    assert await salon.desk("card") == []
