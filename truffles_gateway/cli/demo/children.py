"""The demo's processes: each started as an operator would start it, none outliving the demo."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from truffles_gateway.errors import TrufflesError

LEASH = Path(__file__).with_name("leash.py")
TRUFFLES = (sys.executable, "-m", "truffles_gateway")
START_SECONDS = 60.0
STOP_SECONDS = 8.0
KEPT_LINES = 400


class ChildFailed(TrufflesError):
    """A process of the demo ended, or did not start, against expectation; the message has its last words."""


class Child:
    """One process: what it says is read until it ends."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, ready: Sequence[str]) -> None:
        self.name, self._process, self._ready_words = name, process, ready
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.url = ""
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self._process.returncode is None

    async def _read(self) -> None:
        while self._process.stdout is not None and (line := await _line(self._process.stdout)):
            text = line.decode(errors="replace").rstrip()
            self.lines.append(text)
            if not self._ready.is_set() and any(word in text for word in self._ready_words):
                self.url = next((word.strip('",') for word in text.split() if "http://" in word), "")
                self._ready.set()
        await self._process.wait()
        self._ready.set()

    async def ready(self) -> None:
        """Wait until it says that it is ready. Raises `ChildFailed` with its last words if it ends instead."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise ChildFailed(f"{self.name} was not ready within {START_SECONDS:g} s{self._last_words()}") from None
        if not self.running:
            raise ChildFailed(f"{self.name} ended with code {self._process.returncode}{self._last_words()}")

    def _last_words(self) -> str:
        return ":\n" + "\n".join(list(self.lines)[-12:]) if self.lines else ""

    def freeze(self) -> None:
        """Hold it as it is, like a machine that hangs; `wake` lets it go on."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`."""
        os.kill(self.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        code = await self._process.wait()
        await asyncio.wait([self._reading], timeout=2)
        return code

    async def succeeded(self) -> None:
        """Wait for its end. Raises `ChildFailed` with its last words if that is a failure."""
        code = await self.ended()
        if code:
            raise ChildFailed(f"{self.name} ended with code {code}{self._last_words()}")

    async def stop(self) -> int:
        """Ask it to end; after a while, make it."""
        for order in (signal.SIGTERM, signal.SIGKILL):
            if self.running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, order)
                    self.wake()  # a frozen process would not hear the first
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    return await self.ended()
        raise ChildFailed(f"{self.name} (process {self.pid}) does not end")


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; of one that is too long, what follows its beginning. b"" at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"...\n"


class Children:
    """All processes of the demo."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._all: list[Child] = []

    async def start(
        self, name: str, command: Sequence[str], ready: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process; `ready` are words of the line with which it says that it is ready. Does not wait for it."""
        child = Child(name, await self._spawn(command, environment, output=asyncio.subprocess.PIPE), ready)
        self._all.append(child)
        return child

    async def _spawn(
        self, command: Sequence[str], environment: Mapping[str, str] | None, *, output: int | None
    ) -> asyncio.subprocess.Process:
        """In a session of its own: a Ctrl-C at the terminal is for the demo, which ends its processes in order."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command,
            env=self.environment | dict(environment or {}), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=asyncio.subprocess.STDOUT if output else None,
        )  # fmt: skip

    async def run(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> list[str]:
        """Run a command to its end and return what it printed; raises `ChildFailed` if it fails."""
        child = await self.start(name, command, (), environment)
        await child.succeeded()
        return list(child.lines)

    async def watch(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, tty: bool) -> list[str]:
        """As `run`; at a terminal the command draws its progress there itself, and nothing is returned."""
        if not tty:
            return await self.run(name, command, environment)
        sys.stdout.flush()
        process = await self._spawn(command, environment, output=None)
        child = Child(name, process, ())
        self._all.append(child)
        await child.succeeded()
        return []

    async def stop(self) -> None:
        """End them all."""
        ends = await asyncio.gather(*(child.stop() for child in self._all), return_exceptions=True)
        self._all.clear()
        for problem in ends:
            if isinstance(problem, BaseException):
                raise problem
