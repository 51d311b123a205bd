"""The plain door: `POST /message`, for systems that have no plugin of their own."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import InboundEvent
from truffles_gateway.plugin import Door, WebhookRequest, same_secret
from truffles_gateway.store.codec import storable


class PlainDoor:
    """Takes `{client_slug, remote_jid, content, channel, message_id?, test?}` with the tenant's webhook secret.

    Without a `message_id` every request is a new message. With `"test": true` it is stored and never answered.
    """

    path = "/message"
    admin = False
    max_body = 256 * 1024

    def tenant(self, request: WebhookRequest) -> str | None:
        """The body names the tenant."""
        slug = request.json.get("client_slug")
        return slug if isinstance(slug, str) else None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """The secret of the tenant's webhooks, in a header or in the query."""
        given = request.headers.get("x-webhook-secret") or request.query.get("webhook_secret")
        return same_secret(given, door.secret) or (door.open and door.secret is None)

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """One customer's text."""
        channel, address, text = (_words(request, key) for key in ("channel", "remote_jid", "content"))
        given = request.json.get("message_id")
        if given is not None and not isinstance(given, (str, int)):
            raise RejectedRequest("message_id must be a text")
        ignore = "test" if request.json.get("test") is True else ""
        return [InboundEvent(channel=channel, event_id=str(given or ""), address=address, text=text, ignore=ignore)]


def _words(request: WebhookRequest, key: str) -> str:
    value = request.json.get(key)
    words = storable(value).strip() if isinstance(value, str) else ""  # a lone NUL would become an empty channel
    if not words:
        raise RejectedRequest(f"{key} is missing: send client_slug, remote_jid, content and channel as texts")
    return words
