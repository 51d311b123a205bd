"""What a message says: texts, quotes, places and contacts, in the shapes in which WhatsApp libraries nest them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from truffles_chatflow.fields import Scopes, line, mapping, number

_PLAIN = (
    "conversation", "text", "message", "body", "content", "caption",
    "selectedDisplayText", "selectedButtonId",
)  # fmt: skip
_CHOSEN = ("title",)
_NOT_WORDS = {"quotedMessage", "contextInfo", "protocolMessage"}
_WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage",
    "deviceSentMessage", "editedMessage",
)  # fmt: skip
_QUOTES = ("quoted", "quotedMessage", "quoted_message", "quotedText", "quotedMsg", "replyTo")
_PHONE = re.compile(r"^(?:item\d*\.)?TEL[^:\r\n]*:([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_FULL_NAME = re.compile(r"^FN[^:\r\n]*:([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_DEEPEST = 6
_MOST_CONTACTS = 20


def unwrap(message: Mapping[str, object]) -> Mapping[str, object]:
    """The message inside its envelopes (disappearing, view once, sent from another device, edited)."""
    for _ in range(_DEEPEST):
        inner = next((mapping(message[name]) for name in _WRAPPERS if message.get(name)), None)
        if inner is None:
            return message
        message = mapping(inner.get("message")) or inner
    return message


def words(value: object, depth: int = _DEEPEST) -> str:
    """The words in a text or in an object that holds one somewhere: `{"text": {"body": "…"}}`."""
    if not isinstance(value, dict) or depth == 0:
        return line(value)
    for name in _PLAIN:
        if name in value and (found := words(value[name], depth - 1)):
            return found
    nested = [name for name in value if name.endswith(("Message", "Reply", "Response")) and name not in _NOT_WORDS]
    names = (*nested, *_CHOSEN[: "singleSelectReply" in value])
    return next(filter(None, (words(value.get(name), depth - 1) for name in names)), "")


def quoted(scopes: tuple[Mapping[str, object], ...]) -> str:
    """The message that the customer answers to, if any."""
    contexts = [context for scope in scopes for context in _contexts(scope)]
    return next(filter(None, map(words, Scopes((*scopes, *contexts)).every(*_QUOTES))), "")


def _contexts(scope: Mapping[str, object]) -> list[Mapping[str, object]]:
    inner = [mapping(value) for name, value in scope.items() if name.endswith("Message")]
    return [mapping(item[name]) for item in (scope, *inner) for name in ("contextInfo", "context") if item.get(name)]


def place(scopes: tuple[Mapping[str, object], ...]) -> str:
    """A location as one line that a human can use: its name and its coordinates."""
    held = [mapping(scope[name]) for scope in scopes for name in _PLACES if scope.get(name)]
    fields = Scopes((*held, *scopes))
    latitude = next(filter(_known, map(number, fields.every("degreesLatitude", "latitude", "lat"))), None)
    longitude = next(filter(_known, map(number, fields.every("degreesLongitude", "longitude", "lng", "lon"))), None)
    names = [Scopes(tuple(held)).line("name"), Scopes(tuple(held)).line("address")]
    point = [f"{latitude:.6f},{longitude:.6f}"] if latitude is not None and longitude is not None else []
    return ", ".join(filter(None, [*dict.fromkeys(names), *point]))


_PLACES = ("location", "locationMessage", "liveLocationMessage")


def _known(value: float | None) -> bool:
    return value is not None


def contacts(scopes: tuple[Mapping[str, object], ...]) -> str:
    """Shared contacts, one a line: name and phones."""
    held = list(Scopes(scopes).every("contact", "contacts", "contactMessage", "contactsArrayMessage", "vcard"))
    cards = [card for value in held for card in _cards(value)][:_MOST_CONTACTS]
    return "\n".join(dict.fromkeys(filter(None, map(_contact, cards))))


def _cards(value: object) -> list[Mapping[str, object]]:
    if isinstance(value, str):
        return [{"vcard": value}]
    if isinstance(value, list):
        return [mapping(item) if not isinstance(item, str) else {"vcard": item} for item in value]
    card = mapping(value)
    return _cards(card["contacts"]) if isinstance(card.get("contacts"), list) else [card]


def _contact(card: Mapping[str, object]) -> str:
    vcard = line(card.get("vcard"))[:10_000]
    name = Scopes((card,)).line("displayName", "name", "formattedName") or _found(_FULL_NAME, vcard)
    phones = [found.strip() for found in _PHONE.findall(vcard)] or [Scopes((card,)).line("phone", "phoneNumber")]
    return " ".join(filter(None, [name, *phones]))


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1].strip() if match else ""
