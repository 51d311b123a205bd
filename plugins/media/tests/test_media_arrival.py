"""Files are fetched from the moment when their message is stored, apart from its turn: HTTP in, a server of strangers, a desk."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

import pytest
from truffles_media.plugin import Media, plugin

from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.messages import InboundEvent, State

SECRET = "secret-of-tests"
OTHERS = frozenset({"policy", "desk_log", "chatflow"})
RETRIES = (1, 3, 10, 60, 300, 900)
"""Seconds before each further attempt, as the README has them."""
Start = Callable[..., Awaitable[Any]]
Stranger = Any


class Broken(Media):
    """A guard with a fault of its own."""

    async def admit(self, event: InboundEvent, state: State) -> InboundEvent:
        """Never."""
        raise ZeroDivisionError


@pytest.fixture
def start(rig_of: Any, stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a gateway whose guard finds the server of strangers; its desk is the log."""
    monkeypatch.setitem(os.environ, "TEST_MEDIA_SECRET", SECRET)
    number = {"base_url": "http://127.0.0.1:9", "token": "env:TEST_MEDIA_SECRET", "instance_id": "shop"}
    shop = {
        "slug": "shop",
        "name": "Shop",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_MEDIA_SECRET",
        "timing": {"complete": 0.3, "fragment": 0.3, "longest": 3.0},
        "plugins": [
            {"name": "media"},
            {"name": "policy"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": number},
        ],
    }

    async def started(
        *,
        guard: type[Media] = Media,
        files: float = 10.0,
        mode: str = "auto",
        connected_at: str | None = None,
        **more: Any,
    ) -> Any:
        made = replace(plugin, create=lambda settings, resources: guard(settings, resources, stranger.fetcher()))
        since = {"connected_at": connected_at} if connected_at else {}
        others = [each.load() for each in entry_points(group="truffles_gateway") if each.name in OTHERS]
        return await rig_of(
            {**shop, **since, "mode": mode, "limits": {"files": files}}, plugins=[made, *others], **more
        )

    return started


async def send(
    rig: Any, number: int, link: str = "", *, text: str = "", voice: bool = False, at: float = 0.0, slug: str = "shop",
    jid: str = "77010000000",
) -> None:  # fmt: skip
    """One webhook of the customer: words, or a file behind a link; `at` is when it was written, where the phone says so."""
    metadata = {"remoteJid": f"{jid}@s.whatsapp.net", "messageId": f"m{number}"} | ({"timestamp": at} if at else {})
    kind, mime = ("ptt", "audio/ogg") if voice else ("image", "image/jpeg")
    body: dict[str, Any] = {"messageType": kind, "mediaData": {"mimetype": mime, "url": link, "caption": text}}
    if not link:
        body = {"messageType": "text", "message": text}
    answer = await rig.post(f"/webhook/{slug}", headers={"X-Webhook-Secret": SECRET}, metadata=metadata, **body)
    assert answer.status_code == 200, answer.text


async def outgoing(rig: Any, kind: str) -> list[dict[str, Any]]:
    """The rows of a kind, as they were stored."""
    rows = await rig.rows("SELECT payload FROM outbox_messages WHERE payload->>'kind' = $1 ORDER BY seq", kind)
    return [json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"] for row in rows]


async def fetches(rig: Any, status: str = "done") -> int:
    """How many fetches are in this state."""
    [row] = await rig.rows("SELECT count(*) AS n FROM jobs WHERE kind = 'fetch' AND status = $1", status)
    return int(row["n"])


async def stored_media(rig: Any) -> list[dict[str, Any]]:
    """What the customer's messages say of their media."""
    rows = await rig.rows("SELECT metadata FROM messages WHERE role = 'user' ORDER BY seq")
    return [each for row in rows for each in row["metadata"].get("media", ())]


def held(
    stranger: Stranger, page: bytes
) -> tuple[Callable[[str, asyncio.StreamWriter], Awaitable[None]], asyncio.Event]:
    """A page that is written when the event is set."""
    go = asyncio.Event()

    async def write(_: str, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(page)
        await writer.drain()

    return write, go


async def test_a_link_that_expires_before_its_turn_is_no_loss(start: Start, stranger: Stranger, photo: bytes) -> None:
    stranger.pages["/1"] = [stranger.answer(photo), stranger.head(410, content_length="0")]
    rig = await start()
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert [bool(part.get("blob")) for part in card["attachments"]] == [True]
    assert [path for path, _ in stranger.asked] == ["/1"]
    assert [bool(each["blob"]) for each in await stored_media(rig)] == [True]


async def test_it_is_fetched_although_the_turn_has_not_begun(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    """The clock stands still: no burst ends, and yet the bytes are there."""
    stranger.pages["/1"] = stranger.answer(photo)
    rig = await start()
    await send(rig, 1, stranger.link("/1"))
    await rig.until(lambda: fetches(rig))
    [row] = await rig.rows("SELECT event FROM inbox_events")
    assert row["event"]["attachments"][0]["checked"] is True


async def test_a_slow_file_holds_its_turn_no_longer_than_that_and_follows_to_the_desk(
    start: Start, stranger: Stranger, photo: bytes
) -> None:
    stranger.pages["/1"], go = held(stranger, stranger.answer(photo))
    rig = await start(files=0.4)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert "attachments" not in card
    assert "ещё скачивается" in card["text"]
    go.set()
    [row] = await rig.until(lambda: outgoing(rig, "forward"))
    assert len(row["attachments"]) == 1
    assert row["attachments"][0]["blob"]

    async def known() -> bool:
        return [bool(each["blob"]) for each in await stored_media(rig)] == [True]

    await rig.until(known)


async def test_what_came_late_to_a_bot_that_answers_is_shown_where_it_was_announced(
    start: Start, stranger: Stranger, photo: bytes
) -> None:
    stranger.pages["/1"], go = held(stranger, stranger.answer(photo))
    rig = await start(files=0.3)
    await send(rig, 1, stranger.link("/1"))
    [row] = await rig.until(lambda: outgoing(rig, "notice"))
    assert row["text"].startswith("Ещё загружаем фото.")
    go.set()

    async def known() -> bool:
        return [bool(each["blob"]) for each in await stored_media(rig)] == [True]

    await rig.until(known)
    announced, shown = await rig.until(lambda: _two(rig))
    assert announced["text"] == "✗ фото: ещё скачивается; появится здесь, как только придёт"
    assert [bool(part["blob"]) for part in shown["attachments"]] == [True]


async def _two(rig: Any) -> list[dict[str, Any]]:
    rows = await outgoing(rig, "forward")
    return rows if len(rows) == 2 else []


async def test_what_came_late_to_a_bot_that_is_silent_comes_with_the_next_card(
    start: Start, stranger: Stranger, photo: bytes
) -> None:
    stranger.pages["/1"], go = held(stranger, stranger.answer(photo))
    rig = await start(files=0.3, mode="shadow")
    await send(rig, 1, stranger.link("/1"))
    await rig.settled()
    go.set()

    async def kept() -> bool:
        [row] = await rig.rows("SELECT context FROM conversations")
        return bool([each for each in row["context"].get("files", ()) if each["file"].get("blob")])

    await rig.until(kept)
    assert await outgoing(rig, "forward") == []


async def test_what_cannot_be_had_is_tried_again_and_then_named(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    stranger.pages["/1"] = stranger.head(503, content_length="0")
    rig = await start(files=0.3)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    await rig.until(lambda: outgoing(rig, "card"))

    for attempt, pause in enumerate(RETRIES, 1):
        await rig.until(lambda attempt=attempt: _tried(rig, attempt))
        moved_clock.advance(seconds=pause)
    [row] = await rig.until(lambda: outgoing(rig, "forward"))
    assert "не удалось скачать" in row["text"]
    assert "attachments" not in row


async def test_a_file_that_comes_with_a_later_attempt_is_shown(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    stranger.pages["/1"] = [*[stranger.head(503, content_length="0")] * 3, stranger.answer(photo)]
    rig = await start(files=0.3)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    await rig.until(lambda: outgoing(rig, "card"))
    moved_clock.advance(seconds=5)
    [row] = await rig.until(lambda: outgoing(rig, "forward"))
    assert row["attachments"][0]["blob"]


async def test_the_first_five_pass_however_slow_the_first_is(start: Start, stranger: Stranger, photo: bytes) -> None:
    stranger.pages["/0"], go = held(stranger, stranger.answer(photo + b"0"))
    for n in range(1, 7):
        stranger.pages[f"/{n}"] = stranger.answer(photo + b"%d" % n)
    rig = await start()
    for n in range(7):
        await send(rig, n, stranger.link(f"/{n}"), text="" if n else "позовите менеджера")
    await rig.until(lambda: _all_but_one(rig))
    go.set()
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    shown = [part["url"].rpartition("/")[2] for part in card["attachments"]]
    assert shown == ["0", "1", "2", "3", "4"]
    assert card["text"].count("слишком много файлов за короткое время") == 2
    assert {path for path, _ in stranger.asked} == {"/0", "/1", "/2", "/3", "/4"}


async def _all_but_one(rig: Any) -> bool:
    return await fetches(rig) == 6


async def test_another_process_fetches_what_one_left_behind(start: Start, stranger: Stranger, photo: bytes) -> None:
    stranger.pages["/1"], go = held(stranger, stranger.answer(photo))
    first = await start(drain_seconds=0.1)
    await send(first, 1, stranger.link("/1"), text="позовите менеджера")
    await first.until(lambda: _asked(stranger))
    await first.__aexit__(None, None, None)
    stranger.pages["/1"] = stranger.answer(photo)
    go.set()
    second = await start()
    [card] = await second.until(lambda: outgoing(second, "card"))
    assert card["attachments"][0]["blob"]


async def _tried(rig: Any, times: int) -> bool:
    return bool(await rig.rows("SELECT 1 FROM jobs WHERE kind = 'fetch' AND attempts = $1", times))


async def _asked(stranger: Stranger) -> bool:
    return bool(stranger.asked)


async def test_a_guard_that_fails_lets_nothing_pass_and_holds_up_nobody(
    start: Start, stranger: Stranger, photo: bytes
) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    rig = await start(guard=Broken)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert "attachments" not in card
    assert "не удалось проверить" in card["text"]
    assert stranger.asked == []


async def test_words_alone_wait_for_no_file(start: Start) -> None:
    rig = await start()
    await send(rig, 1, text="здравствуйте")
    await rig.until(lambda: outgoing(rig, "reply"))
    assert await fetches(rig) == 0


async def test_what_a_photo_told_of_its_place_is_kept_nowhere(start: Start, photo: bytes) -> None:
    """It came inline: the raw body and the first copy of the bytes hold it as well."""
    place = b"\xff\xe1\0\x1bExif\0\0the place and more."
    told = photo[:20] + place + photo[20:] + bytes(6000)
    rig = await start()
    await inline(rig, "image", "image/jpeg", told)
    await rig.until(lambda: fetches(rig))
    kept = await rig.rows("SELECT data FROM blobs WHERE used_at > 'epoch'")
    assert [bytes(row["data"]) for row in kept] == [photo]
    [row] = await rig.rows("SELECT raw FROM inbox_events")
    assert base64.b64encode(place)[8:-8] not in bytes(row["raw"])
    assert b"characters of a file" in bytes(row["raw"])
    assert b"image/jpeg" in bytes(row["raw"])


async def test_what_was_refused_takes_no_room_for_long(start: Start) -> None:
    rig = await start()
    await inline(rig, "document", "application/pdf", b"MZ" + bytes(6000))
    await rig.until(lambda: fetches(rig))
    assert await rig.rows("SELECT 1 FROM blobs WHERE used_at > 'epoch'") == []


async def shown(rig: Any) -> list[dict[str, Any]]:
    """The files that a desk was shown, as often as it was."""
    rows = [row for kind in ("forward", "card", "draft") for row in await outgoing(rig, kind)]
    return [part for row in rows for part in row.get("attachments", ())]


async def drafts(rig: Any) -> list[dict[str, Any]]:
    """The drafts that wait."""
    return list(await rig.rows("SELECT 1 FROM drafts WHERE status = 'waiting'"))


async def test_a_late_photo_is_shown_once_where_its_turn_is_thought_about_again(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    stranger.pages["/1"] = stranger.head(503, content_length="0")
    rig = await start(files=0.3, mode="approve")
    await send(rig, 1, stranger.link("/1"), text="Здравствуйте!")
    await rig.until(lambda: drafts(rig))
    stranger.pages["/1"] = stranger.answer(photo)
    await send(rig, 2, text="Как вас зовут?")
    await rig.settled()
    moved_clock.advance(seconds=15)
    await rig.until(lambda: fetches(rig))
    [part] = await rig.until(lambda: shown(rig))
    assert part["blob"]
    assert not [row for row in await outgoing(rig, "notice") if "ещё раз" in row["text"]]


async def test_a_late_voice_note_that_was_shown_is_not_shown_again(start: Start, stranger: Stranger) -> None:
    note = b"OggS\0\2" + bytes(20) + b"OpusHead" + bytes(1000)
    stranger.pages["/1"], go = held(stranger, stranger.answer(note))
    rig = await start(files=0.3, mode="approve")
    await send(rig, 1, text="Здравствуйте!")
    await send(rig, 2, stranger.link("/1"), voice=True)
    await rig.until(lambda: outgoing(rig, "forward"))
    go.set()
    await rig.until(lambda: shown(rig))
    await send(rig, 3, text="Как вас зовут?")
    await rig.settled()
    assert len(await shown(rig)) == 1


async def test_new_words_under_a_photo_keep_it(start: Start, stranger: Stranger, photo: bytes) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    rig = await start()
    await send(rig, 1, stranger.link("/1"), text="позовите менеджра")
    metadata = {"remoteJid": "77010000000@s.whatsapp.net", "messageId": "m2"}
    edit = {"messageType": "edited", "message": "позовите менеджера", "editedMessageId": "m1", "metadata": metadata}
    answer = await rig.post("/webhook/shop", headers={"X-Webhook-Secret": SECRET}, **edit)
    assert answer.status_code == 200
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert [part["caption"] for part in card["attachments"]] == ["позовите менеджера"]


async def test_history_costs_the_customer_nothing(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    for n in range(7):
        stranger.pages[f"/{n}"] = stranger.answer(photo)
    now = moved_clock.now()
    rig = await start(connected_at=(now - timedelta(minutes=10)).isoformat())
    for n in range(6):
        await send(rig, n, stranger.link(f"/{n}"), at=(now - timedelta(days=3)).timestamp())
    await rig.settled()
    assert stranger.asked == []
    await send(rig, 6, stranger.link("/6"), text="позовите менеджера")
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert len(card["attachments"]) == 1


class Absent(Media):
    """A guard whose database is away at first."""

    asked = 0

    async def admit(self, event: InboundEvent, state: State) -> InboundEvent:
        """The second time."""
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("no free database connection")
        return await super().admit(event, state)


class Unstorable(Media):
    """A guard that makes of a file what no database keeps."""

    async def collect(self, event: InboundEvent, state: State, *, last: bool) -> InboundEvent:
        """A name that cannot be stored."""
        return replace(event, attachments=tuple(replace(part, file_name="a\0b") for part in event.attachments))


async def test_what_cannot_be_stored_is_named_in_the_end(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    rig = await start(guard=Unstorable, files=0.3)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    await rig.until(lambda: outgoing(rig, "card"))
    for attempt, pause in enumerate(RETRIES, 1):
        await rig.until(lambda attempt=attempt: _tried(rig, attempt))
        moved_clock.advance(seconds=pause)
    [row] = await rig.until(lambda: outgoing(rig, "forward"))
    assert "не удалось проверить" in row["text"]


async def test_a_moment_without_the_database_refuses_nothing(
    start: Start, stranger: Stranger, photo: bytes, moved_clock: Any
) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    rig = await start(guard=Absent)
    await send(rig, 1, stranger.link("/1"), text="позовите менеджера")
    await rig.until(lambda: _tried(rig, 1))
    moved_clock.advance(seconds=2)
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert len(card["attachments"]) == 1


async def test_one_tenants_slow_files_leave_hands_for_the_others(
    start: Start, stranger: Stranger, photo: bytes
) -> None:
    page, go = held(stranger, stranger.answer(photo))
    stranger.pages |= {f"/slow{n}": page for n in range(8)} | {"/1": stranger.answer(photo)}
    rig = await start(files=0.5)
    [row] = await rig.rows("SELECT config FROM clients")
    plugins = [{**each, "settings": {**each["settings"], "instance_id": "other"}} if each["name"] == "chatflow" else each
               for each in row["config"]["plugins"]]  # fmt: skip
    await rig.apply({**row["config"], "slug": "other", "name": "Other", "plugins": plugins})
    for n in range(8):
        await send(rig, n, stranger.link(f"/slow{n}"), jid=f"7701000000{n}")
    await rig.until(lambda: _asked(stranger))
    await send(rig, 9, stranger.link("/1"), text="позовите менеджера", slug="other")
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert len(card["attachments"]) == 1
    go.set()


async def inline(rig: Any, kind: str, mime: str, data: bytes) -> None:
    """One webhook of the customer with the bytes of a file."""
    metadata = {"remoteJid": "77010000000@s.whatsapp.net", "messageId": "m1"}
    media = {"mimetype": mime, "base64": base64.b64encode(data).decode()}
    headers = {"X-Webhook-Secret": SECRET}
    answer = await rig.post("/webhook/shop", headers=headers, metadata=metadata, messageType=kind, mediaData=media)
    assert answer.status_code == 200, answer.text
