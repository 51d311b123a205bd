"""A second business on the same gateway, with other plugins: they keep apart, and one's trouble is not the other's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from truffles_gateway.cli.demo.play import Play, joined, outcome_of
from truffles_gateway.cli.demo.scenes.dialogues import ARUZHAN
from truffles_gateway.observability import mask

REFUSED = 401
LOG = "the gateway's log (desk_log)"


async def neighbour(play: Play) -> None:
    """A phone shop in Shymkent, while the salon's turns still wait for the dead worker's lease."""
    house, screen = play.house, play.screen
    if play.explained:  # takes a few seconds, which this scene fills
        play.told = asyncio.ensure_future(house.command("why", play.explained, environment=screen.environment()))
    screen.scene(
        "9. Meanwhile, next door: a phone shop in Shymkent on the same gateway",
        "No model, no Telegram: other plugins, its own facts, its own desk. Аружан of scene 2 writes from the same phone to "
        "the shop's number, then asks what the salon has just learnt.",
    )
    before = await house.group.calls()
    screen.devices(f"{ARUZHAN.name}, WhatsApp", LOG)
    await _own_facts(play)
    await _own_lessons(play)
    screen.end()
    after = await house.group.calls()
    screen.check("nothing of it reached the salon's Telegram", after == before, "0 calls", f"{after - before} calls")
    status = await house.admin.knock(house.shop.slug, house.salon.secret, ARUZHAN.jid)
    screen.check("the salon's secret does not open the shop's door", status == REFUSED, str(REFUSED), status)


async def _own_facts(play: Play) -> None:
    shop, screen = play.house.shop, play.screen
    written = await play.say(ARUZHAN, "кайда орналаскансыздар?", "where are you? (to the shop)", at=shop)
    replies = await play.heard(ARUZHAN, at=shop)
    story = await play.house.admin.decided(written.id)
    for reply in replies:
        screen.read(reply["text"])
    play.timed("Next door", story, [written], replies)
    text = joined(replies)
    good = outcome_of(story) == "answered" and "Шымкент" in text and "Вымышленная" not in text
    screen.check("the shop answers with its own address", good, "«Шымкент», not «Вымышленная»", text or "no reply")


async def _own_lessons(play: Play) -> None:
    shop, screen = play.house.shop, play.screen
    written = await play.say(ARUZHAN, "А вы делаете татуаж губ?", "and do you do permanent lip make-up?", at=shop)
    replies = await play.heard(ARUZHAN, at=shop)
    story = await play.house.admin.decided(written.id)
    cards = [row for row in story.get("outgoing") or () if row["kind"] == "card"]
    shown = [piece for card in cards for piece in screen.card(mask(card["text"]))]  # as the log has it: no whole phone
    for reply in replies:
        screen.read(reply["text"], "your question is with a colleague", beside=shown)
    _unknown_here(play, story, cards, joined(replies))


def _unknown_here(play: Play, story: Mapping[str, Any], cards: list[dict[str, Any]], text: str) -> None:
    good = outcome_of(story) == "escalated" and "татуаж" not in text.lower() and bool(text)
    play.screen.check(
        "what the salon has learnt the shop does not know: a human is called", good, "escalated", text or "no reply"
    )
    there = [(card["channel"], card["status"]) for card in cards]
    play.screen.check(
        "its card is at its own desk", there == [("desk_log", "sent")], "desk_log, sent", there or "no card"
    )
