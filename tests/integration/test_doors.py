"""Webhooks through the front door: real HTTP, real PostgreSQL, a channel of three lines."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Attachment, Content, EventKind, InboundEvent
from truffles_gateway.plugin import Capabilities, Door, Plugin, WebhookRequest, same_secret
from truffles_gateway.postgres import temporary_postgres
from truffles_gateway.settings import Settings
from truffles_gateway.store import reports
from truffles_gateway.web.server import listen, make_app, serve, url

SECRET = {"X-Webhook-Secret": "hush"}


class Ingress:
    path = "/hook"
    admin = False
    max_body = 1000

    def tenant(self, request: WebhookRequest) -> str | None:
        slug = request.json.get("slug")
        return slug if isinstance(slug, str) else None

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        return same_secret(request.headers.get("x-webhook-secret"), door.secret) or door.open

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        if "boom" in request.json:
            raise KeyError("boom")
        if "messages" not in request.json:
            raise RejectedRequest("messages are missing")
        return [self._event(each) for each in request.json["messages"]]

    def _event(self, each: dict[str, Any]) -> InboundEvent:
        data = base64.b64decode(each["base64"]) if "base64" in each else None
        parts = (Attachment(content=Content.IMAGE, mime="image/png", data=data),) if data else ()
        return InboundEvent(
            channel="echo", event_id=each.get("id", ""), address=each.get("from", "a"), text=each.get("text", ""),
            ignore=each.get("ignore", ""), kind=EventKind(each.get("kind", "customer")), attachments=parts,
        )  # fmt: skip


ECHO = Plugin(
    name="echo", version="1", create=lambda settings, resources: object(), channel="echo", ingress=Ingress(),
    capabilities=Capabilities(inline_media=True),
)  # fmt: skip
SALON = {"slug": "salon", "name": "Salon", "webhook_secret": "env:HOOK_SECRET", "plugins": [{"name": "echo"}]}


@pytest_asyncio.fixture
async def gateway(make_gateway: Any, apply: Any, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("HOOK_SECRET", "hush")
    made: Gateway = await make_gateway(Catalog.of(ECHO), admin_token="admin")
    await apply(made, SALON)
    return made


@asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    sock, stop = listen("127.0.0.1", 0), asyncio.Event()
    address = url(sock)
    server = asyncio.create_task(serve(make_app(gateway), sock, stop.wait, drain=1))
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as made:
        yield made
    stop.set()
    await server


@pytest_asyncio.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with served(gateway) as made:
        yield made


async def rows(gateway: Gateway) -> list[Any]:
    return list(await gateway.database.fetch("SELECT * FROM inbox_events ORDER BY seq"))


def message(text: str = "Сколько стоит стрижка?", **more: Any) -> dict[str, Any]:
    return {"messages": [{"id": "m1", "text": text, **more}]}


async def test_a_message_is_stored_before_it_is_acknowledged(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await client.post("/hook/salon", json=message(), headers=SECRET | {"X-Request-ID": "abc-1"})
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "duplicates": 0, "correlation_id": "abc-1"}
    (row,) = await rows(gateway)
    assert (row["event_id"], row["lane"], row["correlation_id"]) == ("m1", "echo:a", "abc-1")
    assert json.loads(row["raw"]) == message()
    again = await client.post("/hook", json={"slug": "salon", **message()}, headers=SECRET)
    assert again.json()["duplicates"] == 1
    assert len(await rows(gateway)) == 1


async def test_unknown_tenant_and_wrong_secret_look_the_same(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/hook/nobody", json=message(), headers=SECRET),
        await client.post("/hook/salon", json=message(), headers={"X-Webhook-Secret": "wrong"}),
        await client.post("/hook/salon", json=message()),
        await client.post("/hook", json=message(), headers=SECRET),
        await client.post("/message", json=message(), headers=SECRET),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"unknown tenant or wrong secret"}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "not JSON"),
        (b"", 400, "not JSON"),
        (b"[]", 400, "not a JSON object"),
        (b'{"a": NaN}', 400, "NaN is not"),
        (b'{"a": 1e999}', 400, "1e999 is not"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "not JSON"),
        (b'{"a": "\xff"}', 400, "not UTF-8"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"a":' * 100_000, 400, "nested too deeply"),
        (b'{"nothing": 1}', 400, "messages are missing"),
        (b'{"boom": 1}', 400, "cannot be understood"),
        (json.dumps({"messages": [], "x": "x" * 2000}).encode(), 413, "larger than 1000"),
        (b" " * (16 * 1024 * 1024), 413, "larger than 15728640"),
        (json.dumps(message(**{"from": "9" * 300})).encode(), 400, "longer than 256"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_bad_bodies_get_one_clear_line(
    client: httpx.AsyncClient, gateway: Gateway, body: bytes, status: int, says: str
) -> None:
    answer = await client.post("/hook/salon", content=body, headers=SECRET)
    assert (answer.status_code, says in answer.json()["error"]) == (status, True), answer.text
    assert await rows(gateway) == []
    assert (await client.post("/hook/salon", json=message(), headers=SECRET)).status_code == 200


async def test_a_body_without_a_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024 * 1024

    try:
        answer = await client.post("/hook/salon", content=endless(), headers=SECRET)
    except httpx.HTTPError:
        return  # the server closed while we were still sending: also an answer
    assert answer.status_code == 413


async def test_text_that_postgres_cannot_keep_is_cleaned(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = b'{"messages": [{"id": "a\\u0000b", "from": "x\\u0000", "text": "hi\\u0000 \\ud800 \\ud83d\\ude00"}]}'
    answer = await client.post("/hook/salon", content=body, headers=SECRET)
    assert answer.json()["accepted"] == 1
    (row,) = await rows(gateway)
    assert (row["event"]["text"], row["event_id"], row["address"]) == ("hi \ufffd 😀", "ab", "x")
    assert row["raw"] == body


async def test_what_is_ignored_is_stored_with_its_reason(client: httpx.AsyncClient, gateway: Gateway) -> None:
    events = [{"id": "1", "ignore": "group"}, {"id": "2", "kind": "status"}, {"id": "3", "from": ""}, {"id": "4"}]
    await client.post("/hook/salon", json={"messages": events}, headers=SECRET)
    found = [(row["outcome"], row["outcome_reason"]) for row in await rows(gateway)]
    assert found == [("ignored", "group"), ("ignored", "status"), ("ignored", "no address"), (None, "")]


async def test_a_suspended_tenant_accepts_and_ignores(client: httpx.AsyncClient, gateway: Gateway, apply: Any) -> None:
    await apply(gateway, SALON | {"status": "suspended"})
    answer = await client.post("/hook/salon", json=message(), headers=SECRET)
    assert (answer.status_code, (await rows(gateway))[0]["outcome_reason"]) == (200, "suspended")


async def test_inline_bytes_are_stored_by_their_hash(client: httpx.AsyncClient, gateway: Gateway) -> None:
    data = bytes(range(256)) * 100
    sent = message(base64=base64.b64encode(data).decode())
    answer = await client.post("/hook/salon", json=sent, headers=SECRET)
    assert answer.status_code == 200
    (row,) = await rows(gateway)
    blob = row["event"]["attachments"][0]["blob"]
    assert blob == hashlib.sha256(data).hexdigest()
    (stored,) = await gateway.database.fetch("SELECT data FROM blobs WHERE sha256 = $1", blob)
    assert stored["data"] == data


async def test_the_plain_door(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = {"client_slug": "salon", "remote_jid": "b", "content": "Hi", "channel": "echo", "message_id": "p1"}
    for expected in (1, 0):
        answer = await client.post("/message", json=body, headers=SECRET)
        assert answer.json()["accepted"] == expected
    assert (await client.post("/message", json=body | {"content": 7}, headers=SECRET)).status_code == 400
    for key in ("channel", "remote_jid", "content"):  # PostgreSQL keeps no NUL: nothing would be left of it
        assert (await client.post("/message", json=body | {key: "\0"}, headers=SECRET)).status_code == 400


async def test_many_at_once_share_commits_and_none_is_lost(client: httpx.AsyncClient, gateway: Gateway) -> None:
    before = gateway.database.round_trips
    posts = [client.post("/hook/salon", json=message(id=f"m{n % 150}"), headers=SECRET) for n in range(200)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["accepted"] for answer in answers) == 150
    assert len(await rows(gateway)) == 150
    assert gateway.database.round_trips - before < 150


async def test_ledger_why_and_metrics(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await client.post("/hook/salon", json={"messages": [{"id": "1"}, {"id": "2", "ignore": "x"}]}, headers=SECRET)
    (ledger,) = await reports.ledger(gateway.database)
    assert (ledger.accepted, ledger.waiting, ledger.outcomes["ignored"], ledger.balanced) == (2, 1, 1, True)
    await gateway.database.execute("DELETE FROM lanes")
    assert not (await reports.ledger(gateway.database))[0].balanced
    token = {"Authorization": "Bearer admin"}
    assert (await client.get("/admin/ledger", headers=token)).json()["tenants"][0]["lost"] == 1
    assert (await client.get("/admin/why/2", headers=token)).json()["turns"][0]["outcome_reason"] == "x"
    assert (await client.get("/admin/why/none", headers=token)).status_code == 404
    for path in (
        "why/%00",
        "why/" + "0-" * 31 + "0",
        "why/" + "-" * 4 + "0" * 32,
        "ledger?tenant=%00",
        "dead?tenant=%00",
    ):
        assert (await client.get(f"/admin/{path}", headers=token)).status_code in {200, 404}, path
    metrics = (await client.get("/metrics")).text
    assert 'truffles_events_accepted_total{channel="echo",kind="customer",tenant="salon"} 2.0' in metrics
    assert "truffles_inbox_waiting 1.0" in metrics


async def test_admin_is_for_those_with_the_token(client: httpx.AsyncClient) -> None:
    paths = ["health", "version", "tenants", "ledger", "why/x", "dead"]
    assert {(await client.get(f"/admin/{path}")).status_code for path in paths} == {401}
    wrong = await client.get("/admin/health", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"error": "wrong or missing bearer token"})
    right = await client.get("/admin/health", headers={"Authorization": "Bearer admin"})
    assert (right.status_code, right.json()["database"]) == (200, "ok")


async def test_probes_and_errors_are_json(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "ok"}
    assert (await client.get("/ready")).json()["status"] == "ready"
    assert (await client.get("/version")).json()["version"]
    for method, path in (("GET", "/nowhere"), ("GET", "/hook/salon"), ("DELETE", "/health")):
        answer = await client.request(method, path)
        assert answer.status_code in (404, 405)
        assert "error" in answer.json()


async def test_without_a_database_503_within_two_seconds_and_it_comes_back(
    apply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "hush")
    clock = asyncio.get_running_loop().time
    with temporary_postgres() as server:
        settings = Settings(database_url=SecretStr(server.url()), truffles_data_dir=server.data_dir)
        async with Gateway(settings, catalog=Catalog.of(ECHO)) as gateway, served(gateway) as client:
            await apply(gateway, SALON)
            server.stop()
            for number in range(3):
                start = clock()
                answer = await client.post("/hook/salon", json=message(id=f"lost{number}"), headers=SECRET)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
                assert clock() - start < 2.5
            assert (await client.get("/ready")).status_code == 503
            assert (await client.get("/health")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200
            await asyncio.to_thread(server.start)
            answer = await client.post("/hook/salon", json=message(id="kept"), headers=SECRET)
            assert answer.status_code == 200
            assert [row["event_id"] for row in await rows(gateway)] == ["kept"]
            assert (await client.get("/ready")).status_code == 200
