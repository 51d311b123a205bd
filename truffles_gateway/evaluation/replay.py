"""Stored conversations once more, on the stage: what would be said today, beside what was said then.

The turns of all conversations are played in the order of their times, and those of one moment at once, so that one clock
serves all of them. People at the desk are not played: what they ended then is ended here, and what they had is left out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway import voice
from truffles_gateway.evaluation.plainly import normal
from truffles_gateway.evaluation.stage import Business, Caller, Stage, Told
from truffles_gateway.messages import InboundEvent, State
from truffles_gateway.store.codec import event_from_json

WINDOW = timedelta(minutes=1)
ANSWERED, HUMAN, SILENT = "answered", "human", "silent"
ENDS = {"answered": ANSWERED, "escalated": HUMAN, "forwarded": HUMAN, "parked": HUMAN, "ignored": SILENT}
SAME, WORDED, NEWLY_ANSWERED, NEWLY_ESCALATED, OTHERWISE = (
    "the same", "differently worded", "newly answered", "newly escalated", "otherwise",
)  # fmt: skip
UNHEARD = frozenset({voice.SUSPENDED, voice.OFF, voice.NOT_SERVED, voice.PAUSED, voice.LEFT_ALONE, "history"})
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A customer's turn as it was. `state` is who led the conversation when it came."""

    dialogue: str
    at: datetime
    channel: str
    instance: str
    name: str
    pieces: tuple[str, ...]
    state: str
    outcome: str
    reason: str
    replies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A turn then and now."""

    then: Then
    now: Told
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay. `left_out` counts the turns that could not be played, by why."""

    turns: tuple[Difference, ...]
    left_out: Mapping[str, int]

    def counts(self) -> dict[str, int]:
        """How many turns of each kind."""
        found = Counter(each.kind for each in self.turns)
        return {kind: found[kind] for kind in (SAME, WORDED, NEWLY_ANSWERED, NEWLY_ESCALATED, OTHERWISE)}


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Then], dict[str, int]]:
    """The turns that can be played, and how many cannot, by why."""
    turns, left = [], Counter[str]()
    for row in rows:
        then = _then(row)
        if why := _left_out(then):
            left[why] += 1
        else:
            turns.append(then)
    return turns, dict(left)


def _then(row: Mapping[str, Any]) -> Then:
    stored = [event_from_json(each["event"]) for each in row["events"] or ()]
    stages = {str(each.get("stage")): each for each in row["stages"]}
    outcome, replies = row["outcome"] or "", tuple(row["replies"] or row["drafts"] or ())
    if recorded := stages.get(voice.SHADOW):  # what would have been said
        outcome, replies = str(recorded.get("outcome")), tuple(recorded.get("drafts") or ())
    return Then(
        dialogue=row["conversation_id"] or row["lane"], at=row["started_at"],
        channel=next((each.channel for each in stored), ""),
        instance=next((each.instance for each in stored if each.instance), ""),
        name=next((each.sender_name for each in stored if each.sender_name), ""),
        pieces=_pieces(stored), state=str(stages.get("merge", {}).get("state", "")),
        outcome=outcome, reason=row["outcome_reason"] or "", replies=replies,
    )  # fmt: skip


def _pieces(events: Sequence[InboundEvent]) -> tuple[str, ...]:
    """The words of a burst; an edit takes the place of what it edits."""
    said: dict[str, str] = {}
    for each in events:
        if not each.ignore:
            captions = [part.caption for part in each.attachments if part.caption]
            said[each.replaces or each.event_id] = each.text or "\n".join(captions)
    return tuple(text for text in said.values() if text.strip())


def _left_out(then: Then) -> str:
    if not then.pieces:
        return "without words"
    if then.state == State.MANAGER_ACTIVE:
        return "a human had the conversation"
    if then.outcome == "ignored" and then.reason in UNHEARD:
        return f"nobody listened: {then.reason}"
    return "" if then.outcome in ENDS else "without an end"


class Replay:
    """Plays turns on a stage."""

    def __init__(self, stage: Stage, business: Business, *, concurrency: int, progress: Progress) -> None:
        self._stage, self._business, self._progress = stage, business, progress
        self._concurrency = concurrency
        self._callers: dict[str, Caller] = {}
        self._last: dict[str, Told] = {}

    async def run(self, turns: Sequence[Then], left_out: Mapping[str, int]) -> Replayed:
        """All of them, oldest first."""
        played: list[Difference] = []
        if turns:
            await self._stage.invite([self._business], turns[0].at)
        for moment in self._moments(turns):
            self._stage.clock.set(moment[0].at)
            await self._stage.ready()
            found = await asyncio.gather(*(self._turn(each) for each in moment))
            played += found
            self._progress(len(found))
        return Replayed(turns=tuple(played), left_out=left_out)

    def _moments(self, turns: Sequence[Then]) -> Iterator[list[Then]]:
        """Turns that lie near together, of different conversations."""
        moment: list[Then] = []
        for each in turns:
            met = any(each.dialogue == other.dialogue for other in moment)
            if moment and (met or len(moment) >= self._concurrency or each.at - moment[0].at > WINDOW):
                yield moment
                moment = []
            moment.append(each)
        if moment:
            yield moment

    async def _turn(self, then: Then) -> Difference:
        caller = self._caller(then)
        before = self._last.get(then.dialogue)
        if before and before.handover and then.state == State.BOT_ACTIVE:
            await self._stage.press(caller.tenant, "return", before.handover)
        told = self._last[then.dialogue] = await self._stage.say(caller, then.pieces)
        return Difference(then=then, now=told, kind=kind_of(then, told))

    def _caller(self, then: Then) -> Caller:
        known = self._callers.get(then.dialogue)
        if known is None:
            tenant = self._stage.tenant(self._business.slug)
            channel = then.channel if tenant.owner_of(then.channel) else self._business.cast.channel
            known = self._stage.caller(tenant.slug, channel)
        known = replace(known, instance=then.instance or known.instance, name=then.name or known.name)
        self._callers[then.dialogue] = known
        return known


def kind_of(then: Then, now: Told) -> str:
    """How now differs from then."""
    before, after = ENDS[then.outcome], ENDS.get(now.outcome, "")
    if before == after:
        said, says = normal("\n".join(then.replies)), normal("\n".join(now.replies))
        return SAME if said == says else WORDED
    if after == ANSWERED:
        return NEWLY_ANSWERED
    return NEWLY_ESCALATED if after == HUMAN else OTHERWISE
