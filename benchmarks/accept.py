"""Accepted events per second, durably stored, against a bare ASGI application on the same server.

Both run in processes of their own and take the same requests in turn, pair by pair; quoted is the median ratio. An
accepted event was verified, parsed, cleaned and committed before its 200.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

from _common import ENVIRONMENT, SECRET, Load, arguments, close, request, send_all

from truffles_gateway import migrations
from truffles_gateway.postgres import temporary_postgres
from truffles_gateway.testing import GatewayProcess
from truffles_gateway.testing.process import Process

TARGET = 0.6
TENANT = {
    "slug": "bench",
    "name": "Bench",
    "mode": "auto",
    "dialogue": {"disclose": False},
    "webhook_secret": "env:BENCH_WEBHOOK_SECRET",
    "plugins": [
        {
            "name": "chatflow",
            "settings": {"base_url": "http://127.0.0.1:9", "token": "env:BENCH_CHATFLOW_TOKEN", "instance_id": "1"},
        }
    ],
}


def payloads(host: str, count: int) -> list[bytes]:
    """Webhooks as a provider sends them, each with an id of its own, from a thousand customers."""
    made = []
    for number in range(count):
        body = {
            "messageType": "text",
            "message": f"Сколько стоит маникюр с покрытием? {number}",
            "metadata": {
                "remoteJid": f"7700{number % 1000:07d}@s.whatsapp.net",
                "messageId": uuid4().hex,
                "sender": "Алия",
                "timestamp": 1_800_000_000,
            },
            "instanceId": "1",
        }
        data = json.dumps(body, ensure_ascii=False).encode()
        made.append(request(host, "/webhook/bench", data, {"x-webhook-secret": SECRET}))
    return made


def row(name: str, load: Load) -> str:
    """One line of the table."""
    return (
        f"{name:<10}{load.rate:>10.0f}/s   p50 {load.percentile(0.5):>7.2f} ms   p99 {load.percentile(0.99):>7.2f} ms"
    )


async def measure(count: int, pairs: int, connections: int) -> float:
    """Run the pairs, print the table, return the median ratio."""
    ratios = []
    async with AsyncExitStack() as stack:
        server = stack.enter_context(temporary_postgres(durable=True))
        server.create_database("bench")
        await asyncio.to_thread(migrations.upgrade, server.url("bench"))
        environment = ENVIRONMENT | {"DATABASE_URL": server.url("bench"), "PORT": "0", "LOG_LEVEL": "warning"}
        await apply(server.url("bench"))
        gateway = await stack.enter_async_context(GatewayProcess("serve", environment, "--no-worker"))
        bare = await stack.enter_async_context(
            Process([sys.executable, str(Path(__file__).with_name("_bare.py"))], environment)
        )
        for number in range(pairs + 1):
            plain = await send_all(bare.url, payloads("bare", count), connections=connections)
            full = await send_all(gateway.url, payloads("gateway", count), connections=connections)
            if number == 0:
                continue  # both warm up
            ratios.append(full.rate / plain.rate)
            print(row("bare", plain), row("accepted", full), f"ratio {ratios[-1]:.2f}", sep="\n", flush=True)
    return statistics.median(ratios)


async def apply(url: str) -> None:
    """Put the tenant in place."""
    from truffles_gateway.clock import SystemClock
    from truffles_gateway.store import tenants
    from truffles_gateway.store.database import Database
    from truffles_gateway.tenant_config import read

    database = Database(url)
    await database.connect()
    config, problems = read(TENANT)
    assert config is not None, problems
    await tenants.apply(database, TENANT, config, SystemClock().now())
    await database.close()


def main() -> None:
    """Parse, measure, judge."""
    os.environ.update(ENVIRONMENT)
    parser = arguments(__doc__ or "")
    parser.add_argument("--count", type=int, default=4000, help="requests a run")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each side")
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections")
    given = parser.parse_args()
    ratio = asyncio.run(measure(given.count, given.pairs, given.connections))
    close("accept, ratio to a bare ASGI application", ratio, TARGET, check=given.check)


if __name__ == "__main__":
    main()
