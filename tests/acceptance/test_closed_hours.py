"""Outside working hours a reply says so, once in a talk, whatever was wanted; never beside the desk's own hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

PACK = {
    "business": {"name": "Мастерская"},
    "place": {"address": "ул. Первая, 5", "hours": "10:00-21:00"},
    "services": [{"id": "shoe", "name": {"ru": "Ремонт обуви", "en": "Shoe repair"}, "price": "3 000"}],
    "texts": {"call_to_action": "Записать вас?"},
}
PRICE = "сколько стоит ремонт обуви?"
CLOSED = "Сейчас закрыто. Откроемся завтра в 10:00."


@pytest.fixture
def shop_of(salon_of, sim):
    """A shop with a pack, at an hour of its own day."""

    async def make(hour: int, pack=PACK, **config):
        chatflow = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
        plugins = [
            {"name": "policy", "settings": {"pack": pack}},
            {"name": "answer_local"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": chatflow},
        ]
        shop = await salon_of(plugins=plugins, timezone="Asia/Almaty", **config)
        until(shop.rig.clock, hour)
        return shop

    return make


def until(clock, hour: int) -> None:
    """Go on to that hour in Almaty."""
    now = clock.now()
    then = datetime(now.year, now.month, now.day, hour, tzinfo=UTC) - timedelta(hours=5)
    clock.advance(seconds=((then - now) % timedelta(days=1)).total_seconds())


async def test_an_answer_says_that_it_is_closed_and_when_it_opens(shop_of, jid) -> None:
    shop = await shop_of(22)
    reply = await shop.ask(jid, PRICE)
    assert reply.splitlines()[1:] == [CLOSED, "Записать вас?"] and "3 000 ₸" in reply.splitlines()[0]


async def test_it_is_said_once_in_a_talk_and_again_after_six_hours(shop_of, jid) -> None:
    shop = await shop_of(22)
    assert CLOSED in await shop.ask(jid, "Здравствуйте")
    shop.rig.clock.advance(minutes=5)
    assert "закрыто" not in await shop.ask(jid, PRICE)
    shop.rig.clock.advance(hours=6, minutes=1)
    assert "Сейчас закрыто. Откроемся сегодня в 10:00." in await shop.ask(jid, "где вы находитесь?")


async def test_in_working_hours_nothing_is_said(shop_of, jid) -> None:
    shop = await shop_of(12)
    assert "закрыто" not in await shop.ask(jid, PRICE)


async def test_whoever_is_handed_to_a_human_is_told_too(shop_of, jid) -> None:
    shop = await shop_of(22)
    assert (await shop.ask(jid, "позовите менеджера")).endswith(CLOSED)


async def test_the_desks_own_hours_leave_it_out(shop_of, jid) -> None:
    shop = await shop_of(23, desk={"quiet_from": 22, "quiet_until": 8})
    reply = await shop.ask(jid, "позовите менеджера")
    assert "нерабочее время" in reply and "закрыто" not in reply


async def test_who_asks_for_the_hours_or_thanks_gets_no_second_line(shop_of, jid) -> None:
    shop = await shop_of(22)
    assert "закрыто" not in await shop.ask(jid, "спасибо")
    assert (await shop.ask(jid, "вы сейчас открыты?")).count("закрыто") == 1


async def test_the_packs_own_words_replace_it(shop_of, jid) -> None:
    own = {"ru": "Мастерская закрыта, ждём вас с 10:00.", "en": "The workshop is closed."}
    shop = await shop_of(22, pack={**PACK, "texts": {"closed_now": own}})
    reply = await shop.ask(jid, PRICE)
    assert reply.endswith(own["ru"]) and "Сейчас закрыто" not in reply


async def test_branches_that_differ_say_nothing_until_the_branch_is_known(shop_of, jid) -> None:
    branches = [
        {"slug": "north", "name": "Северный", "hours": "10:00-21:00"},
        {"slug": "south", "name": "Южный", "hours": "24/7"},
    ]
    shop = await shop_of(22, pack={**PACK, "branches": branches})
    assert "закрыто" not in await shop.ask(jid, "Здравствуйте")
    assert CLOSED in await shop.ask(jid, "сколько стоит ремонт обуви в Северном?")


async def test_the_same_question_is_answered_once_although_it_was_told_then(shop_of, jid) -> None:
    shop = await shop_of(22, pack={**PACK, "texts": {}})
    assert CLOSED in await shop.ask(jid, PRICE)
    shop.rig.clock.advance(minutes=1)
    assert await shop.ask(jid, PRICE) == ""


async def test_what_waits_for_a_person_says_nothing_of_the_hour(shop_of, jid) -> None:
    """Somebody may let it go when it is open."""
    shop = await shop_of(22, mode="approve")
    await shop.ask(jid, PRICE)
    [draft] = await shop.rig.rows("SELECT to_jsonb(drafts)::text AS stored FROM drafts")
    assert "3 000 ₸" in draft["stored"] and "закрыто" not in draft["stored"]
