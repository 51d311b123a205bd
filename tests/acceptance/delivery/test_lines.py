"""Lines: what goes out through one number does not wait for another number, nor for another tenant."""

from __future__ import annotations

import asyncio
import json
import time

from truffles_chatflow.simulator import webhook_payload

ANNA, BORIS, CLARA = (f"7700000012{number}@s.whatsapp.net" for number in (1, 2, 3))
HEADERS = {"x-webhook-secret": "secret-of-tests"}
TWO_NUMBERS = {"instance_id": "old", "instances": [{"id": "new"}]}


async def write(lean, jid: str, text: str, *, slug: str = "salon", instance: str = "") -> None:
    payload = webhook_payload(jid, text, timestamp=lean.clock.now().timestamp(), instance=instance)
    answer = await lean.rig.http.post(f"/webhook/{slug}", content=json.dumps(payload).encode(), headers=HEADERS)
    assert answer.status_code == 200, answer.text


async def write_all(lean, jids: list[str], instance: str = "") -> None:
    """Many write, a few at a time; returns when each has a reply that is to be sent."""
    for first in range(0, len(jids), 20):
        await asyncio.gather(*(write(lean, jid, "hello there", instance=instance) for jid in jids[first : first + 20]))
    await lean.thought()


async def meet_on(lean, instance: str, *jids: str) -> None:
    """Customers who wrote to one of the tenant's numbers, and were answered through it."""
    for jid in jids:
        await write(lean, jid, "hello there", instance=instance)
        assert await lean.sim.wait(jid, 1)
    await lean.rig.settled()
    lean.sim.reset()


async def lose(lean, instance: str, jid: str) -> None:
    """The number is logged out, as a message to `jid` finds out."""
    lean.sim.behave(jid=jid, logged_out=True)
    await lean.say(jid, "words that find out")

    async def is_open() -> bool:
        return bool(await lean.rig.rows("SELECT 1 FROM circuits WHERE instance = $1 AND state = 'open'", instance))

    await lean.rig.until(is_open)


async def give_back(lean, jid: str) -> None:
    """The manager leaves the conversation to the bot again."""
    [handover] = await lean.rig.rows(
        "SELECT h.id FROM handovers h JOIN users u ON u.id = h.user_id WHERE u.remote_jid = $1", jid
    )
    body = {"client_slug": "salon", "handover_id": handover["id"], "action": "return", "manager": {"id": "owner"}}
    assert (await lean.rig.admin("POST", "/admin/desk/action", json=body)).status_code == 200
    await lean.rig.tick()


async def test_a_number_that_is_gone_does_not_hold_up_another_one(lean_of) -> None:
    """Anna's words wait in the old number, whose circuit is open; what she asks the new one is answered there."""
    lean = await lean_of(chatflow=TWO_NUMBERS)
    await meet_on(lean, "old", ANNA, BORIS)
    await lose(lean, "old", BORIS)
    await lean.say(ANNA, "words for the old number")
    await give_back(lean, ANNA)
    await write(lean, ANNA, "hello on the new number", instance="new")
    await lean.thought()
    await lean.rig.tick()
    assert lean.read(ANNA) == ["re: hello on the new number"]


async def test_a_number_that_works_keeps_its_customers_order_with_another_one(lean_of) -> None:
    """Only a number that is known to be down is passed by: back-off holds the recipient, whichever number comes next."""
    lean = await lean_of(chatflow=TWO_NUMBERS)
    await meet_on(lean, "old", ANNA)
    lean.sim.behave(jid=ANNA, count=1, status=500)
    await lean.say(ANNA, "first")
    await give_back(lean, ANNA)
    await write(lean, ANNA, "hello on the new number", instance="new")
    await lean.thought()
    await lean.rig.tick()
    assert lean.read(ANNA) == []
    await lean.later(seconds=3)
    assert lean.read(ANNA)[0] == "first"
    assert lean.read(ANNA)[-1] == "re: hello on the new number"


async def test_a_slow_provider_of_one_tenant_does_not_delay_anothers_reply(lean_of, sim) -> None:
    """Eighty sends of the salon hang; the clinic's one reply goes out at once."""
    lean = await lean_of(like_salon(sim, "clinic"))
    crowd = [f"770000{10_000 + number}@s.whatsapp.net" for number in range(80)]
    for jid in crowd:
        sim.behave(jid=jid, delay=15)
    await write_all(lean, crowd)

    async def hanging() -> bool:
        [row] = await lean.rig.rows("SELECT count(*) FROM outbox_messages WHERE status = 'sending'")
        return row["count"] >= 16

    await lean.rig.until(hanging)
    start = time.perf_counter()
    await write(lean, ANNA, "just one", slug="clinic")
    found = await sim.wait(ANNA, 1, 10)
    assert [message.text for message in found] == ["re: just one"]
    assert time.perf_counter() - start < 5
    [row] = await lean.rig.rows("SELECT count(*) FROM outbox_messages WHERE status = 'queued'")
    assert row["count"] > 0, "one line has a share of the hands, however much waits in it"


async def test_a_slow_number_does_not_delay_the_same_tenants_other_one(lean_of, sim) -> None:
    lean = await lean_of(chatflow=TWO_NUMBERS)
    crowd = [f"770000{10_000 + number}@s.whatsapp.net" for number in range(80)]
    for jid in crowd:
        sim.behave(jid=jid, delay=15)
    await write_all(lean, crowd, instance="old")
    start = time.perf_counter()
    await write(lean, ANNA, "just one", instance="new")
    assert await sim.wait(ANNA, 1, 10)
    assert time.perf_counter() - start < 5


def like_salon(sim, slug: str) -> dict[str, object]:
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


async def test_a_limit_of_the_channel_is_no_failure_of_it(lean_of) -> None:
    """429 with Retry-After to six customers within a minute: no circuit, no alarm."""
    lean = await lean_of()
    people = [f"7700000013{number}@s.whatsapp.net" for number in range(6)]
    await lean.meet(*people)
    for jid in people:
        lean.sim.behave(jid=jid, count=1, status=429, retry_after="5")
        await lean.say(jid, "words")
        await lean.later(seconds=6)
    assert len({attempt.jid for attempt in lean.sim.attempts}) == 6
    assert await lean.rig.rows("SELECT 1 FROM circuits WHERE state = 'open'") == []
    assert await lean.outbox(kind="alarm") == []


async def test_a_channel_that_asked_for_a_pause_gets_it(lean_of) -> None:
    """After one 429 the number's other rows wait as well, instead of running into the limit one by one."""
    lean = await lean_of(chatflow=TWO_NUMBERS)
    await meet_on(lean, "old", ANNA, BORIS)
    await meet_on(lean, "new", CLARA)
    lean.sim.behave(jid=ANNA, count=1, status=429, retry_after="30")
    await lean.say(ANNA, "to anna")
    await lean.say(BORIS, "to boris")
    await lean.say(CLARA, "to clara")
    await lean.later(seconds=28)
    assert [attempt.jid for attempt in lean.sim.attempts] == [ANNA, CLARA], "another number has no part in it"
    await lean.later(seconds=4)
    assert (lean.read(ANNA), lean.read(BORIS)) == (["to anna"], ["to boris"])
    rows = {row["recipient"]: row["attempts"] for row in await lean.outbox(kind="human")}
    assert rows == {ANNA: 2, BORIS: 1, CLARA: 1}, "waiting for it spends nothing"
