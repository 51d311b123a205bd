"""The desk of last resort: cards, the log, and what managers send over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from truffles_desk_log.plugin import DeskLog, plugin
from truffles_desk_log.settings import DeskLogSettings

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import (
    Attachment,
    Author,
    Content,
    Customer,
    Delivery,
    EventKind,
    HandoverCard,
    InboundEvent,
    Line,
    Outgoing,
    OutgoingKind,
    Person,
    ReceiptStatus,
    Refusal,
    State,
    Trigger,
    Turn,
)
from truffles_gateway.plugin import Door, Resources, WebhookRequest
from truffles_gateway.testing import texts_of

NOON = datetime(2025, 6, 2, 7, 0, tzinfo=UTC)
CUSTOMER = Customer(id="u1", address="77000000001@s.whatsapp.net", name="Дана", phone="77000000001")


class Log:
    """Keeps what was logged, with its level."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def _keep(self, level: str, event: str, fields: dict[str, Any]) -> None:
        self.lines.append((level, event, fields))

    def debug(self, event: str, **fields: Any) -> None:
        self._keep("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._keep("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._keep("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._keep("error", event, fields)


class CatalogueTexts:
    """The plugin's own catalogue, as the host would serve it."""

    def get(self, key: str, language: str, **values: object) -> str:
        return texts_of(plugin).get(key, language, **values)


class Unused:
    """Stands where this plugin must not reach."""


def desk(log: Log | None = None, language: str = "ru", **settings: Any) -> DeskLog:
    unused: Any = Unused()
    resources = Resources(
        tenant="salon",
        timezone="Asia/Almaty",
        languages=(language,),
        http=httpx.AsyncClient(),
        clock=unused,
        log=log or Log(),
        texts=CatalogueTexts(),
        **dict.fromkeys(("knowledge", "blobs", "desk", "counters", "learned", "prompts"), unused),
    )
    return DeskLog(DeskLogSettings(**settings), resources)


def turn() -> Turn:
    return Turn(
        tenant="salon", id="t1", correlation_id="c1", channel="whatsapp", lane="l", conversation_id="conv1",
        state=State.PENDING, customer=CUSTOMER, now=NOON, timezone="Asia/Almaty",
    )  # fmt: skip


def card(**changes: Any) -> HandoverCard:
    whole = HandoverCard(
        handover_id="h1",
        trigger=Trigger.INTENT,
        reason="просит менеджера",
        question="Можно с собакой?",
        customer=CUSTOMER,
        dialogue=(
            Line(author=Author.CUSTOMER, text="Привет {reason}", at=NOON),
            Line(author=Author.BOT, text="Здравствуйте!", at=NOON),
        ),
        attachments=(Attachment(content=Content.IMAGE, file_name="собака.jpg"),),
        branch="Центр",
        refusals=(Refusal(what="видео", reason="слишком большое"),),
    )
    return replace(whole, **changes)


def test_a_card_tells_all() -> None:
    (row,) = desk().escalate(turn(), card())
    assert (row.channel, row.recipient, row.kind, row.handover_id) == ("desk_log", "conv1", OutgoingKind.CARD, "h1")
    assert row.attachments == card().attachments
    assert row.text.splitlines() == [
        "Нужен человек: просит менеджера",
        "Клиент: Дана +77000000001",
        "Филиал: Центр",
        "Диалог:",
        "  12:00 Клиент: Привет {reason}",
        "  12:00 Бот: Здравствуйте!",
        "Вопрос: Можно с собакой?",
        "Вложение: image собака.jpg",
        "Не принято: видео (слишком большое)",
        "Обращение: h1",
    ]


@pytest.mark.parametrize(("language", "title"), [("kk", "Адам керек: stuck"), ("en", "A human is needed: stuck")])
def test_a_card_that_knows_little(language: str, title: str) -> None:
    bare = HandoverCard(
        handover_id="h2", trigger=Trigger.STUCK, reason="", question="", customer=Customer(id="u", address="chat-5")
    )
    (row,) = desk(language=language).escalate(turn(), bare)
    lines = row.text.splitlines()
    assert lines[0] == title
    assert lines[1].endswith("chat-5")
    assert len(lines) == 3


def test_a_desk_that_is_switched_off_posts_nothing() -> None:
    assert desk(enabled=False).escalate(turn(), card()) == ()


@pytest.mark.parametrize("kind", list(OutgoingKind))
def test_every_row_is_written_to_the_log(kind: OutgoingKind) -> None:
    log = Log()
    row = Outgoing(channel="desk_log", recipient="conv1", text="Текст", kind=kind, handover_id="h1")
    delivery = Delivery(id="1", key="t1:0", tenant="salon", outgoing=row, attempt=1, correlation_id="c1")
    assert desk(log).deliver(delivery).status is ReceiptStatus.SENT
    assert desk(log).deliver(replace(delivery, repeat=True)).provider_id == "t1:0"
    (level, event, fields), (_, _, again) = log.lines
    assert (level, event) == ("warning" if kind is OutgoingKind.ALARM else "info", f"desk.{kind.value}")
    assert fields == {
        "text": "Текст", "recipient": "conv1", "handover_id": "h1", "attachments": 0, "key": "t1:0",
        "correlation_id": "c1",
    }  # fmt: skip
    assert again["text"] == "↻ Текст"


def test_what_was_learnt_is_shown_with_the_id_that_decides_on_it() -> None:
    log = Log()
    row = Outgoing(
        channel="desk_log", recipient="conv1", text="Можно с собакой?\nДа", kind=OutgoingKind.LEARNED,
        data={"learned_id": "l1", "status": "pending", "note": "Ответил не владелец"},
    )  # fmt: skip
    desk(log).deliver(Delivery(id="1", key="k", tenant="salon", outgoing=row, attempt=1, correlation_id="c1"))
    [(_, _, fields)] = log.lines
    assert (fields["learned_id"], fields["status"], fields["note"]) == ("l1", "pending", "Ответил не владелец")


@pytest.mark.parametrize(
    ("doubtful", "line"),
    [(False, "🎤 Расшифровка: Буду к трём"), (True, "🎤 Расшифровка, возможны ошибки: Буду к трём")],
)
def test_what_is_said_in_a_voice_note_is_told_with_it(doubtful: bool, line: str) -> None:
    note = Attachment(content=Content.AUDIO, voice=True, transcript="Буду к трём", doubtful=doubtful)
    (shown,) = desk().escalate(turn(), card(attachments=(note,)))
    assert f"Вложение: audio\n{line}\n" in shown.text
    log = Log()
    row = Outgoing(channel="desk_log", recipient="conv1", text="", kind=OutgoingKind.FORWARD, attachments=(note,))
    for each in (row, shown):
        desk(log).deliver(Delivery(id="1", key="k", tenant="salon", outgoing=each, attempt=1, correlation_id="c1"))
    forwarded, carded = (fields["text"] for _, _, fields in log.lines)
    assert (forwarded, carded) == (line, shown.text)


MANAGER = {"id": 42, "name": "Асель", "username": "@asel"}
DOOR = Door(tenant="salon", secret=None, open=False, settings=None)


def read(path: str, body: dict[str, Any]) -> InboundEvent:
    request = WebhookRequest(path=path, query={}, headers={}, body=b"", json=body)
    assert plugin.ingress is not None
    (event,) = plugin.ingress.parse(request, DOOR)
    return event


def reply(**changes: Any) -> dict[str, Any]:
    return {"client_slug": "salon", "handover_id": "h1", "text": "Можно!", "manager": MANAGER, **changes}


def test_a_reply() -> None:
    assert read("/reply", reply(event_id="e1")) == InboundEvent(
        channel="desk_log",
        event_id="e1",
        kind=EventKind.MANAGER,
        target="h1",
        text="Можно!",
        person=Person(channel="desk_log", id="42", username="asel", name="Асель"),
    )


def test_a_reply_to_an_address() -> None:
    event = read("/reply", reply(handover_id=None, remote_jid="77000000001@s.whatsapp.net"))
    assert (event.target, event.address) == ("", "77000000001@s.whatsapp.net")


def test_the_same_words_twice_are_two_replies_unless_they_bear_an_id() -> None:
    assert read("/reply", reply()).event_id != read("/reply", reply()).event_id
    long = "e" * 300
    assert read("/reply", reply(event_id=long)).event_id == read("/reply", reply(event_id=long)).event_id
    assert len(read("/reply", reply(event_id=long)).event_id) <= 200


@pytest.mark.parametrize("action", ["take", "return", "skip", "resolve"])
def test_an_action(action: str) -> None:
    event = read("/action", {"handover_id": "h1", "action": action, "manager": MANAGER})
    assert (event.kind, event.target, event.action) == (EventKind.CALLBACK, "h1", action)


@pytest.mark.parametrize("action", ["approve", "reject", "undo", "amend"])
def test_an_action_on_a_learned_answer(action: str) -> None:
    event = read("/action", {"learned_id": "l1", "handover_id": "h1", "action": action, "manager": MANAGER})
    assert (event.kind, event.target, event.action) == (EventKind.CALLBACK, "l1", action)
    assert event.person is not None
    assert event.person.id == "42"


@pytest.mark.parametrize(
    ("path", "body", "reason", "status"),
    [
        ("/reply", reply(text=""), "text is missing", 400),
        ("/reply", reply(text=["да"]), "text must be a text", 400),
        ("/reply", reply(text="а" * 4097), "text is longer than 4096 characters", 400),
        ("/reply", reply(handover_id=""), "handover_id is missing", 400),
        ("/reply", reply(handover_id="h" * 201), "handover_id is longer", 400),
        ("/reply", reply(manager=None), "manager is missing", 400),
        ("/reply", reply(manager={"name": "Асель"}), "manager.id is missing", 400),
        ("/reply", reply(manager={"id": True}), "manager.id must be a text", 400),
        (
            "/action",
            reply(action="dance"),
            "action is unknown: use one of take, return, skip, resolve, confirm, another_time, no_slots, approve, reject, undo, amend, send, edit, own",
            400,
        ),
        ("/action", {"action": "take", "manager": MANAGER}, "handover_id is missing", 400),
        ("/dance", reply(), "no such path", 404),
        ("", reply(), "no such path", 404),
    ],
)
def test_one_clear_line(path: str, body: dict[str, Any], reason: str, status: int) -> None:
    with pytest.raises(RejectedRequest) as refused:
        read(path, body)
    assert refused.value.reason.startswith(reason)
    assert refused.value.status == status
    assert "\n" not in refused.value.reason


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**5000)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "username"]), scalars)
keys = st.sampled_from(["text", "handover_id", "remote_jid", "manager", "action", "event_id", "client_slug"])


@given(path=st.sampled_from(["/reply", "/action"]), body=st.dictionaries(keys, values), whole=st.booleans())
def test_any_body(path: str, body: dict[str, Any], whole: bool) -> None:
    try:
        event = read(path, body if not whole else reply(action="take") | body)
    except RejectedRequest as refused:
        assert 400 <= refused.status < 500
    else:
        assert 0 < len(event.event_id) <= 200
        assert event.target or event.address
        assert event.person is not None


def test_the_door() -> None:
    assert plugin.ingress is not None
    request = WebhookRequest(path="/reply", query={}, headers={}, body=b"", json={"client_slug": " salon "})
    assert plugin.ingress.tenant(request) == "salon"
    assert plugin.ingress.tenant(replace(request, json={"client_slug": 5})) is None
    assert plugin.ingress.admin
    assert not plugin.ingress.verify(request, replace(DOOR, open=True))


def test_the_manifest() -> None:
    assert plugin.channel == "desk_log"
    assert plugin.capabilities.desk
    assert plugin.capabilities.idempotent_send
    assert set(plugin.catalogue) == {"ru", "kk", "en"}
    assert len({frozenset(texts) for texts in plugin.catalogue.values()}) == 1
    with pytest.raises(ValidationError):
        DeskLogSettings(colour="red")  # type: ignore[call-arg]
