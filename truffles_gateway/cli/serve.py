"""`truffles serve` and `truffles worker`."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import Any

import click

from truffles_gateway.app import Gateway
from truffles_gateway.cli.common import run
from truffles_gateway.observability import logger, set_up_logging
from truffles_gateway.settings import Settings

PATIENCE = 60
log = logger("serve")


@click.command()
@click.option("--host", help="Address to listen at (HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; 0 takes any free one (PORT).")
@click.option("--no-worker", is_flag=True, help="Only accept; `truffles worker` processes do the rest.")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """Serve webhooks, health and admin pages and, in the same process, work on what comes in.

    Without DATABASE_URL a private PostgreSQL is started in TRUFFLES_DATA_DIR. SIGTERM ends it cleanly: what runs is
    finished, what waits is safe in the database.

    Example: truffles serve --port 8080
    """
    given: dict[str, Any] = {"host": host, "port": port}
    settings = Settings.load().model_copy(update={name: value for name, value in given.items() if value is not None})
    raise SystemExit(run(_serve(settings, work=not no_worker)))


@click.command()
def worker() -> None:
    """Work on what comes in: as many such processes as wanted share one database.

    Example: truffles worker
    """
    raise SystemExit(run(_work(Settings.load())))


async def _serve(settings: Settings, *, work: bool) -> int:
    from truffles_gateway.web.server import listen, make_app, serve, url

    set_up_logging(settings.log_level, settings.log_format)
    stop = _stop_on_signals()
    sock = listen(settings.host, settings.port)
    async with Gateway(settings, patience=PATIENCE) as gateway:
        gateway.start(work=work)
        _settle_memory()
        click.echo(f"truffles listens at {url(sock)}")
        log.info("serving", url=url(sock), worker=work, tenants=sum(1 for _ in gateway.registry))
        await serve(make_app(gateway), sock, lambda: _either(stop, gateway.failed), drain=settings.drain_seconds)
        return int(gateway.failed.is_set())


async def _work(settings: Settings) -> int:
    set_up_logging(settings.log_level, settings.log_format)
    stop = _stop_on_signals()
    async with Gateway(settings, patience=PATIENCE) as gateway:
        gateway.start()
        _settle_memory()
        log.info("working", tenants=sum(1 for _ in gateway.registry))
        await _either(stop, gateway.failed)
        return int(gateway.failed.is_set())


def _settle_memory() -> None:
    """What is loaded by now stays for good: keep the garbage collector from walking through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _stop_on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    return stop


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
