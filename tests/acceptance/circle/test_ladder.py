"""What managers see in Telegram while a customer waits: whom a reminder is for, what is urgent, what the owner said by phone."""

from __future__ import annotations

PHONE_WORDS = "Это Айгерим, приходите завтра к пяти"


async def test_the_owner_is_pointed_at_where_somebody_waits_for_an_hour(shop_of, anna, owner) -> None:
    shop = await shop_of()
    await shop.hand_over(anna)
    await shop.pass_time(minutes=61)
    [reminder] = [message for message in shop.shown() if message.text.startswith("⏰ 🔔 Айгерим, ")]
    [entity] = reminder.json["entities"]
    assert entity["type"] == "text_mention"
    assert entity["user"]["id"] == owner.id
    assert (entity["offset"], entity["length"]) == (5, 7)


async def test_urgent_words_stand_out_in_the_topic(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.hand_over(anna)
    await shop.ask(anna, "Я опаздываю на 10 минут")
    assert "⚡ Я опаздываю на 10 минут" in shop.texts()


async def test_what_is_urgent_has_a_card_that_says_so(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "Я опаздываю на 10 минут")
    assert shop.card().text.startswith("⚡ Нужен человек: Срочно")


async def test_the_topic_shows_what_the_owner_says_by_phone_and_a_button_brings_the_bot_back(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "Здравствуйте")
    await shop.pass_time(minutes=5)
    await shop.write(anna, PHONE_WORDS, from_me=True)
    await shop.settled()
    assert f"📱 {PHONE_WORDS}" in shop.texts()
    [led] = [message for message in shop.shown() if "return" in shop.actions(message)]
    assert await shop.ask(anna, "Хорошо, буду!") == []
    assert "вернул" in await shop.press(led, "Вернуть боту 🤖")
    assert await shop.state() == [("bot_active", "resolved", "returned")]
    assert await shop.ask(anna, "Здравствуйте") != []
