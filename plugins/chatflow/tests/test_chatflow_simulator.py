"""The simulator over HTTP, as tests, benchmarks and people use it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from truffles_chatflow.loopback import Request, Response, Server
from truffles_chatflow.simulator import Simulator, webhook_payload

JID = "77000000001@s.whatsapp.net"
pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[httpx.AsyncClient]:
    async with Simulator() as simulator, httpx.AsyncClient(base_url=simulator.url, trust_env=False) as client:
        yield client


async def send(provider: httpx.AsyncClient, text: str = "да", msg_id: str = "", jid: str = JID) -> httpx.Response:
    query = {"token": "t", "instance_id": "main", "jid": jid, "msg": text, "msg_id": msg_id}
    return await provider.get("/api/v1/send-text", params=query)


async def texts(provider: httpx.AsyncClient, jid: str = JID) -> list[str]:
    return [item["text"] for item in (await provider.get("/_sim/read", params={"jid": jid})).json()]


async def test_reading(provider: httpx.AsyncClient) -> None:
    for text, jid in (("1", JID), ("2", "77000000002"), ("3", "77000000001@c.us")):
        assert (await send(provider, text, jid=jid)).json()["success"] is True
    assert await texts(provider) == ["1", "3"]
    assert await texts(provider, "") == ["1", "2", "3"]
    (first, *_) = (await provider.get("/_sim/read")).json()
    assert set(first) == {"id", "jid", "msg_id", "text", "kind", "url", "time", "instance", "sha256"}


async def test_a_repeated_msg_id_shows_once_where_it_is_honoured(provider: httpx.AsyncClient) -> None:
    answers = [(await send(provider, msg_id="k")).json()["messageId"] for _ in range(2)]
    assert answers[0] == answers[1]
    await provider.post("/_sim/behaviour", json={"honour_msg_id": False, "jid": "77000000002"})
    for _ in range(2):
        await send(provider, msg_id="k", jid="77000000002")
    assert (len(await texts(provider)), len(await texts(provider, "77000000002"))) == (1, 2)
    assert len((await provider.get("/_sim/requests")).json()) == 4
    assert len((await provider.get("/_sim/requests", params={"jid": JID})).json()) == 2


async def test_behaviours_are_used_up_in_order(provider: httpx.AsyncClient) -> None:
    wishes = [{"status": 500, "count": 2}, {"success": False, "count": 1, "jid": "77000000001"}]
    assert (await provider.post("/_sim/behaviour", json=wishes)).json() == {"ok": True}
    other = await send(provider, jid="77000000002")
    seen = [(await send(provider)) for _ in range(3)]
    assert [other.status_code, *(item.status_code for item in seen)] == [500, 500, 200, 200]
    assert [item.json()["success"] for item in seen] == [False, False, True]
    outcomes = [item["outcome"] for item in (await provider.get("/_sim/requests")).json()]
    assert outcomes == ["refused", "refused", "refused", "taken"]


async def test_a_log_out_lasts_until_it_is_cleared(provider: httpx.AsyncClient) -> None:
    await provider.post("/_sim/behaviour", json={"logged_out": True})
    assert [(await send(provider)).json()["success"] for _ in range(3)] == [False] * 3
    await provider.post("/_sim/behaviour", json={"clear": True})
    assert (await send(provider)).json()["success"] is True


async def test_reset_forgets_everything(provider: httpx.AsyncClient) -> None:
    await send(provider)
    await provider.post("/_sim/behaviour", json={"status": 500})
    await provider.post("/_sim/reset")
    assert await texts(provider) == []
    assert (await send(provider)).status_code == 200
    assert len((await provider.get("/_sim/requests")).json()) == 1


@pytest.mark.parametrize("wrong", [{"statsu": 500}, {"status": "many"}, {"count": []}, 5, [1]])
async def test_a_wish_that_makes_no_sense(provider: httpx.AsyncClient, wrong: object) -> None:
    answer = await provider.post("/_sim/behaviour", json=wrong)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)


@pytest.mark.parametrize(
    ("path", "query", "problem"),
    [
        ("send-text", {"jid": JID}, "msg is required"),
        ("send-text", {"jid": "x", "msg": "а"}, "invalid jid"),
        ("send-image", {"jid": JID, "imageurl": "https://files.example/1"}, "caption is required"),
        ("send-doc", {"jid": JID, "caption": "а"}, "docurl is required"),
    ],
)
async def test_it_refuses_what_the_real_one_refuses(
    provider: httpx.AsyncClient, path: str, query: dict[str, str], problem: str
) -> None:
    assert (await provider.get(f"/api/v1/{path}", params=query)).json() == {"success": False, "message": problem}


async def test_waiting_for_a_reader(provider: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(provider.get("/_sim/wait", params={"jid": JID, "count": 2, "timeout": 10}))
    await send(provider, "1")
    assert not waiting.done()
    await send(provider, "2")
    found = (await waiting).json()
    assert (found["complete"], [item["text"] for item in found["messages"]]) == (True, ["1", "2"])
    late = (await provider.get("/_sim/wait", params={"jid": JID, "count": 3, "timeout": 0.05})).json()
    assert (late["complete"], len(late["messages"])) == (False, 2)
    assert (await provider.get("/_sim/wait", params={"count": "many"})).status_code == 400


async def test_delays(provider: httpx.AsyncClient) -> None:
    await provider.post("/_sim/behaviour", json={"delay": 30, "count": 1})
    with pytest.raises(httpx.ReadTimeout):
        await provider.get("/api/v1/send-text", params={"jid": JID, "msg": "а"}, timeout=0.1)
    assert await texts(provider) == ["а"]


async def test_other_paths(provider: httpx.AsyncClient) -> None:
    assert (await provider.get("/nowhere")).status_code == 404
    assert (await provider.get("/_sim/behaviour")).json() == []


class Gateway:
    """Takes webhooks and keeps them."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.server = Server(self._take, "127.0.0.1", 0)

    def _take(self, request: Request) -> Response:
        self.got.put_nowait((request.path, json.loads(request.body)))
        return Response.json({"ok": True})


async def test_a_customer_writes_and_an_echo_follows_a_send() -> None:
    gateway = Gateway()
    await gateway.server.start()
    async with (
        Simulator(gateway=gateway.server.url, tenant="salon", echo=True) as simulator,
        httpx.AsyncClient(base_url=simulator.url, trust_env=False) as client,
    ):
        answer = await client.post("/_sim/write", json={"jid": "77000000001", "text": "Сколько?", "name": "Дана"})
        assert answer.json()["status"] == 200
        path, written = await gateway.got.get()
        await client.get("/api/v1/send-text", params={"jid": JID, "msg": "6000", "msg_id": "t:0"})
        _, echo = await gateway.got.get()
        assert (await client.post("/_sim/write", json={"nonsense": 1})).status_code == 400
    await gateway.server.stop()
    assert (path, written["message"], written["metadata"]["sender"]) == ("/webhook/salon", "Сколько?", "Дана")
    assert (echo["message"], echo["metadata"]["fromMe"], echo["metadata"]["msg_id"]) == ("6000", True, "t:0")


async def test_what_is_linked_to_at_the_gateway_is_fetched_before_the_send_is_taken() -> None:
    data = b"\xff\xd8 a photo"
    files = Server(lambda request: Response(200 if request.path == "/media/1" else 404, data), "127.0.0.1", 0)
    await files.start()
    async with (
        Simulator(gateway=files.url, public_url="https://gateway.example/") as simulator,
        httpx.AsyncClient(base_url=simulator.url, trust_env=False) as client,
    ):
        told = []
        for url in (
            "https://gateway.example/media/1",
            "https://gateway.example/media/2",
            "https://elsewhere.example/3",
        ):
            query = {"jid": JID, "imageurl": url, "caption": "Фото", "msg_id": url}
            told.append((await client.get("/api/v1/send-image", params=query)).json())
        read = (await client.get("/_sim/read", params={"jid": JID})).json()
    await files.stop()
    assert [each["success"] for each in told] == [True, False, True]
    assert told[1]["message"] == "the file cannot be downloaded: HTTP 404"
    assert [each["sha256"] for each in read] == [hashlib.sha256(data).hexdigest(), ""]


async def test_payloads_have_ids_of_their_own() -> None:
    first, second = (webhook_payload("77000000001", "а")["metadata"] for _ in range(2))
    assert first != second


async def test_requests_in_pieces_and_in_a_row() -> None:
    async with Simulator() as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
        body = b'{"status": 500, "count": 1}'
        told = b"POST /_sim/behaviour HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        asked = b"GET /_sim/read?jid= HTTP/1.1\r\nHost: x\r\n\r\n"
        for piece in (told[:10], told[10:-5], told[-5:] + asked + asked):
            writer.write(piece)
            await writer.drain()
        answers = [await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(length) for length in (12, 2, 2)]
        assert [answer[-2:] for answer in answers] == [b"e}", b"[]", b"[]"]
        writer.write(b"nonsense\r\n\r\n")
        assert await reader.read() == b""
        writer.close()


async def test_the_command_prints_its_address() -> None:
    command = [sys.executable, "-m", "truffles_chatflow.simulator", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        address = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{address}/_sim/read")).json() == []
    finally:
        process.terminate()
        await process.wait()


async def test_a_port_that_is_taken_is_told_without_a_traceback() -> None:
    async with Simulator() as simulator:
        port = simulator.url.rpartition(":")[2]
        command = [sys.executable, "-m", "truffles_chatflow.simulator", "--port", port]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        _, told = await process.communicate()
    [line] = told.decode().splitlines()
    assert process.returncode == 1
    assert line.startswith("Error: cannot listen: ")
    assert "address already in use. Choose another --host or --port" in line
    assert port in line
