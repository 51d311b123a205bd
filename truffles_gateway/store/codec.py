"""Values of `messages` as JSON and back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from truffles_gateway.messages import InboundEvent, Outgoing

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_events = TypeAdapter(InboundEvent)
_outgoing = TypeAdapter(Outgoing)


def event_to_json(event: InboundEvent) -> str:
    """The event without its defaults and without inline bytes (those are blobs by now)."""
    if event.attachments:
        event = replace(event, attachments=tuple(replace(part, data=None) for part in event.attachments))
    return _events.dump_json(event, exclude_defaults=True).decode()


def event_from_json(value: dict[str, Any]) -> InboundEvent:
    """The event again."""
    return _events.validate_python(value, strict=False)


def outgoing_to_json(outgoing: Outgoing) -> str:
    """An outgoing row's payload."""
    return _outgoing.dump_json(outgoing, exclude_defaults=True).decode()


def outgoing_from_json(value: dict[str, Any]) -> Outgoing:
    """The outgoing row again."""
    return _outgoing.validate_python(value, strict=False)


def dumps(value: object) -> str:
    """Compact JSON that keeps letters readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def storable(text: str) -> str:
    """`text` without the characters that are legal in JSON and that PostgreSQL cannot keep."""
    return UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", text) if text else text
