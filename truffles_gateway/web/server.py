"""Serving over hypercorn: one socket, a clean end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from truffles_gateway.app import Gateway
from truffles_gateway.errors import ConfigError
from truffles_gateway.web.front import App, Front
from truffles_gateway.web.site import make_site


def make_app(gateway: Gateway) -> App:
    """The whole ASGI application: the doors, and Quart behind them."""
    token = gateway.settings.admin_token
    return Front(
        make_site(gateway),  # type: ignore[arg-type]
        catalog=gateway.catalog,
        registry=gateway.registry,
        committer=gateway.committer,
        put_blobs=lambda tenant, blobs: gateway.blobs(tenant.id, tenant.config).put_all(blobs),
        clock=gateway.clock,
        metrics=gateway.metrics,
        faults=gateway.faults,
        admin_token=token.get_secret_value() if token else "",
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises `ConfigError` with the cure."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as problem:
        cure = "Choose another one with --port or PORT, or stop what listens there"
        raise ConfigError(f"cannot listen at {host}:{port}: {problem.strerror}", cure=cure) from problem


def url(sock: socket.socket) -> str:
    """Where the socket can be reached from this machine."""
    host, port = sock.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


async def serve(app: App, sock: socket.socket, stop: Callable[[], Awaitable[Any]], *, drain: float = 10.0) -> None:
    """Serve until `stop` returns; then take no new connections and let those that run end."""
    config = Config()
    config.bind = [f"fd://{sock.detach()}"]  # hypercorn owns and closes it from here on
    config.accesslog = None
    config.errorlog = None
    config.graceful_timeout = drain
    config.keep_alive_timeout = 75
    config.h11_max_incomplete_size = 64 * 1024
    config.include_server_header = False

    async def stopped() -> None:
        await stop()

    await hypercorn_serve(app, config, shutdown_trigger=stopped)  # type: ignore[arg-type]
    await asyncio.sleep(0)
