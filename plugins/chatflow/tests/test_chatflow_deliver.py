"""Sending, against a provider that misbehaves in every way it can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import ValidationError
from truffles_chatflow.plugin import ChatFlow, plugin
from truffles_chatflow.settings import ChatFlowSettings
from truffles_chatflow.simulator import Simulator

from truffles_gateway.messages import Attachment, Content, Delivery, OutgoingKind, Receipt, ReceiptStatus

JID = "77000000001@s.whatsapp.net"
TOKEN = "token-for-tests"
Make = Callable[..., ChatFlow]
Row = Callable[..., Delivery]
pytestmark = pytest.mark.asyncio


async def test_a_text_arrives(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    text = "Маникюр — 6000 ₸ & педикюр=8000? 100% #1 +7\nҚош келдіңіз 🙂"
    receipt = await make_plugin(simulator.url).deliver(delivery(text))
    (message,) = simulator.read(JID)
    assert (message.text, message.msg_id, message.kind, message.instance) == (text, "turn:0", "text", "main")
    assert receipt == Receipt.sent(message.id)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ({"success": False}, Receipt.retry("HTTP 200: simulated failure")),
        ({"raw": "false"}, Receipt.retry("HTTP 200")),
        ({"raw": "null"}, Receipt.retry("HTTP 200")),
        ({"raw": "[]"}, Receipt.retry("HTTP 200")),
        ({"raw": ""}, Receipt.retry("HTTP 200")),
        ({"raw": "{}"}, Receipt.retry("HTTP 200")),
        ({"raw": "1"}, Receipt.retry("HTTP 200")),
        ({"raw": '"true"'}, Receipt.retry("HTTP 200")),
        ({"raw": '{"success": null, "id": "x"}'}, Receipt.retry("HTTP 200")),
        ({"raw": "<html>OK</html>"}, Receipt.retry("HTTP 200")),
        ({"raw": "[" * 100_000}, Receipt.retry("HTTP 200")),
        ({"raw": "true"}, Receipt.sent()),
        ({"raw": '{"success": true}'}, Receipt.sent()),
        ({"raw": '{"success": "true", "id": 7}'}, Receipt.sent("7")),
        ({"raw": '{"success": true, "data": {"messageId": "A"}}'}, Receipt.sent("A")),
        ({"raw": '{"messageId": "A"}'}, Receipt.sent("A")),
        ({"raw": '{"messageId": "A", "error": "no"}'}, Receipt.retry("HTTP 200: no")),
        ({"status": 500}, Receipt.retry("HTTP 500: simulated failure")),
        ({"status": 502, "raw": "<html>"}, Receipt.retry("HTTP 502")),
        ({"status": 429, "retry_after": "7"}, Receipt.retry("HTTP 429: simulated failure", after=7)),
        ({"status": 503, "retry_after": "Mon, 02 Jun 2025 09:00:30 GMT"},
         Receipt.retry("HTTP 503: simulated failure", after=30)),
        ({"status": 429, "retry_after": "Mon, 02 Jun 2025 08:00:00 GMT"},
         Receipt.retry("HTTP 429: simulated failure", after=0)),
        ({"status": 429, "retry_after": "soon"}, Receipt.retry("HTTP 429: simulated failure")),
        ({"status": 429, "retry_after": "999999999"}, Receipt.retry("HTTP 429: simulated failure", after=86_400)),
        ({"status": 429}, Receipt.retry("HTTP 429: simulated failure")),
        ({"status": 401}, Receipt.retry("HTTP 401: simulated failure", logged_out=True)),
        ({"status": 403, "raw": ""}, Receipt.retry("HTTP 403", logged_out=True)),
        ({"logged_out": True}, Receipt.retry("HTTP 200: instance not connected", logged_out=True)),
        ({"status": 404, "message": "Instance not found"}, Receipt.retry("HTTP 404: Instance not found", logged_out=True)),
        ({"success": False, "message": "Session invalid"}, Receipt.retry("HTTP 200: Session invalid", logged_out=True)),
        ({"status": 404, "message": "Not Found"}, Receipt.retry("HTTP 404: Not Found")),
        ({"status": 302, "raw": ""}, Receipt.retry("HTTP 302")),
        ({"status": 400, "message": "Invalid JID"}, Receipt.refused("HTTP 400: Invalid JID")),
        ({"status": 404, "message": "number is not on WhatsApp"}, Receipt.refused("HTTP 404: number is not on WhatsApp")),
        ({"success": False, "message": "The number is not registered on WhatsApp"},
         Receipt.refused("HTTP 200: The number is not registered on WhatsApp")),
        ({"status": 413, "raw": ""}, Receipt.refused("HTTP 413")),
    ],
)  # fmt: skip
async def test_what_an_answer_means(
    simulator: Simulator, make_plugin: Make, delivery: Row, behaviour: dict[str, object], expected: Receipt
) -> None:
    simulator.behave(**behaviour)
    assert await make_plugin(simulator.url).deliver(delivery()) == expected


@pytest.mark.parametrize(
    "words",
    ["instance is not connected to WhatsApp", "Phone not logged in to WhatsApp", "no whatsapp session found",
     "Session closed. Scan the QR code", "Instance 5F does not exist", "Invalid token", "device logged out"],
)  # fmt: skip
async def test_words_for_a_lost_instance(simulator: Simulator, make_plugin: Make, delivery: Row, words: str) -> None:
    simulator.behave(status=400, message=words)
    assert await make_plugin(simulator.url).deliver(delivery()) == Receipt.retry(f"HTTP 400: {words}", logged_out=True)


@pytest.mark.parametrize(
    "words",
    ["Number is not a WhatsApp user", "not registered on whatsapp", "The phone number does not exist on WhatsApp",
     "invalid phone number", "recipient jid malformed", "this number has no WhatsApp"],
)  # fmt: skip
async def test_words_for_a_wrong_number(simulator: Simulator, make_plugin: Make, delivery: Row, words: str) -> None:
    simulator.behave(success=False, message=words)
    assert await make_plugin(simulator.url).deliver(delivery()) == Receipt.refused(f"HTTP 200: {words}")


async def test_a_wrong_token_logs_out(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    receipt = await make_plugin(simulator.url, token="another").deliver(delivery())
    assert receipt == Receipt.retry("HTTP 200: invalid token", logged_out=True)


async def test_nobody_listens(make_plugin: Make, delivery: Row) -> None:
    async with Simulator() as gone:
        address = gone.url
    receipt = await make_plugin(address).deliver(delivery())
    assert receipt == Receipt.retry("not sent: ConnectError")


@pytest.mark.parametrize(("drop", "arrived"), [("after", 1), ("before", 0)])
async def test_a_connection_dropped_after_the_request_leaves_it_open(
    simulator: Simulator, make_plugin: Make, delivery: Row, drop: str, arrived: int
) -> None:
    simulator.behave(drop=drop)
    receipt = await make_plugin(simulator.url).deliver(delivery())
    assert receipt.status is ReceiptStatus.AMBIGUOUS
    assert len(simulator.read(JID)) == arrived


async def test_silence_leaves_it_open(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    simulator.behave(delay=30)
    receipt = await make_plugin(simulator.url, timeout_seconds=0.2).deliver(delivery())
    assert receipt == Receipt.ambiguous("sent, but no answer: ReadTimeout")
    assert len(simulator.read(JID)) == 1


async def test_a_repetition_is_read_once(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    simulator.behave(drop="after", count=1)
    hooks = make_plugin(simulator.url)
    assert (await hooks.deliver(delivery())).status is ReceiptStatus.AMBIGUOUS
    assert (await hooks.deliver(delivery())).status is ReceiptStatus.SENT
    assert [item.text for item in simulator.read(JID)] == ["Здравствуйте!"]


LONG = "\n\n".join(letter * 700 for letter in "абв")


async def test_a_long_text_goes_in_parts(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    assert (await make_plugin(simulator.url).deliver(delivery(LONG, key="t:1"))).status is ReceiptStatus.SENT
    assert [(item.msg_id, item.text) for item in simulator.read(JID)] == [
        ("t:1.1", "а" * 700), ("t:1.2", "б" * 700), ("t:1.3", "в" * 700),
    ]  # fmt: skip


async def test_all_parts_are_repeated_with_their_keys(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    hooks = make_plugin(simulator.url)
    simulator.behave(count=1)
    simulator.behave(status=500, count=1)
    first = await hooks.deliver(delivery(LONG))
    assert first == Receipt.retry("1 of 3 parts sent, then HTTP 500: simulated failure")
    assert (await hooks.deliver(delivery(LONG))).status is ReceiptStatus.SENT
    assert [item.text[0] for item in simulator.read(JID)] == ["а", "б", "в"]


async def test_half_a_text_is_not_repeated_where_keys_mean_nothing(
    simulator: Simulator, make_plugin: Make, delivery: Row
) -> None:
    simulator.behave(count=1)
    simulator.behave(status=500, count=1)
    receipt = await make_plugin(simulator.url, honours_msg_id=False).deliver(delivery(LONG))
    assert receipt.status is ReceiptStatus.AMBIGUOUS


IMAGE = Attachment(content=Content.IMAGE, url="https://files.example/1?sig=a&b=c", file_name="")
VOICE = Attachment(content=Content.AUDIO, url="https://files.example/2", voice=True)
PRICES = Attachment(content=Content.DOCUMENT, url="https://files.example/3", file_name="цены.pdf")


@pytest.mark.parametrize(
    ("text", "attachments", "expected"),
    [
        ("Вот", (IMAGE,), [("image", "Вот", IMAGE.url)]),
        ("", (IMAGE,), [("image", "Фото", IMAGE.url)]),
        ("", (PRICES,), [("doc", "цены.pdf", PRICES.url)]),
        ("", (VOICE,), [("audio", "", VOICE.url)]),
        ("Вот", (VOICE,), [("text", "Вот", ""), ("audio", "", VOICE.url)]),
        ("Вот", (IMAGE, PRICES), [("text", "Вот", ""), ("image", "Фото", IMAGE.url), ("doc", "цены.pdf", PRICES.url)]),
        ("а" * 801, (IMAGE,), [("text", "а" * 800, ""), ("text", "а", ""), ("image", "Фото", IMAGE.url)]),
    ],
)
async def test_media(
    simulator: Simulator, make_plugin: Make, delivery: Row, text: str, attachments: tuple[Attachment, ...],
    expected: list[tuple[str, str, str]],
) -> None:  # fmt: skip
    receipt = await make_plugin(simulator.url).deliver(delivery(text, attachments=attachments))
    assert receipt.status is ReceiptStatus.SENT
    assert [(item.kind, item.text, item.url) for item in simulator.read(JID)] == expected


class Links:
    """Links below `base`, each other than the last; "" where the world reaches nothing."""

    def __init__(self, base: str = "https://gateway.example") -> None:
        self.base = base
        self.made: list[tuple[str, str, str, float]] = []

    async def to(self, blob: str, *, mime: str = "", name: str = "", seconds: float = 3600.0) -> str:
        self.made.append((blob, mime, name, seconds))
        return f"{self.base}/media/{blob}?number={len(self.made)}" if self.base else ""


KEPT = {"0" * 64: b"a photo"}
PHOTO = Attachment(content=Content.IMAGE, mime="image/jpeg", url="telegram:file", file_name="1.jpg", blob="0" * 64)


async def test_a_kept_file_is_linked_to_anew_in_each_attempt(
    simulator: Simulator, make_plugin: Make, delivery: Row
) -> None:
    """The link lives for an hour, an attempt may be days after the first; the key of the message stays the same."""
    links = Links()
    hooks, row = make_plugin(simulator.url, blobs=KEPT, links=links), delivery("Вот", attachments=(PHOTO,))
    simulator.behave(status=500, count=1)
    assert (await hooks.deliver(row)).status is ReceiptStatus.RETRY
    assert (await hooks.deliver(row)).status is ReceiptStatus.SENT
    (message,) = simulator.read(JID)
    assert (message.kind, message.text, message.msg_id) == ("image", "Вот", row.key)
    assert message.url == f"https://gateway.example/media/{PHOTO.blob}?number=2"
    assert links.made == [(PHOTO.blob, "image/jpeg", "1.jpg", 3600.0)] * 2


@pytest.mark.parametrize(
    ("item", "base", "said"),
    [
        (PHOTO, "", "Задайте PUBLIC_URL"),
        (replace(PHOTO, blob="1" * 64), "https://gateway.example", "уже не хранится"),
        (replace(PHOTO, blob=""), "https://gateway.example", "store_media"),
    ],
)
async def test_a_file_that_nobody_could_fetch_is_refused_with_the_cure(
    simulator: Simulator, make_plugin: Make, delivery: Row, item: Attachment, base: str, said: str
) -> None:
    hooks = make_plugin(simulator.url, blobs=KEPT, links=Links(base))
    receipt = await hooks.deliver(delivery("Вот", attachments=(IMAGE, item)))
    assert receipt.status is ReceiptStatus.REFUSED
    assert said in receipt.error
    assert not simulator.attempts, "nor is the half that could be sent"


async def test_managers_read_why_in_their_own_language(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    hooks = make_plugin(simulator.url, blobs=KEPT, links=Links(""), languages=("en",))
    assert "no public address" in (await hooks.deliver(delivery(attachments=(PHOTO,)))).error


async def test_a_file_with_a_link_of_its_own_needs_no_public_address(
    simulator: Simulator, make_plugin: Make, delivery: Row
) -> None:
    item = replace(PHOTO, url="https://files.example/1")
    hooks = make_plugin(simulator.url, blobs=KEPT, links=Links(""))
    assert (await hooks.deliver(delivery(attachments=(item,)))).status is ReceiptStatus.SENT
    assert [each.url for each in simulator.read(JID)] == [item.url]


async def test_what_cannot_be_sent(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    hooks = make_plugin(simulator.url)
    assert (await hooks.deliver(delivery("  "))).status is ReceiptStatus.REFUSED
    assert (await hooks.deliver(delivery(recipient="nobody"))).status is ReceiptStatus.REFUSED
    assert simulator.read() == []


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Исправление: 7000"), ("kk", "Түзету: 7000"), ("en", "Correction: 7000"), ("", "Исправление: 7000")],
)
async def test_a_managers_correction(
    simulator: Simulator, make_plugin: Make, delivery: Row, language: str, said: str
) -> None:
    data = {"correction": "1", "language": language}
    await make_plugin(simulator.url).deliver(delivery("7000", kind=OutgoingKind.HUMAN, data=data))
    await make_plugin(simulator.url).deliver(delivery("6000", key="t:2", kind=OutgoingKind.HUMAN))
    assert [item.text for item in simulator.read(JID)] == [said, "6000"]


async def test_further_instances(make_plugin: Make, delivery: Row) -> None:
    async with Simulator(instances=("main", "second")) as simulator:
        hooks = make_plugin(simulator.url, instances=[{"id": "second", "token": "another"}])
        await hooks.deliver(delivery(instance="second"))
        assert [item.instance for item in simulator.read(JID)] == ["second"]
        assert (await hooks.deliver(delivery(instance="third"))).logged_out


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"status": 500, "message": f"bad token {TOKEN}"}, {"drop": "after"}, {"raw": TOKEN}, {"status": 302}],
)
async def test_the_token_is_in_no_log_and_no_error(
    simulator: Simulator,
    make_plugin: Make,
    delivery: Row,
    caplog: pytest.LogCaptureFixture,
    behaviour: dict[str, object],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # whatever another test has set
    simulator.behave(**behaviour)
    receipt = await make_plugin(simulator.url).deliver(delivery())
    assert TOKEN not in caplog.text + repr(receipt)
    assert not any(TOKEN in repr(record.args) for record in caplog.records)
    if "drop" not in behaviour:
        assert "token=***" in caplog.text


async def test_lone_surrogates_do_not_stop_a_reply(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    assert (await make_plugin(simulator.url).deliver(delivery("да\ud83d"))).status is ReceiptStatus.SENT


async def test_many_at_once(simulator: Simulator, make_plugin: Make, delivery: Row) -> None:
    hooks = make_plugin(simulator.url)
    receipts = await asyncio.gather(*(hooks.deliver(delivery(f"{n}", key=f"t:{n}")) for n in range(100)))
    assert {item.status for item in receipts} == {ReceiptStatus.SENT}
    assert len({item.provider_id for item in receipts}) == 100


async def test_what_the_manifest_and_the_hooks_declare(make_plugin: Make) -> None:
    assert plugin.capabilities.idempotent_send
    assert make_plugin("https://api.example").capabilities.idempotent_send
    assert not make_plugin("https://api.example", honours_msg_id=False).capabilities.idempotent_send
    settings = ChatFlowSettings.model_validate(
        {"base_url": "https://api.example/api/v1/", "token": "t", "instance_id": "a", "instances": [{"id": "b"}]}
    )
    assert settings.base_url == "https://api.example"
    assert plugin.instances(settings) == ("a", "b")
    assert plugin.rate_limits(settings) == ()
    for rate, count, seconds in ((0.5, 1, 2.0), (1, 1, 1.0), (2.5, 2, 0.8), (30, 30, 1.0)):
        (limit,) = plugin.rate_limits(settings.model_copy(update={"messages_per_second": rate}))
        assert (limit.count, limit.seconds, limit.scope) == (count, seconds, "channel")


@pytest.mark.parametrize("wrong", [{"base_url": "nowhere"}, {"instance_id": ""}, {"tokn": "x"}, {"timeout_seconds": 0}])
async def test_bad_settings(wrong: dict[str, object]) -> None:
    good = {"base_url": "https://api.example", "token": "t", "instance_id": "a"}
    with pytest.raises(ValidationError):
        ChatFlowSettings.model_validate(good | wrong)


async def test_every_language_has_every_text() -> None:
    keys = [set(texts) for texts in plugin.catalogue.values()]
    assert set(plugin.catalogue) == {"ru", "kk", "en"}
    assert all(other == keys[0] for other in keys)


@pytest.mark.parametrize("recipient", ["120363000000000000@g.us", "status@broadcast", "1234567@newsletter"])
async def test_nobody_but_a_customer_is_written_to(
    simulator: Simulator, make_plugin: Make, delivery: Row, recipient: str
) -> None:
    """The plain door takes any address; a group or the status page must not read what was meant for one person."""
    receipt = await make_plugin(simulator.url).deliver(delivery("hello", recipient=recipient))
    assert receipt.status is ReceiptStatus.REFUSED
    assert not simulator.attempts


@pytest.mark.parametrize(
    "url", ["https://bob:hush@host", "https://bob@host", "https://host/?key=hush", "https://host/#x"]
)
async def test_the_address_of_the_api_carries_no_secret(url: str) -> None:
    with pytest.raises(ValidationError) as problem:
        ChatFlowSettings(base_url=url, token="env:T", instance_id="x")  # type: ignore[arg-type]
    assert "hush" not in str(problem.value.errors(include_input=False, include_url=False)[0]["msg"])
