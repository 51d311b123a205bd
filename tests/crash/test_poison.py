"""A message that breaks its turn each time is parked, with a human; nobody else waits for it."""

from __future__ import annotations

JIDS = [f"7700000030{number}@s.whatsapp.net" for number in range(4)]

# What the database does not take, whatever the reason.
POISON = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$",
    """CREATE TRIGGER poison BEFORE INSERT ON outbox_messages FOR EACH ROW
       WHEN (NEW.payload->>'text' = 're: answer poison') EXECUTE FUNCTION refuse()""",
)


async def test_a_poisoned_turn_parks_only_its_own_lane(town) -> None:
    await town.apply(town.business("salon"))
    rig = await town.rig()
    for statement in POISON:
        await rig.rows(statement)
    await town.writes(rig.url, "salon", JIDS[0], "answer poison")
    for jid in JIDS[1:]:
        await town.writes(rig.url, "salon", jid, "answer one")
    for jid in JIDS[1:]:
        await town.sim.wait(jid, 1)
        assert town.read(jid) == ["re: answer one"]
    await town.quiet(rig)
    [turn] = await rig.rows("SELECT attempts, status, error FROM turns WHERE status = 'parked'")
    assert turn["attempts"] == 4
    [event] = await rig.rows("SELECT outcome FROM inbox_events WHERE address = $1", JIDS[0])
    assert event["outcome"] == "parked"
    [handover] = await rig.rows("SELECT trigger_type FROM handovers")
    assert handover["trigger_type"] == "parked"
    [line] = town.read(JIDS[0])
    assert line
    # The lane goes on.
    await town.writes(rig.url, "salon", JIDS[0], "answer two")
    await town.sim.wait(JIDS[0], 2)
    assert town.read(JIDS[0])[-1] == "re: answer two"


async def test_an_event_that_cannot_be_read_back_parks_only_its_own_lane(town) -> None:
    """Stored by a version of the gateway that knew it, claimed together with others by one that does not."""
    await town.apply(town.business("salon"))
    front = await town.rig(work=False)
    for jid in JIDS:
        await town.writes(front.url, "salon", jid, "answer one")
    await front.rows("""UPDATE inbox_events SET event = event || '{"kind": "seance"}' WHERE address = $1""", JIDS[0])
    rig = await town.rig()
    for jid in JIDS[1:]:
        await town.sim.wait(jid, 1, timeout=5)
        assert town.read(jid) == ["re: answer one"]
    await town.quiet(rig)
    [event] = await rig.rows("SELECT outcome FROM inbox_events WHERE address = $1", JIDS[0])
    assert event["outcome"] == "parked"
