"""What the benchmarks share: a database of their own, load over raw sockets, a table and one closing line."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

SECRET = "secret-of-benchmarks"
ENVIRONMENT = {"BENCH_WEBHOOK_SECRET": SECRET, "BENCH_CHATFLOW_TOKEN": "token-of-benchmarks"}


@dataclass(frozen=True)
class Load:
    """What one run of requests came to. Seconds."""

    count: int
    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that `share` of the requests stay below, in milliseconds."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000


def request(host: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A POST as bytes."""
    lines = [f"POST {path} HTTP/1.1", f"host: {host}", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def send_all(url: str, requests: Sequence[bytes], *, connections: int) -> Load:
    """Send `requests` over so many keep-alive connections, each waiting for its answer; all must be 200."""
    host, port = url.removeprefix("http://").split(":")
    queue, latencies = iter(requests), list[float]()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for payload in queue:
            start = time.perf_counter()
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            answer = await reader.readexactly(length)
            if b" 200" not in head[:15]:
                raise RuntimeError(f"{head[:40]!r} {answer[:200]!r}")
            latencies.append(time.perf_counter() - start)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return Load(len(requests), time.perf_counter() - start, latencies)


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit non-zero below the target")
    return parser


def close(
    name: str, figure: float, target: float, *, check: bool, least: bool = True, unit: str = "", missed: bool = False
) -> None:
    """Print the one closing line and leave, non-zero when `check` is asked and the target, or another one (`missed`), is
    missed."""
    met = (figure >= target if least else figure <= target) and not missed
    sign = ">=" if least else "<="
    print(f"{name}: {figure:.2f}{unit} (target {sign} {target:g}{unit})", flush=True)
    sys.exit(0 if met or not check else 1)
