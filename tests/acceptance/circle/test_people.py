"""Who works at a desk: named as the config has it, known by what they call themselves, and given no right by it."""

from __future__ import annotations

import re

import pytest
from truffles_telegram.simulator import User

from tests.acceptance.circle.test_contacts import truffles
from tests.acceptance.circle.test_owner_commands import command

pytestmark = pytest.mark.usefixtures("logging_as_before")

AGENTS = [
    {"name": "Айгерим", "role": "owner", "phone": "8 (701) 000-00-09",
     "identities": [{"channel": "telegram", "id": "900"}]},
    {"name": "Дина", "role": "manager", "identities": [{"channel": "telegram", "username": "@Dina"}]},
]  # fmt: skip
BOSS, RENAMED = User(id=900, first_name="🦊 <b>Хозяйка</b>", username="boss"), User(id=900, first_name="Марат")
ONE, TWO = User(id=701, first_name="Марат", username="marat_a"), User(id=702, first_name="Марат")
POSER, NAMELESS = User(id=703, first_name="Айгерим"), User(id=704, first_name="\u202e", username="who")
SEEN = """
SELECT external_id, username, name, last_seen_at FROM agent_identities WHERE client_id = $1 AND agent_id IS NULL
ORDER BY external_id
"""


async def test_people_are_shown_under_one_name_each(shop_of, anna, boris) -> None:
    shop = await shop_of(agents=AGENTS)
    card = await shop.hand_over(anna)
    take, resolve = card.buttons["Беру ✋"], card.buttons["Беру ✋"].replace("take", "resolve")
    assert "Айгерим ведёт" in await shop.press(card, "take", BOSS)
    assert "Айгерим ведёт этот диалог." in shop.texts(card.thread)
    assert "уже ведёт Айгерим" in await shop.forge(card, take, ONE)
    assert "Айгерим" in await shop.forge(card, resolve, RENAMED)
    assert "Диалог закрыт: Айгерим." in shop.texts(card.thread)
    assert "и так отвечает" in await command(shop, "/старт", RENAMED), "a new name takes no right away"

    others = await shop.hand_over(boris)
    assert "Марат ведёт" not in await shop.press(others, "take", TWO)
    assert "Марат (702) ведёт этот диалог." in shop.texts(others.thread)
    assert "уже ведёт Марат (702)" in await shop.forge(others, others.buttons["Решено ✅"], ONE)
    [kept] = await shop.rows("SELECT assigned_to FROM handovers WHERE client_id = $1 AND status = 'active'")
    assert kept["assigned_to"] == "Марат (702)"

    for who, shown in ((POSER, "Айгерим (703)"), (NAMELESS, "@who"), (ONE, "Марат (@marat_a)")):
        await shop.reply(f"Пишет {who.id}", others.thread, who)
        assert (await shop.rows("SELECT assigned_to FROM handovers WHERE client_id = $1 AND status = 'active'"))[0] == {
            "assigned_to": shown
        }


async def test_what_people_call_themselves_is_kept_and_listed_and_gives_no_right(shop_of, anna) -> None:
    shop = await shop_of(agents=AGENTS)
    card = await shop.hand_over(anna)
    await shop.press(card, "take", BOSS)
    for who in (ONE, User(id=905, first_name="Динара", username="dina")):
        await shop.reply("Здравствуйте", card.thread, who)
    await shop.telegram.write("просто так", chat=shop.group, sender=POSER)
    await shop.telegram.write("/connect AAAAA-AAAAA", chat=-666, sender=TWO)
    await shop.telegram.write_privately("Сколько стоит маникюр?", sender=User(id=906, first_name="Анна"))
    await shop.settled()
    seen = [(each["external_id"], each["username"], each["name"]) for each in await shop.rows(SEEN)]
    assert seen == [("701", "marat_a", "Марат"), ("900", "boss", "🦊 <b>Хозяйка</b>"), ("905", "dina", "Динара")]

    await shop.rig.apply({**shop.config, "agents": AGENTS[:1]})
    await shop.rig.apply(shop.config)
    assert len(await shop.rows(SEEN)) == 3, "a config forgets nobody, and brings nobody back"
    assert "только владелец" in await command(shop, "/пауза 2ч", User(id=701, first_name="Айгерим", username="boss"))
    assert (await shop.rows(SEEN))[0]["name"] == "Айгерим"

    listed = (await truffles(shop, "tenants", "people", "salon")).splitlines()
    owner, dina, other = (
        [cell.strip() for cell in re.split("[│·]", line) if cell.strip()] for line in listed if "@" in line
    )
    assert owner[:6] == ["Айгерим", "owner", "🦊 <b>Хозяйка</b>", "@boss", "900", "+77010000009"]
    assert owner[6].startswith(f"{shop.rig.clock.now():%Y-}")
    assert dina[:5] == ["Дина", "manager", "Динара", "@dina", "905"]
    assert other[:4] == ["Айгерим (@boss)", "Айгерим", "@boss", "701"]


async def test_an_agents_phone_is_left_alone(shop_of) -> None:
    shop = await shop_of(agents=AGENTS)
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    assert await shop.ask("77010000009@s.whatsapp.net", "Сколько стоит маникюр?") == []
    assert (await shop.ends("customer"))[-1] == ("ignored", "do-not-answer")


async def test_a_customers_own_contact_is_their_phone_and_nobody_elses(shop_of) -> None:
    shop = await shop_of()
    for user, owner in ((User(id=907, first_name="Асель"), 908), (User(id=908, first_name="Дана"), 908)):
        contact = {"phone_number": "+7 701 000 00 07", "first_name": "Дана", "user_id": owner}
        await shop.telegram.write_privately("", sender=user, contact=contact)
        await shop.settled()
    phones = await shop.rows("SELECT name, phone FROM users WHERE client_id = $1 ORDER BY name")
    assert [(each["name"], each["phone"]) for each in phones] == [("Асель", ""), ("Дана", "77010000007")]
    cards = [each.text for topic in shop.topics() for each in shop.shown(topic.id) if "Нужен человек" in each.text]
    assert ["Дана · +77010000007" in each for each in cards] == [False, True]
    await shop.telegram.write_privately("Сколько стоит маникюр?", sender=User(id=908, first_name="Дана"))
    await shop.settled()
    assert (await shop.rows("SELECT phone FROM users WHERE client_id = $1 AND name = 'Дана'"))[0][
        "phone"
    ] == "77010000007"
