"""The plugin: voice notes become text, within a budget, and never at the cost of a message."""

from __future__ import annotations

import asyncio
import math
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Attachment, Inbound
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_gateway.speech import Heard, NotHeard, Transcriber
from truffles_speech_openai.circuit import Circuit
from truffles_speech_openai.client import Client, Outage
from truffles_speech_openai.settings import OpenaiSpeechSettings

USUAL_BYTES = 2_000
"""Of a second of a voice note. What its sender tells of its length can make it count for more, never for less."""
BOUNDLESS = 10**15


class SpeechOpenai:
    """One tenant's hooks, and the recogniser that they use."""

    def __init__(self, settings: OpenaiSpeechSettings, resources: Resources) -> None:
        names = tuple(dict.fromkeys((*settings.words, *resources.branches.values())))
        self._client = Client(settings, resources.http, resources.log, names, resources.languages)
        self._circuit = Circuit(
            resources.clock, failures=settings.failures, within=settings.failure_seconds, rest=settings.open_seconds
        )
        self._counters, self._clock, self._zone = resources.counters, resources.clock, ZoneInfo(resources.timezone)
        self._daily_seconds = settings.daily_minutes * 60
        self._transcriber = Transcriber(self, settings, resources)

    @hookimpl
    async def on_inbound(self, message: Inbound) -> Inbound | None:
        """The words of the voice notes, on them and in the text."""
        return await self._transcriber.transcribe(message)

    async def hear(self, sound: bytes, note: Attachment) -> Heard:
        """One note, if the day's minutes suffice. A request that failed costs nothing; one that ran out of time stays
        counted, because it may be billed."""
        if self._circuit.is_open:
            raise NotHeard("the server failed again and again and is left alone for a while", alarm=True)
        day, seconds = self._day(), _seconds(sound, note)
        if not await self._counters.add(day, seconds, limit=self._daily_seconds):
            raise NotHeard("the minutes of the day are used up (daily_minutes of speech_openai)", alarm=True)
        try:
            heard = await self._client.hear(sound, note)
        except asyncio.CancelledError:
            self._circuit.failed()
            raise
        except NotHeard as problem:
            await self._counters.add(day, -seconds, limit=BOUNDLESS)
            if isinstance(problem, Outage):
                self._circuit.failed()
            raise
        self._circuit.worked()
        return heard

    def _day(self) -> str:
        return f"seconds {self._clock.now().astimezone(self._zone).date().isoformat()}"


def _seconds(sound: bytes, note: Attachment) -> int:
    """How long a note is, at least a second."""
    return math.ceil(max(note.seconds, len(sound) / USUAL_BYTES, 1.0))


plugin = Plugin(
    name="speech_openai",
    version="0.1.0",
    summary="Voice notes become text through an audio API that speaks as OpenAI's does.",
    settings=OpenaiSpeechSettings,
    create=SpeechOpenai,
    uses_model=True,
)
