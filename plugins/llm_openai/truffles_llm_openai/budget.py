"""What a tenant may use in a day: taken before a request as an estimate, put right after it by what was used."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from truffles_gateway.plugin import Clock, Counters
from truffles_llm_openai.settings import LlmSettings

BOUNDLESS = 10**15
MICRO = 1_000_000
MESSAGE_TOKENS = 20


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request: sent and produced."""

    sent: int
    produced: int

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.sent + self.produced


@dataclass(frozen=True, slots=True)
class Reserved:
    """What was taken for a request. `money` is in millionths of the currency."""

    day: str
    tokens: int
    money: int


def estimate(text: str) -> int:
    """About how many tokens `text` has, rather too many: a Cyrillic letter is two bytes, a token about four."""
    return len(text.encode("utf-8", "replace")) // 3 + MESSAGE_TOKENS


class Budget:
    """One tenant's day, over all processes."""

    def __init__(self, settings: LlmSettings, counters: Counters, clock: Clock, timezone: str) -> None:
        self._settings, self._counters, self._clock = settings, counters, clock
        self._zone = ZoneInfo(timezone)

    @property
    def day(self) -> str:
        """Today's date in the tenant's time zone."""
        return self._clock.now().astimezone(self._zone).date().isoformat()

    async def reserve(self, expected: Usage) -> Reserved | None:
        """Take what a request will use at most; None if the day's tokens or money do not suffice."""
        wanted = Reserved(self.day, expected.tokens, self._price(expected))
        if not await self._take("tokens", wanted.day, wanted.tokens, self._settings.daily_tokens):
            return None
        most = self._settings.daily_money
        if most is None or await self._take("money", wanted.day, wanted.money, int(most * MICRO)):
            return wanted
        await self._take("tokens", wanted.day, -wanted.tokens, BOUNDLESS)
        return None

    async def share(self) -> float:
        """Which part of the day's tokens or money is gone, of the two that one which ends sooner."""
        gone = await self._counters.total(f"tokens {self.day}") / self._settings.daily_tokens
        most = self._settings.daily_money
        return gone if most is None else max(gone, await self._counters.total(f"money {self.day}") / (most * MICRO))

    async def settle(self, taken: Reserved, used: Usage) -> None:
        """Put right what was taken. The day that it was taken from counts, even when midnight has passed."""
        await self._take("tokens", taken.day, used.tokens - taken.tokens, BOUNDLESS)
        if self._settings.daily_money is not None:
            await self._take("money", taken.day, self._price(used) - taken.money, BOUNDLESS)

    def _price(self, usage: Usage) -> int:
        sent, produced = self._settings.input_price or 0, self._settings.output_price or 0
        return round(usage.sent * sent + usage.produced * produced)  # so much a million tokens, in millionths

    async def _take(self, what: str, day: str, amount: int, limit: int) -> bool:
        if amount == 0:
            return True
        return await self._counters.add(f"{what} {day}", amount, limit=limit)
