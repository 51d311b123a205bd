"""Rows are committed together; one that the database refuses harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from truffles_gateway.accept import Committer, RefusedRowError
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.store.inbox import InboxRow


def row(event_id: str) -> InboxRow:
    return InboxRow(
        client_id="c", id=event_id, channel="x", event_id=event_id, kind="customer", lane="l", address="a", event="{}",
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
    await asyncio.gather(*(committer.add([row(f"m{n}")]) for n in range(50)))
    await first
    assert inbox.calls == [1, 50]


async def test_a_batch_is_bounded() -> None:
    inbox = Inbox()
    committer = Committer(inbox.append)
    await asyncio.gather(*(committer.add([row(f"m{n}")]) for n in range(1200)))
    assert inbox.calls == [500, 500, 200]


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
