"""`kill -9` while a file is judged and fetched: it is shown once, and counted once."""

from __future__ import annotations

import asyncio
import base64
import json
import signal

import pytest
from truffles_chatflow.plugin import plugin as chatflow
from truffles_desk_log.plugin import plugin as desk_log
from truffles_media.plugin import plugin as media

from truffles_gateway.catalog import Catalog
from truffles_gateway.testing import Rig
from truffles_gateway.testing.puppet import plugin as puppet

SLUG, JID = "shop", "77000000001@s.whatsapp.net"
PDF = b"%PDF-1.7\n" + bytes(500) + b"\n%%EOF\n"


@pytest.mark.parametrize("name", ["fetch.admitted", "fetch.collected"])
async def test_killed_at(town, name: str) -> None:
    config = town.business(SLUG)
    config["plugins"].insert(0, {"name": "media"})
    config["media"] = {"rate_limit": {"count": 1}}  # counted twice, it would be one too many
    await town.apply(config)
    victim = await town.process(TRUFFLES_CRASH=f"{name}:1")
    file = {"mimetype": "application/pdf", "base64": base64.b64encode(PDF).decode(), "caption": "human please"}
    body = {"messageType": "document", "metadata": {"remoteJid": JID, "messageId": "m1"}, "mediaData": file}
    assert await town.posts(victim.url, f"/webhook/{SLUG}", body, {"x-webhook-secret": "secret-of-tests"})
    async with asyncio.timeout(10):
        assert await victim.ended() == -signal.SIGKILL, f"{name} is never reached"
    installed = Catalog.of(puppet, media, desk_log, chatflow)
    rig = await town.stack.enter_async_context(
        Rig(town.database_url, town.clock, catalog=installed, lease_seconds=1.0, heartbeat_seconds=0.3)
    )
    await town.quiet(rig)
    rows = await rig.rows("SELECT payload FROM outbox_messages WHERE payload ->> 'kind' IN ('card', 'forward')")
    shown = [json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"] for row in rows]
    files = [part for each in shown for part in each.get("attachments", ())]
    assert [bool(part["blob"]) for part in files] == [True], shown
