"""How the whole of it behaves: the owner hears of a budget that ends, the customer sees that somebody writes."""

from __future__ import annotations

from copy import deepcopy

import pytest
from truffles_telegram.simulator import User

DINA = User(id=9001, first_name="Дина")
LIMIT = 12_000


async def test_the_owner_is_told_when_the_models_budget_ends_once_a_day_each(shop_of) -> None:
    shop = await shop_of()
    config = deepcopy(shop.config)
    [mind] = [each["settings"] for each in config["plugins"] if each["name"] == "llm_openai"]
    mind |= {"daily_tokens": LIMIT, "answer_tokens": 200, "classify_tokens": 100, "cache_minutes": 0}
    await shop.rig.apply(config)
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    alarms: list = []
    for number in range(30):
        if len(alarms) < 2:
            await shop.ask(f"7700000{number:04}@s.whatsapp.net", "Сколько стоит маникюр с покрытием?")
            alarms = await shop.rows("SELECT cause FROM alarms WHERE client_id = $1")
    causes = sorted(each["cause"].rpartition(" ")[0] for each in alarms)
    assert causes == ["llm_openai: budget_low", "llm_openai: budget_spent"]
    general = [text for text in shop.texts(0) if "бюджет" in text]
    assert len(general) == 2 and any("бюджет на сегодня израсходован" in text for text in general)


@pytest.fixture
async def telegram_shop(shop_of):
    """A shop whose customer Dina writes to the bot; other arguments change the config."""

    async def make(**changes):
        shop = await shop_of(**changes)
        shop.telegram.world.private(DINA)
        shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
        return shop

    return make


async def asks(shop, text: str = "Сколько стоит маникюр?") -> None:
    """Dina writes, and everything is done."""
    await shop.telegram.write_privately(text, sender=DINA)
    await shop.settled()


def typings(shop) -> list[str]:
    """To whom it was shown that somebody writes."""
    return [str(call.params["chat_id"]) for call in shop.telegram.calls if call.method == "sendChatAction"]


async def test_a_customer_sees_that_somebody_writes_before_the_reply_comes(telegram_shop) -> None:
    shop = await telegram_shop()
    await asks(shop)
    hers = [call.method for call in shop.telegram.calls if str(call.params.get("chat_id")) == str(DINA.id)]
    assert hers == ["sendChatAction", "sendMessage"]


@pytest.mark.parametrize("mode", ["shadow", "off", "approve"])
async def test_where_the_bot_does_not_answer_by_itself_nobody_seems_to_write(telegram_shop, mode) -> None:
    shop = await telegram_shop(mode=mode)
    await asks(shop)
    assert typings(shop) == []


async def test_while_a_manager_has_the_talk_or_the_bot_is_silent_nobody_seems_to_write(telegram_shop, owner) -> None:
    shop = await telegram_shop()
    await asks(shop, "Позовите менеджера, пожалуйста")
    [topic] = shop.topics()
    shown = len(typings(shop))
    assert shown == 1
    await shop.reply("Слушаю вас.", topic.id, owner)
    await asks(shop)
    assert len(typings(shop)) == shown


async def test_while_the_owner_pauses_the_bot_nobody_seems_to_write(telegram_shop, owner) -> None:
    shop = await telegram_shop()
    await shop.telegram.write("/пауза 2ч", chat=shop.group, sender=owner)
    await shop.settled()
    await asks(shop)
    assert typings(shop) == []
    await shop.pass_time(hours=2, minutes=1)
    await asks(shop)
    assert typings(shop) == [str(DINA.id)]


@pytest.mark.parametrize("trouble", [{"status": 500}, {"drop": "before"}, {"delay_before": 4.0}])
async def test_typing_that_fails_or_takes_long_keeps_no_reply_back(telegram_shop, trouble) -> None:
    shop = await telegram_shop()
    shop.telegram.behave(method="sendChatAction", **trouble)
    await asks(shop)
    assert [each.text for each in shop.telegram.chat(DINA)][-1] == "Маникюр с покрытием стоит 5 000 ₸."
    assert await shop.ends() == [("answered", "")]
