"""What the bot lacks in a group that has just become a desk, in the managers' language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from truffles_telegram.card import CardWriter
from truffles_telegram.client import Client
from truffles_telegram.failures import CallFailed
from truffles_telegram.fields import integer, mapping, text
from truffles_telegram.settings import TelegramSettings

RIGHTS = {"can_manage_topics": "topics", "can_pin_messages": "pins", "can_delete_messages": "deleting"}


class Rights:
    """One tenant's bot, asked about itself."""

    def __init__(self, settings: TelegramSettings, client: Client, writer: CardWriter) -> None:
        self._settings, self._client, self._writer = settings, client, writer

    async def lacking(self, chat: str, connected: Mapping[str, str]) -> list[str]:
        """One line for everything that is missing in `chat`, which was connected for a branch, or for the business."""
        named = self._settings.chat_id
        other = ["other_group"] if named and named != chat and not connected.get("branch") else []
        return [self._writer.say(key) for key in (*other, *await self._missing(chat))]

    async def _missing(self, chat: str) -> list[str]:
        try:
            me = integer(mapping(await self._client.call("getMe", {}, private=True)).get("id"))
            group = mapping(await self._client.call("getChat", {"chat_id": chat}))
            member = mapping(await self._client.call("getChatMember", {"chat_id": chat, "user_id": me}))
        except CallFailed:  # the group is bound all the same: that it is shall be said
            return ["rights_unknown"]
        return [*_of_group(group), *_of_member(member)]


def _of_group(group: Mapping[str, object]) -> Iterator[str]:
    if group.get("is_forum") is not True:
        yield "lacks_forum"
    if text(group.get("username")):
        yield "lacks_privacy"


def _of_member(member: Mapping[str, object]) -> Iterator[str]:
    if member.get("status") == "creator":
        return
    if member.get("status") != "administrator":
        yield "lacks_admin"
    for right, name in RIGHTS.items():
        if member.get(right) is not True:
            yield f"lacks_{name}"
