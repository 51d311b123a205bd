"""What is played, and what must come of it. Each scene says what it expects and fails loudly if anything else happens."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from truffles_gateway.cli.demo.house import House
from truffles_gateway.cli.demo.screen import Screen
from truffles_gateway.cli.demo.times import Times, times_of
from truffles_gateway.cli.demo.wires import Written

REPLY_SECONDS = 15.0
BETWEEN_MESSAGES = 0.4
OWN_MS = 2000
DIALOGUES = 3
TAKEOVER_SECONDS = 15.0
OWNER = {"id": "aigerim", "name": "Айгерим"}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
    expected: dict[str, int] = field(default_factory=dict)
    explained: str = ""
    handover: str = ""
    told: asyncio.Future[list[str]] | None = None

    async def say(self, who: Customer, text: str, gloss: str = "") -> Written:
        """The customer writes, and it is shown."""
        written = await self.house.phones.write(who.jid, text, name=who.name)
        self.screen.bubble(text, mine=True, beside=[gloss] if gloss else [])
        return written

    async def heard(self, who: Customer, count: int = 1) -> list[dict[str, Any]]:
        """What is new on the customer's phone, once that is `count` messages."""
        had = self.expected.get(who.jid, 0)
        self.expected[who.jid] = had + count
        return (await self.house.phones.wait(who.jid, had + count, REPLY_SECONDS))[had:]


DANA = Customer("Дана", "77000000021@s.whatsapp.net")
ARUZHAN = Customer("Аружан", "77000000022@s.whatsapp.net")
EMMA = Customer("Emma", "77000000023@s.whatsapp.net")
TIMUR = Customer("Тимур", "77000000024@s.whatsapp.net")
ADDRESS = Fact("Вымышленная, 12", "the address")
PRICE = Fact("7 000", "the price of a manicure with gel polish, 7 000 ₸")


async def burst(play: Play) -> None:
    """Two messages, two questions, three mistakes, one reply."""
    play.screen.scene(
        "1. Two misspelt questions in two messages, in Russian",
        "People write in bits and with mistakes. The gateway waits for the burst to end and answers all of it at once, "
        "with facts from the salon's own files.",
    )
    said = [
        ("скока стоит маникур с покрытием", "how mutch is a manicur with gel polish"),
        ("и где вы находитесь?", "and where are you?"),
    ]
    await _dialogue(play, "Russian", DANA, said, [PRICE, ADDRESS], language="ru", begins="")


async def kazakh(play: Play) -> None:
    """The same in Kazakh."""
    play.screen.scene(
        "2. The same in Kazakh",
        "The salon's facts are in Russian. Without a language model they are not translated: a line in the customer's "
        "language says so, and the fact follows as it stands.",
    )
    said = [
        ("салеметсизбе, гель-лакпен маникюр канша турады", "hello, how much is a manicure with gel polish"),
        ("кайда орналаскансыздар?", "where are you? (both without Kazakh letters)"),
    ]
    await _dialogue(play, "Kazakh", ARUZHAN, said, [PRICE, ADDRESS], language="kk", begins="Бұл туралы")


async def english(play: Play) -> None:
    """The same in English."""
    play.screen.scene("3. The same in English", "And once more for a tourist, with a typo.")
    said = [("hi! how much is a manicure with gel polsh", ""), ("and where are you located?", "")]
    await _dialogue(play, "English", EMMA, said, [PRICE, ADDRESS], language="en", begins="Here is")


async def _dialogue(
    play: Play, name: str, who: Customer, said: Sequence[tuple[str, str]], facts: Sequence[Fact], *, language: str,
    begins: str,
) -> None:  # fmt: skip
    """A burst and its one reply, with its times."""
    play.screen.phone(f"{who.name}, WhatsApp")
    written: list[Written] = []
    for text, gloss in said:
        await asyncio.sleep(BETWEEN_MESSAGES if written else 0)
        written.append(await play.say(who, text, gloss))
    replies = await play.heard(who)
    story = await play.house.admin.decided(written[0].id)
    if replies and story.get("outcome"):
        play.times[name] = times_of(story, written, replies[0]["time"])
    for number, reply in enumerate(replies):
        notes = play.times[name].beside() if name in play.times and not number else []
        play.screen.bubble(reply["text"], mine=False, beside=notes)
    play.screen.phone_end()
    play.explained = play.explained or written[0].id
    _answered(play, written, replies, story)
    text = "\n".join(reply["text"] for reply in replies)
    _holds(play, text, facts)
    _language(play, story, text, language, begins)


def _answered(play: Play, written: Sequence[Written], replies: Sequence[object], story: Mapping[str, Any]) -> None:
    ids = {event["event_id"] for event in story.get("events") or ()}
    together = ids == {each.id for each in written}
    play.screen.check(
        f"{len(written)} messages were thought about together and got one reply", together and len(replies) == 1,
        f"one turn of {len(written)} messages, 1 reply", f"a turn of {len(ids)} messages, {len(replies)} replies",
    )  # fmt: skip
    outcome = story.get("outcome") or story.get("status") or "nothing"
    play.screen.check("it was answered without a human", outcome == "answered", "outcome answered", outcome)


def _holds(play: Play, text: str, facts: Sequence[Fact]) -> None:
    flat = " ".join(text.replace("\u00a0", " ").split())
    for fact in facts:
        play.screen.check(f"the reply has {fact.what}", fact.words in flat, f"«{fact.words}»", text or "no reply")


def _language(play: Play, story: Mapping[str, Any], text: str, language: str, begins: str) -> None:
    stages = {stage["stage"]: stage for stage in story.get("stages") or ()}
    seen = stages.get("classify", {}).get("language")
    good = seen == language and text.startswith(begins)
    what = f"the language was seen ({language})" + (f", the reply opens in it: «{begins}…»" if begins else "")
    play.screen.check(what, good, f"{language}, «{begins}…»", f"{seen}, «{text[:40]}»")


async def unknown(play: Play) -> None:
    """A clear question that no fact answers: a human at once."""
    screen, admin = play.screen, play.house.admin
    screen.scene(
        "4. A question that the facts do not answer goes to a human",
        "The gateway invents nothing. It says that a colleague will answer, and puts a card on the salon's desk.",
    )
    screen.phone(f"{TIMUR.name}, WhatsApp")
    written = await play.say(TIMUR, "А вы делаете татуировки?", "and do you do tattoos?")
    replies = await play.heard(TIMUR)
    for reply in replies:
        screen.bubble(reply["text"], mine=False, beside=["(a colleague has your question, the reply will come here)"])
    screen.phone_end()
    story = await admin.decided(written.id)
    cards = [row for row in story.get("outgoing") or () if row["kind"] == "card"]
    screen.print("The card on the desk:")
    screen.quote([line for card in cards for line in card["text"].splitlines()])
    outcome = story.get("outcome") or story.get("status")
    screen.check("the turn was escalated", outcome == "escalated", "outcome escalated", outcome)
    screen.check("the customer was told so, once", len(replies) == 1, "1 message", f"{len(replies)} messages")
    named = len(cards) == 1 and cards[0]["status"] == "sent" and "татуировки" in cards[0]["text"]
    screen.check("one card with the question is on the desk", named, "1 card, sent", cards or "no card")
    found = UUID.findall(cards[0]["text"]) if cards else []
    play.handover = found[-1] if found else ""


async def human(play: Play) -> None:
    """A manager's words reach the customer; from then on the bot is silent and forwards."""
    screen, house = play.screen, play.house
    screen.scene(
        "5. The human's reply reaches the customer",
        "Айгерим, the owner, answers at the desk (POST /admin/desk/reply). From then on the conversation is hers: "
        "the bot is silent and only forwards.",
    )
    words = "Татуировки не делаем, но есть перманентный макияж бровей. Записать вас на консультацию?"
    await house.admin.reply(house.slug, play.handover, words, OWNER)
    screen.phone(f"{TIMUR.name}, WhatsApp")
    replies = await play.heard(TIMUR)
    for reply in replies:
        gloss = "(no tattoos, but permanent make-up for brows; shall I book you a consultation?)"
        screen.bubble(reply["text"], mine=False, beside=[gloss])
    written = await play.say(
        TIMUR, "Да, на субботу. А сколько стоит маникюр?", "yes, Saturday; how much is a manicure?"
    )
    screen.phone_end()
    story = await house.admin.decided(written.id)
    texts = [reply["text"] for reply in replies]
    screen.check("the words arrived as they were written, once", texts == [words], words, texts)
    state = next((stage.get("state") for stage in story.get("stages") or ()), "nothing")
    screen.check("a human owns the conversation now", state == "manager_active", "state manager_active", state)
    forwards = [row for row in story.get("outgoing") or () if row["kind"] == "forward" and row["status"] == "sent"]
    good = story.get("outcome") == "forwarded" and len(forwards) == len(story["outgoing"] or ()) == 1
    came = f"outcome {story.get('outcome')}, {len(story.get('outgoing') or ())} outgoing rows"
    screen.check("what the customer writes now goes to the desk, not to the bot", good, "forwarded, 1 row", came)


WITNESSES = (
    (Customer("Алия", "77000000031@s.whatsapp.net"), "Сколько стоит женская стрижка?", "how much is a woman's haircut?",
     Fact("7 000", "the price of a haircut, 7 000 ₸")),
    (Customer("Марат", "77000000032@s.whatsapp.net"), "До скольки вы работаете?", "until when are you open?",
     Fact("21:00", "the closing time, 21:00")),
    (Customer("Сауле", "77000000033@s.whatsapp.net"), "Где вы находитесь?", "where are you?", ADDRESS),
)  # fmt: skip


async def kill(play: Play) -> None:
    """SIGKILL to a worker that holds turns: another one resumes them, with the same members and the same keys.

    The other one is frozen meanwhile, so that it is certain which of them takes the turns.
    """
    screen, house = play.screen, play.house
    screen.scene(
        "6. kill -9 of a worker in the middle of a turn",
        "Three customers ask at once; the worker that takes their turns dies by SIGKILL after it has thought and before it "
        "has stored anything. WhatsApp also repeats one webhook. Nothing may be lost, nothing doubled.",
    )
    before = await house.admin.settled(house.slug)
    doomed = await house.new_worker(TRUFFLES_CRASH="think.after")
    house.worker.freeze()
    screen.print(
        f"worker 1 (process {house.worker.pid}) is frozen, worker 2 (process {doomed.pid}) works alone", indent=2
    )
    written = [await _ask(play, who, text, gloss) for who, text, gloss, _ in WITNESSES]
    await house.phones.write(
        WITNESSES[0][0].jid, WITNESSES[0][1], name=WITNESSES[0][0].name, id=written[0].id, at=written[0].at
    )
    screen.print(f"the first webhook came once more, with the same id {written[0].id}", indent=2)
    died = await _death(play, doomed)
    stories = await _half_done(play, written, before)
    house.worker.wake()
    screen.print("worker 1 wakes up; it may take over when the dead one's lease of 10 s has run out", indent=2)
    play.told = asyncio.ensure_future(house.command("why", play.explained, environment=screen.environment()))
    await _resumed(play, written, stories, died)
    await _nothing_doubled(play, written, before)


async def _ask(play: Play, who: Customer, text: str, gloss: str) -> Written:
    written = await play.house.phones.write(who.jid, text, name=who.name)
    play.screen.print(f"{who.name}: {text} ({gloss})", indent=2)
    return written


async def _death(play: Play, doomed: Any) -> float:
    code: object = "still running"
    try:
        async with asyncio.timeout(REPLY_SECONDS):
            code = await doomed.ended()
    except TimeoutError:
        await doomed.stop()
    play.screen.check(
        "worker 2 died by signal 9 while it held turns", code == -signal.SIGKILL, f"code {-signal.SIGKILL}", code
    )
    return time.time()


async def _half_done(play: Play, written: Sequence[Written], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is there after the death: accepted, unanswered, and some of it claimed."""
    stories = [await play.house.admin.why(each.id) for each in written]
    claimed = sum(bool(story.get("turn_id")) for story in stories)
    ledger = await play.house.admin.ledger(play.house.slug)
    accepted, waiting = ledger["accepted"] - before["accepted"], ledger["waiting"]
    read = sum([len(await play.house.phones.read(who.jid)) for who, *_ in WITNESSES])
    good = (accepted, waiting, read) == (3, 3, 0) and claimed > 0
    play.screen.check(
        f"3 accepted (not 4), {claimed} of them in the dead worker's hands, 0 answered", good,
        "3 accepted, 3 waiting, at least 1 claimed, 0 replies",
        f"{accepted} accepted, {waiting} waiting, {claimed} claimed, {read} replies",
    )  # fmt: skip
    return stories


async def _resumed(play: Play, written: Sequence[Written], stories: Sequence[Mapping[str, Any]], died: float) -> None:
    """Everybody gets the one right reply, from the very turn that the dead worker had begun."""
    screen, last = play.screen, 0.0
    for (who, _, _, fact), sent, was in zip(WITNESSES, written, stories, strict=True):
        screen.phone(f"{who.name}, WhatsApp")
        replies = await play.heard(who)
        story = await play.house.admin.decided(sent.id)
        for reply in replies:
            last = max(last, reply["time"])
            screen.bubble(reply["text"], mine=False, beside=[f"{reply['time'] - died:.1f} s after the death"])
        _holds(play, "\n".join(reply["text"] for reply in replies), [fact])
        same = story.get("outcome") == "answered" and was.get("turn_id", story.get("turn_id")) == story.get("turn_id")
        if was.get("turn_id"):
            screen.check(
                "it is the turn that was begun before the death", same, str(was["turn_id"]), story.get("turn_id")
            )
    screen.check(
        f"all were answered within {TAKEOVER_SECONDS:g} s of the death", 0 < last - died <= TAKEOVER_SECONDS,
        f"at most {TAKEOVER_SECONDS:g} s", f"{last - died:.1f} s" if last else "not all replies",
    )  # fmt: skip


async def _nothing_doubled(play: Play, written: Sequence[Written], before: Mapping[str, Any]) -> None:
    """The simulator's record and the ledger agree: one message each."""
    jids = {who.jid for who, *_ in WITNESSES}
    sends = [each for each in await play.house.phones.requests() if each["jid"] in jids and each["outcome"] == "taken"]
    keys = {each["msg_id"] for each in sends}
    good = len(sends) == len(keys) == len(written)
    play.screen.check(
        "WhatsApp was asked to send 3 messages, each once", good, "3 sends with 3 different keys",
        f"{len(sends)} sends with {len(keys)} keys",
    )  # fmt: skip
    ledger = await play.house.admin.settled(play.house.slug)
    more = {name: ledger[name] - before[name] for name in ("accepted", "answered")}
    good = more == {"accepted": 3, "answered": 3} and ledger["waiting"] == ledger["lost"] == 0 and ledger["balanced"]
    play.screen.check("the ledger has 3 more answered, 0 waiting, 0 lost", good, "3, 3, 0, 0, balanced", ledger)


async def trace(play: Play) -> None:
    """`truffles why` of the first message."""
    play.screen.scene(
        "7. Why did the bot say that?",
        f"Every turn keeps its decision trace. `truffles why {play.explained}` tells the story of the first message.",
    )
    lines = await (play.told or play.house.command("why", play.explained, environment=play.screen.environment()))
    play.screen.quote(lines)
    text = _plain(lines)
    missing = [word for word in ("on_inbound", "classify", "retrieve", "answer", "маникур") if word not in text]
    play.screen.check(
        "each stage is there, and what the customer wrote", not missing, "all stages", f"without {missing}"
    )


async def ledger(play: Play) -> None:
    """`truffles ledger`: what became of everything."""
    play.screen.scene(
        "8. Nothing is lost: the ledger",
        "Every accepted message ends in exactly one way; `truffles ledger` prints the sums and checks them.",
    )
    play.screen.quote(await play.house.command("ledger", environment=play.screen.environment()))
    found = await play.house.admin.ledger(play.house.slug)
    good = found["balanced"] and found["waiting"] == found["lost"] == 0 and found["accepted"] > 0
    play.screen.check("it is balanced, nothing waits, nothing is lost", good, "balanced, 0 waiting, 0 lost", found)
    ends = {name: found[name] for name in ("accepted", "answered", "escalated", "forwarded")}
    wanted = {"accepted": 11, "answered": 9, "escalated": 1, "forwarded": 1}
    play.screen.check("11 messages: 9 answered, 1 to a human, 1 forwarded", ends == wanted, str(wanted), ends)
    strange = {jid: count for jid, count in play.expected.items() if len(await play.house.phones.read(jid)) != count}
    everything = len(await play.house.phones.read(""))
    total = sum(play.expected.values())
    good = not strange and everything == total
    play.screen.check(
        f"the phones show {total} messages in all, none twice", good, f"{total}", f"{everything}; {strange}"
    )


async def figures(play: Play) -> None:
    """A table of the times."""
    play.screen.scene(
        "9. The times, in milliseconds",
        "accept: webhook to 200, safe in the database. wait: the pause that lets a burst end. deliver: commit and send. "
        "total: from the customer's last word to the reply on the phone.",
    )
    play.screen.table(
        ("dialogue", "accept", "wait", "think", "deliver", "total"),
        [[name, *times.row()] for name, times in play.times.items()],
    )
    slow = {
        name: f"{times.total - times.wait:.0f} ms"
        for name, times in play.times.items()
        if times.total - times.wait > OWN_MS
    }
    good = len(play.times) == DIALOGUES and not slow
    play.screen.check(
        f"each reply took less than {OWN_MS} ms beside the pause", good, f"{DIALOGUES} dialogues, each under {OWN_MS} ms",
        slow or f"{len(play.times)} dialogues",
    )  # fmt: skip


SCENES = (burst, kazakh, english, unknown, human, kill, trace, ledger, figures)


def _plain(lines: Sequence[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
