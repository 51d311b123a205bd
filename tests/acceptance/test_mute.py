"""Who wants no messages gets none, and who only declined an offer is not silenced."""

from __future__ import annotations

STOP = "Не пишите мне больше"
MIXED = "Не пишите мне больше. А сколько стоит маникюр?"
PRICE = "Маникюр 5000 тенге"
NO_NIGHT = {"quiet_from": 0, "quiet_until": 0}


async def muted_minutes(salon) -> int:
    """For how long the customer hears nothing from now on."""
    [row] = await salon.rig.rows("SELECT bot_muted_until FROM conversations")
    until = row["bot_muted_until"]
    return round((until - salon.rig.clock.now()).total_seconds() / 60) if until else 0


async def test_an_opt_out_silences_the_bot_for_30_minutes(salon_of, jid) -> None:
    salon = await salon_of()
    assert "больше не пишем" in await salon.ask(jid, STOP)
    assert await muted_minutes(salon) == 30
    assert await salon.ask(jid, "Здравствуйте") == ""
    assert await salon.outcomes() == [("answered", "opt-out"), ("ignored", "muted")]
    await salon.pass_time(minutes=31)
    assert await salon.ask(jid, "Здравствуйте")
    await salon.balanced(accepted=3, answered=2, ignored=1)


async def test_the_second_time_it_is_24_hours(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, STOP)
    await salon.pass_time(minutes=40)
    assert "больше не пишем" in await salon.ask(jid, STOP)
    assert await muted_minutes(salon) == 24 * 60
    await salon.pass_time(hours=23)
    assert await salon.ask(jid, "Здравствуйте") == ""


async def test_a_second_opt_out_while_muted_counts_and_is_not_answered(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, STOP)
    await salon.pass_time(minutes=5)
    assert await salon.ask(jid, STOP) == ""
    assert await muted_minutes(salon) == 24 * 60


async def test_a_day_of_silence_wipes_the_slate(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, STOP)
    await salon.pass_time(hours=25)
    await salon.ask(jid, "Здравствуйте")
    await salon.pass_time(minutes=5)
    await salon.ask(jid, STOP)
    assert await muted_minutes(salon) == 30


async def test_a_question_about_the_business_lifts_it(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.knows("маникюр", PRICE)])
    await salon.ask(jid, STOP)
    assert await salon.ask(jid, "Сколько стоит маникюр?") == PRICE
    assert await muted_minutes(salon) == 0
    assert await salon.ask(jid, "Спасибо") != ""


async def test_a_wish_for_a_human_lifts_it(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, STOP)
    assert "коллеге" in await salon.ask(jid, "Позовите менеджера")
    assert await muted_minutes(salon) == 0
    assert (await salon.state())[0] == "pending"


async def test_both_in_one_message_are_asked_about_and_yes_is_silence(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.knows("маникюр", PRICE)])
    assert "«да»" in await salon.ask(jid, MIXED)
    assert await muted_minutes(salon) == 0
    assert "больше не пишем" in await salon.ask(jid, "Да!")
    assert await muted_minutes(salon) == 30


async def test_no_answers_the_question_and_asks_no_more(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.knows("маникюр", PRICE)])
    await salon.ask(jid, MIXED)
    assert await salon.ask(jid, "нет") == PRICE
    await salon.ask(jid, "да")
    assert await muted_minutes(salon) == 0


async def test_after_15_minutes_a_yes_is_only_a_word(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.knows("маникюр", PRICE)])
    await salon.ask(jid, MIXED)
    await salon.pass_time(minutes=16)
    await salon.ask(jid, "да")
    assert await muted_minutes(salon) == 0


async def test_whoever_goes_on_asking_is_not_silenced_by_a_later_yes(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.knows("маникюр", PRICE)])
    await salon.ask(jid, MIXED)
    assert await salon.ask(jid, "Так сколько стоит маникюр?") == PRICE
    await salon.ask(jid, "да")
    assert await muted_minutes(salon) == 0


async def test_declining_an_offer_mutes_nothing(salon_of, jid) -> None:
    salon = await salon_of()
    assert await salon.ask(jid, "Не надо, спасибо") != ""
    assert await muted_minutes(salon) == 0
    assert await salon.ask(jid, "Здравствуйте") != ""


async def test_an_opt_out_while_a_human_was_called_cancels_that(salon_of, jid) -> None:
    salon = await salon_of(desk=NO_NIGHT)
    await salon.ask(jid, "Позовите менеджера")
    assert "больше не пишем" in await salon.ask(jid, STOP)
    assert await salon.state() == ("bot_active", [("resolved", "cancelled")])
    assert STOP in await salon.desk("forward")
    await salon.pass_time(hours=3)
    assert await salon.desk("reminder") == []
    await salon.balanced(accepted=2, escalated=1, answered=1)
