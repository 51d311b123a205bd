"""Whatever owners press, managers write and stores lose, in any order, over two gateways: table and store agree in the end.

`STATEFUL=n` plays n examples instead of eight.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from truffles_chatflow.plugin import plugin as chatflow
from truffles_chatflow.simulator import Simulator
from truffles_desk_log.plugin import plugin as desk_log
from truffles_learning.plugin import plugin as learning
from truffles_policy.plugin import plugin as policy

from truffles_gateway import lessons
from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Plugin
from truffles_gateway.postgres import PrivatePostgres
from truffles_gateway.store.jobs import RETRIES
from truffles_gateway.testing import MovedClock, Rig, WriterInMemory
from truffles_gateway.testing.fixtures import TEMPLATE

SECRET = "secret-of-tests"
QUESTIONS = (
    "Можно ли прийти к вам с маленькой собакой?",
    "Можно ли прийти к вам с маленькой собакой",
    "Делаете ли вы перманентный татуаж губ?",
    "Есть ли у вас курсы для начинающих визажистов?",
)
ANSWERS = ("Да, это можно.", "Нет, такого не делаем.", "Делаем после консультации.", "Приходите, если мастер согласен.")
ACTIONS = ("approve", "approve", "reject", "undo", "amend")
EXAMPLES = int(os.environ.get("STATEFUL", "8"))
WAITING = "SELECT 1 FROM jobs WHERE kind IN ('learned', 'manager_reply') AND status = 'waiting' LIMIT 1"


@dataclass
class World:
    """One salon on two gateways, and a store that both write to."""

    rigs: list[Rig]
    sim: Simulator
    store: WriterInMemory
    chance: random.Random
    handovers: list[str] = field(default_factory=list)

    @property
    def rig(self) -> Rig:
        """Any of the gateways."""
        return self.chance.choice(self.rigs)

    async def ask(self) -> None:
        """A new customer asks, and somebody answers."""
        jid = f"770000003{len(self.handovers):02}@s.whatsapp.net"
        await self.sim.write(jid, self.chance.choice(QUESTIONS), timestamp=self.rig.clock.now().timestamp())
        sql = "SELECT h.id FROM handovers h JOIN users u ON u.id = h.user_id WHERE u.remote_jid = $1"

        async def called() -> Any:
            return await self.rigs[0].rows(sql, jid)

        [row] = await self.rigs[0].until(called)
        self.handovers.append(row["id"])
        await self.reply(row["id"])

    async def words(self) -> None:
        """Somebody adds to an answer, or an owner who pressed the button writes it anew."""
        if self.handovers:
            await self.reply(self.chance.choice(self.handovers))

    async def reply(self, handover: str) -> None:
        who = self.chance.choice(("owner", "second", "aliya"))
        body = {"handover_id": handover, "text": self.chance.choice(ANSWERS), "manager": {"id": who, "name": who}}
        await self.desk("reply", **body)

    async def press(self) -> None:
        """Two owners press buttons under the same answer at the same instant."""
        rows = await self.rigs[0].rows("SELECT id FROM learned_responses ORDER BY created_at, id")
        if rows:
            id = self.chance.choice(rows)["id"]
            pressed = [(who, self.chance.choice(ACTIONS)) for who in ("owner", "second")]
            await asyncio.gather(
                *(self.desk("action", action=action, learned_id=id, manager={"id": who, "name": who})
                  for who, action in pressed)
            )  # fmt: skip

    async def desk(self, path: str, **body: Any) -> None:
        answer = await self.rig.admin("POST", f"/admin/desk/{path}", json={"client_slug": "salon", **body})
        assert answer.status_code == 200, answer.text

    async def trouble(self) -> None:
        """The store goes away, or is back."""
        self.store.down = "" if self.store.down else "gone"

    async def loss(self) -> None:
        """The store loses an answer, mixes one up, or finds one that nobody approved."""
        for id in sorted(self.store.known)[:1]:
            entry = self.store.known.pop(id)
            if self.chance.random() < 0.5:
                self.store.known[id] = replace(entry, answer="Слова, которых никто не говорил.")
        for row in await self.rigs[0].rows("SELECT id FROM learned_responses WHERE status = 'rejected' LIMIT 1"):
            entry = next(iter(self.store.known.values()), None)
            if entry:
                self.store.known[f"learned:{row['id']}"] = replace(entry, id=f"learned:{row['id']}")

    async def reconcile(self) -> None:
        """An operator runs the command, whatever else goes on."""
        with suppress(ConfigError):
            await self.reconciled()

    async def reconciled(self) -> lessons.Reconciled:
        gateway = self.rig.gateway
        tenant = gateway.registry.get("salon")
        assert tenant is not None
        return await lessons.reconcile(gateway.database, tenant, gateway.clock, heal=True)

    async def later(self) -> None:
        """What failed is tried again."""
        self.rig.clock.advance(seconds=self.chance.choice(RETRIES[:4]))

    async def settle(self) -> None:
        """Everything that was begun is done."""
        self.store.down = ""
        await self.rigs[0].settled(seconds=60)

        async def idle() -> bool:
            if await self.rigs[0].rows(WAITING):
                self.rigs[0].clock.advance(seconds=RETRIES[-1])
                await self.rigs[0].tick()
                return False
            return True

        await self.rigs[0].until(idle, seconds=60)
        await self.rigs[0].settled(seconds=60)

    async def agree(self) -> None:
        """The store holds what is approved, word for word, and nothing else; each row knows where it is."""
        rows = await self.rigs[0].rows("SELECT id, answer, status, qdrant_point_id FROM learned_responses")
        approved = {f"learned:{row['id']}": row["answer"] for row in rows if row["status"] == "approved"}
        assert {id: entry.answer for id, entry in self.store.known.items()} == approved
        assert {row["qdrant_point_id"] for row in rows} - {None} == set(approved)


Step = Callable[[World], Awaitable[None]]
STEPS_OF: dict[Step, int] = {
    World.ask: 4, World.words: 4, World.press: 8, World.trouble: 2, World.loss: 2, World.reconcile: 2, World.later: 2,
}  # fmt: skip


@asynccontextmanager
async def a_world(database_url: str, clock: MovedClock, chance: random.Random) -> AsyncIterator[World]:
    """Two gateways over one store."""
    store = WriterInMemory()
    writer = Plugin(name="writer", version="1", create=lambda settings, resources: store)
    async with AsyncExitStack() as stack:
        sim = await stack.enter_async_context(Simulator(tenant="salon", secret=SECRET))
        phones = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
        names = ("policy", "writer", "learning", "desk_log")
        owners = [{"name": each, "role": "owner", "identities": [{"channel": "desk_log", "id": each}]}
                  for each in ("owner", "second")]  # fmt: skip
        salon = {
            "slug": "salon", "name": "Salon", "mode": "auto", "dialogue": {"disclose": False}, "webhook_secret": "env:TEST_WEBHOOK_SECRET",
            "timing": {"complete": 0.03, "fragment": 0.05, "longest": 0.2}, "agents": owners,
            "desk": {"quiet_from": 0, "quiet_until": 0},
            "plugins": [*({"name": each} for each in names), {"name": "chatflow", "settings": phones}],
        }  # fmt: skip
        catalog = Catalog.of(policy, writer, learning, desk_log, chatflow)
        rigs = [await stack.enter_async_context(Rig(database_url, clock, catalog=catalog)) for _ in range(2)]
        await rigs[0].apply(salon)
        await rigs[1].apply()
        sim.gateway = rigs[0].url
        yield World(rigs, sim, store, chance)


async def play(database_url: str, clock: MovedClock, steps: list[Step], chance: random.Random) -> None:
    """One example; a store that loses nothing needs no command to agree."""
    async with a_world(database_url, clock, chance) as world:
        for step in steps:
            await step(world)
        await world.settle()
        if World.loss not in steps:
            dead = await world.rigs[0].rows("SELECT 1 FROM jobs WHERE status = 'dead'")
            if not dead:
                await world.agree()
        result = await world.reconciled()
        assert result.left == (), result
        await world.agree()
        assert (await world.reconciled()).found == ()


@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    steps=st.lists(
        st.sampled_from([step for step, weight in STEPS_OF.items() for _ in range(weight)]), min_size=10, max_size=25
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_table_and_store_agree_after_any_order(
    postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory, steps: list[Step], seed: int
) -> None:
    os.environ["TEST_WEBHOOK_SECRET"], os.environ["TEST_CHATFLOW_TOKEN"] = SECRET, "token-of-tests"
    name = f"t{uuid4().hex}"
    postgres.create_database(name, TEMPLATE)
    clock = MovedClock(tmp_path_factory.mktemp("clock") / "clock")
    try:
        asyncio.run(play(postgres.url(name), clock, [World.ask, *steps], random.Random(seed)))
    finally:
        postgres.drop_database(name)
