"""Rows at the desk and to customers, over real HTTP against a Telegram that misbehaves."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from truffles_telegram.simulator import MANAGER, TOKEN, Simulator, User

from truffles_gateway.errors import FileUnavailable, StoreUnavailable
from truffles_gateway.messages import (
    Attachment,
    Content,
    Customer,
    HandoverCard,
    Line,
    OutgoingKind,
    Receipt,
    ReceiptStatus,
    State,
    Trigger,
)
from truffles_gateway.testing import CountersInMemory, DeskInMemory, make_turn

GROUP, CONVERSATION, HANDOVER = -1001, "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
JPEG = b"\xff\xd8 a photo "
CUSTOMER = User(id=9001, first_name="Дина")
pytestmark = pytest.mark.asyncio


def photo(bench: Any, number: int = 0, data: bytes = JPEG, mime: str = "image/jpeg", **more: Any) -> Attachment:
    """A stored photo of the customer."""
    content = data + str(number).encode()
    blob = hashlib.sha256(content).hexdigest()
    bench.blobs[blob] = content
    return Attachment(**({"content": Content.IMAGE, "mime": mime, "blob": blob, "size": len(content)} | more))


class Hurried:
    """A clock on which every look takes two seconds: no limit of the bot is in the way."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(seconds=2)
        return self.time


def methods(telegram: Simulator, name: str = "") -> list[str]:
    return [call.method for call in telegram.calls if name in call.method]


async def card(bench: Any) -> Any:
    """Escalate, and show what comes of it."""
    wish = HandoverCard(
        handover_id=HANDOVER, trigger=Trigger.INTENT, reason="Клиент просит человека", question="Сколько стоит?",
        customer=Customer(id="u1", address="1", name="Айгерим <b>", phone="77011234567"),
        dialogue=(Line(author="user", text="Привет", at=datetime(2025, 6, 2, 5, tzinfo=UTC)),),
    )  # fmt: skip
    (row,) = await bench.hooks.escalate(make_turn(conversation_id=CONVERSATION), wish)
    return await bench.again(bench.row(row.kind, row.text))


async def test_a_card_makes_the_topic_shows_buttons_and_is_pinned(bench: Any) -> None:
    receipt = await card(bench)
    (topic,) = bench.telegram.topics(GROUP)
    assert topic.name == "Айгерим · +77011234567"
    (message,) = bench.shown
    assert receipt == Receipt.sent(f"{GROUP}:{message.id}")
    assert "Айгерим <b> · +77011234567" in message.text and "10:00 Клиент: Привет" in message.text
    assert message.buttons == {
        "Беру ✋": f"take_{HANDOVER}", "Вернуть боту 🤖": f"return_{HANDOVER}", "Не могу ❌": f"skip_{HANDOVER}",
    }  # fmt: skip
    assert message.pinned


async def test_the_buttons_follow_the_handover(bench: Any) -> None:
    await card(bench)
    update = {"status": "active", "by": "Аружан"}
    receipt = await bench.send(OutgoingKind.UPDATE, "Взяла Аружан", data=update)
    message, line = bench.shown
    assert receipt == Receipt.sent("") and line.text == "Взяла Аружан" and not line.buttons
    assert message.buttons == {"Решено ✅": f"resolve_{HANDOVER}", "Вернуть боту 🤖": f"return_{HANDOVER}"}
    assert message.pinned
    await bench.send(OutgoingKind.UPDATE, "", data={"status": "resolved", "resolution": "timed_out"})
    assert len(bench.shown) == 2 and not message.buttons and not message.pinned


async def test_a_handover_that_a_manager_opened_gets_its_buttons_under_the_line(bench: Any) -> None:
    receipt = await bench.send(OutgoingKind.UPDATE, "Взяла Аружан", data={"status": "active"})
    (line,) = bench.shown
    assert receipt == Receipt.sent(f"{GROUP}:{line.id}") and "Решено ✅" in line.buttons
    await bench.send(OutgoingKind.UPDATE, "Решено", data={"status": "resolved"})
    assert not line.buttons and bench.shown[1].text == "Решено"


async def test_however_many_rows_wait_there_is_one_topic(bench: Any) -> None:
    rows = [bench.row(OutgoingKind.FORWARD, f"слово {n}") for n in range(5)]
    receipts = await asyncio.gather(*(bench.again(row) for row in rows))
    assert {receipt.status for receipt in receipts} == {ReceiptStatus.SENT}
    assert len(bench.telegram.topics(GROUP)) == 1 and len(bench.shown) == 5


async def test_another_process_was_first(bench: Any) -> None:
    other = bench.telegram.world.open_topic(bench.telegram.group(GROUP), "made by another process")

    class Late(DeskInMemory):
        async def keep_thread(self, conversation_id: str, chat: str, thread: str) -> str:
            return self.threads.setdefault((conversation_id, chat), str(other.id))

    bench.desk.keep_thread = Late.keep_thread.__get__(bench.desk)
    await bench.send(OutgoingKind.FORWARD, "hello")
    assert [topic.id for topic in bench.telegram.topics(GROUP)] == [other.id]
    assert [message.text for message in bench.shown] == ["👤 hello"]


async def test_a_deleted_topic_is_made_again_once_with_its_card_and_nothing_is_lost(bench: Any) -> None:
    await card(bench)
    gone = bench.thread
    bench.telegram.delete_topic(GROUP, gone)
    rows = [bench.row(OutgoingKind.FORWARD, f"слово {n}") for n in range(3)]
    for row in rows:
        assert (await bench.again(row)).status is ReceiptStatus.SENT
    assert len(bench.telegram.topics(GROUP)) == 1 and bench.thread != gone
    again, *words = bench.shown
    assert "ещё открыто" in again.text and again.pinned and "Беру ✋" in again.buttons
    assert "Клиент: Привет" in again.text and "Вопрос: Сколько стоит?" in again.text
    assert [message.text for message in words] == ["👤 слово 0", "👤 слово 1", "👤 слово 2"]


@pytest.mark.parametrize("opened_by", ["the bot", "a manager"])
async def test_a_card_that_was_shown_again_follows_the_handover(bench: Any, opened_by: str) -> None:
    """It is this one, not the one that went with its topic, whose buttons change and that is unpinned in the end."""
    await (
        card(bench) if opened_by == "the bot" else bench.send(OutgoingKind.UPDATE, "Взял", data={"status": "active"})
    )
    bench.telegram.delete_topic(GROUP, bench.thread)
    await bench.send(OutgoingKind.FORWARD, "я здесь")
    again = bench.shown[0]
    await bench.send(OutgoingKind.UPDATE, "Взяла Аружан", data={"status": "active"})
    assert "Решено ✅" in again.buttons and "Беру ✋" not in again.buttons and again.pinned
    closed = bench.row(OutgoingKind.UPDATE, "Решено", data={"status": "resolved"})
    while (await bench.again(closed)).waiting:  # noqa: ASYNC110 - the bot's own limit, as the outbox meets it
        await asyncio.sleep(0.05)
    assert not again.buttons and not again.pinned
    assert not any(line.buttons for line in bench.shown)


async def test_the_longest_card_is_shown_again_whole(bench: Any) -> None:
    long = HandoverCard(
        handover_id=HANDOVER, trigger=Trigger.INTENT, reason="р" * 500, question="в" * 5000,
        customer=Customer(id="u1", address="1", name="и" * 500),
        dialogue=tuple(Line(author="user", text="д" * 900, at=datetime(2025, 6, 2, tzinfo=UTC)) for _ in range(40)),
    )  # fmt: skip
    (row,) = await bench.hooks.escalate(make_turn(conversation_id=CONVERSATION), long)
    await bench.again(bench.row(row.kind, row.text))
    first = bench.shown[0].text
    bench.telegram.delete_topic(GROUP, bench.thread)
    held = replace(bench.desk.talks[CONVERSATION], state=State.MANAGER_ACTIVE, assigned_to="м" * 500)
    bench.desk.talks[CONVERSATION] = held
    await bench.send(OutgoingKind.FORWARD, "я здесь")
    assert bench.shown[0].text.endswith(first)


async def test_a_card_whose_topic_was_deleted_is_shown_once(bench: Any) -> None:
    await bench.send(OutgoingKind.FORWARD, "before")
    bench.telegram.delete_topic(GROUP, bench.thread)
    await card(bench)
    assert len(bench.shown) == 1 and "Нужен человек" in bench.shown[0].text


async def test_an_update_after_the_topic_was_deleted(bench: Any) -> None:
    await card(bench)
    bench.telegram.delete_topic(GROUP, bench.thread)
    bench.desk.talks[CONVERSATION] = replace(
        bench.desk.talks[CONVERSATION], state=State.MANAGER_ACTIVE, assigned_to="Аружан"
    )
    await bench.send(OutgoingKind.UPDATE, "Взяла Аружан", data={"status": "active"})
    again, line = bench.shown
    assert "Решено ✅" in again.buttons and "Аружан" in again.text and not line.buttons


async def test_a_closed_topic_is_opened_again(bench: Any) -> None:
    await card(bench)
    bench.telegram.topics(GROUP)[0].closed = True
    await bench.send(OutgoingKind.FORWARD, "я ещё здесь")
    assert bench.shown[-1].text == "👤 я ещё здесь" and not bench.telegram.topics(GROUP)[0].closed


async def test_the_popup_of_a_button(bench: Any) -> None:
    await card(bench)
    query = await bench.telegram.press(bench.shown[0], "Беру ✋")
    receipt = await bench.send(OutgoingKind.CALLBACK, "Вы взяли " + "о" * 300, data={"ref": f"{query}/5"})
    said = await bench.telegram.answered(query)
    assert receipt.status is ReceiptStatus.SENT and said.startswith("Вы взяли") and len(said) == 200
    late = await bench.send(OutgoingKind.CALLBACK, "ещё раз", data={"event_id": f"callback:{query}"})
    assert late.status is ReceiptStatus.REFUSED and "too old" in late.error


async def test_words_in_a_topic_of_nobody_are_answered_there(bench: Any) -> None:
    """The host names the thread where it knows no conversation."""
    topic = bench.telegram.world.open_topic(bench.telegram.group(GROUP), "Своя тема", MANAGER)
    words = await bench.telegram.write("Здравствуйте", chat=GROUP, thread=topic.id)
    thread = f"{GROUP}:{topic.id}"
    data = {"thread": thread, "ref": str(words.id), "ok": ""}
    receipt = await bench.send(OutgoingKind.RECEIPT, "⚠️ Не доставлено", recipient=thread, handover_id="", data=data)
    assert receipt.status is ReceiptStatus.SENT
    [_, told] = bench.telegram.topic(GROUP, topic.id)
    assert (told.text, told.json["reply_to_message"]["message_id"]) == ("⚠️ Не доставлено", words.id)
    bench.telegram.delete_topic(GROUP, topic.id)
    again = await bench.send(OutgoingKind.RECEIPT, "Не доставлено", recipient=thread, handover_id="", data=data)
    assert again.status is ReceiptStatus.SENT
    assert bench.telegram.topics(GROUP) == []


async def test_a_receipt_marks_the_managers_message(bench: Any) -> None:
    await card(bench)
    words = await bench.telegram.write("6000 ₸", chat=GROUP, thread=bench.thread)
    where = {"thread": f"{GROUP}:{bench.thread}", "ref": str(words.id)}
    assert (await bench.send(OutgoingKind.RECEIPT, data=where | {"ok": "1"})).status is ReceiptStatus.SENT
    assert words.reactions == ["👌"]
    await bench.send(OutgoingKind.RECEIPT, "Номера нет в WhatsApp", data=where | {"ok": ""})
    await bench.send(OutgoingKind.RECEIPT, data=where | {"ok": "note"})
    *_, line, note = bench.shown
    assert (line.text, note.text) == ("⚠️ Номера нет в WhatsApp", "🔒")
    assert line.json["reply_to_message"]["message_id"] == note.json["reply_to_message"]["message_id"] == words.id
    gone = where | {"ref": "999"}
    assert (await bench.send(OutgoingKind.RECEIPT, data=gone | {"ok": "1"})).status is ReceiptStatus.SENT
    bench.telegram.behave(method="setMessageReaction", status=400, description="Bad Request: REACTION_INVALID")
    await bench.send(OutgoingKind.RECEIPT, data=where | {"ok": "1"})
    assert bench.shown[-1].text == "👌"


async def test_lines_for_managers_and_owner(bench: Any) -> None:
    await bench.send(OutgoingKind.REMINDER, "Клиент ждёт 30 минут")
    await bench.send(OutgoingKind.ALARM, "WhatsApp <отключён> & ждёт", recipient="owner")
    assert [message.text for message in bench.shown] == ["⏰ Клиент ждёт 30 минут"]
    assert [message.text for message in bench.telegram.topic(GROUP)] == ["⚠️ WhatsApp <отключён> & ждёт"]


async def test_a_learned_answer_is_one_card(bench: Any) -> None:
    data = {"learned_id": "l1", "status": "pending", "question": "Есть <парковка>?", "answer": "Да & бесплатно"}
    first = await bench.send(OutgoingKind.LEARNED, data=data | {"note": "цены нет в прайсе"})
    (message,) = bench.shown
    assert message.buttons == {"Запомнить ✅": "approve_l1", "Изменить ✏️": "amend_l1", "Не надо ❌": "reject_l1"}
    assert "Есть <парковка>?" in message.text and "цены нет" in message.text
    second = await bench.send(OutgoingKind.LEARNED, data=data | {"status": "approved"})
    assert second == first and message.buttons == {"Запомнено ↩️": "undo_l1"} and len(bench.shown) == 1
    assert await bench.send(OutgoingKind.LEARNED, data=data | {"status": "approved"}) == first
    await bench.send(OutgoingKind.LEARNED, data=data | {"status": "rejected"})
    assert not message.buttons and "не использует" in message.text


async def test_seven_photos_at_once_all_arrive(bench: Any) -> None:
    photos = tuple(photo(bench, number) for number in range(7))
    await bench.send(OutgoingKind.FORWARD, "вот так хочу", attachments=photos)
    assert len(bench.shown) == 7 and len({message.json["media_group_id"] for message in bench.shown}) == 1
    assert bench.shown[0].text == "👤 вот так хочу"
    files = [bench.telegram.world.files[message.json["photo"][-1]["file_id"]] for message in bench.shown]
    assert files == [JPEG + str(number).encode() for number in range(7)]


async def test_one_photo_that_telegram_cannot_read_does_not_cost_the_others(bench: Any) -> None:
    photos = [photo(bench, number) for number in range(3)]
    photos[1] = photo(bench, 1, data=b"no image at all")
    await bench.send(OutgoingKind.FORWARD, "", attachments=tuple(photos))
    assert [message.kind for message in bench.shown] == ["photo", "document", "photo"]


async def test_every_kind_of_medium(bench: Any) -> None:
    voice = photo(bench, 1, content=Content.AUDIO, mime="audio/ogg; codecs=opus", voice=True)
    song = photo(bench, 2, content=Content.AUDIO, mime="audio/mpeg")
    paper = photo(bench, 3, content=Content.DOCUMENT, mime="application/pdf", file_name="../../прайс.pdf")
    gone = Attachment(content=Content.DOCUMENT, blob="0" * 64, file_name="old.pdf")
    long = "я" * 2000
    receipt = await bench.send(OutgoingKind.FORWARD, long, attachments=(voice, song, paper, gone))
    assert receipt.status is ReceiptStatus.SENT
    assert [message.kind for message in bench.shown] == ["text", "voice", "audio", "document", "text"]
    assert bench.shown[3].json["document"]["file_name"] == "прайс.pdf"
    assert bench.shown[3].json["document"]["mime_type"] == "application/pdf"
    assert "old.pdf" in bench.shown[4].text


async def test_a_row_of_several_messages_goes_on_where_it_stopped(bench: Any) -> None:
    voice = photo(bench, 1, content=Content.AUDIO, mime="audio/ogg")
    row = bench.row(OutgoingKind.FORWARD, "я" * 5000, attachments=(voice, photo(bench)))
    bench.telegram.behave(method="sendVoice", status=502)
    assert (await bench.again(row)).status is ReceiptStatus.RETRY
    assert (await bench.again(row)).status is ReceiptStatus.SENT
    assert [message.kind for message in bench.shown] == ["text", "text", "voice", "photo"]


async def test_a_row_that_may_have_arrived_is_marked(bench: Any) -> None:
    row = bench.row(OutgoingKind.FORWARD, "слово")
    bench.telegram.behave(method="sendMessage", drop="after", status=0)
    assert (await bench.again(row)).status is ReceiptStatus.AMBIGUOUS
    await bench.again(replace(row, repeat=True))
    assert [message.text for message in bench.shown] == ["👤 слово", "↻ 👤 слово"]


async def test_a_customer_in_private(bench: Any) -> None:
    bench.telegram.world.private(CUSTOMER)
    long = "Первое предложение. " * 300
    receipt = await bench.send(OutgoingKind.REPLY, long + "<b>&", recipient="9001")
    assert receipt.status is ReceiptStatus.SENT
    parts = [message.text for message in bench.telegram.chat(CUSTOMER)]
    assert len(parts) == 2 and " ".join(parts).split() == (long + "<b>&").split()
    bench.telegram.world.chats[9001].status = "kicked"
    blocked = await bench.send(OutgoingKind.HUMAN, "Здравствуйте", recipient="9001")
    assert blocked.status is ReceiptStatus.REFUSED and "blocked by the user" in blocked.error
    nothing = await bench.send(OutgoingKind.REPLY, "  ", recipient="9001")
    assert nothing.status is ReceiptStatus.REFUSED


async def test_media_of_a_manager_reach_a_customer_of_the_same_bot(bench: Any) -> None:
    bench.telegram.world.private(CUSTOMER)
    sent = await bench.telegram.send_file("photo", JPEG, chat=GROUP)
    item = Attachment(content=Content.IMAGE, mime="image/jpeg", url=f"telegram:{sent.json['photo'][-1]['file_id']}")
    await bench.send(OutgoingKind.HUMAN, "Вот", recipient="9001", attachments=(item,))
    (message,) = bench.telegram.chat(CUSTOMER)
    assert (message.kind, message.text) == ("photo", "Вот")
    assert await bench.hooks.fetch(item, limit=len(JPEG)) == JPEG
    with pytest.raises(FileUnavailable) as refused:
        await bench.hooks.fetch(item, limit=len(JPEG) - 1)
    assert refused.value.too_large


async def test_a_file_id_of_another_kind_or_bot_is_sent_by_its_bytes(bench: Any) -> None:
    """A song in an .ogg file is shown as a voice message; an id from before the token changed means nothing."""
    bench.telegram.world.private(CUSTOMER)
    song = await bench.telegram.send_file("audio", b"OggS", chat=GROUP, mime="audio/ogg")
    for url in (f"telegram:{song.json['audio']['file_id']}", "telegram:another-bots"):
        item = photo(bench, content=Content.AUDIO, mime="audio/ogg", url=url)
        receipt = await bench.send(OutgoingKind.HUMAN, "Вот", recipient="9001", attachments=(item,))
        assert receipt.status is ReceiptStatus.SENT
    assert [(each.kind, each.text) for each in bench.telegram.chat(CUSTOMER)] == [("voice", "Вот"), ("voice", "Вот")]


@pytest.mark.parametrize("blob", ["", "0" * 64], ids=["never kept", "gone"])
async def test_a_checked_file_without_its_bytes_is_a_link_and_never_the_original(bench: Any, blob: str) -> None:
    bench.telegram.world.private(CUSTOMER)
    photos = [
        Attachment(content=Content.IMAGE, mime="image/jpeg", url=f"https://files.example/{n}", blob=blob, checked=True)
        for n in range(2)
    ]
    await bench.send(OutgoingKind.FORWARD, "Вот", attachments=tuple(photos))
    await bench.send(OutgoingKind.HUMAN, "Вот", recipient="9001", attachments=(photos[0],))
    assert {each.kind for each in bench.shown} == {"text"}
    assert [each.text.rpartition("\n")[2] for each in bench.shown][-2:] == [each.url for each in photos]
    assert [(each.kind, each.text) for each in bench.telegram.chat(CUSTOMER)] == [("text", f"Вот\n{photos[0].url}")]


async def test_a_file_that_is_gone_is_a_line_at_the_desk_and_refused_to_a_customer(bench: Any) -> None:
    bench.telegram.world.private(CUSTOMER)
    gone = Attachment(content=Content.DOCUMENT, mime="application/pdf", file_name="цены.pdf", blob="0" * 64)
    assert (await bench.send(OutgoingKind.FORWARD, "Вот", attachments=(gone,))).status is ReceiptStatus.SENT
    assert bench.shown[-1].text == "👤 Вот\nФайл показать не удалось: document цены.pdf"
    refused = await bench.send(OutgoingKind.HUMAN, "Вот", recipient="9001", attachments=(gone,))
    assert refused.status is ReceiptStatus.REFUSED
    assert "цены.pdf" in refused.error
    linked = replace(gone, url="https://files.example/1")
    bench.telegram.behave(method="sendDocument", status=400, description="Bad Request: failed to get HTTP URL content")
    assert (await bench.send(OutgoingKind.REPLY, "Вот", recipient="9001", attachments=(linked,))).status == "sent"
    assert [each.text for each in bench.telegram.chat(CUSTOMER)] == ["Вот\nhttps://files.example/1"]


async def test_a_file_that_no_bot_may_fetch_is_too_large(bench: Any) -> None:
    sent = await bench.telegram.send_file("document", bytes(20 * 1024 * 1024 + 1), chat=GROUP)
    item = Attachment(content=Content.DOCUMENT, url=f"telegram:{sent.json['document']['file_id']}")
    with pytest.raises(FileUnavailable) as refused:
        await bench.hooks.fetch(item, limit=50 * 1024 * 1024)
    assert refused.value.too_large
    assert not refused.value.again


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        ({"status": 500}, ReceiptStatus.RETRY, "500"),
        ({"status": 502, "description": "Bad Gateway"}, ReceiptStatus.RETRY, "Bad Gateway"),
        ({"status": 400, "description": "Bad Request: strange"}, ReceiptStatus.REFUSED, "strange"),
        ({"status": 400, "description": "Bad Request: not enough rights to send"}, ReceiptStatus.RETRY, "admin"),
        ({"status": 403, "description": "Forbidden: bot was kicked from the supergroup chat"}, ReceiptStatus.RETRY, "kicked"),
        ({"status": 401, "description": f"Unauthorized {TOKEN}"}, ReceiptStatus.RETRY, "token is not accepted"),
        ({"drop": "before"}, ReceiptStatus.AMBIGUOUS, "no answer"),
        ({"delay_before": 5}, ReceiptStatus.AMBIGUOUS, "ReadTimeout"),
    ],
)  # fmt: skip
async def test_what_a_failure_means(
    bench_of: Callable[..., Any], behaviour: dict[str, Any], status: ReceiptStatus, words: str
) -> None:
    bench = bench_of(settings={"timeout_seconds": 0.5})
    bench.telegram.behave(method="sendMessage", **behaviour)
    receipt = await bench.send(OutgoingKind.FORWARD, "слово")
    assert receipt.status is status and words in receipt.error and TOKEN not in receipt.error
    assert receipt.logged_out is (behaviour.get("status") == 401)


async def test_nobody_listens(bench: Any, http: httpx.AsyncClient) -> None:
    await bench.telegram.__aexit__()
    receipt = await bench.send(OutgoingKind.FORWARD, "слово")
    assert receipt == Receipt.retry("not sent to Telegram: ConnectError")
    await bench.telegram.__aenter__()


async def test_the_token_is_in_no_log_line(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="httpx"):  # whatever a process set
        await card(bench)
    assert "sendMessage" in caplog.text and TOKEN not in caplog.text


async def test_a_group_that_moved_is_followed(bench: Any) -> None:
    bench.telegram.group(GROUP).moved_to = -100500
    bench.telegram.group(-100500)
    assert (await bench.send(OutgoingKind.FORWARD, "слово")).status is ReceiptStatus.SENT
    assert (await bench.send(OutgoingKind.FORWARD, "ещё")).status is ReceiptStatus.SENT
    (topic,) = bench.telegram.topics(-100500)
    assert [message.text for message in bench.telegram.topic(-100500, topic.id)] == ["👤 слово", "👤 ещё"]


async def test_html_that_telegram_cannot_read_is_shown_as_words(bench: Any) -> None:
    await bench.send(OutgoingKind.CARD, "<b>Нужен человек</b> <oops")
    assert bench.shown[0].text == "Нужен человек <oops" and "Беру ✋" in bench.shown[0].buttons


async def test_a_card_without_the_right_to_pin_is_still_a_card(bench: Any) -> None:
    bench.telegram.group(GROUP).rights["can_pin_messages"] = False
    assert (await card(bench)).status is ReceiptStatus.SENT
    assert not bench.shown[0].pinned


async def test_rows_wait_for_a_group(bench_of: Callable[..., Any]) -> None:
    receipt = await bench_of(settings={"chat_id": ""}).send(OutgoingKind.FORWARD, "слово")
    assert receipt.waiting and "chat_id" in receipt.error


async def test_branches_have_groups_of_their_own(bench_of: Callable[..., Any]) -> None:
    bench = bench_of(settings={"chat_id": ""}, desk_chats={"": str(GROUP), "north": "-1002"})
    bench.telegram.group(-1002, "Север")
    bench.desk.talks[CONVERSATION] = replace(bench.desk.talks[CONVERSATION], branch="north")
    await bench.send(OutgoingKind.FORWARD, "слово")
    assert len(bench.telegram.topics(-1002)) == 1 and not bench.telegram.topics(GROUP)


async def test_unknown_conversation(bench: Any) -> None:
    assert (await bench.send(OutgoingKind.FORWARD, "x", recipient="nobody")).status is ReceiptStatus.REFUSED


async def test_media_of_the_escalating_turn_follow_the_card(bench: Any) -> None:
    wish = HandoverCard(
        handover_id=HANDOVER, trigger=Trigger.MEDIA, reason="Фото", question="", customer=Customer(id="u", address="1"),
        attachments=(photo(bench),),
    )  # fmt: skip
    shown, media = await bench.hooks.escalate(make_turn(conversation_id=CONVERSATION), wish)
    assert (shown.kind, media.kind, media.attachments) == (OutgoingKind.CARD, OutgoingKind.FORWARD, wish.attachments)
    assert shown.recipient == media.recipient == CONVERSATION


async def test_a_card_of_another_group_is_not_taken_for_the_one_with_its_number_here(
    bench_of: Callable[..., Any],
) -> None:
    """The branch changed while the handover was open: its card goes along, and nobody else's is touched."""
    bench = bench_of(desk_chats={"north": "-1002"}, clock=Hurried())
    bench.telegram.group(-1002)
    await card(bench)
    [old] = bench.shown
    other, other_handover = CONVERSATION.replace("1", "3"), HANDOVER.replace("2", "4")
    bench.desk.talks[other] = replace(
        bench.desk.talks[CONVERSATION], conversation_id=other, handover_id=other_handover, branch="north"
    )
    await bench.send(OutgoingKind.CARD, "Другой клиент", recipient=other, handover_id=other_handover)
    [others] = bench.telegram.topic(-1002, int(bench.desk.threads[other, "-1002"]))
    assert others.id == old.id
    bench.desk.talks[CONVERSATION] = replace(
        bench.desk.talks[CONVERSATION], branch="north", state=State.MANAGER_ACTIVE, assigned_to="Аружан"
    )
    await bench.send(OutgoingKind.UPDATE, "Взяла Аружан", data={"status": "active"})
    assert "Беру ✋" in others.buttons and others.pinned
    assert not old.buttons and not old.pinned
    shown, line = bench.telegram.topic(-1002, int(bench.desk.threads[CONVERSATION, "-1002"]))
    assert "Вопрос: Сколько стоит?" in shown.text and "Решено ✅" in shown.buttons and shown.pinned
    assert line.text == "Взяла Аружан" and not line.buttons
    bench.desk.talks[CONVERSATION] = replace(bench.desk.talks[CONVERSATION], state=State.BOT_ACTIVE, handover_id="")
    await bench.send(OutgoingKind.UPDATE, "Решено", data={"status": "resolved"})
    assert not shown.buttons and not shown.pinned
    assert "Беру ✋" in others.buttons and others.pinned


async def test_a_card_is_closed_where_it_hangs_when_the_group_has_changed(bench_of: Callable[..., Any]) -> None:
    bench = bench_of(desk_chats={"north": "-1002"}, clock=Hurried())
    bench.telegram.group(-1002)
    await card(bench)
    [old] = bench.shown
    bench.desk.talks[CONVERSATION] = replace(
        bench.desk.talks[CONVERSATION], branch="north", state=State.BOT_ACTIVE, handover_id=""
    )
    await bench.send(OutgoingKind.UPDATE, "Решено", data={"status": "resolved"})
    assert not old.buttons and not old.pinned
    [line] = bench.telegram.topic(-1002, int(bench.desk.threads[CONVERSATION, "-1002"]))
    assert line.text == "Решено" and not line.buttons


async def test_a_learned_card_follows_its_customer_to_another_group(bench_of: Callable[..., Any]) -> None:
    bench = bench_of(desk_chats={"north": "-1002"}, clock=Hurried())
    bench.telegram.group(-1002)
    data = {"learned_id": "l1", "status": "pending", "question": "Есть парковка?", "answer": "Да, бесплатно"}
    await bench.send(OutgoingKind.LEARNED, data=data)
    [old] = bench.shown
    bench.desk.talks[CONVERSATION] = replace(bench.desk.talks[CONVERSATION], branch="north")
    await bench.send(OutgoingKind.LEARNED, data=data | {"status": "approved"})
    [new] = bench.telegram.topic(-1002, int(bench.desk.threads[CONVERSATION, "-1002"]))
    assert "Да, бесплатно" in new.text and new.buttons and not old.buttons


class Forgetful(CountersInMemory):
    """Cannot note what was done, as often as `fails` says."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    async def spend(self, name: str, amount: int, *, limit: int, seconds: float) -> bool:
        if name.startswith("step:") and self.fails:
            self.fails -= 1
            raise StoreUnavailable("the database does not answer")
        return await super().spend(name, amount, limit=limit, seconds=seconds)


async def test_a_message_that_went_out_and_could_not_be_noted_is_not_sent_again(
    bench_of: Callable[..., Any],
) -> None:
    """Whether the customer has it is known: nobody may believe that nothing was sent."""
    bench = bench_of(counters=Forgetful(1))
    bench.telegram.world.private(CUSTOMER)
    receipt = await bench.send(OutgoingKind.HUMAN, "Первое предложение. " * 300, recipient="9001")
    assert receipt.status is ReceiptStatus.AMBIGUOUS and "noted" in receipt.error
    assert len(bench.telegram.chat(CUSTOMER)) == 1


async def test_an_album_that_could_not_be_noted_piece_by_piece_is_not_sent_again(bench_of: Callable[..., Any]) -> None:
    bench = bench_of(counters=Forgetful(1))
    bench.telegram.world.private(CUSTOMER)
    bench.telegram.behave(method="sendMediaGroup", status=400, description="Bad Request: IMAGE_PROCESS_FAILED")
    receipt = await bench.send(
        OutgoingKind.HUMAN, "Вот", recipient="9001", attachments=(photo(bench, 1), photo(bench, 2))
    )
    assert receipt.status is ReceiptStatus.AMBIGUOUS
    assert len(bench.telegram.chat(CUSTOMER)) == 1


async def test_a_learned_card_that_was_deleted_is_posted_once_more_and_no_third_time(
    bench_of: Callable[..., Any],
) -> None:
    bench = bench_of(clock=Hurried())
    data = {"learned_id": "l1", "status": "pending", "question": "Есть парковка?", "answer": "Да, бесплатно"}
    await bench.send(OutgoingKind.LEARNED, data=data)
    [first] = bench.shown
    del bench.telegram.group(GROUP).messages[first.id]
    await bench.send(OutgoingKind.LEARNED, data=data | {"status": "approved"})
    [second] = bench.shown
    await bench.send(OutgoingKind.LEARNED, data=data | {"status": "rejected"})
    assert bench.shown == [second]
    assert not second.buttons


async def test_two_processes_that_find_a_topic_deleted_show_its_card_once(bench_of: Callable[..., Any]) -> None:
    """The other one made the new topic while this one made its own: that one shows the card."""
    bench = bench_of(clock=Hurried())
    await card(bench)
    bench.telegram.delete_topic(GROUP, bench.thread)
    other = bench.telegram.world.open_topic(bench.telegram.group(GROUP), "made by another process")
    keep = bench.desk.keep_thread

    async def too_late(conversation_id: str, chat: str, thread: str) -> str:
        await keep(conversation_id, chat, str(other.id))
        return str(await keep(conversation_id, chat, thread))

    bench.desk.keep_thread = too_late
    await bench.send(OutgoingKind.FORWARD, "слово")
    assert [topic.id for topic in bench.telegram.topics(GROUP)] == [other.id]
    assert [message.text for message in bench.shown] == ["👤 слово"]


async def test_a_pin_that_has_to_wait_is_set_later_and_the_card_is_not_shown_again(
    bench_of: Callable[..., Any],
) -> None:
    bench = bench_of(clock=Hurried())
    bench.telegram.behave(method="pinChatMessage", status=429, retry_after=1)
    row = bench.row(OutgoingKind.CARD, "Нужен человек")
    first = await bench.again(row)
    assert first.waiting and not bench.shown[0].pinned
    second = await bench.again(row)
    [message] = bench.shown
    assert second == Receipt.sent(f"{GROUP}:{message.id}") and message.pinned


@pytest.mark.parametrize(
    ("doubtful", "line"),
    [(False, "🎤 Расшифровка: Буду к трём"), (True, "🎤 Расшифровка, возможны ошибки: Буду к трём")],
)
async def test_what_is_said_stands_under_its_voice_note(bench: Any, doubtful: bool, line: str) -> None:
    note = photo(
        bench, content=Content.AUDIO, mime="audio/ogg", voice=True, transcript="Буду к трём", doubtful=doubtful
    )
    await bench.send(OutgoingKind.FORWARD, "", attachments=(note,))
    [message] = bench.shown
    assert (message.kind, message.text) == ("voice", f"👤\n{line}")


async def test_each_note_has_its_own_words_and_long_ones_stand_right_behind(bench: Any) -> None:
    notes = tuple(
        photo(bench, number, content=Content.AUDIO, mime="audio/ogg", voice=True, transcript=said)
        for number, said in enumerate(["раз", "два " * 400])
    )
    await bench.send(OutgoingKind.FORWARD, "слушайте", attachments=notes)
    assert [message.kind for message in bench.shown] == ["text", "voice", "voice", "text"]
    words, first, second, behind = (message.text for message in bench.shown)
    assert "слушайте" in words
    assert first == "🎤 Расшифровка: раз"
    assert second == ""
    assert behind.startswith("🎤 Расшифровка: два")
