"""The simulator told over HTTP: what is shown, and what people do, under `/_sim/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from truffles_telegram.simulation.world import MANAGER, Json, Message, User

if TYPE_CHECKING:
    from truffles_telegram.simulator import Simulator


class Control:
    """Handlers that a demo or a test in another process uses."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def mount(self, app: web.Application) -> None:
        """Add the paths."""
        app.router.add_get("/_sim/topics", self._topics)
        app.router.add_get("/_sim/read", self._read)
        app.router.add_get("/_sim/calls", self._calls)
        app.router.add_get("/_sim/answers", self._answers)
        app.router.add_post("/_sim/{act}", self._act)

    async def _topics(self, request: web.Request) -> web.Response:
        """`?chat=`: the topics of a group."""
        shown = self._simulator.topics(int(request.query["chat"]))
        return web.json_response([{"id": each.id, "name": each.name, "closed": each.closed} for each in shown])

    async def _read(self, request: web.Request) -> web.Response:
        """`?chat=&thread=`: what a topic or a private chat shows."""
        chat = self._simulator.world.chats.get(int(request.query["chat"]))
        shown = chat.show(int(request.query.get("thread", "0"))) if chat else []
        return web.json_response([each.view() for each in shown if each.kind != "forum_topic_created"])

    async def _calls(self, request: web.Request) -> web.Response:
        calls = self._simulator.calls
        return web.json_response([{"time": c.time, "method": c.method, "status": c.status} for c in calls])

    async def _answers(self, request: web.Request) -> web.Response:
        return web.json_response(self._simulator.world.answers)

    async def _act(self, request: web.Request) -> web.Response:
        try:
            wish = await request.json()
            acts = {"write": self._write, "press": self._press, "edit": self._edit, "behaviour": self._behave,
                    "group": self._group, "delete_topic": self._delete_topic}  # fmt: skip
            return web.json_response({"ok": True} | await acts[request.match_info["act"]](wish))
        except (KeyError, LookupError, TypeError, ValueError) as error:
            return web.json_response({"ok": False, "error": repr(error)}, status=400)

    async def _write(self, wish: Json) -> Json:
        """A manager (`chat`, `thread`) or, without a chat, a customer (`sender`) writes."""
        sender = _user(wish)
        if "chat" in wish:
            message = await self._simulator.write(
                wish["text"], chat=int(wish["chat"]), thread=int(wish.get("thread", 0)), sender=sender
            )
        else:
            message = await self._simulator.write_privately(wish["text"], sender=sender)
        return {"message_id": message.id}

    async def _press(self, wish: Json) -> Json:
        return {"query_id": await self._simulator.press(self._message(wish), wish["button"], sender=_user(wish))}

    async def _edit(self, wish: Json) -> Json:
        await self._simulator.edit(self._message(wish), wish["text"])
        return {}

    async def _behave(self, wish: Json) -> Json:
        self._simulator.behave(**wish)
        return {}

    async def _group(self, wish: Json) -> Json:
        return {"id": self._simulator.group(int(wish.pop("chat")), **wish).id}

    async def _delete_topic(self, wish: Json) -> Json:
        self._simulator.delete_topic(int(wish["chat"]), int(wish["thread"]))
        return {}

    def _message(self, wish: Json) -> Message:
        return self._simulator.world.chats[int(wish["chat"])].messages[int(wish["message_id"])]


def _user(wish: Json) -> User:
    sender: dict[str, Any] | None = wish.get("sender")
    return User(**sender) if sender else MANAGER
