"""A recogniser whose words are scripted, behind the real decoder; notes are really encoded."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
import soundfile
from truffles_speech_local.plugin import SpeechLocal, plugin
from truffles_speech_local.settings import LocalSpeechSettings
from truffles_speech_local.sound import Sound

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent
from truffles_gateway.speech import Heard
from truffles_gateway.testing import AlarmsInMemory, make_resources


def tone(seconds: float = 1.0, rate: int = 48_000, kind: tuple[str, str] = ("OGG", "OPUS"), channels: int = 1) -> bytes:
    """A tone, encoded as a voice note is."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    file = io.BytesIO()
    soundfile.write(file, np.repeat(wave[:, None], channels, axis=1), rate, format=kind[0], subtype=kind[1])
    return file.getvalue()


class ScriptedEars:
    """Says what it is told, and remembers what it was given. While `deaf` it listens for ever, as long as somebody waits."""

    def __init__(self, heard: Heard) -> None:
        self.heard, self.sounds, self.deaf, self.stopped = heard, list[Sound](), False, Event()

    def listen(self, sound: Sound, given_up: Event) -> Heard:
        self.sounds.append(sound)
        if self.deaf and given_up.wait(30):
            self.stopped.set()
        return self.heard


class ScriptedEngine:
    """Models by the name of their folder; one that is not told of cannot be loaded."""

    def __init__(self) -> None:
        self.ears: dict[str, ScriptedEars] = {}
        self.loaded: list[str] = []

    def says(self, model: str, text: str, confidence: float = 0.9) -> ScriptedEars:
        """What a model hears."""
        made = self.ears[model] = ScriptedEars(Heard(text=text, confidence=confidence))
        return made

    def check(self, folder: Path) -> None:
        """Any folder will do."""

    def load(self, folder: Path) -> ScriptedEars:
        if folder.name not in self.ears:
            raise ConfigError(f"{folder} cannot be loaded", cure="Unpack it anew")
        self.loaded.append(folder.name)
        return self.ears[folder.name]


class Bench:
    """A tenant's plugin object, and the short ways to call it."""

    def __init__(
        self, hooks: SpeechLocal, engine: ScriptedEngine, alarms: AlarmsInMemory, blobs: dict[str, bytes]
    ) -> None:
        self.hooks, self.engine, self.alarms, self._blobs = hooks, engine, alarms, blobs

    async def hear(self, data: bytes) -> Inbound | None:
        """A turn of one voice note."""
        blob = hashlib.sha256(data).hexdigest()
        self._blobs[blob] = data
        note = Attachment(content=Content.AUDIO, mime="audio/ogg", voice=True, blob=blob, size=len(data))
        event = InboundEvent(channel="test", event_id="1", content=Content.AUDIO, attachments=(note,))
        return await self.hooks.on_inbound(Inbound(text="", events=(event,), attachments=(note,)))


@pytest_asyncio.fixture
async def bench_of() -> AsyncIterator[Callable[..., Bench]]:
    """Makes a tenant's object: `bench_of(seconds=1)`. It has a Russian model and a Kazakh one."""
    made: list[Bench] = []
    async with httpx.AsyncClient(trust_env=False) as http:

        def make(**given: Any) -> Bench:
            models = {"ru": "/models/ru", "kk": "/models/kk"}
            settings = LocalSpeechSettings.model_validate({"models": models, **given})
            engine, alarms, blobs = ScriptedEngine(), AlarmsInMemory(), dict[str, bytes]()
            hooks = SpeechLocal(settings, make_resources(plugin, http, alarms=alarms, blobs=blobs), engine)
            made.append(Bench(hooks, engine, alarms, blobs))
            return made[-1]

        yield make
        for bench in made:
            await bench.hooks.close()


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client for resources that never use it."""
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    return tone
