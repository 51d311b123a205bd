"""Telegram's limits: nothing is dropped, nothing is sent twice, and its own 429s are the exception."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from truffles_telegram.simulator import Simulator

from truffles_gateway.messages import Attachment, Content, OutgoingKind, ReceiptStatus
from truffles_gateway.testing import CountersInMemory

GROUP = -1001
pytestmark = pytest.mark.asyncio


class StillClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2025, 6, 2, 9, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def slow(bench_of: Callable[..., Any], clock: StillClock, telegram: Simulator) -> Any:
    telegram.flood._clock = lambda: clock.seconds
    return bench_of(clock=clock, counters=CountersInMemory(clock))


async def patiently(bench: Any, clock: StillClock, row: Any, waited: list[float]) -> Any:
    """Try a row again whenever it asks for it, as the outbox does."""
    for _ in range(500):
        receipt = await bench.again(row)
        if not receipt.waiting:
            return receipt
        waited.append(receipt.retry_after)
        clock.seconds += receipt.retry_after
    raise AssertionError("never sent")


async def test_sixty_rows_wait_for_their_turn_and_telegram_never_objects(slow: Any, clock: StillClock) -> None:
    waited: list[float] = []
    rows = [slow.row(OutgoingKind.FORWARD, str(n)) for n in range(59)]
    for row in rows:
        assert (await patiently(slow, clock, row, waited)).status is ReceiptStatus.SENT
    assert [message.text for message in slow.shown] == [f"👤 {n}" for n in range(59)]
    assert {call.status for call in slow.telegram.calls} == {200}
    assert 118 < clock.seconds < 135 and all(0 < seconds <= 60 for seconds in waited)


async def test_a_card_waits_for_all_its_tokens_and_is_shown_once(slow: Any, clock: StillClock) -> None:
    for number in range(18):  # and the topic: one token is left, the card takes two
        await patiently(slow, clock, slow.row(OutgoingKind.FORWARD, str(number)), [])
    row = slow.row(OutgoingKind.CARD, "<b>card</b>")
    held = await slow.again(row)
    assert held.waiting and held.status is ReceiptStatus.RETRY
    await patiently(slow, clock, row, [])
    assert [message.text for message in slow.shown].count("card") == 1 and slow.shown[-1].pinned


async def test_a_card_does_not_starve_among_single_lines(slow: Any, clock: StillClock) -> None:
    """Lines come without end, and each is first at every token that gets free."""
    card, lines, receipt = slow.row(OutgoingKind.CARD, "Кто возьмёт?"), itertools.count(), None
    while receipt is None or receipt.waiting:
        while not (await slow.again(slow.row(OutgoingKind.FORWARD, str(next(lines))))).waiting:
            pass
        receipt = await slow.again(card)
        clock.seconds += 1
        assert clock.seconds < 600
    assert receipt.status is ReceiptStatus.SENT
    assert 0 < clock.seconds < 70
    assert {call.status for call in slow.telegram.calls} == {200}


async def test_photos_that_do_not_fit_into_the_minute_come_later(slow: Any, clock: StillClock) -> None:
    photos = []
    for number in range(25):
        data = b"\xff\xd8" + str(number).encode()
        blob = hashlib.sha256(data).hexdigest()
        slow.blobs[blob] = data
        photos.append(Attachment(content=Content.IMAGE, mime="image/jpeg", blob=blob))
    row = slow.row(OutgoingKind.FORWARD, "много", attachments=tuple(photos))
    assert (await slow.again(row)).waiting
    await patiently(slow, clock, row, [])
    shown = [slow.telegram.world.files[m.json["photo"][-1]["file_id"]] for m in slow.shown if m.kind == "photo"]
    assert shown == [b"\xff\xd8" + str(number).encode() for number in range(25)]
    assert {call.status for call in slow.telegram.calls} == {200}


async def test_buttons_and_reactions_count_for_no_group(slow: Any, clock: StillClock) -> None:
    await slow.send(OutgoingKind.CARD, "<b>card</b>")
    (message,) = slow.shown
    for _ in range(17):
        await slow.send(OutgoingKind.FORWARD, "x")
        clock.seconds += 0.1
    assert (await slow.send(OutgoingKind.FORWARD, "x")).waiting
    clock.seconds += 1
    query = await slow.telegram.press(message, "take")
    assert (await slow.send(OutgoingKind.CALLBACK, "ok", data={"ref": query})).status is ReceiptStatus.SENT
    data = {"thread": f"{GROUP}:{slow.thread}", "ref": str(message.id), "ok": "1"}
    assert (await slow.send(OutgoingKind.RECEIPT, data=data)).status is ReceiptStatus.SENT


async def test_telegrams_own_wish_is_honoured_by_all_rows_of_the_group(slow: Any, clock: StillClock) -> None:
    await slow.send(OutgoingKind.FORWARD, "first")
    slow.telegram.behave(method="sendMessage", status=429, retry_after=17)
    told = await slow.send(OutgoingKind.FORWARD, "second")
    assert (told.waiting, told.retry_after) == (True, 17)
    before = len(slow.telegram.calls)
    clock.seconds += 7
    other = await slow.send(OutgoingKind.ALARM, "third", recipient="owner")
    assert (other.waiting, other.retry_after, len(slow.telegram.calls)) == (True, 10, before)
    clock.seconds += 10
    assert (await slow.send(OutgoingKind.FORWARD, "second")).status is ReceiptStatus.SENT


async def test_two_processes_share_the_limits(
    bench_of: Callable[..., Any], clock: StillClock, telegram: Simulator
) -> None:
    telegram.flood._clock = lambda: clock.seconds
    counters = CountersInMemory(clock)
    one = bench_of(clock=clock, counters=counters)
    two = bench_of(clock=clock, counters=counters, desk=one.desk)
    for bench in (one, two) * 20:
        await patiently(bench, clock, bench.row(OutgoingKind.FORWARD, "x"), [])
    assert {call.status for call in telegram.calls} == {200}


async def test_a_bot_of_many_groups_keeps_below_thirty_a_second(
    bench_of: Callable[..., Any], telegram: Simulator
) -> None:
    counters = CountersInMemory()
    benches = [bench_of(counters=counters, settings={"chat_id": str(-2000 - n)}) for n in range(8)]
    for number in range(8):
        telegram.group(-2000 - number)

    async def many(bench: Any) -> None:
        for _ in range(8):
            row = bench.row(OutgoingKind.FORWARD, "x")
            while (receipt := await bench.again(row)).waiting:  # noqa: ASYNC110 - as the outbox does
                await asyncio.sleep(receipt.retry_after)

    await asyncio.gather(*map(many, benches))
    assert {call.status for call in telegram.calls} == {200}
