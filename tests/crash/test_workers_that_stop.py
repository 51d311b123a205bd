"""A worker that dies, freezes or is told to stop in the middle of a thought: another one answers, once."""

from __future__ import annotations

import os
import signal
import time

HOLDER = "SELECT lease_owner, lease_token FROM lanes WHERE kind = 'customer' AND lease_owner IS NOT NULL"
JID = "77000000001@s.whatsapp.net"


async def thinking(town, rig) -> str:
    """Wait until somebody is at it; who."""
    [row] = await rig.until(lambda: rig.rows(HOLDER))
    return row["lease_owner"]


async def test_a_dead_workers_turn_is_resumed_within_15_seconds(town) -> None:
    """With the leases of production."""
    await town.apply(town.business("salon"))
    town.hold.touch()
    production = {"LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "3", "TICK_SECONDS": "2"}
    victim = await town.process(**production)
    rig = await town.rig(work=False)
    await town.writes(victim.url, "salon", JID, "hold a")
    await thinking(town, rig)
    await town.rig(lease_seconds=10.0, heartbeat_seconds=3.0, tick_seconds=2.0)
    await victim.kill()
    died = time.monotonic()
    town.hold.unlink()
    await town.sim.wait(JID, 1, timeout=20)
    assert town.read(JID) == ["re: hold a"]
    assert time.monotonic() - died < 15


async def test_a_dead_workers_turn_is_resumed_while_the_customer_writes_on(town) -> None:
    """What was written since waits for its own quiet time, a minute here; the turn that was begun does not."""
    await town.apply({**town.business("salon"), "timing": {"complete": 0.02, "fragment": 60.0, "longest": 300.0}})
    town.hold.touch()
    victim = await town.process()
    rig = await town.rig(work=False)
    await town.writes(victim.url, "salon", JID, "hold a?")
    await thinking(town, rig)
    await town.writes(victim.url, "salon", JID, "and")
    await victim.kill()
    town.hold.unlink()
    await town.rig()
    await rig.until(lambda: rig.rows("SELECT 1 FROM turns WHERE status = 'done'"), seconds=15)
    town.clock.advance(seconds=61)
    await town.sim.wait(JID, 1, timeout=10)
    await rig.settled()
    assert "\n".join(town.read(JID)) in ("re: hold a?\nre: and", "re: hold a?\nand"), "each was answered once"


async def test_a_frozen_worker_cannot_answer_after_another_one_has(town) -> None:
    await town.apply(town.business("salon"))
    town.hold.touch()
    # So slow a heart that it is the commit that meets the fence, not the heartbeat that stops the turn.
    frozen = await town.process(HEARTBEAT_SECONDS="60")
    await town.writes(frozen.url, "salon", JID, "hold a")
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    first = await thinking(town, rig)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:

        async def taken_over() -> bool:
            rows = await rig.rows(HOLDER)
            return bool(rows) and rows[0]["lease_owner"] != first

        await rig.until(taken_over)
        town.hold.unlink()
        await town.sim.wait(JID, 1)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)

    async def refused() -> bool:
        return any("turn lost to another worker" in line for line in frozen.output)

    await rig.until(refused)
    await town.quiet(rig)
    assert town.read(JID) == ["re: hold a"]
    [turn] = await rig.rows("SELECT status, outcome FROM turns")
    assert (turn["status"], turn["outcome"]) == ("done", "answered")
    assert len(await rig.rows("SELECT 1 FROM outbox_messages")) == 1


async def test_a_turn_that_was_lost_is_stopped_by_the_heartbeat(town) -> None:
    """It would think on for nothing, up to 45 seconds."""
    await town.apply(town.business("salon"))
    town.hold.touch()
    frozen = await town.process()
    await town.writes(frozen.url, "salon", JID, "hold a")
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    first = await thinking(town, rig)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:

        async def taken_over() -> bool:
            rows = await rig.rows(HOLDER)
            return bool(rows) and rows[0]["lease_owner"] != first

        await rig.until(taken_over)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)

    async def stopped() -> bool:
        return any("turn lost to another worker" in line for line in frozen.output)

    await rig.until(stopped)
    assert town.hold.exists()
    town.hold.unlink()
    await town.quiet(rig)
    assert town.read(JID) == ["re: hold a"]


async def test_a_long_turn_keeps_its_lane(town) -> None:
    """The heartbeat holds it far beyond one lease."""
    await town.apply(town.business("salon"))
    town.hold.touch()
    one = await town.rig(lease_seconds=0.6, heartbeat_seconds=0.2)
    await town.rig(lease_seconds=0.6, heartbeat_seconds=0.2)
    await town.writes(one.url, "salon", JID, "hold a")
    [before] = await one.until(lambda: one.rows(HOLDER))
    until = time.monotonic() + 2

    async def later() -> bool:
        return time.monotonic() > until

    await one.until(later)
    [now] = await one.rows(HOLDER)
    assert now == before
    town.hold.unlink()
    await town.quiet(one)
    assert town.read(JID) == ["re: hold a"]


async def test_sigterm_drains_and_hands_the_rest_over_at_once(town) -> None:
    """What ends within the drain time is finished where it runs, beyond its lease too; what does not is somebody
    else's at once, long before its lease would have ended."""
    await town.apply(town.business("salon"))
    town.hold.touch()
    stopping = await town.process(LEASE_SECONDS="30", DRAIN_SECONDS="1")
    await town.writes(stopping.url, "salon", JID, "hold a")
    rig = await town.rig(tick_seconds=30.0)  # only a notification wakes it
    first = await thinking(town, rig)
    os.kill(stopping.pid, signal.SIGTERM)
    assert await stopping.ended() == 0, "\n".join(stopping.output)

    async def taken_over() -> bool:
        rows = await rig.rows(HOLDER)
        return bool(rows) and rows[0]["lease_owner"] != first

    await rig.until(taken_over, seconds=3)
    town.hold.unlink()
    await town.quiet(rig)
    assert town.read(JID) == ["re: hold a"]


async def test_a_stopping_worker_keeps_its_leases_while_it_drains(town) -> None:
    await town.apply(town.business("salon"))
    town.hold.touch()
    stopping = await town.process(DRAIN_SECONDS="20")
    await town.writes(stopping.url, "salon", JID, "hold a")
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    first = await thinking(town, rig)
    os.kill(stopping.pid, signal.SIGTERM)
    until = time.monotonic() + 2.5  # more than two leases

    async def later() -> bool:
        return time.monotonic() > until

    await rig.until(later)
    assert await thinking(town, rig) == first
    town.hold.unlink()
    assert await stopping.ended() == 0
    await town.quiet(rig)
    assert town.read(JID) == ["re: hold a"]
    [turn] = await rig.rows("SELECT attempts, status FROM turns")
    assert (turn["attempts"], turn["status"]) == (0, "done")
