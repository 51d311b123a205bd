"""What the tests stand on: the audio API's simulator behind a real socket, a real HTTP client, a clock that is moved."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_speech_openai.plugin import SpeechOpenai, plugin
from truffles_speech_openai.settings import OpenaiSpeechSettings
from truffles_speech_openai.simulator import AudioApi

from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent
from truffles_gateway.testing import AlarmsInMemory, CountersInMemory, make_resources

KEY = "sk-key-of-tests-77aa"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


class Bench:
    """A tenant's plugin object, and the short ways to call it."""

    def __init__(self, hooks: SpeechOpenai, alarms: AlarmsInMemory, counters: CountersInMemory) -> None:
        self.hooks, self.alarms, self.counters = hooks, alarms, counters
        self.blobs: dict[str, bytes] = {}

    def note(self, sound: bytes = b"OggS-one", **more: Any) -> Attachment:
        """A voice note that the host keeps."""
        blob = hashlib.sha256(sound).hexdigest()
        self.blobs[blob] = sound
        given = {"content": Content.AUDIO, "mime": "audio/ogg", "voice": True, "seconds": 3.0, "blob": blob}
        return Attachment(**{**given, **more})

    async def hear(self, *notes: Attachment) -> Inbound | None:
        """A turn of these notes, each an event."""
        parts = notes or (self.note(),)
        events = tuple(
            InboundEvent(channel="test", event_id=str(number), content=Content.AUDIO, attachments=(part,))
            for number, part in enumerate(parts)
        )
        return await self.hooks.on_inbound(Inbound(text="", events=events, attachments=parts))


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


@pytest_asyncio.fixture
async def api() -> AsyncIterator[AudioApi]:
    async with AudioApi() as simulator:
        yield simulator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bench_of(api: AudioApi, http: httpx.AsyncClient, clock: Clock) -> Callable[..., Bench]:
    """Makes a tenant's object that speaks to the simulator: `bench_of(retries=0)`."""

    def make(*, resources: dict[str, Any] | None = None, **given: Any) -> Bench:
        settings = OpenaiSpeechSettings.model_validate({"api_key": KEY, "base_url": api.url, "retries": 0, **given})
        alarms, counters, blobs = AlarmsInMemory(), CountersInMemory(clock), dict[str, bytes]()
        host = make_resources(
            plugin, http, clock=clock, counters=counters, alarms=alarms, blobs=blobs, **(resources or {})
        )
        bench = Bench(SpeechOpenai(settings, host), alarms, counters)
        bench.blobs = blobs
        return bench

    return make


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    return bench_of()
