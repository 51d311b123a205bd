"""`truffles serve` without the command line: a gateway from the environment's settings, until SIGTERM."""

from __future__ import annotations

import asyncio
import signal

from truffles_gateway.app import Gateway
from truffles_gateway.observability import set_up_logging
from truffles_gateway.settings import Settings
from truffles_gateway.web.server import listen, make_app, serve, url


async def main() -> None:
    """Serve and work."""
    settings = Settings.load()
    set_up_logging(settings.log_level, settings.log_format)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sock = listen(settings.host, settings.port)
    async with Gateway(settings) as gateway:
        gateway.start()
        print(f"truffles listens at {url(sock)}", flush=True)  # noqa: T201 - what the parent waits for
        await serve(make_app(gateway), sock, stop.wait, drain=settings.drain_seconds)


asyncio.run(main())
