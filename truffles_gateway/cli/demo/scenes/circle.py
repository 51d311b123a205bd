"""The circle: a question that nobody knows, the owner's answer, and the next customer whom the bot answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from truffles_gateway.cli.demo.play import GROUP, Customer, Play, card_of, joined, outcome_of, pinned_card
from truffles_gateway.cli.demo.wires import Topic, Written

TIMUR = Customer("Тимур", "77000000025@s.whatsapp.net")
LAURA = Customer("Лаура", "77000000026@s.whatsapp.net")
WORDS = "Да, татуаж губ делаем. Оттенок мастер подбирает на консультации, потом нужна коррекция."
GLOSS = "yes, we do; the master finds the shade at a consultation, a correction is needed later"
TAKE, REMEMBERED, RESOLVE, ARRIVED = "Беру ✋", "Запомнено ↩️", "Решено ✅", "👌"


async def unknown(play: Play) -> None:
    """Card, `Беру`, the owner's words, 👌, `Запомнено`, `Решено`."""
    screen = play.screen
    screen.scene(
        "6. A question that the facts do not answer: the owner does, and the bot learns",
        "The gateway invents nothing: it says that a colleague will answer. Айгерим, the owner, answers from the topic; "
        "her words are held 3 s, in case she changes them.",
    )
    screen.devices(f"{TIMUR.name}, WhatsApp", GROUP)
    written = await play.say(TIMUR, "А вы делаете татуаж губ?", "and do you do permanent lip make-up?")
    topic = await _called(play, written)
    if topic is not None:
        await _take(play, card_of(topic))
        await _answer(play, topic)
        await _learn(play)
        await _resolve(play, card_of(topic))
    play.timed("", await play.house.admin.decided(written.id), [written], await play.house.salon.phones.read(TIMUR.jid))
    screen.end()


async def _called(play: Play, written: Written) -> Topic | None:
    """A card is in a topic of the customer's own; None if there is none."""
    replies = await play.heard(TIMUR)
    topic, _ = await play.house.group.shows(TIMUR.name, pinned_card)
    card, story = card_of(topic), await play.house.admin.decided(written.id)
    for reply in replies:
        play.screen.read(
            reply["text"], "a colleague has your question, the answer will come here",
            beside=play.shown(card) if card else (),
        )  # fmt: skip
    named = "татуаж губ" in card.get("text", "") and card.get("pinned")
    good = outcome_of(story) == "escalated" and len(replies) == 1
    play.screen.check(
        "the customer was told, once, that a human will answer", good, "escalated, 1 line", joined(replies)
    )
    play.screen.check("a pinned card with the question is in a topic of its own", named, "1 card", card or "no card")
    return topic if named else None


async def _take(play: Play, card: Mapping[str, Any]) -> None:
    began = time.monotonic()
    popup = await play.house.group.press(card, TAKE)
    took = time.monotonic() - began
    play.screen.beside(play.screen.note(f"Айгерим presses «{TAKE}» → «{popup}» {1000 * took:.0f} ms", "yellow"))
    play.screen.check(
        f"«{TAKE}» was answered: the dialogue is hers", "Айгерим" in popup, "Айгерим", popup or "no answer"
    )


async def _answer(play: Play, topic: Topic) -> None:
    """The owner writes in the topic; the customer reads it; her message gets its 👌."""
    house, screen, began = play.house, play.screen, time.time()
    message = await house.group.write(topic.thread, WORDS)
    replies = await play.heard(TIMUR)
    now, _ = await house.group.shows(TIMUR.name, lambda seen: ARRIVED in _reactions(seen, message))
    words = next((each for each in now.messages if each["id"] == message), None) if now else None
    for reply in replies:
        after = f"{GLOSS}; {reply['time'] - began:.1f} s after she wrote it"
        screen.read(reply["text"], after, beside=play.shown(words, style="green") if words else ())
    texts = [reply["text"] for reply in replies]
    screen.check("her words arrived as they were written, once", texts == [WORDS], WORDS, texts)
    marks = _reactions(now, message) if now else []
    screen.check(f"{ARRIVED} on her message says so", marks == [ARRIVED], ARRIVED, marks or "no reaction")
    play.taught_at = replies[0]["time"] if replies else 0.0


def _reactions(topic: Topic, message: int) -> list[str]:
    return next((each["reactions"] for each in topic.messages if each["id"] == message), [])


async def _learn(play: Play) -> None:
    """Her words are approved at once: she is the owner, and they hold nothing that the facts should."""
    topic, _ = await play.house.group.shows(TIMUR.name, lambda seen: seen.find(REMEMBERED))
    card = topic.find(REMEMBERED) if topic else {}
    if card:
        play.screen.beside(play.shown(card))
    good = "татуаж губ" in card.get("text", "") and WORDS[:20] in card.get("text", "")
    play.screen.check("the bot has learnt it, with a button to undo that", good, REMEMBERED, card or "no such card")
    play.taught = WORDS if good else ""


async def _resolve(play: Play, card: Mapping[str, Any]) -> None:
    """The card is closed: no buttons, no pin; the bot answers again."""
    began = time.monotonic()
    popup = await play.house.group.press(card, "resolve")
    took = time.monotonic() - began
    play.screen.beside(play.screen.note(f"Айгерим presses «{RESOLVE}» → «{popup}» {1000 * took:.0f} ms", "yellow"))

    def closed(topic: Topic) -> bool:
        found = next((each for each in topic.messages if each["id"] == card["id"]), card)
        return not found["buttons"] and not found["pinned"]

    topic, _ = await play.house.group.shows(TIMUR.name, closed)
    good = topic is not None and closed(topic)
    play.screen.check(f"«{RESOLVE}»: the card is closed, buttons and pin are gone", good and popup, "closed", popup)


async def known(play: Play) -> None:
    """Another customer asks the same in other words: no human this time."""
    house, screen = play.house, play.screen
    screen.scene(
        "7. Another customer asks the same: the bot knows",
        "Other words, another phone, whichever worker is free: what the owner has said once is found.",
    )
    before = await house.group.calls()
    screen.devices(f"{LAURA.name}, WhatsApp", GROUP)
    written = await play.say(LAURA, "подскажите, татуаж губ делаете?", "tell me, do you do permanent lip make-up?")
    replies = await play.heard(LAURA)
    story = await house.admin.decided(written.id)
    alone = outcome_of(story) == "answered" and await house.group.calls() == before
    for reply in replies:
        screen.read(reply["text"], GLOSS, beside=screen.note("(nothing: the bot answered alone)") if alone else ())
    screen.end()
    play.timed("Learnt", story, [written], replies)
    text = joined(replies)
    good = bool(play.taught) and play.taught in text and len(replies) == 1
    screen.check("the reply is what the owner said to somebody else", good, play.taught or WORDS, text or "no reply")
    known_after = replies[0]["time"] - play.taught_at if replies and play.taught_at else 0.0
    since = f", {known_after:.1f} s after the first customer read it" if known_after else ""
    screen.check(f"no human was needed{since}", alone, "answered, nothing in Telegram", outcome_of(story))
