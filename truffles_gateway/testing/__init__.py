"""The kit for plugin authors and for the gateway's own tests: a real gateway on loopback, a clock to move, plain doubles.

    async def test_echo(rig_of):
        rig = await rig_of({"slug": "shop", "name": "Shop", "mode": "auto", "plugins": [{"name": "echo"}]})
        await rig.post("/message", client_slug="shop", remote_jid="1", content="hi", channel="echo")

The fixtures `database_url`, `moved_clock` and `rig_of` come with `pytest_plugins = ["truffles_gateway.testing.fixtures"]`.
"""

from __future__ import annotations

from truffles_gateway.clock import SystemClock
from truffles_gateway.files import ChannelFiles
from truffles_gateway.testing.clock import MovedClock
from truffles_gateway.testing.conformance import conforms
from truffles_gateway.testing.doubles import (
    AlarmsInMemory,
    BlobsInMemory,
    CountersInMemory,
    DeskInMemory,
    KnowledgeInMemory,
    LearnedInMemory,
    LinksInMemory,
    WriterInMemory,
    make_resources,
    make_turn,
    prompter_of,
    texts_of,
)
from truffles_gateway.testing.media import jpeg
from truffles_gateway.testing.process import GatewayProcess
from truffles_gateway.testing.rig import Rig
from truffles_gateway.testing.target import HttpTarget, Sent

__all__ = [
    "AlarmsInMemory",
    "BlobsInMemory",
    "ChannelFiles",
    "CountersInMemory",
    "DeskInMemory",
    "GatewayProcess",
    "HttpTarget",
    "KnowledgeInMemory",
    "LearnedInMemory",
    "LinksInMemory",
    "MovedClock",
    "Rig",
    "Sent",
    "SystemClock",
    "WriterInMemory",
    "conforms",
    "jpeg",
    "make_resources",
    "make_turn",
    "prompter_of",
    "texts_of",
]
