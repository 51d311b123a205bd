"""What every plugin that makes speech text does around its recogniser, open to authors: it chooses the voice notes, has them
heard side by side within the time, judges what was heard, and puts the words in their place.

    class Whisper:
        def __init__(self, settings: WhisperSettings, resources: Resources) -> None:
            self._speech = Transcriber(self, settings, resources)

        @hookimpl
        async def on_inbound(self, message: Inbound) -> Inbound | None:
            return await self._speech.transcribe(message)

        async def hear(self, sound: bytes, note: Attachment) -> Heard:
            ...

A failure is never raised: whatever fails on the way, the note stays as it is, and people hear it.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import Field

from truffles_gateway import yesno
from truffles_gateway.errors import TrufflesError
from truffles_gateway.messages import Attachment, Inbound
from truffles_gateway.plugin import PluginSettings, Resources
from truffles_gateway.texts import host_words

__all__ = ["Heard", "NotHeard", "Recogniser", "SpeechSettings", "Transcriber"]

AT_ONCE = 4
REMEMBERED = 500
MB = 1024 * 1024
SILENT, UNSURE_WHEN_SILENT, SILENT_WHEN_INVENTED = 0.6, 0.37, 0.3
"""What counts as silence: likely nobody spoke, and the words are as unsure as guesses are (e⁻¹). What recognisers are known
to invent counts as silence much sooner."""
_WORD = re.compile(r"\w+")


class SpeechSettings(PluginSettings):
    """What every recogniser can be told; a plugin's own settings are derived from it.

    seconds      for all voice notes of a turn together; the hook itself has 10 s
    max_size_mb  larger notes are left to people; in MB of 1,048,576 bytes
    max_seconds  so are longer ones, as far as the channel tells how long they are
    sure         a transcript whose confidence is below it is read back to the customer
    """

    seconds: float = Field(default=6, gt=0, le=9)
    max_size_mb: float = Field(default=2, gt=0, le=25)
    max_seconds: float = Field(default=180, ge=1, le=3600)
    sure: float = Field(default=0.5, ge=0, le=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a recogniser made of a note. `confidence` is 0..1, 1 where it does not tell; `silence` how likely nobody spoke,
    None where it does not tell."""

    text: str
    confidence: float = 1.0
    silence: float | None = None


class NotHeard(TrufflesError):
    """A recogniser could not hear a note; the text names the cause and, where there is one, the cure. `alarm`: it will not
    hear the next one either, and the owner should know."""

    def __init__(self, cause: str, *, alarm: bool = False) -> None:
        super().__init__(cause)
        self.cause, self.alarm = cause, alarm


class Recogniser(Protocol):
    """What a plugin brings."""

    async def hear(self, sound: bytes, note: Attachment) -> Heard:
        """What is said in `sound`, the bytes of `note` as they came (Ogg/Opus mostly). It is cancelled when time is up.
        Raises `NotHeard`."""
        ...


@dataclass(frozen=True, slots=True)
class _Words:
    """A judged transcript; "" where nobody spoke."""

    text: str
    doubtful: bool = False


class Transcriber:
    """One tenant's. What was heard is remembered by the note's hash, so that a turn that is thought about again pays nothing:
    the last 500 notes, in each process for itself."""

    def __init__(self, recogniser: Recogniser, settings: SpeechSettings, resources: Resources) -> None:
        self._recogniser, self._settings, self._resources = recogniser, settings, resources
        self._remembered: OrderedDict[str, _Words] = OrderedDict()

    async def transcribe(self, message: Inbound) -> Inbound | None:
        """The message with the words of its voice notes; None where it holds none that could be heard."""
        notes = {part.blob: part for part in message.attachments if self._may_be_heard(part)}
        heard = await self._all(list(notes.values())) if notes else {}
        return with_words(message, heard) if heard else None

    def _may_be_heard(self, part: Attachment) -> bool:
        if not part.voice or not part.blob or part.refused or part.transcript:
            return False
        settings = self._settings
        short = part.size <= settings.max_size_mb * MB and part.seconds <= settings.max_seconds
        if not short:
            self._log("voice note not transcribed", why="too long", size=part.size, seconds=part.seconds)
        return short

    async def _all(self, notes: Sequence[Attachment]) -> dict[str, _Words]:
        """What was said, by the note's hash; those that fail are missing."""
        gate, deadline = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop().time() + self._settings.seconds

        async def hear(note: Attachment) -> _Words:
            async with asyncio.timeout_at(deadline), gate:
                return await self._hear(note)

        results = await asyncio.gather(*map(hear, notes), return_exceptions=True)
        found: dict[str, _Words] = {}
        for note, result in zip(notes, results, strict=True):
            if isinstance(result, BaseException):
                await self._failed(result)
            elif result.text:
                found[note.blob] = result
        return found

    async def _hear(self, note: Attachment) -> _Words:
        if known := self._remembered.get(note.blob):
            return known
        sound = await self._resources.blobs.get(note.blob)
        if sound is None:
            raise NotHeard("its bytes are not kept any more")
        if len(sound) > self._settings.max_size_mb * MB:
            raise NotHeard(f"it has {len(sound)} bytes")
        words = judged(await self._recogniser.hear(sound, note), self._settings.sure)
        self._remembered[note.blob] = words
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return words

    async def _failed(self, problem: BaseException) -> None:
        cause = f"took longer than {self._settings.seconds:g} s" if isinstance(problem, TimeoutError) else ""
        cause = cause or (problem.cause if isinstance(problem, NotHeard) else f"{type(problem).__name__}: {problem}")
        self._log("voice note not transcribed", why=cause)
        if isinstance(problem, NotHeard) and problem.alarm:
            await self._tell_the_owner(cause)

    async def _tell_the_owner(self, cause: str) -> None:
        """Once a day; a failure is logged, for no customer waits for an alarm."""
        host = self._resources
        day = host.clock.now().astimezone(ZoneInfo(host.timezone)).date().isoformat()
        text = host.texts.get("alarm_speech", next(iter(host.languages), "ru"), problem=cause)
        try:
            await host.alarms.raise_(f"speech {day}", text)
        except Exception as error:  # noqa: BLE001 - the note goes to people all the same
            self._log("alarm not raised", why=type(error).__name__)

    def _log(self, event: str, **fields: object) -> None:
        self._resources.log.warning(event, **fields)


def judged(heard: Heard, sure: float) -> _Words:
    """The words, if anybody spoke, and whether they may be wrong. "Да" and its like are sure enough, however short."""
    text = " ".join(heard.text.split())
    if not text or _is_silence(text, heard):
        return _Words("")
    return _Words(text, doubtful=heard.confidence < sure and yesno.read(text) is None)


def _is_silence(text: str, heard: Heard) -> bool:
    if " ".join(_WORD.findall(text.lower())) in _invented():
        return heard.silence is None or heard.silence >= SILENT_WHEN_INVENTED
    return heard.silence is not None and heard.silence > SILENT and heard.confidence < UNSURE_WHEN_SILENT


@lru_cache
def _invented() -> frozenset[str]:
    return frozenset(host_words("speech", "invented"))


def with_words(message: Inbound, heard: Mapping[str, _Words]) -> Inbound:
    """The message with what was heard, by hash: on the attachments, and in the text where each note stands among its lines."""
    parts = tuple(_spoken(part, heard.get(part.blob)) for part in message.attachments)
    new = {part.key: part.transcript for part in parts if part.blob in heard}
    lines, at = message.text.split("\n") if message.text else [], 0
    for event in message.events:
        at = _behind(lines, event.text.strip(), at)
        said = [new.pop(part.key) for part in event.attachments if part.key in new]
        lines[at:at] = said
        at += len(said)
    return message.with_(text="\n".join([*lines, *new.values()]), attachments=parts)


def _spoken(part: Attachment, words: _Words | None) -> Attachment:
    return replace(part, transcript=words.text, doubtful=words.doubtful) if words else part


def _behind(lines: Sequence[str], text: str, at: int) -> int:
    """Where a text that stands in `lines`, not before `at`, ends; `at` if it does not: somebody has rewritten it."""
    wanted = text.split("\n") if text else []
    for start in range(at, len(lines) - len(wanted) + 1):
        if wanted and list(lines[start : start + len(wanted)]) == wanted:
            return start + len(wanted)
    return at
