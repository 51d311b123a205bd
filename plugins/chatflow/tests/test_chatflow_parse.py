"""What senders really post, and what becomes of it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from truffles_chatflow.plugin import plugin
from truffles_chatflow.simulator import webhook_payload

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Content, EventKind, InboundEvent
from truffles_gateway.plugin import Door, WebhookRequest

JID = "77000000001@s.whatsapp.net"
WHEN = 1_748_854_800
MOMENT = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
Read = Callable[..., InboundEvent]


def message(**changes: Any) -> dict[str, Any]:
    metadata = {"remoteJid": JID, "messageId": "M1", "sender": "Айгерим", "timestamp": WHEN}
    return {"messageType": "text", "message": "Сколько стоит маникюр?", "metadata": metadata, **changes}


def test_the_documented_body(read: Read) -> None:
    event = read(message(), query={"instanceId": "main"})
    assert event == InboundEvent(
        channel="whatsapp",
        event_id="M1",
        address=JID,
        instance="main",
        text="Сколько стоит маникюр?",
        sender_name="Айгерим",
        phone=JID.partition("@")[0],
        sent_at=MOMENT,
    )


@pytest.mark.parametrize("alias", ["remoteJid", "remote_jid", "jid", "from", "chatId", "phone"])
@pytest.mark.parametrize("nested", [True, False])
def test_aliases_of_the_jid(read: Read, alias: str, nested: bool) -> None:
    fields = {alias: JID, "id": "M1"}
    body = {"metadata": fields, "text": "а"} if nested else {**fields, "text": "а"}
    assert (read(body).address, read(body).event_id) == (JID, "M1")


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("77000000001", JID),
        (77000000001, JID),
        ("+7 (700) 000-00-01", JID),
        ("8 (700) 000-00-01", JID),
        ("85200000001", "85200000001@s.whatsapp.net"),
        ("77000000001@c.us", JID),
        ("77000000001:12@s.whatsapp.net", JID),
        ("77000000001.0:3@s.whatsapp.net", JID),
        (" 77000000001@S.WhatsApp.Net ", JID),
        ("123456789012345@lid", "123456789012345@lid"),
    ],
)
def test_one_spelling_for_each_customer(read: Read, raw: object, address: str) -> None:
    assert read(message(metadata={"remoteJid": raw, "messageId": "M1"})).address == address


@pytest.mark.parametrize(("jid", "phone"), [(JID, "77000000001"), ("123456789012345@lid", ""), ("77000-1@g.us", "")])
def test_the_phone_is_what_the_address_tells(read: Read, jid: str, phone: str) -> None:
    assert read(message(metadata={"remoteJid": jid})).phone == phone


def test_a_phone_beside_a_linked_id_is_the_better_address(read: Read) -> None:
    metadata = {"remoteJid": "123456789012345@lid", "senderPn": JID, "messageId": "M1"}
    assert read(message(metadata=metadata)).address == JID


@pytest.mark.parametrize(
    ("name", "value"), [("message_id", "X1"), ("messageId", "X1"), ("id", "X1"), ("id", {"_serialized": "X1"})]
)
def test_aliases_of_the_id(read: Read, name: str, value: object) -> None:
    assert read({"jid": JID, name: value, "text": "а"}).event_id == "X1"


@pytest.mark.parametrize(
    "raw",
    [WHEN, str(WHEN), WHEN * 1000, f"{WHEN}000", float(WHEN), WHEN * 10**6, "2025-06-02T09:00:00Z",
     "2025-06-02T14:00:00+05:00", "2025-06-02 09:00:00", {"low": WHEN, "high": 0, "unsigned": True}],
)  # fmt: skip
@pytest.mark.parametrize("alias", ["timestamp", "t", "time"])
def test_times(read: Read, alias: str, raw: object) -> None:
    assert read({"jid": JID, "id": "1", "text": "а", alias: raw}).sent_at == MOMENT


@pytest.mark.parametrize("raw", [None, True, "вчера", -5, 0, 12345, 10**30, 1e400, "9" * 5000, [], {}, "0001-01-01"])
def test_a_time_that_is_none(read: Read, raw: object) -> None:
    assert read({"jid": JID, "id": "1", "text": "а", "timestamp": raw}).sent_at is None


@pytest.mark.parametrize(
    "body",
    [
        {"text": "Привет"},
        {"body": "Привет"},
        {"content": "Привет"},
        {"message": "Привет"},
        {"message": {"conversation": "Привет"}},
        {"message": {"text": {"body": "Привет"}}},
        {"text": {"body": "Привет"}},
        {"message": {"extendedTextMessage": {"text": "Привет"}}, "messageType": "extendedTextMessage"},
        {"message": {"ephemeralMessage": {"message": {"conversation": "Привет"}}}, "messageType": "ephemeralMessage"},
        {"metadata": {"text": "Привет"}},
        {"message": {"buttonsResponseMessage": {"selectedDisplayText": "Привет"}}},
        {"messageType": "conversation", "message": "Привет"},
        {"messageType": "no-such-type", "message": "Привет"},
        {"data": {"message": {"conversation": "Привет"}, "key": {"remoteJid": JID, "id": "1"}}, "event": "x"},
    ],
)
def test_where_words_stand(read: Read, body: dict[str, Any]) -> None:
    event = read({"jid": JID, "id": "1", **body})
    assert (event.text, event.content, event.kind, event.ignore) == ("Привет", Content.TEXT, EventKind.CUSTOMER, "")


def test_numbers_for_text(read: Read) -> None:
    assert read({"jid": JID, "id": 7, "text": 6000}).text == "6000"


@pytest.mark.parametrize("alias", ["pushName", "name", "sender", "senderName"])
def test_aliases_of_the_name(read: Read, alias: str) -> None:
    assert read({"jid": JID, "id": "1", "text": "а", alias: "Дана"}).sender_name == "Дана"


def test_a_jid_is_no_name(read: Read) -> None:
    assert read({"jid": JID, "id": "1", "text": "а", "sender": JID}).sender_name == ""


@pytest.mark.parametrize("where", ["query", "metadata", "body"])
def test_the_instance(read: Read, where: str) -> None:
    body = message()
    if where == "body":
        body["instanceId"] = "second"
    if where == "metadata":
        body["metadata"]["instance_id"] = "second"
    assert read(body, query={"instanceId": "second"} if where == "query" else {}).instance == "second"


def test_the_envelope_with_a_slug(read: Read, webhook: Callable[..., WebhookRequest]) -> None:
    body = {"client_slug": "salon", "body": message()}
    assert read(body) == read(message())
    assert plugin.ingress is not None
    assert plugin.ingress.tenant(webhook(body)) == "salon"
    assert plugin.ingress.tenant(webhook({"client_slug": ["x"]})) is None


PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()


@pytest.mark.parametrize(
    ("kind", "mime", "content", "voice"),
    [
        ("image", "image/jpeg", Content.IMAGE, False),
        ("imageMessage", "image/png", Content.IMAGE, False),
        ("audio", "audio/mpeg", Content.AUDIO, False),
        ("ptt", "audio/ogg; codecs=opus", Content.AUDIO, True),
        ("audioMessage", "audio/ogg", Content.AUDIO, False),
        ("video", "video/mp4", Content.VIDEO, False),
        ("document", "application/pdf", Content.DOCUMENT, False),
        ("documentWithCaptionMessage", "application/pdf", Content.DOCUMENT, False),
        ("", "image/jpeg", Content.IMAGE, False),
        ("text", "image/jpeg", Content.IMAGE, False),
    ],
)
def test_media(read: Read, kind: str, mime: str, content: Content, voice: bool) -> None:
    media = {"url": "https://app.chatflow.kz/f/1", "mimetype": mime, "size": "2048", "fileName": "ф.bin", "seconds": 3}
    event = read(message(messageType=kind, message="", mediaData=media | {"caption": "вот"}))
    (item,) = event.attachments
    assert (event.content, item.content, item.voice, event.text) == (content, content, voice, "вот")
    assert (item.mime, item.size, item.file_name, item.seconds) == (mime.partition(";")[0], 2048, "ф.bin", 3.0)
    assert (item.url, item.data) == ("https://app.chatflow.kz/f/1", None)


@pytest.mark.parametrize("media", [{"mime": "audio/ogg", "filename": "a.ogg", "duration": 7, "ptt": True, "url": ""}])
def test_aliases_of_media(read: Read, media: dict[str, Any]) -> None:
    (item,) = read(message(messageType="audio", message=None, mediaData=media)).attachments
    assert (item.mime, item.file_name, item.seconds, item.voice) == ("audio/ogg", "a.ogg", 7.0, True)


@pytest.mark.parametrize(
    "packed", [PIXEL, f"data:image/png;base64,{PIXEL}", PIXEL.rstrip("="), PIXEL[:20] + "\n" + PIXEL[20:]]
)
def test_inline_bytes(read: Read, packed: str) -> None:
    (item,) = read(message(messageType="image", mediaData={"base64": packed, "mimetype": "image/png"})).attachments
    assert item.data is not None
    assert item.data.startswith(b"\x89PNG")
    assert (item.size, item.mime) == (48, "image/png")


@pytest.mark.parametrize("broken", ["не base64", "a", "===", 5, None, [], {"x": 1}])
def test_broken_inline_bytes_keep_the_words(read: Read, broken: object) -> None:
    event = read(message(messageType="image", mediaData={"base64": broken, "caption": "вот фото"}))
    assert event.attachments[0].data is None
    assert event.text == "Сколько стоит маникюр?\nвот фото"


def test_a_medium_without_anything_is_still_one(read: Read) -> None:
    event = read(message(messageType="image", message=None))
    assert [item.content for item in event.attachments] == [Content.IMAGE]


def test_whatsapps_own_media_object(read: Read) -> None:
    nested = {"imageMessage": {"url": "https://mmg.whatsapp.net/x.enc", "mimetype": "image/jpeg", "caption": "такой"}}
    event = read(message(messageType="imageMessage", message=nested))
    assert (event.text, event.attachments[0].caption, event.attachments[0].mime) == ("такой", "такой", "image/jpeg")


@pytest.mark.parametrize(
    "body",
    [
        {"messageType": "location", "location": {"latitude": 43.2389, "longitude": "76.8897", "name": "Дом"}},
        {"messageType": "locationMessage", "message": {"locationMessage": {
            "degreesLatitude": 43.2389, "degreesLongitude": 76.8897, "name": "Дом"}}},
        {"message": {"locationMessage": {"degreesLatitude": 43.2389, "degreesLongitude": 76.8897, "name": "Дом"}}},
    ],
)  # fmt: skip
def test_a_place(read: Read, body: dict[str, Any]) -> None:
    event = read({"jid": JID, "id": "1", **body})
    assert (event.content, event.ignore) == (Content.LOCATION, "")
    assert event.text == "Дом, 43.238900,76.889700"


VCARD = "BEGIN:VCARD\nFN:Мастер Дана\nitem1.TEL;waid=77000000002:+7 700 000 00 02\nEND:VCARD"


@pytest.mark.parametrize(
    "body",
    [
        {"messageType": "contact", "vcard": VCARD},
        {
            "messageType": "contactMessage",
            "message": {"contactMessage": {"displayName": "Мастер Дана", "vcard": VCARD}},
        },
        {"messageType": "contacts", "contacts": [{"name": "Мастер Дана", "phone": "+7 700 000 00 02"}]},
        {"messageType": "contactsArrayMessage", "message": {"contactsArrayMessage": {"contacts": [{"vcard": VCARD}]}}},
    ],
)
def test_a_contact(read: Read, body: dict[str, Any]) -> None:
    event = read({"jid": JID, "id": "1", **body})
    assert (event.content, event.text) == (Content.CONTACT, "Мастер Дана +7 700 000 00 02")
    assert event.sender_name == ""


@pytest.mark.parametrize(
    ("jid", "reason"),
    [
        ("120363000000000000@g.us", "group"),
        ("77000000001-1600000000@g.us", "group"),
        ("120363000000000000@newsletter", "broadcast"),
        ("1600000000@broadcast", "broadcast"),
        ("status@broadcast", "status"),
        ("0@s.whatsapp.net", "status"),
    ],
)
def test_what_is_no_customer(read: Read, jid: str, reason: str) -> None:
    assert read(message(metadata={"remoteJid": jid, "messageId": "1"})).ignore == reason


@pytest.mark.parametrize(
    ("body", "content", "reason"),
    [
        ({"messageType": "reaction", "message": "👍"}, Content.REACTION, "reaction"),
        ({"messageType": "sticker", "mediaData": {"url": "https://app.chatflow.kz/s"}}, Content.STICKER, "sticker"),
        ({"messageType": "revoke", "message": None}, Content.DELETION, "deletion"),
        ({"messageType": "protocolMessage", "message": {"protocolMessage": {"type": "REVOKE", "key": {"id": "M0"}}}},
         Content.DELETION, "deletion"),
        ({"messageType": "text", "message": "   "}, Content.TEXT, "empty"),
    ],
)  # fmt: skip
def test_what_starts_no_answer(read: Read, body: dict[str, Any], content: Content, reason: str) -> None:
    event = read(message(**body))
    assert (event.kind, event.content, event.ignore) == (EventKind.CUSTOMER, content, reason)


def test_a_deletion_that_bears_the_messages_own_id_is_another_event(read: Read) -> None:
    assert read(message(messageType="deletion")).event_id != read(message()).event_id


@pytest.mark.parametrize(
    ("body", "replaces"),
    [
        ({"messageType": "edited", "metadata": {"remoteJid": JID, "messageId": "M2", "editedMessageId": "M1"}}, "M1"),
        ({"messageType": "edit"}, "M1"),
        ({"messageType": "text", "isEdited": True}, "M1"),
        ({"messageType": "editedMessage", "message": {"editedMessage": {"message": {"protocolMessage": {
            "type": "MESSAGE_EDIT", "key": {"id": "M0"}, "editedMessage": {"conversation": "Сколько стоит маникюр?"}}}}},
         }, "M0"),
    ],
)  # fmt: skip
def test_an_edit_replaces(read: Read, body: dict[str, Any], replaces: str) -> None:
    event = read(message(**body))
    assert (event.replaces, event.text, event.ignore) == (replaces, "Сколько стоит маникюр?", "")
    assert event.event_id not in (replaces, "")


@pytest.mark.parametrize(
    "body",
    [
        {"quoted": "Маникюр 6000"},
        {"quotedMessage": {"conversation": "Маникюр 6000"}},
        {"message": {"extendedTextMessage": {
            "text": "да", "contextInfo": {"quotedMessage": {"conversation": "Маникюр 6000"}}}}},
        {"contextInfo": {"quotedMessage": {"extendedTextMessage": {"text": "Маникюр 6000"}}}},
    ],
)  # fmt: skip
def test_a_quote_is_context(read: Read, body: dict[str, Any]) -> None:
    event = read(message(**{"message": "да", **body}))
    assert (event.text, event.quoted) == ("да", "Маникюр 6000")


def test_an_echo(read: Read) -> None:
    event = read(webhook_payload("77000000001", "Ответ", from_me=True, msg_id="turn:3.2", message_id="OUT", name="Мы"))
    assert (event.kind, event.address, event.text) == (EventKind.ECHO, JID, "Ответ")
    assert (event.own_key, event.sender_name, event.event_id) == ("turn:3", "", "OUT")


def test_an_echo_names_the_customer_in_to(read: Read) -> None:
    event = read({"fromMe": "true", "from": "77000000099", "to": "77000000001", "id": "1", "text": "а"})
    assert (event.kind, event.address, event.own_key) == (EventKind.ECHO, JID, "")


@pytest.mark.parametrize(
    "body",
    [
        {"messageType": "ack", "metadata": {"messageId": "M1", "remoteJid": JID}},
        {"messageType": "receipt"},
        {"messageType": "connection", "state": "open"},
        {"event": "connection.update", "data": {"state": "close"}},
        {"event": "messages.update", "data": {"key": {"id": "M1", "remoteJid": JID}, "status": "READ"}},
        {"id": "M1", "jid": JID, "status": "delivered"},
        {"id": "M1", "jid": JID, "ack": 0},
    ],
)
def test_news_are_no_messages(read: Read, body: dict[str, Any]) -> None:
    event = read(body)
    assert (event.kind, event.ignore) == (EventKind.STATUS, "status")
    assert event.event_id.startswith("status:")


def test_a_derived_id_is_stable_and_tells_messages_apart(read: Read) -> None:
    def derived(text: str = "да", jid: str = JID, at: int = WHEN) -> str:
        return read({"jid": jid, "text": text, "t": at}).event_id

    assert derived() == derived()
    assert len({derived(), derived("нет"), derived(jid="77000000002"), derived(at=WHEN + 1)}) == 4


def test_a_long_id_is_hashed(read: Read) -> None:
    first, second = (read({"jid": JID, "text": "а", "id": "x" * 300 + end}).event_id for end in "ab")
    assert first != second
    assert len(first) <= 200


@pytest.mark.parametrize(
    "jid", [None, "", "просто текст", "12", [], {}, True, 10**400, "x@y.z", "@s.whatsapp.net", "٧٧٠٠٠٠٠٠٠٠١"]
)
def test_no_usable_jid(read: Read, jid: object) -> None:
    with pytest.raises(RejectedRequest, match="no usable jid") as refused:
        read(message(metadata={"remoteJid": jid}))
    assert "\n" not in refused.value.reason


def test_a_large_body_must_be_inline_media(read: Read) -> None:
    large = "A" * (4 * 1024 * 1024)
    assert read(message(messageType="image", mediaData={"base64": large})).attachments[0].size == 3 * 1024 * 1024
    with pytest.raises(RejectedRequest) as refused:
        read(message(message=large))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("secret", "is_open", "headers", "query", "welcome"),
    [
        ("s3cret", False, {"x-webhook-secret": "s3cret"}, {}, True),
        ("s3cret", False, {}, {"webhook_secret": "s3cret"}, True),
        ("s3cret", True, {}, {}, False),
        ("s3cret", False, {"x-webhook-secret": "S3cret"}, {}, False),
        ("s3cret", False, {}, {"webhook_secret": "\ud800"}, False),
        ("", False, {"x-webhook-secret": ""}, {}, False),
        (None, False, {"x-webhook-secret": "None"}, {}, False),
        (None, True, {}, {}, True),
    ],
)
def test_the_secret(
    webhook: Callable[..., WebhookRequest], secret: str | None, is_open: bool, headers: dict[str, str],
    query: dict[str, str], welcome: bool,
) -> None:  # fmt: skip
    door = Door(tenant="salon", secret=secret, open=is_open, settings=None)
    assert plugin.ingress is not None
    assert plugin.ingress.verify(webhook({}, query=query, headers=headers), door) is welcome
