"""What updates become at the door."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_telegram.ingress import TelegramIngress
from truffles_telegram.parse import parse
from truffles_telegram.settings import TelegramSettings

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Attachment, Content, EventKind, InboundEvent, Person
from truffles_gateway.plugin import Door, WebhookRequest

GROUP, SECRET = -1001, "secret-of-tests"
ARUZHAN = {"id": 501, "is_bot": False, "first_name": "Аружан", "last_name": "С.", "username": "aruzhan"}
FORUM = {"id": GROUP, "type": "supergroup", "title": "Салон", "is_forum": True}
DATE = 1_750_000_000
RequestOf = Callable[..., WebhookRequest]


def message(**changes: Any) -> dict[str, Any]:
    """A manager's message in a topic."""
    given = {
        "message_id": 77, "date": DATE, "chat": FORUM, "from": ARUZHAN, "message_thread_id": 42, "is_topic_message": True,
        "text": "6000 ₸",
    } | changes  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def private(**changes: Any) -> dict[str, Any]:
    """A customer's message to the bot."""
    chat = {"id": 9001, "type": "private", "first_name": "Дина"}
    sender = {"id": 9001, "is_bot": False, "first_name": "Дина", "language_code": "kk"}
    return message(chat=chat, message_thread_id=None, is_topic_message=None, **({"from": sender} | changes))


def read(name: str, payload: Any, groups: tuple[str, ...] = (str(GROUP),)) -> InboundEvent:
    return parse({"update_id": 5, name: payload}, groups)


def test_a_managers_words() -> None:
    event = read("message", message(reply_to_message={"text": "Сколько?"}))
    assert (event.kind, event.channel, event.event_id) == (EventKind.MANAGER, "telegram", "-1001:77")
    assert (event.thread, event.ref, event.hold, event.text, event.quoted) == (
        "-1001:42",
        "77",
        3.0,
        "6000 ₸",
        "Сколько?",
    )
    assert event.person == Person(channel="telegram", id="501", username="aruzhan", name="Аружан С.")
    assert event.sent_at is not None and event.sent_at.timestamp() == DATE and not event.ignore


def test_an_edit_takes_the_place_of_the_first() -> None:
    first = read("message", message())
    edited = read("edited_message", message(text="7000 ₸", edit_date=DATE + 1))
    assert (edited.replaces, edited.event_id) == (first.event_id, "-1001:77:edit:5")
    assert (edited.thread, edited.text, edited.hold) == (first.thread, "7000 ₸", 3.0)


def test_a_private_note_keeps_its_mark() -> None:
    assert read("message", message(text="// она всегда опаздывает")).text.startswith("//")


def test_an_anonymous_admin_is_a_person() -> None:
    bot = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    event = read("message", message(**{"from": bot}, sender_chat=FORUM, author_signature="Старший"))
    assert event.person == Person(channel="telegram", id="-1001", name="Старший")
    assert read("message", message(**{"from": bot}, sender_chat=FORUM)).person == Person(
        channel="telegram", id="-1001", name="Салон"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chat": {"id": -5, "type": "supergroup"}}, "foreign group"),
        ({"chat": {"id": -6, "type": "channel"}}, "foreign group"),
        ({"from": {"id": 7, "is_bot": True, "first_name": "b"}}, "bot"),
        ({"from": None}, "no sender"),
        ({"message_thread_id": None, "is_topic_message": None}, "general topic"),
        ({"message_thread_id": 3, "is_topic_message": None}, "general topic"),
        ({"forum_topic_closed": {}, "text": None}, "service"),
        ({"forum_topic_edited": {"name": "x"}, "text": None}, "service"),
        ({"pinned_message": {}, "text": None}, "service"),
        ({"new_chat_members": [], "text": None}, "service"),
        ({"is_automatic_forward": True}, "service"),
    ],
)  # fmt: skip
def test_what_is_nobodys_words(changes: dict[str, Any], reason: str) -> None:
    assert read("message", message(**changes)).ignore == reason


def test_commands_are_the_hosts_business_wherever_they_are_given() -> None:
    in_topic = read("message", message(text="/пауза 2ч"))
    assert (in_topic.ignore, in_topic.text, in_topic.kind) == ("", "/пауза 2ч", EventKind.MANAGER)
    in_general = read("message", message(text="/итоги", message_thread_id=None, is_topic_message=None))
    assert (in_general.ignore, in_general.thread, in_general.hold) == ("", f"{GROUP}:", 0.0)


def test_a_stranger_group_is_heard_only_with_a_code() -> None:
    stranger = {"id": -5, "type": "supergroup"}
    found = read("message", message(text="/connect ABCDE-23456", chat=stranger))
    assert (found.ignore, found.action, found.text) == ("", "connect", "/connect ABCDE-23456")
    for text in ("/connect", "/connect ABCDE-23456 и ещё", "/пауза 2ч", "/connect <b>"):
        assert read("message", message(text=text, chat=stranger)).ignore == "foreign group"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"photo": [{"file_id": "small", "width": 9, "height": 9}, {"file_id": "big", "width": 90, "height": 90}]},
         Attachment(content=Content.IMAGE, mime="image/jpeg", url="telegram:big", caption="Вот")),
        ({"voice": {"file_id": "v", "duration": 4, "mime_type": "audio/ogg", "file_size": 10}},
         Attachment(content=Content.AUDIO, mime="audio/ogg", url="telegram:v", voice=True, seconds=4, size=10, caption="Вот")),
        ({"document": {"file_id": "d", "file_name": "прайс.pdf", "mime_type": "application/pdf"}},
         Attachment(content=Content.DOCUMENT, mime="application/pdf", url="telegram:d", file_name="прайс.pdf", caption="Вот")),
        ({"video": {"file_id": "m", "duration": 1}},
         Attachment(content=Content.VIDEO, mime="video/mp4", url="telegram:m", seconds=1, caption="Вот")),
    ],
)  # fmt: skip
def test_media(fields: dict[str, Any], expected: Attachment) -> None:
    event = read("message", message(text=None, caption="Вот", **fields))
    assert event.attachments == (expected,) and event.text == "Вот" and event.content is expected.content
    assert read("message", private(text=None, caption="Вот", **fields)).attachments == (expected,)


def test_a_customer_in_private() -> None:
    event = read("message", private(text="Сколько стоит?"))
    assert (event.kind, event.address, event.sender_name, event.text) == (
        EventKind.CUSTOMER, "9001", "Дина", "Сколько стоит?",
    )  # fmt: skip
    assert (event.hold, event.thread, event.person) == (0.0, "", None)


@pytest.mark.parametrize(
    ("changes", "text", "ignore"),
    [
        ({"text": "/start"}, "Сәлеметсіз бе", ""),
        ({"text": "/start promo", "from": {"id": 1, "first_name": "A", "language_code": "en-US"}}, "Hello", ""),
        ({"text": "/start", "from": {"id": 1, "first_name": "A"}}, "Здравствуйте", ""),
        ({"text": None, "sticker": {"file_id": "s"}}, "", "sticker"),
        ({"text": None, "dice": {}}, "", "empty"),
        ({"text": None, "pinned_message": {}}, "", "service"),
        ({"from": {"id": 3, "is_bot": True, "first_name": "b"}}, "", "bot"),
        ({"text": None, "location": {"latitude": 43.25, "longitude": 76.9}}, "43.250000,76.900000", ""),
        ({"text": None, "contact": {"first_name": "Ер", "phone_number": "+7701"}}, "Ер +7701", ""),
    ],
)  # fmt: skip
def test_what_customers_send(changes: dict[str, Any], text: str, ignore: str) -> None:
    event = read("message", private(**changes))
    assert (event.text, event.ignore) == (text, ignore)


@pytest.mark.parametrize(("answered", "named"), [
    ({"message_id": 70, "text": "Запомнить этот ответ?"}, "-1001:70"),
    ({"message_id": 42, "forum_topic_created": {"name": "Анна", "icon_color": 1}}, ""),
    ({"message_id": "70"}, ""), ([], ""), (None, ""),
])  # fmt: skip
def test_what_a_manager_answers_is_named_as_the_desk_names_it(answered: Any, named: str) -> None:
    assert read("message", message(reply_to_message=answered)).replies_to == named


def query(data: Any = "take_h-1", **changes: Any) -> dict[str, Any]:
    return {"id": "4001", "from": ARUZHAN, "message": message(), "data": data, "chat_instance": "1"} | changes


@pytest.mark.parametrize(
    "action", ["take", "return", "skip", "resolve", "approve", "reject", "undo", "amend", "send", "edit", "own"]
)
def test_buttons(action: str) -> None:
    event = read("callback_query", query(f"{action}_22222222-0000-4000-8000-000000000002"))
    assert (event.kind, event.action, event.target) == (
        EventKind.CALLBACK, action, "22222222-0000-4000-8000-000000000002",
    )  # fmt: skip
    assert (event.event_id, event.ref, event.thread) == ("callback:4001", "4001/77", "-1001:42")
    assert event.person is not None and event.person.id == "501"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message": message(chat={"id": -5, "type": "supergroup"})}, "foreign group"),
        ({"message": None}, "foreign group"),
        ({"data": "delete_1"}, "unknown button"),
        ({"data": "take_1; DROP TABLE"}, "unknown button"),
        ({"data": "take_" + "1" * 60}, "unknown button"),
        ({"data": None}, "unknown button"),
        ({"from": {"id": 7, "is_bot": True, "first_name": "b"}}, "bot"),
    ],
)
def test_forged_buttons(changes: dict[str, Any], reason: str) -> None:
    event = read("callback_query", query() | changes)
    assert (event.ignore, event.target, event.action) == (reason, "", "")


def test_other_updates_are_ignored() -> None:
    event = read("my_chat_member", {"chat": FORUM})
    assert (event.kind, event.ignore) == (EventKind.STATUS, "status")


@pytest.mark.parametrize("update", [{}, {"update_id": "5"}, {"update_id": True, "message": message()},
                                    {"update_id": 1, "message": {}}, {"update_id": 1, "callback_query": {"id": 7}},
                                    {"update_id": 10**30, "message": message()}])  # fmt: skip
def test_what_is_no_update(update: dict[str, Any]) -> None:
    with pytest.raises(RejectedRequest):
        parse(update, (str(GROUP),))


# the door


def test_the_secret_alone_names_the_tenant(door: Door, request_of: RequestOf) -> None:
    ingress = TelegramIngress()
    other = replace(door, tenant="other", settings=settings_with("another"))
    right = request_of({}, x_telegram_bot_api_secret_token=SECRET)
    assert ingress.match(right, [other, door]) == "test" and ingress.verify(right, door)
    assert ingress.match(right, [door, replace(door, tenant="twin")]) is None
    for wrong in ("", "wrong", "other-secret"):
        assert ingress.match(request_of({}, x_telegram_bot_api_secret_token=wrong), [other, door]) is None
    assert ingress.match(request_of({}), [door]) is None and not ingress.verify(request_of({}), door)
    assert not ingress.verify(right, replace(door, settings=None)) and ingress.tenant(right) is None
    empty = replace(door, settings=settings_with(""))
    assert not ingress.verify(request_of({}, x_telegram_bot_api_secret_token=""), empty)


def settings_with(secret: str) -> TelegramSettings:
    return TelegramSettings.model_validate({"token": "t", "webhook_secret": secret})


def test_the_groups_of_branches_are_known(door: Door, request_of: RequestOf) -> None:
    for group, reason in ((GROUP, ""), (-1002, ""), (-1003, "foreign group")):
        update = {"update_id": 1, "message": message(chat={"id": group, "type": "supergroup"})}
        (event,) = TelegramIngress().parse(request_of(update), door)
        assert event.ignore == reason


def test_parsing_is_fast() -> None:
    start = time.perf_counter()
    for _ in range(1000):
        read("message", message())
    assert time.perf_counter() - start < 1.0


# anything at all

KEYS = [*message(), *query(), "photo", "voice", "document", "sender_chat", "reply_to_message", "quote", "sticker",
        "location", "contact", "venue", "caption", "edit_date", "file_id", "width", "type", "title", "latitude", "is_bot",
        "first_name", "last_name", "username", "language_code", "author_signature", "duration", "file_size"]  # fmt: skip
any_text = st.text(st.characters(), max_size=30)
odd = st.sampled_from(["\x00", "\ud800", "take_1", "/start", "//", "private", "supergroup", "9" * 400, "\u202e"])
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | odd
    | st.sampled_from([10**400, -(10**30), GROUP, 1087968824, 777000, 2**63, 4 * 10**9])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | any_text, inner, max_size=5),
    max_leaves=12,
)
real = st.sampled_from([message(), private(), query(), message(photo=[{"file_id": "x"}]), message(sender_chat=FORUM)])
changed = st.builds(lambda base, more: base | more, real, st.dictionaries(st.sampled_from(KEYS), values, max_size=5))
names = st.sampled_from(["message", "edited_message", "callback_query", "channel_post"])
updates = st.dictionaries(st.sampled_from(["update_id", "message"]), values) | st.builds(
    lambda number, name, payload: {"update_id": number, name: payload},
    st.integers(0, 2**31) | values, names, changed | values,
)  # fmt: skip


@given(updates)
def test_whatever_is_posted_the_door_answers(update: dict[str, Any]) -> None:
    try:
        event = parse(update, (str(GROUP),))
    except RejectedRequest as rejected:
        assert 400 <= rejected.status < 500
        return
    assert isinstance(event, InboundEvent) and event.channel == "telegram" and event.event_id
    texts = (event.text, event.thread, event.ref, event.target, event.action, event.address, event.sender_name)
    assert all(isinstance(each, str) for each in texts)
    assert event.ignore or event.address or event.target or event.thread


def test_the_files_of_an_album_belong_together() -> None:
    file = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}
    parts = [read("message", message(text=None, photo=[file], media_group_id=album)) for album in ("7", "7", None)]
    assert [part.album for part in parts] == ["7", "7", ""]


def test_an_animation_is_a_film_although_it_is_told_as_a_document_too() -> None:
    file = {"file_id": "f", "file_unique_id": "u", "mime_type": "video/mp4"}
    event = read(
        "message", message(text=None, document=file, animation=file | {"width": 1, "height": 1, "duration": 1})
    )
    assert [part.content for part in event.attachments] == [Content.VIDEO]


def test_the_steps_of_a_live_location_are_no_new_words() -> None:
    place = {"latitude": 43.2, "longitude": 76.9, "horizontal_accuracy": 10}
    first = read("message", message(text=None, location=place | {"live_period": 900}))
    assert (first.ignore, first.text) == ("", "43.200000,76.900000")
    for more in ({"live_period": 900}, {}):  # the last one says that it has ended
        step = read(
            "edited_message", message(text=None, edit_date=DATE + 1, location=place | {"latitude": 43.3} | more)
        )
        assert step.ignore == "live location"
