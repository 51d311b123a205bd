"""A turn that fails is tried again and then parked: a handover, an honest line, an alarm, and its lane goes on."""

from __future__ import annotations

import pytest

from truffles_gateway.messages import Draft

BREAK = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF to_jsonb(NEW)::text LIKE '%BREAKS%' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$
"""


@pytest.fixture
def failing(salon_of, stub):
    """A salon whose database refuses every row of `table` that holds BREAKS: what the draft says, or the customer."""

    async def start(table, **more):
        def answer(message):
            return Draft(text="BREAKS" if "ломает" in message.text else "5000 тенге", verbatim=True)

        salon = await salon_of(extra=[stub.plugin("broken", answer=answer)], brain=(), **more)
        await salon.rig.gateway.database.execute(BREAK)
        await salon.rig.gateway.database.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        return salon

    return start


async def attempts(salon, count):
    """Wait for this many failed attempts; (when the last one before was due, when the next one is)."""

    async def tried():
        return await salon.rig.rows(
            "SELECT t.started_at, l.not_before, t.error FROM turns t JOIN lanes l ON l.turn_id = t.id"
            " WHERE t.attempts = $1 AND l.lease_owner IS NULL",
            count,
        )

    [row] = await salon.rig.until(tried)
    assert "refused" in row["error"]
    return row["started_at"], row["not_before"]


async def test_a_turn_that_fails_is_tried_again_after_1_2_4_8_seconds_then_parked(failing, jid) -> None:
    salon = await failing("outbox_messages")
    await salon.write(jid, "Это ломает всё")
    due = None
    for number, pause in enumerate((1, 2, 4, 8), start=1):
        started, again = await attempts(salon, number)
        waited = (again - (due or started)).total_seconds()
        assert pause <= waited < 2 * pause + 3  # the machine may be slow, but never early
        due = again
        salon.rig.clock.advance(seconds=pause)
    await salon.rig.settled()
    assert "Не получилось ответить" in salon.read(jid)[-1]
    assert await salon.state() == ("pending", [("pending", None)])
    [(outcome, reason)] = await salon.outcomes()
    assert outcome == "parked"
    assert "refused" in reason
    [card] = await salon.desk("card")
    assert "сбоя" in card
    await salon.rig.until(lambda: salon.desk("alarm"))
    assert "не смог ответить" in (await salon.desk("alarm"))[0]
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"
    [turn, _] = await salon.rig.rows("SELECT status, outcome, attempts, error FROM turns ORDER BY started_at")
    assert (turn["status"], turn["outcome"], turn["attempts"]) == ("parked", "parked", 4)
    await salon.balanced(accepted=2, parked=1, answered=1)


async def test_a_turn_whose_handover_cannot_be_stored_either_still_ends(failing, jid) -> None:
    salon = await failing("messages")
    await salon.write(jid, "BREAKS ломает и передачу человеку")
    for number in range(1, 5):
        await attempts(salon, number)
        salon.rig.clock.advance(seconds=9)
    await salon.rig.settled()
    assert [outcome for outcome, _ in await salon.outcomes()] == ["parked"]
    await salon.rig.until(lambda: salon.desk("alarm"))
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"
    await salon.balanced(accepted=2, parked=1, answered=1)


async def test_shadow_parks_in_silence(failing, jid) -> None:
    salon = await failing("messages", mode="shadow")
    await salon.write(jid, "BREAKS")
    for number in range(1, 5):
        await attempts(salon, number)
        salon.rig.clock.advance(seconds=9)
    await salon.rig.settled()
    assert salon.read(jid) == []
    assert [outcome for outcome, _ in await salon.outcomes()] == ["parked"]


async def test_other_lanes_go_on_meanwhile(failing, jid) -> None:
    salon = await failing("outbox_messages")
    await salon.write(jid, "Это ломает всё")
    await attempts(salon, 1)
    other = "77000000012@s.whatsapp.net"
    await salon.write(other, "Сколько стоит маникюр?")
    assert await salon.texts(other, 1) == ["5000 тенге"]
