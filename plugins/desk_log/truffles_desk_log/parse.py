"""What a manager sends over HTTP: a reply to a customer, or a button of a card."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import EventKind, InboundEvent, Person

CHANNEL = "desk_log"
ACTIONS = dict.fromkeys(("take", "return", "skip", "resolve", "confirm", "another_time", "no_slots"), "handover_id")
ACTIONS |= dict.fromkeys(("approve", "reject", "undo", "amend"), "learned_id")
ACTIONS |= dict.fromkeys(("send", "edit", "own"), "draft_id")
"""What may be done, and which key of the body names what it is done to."""
LONGEST_TEXT = 4096
_LONGEST_ID = 200
_LONGEST_NAME = 200


def reply(body: Mapping[str, Any]) -> InboundEvent:
    """`POST /admin/desk/reply`: words for the customer of a handover, or for an address."""
    text = _text(body, "text")
    if len(text) > LONGEST_TEXT:
        raise RejectedRequest(f"text is longer than {LONGEST_TEXT} characters")
    target = _text(body, "handover_id", required=False)
    address = "" if target else _text(body, "remote_jid", required=False)
    if not target and not address:
        raise RejectedRequest("handover_id is missing: name the handover, or the customer by remote_jid")
    return InboundEvent(
        channel=CHANNEL,
        event_id=_event_id(body),
        kind=EventKind.MANAGER,
        address=address,
        target=_fitting("handover_id", target),
        text=text,
        person=_person(body),
    )


def action(body: Mapping[str, Any]) -> InboundEvent:
    """`POST /admin/desk/action`: what a button of a card would do, of a handover's or of a learned answer's."""
    wanted = _text(body, "action")
    if wanted not in ACTIONS:
        raise RejectedRequest(f"action is unknown: use one of {', '.join(ACTIONS)}")
    about = ACTIONS[wanted]
    return InboundEvent(
        channel=CHANNEL,
        event_id=_event_id(body),
        kind=EventKind.CALLBACK,
        target=_fitting(about, _text(body, about)),
        action=wanted,
        person=_person(body),
    )


def _person(body: Mapping[str, Any]) -> Person:
    manager = body.get("manager")
    if not isinstance(manager, Mapping):
        raise RejectedRequest('manager is missing: give {"id": …, "name": …}')
    return Person(
        channel=CHANNEL,
        id=_fitting("manager.id", _text(manager, "id", where="manager.id")),
        username=_text(manager, "username", required=False).removeprefix("@")[:_LONGEST_NAME],
        name=_text(manager, "name", required=False)[:_LONGEST_NAME],
    )


def _event_id(body: Mapping[str, Any]) -> str:
    """The caller's own id, so that a repeated call is one reply; without one each call is new: "да" may be said twice."""
    given = _text(body, "event_id", required=False)
    if len(given) > _LONGEST_ID:
        return "sha256:" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
    return given or uuid.uuid4().hex


def _text(body: Mapping[str, Any], key: str, *, required: bool = True, where: str = "") -> str:
    value = body.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 128:
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise RejectedRequest(f"{where or key} must be a text")
    found = (value or "").strip()
    if required and not found:
        raise RejectedRequest(f"{where or key} is missing")
    return found


def _fitting(key: str, value: str) -> str:
    if len(value) > _LONGEST_ID:
        raise RejectedRequest(f"{key} is longer than {_LONGEST_ID} characters")
    return value
