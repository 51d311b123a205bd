"""The simulator's memory: what customers have read, what was asked, and how sends are told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields

from pydantic import TypeAdapter

from truffles_chatflow.jid import normalise


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the next sends end. All fields have a default, so that `{"success": false, "count": 2}` is enough.

    jid           only sends to this customer; "" is everyone
    count         how many sends it holds for; None until it is cleared
    status        the HTTP status of the answer; from 400 up the message is not taken
    success       false: HTTP 200 with `{"success": false, "message": …}`
    message       the error's words
    retry_after   the Retry-After header, in seconds or as a date
    logged_out    the instance is gone: HTTP 200 with `success: false` and the usual words
    drop          "before" hangs up without taking the message, "after" takes it and hangs up
    delay         seconds between taking the message and answering
    delay_before  seconds before anything happens
    raw           the answer's body, word for word ("" is an empty body)
    taken         overrides whether the customer gets the message
    """

    jid: str = ""
    count: int | None = None
    status: int = 200
    success: bool = True
    message: str = ""
    retry_after: str = ""
    logged_out: bool = False
    drop: str = ""
    delay: float = 0.0
    delay_before: float = 0.0
    raw: str | None = None
    taken: bool | None = None

    @property
    def takes(self) -> bool:
        """Does the customer get the message?"""
        if self.taken is not None:
            return self.taken
        fine = self.status < 400 and self.success and not self.logged_out and self.raw in (None, "true")
        return fine and self.drop != "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessage:
    """A message on a customer's screen. `time` is Unix time in seconds, `kind` the method's name after `send-`; `sha256`
    is that of the bytes behind `url`, where they were fetched."""

    id: str
    jid: str
    msg_id: str
    text: str
    kind: str
    url: str
    time: float
    instance: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request for a send, as it came. The token is not kept."""

    time: float
    jid: str
    msg_id: str
    kind: str
    text: str
    instance: str
    outcome: str


class Phones:
    """What customers have read. With `honour` a repeated `msg_id` shows once."""

    def __init__(self) -> None:
        self.all: list[ReadMessage] = []
        self.by_jid: dict[str, list[ReadMessage]] = {}
        self._seen: dict[tuple[str, str], ReadMessage] = {}
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    def show(self, message: ReadMessage, *, honour: bool) -> ReadMessage:
        """Put it on the screen; returns what is there under that `msg_id`."""
        key = (message.jid, message.msg_id)
        if honour and message.msg_id and key in self._seen:
            return self._seen[key]
        self._seen[key] = message
        self.all.append(message)
        self.by_jid.setdefault(message.jid, []).append(message)
        self._wake(message.jid)
        self._wake("")
        return message

    def read(self, jid: str = "") -> list[ReadMessage]:
        """What this customer has read; everyone, in order, without a jid."""
        return self.by_jid.get(jid, []) if jid else self.all

    async def wait(self, jid: str, count: int, timeout: float) -> bool:
        """Until `count` messages were read; False if the time ran out."""
        if len(self.read(jid)) >= count:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(jid, [])
        waiting.append((count, future))
        done, _ = await asyncio.wait([future], timeout=timeout)
        waiting.remove((count, future))
        return bool(done)

    def _wake(self, jid: str) -> None:
        for count, future in self._waiting.get(jid, ()):
            if len(self.read(jid)) >= count and not future.done():
                future.set_result(None)


class Script:
    """The behaviours asked for, first come first used, and for whom `msg_id` counts."""

    def __init__(self, honour: bool) -> None:
        self.behaviours: list[Behaviour] = []
        self._honour = {"": honour}

    def add(self, wishes: Mapping[str, object]) -> None:
        """Take a wish as it came over HTTP."""
        wishes = dict(wishes)
        jid = wishes["jid"] = spelled(str(wishes.get("jid") or ""))
        honour = wishes.pop("honour_msg_id", None)
        if isinstance(honour, bool):
            self._honour[jid] = honour
        if wishes.pop("clear", False):
            self.behaviours = [item for item in self.behaviours if jid and item.jid != jid]
        if unknown := wishes.keys() - {item.name for item in fields(Behaviour)}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if wishes.keys() - {"jid"}:
            self.behaviours.append(_BEHAVIOUR.validate_python(wishes))

    def honours(self, jid: str) -> bool:
        """Is a repeated `msg_id` to this customer delivered once?"""
        return self._honour.get(jid, self._honour[""])

    def next(self, jid: str) -> Behaviour:
        """The behaviour for the send that just came, counted down."""
        for item in self.behaviours:
            if item.jid in ("", jid):
                if item.count is not None:
                    item.count -= 1
                    if item.count <= 0:
                        self.behaviours.remove(item)
                return item
        return _FINE


_FINE = Behaviour()
_BEHAVIOUR = TypeAdapter(Behaviour)


def spelled(raw: str) -> str:
    """One spelling of a jid; what is none stays as it is."""
    return normalise(raw) or raw
