from collections.abc import Awaitable, Callable

import httpx
import pytest
from truffles_echo_channel.plugin import Echo, plugin
from truffles_echo_channel.settings import EchoSettings

from truffles_gateway.messages import Draft, Inbound
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.testing import HttpTarget, Rig, conforms, make_resources


class Parrot:
    @hookimpl
    def answer(self, message: Inbound) -> Draft:
        return Draft(text=f"You said: {message.text}")


parrot = Plugin(name="parrot", version="1", create=lambda settings, resources: Parrot())


async def test_a_message_is_answered(rig_of: Callable[..., Awaitable[Rig]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_SECRET", "s3cret")
    monkeypatch.setenv("ECHO_TOKEN", "t0ken")
    async with HttpTarget() as target:
        echo = {"name": "echo_channel", "settings": {"url": target.url, "token": "env:ECHO_TOKEN"}}
        shop = {
            "slug": "shop",
            "name": "Shop",
            "mode": "auto",
            "webhook_secret": "env:ECHO_SECRET",
            "dialogue": {"disclose": False},
        }
        rig = await rig_of({**shop, "plugins": [{"name": "parrot"}, echo]}, plugins=[parrot, plugin])

        message = {"id": "1", "from": "ann", "text": "Are you open?"}
        response = await rig.http.post("/echo/shop", json=message, headers={"x-webhook-secret": "s3cret"})

        assert response.status_code == 200
        await rig.until(lambda: target.count(1))
        assert target.taken[0]["text"] == "You said: Are you open?"


async def test_the_manifest_keeps_the_contract() -> None:
    settings = EchoSettings.model_validate({"url": "http://127.0.0.1", "token": "t0ken"})
    async with httpx.AsyncClient() as http:
        hooks = Echo(settings, make_resources(plugin, http))
    assert conforms(plugin, hooks) == []
