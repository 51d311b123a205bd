"""From the body of a webhook to rows of the inbox: parsed, verified, cleaned, each with its lane and waiting time."""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, NoReturn, TypeVar
from uuid import uuid4

from truffles_gateway.burst import BurstTiming, quiet_seconds
from truffles_gateway.errors import RejectedRequest
from truffles_gateway.fetching import brings_files
from truffles_gateway.messages import Attachment, EventKind, InboundEvent
from truffles_gateway.plugin import Door, Ingress, Plugin, WebhookRequest
from truffles_gateway.store.codec import UNSTORABLE, event_from_json, event_to_json, storable
from truffles_gateway.store.inbox import InboxRow
from truffles_gateway.tenants import Tenant

HOLD_AT_MOST = 10.0
FULL = "full"
"""`Attachment.refused` of a file that came with its message and found no room."""
LONGEST_TEXT, LONGEST_ADDRESS, LONGEST_ID = 65_536, 256, 256
SANE_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")
_INLINE = re.compile(rb"[A-Za-z0-9+/=_\\-]{4096,}")  # base64, whose slashes JSON may have escaped
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What one request brings: rows, and the bytes that came with them by hash, (mime, data)."""

    rows: Sequence[InboxRow]
    blobs: Mapping[str, tuple[str, bytes]]


def read_json(body: bytes) -> dict[str, Any]:
    """The body's JSON object. Raises `RejectedRequest` for everything else, with one clear line."""
    try:
        found = _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RejectedRequest("the body is not UTF-8") from None
    except RecursionError:
        raise RejectedRequest("the JSON is nested too deeply") from None
    except ValueError as problem:
        raise RejectedRequest(f"the body is not JSON: {str(problem).splitlines()[0][:120]}") from None
    if not isinstance(found, dict):
        raise RejectedRequest("the body is not a JSON object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_constant(text[:20])


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def correlation_id(headers: Mapping[str, str]) -> str:
    """The sender's own id for the request, where it gave a sane one; else a new one."""
    given = headers.get("x-correlation-id") or headers.get("x-request-id") or ""
    return given if SANE_ID.match(given) else secrets.token_hex(8)


def take_in(
    ingress: Ingress, request: WebhookRequest, door: Door, tenant: Tenant, now: datetime, correlation: str
) -> Intake:
    """Everything a verified request holds, ready to be stored. Raises `RejectedRequest`."""
    events = _parse(ingress, request, door)
    blobs: dict[str, tuple[str, bytes]] = {}
    rows = []
    spotless = _spotless(request)
    for index, event in enumerate(events):
        checked = _bounded(_without_bytes(event if spotless else clean(event), blobs))
        if not checked.ignore and tenant.owner_of(checked.channel) is None:
            raise RejectedRequest(f"no plugin of this business delivers on the channel {checked.channel!r}")
        checked = _spelled(checked, ingress, tenant)
        suffix = f".{index}" if index else ""
        raw = b"" if index else request.body  # one copy of a body is enough
        rows.append(_row(checked, tenant, now, f"{correlation}{suffix}", raw))
    if not blobs and len(request.body) > ingress.max_body:
        raise RejectedRequest(f"the body is larger than {ingress.max_body} bytes", status=413)
    if blobs:
        rows[:1] = [replace(first, raw=without_files(first.raw)) for first in rows[:1]]
    return Intake(rows=rows, blobs=blobs)


def without_files(body: bytes) -> bytes:
    """The body with a word in the place of each file that came inline: its bytes are kept once, by their hash, where a quota
    and an age hold for them."""
    return _INLINE.sub(lambda found: b"(%d characters of a file)" % len(found[0]), body)


def _spelled(event: InboundEvent, ingress: Ingress, tenant: Tenant) -> InboundEvent:
    """The address in its channel's one spelling, also where it came through another door than the channel's own: or one
    customer would be several, each with a lane of their own."""
    if event.kind is EventKind.MANAGER:
        spellings = (_spelling(each.plugin, event.address)[0] for each in tenant.used.values())
        return replace(event, address=next(filter(None, spellings), event.address)) if event.address else event
    owner = tenant.owner_of(event.channel)
    if owner is None or owner.plugin.ingress is ingress or owner.plugin.address is None:
        return event
    address, ignore = _spelling(owner.plugin, event.address)
    if not address:
        raise RejectedRequest(f"{event.address[:80]!r} is no address of the channel {event.channel!r}")
    return replace(event, address=address, ignore=event.ignore or ignore)


def _spelling(plugin: Plugin, address: str) -> tuple[str, str]:
    return plugin.address(address) if plugin.address else ("", "")


def _parse(ingress: Ingress, request: WebhookRequest, door: Door) -> list[InboundEvent]:
    try:
        events = list(ingress.parse(request, door))
    except RecursionError:
        raise RejectedRequest("the JSON is nested too deeply") from None
    for event in events:
        if not isinstance(event, InboundEvent):
            raise TypeError(f"parse returned {type(event).__name__} instead of InboundEvent")
    return events


def _spotless(request: WebhookRequest) -> bool:
    """JSON can hold a NUL or a lone surrogate only as an escape, a query only where it was percent-encoded."""
    return b"\\u" not in request.body and not any(UNSTORABLE.search(value) for value in request.query.values())


def clean(value: Value) -> Value:
    """`value` (an event or a part of one) without characters that PostgreSQL cannot keep."""
    changes: dict[str, Any] = {}
    made_of: Any = type(value)
    for name in _field_names(made_of):
        old = getattr(value, name)
        if isinstance(old, str):
            new: Any = storable(old) if UNSTORABLE.search(old) else old
        elif isinstance(old, tuple):
            new = tuple(clean(item) for item in old) if old else old
        else:
            new = clean(old) if is_dataclass(old) else old
        if new is not old:
            changes[name] = new
    return replace(value, **changes) if changes else value  # type: ignore[type-var]


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _without_bytes(event: InboundEvent, blobs: dict[str, tuple[str, bytes]]) -> InboundEvent:
    if not any(part.data for part in event.attachments):
        return event
    return replace(event, attachments=tuple(_as_blob(part, blobs) for part in event.attachments))


def _as_blob(part: Attachment, blobs: dict[str, tuple[str, bytes]]) -> Attachment:
    if not part.data:
        return part
    name = hashlib.sha256(part.data).hexdigest()
    blobs[name] = (part.mime, part.data)
    return replace(part, data=None, blob=name, size=len(part.data))


def without(intake: Intake, full: Collection[str]) -> Intake:
    """The rows, where bytes with these hashes were not kept for want of room: the message counts all the same, and whoever
    shows it says what is missing."""
    if not full:
        return intake
    return replace(intake, rows=[replace(row, event=_unkept(row.event, full)) for row in intake.rows])


def _unkept(stored: str, full: Collection[str]) -> str:
    event = event_from_json(json.loads(stored))
    parts = (replace(part, blob="", refused=FULL) if part.blob in full else part for part in event.attachments)
    return event_to_json(replace(event, attachments=tuple(parts)))


def _bounded(event: InboundEvent) -> InboundEvent:
    """Ids and texts of a length that an index, a rule and a model can bear."""
    longest = max(map(len, (event.address, event.target, event.thread)))
    if longest > LONGEST_ADDRESS or len(event.channel) > 64:
        raise RejectedRequest(f"an address is longer than {LONGEST_ADDRESS} characters")
    if ":" in event.channel or event.channel == "desk":  # or one lane would have two meanings
        raise RejectedRequest("a channel's name holds no colon, and is not desk")
    changes: dict[str, str] = {}
    if not event.event_id:
        changes["event_id"] = uuid4().hex
    elif len(event.event_id) > LONGEST_ID:
        changes["event_id"] = "sha256:" + hashlib.sha256(event.event_id.encode()).hexdigest()
    if len(event.text) > LONGEST_TEXT:
        changes["text"] = event.text[:LONGEST_TEXT]
    return replace(event, **changes) if changes else event  # type: ignore[arg-type]


def _row(event: InboundEvent, tenant: Tenant, now: datetime, correlation: str, raw: bytes) -> InboxRow:
    reason = _why_ignored(event, tenant)
    timing = tenant.config.timing.burst()
    return InboxRow(
        client_id=tenant.id, id=str(uuid4()), channel=event.channel, event_id=event.event_id, kind=event.kind.value,
        lane="" if reason else lane(event), address=event.address, event=event_to_json(event), raw=raw,
        correlation_id=correlation, received_at=now, longest=timing.longest,
        quiet=_quiet(event, timing) if not reason else 0.0,
        outcome="ignored" if reason else None, outcome_reason=reason,
        files=not reason and brings_files(event) and tenant.file_guard() is not None and not _is_history(event, tenant, now),
    )  # fmt: skip


def _is_history(event: InboundEvent, tenant: Tenant, now: datetime) -> bool:
    """Nobody will look at it, and its files shall cost the customer nothing: a synchronised phone sends years of photos."""
    branch = tenant.branch_for_instance(event.instance)
    return event.kind is EventKind.CUSTOMER and tenant.is_history(branch, event.sent_at or now)


def _quiet(event: InboundEvent, timing: BurstTiming) -> float:
    """A customer's burst is waited for; a manager's words are held while they may still be changed."""
    return quiet_seconds(event, timing) if event.kind is EventKind.CUSTOMER else min(max(event.hold, 0.0), HOLD_AT_MOST)


def _why_ignored(event: InboundEvent, tenant: Tenant) -> str:
    if tenant.suspended:
        return "suspended"
    if event.ignore or event.kind is EventKind.STATUS:
        return event.ignore or "status"
    return "" if event.address or event.target or event.thread else "no address"


def lane(event: InboundEvent) -> str:
    """What is handled strictly in order: a customer's conversation; at a desk one thread, or the talk about one
    handover where the desk knows no threads."""
    if event.kind is EventKind.CUSTOMER:
        return f"{event.channel}:{event.address}"
    return f"desk:{event.channel}:{event.thread or event.target or event.address}"
