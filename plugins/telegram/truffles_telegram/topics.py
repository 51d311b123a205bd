"""A customer's topic: found, made once, made again when it was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from truffles_gateway.messages import OutgoingKind, Receipt, State
from truffles_gateway.plugin import Resources, Talk
from truffles_telegram.calls import Calls, Place, Shown
from truffles_telegram.card import CardWriter
from truffles_telegram.failures import CallFailed
from truffles_telegram.fields import integer, mapping
from truffles_telegram.post import Poster
from truffles_telegram.settings import TelegramSettings

_AGAIN = 3  # a topic, the card, its pin
_UNTIL_A_GROUP = 60.0
_NO_GROUP = "no managers' group is set: write its id as chat_id of the plugin, or as telegram_chat_id of the branch"


class Topics:
    """One tenant's topics in its managers' groups."""

    def __init__(
        self, settings: TelegramSettings, resources: Resources, calls: Calls, poster: Poster, writer: CardWriter
    ) -> None:
        self._settings, self._resources, self._desk = settings, resources, resources.desk
        self._calls, self._poster, self._writer = calls, poster, writer
        self._making = asyncio.Lock()
        self._missed = False

    def group(self, branch: str = "") -> str:
        """The managers' group of a branch, else the tenant's own, else the first branch's that has one: nobody falls between
        desks. Raises `CallFailed` when there is none yet: rows wait for one."""
        chats = self._resources.desk_chats
        own = self._settings.chat_id or chats.get("", "")
        found = (chats.get(branch, "") if branch else "") or own or next(iter(chats.values()), "")
        if not found:
            raise self._no_group()
        return self._calls.home(found)

    def _no_group(self) -> CallFailed:
        """It spends no attempts, however long it takes; the log names it once, not for each row."""
        if not self._missed:
            self._resources.log.warning("telegram.no_group", cure=_NO_GROUP)
        self._missed = True
        return CallFailed(Receipt.wait(_UNTIL_A_GROUP, _NO_GROUP, only_here=True))

    def is_own(self, chat: str) -> bool:
        """Do the settings name this group? Then it counts, whatever a code bound."""
        return bool(chat) and self._settings.chat_id == chat

    def general(self, branch: str = "") -> Place:
        """The General topic of a branch's group, or of the tenant's own."""
        return Place(self.group(branch))

    async def show(
        self, conversation_id: str, action: Callable[[Place], Awaitable[str]], *, is_card: bool = False
    ) -> str:
        """Carry `action` out in the customer's topic, in a new one if it was deleted. In a new one, or when the group is
        another than before, an open handover is shown again first, unless the action itself is its card."""
        talk = await self._desk.talk(conversation_id)
        if talk is None:
            raise CallFailed(Receipt.refused("there is no such conversation"))
        place = await self._place(talk)
        try:
            place = place if is_card else await self._with_card(talk, place)
            return await action(place)
        except CallFailed as failed:
            if failed.topic_closed:
                await self._calls.make("reopenForumTopic", place, place.params())
                return await action(place)
            if not failed.topic_gone:
                raise
        return await action(await self._again(talk, place, is_card=is_card))

    async def _place(self, talk: Talk) -> Place:
        chat = self.group(talk.branch)
        if thread := await self._thread(talk, chat):
            return Place(chat, thread)
        async with self._making:  # rows of one conversation may be under way side by side
            thread = await self._thread(talk, chat)
            return Place(chat, thread or (await self._make(talk, chat))[0])

    async def _thread(self, talk: Talk, chat: str) -> str:
        """The thread that was kept; rubbish from an older deployment counts as none."""
        thread = await self._desk.thread(talk.conversation_id, chat)
        return thread if thread.isascii() and thread.isdigit() else ""

    async def _make(self, talk: Talk, chat: str, *, tokens: int = 1, gone: str = "") -> tuple[str, bool]:
        """The thread that counts, and whether it is the one that was made here. One that is gone is forgotten only then:
        as long as it is known, the next attempt sees that the card must be shown again."""
        params = {"chat_id": chat, "name": self._writer.topic(talk.customer)}
        made = mapping(await self._calls.make("createForumTopic", Place(chat), params, tokens=tokens))
        thread = integer(made.get("message_thread_id"))
        if thread is None:
            raise CallFailed(Receipt.ambiguous("Telegram named no topic"))
        if gone:
            await self._desk.drop_thread(talk.conversation_id, chat, gone)
        kept = await self._desk.keep_thread(talk.conversation_id, self._calls.home(chat), str(thread))
        if kept != str(thread):  # another process was first: one customer, one topic
            await self._calls.try_to("deleteForumTopic", Place(chat), {"chat_id": chat, "message_thread_id": thread})
        return kept, kept == str(thread)

    async def _again(self, talk: Talk, gone: Place, *, is_card: bool) -> Place:
        """A new topic for a deleted one. Its tokens are taken together: stopped half-way, the card would stay unseen."""
        shows_card = bool(talk.handover_id) and not is_card
        async with self._making:
            known = await self._thread(talk, gone.chat)
            if known and known != gone.thread:  # somebody has just made it
                return Place(gone.chat, known, fresh=shows_card)
            await self._calls.limits.take(gone.group, _AGAIN if shows_card else 1)
            thread, is_ours = await self._make(talk, gone.chat, tokens=0, gone=gone.thread)
            place = Place(gone.chat, thread, fresh=shows_card)
            if shows_card and is_ours:  # who was first shows it
                await self._show_again_or_undo(talk, place, gone)
            return place

    async def _show_again_or_undo(self, talk: Talk, place: Place, gone: Place) -> None:
        """A new topic counts once its card is there: else the next attempt would find the topic, and nobody the card."""
        try:
            await self._show_again(talk, place, "again")
        except CallFailed:
            new: dict[str, object] = {"chat_id": place.chat, "message_thread_id": int(place.thread)}
            await self._calls.try_to("deleteForumTopic", Place(place.chat), new)
            await self._desk.drop_thread(talk.conversation_id, place.chat, place.thread)
            await self._desk.keep_thread(talk.conversation_id, self._calls.home(gone.chat), gone.thread)
            raise

    async def _with_card(self, talk: Talk, place: Place) -> Place:
        """The place, where the open handover is shown by now: its card may hang in a group that was the customer's before.
        That one loses its buttons first, so that nothing but a second look at them comes of stopping half-way."""
        shown = await self.card(talk.handover_id, place.chat) if talk.handover_id else None
        if shown is None or shown.chat == place.chat:
            return place
        await self._calls.limits.take(shown.chat, 2)
        await self.retire(shown)
        await self._calls.limits.take(place.group, 2)
        fresh = replace(place, fresh=True)
        await self._show_again(talk, fresh, "moved")
        return fresh

    async def card(self, handover_id: str, group: str) -> Shown | None:
        """Where the buttons of a handover are: its card, or where a manager opened it, a line."""
        for kind in (OutgoingKind.CARD, OutgoingKind.UPDATE):
            if shown := self._calls.shown(await self._desk.sent(handover_id, kind), group):
                return shown
        return None

    async def retire(self, shown: Shown) -> None:
        """A message of a former group, which may be gone altogether: no buttons, no pin. Two tokens were taken before."""
        there = Place(shown.chat)
        message: dict[str, object] = {"chat_id": shown.chat, "message_id": int(shown.message)}
        without: dict[str, object] = {"reply_markup": {"inline_keyboard": []}}
        await self._calls.try_to("editMessageReplyMarkup", there, message | without)
        await self._calls.try_to("unpinChatMessage", there, message)

    async def _show_again(self, talk: Talk, place: Place, why: str) -> None:
        """The whole card, as it stands now; from here on it is this one whose buttons follow the handover."""
        status = "active" if talk.state is State.MANAGER_ACTIVE else "pending"
        words = await self._desk.words(talk.handover_id, OutgoingKind.CARD)
        row = OutgoingKind.CARD if words else OutgoingKind.UPDATE  # where a manager opened it, a line has the buttons
        buttons = self._writer.buttons(status, talk.handover_id, booking=talk.booking)
        card = await self._poster.card(place, self._writer.again(talk, words, why), buttons, tokens=0)
        await self._desk.moved(talk.handover_id, row, str(Shown(place.chat, card)))
        try:
            await self.pin(place, card)
        except CallFailed as failed:  # the row that found the topic gone is not kept waiting for a pin
            self._not_pinned(place, failed)

    async def pin(self, place: Place, message_id: str) -> None:
        """Pin a card quietly, with a token taken before. A card without its pin is still a card; only where Telegram asks
        for a pause `CallFailed` is raised."""
        params = {"chat_id": place.chat, "message_id": int(message_id or 0), "disable_notification": True}
        try:
            await self._calls.make("pinChatMessage", place, params, tokens=0)
        except CallFailed as failed:
            if failed.receipt.waiting:
                raise
            if not failed.unchanged:
                self._not_pinned(place, failed)

    def _not_pinned(self, place: Place, failed: CallFailed) -> None:
        cure = "give the bot the right to pin" if failed.receipt.only_here else ""
        self._resources.log.warning("telegram.not_pinned", chat=place.chat, why=failed.receipt.error, cure=cure)
