"""Afterwards: why, how much, how long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from truffles_gateway.cli.demo.play import Play

OWN_MS = 3000
TIMED = 5
ENDS = ("accepted", "answered", "escalated", "forwarded")
SALON, SHOP = (13, 10, 2, 1), (2, 1, 1, 0)
NEEDED = ("on_inbound", "classify", "retrieve", "answer", "firewall", "repair", "decide", "escalate")


async def trace(play: Play) -> None:
    """`truffles why` of the message that wanted a discount."""
    play.screen.scene(
        "11. Why did the bot say that?",
        f"Every turn keeps its decision trace. `truffles why {play.explained}` tells the story of scene 4.",
    )
    lines = await (play.told or play.house.command("why", play.explained, environment=play.screen.environment()))
    play.screen.quote(lines)
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    missing = [word for word in (*NEEDED, "50 %", "struck") if word not in text]
    play.screen.check(
        "each stage is there, what the customer wrote, and what was struck out", not missing, "all stages",
        f"without {missing}",
    )  # fmt: skip


async def ledger(play: Play) -> None:
    """`truffles ledger`: what became of everything, of each business for itself."""
    house, screen = play.house, play.screen
    screen.scene(
        "12. Nothing is lost: the ledger",
        "Every accepted message ends in exactly one way; `truffles ledger` prints the sums and checks them.",
    )
    screen.quote(await (play.summed or house.command("ledger", environment=screen.environment())))
    for place, wanted in ((house.salon, SALON), (house.shop, SHOP)):
        found = await house.admin.settled(place.slug)
        ends = tuple(found[name] for name in ENDS)
        good = ends == wanted and found["balanced"] and found["waiting"] == found["lost"] == 0
        told = ", ".join(f"{count} {name}" for count, name in zip(wanted, ENDS, strict=True))
        screen.check(f"{place.slug}: {told}; balanced, nothing waits, nothing is lost", good, told, found)
    await _phones(play)


async def _phones(play: Play) -> None:
    """What customers have read, against what the scenes expected."""
    house, everything = play.house, 0
    strange: dict[tuple[str, str], int] = {}
    for place in (house.salon, house.shop):
        everything += len(await place.phones.read(""))
        expected = {jid: count for (slug, jid), count in play.expected.items() if slug == place.slug}
        counts = {jid: len(await place.phones.read(jid)) for jid in expected}
        strange |= {(place.slug, jid): count for jid, count in counts.items() if count != expected[jid]}
    total = sum(play.expected.values())
    good = not strange and everything == total
    play.screen.check(
        f"the phones show {total} messages in all, none twice", good, f"{total}", f"{everything}; {strange}"
    )


async def figures(play: Play) -> None:
    """A table of the times."""
    play.screen.scene(
        "13. The times, in milliseconds",
        "accept: webhook to 200, safe in the database. wait: the pause that lets a burst end. deliver: commit and send. "
        "total: from the customer's last word to the reply on the phone.",
    )
    heads: Sequence[str] = ("dialogue", "accept", "wait", "think", "deliver", "total")
    play.screen.table(heads, [[name, *times.row()] for name, times in play.times.items()])
    beside = {name: times.total - times.wait for name, times in play.times.items()}
    slow = {name: f"{took:.0f} ms" for name, took in beside.items() if took > OWN_MS}
    good = len(play.times) == TIMED and not slow
    play.screen.check(
        f"each reply took less than {OWN_MS} ms beside the pause", good, f"{TIMED} dialogues, each under {OWN_MS} ms",
        slow or f"{len(play.times)} dialogues",
    )  # fmt: skip
