"""A question, the model, a human, the answer, the lesson, and the next customer whom the bot answers by itself."""

from __future__ import annotations

import time

import pytest

from truffles_gateway.store import reports

HELD = 3.5
QUESTION = "Делаете ли вы перманентный татуаж губ?"
ANSWER = "Татуаж губ делаем, сначала нужна консультация мастера."
LONG_PAUSES = (50, 60, 60, 300, 1800, 7200, 21600, 43200, 86400, 129600)  # longer than a busy machine takes for a test


async def test_the_model_answers_from_the_facts(shop_of, anna) -> None:
    shop = await shop_of()
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    assert await shop.ask(anna, "Сколько стоит маникюр?") == ["Маникюр с покрытием стоит 5 000 ₸."]
    assert "Маникюр с покрытием стоит 5 000 ₸." in shop.model.read[-1]
    assert shop.topics() == []
    assert await shop.ends() == [("answered", "")]


async def test_what_the_owner_answered_once_the_bot_answers_next_time(shop_of, anna, boris, owner) -> None:
    shop = await shop_of()
    [told] = await shop.ask(anna, QUESTION)
    card = shop.card()
    assert "коллеге" in told
    assert QUESTION in card.text
    assert card.pinned
    assert await shop.state() == [("pending", "pending", None)]

    assert "Айгерим" in await shop.press(card, "take", owner)
    assert shop.actions(card) == {"resolve", "return"}
    assert any("Айгерим" in text for text in shop.texts(card.thread))
    assert await shop.state() == [("manager_active", "active", None)]

    words = await shop.reply(ANSWER, card.thread)
    learnt_at = time.monotonic()
    assert shop.said(anna) == [told, ANSWER]
    assert words.reactions == ["👌"]
    assert await shop.learned() == [(ANSWER, "approved")]
    assert ANSWER in shop.lesson().text
    assert shop.actions(shop.lesson()) == {"undo"}

    await shop.press(card, "resolve", owner)
    assert await shop.state() == [("bot_active", "resolved", "resolved")]
    assert card.buttons == {}
    assert not card.pinned

    shop.model.says(ANSWER)
    assert await shop.ask(boris, QUESTION) == [ANSWER]
    assert time.monotonic() - learnt_at < 5
    assert ANSWER in shop.model.read[-1]

    await shop.press(shop.lesson(), "undo", owner)
    [told] = await shop.ask(boris, QUESTION)
    assert told != ANSWER
    assert QUESTION in shop.card(boris).text
    assert await shop.learned() == [(ANSWER, "rejected")]
    await shop.balanced()


async def test_a_card_whose_manager_never_answers_can_be_taken_again(shop_of, anna, owner) -> None:
    shop = await shop_of()
    await shop.ask(anna, QUESTION)
    card = shop.card()
    waiting = shop.actions(card)
    await shop.press(card, "take", owner)
    assert shop.actions(card) != waiting
    await shop.ask(anna, "Вы ещё здесь?")
    await shop.pass_time(minutes=16)
    await shop.pass_time(minutes=46)
    assert await shop.state() == [("pending", "pending", None)]
    assert shop.actions(card) == waiting


async def test_another_process_knows_what_one_has_learnt(shop_of, anna, boris, owner, another) -> None:
    """A process that was asked before, and slept while others learnt and forgot, answers with the lesson and no longer."""
    shop = await shop_of(rig={"work": False})
    await shop.ask(anna, QUESTION)
    card = shop.card(anna)
    with another.asleep():
        async with another.rig():
            await shop.reply(ANSWER, card.thread, owner)
            assert await shop.learned() == [(ANSWER, "approved")]

    shop.model.says(ANSWER)
    started = time.monotonic()
    assert await shop.ask(boris, QUESTION) == [ANSWER]
    assert time.monotonic() - started < 5

    with another.asleep():
        async with another.rig():
            await shop.press(shop.lesson(), "undo", owner)
            assert await shop.learned() == [(ANSWER, "rejected")]

    carol = "77010000003@s.whatsapp.net"
    assert ANSWER not in await shop.ask(carol, QUESTION)
    assert shop.card(carol)


async def test_words_that_were_given_up_and_arrive_after_all_are_marked(shop_of, anna, owner) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.phones.behave(count=1, status=400)
    words = await shop.reply(ANSWER, card.thread, owner)
    assert words.reactions == []
    assert any("Клиент этого не получил" in text for text in shop.texts(card.thread))
    assert await reports.resubmit(shop.rig.gateway.database, shop.rig.clock.now()) == 1
    await shop.pass_time(seconds=1)
    assert ANSWER in shop.said(anna)
    assert words.reactions == ["👌"]


async def test_two_messages_sent_together_are_both_learnt(shop_of, anna, owner) -> None:
    """The words are held, so that both come out of one turn and are looked at side by side."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    more = "Коррекция через месяц."
    for text in (ANSWER, more):
        await shop.telegram.write(text, chat=shop.group, thread=card.thread, sender=owner)
    await shop.pass_time(seconds=HELD)
    [(learnt, status)] = await shop.learned()
    assert (sorted(learnt.split()), status) == (sorted(f"{ANSWER} {more}".split()), "approved")
    rows = await shop.rows("SELECT answer FROM knowledge_chunks WHERE client_id = $1 AND id LIKE 'learned:%'")
    assert [row["answer"] for row in rows] == [learnt]


@pytest.mark.parametrize("answers_after", [0, 1.0], ids=["receipt first", "lesson first"])
async def test_only_what_the_owner_has_read_is_approved(shop_of, anna, owner, stranger, answers_after) -> None:
    """Somebody adds to an answer, and Telegram does not show it yet: the button stands under the words of before."""
    shop = await shop_of(outbox={"human_retry_seconds": LONG_PAUSES})
    card = await shop.hand_over(anna)
    await shop.reply(ANSWER, card.thread, stranger)
    assert ANSWER in shop.lesson().text
    shop.telegram.behave(method="editMessageText", status=500, description="Internal trouble", count=1)
    shop.phones.behave(delay=answers_after)
    more = "Коррекция через месяц."
    await shop.reply(more, card.thread, stranger)
    assert more not in shop.lesson().text
    assert "изменился" in await shop.popup(shop.lesson(), "approve", owner)
    assert await shop.learned() == [(f"{ANSWER} {more}", "pending")]
    for _ in range(4):
        await shop.pass_time(minutes=1)
    assert f"{ANSWER} {more}" in shop.lesson().text
    assert "Ответил не владелец" in shop.lesson().text
    assert "Запомнено" in await shop.press(shop.lesson(), "approve", owner)
    assert await shop.learned() == [(f"{ANSWER} {more}", "approved")]
