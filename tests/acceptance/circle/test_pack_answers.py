"""A business with a pack: what customers ask over HTTP is answered with its facts, and what it does not say is not."""

from __future__ import annotations

import pytest

PACK = {
    "business": {"name": "Мастерская"},
    "place": {"address": "ул. Первая, 5", "hours": "10:00-21:00", "parking": "Парковка во дворе."},
    "services": [
        {"id": "shoe", "name": "Ремонт обуви", "price": "3 000", "duration": "40"},
        {"id": "bag", "name": "Ремонт сумок", "price_from": "5 000"},
    ],
    "services_complete": True,
    "texts": {"call_to_action": "Записать вас?"},
}


@pytest.fixture
async def shop(salon_of, sim):
    chatflow = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
    config = [
        {"name": "policy", "settings": {"pack": PACK}},
        {"name": "answer_local"},
        {"name": "desk_log"},
        {"name": "chatflow", "settings": chatflow},
    ]
    return await salon_of(plugins=config)


async def test_several_questions_get_one_answer_and_one_call_to_action(shop, jid) -> None:
    reply = await shop.ask(jid, "сколько стоит ремонт обуви и где вы находитесь?")
    assert "Ремонт обуви — 3 000 ₸, 40 мин" in reply and "ул. Первая, 5" in reply and reply.count("Записать вас?") == 1
    reply = await shop.ask(jid, "а ремонт сумок?")
    assert "от 5 000 ₸" in reply and "Записать вас?" not in reply
    assert [outcome for outcome, _ in await shop.outcomes()] == ["answered", "answered"]


async def test_what_the_pack_does_not_say_goes_to_a_human(shop, jid) -> None:
    reply = await shop.ask(jid, "Есть ли у вас лифт?")
    assert "Парковка" not in reply
    assert (await shop.outcomes())[-1][0] == "escalated"


async def test_what_a_complete_list_does_not_hold_is_said_to_be_not_there(shop, jid) -> None:
    assert "нет: татуировки" in await shop.ask(jid, "делаете татуировки?")
    assert [outcome for outcome, _ in await shop.outcomes()] == ["answered"]


async def test_half_an_answer_is_told_by_whoever_answers_from_passages(shop, jid) -> None:
    """The gate answers nothing by halves; the fact that it found is told all the same."""
    reply = await shop.ask(jid, "Сколько стоит ремонт обуви? И есть ли у вас лифт?")
    assert "3 000 ₸" in reply
