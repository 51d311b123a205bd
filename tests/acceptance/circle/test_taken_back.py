"""A draft that is taken back because its customer writes on: no word of theirs goes unanswered, nobody hears one twice."""

from __future__ import annotations

import asyncio
import signal

from tests.acceptance.circle.conftest import Another
from tests.acceptance.circle.test_approve import (
    MARAT,
    PRICE,
    QUESTION,
    approving,
    customers_ends,
    drafted,
    drafts,
    statuses,
)  # fmt: skip
from truffles_gateway.testing import GatewayProcess

COURSES, PARKING = "Есть ли у вас курсы?", "И парковка есть?"
FREE = "Парковка во дворе бесплатная для клиентов."


async def test_the_known_half_is_thought_about_again_and_nobody_is_called_twice(shop_of, anna) -> None:
    shop = await approving(shop_of)
    shop.model.says(PRICE, unanswered=[COURSES])
    [told] = await shop.ask(anna, f"{QUESTION} {COURSES}")
    [first] = drafts(shop)
    shop.model.says(f"{PRICE} {FREE}", unanswered=[COURSES])
    assert await shop.ask(anna, PARKING) == []
    assert any(QUESTION in each and PARKING in each for each in shop.model.read)
    second = drafts(shop)[-1]
    assert first.buttons == {}
    assert QUESTION in second.text
    assert PARKING in second.text
    assert shop.texts().count(f"👤 {PARKING}") == 1
    assert not any(each.startswith("👤") and QUESTION in each for each in shop.texts()), "the card has it already"

    third = await drafted(shop, anna, "Спасибо, жду")
    assert QUESTION in third.text, "also when it is taken back once more"
    await shop.press(third, "send", MARAT)
    assert shop.said(anna) == [told, f"{PRICE} {FREE}"]
    assert len(await shop.rows("SELECT 1 FROM handovers WHERE client_id = $1")) == 1
    assert await customers_ends(shop) == [("escalated", "partly known"), ("answered", ""), ("answered", "")]
    assert await statuses(shop) == [("replaced", ""), ("replaced", ""), ("sent", "Марат")]
    lines = await shop.rows("SELECT content FROM messages WHERE client_id = $1 AND role = 'user' ORDER BY seq")
    assert [line["content"] for line in lines] == [f"{QUESTION} {COURSES}", PARKING, "Спасибо, жду"]
    await shop.balanced()


async def test_a_no_keeps_its_question_when_it_is_taken_back(shop_of, anna) -> None:
    shop = await approving(shop_of)
    asked = await shop.ask(anna, f"Не пишите мне больше. {QUESTION}")
    assert len(asked) == 1
    first = await drafted(shop, anna, "Нет")
    assert QUESTION in first.text
    shop.model.says(f"{PRICE} {FREE}")
    for more in (PARKING, "Ау?"):
        following = await drafted(shop, anna, more)
        assert QUESTION in following.text
        assert more in following.text
        assert any(QUESTION in each and more in each for each in shop.model.read)
    await shop.press(following, "send", MARAT)
    assert shop.said(anna) == [*asked, f"{PRICE} {FREE}"]
    lines = await shop.rows("SELECT content FROM messages WHERE client_id = $1 AND role = 'user' ORDER BY seq")
    assert [line["content"] for line in lines][1:] == ["Нет", PARKING, "Ау?"], "what was written is what they wrote"
    await shop.ask(anna, "А во сколько открываетесь?")
    context = await shop.rows("SELECT context FROM conversations WHERE client_id = $1")
    assert "mute_answered_by" not in context[0]["context"]


async def test_a_turn_that_dies_after_it_took_a_draft_back_shows_no_line_twice(shop_of, anna, another: Another) -> None:
    shop = await shop_of(mode="approve", rig={"work": False})
    with another.asleep():
        deadly = another.environment | {
            "TRUFFLES_CRASH": "think.after:3",
            "LEASE_SECONDS": "1",
            "HEARTBEAT_SECONDS": "0.3",
        }
        async with GatewayProcess("serve", deadly) as victim:
            await shop.ask(anna, "Позовите менеджера, пожалуйста")
            shop.model.says(PRICE)
            await shop.ask(anna, QUESTION)
            await shop.write(anna, PARKING)
            async with asyncio.timeout(20):
                assert await victim.ended() == -signal.SIGKILL

        async def shown() -> bool:
            """What was on its way when it died is tried again after two seconds, and holds back what follows."""
            return PARKING in drafts(shop)[-1].text

        async with another.rig():
            await shop.settled()
            await shop.rig.until(shown, seconds=30)
            await shop.settled()
    assert QUESTION in drafts(shop)[-1].text
    assert [each for each in shop.texts() if each.startswith("👤")] == [f"👤 {QUESTION}", f"👤 {PARKING}"]
    await shop.balanced()
