"""What ChatFlow's answer means: HTTP 200 alone says nothing, `success` does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from truffles_gateway.messages import Receipt

_LOGGED_OUT = re.compile(
    r"\bnot\b.{0,10}\bconnected|disconnected|logged.?out|\bnot\b.{0,5}\b(logged|authenticated|authorized)|unauthori[sz]ed"
    r"|log.?in.{0,5}required|invalid.{0,5}(session|token|instance)|\bno\b.{0,20}\bsession|scan.{0,10}\bqr"
    r"|session.{0,20}(invalid|expired|closed|not.found)"
    r"|instance.{0,40}(not.found|not.exist|does.?n.t.exist|invalid|expired|stopped|offline)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\bnot\b.{0,12}\b(on|registered|exists?|an?|in)\b.{0,12}whatsapp|\b(no|without|without.an?)\b.whatsapp(.account)?$"
    r"|(invalid|wrong|bad|malformed).{0,12}(jid|number|phone|recipient)"
    r"|(jid|number|phone|recipient).{0,20}(invalid|wrong|malformed|not.found|not.exist|does.?n.t.exist)",
    re.IGNORECASE,
)
_NEVER = {400, 410, 413, 414, 415, 422}
_BUSY = {429, 503}
_LONGEST_ERROR = 200
_LONGEST_WAIT = 86_400.0
_REASONS = ("error", "message", "msg", "reason", "detail", "description", "status")
_IDS = ("id", "messageId", "message_id", "msgId", "msg_id")


def judge(response: httpx.Response, now: datetime) -> Receipt:
    """A complete answer → a receipt; `now` reads a Retry-After that is a date."""
    body = _json(response)
    if response.is_success and _taken(body):
        return Receipt.sent(_provider_id(body))
    reason = _reason(body)
    error = f"HTTP {response.status_code}" + (f": {reason}" if reason else "")
    if response.status_code in _BUSY:
        return Receipt.retry(error, after=_retry_after(response.headers.get("retry-after", ""), now))
    if response.status_code in {401, 403} or _LOGGED_OUT.search(reason):
        return Receipt.retry(error, logged_out=True)
    if not response.is_server_error and (response.status_code in _NEVER or _REFUSED.search(reason)):
        return Receipt.refused(error)
    return Receipt.retry(error)


def _json(response: httpx.Response) -> object:
    try:
        found: object = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found


def _taken(body: object) -> bool:
    """A bare `true`, a true `success`, or an id where the answer has no `success` at all."""
    if not isinstance(body, Mapping):
        return body is True
    if "success" in body:
        return body["success"] is True or body["success"] in ("true", 1)
    return bool(_provider_id(body)) and not body.get("error")


def _provider_id(body: object) -> str:
    if not isinstance(body, Mapping):
        return ""
    inner = [value for value in (body, body.get("data"), body.get("key")) if isinstance(value, Mapping)]
    ids = (scope.get(name) for name in _IDS for scope in inner)
    return next((str(found)[:200] for found in ids if isinstance(found, str | int) and found is not True and found), "")


def _reason(body: object) -> str:
    """What the provider says is wrong, on one line."""
    scopes = [body, body.get("error"), body.get("data")] if isinstance(body, Mapping) else []
    said = (scope.get(name) for scope in scopes if isinstance(scope, Mapping) for name in _REASONS)
    text = next((found for found in said if isinstance(found, str) and found.strip()), "")
    return " ".join(text.split())[:_LONGEST_ERROR]


def _retry_after(header: str, now: datetime) -> float | None:
    """Seconds or an HTTP date, between now and a day."""
    seconds = float(header) if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", header.strip()) else _until(header, now)
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)


def _until(header: str, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return None
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
