"""Full turns per second: webhook in, rules, retrieval, answer, commit, delivered to the provider; then once more with a
model that words the answers.

One gateway process (web and worker) and, each in a process of its own, the provider's simulator, the double of the
model's API and this generator. Every customer asks one question about the example salon and must read one reply. The
quiet period before a turn is shortened for the throughput runs and has its default in the runs of lone messages, where it
is subtracted. What the gateway itself adds to a lone turn is what remains after one request to the double and one to the
simulator, both timed by themselves.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
from _common import ENVIRONMENT, SECRET, arguments, close, request, send_all

from truffles_gateway import migrations
from truffles_gateway.app import Gateway
from truffles_gateway.postgres import PrivatePostgres, temporary_postgres
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants
from truffles_gateway.tenant_config import read
from truffles_gateway.tenant_file import whole_file
from truffles_gateway.testing import GatewayProcess
from truffles_gateway.testing.process import Process

TARGET, LONE_TARGET, ADDED_TARGET = 100.0, 150.0, 30.0
MODEL_COMMAND = (
    sys.executable,
    "-m",
    "llmock.cli",
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--log-level",
    "info",
)
SAID = "Да, всё верно: ждём вас в салоне."
DRAFT = {"sources": [f"p{number}" for number in range(1, 10)], "answer": SAID, "unanswered": [], "confidence": 0.95}
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


def plugins(chatflow_url: str, model_url: str) -> list[dict[str, object]]:
    """The tenant's plugins; with a model only if there is an address of one."""
    chatflow = {"base_url": chatflow_url, "token": "env:BENCH_CHATFLOW_TOKEN", "instance_id": "bench"}
    # No answer is remembered: the eight questions are asked again and again, and each is to go to the model.
    model = {"base_url": f"{model_url}/v1", "classify": False, "daily_tokens": 10**9, "cache_minutes": 0}
    chosen: list[dict[str, object]] = [{"name": "policy"}, {"name": "rag_qdrant"}]
    chosen += [{"name": "llm_openai", "settings": model}] if model_url else []
    return [*chosen, {"name": "answer_local"}, {"name": "desk_log"}, {"name": "chatflow", "settings": chatflow}]


async def prepare(database_url: str, chatflow_url: str, model_url: str, quiet: float) -> None:
    """Put the example tenant and its knowledge in place."""
    raw = dict(whole_file(EXAMPLE / "tenant.toml").config)
    raw |= {
        "webhook_secret": "env:BENCH_WEBHOOK_SECRET",
        "timing": {"complete": quiet, "fragment": quiet},
        "agents": [],
    }
    raw["plugins"] = plugins(chatflow_url, model_url)
    config, problems = read(raw)
    assert config is not None, problems
    async with Gateway(Settings(database_url=database_url)) as gateway:
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


async def throughput(gateway_url: str, simulator: httpx.AsyncClient, numbers: Sequence[int], said: str = "") -> float:
    """Turns per second from the first webhook sent to the last reply read; `said` stands in each of them."""
    await simulator.post("/_sim/reset")
    requests = [question(jid(number), QUESTIONS[number % len(QUESTIONS)]) for number in numbers]
    start = time.perf_counter()
    await send_all(gateway_url, requests, connections=32)
    found = await read_by(simulator, "", len(numbers))
    rate = len(numbers) / (time.perf_counter() - start)
    assert sorted(message["jid"] for message in found) == sorted(map(jid, numbers)), "each reads one reply"
    odd = next((message["text"] for message in found if said not in message["text"]), "")
    assert not odd, f"the model has not worded this: {odd}"
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


async def timed(http: httpx.AsyncClient, method: str, path: str, **request: object) -> float:
    """Median milliseconds of one request by itself."""
    times = []
    for _ in range(15):
        start = time.perf_counter()
        (await http.request(method, path, **request)).raise_for_status()  # type: ignore[arg-type]
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


async def outside(simulator: httpx.AsyncClient, model: httpx.AsyncClient) -> float:
    """Milliseconds that a turn spends at the double of the model and at the provider's simulator."""
    asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": QUESTIONS[0] * 40}]}
    sent = {
        "token": ENVIRONMENT["BENCH_CHATFLOW_TOKEN"],
        "instance_id": "bench",
        "jid": jid(9999),
        "msg": "x",
        "msg_id": "1",
    }
    there = await timed(model, "POST", "/v1/chat/completions", json=asked)
    return there + await timed(simulator, "GET", "/api/v1/send-text", params=sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Median turns per second, and median milliseconds of a lone message: in all, and spent outside of the gateway."""

    rate: float
    lone: float
    outside: float = 0.0


class Bench:
    """The servers around the gateway."""

    def __init__(self, server: PrivatePostgres, simulator: Process, phones: httpx.AsyncClient) -> None:
        self._server, self._simulator, self._phones = server, simulator, phones

    @asynccontextmanager
    async def gateway(self, name: str, model_url: str, quiet: float) -> AsyncIterator[str]:
        """A gateway on a database of its own, warmed up; its address."""
        self._server.create_database(name)
        await asyncio.to_thread(migrations.upgrade, self._server.url(name))
        await prepare(self._server.url(name), self._simulator.url, model_url, quiet)
        environment = ENVIRONMENT | {"DATABASE_URL": self._server.url(name), "PORT": "0", "LOG_LEVEL": "warning"}
        async with GatewayProcess("serve", environment) as gateway:
            await throughput(gateway.url, self._phones, range(100))
            yield gateway.url

    async def measure(self, turns: int, runs: int, model: httpx.AsyncClient | None = None) -> Figures:
        """With `model`, the double of a model's API, it words the answers."""
        rates, model_url = [], str(model.base_url).rstrip("/") if model else ""
        name, said = ("with", SAID) if model else ("without", "")
        async with self.gateway(f"{name}_crowd", model_url, 0.05) as url:
            for run in range(1, runs + 1):
                rates.append(await throughput(url, self._phones, range(run * 10_000, run * 10_000 + turns), said))
                print(f"{name} a model, run {run}: {turns} turns, {rates[-1]:.0f}/s", flush=True)
        async with self.gateway(f"{name}_lone", model_url, 1.0) as url:
            alone = await lone(url, self._phones, range(5000, 5015), 1.0)
        spent = await outside(self._phones, model) if model else 0.0
        return Figures(rate=statistics.median(rates), lone=alone, outside=spent)


async def measure(turns: int, runs: int, *, with_model: bool) -> tuple[Figures, Figures | None]:
    """Without a model, and with one."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(temporary_postgres(durable=True))
        command = [sys.executable, "-m", "truffles_chatflow.simulator", "--port", "0"]
        simulator = await stack.enter_async_context(Process(command, ENVIRONMENT))
        phones = await stack.enter_async_context(httpx.AsyncClient(base_url=simulator.url, timeout=90))
        bench = Bench(server, simulator, phones)
        plain = await bench.measure(turns, runs)
        if not with_model:
            return plain, None
        double = await stack.enter_async_context(Process(MODEL_COMMAND, ENVIRONMENT, "Uvicorn running on"))
        model = await stack.enter_async_context(httpx.AsyncClient(base_url=double.url, timeout=30))
        says = {"type": "reply", "text": json.dumps(DRAFT, ensure_ascii=False), "times": None}
        (await model.post("/_llmock/scenario", json={"behaviors": [says]})).raise_for_status()
        return plain, await bench.measure(turns, runs, model)


def in_time(plain: Figures, worded: Figures | None) -> bool:
    """Print what was measured beside the rates; is it within its targets?"""
    print(f"a lone message takes {plain.lone:.0f} ms besides its quiet period (target <= {LONE_TARGET:g} ms)")
    if worded is None:
        return plain.lone <= LONE_TARGET
    added = worded.lone - worded.outside
    print(f"the gateway adds {added:.0f} ms to a turn with a model (target <= {ADDED_TARGET:g} ms)")
    print(f"turns per second: {plain.rate:.0f} without a model, {worded.rate:.0f} with one")
    return plain.lone <= LONE_TARGET and added <= ADDED_TARGET


def main() -> None:
    """Parse, measure, judge."""
    os.environ.update(ENVIRONMENT)
    parser = arguments(__doc__ or "")
    parser.add_argument("--turns", type=int, default=1000, help="customers a run")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--no-model", action="store_true", help="only without a model")
    given = parser.parse_args()
    plain, worded = asyncio.run(measure(given.turns, given.runs, with_model=not given.no_model))
    missed = not in_time(plain, worded)
    rate = min(plain.rate, worded.rate) if worded else plain.rate
    close("turns per second", rate, TARGET, check=given.check, unit="/s", missed=missed)


if __name__ == "__main__":
    main()
