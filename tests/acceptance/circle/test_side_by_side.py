"""Buttons, commands and clocks of the desk that meet: the last word of a person counts, and nobody is told what is not so."""

from __future__ import annotations

from tests.acceptance.circle.test_approve import (
    LONG_QUESTION,
    MARAT,
    OTHER_WORDS,
    PRICE,
    approving,
    drafted,
    statuses,
)  # fmt: skip
from tests.acceptance.circle.test_learning_whole import ANSWER, QUESTION
from tests.acceptance.circle.test_owner_commands import command

ASK = "Позовите менеджера, пожалуйста"


async def test_who_pressed_change_under_a_draft_last_writes_to_the_customer(shop_of, anna, owner, stranger) -> None:
    """Before, the same owner wanted to write a learned answer anew."""
    shop = await approving(shop_of)
    shop.model.says("", route="human")
    card = await shop.hand_over(anna, QUESTION)
    await shop.reply(ANSWER, card.thread, stranger)
    await shop.press(card, "resolve", owner)
    await shop.press(shop.lesson(), "amend", owner)
    shop.model.says(PRICE)
    before = shop.said(anna)
    await shop.ask(anna, "Сколько стоит маникюр?")
    draft = next(each for each in reversed(shop.shown(card.thread)) if "Черновик" in each.text)
    await shop.press(draft, "edit", owner)
    await shop.reply(OTHER_WORDS, card.thread, owner)
    assert shop.said(anna) == [*before, OTHER_WORDS]
    assert (ANSWER, "pending") in await shop.learned()


async def test_a_slip_put_right_elsewhere_decides_no_draft(shop_of, anna) -> None:
    shop = await approving(shop_of)
    draft = await drafted(shop, anna)
    await shop.press(draft, "edit", MARAT)
    words = await shop.reply(OTHER_WORDS, draft.thread, MARAT)
    following = await drafted(shop, anna, LONG_QUESTION)
    await shop.press(following, "edit", MARAT)
    await shop.telegram.edit(words, f"{OTHER_WORDS} Ждём!")
    await shop.pass_time(seconds=4)
    assert [status for status, _ in await statuses(shop)][1] != "edited"


async def test_a_contact_whom_the_bot_leaves_alone_gets_no_handover_from_an_old_draft(shop_of, anna) -> None:
    shop = await approving(shop_of)
    draft = await drafted(shop, anna)
    await shop.reply("🔕", draft.thread, MARAT)
    assert draft.buttons == {}
    await shop.pass_time(minutes=11)
    assert await statuses(shop) == [("withdrawn", "Марат")]
    assert await shop.state() == [("bot_active", None, None)]
    assert shop.said(anna) == []


async def test_a_paused_bot_gives_nobody_back(shop_of, anna, owner) -> None:
    """It could not tell the customer that nobody came, and would not answer them afterwards."""
    shop = await shop_of(desk={"quiet_from": 0, "quiet_until": 0})
    shop.model.says("", route="human")
    card = await shop.hand_over(anna, ASK)
    assert "пауз" in await command(shop, "/пауза 5ч", owner)
    await shop.pass_time(minutes=125)
    assert await shop.state() == [("pending", "pending", None)]
    assert not any("вернулся к боту" in text for text in shop.texts(card.thread))
    await shop.pass_time(hours=6)
    assert await shop.state() == [("bot_active", "resolved", "timed_out")]
