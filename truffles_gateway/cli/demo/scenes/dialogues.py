"""Two questions in two messages, in three languages: one reply, without a human."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from truffles_gateway.cli.demo.play import GROUP, Customer, Fact, Play, joined, outcome_of, stage
from truffles_gateway.cli.demo.wires import Written

BETWEEN_MESSAGES = 0.4
DANA = Customer("Дана", "77000000021@s.whatsapp.net")
ARUZHAN = Customer("Аружан", "77000000022@s.whatsapp.net")
EMMA = Customer("Emma", "77000000023@s.whatsapp.net")
ADDRESS = Fact("Вымышленная, 12", "the address")
STREET = Fact("Вымышленная көшесі, 12", "the address")
IN_ENGLISH = Fact("12 Vymyshlennaya", "the address")
PRICE = Fact("7 000", "the price of a manicure with gel polish, 7 000 ₸")


async def burst(play: Play) -> None:
    """Two messages, two questions, three mistakes, one reply."""
    play.screen.scene(
        "1. Two misspelt questions in two messages, in Russian",
        "People write in bits and with mistakes. The gateway waits for the burst to end and answers all of it at once, from "
        "the salon's pack: prices, hours and address in one file. No model is asked.",
    )
    said = [
        ("скока стоит маникур с покрытием", "how mutch is a manicur with gel polish"),
        ("и где вы находитесь?", "and where are you?"),
    ]
    await _dialogue(play, "Russian", DANA, said, [PRICE, ADDRESS], language="ru")


async def kazakh(play: Play) -> None:
    """The same in Kazakh."""
    play.screen.scene(
        "2. The same in Kazakh",
        "A pack may say its texts in several languages; numbers and hours are worded in the customer's in any case.",
    )
    said = [
        ("салеметсизбе, гель-лакпен маникюр канша турады", "hello, how much is a manicure with gel polish"),
        ("кайда орналаскансыздар?", "where are you? (both without Kazakh letters)"),
    ]
    await _dialogue(play, "Kazakh", ARUZHAN, said, [PRICE, STREET], language="kk")


async def english(play: Play) -> None:
    """The same in English."""
    play.screen.scene("3. The same in English", "And once more for a tourist, with a typo.")
    said = [("hi! how much is a manicure with gel polsh", ""), ("and where are you located?", "")]
    await _dialogue(play, "English", EMMA, said, [PRICE, IN_ENGLISH], language="en")


async def _dialogue(
    play: Play, name: str, who: Customer, said: Sequence[tuple[str, str]], facts: Sequence[Fact], *, language: str,
) -> None:  # fmt: skip
    """A burst and its one reply, with its times."""
    house, screen = play.house, play.screen
    before = await house.group.calls()
    screen.devices(f"{who.name}, WhatsApp", GROUP)
    written: list[Written] = []
    for text, gloss in said:
        await asyncio.sleep(BETWEEN_MESSAGES if written else 0)
        written.append(await play.say(who, text, gloss))
    replies = await play.heard(who)
    story = await house.admin.decided(written[0].id)
    alone = outcome_of(story) == "answered" and await house.group.calls() == before
    for reply in replies:
        screen.read(reply["text"], beside=screen.note("(nothing: the bot answered alone)") if alone else ())
    screen.end()
    play.timed(name, story, written, replies)
    _answered(play, written, replies, story, alone=alone)
    _worded(play, story, language)
    for fact in facts:
        text = joined(replies)
        screen.check(f"the reply has {fact.what}", fact.words in text, f"«{fact.words}»", text or "no reply")


def _answered(
    play: Play, written: Sequence[Written], replies: Sequence[object], story: Mapping[str, Any], *, alone: bool
) -> None:  # fmt: skip
    ids = {event["event_id"] for event in story.get("events") or ()}
    together = ids == {each.id for each in written}
    play.screen.check(
        f"{len(written)} messages were thought about together and got one reply, without a human",
        together and alone and len(replies) == 1, f"one turn of {len(written)} messages, answered, 1 reply",
        f"a turn of {len(ids)} messages, {outcome_of(story)}, {len(replies)} replies",
    )  # fmt: skip


def _worded(play: Play, story: Mapping[str, Any], language: str) -> None:
    """The language was recognised, and the pack answered before any model was asked."""
    seen = [each.get("language") for each in stage(story, "classify")]
    by = [each.get("plugin") for each in stage(story, "answer")]
    good = (seen, by) == ([language], ["policy"])
    what = f"the language was seen ({language}); the pack answered, no model was asked"
    play.screen.check(what, good, f"{language}, policy", (seen, by))
