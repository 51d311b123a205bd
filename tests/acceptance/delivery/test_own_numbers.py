"""A tenant's own numbers for outbox and circuit, in place of the usual ones."""

from __future__ import annotations

from datetime import timedelta

ANNA, BORIS = "77000000161@s.whatsapp.net", "77000000162@s.whatsapp.net"
NINE_DAYS = [86400.0] * 9


async def test_pauses_between_the_attempts_of_a_reply(lean_of) -> None:
    lean = await lean_of(outbox={"reply_retry_seconds": [30, 40]})
    lean.sim.behave(jid=ANNA, status=500)
    await lean.sim.write(ANNA, "a question")
    await lean.rig.settled()
    for attempts, seconds in enumerate((30, 40, 40), 1):
        assert lean.asked(ANNA) == attempts
        await lean.later(seconds=seconds - 5)
        assert lean.asked(ANNA) == attempts
        await lean.later(seconds=6)


async def test_pauses_between_the_attempts_of_a_humans_words(lean_of) -> None:
    lean = await lean_of(outbox={"human_retry_seconds": NINE_DAYS})
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, status=500)
    await lean.say(ANNA, "do come")
    await lean.later(hours=23)
    assert lean.asked(ANNA) == 1
    await lean.later(hours=2)
    assert lean.asked(ANNA) == 2


async def test_how_long_rows_are_worth_sending(lean_of) -> None:
    lean = await lean_of(outbox={"reply_minutes": 1, "callback_seconds": 5})
    await lean.sim.write(ANNA, "a question")
    await lean.sim.write(BORIS, "a human please")
    await lean.rig.settled()
    [handover] = await lean.rig.rows("SELECT id FROM handovers")
    body = {"client_slug": "salon", "handover_id": handover["id"], "action": "take", "manager": {"id": "owner"}}
    assert (await lean.rig.admin("POST", "/admin/desk/action", json=body)).status_code == 200
    await lean.rig.settled()
    worth = {row["kind"]: row["expires_at"] and row["expires_at"] - row["created_at"] for row in await lean.outbox()}
    minute = timedelta(minutes=1)
    assert worth == {"reply": minute, "notice": minute, "card": None, "update": None, "callback": timedelta(seconds=5)}


async def test_how_long_a_row_in_back_off_holds_its_recipient(lean_of) -> None:
    lean = await lean_of(outbox={"hold_seconds": 10, "human_retry_seconds": NINE_DAYS})
    await lean.meet(ANNA)
    lean.sim.behave(jid=ANNA, count=1, status=500)
    await lean.say(ANNA, "first")
    await lean.say(ANNA, "second")
    await lean.later(seconds=8)
    assert lean.read(ANNA) == []
    await lean.later(seconds=3)
    assert lean.read(ANNA) == ["second"]


async def test_when_a_circuit_opens_and_is_probed(lean_of) -> None:
    lean = await lean_of(circuit={"failures": 2, "window_seconds": 300, "probe_seconds": 60})
    await lean.meet(ANNA, BORIS)
    lean.sim.behave(status=500)
    await lean.say(ANNA, "to anna")
    lean.clock.advance(seconds=200)
    await lean.say(BORIS, "to boris")

    async def is_open() -> bool:
        return bool(await lean.rig.rows("SELECT 1 FROM circuits WHERE state = 'open'"))

    await lean.rig.until(is_open)
    lean.sim.behave(clear=True)
    await lean.later(seconds=55)
    assert lean.read() == [], "not before the first probe"
    await lean.later(seconds=6)
    await lean.later(seconds=60)
    assert sorted(lean.read()) == ["to anna", "to boris"]
