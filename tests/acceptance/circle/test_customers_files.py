"""What customers send besides words, as the managers see it: each file as what it is, under a tidy name, byte for byte."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.acceptance.circle.conftest import Shop
from truffles_gateway.messages import Content
from truffles_gateway.testing import jpeg

JPEG, OGG, MP3, PDF = jpeg(), *(head + bytes(500) for head in (b"OggS", b"ID3\x03\x00", b"%PDF-1.7"))


async def send(shop: Shop, jid: str, data: bytes, mime: str, kind: Content, **more: Any) -> None:
    """A customer sends a file."""
    media = {"mimetype": mime, "base64": base64.b64encode(data).decode(), **more}
    await shop.write(jid, message_type=kind.value, media=media)
    await shop.settled()


def bytes_of(shop: Shop, shown: Any) -> bytes:
    """What a message in the topic shows."""
    file = shown.json[shown.kind]
    return bytes(shop.telegram.world.files[(file[-1] if isinstance(file, list) else file)["file_id"]])


@pytest.mark.parametrize(
    ("data", "mime", "kind", "more", "shown"),
    [
        (JPEG, "image/jpeg", Content.IMAGE, {}, "photo"),
        (OGG, "audio/ogg; codecs=opus", Content.AUDIO, {"ptt": True}, "voice"),
        (MP3, "audio/mpeg", Content.AUDIO, {}, "audio"),
        (PDF, "application/pdf", Content.DOCUMENT, {"fileName": "../../чек <1>.pdf"}, "document"),
    ],
)
async def test_a_file_is_shown_as_what_it_is(shop_of, anna, data, mime, kind, more, shown) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    await send(shop, anna, data, mime, kind, **more)
    message = shop.shown(card.thread)[-1]
    assert message.kind == shown
    assert bytes_of(shop, message) == data
    if shown == "document":
        assert message.json["document"]["file_name"] == "чек _1_.pdf"


async def test_a_photo_that_telegram_cannot_show_is_a_document(shop_of, anna) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.telegram.behave(method="sendPhoto", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    await send(shop, anna, JPEG, "image/jpeg", Content.IMAGE)
    message = shop.shown(card.thread)[-1]
    assert message.kind == "document"
    assert bytes_of(shop, message) == JPEG


async def test_a_file_that_is_no_longer_kept_is_named(shop_of, anna) -> None:
    """The desk could not be written to for so long that the file's time was over."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    shop.telegram.behave(method="sendDocument", status=500)
    await send(shop, anna, PDF + bytes(500), "application/pdf", Content.DOCUMENT, fileName="чек.pdf")
    await shop.rows("DELETE FROM blobs WHERE client_id = $1 RETURNING sha256")
    shop.telegram.script.wishes.clear()
    await shop.pass_time(hours=1)
    assert any("Файл показать не удалось: document чек.pdf" in text for text in shop.texts(card.thread))
