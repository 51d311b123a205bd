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


async def shown(lean, kind: str) -> list[str]:
    """What the desk was told."""
    rows = await lean.rig.rows(
        "SELECT payload ->> 'text' AS text FROM outbox_messages WHERE channel = 'desk_log' AND kind = $1 ORDER BY seq",
        kind,
    )
    return [row["text"] for row in rows]


async def asked(lean, text: str) -> str:
    """How a customer's message ends."""
    await lean.sim.write(ANNA, text, timestamp=lean.clock.now().timestamp())
    await lean.thought()
    await lean.rig.tick()
    [event] = await lean.rig.rows("SELECT outcome FROM inbox_events ORDER BY seq DESC LIMIT 1")
    return str(event["outcome"])


async def test_the_bot_is_silent_for_an_hour_after_the_owners_last_words(lean_of) -> None:
    """The desk reads what was said by phone and is reminded of nothing; then the bot returns by itself."""
    lean = await lean_of()
    await lean.meet(ANNA)
    await lean.later(minutes=5)
    await echo(lean, ANNA, "I am here myself, come at five.")
    await lean.later(minutes=40)
    assert await asked(lean, "fine, see you") == "forwarded"
    await lean.later(minutes=10)
    await echo(lean, ANNA, "Bring the photo, please.")
    assert await shown(lean, "forward") == [
        "📱 I am here myself, come at five.", "fine, see you", "📱 Bring the photo, please.",
    ]  # fmt: skip
    await lean.later(minutes=59)
    assert await states(lean) == ["manager_active"]
    await lean.later(minutes=1.2)
    await lean.thought()
    assert await states(lean) == ["bot_active"]
    [line] = await shown(lean, "reminder")
    assert line == "📱 Nothing more came from the phone, the conversation is back with the bot."
    assert lean.read(ANNA) == [], "who called nobody is told nothing"
    assert await asked(lean, "where are you?") == "answered"
    [row] = await lean.rig.rows("SELECT status, resolution FROM handovers")
    assert tuple(row) == ("resolved", "timed_out")


async def test_what_the_owner_left_unanswered_is_named_at_the_desk(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    await lean.later(minutes=5)
    await echo(lean, ANNA, "I am here myself.")
    await lean.later(minutes=10)
    assert await asked(lean, "and when?") == "forwarded"
    for _ in range(3):
        await lean.later(minutes=20)
    assert await states(lean) == ["bot_active"]
    [line] = await shown(lean, "reminder")
    assert "left without an answer" in line


async def press(lean, action: str) -> None:
    [row] = await lean.rig.rows("SELECT id FROM handovers ORDER BY created_at DESC LIMIT 1")
    manager = {"id": "dana", "name": "Dana"}
    body = {"client_slug": "salon", "action": action, "handover_id": str(row["id"]), "manager": manager}
    response = await lean.rig.admin("POST", "/admin/desk/action", json=body)
    assert response.status_code == 200, response.text
    await lean.thought()


async def test_the_bot_returns_from_the_phone_by_button(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    await lean.later(minutes=5)
    await echo(lean, ANNA, "I am here myself, come at five.")
    await press(lean, "return")
    assert await states(lean) == ["bot_active"]
    assert await asked(lean, "where are you?") == "answered"
    await lean.later(minutes=61)
    assert await shown(lean, "reminder") == [], "the phone's clock has stopped"


async def test_a_manager_who_takes_over_from_the_phone_has_the_usual_clocks(lean_of) -> None:
    lean = await lean_of(desk={"quiet_from": 0, "quiet_until": 0})
    await lean.meet(ANNA)
    await lean.later(minutes=5)
    await echo(lean, ANNA, "I am here myself, come at five.")
    await lean.later(minutes=10)
    await lean.say(ANNA, "Dana here, I'll take it from here.", manager={"id": "dana", "name": "Dana"})
    await lean.thought()
    await lean.later(minutes=65)
    assert await states(lean) == ["manager_active"]
    assert await asked(lean, "thank you") == "forwarded"
    await lean.later(minutes=16)
    [nudge] = await shown(lean, "reminder")
    assert nudge.startswith("⏳ Dana, ")
