"""Calls within the limits: first the tokens, then the network; when Telegram asks for a break, its group gets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truffles_telegram.client import Client, Upload
from truffles_telegram.failures import CallFailed
from truffles_telegram.limits import Limits


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages go: a customer's own chat, or a managers' group and its topic ("" is the General topic).

    `fresh` says that the topic was made again in this very attempt and shows the open handover already.
    """

    chat: str
    thread: str = ""
    private: bool = False
    fresh: bool = False

    @property
    def group(self) -> str:
        """The group whose limit counts, "" in a private chat."""
        return "" if self.private else self.chat

    def params(self) -> dict[str, object]:
        """As the Bot API names it."""
        named: dict[str, object] = {"chat_id": self.chat}
        return named | {"message_thread_id": int(self.thread)} if self.thread else named


@dataclass(frozen=True, slots=True)
class Shown:
    """A message at the desk. Every group counts its own messages: a number alone may be another customer's card."""

    chat: str
    message: str

    def __str__(self) -> str:
        """As the host remembers it."""
        return f"{self.chat}:{self.message}" if self.message else ""


class Calls:
    """The client behind the limits."""

    def __init__(self, client: Client, limits: Limits) -> None:
        self._client, self.limits = client, limits

    def home(self, chat: str) -> str:
        """The chat's present id."""
        return self._client.home(chat)

    def shown(self, provider_id: str, group: str) -> Shown | None:
        """The message that the host remembers; older rows name none but those of the present `group`."""
        chat, _, message = provider_id.rpartition(":")
        return Shown(self.home(chat) if chat else group, message) if message.isdigit() else None

    async def make(
        self, method: str, place: Place, params: Mapping[str, object], *, tokens: int = 1,
        uploads: Mapping[str, Upload] | None = None,
    ) -> object:  # fmt: skip
        """One call that counts as `tokens`; 0 where they were taken before. Raises `Held` and `CallFailed`."""
        if tokens:
            await self.limits.take(place.group, tokens)
        try:
            return await self._client.call(method, params, uploads=uploads, private=place.private)
        except CallFailed as failed:
            if failed.code == 429 and failed.receipt.retry_after and place.group:
                await self.limits.pause(place.group, failed.receipt.retry_after)
            raise

    async def try_to(self, method: str, place: Place, params: Mapping[str, object]) -> bool:
        """A call that may come to nothing, with tokens that were taken before; was it carried out?"""
        try:
            await self.make(method, place, params, tokens=0)
        except CallFailed as failed:
            return failed.unchanged
        return True
