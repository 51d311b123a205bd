"""The door for Telegram's webhooks. Telegram signs nothing: the secret that it repeats in a header is all there is."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.messages import InboundEvent
from truffles_gateway.plugin import Door, WebhookRequest, same_secret
from truffles_telegram import former

PATH = "/telegram-webhook"
HEADER = "x-telegram-bot-api-secret-token"


class TelegramIngress:
    """`POST /telegram-webhook/{client_slug}`, and `POST /telegram-webhook`, where the secret alone names the tenant."""

    path = PATH
    admin = False
    max_body = 1024 * 1024

    def tenant(self, request: WebhookRequest) -> str | None:
        """An update names no tenant."""
        return None

    def match(self, request: WebhookRequest, doors: Sequence[Door]) -> str | None:
        """The tenant whose secret this is. Every secret is compared, so that the time tells nothing; one that two
        tenants share names neither."""
        found = [door.tenant for door in doors if self.verify(request, door)]
        return found[0] if len(found) == 1 else None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """Is the header the secret that was registered with Telegram? A door without settings opens for nobody."""
        secret = door.settings.webhook_secret.get_secret_value() if door.settings else None
        return same_secret(request.headers.get(HEADER), secret)

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """One update is one event."""
        groups = {group for group in (door.settings.chat_id, *door.desk_chats.values()) if group}
        return (former.read(request.json, groups, door.former_chats),)
