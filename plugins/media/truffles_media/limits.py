"""How much one customer may send, counted over all processes.

A customer is a channel and an address: the host's own id of a new customer is not settled before the first commit.
Every medium is counted once, under the id of its event: a turn that runs again, or that is thought over because more
arrived, finds its media counted already and gets the same answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from truffles_gateway.messages import Attachment, Inbound, InboundEvent, State, Turn
from truffles_gateway.plugin import Counters
from truffles_media.settings import DAY, MB, Rate

WITH_A_HANDOVER = 3
"""While a human is asked for, a customer may send three times as many files (SPEC: 15 instead of 5)."""


class Admission(StrEnum):
    """What the counters say of a medium. FIRST is refused, and the one that begins the block."""

    PASSED = "passed"
    REFUSED = "refused"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose limits count, and how generous they are: those of a customer by channel and address, in a state."""

    channel: str
    address: str
    state: State

    @classmethod
    def of(cls, turn: Turn) -> Sender:
        """Whoever wrote a turn."""
        return cls(channel=turn.channel, address=turn.customer.address, state=turn.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One medium, and the key that is its own in every run."""

    key: str
    attachment: Attachment


def pieces(turn: Turn, message: Inbound) -> list[Piece]:
    """The turn's media in order, each under its event and its place there; what no event holds, under the turn."""
    unused = [(f"{event.event_id} {n}", each) for event in message.events for n, each in enumerate(event.attachments)]
    found = []
    for index, attachment in enumerate(message.attachments):
        match = next((pair for pair in unused if pair[1] == attachment), None)
        if match:
            unused.remove(match)
        name = match[0] if match else f"turn {turn.id} {index}"
        found.append(Piece(key=_short(turn.channel, name), attachment=attachment))
    return found


def pieces_of(event: InboundEvent) -> list[Piece]:
    """The media of one event, under the keys that they have in its turn."""
    parts = enumerate(event.attachments)
    return [Piece(key=_short(event.channel, f"{event.event_id} {n}"), attachment=each) for n, each in parts]


class Limits:
    """The limits of one tenant."""

    def __init__(self, rate: Rate, counters: Counters) -> None:
        self._rate, self._counters = rate, counters

    async def admit(self, sender: Sender, piece: Piece) -> Admission:
        """May this medium pass? Counts it, and its announced size. A customer's pieces are asked about one after the other."""
        if not await self._once("seen", piece):
            return await self._as_before(piece)
        if await self._blocked(sender):
            return await self._refuse(piece, first=False)
        if await self._fits(sender, piece):
            return Admission.PASSED
        return await self._refuse(piece, first=await self._block(sender))

    async def weigh(self, sender: Sender, piece: Piece, size: int) -> Admission:
        """Count what the bytes of an admitted medium weigh more than was announced: that may still be too much."""
        more = size - max(piece.attachment.size, 0)
        if more <= 0 or not await self._once("weighed", piece):
            return Admission.PASSED
        if await self._spend("bytes", sender, more, int(self._rate.bytes_mb * MB), self._rate.window_seconds):
            return Admission.PASSED
        return await self._refuse(piece, first=await self._block(sender))

    async def _fits(self, sender: Sender, piece: Piece) -> bool:
        """All three limits; what was counted by the first ones stays counted when a later one refuses."""
        rate, size = self._rate, max(piece.attachment.size, 0)
        count = rate.count * (1 if sender.state is State.BOT_ACTIVE else WITH_A_HANDOVER)
        return (
            await self._spend("files", sender, 1, count, rate.window_seconds)
            and await self._spend("day", sender, 1, rate.daily_count, DAY)
            and (not size or await self._spend("bytes", sender, size, int(rate.bytes_mb * MB), rate.window_seconds))
        )

    async def _blocked(self, sender: Sender) -> bool:
        """Who sent too much to the bot is not kept from sending to the human who was called since."""
        name = _of("blocked", sender) if sender.state is State.BOT_ACTIVE else _of("blocked with a handover", sender)
        return bool(self._rate.block_seconds and await self._counters.spent(name, self._rate.block_seconds))

    async def _block(self, sender: Sender) -> bool:
        """Begin the block; False when somebody else just did. Without a block each refusal is a first one."""
        if not (seconds := self._rate.block_seconds):
            return True
        if sender.state is not State.BOT_ACTIVE:
            await self._spend("blocked", sender, 1, 1, seconds)
            return await self._spend("blocked with a handover", sender, 1, 1, seconds)
        return await self._spend("blocked", sender, 1, 1, seconds)

    async def _refuse(self, piece: Piece, *, first: bool) -> Admission:
        """Remember the refusal for a second run, and whether the customer is told."""
        answer = Admission.FIRST if first else Admission.REFUSED
        await self._once(answer, piece)
        return answer

    async def _as_before(self, piece: Piece) -> Admission:
        for answer in (Admission.FIRST, Admission.REFUSED):
            if await self._counters.spent(f"{answer} {piece.key}", DAY):
                return answer
        return Admission.PASSED

    async def _once(self, what: str, piece: Piece) -> bool:
        """True for one caller a day only."""
        return await self._counters.spend(f"{what} {piece.key}", 1, limit=1, seconds=DAY)

    async def _spend(self, what: str, sender: Sender, amount: int, limit: int, seconds: float) -> bool:
        return await self._counters.spend(_of(what, sender), amount, limit=limit, seconds=seconds)


def _of(what: str, sender: Sender) -> str:
    return f"{what} {_short(sender.channel, sender.address)}"


def _short(*parts: str) -> str:
    """A name of fixed length: ids of channels are as long as they like, and addresses are phones."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
