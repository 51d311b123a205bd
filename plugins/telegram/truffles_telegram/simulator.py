"""A Telegram that speaks the Bot API, shows what groups would see, and lets a test act as managers and customers.

    python -m truffles_telegram.simulator --port 8901 --gateway http://127.0.0.1:8080 --tenant salon --secret …

In tests:

    async with Simulator(gateway=rig.url, tenant="salon", secret="s") as telegram:
        group = telegram.group(-1001)
        ...                                     # point base_url at telegram.url
        card = await telegram.find("Нужен человек")
        await telegram.press(card, "Беру ✋")
        await telegram.write("Здравствуйте!", chat=-1001, thread=card.thread)

Everything can be told to it over HTTP too; the plugin's README lists the paths under `/_sim/`.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import click
import httpx
from aiohttp import web

from truffles_telegram.simulation.checks import check_result, check_update, load, no_check
from truffles_telegram.simulation.control import Control
from truffles_telegram.simulation.faults import FloodControl, Script
from truffles_telegram.simulation.methods import REACTIONS, Methods
from truffles_telegram.simulation.server import Api, Call
from truffles_telegram.simulation.world import MANAGER, Chat, Json, Message, Topic, User, World

__all__ = ["MANAGER", "Call", "Chat", "Message", "Simulator", "Topic", "User", "main"]

TOKEN = "700000001:simulated-token"  # noqa: S105 - made up, and known to everybody


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: that takes 50 ms of CPU, and tests make many simulators."""
    context: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)
    return context


class Simulator:
    """One bot's Telegram.

    gateway, tenant, secret   where updates go until `setWebhook` says otherwise
    checked       every answer and update is read by aiogram first (its import takes seconds)
    per_second, per_minute    Telegram's own limits; 0 switches one off
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, token: str = TOKEN, gateway: str = "", tenant: str = "",
        secret: str = "", checked: bool = False, per_second: int = 30, per_minute: int = 20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._host, self._port, self._checked = host, port, checked
        if checked:
            load()
        self.world, self.script = World(), Script()
        self.flood = FloodControl(clock, per_second=per_second, per_minute=per_minute)
        self.methods = Methods(self.world, self.flood)
        if gateway:
            url = f"{gateway}/telegram-webhook" + (f"/{tenant}" if tenant else "")
            self.methods.webhook = {"url": url, "secret_token": secret}
        self._api = Api(self.world, self.methods, self.script, token, check_result if checked else no_check)
        Control(self).mount(self._api.app)

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=15, trust_env=False, verify=_trusted())
        self._runner = web.AppRunner(self._api.app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()
        await self._http.aclose()

    @property
    def url(self) -> str:
        """The `base_url` for a tenant's settings."""
        return f"http://{self._host}:{self._runner.addresses[0][1]}"

    @property
    def calls(self) -> list[Call]:
        """Every call so far."""
        return list(self._api.calls)

    def behave(self, **wishes: Any) -> None:
        """How coming calls end: the fields of `Behaviour`."""
        self.script.add(wishes)

    # what is shown

    def group(self, chat_id: int, title: str = "Салон", **more: Any) -> Chat:
        """A managers' group, made at the first mention."""
        return self.world.group(chat_id, title, **more)

    def topics(self, chat_id: int) -> list[Topic]:
        """The topics of a group."""
        return list(self.world.group(chat_id).topics.values())

    def topic(self, chat_id: int, thread: int = 0) -> list[Message]:
        """What a topic shows, without Telegram's own lines; 0 is the General topic."""
        return [message for message in self.world.group(chat_id).show(thread) if message.kind != "forum_topic_created"]

    def chat(self, user: User) -> list[Message]:
        """What a customer's own chat with the bot shows."""
        return self.world.private(user).show()

    def delete_topic(self, chat_id: int, thread: int) -> None:
        """A manager deletes a topic."""
        self.world.group(chat_id).delete_topic(thread)

    async def find(self, text: str, timeout: float = 15.0) -> Message:
        """Wait until some message holds `text`; the newest that does."""

        def newest() -> Message | None:
            return next((each for _, each in reversed([*self.world.all_messages()]) if text in each.text), None)

        found: Message = await self.until(newest, timeout)
        return found

    async def until(self, condition: Callable[[], Any], timeout: float = 15.0) -> Any:
        """Wait until `condition` is true; its value. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                self._api.changed.clear()
                await self._api.changed.wait()
        return value

    # what people do

    async def write(self, text: str, *, chat: int, thread: int = 0, sender: User = MANAGER, **more: Any) -> Message:
        """Somebody writes in a group; `more` are further fields of the message."""
        fields = ({"text": text} if text else {}) | more
        return await self._said(self.world.group(chat), sender, fields, thread)

    async def write_privately(self, text: str, *, sender: User, **more: Any) -> Message:
        """A customer writes to the bot."""
        return await self._said(self.world.private(sender), sender, ({"text": text} if text else {}) | more, 0)

    async def send_file(
        self, kind: str, data: bytes, *, chat: int, thread: int = 0, sender: User = MANAGER, caption: str = "",
        name: str = "file", mime: str = "application/octet-stream", **more: Any,
    ) -> Message:  # fmt: skip
        """Somebody sends a photo, document, audio, voice or video; `more` are further fields of the message, such as the
        `media_group_id` of an album."""
        fields = self.world.keep_file(kind, data, name, mime) | ({"caption": caption} if caption else {}) | more
        place = self.world.chats.get(chat) or self.world.group(chat)
        return await self._said(place, sender, fields, thread)

    async def _said(self, chat: Chat, sender: User, fields: Json, thread: int) -> Message:
        if thread and thread not in chat.topics:
            raise LookupError(f"there is no topic {thread}")
        message = self.world.add(chat, sender, fields, thread=thread)
        await self.post("message", message.json)
        return message

    async def edit(self, message: Message, text: str) -> None:
        """The author changes a message, or the caption of a file."""
        changed = "text" if message.kind == "text" else "caption"
        message.json = message.json | {changed: text, "edit_date": int(time.time())}
        await self.post("edited_message", message.json)

    async def press(self, message: Message, label: str, *, sender: User = MANAGER) -> str:
        """Press a button that is there, by its label or the action in its data; returns the id of the query."""
        data = next((d for name, d in message.buttons.items() if label in (name, d, d.rpartition("_")[0])), "")
        if not data:
            raise LookupError(f"there is no button {label!r}, only {', '.join(message.buttons) or 'none'}")
        return await self.press_data(message, data, sender=sender)

    async def press_data(self, message: Message, data: str, *, sender: User = MANAGER) -> str:
        """Press what is no longer, or never was, there: an old screen, or a forgery."""
        query_id = str(4_000_000_000 + self.world.number())
        self.world.answers[query_id] = None
        query = {"id": query_id, "from": sender.json(), "message": message.json, "chat_instance": "1", "data": data}
        await self.post("callback_query", query)
        return query_id

    async def answered(self, query_id: str, timeout: float = 15.0) -> str:
        """Wait for what the popup of a pressed button says."""
        await self.until(lambda: self.world.answers.get(query_id) is not None, timeout)
        return self.world.answers[query_id] or ""

    async def react(self, message: Message, emoji: str, *, sender: User = MANAGER) -> None:
        """Somebody reacts; a bot hears of it only if it asked for such updates."""
        assert emoji in REACTIONS, f"Telegram knows no reaction {emoji}"
        message.reactions = [emoji]
        if "message_reaction" in (self.methods.webhook.get("allowed_updates") or ()):
            reaction = [{"type": "emoji", "emoji": emoji}]
            told = {name: message.json[name] for name in ("chat", "message_id")}
            told |= {"user": sender.json(), "date": int(time.time()), "old_reaction": [], "new_reaction": reaction}
            await self.post("message_reaction", told)

    async def post(self, name: str, payload: Json, *, update_id: int = 0, secret: str | None = None) -> httpx.Response:
        """Post an update to the webhook, with its secret unless another one is given."""
        update = {"update_id": update_id or 900_000_000 + self.world.number(), name: payload}
        if self._checked:
            check_update(update)
        self._api.changed.set()
        webhook = self.methods.webhook
        if not webhook.get("url"):
            return httpx.Response(0)
        given = webhook.get("secret_token") if secret is None else secret
        headers = {"x-telegram-bot-api-secret-token": given} if given else {}
        return await self._http.post(webhook["url"], json=update, headers=headers)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default=True, help="0 takes any free port.")
@click.option("--token", default=TOKEN, show_default=True, help="The bot's token.")
@click.option("--gateway", default="", help="Where updates are posted, such as http://127.0.0.1:8000.")
@click.option("--tenant", default="", help="The tenant's slug.")
@click.option("--secret", default="", envvar="TELEGRAM_WEBHOOK_SECRET", help="The webhook's secret token.")
@click.option("--group", "groups", type=int, multiple=True, help="A managers' group, such as -1001.")
@click.option("--per-minute", default=20, show_default=True, help="Calls a minute in one group; 0 is no limit.")
@click.option("--checked", is_flag=True, help="Let aiogram read every answer first.")
def main(groups: tuple[int, ...], **options: Any) -> None:
    """Run the simulator until it is interrupted; prints its URL."""
    simulator = Simulator(**options)
    for group in groups:
        simulator.group(group)
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
