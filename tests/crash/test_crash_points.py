"""`kill -9` at every named place: nothing is lost, order is kept, and doubled is only what must be."""

from __future__ import annotations

import asyncio
import signal

import pytest

from truffles_gateway.failpoints import NAMES

# Three providers: one that honours the key, one of whom the plugin knows that it does not, and one that claims to.
HONEST, CAREFUL, FOOLED = "honest", "careful", "fooled"
JIDS = {
    HONEST: "77000000001@s.whatsapp.net",
    CAREFUL: "77000000002@s.whatsapp.net",
    FOOLED: "77000000003@s.whatsapp.net",
}
BOSS = "77000000004@s.whatsapp.net"
SAID = ("a first", "a second", "b first", "b second")
# How many times a place is passed before it is deadly: as late as it is sure to be reached.
COUNT = {"job.before": 1, "job.after": 1, "receipt.before": 1, "receipt.after": 1}


async def script(town, gateway: str, tag: str) -> None:
    """Each customer asks, a manager writes to one, and they ask again before they have an answer."""
    for slug, jid in JIDS.items():
        await town.writes(gateway, slug, jid, f"answer {tag} first")
    await town.manager(gateway, HONEST, BOSS, f"words {tag}")
    for slug, jid in JIDS.items():
        await town.writes(gateway, slug, jid, f"answer {tag} second")


CIRCUITS = ("circuit.before", "circuit.after")
FILES = ("fetch.admitted", "fetch.collected")  # see test_files


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {*CIRCUITS, *FILES}])
async def test_killed_at(town, name: str) -> None:
    for slug in (CAREFUL, FOOLED):
        town.sim.behave(jid=JIDS[slug], honour_msg_id=False)
    await town.apply(*(town.business(slug, honours=slug != CAREFUL) for slug in JIDS))
    async with town.gateway() as before:  # the manager's customer is known, as anybody is to whom a manager writes
        await town.writes(before.url, HONEST, BOSS, "human please")
        await town.quiet(before)
    victim = await town.process(TRUFFLES_CRASH=f"{name}:{COUNT.get(name, 2)}")
    await script(town, victim.url, "a")
    async with asyncio.timeout(10):
        assert await victim.ended() == -signal.SIGKILL, f"{name} is never reached"

    # What was sent, or was about to be, when nobody could write it down any more: the send–commit window. A row that was
    # being taken for sending when the process died is taken by the database a moment later.
    await town.forgotten()
    sending = "SELECT payload->>'text' AS text FROM outbox_messages WHERE status = 'sending' AND channel = 'whatsapp'"
    window = [row["text"] for row in await town.rows(sending)]
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    await town.repeats(rig.url)
    await script(town, rig.url, "b")
    await town.quiet(rig)

    ledger = await rig.ledger()
    assert ledger["balanced"], ledger
    assert all(tenant["waiting"] == tenant["desk"]["waiting"] == 0 for tenant in ledger["tenants"]), ledger
    assert [text for text in town.read(BOSS) if text.startswith("words")] == ["words a", "words b"]
    for slug, jid in JIDS.items():
        read = town.read(jid)
        counts = {words: sum(f"answer {words}" in text for text in read) for words in SAID}
        places = ["\n".join(read).find(f"answer {words}") for words in SAID if counts[words]]
        assert places == sorted(places), f"out of order: {read}"
        unsure = {words for words in SAID if any(f"answer {words}" in text for text in window)}
        for words, count in counts.items():
            if slug == HONEST or words not in unsure:
                assert count == 1, (slug, words, read)
            elif slug == FOOLED:
                assert count in {1, 2}, (words, read)
            else:
                assert count == 1 or await escalated(rig, slug), (words, read)


async def escalated(rig, slug: str) -> bool:
    """Did an answer that may have arrived, and may not, go to a human?"""
    return bool(await rig.rows(
        """SELECT 1 FROM inbox_events e JOIN clients c ON c.id = e.client_id
           WHERE c.slug = $1 AND e.outcome = 'escalated'""", slug,
    ))  # fmt: skip


@pytest.mark.parametrize("name", CIRCUITS)
async def test_killed_around_the_opening_of_a_circuit(town, name: str) -> None:
    """The owner is told once, whichever side of it the process dies on."""
    victim = await a_number_that_is_gone(town, name, 1)
    async with asyncio.timeout(10):
        assert await victim.ended() == -signal.SIGKILL, f"{name} is never reached"
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    await told(town, rig, 1)
    assert [row["state"] for row in await rig.rows("SELECT state FROM circuits")] == ["open"]


@pytest.mark.parametrize("name", CIRCUITS)
async def test_killed_around_the_closing_of_a_circuit(town, name: str) -> None:
    """A probe arrived and nobody could say so: another one will, and the owner is told once."""
    victim = await a_number_that_is_gone(town, name, 2)
    await until_told(town, 1)
    town.sim.behave(clear=True)
    town.clock.advance(seconds=20)
    async with asyncio.timeout(10):
        assert await victim.ended() == -signal.SIGKILL, f"{name} is never reached"
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    await town.writes(rig.url, HONEST, JIDS[CAREFUL], "answer another")  # so that there is something to probe with
    await told(town, rig, 2)
    assert [row["state"] for row in await rig.rows("SELECT state FROM circuits")] == ["closed"]


async def a_number_that_is_gone(town, name: str, count: int):
    """A process that will die at `name` when it is passed the `count`-th time, and a message that cannot be answered."""
    town.sim.behave(logged_out=True)
    await town.apply(town.business(HONEST))
    victim = await town.process(TRUFFLES_CRASH=f"{name}:{count}")
    await town.writes(victim.url, HONEST, JIDS[HONEST], "answer me")
    return victim


async def until_told(town, count: int) -> None:
    async with asyncio.timeout(10):
        while len(await town.rows("SELECT 1 FROM outbox_messages WHERE kind = 'alarm'")) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def told(town, rig, count: int) -> None:
    """So many alarms, and no more of them however much time goes by."""

    async def alarms() -> bool:
        town.clock.advance(seconds=1)
        return len(await rig.rows("SELECT 1 FROM outbox_messages WHERE kind = 'alarm'")) >= count

    await rig.until(alarms, seconds=20)
    for _ in range(3):
        town.clock.advance(seconds=20)
        await rig.tick()
    rows = await rig.rows("SELECT correlation_id FROM outbox_messages WHERE kind = 'alarm'")
    assert len(rows) == count
    assert all(row["correlation_id"] for row in rows), "an alarm can be traced to the message that raised it"
