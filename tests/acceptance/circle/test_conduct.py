"""How the whole of it behaves: the owner hears of a budget that ends, the customer sees that somebody writes."""

from __future__ import annotations

from copy import deepcopy

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
