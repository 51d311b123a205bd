"""Who is served when there is more work than hands, and how often the database is asked for it."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from truffles_chatflow.simulator import webhook_payload

ANNA, BORIS = "77000000095@s.whatsapp.net", "77000000096@s.whatsapp.net"
HEADERS = {"x-webhook-secret": "secret-of-tests"}


async def flood(lean, count: int, text: str = "hello there", *, slug: str = "salon") -> None:
    """Messages of many customers, taken in together."""
    jids = (f"770000{10_000 + number}@s.whatsapp.net" for number in range(count))
    await asyncio.gather(*(ask(lean, slug, jid, text) for jid in jids))


async def ask(lean, slug: str, jid: str, text: str = "just one") -> None:
    """A customer of any tenant writes."""
    payload = json.dumps(webhook_payload(jid, text)).encode()
    response = await lean.rig.http.post(f"/webhook/{slug}", content=payload, headers=HEADERS)
    assert response.status_code == 200


async def test_a_busy_tenant_does_not_delay_anothers_message(lean_of, sim) -> None:
    """Least recently served first: of 500 lanes that wait, only a few are served before the other's single message."""
    clinic = _like_salon(sim, "clinic")
    lean = await lean_of(clinic, rig={"workers_concurrency": 4})
    await flood(lean, 4, "slow question")
    await lean.rig.until(_thinking(lean, 3))  # the fourth hand is kept for others
    await flood(lean, 500)
    await ask(lean, "clinic", ANNA)
    lean.clock.advance(seconds=5)
    lean.parrot.gate.set()
    assert await sim.wait(ANNA, 1)
    await lean.rig.settled(seconds=60)
    ends = await lean.rig.rows("SELECT c.slug FROM turns t JOIN clients c ON c.id = t.client_id ORDER BY t.finished_at")
    place = [row["slug"] for row in ends].index("clinic")
    assert place <= 16, f"{place} turns ended before"


async def test_a_tenant_whose_model_hangs_leaves_hands_to_the_others(lean_of, sim) -> None:
    """Also two of them together: whoever comes next is answered while none of their turns ends."""
    tenants = [_like_salon(sim, slug) for slug in ("clinic", "bakery", "garage")]
    lean = await lean_of(*tenants)
    await flood(lean, 40, "slow question")
    await lean.rig.until(_thinking(lean, 24))
    await ask(lean, "clinic", ANNA)
    assert await sim.wait(ANNA, 1)
    await flood(lean, 40, "slow question", slug="bakery")
    await lean.rig.until(_thinking(lean, 30))
    await ask(lean, "garage", BORIS)
    assert await sim.wait(BORIS, 1)
    assert lean.parrot.thinking == 30
    lean.parrot.gate.set()
    await lean.rig.settled(seconds=60)


async def test_two_floods_at_once_leave_hands_to_a_third(lean_of, sim) -> None:
    """Both wait before the worker takes any of them."""
    lean = await lean_of(*[_like_salon(sim, slug) for slug in ("clinic", "bakery")], rig={"work": False})
    await flood(lean, 40, "slow question")
    await flood(lean, 40, "slow question", slug="clinic")
    await lean.start(work=True)
    await lean.rig.until(_thinking(lean, 24))
    await ask(lean, "bakery", ANNA)
    assert await sim.wait(ANNA, 1)
    assert lean.parrot.thinking < 32
    lean.parrot.gate.set()
    await lean.rig.settled(seconds=60)


async def test_a_tenant_alone_has_all_hands(lean_of) -> None:
    lean = await lean_of(rig={"workers_concurrency": 4})
    await flood(lean, 5, "slow question")
    await lean.rig.until(_thinking(lean, 4))
    lean.parrot.gate.set()
    await lean.rig.settled()


async def test_desk_events_do_not_queue_behind_customers_turns(lean_of) -> None:
    """Every hand is busy with a slow customer and hundreds wait: a manager's words still go out at once."""
    lean = await lean_of(rig={"workers_concurrency": 4})
    await lean.meet(ANNA)
    await flood(lean, 100, "slow question")
    await lean.rig.until(_thinking(lean, 4))
    start = time.perf_counter()
    body = {"client_slug": "salon", "remote_jid": ANNA, "text": "manager here", "manager": {"id": "owner"}}
    assert (await lean.rig.admin("POST", "/admin/desk/reply", json=body)).status_code == 200
    found = await lean.sim.wait(ANNA, 1, 5)
    assert [message.text for message in found] == ["manager here"]
    assert time.perf_counter() - start < 5
    lean.parrot.gate.set()
    await lean.rig.settled(seconds=60)


async def test_at_most_six_round_trips_a_turn(lean_of) -> None:
    """From the webhook to the recorded receipt; another process looks on, so that its questions do not count."""
    lean = await lean_of(rig={"tick_seconds": 600.0, "heartbeat_seconds": 600.0})
    await lean.meet(ANNA)
    watcher = await lean.start(work=False)
    database = lean.rig.gateway.database
    before = database.round_trips
    await flood(lean, 60)
    await watcher.until(_sent(watcher, 61), seconds=60)
    assert database.round_trips - before <= 6 * 60


@pytest.mark.parametrize("rate", [{}, {"messages_per_second": 1000}], ids=["unlimited", "limited"])
async def test_at_most_six_round_trips_a_lone_turn(lean_of, rate: dict[str, object]) -> None:
    """Nothing else goes on, so nothing is shared; and no look at the database afterwards finds nothing."""
    lean = await lean_of(chatflow=rate, rig={"tick_seconds": 600.0, "heartbeat_seconds": 600.0})
    await lean.meet(ANNA)
    watcher = await lean.start(work=False)
    database = lean.rig.gateway.database
    before = database.round_trips
    for number in range(1, 11):
        await lean.sim.write(ANNA, f"question number {number}?")
        await watcher.until(_sent(watcher, 1 + number))
    assert database.round_trips - before <= 6 * 10


async def test_a_row_behind_one_that_is_being_sent_goes_out_at_once(lean_of) -> None:
    """No tick helps: whoever records that a row was sent looks for the next one of its recipient, also of others."""
    lean = await lean_of(rig={"tick_seconds": 600.0, "heartbeat_seconds": 600.0})
    await lean.meet(ANNA)
    second = await lean.start(tick_seconds=600.0)
    lean.sim.behave(jid=ANNA, count=1, delay=1.0)
    for rig, text in ((lean.rig, "first"), (second, "second"), (lean.rig, "third")):
        body = {"client_slug": "salon", "remote_jid": ANNA, "text": text, "manager": {"id": "owner"}}
        assert (await rig.admin("POST", "/admin/desk/reply", json=body)).status_code == 200
        await lean.rig.until(_written(lean, text))
    assert await lean.sim.wait(ANNA, 3, 10)
    assert lean.read(ANNA) == ["first", "second", "third"]


def _written(lean, text: str):
    async def written() -> bool:
        return bool(await lean.rig.rows("SELECT 1 FROM outbox_messages WHERE payload ->> 'text' = $1", text))

    return written


@pytest.mark.parametrize("hands", [1, 2])
async def test_what_comes_during_a_turn_is_read_after_it(lean_of, sim, hands: int) -> None:
    """No tick helps here either: few hands, shared by two tenants, and more for the lanes that are being thought about."""
    patience = {"tick_seconds": 600.0, "heartbeat_seconds": 600.0, "workers_concurrency": hands}
    lean = await lean_of(_like_salon(sim, "clinic"), rig=patience)
    await flood(lean, 1, "slow question")
    await lean.rig.until(_thinking(lean, 1))
    await flood(lean, 5, "hello again")
    lean.parrot.gate.set()
    await lean.thought()
    await lean.rig.settled()


def _thinking(lean, count: int):
    async def thinking() -> bool:
        return lean.parrot.thinking >= count

    return thinking


def _sent(watcher, count: int):
    async def sent() -> bool:
        [row] = await watcher.rows("SELECT count(*) FROM outbox_messages WHERE status = 'sent'")
        return row["count"] >= count

    return sent


def _like_salon(sim, slug: str) -> dict[str, object]:
    settings = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug}
    return {
        "slug": slug,
        "name": slug,
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.01, "fragment": 0.01, "longest": 0.5},
        "plugins": [{"name": "parrot"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}],
    }
