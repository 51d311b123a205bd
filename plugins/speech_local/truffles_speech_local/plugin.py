"""The plugin: voice notes become text on this machine, in threads that nobody waits for longer than the time allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Attachment, Inbound
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_gateway.speech import Heard, NotHeard, Transcriber
from truffles_speech_local.engine import Ears, Engine
from truffles_speech_local.settings import LocalSpeechSettings
from truffles_speech_local.sound import decode
from truffles_speech_local.vosk_engine import Vosk

Value = TypeVar("Value")


class SpeechLocal:
    """One tenant's hooks, and the recogniser that they use. Raises `ConfigError` where a model is missing."""

    def __init__(self, settings: LocalSpeechSettings, resources: Resources, engine: Engine | None = None) -> None:
        self._engine, self._max_seconds = engine or Vosk(), settings.max_seconds
        self._folders = {language: Path(folder).expanduser() for language, folder in settings.models.items()}
        for folder in self._folders.values():
            self._engine.check(folder)
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix=f"speech-{resources.tenant}")
        self._transcriber = Transcriber(self, settings, resources)
        self._ears: dict[str, Ears] = {}

    @hookimpl
    async def on_inbound(self, message: Inbound) -> Inbound | None:
        """The words of the voice notes, on them and in the text."""
        return await self._transcriber.transcribe(message)

    async def hear(self, sound: bytes, note: Attachment) -> Heard:
        """One note, by every model; the most confident one counts."""
        given_up = Event()
        try:
            samples = await self._in_a_thread(partial(decode, sound, self._max_seconds, given_up))
            ears = [await self._model(language) for language in self._folders]
            heard = await asyncio.gather(*(self._in_a_thread(partial(each.listen, samples, given_up)) for each in ears))
        finally:
            given_up.set()  # where the time is up, the threads stop at their next piece
        return max(heard, key=lambda each: (bool(each.text), each.confidence))

    async def warm_up(self) -> None:
        """Load the models, so that no first note runs out of time."""
        for language in self._folders:
            await self._model(language)

    async def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def report(self) -> list[str]:
        """A line for each model, once it is loaded. Raises `ConfigError` for one that cannot be."""
        await self.warm_up()
        return [f"{language}: {folder} is loaded" for language, folder in self._folders.items()]

    async def _model(self, language: str) -> Ears:
        if language not in self._ears:
            try:
                self._ears[language] = await self._in_a_thread(partial(self._engine.load, self._folders[language]))
            except ConfigError as problem:
                raise NotHeard(str(problem), alarm=True) from problem
        return self._ears[language]

    async def _in_a_thread(self, work: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


async def check(hooks: SpeechLocal) -> Sequence[str]:
    """Load the models, and say whether they can be."""
    return await hooks.report()


plugin = Plugin(
    name="speech_local",
    version="0.1.0",
    summary="Voice notes become text on this machine, with models that the operator supplies.",
    settings=LocalSpeechSettings,
    create=SpeechLocal,
    actions={"check": check},
)
