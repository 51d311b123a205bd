"""Rows that managers see, each kind in its own way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from truffles_gateway.messages import Delivery, OutgoingKind
from truffles_gateway.plugin import Desk
from truffles_telegram.calls import Calls, Place, Shown
from truffles_telegram.card import CardWriter, Keyboard
from truffles_telegram.failures import CallFailed
from truffles_telegram.markup import MESSAGE, POPUP, cut
from truffles_telegram.mention import mention
from truffles_telegram.plan import Piece, pieces
from truffles_telegram.post import Poster
from truffles_telegram.rights import Rights
from truffles_telegram.topics import Topics

OWNER = "owner"
_MARKS = {OutgoingKind.FORWARD: "👤", OutgoingKind.REMINDER: "⏰", OutgoingKind.ALARM: "⚠️"}
_AGAIN = "↻"
_OK, _NOTE = "1", "note"


class DeskRows:
    """Shows rows at the desk; every method returns the provider's id."""

    def __init__(
        self, desk: Desk, calls: Calls, poster: Poster, topics: Topics, writer: CardWriter, rights: Rights
    ) -> None:
        self._rights = rights
        self._desk, self._calls, self._poster, self._topics, self._writer = desk, calls, poster, topics, writer
        self._ways: dict[OutgoingKind, Callable[[Delivery], Awaitable[str]]] = {
            OutgoingKind.CARD: self._card,
            OutgoingKind.UPDATE: self._update,
            OutgoingKind.CALLBACK: self._callback,
            OutgoingKind.RECEIPT: self._receipt,
            OutgoingKind.LEARNED: self._learned,
            OutgoingKind.DRAFT: self._draft,
            OutgoingKind.ANSWER: self._answer,
        }

    async def show(self, delivery: Delivery) -> str:
        """Show one row; what has no way of its own is a line with its media."""
        return await self._ways.get(delivery.outgoing.kind, self._line)(delivery)

    async def _card(self, delivery: Delivery) -> str:
        row = delivery.outgoing
        buttons = self._writer.buttons("pending", row.handover_id, booking=bool(row.data.get("booking")))

        async def post(place: Place) -> str:
            step = f"{delivery.id}:{place.chat}:{place.thread}"
            if card := await self._calls.limits.posted(step):
                await self._calls.limits.take(place.group)
                await self._topics.pin(place, card)
                return str(Shown(place.chat, card))
            await self._calls.limits.take(place.group, 2)  # together, so that a card is never shown twice for its pin
            card = await self._poster.card(place, _marked(delivery, row.text), buttons, tokens=0)
            await self._pin_or_wait(place, card, step)
            return str(Shown(place.chat, card))

        return await self._topics.show(row.recipient, post, is_card=True)

    async def _pin_or_wait(self, place: Place, card: str, step: str) -> None:
        """Telegram may ask for a pause before the pin: then the next attempt pins what this one posted."""
        try:
            await self._topics.pin(place, card)
        except CallFailed:
            await self._poster.unless_lost(self._calls.limits.keep_posted(step, card))
            raise

    async def _line(self, delivery: Delivery) -> str:
        row = delivery.outgoing
        mark = "" if row.data.get("mark") else _MARKS.get(row.kind, "")
        words = (each.strip() for each in (row.text, *delivery.more))
        if row.kind is OutgoingKind.ALARM:  # some alarms bring their sign along
            words = (each.removeprefix(mark).lstrip() for each in words)
        said = (" ".join(filter(None, [mark, each])) for each in words)
        text = _marked(delivery, "\n".join(said))
        parts = pieces(text, row.attachments, self._writer.transcript) or [Piece(text)]
        named = mention(text, row.data) if len(parts) == 1 else None

        async def post(place: Place) -> str:
            if named:
                return await self._poster.words(place, named.text, entities=named.entities)
            return await self._poster.pieces(place, delivery.id, parts)

        if row.recipient == OWNER:
            return await post(self._topics.general(row.data.get("branch", "")))
        return await self._topics.show(row.recipient, post)

    async def _update(self, delivery: Delivery) -> str:
        """The buttons tell what can be done now, and a line what happened. The line comes last: the rest may be repeated."""
        row = delivery.outgoing
        status = row.data.get("status", "")
        buttons = self._writer.buttons(status, row.handover_id, booking=bool(row.data.get("booking")))
        known = [await self._desk.sent(row.handover_id, each) for each in (OutgoingKind.CARD, OutgoingKind.UPDATE)]

        async def post(place: Place) -> str:
            shown = await self._shown_here(row.handover_id, place)
            unpins = status == "resolved" and bool(shown)
            await self._calls.limits.take(place.group, len(shown) + unpins + bool(row.text))
            edited = [await self._edit_buttons(place, message, buttons) for message in shown]
            if unpins:
                await self._unpin(place, shown[0])
            carries = not any(edited) and not place.fresh and bool(buttons["inline_keyboard"])
            keyboard = buttons if carries else None
            text = _marked(delivery, cut(row.text, MESSAGE - 2))
            line = await self._poster.words(place, text, keyboard=keyboard, tokens=0) if row.text else ""
            return str(Shown(place.chat, line)) if carries else ""

        return await self._topics.show(row.recipient, post) if any(known) or row.text else ""

    async def _unpin(self, place: Place, message_id: str) -> None:
        """The pin of what is over. Where Telegram says no for good it stays; a moment's failure is tried again with the row,
        or a closed card would ask for help for ever."""
        params = {"chat_id": place.chat, "message_id": int(message_id)}
        try:
            await self._calls.make("unpinChatMessage", place, params, tokens=0)
        except CallFailed as failed:
            if not failed.refused:
                raise

    async def _shown_here(self, handover_id: str, place: Place) -> list[str]:
        """The messages with the handover's buttons. Those of a group that was the customer's before lose theirs: what
        bears their numbers here is somebody else's."""
        here = []
        for kind in (OutgoingKind.CARD, OutgoingKind.UPDATE):
            shown = self._calls.shown(await self._desk.sent(handover_id, kind), place.chat)
            if shown and shown.chat == place.chat:
                here.append(shown.message)
            elif shown:
                await self._calls.limits.take(shown.chat, 2)
                await self._topics.retire(shown)
        return here

    async def _edit_buttons(self, place: Place, message_id: str, buttons: Keyboard) -> bool:
        """Did the message get its buttons? One that is gone did not."""
        params = {"chat_id": place.chat, "message_id": int(message_id), "reply_markup": buttons}
        try:
            await self._calls.make("editMessageReplyMarkup", place, params, tokens=0)
        except CallFailed as failed:
            if failed.message_gone or failed.unchanged:
                return failed.unchanged
            raise
        return True

    async def _callback(self, delivery: Delivery) -> str:
        row = delivery.outgoing
        query_id = row.data.get("ref", "").partition("/")[0] or row.data.get("event_id", "").removeprefix("callback:")
        nowhere = Place("", private=True)  # popups count for no group
        params = {"callback_query_id": query_id, "text": cut(row.text, POPUP)}
        await self._calls.make("answerCallbackQuery", nowhere, params)
        return query_id

    async def _receipt(self, delivery: Delivery) -> str:
        """👌 on the manager's own message, or a line under it."""
        row = delivery.outgoing
        chat, _, thread = row.data.get("thread", "").partition(":")
        ref, ok = (
            row.data.get("ref", "").rpartition("/")[2],
            row.data.get("ok", ""),
        )  # a button's ref names its message last
        if not (chat and ref.isdigit()):
            return ""
        there = Place(self._calls.home(chat), thread)
        if ok == _OK:
            return await self._react(there, ref)
        if ok == _NOTE:
            return await self._unless_gone(self._poster.words(there, self._writer.say("private_note"), reply_to=ref))
        line = row.text or self._writer.say("not_delivered")
        text = _marked(delivery, f"⚠️ {line.removeprefix('⚠️ ')}")

        async def post(place: Place) -> str:
            return await self._poster.words(place, text, reply_to=ref)

        if row.recipient == row.data["thread"]:  # a topic of the managers' own: it is nobody's conversation
            return await self._unless_gone(post(there))
        return await self._topics.show(row.recipient, post)

    async def _answer(self, delivery: Delivery) -> str:
        """What a command came to, below it. Where it made this group a desk, it says what the bot still lacks here."""
        row = delivery.outgoing
        chat, _, thread = row.data.get("thread", "").partition(":")
        if not chat:
            return ""
        place = Place(self._calls.home(chat), thread)
        if row.data.get("left"):
            return await self._farewell(chat, place, row.text)
        if row.data.get("spent"):
            return await self._spent(place, row.data.get("ref", "").rpartition("/")[2])
        lacking = await self._rights.lacking(place.chat, row.data) if row.data.get("connected") else []
        buttons = self._writer.answer_buttons(row.data.get("buttons", ""), row.data.get("target", ""))
        text = _marked(delivery, "\n".join([row.text, *lacking]))
        ref = row.data.get("ref", "")
        return await self._unless_gone(
            self._poster.words(place, text, keyboard=buttons, reply_to=ref if ref.isdigit() else "")
        )

    async def _farewell(self, chat: str, place: Place, text: str) -> str:
        """A former group, which the bot may have left: then nobody is told. One that the settings name is still the desk."""
        if self._topics.is_own(chat):
            return ""
        try:
            return await self._poster.words(place, text)
        except CallFailed as failed:
            if failed.refused:
                return ""
            raise

    async def _spent(self, place: Place, message_id: str) -> str:
        """Buttons that mean nothing any more. A message that is gone has none."""
        if not message_id.isdigit() or int(message_id) == 0:
            return ""
        await self._calls.limits.take(place.group)
        await self._edit_buttons(place, message_id, {"inline_keyboard": []})
        return ""

    async def _react(self, place: Place, ref: str) -> str:
        """Reactions count for no group. Where a group forbids them, an answer says the same."""
        emoji = [{"type": "emoji", "emoji": "👌"}]
        params = {"chat_id": place.chat, "message_id": int(ref), "reaction": emoji}
        try:
            await self._calls.make("setMessageReaction", replace(place, private=True), params)
        except CallFailed as failed:
            if failed.message_gone:
                return ""
            if not failed.about_the_content:
                raise
            return await self._unless_gone(self._poster.words(place, "👌", reply_to=ref))
        return ref

    @staticmethod
    async def _unless_gone(work: Awaitable[str]) -> str:
        """What was to be marked may have been deleted: then there is nothing left to say."""
        try:
            return await work
        except CallFailed as failed:
            if failed.message_gone or failed.topic_gone or failed.topic_closed:
                return ""
            raise

    async def _learned(self, delivery: Delivery) -> str:
        """One card a learned answer: what became of it is edited into it."""
        data = delivery.outgoing.data
        buttons = self._writer.learned_buttons(data.get("status", ""), data.get("learned_id", ""))
        return await self._in_place(delivery, self._writer.learned(data), buttons)

    async def _draft(self, delivery: Delivery) -> str:
        """One card a draft, below what does not fit on it: its media, and words that are too long."""
        row, data = delivery.outgoing, delivery.outgoing.data
        buttons = self._writer.draft_buttons(data.get("status", ""), data.get("draft_id", ""))
        above = pieces(self._writer.draft_above(data), row.attachments)
        return await self._in_place(delivery, self._writer.draft(data), buttons, above)

    async def _in_place(self, delivery: Delivery, text: str, buttons: Keyboard, above: Sequence[Piece] = ()) -> str:
        """Edit the card that shows this already, else post it."""
        row = delivery.outgoing
        known = await self._desk.sent(row.handover_id, row.kind)

        async def post(place: Place) -> str:
            shown = self._calls.shown(known, place.chat)
            if shown and shown.chat == place.chat and await self._edit(place, shown.message, text, buttons):
                return str(shown)
            if shown and shown.chat != place.chat:
                await self._calls.limits.take(shown.chat, 2)
                await self._topics.retire(shown)
            if above:
                await self._poster.pieces(place, delivery.id, above)
            card = str(Shown(place.chat, await self._poster.card(place, _marked(delivery, text), buttons)))
            if shown and card:  # or the next change would look for the lost one again, and post a third
                await self._desk.moved(row.handover_id, row.kind, card)
            return card

        return await self._topics.show(row.recipient, post)

    async def _edit(self, place: Place, message_id: str, text: str, buttons: Keyboard) -> bool:
        params = {
            "chat_id": place.chat, "message_id": int(message_id), "text": text, "parse_mode": "HTML",
            "reply_markup": buttons,
        }  # fmt: skip
        try:
            await self._calls.make("editMessageText", place, params)
        except CallFailed as failed:
            if failed.message_gone or failed.unchanged:
                return failed.unchanged
            raise
        return True


def _marked(delivery: Delivery, text: str) -> str:
    """↻ says that this may have been shown before."""
    return f"{_AGAIN} {text}".strip() if delivery.repeat else text
