"""The simulated Bot API over HTTP: reads calls as clients send them, fails as told, hangs up in mid-request."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web

from truffles_telegram.simulation.faults import ApiError, Behaviour, Script
from truffles_telegram.simulation.methods import File, Methods
from truffles_telegram.simulation.world import Json, World

_NUMBER = re.compile(r"-?\d{1,18}")
_NUMBERS = ("chat_id", "message_id", "message_thread_id", "user_id")
_LARGEST_BODY = 64 * 1024 * 1024
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came in: when, what, and how it ended (0 is hung up)."""

    time: float
    method: str
    params: Json
    status: int


class Api:
    """An aiohttp application for `/bot{token}/{method}` and `/file/bot{token}/{path}`."""

    def __init__(
        self, world: World, methods: Methods, script: Script, token: str, check: Callable[[str, Any], None]
    ) -> None:
        self._world, self._methods, self._script, self._token, self._check = world, methods, script, token, check
        self.calls: deque[Call] = deque(maxlen=_REMEMBERED)
        self.app = web.Application(client_max_size=_LARGEST_BODY)
        self.app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self.app.router.add_get("/file/bot{token}/files/{file_id}", self._file)
        self.changed = asyncio.Event()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params, files = await _read(request)
        behaviour = self._script.next(method)
        await asyncio.sleep(behaviour.delay_before)
        answer = self._carry_out(request, method, params, files, behaviour)
        self.calls.append(Call(time.time(), method, params, 0 if behaviour.drop else answer.status))
        self.changed.set()
        await asyncio.sleep(behaviour.delay)
        if behaviour.drop and request.transport is not None:
            request.transport.abort()
        return answer

    def _carry_out(
        self, request: web.Request, method: str, params: Json, files: dict[str, File], behaviour: Behaviour
    ) -> web.Response:
        try:
            if request.match_info["token"] != self._token:
                raise ApiError(401, "Unauthorized")
            if behaviour.status or behaviour.drop == "before":
                more = {"retry_after": behaviour.retry_after} if behaviour.retry_after else {}
                raise ApiError(behaviour.status or 500, behaviour.description or "simulated failure", **more)
            result = self._methods.call(method, params, files)
        except ApiError as error:
            return _refusal(error)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            return _refusal(ApiError(400, f"Bad Request: {error!r}"))
        self._check(method, result)
        return web.json_response({"ok": True, "result": result})

    async def _file(self, request: web.Request) -> web.Response:
        data = self._world.files.get(request.match_info["file_id"])
        right = request.match_info["token"] == self._token
        return web.Response(body=data) if right and data is not None else _refusal(ApiError(404, "Not Found"))


def _refusal(error: ApiError) -> web.Response:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    body |= {"parameters": error.parameters} if error.parameters else {}
    return web.json_response(body, status=error.code)


async def _read(request: web.Request) -> tuple[Json, dict[str, File]]:
    """Parameters from the query, a JSON body, a form or multipart; files from the latter."""
    params: Json = dict(request.query)
    files: dict[str, File] = {}
    if request.content_type == "application/json":
        params |= await request.json()
    elif request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            name, data = part.name or "", bytes(await part.read())
            if part.filename:
                files[name] = (part.filename, part.headers.get("Content-Type", ""), data)
            else:
                params[name] = data.decode()
    else:
        params |= dict(await request.post())
    return {name: _typed(name, value) for name, value in params.items()}, files


def _typed(name: str, value: Any) -> Any:
    """Forms know only texts: numbers and JSON are read out of them."""
    if not isinstance(value, str):
        return value
    if name in _NUMBERS and _NUMBER.fullmatch(value):
        return int(value)
    if name not in ("text", "caption", "name") and value[:1] in ("{", "["):
        return json.loads(value)
    return value
