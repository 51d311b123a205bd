"""The commonest webhook, read straight: a customer's text, spelled as documented.

Nine of ten webhooks look like this, and every spelling that senders are known to use costs the long way (`parse`) a
look-up. What is not exactly this shape takes the long way; a property test holds the two to the same event.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from truffles_chatflow.fields import EARLIEST
from truffles_gateway.messages import InboundEvent
from truffles_gateway.plugin import WebhookRequest

_BODY = frozenset({"messageType", "message", "metadata", "instanceId"})
_METADATA = frozenset({"remoteJid", "messageId", "sender", "timestamp"})
_JID = re.compile(r"([0-9]{5,15})@s\.whatsapp\.net", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_NAME = re.compile(r"[^\d@\s](?:[^\d@]{0,198}[^\d@\s])?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = int(EARLIEST.timestamp()), 4_000_000_000
_LARGEST = 1024 * 1024


def read(request: WebhookRequest) -> InboundEvent | None:
    """The event of a documented text message; None for anything else."""
    body, metadata = request.json, request.json.get("metadata")
    if request.query or len(request.body) > _LARGEST or not isinstance(metadata, dict):
        return None
    if not body.keys() <= _BODY or not metadata.keys() <= _METADATA or body.get("messageType") != "text":
        return None
    text, instance, name = body.get("message"), body.get("instanceId", ""), metadata.get("sender", "")
    jid, event_id, seconds = metadata.get("remoteJid"), metadata.get("messageId"), metadata.get("timestamp")
    if not (type(text) is type(instance) is type(name) is type(jid) is type(event_id) is str and type(seconds) is int):
        return None
    found = _JID.fullmatch(jid)
    named = not name or _NAME.fullmatch(name)
    if found is None or not named or not _ID.fullmatch(event_id) or not _EARLIEST <= seconds < _LATEST:
        return None
    text = text.strip()
    if not text or (instance and not _ID.fullmatch(instance)):
        return None
    return InboundEvent(
        channel="whatsapp",
        event_id=event_id,
        address=jid,
        instance=instance,
        text=text,
        sender_name=name,
        phone=found[1],
        sent_at=_EPOCH + timedelta(seconds=seconds),
    )
