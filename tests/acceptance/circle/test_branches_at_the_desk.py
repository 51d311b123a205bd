"""Branches with a group each: knowledge, cards, lessons and alarms follow the branch that the customer chose."""

from __future__ import annotations

from truffles_telegram.simulator import User

NORTH, SOUTH = -1002, -1003
NORA, SVETA = User(id=911, first_name="Нора"), User(id=912, first_name="Света")
BRANCHES = [
    {"slug": "north", "name": "Абая 10", "knowledge_tag": "north", "telegram_chat_id": str(NORTH)},
    {"slug": "south", "name": "ТРЦ Мега", "knowledge_tag": "south", "telegram_chat_id": str(SOUTH)},
]
PRICES = "## Маникюр\nМаникюр с покрытием стоит {0} 000 ₸.\n\n## Педикюр\nПедикюр стоит {0} 500 ₸.\n\n## Стрижка\nСтрижка стоит {0} 200 ₸.\n"
FACTS = {
    ".": "## Парковка\nПарковка во дворе бесплатная для клиентов.\n\n## Оплата\nПринимаем карты и наличные.\n",
    "@north": PRICES.format(5),
    "@south": PRICES.format(7),
}
QUESTION = "Делаете ли вы перманентный татуаж губ?"


def owner_of(user: User, branch: str) -> dict[str, object]:
    """Who decides at one branch."""
    identity = {"channel": "telegram", "id": str(user.id)}
    return {"name": user.first_name, "role": "owner", "branch": branch, "identities": [identity]}


async def test_everything_follows_the_chosen_branch(shop_of, anna, boris, tmp_path) -> None:
    shop = await shop_of(
        branches=BRANCHES, branching={"mode": "ask_user"}, agents=[owner_of(NORA, "north"), owner_of(SVETA, "south")]
    )
    folder = tmp_path / "branches"
    for name, fact in FACTS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "facts.md").write_text(fact, encoding="utf-8")
    await shop.rig.sync("salon", folder)
    for group in (NORTH, SOUTH):
        shop.telegram.group(group)

    shop.model.says("Маникюр с покрытием стоит 7 000 ₸.")
    [asked] = await shop.ask(anna, "Сколько стоит маникюр?")
    assert asked.endswith("1. Абая 10\n2. ТРЦ Мега")
    assert await shop.ask(anna, "в меге") == ["Маникюр с покрытием стоит 7 000 ₸."]
    assert "7 000" in shop.model.read[-1] and "5 000" not in shop.model.read[-1]
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    assert await shop.ask(boris, "А сколько стоит маникюр на Абая?") == ["Маникюр с покрытием стоит 5 000 ₸."]

    await shop.ask(anna, QUESTION)
    [topic] = shop.telegram.topics(SOUTH)
    assert shop.telegram.topics(NORTH) == shop.topics() == []
    shop.model.says("", route="question")
    await shop.ask(anna, "А на Абая делаете?")
    [card, *_, shown] = shop.telegram.topic(SOUTH, topic.id)
    assert (QUESTION in card.text, "А на Абая делаете?" in shown.text) == (True, True)
    assert "Филиал: ТРЦ Мега" in card.text
    assert shop.telegram.topics(NORTH) == []

    await shop.press(card, "take", NORA)
    words = await shop.telegram.write(
        "Татуаж губ делаем после консультации мастера.", chat=SOUTH, thread=topic.id, sender=NORA
    )
    await shop.pass_time(seconds=3.5)
    assert words.reactions
    lesson = next(each for each in shop.telegram.topic(SOUTH, topic.id) if "approve" in shop.actions(each))
    assert "владелец" in await shop.press(lesson, "approve", NORA)
    assert [status for _, status in await shop.learned()] == ["pending"]
    await shop.press(card, "resolve", SVETA)
    assert "Абая" in (await shop.ask(anna, "лучше на Абая"))[0]
    assert "владелец" in await shop.press(lesson, "approve", NORA), "it was learned at the other branch"
    assert [status for _, status in await shop.learned()] == ["pending"]
    assert "Запомнено" in await shop.press(lesson, "approve", SVETA)
    assert [status for _, status in await shop.learned()] == ["approved"]
    assert "Мега" in (await shop.ask(anna, "нет, в меге"))[0]

    shop.phones.behave(count=1, status=400)
    await shop.telegram.write("Ждём вас!", chat=SOUTH, thread=topic.id, sender=SVETA)
    await shop.pass_time(seconds=3.5)
    assert any("Не доставлено" in each.text for each in shop.telegram.topic(SOUTH))
    assert not any("Не доставлено" in each.text for group in (NORTH, shop.group) for each in shop.telegram.topic(group))

    await shop.telegram.write("/пауза", chat=SOUTH, sender=SVETA)
    await shop.pass_time(seconds=3.5)
    third = "77010000003@s.whatsapp.net"
    [asked] = await shop.ask(third, "Сколько стоит педикюр?")
    assert asked.endswith("1. Абая 10\n2. ТРЦ Мега"), "nothing is paused where nobody knows the branch"
    assert await shop.ask(third, "2") == []
    topic = shop.telegram.topics(SOUTH)[-1]
    assert "Сколько стоит педикюр?\n2" in shop.telegram.topic(SOUTH, topic.id)[-1].text, "people read what it is about"
    await shop.balanced()


async def test_who_named_no_branch_falls_between_no_desks(shop_of, anna) -> None:
    shop = await shop_of(branches=BRANCHES, branching={"mode": "ask_user"}, agents=[], group=NORTH)
    [stored] = await shop.rig.rows("SELECT config FROM clients")
    plugins = [
        {**each, "settings": {key: value for key, value in each["settings"].items() if key != "chat_id"}}
        for each in stored["config"]["plugins"]
    ]
    await shop.rig.apply({**stored["config"], "plugins": plugins})
    await shop.ask(anna, "Позовите менеджера")
    [topic] = shop.telegram.topics(NORTH)
    assert "Нужен человек" in shop.telegram.topic(NORTH, topic.id)[0].text
