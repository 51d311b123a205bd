"""Where the bot is off it says nothing, whoever would have it speak: a timer, a button, a turn that failed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

NO_NIGHT = {"quiet_from": 0, "quiet_until": 0}
ASK = "Позовите менеджера, пожалуйста"
OTHER_NUMBER = ["77000000099"]
SILENCES = {
    "shadow": {"mode": "shadow"},
    "off": {"mode": "off"},
    "suspended": {"status": "suspended"},
    "not in only_numbers": {"only_numbers": OTHER_NUMBER},
}
silenced = pytest.mark.parametrize("change", SILENCES.values(), ids=SILENCES)


async def change_config(salon, **changes):
    [served] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**served["config"], **changes})


async def from_the_phone(salon, jid, text):
    """The owner writes to a customer without the gateway."""
    await salon.write(jid, text, from_me=True)
    await salon.rig.settled()


@silenced
async def test_timers_say_nothing_where_the_bot_is_off(salon_of, jid, change) -> None:
    """The owner answers from the phone and the customer thanks: their talk ends by itself, and nobody hears of it."""
    salon = await salon_of(desk=NO_NIGHT)
    await salon.ask(jid, "Здравствуйте, можно завтра к вам?")
    await salon.pass_time(minutes=5)
    await from_the_phone(salon, jid, "Да, приходите завтра в пять")
    await salon.pass_time(minutes=5)
    await salon.ask(jid, "Спасибо, буду")
    assert (await salon.state())[0] == "manager_active"
    read, shown = salon.read(jid), await salon.desk()
    await change_config(salon, **change)
    for _ in range(10):
        await salon.pass_time(minutes=30)
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])
    assert (salon.read(jid), await salon.desk()) == (read, shown)
    events = await salon.rig.rows("SELECT event FROM state_changes WHERE actor = 'timer' ORDER BY at")
    assert [row["event"] for row in events] == ["idle"]
    assert (await salon.rig.ledger())["balanced"]


@pytest.mark.parametrize("mode", ["shadow", "off"])
async def test_the_phone_in_a_tenant_that_was_never_on_wakes_no_timer(salon_of, jid, mode) -> None:
    salon = await salon_of(mode=mode, desk=NO_NIGHT)
    await salon.ask(jid, "Здравствуйте, можно завтра к вам?")
    await salon.pass_time(minutes=5)
    await from_the_phone(salon, jid, "Да, приходите завтра в пять")
    await salon.pass_time(minutes=5)
    await salon.ask(jid, "Спасибо, буду")
    for _ in range(10):
        await salon.pass_time(minutes=30)
    assert salon.read(jid) == []
    assert await salon.desk("reminder") == []
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])


async def test_twelve_hours_of_silence_in_shadow_end_quietly(salon_of, jid) -> None:
    salon = await salon_of(mode="shadow", desk=NO_NIGHT)
    await from_the_phone(salon, jid, "Здравствуйте, ваш заказ готов")
    await salon.pass_time(hours=13)
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])
    assert await salon.desk() == []


@pytest.mark.parametrize("change", [SILENCES["shadow"], SILENCES["off"]], ids=["shadow", "off"])
async def test_a_button_returns_a_customer_without_a_word_to_them(salon_of, jid, change) -> None:
    salon = await salon_of()
    await salon.ask(jid, ASK)
    read = salon.read(jid)
    await change_config(salon, **change)
    said = await salon.press("return", await salon.handover())
    assert "вернул(а) диалог. Бот молчит" in said, "the bot will not answer them"
    assert salon.read(jid) == read
    assert await salon.state() == ("bot_active", [("resolved", "returned")])


@pytest.mark.parametrize("change", [SILENCES["off"], SILENCES["shadow"], SILENCES["not in only_numbers"]])
async def test_a_parked_turn_says_nothing_where_the_bot_is_off(salon_of, jid, change) -> None:
    """Its worker dies again and again: it is parked before anybody asks whether the bot may speak."""
    salon = await salon_of(options={"work": False}, **change)
    await salon.write(jid, "Сколько стоит маникюр?")
    await salon.rig.rows("UPDATE inbox_events SET event = event - 'channel' RETURNING id")  # unreadable from now on
    async with working(salon):
        await salon.rig.until(lambda: parked(salon))
    assert salon.read(jid) == []
    assert await salon.desk("card") == []
    assert await salon.state() == ("bot_active", [])
    await salon.balanced(accepted=1, parked=1)


async def parked(salon):
    salon.rig.clock.advance(seconds=10)
    return await salon.rig.rows("SELECT 1 FROM turns WHERE status = 'parked'")


@asynccontextmanager
async def working(salon):
    """A second process, one that works."""
    async with type(salon.rig)(salon.rig.gateway.url, salon.rig.clock) as other:
        yield other


async def test_a_decision_that_meets_a_new_state_in_shadow_is_not_said_either(salon_of, jid, stub) -> None:
    """A "yes, be silent" is thought about while a human has the customer, and meets a state in which it counts."""
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def classify(message):
        if message.text == "Да":
            thinking.set()
            await go_on.wait()

    salon = await salon_of(extra=[stub.plugin("slow", classify=classify)], desk={**NO_NIGHT, "back_minutes": 1})
    await salon.ask(jid, ASK)
    id = await salon.handover()
    assert "больше не писать?" in await salon.ask(jid, "Не пишите мне больше. Сколько стоит маникюр?")
    await salon.press("take", id)
    await change_config(salon, mode="shadow")
    read = salon.read(jid)
    await salon.write(jid, "Да")
    await asyncio.wait_for(thinking.wait(), 10)
    salon.rig.clock.advance(minutes=2)
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM conversations WHERE state = 'pending'"))
    go_on.set()
    await salon.rig.settled()
    assert salon.read(jid) == read
    assert (await salon.outcomes())[-1] == ("forwarded", "shadow")
    assert (await salon.state())[0] == "pending"


def guard(stub):
    """A plugin that refuses something in every message and has the customer told so."""
    return stub.plugin("guard", on_inbound=lambda message: message.with_(notices=("Это видео не приняли.",)))


async def test_a_guard_tells_a_muted_customer_nothing(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[guard(stub)])
    await salon.ask(jid, "Не пишите мне больше")
    read = salon.read(jid)
    assert await salon.ask(jid, "Здравствуйте") == ""
    assert salon.read(jid) == read
    assert (await salon.outcomes())[-1] == ("ignored", "muted")


async def test_a_guard_tells_nothing_to_whom_the_bot_does_not_serve(salon_of, jid, stub) -> None:
    """A message to the human who has the conversation: the desk reads it, the customer hears nothing from the bot."""
    salon = await salon_of(extra=[guard(stub)], only_numbers=OTHER_NUMBER)
    await from_the_phone(salon, jid, "Здравствуйте, ваш заказ готов")
    await salon.pass_time(minutes=5)
    await salon.ask(jid, "Вот моё видео")
    assert (await salon.state())[0] == "manager_active"
    assert salon.read(jid) == []
