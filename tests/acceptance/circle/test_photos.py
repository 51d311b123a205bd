"""What customers and managers live through with photos: "like in the photo", photos without words, photos beside a question."""

from __future__ import annotations

import base64

import pytest

from truffles_gateway.testing import jpeg

SEND_IT, PASSED_ON = "Пришлите, пожалуйста, фото", "Передали ваш вопрос коллеге"
DESCRIBE = "в двух словах"


def photo(number: int = 0, caption: str = "", mime: str = "image/jpeg", kind: str = "image") -> dict:
    """A photo as ChatFlow tells of it, with bytes of its own."""
    data = base64.b64encode(jpeg(number)).decode()
    return {"message_type": kind, "media": {"mimetype": mime, "base64": data, "caption": caption}}


def photos(shop) -> list[bytes]:
    """The photos that the managers see, as often as they see them."""
    shown = [message for message in shop.shown() if message.kind == "photo"] if shop.topics() else []
    return [shop.telegram.world.files[message.json["photo"][-1]["file_id"]] for message in shown]


def pictures(*numbers: int) -> list[bytes]:
    """The bytes of `photo(number)`."""
    return [jpeg(number) for number in numbers]


WISHES = (
    "хочу как на фото", "сделаете такой же дизайн?", "Как на картинке", "фотодағыдай", "Суреттегідей жасайсыз ба?",
    "like in this picture", "Same as in the photo, how much?", "хачу каг на фотке",
)  # fmt: skip


@pytest.mark.parametrize("words", WISHES)
async def test_as_in_the_photo_goes_to_a_human_with_the_photo(shop_of, anna, words) -> None:
    shop = await shop_of()
    [told] = await shop.ask(anna, words, **photo())
    assert await shop.state() == [("pending", "pending", None)]
    assert "хочет как на фото" in shop.card().text
    assert words in shop.card().text
    assert photos(shop) == pictures(0)
    assert told


ASKED_FOR = {
    "хочу как на фото": SEND_IT,
    "как на картинке сделаете?": SEND_IT,
    "суреттегідей жасайсыз ба": "Фотоны немесе суретті жіберіңізші",
    "like in this picture": "Please send us the photo",
}


@pytest.mark.parametrize("words", ASKED_FOR)
async def test_without_a_photo_it_is_asked_for_once_and_goes_with_the_words(shop_of, anna, words) -> None:
    shop = await shop_of()
    [told] = await shop.ask(anna, words)
    assert told.startswith(ASKED_FOR[words])
    assert shop.topics() == []
    told = await shop.ask(anna, "", **photo())
    assert len(told) == 1
    assert ASKED_FOR[words] not in told[0]
    assert words in shop.card().text
    assert photos(shop) == pictures(0)


async def test_who_has_no_photo_is_not_asked_for_it_twice(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "хочу как на фото")
    [told] = await shop.ask(anna, "как на картинке, ну той")
    assert PASSED_ON in told
    assert "хочу как на фото" in shop.card().text
    assert "как на картинке, ну той" in shop.card().text


async def test_what_is_asked_in_between_is_answered(shop_of, anna) -> None:
    shop = await shop_of()
    shop.model.says("Парковка во дворе бесплатная для клиентов.")
    await shop.ask(anna, "хочу как на фото")
    assert "бесплатная" in (await shop.ask(anna, "Есть ли у вас парковка?"))[0]
    await shop.ask(anna, "", **photo(caption="вот"))
    assert "хочу как на фото" in shop.card().text
    assert photos(shop) == pictures(0)


async def test_a_photo_that_comes_much_later_is_a_photo_without_words(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "хочу как на фото")
    await shop.pass_time(minutes=16)
    [told] = await shop.ask(anna, "", **photo())
    assert DESCRIBE in told
    assert shop.topics() == []


async def test_the_photo_may_come_first(shop_of, anna) -> None:
    """It is asked about; the words that point at it bring a human, who sees both."""
    shop = await shop_of()
    assert DESCRIBE in (await shop.ask(anna, "", **photo()))[0]
    await shop.pass_time(minutes=14)
    [told] = await shop.ask(anna, "хочу такой же")
    assert PASSED_ON in told
    assert photos(shop) == pictures(0)


async def test_a_bare_price_beside_a_photo_is_the_price_of_what_it_shows(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "Сколько стоит?", **photo())
    assert "хочет как на фото" in shop.card().text
    assert photos(shop) == pictures(0)


OURS = ("Это ваши работы на фото?", "у вас есть фото работ?", "do you have photos of your work?")


@pytest.mark.parametrize("words", OURS)
async def test_the_businesss_own_photos_are_not_asked_for(shop_of, anna, words) -> None:
    shop = await shop_of()
    told = await shop.ask(anna, words)
    assert not any(line in text for text in told for line in ASKED_FOR.values())


async def test_a_plain_question_beside_a_photo_is_answered_and_the_photo_comes_with_a_later_card(shop_of, anna) -> None:
    shop = await shop_of()
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    [told] = await shop.ask(anna, "Сколько стоит маникюр с покрытием?", **photo())
    assert "5 000" in told
    assert "фото" not in told.lower()
    assert shop.topics() == []
    await shop.ask(anna, "позовите менеджера")
    assert photos(shop) == pictures(0)
    assert shop.card()


async def test_photos_that_nobody_has_seen_come_once(shop_of, anna, owner) -> None:
    """The second card has none of the first one's, nor what was sent longer ago than a quarter of an hour."""
    shop = await shop_of()
    await shop.ask(anna, "", **photo(1))
    await shop.pass_time(minutes=16)
    await shop.ask(anna, "", **photo(2))
    await shop.ask(anna, "позовите менеджера")
    assert photos(shop) == pictures(2)
    await shop.press(shop.card(), "resolve" if "resolve" in shop.actions(shop.card()) else "return", owner)
    await shop.ask(anna, "позовите менеджера ещё раз, пожалуйста")
    assert photos(shop) == pictures(2)


async def test_the_same_photo_again_is_one_photo_on_the_card(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "", **photo())
    await shop.ask(anna, "хочу как на фото", **photo())
    assert photos(shop) == pictures(0)


async def test_a_manager_who_writes_first_sees_what_came_before(shop_of, anna, owner) -> None:
    """Nobody was called; the topic is there from another day. What comes next brings the photo that nobody saw."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    await shop.press(card, "return", owner)
    await shop.ask(anna, "", **photo())
    assert photos(shop) == []
    await shop.reply("Здравствуйте! Чем помочь?", card.thread, owner)
    await shop.ask(anna, "Это я, с фото")
    assert photos(shop) == pictures(0)


async def test_while_a_human_is_on_the_way_photos_reach_the_topic(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.hand_over(anna)
    await shop.ask(anna, "хочу как на фото", **photo(1))
    await shop.ask(anna, "", **photo(2))
    assert sorted(photos(shop)) == pictures(1, 2)
    assert not any(SEND_IT in text or DESCRIBE in text for text in shop.said(anna))
    assert len(shop.topics()) == 1


async def test_a_card_that_a_timer_makes_brings_the_photo(shop_of, anna) -> None:
    """The bot's answer never arrives: a human gets the question, and the photo beside it."""
    shop = await shop_of()
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    shop.phones.behave(status=400, taken=False, count=50)
    await shop.ask(anna, "Сколько стоит маникюр с покрытием?", **photo())
    await shop.pass_time(minutes=11)
    assert photos(shop) == pictures(0)
    assert shop.card()


async def test_whoever_lets_a_draft_go_sees_the_photo_that_it_answers(shop_of, anna) -> None:
    shop = await shop_of(mode="approve")
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    await shop.ask(anna, "Сколько стоит маникюр с покрытием?", **photo())
    assert shop.said(anna) == []
    assert photos(shop) == pictures(0)
    assert sum("Сколько стоит маникюр" in text for text in shop.texts()) == 1
    await shop.pass_time(minutes=11)  # nobody decides: a human is called, and has seen it
    assert photos(shop) == pictures(0)
    assert await shop.state() == [("pending", "pending", None)]


async def test_in_shadow_nobody_hears_of_a_photo(shop_of, anna) -> None:
    shop = await shop_of(mode="shadow")
    assert await shop.ask(anna, "хочу как на фото", **photo()) == []
    assert shop.topics() == []


async def test_a_complaint_keeps_its_reason_and_has_the_photo(shop_of, anna) -> None:
    shop = await shop_of()
    await shop.ask(anna, "Испортили ногти, вышло не как на фото!", **photo())
    assert "хочет как на фото" not in shop.card().text
    assert photos(shop) == pictures(0)
