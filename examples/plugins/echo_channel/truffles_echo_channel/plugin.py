"""A text channel: webhooks in, HTTP out. Everything durable (queue, order, retries, traces) is the host's."""

import httpx

from truffles_echo_channel.door import EchoIngress
from truffles_echo_channel.settings import EchoSettings
from truffles_gateway.messages import Delivery, Receipt
from truffles_gateway.plugin import Capabilities, Plugin, Resources, hookimpl


class Echo:
    """One tenant's hooks. `create` makes one for each tenant that chose the plugin."""

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
    channel="echo",
    ingress=EchoIngress(),
    capabilities=Capabilities(idempotent_send=True),
)
