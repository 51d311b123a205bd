"""A text channel: webhooks in, HTTP out. Everything durable (queue, order, retries, traces) is the host's."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Delivery, InboundEvent, Receipt
from truffles_gateway.plugin import (
    Capabilities,
    Door,
    Plugin,
    PluginSettings,
    Resources,
    SecretStr,
    WebhookRequest,
    hookimpl,
    same_secret,
)

CHANNEL = "echo"


class EchoSettings(PluginSettings):
    """Where replies are posted, and the token that is sent with them, as a reference."""

    url: str
    token: SecretStr


class EchoIngress:
    """`POST /echo/{tenant}`. Pure and fast: no network, no state."""

    path = "/echo"
    admin = False
    max_body = 64 * 1024

    def tenant(self, request: WebhookRequest) -> str | None:
        """The path always names the tenant."""
        return None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """The tenant's webhook secret."""
        return same_secret(request.headers.get("x-webhook-secret"), door.secret)

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """One customer's text. Equal ids are one message, however often it is posted."""
        event_id, sender, text = (_text(request, key) for key in ("id", "from", "text"))
        name = str(request.json.get("name") or "")
        return [InboundEvent(channel=CHANNEL, event_id=event_id, address=sender, text=text, sender_name=name)]


def _text(request: WebhookRequest, key: str) -> str:
    value = request.json.get(key)
    if not isinstance(value, str) or not value:
        raise RejectedRequest(f"{key} is missing")
    return value


class Echo:
    """One tenant's hooks."""

    def __init__(self, settings: EchoSettings, resources: Resources) -> None:
        self._settings, self._http = settings, resources.http

    @hookimpl
    async def deliver(self, delivery: Delivery) -> Receipt:
        """Send one row. What certainly did not arrive is RETRY; what may have arrived is AMBIGUOUS."""
        row = delivery.outgoing
        message = {"id": delivery.key, "to": row.recipient, "text": row.text}
        headers = {"authorization": f"Bearer {self._settings.token.get_secret_value()}"}
        try:
            response = await self._http.post(self._settings.url, json=message, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
            return Receipt.retry(f"cannot connect: {problem!r}")
        except httpx.TransportError as problem:
            return Receipt.ambiguous(f"no answer: {problem!r}")
        if response.is_success:
            return Receipt.sent()
        error = f"HTTP {response.status_code}"
        return Receipt.refused(error) if response.status_code in (400, 404, 422) else Receipt.retry(error)


plugin = Plugin(
    name="echo_channel",
    version="0.1.0",
    summary="A text channel, as small as one can be",
    settings=EchoSettings,
    create=Echo,
    channel=CHANNEL,
    ingress=EchoIngress(),
    capabilities=Capabilities(idempotent_send=True),
)
