"""Telling Telegram where the gateway is, and finding out what is still missing: `truffles telegram set-webhook TENANT`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Resources
from truffles_telegram.client import Client
from truffles_telegram.failures import CallFailed
from truffles_telegram.fields import integer, mapping, text
from truffles_telegram.ingress import PATH
from truffles_telegram.settings import TelegramSettings

UPDATES = ["message", "edited_message", "callback_query"]
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_NO_GROUP = "no managers' group is set"
_RIGHTS = {
    "can_manage_topics": "Manage Topics: without it no customer gets a topic",
    "can_pin_messages": "Pin Messages: without it cards are not pinned",
    "can_delete_messages": "Delete Messages: without it a topic that was made twice stays",
}


class Registration:
    """One tenant's bot, seen from Telegram's side. Every method returns plain lines or raises `ConfigError`."""

    def __init__(self, settings: TelegramSettings, resources: Resources, client: Client) -> None:
        self._settings, self._resources, self._client = settings, resources, client
        self._titles: dict[str, str] = {}

    async def set_webhook(self) -> list[str]:
        """Register the webhook, then check everything."""
        secret, url = self._settings.webhook_secret.get_secret_value(), self._url()
        if not _SECRET.fullmatch(secret):
            cure = "Use 1 to 256 of A-Z, a-z, 0-9, _ and -"
            raise self._wrong("webhook_secret", "Telegram does not take this secret", cure)
        me = await self._me()
        await self._call("setWebhook", {"url": url, "secret_token": secret, "allowed_updates": UPDATES})
        # a code connects a group by this very webhook, so that none can be a failure only of `check`
        groups = await self._groups() if self._chats() else [f"group: {_NO_GROUP}. Cure: {self._cure()}"]
        return [*me, f"webhook: registered at {url}", *groups]

    async def check(self) -> list[str]:
        """Look at everything and change nothing. Without any group it fails, and its notes are what else was found."""
        lines = [*await self._me(), *await self._webhook()]
        if self._chats():
            return [*lines, *await self._groups(), *self._branches()]
        missing = self._wrong("chat_id", _NO_GROUP, self._cure())
        for line in lines:
            missing.add_note(line)
        raise missing

    def _url(self) -> str:
        base = self._resources.public_url.rstrip("/")
        if not base:
            cure = (
                "Set PUBLIC_URL to the address under which Telegram reaches the gateway, such as https://bot.example.kz"
            )
            raise ConfigError("nobody knows the gateway's address", tenant=self._resources.tenant, cure=cure)
        return f"{base}{PATH}/{self._resources.tenant}"

    async def _me(self) -> list[str]:
        me = mapping(await self._call("getMe", {}))
        name, expected = text(me.get("username")), self._settings.username.lstrip("@")
        if expected and expected.lower() != name.lower():
            cure = f"Write the token of @{expected}, or {name} as username"
            raise self._wrong("token", f"it belongs to @{name}, not to @{expected}", cure)
        self._bot_id = integer(me.get("id")) or 0
        return [f"bot: @{name}"]

    async def _webhook(self) -> list[str]:
        info = mapping(await self._call("getWebhookInfo", {}))
        url, waiting = text(info.get("url")), integer(info.get("pending_update_count")) or 0
        if not url or (self._resources.public_url and url != self._url()):
            where = f"is registered at {url}" if url else "is not registered"
            return [f"webhook: {where}. Cure: truffles telegram set-webhook {self._resources.tenant}"]
        lines = [f"webhook: registered at {url}, {waiting} updates waiting"]
        said = text(info.get("last_error_message"))
        return [*lines, f"webhook: Telegram's last trouble was: {said}"] if said else lines

    async def _groups(self) -> list[str]:
        """Every managers' group by itself: one that is wrong must not hide the others."""
        return [line for chat in self._chats() for line in await self._group(chat)]

    def _chats(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self._settings.chat_id, *self._resources.desk_chats.values()))))

    def _cure(self) -> str:
        keys = "chat_id of the plugin, or as telegram_chat_id of a branch"
        code = f"truffles tenants code {self._resources.tenant}"
        return f"Write /connect and the code of `{code}` in the forum group, or write its id as {keys}"

    def _branches(self) -> Iterator[str]:
        """Which group serves which branch, and where the customers of one without a group go."""
        chats = self._resources.desk_chats
        common = self._settings.chat_id or chats.get("", "") or next(iter(chats.values()), "")
        for slug, name in self._resources.branches.items():
            own = chats.get(slug, "")
            where = f"group {own or common}{self._titles.get(own or common, '')}"
            yield (
                f"branch {name}: {where}" if own else f"branch {name}: no group of its own, its customers go to {where}"
            )

    async def _group(self, chat: str) -> list[str]:
        try:
            found = mapping(await self._client.call("getChat", {"chat_id": chat}))
            member = await self._client.call("getChatMember", {"chat_id": chat, "user_id": self._bot_id})
        except CallFailed as failed:
            cure = "add the bot to the group, and look whether the id is right (it begins with -100)"
            return [f"group {chat}: {failed.receipt.error}. Cure: {cure}"]
        self._titles[chat] = f" ({text(found.get('title'))})"
        name = f"group {chat}{self._titles[chat]}"
        missing = [*_not_a_forum(found), *_open_to_all(found), *_missing_rights(mapping(member))]
        return [f"{name}: {line}" for line in missing] or [f"{name}: forum, bot is admin with all rights"]

    async def _call(self, method: str, params: Mapping[str, object]) -> object:
        try:
            return await self._client.call(method, params, private=True)
        except CallFailed as failed:
            cure = "Get the token from @BotFather and look whether base_url and PUBLIC_URL are right"
            raise self._wrong("token" if failed.code in {401, 404} else method, failed.receipt.error, cure) from None

    def _wrong(self, key: str, problem: str, cure: str) -> ConfigError:
        return ConfigError(problem, tenant=self._resources.tenant, where=f"plugins.telegram.{key}", cure=cure)


def _not_a_forum(chat: Mapping[str, object]) -> Iterator[str]:
    if chat.get("is_forum") is not True:
        yield "is no forum. Cure: group settings, switch Topics on"


def _open_to_all(chat: Mapping[str, object]) -> Iterator[str]:
    if name := text(chat.get("username")):
        yield f"is public (@{name}): whoever opens it reads customers' words and may press the buttons. Cure: group settings, Group type, Private"


def _missing_rights(member: Mapping[str, object]) -> Iterator[str]:
    if member.get("status") == "creator":
        return
    if member.get("status") != "administrator":
        yield "the bot is no admin. Cure: group settings, Administrators, add the bot with these rights:"
    for right, what in _RIGHTS.items():
        if member.get(right) is not True:
            yield f"the bot lacks {what}. Cure: group settings, Administrators, the bot, switch it on"
