"""Whatever is posted, the door answers with events or with one clear line; and long texts lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truffles_chatflow.fields import moment, number
from truffles_chatflow.jid import normalise
from truffles_chatflow.kinds import CONTENTS
from truffles_chatflow.plugin import plugin  # hypothesis draws constants of all loaded modules: none may come later
from truffles_chatflow.split import PART_LENGTH, split

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import EventKind, InboundEvent
from truffles_gateway.plugin import Door, WebhookRequest

JID = "77000000001@s.whatsapp.net"
KEYS = [
    "messageType", "type", "event", "message", "metadata", "mediaData", "media", "body", "text", "content", "caption",
    "key", "data", "id", "messageId", "remoteJid", "jid", "from", "phone", "sender", "timestamp", "t", "fromMe", "msg_id",
    "quoted", "contextInfo", "quotedMessage", "conversation", "extendedTextMessage", "imageMessage", "protocolMessage",
    "editedMessage", "ephemeralMessage", "location", "contacts", "vcard", "latitude", "longitude", "degreesLatitude",
    "url", "mimetype", "size", "base64", "seconds", "ptt", "fileName", "low", "high", "isGroup", "isEdited", "status",
    "ack", "client_slug", "instanceId", "pushName", "locationMessage", "contactMessage",
]  # fmt: skip
any_text = st.text(st.characters(), max_size=60)  # surrogates, NUL, controls, right-to-left marks
odd = st.sampled_from(
    ["\x00", "\ud800", "\u202e", "1e400", "-1", "nan", "Infinity", "data:;base64,", "٣", "🏳️‍🌈", "\ufeff",
     JID, "status@broadcast", "77000000001", *CONTENTS, "ack", "edited", "REVOKE", "MESSAGE_EDIT"]
)  # fmt: skip
# made by `map`, because hypothesis may print a strategy, and objects to a long one
huge = st.sampled_from([4000, 400]).map(lambda digits: 10**digits) | st.just("9").map(lambda digit: digit * 5000)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | any_text | odd | huge
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | any_text, inner, max_size=6),
    max_leaves=25,
)
shaped = st.fixed_dictionaries(
    {"messageType": st.sampled_from([*CONTENTS, "edited", "ack", "protocolMessage"]) | values},
    optional={
        "message": any_text | st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=4) | values,
        "mediaData": st.dictionaries(
            st.sampled_from(["url", "mimetype", "size", "base64", "seconds", "caption"]), values
        ),
        "metadata": st.dictionaries(st.sampled_from(["messageId", "timestamp", "sender", "fromMe"]), values),
        "quoted": values,
        "location": values,
        "contacts": values,
        "fromMe": st.booleans(),
        "id": values,
    },
)
bodies = shaped | st.dictionaries(st.sampled_from(KEYS), values, max_size=12)
DOOR = Door(tenant="salon", secret="s", open=False, settings=None)


@given(body=bodies, jid=st.none() | st.just(JID) | scalars, query=st.dictionaries(st.sampled_from(KEYS), any_text))
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_body(body: dict[str, Any], jid: object, query: dict[str, str]) -> None:
    body = body if jid is None else body | {"remoteJid": jid}
    request = WebhookRequest(
        path="", query=query, headers={}, body=repr(sorted(body)).encode("utf-8", "replace"), json=body
    )
    assert plugin.ingress is not None
    plugin.ingress.tenant(request)
    try:
        events = plugin.ingress.parse(request, DOOR)
    except RejectedRequest as refused:
        assert 400 <= refused.status < 500
        assert "\n" not in refused.reason
        return
    for event in events:
        assert_sound(event)


def assert_sound(event: InboundEvent) -> None:
    texts = (event.event_id, event.address, event.instance, event.text, event.sender_name, event.quoted, event.replaces)
    assert all(type(text) is str for text in texts)
    assert 0 < len(event.event_id) <= 200
    assert len(event.replaces) <= 200
    assert event.address or event.kind is EventKind.STATUS
    assert event.sent_at is None or event.sent_at.utcoffset() is not None
    for item in event.attachments:
        assert 0 <= item.size <= 2**53
        assert 0 <= item.seconds <= 86_400
        assert item.data is None or len(item.data) == item.size


@given(text=any_text | odd)
def test_any_words_survive(read: Callable[..., InboundEvent], text: str) -> None:
    for shape in ({"message": text}, {"message": {"conversation": text}}, {"text": {"body": text}}):
        assert read({"jid": JID, "id": "1", "messageType": "text", **shape}).text == text.strip()


def test_deep_nesting(read: Callable[..., InboundEvent]) -> None:
    body: Any = "глубоко"
    for _ in range(400):
        body = {"message": body, "ephemeralMessage": {"message": body}}
        body = {"text": body["message"]}
    assert read({"jid": JID, "id": "1", "message": body}).text == ""


@given(value=scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.sampled_from(["low", "high"]), scalars))
def test_numbers_and_times_of_anything(value: object) -> None:
    number(value)
    moment(value)


@given(raw=any_text | st.from_regex(r"\+?[0-9]{1,18}(:[0-9]{1,3})?(@(c\.us|s\.whatsapp\.net|g\.us|lid|broadcast))?"))
def test_a_normal_jid_stays_itself(raw: str) -> None:
    once = normalise(raw)
    assert normalise(once) == once


letters = st.sampled_from("абвäöқғ zZ9.!?\n\t🙂👩🏽\u200d\u0301") | st.characters()


@given(
    text=st.text(letters, max_size=4000)
    | st.lists(st.text(letters, min_size=200, max_size=900), max_size=6).map(". ".join)
)
@settings(max_examples=150, deadline=None)
def test_splitting_loses_only_white_space(text: str) -> None:
    parts = split(text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= PART_LENGTH for part in parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" да ", ["да"]),
        ("а" * 800, ["а" * 800]),
        ("а" * 801, ["а" * 800, "а"]),
        ("а" * 500 + "\n\n" + "б" * 500, ["а" * 500, "б" * 500]),
        ("а" * 500 + ". " + "б" * 200 + ", " + "в" * 200, ["а" * 500 + ".", "б" * 200 + ", " + "в" * 200]),
        ("а" * 799 + ". б", ["а" * 799 + ".", "б"]),
        ("а" * 400 + " " + "б" * 500, ["а" * 400, "б" * 500]),
    ],
)
def test_where_texts_are_cut(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_an_emoji_is_not_cut_in_two() -> None:
    family = "👩\u200d👩\u200d👧"
    for part in split(family * 400):
        assert part.startswith("👩")
        assert not part.endswith("\u200d")


@pytest.mark.timeout(5)
def test_a_data_url_without_an_end_costs_no_time(read: Callable[..., InboundEvent]) -> None:
    body = {"jid": JID, "id": "1", "messageType": "image", "mediaData": {"base64": "data:" + "A" * 10_000_000}}
    assert read(body).attachments[0].data is None
