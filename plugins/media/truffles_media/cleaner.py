"""Files of strangers are opened in a process of their own, one for each, which may do nothing but that.

A decoder that crashes, hangs or eats memory takes one file with it (ADR 0034). What comes back is looked at like any other
foreign bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from truffles_media.documents import look_through_sound
from truffles_media.faults import Fault, FileRefused
from truffles_media.sandbox import LARGEST_OUTPUT, OUT_OF_MEMORY, PIXELS
from truffles_media.sniff import sniff

AT_ONCE = 2
"""Processes at the same time, whoever's files they open: each may take a gigabyte."""
SECONDS = 7.0
_FAREWELL = 1.0
_PIECE = 256 * 1024
_LONGEST_HEAD = 4096
_SANDBOX = (sys.executable, "-I", "-B", "-m", "truffles_media.sandbox")
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TOO_MUCH = frozenset({signal.SIGXCPU, signal.SIGKILL, signal.SIGXFSZ})
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What may be kept and handed on.

    mime            of `data`: another one than was given where the format was one that few can open
    width, height   pixels of a picture that is held upright; 0 of what is no picture
    """

    data: bytes
    mime: str
    width: int = 0
    height: int = 0


class Cleaner:
    """Opens pictures and documents in a sandbox. `command` is the sandbox: only a test names another one."""

    def __init__(self, *, command: Sequence[str] = _SANDBOX, seconds: float = SECONDS) -> None:
        self._command, self._seconds = tuple(command), seconds

    async def clean(self, data: bytes, mime: str) -> Cleaned:
        """A picture without metadata, or another file as it is.

        Raises `FileRefused` for what may not pass, and `RuntimeError` where the sandbox itself does not work.
        """
        if mime.startswith("audio/"):  # handed on as it came, and nobody's decoder here opens it
            await asyncio.to_thread(look_through_sound, data)
            return Cleaned(data=data, mime=mime)
        async with _gate():
            told, made = await self._open(data, mime)
        if "refused" in told:
            raise _refusal(told)
        return _believed(told, made) if mime.startswith("image/") else Cleaned(data=data, mime=mime)

    async def _open(self, data: bytes, mime: str) -> tuple[dict[str, object], bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._command, mime, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/", start_new_session=True
        )
        try:
            async with asyncio.timeout(self._seconds):
                answer = await _talk(process, data)
                status = await process.wait()
        except TimeoutError as problem:
            raise FileRefused(Fault.UNCHECKED, f"took longer than {self._seconds:g} s") from problem
        finally:
            await _end(process)
        return _read(answer, status)


def _gate() -> asyncio.Semaphore:
    """All tenants of a process share its memory."""
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


async def _talk(process: Process, data: bytes) -> bytes:
    """Feed it and hear what it says at the same time: it may answer before it has read everything."""
    feeding = asyncio.create_task(_feed(process, data))
    try:
        return await _hear(process)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _feed(process: Process, data: bytes) -> None:
    assert process.stdin
    try:
        process.stdin.write(data)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it ended early; how, its status tells
    finally:
        process.stdin.close()


async def _hear(process: Process) -> bytes:
    assert process.stdout
    heard = bytearray()
    while piece := await process.stdout.read(_PIECE):
        heard += piece
        if len(heard) > LARGEST_OUTPUT:
            raise FileRefused(Fault.BOMB, "a picture that becomes too large")
    return bytes(heard)


async def _end(process: Process) -> None:
    """Nothing of it is left, however it went. What it wrote is read to its end: until then asyncio goes on waiting."""
    if process.returncode is not None:
        return
    assert process.stdout
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the process, and whatever it started
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL):
            while await process.stdout.read(_PIECE):
                pass
            await process.wait()


def _read(answer: bytes, status: int) -> tuple[dict[str, object], bytes]:
    """The line and the bytes behind it. Raises for a process that ended in another way than by answering."""
    if status < 0:
        fault = Fault.BOMB if -status in _TOO_MUCH else Fault.UNCHECKED if -status == signal.SIGALRM else Fault.BROKEN
        raise FileRefused(fault, f"the decoder ended with {signal.Signals(-status).name}")
    if status == OUT_OF_MEMORY:
        raise FileRefused(Fault.BOMB, "the decoder had not memory enough")
    if status:
        raise RuntimeError(f"the sandbox ended with status {status}. Are Pillow and pi-heif installed?")
    head, _, made = answer.partition(b"\n")
    try:
        told = json.loads(head[:_LONGEST_HEAD])
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise FileRefused(Fault.BROKEN, "the decoder gives no answer")
    return told, made


def _refusal(told: dict[str, object]) -> FileRefused:
    known = {fault.value: fault for fault in Fault}
    return FileRefused(known.get(str(told["refused"]), Fault.BROKEN), str(told.get("why", "")))


def _believed(told: dict[str, object], made: bytes) -> Cleaned:
    """Who has taken over the decoder may say anything: what it gives must be a picture of a known kind and size."""
    mime, width, height = told.get("mime"), told.get("width"), told.get("height")
    if not (isinstance(mime, str) and mime in _PICTURES and sniff(made) == mime):
        raise FileRefused(Fault.BROKEN, "the decoder gives no picture")
    if not (isinstance(width, int) and isinstance(height, int) and 0 < width * height <= PIXELS):
        raise FileRefused(Fault.BROKEN, "the decoder gives no size")
    return Cleaned(data=made, mime=mime, width=width, height=height)
