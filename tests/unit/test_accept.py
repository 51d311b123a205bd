"""Rows are committed together; one that the database refuses harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truffles_gateway.accept import WORTH_A_FLIGHT, Committer, RefusedRowError
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.store.inbox import InboxRow


def row(event_id: str, lane: str = "l") -> InboxRow:
    return InboxRow(
        client_id="c", id=event_id, channel="x", event_id=event_id, kind="customer", lane=lane, address="a", event="{}",
        raw=b"", correlation_id=event_id, received_at=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip


class Inbox:
    """Refuses rows named "bad"; is away when told so."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.calls: list[int] = []
        self.away = False
        self.pause = 0.0

    async def append(self, rows: Sequence[InboxRow]) -> list[bool]:
        self.calls.append(len(rows))
        await asyncio.sleep(self.pause)
        if self.away:
            raise StoreUnavailable("away")
        if any(each.event_id.startswith("bad") for each in rows):
            raise ValueError("bad row")
        new = [each.event_id not in self.stored for each in rows]
        self.stored += [each.event_id for each in rows]
        return new


class Slow(Inbox):
    """Keeps every batch until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[list[str]] = []
        self.ended: list[str] = []
        self._may, self._came = asyncio.Event(), asyncio.Condition()

    async def append(self, rows: Sequence[InboxRow]) -> list[bool]:
        async with self._came:
            self.begun.append([each.event_id for each in rows])
            self._came.notify_all()
        await self._may.wait()
        self.ended += [each.event_id for each in rows]
        return await super().append(rows)

    async def waits_for(self, batches: int) -> None:
        """Until so many batches have come."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.begun) >= batches)

    def go_on(self) -> None:
        """Take them all."""
        self._may.set()


async def test_one_row_of_poison_in_a_hundred_harms_no_other() -> None:
    inbox = Inbox()
    committer = Committer(inbox.append)
    names = [f"bad{n}" if n == 37 else f"m{n}" for n in range(100)]
    results = await asyncio.gather(*(committer.add([row(name)]) for name in names), return_exceptions=True)
    assert [type(each) for each in results].count(RefusedRowError) == 1
    assert isinstance(results[37], RefusedRowError)
    assert sorted(inbox.stored) == sorted(name for name in names if not name.startswith("bad"))
    assert len(inbox.calls) < 20


async def test_rows_that_arrive_during_a_commit_share_the_next() -> None:
    inbox = Inbox()
    inbox.pause = 0.02
    committer = Committer(inbox.append)
    first = asyncio.create_task(committer.add([row("first")]))
    await asyncio.sleep(0.01)
    await asyncio.gather(*(committer.add([row(f"m{n}")]) for n in range(WORTH_A_FLIGHT)))
    await first
    assert inbox.calls == [1, WORTH_A_FLIGHT]


async def test_a_batch_is_bounded() -> None:
    inbox = Inbox()
    committer = Committer(inbox.append)
    await asyncio.gather(*(committer.add([row(f"m{n}", f"l{n}")]) for n in range(3000)))
    assert max(inbox.calls) == 500
    assert sum(inbox.calls) == 3000
    assert len(inbox.calls) < 16


async def test_a_second_batch_goes_out_while_the_database_works_on_the_first() -> None:
    inbox = Slow()
    committer = Committer(inbox.append)
    tasks = [asyncio.create_task(committer.add([row(f"m{n}", f"l{n}")])) for n in range(1 + WORTH_A_FLIGHT)]
    await inbox.waits_for(2)
    inbox.go_on()
    assert await asyncio.gather(*tasks) == [[True]] * (1 + WORTH_A_FLIGHT)


async def test_what_one_sender_wrote_never_overtakes_itself() -> None:
    inbox = Slow()
    committer = Committer(inbox.append)
    first = asyncio.create_task(committer.add([row("a1", "a")]))
    await inbox.waits_for(1)
    others = [asyncio.create_task(committer.add([row(f"b{n}", f"b{n}"), row(f"a{n}", "a")])) for n in range(2, 40)]
    alone = [asyncio.create_task(committer.add([row(f"c{n}", f"c{n}")])) for n in range(WORTH_A_FLIGHT)]
    await inbox.waits_for(2)
    assert not any(name.startswith(("a", "b")) for name in inbox.begun[1])
    inbox.go_on()
    await asyncio.gather(first, *others, *alone)
    assert [name for name in inbox.ended if name.startswith("a")] == [f"a{n}" for n in range(1, 40)]


@given(
    st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4), max_size=120),
    st.lists(st.integers(0, 3), min_size=1, max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_every_lane_keeps_its_order_whatever_the_database_takes(requests: list[list[str]], pauses: list[int]) -> None:
    ended: list[tuple[str, int]] = []
    on_the_way: list[set[str]] = []

    async def append(rows: Sequence[InboxRow]) -> list[bool]:
        lanes = {each.lane for each in rows}
        assert all(lanes.isdisjoint(others) for others in on_the_way)
        on_the_way.append(lanes)
        for _ in range(pauses[len(ended) % len(pauses)]):
            await asyncio.sleep(0)
        ended.extend((each.lane, int(each.event_id)) for each in rows)
        on_the_way.remove(lanes)
        return [True] * len(rows)

    async def drive() -> None:
        committer, number, tasks = Committer(append), 0, []
        for lanes in requests:
            rows = [row(str(number + place), lane) for place, lane in enumerate(lanes)]
            number += len(rows)
            tasks.append(asyncio.create_task(committer.add(rows)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        await committer.close()

    asyncio.run(drive())
    assert len(ended) == sum(map(len, requests))
    for lane in "abcde":
        mine = [number for name, number in ended if name == lane]
        assert mine == sorted(mine)


async def test_a_caller_that_leaves_harms_no_other() -> None:
    inbox = Inbox()
    inbox.pause = 0.02
    committer = Committer(inbox.append)
    tasks = [asyncio.create_task(committer.add([row(f"m{n}")])) for n in range(10)]
    await asyncio.sleep(0.01)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[3], asyncio.CancelledError)
    assert [each for n, each in enumerate(results) if n != 3] == [[True]] * 9


async def test_without_a_database_every_caller_is_told_and_the_next_batch_works() -> None:
    inbox = Inbox()
    inbox.away = True
    committer = Committer(inbox.append)
    results = await asyncio.gather(*(committer.add([row(f"m{n}")]) for n in range(10)), return_exceptions=True)
    assert {type(each) for each in results} == {StoreUnavailable}
    assert inbox.calls == [10]
    inbox.away = False
    assert await committer.add([row("m1")]) == [True]


async def test_a_database_that_hangs_is_told_to_all_who_wait_within_two_seconds() -> None:
    inbox = Slow()
    committer = Committer(inbox.append)
    begun = asyncio.get_running_loop().time()
    tasks = [committer.add([row(f"m{n}")]) for n in range(40)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in results} == {StoreUnavailable}
    assert asyncio.get_running_loop().time() - begun < 4  # 1.5 on a machine with nothing else to do
    inbox.go_on()
    await committer.close()
    assert await committer.add([row("later")]) == [True]


async def test_what_waits_for_a_batch_that_hangs_costs_nothing_and_is_told_in_time() -> None:
    inbox = Slow()
    committer = Committer(inbox.append)
    tasks = [asyncio.create_task(committer.add([row("m0", "same")]))]
    await inbox.waits_for(1)
    tasks += [asyncio.create_task(committer.add([row(f"m{n}", "same")])) for n in range(1, 40)]
    steps = 0
    while not tasks[0].done():
        await asyncio.sleep(0.01)
        steps += 1
    assert steps > 20, "the loop was free meanwhile, as far as a busy machine let it"
    inbox.go_on()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], StoreUnavailable)
    assert all(result == [True] or isinstance(result, StoreUnavailable) for result in results[1:])
    await committer.close()
    assert await committer.add([row("later", "same")]) == [True]


async def test_duplicates_inside_a_batch() -> None:
    committer = Committer(Inbox().append)
    assert await committer.add([row("a"), row("b")]) == [True, True]
    assert await committer.add([row("a"), row("c")]) == [False, True]


@pytest.mark.parametrize("state", ["53100", "25006"])
async def test_a_full_or_read_only_database_is_not_the_rows_fault(state: str) -> None:
    class DatabaseError(Exception):
        sqlstate = state

    calls = 0

    async def append(rows: Sequence[InboxRow]) -> list[bool]:
        nonlocal calls
        calls += 1
        raise DatabaseError

    with pytest.raises(StoreUnavailable):
        await Committer(append).add([row("a"), row("b")])
    assert calls == 1
