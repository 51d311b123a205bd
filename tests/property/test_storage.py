"""Whatever is put, read, moved, forgotten and cleaned, in any order, over two processes: what must be there is, nothing else is
counted, and the quota holds.

`STATEFUL=n` plays n examples instead of twenty.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from truffles_gateway.app import Gateway
from truffles_gateway.errors import StorageFull
from truffles_gateway.store.blobs import StoredBlobs
from truffles_gateway.store.cleanup import Cleanup, stores
from truffles_gateway.testing import MovedClock

KB = 1024
FILES = [bytes([n]) * KB * (1 + n % 3) for n in range(7)]
NAMES = [hashlib.sha256(each).hexdigest() for each in FILES]
QUOTA = 7 * KB
TTL = timedelta(days=7)
PLACES = ("", "one", "two")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, len(FILES) - 1)),
        st.tuples(st.just("put"), st.integers(0, len(FILES) - 1)),
        st.tuples(st.just("get"), st.integers(0, len(FILES) - 1)),
        st.tuples(st.just("pass"), st.sampled_from([60, 90])),
        st.tuples(st.just("clean"), st.integers(0, 1)),
        st.tuples(st.just("move"), st.integers(0, len(PLACES) - 1)),
    ),
    min_size=5,
    max_size=30,
)  # fmt: skip
numbers = count()
Open = Callable[..., Awaitable[Gateway]]
Apply = Callable[[Gateway, dict[str, Any]], Awaitable[int]]


@dataclass
class World:
    """A tenant on two processes, and what must be there by now: the files, with the time of their last use."""

    gateways: Sequence[Gateway]
    apply: Apply
    clock: MovedClock
    slug: str
    used: dict[int, datetime] = field(default_factory=dict)
    steps: int = 0

    def blobs(self) -> StoredBlobs:
        """The tenant's files, through one process after the other."""
        self.steps += 1
        gateway = self.gateways[self.steps % 2]
        tenant = gateway.registry.get(self.slug)
        assert tenant is not None
        return gateway.blobs(tenant.id, tenant.config)

    async def put(self, number: int) -> None:
        """It is kept if it is known, or fits."""
        fits = number in self.used or sum(len(FILES[each]) for each in self.used) + len(FILES[number]) <= QUOTA
        try:
            assert await self.blobs().put(FILES[number], "image/png") == NAMES[number]
            assert fits
        except StorageFull:
            assert not fits
            return
        self.used[number] = self.clock.now()

    async def get(self, number: int) -> None:
        """A use, where it is there."""
        found = await self.blobs().get(NAMES[number])
        assert found == (FILES[number] if number in self.used else None)
        if found:
            self.used[number] = self.clock.now()

    async def clean(self, number: int) -> None:
        """What is too old goes, and nothing else."""
        gateway = self.gateways[number]
        [store] = await stores(gateway.database, self.slug)
        cleaned = await Cleanup(gateway.database, gateway.clock, gateway.settings.truffles_data_dir).run(store)
        old = [each for each, at in self.used.items() if at < self.clock.now() - TTL]
        assert (cleaned.files, cleaned.bytes) == (len(old), sum(len(FILES[each]) for each in old))
        for each in old:
            del self.used[each]

    async def move(self, place: int) -> None:
        """From now on files are kept elsewhere."""
        media = {"storage_dir": PLACES[place] and f"{self.slug}/{PLACES[place]}", "quota_mb": QUOTA / 2**20}
        await self.apply(self.gateways[0], {"slug": self.slug, "name": "Shop", "media": media, "plugins": []})
        await self.gateways[1].registry.refresh()

    async def check(self) -> None:
        """Rows, bytes in files and counted room are those of what must be there."""
        [store] = await stores(self.gateways[0].database, self.slug)
        assert (store.files, store.used_bytes) == (len(self.used), sum(len(FILES[each]) for each in self.used))
        there = {number for number, name in enumerate(NAMES) if await self.blobs().look(name)}
        assert there == self.used.keys()
        home = self.gateways[0].settings.truffles_data_dir / self.slug
        files = [path.name for path in home.rglob("*") if path.is_file()]
        assert set(files) <= {NAMES[each] for each in self.used}
        assert len(files) == len(set(files))


@given(STEPS)
@settings(
    max_examples=int(os.environ.get("STATEFUL", "20")), phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
async def test_what_must_be_there_is(
    make_gateway: Open, apply: Apply, moved_clock: MovedClock, steps: list[tuple[str, int]]
) -> None:
    gateways = [await make_gateway(truffles_clock_file=str(moved_clock.path)) for _ in range(2)]
    world = World(gateways, apply, moved_clock, f"shop{next(numbers)}")
    await world.move(0)
    for step, value in steps:
        if step == "pass":
            moved_clock.advance(hours=value)
        else:
            await getattr(world, step)(value)
        await world.check()
    for gateway in gateways:
        await asyncio.wait_for(gateway.__aexit__(None, None, None), 10)
