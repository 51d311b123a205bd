"""The two wires that the demo hangs on: the customers' phones (the simulator) and the gateway's admin API. Both are HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import httpx

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Written:
    """A message that a customer sent: its id, when, and how long the gateway took to accept it."""

    id: str
    at: float
    accept_ms: float


async def until(condition: Callable[[], Awaitable[Value]], seconds: float) -> Value:
    """Ask until the answer is true; the last answer, also when the time is over."""
    end = time.monotonic() + seconds
    while not (value := await condition()) and time.monotonic() < end:  # noqa: ASYNC110 - see below
        await asyncio.sleep(0.05)  # what is asked lives in other processes: nobody sets an event here
    return value


class Phones:
    """Customers' phones: what is written on them goes through the simulated WhatsApp."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self.url = http, url

    async def write(self, jid: str, text: str, *, name: str = "", id: str = "", at: float = 0.0) -> Written:
        """Send a message. With `id` and `at` of an earlier one it is that one once more, as providers repeat them."""
        sent = Written(id=id or f"IN{uuid4().hex[:12].upper()}", at=at or time.time(), accept_ms=0.0)
        start = time.perf_counter()
        body = {"jid": jid, "text": text, "name": name, "message_id": sent.id, "timestamp": sent.at}
        answer = (await self._http.post(f"{self.url}/_sim/write", json=body)).json()
        if not answer["ok"]:
            raise httpx.HTTPError(f"the gateway did not accept a webhook: {answer}")
        return Written(id=sent.id, at=sent.at, accept_ms=1000 * (time.perf_counter() - start))

    async def read(self, jid: str) -> list[dict[str, Any]]:
        """What a customer has read."""
        return list((await self._http.get(f"{self.url}/_sim/read", params={"jid": jid})).json())

    async def wait(self, jid: str, count: int, seconds: float) -> list[dict[str, Any]]:
        """What a customer has read, once that is `count` messages or the time is over."""
        wish = {"jid": jid, "count": str(count), "timeout": str(seconds)}
        return list((await self._http.get(f"{self.url}/_sim/wait", params=wish)).json()["messages"])

    async def requests(self) -> list[dict[str, Any]]:
        """Every send that the gateway tried, with its outcome."""
        return list((await self._http.get(f"{self.url}/_sim/requests")).json())


class Admin:
    """The gateway's admin API."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str) -> None:
        self._http, self.url, self.token = http, url, token

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        response = await self._http.request(method, f"{self.url}/admin{path}", headers=headers, **more)
        if response.status_code == httpx.codes.NOT_FOUND and path.startswith("/why/"):
            return {}
        if response.is_error:
            raise httpx.HTTPError(f"{method} /admin{path} was answered with {response.status_code}: {response.text}")
        return response.json()

    async def served(self, slug: str) -> bool:
        """Is the tenant served?"""
        return any(each["slug"] == slug for each in (await self._ask("GET", "/tenants"))["tenants"])

    async def why(self, message: str) -> dict[str, Any]:
        """The last turn of a message's story, {} if there is none."""
        return dict((await self._ask("GET", f"/why/{message}")).get("turns", [{}])[-1])

    async def decided(self, message: str, seconds: float = 10.0) -> dict[str, Any]:
        """The same, once the turn has an outcome and its rows were sent."""
        story: dict[str, Any] = {}

        async def done() -> bool:
            nonlocal story
            story = await self.why(message)
            waiting = [row for row in story.get("outgoing") or () if row["status"] in ("queued", "sending")]
            return bool(story.get("outcome")) and not waiting

        await until(done, seconds)
        return story

    async def ledger(self, slug: str) -> dict[str, Any]:
        """The tenant's line of the ledger."""
        return dict(next(each for each in (await self._ask("GET", "/ledger"))["tenants"] if each["tenant"] == slug))

    async def settled(self, slug: str, seconds: float = 10.0) -> dict[str, Any]:
        """The same, once nothing waits."""
        line: dict[str, Any] = {}

        async def done() -> bool:
            nonlocal line
            line = await self.ledger(slug)
            return bool(line["waiting"] == line["desk"]["waiting"] == 0)

        await until(done, seconds)
        return line

    async def reply(self, slug: str, handover: str, text: str, manager: Mapping[str, str]) -> None:
        """A manager answers from the desk."""
        body = {"client_slug": slug, "handover_id": handover, "text": text, "manager": dict(manager)}
        await self._ask("POST", "/desk/reply", json=body)
