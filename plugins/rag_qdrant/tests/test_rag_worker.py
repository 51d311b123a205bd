"""The one thread: calls that nobody waits for, and calls that do not end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from truffles_rag_qdrant.worker import Worker

pytestmark = pytest.mark.asyncio


async def test_a_queued_call_whose_caller_has_gone_is_not_run() -> None:
    worker, held, ran = Worker(), threading.Event(), list[str]()
    first = asyncio.create_task(worker.run(held.wait, 10))
    gone = asyncio.create_task(worker.run(ran.append, "gone"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    held.set()
    await first
    await worker.run(ran.append, "last")
    assert ran == ["last"]


async def test_a_call_that_holds_the_thread_is_told_of() -> None:
    worker, begun, held = Worker(), threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        held.wait(10)

    assert worker.check(0.0) == ""
    call = asyncio.create_task(worker.run(hold))
    await asyncio.to_thread(begun.wait, 10)
    assert worker.check(60.0) == ""
    assert "busy with one call" in worker.check(0.0)
    held.set()
    await call
    assert worker.check(0.0) == ""


async def test_a_call_that_fails_frees_the_thread() -> None:
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        await worker.run(divmod, 1, 0)
    assert worker.check(0.0) == ""
