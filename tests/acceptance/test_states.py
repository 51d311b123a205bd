"""Who leads a conversation: the bot, somebody who was called, or a human. Through the front door and the desk."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from truffles_gateway.messages import Draft

ASK = "Позовите менеджера, пожалуйста"
TAKEN, CLOSED, SKIPPED = "уже ведёт Aliya", "уже закрыт", "Записано"


async def called(salon_of, jid, **more):
    salon = await salon_of(**more)
    await salon.ask(jid, ASK)
    assert await salon.state() == ("pending", [("pending", None)])
    return salon, await salon.handover()


async def test_a_wish_for_a_human_opens_one_handover_and_is_said(salon_of, jid) -> None:
    salon, handover = await called(salon_of, jid)
    assert "коллеге" in salon.read(jid)[0]
    [card] = await salon.desk("card")
    assert ASK in card
    assert handover in card
    assert await salon.outcomes() == [("escalated", "human")]
    await salon.balanced(accepted=1, escalated=1)


def customers(count):
    return [f"770000001{number:02}@s.whatsapp.net" for number in range(count)]


BUTTONS = {
    "take": ("manager_active", ("active", None)),
    "return": ("bot_active", ("resolved", "returned")),
    "resolve": ("bot_active", ("resolved", "resolved")),
    "skip": ("pending", ("pending", None)),
    "take resolve": ("bot_active", ("resolved", "resolved")),
    "take return": ("bot_active", ("resolved", "returned")),
    "take skip": ("manager_active", ("active", None)),
}


async def test_buttons_lead_through_the_table(salon_of) -> None:
    salon = await salon_of()
    for jid, (buttons, (state, handover)) in zip(customers(len(BUTTONS)), BUTTONS.items(), strict=True):
        await salon.ask(jid, ASK)
        id = await salon.handover(jid)
        for button in buttons.split():
            assert await salon.press(button, id)
        assert await salon.state(jid) == (state, [handover]), buttons
        changes = await salon.rig.rows("SELECT actor, why FROM state_changes WHERE handover_id = $1 ORDER BY at", id)
        pressed = buttons.split()
        assert [row["actor"] for row in changes] == ["bot", *["Aliya"] * len(pressed)]
        assert all(row["why"] for row in changes)
        assert len(salon.read(jid)) == (2 if "return" in pressed else 1), buttons


async def test_who_cannot_take_it_makes_the_next_on_the_ladder_hear_of_it_at_once(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    assert SKIPPED in await salon.press("skip", id)
    [change] = await salon.rig.rows("SELECT * FROM state_changes WHERE event = 'skip'")
    assert (change["from_state"], change["to_state"], change["actor"]) == ("pending", "pending", "Aliya")
    assert str(change["handover_id"]) == id
    await salon.rig.until(lambda: salon.desk("reminder"))
    assert SKIPPED in await salon.press("skip", id)  # said already: nobody else is called for it
    await salon.pass_time(seconds=5)
    assert len(await salon.desk("reminder")) == 1
    assert SKIPPED in await salon.press("skip", id, "Dana")
    await salon.pass_time(seconds=5)
    assert "Owner" in (await salon.desk("reminder"))[1]
    assert SKIPPED in await salon.press("skip", id, "Boris")
    await salon.pass_time(seconds=5)
    assert len(await salon.desk("reminder")) == 2
    assert await salon.state() == ("pending", [("pending", None)])


async def test_skipping_moves_no_other_clock(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid, desk={"quiet_from": 0, "quiet_until": 0})
    await salon.press("skip", id)
    await salon.pass_time(minutes=61)
    assert len(await salon.desk("reminder")) == 2
    await salon.pass_time(minutes=60)
    assert await salon.state() == ("bot_active", [("resolved", "timed_out")])


# the first button, the one that changes nothing, who presses that one, and what they are told
FUTILE = [
    ("take", "take", "Aliya", TAKEN),
    ("take", "take", "Dana", TAKEN),
    ("take", "resolve", "Dana", TAKEN),
    ("take", "return", "Dana", TAKEN),
    ("take", "skip", "Dana", TAKEN),
    ("resolve", "resolve", "Aliya", CLOSED),
    ("resolve", "take", "Dana", CLOSED),
    ("return", "skip", "Dana", CLOSED),
]


async def test_a_button_pressed_twice_late_or_by_another_is_answered_honestly(salon_of) -> None:
    salon = await salon_of()
    for jid, (first, late, manager, answer) in zip(customers(len(FUTILE)), FUTILE, strict=True):
        await salon.ask(jid, ASK)
        id = await salon.handover(jid)
        await salon.press(first, id)
        before, read = await salon.state(jid), salon.read(jid)
        assert answer in await salon.press(late, id, manager)
        assert (await salon.state(jid), salon.read(jid)) == (before, read), (first, late, manager)


async def test_the_owner_may_end_what_another_has_taken(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    await salon.press("take", id)
    await salon.press("resolve", id, "Owner")
    assert await salon.state() == ("bot_active", [("resolved", "resolved")])


async def test_a_button_of_an_unknown_handover_changes_nothing(salon_of, jid) -> None:
    salon, _ = await called(salon_of, jid)
    for unknown in (str(uuid4()), "not-an-id"):
        assert "ничего не изменилось" in await salon.press("resolve", unknown)
    assert await salon.state() == ("pending", [("pending", None)])
    await salon.balanced(accepted=1, escalated=1)


async def test_while_pending_the_bot_helps_with_facts_and_says_once_that_a_human_was_called(
    salon_of, jid, stub
) -> None:
    salon, _ = await called(salon_of, jid, extra=[stub.knows("где", "Улица Вымышленная, 12")])
    assert await salon.ask(jid, "Где вы находитесь?") == "Улица Вымышленная, 12"
    assert "уже знает" in await salon.ask(jid, "А собаку подстрижёте?")
    assert await salon.ask(jid, "А двух собак сразу?") == ""
    assert "у коллеги" in await salon.ask(jid, "Позовите человека")
    assert await salon.state() == ("pending", [("pending", None)])
    assert await salon.desk("forward") == [
        "Где вы находитесь?", "А собаку подстрижёте?", "А двух собак сразу?", "Позовите человека",
    ]  # fmt: skip
    assert [outcome for outcome, _ in await salon.outcomes()] == [
        "escalated", "answered", "forwarded", "forwarded", "forwarded",
    ]  # fmt: skip
    await salon.balanced(accepted=5, escalated=1, answered=1, forwarded=3)


async def test_an_ok_to_somebody_who_waits_reaches_the_desk(salon_of, jid) -> None:
    salon, _ = await called(salon_of, jid)
    assert await salon.ask(jid, "ок") == ""
    assert await salon.desk("forward") == ["ок"]
    assert (await salon.outcomes())[-1][0] == "forwarded"


async def test_a_human_leads_and_the_bot_is_silent(salon_of, jid, stub) -> None:
    salon, id = await called(salon_of, jid, extra=[stub.knows("где", "Улица Вымышленная, 12")])
    await salon.reply("Здравствуйте, это Алия", id)
    assert await salon.state() == ("manager_active", [("active", None)])
    for text in ("Где вы находитесь?", "Здравствуйте", "Позовите человека", "Спасибо"):
        assert await salon.ask(jid, text) == ""
    assert (await salon.desk("forward")) == ["Где вы находитесь?", "Здравствуйте", "Позовите человека", "Спасибо"]
    await salon.press("resolve", id)
    assert await salon.ask(jid, "Где вы находитесь?") == "Улица Вымышленная, 12"
    await salon.balanced(accepted=6, escalated=1, forwarded=4, answered=1)


async def test_who_tells_a_human_to_stop_ends_the_handover_and_the_human_reads_it(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    await salon.press("take", id)
    assert await salon.ask(jid, "Не пишите мне больше") == ""
    assert await salon.desk("forward") == ["Не пишите мне больше"]
    assert await salon.state() == ("bot_active", [("resolved", "cancelled")])
    assert await salon.ask(jid, "Здравствуйте") == ""
    assert (await salon.outcomes())[-1] == ("ignored", "muted")


async def test_a_late_reply_opens_an_active_handover(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    await salon.press("resolve", id)
    await salon.reply("Кстати, завтра есть место", id, "Dana")
    assert salon.read(jid)[-1] == "Кстати, завтра есть место"
    assert await salon.state() == ("manager_active", [("resolved", "resolved"), ("active", None)])
    [row] = await salon.rig.rows(
        "SELECT trigger_type, assigned_to, user_message FROM handovers WHERE status = 'active'"
    )
    assert dict(row) == {"trigger_type": "manual", "assigned_to": "Dana", "user_message": ASK}


async def test_a_reply_by_address_opens_one_too(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, "Здравствуйте")
    await salon.reply("Добрый день! Это Дана", remote_jid=jid, manager="Dana")
    assert salon.read(jid)[-1] == "Добрый день! Это Дана"
    assert await salon.state() == ("manager_active", [("active", None)])


async def test_words_to_somebody_unknown_come_back_to_the_desk(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.reply("Добрый день! Это Дана", remote_jid=jid)
    await salon.reply("Вы ещё тут?", str(uuid4()))
    await salon.reply("// заметка", remote_jid=jid)
    first, second = await salon.desk()
    assert "Не доставлено" in first
    assert "Добрый день! Это Дана" in first
    assert jid in first
    assert "Вы ещё тут?" in second
    assert salon.read(jid) == []
    rows = await salon.rig.rows("SELECT outcome, outcome_reason FROM inbox_events")
    assert [tuple(row) for row in rows] == [("ignored", "no such conversation")] * 3
    assert (await salon.rig.ledger())["balanced"]


async def test_a_private_note_is_never_sent(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    read = salon.read(jid)
    await salon.reply("// клиентка сложная", id)
    assert salon.read(jid) == read
    assert await salon.state() == ("pending", [("pending", None)])


async def test_the_same_reply_sent_twice_is_one(salon_of, jid) -> None:
    salon, id = await called(salon_of, jid)
    for _ in range(2):
        await salon.reply("Иду", id, event_id="same")
    assert salon.read(jid).count("Иду") == 1


async def test_a_human_takes_over_while_the_bot_thinks_and_the_draft_is_dropped(salon_of, jid, stub) -> None:
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def answer(message):
        thinking.set()
        await go_on.wait()
        return Draft(text="Слово бота")

    salon = await salon_of(extra=[stub.plugin("slow", answer=answer)])
    await salon.ask(jid, "Здравствуйте")
    await salon.write(jid, "Делаете ли вы укладку?")
    await asyncio.wait_for(thinking.wait(), 10)
    answered = await salon.rig.admin(
        "POST", "/admin/desk/reply",
        json={"client_slug": "salon", "remote_jid": jid, "text": "Слово человека", "manager": {"id": "aliya"}},
    )  # fmt: skip
    assert answered.status_code == 200
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM conversations WHERE state = 'manager_active'"))
    go_on.set()
    await salon.rig.settled()
    assert salon.read(jid)[1:] == ["Слово человека"]
    assert (await salon.outcomes())[-1] == ("forwarded", "manager has it")
    assert await salon.desk("forward") == ["Делаете ли вы укладку?"]
    [turn] = await salon.rig.rows("SELECT stages FROM turns WHERE outcome = 'forwarded'")
    [dropped] = [stage for stage in turn["stages"] if stage["stage"] == "draft dropped"]
    assert dropped["drafts"] == ["Слово бота"]


async def test_a_human_leaves_while_their_customer_writes_and_the_bot_answers(salon_of, jid, stub) -> None:
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def classify(message):
        if "укладк" in message.text:
            thinking.set()
            await go_on.wait()

    gate = stub.plugin("slow", classify=classify)
    salon, id = await called(salon_of, jid, extra=[gate, stub.knows("укладк", "Да, делаем")])
    await salon.press("take", id)
    await salon.write(jid, "Делаете ли вы укладку?")
    await asyncio.wait_for(thinking.wait(), 10)
    answer = await salon.rig.admin(
        "POST", "/admin/desk/action",
        json={"client_slug": "salon", "action": "resolve", "handover_id": id, "manager": {"id": "aliya", "name": "Aliya"}},
    )  # fmt: skip
    assert answer.status_code == 200
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM conversations WHERE state = 'bot_active'"))
    go_on.set()
    await salon.rig.settled()
    assert salon.read(jid)[-1] == "Да, делаем"
    assert (await salon.outcomes())[-1] == ("answered", "")


DRIFTS = {
    "a second open handover": """
        INSERT INTO handovers (client_id, id, conversation_id, user_id, status, created_at)
        SELECT client_id, gen_random_uuid(), conversation_id, user_id, 'active', now() FROM handovers""",
    "a state without a handover": "UPDATE conversations SET open_handover_id = NULL",
    "a handover without a state": "UPDATE conversations SET state = 'bot_active'",
    "a state that differs from the handover's": "UPDATE conversations SET state = 'manager_active'",
    "a handover closed under its conversation": "UPDATE handovers SET status = 'resolved', resolution = 'resolved'",
    "a handover deleted under its conversation": "DELETE FROM handovers",
}


async def test_conversation_and_handover_drift_apart(salon_of, jid, database_url) -> None:
    """A known fault of earlier systems: PostgreSQL itself refuses every way to it."""
    salon, _ = await called(salon_of, jid)
    connection = await asyncpg.connect(database_url)
    try:
        for what, statement in DRIFTS.items():
            try:
                await connection.execute(statement)
            except asyncpg.IntegrityConstraintViolationError:
                continue
            pytest.fail(f"PostgreSQL allows {what}")
    finally:
        await connection.close()
    assert await salon.state() == ("pending", [("pending", None)])


async def test_a_handover_that_no_plugin_shows_is_an_alarm_and_a_line_of_the_log(salon_of, sim, jid, logs) -> None:
    chatflow = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
    plugins = [{"name": "policy"}, {"name": "chatflow", "settings": chatflow}]
    salon = await salon_of(plugins=plugins, languages=["en"])
    await salon.ask(jid, ASK)
    assert await salon.state() == ("pending", [("pending", None)])
    [alarm] = await salon.rig.rows("SELECT cause, message FROM alarms")
    assert alarm["cause"] == "handover reached nobody"
    assert "nobody was told: no plugin shows such requests to people" in alarm["message"]
    [line] = [each for each in logs() if each["event"] == "handover reached nobody"]
    assert (line["handover_id"], line["level"]) == (await salon.handover(), "error")
