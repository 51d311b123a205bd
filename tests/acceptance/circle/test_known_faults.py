"""One test for each fault that earlier systems of this kind are known for."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable

from truffles_telegram.simulator import User

from truffles_gateway.testing import jpeg

QUESTION = "Делаете ли вы перманентный татуаж губ?"
ANSWER = "Татуаж губ делаем, сначала нужна консультация мастера."
NO_SUCCESS = [None, "false", "null", "[]", '{"success": "false"}']
PASSED_ON = ("передал", "коллег", "менеджер", "тапсыр", "әріптес", "passed", "colleague", "manager")


async def test_a_managers_reply_finds_no_conversation(shop_of, owner) -> None:
    """The manager is told so under their own words, and nobody is written to."""
    shop = await shop_of()
    topic = shop.telegram.world.open_topic(shop.telegram.group(shop.group), "Своя тема", owner)
    words = await shop.reply("Здравствуйте! Маникюр завтра в силе?", topic.id)
    assert words.reactions == []
    [told] = shop.shown(topic.id)[1:]
    assert told.text.startswith("⚠️ Не доставлено клиенту")
    assert told.json["reply_to_message"]["message_id"] == words.id
    assert shop.said() == []
    assert await shop.ends() == [("ignored", "no such conversation")]


async def test_words_in_a_topic_whose_button_finds_no_conversation(shop_of, anna, owner) -> None:
    """A button for nobody's handover, in nobody's topic, is answered honestly."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    topic = shop.telegram.world.open_topic(shop.telegram.group(shop.group), "Своя тема", owner)
    stray = await shop.telegram.write("?", chat=shop.group, thread=topic.id, sender=owner)
    before = await shop.state()
    assert await shop.forge(stray, card.buttons["Беру ✋"], owner)
    assert await shop.state() == before
    assert shop.actions(card) == {"take", "return", "skip"}


async def test_learning_is_never_called(shop_of, anna, boris, owner) -> None:
    """Every reply to a question teaches, whoever took it before: the owner's at once, a manager's by the owner's button."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    await shop.reply(ANSWER, card.thread, owner)
    assert await shop.learned() == [(ANSWER, "approved")]

    other = await shop.hand_over(boris, "Есть ли у вас курсы для начинающих визажистов?")
    await shop.press(other, "take")
    await shop.reply("Курсов для визажистов пока нет.", other.thread, User(id=501, first_name="Аружан"))
    assert (await shop.learned())[1:] == [("Курсов для визажистов пока нет.", "pending")]
    lesson = shop.lesson(boris)
    assert "Ответил не владелец" in lesson.text
    assert "только владелец" in await shop.press(lesson, "approve")
    assert (await shop.learned())[1][1] == "pending"
    await shop.press(lesson, "approve", owner)
    assert (await shop.learned())[1][1] == "approved"
    assert shop.actions(lesson) == {"undo"}

    shop.model.says("Курсов для визажистов пока нет.")
    carol = "77010000003@s.whatsapp.net"
    assert await shop.ask(carol, "Есть у вас курсы для визажистов?") == ["Курсов для визажистов пока нет."]


async def test_the_owner_of_one_tenant_is_owner_of_another(shop_of, anna, owner) -> None:
    """Their words reach the customer, as anybody's in the group do; the bot of the other tenant learns nothing from them."""
    await shop_of("salon")
    aliya = {"name": "Алия", "role": "owner", "identities": [{"channel": "telegram", "id": "901"}]}
    shop = await shop_of("studio", group=-1002, agents=[aliya])
    card = await shop.hand_over(anna)
    await shop.reply(ANSWER, card.thread, owner)
    assert shop.said(anna)[-1] == ANSWER
    assert await shop.learned() == [(ANSWER, "pending")]
    assert "только владелец" in await shop.press(shop.lesson(), "approve", owner)
    assert await shop.learned() == [(ANSWER, "pending")]
    shop.model.says(ANSWER)
    assert ANSWER not in await shop.ask("77010000009@s.whatsapp.net", QUESTION)


async def test_equal_topics_of_two_tenants_reach_the_wrong_customer(shop_of, anna, boris, owner) -> None:
    salon, studio = await shop_of("salon", group=-1001), await shop_of("studio", group=-1002)
    one, other = await salon.hand_over(anna), await studio.hand_over(boris)
    assert one.thread == other.thread
    await salon.reply("Слова салона", one.thread, owner)
    await studio.reply("Слова студии", other.thread, owner)
    assert (salon.said()[-1], studio.said()[-1]) == ("Слова салона", "Слова студии")
    assert salon.said(boris) == studio.said(anna) == []


async def test_equal_topics_of_two_groups_reach_the_wrong_customer(shop_of, anna, boris, owner) -> None:
    """Two branches, two groups, one bot: Telegram counts the topics of each group from the beginning."""
    branches = [
        {"slug": slug, "name": slug, "instance_id": slug, "telegram_chat_id": chat}
        for slug, chat in (("north", "-1001"), ("south", "-1002"))
    ]
    shop = await shop_of(branches=branches)
    shop.telegram.group(-1002)
    for customer, branch in ((anna, "north"), (boris, "south")):
        await shop.ask(customer, QUESTION, instance=branch)
    [[north], [south]] = [shop.telegram.topics(chat) for chat in (-1001, -1002)]
    assert north.id == south.id
    for chat, words in ((-1001, "Ответ севера"), (-1002, "Ответ юга")):
        await shop.telegram.write(words, chat=chat, thread=north.id, sender=owner)
    await shop.pass_time(seconds=3.5)
    assert (shop.said(anna)[1:], shop.said(boris)[1:]) == (["Ответ севера"], ["Ответ юга"])
    for chat, mine, foreign in ((-1001, "Ответ севера", "Ответ юга"), (-1002, "Ответ юга", "Ответ севера")):
        shown = "\n".join(message.text for message in shop.telegram.topic(chat, north.id))
        assert mine in shown
        assert foreign not in shown


HOSTILE = {
    '<b>&"</b> Делаете ли вы татуаж губ?': '<i>Anna</i> & "Co"',
    "<b>Делаете <a href='tg://user?id=1'>татуаж <pre> губ? </u": "<code",
    "&lt;b&gt; &amp;amp; &#60; Делаете татуаж губ? &": "&quot;&#x27;",
    "👩‍👩‍👧‍👦🏳️‍🌈 Делаете 👍🏽 татуаж губ? \u202eзад": "👩‍🦰🇰🇿" * 40,
    "<b>" + "Делаете ли вы <татуаж> & губ? " * 340: "Анна <" * 60,
}


async def test_a_users_text_breaks_the_html_of_a_card(shop_of, owner) -> None:
    """Cards, forwards, the topic's name and what the manager quotes show the words as they are; Telegram refuses nothing."""
    shop = await shop_of()
    shop.model.says("", route="human")
    for number, (text, name) in enumerate(HOSTILE.items()):
        jid = f"770100006{number:02}@s.whatsapp.net"
        shop.rig.clock.advance(minutes=1)  # a group takes 20 calls a minute
        await shop.ask(jid, text, name=name)
        card = shop.card(jid)
        assert text[:200] in card.text.replace("\n", " ")
        assert name[:40] in card.text
        assert shop.actions(card) == {"take", "return", "skip"}
        await shop.ask(jid, text, name=name)
        shown = shop.texts(card.thread)
        forwarded = "".join("".join(shown[shown.index(card.text) + 1 :]).split())
        assert forwarded.replace("👤", "") == "".join(text.split())
        await shop.reply(f"Делаем. {text[:300]}", card.thread, owner)
        assert shop.said(jid)[-1] == f"Делаем. {text[:300]}".strip()
    assert [call for call in shop.telegram.calls if call.status != 200] == []


TROUBLED = [
    ("Вы все идиоты, верните деньги немедленно!!!", "frustrated"),
    ("dolboeby, gde moi zakaz", "frustrated"),
    ("Ich möchte mit einem Menschen sprechen, Ihr seid unmöglich!", "human"),
    ("这家店太糟糕了，我要投诉", "frustrated"),
    ("Сендер ақымақсыңдар, ақшамды қайтарыңдар", "frustrated"),
    ("Quiero hablar con alguien", "off_topic"),
    ("fuck you and your salon", "unsure"),
    ("أريد التحدث إلى المدير", "unsure"),
]


async def test_a_toxic_or_foreign_message_says_passed_on_without_a_handover(shop_of) -> None:
    """Whoever reads that somebody was called has a handover with a card, even if the words are a model's own."""
    shop = await shop_of()
    told = {}
    for number, (text, route) in enumerate(TROUBLED):
        jid = f"770100001{number:02}@s.whatsapp.net"
        shop.model.says("Передала ваш вопрос менеджеру, он скоро ответит.", route=route, language="")
        told[jid] = " ".join(await shop.ask(jid, text)).lower()
    for _ in range(3):
        await shop.pass_time(minutes=1)  # a group takes 20 calls a minute
    promised = {jid for jid, said in told.items() if any(word in said for word in PASSED_ON)}
    rows = await shop.rows(
        "SELECT u.remote_jid FROM handovers h JOIN users u ON u.client_id = h.client_id AND u.id = h.user_id"
        " WHERE h.client_id = $1"
    )
    assert all(told.values())
    assert len(promised) >= 3
    assert promised <= {row["remote_jid"] for row in rows}
    assert all(shop.card(jid) for jid in promised)


async def test_a_model_says_passed_on_without_a_handover(shop_of, anna) -> None:
    shop = await shop_of()
    shop.model.says("Парковка бесплатная. Передала ваш вопрос менеджеру, он скоро ответит.")
    said = await shop.ask(anna, "Есть ли у вас парковка?")
    assert "Передала" not in said[0]
    assert await shop.state() == [("pending", "pending", None)]
    assert shop.card()


def photos_of(shop, jid: str, numbers: range, caption: str = "") -> list[Awaitable[None]]:
    """A customer's photos, all at once, each with bytes of its own."""
    files = [base64.b64encode(jpeg(number)).decode() for number in numbers]
    media = [{"mimetype": "image/jpeg", "base64": data, "caption": caption} for data in files]
    return [shop.write(jid, message_type="image", media=each) for each in media]


def photos(shop) -> set[bytes]:
    """The different photos that the managers see."""
    shown = [message for message in shop.shown() if message.kind == "photo"]
    return {shop.telegram.world.files[message.json["photo"][-1]["file_id"]] for message in shown}


async def test_seven_photos_at_once_lose_four(shop_of, anna, owner) -> None:
    """With a human at work all seven are within the limits and reach the desk."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    await shop.press(card, "take", owner)
    read = shop.said(anna)
    await asyncio.gather(*photos_of(shop, anna, range(7)))
    await shop.settled()
    assert photos(shop) == {jpeg(number) for number in range(7)}
    assert shop.said(anna) == read


async def test_of_seven_photos_to_the_bot_five_reach_the_desk_and_the_rest_is_told_once(shop_of, anna) -> None:
    shop = await shop_of(timing={"complete": 60, "fragment": 60, "longest": 120})  # one turn, however slow the machine
    shop.model.says("", route="human")
    for sent, arrived in ((range(7), 5), (range(7, 8), 6)):  # a human has more patience than the bot
        await asyncio.gather(*photos_of(shop, anna, sent, caption="Позовите менеджера, хочу как на фото"))
        await shop.pass_time(seconds=121)
        assert len(photos(shop)) == arrived
    assert shop.card().text.count("слишком много файлов за короткое время") == 2
    assert len([text for text in shop.said(anna) if "файл" in text.lower()]) == 1


async def test_http_200_without_success_counts_as_sent(shop_of, anna, owner) -> None:
    """A manager's words that WhatsApp did not take get no 👌, and are sent again until it does, once."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    for number, raw in enumerate(NO_SUCCESS):
        shop.phones.behave(count=1, **({"success": False} if raw is None else {"raw": raw}))
        words = await shop.reply(f"{ANSWER} {number}", card.thread, owner)
        assert shop.said(anna).count(f"{ANSWER} {number}") == 0, raw
        assert words.reactions == [], raw
        await shop.pass_time(minutes=10)
        assert shop.said(anna).count(f"{ANSWER} {number}") == 1, raw
        assert words.reactions == ["👌"], raw


async def test_http_200_with_ok_false_counts_as_shown(shop_of, anna) -> None:
    """Telegram's refusals too: a card that was not shown is shown later, once."""
    shop = await shop_of()
    shop.telegram.behave(method="sendMessage", status=200, description="Internal trouble", count=2)
    await shop.ask(anna, QUESTION)
    assert shop.shown() == []
    for _ in range(4):
        await shop.pass_time(minutes=1)
    assert QUESTION in shop.card().text


INVENTED = {
    "price": "Маникюр стоит 3 000 ₸.",
    "discount": "Маникюр стоит 5 000 ₸, сделаем скидку 20 %.",
    "phone": "Маникюр стоит 5 000 ₸, звоните +7 701 765 43 21.",
    "link": "Маникюр стоит 5 000 ₸, запись на https://salon-promo.kz/book",
    "date": "Маникюр стоит 5 000 ₸, ждём вас 31 декабря.",
    "time": "Маникюр стоит 5 000 ₸, приходите в 19:30.",
}


async def test_a_models_draft_invents_a_fact(shop_of) -> None:
    """It is asked once to repair its draft; one that insists is not sent, and a human gets the question."""
    shop = await shop_of()
    for number, (kind, draft) in enumerate(INVENTED.items()):
        jid = f"770100002{number:02}@s.whatsapp.net"
        shop.model.says(draft)
        said = await shop.ask(jid, "Сколько стоит маникюр?")
        assert draft not in said, kind
        assert "коллеге" in said[0], kind
        assert "Сколько стоит маникюр?" in shop.card(jid).text, kind
        assert ["<objections>" in asked for asked in shop.model.read if "<sources>" in asked] == [False, True], kind
        assert draft not in "\n".join(shop.texts(shop.card(jid).thread)), kind
