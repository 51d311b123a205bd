"""A webhook's body → one InboundEvent. Nothing here raises for a wrong type: what cannot be read counts as missing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from truffles_chatflow import jid as jids
from truffles_chatflow import plain
from truffles_chatflow.fields import Scopes, digest, line, mapping
from truffles_chatflow.kinds import kind_of
from truffles_chatflow.media import MEDIA, attachment, holders, inline_size
from truffles_chatflow.words import contacts, place, quoted, unwrap, words
from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Attachment, Content, EventKind, InboundEvent
from truffles_gateway.plugin import WebhookRequest

CHANNEL = "whatsapp"
MEGABYTE = 1024 * 1024
PLAIN_LIMIT = 3 * MEGABYTE
INLINE_LIMIT = 15 * MEGABYTE
_LONGEST_ID = 200
_ANY_JID = ("remoteJid", "remote_jid", "jid", "chatId", "chat_id")
_PART = re.compile(r"\.\d{1,3}$")
_NO_JID = "no usable jid: give metadata.remoteJid, such as 77000000001@s.whatsapp.net"


def parse(request: WebhookRequest, arrived: datetime) -> InboundEvent:
    """The event that the request tells of. `arrived` only matters where the sender names neither id nor time."""
    if event := plain.read(request):
        return event
    return parse_any(request, arrived)


def parse_any(request: WebhookRequest, arrived: datetime) -> InboundEvent:
    """The long way, for every spelling."""
    payload = Payload(request)
    if len(request.body) - inline_size(payload.media) > PLAIN_LIMIT:
        raise RejectedRequest("the body holds more than 3 MB beside inline media", status=413)
    return payload.news() if payload.kind.news else payload.message(arrived)


class Payload:
    """One webhook, with its parts found: the body inside its envelope, metadata, WhatsApp's key and message."""

    def __init__(self, request: WebhookRequest) -> None:
        self._request = request
        body = _open(request.json)
        metadata = mapping(body.get("metadata"))
        raw = mapping(body.get("message")) or mapping(metadata.get("message"))
        keys = [mapping(item.get(name)) for item in (body, metadata, raw) for name in ("key", "id")]
        self._body = body
        self._message = unwrap(raw)
        self._outer = (metadata, body, *filter(None, keys), request.json)
        self._fields = Scopes((*self._outer, raw))
        self.media = holders(body, self._message)
        self._from_me = self._fields.flag("fromMe", "from_me")
        self.kind = kind_of((metadata, body, request.json), self._message, self.media[0] if self.media else None)

    def news(self) -> InboundEvent:
        """A status callback. Its id names the callback: the message's own id belongs to the message."""
        return InboundEvent(
            channel=CHANNEL,
            event_id=f"status:{_hash(self._request.body)}",
            kind=EventKind.STATUS,
            address=self._address(),
            instance=self._instance(),
            content=Content.OTHER,
            sent_at=self._sent_at(),
            ignore="status",
        )

    def message(self, arrived: datetime) -> InboundEvent:
        """Somebody wrote: the customer, or the owner from the phone (an echo)."""
        address = self._address()
        if not address:
            raise RejectedRequest(_NO_JID)
        ignore = jids.not_a_customer(address) or ("group" if self._fields.flag("isGroup") else "") or self.kind.ignore
        attachments = self._attachments(keep_bytes=not ignore)
        text = self._text(attachments)
        event_id, replaces = self._ids(address, text, attachments, arrived)
        return InboundEvent(
            channel=CHANNEL,
            event_id=event_id,
            kind=EventKind.ECHO if self._from_me else EventKind.CUSTOMER,
            address=address,
            instance=self._instance(),
            text=text,
            content=self.kind.content,
            attachments=attachments,
            sender_name="" if self._from_me else self._sender_name(),
            phone=jids.phone(address),
            sent_at=self._sent_at(),
            quoted=quoted((self._body, *self._outer[:1], self._message)),
            replaces=replaces,
            ignore=ignore or ("" if text or attachments or self.kind.content is not Content.TEXT else "empty"),
            own_key=_PART.sub("", self._fields.line("msg_id", "msgId")) if self._from_me else "",
        )

    def _address(self) -> str:
        """The customer's side of the conversation: where the message is ours, that is where it went."""
        ways = ("to", "recipient", "phone", "from") if self._from_me else ("from", "phone", "sender")
        found = list(filter(None, map(jids.normalise, map(line, self._fields.every(*_ANY_JID, *ways)))))
        if not found or not jids.is_linked(found[0]):
            return found[0] if found else ""
        phones = self._fields.every("remoteJidAlt", "senderPn", "senderAlt", "phone")
        return next(filter(None, map(jids.normalise, map(line, phones))), found[0])

    def _instance(self) -> str:
        scopes = Scopes((self._request.query, *self._outer))
        return scopes.line("instanceId", "instance_id", "instance")[:_LONGEST_ID]

    def _sent_at(self) -> datetime | None:
        return self._fields.moment("timestamp", "t", "time", "messageTimestamp")

    def _sender_name(self) -> str:
        people = tuple(map(mapping, self._fields.every("sender", "from", "profile")))
        name = Scopes(self._outer).line("pushName", "push_name", "notifyName", "senderName", "name", "sender")
        name = name or Scopes(people).line("pushName", "name")
        return "" if jids.normalise(name) or "@" in name else name[:200]

    def _attachments(self, *, keep_bytes: bool) -> tuple[Attachment, ...]:
        content = self.kind.content
        items = self.media or ([self._body] if content in MEDIA else [])
        if content not in MEDIA and content is not Content.TEXT and content is not Content.OTHER:
            return ()
        return tuple(attachment(item, content, voice=self.kind.voice, keep_bytes=keep_bytes) for item in items)

    def _text(self, attachments: tuple[Attachment, ...]) -> str:
        """Words, captions, and what a place or a contact says, each once."""
        message = self._edited() or words(self._message)
        said = [message or words(self._body) or words(self._outer[0])]
        said += [item.caption for item in attachments]
        scopes = (self._message, self._body, self._outer[0])
        said += [place(scopes)] if self.kind.content is Content.LOCATION else []
        said += [contacts(scopes)] if self.kind.content is Content.CONTACT else []
        return "\n".join(dict.fromkeys(filter(None, said)))

    def _edited(self) -> str:
        protocol = mapping(self._message.get("protocolMessage"))
        return words(unwrap(mapping(protocol.get("editedMessage")))) if protocol else ""

    def _ids(self, address: str, text: str, attachments: tuple[Attachment, ...], arrived: datetime) -> tuple[str, str]:
        """The event's id, and the id of the message that it edits."""
        own = self._fields.line("messageId", "message_id", "id", "_serialized")
        if not own:
            own = "derived:" + self._derived(address, text, attachments, arrived)
        target = (self.kind.target or own) if self.kind.edit else ""
        if target == own or self.kind.content is Content.DELETION:
            own = f"{own}:{self.kind.content}:{digest(text)[:16]}"
        return _short(own), _short(target)

    def _derived(self, address: str, text: str, attachments: tuple[Attachment, ...], arrived: datetime) -> str:
        """Equal for a repeated delivery, different for the same words said again. Without the sender's time the
        minute of arrival stands in, so that a second "да" is not taken for a repetition for eight days."""
        sent_at = self._sent_at()
        when = sent_at.isoformat() if sent_at else f"arrived {arrived.astimezone(UTC):%Y-%m-%dT%H:%M}"
        media = [f"{item.url} {item.size} {_hash(item.data or b'')}" for item in attachments]
        return digest(address, when, self.kind.content, text, *media)


def _open(body: Mapping[str, object]) -> Mapping[str, object]:
    """The payload inside `{"client_slug": …, "body": {…}}` or a sender's own `data` envelope."""
    inner = mapping(body.get("body"))
    if inner and ("client_slug" in body or not {"metadata", "message"} & body.keys()):
        body = inner
    data = mapping(body.get("data"))
    return data if {"key", "message"} & data.keys() else body


def _short(event_id: str) -> str:
    return event_id if len(event_id) <= _LONGEST_ID else "sha256:" + digest(event_id)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]
