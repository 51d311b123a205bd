"""The one thread on which models and embedded Qdrant run: both block, and local Qdrant is not thread-safe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE = 5.0


class Worker:
    """Runs calls one after another on a thread of its own. Holds no tenant's state.

    A queued call whose caller is cancelled (the turn's time was up) is never run: cancelling the task that awaits it
    cancels the future in the queue, and the executor passes that over.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rag")
        self._since: float | None = None

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call`, without holding up the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._timed, partial(call, *args, **kwargs))

    def _timed(self, call: Callable[[], T]) -> T:
        self._since = time.monotonic()
        try:
            return call()
        finally:
            self._since = None

    def check(self, patience: float = PATIENCE) -> str:
        """ "" unless one call has held the thread for so long that all others run out of time."""
        since = self._since
        held = time.monotonic() - since if since is not None else 0.0
        return f"the search has been busy with one call for {held:.0f} s" if held > patience else ""


@cache
def shared_worker() -> Worker:
    """One thread a process, however many tenants there are: two cores gain nothing from more."""
    return Worker()
