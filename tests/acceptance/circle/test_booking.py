"""A wish for a time, from the customer's first words to what a manager's button tells them. Nobody is promised anything."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.circle.conftest import Shop

PACK: dict[str, Any] = {
    "business": {"name": "Салон"},
    "place": {
        "hours": {"mon-sat": "10:00-21:00", "sun": "closed"},
        "exceptions": [{"on": "12-31", "hours": "closed"}],
    },
    "services": [
        {"id": "manicure", "name": {"ru": "Маникюр", "kk": "Маникюр", "en": "Manicure"}, "aliases": ["manicure"], "price": "5000"},
        {"id": "haircut", "name": {"ru": "Стрижка", "kk": "Шаш қию", "en": "Haircut"}, "price": "6000"},
    ],
    "booking": {"enabled": True},
}  # fmt: skip
PROMISES = (
    "записали",
    "записаны",
    "забронир",
    "подтвержд",
    "жазып қойдық",
    "жаздық",
    "растаймыз",
    "booked",
    "confirmed",
)
WEDNESDAY = datetime(2026, 12, 2, 5, tzinfo=UTC)  # 10:00 in Almaty


@pytest_asyncio.fixture
async def booking_shop(shop_of, moved_clock):
    """Opens shops that collect wishes for a time, on a Wednesday morning."""
    moved_clock.advance(seconds=(WEDNESDAY - moved_clock.now()).total_seconds())

    async def start(pack: dict[str, Any] | None = None, **changes: Any) -> Shop:
        shop = await shop_of(timezone="Asia/Almaty", **changes)
        config = {**shop.config, "timezone": "Asia/Almaty"}
        config["plugins"] = [
            {**each, "settings": {"pack": {**PACK, **(pack or {})}}} if each["name"] == "policy" else each
            for each in config["plugins"]
        ]
        await shop.rig.apply(config)
        return shop

    return start


def is_no_promise(text: str) -> bool:
    """Does the bot keep from promising a place?"""
    return not any(word in text.lower() for word in PROMISES)


DIALOGUES = {
    "ru": (
        [("Здравствуйте, хочу записаться", "услуг"), ("на маникюр", "день и время"), ("завтра в 3", "имя"), ("Айгуль", "Передали")],
        "Маникюр, четверг, 3 декабря, 15:00, Айгуль",
    ),
    "kk": (
        [("Сәлеметсіз бе, жазылайын деп едім", "қызметке"), ("маникюрге", "Қай күні"), ("ертең сағат 3-те", "есімге"), ("Айгүл", "жеткіздік")],
        "Маникюр, бейсенбі, 3 желтоқсан, 15:00, Айгүл",
    ),
    "en": (
        [("Hello, I would like to book an appointment", "Which service"), ("a manicure", "Which day"), ("tomorrow at 3pm", "name"), ("Anna", "passed")],
        "Manicure, Thursday, 3 December, 15:00, Anna",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", DIALOGUES)
async def test_a_whole_dialogue(booking_shop, anna, language) -> None:
    shop = await booking_shop()
    steps, summary = DIALOGUES[language]
    for words, expected in steps:
        [reply] = await shop.ask(anna, words)
        assert expected in reply
        assert is_no_promise(reply)
    assert summary in shop.said(anna)[-1]
    assert shop.said(anna)[-1].count("?") == 0
    card = shop.card()
    assert "Клиент хочет записаться" in card.text
    for line in (
        "Услуга: Маникюр",
        "Когда: четверг, 3 декабря, 15:00",
        f"Имя: {steps[-1][0]}",
        "Телефон: +77010000001",
    ):
        assert line in card.text
    assert {"confirm", "another_time", "no_slots", "take"} <= shop.actions(card)
    assert await shop.state() == [("pending", "pending", None)]
    await shop.balanced()


async def test_everything_in_one_message(booking_shop, anna) -> None:
    shop = await booking_shop()
    [reply] = await shop.ask(anna, "Запишите меня на стрижку в пятницу в 6 вечера, меня зовут Айгуль")
    assert "Стрижка, пятница, 4 декабря, 18:00, Айгуль" in reply
    assert is_no_promise(reply)


async def test_the_push_name_is_offered(booking_shop, anna) -> None:
    shop = await booking_shop()
    [offer] = await shop.ask(anna, "Запишите меня на стрижку в пятницу в 18:00", name="Aigul 💅")
    assert "на имя Aigul?" in offer
    [reply] = await shop.ask(anna, "да", name="Aigul 💅")
    assert "Aigul" in reply
    assert "Имя: Aigul" in shop.card().text


async def test_another_name_than_the_offered_one(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "Запишите меня на стрижку в пятницу в 18:00", name="Mama")
    [again] = await shop.ask(anna, "нет", name="Mama")
    assert "имя" in again
    [reply] = await shop.ask(anna, "Гульнара", name="Mama")
    assert "Гульнара" in reply


async def test_a_question_in_between_is_answered_and_the_booking_question_repeated(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "хочу записаться на маникюр")
    shop.model.says("Парковка во дворе бесплатная для клиентов.")
    [reply] = await shop.ask(anna, "А парковка у вас есть?")
    assert "Парковка" in reply
    assert "На какой день и время" in reply
    [greeted] = await shop.ask(anna, "здравствуйте")
    assert greeted.endswith("На какой день и время вам удобно?")
    [offer] = await shop.ask(anna, "в субботу в 12")
    assert "имя" in offer


async def test_at_most_three_questions_then_people_get_what_is_known(booking_shop, anna) -> None:
    shop = await booking_shop()
    replies = [*await shop.ask(anna, "хочу записаться")]
    for words in ("на стрижку", "31 февраля", "в воскресенье", "хочу записаться"):
        replies += await shop.ask(anna, words)
    assert sum("?" in reply for reply in replies) == 3
    assert "Услуга: Стрижка" in shop.card().text
    assert await shop.state() == [("pending", "pending", None)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("на 31 февраля", "В календаре нет такой даты: 31.02."),
        ("в воскресенье", "воскресенье, 6 декабря — в этот день не работаем. Часы работы: пн–сб 10:00–21:00"),
        ("на 31 декабря в 12:00", "четверг, 31 декабря — в этот день не работаем."),
        ("сегодня в 9:00 утра", "в это время мы закрыты. В этот день работаем 10:00–21:00"),
        ("завтра в 22:30", "в это время мы закрыты"),
        ("25 ноября", "среда, 25 ноября — это уже прошло."),
        ("через год", ""),
        ("25 марта", "слишком далеко"),
    ],
)
async def test_a_time_that_cannot_be_is_named_honestly(booking_shop, anna, words, told) -> None:
    shop = await booking_shop()
    [reply] = await shop.ask(anna, f"запишите меня на маникюр {words}")
    assert told in reply
    assert "?" in reply
    assert is_no_promise(reply)


async def test_lead_time(booking_shop, anna) -> None:
    shop = await booking_shop(pack={"booking": {"enabled": True, "lead_minutes": "120"}})
    [reply] = await shop.ask(anna, "запишите меня на маникюр сегодня в 11")
    assert "слишком скоро" in reply


BUTTONS = {
    "confirm": ("Подтверждаем: Маникюр, четверг, 3 декабря, 15:00. Ждём вас!", "resolved"),
    "no_slots": ("мест на это время нет", "resolved"),
    "another_time": ("На какой другой день", "returned"),
}


async def booked(shop: Shop, jid: str) -> Any:
    """A booking that is complete; its card."""
    await shop.ask(jid, "Запишите на маникюр завтра в 15:00, меня зовут Айгуль")
    return shop.card(jid)


@pytest.mark.parametrize("button", BUTTONS)
async def test_each_button_tells_the_customer(booking_shop, anna, button) -> None:
    shop = await booking_shop()
    card = await booked(shop, anna)
    told, resolution = BUTTONS[button]
    before = shop.said(anna)
    assert await shop.press(card, button)
    [line] = shop.said(anna)[len(before) :]
    assert told in line
    assert await shop.state() == [("bot_active", "resolved", resolution)]
    assert card.buttons == {}
    after = await shop.everything()
    assert "закрыт" in await shop.forge(card, f"{button}_{await _handover(shop)}")
    assert await shop.everything() == after
    await shop.balanced()


async def _handover(shop: Shop) -> str:
    rows = await shop.rows("SELECT id FROM handovers WHERE client_id = $1 ORDER BY created_at")
    return str(rows[0]["id"])


async def test_another_time_keeps_the_rest_and_comes_back_as_a_new_card(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.press(await booked(shop, anna), "another_time")
    [reply] = await shop.ask(anna, "тогда в субботу в 12")
    assert "Маникюр, суббота, 5 декабря, 12:00, Айгуль" in reply
    cards = [each for each in shop.shown() if "Нужен человек" in each.text]
    assert len(cards) == 2
    assert "Когда: суббота, 5 декабря, 12:00" in cards[-1].text


async def test_who_has_taken_it_confirms_and_a_second_manager_changes_nothing(booking_shop, anna, stranger) -> None:
    shop = await booking_shop()
    card = await booked(shop, anna)
    await shop.press(card, "take")
    assert {"confirm", "another_time", "no_slots", "resolve"} <= shop.actions(card)
    before = await shop.everything()
    assert "уже ведёт" in await shop.press(card, "confirm", stranger)
    assert await shop.everything() == before
    await shop.press(card, "confirm")
    assert "Подтверждаем" in shop.said(anna)[-1]


async def test_a_forged_button_on_a_card_that_is_no_booking(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "Позовите менеджера")
    card = shop.card()
    assert not {"confirm", "no_slots"} & shop.actions(card)
    before = await shop.everything()
    assert "Такой кнопки нет" in await shop.forge(card, f"confirm_{await _handover(shop)}")
    assert await shop.everything() == before


async def test_while_somebody_is_called_the_wish_goes_to_them(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "Позовите менеджера")
    [question] = await shop.ask(anna, "и запишите меня на маникюр")
    assert "день и время" in question
    await shop.ask(anna, "завтра в 15:00")
    [passed] = await shop.ask(anna, "Айгуль")
    assert "Передали" in passed
    assert any("Заявка на запись: Маникюр, четверг, 3 декабря, 15:00, Айгуль" in text for text in shop.texts())
    assert len(await shop.rows("SELECT 1 FROM handovers WHERE client_id = $1")) == 1
    card = shop.card()
    assert "confirm" in shop.actions(card)
    await shop.press(card, "confirm")
    assert "Подтверждаем" in shop.said(anna)[-1]


async def test_a_human_wins_and_sees_what_is_known(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "запишите на маникюр завтра в 15:00")
    [reply] = await shop.ask(anna, "позовите администратора")
    assert "коллег" in reply
    card = shop.card()
    assert "Клиент просит человека" in card.text
    assert "Когда: четверг, 3 декабря, 15:00" in card.text


async def test_not_wanted_any_more(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "хочу записаться на маникюр")
    [reply] = await shop.ask(anna, "не надо, передумала")
    assert "заявку не оформляем" in reply
    [greeted] = await shop.ask(anna, "здравствуйте")
    assert "?" not in greeted or "день" not in greeted


async def test_a_day_of_silence_forgets_it(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "хочу записаться на маникюр")
    await shop.pass_time(hours=25)
    [greeted] = await shop.ask(anna, "здравствуйте")
    assert "На какой день" not in greeted


async def test_it_never_times_out(booking_shop, anna) -> None:
    shop = await booking_shop()
    await booked(shop, anna)
    await shop.pass_time(hours=3)
    assert await shop.state() == [("pending", "pending", None)]


async def test_in_mode_approve_a_person_lets_the_questions_go(booking_shop, anna) -> None:
    shop = await booking_shop(mode="approve")
    await shop.ask(anna, "хочу записаться")
    assert shop.said(anna) == []
    draft = next(each for each in shop.shown() if "Черновик" in each.text)
    await shop.press(draft, "send")
    assert shop.said(anna) == ["На какую услугу вас записать?"]
    await shop.ask(anna, "на стрижку завтра в 15:00, меня зовут Айгуль")
    assert "Передали" in shop.said(anna)[-1]
    assert "confirm" in shop.actions(shop.card())


async def test_in_shadow_nobody_was_asked(booking_shop, anna) -> None:
    shop = await booking_shop(mode="shadow")
    await shop.ask(anna, "хочу записаться")
    [row] = await shop.rows("SELECT context FROM conversations WHERE client_id = $1")
    assert "booking" not in row["context"]


async def test_words_in_pieces_count_once(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.write(anna, "хочу записаться")
    await shop.write(anna, "на маникюр")
    await shop.settled()
    assert shop.said(anna)[-1] == "На какой день и время вам удобно?"


async def test_a_wish_with_a_question_is_answered_and_goes_on(booking_shop, anna) -> None:
    shop = await booking_shop()
    shop.model.says("Парковка во дворе бесплатная для клиентов.")
    [reply] = await shop.ask(anna, "Запишите на маникюр. Где парковка?")
    assert "Парковка" in reply
    assert reply.endswith("На какой день и время вам удобно?")


async def test_a_question_that_nobody_can_answer_goes_to_people_and_the_booking_goes_on(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "хочу записаться на маникюр")
    [reply] = await shop.ask(anna, "А какой аппарат для татуажа у вас?")
    assert "коллег" in reply
    assert reply.endswith("На какой день и время вам удобно?")
    await shop.ask(anna, "завтра в 15:00")
    [passed] = await shop.ask(anna, "Айгуль")
    assert "Маникюр, четверг, 3 декабря, 15:00, Айгуль" in passed
    assert len(await shop.rows("SELECT 1 FROM handovers WHERE client_id = $1")) == 1


async def test_a_deleted_topic_shows_the_booking_with_its_buttons_again(booking_shop, anna) -> None:
    shop = await booking_shop()
    card = await booked(shop, anna)
    shop.telegram.delete_topic(shop.group, card.thread)
    await shop.ask(anna, "жду ответа")
    again = next(each for each in shop._all(anna) if "Когда: четверг, 3 декабря, 15:00" in each.text)
    assert "confirm" in shop.actions(again)
    await shop.press(again, "confirm")
    assert "Подтверждаем" in shop.said(anna)[-1]


async def test_another_time_for_what_the_desk_has_already(booking_shop, anna) -> None:
    shop = await booking_shop()
    card = await booked(shop, anna)
    [reply] = await shop.ask(anna, "лучше в 16:00")
    assert "16:00" in reply
    assert any("Заявка на запись: Маникюр, четверг, 3 декабря, 16:00" in text for text in shop.texts())
    before = shop.said(anna)
    assert "16:00" in await shop.press(card, "confirm"), "the card still says 15:00"
    assert shop.said(anna) == before, "nobody has agreed to what they had not read"
    assert "16:00" in await shop.press(card, "confirm")
    assert "четверг, 3 декабря, 16:00" in shop.said(anna)[-1]


async def test_each_manager_reads_the_new_time_before_it_is_refused(booking_shop, anna, stranger) -> None:
    shop = await booking_shop()
    card = await booked(shop, anna)
    await shop.ask(anna, "лучше в 16:00")
    assert "16:00" in await shop.press(card, "no_slots")
    before = shop.said(anna)
    assert "16:00" in await shop.press(card, "no_slots", stranger)
    assert shop.said(anna) == before
    await shop.press(card, "no_slots", stranger)
    assert "мест на это время нет" in shop.said(anna)[-1]


@pytest.mark.parametrize(
    "wish", ["завтра после 15:00", "в четверг или пятницу в 12", "завтра после обеда", "с 15 до 17 завтра"]
)
async def test_what_is_no_exact_time_is_not_confirmed(booking_shop, anna, wish) -> None:
    shop = await booking_shop()
    await shop.ask(anna, f"запишите на маникюр {wish}")
    for _ in range(3):
        if not shop.topics():
            await shop.ask(anna, "Айгуль")
    card, before = shop.card(), shop.said(anna)
    assert "точного" in await shop.press(card, "confirm")
    assert shop.said(anna) == before


async def test_where_there_are_branches_the_branch_is_asked_first(booking_shop, anna) -> None:
    branches = [{"slug": "north", "name": "Север"}, {"slug": "south", "name": "Юг"}]
    shop = await booking_shop(branches=branches, branching={"mode": "ask_user"})
    [which] = await shop.ask(anna, "запишите на маникюр завтра в 15:00")
    assert "Какой филиал" in which
    [name] = await shop.ask(anna, "2")
    assert "имя" in name
    await shop.ask(anna, "Айгуль")
    assert "Филиал: Юг" in shop.card().text
    assert "Когда: четверг, 3 декабря, 15:00" in shop.card().text


async def test_a_time_at_which_the_chosen_branch_is_closed_is_asked_again(booking_shop, anna) -> None:
    branches = [{"slug": "north", "name": "Север"}, {"slug": "south", "name": "Юг"}]
    hours = {"place": {}, "branches": [{**each, "hours": {"daily": "10:00-18:00"}} for each in branches]}
    shop = await booking_shop(hours, branches=branches, branching={"mode": "ask_user"})
    await shop.ask(anna, "запишите на маникюр завтра в 20:00")
    [again] = await shop.ask(anna, "2")
    assert "закрыты" in again
    assert again.endswith("На какое время вам удобно?")
    await shop.ask(anna, "в 17")
    await shop.ask(anna, "Айгуль")
    assert "Когда: четверг, 3 декабря, 17:00" in shop.card().text


async def test_a_time_at_which_the_new_day_is_closed_is_asked_again(booking_shop, anna) -> None:
    shop = await booking_shop({"place": {"hours": {"mon-fri": "10:00-21:00", "sat": "10:00-14:00"}}})
    await shop.ask(anna, "запишите на маникюр завтра в 15:00")
    [again] = await shop.ask(anna, "нет, лучше в субботу")
    assert "закрыты" in again
    assert again.endswith("На какое время вам удобно?")


async def test_silence_is_the_end_of_it(booking_shop, anna) -> None:
    shop = await booking_shop()
    await shop.ask(anna, "хочу записаться на маникюр")
    await shop.ask(anna, "не пишите мне больше")
    await shop.pass_time(hours=1)
    assert "Парковка" not in "".join(await shop.ask(anna, "здравствуйте"))
    assert "день и время" not in shop.said(anna)[-1]


ANSWERS = ["на маникюр", "завтра", "в 15:00", "в субботу в 12", "Айгуль", "31 февраля", "в воскресенье", "ну не знаю", "лучше в пятницу",
           "в полночь", "стрижка", "вчера", "утром"]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_any_words_in_any_order_are_asked_three_things_at_most(booking_shop, seed) -> None:
    shop, chance = await booking_shop(), random.Random(seed)
    for number in range(4):
        jid, told = f"7701000100{number}@s.whatsapp.net", set[str]()
        await shop.ask(jid, "хочу записаться")
        while not any("Передали" in reply for reply in shop.said(jid)):
            words = chance.choice(ANSWERS)
            told.add(words)
            await shop.ask(jid, words)
        replies = shop.said(jid)
        assert sum("?" in reply for reply in replies) <= 3
        assert all(is_no_promise(reply) for reply in replies)
        card = shop.card(jid)
        assert ("Услуга: " in card.text) or not {"на маникюр", "стрижка"} & told
        assert "confirm" in shop.actions(card)
