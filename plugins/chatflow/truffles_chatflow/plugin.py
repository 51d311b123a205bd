"""WhatsApp through ChatFlow: the manifest, the door for webhooks, and the hook that delivers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from truffles_chatflow.client import Client, Part
from truffles_chatflow.fields import line
from truffles_chatflow.jid import address, not_a_customer
from truffles_chatflow.links import NoLinkError, linked
from truffles_chatflow.parse import CHANNEL, INLINE_LIMIT, parse
from truffles_chatflow.settings import ChatFlowSettings
from truffles_chatflow.split import PART_LENGTH, split
from truffles_gateway.messages import (
    Attachment,
    Content,
    Delivery,
    InboundEvent,
    Outgoing,
    OutgoingKind,
    Receipt,
    ReceiptStatus,
)
from truffles_gateway.plugin import (
    Capabilities,
    Door,
    Plugin,
    RateLimit,
    Resources,
    WebhookRequest,
    hookimpl,
    same_secret,
)

CATALOGUE = {
    "ru": {
        "correction": "Исправление: {{ text }}",
        "photo": "Фото",
        "file": "Файл",
        "chatflow_no_public_url": "WhatsApp берёт файлы по ссылке, а у шлюза нет адреса в интернете. Задайте PUBLIC_URL и "
        "отправьте файл ещё раз.",
        "chatflow_gone": "Файл уже не хранится. Отправьте его ещё раз.",
        "chatflow_not_kept": "Файла нет по ссылке, доступной WhatsApp, и он не хранится. Включите store_media и отправьте его "
        "ещё раз.",
    },
    "kk": {
        "correction": "Түзету: {{ text }}",
        "photo": "Сурет",
        "file": "Файл",
        "chatflow_no_public_url": "WhatsApp файлды сілтеме арқылы алады, ал шлюздің интернетте мекенжайы жоқ. PUBLIC_URL "
        "орнатып, файлды қайта жіберіңіз.",
        "chatflow_gone": "Файл енді сақталмайды. Оны қайта жіберіңіз.",
        "chatflow_not_kept": "WhatsApp аша алатын сілтеме жоқ, файл сақталмаған. store_media қосып, оны қайта жіберіңіз.",
    },
    "en": {
        "correction": "Correction: {{ text }}",
        "photo": "Photo",
        "file": "File",
        "chatflow_no_public_url": "WhatsApp fetches files from a link, and the gateway has no public address. Set PUBLIC_URL and "
        "send the file again.",
        "chatflow_gone": "The file is no longer kept. Send it again.",
        "chatflow_not_kept": "The file has no link that WhatsApp could open, and it is not kept. Switch store_media on and send "
        "it again.",
    },
}
CAPABILITIES = Capabilities(media=frozenset({"image", "audio", "document"}), idempotent_send=True, links=True)


class ChatFlowIngress:
    """`POST /webhook/{client_slug}`, and `POST /webhook` with the slug in the body.

    `max_body` is the limit with inline media; `parse` refuses more than 3 MB of anything else.
    """

    path = "/webhook"
    admin = False
    max_body = INLINE_LIMIT

    def tenant(self, request: WebhookRequest) -> str | None:
        """`client_slug` of the body."""
        return line(request.json.get("client_slug")) or None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """The tenant's secret in the header or the query; both are compared, so that neither is faster."""
        if door.secret is None:
            return door.open
        in_header = same_secret(request.headers.get("x-webhook-secret"), door.secret)
        in_query = same_secret(request.query.get("webhook_secret"), door.secret)
        return in_header or in_query

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """One webhook is one event."""
        return (parse(request, datetime.now(UTC)),)


class ChatFlow:
    """One tenant's hooks."""

    def __init__(self, settings: ChatFlowSettings, resources: Resources) -> None:
        self.capabilities = replace(CAPABILITIES, idempotent_send=settings.honours_msg_id)
        self._settings, self._resources = settings, resources
        self._client = Client(settings, resources.http, resources.clock)

    @hookimpl
    async def deliver(self, delivery: Delivery) -> Receipt:
        """Send a row as one message or several; every attempt repeats all of them with the same `msg_id`s."""
        recipient = delivery.outgoing.recipient
        if wrong := not_a_customer(recipient):  # `/message` takes any address
            return Receipt.refused(f"{recipient} is no customer: {wrong}")
        try:
            outgoing = await linked(delivery.outgoing, self._resources)
        except NoLinkError as problem:
            return Receipt.refused(str(problem))
        return await self._send(outgoing, self._parts(outgoing, delivery.key))

    async def _send(self, outgoing: Outgoing, parts: Sequence[Part]) -> Receipt:
        receipt = Receipt.refused("there is nothing to send")
        for number, part in enumerate(parts):
            receipt = await self._client.send(part, outgoing.recipient, outgoing.instance)
            if receipt.status is not ReceiptStatus.SENT:
                return self._after_a_failure(receipt, sent=number, of=len(parts))
        return receipt

    def _after_a_failure(self, receipt: Receipt, *, sent: int, of: int) -> Receipt:
        """A repetition would say the first parts twice where `msg_id` is not honoured: then a human must look."""
        if sent == 0:
            return receipt
        error = f"{sent} of {of} parts sent, then {receipt.error}"
        if receipt.status is ReceiptStatus.RETRY and not self._settings.honours_msg_id:
            return Receipt.ambiguous(error)
        return replace(receipt, error=error)

    def _parts(self, outgoing: Outgoing, key: str) -> list[Part]:
        """The row as messages, numbered `key.1`, `key.2`, … where it takes more than one."""
        parts = list(self._messages(outgoing))
        if len(parts) == 1:
            return [replace(parts[0], msg_id=key)]
        return [replace(part, msg_id=f"{key}.{number}") for number, part in enumerate(parts, 1)]

    def _messages(self, outgoing: Outgoing) -> Iterator[Part]:
        """The text first, unless it can stand under a single picture or document."""
        text = self._text(outgoing)
        media = outgoing.attachments
        under = len(media) == 1 and len(split(text)) == 1 and _takes_caption(media[0], text)
        if not under:
            yield from (Part(msg_id="", text=part) for part in split(text))
        for item in media:
            caption = text if under else self._caption(item, outgoing)
            yield Part(msg_id="", text=caption, content=item.content, url=item.url)

    def _text(self, outgoing: Outgoing) -> str:
        """The row's words; a manager's correction says so, because WhatsApp cannot edit."""
        if outgoing.kind is OutgoingKind.HUMAN and outgoing.data.get("correction") == "1":
            return self._resources.texts.get("correction", self._language(outgoing), text=outgoing.text)
        return outgoing.text

    def _caption(self, item: Attachment, outgoing: Outgoing) -> str:
        """ChatFlow refuses media without a caption, audio excepted."""
        if item.content is Content.AUDIO:
            return item.caption[:PART_LENGTH]
        name = "photo" if item.content is Content.IMAGE else "file"
        return (item.caption.strip() or item.file_name.strip())[:PART_LENGTH] or self._resources.texts.get(
            name, self._language(outgoing)
        )

    def _language(self, outgoing: Outgoing) -> str:
        return outgoing.data.get("language") or next(iter(self._resources.languages), "ru")


def _takes_caption(item: Attachment, text: str) -> bool:
    return item.content is not Content.AUDIO and item.caption.strip() in ("", text.strip())


def rate_limits(settings: ChatFlowSettings) -> tuple[RateLimit, ...]:
    """The tenant's `messages_per_second`, below one as well."""
    rate = settings.messages_per_second
    if rate is None:
        return ()
    count = max(1, math.floor(rate))
    return (RateLimit(count=count, seconds=count / rate),)


plugin = Plugin(
    name="chatflow",
    version="0.1.0",
    summary="WhatsApp through the ChatFlow API",
    settings=ChatFlowSettings,
    create=ChatFlow,
    channel=CHANNEL,
    address=address,
    ingress=ChatFlowIngress(),
    capabilities=CAPABILITIES,
    rate_limits=rate_limits,
    catalogue=CATALOGUE,
    instances=ChatFlowSettings.instance_ids,
)
