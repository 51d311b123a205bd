"""A group becomes the managers' desk by a code; without a valid one nothing is said and nothing changes."""

from __future__ import annotations

import pytest

from tests.acceptance.circle.test_contacts import truffles
from truffles_gateway.store import connect

pytestmark = pytest.mark.usefixtures("logging_as_before")

NEW = -1009


async def code_for(shop, branch: str = "") -> str:
    """A code, as `truffles tenants code` prints it."""
    [client] = await shop.rig.rows("SELECT id FROM clients WHERE slug = $1", shop.slug)
    return await connect.new_code(shop.rig.gateway.database, client["id"], branch, shop.rig.clock.now())


async def say(shop, text: str, group: int, **more) -> list[str]:
    """Somebody writes in a group; what they read there then."""
    shop.telegram.group(group)
    before = len(shop.telegram.topic(group))
    await shop.telegram.write(text, chat=group, **more)
    await shop.settled()
    return [each.text for each in shop.telegram.topic(group)[before + 1 :]]


async def without_group(shop_of, **more):
    """A shop whose config names no group."""
    shop = await shop_of(**more)
    plugins = [
        {**each, "settings": {**each["settings"], "chat_id": ""}} if each["name"] == "telegram" else each
        for each in shop.config["plugins"]
    ]
    shop.config["plugins"] = plugins
    await shop.rig.apply(shop.config)
    return shop


async def test_a_code_makes_a_group_the_desk(shop_of, anna, boris) -> None:
    shop = await without_group(shop_of)
    printed = await truffles(shop, "tenants", "code", "salon")
    [told] = await say(shop, printed.splitlines()[0].lower(), NEW)
    assert "работают в этой группе" in told
    await shop.ask(anna, "Позовите менеджера, пожалуйста")
    assert len(shop.telegram.topics(NEW)) == 1

    await shop.rig.apply({**shop.config, "name": "Салон Айна"})
    await shop.ask(boris, "Позовите менеджера, пожалуйста")
    assert len(shop.telegram.topics(NEW)) == 2, "it survives a config that names none"


async def test_what_the_bot_lacks_is_named(shop_of) -> None:
    shop = await without_group(shop_of)
    group = shop.telegram.group(NEW)
    group.rights = {"can_manage_topics": True, "can_pin_messages": False, "can_delete_messages": True}
    [told] = await say(shop, f"/connect {await code_for(shop)}", NEW)
    assert "Закрепление сообщений" in told
    assert "Управление темами" not in told


async def test_a_code_works_once_and_for_a_quarter_of_an_hour(shop_of) -> None:
    shop = await without_group(shop_of)
    code = await code_for(shop)
    assert await say(shop, f"/connect {code}", NEW)
    assert await say(shop, f"/connect {code}", -1010) == []
    late = await code_for(shop)
    await shop.pass_time(minutes=16)
    assert await say(shop, f"/connect {late}", -1010) == []
    old, new = await code_for(shop), await code_for(shop)
    assert await say(shop, f"/connect {old}", -1010) == []
    assert await say(shop, f"/connect {new}", -1010)


async def test_without_a_code_nothing_is_said_and_nothing_changes(shop_of, stranger) -> None:
    shop = await without_group(shop_of)
    code = await code_for(shop)
    before = await shop.everything()
    for text in (
        "/connect",
        "/connect AAAAA-AAAAA",
        f"/connect {code} сейчас",
        f"подключись: /connect {code}",
        "/пауза 2ч",
        "🔕",
    ):
        assert await say(shop, text, NEW, sender=stranger) == []
    assert await shop.everything() == before
    assert {reason for _, reason in await shop.ends("manager")} == {"foreign group"}
    assert await shop.rows("SELECT 1 FROM desk_groups WHERE client_id = $1") == []


async def test_a_code_of_another_business_is_none(shop_of) -> None:
    shop, other = await without_group(shop_of), await shop_of("barber", group=-1002)
    assert await say(shop, f"/connect {await code_for(other)}", NEW) == []
    assert await shop.rows("SELECT 1 FROM desk_groups WHERE client_id = $1") == []


async def test_guesses_are_limited(shop_of) -> None:
    shop = await without_group(shop_of)
    for number in range(connect.GUESSES):
        await say(shop, f"/connect WRONG-{number:05}", NEW)
    code = await code_for(shop)
    assert await say(shop, f"/connect {code}", NEW) == [], "this place has guessed too often"
    assert await say(shop, f"/connect {code}", -1010), "others have not"


async def test_codes_are_stored_hashed(shop_of) -> None:
    shop = await without_group(shop_of)
    code = await code_for(shop)
    [row] = await shop.rows("SELECT to_jsonb(t)::text AS row FROM connect_codes t WHERE client_id = $1")
    assert code not in row["row"]
    assert code.replace("-", "") not in row["row"]


async def test_in_a_known_group_a_wrong_code_is_named(shop_of) -> None:
    shop = await shop_of()
    [told] = await say(shop, "/connect AAAAA-AAAAA", shop.group)
    assert "15 мин" in told


async def test_a_branch_gets_a_group_of_its_own(shop_of, anna, boris) -> None:
    shop = await shop_of(branches=[{"slug": "north", "name": "Север", "instance_id": "north"}])
    [told] = await say(shop, f"/connect {await code_for(shop, 'north')}", NEW)
    assert "Север" in told
    await shop.ask(anna, "Позовите менеджера, пожалуйста", instance="north")
    await shop.ask(boris, "Позовите менеджера, пожалуйста", instance="salon")
    assert len(shop.telegram.topics(NEW)) == 1
    assert len(shop.topics()) == 1


async def test_the_config_goes_before_a_code(shop_of) -> None:
    shop = await shop_of()
    [told] = await say(shop, f"/connect {await code_for(shop)}", NEW)
    assert "chat_id" in told
