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
