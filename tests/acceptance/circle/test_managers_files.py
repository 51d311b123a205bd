"""What managers send besides words: from their topic to the customer's phone, byte for byte, or an honest line."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from typing import Any

import pytest
from truffles_telegram.simulator import Message, User

from tests.acceptance.circle.conftest import HELD, PUBLIC, WEBHOOK_SECRET, Another, Shop
from tests.acceptance.circle.test_approve import MARAT, OTHER_WORDS, approving, drafted, statuses
from tests.acceptance.conftest import catalog_with
from truffles_gateway.messages import Delivery, Receipt
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.testing import GatewayProcess, jpeg

OGG, MP3, PDF = b"OggS", b"ID3\x03\x00", b"%PDF-1.7"
KINDS = {
    "photo": (b"", "image/jpeg", "image"), "voice": (OGG, "audio/ogg", "audio"),
    "audio": (MP3, "audio/mpeg", "audio"), "document": (PDF, "application/pdf", "doc"),
}  # fmt: skip
SENDABLE = "текст, фото, голосовые и аудио, документы"
DINA = User(id=9001, first_name="Дина")


def bytes_of(kind: str, number: int = 0) -> bytes:
    return jpeg(number) if kind == "photo" else KINDS[kind][0] + bytes(500) + bytes([number])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def public(shop_of: Any, **changes: Any) -> Shop:
    """A shop that WhatsApp can fetch files from."""
    shop: Shop = await shop_of(rig={"public_url": PUBLIC, **changes.pop("rig", {})}, **changes)
    return shop


async def send(shop: Shop, card: Message, kind: str, data: bytes = b"", **more: Any) -> Message:
    """A manager sends a file in the customer's topic, and may still change it."""
    given = {"mime": KINDS[kind][1]} if kind in KINDS else {}
    message: Message = await shop.telegram.send_file(
        kind, data or bytes_of(kind), chat=shop.group, thread=card.thread, **{"name": "цены.pdf", **given, **more}
    )
    return message


async def pass_on(shop: Shop, card: Message, kind: str, data: bytes = b"", **more: Any) -> Message:
    """The same, and the time passes in which it could be changed."""
    message = await send(shop, card, kind, data, **more)
    await shop.pass_time(seconds=HELD)
    return message


def files(shop: Shop, jid: str) -> list[tuple[str, str, str]]:
    """(kind, text, hash of the bytes) of the files on a customer's screen."""
    return [(each.kind, each.text, each.sha256) for each in shop.phones.read(jid) if each.kind != "text"]


@pytest.mark.parametrize(
    ("kind", "caption"), [("photo", "Фото"), ("voice", ""), ("audio", ""), ("document", "цены.pdf")]
)
async def test_a_file_reaches_the_customer_byte_for_byte(shop_of, anna, kind, caption) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    message = await pass_on(shop, card, kind)
    assert files(shop, anna) == [(KINDS[kind][2], caption, sha256(bytes_of(kind)))]
    assert message.reactions == ["👌"]
    assert await shop.state() == [("manager_active", "active", None)], "a file takes the conversation, as words do"
    [kept] = await shop.rows("SELECT content, metadata FROM messages WHERE client_id = $1 AND role = 'manager'")
    [medium] = kept["metadata"]["media"]
    assert (kept["content"], medium["blob"], medium["mime"]) == ("", sha256(bytes_of(kind)), KINDS[kind][1])
    await shop.balanced()


async def test_an_album_and_the_words_around_it_keep_their_order(shop_of, anna, owner) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    said = len(shop.said(anna))
    await shop.telegram.write("Смотрите:", chat=shop.group, thread=card.thread, sender=owner)
    for number, caption in enumerate(("Наши работы", "", "")):
        await send(shop, card, "photo", bytes_of("photo", number), caption=caption, media_group_id="7")
    await shop.telegram.write("Какая нравится?", chat=shop.group, thread=card.thread, sender=owner)
    await shop.pass_time(seconds=HELD)
    assert shop.said(anna)[said:] == ["Смотрите:", "Наши работы", "Фото", "Фото", "Какая нравится?"]
    assert [each[2] for each in files(shop, anna)] == [sha256(bytes_of("photo", number)) for number in range(3)]


async def test_captions_are_edited_as_words_are(shop_of, anna) -> None:
    """Before it is sent the new one goes under the file, afterwards it is told as a correction, without the file."""
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    photo = await send(shop, card, "photo", caption="5000")
    await shop.telegram.edit(photo, "6000")
    await shop.pass_time(seconds=HELD)
    await shop.telegram.edit(photo, "7000")
    await shop.pass_time(seconds=HELD)
    assert files(shop, anna) == [("image", "6000", sha256(bytes_of("photo")))]
    assert shop.said(anna)[-1] == "Исправление: 7000"
    told = len(shop.said(anna))
    await shop.telegram.edit(photo, "7000")
    await shop.telegram.edit(photo, "")
    await shop.pass_time(seconds=HELD)
    assert len(shop.said(anna)) == told
    assert "убрать её нельзя" in shop.texts(card.thread)[-1]


async def test_a_file_that_takes_the_place_of_another_is_sent(shop_of, anna) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    photo = await pass_on(shop, card, "photo", caption="Маникюр")
    photo.json |= shop.telegram.world.keep_file("photo", bytes_of("photo", 2), "", "")
    await shop.telegram.edit(photo, "Педикюр")
    await shop.pass_time(seconds=HELD)
    assert files(shop, anna)[1:] == [("image", "Исправление: Педикюр", sha256(bytes_of("photo", 2)))]


async def test_a_note_stays_private_with_its_file(shop_of, anna) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    said, state = shop.said(anna), await shop.state()
    await pass_on(shop, card, "document", caption="// не показывать")
    assert (shop.said(anna), await shop.state()) == (said, state)
    assert any("🔒" in text for text in shop.texts(card.thread))


@pytest.mark.parametrize(
    "fields",
    [
        {"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 1, "height": 1}},
        {"location": {"latitude": 43.25, "longitude": 76.9}},
        {"contact": {"first_name": "Дина", "phone_number": "77000000000"}},
        {"video_note": {"file_id": "v", "file_unique_id": "v", "length": 1, "duration": 1}},
        {"animation": {"file_id": "g", "file_unique_id": "g"}, "document": {"file_id": "g", "file_unique_id": "g"}},
        {"document": {"file_id": "m", "file_unique_id": "m", "mime_type": "video/mp4", "file_name": "a.mp4"}},
        {"dice": {"emoji": "🎲", "value": 1}},
    ],
)
async def test_whoever_sends_what_cannot_be_passed_on_reads_what_can(shop_of, anna, fields) -> None:
    shop = await public(shop_of, limits={"files": 0.2})
    card = await shop.hand_over(anna)
    said, state = shop.said(anna), await shop.state()
    await shop.telegram.write("", chat=shop.group, thread=card.thread, **fields)
    await shop.pass_time(seconds=HELD)
    assert (shop.said(anna), await shop.state()) == (said, state)
    assert SENDABLE in shop.texts(card.thread)[-1]


async def test_the_words_beside_a_film_go_alone_and_the_manager_hears_so(shop_of, anna) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    film = await pass_on(shop, card, "video", b"\0\0\0\x18ftypmp42", mime="video/mp4", caption="Вот так у нас")
    assert shop.said(anna)[-1] == "Вот так у нас"
    assert files(shop, anna) == []
    assert film.reactions == ["👌"]
    told = next(text for text in shop.texts(card.thread) if SENDABLE in text)
    assert "Подпись отправлена без него" in told


async def test_what_is_too_large_is_named_with_the_limit(shop_of, anna) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    await pass_on(shop, card, "document", bytes_of("document") + bytes(10 * 1024 * 1024))
    assert files(shop, anna) == []
    assert "«цены.pdf», 10.0 МБ: больше 10 МБ" in shop.texts(card.thread)[-1]


async def test_a_file_that_cannot_be_fetched_is_no_secret(shop_of, anna) -> None:
    shop = await public(shop_of, limits={"files": 0.2})
    card = await shop.hand_over(anna)
    message = await send(shop, card, "photo")
    shop.telegram.world.files.clear()
    await shop.pass_time(seconds=HELD)
    assert files(shop, anna) == []
    assert message.reactions == []
    assert "не удалось получить, отправьте ещё раз" in shop.texts(card.thread)[-1]


async def test_without_a_public_address_the_desk_reads_the_cure(shop_of, anna) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    message = await pass_on(shop, card, "photo", caption="Вот")
    assert files(shop, anna) == []
    assert message.reactions == []
    assert any("Клиент этого не получил" in text and "PUBLIC_URL" in text for text in shop.texts(card.thread))


async def test_a_send_that_failed_is_repeated_with_another_link_and_shows_once(shop_of, anna) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    shop.phones.behave(jid=anna, drop="after", count=1)
    message = await pass_on(shop, card, "photo", caption="Вот")
    await shop.pass_time(hours=2)
    assert files(shop, anna) == [("image", "Вот", sha256(bytes_of("photo")))]
    assert message.reactions == ["👌"]
    tries = [each for each in shop.phones.attempts if each.kind == "image"]
    assert [each.outcome for each in tries] == ["taken", "taken"], "the second link was made two hours after the first"
    assert len({each.msg_id for each in tries}) == 1


@pytest.mark.parametrize("point", ["commit.after", "send.after"])
async def test_a_worker_that_dies_on_the_way_loses_nothing_and_sends_nothing_twice(
    shop_of, anna, another: Another, point: str
) -> None:
    shop = await public(shop_of, rig={"work": False})
    card = await shop.hand_over(anna)
    with another.asleep():
        deadly = another.environment | {
            "TRUFFLES_CRASH": f"{point}:1", "PUBLIC_URL": PUBLIC, "LEASE_SECONDS": "1", "HEARTBEAT_SECONDS": "0.3",
        }  # fmt: skip
        async with GatewayProcess("serve", deadly) as victim:
            photo = await send(shop, card, "photo", caption="Вот")
            shop.rig.clock.advance(seconds=HELD)
            async with asyncio.timeout(20):
                assert await victim.ended() == -signal.SIGKILL
        async with another.rig(public_url=PUBLIC):
            await shop.settled()
            await shop.pass_time(minutes=2)  # what may have arrived is repeated after a while
            assert await shop.telegram.until(lambda: photo.reactions) == ["👌"]
    assert files(shop, anna) == [("image", "Вот", sha256(bytes_of("photo")))]
    assert await shop.state() == [("manager_active", "active", None)]
    await shop.balanced()


async def test_the_echo_of_a_wordless_file_is_not_the_owner_at_the_phone(shop_of, anna, boris) -> None:
    """The channel made the caption itself, and may return no key of ours."""
    shop = await public(shop_of)
    first, _ = [await shop.hand_over(jid) for jid in (anna, boris)]
    await pass_on(shop, first, "photo")
    media = {"mimetype": "image/jpeg", "url": "https://files.example/1"}
    for jid in (anna, boris):
        await shop.write(jid, "Фото", message_type="image", media=media, from_me=True)
        await shop.pass_time(seconds=HELD)
    assert await shop.ends("echo") == [("ignored", "own send"), ("handled", "")]


async def test_a_file_takes_a_drafts_place_with_all_of_its_album(shop_of, anna) -> None:
    shop = await approving(shop_of, rig={"public_url": PUBLIC})
    card = await drafted(shop, anna)
    await shop.press(card, "edit", MARAT)
    for number, caption in enumerate((OTHER_WORDS, "")):
        photo = bytes_of("photo", number)
        await pass_on(shop, card, "photo", photo, caption=caption, media_group_id="7", sender=MARAT)
    assert [each[1:] for each in files(shop, anna)] == [
        (OTHER_WORDS, sha256(bytes_of("photo", 0))), ("Фото", sha256(bytes_of("photo", 1))),
    ]  # fmt: skip
    assert await statuses(shop) == [("edited", "Марат")]
    assert await shop.state() == [("bot_active", "resolved", "resolved")], "the bot goes on"


async def test_a_file_alone_teaches_nothing_and_words_beside_one_ask_first(shop_of, anna, boris, owner) -> None:
    shop = await public(shop_of)
    first, second = [await shop.hand_over(jid) for jid in (anna, boris)]
    await pass_on(shop, first, "photo", sender=owner)
    assert await shop.learned() == []
    await pass_on(shop, second, "photo", caption="Да, татуаж губ делаем каждый день", sender=owner)
    assert await shop.learned() == [("Да, татуаж губ делаем каждый день", "pending")]
    assert any("файл" in text for text in shop.texts(second.thread))


async def test_a_picture_is_no_new_answer_and_reaches_no_customer(shop_of, anna, owner) -> None:
    shop = await public(shop_of)
    card = await shop.hand_over(anna)
    await shop.reply("Делаем, от 20 000 ₸", card.thread, owner)
    await shop.press(shop.lesson(), "amend", owner)
    said = shop.said(anna)
    await pass_on(shop, card, "photo", sender=owner)
    assert shop.said(anna) == said
    assert "только слова" in shop.texts(card.thread)[-1]
    await shop.reply("Делаем, от 25 000 ₸", card.thread, owner)
    assert [answer for answer, _ in await shop.learned()] == ["Делаем, от 25 000 ₸"]


@pytest.mark.parametrize("kind", ["photo", "voice", "document"])
async def test_a_customer_of_the_bot_gets_it_too(shop_of, kind) -> None:
    shop = await shop_of()
    shop.telegram.world.private(DINA)
    await shop.telegram.write_privately("Позовите менеджера, пожалуйста", sender=DINA)
    await shop.settled()
    [topic] = shop.topics()
    [card] = [each for each in shop.shown(topic.id) if each.buttons]
    await pass_on(shop, card, kind, caption="Вот")
    read = shop.telegram.chat(DINA)[-1]
    assert (read.kind, read.text) == (kind, "Вот")


class Sms:
    """A channel of words alone."""

    @hookimpl
    def deliver(self, delivery: Delivery) -> Receipt:
        """Take everything."""
        return Receipt.sent()


async def test_where_a_channel_takes_words_alone_the_manager_hears_so(shop_of) -> None:
    sms = Plugin(name="sms", version="1", create=lambda settings, resources: Sms(), channel="sms")
    shop = await shop_of(rig={"catalog": catalog_with(sms)})
    await shop.rig.apply({**shop.config, "plugins": [*shop.config["plugins"], {"name": "sms"}]})
    body = {"client_slug": "salon", "remote_jid": "anna", "channel": "sms", "content": "Позовите менеджера"}
    answer = await shop.rig.post("/message", headers={"x-webhook-secret": WEBHOOK_SECRET}, **body)
    assert answer.status_code == 200, answer.text
    await shop.settled()
    [topic] = shop.topics()
    [card] = [each for each in shop.shown(topic.id) if each.buttons]
    await pass_on(shop, card, "photo", caption="Вот")
    told = next(text for text in shop.texts(topic.id) if "Файл клиенту не отправлен" in text)
    assert told.endswith("отсюда можно передать: текст. Подпись отправлена без него.")
    sent = await shop.rows(
        "SELECT payload FROM outbox_messages WHERE client_id = $1 AND channel = 'sms' AND kind = 'human'"
    )
    assert [(row["payload"]["text"], row["payload"].get("attachments")) for row in sent] == [("Вот", None)]


async def test_a_file_for_nobody_is_answered(shop_of) -> None:
    shop = await public(shop_of)
    topic = shop.telegram.world.open_topic(shop.telegram.group(shop.group), "Наше")
    await shop.telegram.send_file("document", bytes_of("document"), chat=shop.group, thread=topic.id, name="цены.pdf")
    await shop.pass_time(seconds=HELD)
    assert "📎 цены.pdf" in shop.texts(topic.id)[-1]
