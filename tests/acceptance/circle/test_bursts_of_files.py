"""Many files at once: what the limits let through reaches the desk, each refused one is named there, and the customer is told
once, whatever is thought about again."""

from __future__ import annotations

import asyncio
import base64

import pytest

from truffles_gateway.testing import jpeg

TOO_MANY = "слишком много файлов за короткое время"
FAILING_TWICE = (
    "CREATE SEQUENCE tried",
    """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tried') <= 2 THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$
    """,
    "CREATE TRIGGER refuse BEFORE INSERT ON outbox_messages FOR EACH ROW EXECUTE FUNCTION refuse()",
)
"""The database takes no outgoing row of two commits."""
ONE_TURN = {"complete": 60, "fragment": 60, "longest": 120}


def photo(number: int, caption: str = "") -> dict:
    """A photo as ChatFlow tells of it, with bytes of its own."""
    data = base64.b64encode(jpeg(number)).decode()
    return {"message_type": "image", "media": {"mimetype": "image/jpeg", "base64": data, "caption": caption}}


async def burst(shop, jid: str, numbers: range, caption: str = "") -> None:
    """All at once."""
    await asyncio.gather(*(shop.write(jid, **photo(number, caption)) for number in numbers))


async def one_turn(shop, jid: str, numbers: range, caption: str = "") -> None:
    """All in one turn, in a shop that waits a minute for the rest, however slow the machine."""
    await burst(shop, jid, numbers, caption)
    await shop.pass_time(seconds=121)


def photos(shop) -> list[bytes]:
    """The photos that the managers see, as often as they see them."""
    shown = [message for message in shop.shown() if message.kind == "photo"] if shop.topics() else []
    return [shop.telegram.world.files[message.json["photo"][-1]["file_id"]] for message in shown]


def named(shop) -> int:
    """How many files the topic names as too many."""
    return sum(text.count(TOO_MANY) for text in shop.texts()) if shop.topics() else 0


def told(shop, jid: str) -> list[str]:
    """What the customer read about too many files."""
    return [text for text in shop.said(jid) if "слишком много" in text]


async def test_of_seven_photos_without_a_word_five_reach_the_desk_and_two_are_named(shop_of, anna) -> None:
    """Nobody is called: the customer is asked what they want, and told about the rest once."""
    shop = await shop_of(timing=ONE_TURN)
    await one_turn(shop, anna, range(7))
    assert len(set(photos(shop))) == len(photos(shop)) == 5
    assert named(shop) == 2
    assert len(told(shop, anna)) == 1
    assert len(shop.said(anna)) == 2
    assert (await shop.state())[0][0] == "bot_active"
    await shop.balanced()


async def test_over_two_turns_the_desk_gets_the_first_five_when_the_others_are_refused(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN)
    await one_turn(shop, anna, range(4))
    assert photos(shop) == []
    await one_turn(shop, anna, range(4, 7))
    assert sorted(photos(shop)) == [jpeg(number) for number in range(4)] + [photos(shop)[-1]]
    assert named(shop) == 2
    assert len(told(shop, anna)) == 1


async def test_a_block_is_told_once_and_ends_after_a_quarter_of_an_hour(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN)
    await one_turn(shop, anna, range(6))
    for number in (6, 7):
        await one_turn(shop, anna, range(number, number + 1))
    assert (len(photos(shop)), named(shop), len(told(shop, anna))) == (5, 3, 1)
    await shop.pass_time(minutes=16)
    await one_turn(shop, anna, range(8, 9))
    await shop.write(anna, "позовите менеджера")
    await shop.pass_time(seconds=121)
    assert (len(photos(shop)), named(shop), len(told(shop, anna))) == (6, 3, 1)


async def test_with_a_handover_open_fifteen_reach_the_topic(shop_of, anna, owner) -> None:
    shop = await shop_of(timing=ONE_TURN)
    await shop.write(anna, "позовите менеджера")
    await shop.pass_time(seconds=121)
    await one_turn(shop, anna, range(9))
    await shop.press(shop.card(), "take", owner)
    await one_turn(shop, anna, range(9, 17))
    assert (len(set(photos(shop))), named(shop), len(told(shop, anna))) == (15, 2, 1)


async def test_captions_of_a_burst_are_its_words(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN)
    await shop.write(anna, **photo(0, "хочу как на фото"))
    await burst(shop, anna, range(1, 6))
    await shop.write(anna, **photo(6, "или вот так"))
    await shop.pass_time(seconds=121)
    card = shop.card().text
    assert "хочу как на фото" in card
    assert "или вот так" in card
    assert card.count(TOO_MANY) == 2
    assert (len(photos(shop)), len(told(shop, anna))) == (5, 1)


async def test_a_webhook_that_comes_again_counts_no_photo_twice(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN)
    for _ in range(3):
        await asyncio.gather(*(shop.write(anna, message_id=f"M{n}", **photo(n)) for n in range(5)))
    await shop.write(anna, "позовите менеджера")
    await shop.pass_time(seconds=121)
    assert (len(photos(shop)), named(shop), told(shop, anna)) == (5, 0, [])


async def test_a_turn_that_is_thought_about_again_tells_nothing_twice(shop_of, anna) -> None:
    """The answer is not yet out when more arrives: the desk has seen the files, and the customer has read the line."""
    shop = await shop_of(timing=ONE_TURN)
    shop.phones.behave(status=503, count=4)
    await one_turn(shop, anna, range(7))
    assert (len(photos(shop)), named(shop)) == (5, 2)
    await shop.write(anna, "Сколько стоит маникюр с покрытием?")
    for _ in range(4):
        await shop.pass_time(seconds=61)
    assert (len(photos(shop)), named(shop), len(told(shop, anna))) == (5, 2, 1)
    await shop.balanced()


@pytest.mark.parametrize("state", ["pending", "bot_active"])
async def test_a_turn_that_fails_and_runs_again_counts_once(shop_of, anna, state) -> None:
    """Five are within the limit however often the turn runs, and the line about the sixth is said by the run that counts."""
    shop = await shop_of(timing=ONE_TURN)
    if state == "pending":
        await shop.write(anna, "позовите менеджера")
        await shop.pass_time(seconds=121)
    limit = 15 if state == "pending" else 5
    await burst(shop, anna, range(limit + 2))
    for statement in FAILING_TWICE:
        await shop.rig.gateway.database.execute(statement)
    await shop.pass_time(seconds=121)
    for _ in range(3):
        await shop.pass_time(seconds=5)
    [turn] = await shop.rows("SELECT attempts FROM turns WHERE client_id = $1 ORDER BY started_at DESC LIMIT 1")
    assert turn["attempts"] == 2
    assert (len(set(photos(shop))), named(shop), len(told(shop, anna))) == (limit, 2, 1)


async def test_in_approve_a_burst_reaches_the_desk_with_the_draft(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN, mode="approve")
    await one_turn(shop, anna, range(7))
    assert (len(photos(shop)), named(shop)) == (5, 2)
    assert shop.said(anna) == told(shop, anna)
    assert len(told(shop, anna)) == 1


async def test_in_shadow_a_burst_is_only_recorded(shop_of, anna) -> None:
    shop = await shop_of(timing=ONE_TURN, mode="shadow")
    await one_turn(shop, anna, range(7))
    assert (shop.topics(), shop.said(anna)) == ([], [])
    await shop.balanced()


LINES = {
    "Сәлеметсіз бе, мына фотоларды қараңызшы": "Қазір файл тым көп",
    "Hello, please have a look at these pictures": "That is too many files at once",
    "Здравствуйте, посмотрите эти картинки": "Файлов сейчас слишком много",
}


@pytest.mark.parametrize("words", LINES)
async def test_the_line_is_in_the_customers_language(shop_of, anna, words) -> None:
    """The topic stays in the tenant's."""
    shop = await shop_of(timing=ONE_TURN)
    await burst(shop, anna, range(7))
    await shop.write(anna, words)
    await shop.pass_time(seconds=121)
    assert len([text for text in shop.said(anna) if text.startswith(LINES[words])]) == 1
    assert named(shop) == 2
