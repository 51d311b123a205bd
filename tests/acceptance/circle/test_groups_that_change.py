"""Managers move to another group: the old one says so, the new one has everything, and what waited for one is shown."""

from __future__ import annotations

import pytest

from tests.acceptance.circle.test_connect import NEW, code_for, say, without_group
from tests.acceptance.circle.test_contacts import truffles

pytestmark = pytest.mark.usefixtures("logging_as_before")

NEWER, FOREIGN = -1011, -666
NORTH = {"slug": "north", "name": "Север", "instance_id": "north"}
MOVED = 5  # s: what is shown again waits until every process knows the group


async def written(shop, text: str, group: int, thread: int, sender) -> list[str]:
    """What a topic shows below words."""
    before = len(shop.telegram.topic(group, thread))
    words = await shop.telegram.write(text, chat=group, thread=thread, sender=sender)
    await shop.pass_time(seconds=3.5)
    assert not words.reactions
    return [each.text for each in shop.telegram.topic(group, thread)[before + 1 :]]


async def moved_to(shop, group: int) -> list:
    """The topics of the new group. What is shown there is due some seconds after the gateway came to it, and it may come to it late."""

    async def there() -> list:
        await shop.pass_time(seconds=MOVED)
        return shop.telegram.topics(group)

    return await shop.rig.until(there)


async def test_a_group_that_was_a_desk_says_so(shop_of, anna, owner) -> None:
    shop = await shop_of(branches=[NORTH])
    await say(shop, f"/connect {await code_for(shop, 'north')}", NEW)
    await shop.ask(anna, "Позовите менеджера, пожалуйста", instance="north")
    [old] = shop.telegram.topics(NEW)
    [card] = shop.telegram.topic(NEW, old.id)
    data = next(iter(card.buttons.values()))

    [told] = await say(shop, f"/connect {await code_for(shop, 'north')}", NEWER)
    assert "Север" in told
    assert "Север" in shop.telegram.topic(NEW)[-1].text and "в другой группе" in shop.telegram.topic(NEW)[-1].text
    [new] = await moved_to(shop, NEWER)
    [moved] = shop.telegram.topic(NEWER, new.id)
    assert "Позовите менеджера" in moved.text and {"take", "resolve"} & shop.actions(moved)
    assert "удалена" not in moved.text and "из другой группы" in moved.text
    assert not card.buttons

    heard = shop.said(anna)
    [line] = await written(shop, "Здравствуйте, чем помочь?", NEW, old.id, owner)
    assert "не отправлено" in line
    assert await written(shop, "// между нами", NEW, old.id, owner) == []
    [line] = await say(shop, "/итоги", NEW, sender=owner)
    assert "не выполнена" in line
    assert await say(shop, "Кто завтра работает?", NEW, sender=owner) == []
    assert await say(shop, "/weather", NEW, sender=owner) == []
    assert "больше не" in await shop.forge(card, data)
    assert (await shop.state())[0][:2] == ("pending", "pending")
    assert shop.said(anna) == heard
    shop.telegram.group(FOREIGN)
    assert await say(shop, "/итоги", FOREIGN, sender=owner) == []

    await shop.press(moved, "take", owner)
    words = await shop.telegram.write("Ждём вас", chat=NEWER, thread=new.id, sender=owner)
    await shop.pass_time(seconds=3.5)
    assert words.reactions and shop.said(anna)[-1] == "Ждём вас"

    await shop.rig.apply({**shop.config, "branches": []})
    [line] = await written(shop, "Вы придёте?", NEWER, new.id, owner)
    assert "не отправлено" in line
    [told] = await say(shop, f"/connect {await code_for(shop)}", NEWER)
    assert "работают в этой группе" in told, "a group can come back"
    await shop.balanced()


async def tried_again(shop) -> list[dict]:
    """The card's row, once it has been looked at anew."""
    await shop.rig.tick()
    sql = "SELECT status, attempts, error FROM outbox_messages WHERE client_id = $1 AND kind = 'card' AND due_at > $2"
    return await shop.rig.until(lambda: shop.rows(sql, shop.rig.clock.now()))


async def test_rows_wait_for_a_group_as_long_as_it_takes(shop_of, anna) -> None:
    shop = await without_group(shop_of)
    await shop.write(anna, "Позовите менеджера, пожалуйста")
    for _ in range(3):
        [card] = await tried_again(shop)
        assert (card["status"], card["attempts"]) == ("queued", 0)
        assert "chat_id" in card["error"]
        shop.rig.clock.advance(minutes=2)
    await tried_again(shop)
    await say(shop, f"/connect {await code_for(shop)}", NEW)
    await shop.pass_time(seconds=MOVED)
    [topic] = shop.telegram.topics(NEW)
    assert "Позовите менеджера" in shop.telegram.topic(NEW, topic.id)[0].text


async def test_codes_name_their_branch(shop_of) -> None:
    shop = await shop_of(branches=[NORTH])
    printed = await truffles(shop, "tenants", "code", "salon", "--branch", "north")
    assert "Север" in printed
    await say(shop, printed.splitlines()[0], NEW)
    [told] = await say(shop, "/connect AAAAA-AAAAA", NEW)
    assert told.endswith("truffles tenants code salon --branch north")
