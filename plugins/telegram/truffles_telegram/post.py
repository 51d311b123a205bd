"""Messages in a place: words, buttons, media. A row of several messages goes on where an earlier attempt stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence

from truffles_gateway.messages import Attachment, Receipt
from truffles_gateway.plugin import Blobs
from truffles_telegram.calls import Calls, Place
from truffles_telegram.card import CardWriter, Keyboard, name_of
from truffles_telegram.client import Upload
from truffles_telegram.failures import CallFailed
from truffles_telegram.fields import integer, mapping
from truffles_telegram.markup import CAPTION, MESSAGE, cut, visible
from truffles_telegram.media import file_id
from truffles_telegram.plan import Piece, file_name

Source = str | Upload


class Poster:
    """Posts to one place at a time; every method returns the id of the (first) message, "" if it is not known."""

    def __init__(self, calls: Calls, blobs: Blobs, writer: CardWriter) -> None:
        self._calls, self._blobs, self._writer = calls, blobs, writer

    async def words(
        self, place: Place, text: str, *, keyboard: Keyboard | None = None, reply_to: str = "", tokens: int = 1,
        entities: Sequence[Mapping[str, object]] = (),
    ) -> str:  # fmt: skip
        """A plain text; `entities` point at people in it."""
        params = _message(place, cut(text, MESSAGE), keyboard) | ({"entities": list(entities)} if entities else {})
        if reply_to:
            params["reply_parameters"] = {"message_id": int(reply_to), "allow_sending_without_reply": True}
        return _id_of(await self._calls.make("sendMessage", place, params, tokens=tokens))

    async def card(self, place: Place, markup: str, keyboard: Keyboard, *, tokens: int = 1) -> str:
        """Our own HTML; should Telegram not read it, its words are shown all the same."""
        params = _message(place, markup, keyboard) | {"parse_mode": "HTML"}
        try:
            return _id_of(await self._calls.make("sendMessage", place, params, tokens=tokens))
        except CallFailed as failed:
            if not failed.bad_markup:
                raise
        return await self.words(place, visible(markup), keyboard=keyboard, tokens=0)

    async def pieces(self, place: Place, row: str, pieces: Sequence[Piece]) -> str:
        """All messages of a row. `row` names it over all attempts."""
        first = ""
        for number, piece in enumerate(pieces):
            step = f"{row}:{place.chat}:{place.thread}:{number}"
            if len(pieces) > 1 and await self._calls.limits.is_done(step):
                continue
            posted = await self._piece(place, step, piece)
            if len(pieces) > 1:
                await self._done(step)
            first = first or posted
        return first

    async def _done(self, step: str) -> None:
        """Remember a message that went out. Where that fails it must not look as if nothing had: it would go out again."""
        await self.unless_lost(self._calls.limits.done(step))

    @staticmethod
    async def unless_lost(note: Awaitable[None]) -> None:
        """Note something about a message that went out."""
        try:
            await note
        except Exception as problem:
            error = f"sent, but that could not be noted: {type(problem).__name__}"
            raise CallFailed(Receipt.ambiguous(error)) from problem

    async def _piece(self, place: Place, step: str, piece: Piece) -> str:
        if not piece.items:
            return await self.words(place, piece.text)
        sources = [await self._source(item) for item in piece.items]
        if len(piece.items) > 1 and None not in sources:
            try:
                return await self._album(place, piece, sources)
            except CallFailed as failed:
                if not failed.about_the_content:
                    raise
        return await self._one_by_one(place, step, piece, sources)

    async def _source(self, item: Attachment) -> Source | None:
        """What to send: bytes of ours that were checked, a file that Telegram has, bytes that were not, or a link; None if
        nothing is left. A checked file's own bytes come first, and its link is none: what Telegram has or would fetch there
        is the original, with all that the guard had taken out (where a photo was made)."""
        if item.checked and (checked := await self._upload(item)):
            return checked
        if known := file_id(item):
            return known
        linked = item.url.startswith(("https://", "http://")) and not item.checked
        return await self._upload(item) or (item.url if linked else None)

    async def _upload(self, item: Attachment) -> Upload | None:
        data = await self._blobs.get(item.blob) if item.blob else None
        return None if data is None else Upload(file_name(item), item.mime or "application/octet-stream", data)

    async def _album(self, place: Place, piece: Piece, sources: Sequence[Source | None]) -> str:
        uploads = {f"file{number}": each for number, each in enumerate(sources) if isinstance(each, Upload)}
        media = [
            {"type": piece.shape, "media": f"attach://file{number}" if isinstance(each, Upload) else each}
            for number, each in enumerate(sources)
        ]
        under = media[0] if piece.shape == "photo" else media[-1]  # where Telegram's apps show an album's caption
        if piece.text:
            under["caption"] = cut(piece.text, CAPTION)
        params = {**place.params(), "media": media}
        sent = await self._calls.make("sendMediaGroup", place, params, tokens=len(media), uploads=uploads)
        return _id_of(sent[0] if isinstance(sent, list) and sent else None)

    async def _one_by_one(self, place: Place, step: str, piece: Piece, sources: Sequence[Source | None]) -> str:
        """Each medium by itself: one that Telegram does not take must not cost the others."""
        first, several = "", len(piece.items) > 1
        for number, (item, source) in enumerate(zip(piece.items, sources, strict=True)):
            caption = "" if number else piece.text
            if several and await self._calls.limits.is_done(f"{step}.{number}"):
                continue
            posted = await self._medium(place, item, piece.shape, source, caption)
            if several:
                await self._done(f"{step}.{number}")
            first = first or posted
        return first

    async def _medium(self, place: Place, item: Attachment, shape: str, source: Source | None, caption: str) -> str:
        """As what it is, else as a document, else as a line that says it cannot be shown. That is no line for a customer:
        whoever sent the file must know that it did not arrive."""
        posted = await self._tried(place, shape, source, caption)
        if posted is None and not isinstance(source, Upload):  # its file id may be another bot's, or another kind's
            posted = await self._tried(place, shape, await self._upload(item), caption)
        if posted is not None:
            return posted
        lost, link = self._writer.say("file_lost", name=name_of(item)), _link(item)
        if not place.private:
            return await self.words(place, "\n".join(filter(None, [caption, lost, link])))
        if not link:
            raise CallFailed(Receipt.refused(lost))
        return await self.words(place, "\n".join(filter(None, [caption, link])))

    async def _tried(self, place: Place, shape: str, source: Source | None, caption: str) -> str | None:
        """The message that shows it, None where Telegram takes it in neither shape."""
        for each in dict.fromkeys((shape, "document")) if source is not None else ():
            try:
                return await self._file(place, each, source, caption)
            except CallFailed as failed:
                if not failed.about_the_content:
                    raise
        return None

    async def _file(self, place: Place, shape: str, source: Source | None, caption: str) -> str:
        params = place.params() | ({"caption": cut(caption, CAPTION)} if caption else {})
        uploads = {shape: source} if isinstance(source, Upload) else {}
        params |= {} if uploads else {shape: source}
        return _id_of(await self._calls.make(f"send{shape.capitalize()}", place, params, uploads=uploads))


def _link(item: Attachment) -> str:
    return item.url if item.url.startswith("https://") else ""


def _message(place: Place, text: str, keyboard: Keyboard | None) -> dict[str, object]:
    params = place.params() | {"text": text, "link_preview_options": {"is_disabled": not place.private}}
    return params | {"reply_markup": keyboard} if keyboard and keyboard["inline_keyboard"] else params


def _id_of(result: object) -> str:
    """The id of the message that a send returned."""
    message: Mapping[str, object] = mapping(result)
    found = integer(message.get("message_id"))
    return "" if found is None else str(found)
