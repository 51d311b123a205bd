"""A managers' group takes 20 calls a minute, whoever makes them: everything arrives all the same, in order, once."""

from __future__ import annotations

import asyncio
from collections import Counter

from truffles_gateway.testing import Rig

CUSTOMERS = [f"770100005{number:02}@s.whatsapp.net" for number in range(5)]
LINES = [f"Строка номер {number}" for number in range(3)]


async def move(shop, seconds: float) -> None:
    """Let time pass, but not while a call is on its way: it would be counted before, and arrive after."""

    async def arrived() -> bool:
        return not await shop.rows("SELECT 1 FROM outbox_messages WHERE client_id = $1 AND status = 'sending' LIMIT 1")

    await shop.rig.until(arrived, seconds=45)
    shop.rig.clock.advance(seconds=seconds)


async def work_off(shop, *rigs: Rig, seconds: float = 3.0, most: int = 60) -> int:
    """Let time pass until nothing is left to be sent; how often that took. Each process has its turn."""
    for step in range(most):
        left = await shop.rows("SELECT 1 FROM outbox_messages WHERE client_id = $1 AND status IN ('queued', 'sending')")
        if not left:
            return step
        await move(shop, seconds)
        await asyncio.gather(*(rig.tick() for rig in rigs))
    raise AssertionError(f"{len(left)} rows are left")


def in_order(shop) -> dict[str, list[str]]:
    """The customers' lines as each topic shows them, one or more a message."""
    shown = {topic.name: shop.texts(topic.id) for topic in shop.topics()}
    return {
        name: [line for text in texts if text.startswith("👤") for line in text.splitlines()]
        for name, texts in shown.items()
    }


async def crowd(shop) -> None:
    """Five customers who want a human, each with three lines more: 30 calls."""
    shop.model.says("", route="human")
    for jid in CUSTOMERS:
        await shop.write(jid, "Позовите менеджера")
    await shop.thought()
    for line in LINES:
        for jid in CUSTOMERS:
            await shop.write(jid, line)
        await shop.thought()


def complete(shop) -> None:
    """One topic a customer, one card in each, every line once and in order."""
    assert sorted(topic.name for topic in shop.topics()) == [f"+{jid.partition('@')[0]}" for jid in CUSTOMERS]
    for jid in CUSTOMERS:
        assert shop.card(jid).pinned
    assert in_order(shop) == {topic.name: [f"👤 {line}" for line in LINES] for topic in shop.topics()}


async def test_two_processes_share_the_limits_of_a_group(shop_of, rig_of) -> None:
    """Telegram has never to refuse: no window of a minute holds more than 20 calls."""
    shop = await shop_of(per_minute=20)
    other = await rig_of()
    await crowd(shop)
    assert sum(map(len, in_order(shop).values())) < len(CUSTOMERS) * len(LINES), "the limit was never reached"
    await work_off(shop, shop.rig, other)
    complete(shop)
    assert {call.status for call in shop.telegram.calls} == {200}
    await shop.balanced()


MANY = [f"770100006{number:02}@s.whatsapp.net" for number in range(12)]


async def test_three_times_the_limit_for_five_minutes(shop_of, rig_of) -> None:
    """60 lines a minute into a group that takes 20 calls: merged, complete, in order, drained within a quarter of an hour."""
    shop = await shop_of(per_minute=20)
    other = await rig_of()
    shop.model.says("", route="human")
    for jid in MANY:
        await shop.write(jid, "Позовите менеджера")
    await shop.thought()
    lines = [f"{number}-я строка" for number in range(1, 26)]
    for line in lines:
        for jid in MANY:
            await shop.write(jid, line)
        await shop.thought()
        await move(shop, 12)
        await asyncio.gather(shop.rig.tick(), other.tick())
    left = await work_off(shop, shop.rig, other, seconds=5, most=180)
    assert left * 5 <= 15 * 60
    assert in_order(shop) == {f"+{jid.partition('@')[0]}": [f"👤 {line}" for line in lines] for jid in MANY}
    calls = shop.telegram.calls
    assert sum(call.method == "sendMessage" for call in calls) < len(lines) * len(MANY) / 2
    assert sum(call.status == 429 for call in calls) <= len(calls) / 100
    await shop.balanced()


async def test_a_process_that_dies_with_several_lines_in_hand_loses_none(shop_of, rig_of) -> None:
    """Telegram took the message and the answer was lost: the lines come again, marked, each of them once more."""
    shop = await shop_of()
    card = await shop.hand_over(MANY[0])
    shop.telegram.behave(method="sendMessage", count=1, status=429, retry_after=20, description="Too Many Requests")
    for line in LINES:
        await shop.write(MANY[0], line)
        await shop.thought()
    shop.telegram.behave(method="sendMessage", count=1, drop="after")
    await shop.pass_time(seconds=25)
    await shop.pass_time(seconds=30)
    together = "\n".join(f"👤 {line}" for line in LINES)
    assert [text for text in shop.texts(card.thread) if "Строка" in text] == [together, f"↻ {together}"]
    await shop.balanced()


async def test_what_telegram_refuses_for_a_while_comes_later_in_order(shop_of, rig_of) -> None:
    """Others may use the group too: 429s without warning, over two processes, lose and double nothing."""
    shop = await shop_of()
    other = await rig_of()
    for method, skip in (("createForumTopic", 2), ("sendMessage", 1), ("sendMessage", 4), ("sendMessage", 7)):
        shop.telegram.behave(
            method=method, skip=skip, count=1, status=429, retry_after=7, description="Too Many Requests"
        )
    await crowd(shop)
    await work_off(shop, shop.rig, other)
    complete(shop)
    statuses = Counter(call.status for call in shop.telegram.calls)
    assert statuses[429] == 4
    assert set(statuses) == {200, 429}
