"""The yardstick: a bare ASGI application on the gateway's own server that reads the body and answers."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from truffles_gateway.web.server import listen, serve, url

ANSWER = b'{"accepted": 1, "duplicates": 0, "correlation_id": "0123456789abcdef"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, answer 200."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def main() -> None:
    """Serve on any free port until killed."""
    listening = listen("127.0.0.1", 0)
    print(f"ready {url(listening)}", flush=True)
    await serve(app, listening, asyncio.Event().wait, drain=0.1)


if __name__ == "__main__":
    uvloop.run(main())  # the loop that `truffles serve` runs on
