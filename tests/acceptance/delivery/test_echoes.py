"""Echoes: what WhatsApp shows as ours is our own send, an automatic greeting, a broadcast, or the owner at the phone."""

from __future__ import annotations

import pytest
from truffles_chatflow.simulator import webhook_payload

PEOPLE = [f"7700000008{number}@s.whatsapp.net" for number in range(4)]
ANNA = PEOPLE[0]
LONG = " ".join(f"Sentence number {number} of a long story." for number in range(60))


async def echo(lean, jid: str, text: str, **more: object) -> None:
    """WhatsApp tells that `text` went from the business's number to `jid`."""
    response = await lean.sim.post(webhook_payload(jid, text, from_me=True, **more))
    assert response.status_code == 200, response.text
    await lean.thought()


async def ends(lean) -> list[tuple[str, str]]:
    rows = await lean.rig.rows("SELECT outcome, outcome_reason FROM inbox_events WHERE kind = 'echo' ORDER BY seq")
    return [(row["outcome"], row["outcome_reason"]) for row in rows]


async def states(lean) -> list[str]:
    return [row["state"] for row in await lean.rig.rows("SELECT state FROM conversations ORDER BY created_at")]


@pytest.mark.parametrize("text", ["a question", LONG])
async def test_our_own_sends_come_back_with_their_key(lean_of, text: str) -> None:
    lean = await lean_of()
    lean.sim.echo = True
    await lean.sim.write(ANNA, text)
    assert await lean.sim.wait(ANNA, 1 if text != LONG else 3)
    await lean.rig.settled()
    lean.clock.advance(seconds=30)

    async def echoed() -> bool:
        return len(await ends(lean)) == len(lean.read(ANNA))

    await lean.rig.until(echoed)
    await lean.thought()
    assert set(await ends(lean)) == {("ignored", "own send")}
    assert await states(lean) == ["bot_active"]


async def test_our_own_sends_come_back_without_a_key(lean_of) -> None:
    """Matched by recipient and text within two minutes, the parts of a long text too."""
    lean = await lean_of()
    await lean.sim.write(ANNA, LONG)
    assert await lean.sim.wait(ANNA, 3)
    await lean.rig.settled()
    lean.clock.advance(seconds=60)
    for part in lean.read(ANNA):
        await echo(lean, ANNA, part)
    assert set(await ends(lean)) == {("ignored", "own send")}
    lean.clock.advance(seconds=90)
    await echo(lean, ANNA, lean.read(ANNA)[0])
    assert (await ends(lean))[-1] == ("handled", ""), "after two minutes the same words are somebody's"


async def test_our_own_send_is_known_by_the_providers_id(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    await lean.say(ANNA, "words")
    [message] = lean.sim.read(ANNA)
    lean.clock.advance(minutes=30)
    await echo(lean, ANNA, "words, shown otherwise", message_id=message.id)
    assert await ends(lean) == [("ignored", "own send")]


async def test_words_delivered_late_come_back_as_our_own(lean_of) -> None:
    """A manager's words wait out hours; the echo comes after the send, not after the writing."""
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=3, status=500)
    await lean.say(ANNA, "late words")
    for seconds in (3, 11, 3700):
        await lean.later(seconds=seconds)
    assert lean.read(ANNA) == ["late words"]
    await echo(lean, ANNA, "late words")
    assert await ends(lean) == [("ignored", "own send")]


@pytest.mark.parametrize("honours", [True, False])
async def test_an_echo_of_an_ambiguous_send_is_our_own(lean_of, honours: bool) -> None:
    lean = await lean_of(chatflow={"honours_msg_id": honours})
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=3, drop="after")
    await lean.say(ANNA, "words")
    await lean.later(seconds=4)
    await echo(lean, ANNA, "words")
    assert await ends(lean) == [("ignored", "own send")]


async def test_an_echo_right_after_an_inbound_is_an_automatic_greeting(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.clock.advance(minutes=5)
    await lean.sim.write(ANNA, "hello again", timestamp=lean.clock.now().timestamp())
    await echo(lean, ANNA, "Thank you for your message! We answer within the hour.")
    assert await ends(lean) == [("ignored", "automatic greeting")]
    assert await states(lean) == ["bot_active"]


async def test_one_text_to_three_customers_is_a_broadcast(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(*PEOPLE)
    lean.clock.advance(minutes=5)
    for jid in PEOPLE:
        await echo(lean, jid, "Sale! Everything half the price.")
    assert (await ends(lean))[2:] == [("ignored", "broadcast")] * 2
    lean.clock.advance(hours=25)
    await echo(lean, ANNA, "Sale! Everything half the price.")
    assert (await ends(lean))[-1] == ("handled", ""), "a day later it is a text like any other"


async def test_the_owner_answers_from_the_phone(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.clock.advance(minutes=5)
    await echo(lean, ANNA, "I am here myself, come at five.")
    assert await ends(lean) == [("handled", "")]
    assert await states(lean) == ["manager_active"]
    [handover] = await lean.rig.rows("SELECT status, manager_response FROM handovers")
    assert tuple(handover) == ("active", "I am here myself, come at five.")
    last = (await lean.rig.rows("SELECT role, content FROM messages ORDER BY seq"))[-1]
    assert tuple(last) == ("manager", "I am here myself, come at five.")
    await lean.rig.tick()
    assert lean.read(ANNA) == [], "it was sent already"
    await lean.sim.write(ANNA, "fine", timestamp=lean.clock.now().timestamp())
    await lean.thought()
    await lean.rig.tick()
    assert lean.read(ANNA) == [], "the bot is silent now"
    [event] = await lean.rig.rows("SELECT outcome FROM inbox_events ORDER BY seq DESC LIMIT 1")
    assert event["outcome"] == "forwarded"
    assert (await lean.rig.ledger())["balanced"]
