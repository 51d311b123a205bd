"""The straight way and the long way read the same event, or the straight way reads none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_chatflow import plain
from truffles_chatflow.parse import parse_any

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.plugin import WebhookRequest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
words = st.one_of(
    st.text(max_size=20), st.sampled_from(["Алия", " Алия ", "Anna-Maria", "77000000001", "a@b", "-", "5", ""])
)
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.text(max_size=3), max_size=2), words)
metadata = st.fixed_dictionaries(
    {"remoteJid": st.one_of(st.sampled_from(["77000000001@s.whatsapp.net", "0@s.whatsapp.net", "1-2@g.us"]), odd)},
    optional={
        "messageId": st.one_of(st.from_regex(r"[A-Z0-9_:-]{1,8}", fullmatch=True), odd),
        "sender": words,
        "timestamp": st.one_of(st.integers(0, 5 * 10**9), odd),
        "fromMe": st.booleans(),
    },
)
bodies = st.fixed_dictionaries(
    {"messageType": st.one_of(st.just("text"), words), "message": words, "metadata": metadata},
    optional={"instanceId": words, "text": words, "type": words},
)


def request(body: dict[str, Any]) -> WebhookRequest:
    """As it comes to the door."""
    raw = json.dumps(body).encode()
    return WebhookRequest("", {}, {}, raw, json.loads(raw))


@given(body=bodies)
def test_both_ways_lead_to_the_same_event(body: dict[str, Any]) -> None:
    event = plain.read(request(body))
    if event is not None:
        assert event == parse_any(request(body), NOW)


@pytest.mark.parametrize(
    "change", [{}, {"message": " spaces "}, {"instanceId": "main"}, {"message": "Сколько?\nИ где?"}]
)
def test_the_documented_text_goes_the_straight_way(change: dict[str, Any]) -> None:
    body = {
        "messageType": "text",
        "message": "Сколько стоит маникюр?",
        "metadata": {
            "remoteJid": "77000000001@s.whatsapp.net",
            "messageId": "3EB0C431C26A1916E07A",
            "sender": "Айгерим",
            "timestamp": 1_760_000_000,
        },
    }
    event = plain.read(request(body | change))
    assert event is not None
    assert event == parse_any(request(body | change), NOW)


def test_what_the_long_way_refuses_the_straight_way_does_not_read() -> None:
    body = {"messageType": "text", "message": "hi", "metadata": {}}
    assert plain.read(request(body)) is None
    with pytest.raises(RejectedRequest):
        parse_any(request(body), NOW)
