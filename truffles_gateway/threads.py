"""Threads for what plugins do without `await`: what blocks in one of them holds up nobody else.

A thread cannot be ended from outside. One whose caller gave up is lost until it comes back by itself; meanwhile it
counts against its plugin, so that a plugin that hangs ties up a few threads and not the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, NamedTuple

from truffles_gateway.errors import PluginError

AT_ONCE = 4
"""Calls of one plugin of one tenant that may run side by side, lost ones included."""


class Returned(NamedTuple):
    """What a call gave or raised. Not an exception of the future: that could not carry a `StopIteration`."""

    value: Any = None
    problem: BaseException | None = None


class Threads:
    """The threads of one process: started when none is idle, then kept. They never keep the process from ending."""

    def __init__(self) -> None:
        self._idle: list[_Thread] = []
        self._closed = False

    def start(self, work: Callable[[], Any], back: Callable[[Returned], None]) -> None:
        """Run `work` in a thread, in the caller's context; `back` is told on the loop whenever the thread returns."""
        thread = self._idle.pop() if self._idle else _Thread()
        loop = asyncio.get_running_loop()

        def returned(what: Returned) -> None:
            self._keep(thread)
            back(what)

        thread.do(copy_context(), work, lambda what: loop.call_soon_threadsafe(returned, what))

    def _keep(self, thread: _Thread) -> None:
        self._idle.append(thread)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Let idle threads end now, the others when they return."""
        self._closed = True
        while self._idle:
            self._idle.pop().end()


class _Thread:
    """One thread and its letter box."""

    def __init__(self) -> None:
        self._box: SimpleQueue[tuple[Context, Callable[[], Any], Callable[[Returned], Any]] | None] = SimpleQueue()
        # A daemon, because nothing but the end of the process ends a call that hangs.
        threading.Thread(target=self._run, name="def hook", daemon=True).start()

    def do(self, context: Context, work: Callable[[], Any], back: Callable[[Returned], Any]) -> None:
        self._box.put((context, work, back))

    def end(self) -> None:
        self._box.put(None)

    def _run(self) -> None:
        while job := self._box.get():
            context, work, back = job
            try:
                back(_returned(context, work))
            except RuntimeError:  # the loop has gone, and with it everybody who could call again
                return
            del job, context, work, back  # an idle thread keeps nothing alive


def _returned(context: Context, work: Callable[[], Any]) -> Returned:
    try:
        return Returned(value=context.run(work))
    except BaseException as problem:  # noqa: BLE001 - it is raised again where the call is waited for
        return Returned(problem=problem)


class Room:
    """One plugin's share of the threads."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._free = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Future[Returned]] = set()

    @property
    def lost(self) -> int:
        """How many threads run on although nobody waits for them any more."""
        return sum(call.cancelled() for call in self._running)

    async def enter(self) -> None:
        """Wait until one more call may run; `run` must follow at once. Raises `PluginError` when all are lost."""
        if self.lost == AT_ONCE:
            raise PluginError(f"not called: {AT_ONCE} calls that ran over their limit still run, and no more may")
        await self._free.acquire()

    async def run(self, work: Callable[[], Any]) -> Any:
        """The value of `work`, or what it raised. Who gives up waiting loses the thread until it returns."""
        call: asyncio.Future[Returned] = asyncio.get_running_loop().create_future()
        try:
            self._threads.start(work, lambda what: self._back(call, what))
        except BaseException:
            self._free.release()
            raise
        self._running.add(call)
        value, problem = await call
        if problem is None:
            return value
        try:
            raise problem
        finally:
            del problem  # no cycle with its own traceback

    def _back(self, call: asyncio.Future[Returned], what: Returned) -> None:
        self._running.discard(call)
        self._free.release()
        if not call.cancelled():
            call.set_result(what)
