"""A desk of last resort: cards go to the log, managers answer over HTTP. For a start without Telegram, and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from truffles_desk_log.card import CATALOGUE, CardWriter
from truffles_desk_log.parse import CHANNEL, action, reply
from truffles_desk_log.settings import DeskLogSettings
from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Delivery, HandoverCard, InboundEvent, Outgoing, OutgoingKind, Receipt, Turn
from truffles_gateway.plugin import Capabilities, Door, Plugin, Resources, WebhookRequest, hookimpl

_PATHS = {"/reply": reply, "/action": action}


class DeskIngress:
    """`POST /admin/desk/reply` and `POST /admin/desk/action`, with the admin bearer token and `client_slug`."""

    path = "/admin/desk"
    admin = True
    max_body = 128 * 1024

    def tenant(self, request: WebhookRequest) -> str | None:
        """`client_slug` of the body."""
        slug = request.json.get("client_slug")
        return slug.strip() or None if isinstance(slug, str) else None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """Never by itself: the host has checked the admin token before it came here."""
        return False

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """One call is one event."""
        read = _PATHS.get(request.path.rstrip("/"))
        if read is None:
            raise RejectedRequest("no such path: use /admin/desk/reply or /admin/desk/action", status=404)
        return (read(request.json),)


class DeskLog:
    """One tenant's hooks."""

    def __init__(self, settings: DeskLogSettings, resources: Resources) -> None:
        self._enabled, self._log = settings.enabled, resources.log
        language = next(iter(resources.languages), "ru")
        self._writer = CardWriter(resources.texts, language, ZoneInfo(resources.timezone))

    @hookimpl
    def escalate(self, turn: Turn, card: HandoverCard) -> Sequence[Outgoing]:
        """One card, in the conversation's lane at this desk."""
        if not self._enabled:
            return ()
        row = Outgoing(
            channel=CHANNEL,
            recipient=turn.conversation_id,
            text=self._writer.write(card),
            kind=OutgoingKind.CARD,
            attachments=card.attachments,
            handover_id=card.handover_id,
        )
        return (row,)

    @hookimpl
    def deliver(self, delivery: Delivery) -> Receipt:
        """Write a row to the log. Alarms are warnings; a row that may have been written before is marked ↻."""
        row = delivery.outgoing
        say = self._log.warning if row.kind is OutgoingKind.ALARM else self._log.info
        spoken = () if row.kind is OutgoingKind.CARD else self._writer.transcripts(row.attachments)  # a card has them
        text = "\n".join(filter(None, [row.text, *spoken]))
        say(
            f"desk.{row.kind.value}",
            text=f"↻ {text}" if delivery.repeat else text,
            recipient=row.recipient,
            handover_id=row.handover_id,
            attachments=len(row.attachments),
            key=delivery.key,
            correlation_id=delivery.correlation_id,
            **{
                name: row.data[name]
                for name in ("learned_id", "draft_id", "status", "note", "asked", "caught", "otherwise")
                if row.data.get(name)
            },
        )
        return Receipt.sent(delivery.key)


plugin = Plugin(
    name="desk_log",
    version="0.1.0",
    summary="A desk of last resort: handovers in the log, managers' replies over HTTP",
    settings=DeskLogSettings,
    create=DeskLog,
    channel=CHANNEL,
    ingress=DeskIngress(),
    capabilities=Capabilities(desk=True, idempotent_send=True),
    catalogue=CATALOGUE,
)
