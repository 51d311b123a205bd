"""What earlier systems left in the database is found and goes on."""

from __future__ import annotations


async def older_topic(shop, jid: str) -> int:
    """A customer's topic as an older deployment kept it: in the tenant's one group, on the customer's row alone."""
    await shop.ask(jid, "Здравствуйте")
    topic = shop.telegram.world.open_topic(shop.telegram.group(shop.group), "Анна")
    await shop.rows(
        """
        WITH settled AS (
            INSERT INTO client_settings (client_id, telegram_chat_id) VALUES ($1, $2)
            ON CONFLICT (client_id) DO UPDATE SET telegram_chat_id = excluded.telegram_chat_id
        )
        UPDATE users SET telegram_topic_id = $3 WHERE client_id = $1 RETURNING id
        """,
        str(shop.group),
        str(topic.id),
    )
    return topic.id


async def test_words_in_a_topic_of_an_older_deployment_reach_its_customer(shop_of, anna, owner) -> None:
    shop = await shop_of()
    thread = await older_topic(shop, anna)
    await shop.reply("Здравствуйте, это администратор салона.", thread, owner)
    assert shop.said(anna)[-1] == "Здравствуйте, это администратор салона."


async def test_a_topic_of_an_older_deployment_goes_on(shop_of, anna) -> None:
    shop = await shop_of()
    thread = await older_topic(shop, anna)
    await shop.ask(anna, "Позовите менеджера, пожалуйста")
    assert [topic.id for topic in shop.topics()] == [thread]
    assert any("Нужен человек" in text for text in shop.texts(thread))
    [kept] = await shop.rows("SELECT chat, thread FROM desk_threads WHERE client_id = $1")
    assert (kept["chat"], kept["thread"]) == (str(shop.group), str(thread))


async def test_a_deleted_topic_of_an_older_deployment_is_made_again(shop_of, anna) -> None:
    shop = await shop_of()
    thread = await older_topic(shop, anna)
    shop.telegram.delete_topic(shop.group, thread)
    await shop.ask(anna, "Позовите менеджера, пожалуйста")
    [topic] = shop.topics()
    assert topic.id != thread
    assert any("Нужен человек" in text for text in shop.texts(topic.id))
