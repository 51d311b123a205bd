"""The guard inside a whole gateway: real counters and blobs, media that came inline, cards and forwards at a desk."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from typing import Any

import pytest

from truffles_gateway.testing import jpeg

SECRET = "secret-of-tests"
PDF = b"%PDF-1.7\n" + bytes(500)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A tenant whose customers write on a WhatsApp that nobody serves; its desk is the log."""
    monkeypatch.setitem(os.environ, "TEST_MEDIA_SECRET", SECRET)
    number = {"base_url": "http://127.0.0.1:9", "token": "env:TEST_MEDIA_SECRET", "instance_id": "shop"}
    return {
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


async def send(rig: Any, number: int, **body: Any) -> None:
    """One webhook of the customer."""
    metadata = {"remoteJid": "77010000000@s.whatsapp.net", "messageId": f"m{number}"}
    answer = await rig.post("/webhook/shop", headers={"X-Webhook-Secret": SECRET}, metadata=metadata, **body)
    assert answer.status_code == 200, answer.text


async def send_files(rig: Any, mime: str, files: list[bytes]) -> None:
    """All at once."""
    kind = mime.partition("/")[0] if mime.startswith("image") else "document"
    await asyncio.gather(
        *(
            send(rig, n, messageType=kind, mediaData={"mimetype": mime, "base64": base64.b64encode(each).decode()})
            for n, each in enumerate(files)
        )
    )


async def outgoing(rig: Any, kind: str) -> list[dict[str, Any]]:
    """The rows of a kind, as they were stored."""
    rows = await rig.rows("SELECT payload FROM outbox_messages WHERE payload->>'kind' = $1", kind)
    return [json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"] for row in rows]


async def test_seven_photos_for_a_human_all_reach_the_desk(rig_of: Any, shop: dict[str, Any]) -> None:
    rig = await rig_of(shop)
    await send(rig, 100, messageType="text", message="позовите менеджера")
    await rig.until(lambda: outgoing(rig, "card"))
    await send_files(rig, "image/jpeg", [jpeg(n) for n in range(7)])

    async def shown() -> set[str]:
        blobs = {part["blob"] for row in await outgoing(rig, "forward") for part in row.get("attachments", ())}
        return blobs if len(blobs) == 7 else set()

    assert "" not in await rig.until(shown)


async def test_of_seven_documents_for_the_bot_two_are_refused_and_named(rig_of: Any, shop: dict[str, Any]) -> None:
    """All seven are there before anybody works: one turn, however slow the machine."""
    rig = await rig_of(shop, work=False)
    await send_files(rig, "application/pdf", [PDF + bytes([n]) for n in range(7)])
    await rig_of()
    [card, *others] = await rig.until(lambda: outgoing(rig, "card"))
    assert others == []
    assert len(card["attachments"]) == 5
    assert card["text"].count("слишком много файлов за короткое время") == 2


async def test_a_file_that_lies_is_named_and_its_words_are_kept(rig_of: Any, shop: dict[str, Any]) -> None:
    rig = await rig_of(shop)
    media = {"mimetype": "application/pdf", "base64": base64.b64encode(b"MZ\x90\0").decode(), "fileName": "счёт.pdf"}
    await send(rig, 1, messageType="document", mediaData={**media, "caption": "вот счёт"})
    [card] = await rig.until(lambda: outgoing(rig, "card"))
    assert "attachments" not in card
    assert "вот счёт" in card["text"]
    assert "документ «счёт.pdf»" in card["text"]


async def test_what_finds_no_room_is_named_and_the_message_counts(
    rig_of: Any, shop: dict[str, Any], photo: bytes
) -> None:
    """The first photo fits, the second does not: it is stored as a message all the same, and people read why it is not there."""
    rig = await rig_of({**shop, "media": {"quota_mb": 1.5 * len(photo) / 2**20}})
    await send(rig, 0, messageType="text", message="позовите менеджера")
    await rig.until(lambda: outgoing(rig, "card"))
    shown: list[dict[str, Any]] = []
    for number, each in enumerate((photo, photo + b"2"), 1):
        media = {"mimetype": "image/jpeg", "base64": base64.b64encode(each).decode()}
        await send(rig, number, messageType="image", mediaData=media)
        await rig.settled()
        shown = await outgoing(rig, "forward")
    assert [len(row.get("attachments", ())) for row in shown] == [1, 0]
    assert "место для файлов закончилось" in shown[1]["text"]
    [*_, last] = await rig.rows("SELECT event FROM inbox_events ORDER BY seq")
    [part] = last["event"]["attachments"]
    assert (part.get("blob"), part["refused"], part["size"]) == (None, "full", len(photo) + 1)
    [alarm] = await rig.until(lambda: outgoing(rig, "alarm"))
    assert "Место для файлов клиентов закончилось: занято 0 из" in alarm["text"]
