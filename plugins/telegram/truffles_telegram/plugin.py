"""Telegram: the manifest and one tenant's hooks. Managers work in a forum group; customers may write to the bot."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from truffles_gateway.messages import (
    DESK_KINDS,
    Attachment,
    Delivery,
    HandoverCard,
    Outgoing,
    OutgoingKind,
    Receipt,
    Trigger,
    Turn,
)
from truffles_gateway.plugin import Capabilities, Plugin, Resources, hookimpl
from truffles_telegram.calls import Calls, Place
from truffles_telegram.card import CardWriter
from truffles_telegram.catalogue import CATALOGUE
from truffles_telegram.client import Client
from truffles_telegram.desk import DeskRows
from truffles_telegram.failures import CallFailed, Held
from truffles_telegram.ingress import TelegramIngress
from truffles_telegram.limits import Limits
from truffles_telegram.media import SCHEME, file_id
from truffles_telegram.parse import CHANNEL
from truffles_telegram.plan import pieces
from truffles_telegram.post import Poster
from truffles_telegram.registration import Registration
from truffles_telegram.rights import Rights
from truffles_telegram.settings import TelegramSettings
from truffles_telegram.topics import Topics


class Telegram:
    """One tenant's hooks."""

    file_scheme = SCHEME

    def __init__(self, settings: TelegramSettings, resources: Resources) -> None:
        language = next(iter(resources.languages), "ru")
        self._writer = CardWriter(resources.texts, language, ZoneInfo(resources.timezone))
        self._client = Client(settings, resources.http, resources.log)
        calls = Calls(self._client, Limits(resources.counters, resources.clock))
        self._poster = Poster(calls, resources.blobs, self._writer)
        topics = Topics(settings, resources, calls, self._poster, self._writer)
        rights = Rights(settings, self._client, self._writer)
        self._rows = DeskRows(resources.desk, calls, self._poster, topics, self._writer, rights)
        self.registration = Registration(settings, resources, self._client)

    @hookimpl
    async def escalate(self, turn: Turn, card: HandoverCard) -> Sequence[Outgoing]:
        """The card; media of the customer follow as a row of their own, so that the card is never shown twice for them."""
        row = Outgoing(
            channel=CHANNEL, recipient=turn.conversation_id, text=self._writer.handover(card), kind=OutgoingKind.CARD,
            handover_id=card.handover_id, data={"branch": card.branch, **_booking(card)},
        )  # fmt: skip
        if not card.attachments:
            return (row,)
        media = Outgoing(
            channel=CHANNEL, recipient=turn.conversation_id, text="", kind=OutgoingKind.FORWARD,
            attachments=card.attachments, handover_id=card.handover_id,
        )  # fmt: skip
        return (row, media)

    @hookimpl
    async def deliver(self, delivery: Delivery) -> Receipt:
        """Show a row at the desk, or send it to a customer's own chat."""
        try:
            if delivery.outgoing.kind in DESK_KINDS:
                return Receipt.sent(await self._rows.show(delivery))
            return Receipt.sent(await self._to_customer(delivery))
        except Held as held:
            return Receipt.wait(held.seconds)
        except CallFailed as failed:
            return failed.receipt

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes of a medium that somebody sent to the bot (`url` is `telegram:<file id>`): the host's `FileHolder`."""
        return await self._client.download(file_id(attachment), limit)

    async def typing(self, address: str, instance: str) -> None:
        """Show in a customer's own chat that somebody writes: the host's `Typist`. It takes no token of a message's."""
        await self._client.call("sendChatAction", {"chat_id": address, "action": "typing"}, private=True)

    async def _to_customer(self, delivery: Delivery) -> str:
        row = delivery.outgoing
        parts = pieces(row.text, row.attachments)
        if not parts:
            raise CallFailed(Receipt.refused("there is nothing to send"))
        return await self._poster.pieces(Place(row.recipient, private=True), delivery.id, parts)


def _booking(card: HandoverCard) -> dict[str, str]:
    """The row's word for a card with the buttons of a booking."""
    return {"booking": "1"} if card.trigger is Trigger.BOOKING else {}


async def set_webhook(hooks: Telegram) -> Sequence[str]:
    """Register the webhook with Telegram, and say what the bot still lacks."""
    return await hooks.registration.set_webhook()


async def check(hooks: Telegram) -> Sequence[str]:
    """Look at the bot, its webhook, its groups and its rights; change nothing."""
    return await hooks.registration.check()


plugin = Plugin(
    name="telegram",
    version="0.1.0",
    summary="Telegram: the managers' desk and a customer channel",
    settings=TelegramSettings,
    create=Telegram,
    channel=CHANNEL,
    ingress=TelegramIngress(),
    capabilities=Capabilities(
        media=frozenset({"image", "audio", "document"}),
        typing=True,
        desk=True,
        customers=True,
        groups=True,
        merges=frozenset({OutgoingKind.FORWARD}),
    ),
    catalogue=CATALOGUE,
    actions={"set-webhook": set_webhook, "check": check},
)
