"""What is commanded at the desk: by owners in the General topic, by anybody in a customer's; never to a customer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from truffles_telegram.simulator import User

from truffles_gateway.testing import jpeg

PRICE = "Маникюр с покрытием стоит 5 000 ₸."
PAID = "Маникюр с покрытием стоит 6 000 ₸."
BRANCH_OWNER = User(id=901, first_name="Болат", username="bolat")


async def command(shop, text: str, sender, *, group: int = 0) -> str:
    """Say something in the General topic; what stands below it then."""
    chat = group or shop.group
    before = len(shop.telegram.topic(chat))
    await shop.telegram.write(text, chat=chat, sender=sender)
    await shop.settled()
    said = [message.text for message in shop.telegram.topic(chat)[before + 1 :]]
    return said[-1] if said else ""


def general(shop, words: str):
    """The newest message of the General topic with these words."""
    return next(each for each in reversed(shop.telegram.topic(shop.group)) if words in each.text)


@pytest.mark.parametrize(
    "text", ["/пауза", "/тихо завтра", "/нетакой", "/help", "／пауза", "\u200b/пауза 2ч", "/ 5000", "🔕"]
)
async def test_nothing_that_begins_like_a_command_reaches_a_customer(shop_of, anna, text) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    said = shop.said(anna)
    await shop.reply(text, card.thread)
    assert shop.said(anna) == said
    assert len(shop.texts(card.thread)) > 2, "and whoever wrote it is told what became of it"


async def test_an_unknown_command_is_answered_with_an_example(shop_of, anna) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    await shop.reply("/нетакой", card.thread)
    assert "/пауза 2ч" in shop.texts(card.thread)[-1]
    assert await shop.learned() == []
    assert await shop.state() == [("pending", "pending", None)], "a command takes no handover"


async def test_a_caption_and_an_edit_are_commands_too(shop_of, anna, owner) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    said = shop.said(anna)
    await shop.telegram.send_file("photo", jpeg(), chat=shop.group, thread=card.thread, caption="/пауза")
    words = await shop.telegram.write("сейчас", chat=shop.group, thread=card.thread, sender=owner)
    await shop.telegram.edit(words, "/нетакой")
    await shop.pass_time(seconds=3.5)
    assert shop.said(anna) == said


async def test_a_pause_holds_until_its_end_and_the_desk_reads_along(shop_of, anna, owner) -> None:
    shop = await shop_of()
    shop.model.says(PRICE)
    told = await command(shop, "/пауза 2ч", owner)
    assert "на паузе" in told
    assert "до " in told
    assert await shop.ask(anna, "Сколько стоит маникюр?") == []
    assert any("Сколько стоит маникюр?" in text for text in shop.texts())
    assert ("ignored", "paused") in await shop.ends("customer")
    await shop.pass_time(hours=2, seconds=1)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PRICE]
    await shop.balanced()


@pytest.mark.parametrize(
    ("pause", "start"), [("/пауза", "/старт"), ("/кідіріс 2 сағат", "/бастау"), ("/pause 30m", "/start")]
)
async def test_a_pause_ends_when_the_owner_says_so(shop_of, anna, owner, pause, start) -> None:
    shop = await shop_of()
    shop.model.says(PRICE)
    await command(shop, pause, owner)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == []
    assert "снова отвечает" in await command(shop, start, owner)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PRICE]
    assert "и так отвечает" in await command(shop, start, owner)


async def test_a_pause_tells_until_when(shop_of, owner) -> None:
    shop = await shop_of(timezone="UTC")
    before = shop.rig.clock.now()
    told = await command(shop, "/пауза 90м", owner)
    ends = {f"{at + timedelta(minutes=90):%H:%M}" for at in (before, shop.rig.clock.now())}
    assert any(f"{end}." in told for end in ends), told
    assert "/старт" in await command(shop, "/пауза", owner)
    assert "/пауза 2ч" in await command(shop, "/пауза ненадолго", owner)


@pytest.mark.parametrize(
    "text", ["/пауза 2ч", "/старт", "/сегодня нет света", "/цена маникюр 6000", "/итоги", "/pause 2h"]
)
async def test_only_the_owner_commands(shop_of, anna, stranger, text) -> None:
    shop = await shop_of()
    shop.model.says(PRICE)
    assert "только владелец" in await command(shop, text, stranger)
    assert await shop.rows("SELECT 1 FROM overrides WHERE client_id = $1") == []
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PRICE]


async def test_an_admin_who_speaks_as_the_group_is_not_the_owner(shop_of) -> None:
    shop = await shop_of()
    await shop.telegram.write(
        "/пауза 2ч", chat=shop.group, sender_chat={"id": shop.group, "type": "supergroup", "title": "Салон"}
    )
    await shop.settled()
    assert await shop.rows("SELECT 1 FROM overrides WHERE client_id = $1") == []


async def test_a_notice_comes_before_the_knowledge_until_it_expires(shop_of, anna, owner) -> None:
    shop = await shop_of()
    noon = shop.rig.clock.now().replace(hour=7, minute=0)  # 12:00 in Almaty
    shop.rig.clock.advance(seconds=(noon - shop.rig.clock.now()).total_seconds() + 86_400)
    told = await command(shop, "/сегодня до 18:00 нет света", owner)
    assert "Сегодня до 18:00 нет света" in told
    assert "18:00" in told.partition("бот")[0]
    shop.model.says("Сегодня до 18:00 нет света, приходите позже.")
    assert await shop.ask(anna, "Можно ли припарковаться у вас?") == ["Сегодня до 18:00 нет света, приходите позже."]
    shown = shop.model.read[-1]
    assert shown.index("до 18:00 нет света") < shown.index("Парковка")

    await shop.pass_time(hours=6, seconds=1)
    await shop.ask(anna, "Можно ли припарковаться у вас во дворе?")
    assert "нет света" not in shop.model.read[-1].partition("припарковаться")[0]


async def test_an_hour_that_is_past_is_named_and_changes_nothing(shop_of, owner) -> None:
    shop = await shop_of()
    evening = shop.rig.clock.now().replace(hour=15, minute=0)  # 20:00 in Almaty
    shop.rig.clock.advance(seconds=(evening - shop.rig.clock.now()).total_seconds() + 86_400)
    for text in ("/сегодня до 18:00 нет света", "/бүгін 18:00 дейін жарық жоқ", "/пауза до 18:00", "/pause until 18"):
        told = await command(shop, text, owner)
        assert told.startswith("18:00 уже прошло"), text
        assert "Например" not in told, "an example would be the very words that were just said"
    assert await shop.rows("SELECT 1 FROM overrides WHERE client_id = $1") == []


async def test_a_notice_can_be_taken_back(shop_of, anna, owner, stranger) -> None:
    shop = await shop_of()
    await command(shop, "/бүгін тек қолма-қол", owner)
    notice = general(shop, "Бүгін тек қолма-қол")
    [data] = notice.buttons.values()
    assert "только владелец" in await shop.press(notice, "drop", stranger)
    assert "не действует" in await shop.press(notice, "drop", owner)
    assert notice.buttons == {}, "a used button goes"
    assert "закрыт" in await shop.forge(notice, data, owner)
    shop.model.says("Парковка во дворе бесплатная.")
    await shop.ask(anna, "Есть ли парковка?")
    assert "қолма-қол" not in shop.model.read[-1]


@pytest.mark.parametrize("text", ["/сегодня", "/сегодня до 24:00", "/сегодня " + "а" * 600])
async def test_a_notice_that_says_nothing_gets_an_example(shop_of, owner, text) -> None:
    shop = await shop_of()
    assert "/сегодня до 18:00 нет света" in await command(shop, text, owner)
    assert await shop.rows("SELECT 1 FROM overrides WHERE client_id = $1") == []


async def test_a_new_price_is_said_once_the_owner_agrees(shop_of, anna, boris, owner) -> None:
    shop = await shop_of()
    told = await command(shop, "/цена маникюр 6000", owner)
    assert PRICE in told
    assert PAID in told
    shop.model.says(PRICE)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PRICE], "nothing changes before"

    proposal = general(shop, "Применить?")
    data = proposal.buttons["Применить ✅"]
    assert "Применено" in await shop.press(proposal, "apply", owner)
    assert proposal.buttons == {}
    shop.model.says(PAID)
    assert await shop.ask(boris, "Сколько стоит маникюр?") == [PAID]
    assert "5 000" not in shop.model.read[-1].partition("Сколько")[0]

    shop.model.says(PRICE)
    assert PRICE not in await shop.ask("77010000003@s.whatsapp.net", "Сколько стоит маникюр?"), (
        "the old one has no evidence"
    )
    assert "закрыт" in await shop.forge(proposal, data, owner)


async def test_a_price_can_be_changed_again_and_taken_back(shop_of, anna, boris, owner) -> None:
    shop = await shop_of()
    await command(shop, "/цена маникюр 6000", owner)
    await shop.press(general(shop, "Применить?"), "apply", owner)
    told = await command(shop, "/price маникюр 7 000 тг", owner)
    assert "6 000" in told
    assert "7 000" in told
    older = general(shop, "Теперь бот говорит")
    await shop.press(general(shop, "Применить?"), "apply", owner)
    assert "закрыт" in await shop.press(older, "drop", owner), "another price has taken its place"
    assert older.buttons == {}
    said = "Маникюр с покрытием стоит 7 000 ₸."
    shop.model.says(said)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [said]
    await shop.press(general(shop, "Теперь бот говорит"), "drop", owner)
    shop.model.says(PRICE)
    assert await shop.ask(boris, "Сколько стоит маникюр?") == [PRICE]


async def test_a_price_that_nobody_knows_is_news(shop_of, anna, owner) -> None:
    shop = await shop_of()
    assert "Татуаж — 20 000 ₸" in await command(shop, "/баға татуаж 20000", owner)
    await shop.press(general(shop, "Применить?"), "apply", owner)
    shop.model.says("Татуаж стоит 20 000 ₸.")
    assert await shop.ask(anna, "Сколько стоит татуаж?") == ["Татуаж стоит 20 000 ₸."]


async def test_a_name_with_several_prices_is_asked_back(shop_of, owner) -> None:
    facts = "## Цены\nМаникюр с покрытием стоит 5 000 ₸.\n\n## Мужчинам\nМужской маникюр стоит 4 000 ₸.\n"
    shop = await shop_of(facts=facts)
    told = await command(shop, "/цена маникюр 6000", owner)
    assert "5 000" in told
    assert "4 000" in told
    assert general(shop, "разные цены").buttons == {}
    assert "/цена маникюр 6000" in await command(shop, "/цена маникюр", owner)


async def test_a_proposal_grows_old(shop_of, anna, owner) -> None:
    shop = await shop_of()
    await command(shop, "/цена маникюр 6000", owner)
    await shop.pass_time(hours=25)
    proposal = general(shop, "Применить?")
    assert "устарело" in await shop.press(proposal, "apply", owner)
    assert proposal.buttons == {}
    shop.model.says(PRICE)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PRICE]


async def test_a_forged_button_changes_no_price(shop_of, owner, stranger) -> None:
    shop, other = await shop_of(), await shop_of("barber", group=-1002)
    await command(shop, "/цена маникюр 6000", owner)
    proposal = general(shop, "Применить?")
    assert "владелец" in await shop.press(proposal, "apply", stranger)
    [data] = [each for each in proposal.buttons.values() if each.startswith("apply")]
    foreign = await other.telegram.write("привет", chat=other.group, sender=owner)
    assert "нет" in await other.forge(foreign, data, owner)
    nobody = shop.telegram.group(-6660)
    assert await shop.forge(await shop.telegram.write("x", chat=nobody.id, sender=owner), data, owner) == ""
    await shop.forge(proposal, "apply_not-an-id", owner)
    rows = await shop.rows("SELECT status FROM overrides WHERE client_id = $1")
    assert [row["status"] for row in rows] == ["proposed"]


async def test_what_is_commanded_holds_in_every_process(shop_of, anna, owner, another) -> None:
    shop = await shop_of(rig={"work": False})
    with another.asleep():
        async with another.rig():
            await command(shop, "/цена маникюр 6000", owner)
            await shop.press(general(shop, "Применить?"), "apply", owner)
    shop.model.says(PAID)
    assert await shop.ask(anna, "Сколько стоит маникюр?") == [PAID]


async def test_the_day_in_numbers(shop_of, anna, boris, owner) -> None:
    shop = await shop_of()
    shop.model.says(PRICE)
    assert "пока нет" in await command(shop, "/итоги", owner)
    await shop.ask(anna, "Сколько стоит маникюр?")
    await shop.ask(boris, "Позовите менеджера, пожалуйста")
    told = await command(shop, "/қорытынды", owner)
    assert "Диалогов: 2, бот ответил в 1" in told
    assert "Передано людям: 1, открыто сейчас: 1" in told
    assert "0:0" in told
    assert "Вели" not in told
    await shop.press(shop.card(boris), "take", owner)
    assert "открыто сейчас: 1\nВели: Айгерим — 1\n" in await command(shop, "/итоги", owner)


async def test_a_branch_is_commanded_from_its_own_group(shop_of, anna, boris, owner) -> None:
    shop = await with_branch(shop_of)
    shop.model.says(PRICE)
    assert "Север" in await command(shop, "/пауза 2ч", BRANCH_OWNER, group=-1002)
    assert await shop.ask(anna, "Сколько стоит маникюр?", instance="north") == []
    assert await shop.ask(boris, "Сколько стоит маникюр?", instance="salon") == [PRICE]
    assert "снова отвечает" in await command(shop, "/старт", BRANCH_OWNER, group=-1002)
    assert await shop.ask(anna, "Сколько стоит маникюр?", instance="north") == [PRICE]


async def test_who_owns_a_branch_owns_nothing_else(shop_of, owner) -> None:
    shop = await with_branch(shop_of)
    assert "только владелец" in await command(shop, "/пауза 2ч", BRANCH_OWNER)
    assert "на паузе" in await command(shop, "/пауза 2ч", owner)
    assert "общей группе" in await command(shop, "/старт", BRANCH_OWNER, group=-1002)
    assert "на паузе" in await command(shop, "/пауза 2ч", owner, group=-1002)


async def with_branch(shop_of):
    """A shop with a branch that has a group and an owner of its own."""
    branch = {"slug": "north", "name": "Север", "instance_id": "north", "telegram_chat_id": "-1002"}
    agents = [
        {"name": "Айгерим", "role": "owner", "identities": [{"channel": "telegram", "id": "900"}]},
        {"name": "Болат", "role": "owner", "branch": "north", "identities": [{"channel": "telegram", "id": "901"}]},
    ]
    shop = await shop_of(branches=[branch], agents=agents)
    shop.telegram.group(-1002)
    return shop
