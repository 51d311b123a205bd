"""A WhatsApp provider that speaks ChatFlow's HTTP API and remembers what customers would have read.

    python -m truffles_chatflow.simulator --port 0 [--gateway URL --tenant SLUG --secret SECRET] [--echo] [--public-url URL]

In tests:

    async with Simulator() as simulator:
        ...                                     # point base_url at simulator.url
        await simulator.wait("77000000001@s.whatsapp.net", count=1)

Everything can be told to it over HTTP too; the plugin's README lists the paths under `/_sim/`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from itertools import count as counter
from typing import Self

import click
import httpx

from truffles_chatflow.jid import normalise
from truffles_chatflow.loopback import Request, Response, Server
from truffles_chatflow.memory import Attempt, Behaviour, Phones, ReadMessage, Script, spelled

__all__ = ["Attempt", "Behaviour", "ReadMessage", "Simulator", "main", "webhook_payload"]

_PREFIX = "/api/v1/"
_METHODS = {"send-text": "", "send-image": "imageurl", "send-audio": "audiourl", "send-doc": "docurl"}
_REMEMBERED = 100_000


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: that takes 50 ms of CPU, and tests make many simulators."""
    context: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)
    return context


class Simulator:
    """The provider. `token` and `instances`, where given, are checked as the real one would.

    `gateway`, `tenant` and `secret` say where webhooks go: customers' (`write`) and, with `echo`, our own sends.
    `public_url` is where the world reaches the gateway: what is linked to there is fetched from `gateway` before the send is
    taken, as the real one does. Other links are not followed.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, token: str = "", instances: tuple[str, ...] = (),
        honour_msg_id: bool = True, gateway: str = "", tenant: str = "", secret: str = "", echo: bool = False,
        public_url: str = "",
    ) -> None:  # fmt: skip
        self.public_url = public_url.rstrip("/")
        self.gateway, self.tenant, self.secret, self.echo = gateway, tenant, secret, echo
        self._token, self._instances, self._honour_by_default = token, instances, honour_msg_id
        self._server = Server(self._handle, host, port)
        self._http: httpx.AsyncClient | None = None
        self._echoes: set[asyncio.Task[httpx.Response]] = set()
        self._numbers = counter(1)
        self.reset()

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=15, trust_env=False, verify=_trusted())
        await self._server.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.stop()
        if self._echoes:
            await asyncio.wait(self._echoes, timeout=5)
        if self._http is not None:
            await self._http.aclose()

    @property
    def url(self) -> str:
        """The `base_url` for a tenant's settings."""
        return self._server.url

    def reset(self) -> None:
        """Forget everything that was read, asked and told."""
        self.phones, self.script = Phones(), Script(self._honour_by_default)
        self.attempts: deque[Attempt] = deque(maxlen=_REMEMBERED)

    def read(self, jid: str = "") -> list[ReadMessage]:
        """What a customer has read so far."""
        return list(self.phones.read(spelled(jid)))

    def behave(self, **wishes: object) -> None:
        """Take a wish: the fields of `Behaviour`, `honour_msg_id` or `clear`."""
        self.script.add(wishes)

    async def wait(self, jid: str = "", count: int = 1, timeout: float = 15.0) -> list[ReadMessage]:
        """Wait until a customer has read `count` messages; what was read until then."""
        await self.phones.wait(spelled(jid), count, timeout)
        return self.read(jid)

    async def write(self, jid: str, text: str, **more: object) -> httpx.Response:
        """A customer writes: post the webhook to the gateway."""
        return await self.post(webhook_payload(jid, text, **more))  # type: ignore[arg-type]

    async def post(self, payload: Mapping[str, object]) -> httpx.Response:
        """Post a webhook with the tenant's secret."""
        assert self._http is not None, "not started"
        headers = {"x-webhook-secret": self.secret} if self.secret else {}
        return await self._http.post(f"{self.gateway}/webhook/{self.tenant}", json=payload, headers=headers)

    def _handle(self, request: Request) -> Response | asyncio.Task[Response]:
        method = request.path.removeprefix(_PREFIX)
        if request.path.startswith(_PREFIX) and method in _METHODS:
            return self._send(method, request.query)
        if request.path == "/_sim/wait":
            return asyncio.ensure_future(self._wait(request.query))
        if request.path == "/_sim/write":
            return asyncio.ensure_future(self._write(request))
        return self._control(request)

    def _send(self, method: str, query: dict[str, str]) -> Response | asyncio.Task[Response]:
        """A send. Most are answered at once; only one with a delay, or with something to fetch, needs a task."""
        if problem := self._problem(method, query):
            return self._unable(method, query, *problem)
        behaviour = replace(self.script.next(spelled(query["jid"])))
        if behaviour.delay or behaviour.delay_before or self._place_of(method, query):
            return asyncio.ensure_future(self._slowly(method, query, behaviour))
        return self._answer(behaviour, self._take(method, query, behaviour))

    async def _slowly(self, method: str, query: dict[str, str], behaviour: Behaviour) -> Response:
        await asyncio.sleep(behaviour.delay_before)
        sha256, problem = await self._fetch(self._place_of(method, query))
        if problem:
            return self._unable(method, query, "not fetched", problem)
        taken = self._take(method, query, behaviour, sha256)
        await asyncio.sleep(behaviour.delay)
        return self._answer(behaviour, taken)

    def _unable(self, method: str, query: dict[str, str], outcome: str, said: str) -> Response:
        return self._note(method, query, outcome, Response.json({"success": False, "message": said}))

    def _place_of(self, method: str, query: dict[str, str]) -> str:
        """Where the medium of a send is fetched from, "" if it is not."""
        link = query.get(_METHODS[method], "")
        ours = bool(self.public_url) and link.startswith(f"{self.public_url}/")
        return self.gateway + link.removeprefix(self.public_url) if ours else ""

    async def _fetch(self, place: str) -> tuple[str, str]:
        """The SHA-256 of what is there, and why there is nothing."""
        if not place:
            return "", ""
        assert self._http is not None, "not started"
        try:
            answer = await self._http.get(place)
        except httpx.HTTPError as error:
            return "", f"the file cannot be downloaded: {type(error).__name__}"
        if not answer.is_success:
            return "", f"the file cannot be downloaded: HTTP {answer.status_code}"
        return hashlib.sha256(answer.content).hexdigest(), ""

    def _problem(self, method: str, query: dict[str, str]) -> tuple[str, str] | None:
        """What the real API would refuse."""
        if self._token and query.get("token") != self._token:
            return "unauthorized", "invalid token"
        if self._instances and query.get("instance_id") not in self._instances:
            return "unknown instance", "instance not found"
        if not normalise(query.get("jid", "")):
            return "bad jid", "invalid jid"
        needs = ("msg",) if method == "send-text" else (_METHODS[method], "caption")
        missing = next((name for name in needs if not query.get(name) and (method, name) != _NO_CAPTION), None)
        return ("incomplete", f"{missing} is required") if missing else None

    def _take(self, method: str, query: dict[str, str], behaviour: Behaviour, sha256: str = "") -> str:
        """Log the attempt, show the message if it is taken; returns the message's id."""
        outcome = "taken" if behaviour.takes else "refused"
        self._note(method, query, outcome, _NOTHING)
        if not behaviour.takes:
            return ""
        jid = spelled(query["jid"])
        message = ReadMessage(
            id=f"SIM{next(self._numbers):012d}", jid=jid, msg_id=query.get("msg_id", ""),
            text=query.get("msg", query.get("caption", "")), kind=method.removeprefix("send-"),
            url=query.get(_METHODS[method], ""), time=time.time(), instance=query.get("instance_id", ""),
            sha256=sha256,
        )  # fmt: skip
        shown = self.phones.show(message, honour=self.script.honours(jid))
        if self.echo and shown is message:
            self._echo(message)
        return shown.id

    def _note(self, method: str, query: dict[str, str], outcome: str, response: Response) -> Response:
        self.attempts.append(Attempt(
            time=time.time(), jid=spelled(query.get("jid", "")), msg_id=query.get("msg_id", ""),
            kind=method.removeprefix("send-"), text=query.get("msg", query.get("caption", "")),
            instance=query.get("instance_id", ""), outcome=outcome,
        ))  # fmt: skip
        return response

    @staticmethod
    def _answer(behaviour: Behaviour, message_id: str) -> Response:
        if behaviour.drop:
            return Response(hang_up=True)
        headers = {"retry_after": behaviour.retry_after} if behaviour.retry_after else {}
        if behaviour.raw is not None:
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            return Response(behaviour.status, behaviour.raw.encode(), named)
        if behaviour.logged_out:
            return Response.json({"success": False, "message": "instance not connected"}, behaviour.status, **headers)
        if behaviour.status >= 400 or not behaviour.success:
            said = behaviour.message or "simulated failure"
            return Response.json({"success": False, "message": said}, behaviour.status, **headers)
        return Response.json({"success": True, "messageId": message_id}, behaviour.status, **headers)

    def _control(self, request: Request) -> Response:
        """The paths under `/_sim/` that answer at once."""
        jid = spelled(request.query.get("jid", ""))
        match request.method, request.path:
            case "GET", "/_sim/read":
                return Response.json([asdict(item) for item in self.phones.read(jid)])
            case "GET", "/_sim/requests":
                return Response.json([asdict(item) for item in self.attempts if jid in ("", item.jid)])
            case "GET", "/_sim/behaviour":
                return Response.json([asdict(item) for item in self.script.behaviours])
            case "POST", "/_sim/behaviour":
                return self._told(request.body)
            case "POST", "/_sim/reset":
                self.reset()
                return Response.json({"ok": True})
        return Response.json({"success": False, "message": "no such path"}, 404)

    def _told(self, body: bytes) -> Response:
        """One wish or a list of them."""
        try:
            wishes = json.loads(body)
            for wish in wishes if isinstance(wishes, list) else [wishes]:
                self.script.add(wish)
        except (ValueError, TypeError) as error:
            return Response.json({"ok": False, "error": str(error)}, 400)
        return Response.json({"ok": True})

    async def _wait(self, query: dict[str, str]) -> Response:
        jid, wanted = spelled(query.get("jid", "")), int(query.get("count", "1"))
        seconds = float(query.get("timeout", "15"))
        complete = await self.phones.wait(jid, wanted, seconds)
        messages = [asdict(item) for item in self.phones.read(jid)]
        return Response.json({"complete": complete, "messages": messages})

    async def _write(self, request: Request) -> Response:
        try:
            wish = json.loads(request.body)
            answer = await self.post(webhook_payload(**wish))
        except (ValueError, TypeError, httpx.HTTPError) as error:
            return Response.json({"ok": False, "error": f"{type(error).__name__}: {error}"}, 400)
        return Response.json({"ok": answer.is_success, "status": answer.status_code, "body": answer.text})

    def _echo(self, message: ReadMessage) -> None:
        payload = webhook_payload(
            message.jid, message.text, message_id=message.id, msg_id=message.msg_id,
            from_me=True, instance=message.instance,
        )  # fmt: skip
        task = asyncio.ensure_future(self.post(payload))
        self._echoes.add(task)
        task.add_done_callback(self._echoed)

    def _echoed(self, task: asyncio.Task[httpx.Response]) -> None:
        """An echo that the gateway did not take is lost, as in real life; the exception is read and dropped."""
        self._echoes.discard(task)
        if not task.cancelled():
            task.exception()


_NO_CAPTION = ("send-audio", "caption")
_NOTHING = Response()


def webhook_payload(
    jid: str,
    text: str = "",
    *,
    message_type: str = "text",
    message_id: str = "",
    name: str = "",
    timestamp: float | None = None,
    instance: str = "",
    media: Mapping[str, object] | None = None,
    quoted: str = "",
    replaces: str = "",
    from_me: bool = False,
    msg_id: str = "",
) -> dict[str, object]:
    """A webhook's body as ChatFlow sends it. Without an id it gets a new one, without a time the present."""
    metadata: dict[str, object] = {
        "remoteJid": spelled(jid),
        "messageId": message_id or f"IN{uuid.uuid4().hex}",
        "timestamp": int(time.time() if timestamp is None else timestamp),
    }
    optional = {"sender": name, "instanceId": instance, "editedMessageId": replaces, "msg_id": msg_id}
    metadata |= {key: value for key, value in optional.items() if value}
    metadata |= {"fromMe": True} if from_me else {}
    payload: dict[str, object] = {"messageType": message_type, "message": text, "metadata": metadata}
    payload |= {"mediaData": dict(media)} if media else {}
    payload |= {"quoted": {"text": quoted}} if quoted else {}
    return payload


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default=True, help="0 takes any free port.")
@click.option("--token", default="", help="Refuse sends with another token.")
@click.option("--instance", "instances", multiple=True, help="Refuse sends for other instances.")
@click.option("--ignore-msg-id", is_flag=True, help="Deliver a repeated msg_id again.")
@click.option("--gateway", default="", help="Where webhooks are posted, such as http://127.0.0.1:8000.")
@click.option("--tenant", default="", help="The tenant's slug.")
@click.option("--secret", default="", envvar="WEBHOOK_SECRET", help="The tenant's webhook secret.")
@click.option(
    "--public-url", default="", help="Where the world reaches the gateway: files linked to there are fetched."
)
@click.option("--echo", is_flag=True, help="Report each send back to the gateway, as WhatsApp does.")
def main(ignore_msg_id: bool, **options: object) -> None:
    """Run the simulator until it is interrupted; prints its URL."""
    simulator = Simulator(honour_msg_id=not ignore_msg_id, **options)  # type: ignore[arg-type]
    try:
        asyncio.run(_serve(simulator))
    except OSError as problem:
        cure = "Choose another --host or --port (0 takes any free one), or stop what listens there"
        raise click.ClickException(f"cannot listen: {problem.strerror or problem}. {cure}") from None
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


async def _serve(simulator: Simulator) -> None:
    async with simulator:
        click.echo(simulator.url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
