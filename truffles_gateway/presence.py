"""While a turn thinks, the customer sees that somebody writes, where the channel can show it. No turn waits for that."""

from __future__ import annotations

import asyncio

from truffles_gateway import loops, voice
from truffles_gateway.decision import Case
from truffles_gateway.messages import State
from truffles_gateway.observability import logger
from truffles_gateway.plugin import Typist

SECONDS = 2.0
_running: set[asyncio.Task[None]] = set()  # the loop itself holds a task only weakly
log = logger("presence")


def show(case: Case) -> None:
    """Show it in the background, unless the bot is silent here or somebody else speaks for it."""
    typist = case.tenant.typist(case.turn.channel)
    if typist is None or not _speaks(case):
        return
    task = asyncio.create_task(_show(typist, case))
    _running.add(task)
    task.add_done_callback(_running.discard)


def _speaks(case: Case) -> bool:
    """May the bot answer this turn by itself, as far as that is known before it thinks?"""
    about, now = case.conversation, case.turn.now
    muted = about.muted_until is not None and about.muted_until > now
    if case.state is State.MANAGER_ACTIVE or muted or loops.silence(case):
        return False
    silent = voice.silence(case.tenant, about) or voice.hushed(case.tenant, about, now)
    return not silent and not voice.asks_first(case.tenant, about)


async def _show(typist: Typist, case: Case) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await typist.typing(case.conversation.address, case.conversation.instance)
    except Exception as problem:  # noqa: BLE001 - a plugin's own code; the reply comes all the same
        log.info("typing was not shown", tenant=case.tenant.slug, channel=case.turn.channel, problem=repr(problem))
