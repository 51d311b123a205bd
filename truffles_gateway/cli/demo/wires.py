"""The wires that the demo hangs on, all of them HTTP: customers' phones and the managers' group (simulators), the model's
double, and the gateway's admin API."""

from __future__ import annotations

import asyncio
import json
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

    async def write(
        self, jid: str, text: str, *, name: str = "", id: str = "", at: float = 0.0, **more: Any
    ) -> Written:  # fmt: skip
        """Send a message; `more` are further fields of it. With `id` and `at` of an earlier one it is that one once more,
        as providers repeat them."""
        sent = Written(id=id or f"IN{uuid4().hex[:12].upper()}", at=at or time.time(), accept_ms=0.0)
        start = time.perf_counter()
        body = {"jid": jid, "text": text, "name": name, "message_id": sent.id, "timestamp": sent.at, **more}
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


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic of the managers' group shows, by message, oldest first."""

    thread: int
    name: str
    messages: tuple[dict[str, Any], ...]

    def find(self, words: str) -> dict[str, Any]:
        """The newest message that holds `words` in its text or its buttons, {} if there is none."""
        seen = (each for each in reversed(self.messages) if words in each["text"] or words in each["buttons"])
        return next(seen, {})


class Group:
    """The managers' group in the simulated Telegram, and the owner who acts in it."""

    def __init__(self, http: httpx.AsyncClient, url: str, chat: int, owner: Mapping[str, Any]) -> None:
        self._http, self.url, self.chat, self.owner = http, url, chat, dict(owner)

    async def topics(self) -> dict[int, str]:
        """The names of all topics."""
        return {each["id"]: each["name"] for each in await self._get("topics")}

    async def topic(self, customer: str) -> Topic | None:
        """The topic of a customer, by the beginning of its name."""
        for thread, name in (await self.topics()).items():
            if name.startswith(customer):
                return Topic(thread, name, tuple(await self._get("read", thread=thread)))
        return None

    async def shows(
        self, customer: str, condition: Callable[[Topic], object], seconds: float = 12.0
    ) -> tuple[Topic | None, float]:
        """The customer's topic once the condition holds, or when the time is over; and how long that took."""
        began, found = time.monotonic(), None

        async def there() -> bool:
            nonlocal found
            found = await self.topic(customer)
            return found is not None and bool(condition(found))

        await until(there, seconds)
        return found, time.monotonic() - began

    async def press(self, message: Mapping[str, Any], button: str, seconds: float = 8.0) -> str:
        """The owner presses a button that is there; what the popup says."""
        wish = {"chat": self.chat, "message_id": message["id"], "button": button, "sender": self.owner}
        query = (await self._act("press", wish))["query_id"]

        async def answered() -> str:
            return str((await self._get("answers")).get(query) or "")

        return await until(answered, seconds)

    async def write(self, thread: int, text: str) -> int:
        """The owner writes in a topic; the message's id."""
        wish = {"chat": self.chat, "thread": thread, "text": text, "sender": self.owner}
        return int((await self._act("write", wish))["message_id"])

    async def calls(self) -> int:
        """How many calls of the Bot API there were."""
        return len(await self._get("calls"))

    async def _get(self, what: str, **more: Any) -> Any:
        return (await self._http.get(f"{self.url}/_sim/{what}", params={"chat": self.chat, **more})).json()

    async def _act(self, what: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        answer = (await self._http.post(f"{self.url}/_sim/{what}", json=wish)).json()
        if not answer["ok"]:
            raise httpx.HTTPError(f"the simulated Telegram could not {what}: {answer}")
        return dict(answer)


class Model:
    """The model's double. It says what it is told to, and has nothing to say otherwise."""

    SILENT: Mapping[str, Any] = {"sources": [], "answer": "", "unanswered": [], "confidence": 0.0}
    LABELS = tuple(f"p{number}" for number in range(1, 13))

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self.url = http, url

    async def says(self, *answers: str, pause: float = 0.0) -> None:
        """Answer the coming requests so, one after the other, each resting on all sources that it is shown, then be
        silent. With `pause` all requests wait that many seconds."""
        spoken = [dict(self.SILENT) | {"sources": self.LABELS, "answer": text, "confidence": 0.95} for text in answers]
        scenario: list[dict[str, Any]] = [{"type": "reply", "text": _json(each), "times": 1} for each in spoken]
        scenario.append({"type": "reply", "text": _json(self.SILENT), "times": None})
        scenario += [{"type": "delay", "seconds": pause, "times": None}] if pause else []
        await self._http.delete(f"{self.url}/_llmock/scenario")
        (await self._http.post(f"{self.url}/_llmock/scenario", json={"behaviors": scenario})).raise_for_status()

    async def asked(self) -> int:
        """How many requests it has answered."""
        return int((await self._http.get(f"{self.url}/_llmock/requests")).json()["count"])


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


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

    async def served(self, *slugs: str) -> bool:
        """Are these tenants served?"""
        return set(slugs) <= {each["slug"] for each in (await self._ask("GET", "/tenants"))["tenants"]}

    async def knock(self, slug: str, secret: str, jid: str) -> int:
        """Post a webhook with some secret; the status that answers it."""
        metadata = {"remoteJid": jid, "messageId": f"IN{uuid4().hex[:12].upper()}"}
        body = {"messageType": "text", "message": "?", "metadata": metadata}
        headers = {"x-webhook-secret": secret}
        return (await self._http.post(f"{self.url}/webhook/{slug}", json=body, headers=headers)).status_code

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
