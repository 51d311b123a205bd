"""A battery against a whole gateway: many customers at once, those whose clocks agree together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from truffles_gateway.claim_values import Key
from truffles_gateway.clock import zone
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.battery import Asked
from truffles_gateway.evaluation.judge import Judged, Result, judge, knows
from truffles_gateway.evaluation.stage import Business, Caller, Stage

PAUSE = timedelta(seconds=20)
"""What passes between a reply and the customer's next words, where the case says nothing."""
Progress = Callable[[int], None]
When = tuple[datetime, tuple[timedelta, ...]]


@dataclass(slots=True)
class Talk:
    """A case on its way."""

    asked: Asked
    caller: Caller
    judged: list[Judged]


class Runner:
    """Puts cases to the businesses on a stage."""

    def __init__(self, stage: Stage, businesses: Sequence[Business], *, concurrency: int, progress: Progress) -> None:
        self._stage, self._progress = stage, progress
        self._businesses = {each.slug: each for each in businesses}
        self._hands = asyncio.Semaphore(concurrency)
        self._evidence: dict[str, frozenset[Key]] = {}

    async def run(self, asked: Sequence[Asked]) -> list[Result]:
        """Play every case, in the order of their times; the results in the order of `asked`. Raises `ConfigError`."""
        groups = self._groups(asked)
        first = min((when[0] for when in groups), default=datetime.now(UTC))
        await self._stage.invite(list(self._businesses.values()), first)
        for slug in self._businesses:
            known = await self._stage.chunks(slug)
            self._evidence[slug] = await asyncio.to_thread(knows, self._stage.tenant(slug), known)
        played: dict[str, Result] = {}
        for when, members in sorted(groups.items(), key=lambda each: each[0]):
            played |= {each.asked.case.id: each for each in await self._together(when, members)}
        return [played[each.case.id] for each in asked]

    def _groups(self, asked: Sequence[Asked]) -> dict[When, list[Asked]]:
        groups: dict[When, list[Asked]] = defaultdict(list)
        present = datetime.now(UTC)
        for each in asked:
            groups[self._moment(each, present), _pauses(each)].append(each)
        return groups

    def _moment(self, asked: Asked, present: datetime) -> datetime:
        """The local time of the case in the business's zone."""
        if asked.now is None:
            return present
        name = str(self._businesses[asked.tenant].cast.config.get("timezone", "Asia/Almaty"))
        try:
            return asked.now.replace(tzinfo=zone(name)).astimezone(UTC)
        except KeyError:
            raise ConfigError(f"no time zone {name}", tenant=asked.tenant) from None

    async def _together(self, when: When, members: Sequence[Asked]) -> list[Result]:
        """Cases whose clocks agree, turn by turn."""
        moment, pauses = when
        self._stage.clock.set(moment)
        talks = [Talk(each, self._caller(each), []) for each in members]
        for number in range(max(len(each.case.turns) for each in members)):
            pause = pauses[number] if number < len(pauses) else timedelta()
            self._stage.clock.pass_(pause or (PAUSE if number else timedelta()))
            speaking = [talk for talk in talks if number < len(talk.asked.case.turns)]
            await _all(self._turn(talk, number) for talk in speaking)
        await self._stage.clear()
        return [Result(asked=talk.asked, turns=tuple(talk.judged)) for talk in talks]

    def _caller(self, asked: Asked) -> Caller:
        case, business = asked.case, self._businesses[asked.tenant]
        try:
            return self._stage.caller(asked.tenant, business.cast.channel, name=case.name, branch=case.branch)
        except ConfigError as problem:
            raise ConfigError(f"{asked.place}: {problem}") from None

    async def _turn(self, talk: Talk, number: int) -> None:
        turn = talk.asked.case.turns[number]
        async with self._hands:
            told = await self._stage.say(talk.caller, turn.say)
        before = [each.told for each in talk.judged]
        talk.judged.append(judge(turn, told, self._evidence[talk.asked.tenant], before))
        if number == len(talk.asked.case.turns) - 1:
            self._progress(1)


def _pauses(asked: Asked) -> tuple[timedelta, ...]:
    """The pauses that a case asks for, without those behind the last: cases of any length without any go together."""
    pauses = list(asked.case.waits)
    while pauses and not pauses[-1]:
        pauses.pop()
    return tuple(pauses)


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do everything at once; the first failure stops the rest."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
