"""The gate at the front door: what only a human may decide, red flags, a dialogue that does not move, and what is nobody's
business here. No model: what customers read is the business's own words or the catalogue's."""

from __future__ import annotations

import pytest

from truffles_gateway.texts import host_texts

RU = host_texts()["ru"]
LINE = "Сейчас же звоните 103."
PACK = {
    "business": {"name": "Салон"},
    "emergencies": [{"signs": ["кровь не останавливается"], "line": LINE}],
    "off_topic": {"anchors": ["футбол"], "ours": ["после футбола"]},
}
"""What customers write, and what the desk is told."""
GATES = {
    "Я перевела предоплату, проверьте": "reason_payment",
    "жіберген ақшам келді ме": "reason_payment",
    "Верните деньги": "reason_refund",
    "Я беременна, можно делать маникюр?": "reason_medical",
    "what should I do, my tooth hurts": "reason_medical",
    "Сделайте скидку, пожалуйста": "reason_discount",
    "Сайт не открывается": "reason_technical",
}
SERIOUS = {"reason_payment", "reason_refund", "reason_medical"}


async def open_with(shop_of, **pack):
    """A shop without a model, with a pack."""
    shop = await shop_of(mode="auto")
    kept = [each for each in shop.config["plugins"] if each["name"] != "llm_openai"]
    at = next(at for at, each in enumerate(kept) if each["name"] == "policy")
    kept[at] = {"name": "policy", "settings": {"pack": {**PACK, **pack}}}
    await shop.rig.apply({**shop.config, "plugins": [*kept, {"name": "answer_local"}]})
    return shop


async def handovers(shop):
    return await shop.rows("SELECT trigger_type, times_out FROM handovers WHERE client_id = $1 ORDER BY created_at, id")


@pytest.mark.parametrize(("words", "reason"), GATES.items())
async def test_what_only_a_human_may_decide_is_handed_over(shop_of, anna, words, reason) -> None:
    shop = await open_with(shop_of)
    said = await shop.ask(anna, words)
    assert len(said) == 1
    assert f"Нужен человек: {RU[reason]}" in shop.card().text
    [handover] = await handovers(shop)
    assert handover["times_out"] is (reason not in SERIOUS)


async def test_no_advice_on_health_and_no_second_card(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    assert await shop.ask(anna, "Какое лекарство пить от боли?") == [f"{RU['medical_passed_on']} {RU['human_called']}"]
    assert await shop.ask(anna, "Я перевела предоплату, проверьте") == [RU["human_confirm_pending"]]
    assert len(await handovers(shop)) == 1


async def test_a_red_flag_has_its_line_and_an_urgent_card_and_the_bot_goes_on(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    assert await shop.ask(anna, "После удаления кровь никак не останавливается!") == [f"{LINE}\n\n{RU['human_called']}"]
    assert shop.card().text.startswith(f"⚡ Нужен человек: {RU['reason_emergency']}")
    [handover] = await handovers(shop)
    assert (handover["trigger_type"], handover["times_out"]) == ("policy", False)
    [said] = await shop.ask(anna, "Есть парковка?")
    assert "Парковка во дворе" in said


async def test_a_red_flag_is_heard_while_somebody_waits_or_is_served(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    await shop.ask(anna, "Позовите менеджера")
    assert await shop.ask(anna, "Кровь не останавливается") == [LINE]
    assert "⚡ Кровь не останавливается" in shop.texts()
    await shop.press(shop.card(), "take")
    assert await shop.ask(anna, "Кровь всё ещё не останавливается") == []
    assert "⚡ Кровь всё ещё не останавливается" in shop.texts()


async def test_the_same_question_in_other_words_calls_a_human(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    await shop.ask(anna, "Есть парковка?")
    await shop.pass_time(minutes=1)
    [said] = await shop.ask(anna, "так парковка есть или нет")
    assert said.startswith(RU["stuck_sorry"])
    assert [each["trigger_type"] for each in await handovers(shop)] == ["stuck"]


async def test_one_impatient_word_is_not_stuck(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    await shop.ask(anna, "Здравствуйте")
    await shop.pass_time(minutes=1)
    [said] = await shop.ask(anna, "опять нет места на парковке?")
    assert RU["stuck_sorry"] not in said


async def test_what_is_nobodys_business_is_refused_and_who_talks_is_told(shop_of, anna) -> None:
    shop = await open_with(shop_of)
    refused = "С этим, к сожалению, не поможем"
    for words in ("Какая завтра погода?", "Расскажи анекдот", "Что скажешь о футболе?"):
        [said] = await shop.ask(anna, words)
        assert said.startswith(refused)
        await shop.pass_time(minutes=11)
    [said] = await shop.ask(anna, "Ты бот?")
    assert said.startswith("Да, вам отвечает виртуальный помощник «Салон»")
    assert await handovers(shop) == []


@pytest.mark.parametrize("words", ["Оплата картой есть?", "Какие у вас скидки?"])
async def test_a_pack_may_keep_payment_and_discounts_for_people(shop_of, anna, words) -> None:
    shop = await open_with(shop_of, payment={"tell": False}, discounts={"tell": False})
    [said] = await shop.ask(anna, words)
    assert said.startswith(RU["terms_passed_on"])
