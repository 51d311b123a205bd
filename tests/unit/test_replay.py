"""Which turns of the past are played again, and how now may differ from then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from truffles_gateway.evaluation import replay
from truffles_gateway.evaluation.stage import Told

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


def row(*events: dict[str, Any], state: str = "bot_active", stages: Any = (), **more: Any) -> dict[str, Any]:
    """A stored turn."""
    told = [
        {"channel": "whatsapp", "event_id": str(number), "address": "1", **each} for number, each in enumerate(events)
    ]
    merge = {"stage": "merge", "state": state}
    stored = {"conversation_id": "c", "lane": "l", "started_at": AT, "outcome": "answered", "outcome_reason": ""}
    return {
        **stored, "stages": [merge, *stages], "events": [{"event": each} for each in told], "replies": ["Да"],
        "drafts": None, **more,
    }  # fmt: skip


def only(one: dict[str, Any]) -> replay.Then:
    [then], left = replay.read([one])
    assert left == {}
    return then


def test_a_burst_comes_back_in_its_pieces_with_edits_in_place() -> None:
    then = only(
        row(
            {"text": "сколько", "sender_name": "Anna", "instance": "7"}, {"text": "маник"},
            {"text": "маникюр", "replaces": "1"}, {"text": "прочь", "ignore": "reaction"},
            {"attachments": [{"content": "image", "caption": "как тут"}]},
        )
    )  # fmt: skip
    assert then.pieces == ("сколько", "маникюр", "как тут")
    assert (then.name, then.instance, then.replies) == ("Anna", "7", ("Да",))


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (row({"content": "audio"}), "without words"),
        (row({"text": "ау"}, state="manager_active", outcome="forwarded"), "a human had the conversation"),
        (row({"text": "ау"}, outcome="ignored", outcome_reason="paused"), "nobody listened: paused"),
        (row({"text": "ау"}, outcome=None), "without an end"),
    ],
)
def test_what_cannot_be_played_is_counted_with_why(stored: dict[str, Any], why: str) -> None:
    assert replay.read([stored]) == ([], {why: 1})


def test_in_shadow_what_would_have_been_said_counts() -> None:
    recorded = {"stage": "shadow", "outcome": "answered", "drafts": ["До 20:00."]}
    then = only(
        row({"text": "до скольки?"}, stages=[recorded], outcome="ignored", outcome_reason="shadow", replies=None)
    )
    assert (then.outcome, then.replies) == ("answered", ("До 20:00.",))


def test_drafts_that_waited_for_a_person_were_what_was_said() -> None:
    assert only(row({"text": "?"}, replies=None, drafts=["Да, есть."])).replies == ("Да, есть.",)


@pytest.mark.parametrize(
    ("outcome", "now", "kind"),
    [
        ("answered", Told(outcome="answered", replies=("ДА",)), replay.SAME),
        ("answered", Told(outcome="answered", replies=("Нет",)), replay.WORDED),
        ("answered", Told(outcome="escalated"), replay.NEWLY_ESCALATED),
        ("forwarded", Told(outcome="escalated", replies=("да",)), replay.SAME),
        ("escalated", Told(outcome="answered", replies=("Да",)), replay.NEWLY_ANSWERED),
        ("answered", Told(outcome="ignored"), replay.OTHERWISE),
        ("answered", Told(outcome="", reason="no outcome"), replay.OTHERWISE),
    ],
)
def test_how_now_differs_from_then(outcome: str, now: Told, kind: str) -> None:
    assert replay.kind_of(only(row({"text": "?"}, outcome=outcome)), now) == kind
