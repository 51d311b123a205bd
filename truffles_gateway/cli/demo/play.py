"""What the scenes share: the house, the screen, who writes, and what they found out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from truffles_gateway.cli.demo.house import House, Place
from truffles_gateway.cli.demo.screen import Piece, Screen
from truffles_gateway.cli.demo.times import Times, times_of
from truffles_gateway.cli.demo.wires import Topic, Written

REPLY_SECONDS = 20.0
GROUP = "Telegram, the managers' group"
PIN = "📌"


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with a phone; the numbers are nobody's."""

    name: str
    jid: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Words that a reply must hold, and what they are."""

    words: str
    what: str


@dataclass(slots=True)
class Play:
    """The scenes share a house, a screen, and what they found out."""

    house: House
    screen: Screen
    times: dict[str, Times] = field(default_factory=dict)
    expected: dict[tuple[str, str], int] = field(default_factory=dict)
    explained: str = ""
    taught: str = ""
    taught_at: float = 0.0
    crash: Any = None
    told: asyncio.Future[list[str]] | None = None
    summed: asyncio.Future[list[str]] | None = None

    async def say(
        self, who: Customer, text: str, gloss: str = "", *, at: Place | None = None, **more: Any
    ) -> Written:  # fmt: skip
        """The customer writes, and it is shown."""
        written = await (at or self.house.salon).phones.write(who.jid, text, name=who.name, **more)
        self.screen.said(text, gloss)
        return written

    async def heard(self, who: Customer, count: int = 1, *, at: Place | None = None) -> list[dict[str, Any]]:
        """What is new on the customer's phone, once that is `count` messages."""
        place = at or self.house.salon
        had = self.expected.get((place.slug, who.jid), 0)
        self.expected[place.slug, who.jid] = had + count
        return (await place.phones.wait(who.jid, had + count, REPLY_SECONDS))[had:]

    def timed(
        self, name: str, story: Mapping[str, Any], written: Sequence[Written], replies: Sequence[Mapping[str, Any]]
    ) -> None:  # fmt: skip
        """Show how long each part of a turn took, and keep it under `name`, if it came to an end."""
        if replies and story.get("outcome"):
            times = times_of(story, written, replies[0]["time"])
            self.times |= {name: times} if name else {}
            self.screen.remark(times.line())

    def shown(self, message: Mapping[str, Any], *, style: str = "cyan") -> list[Piece]:
        """A message of the topic as it stands there."""
        signs = [PIN] if message.get("pinned") else []
        kind = [f"[ {message['kind']} ]"] if message["kind"] != "text" else []
        lines = [f"{message['from']}:", " ".join([*kind, message["text"]])]
        marks = " ".join([*signs, *message["reactions"]])
        return self.screen.card("\n".join(lines), list(message["buttons"]), mark=marks, style=style)


def joined(replies: Sequence[Mapping[str, Any]]) -> str:
    """What the replies say, on one line with plain spaces."""
    return " ".join(" ".join(str(reply["text"]) for reply in replies).replace("\u00a0", " ").split())


def stage(story: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The entries of a stage in a turn's trace."""
    return [each for each in story.get("stages") or () if each.get("stage") == name]


def outcome_of(story: Mapping[str, Any]) -> str:
    """How a turn ended, "nothing" if there was none."""
    return str(story.get("outcome") or story.get("status") or "nothing")


def pinned_card(topic: Topic) -> bool:
    """Is a handover's card there, and pinned? The pin comes a moment after it."""
    return bool(card_of(topic).get("pinned"))


def card_of(topic: Topic | None) -> dict[str, Any]:
    """The newest card in a topic that can be taken, {} if there is none."""
    messages = reversed(topic.messages) if topic else ()
    return next((each for each in messages if "take_" in "".join(each["buttons"].values())), {})
