"""A gateway in a process of its own, for tests that kill it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

ADDRESS = "http://"


class Process:
    """A server in a process of its own, ready when it prints `words`, without them "ready" or where it listens; then `url`
    is the address in that line."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], words: str = "") -> None:
        self._command, self._environment = command, environment
        self._signs = (words,) if words else ("ready", ADDRESS)
        self.url = ""
        self.output: list[str] = []

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**os.environ, **self._environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        async with asyncio.timeout(30):
            await self._ready.wait()
        if self._process.returncode is not None and not self.url:
            raise RuntimeError(f"{' '.join(self._command)} ended at once:\n" + "\n".join(self.output))
        return self

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self.output.append(text)
            if any(sign in text for sign in self._signs):
                self.url = self.url or next((word for word in text.split() if word.startswith(ADDRESS)), "")
                self._ready.set()
        await self._process.wait()
        self._ready.set()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        if self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)
        await self.ended()

    async def ended(self) -> int:
        """Wait for the end; the exit code (negative: a signal)."""
        return await self._process.wait()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(15):
                    await self.ended()
            except TimeoutError:
                await self.kill()
        await asyncio.wait([self._reading])


class GatewayProcess(Process):
    """`truffles serve` or `truffles worker`, started as an operator would."""

    def __init__(self, command: str, environment: Mapping[str, str], *arguments: str) -> None:
        super().__init__((sys.executable, "-m", "truffles_gateway", command, *arguments), environment)
