"""SIGKILL to a worker that holds turns: another one finishes them, with the same members and the same keys."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from truffles_gateway.cli.demo.children import Child
from truffles_gateway.cli.demo.play import REPLY_SECONDS, Customer, Fact, Play, joined, outcome_of
from truffles_gateway.cli.demo.wires import Written, until

TAKEOVER_SECONDS = 15.0
THINKING_SECONDS = 4.0
WITNESSES = (
    (Customer("Алия", "77000000031@s.whatsapp.net"), "А татуаж губ делаете?", "do you do permanent lip make-up?"),
    (Customer("Марат", "77000000032@s.whatsapp.net"), "татуаж губ у вас делают?", "the same, of a man"),
    (Customer("Сауле", "77000000033@s.whatsapp.net"), "Делаете ли вы татуаж губ?", "the same once more"),
)  # fmt: skip
LEARNT = Fact("татуаж губ делаем", "what the owner has taught")


@dataclass(frozen=True, slots=True)
class Crash:
    """What the dead worker left."""

    written: Sequence[Written]
    stories: Sequence[Mapping[str, Any]]
    before: Mapping[str, Any]
    died: float


async def kill(play: Play) -> None:
    """One worker is frozen meanwhile, so that it is certain which of them takes the turns."""
    screen, house = play.screen, play.house
    screen.scene(
        "8. kill -9 of a worker in the middle of a turn",
        "Three customers ask at once what the bot has just learnt. While the model thinks, the worker that waits for it is killed by SIGKILL. WhatsApp "
        "also repeats one webhook. Nothing may be lost, nothing doubled.",
    )
    before = await house.admin.settled(house.salon.slug)
    await house.workers[1].ready()
    await house.model.says(pause=THINKING_SECONDS)
    survivor, doomed = house.workers
    survivor.freeze()
    screen.print(f"worker 1 (process {survivor.pid}) is frozen, worker 2 (process {doomed.pid}) works alone", indent=2)
    written = [await _ask(play, who, text, gloss) for who, text, gloss in WITNESSES]
    first, again = WITNESSES[0], written[0]
    await house.salon.phones.write(first[0].jid, first[1], name=first[0].name, id=again.id, at=again.at)
    screen.print(f"the first webhook came once more, with the same id {again.id}", indent=2)
    await until(lambda: _all_claimed(play, written), REPLY_SECONDS / 4)
    died = await _death(play, doomed)
    play.crash = Crash(written, await _half_done(play, written, before), before, died)
    await house.model.says()
    survivor.wake()
    screen.print("worker 1 wakes up; it may take over when the dead one's lease of 10 s has run out", indent=2)


async def _ask(play: Play, who: Customer, text: str, gloss: str) -> Written:
    written = await play.house.salon.phones.write(who.jid, text, name=who.name)
    play.screen.print(f"{who.name}: {text} ({gloss})", indent=2)
    return written


async def _all_claimed(play: Play, written: Sequence[Written]) -> bool:
    stories = [await play.house.admin.why(each.id) for each in written]
    return all(story.get("turn_id") for story in stories)


async def _death(play: Play, doomed: Child) -> float:
    doomed.kill()
    died, code = time.time(), await asyncio.wait_for(doomed.ended(), REPLY_SECONDS)
    play.screen.check(f"worker 2 died by kill -9 {doomed.pid}", code == -signal.SIGKILL, str(-signal.SIGKILL), code)
    return died


async def _half_done(play: Play, written: Sequence[Written], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is there after the death: accepted, unanswered, and some of it claimed."""
    house = play.house
    stories = [await house.admin.why(each.id) for each in written]
    claimed = sum(bool(story.get("turn_id")) for story in stories)
    ledger = await house.admin.ledger(house.salon.slug)
    accepted, waiting = ledger["accepted"] - before["accepted"], ledger["waiting"]
    read = sum([len(await house.salon.phones.read(who.jid)) for who, *_ in WITNESSES])
    good = (accepted, waiting, read) == (3, 3, 0) and claimed > 0
    play.screen.check(
        f"3 accepted (not 4), {claimed} of them in the dead worker's hands, 0 answered", good,
        "3 accepted, 3 waiting, at least 1 claimed, 0 replies",
        f"{accepted} accepted, {waiting} waiting, {claimed} claimed, {read} replies",
    )  # fmt: skip
    return stories


async def resumed(play: Play) -> None:
    """Everybody gets the one right reply, from the very turn that the dead worker had begun."""
    play.screen.scene(
        "10. What the dead worker held is finished by the other one",
        "Its lease has run out: worker 1 takes its turns over, with the same members and the same keys.",
    )
    crash: Crash | None = play.crash
    if crash is None:
        play.screen.check("a worker was killed before", False, "scene 8", "nothing was killed")
        return
    last = 0.0
    for (who, *_), sent, was in zip(WITNESSES, crash.written, crash.stories, strict=True):
        last = max(last, await _finished(play, who, sent, was))
    play.screen.check(
        f"all were answered within {TAKEOVER_SECONDS:g} s of the death", 0 < last - crash.died <= TAKEOVER_SECONDS,
        f"at most {TAKEOVER_SECONDS:g} s", f"{last - crash.died:.1f} s" if last else "not all replies",
    )  # fmt: skip
    await _nothing_doubled(play, crash)
    play.summed = asyncio.ensure_future(play.house.command("ledger", environment=play.screen.environment()))


async def _finished(play: Play, who: Customer, sent: Written, was: Mapping[str, Any]) -> float:
    """One of them; when the reply was read, 0 if it was not."""
    screen, replies = play.screen, await play.heard(who)
    story, text = await play.house.admin.decided(sent.id), joined(replies)
    after = replies[-1]["time"] - play.crash.died if replies else 0.0
    screen.print(f"{who.name} reads: {text or 'nothing'} ({after:.1f} s after the death)", indent=2, style="cyan")
    same = outcome_of(story) == "answered" and was.get("turn_id", story.get("turn_id")) == story.get("turn_id")
    good = LEARNT.words in text and len(replies) == 1 and same
    begun = ", from the turn that was begun before the death" if was.get("turn_id") else ""
    screen.check(
        f"one reply with {LEARNT.what}{begun}", good, f"1 reply, «{LEARNT.words}», turn {was.get('turn_id')}",
        f"{len(replies)} replies, turn {story.get('turn_id')}, {outcome_of(story)}",
    )  # fmt: skip
    return float(replies[-1]["time"]) if replies else 0.0


async def _nothing_doubled(play: Play, crash: Crash) -> None:
    """The simulator's record and the ledger agree: one message each."""
    salon, jids = play.house.salon, {who.jid for who, *_ in WITNESSES}
    sends = [each for each in await salon.phones.requests() if each["jid"] in jids and each["outcome"] == "taken"]
    keys = {each["msg_id"] for each in sends}
    good = len(sends) == len(keys) == len(WITNESSES)
    play.screen.check(
        "WhatsApp was asked to send 3 messages, each once", good, "3 sends with 3 different keys",
        f"{len(sends)} sends with {len(keys)} keys",
    )  # fmt: skip
    ledger = await play.house.admin.settled(salon.slug)
    more = {name: ledger[name] - crash.before[name] for name in ("accepted", "answered")}
    good = more == {"accepted": 3, "answered": 3} and ledger["waiting"] == ledger["lost"] == 0 and ledger["balanced"]
    play.screen.check("the ledger has 3 more answered, 0 waiting, 0 lost", good, "3, 3, 0, 0, balanced", ledger)
