"""Each key of a tenant's `[media]` table, as customers and managers meet it, and what a state does to files."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from truffles_gateway.testing import jpeg

MB = 1024 * 1024
HEADS = {"audio/ogg": b"OggS\0\x02", "application/pdf": b"%PDF-1.7\n"}
KINDS = {"image/jpeg": "image", "audio/ogg": "audio", "application/pdf": "document", "video/mp4": "video"}


def file(mime: str = "image/jpeg", number: int = 0, size: int = 500, caption: str = "", **more: Any) -> dict[str, Any]:
    """A file as ChatFlow tells of it, with bytes of its own."""
    head = jpeg(number) if mime == "image/jpeg" else HEADS.get(mime, b"\0\0\0\x18ftypmp42")
    data = head + bytes(size) + bytes([number])
    media = {"mimetype": mime, "base64": base64.b64encode(data).decode(), "caption": caption}
    return {"message_type": KINDS[mime], "media": media | more}


def shown(shop) -> list[str]:
    """What the managers see of files, by their kind."""
    return [message.kind for message in shop.shown() if message.kind != "text"] if shop.topics() else []


def topic(shop) -> str:
    """All the words of the topic."""
    return "\n".join(shop.texts()) if shop.topics() else ""


OFF = "приём файлов выключен"
NOT_TAKEN = "такие файлы не принимаются"
REFUSING = {
    "enabled": ({"enabled": False}, "image/jpeg", OFF),
    "allow_photo": ({"allow_photo": False}, "image/jpeg", NOT_TAKEN),
    "allow_audio": ({"allow_audio": False}, "audio/ogg", NOT_TAKEN),
    "allow_document": ({"allow_document": False}, "application/pdf", NOT_TAKEN),
    "max_size_mb.photo": ({"max_size_mb": {"photo": 0.25}}, "image/jpeg", "больше 0.25 МБ"),
    "max_size_mb.audio": ({"max_size_mb": {"audio": 0.25}}, "audio/ogg", "больше 0.25 МБ"),
    "max_size_mb.document": ({"max_size_mb": {"document": 0.25}}, "application/pdf", "больше 0.25 МБ"),
}


@pytest.mark.parametrize("key", REFUSING)
async def test_a_file_that_the_tenant_does_not_take(shop_of, anna, key) -> None:
    """It is named at the desk, the customer is told why in one line, and its words are kept."""
    media, mime, why = REFUSING[key]
    shop = await shop_of(media=media)
    told = await shop.ask(anna, "", **file(mime, size=MB // 3, caption="вот он"))
    assert len([text for text in told if why in text]) == 1
    assert shown(shop) == []
    assert why in topic(shop)
    assert "вот он" in topic(shop)


async def one_by_one(shop, jid: str, count: int, **more: Any) -> None:
    """So many photos, each in a turn of its own, beside a word that asks nothing."""
    for number in range(count):
        await shop.ask(jid, "", **file(number=number, **more))


TOO_MUCH = "слишком много файлов за короткое время"
LIMITS = {
    "rate_limit.count": ({"count": 2}, 500),
    "rate_limit.daily_count": ({"daily_count": 2}, 500),
    "rate_limit.bytes_mb": ({"bytes_mb": 1}, MB // 2 - 200),
}


@pytest.mark.parametrize("key", LIMITS)
async def test_a_limit_of_the_tenants_own(shop_of, anna, key) -> None:
    rate, size = LIMITS[key]
    sizes = {"photo": 1, "audio": 1, "document": 1}
    shop = await shop_of(
        media={"rate_limit": rate, "max_size_mb": sizes}, dialogue={"clarify_at_most": 10, "disclose": False}
    )
    await one_by_one(shop, anna, 3, size=size)
    assert shown(shop) == ["photo", "photo"]
    assert topic(shop).count(TOO_MUCH) == 1
    assert len([text for text in shop.said(anna) if "через 15 мин" in text]) == 1


async def test_a_window_of_the_tenants_own(shop_of, anna) -> None:
    """Nobody is blocked: half a minute later the next one is taken."""
    rate = {"count": 1, "window_seconds": 30, "block_seconds": 0}
    shop = await shop_of(media={"rate_limit": rate}, dialogue={"clarify_at_most": 10, "disclose": False})
    await one_by_one(shop, anna, 2)
    assert topic(shop).count(TOO_MUCH) == 1
    await shop.pass_time(seconds=31)
    await shop.ask(anna, "позовите менеджера", **file(number=9))
    assert (shown(shop), topic(shop).count(TOO_MUCH)) == (["photo", "photo"], 1)


async def test_a_block_of_the_tenants_own(shop_of, anna) -> None:
    """The window is over, the block is not; then it is."""
    rate = {"count": 1, "window_seconds": 30, "block_seconds": 120}
    shop = await shop_of(media={"rate_limit": rate}, dialogue={"clarify_at_most": 10, "disclose": False})
    await one_by_one(shop, anna, 2)
    assert any("через 2 мин" in text for text in shop.said(anna))
    await shop.pass_time(seconds=60)
    await shop.ask(anna, "", **file(number=8))
    assert topic(shop).count(TOO_MUCH) == 2
    await shop.pass_time(seconds=121)
    await shop.ask(anna, "", **file(number=9))
    assert topic(shop).count(TOO_MUCH) == 2


async def test_files_are_not_shown_where_the_tenant_does_not_want_them(shop_of, anna) -> None:
    shop = await shop_of(media={"forward_to_telegram": False})
    await shop.ask(anna, "хочу как на фото", **file())
    assert "хочу как на фото" in shop.card().text
    assert "получено, но пересылка файлов выключена" in topic(shop)
    assert shown(shop) == []


async def test_a_link_to_a_host_that_the_tenant_does_not_trust(shop_of, anna) -> None:
    """An empty list takes inline files only; the link is shown to nobody."""
    shop = await shop_of(media={"allowed_hosts": []})
    link = "https://app.chatflow.kz/files/1.jpg"
    media = {"message_type": "image", "media": {"mimetype": "image/jpeg", "url": link}}
    await shop.ask(anna, "хочу как на фото", **media)
    assert "ссылка на файл ведёт не туда" in topic(shop)
    assert link not in topic(shop)
    await shop.ask(anna, "", **file())
    assert shown(shop) == ["photo"]


async def test_what_is_not_stored_reaches_the_desk_all_the_same(shop_of, anna) -> None:
    shop = await shop_of(media={"store_media": False})
    await shop.ask(anna, "хочу как на фото", **file())
    assert shown(shop) == ["photo"]


VIDEO = {"ru": ("", "не смогли принять видео"), "kk": ("Мына бейнені қараңызшы", "қабылдай алмадық (бейне)"),
         "en": ("Please look at this video of mine", "could not take the video")}  # fmt: skip


@pytest.mark.parametrize("language", VIDEO)
async def test_a_video_is_refused_with_a_line_and_the_desk_sees_that_it_came(shop_of, anna, language) -> None:
    words, line = VIDEO[language]
    shop = await shop_of()
    told = await shop.ask(anna, words, **file("video/mp4"))
    assert len([text for text in told if line in text]) == 1
    assert "видео" in topic(shop)
    assert NOT_TAKEN in topic(shop)
    assert shown(shop) == []
    assert words in topic(shop)


async def test_several_refusals_are_one_line_a_turn(shop_of, anna) -> None:
    shop = await shop_of(timing={"complete": 60, "fragment": 60, "longest": 120})
    for number in range(3):
        await shop.write(anna, **file("video/mp4", number))
    await shop.pass_time(seconds=121)
    assert len([text for text in shop.said(anna) if "видео" in text]) == 1
    assert topic(shop).count("видео: такие файлы не принимаются") == 3


async def test_a_document_is_only_forwarded_and_its_caption_kept(shop_of, anna) -> None:
    shop = await shop_of()
    [told] = await shop.ask(
        anna, "Здравствуйте", **file("application/pdf", fileName="договор.pdf", caption="Здравствуйте")
    )
    assert "коллеге" in told
    assert "Здравствуйте" in shop.card().text
    assert shown(shop) == ["document"]


STATES = {"pending": 1, "manager_active": 1, "muted": 0, "left alone": 0}


@pytest.mark.parametrize("state", STATES)
async def test_files_in_every_state(shop_of, anna, owner, state) -> None:
    """The desk sees the photo and that a video came; the customer hears of the video where the bot may speak at all."""
    shop = await shop_of()
    card = await shop.hand_over(anna)
    if state == "manager_active":
        await shop.press(card, "take", owner)
    elif state == "muted":
        await shop.press(card, "return", owner)
        await shop.ask(anna, "Не пишите мне больше")
    elif state == "left alone":
        await shop.reply("🔕", card.thread, owner)
    before = shop.said(anna)
    await shop.ask(anna, "", **file())
    await shop.ask(anna, "", **file("video/mp4"))
    new = shop.said(anna)[len(before) :]
    assert len([text for text in new if "видео" in text]) == STATES[state]
    assert not any("в двух словах" in text for text in new)
    if state == "muted":
        assert shown(shop) == []
        await shop.ask(anna, "позовите менеджера")
    assert shown(shop) == ["photo"]


async def test_after_hours_a_photo_is_passed_on_with_when_somebody_comes(shop_of, anna) -> None:
    shop = await shop_of(desk={"quiet_from": 0, "quiet_until": 23})
    [told] = await shop.ask(anna, "хочу как на фото", **file())
    assert "нерабочее время" in told
    assert shown(shop) == ["photo"]
