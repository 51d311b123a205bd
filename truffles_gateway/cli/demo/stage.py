"""The performance: set up, play, sum up, and take everything away again, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx

from truffles_gateway.cli.demo import keep as kept
from truffles_gateway.cli.demo.house import built
from truffles_gateway.cli.demo.play import Play
from truffles_gateway.cli.demo.scenes import SCENES
from truffles_gateway.cli.demo.screen import Screen
from truffles_gateway.cli.demo.talk import talk
from truffles_gateway.errors import TrufflesError

INTERRUPTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def perform(folders: Sequence[Path], *, keep: bool = False, until: int = len(SCENES)) -> int:
    """Play the demo; the exit code: 0 if every step happened, 1 if one did not, 128 + signal if it was interrupted."""
    return asyncio.run(_until_interrupted(_perform(folders, keep=keep, until=until)))


async def _until_interrupted(work: Coroutine[Any, Any, int]) -> int:
    """The first signal cancels; later ones change nothing, so that nobody interrupts the cleaning up."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    caught: list[int] = []

    def interrupted(number: int) -> None:
        if not caught:
            task.cancel()
        caught.append(number)

    for each in INTERRUPTS:
        loop.add_signal_handler(each, interrupted, each)
    try:
        return await task
    except asyncio.CancelledError:
        _say("\ninterrupted; everything was stopped and removed")
        return 128 + caught[0]


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)


async def _perform(folders: Sequence[Path], *, keep: bool, until: int) -> int:
    screen = Screen()
    screen.console.print("[bold]Truffles Gateway: an AI front desk for small businesses, live[/]")
    screen.print(
        "Everything here is real but the people: PostgreSQL, HTTP, processes, two businesses' facts. WhatsApp and Telegram "
        "are simulators; the model is a double whose words are scripted. Setting up:", style="dim",
    )  # fmt: skip
    async with built(folders, screen) as house:
        play, began = Play(house, screen), time.monotonic()
        for scene in SCENES[:until]:
            await _play(play, scene)
        code = _sum_up(screen, time.monotonic() - began)
        with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is the ordinary end here
            if keep:
                await kept.show_lines(play)
            if sys.stdin.isatty() and sys.stdout.isatty():
                await talk(play)
            if keep:
                await kept.stay(play)
    return code


async def _play(play: Play, scene: Callable[[Play], Awaitable[None]]) -> None:
    """One scene; whatever stops it is a check that failed."""
    try:
        await scene(play)
    except (TrufflesError, httpx.HTTPError, LookupError, ValueError) as problem:
        play.screen.check("the scene was played to its end", False, "no error", f"{type(problem).__name__}: {problem}")
    play.screen.end()


def _sum_up(screen: Screen, seconds: float) -> int:
    screen.console.print()
    if not screen.failed:
        screen.console.print(f"[bold green]✓ All {len(screen.checks)} steps happened, in {seconds:.0f} s.[/]")
        return 0
    screen.console.print(f"[bold red]✗ {len(screen.failed)} of {len(screen.checks)} steps did not happen:[/]")
    for each in screen.failed:
        screen.print(f"✗ {each.what}", indent=2, style="red")
    return 1
