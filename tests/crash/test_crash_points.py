"""`kill -9` at every named place: nothing is lost, order is kept, and doubled is only what must be."""

from __future__ import annotations

import asyncio
import signal

import pytest

from truffles_gateway.failpoints import NAMES

# Three providers: one that honours the key, one of whom the plugin knows that it does not, and one that claims to.
HONEST, CAREFUL, FOOLED = "honest", "careful", "fooled"
JIDS = {HONEST: "77000000001", CAREFUL: "77000000002", FOOLED: "77000000003"}
BOSS = "77000000004"
# Where a send has happened and nobody knows it yet: the send–commit window.
WINDOW = {"send.after", "receipt.before"}
ONCE = {"job.before", "job.after", "receipt.before", "receipt.after"}


async def script(town, gateway: str, tag: str) -> None:
    """Each customer asks, a manager writes to one, and they ask again before they have an answer."""
    for slug, jid in JIDS.items():
        await town.writes(gateway, slug, jid, f"answer {tag} first")
    await town.manager(gateway, HONEST, BOSS, f"words {tag}")
    for slug, jid in JIDS.items():
        await town.writes(gateway, slug, jid, f"answer {tag} second")


@pytest.mark.parametrize("name", NAMES)
async def test_killed_at(town, name: str) -> None:
    for slug in (CAREFUL, FOOLED):
        town.sim.behave(jid=JIDS[slug], honour_msg_id=False)
    await town.apply(*(town.business(slug, honours=slug != CAREFUL) for slug in JIDS))
    victim = await town.process(TRUFFLES_CRASH=f"{name}:{1 if name in ONCE else 2}")
    # The manager's customer is known already, as anybody is to whom a manager writes.
    await town.writes(victim.url, HONEST, BOSS, "human please")
    await script(town, victim.url, "a")
    async with asyncio.timeout(10):
        assert await victim.ended() == -signal.SIGKILL, f"{name} is never reached"
    rig = await town.rig(lease_seconds=1.0, heartbeat_seconds=0.3)
    await town.repeats(rig.url)
    await script(town, rig.url, "b")
    await town.quiet(rig)

    said = ["a first", "a second", "b first", "b second"]
    for slug, jid in JIDS.items():
        whole = "\n".join(town.read(jid))
        places = [whole.find(f"answer {words}") for words in said]
        found = [place for place in places if place >= 0]
        assert found == sorted(found), f"out of order: {town.read(jid)}"
        counts = {words: whole.count(f"answer {words}") for words in said}
        if slug == HONEST:
            assert set(counts.values()) == {1}, counts
        elif slug == FOOLED:
            assert set(counts.values()) <= ({1, 2} if name in WINDOW else {1}), counts
        else:
            assert set(counts.values()) <= {0, 1}, counts
            assert not [words for words, count in counts.items() if not count and not await escalated(rig, slug)]
    words = [text for text in town.read(BOSS) if text.startswith("words")]
    assert words == ["words a", "words b"]
    ledger = await rig.ledger()
    assert ledger["balanced"], ledger
    assert all(tenant["waiting"] == tenant["desk"]["waiting"] == 0 for tenant in ledger["tenants"]), ledger


async def escalated(rig, slug: str) -> bool:
    """Did an answer that may have arrived go to a human?"""
    return bool(await rig.rows(
        """SELECT 1 FROM inbox_events e JOIN clients c ON c.id = e.client_id
           WHERE c.slug = $1 AND e.outcome = 'escalated'""", slug,
    ))  # fmt: skip
