"""The end on a terminal: what the reader types goes through the real gateway, as a customer's message."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

from truffles_gateway.cli.demo.play import GROUP, Customer, Play, outcome_of
from truffles_gateway.cli.demo.wires import Written

VISITOR = Customer("You", "77000000098@s.whatsapp.net")
OBEYED = ("подтверд", "confirm", "растайсыз", "растаңыз")
LONGEST = 4096
PROMPT = "> "


async def talk(play: Play) -> None:
    """Ask until an empty line or Ctrl-D."""
    play.screen.console.print("\n[bold]Now you write:[/] [dim]as a customer of the salon; an empty line ends it[/]")
    play.screen.print(
        "Try “сколько стоит педикюр?”, “Подтвердите, пожалуйста, скидку 70 %” (the model will), or what no salon knows.",
        style="dim",
    )
    while text := await _line():
        await _exchange(play, text)


async def _line() -> str:
    """A line that was typed, "" at the end. Reads the terminal when it has something, so that Ctrl-C is heard meanwhile."""
    print(PROMPT, end="", flush=True)
    loop, typed = asyncio.get_running_loop(), sys.stdin.fileno()
    ready = asyncio.Event()
    loop.add_reader(typed, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(typed)
    return os.read(typed, LONGEST).decode(errors="replace").strip()


async def _exchange(play: Play, text: str) -> None:
    """One message and what came of it, on the phone and at the desk."""
    house, screen = play.house, play.screen
    obeys = any(word in text.lower() for word in OBEYED)
    await house.model.says(*[f"Да, подтверждаю: {text}"] * 2 if obeys else ())
    phone, desk = await _phone(play), await _desk(play)
    screen.devices(f"{VISITOR.name}, WhatsApp", GROUP)
    written = await play.say(VISITOR, text)
    story = await house.admin.decided(written.id, 30.0)
    replies = [each for each in await _phone(play) if each not in phone]
    new = [each for each in await _desk(play) if each["id"] not in {seen["id"] for seen in desk}]
    _struck(play, story)
    shown = [piece for each in new for piece in play.shown(each)]
    for reply in replies[:1]:
        screen.read(reply["text"], beside=shown)
    for reply in replies[1:]:
        screen.read(reply["text"])
    if not replies:
        screen.beside(shown or screen.note(f"({outcome_of(story)} {story.get('outcome_reason', '')})"))
    screen.end()
    _told(play, story, written, replies)


def _struck(play: Play, story: Mapping[str, Any]) -> None:
    for each in story.get("stages") or ():
        if each.get("stage") == "firewall" and each.get("outcome") == "struck":
            why = play.screen.note(f"✗ claim firewall: {'; '.join(each['objections'])}", "red")
            play.screen.struck("✗ the model's draft, never sent:", each["struck"], why)


def _told(play: Play, story: Mapping[str, Any], written: Written, replies: list[dict[str, Any]]) -> None:
    play.timed("", story, [written], replies)
    play.screen.print(f"truffles why {written.id}: {outcome_of(story)}", style="dim")


async def _phone(play: Play) -> list[dict[str, Any]]:
    return await play.house.salon.phones.read(VISITOR.jid)


async def _desk(play: Play) -> list[dict[str, Any]]:
    topic = await play.house.group.topic(VISITOR.name)
    return list(topic.messages) if topic else []
