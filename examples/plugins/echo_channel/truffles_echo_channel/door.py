"""In: a webhook becomes events."""

from collections.abc import Sequence

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import InboundEvent
from truffles_gateway.plugin import Door, WebhookRequest, same_secret


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
        return [InboundEvent(channel="echo", event_id=event_id, address=sender, text=text, sender_name=name)]


def _text(request: WebhookRequest, key: str) -> str:
    value = request.json.get(key)
    if not isinstance(value, str) or not value:
        raise RejectedRequest(f"{key} is missing")
    return value
