"""What people at random found at the desk (`tests/property/test_desk_stateful.py`), one story each."""

from __future__ import annotations

FAILURES = ({"status": 500}, {"status": 429, "retry_after": 2}, {"drop": "before"})
RETURNED = "Возвращено боту"


async def test_a_pin_that_could_not_be_taken_away_goes_later(shop_of, anna) -> None:
    """Telegram fails while a closed card is unpinned: the next attempt unpins it, and the line stands there once."""
    shop = await shop_of()
    for times, failure in enumerate(FAILURES, 1):
        await shop.ask(anna, "Делаете ли вы перманентный татуаж губ?")
        card = next(message for message in reversed(shop.shown()) if "take" in shop.actions(message))
        assert card.pinned
        shop.telegram.behave(method="unpinChatMessage", **failure)
        await shop.press(card, "return")
        await shop.pass_time(minutes=11)  # the same question is answered anew only then
        assert (card.pinned, card.buttons) == (False, {})
        assert sum(RETURNED in text for text in shop.texts()) == times


async def test_an_alarm_bears_its_sign_once(shop_of, anna, owner) -> None:
    """Words that a customer cannot get: the owner's warning in the General topic begins with one sign."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.phones.behave(status=400, taken=False)
    await shop.reply("Приходите завтра", card.thread, owner)
    for hours in (0.1, 1, 5, 12, 30, 48):
        await shop.pass_time(hours=hours)
    warnings = [text for text in shop.texts(0) if "Приходите завтра" in text]
    assert warnings
    assert all(text.count("⚠️") == 1 for text in warnings)


async def test_what_a_card_was_before_is_never_shown_after_what_it_is(shop_of, anna, owner) -> None:
    """Telegram fails so long that others are no longer held back: "closed" waits for "taken" all the same."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    closing = card.buttons["Беру ✋"].replace("take", "resolve")
    shop.telegram.behave(method="editMessageReplyMarkup", status=500, count=3)
    await shop.press(card, "take", owner)
    for seconds in (3, 11, 48):
        await shop.pass_time(seconds=seconds)
    await shop.telegram.press_data(card, closing, sender=owner)
    await shop.thought()
    await shop.pass_time(seconds=20)
    assert await shop.state() == [("bot_active", "resolved", "resolved")]
    assert (card.pinned, card.buttons) == (False, {})
    taken, closed = [number for word in ("ведёт", "закрыт") for number, text in enumerate(shop.texts()) if word in text]
    assert taken < closed


async def test_a_draft_that_came_late_does_not_ask_when_it_is_over(shop_of, anna) -> None:
    """The customer writes more while the first draft cannot be shown: its card comes, and without buttons in the end."""
    shop = await shop_of(mode="approve")
    shop.model.says("Парковка во дворе бесплатная.")
    shop.telegram.behave(method="sendMessage", status=500, count=3)
    await shop.ask(anna, "Есть ли у вас парковка?")
    for seconds in (3, 11, 48):
        await shop.pass_time(seconds=seconds)
    await shop.write(anna, "А маникюр сколько стоит?")
    await shop.thought()
    await shop.pass_time(seconds=20)
    drafts = [message for message in shop.shown() if message.text.startswith("📝")]
    assert len(drafts) == 2
    [waiting] = [message for message in drafts if message.buttons]
    assert "маникюр" in waiting.text


async def test_a_topic_made_again_shows_its_card_although_telegram_fails_at_that_moment(shop_of, anna, owner) -> None:
    """The topic of an open handover is deleted, and its card cannot be shown at once: it is shown at the next attempt."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.telegram.delete_topic(shop.group, card.thread)
    shop.telegram.behave(method="sendMessage", status=500, skip=1)  # the first finds the topic gone
    await shop.write(anna, "Вы ещё здесь?")
    await shop.thought()
    for seconds in (5, 15):
        await shop.pass_time(seconds=seconds)
    assert len(shop.topics()) == 1
    [again] = [message for message in shop.shown() if message.buttons]
    assert again.pinned
    assert any("Вы ещё здесь?" in text for text in shop.texts())
    await shop.press(again, "take", owner)
    assert shop.actions(again) == {"resolve", "return"}


async def test_a_topic_that_cannot_be_made_again_at_once_brings_its_card_when_it_is(shop_of, anna) -> None:
    """The topic of an open handover is deleted, and for a while Telegram makes no new one."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.telegram.delete_topic(shop.group, card.thread)
    shop.telegram.behave(method="createForumTopic", status=500, count=2)
    await shop.write(anna, "Вы ещё здесь?")
    await shop.thought()
    for seconds in (5, 15, 61):
        await shop.pass_time(seconds=seconds)
    [again] = [message for message in shop.shown() if message.buttons]
    assert again.pinned
    assert any("Вы ещё здесь?" in text for text in shop.texts())
