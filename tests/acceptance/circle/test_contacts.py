"""Whom the bot leaves alone: contacts that somebody muted, and the business's own people."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner
from truffles_telegram.simulator import User

from truffles_gateway.cli import main

FACT = "Маникюр с покрытием стоит 5 000 ₸."
QUESTION = "Сколько стоит маникюр?"


pytestmark = pytest.mark.usefixtures("logging_as_before")


async def truffles(shop, *arguments: str) -> str:
    """Give a command to a gateway of its own on the same database; what it prints. Fails if it does."""
    given = {"DATABASE_URL": shop.rig.gateway.url, "TRUFFLES_CLOCK_FILE": str(shop.rig.clock.path)}
    result = await asyncio.to_thread(CliRunner().invoke, main, arguments, env=given)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("mute", "unmute"), [("🔕", "🔔"), ("/үнсіз", "/unmute")])
async def test_a_contact_is_muted_in_its_topic_until_that_is_undone(shop_of, anna, boris, mute, unmute) -> None:
    shop = await shop_of()
    shop.model.says(FACT)
    card = await with_topic(shop, anna)
    await shop.reply(mute, card.thread)
    assert await shop.ask(anna, QUESTION) == []
    assert shop.texts(card.thread)[-1].endswith(QUESTION), "the desk reads along"
    assert (await shop.ends("customer"))[-1] == ("ignored", "do-not-answer")
    shop.model.says(FACT)
    assert await shop.ask(boris, QUESTION) == [FACT], "others are answered"
    await shop.reply(unmute, card.thread)
    assert await shop.ask(anna, QUESTION) == [FACT]
    await shop.balanced()


async def test_a_mute_is_undone_by_its_button(shop_of, anna) -> None:
    shop = await shop_of()
    card = await with_topic(shop, anna)
    await shop.reply("🔕", card.thread)
    told = next(each for each in shop.shown(card.thread) if "🔕 Бот не отвечает" in each.text)
    [data] = told.buttons.values()
    assert "снова отвечает" in await shop.press(told, "unmute")
    assert told.buttons == {}
    assert "закрыт" in await shop.forge(told, data)
    shop.model.says(FACT)
    assert await shop.ask(anna, QUESTION) == [FACT]


async def test_a_button_of_another_topic_unmutes_nobody(shop_of, anna, boris) -> None:
    shop = await shop_of()
    card, others = await with_topic(shop, anna), await with_topic(shop, boris)
    await shop.reply("🔕", card.thread)
    told = next(each for each in shop.shown(card.thread) if "🔕 Бот не отвечает" in each.text)
    [data] = [each for each in told.buttons.values() if each.startswith("unmute")]
    assert "Такой кнопки нет" in await shop.forge(others, data)
    shop.model.says(FACT)
    assert await shop.ask(anna, QUESTION) == []


async def test_contacts_are_muted_from_the_command_line(shop_of, anna, boris) -> None:
    shop = await shop_of()
    shop.model.says(FACT)
    assert await shop.ask(anna, QUESTION) == [FACT]
    await truffles(shop, "contacts", "mute", "salon", "+7 701 000 00 01")
    await truffles(shop, "contacts", "mute", "salon", "8 701 000 00 02")
    assert await shop.ask(anna, QUESTION) == []
    assert await shop.ask(boris, QUESTION) == [], "also who had never written"
    listed = await truffles(shop, "contacts", "list", "salon")
    assert "77010000001" in listed
    assert "77010000002" in listed
    await truffles(shop, "contacts", "unmute", "salon", boris)
    assert await shop.ask(boris, QUESTION) == [FACT]
    assert "77010000002" not in await truffles(shop, "contacts", "list", "salon")


async def test_agents_own_numbers_are_left_alone(shop_of, anna, boris) -> None:
    agents = [{"name": "Айгерим", "role": "owner", "identities": [
        {"channel": "telegram", "id": "900"}, {"channel": "whatsapp", "id": "+7 701 000-00-01"}]}]  # fmt: skip
    shop = await shop_of(agents=agents)
    shop.model.says(FACT)
    assert await shop.ask(anna, QUESTION) == []
    assert (await shop.ends("customer"))[-1] == ("ignored", "do-not-answer")
    assert await shop.ask(boris, QUESTION) == [FACT]


async def test_agents_who_write_to_the_bot_are_left_alone(shop_of, owner) -> None:
    agents = [
        {"name": "Айгерим", "role": "owner", "identities": [{"channel": "telegram", "id": str(owner.id)}]},
        {"name": "Дина", "role": "manager", "identities": [{"channel": "telegram", "username": "@Dina"}]},
    ]
    shop = await shop_of(agents=agents)
    shop.model.says(FACT)
    for sender in (owner, User(id=905, first_name="Дина", username="dina")):
        await shop.telegram.write_privately(QUESTION, sender=sender)
        await shop.settled()
        assert [each.text for each in shop.telegram.chat(sender)] == [QUESTION]
    customer = User(id=906, first_name="Анна", username="anna")
    await shop.telegram.write_privately(QUESTION, sender=customer)
    await shop.settled()
    assert [each.text for each in shop.telegram.chat(customer)][-1] == FACT


async def with_topic(shop, jid: str):
    """The card of a customer whom the bot serves again."""
    card = await shop.hand_over(jid)
    await shop.press(card, "return")
    return card
