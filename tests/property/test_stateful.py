"""Customers, managers, clocks, duplicates and a failing provider, at random, over three workers on one database.

`STATEFUL=n` plays n examples instead of twenty; hypothesis chooses the steps and the seed of everything else.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from truffles_chatflow.plugin import plugin as chatflow
from truffles_chatflow.simulator import Simulator, webhook_payload
from truffles_desk_log.plugin import plugin as desk_log

from truffles_gateway.catalog import Catalog
from truffles_gateway.postgres import PrivatePostgres
from truffles_gateway.testing import MovedClock, Rig
from truffles_gateway.testing.fixtures import TEMPLATE
from truffles_gateway.testing.puppet import plugin as puppet

SECRET, ADMIN = "secret-of-tests", "admin-of-tests"
SLUGS = ("left", "right", "shade")
SHADOW = "shade"
JIDS = [f"7700000020{number}@s.whatsapp.net" for number in range(3)]
WORDS = ("answer", "answer", "answer", "unknown", "human", "stop", "thanks", "poison")
# A provider that takes every attempt, one way or another; its doubles are those that `msg_id` prevents.
TROUBLE: tuple[dict[str, Any], ...] = (
    {"success": False},
    {"drop": "before"},
    {"drop": "after"},
    {"status": 500},
    {"status": 429, "retry_after": "1"},
    {"delay": 0.05},
    {"delay_before": 0.05},
)
QUIET = 8
EXAMPLES = int(os.environ.get("STATEFUL", "20"))

STATES = """
    SELECT c.id, c.state, c.open_handover_id,
        array_agg(h.status) FILTER (WHERE h.status <> 'resolved') AS open,
        array_agg(h.id) FILTER (WHERE h.status <> 'resolved') AS ids
    FROM conversations c LEFT JOIN handovers h ON h.client_id = c.client_id AND h.conversation_id = c.id
    GROUP BY c.client_id, c.id, c.state, c.open_handover_id
"""
BUSY = """
    SELECT 'event' FROM inbox_events WHERE outcome IS NULL
    UNION ALL SELECT 'row' FROM outbox_messages WHERE status IN ('queued', 'sending')
    UNION ALL SELECT 'job' FROM jobs WHERE status = 'waiting' AND run_at <= $1
    LIMIT 1
"""
SAID_BY_BOT = """
    SELECT o.kind, o.recipient, o.payload->>'text' AS text FROM outbox_messages o JOIN clients c ON c.id = o.client_id
    WHERE c.slug = $1 AND o.kind IN ('reply', 'notice', 'card', 'reminder')
"""
STUCK = """
    SELECT e.kind, e.event->>'text' AS text, l.ready_at, l.not_before, l.lease_until, l.open_since, l.turn_id, e.turn_id AS mine,
        t.status, t.attempts, t.error, clock_timestamp() AS now
    FROM inbox_events e LEFT JOIN lanes l ON l.client_id = e.client_id AND l.lane = e.lane
    LEFT JOIN turns t ON t.client_id = e.client_id AND t.id = e.turn_id WHERE e.outcome IS NULL
"""


def business(slug: str, url: str) -> dict[str, Any]:
    """A tenant that answers fast."""
    settings = {"base_url": url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug}
    return {
        "slug": slug,
        "name": slug,
        "mode": "shadow" if slug == SHADOW else "auto",
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.03, "fragment": 0.05, "longest": 0.2},
        "plugins": [{"name": "puppet"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}],
    }


@dataclass
class World:
    """The town, and what was said in it."""

    rigs: list[Rig]
    sims: dict[str, Simulator]
    clock: MovedClock
    chance: random.Random
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    managers: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SLUGS, 0))
    desk: dict[str, set[str]] = field(default_factory=lambda: {slug: set() for slug in SLUGS})
    number: int = 0

    def next(self) -> str:
        """A word that occurs once."""
        self.number += 1
        return f"m{self.number:04d}"

    @property
    def rig(self) -> Rig:
        """Any of the gateways."""
        return self.chance.choice(self.rigs)

    # -- what people and machines do ---------------------------------------------------------------------------------

    async def customer(self, slug: str, jid: str, text: str, **more: Any) -> None:
        """A customer writes."""
        payload = webhook_payload(jid, text, timestamp=self.clock.now().timestamp(), **more)
        self.sent.append((slug, payload))
        self.events[slug] += 1
        assert await self.post(slug, payload) <= 1

    async def post(self, slug: str, payload: dict[str, Any]) -> int:
        """Over any of the gateways; how many events were new."""
        return await self.until_taken(f"/webhook/{slug}", {"x-webhook-secret": SECRET}, payload)

    async def until_taken(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> int:
        """Whoever hears 503, as on a machine that is very busy, says it again, to any gateway."""
        while (response := await self.rig.post(path, headers=headers, **body)).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert response.status_code == 200, response.text
        return int(response.json()["accepted"])

    async def write(self) -> None:
        """One message."""
        slug, jid = self.somebody()
        await self.customer(slug, jid, f"{self.chance.choice(WORDS)} {self.next()}")

    async def burst(self) -> None:
        """Several at once, over several gateways."""
        slug, jid = self.somebody()
        for _ in range(self.chance.randint(2, 4)):
            await self.customer(slug, jid, f"answer {self.next()}")

    async def edit(self) -> None:
        """A message, and its correction."""
        slug, jid = self.somebody()
        first = self.next()
        await self.customer(slug, jid, f"answer {first}", message_id=first)
        await self.customer(slug, jid, f"answer {self.next()}", message_type="edited", replaces=first)

    async def duplicate(self) -> None:
        """The provider repeats itself, also to another gateway; nothing of it is new."""
        if self.sent:
            slug, payload = self.chance.choice(self.sent)
            assert await self.post(slug, payload) == 0

    async def crowd(self) -> None:
        """Everybody writes at once."""
        await asyncio.gather(*(self.customer(slug, jid, f"answer {self.next()}") for slug in SLUGS for jid in JIDS))

    async def reply(self) -> None:
        """A manager writes: to a handover, open or long closed, or to the customer; perhaps twice by mistake."""
        slug, jid, handover = await self.some_handover()
        if not handover:
            return
        words, event = f"words {self.next()}", self.next()
        body = {"text": words, "event_id": event, "handover_id": handover}
        new = [await self.at_desk(slug, "reply", body) for _ in range(self.chance.choice((1, 1, 2)))]
        assert sum(new) <= 1
        self.managers.setdefault((slug, jid), []).append(words)

    async def phone(self) -> None:
        """The owner writes from the phone, past the gateway."""
        slug, jid = self.somebody()
        words, event = f"phone {self.next()}", self.next()
        self.clock.advance(seconds=5)  # sooner after a customer's message it would be an automatic greeting
        payload = webhook_payload(
            jid, words, timestamp=self.clock.now().timestamp(), message_id=event, from_me=True, instance=slug
        )
        self.desk[slug].add(event)
        assert await self.post(slug, payload) == 1

    async def button(self) -> None:
        """A button is pressed: twice, late, on a handover that nobody knows."""
        slug, _, handover = await self.some_handover()
        action = self.chance.choice(("take", "return", "resolve", "skip"))
        for _ in range(self.chance.choice((1, 2))):
            target = handover if handover and self.chance.random() < 0.9 else "00000000-0000-4000-8000-000000000000"
            await self.at_desk(slug, "action", {"action": action, "handover_id": target, "event_id": self.next()})

    async def at_desk(self, slug: str, path: str, body: dict[str, Any]) -> int:
        """A call at the desk; how many events were new."""
        who = self.chance.choice(("anna", "boris"))
        body = {"client_slug": slug, "manager": {"id": who, "name": who}, **body}
        self.desk[slug].add(body["event_id"])
        return await self.until_taken(f"/admin/desk/{path}", {"authorization": f"Bearer {ADMIN}"}, body)

    async def trouble(self) -> None:
        """The provider has a bad moment."""
        slug, jid = self.somebody()
        wish = dict(self.chance.choice(TROUBLE)) | {"count": self.chance.randint(1, 2)}
        self.sims[slug].behave(jid=jid, **wish)

    async def later(self) -> None:
        """Time passes: reminders, nudges, time-outs, mutes and back-offs come due."""
        self.clock.advance(seconds=self.chance.choice((1, 5, 20, 120, 1000, 4000, 8000)))

    async def moment(self) -> None:
        """Let the workers breathe."""
        await asyncio.sleep(self.chance.random() * 0.1)

    # -- whom it happens to ------------------------------------------------------------------------------------------

    def somebody(self) -> tuple[str, str]:
        """A customer of a tenant."""
        return self.chance.choice(SLUGS), self.chance.choice(JIDS)

    async def some_handover(self) -> tuple[str, str, str]:
        """A handover of any age."""
        rows = await self.rig.rows(
            """SELECT c.slug, u.remote_jid, h.id FROM handovers h JOIN clients c ON c.id = h.client_id
               JOIN users u ON u.client_id = h.client_id AND u.id = h.user_id ORDER BY h.created_at, h.id"""
        )
        if not rows:
            return self.chance.choice(SLUGS), "", ""
        row = self.chance.choice(rows)
        return row["slug"], row["remote_jid"], row["id"]

    # -- what must hold ----------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Until nothing is due; the clock is helped along, so that back-offs end."""
        for sim in self.sims.values():
            sim.behave(clear=True)

        async def idle() -> bool:
            self.clock.advance(seconds=2)
            return not await self.rigs[0].rows(BUSY, self.clock.now())

        try:
            await self.rigs[0].until(idle, seconds=40)
        except TimeoutError:
            left = await self.rigs[0].rows(STUCK)
            raise AssertionError(f"does not settle: {[dict(row) for row in left]}") from None

    async def check(self) -> None:
        """The invariants of SPEC § 6, order, the conservation law, nothing twice."""
        for row in await self.rigs[0].rows(STATES):
            expected = {"bot_active": None, "pending": ["pending"], "manager_active": ["active"]}[row["state"]]
            assert row["open"] == expected, dict(row)
            assert row["ids"] == ([row["open_handover_id"]] if row["open_handover_id"] else None), dict(row)
        await self.check_ledger()
        for slug, sim in self.sims.items():
            for jid in JIDS:
                self.check_customer(slug, sim, jid)
        await self.check_shadow()

    async def check_shadow(self) -> None:
        """In shadow nothing of the bot's is sent, and nobody is reminded of what it did not begin."""
        said = await self.rigs[0].rows(SAID_BY_BOT, SHADOW)
        assert not said, [dict(row) for row in said]

    async def check_ledger(self) -> None:
        ledger = await self.rigs[0].ledger()
        assert ledger["balanced"], ledger
        for tenant in ledger["tenants"]:
            ends = ("answered", "escalated", "forwarded", "ignored", "parked")
            assert sum(tenant[end] for end in ends) == tenant["accepted"] == self.events[tenant["tenant"]], ledger
            desk = tenant["desk"]
            assert desk["handled"] + desk["ignored"] + desk["parked"] == desk["accepted"], ledger
            assert desk["accepted"] == len(self.desk[tenant["tenant"]]), ledger
            assert desk["parked"] == 0, ledger

    def check_customer(self, slug: str, sim: Simulator, jid: str) -> None:
        read = sim.read(jid)
        keys = [message.msg_id for message in read]
        assert len(keys) == len(set(keys)), f"delivered twice: {read}"
        answered = [word for message in read if message.text.startswith("re: ") for word in _tokens(message.text)]
        assert answered == sorted(set(answered)), f"out of order or twice: {answered}"
        words = sorted(message.text for message in read if message.text.startswith("words "))
        assert words == sorted(self.managers.get((slug, jid), [])), "a manager's words were lost or doubled"


def _tokens(text: str) -> list[str]:
    return re.findall(r"m\d{4}", text)


Step = Callable[[World], Awaitable[None]]
STEPS_OF: dict[Step, int] = {
    World.write: 8, World.burst: 3, World.edit: 1, World.duplicate: 2, World.crowd: 1, World.reply: 4, World.button: 4,
    World.trouble: 4, World.later: 3, World.moment: 3, World.phone: 2,
}  # fmt: skip


@asynccontextmanager
async def a_world(database_url: str, clock: MovedClock, chance: random.Random) -> AsyncIterator[World]:
    """Three gateways, three tenants, one of them in shadow, a provider for each."""
    async with AsyncExitStack() as stack:
        sims = {slug: await stack.enter_async_context(Simulator()) for slug in SLUGS}
        rigs = []
        for _ in range(3):
            rig = Rig(database_url, clock, catalog=Catalog.of(puppet, desk_log, chatflow), database_pool=5)
            rigs.append(await stack.enter_async_context(rig))
            if len(rigs) == 1:
                await rig.apply(*(business(slug, sims[slug].url) for slug in SLUGS))
        yield World(rigs, sims, clock, chance)


async def play(database_url: str, clock: MovedClock, steps: list[Step], chance: random.Random) -> None:
    """One example: its steps, and after every few of them the whole truth."""
    async with a_world(database_url, clock, chance) as world:
        for number, step in enumerate(steps, 1):
            await step(world)
            if number % QUIET == 0 or number == len(steps):
                await world.settle()
                await world.check()


# A failing example is not shrunk: two runs of three racing workers are never the same.
@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    steps=st.lists(st.sampled_from([step for step, weight in STEPS_OF.items() for _ in range(weight)]), min_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_happens(
    postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory, steps: list[Step], seed: int
) -> None:
    os.environ["TEST_WEBHOOK_SECRET"], os.environ["TEST_CHATFLOW_TOKEN"] = SECRET, "token-of-tests"
    name = f"t{uuid4().hex}"
    postgres.create_database(name, TEMPLATE)
    clock = MovedClock(tmp_path_factory.mktemp("clock") / "clock")
    try:
        asyncio.run(play(postgres.url(name), clock, steps, random.Random(seed)))
    finally:
        postgres.drop_database(name)
