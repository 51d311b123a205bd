"""Delivery: order, back-off, worth in time, ambiguity, dead letters. A manager's words stand for rows that must arrive,
a bot's reply for one that must arrive soon."""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.store import reports

ANNA, BORIS = "77000000021@s.whatsapp.net", "77000000022@s.whatsapp.net"


async def test_messages_of_one_customer_answered_out_of_order(lean_of) -> None:
    """A known fault: many messages, two workers, a slow and failing provider; each customer reads them in order."""
    lean = await lean_of()
    second = await lean.start()
    people = (ANNA, BORIS)
    await lean.meet(*people)
    for jid in people:
        for good in (2, 3, 1, 4):
            lean.sim.behave(jid=jid, count=good, delay=0.01)
            lean.sim.behave(jid=jid, count=1, status=500)
    words = [f"line {number}" for number in range(12)]
    for number, text in enumerate(words):
        for jid in people:
            await lean.say(jid, text, rig=(lean.rig, second)[number % 2])

    async def in_back_off_or_done() -> bool:
        return not await lean.rig.rows(
            """
            SELECT 1 FROM (SELECT DISTINCT ON (recipient) status, due_at FROM outbox_messages
                WHERE status IN ('queued', 'sending') AND channel = 'whatsapp' ORDER BY recipient, seq) head
            WHERE status = 'sending' OR due_at <= $1
            """,
            lean.clock.now(),
        )

    for _ in range(30):
        await lean.rig.until(in_back_off_or_done)
        if len(lean.read()) >= 24:
            break
        lean.clock.advance(seconds=3)
    assert lean.read(ANNA) == words
    assert lean.read(BORIS) == words


async def test_a_claim_that_ignores_an_earlier_rows_back_off(lean_of) -> None:
    """A known fault: what came later must not overtake a row that waits for its next attempt."""
    lean = await lean_of()
    await lean.meet(ANNA, BORIS)
    lean.sim.behave(jid=ANNA, count=1, status=500)
    await lean.say(ANNA, "first")
    await lean.say(ANNA, "second")
    await lean.say(BORIS, "for another")
    await lean.later(seconds=1)
    assert lean.read(ANNA) == []
    assert lean.read(BORIS) == ["for another"]
    await lean.later(seconds=2)
    assert lean.read(ANNA) == ["first", "second"]


async def test_a_row_in_back_off_holds_its_recipient_sixty_seconds_at_most(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=1, status=429, retry_after="600")
    await lean.say(ANNA, "first")
    await lean.say(ANNA, "second")
    await lean.later(seconds=57)
    assert lean.read(ANNA) == []
    await lean.later(seconds=5)
    assert lean.read(ANNA) == ["second"]
    await lean.later(seconds=530)
    assert lean.read(ANNA) == ["second"], "Retry-After is honoured"
    await lean.later(seconds=30)
    assert lean.read(ANNA) == ["second", "first"]


async def test_a_bots_reply_is_tried_after_2_4_8_16_seconds(lean_of) -> None:
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, status=200, success=False)
    await lean.sim.write(ANNA, "a question")
    await lean.rig.settled()
    await lean.rig.tick()
    for attempts, seconds in enumerate((2, 4, 8, 16), 1):
        assert lean.asked(ANNA) == attempts
        await lean.later(seconds=seconds - 0.9)
        assert lean.asked(ANNA) == attempts, f"not before {seconds} s"
        await lean.later(seconds=1)
    assert lean.asked(ANNA) == 5
    lean.sim.behave(jid=ANNA, clear=True)
    await lean.later(seconds=17)
    assert lean.read(ANNA) == ["re: a question"]
    [row] = await lean.outbox(ANNA)
    assert (row["status"], row["attempts"]) == ("sent", 6)


async def test_a_reply_not_delivered_within_ten_minutes_escalates_its_turn_once(lean_of) -> None:
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, status=500)
    await lean.sim.write(ANNA, "a question")
    await lean.rig.settled()
    for _ in range(3):
        await lean.later(minutes=3)
    assert await lean.rig.rows("SELECT 1 FROM handovers") == []
    for _ in range(3):
        await lean.later(minutes=3)
    [row] = await lean.outbox(ANNA)
    assert row["status"] == "expired"
    [handover] = await lean.rig.rows("SELECT status, trigger_type, user_message FROM handovers")
    assert tuple(handover) == ("pending", "undelivered", "a question")
    [event] = await lean.rig.rows("SELECT outcome, outcome_reason FROM inbox_events")
    assert tuple(event) == ("escalated", "undelivered")
    assert len(await lean.outbox(kind="card")) == 1
    ledger = await lean.rig.ledger()
    assert ledger["balanced"] and ledger["tenants"][0]["escalated"] == 1


async def test_a_reply_that_the_channel_refuses_for_good_escalates_at_once(lean_of) -> None:
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, success=False, message="this number is not on WhatsApp")
    await lean.sim.write(ANNA, "a question")

    async def escalated() -> bool:
        return bool(await lean.rig.rows("SELECT 1 FROM inbox_events WHERE outcome = 'escalated'"))

    await lean.rig.until(escalated)
    assert lean.asked(ANNA) == 1
    assert [row["status"] for row in await lean.outbox(ANNA)] == ["dead"]


async def test_words_of_a_human_are_tried_ten_times_over_76_hours(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, status=500)
    await lean.say(ANNA, "do come")
    start = lean.clock.now()
    for _ in range(40):
        [row] = await lean.outbox(ANNA, "human")
        if row["status"] == "dead":
            break
        wait = (row["due_at"] - lean.clock.now()).total_seconds()
        await lean.later(seconds=max(wait, 0) + 0.1)
    assert row["status"] == "dead"
    assert lean.asked(ANNA) >= 10
    assert lean.clock.now() - start >= timedelta(hours=76)
    alarms = await lean.outbox(kind="alarm")
    assert any("do come" in row["payload"]["text"] for row in alarms), "the desk is told what did not arrive"


async def test_an_answer_to_a_button_is_worth_ten_seconds(lean_of) -> None:
    lean = await lean_of()
    await lean.sim.write(ANNA, "a human please")
    await lean.rig.settled()
    [handover] = await lean.rig.rows("SELECT id FROM handovers")
    body = {"client_slug": "salon", "handover_id": handover["id"], "action": "take", "manager": {"id": "owner"}}
    assert (await lean.rig.admin("POST", "/admin/desk/action", json=body)).status_code == 200
    await lean.rig.settled()
    [row] = await lean.outbox(kind="callback")
    assert row["expires_at"] - row["created_at"] == timedelta(seconds=10)


async def test_http_200_without_success_is_a_failure(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    for raw in ("false", "null", "[]", '{"success": false}'):
        lean.sim.behave(jid=ANNA, count=1, raw=raw)
    await lean.say(ANNA, "hear me")
    for seconds in (3, 11, 61, 301):
        await lean.later(seconds=seconds)
    assert lean.asked(ANNA) == 5
    assert lean.read(ANNA) == ["hear me"]


async def test_an_ambiguous_send_repeats_with_its_key_and_is_read_once(lean_of) -> None:
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, count=2, drop="after")
    await lean.sim.write(ANNA, "a question")
    await lean.rig.settled()
    await lean.later(seconds=3)
    await lean.later(seconds=5)
    assert [attempt.msg_id for attempt in lean.sim.attempts] == [lean.sim.attempts[0].msg_id] * 3
    assert lean.read(ANNA) == ["re: a question"]
    assert [row["status"] for row in await lean.outbox(ANNA)] == ["sent"]


async def test_an_ambiguous_send_on_a_channel_without_keys_is_flagged_and_never_repeated(lean_of) -> None:
    lean = await lean_of(chatflow={"honours_msg_id": False})
    await lean.meet(ANNA)
    lean.sim.behave(honour_msg_id=False)
    lean.sim.behave(jid=ANNA, count=1, drop="after")
    await lean.say(ANNA, "only once")
    await lean.later(seconds=30)
    await lean.later(hours=10)
    assert lean.read(ANNA) == ["only once"]
    assert lean.asked(ANNA) == 1
    [row] = await lean.outbox(ANNA, "human")
    assert row["status"] == "flagged"
    alarms = await lean.outbox(kind="alarm")
    assert any("only once" in row["payload"]["text"] for row in alarms), "the desk is told"


async def test_dead_letters_are_listed_with_their_payload(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=1, status=400)
    await lean.say(ANNA, "refused words")
    await lean.rig.tick()
    found = (await lean.rig.admin("GET", "/admin/dead?tenant=salon")).json()["dead"]
    assert [(letter["payload"]["text"], letter["status"]) for letter in found] == [("refused words", "dead")]


async def test_a_sender_that_does_not_renew_its_lease_is_taken_for_dead(lean_of) -> None:
    """Its send may have arrived: another one repeats it with the same key, and what the first one says counts no more."""
    lean = await lean_of(rig={"lease_seconds": 0.5, "heartbeat_seconds": 600.0})
    await lean.meet(ANNA)
    second = await lean.start(lease_seconds=0.5, heartbeat_seconds=600.0)  # before the clock of the slow send runs
    lean.sim.behave(jid=ANNA, count=1, delay=5.0)
    await lean.say(ANNA, "slow words")

    async def taken_over() -> bool:
        return bool(await second.rows("SELECT 1 FROM outbox_messages WHERE repeat"))

    await second.until(taken_over)
    lean.clock.advance(seconds=3)

    async def sent() -> bool:
        return bool(await second.rows("SELECT 1 FROM outbox_messages WHERE kind = 'human' AND status = 'sent'"))

    await second.until(sent)
    assert lean.read(ANNA) == ["slow words"]


async def test_a_reply_submitted_again_ends_with_its_attempts(lean_of) -> None:
    """It has no worth in time any more; without an end of another kind it would be tried for ever."""
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, status=500)
    await lean.sim.write(ANNA, "a question")
    await lean.thought()
    for _ in range(4):
        await lean.later(minutes=4)
    [row] = await lean.outbox(ANNA, "reply")
    assert row["status"] == "expired"
    assert await reports.resubmit(lean.rig.gateway.database, lean.clock.now(), [row["id"]]) == 1
    for _ in range(12):
        await lean.later(seconds=20)
    [row] = await lean.outbox(ANNA, "reply")
    assert row["status"] == "dead"


async def test_dead_letters_are_sent_again_by_command(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=1, status=400)
    await lean.say(ANNA, "refused words")
    assert lean.read(ANNA) == []
    assert await reports.resubmit(lean.rig.gateway.database, lean.clock.now()) == 1
    await lean.rig.tick()
    assert lean.read(ANNA) == ["refused words"]
    assert (await lean.rig.admin("GET", "/admin/dead")).json() == {"dead": []}
