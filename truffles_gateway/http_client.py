"""The one HTTP client of a process, which all plugins share: a pool of connections for each host."""

from __future__ import annotations

import httpx

SECONDS = 30.0
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=20)
Origin = tuple[str, str, int | None]


class PoolPerHost(httpx.AsyncBaseTransport):
    """A provider that hangs keeps its own pool busy and nobody else's.

    It is cheaper, too: the library looks at every idle connection of a pool for each request and each response, whoever
    they belong to, which took an eighth of a turn. Hosts are those of the tenants' settings, so they are few.
    """

    def __init__(self, limits: httpx.Limits = LIMITS) -> None:
        self._limits, self._tls = limits, httpx.create_ssl_context(trust_env=False)
        self._pools: dict[Origin, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it through the pool of its host."""
        origin = (request.url.scheme, request.url.host, request.url.port)
        pool = self._pools.get(origin)
        if pool is None:
            made = httpx.AsyncHTTPTransport(verify=self._tls, limits=self._limits, trust_env=False)
            pool = self._pools[origin] = made
        return await pool.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


def http_client() -> httpx.AsyncClient:
    """A client that takes nothing from the environment. Close it."""
    return httpx.AsyncClient(timeout=SECONDS, transport=PoolPerHost(), trust_env=False)
