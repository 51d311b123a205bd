"""Telegram's limits over all processes: about 30 calls a second for a bot, 20 a minute in one group."""

from __future__ import annotations

from truffles_gateway.plugin import Clock, Counters
from truffles_telegram.failures import Held

# Tokens fill up while they are spent: a bucket of 10 in half a second lets no more than 30 through in any one.
BOT_COUNT, BOT_SECONDS = 10, 0.5
GROUP_COUNT, GROUP_SECONDS = 20, 60.0
# A row that needs several tokens at once says that it waits; single calls then leave room for it, half the group's at most.
_WAITS_SECONDS, _MOST_ROOM = 10.0, GROUP_COUNT // 2
_REMEMBERED = 4 * 24 * 3600.0
_ANY = 2**53


class Limits:
    """Tokens for calls, and the steps of a row that are done already."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters, self._clock = counters, clock

    async def take(self, group: str, wanted: int = 1) -> None:
        """Tokens for `wanted` calls; `group` is "" for calls that count for no group. Raises `Held`, all or nothing.

        A group's calls are counted in a sliding window: a bucket that fills up would let 40 through in its first minute.
        """
        if group:
            await self._ask_the_pause(group)
        seconds = await self._counters.wait(
            "calls", count=BOT_COUNT, seconds=BOT_SECONDS, wanted=min(wanted, BOT_COUNT)
        )
        if seconds > 0:
            raise Held(seconds)
        if group and not await self._take_of_the_group(group, min(wanted, GROUP_COUNT)):
            raise Held(GROUP_SECONDS / GROUP_COUNT)

    async def _take_of_the_group(self, group: str, wanted: int) -> bool:
        waiting = f"waits:{group}"
        room = 0 if wanted > 1 else min(await self._counters.spent(waiting, _WAITS_SECONDS), _MOST_ROOM)
        if await self._counters.spend(f"group:{group}", wanted, limit=GROUP_COUNT - room, seconds=GROUP_SECONDS):
            return True
        if wanted > 1:
            await self._counters.spend(waiting, wanted, limit=GROUP_COUNT, seconds=_WAITS_SECONDS)
        return False

    async def pause(self, group: str, seconds: float) -> None:
        """Telegram itself asked for a break in a group: no call of any process goes there before it is over."""
        name, until = f"pause:{group}", self._milliseconds(seconds)
        # The total is the time until which it lasts; the limit lets it grow to the longest break that was asked for.
        await self._counters.add(name, until - await self._counters.total(name), limit=until)

    async def _ask_the_pause(self, group: str) -> None:
        left = await self._counters.total(f"pause:{group}") - self._milliseconds()
        if left > 0:
            raise Held(left / 1000)

    def _milliseconds(self, ahead: float = 0.0) -> int:
        return int((self._clock.now().timestamp() + ahead) * 1000)

    async def is_done(self, step: str) -> bool:
        """Was this step of a row carried out in an earlier attempt, by whatever process?"""
        return await self._counters.spent(f"step:{step}", _REMEMBERED) > 0

    async def posted(self, step: str) -> str:
        """The message that an earlier attempt posted and could not finish, "" if there is none."""
        return str(await self._counters.spent(f"posted:{step}", _REMEMBERED) or "")

    async def keep_posted(self, step: str, message_id: str) -> None:
        """Remember a message that the next attempt shall finish: its number is kept as an amount."""
        await self._counters.spend(f"posted:{step}", int(message_id), limit=_ANY, seconds=_REMEMBERED)

    async def done(self, step: str) -> None:
        """Remember a step, for as long as a row may be tried again."""
        await self._counters.spend(f"step:{step}", 1, limit=1, seconds=_REMEMBERED)
