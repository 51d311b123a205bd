"""Mode `approve`: what the bot would say waits in the customer's topic until somebody lets it go."""

from __future__ import annotations

import asyncio

import pytest
from truffles_telegram.simulator import User

from truffles_gateway.store import reports

QUESTION = "Сколько стоит маникюр?"
PRICE = "Маникюр с покрытием стоит 5 000 ₸."
OTHER_WORDS = "Маникюр с покрытием стоит 5 000 ₸, снятие входит в цену."
LONG_QUESTION = "Сколько стоит маникюр с покрытием и снятием?"
MARAT, SAULE = User(id=501, first_name="Марат"), User(id=502, first_name="Сауле")
TITLE = "📝 Черновик ответа"


async def approving(shop_of, slug: str = "salon", **more):
    """A shop in mode `approve` whose model knows the price."""
    shop = await shop_of(slug, mode="approve", **more)
    shop.model.says(PRICE)
    return shop


def drafts(shop, thread: int | None = None):
    """The cards of drafts in a topic, the oldest first."""
    return [message for message in shop.shown(thread) if TITLE in message.text]


async def drafted(shop, jid: str, question: str = QUESTION):
    """A customer asks; the card of the draft. Nobody has answered yet."""
    assert await shop.ask(jid, question) == []
    [thread] = [topic.id for topic in shop.topics() if jid.partition("@")[0] in topic.name]
    return drafts(shop, thread)[-1]


async def statuses(shop) -> list[tuple[str, str]]:
    """(status, by whom) of all drafts, the oldest first."""
    rows = await shop.rows("SELECT status, decided_by FROM drafts WHERE client_id = $1 ORDER BY created_at")
    return [(row["status"], row["decided_by"]) for row in rows]


async def customers_ends(shop) -> list[tuple[str, str]]:
    """(outcome, reason) of what customers wrote."""
    rows = await shop.rows(
        "SELECT outcome, outcome_reason AS why FROM inbox_events WHERE client_id = $1 AND kind = 'customer' ORDER BY seq"
    )
    return [(row["outcome"], row["why"]) for row in rows]


async def story(shop) -> str:
    """What `truffles why` knows of the first message that came."""
    [event, *_] = await shop.rows("SELECT event_id FROM inbox_events WHERE client_id = $1 ORDER BY seq")
    return str(await reports.why(shop.rig.gateway.database, event["event_id"]))


async def test_a_draft_waits_and_goes_out_as_it_was_shown(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    assert QUESTION in card.text
    assert PRICE in card.text
    assert list(card.buttons) == ["Отправить ✅", "Изменить ✏️", "Сам ✋"]
    assert await customers_ends(shop) == [("answered", "")]

    assert "Отправляю" in await shop.press(card, "send", MARAT)
    assert shop.said(anna) == [PRICE]
    assert card.buttons == {}
    assert "Отправляет Марат" in card.text
    assert PRICE in card.text
    assert card.reactions == ["👌"]
    assert await shop.state() == [("bot_active", None, None)]
    assert await statuses(shop) == [("sent", "Марат")]
    lines = await shop.rows("SELECT role, content, metadata FROM messages WHERE client_id = $1 ORDER BY seq")
    assert [(line["role"], line["content"]) for line in lines] == [("user", QUESTION), ("assistant", PRICE)]
    assert lines[1]["metadata"]["approved_by"] == "Марат"

    told = await story(shop)
    assert PRICE in told
    assert "'status': 'sent', 'by': 'Марат'" in told
    await shop.pass_time(minutes=11)
    assert shop.said(anna) == [PRICE]
    assert await customers_ends(shop) == [("answered", "")]
    assert await shop.state() == [("bot_active", None, None)]
    await shop.balanced()


async def test_pressed_twice_it_goes_out_once(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    data = dict(card.buttons)
    await shop.telegram.press_data(card, data["Отправить ✅"], sender=MARAT)
    await shop.telegram.press_data(card, data["Отправить ✅"], sender=MARAT)
    await shop.settled()
    assert shop.said(anna) == [PRICE]
    for button in data.values():
        said = await shop.forge(card, button, SAULE)
        assert "Марат" in said
        assert "ничего не изменилось" in said
    assert shop.said(anna) == [PRICE]
    assert await statuses(shop) == [("sent", "Марат")]


async def test_other_words_go_out_in_its_place_and_are_learnt(shop_of, anna, owner) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna, LONG_QUESTION)
    assert "исправленный текст" in await shop.press(card, "edit", owner)
    assert "Исправляет Айгерим" in card.text
    assert shop.actions(card) == {"send", "own"}
    assert "Айгерим" in await shop.forge(card, card.buttons["Отправить ✅"], MARAT)
    assert shop.said(anna) == []

    words = await shop.reply(OTHER_WORDS, card.thread, owner)
    assert shop.said(anna) == [OTHER_WORDS]
    assert words.reactions == ["👌"]
    assert card.buttons == {}
    assert "в другой редакции: Айгерим" in card.text
    assert await shop.learned() == [(OTHER_WORDS, "approved")]
    assert await shop.state() == [("bot_active", "resolved", "resolved")]
    assert await customers_ends(shop) == [("answered", "")]
    assert await statuses(shop) == [("edited", "Айгерим")]

    shop.model.says("Парковка во дворе бесплатная для клиентов.")
    following = await drafted(shop, anna, "А парковка у вас есть?")
    await shop.press(following, "send", MARAT)
    assert shop.said(anna)[-1] == "Парковка во дворе бесплатная для клиентов."
    await shop.balanced()


async def test_a_slip_in_the_other_words_is_put_right_before_they_go(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    await shop.press(card, "edit", MARAT)
    words = await shop.telegram.write("Маникюр 6 000", chat=shop.group, thread=card.thread, sender=MARAT)
    await shop.telegram.edit(words, OTHER_WORDS)
    await shop.pass_time(seconds=3.5)
    assert shop.said(anna) == [OTHER_WORDS]
    assert await statuses(shop) == [("edited", "Марат")]


async def test_who_wanted_to_change_it_may_send_it_as_it_is(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    await shop.press(card, "edit", MARAT)
    await shop.reply("// спрошу мастера", card.thread, MARAT)
    assert await statuses(shop) == [("editing", "Марат")]
    await shop.press(card, "send", MARAT)
    assert shop.said(anna) == [PRICE]


async def test_somebody_answers_themselves(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    assert "диалог ваш" in await shop.press(card, "own", MARAT)
    assert card.buttons == {}
    assert "Отвечает сам(а): Марат" in card.text
    assert shop.said(anna) == []
    assert await shop.state() == [("manager_active", "active", None)]
    assert await customers_ends(shop) == [("escalated", "a manager answers")]
    [handover] = await shop.rows("SELECT assigned_to, user_message, trigger_type FROM handovers WHERE client_id = $1")
    assert (handover["assigned_to"], handover["user_message"], handover["trigger_type"]) == ("Марат", QUESTION, "draft")

    await shop.reply("Сейчас посмотрю", card.thread, MARAT)
    assert shop.said(anna) == ["Сейчас посмотрю"]
    assert await shop.ask(anna, "Жду") == []
    assert "👤 Жду" in shop.texts()
    taken = next(message for message in shop.shown() if "resolve" in shop.actions(message))
    await shop.press(taken, "resolve", MARAT)
    assert await shop.state() == [("bot_active", "resolved", "resolved")]
    await shop.pass_time(minutes=11)
    assert await statuses(shop) == [("owned", "Марат")]
    await shop.balanced()


async def test_own_words_in_the_topic_withdraw_it(shop_of, anna, owner) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna, LONG_QUESTION)
    button = card.buttons["Отправить ✅"]
    words = await shop.reply(OTHER_WORDS, card.thread, owner)
    assert shop.said(anna) == [OTHER_WORDS]
    assert words.reactions == ["👌"]
    assert card.buttons == {}
    assert "Отвечает Айгерим" in card.text
    assert await shop.state() == [("manager_active", "active", None)]
    assert await shop.learned() == [(OTHER_WORDS, "approved")]
    assert "Айгерим" in await shop.forge(card, button, MARAT)
    assert shop.said(anna) == [OTHER_WORDS]
    assert await customers_ends(shop) == [("escalated", "a manager answers")]


async def test_while_one_changes_it_anothers_own_words_take_over(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    await shop.press(card, "edit", MARAT)
    await shop.reply("Я отвечу", card.thread, SAULE)
    assert await statuses(shop) == [("withdrawn", "Сауле")]
    assert await shop.state() == [("manager_active", "active", None)]
    assert shop.said(anna) == ["Я отвечу"]


async def test_after_ten_minutes_it_becomes_a_handover(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    button = card.buttons["Отправить ✅"]
    await shop.pass_time(minutes=9)
    assert await shop.state() == [("bot_active", None, None)]
    await shop.pass_time(minutes=1, seconds=5)
    assert await shop.state() == [("pending", "pending", None)]
    [told] = shop.said(anna)
    assert "коллеге" in told
    asked = shop.card()
    assert QUESTION in asked.text
    assert shop.actions(asked) == {"take", "return", "skip"}
    assert card.buttons == {}
    assert "Никто не решил вовремя" in card.text
    assert "Время вышло" in await shop.forge(card, button, MARAT)
    assert shop.said(anna) == [told]
    assert await customers_ends(shop) == [("escalated", "draft overdue")]
    assert "'status': 'overdue'" in await story(shop)
    await shop.balanced()


async def test_the_ten_minutes_outlive_the_gateway(shop_of, anna, another) -> None:
    """The process that thought of the draft is gone; another one, started later, makes the handover."""
    shop = await approving(shop_of, rig={"work": False})
    await drafted(shop, anna)
    with another.asleep():
        shop.rig.clock.advance(minutes=10, seconds=5)
        async with another.rig():
            await shop.settled()
            assert await shop.state() == [("pending", "pending", None)]
    assert QUESTION in shop.card().text
    assert await statuses(shop) == [("overdue", "")]
    await shop.balanced()


async def test_more_from_the_customer_is_thought_about_together(shop_of, anna) -> None:
    shop = await approving(shop_of)
    first = await drafted(shop, anna)
    button = first.buttons["Отправить ✅"]
    both = "Маникюр с покрытием стоит 5 000 ₸. Парковка во дворе бесплатная для клиентов."
    shop.model.says(both)
    second = await drafted(shop, anna, "И парковка есть?")
    assert first.buttons == {}
    assert "Клиент написал ещё" in first.text
    assert QUESTION in second.text
    assert "И парковка есть?" in second.text
    assert any(QUESTION in each and "И парковка есть?" in each for each in shop.model.read)

    assert "больше не действует" in await shop.forge(first, button, MARAT)
    assert shop.said(anna) == []
    await shop.press(second, "send", MARAT)
    assert shop.said(anna) == [both]
    assert await customers_ends(shop) == [("answered", "")] * 2
    assert await statuses(shop) == [("replaced", ""), ("sent", "Марат")]
    told = await story(shop)
    assert "'status': 'replaced'" in told
    assert "'status': 'sent', 'by': 'Марат'" in told
    lines = await shop.rows("SELECT content FROM messages WHERE client_id = $1 ORDER BY seq")
    assert [line["content"] for line in lines] == [QUESTION, "И парковка есть?", both]
    await shop.balanced()


async def test_who_writes_on_does_not_wait_longer_for_a_human(shop_of, anna) -> None:
    shop = await approving(shop_of)
    await drafted(shop, anna)
    await shop.pass_time(minutes=6)
    await drafted(shop, anna, "Вы тут? Сколько стоит маникюр?")
    await shop.pass_time(minutes=4, seconds=5)
    assert await shop.state() == [("pending", "pending", None)]
    assert await customers_ends(shop) == [("escalated", "draft overdue")] * 2


async def test_a_human_who_is_called_is_called_at_once(shop_of, anna) -> None:
    """Lines about the service need nobody's leave; while the human is awaited the bot's answers still do."""
    shop = await shop_of(mode="approve")
    [told] = await shop.ask(anna, "Позовите менеджера, пожалуйста")
    assert "коллеге" in told
    asked = shop.card()
    shop.model.says(PRICE)
    card = await drafted(shop, anna)
    assert f"👤 {QUESTION}" in shop.texts()
    shop.model.says(f"{PRICE} Парковка во дворе бесплатная для клиентов.")
    second = await drafted(shop, anna, "И парковка есть?")
    assert shop.texts().count(f"👤 {QUESTION}") == 1
    assert "👤 И парковка есть?" in shop.texts()
    assert card.buttons == {}
    await shop.press(asked, "take", MARAT)
    assert second.buttons == {}
    assert "Отвечает Марат" in second.text
    assert await shop.state() == [("manager_active", "active", None)]
    await shop.pass_time(minutes=11)
    assert shop.said(anna) == [told]
    assert await statuses(shop) == [("replaced", ""), ("withdrawn", "Марат")]
    await shop.balanced()


async def test_a_draft_beside_a_handover_is_only_over_when_nobody_decides(shop_of, anna) -> None:
    shop = await shop_of(mode="approve")
    await shop.ask(anna, "Позовите менеджера, пожалуйста")
    shop.model.says(PRICE)
    card = await drafted(shop, anna)
    await shop.pass_time(minutes=10, seconds=5)
    assert card.buttons == {}
    assert len(shop.said(anna)) == 1
    assert len(await shop.rows("SELECT 1 FROM handovers WHERE client_id = $1")) == 1
    assert await customers_ends(shop) == [("escalated", "human"), ("escalated", "draft overdue")]


async def test_a_half_known_answer_waits_and_the_rest_is_asked_at_once(shop_of, anna) -> None:
    shop = await shop_of(mode="approve")
    shop.model.says(PRICE, unanswered=["Есть ли у вас курсы?"])
    [told] = await shop.ask(anna, f"{QUESTION} Есть ли у вас курсы?")
    assert "Передали ваш вопрос коллеге" in told
    assert PRICE not in told
    [card] = drafts(shop)
    assert PRICE in card.text
    assert shop.card()
    await shop.press(card, "send", MARAT)
    assert PRICE in shop.said(anna)[-1]
    assert await shop.state() == [("pending", "pending", None)]


async def test_who_wants_no_messages_hears_so_at_once(shop_of, anna, boris) -> None:
    """So does who wrote so after a question that still waits: that is asked back, and "no" brings the answer back."""
    shop = await approving(shop_of)
    [told] = await shop.ask(boris, "Не пишите мне больше")
    assert "больше не пишем" in told
    assert shop.topics() == []

    card = await drafted(shop, anna)
    [asked] = await shop.ask(anna, "Не пишите мне больше")
    assert "вам больше не писать?" in asked
    assert card.buttons == {}
    again = await drafted(shop, anna, "Нет")
    await shop.press(again, "send", MARAT)
    await shop.pass_time(minutes=11)
    assert shop.said(anna) == [asked, PRICE]
    assert shop.said(boris) == [told]
    assert await statuses(shop) == [("replaced", ""), ("sent", "Марат")]


async def test_two_managers_press_at_two_gateways_at_once(shop_of, anna, another) -> None:
    """One of them is first, the other is told so; the customer reads it once."""
    shop = await approving(shop_of, rig={"work": False})
    card = await drafted(shop, anna)
    with another.asleep():
        send, own = card.buttons["Отправить ✅"], card.buttons["Сам ✋"]
        presses = ((send, MARAT), (own, SAULE), (send, SAULE), (own, MARAT))
        queries = [await shop.telegram.press_data(card, data, sender=sender) for data, sender in presses]
        async with another.rig(), another.rig():
            await shop.settled()
    said = [shop.telegram.world.answers[query] or "" for query in queries]
    assert sum("ничего не изменилось" in each for each in said) == 3
    [(status, _)] = await statuses(shop)
    assert (status, shop.said(anna)) in [("sent", [PRICE]), ("owned", [])]
    assert card.buttons == {}
    await shop.balanced()


async def test_a_button_and_the_customers_next_words_meet(shop_of, anna) -> None:
    """Whichever is first: nothing is said twice, and no button stays under a draft that is over."""
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    shop.model.says("Парковка во дворе бесплатная для клиентов.")
    await asyncio.gather(
        shop.telegram.press_data(card, card.buttons["Отправить ✅"], sender=MARAT), shop.write(anna, "А парковка?")
    )
    await shop.settled()
    [first, second] = await statuses(shop)
    assert first in [("sent", "Марат"), ("replaced", "")]
    assert shop.said(anna) == ([PRICE] if first[0] == "sent" else [])
    assert second == ("waiting", "")
    old, new = drafts(shop)
    assert old.buttons == {}
    assert shop.actions(new) == {"send", "edit", "own"}
    await shop.balanced()


async def test_the_clock_and_a_button_meet(shop_of, anna, another) -> None:
    """The 10 minutes are over at one gateway while somebody presses at another."""
    shop = await approving(shop_of, rig={"work": False})
    card = await drafted(shop, anna)
    with another.asleep():
        shop.rig.clock.advance(minutes=10, seconds=5)
        query = await shop.telegram.press_data(card, card.buttons["Отправить ✅"], sender=MARAT)
        async with another.rig(), another.rig():
            await shop.settled()
    [(status, _)] = await statuses(shop)
    said = shop.telegram.world.answers[query] or ""
    if status == "sent":
        assert "Отправляю" in said
        assert shop.said(anna) == [PRICE]
        assert await shop.state() == [("bot_active", None, None)]
    else:
        assert "Время вышло" in said
        assert PRICE not in shop.said(anna)
        assert await shop.state() == [("pending", "pending", None)]
    assert card.buttons == {}
    await shop.balanced()


async def test_forged_buttons_change_nothing(shop_of, anna, boris) -> None:
    studio = await approving(shop_of, "studio", group=-1002)
    shop = await approving(shop_of, "salon", group=-1001)
    theirs, mine, borises = await drafted(studio, anna), await drafted(shop, anna), await drafted(shop, boris)
    before, there = [await shop.everything(), await statuses(shop)], [await studio.everything(), await statuses(studio)]
    for data in (*theirs.buttons.values(), *borises.buttons.values(), "send_1", "edit_x", "own_0"):
        assert "ничего не изменилось" in await shop.forge(mine, data, MARAT), data
    assert [await shop.everything(), await statuses(shop)] == before

    place = shop.telegram.group(-666)
    shop.telegram.world.open_topic(place, "чужая тема", MARAT)
    foreign = await shop.telegram.write("слова", chat=-666, thread=next(iter(place.topics)), sender=MARAT)
    for data in mine.buttons.values():
        assert await shop.forge(foreign, data, MARAT) == ""
    assert [await shop.everything(), await statuses(shop)] == before
    assert [await studio.everything(), await statuses(studio)] == there
    assert shop.said() + studio.said() == []
    await shop.balanced()


async def test_markup_and_long_words_are_shown_as_they_are_sent(shop_of, anna, boris) -> None:
    facts = "## Цена\nМаникюр <b>с покрытием</b> & дизайн стоит 5 000 ₸.\n"
    shop = await approving(shop_of, facts=facts)
    odd = "Маникюр <b>с покрытием</b> & дизайн стоит 5 000 ₸ </i>"
    shop.model.says(odd)
    card = await drafted(shop, anna, "Сколько стоит <b>маникюр</b> & дизайн?")
    assert odd in card.text
    assert "Сколько стоит <b>маникюр</b> & дизайн?" in card.text
    await shop.press(card, "send", MARAT)
    assert shop.said(anna) == [odd]

    long = "- Маникюр с покрытием\n" * 150
    shop.model.says(long.strip())
    card = await drafted(shop, boris)
    assert "текст в сообщении выше" in card.text
    above = [message.text for message in shop.shown(card.thread)]
    assert long.strip() in above
    await shop.press(card, "send", MARAT)
    assert " ".join(shop.said(boris)).split() == long.split()


@pytest.mark.parametrize(
    ("language", "buttons", "popup", "line"),
    [
        ("kk", ["Жіберу ✅", "Өзгерту ✏️", "Өзім ✋"], "Клиентке жіберіп жатырмын", "Марат жіберді"),
        ("en", ["Send ✅", "Change ✏️", "Myself ✋"], "Sending it to the customer", "Sent by Марат"),
    ],
)
async def test_the_desks_own_language(shop_of, anna, language, buttons, popup, line) -> None:
    shop = await approving(shop_of, languages=[language, "ru"])
    await shop.ask(anna, QUESTION)
    [card] = [message for message in shop.shown() if message.buttons]
    assert list(card.buttons) == buttons
    assert popup in await shop.press(card, "send", MARAT)
    assert line in card.text
    assert shop.said(anna) == [PRICE]


async def test_a_draft_that_does_not_arrive_is_told_to_the_desk(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    shop.phones.behave(count=1, status=400)
    await shop.press(card, "send", MARAT)
    assert shop.said(anna) == []
    assert card.reactions == []
    assert any("Клиент этого не получил" in text for text in shop.texts())


async def test_a_topic_that_was_deleted_loses_no_question(shop_of, anna) -> None:
    """The draft's buttons are gone with it: after the ten minutes its question stands in a new topic, with those of a card."""
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    shop.telegram.delete_topic(shop.group, card.thread)
    await shop.pass_time(minutes=10, seconds=5)
    [thread] = [topic.id for topic in shop.topics()]
    assert thread != card.thread
    assert QUESTION in shop.card().text
    assert shop.actions(shop.card()) == {"take", "return", "skip"}
    assert [each.buttons for each in drafts(shop)] == [{}]
    await shop.balanced()


async def test_a_card_that_was_deleted_comes_back_with_what_counts_now(shop_of, anna) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    data = card.buttons["Изменить ✏️"]
    shop.telegram.behave(
        method="editMessageText", status=400, description="Bad Request: message to edit not found", count=1
    )
    await shop.forge(card, data, MARAT)
    again = drafts(shop)[-1]
    assert again is not card
    assert "Исправляет Марат" in again.text
    await shop.press(again, "send", MARAT)
    assert again.buttons == {}
    assert shop.said(anna) == [PRICE]


async def test_a_branch_may_ask_first_and_another_not(shop_of, anna, boris) -> None:
    """The numbers of two branches: at one a person lets each answer go."""
    shop = await shop_of(
        mode="auto", branches=[{"slug": "centre", "name": "Центр", "instance_id": "centre", "mode": "approve"}]
    )
    shop.model.says(PRICE)
    assert await shop.ask(boris, QUESTION) == [PRICE]
    assert await shop.ask(anna, QUESTION, instance="centre") == []
    [card] = drafts(shop)
    assert PRICE in card.text
