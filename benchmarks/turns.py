"""Full turns per second: webhook in, rules, retrieval, answer, commit, delivered to the provider. No model.

One gateway process (web and worker) and, each in a process of its own, the provider's simulator and this generator.
Every customer asks one question about the example salon and must read one reply. The quiet period before a turn is
shortened for the throughput run and has its default in the run of lone messages, where it is subtracted.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
from _common import ENVIRONMENT, SECRET, arguments, close, request, send_all

from truffles_gateway import migrations
from truffles_gateway.app import Gateway
from truffles_gateway.postgres import temporary_postgres
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants
from truffles_gateway.tenant_config import read
from truffles_gateway.testing import GatewayProcess
from truffles_gateway.testing.process import Process

TARGET, LONE_TARGET = 100.0, 150.0
EXAMPLE = Path(__file__).parents[1] / "examples" / "demo_salon"
QUESTIONS = (
    "Сколько стоит маникюр с покрытием?",
    "Где вы находитесь?",
    "До скольки вы работаете?",
    "Можно оплатить картой?",
    "Сколько стоит женская стрижка?",
    "Есть ли у вас парковка?",
    "скока стоит педикюр?",
    "How much is a manicure?",
)


def question(jid: str, text: str) -> bytes:
    """A webhook as a provider sends it."""
    body = {
        "messageType": "text",
        "message": text,
        "metadata": {"remoteJid": jid, "messageId": uuid4().hex, "sender": "Алия", "timestamp": int(time.time())},
    }
    data = json.dumps(body, ensure_ascii=False).encode()
    return request("gateway", "/webhook/demo_salon", data, {"x-webhook-secret": SECRET})


def jid(number: int) -> str:
    """A customer's address; `number` keeps them apart."""
    return f"7700{number:07d}@s.whatsapp.net"


async def prepare(database_url: str, chatflow_url: str, quiet: float) -> None:
    """Put the example tenant and its knowledge in place."""
    raw = tomllib.loads((EXAMPLE / "tenant.toml").read_text())
    raw["webhook_secret"] = "env:BENCH_WEBHOOK_SECRET"
    raw["timing"] = {"complete": quiet, "fragment": quiet}
    outside = {"media", "llm_openai", "telegram", "learning"}  # what is measured here needs no service but WhatsApp
    raw["plugins"] = [each for each in raw["plugins"] if each["name"] not in outside] + [{"name": "desk_log"}]
    settings = next(plugin for plugin in raw["plugins"] if plugin["name"] == "chatflow")["settings"]
    settings |= {"base_url": chatflow_url, "token": "env:BENCH_CHATFLOW_TOKEN"}
    config, problems = read(raw)
    assert config is not None, problems
    async with Gateway(Settings(database_url=database_url)) as gateway:  # type: ignore[arg-type]
        await tenants.apply(gateway.database, raw, config, gateway.clock.now())
        await gateway.registry.refresh()
        tenant = gateway.registry.get("demo_salon")
        assert tenant is not None
        for writer in tenant.knowledge_writers().values():
            await writer.sync(EXAMPLE / "knowledge", lambda done, total, what: None)


async def read_by(simulator: httpx.AsyncClient, address: str, count: int) -> list[dict[str, str]]:
    """What a customer (or, without an address, everybody) has read, once it is `count` messages."""
    answer = await simulator.get("/_sim/wait", params={"jid": address, "count": count, "timeout": 60})
    messages: list[dict[str, str]] = answer.json()["messages"]
    return messages


async def throughput(gateway_url: str, simulator: httpx.AsyncClient, numbers: Sequence[int]) -> float:
    """Turns per second from the first webhook sent to the last reply read."""
    await simulator.post("/_sim/reset")
    requests = [question(jid(number), QUESTIONS[number % len(QUESTIONS)]) for number in numbers]
    start = time.perf_counter()
    await send_all(gateway_url, requests, connections=32)
    found = await read_by(simulator, "", len(numbers))
    rate = len(numbers) / (time.perf_counter() - start)
    assert sorted(message["jid"] for message in found) == sorted(map(jid, numbers)), "each reads one reply"
    return rate


async def lone(gateway_url: str, simulator: httpx.AsyncClient, numbers: Sequence[int], quiet: float) -> float:
    """Median milliseconds from sending a lone question to its reply, without the quiet period."""
    times = []
    for number in numbers:
        start = time.perf_counter()
        await send_all(gateway_url, [question(jid(number), QUESTIONS[number % len(QUESTIONS)])], connections=1)
        await read_by(simulator, jid(number), 1)
        times.append((time.perf_counter() - start - quiet) * 1000)
    print(
        f"lone message: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms, after {quiet:g} s of quiet"
    )
    return statistics.median(times)


async def measure(turns: int, runs: int) -> tuple[float, float]:
    """Median turns per second, and median milliseconds of a lone message."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(temporary_postgres(durable=True))
        simulator = await stack.enter_async_context(
            Process([sys.executable, "-m", "truffles_chatflow.simulator", "--port", "0"], ENVIRONMENT)
        )
        phones = await stack.enter_async_context(httpx.AsyncClient(base_url=simulator.url, timeout=90))
        rates = []
        for quiet in (0.05, 1.0):
            name = f"bench{int(quiet * 100)}"
            server.create_database(name)
            await asyncio.to_thread(migrations.upgrade, server.url(name))
            await prepare(server.url(name), simulator.url, quiet)
            environment = ENVIRONMENT | {"DATABASE_URL": server.url(name), "PORT": "0", "LOG_LEVEL": "warning"}
            async with GatewayProcess("serve", environment) as gateway:
                await throughput(gateway.url, phones, range(100))  # warm up
                if quiet == 1.0:
                    return statistics.median(rates), await lone(gateway.url, phones, range(5000, 5015), quiet)
                for run in range(1, runs + 1):
                    rates.append(await throughput(gateway.url, phones, range(run * 10_000, run * 10_000 + turns)))
                    print(f"run {run}: {turns} turns, {rates[-1]:.0f}/s", flush=True)
    raise AssertionError("the second round returns")


def main() -> None:
    """Parse, measure, judge."""
    os.environ.update(ENVIRONMENT)
    parser = arguments(__doc__ or "")
    parser.add_argument("--turns", type=int, default=1000, help="customers a run")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts")
    given = parser.parse_args()
    rate, latency = asyncio.run(measure(given.turns, given.runs))
    if given.check and latency > LONE_TARGET:
        print(f"a lone message takes {latency:.0f} ms besides its quiet period (target <= {LONE_TARGET:g} ms)")
        close("turns per second", 0.0, TARGET, check=True)
    close("turns per second", rate, TARGET, check=given.check, unit="/s")


if __name__ == "__main__":
    main()
