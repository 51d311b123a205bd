"""What a webhook tells: a message and of which content, an edit, or news about the instance or a message's fate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truffles_chatflow.fields import Scopes, flag, line, mapping
from truffles_chatflow.media import content_of
from truffles_gateway.messages import Content

_SPELLINGS: dict[Content, str] = {
    Content.TEXT: "text conversation chat extendedtext buttonsresponse listresponse templatebuttonreply "
    "interactiveresponse button interactive",
    Content.IMAGE: "image photo picture",
    Content.AUDIO: "audio ptt voice voicenote",
    Content.VIDEO: "video ptv gif",
    Content.DOCUMENT: "document documentwithcaption file pdf",
    Content.LOCATION: "location livelocation",
    Content.CONTACT: "contact contacts contactsarray vcard multivcard",
    Content.STICKER: "sticker lottiesticker",
    Content.REACTION: "reaction encreaction",
    Content.DELETION: "deletion revoke revoked delete deleted messagerevoked messagedeleted",
}
CONTENTS = {name: content for content, names in _SPELLINGS.items() for name in names.split()}
_EDITS = frozenset({"edited", "edit", "editedtext", "edittext", "messageedited", "messageedit"})
_VOICES = frozenset({"ptt", "voice", "voicenote"})
_NEWS_NAMES = (
    "status statuses ack messageack messagestatus messagesupdate messagesupdated receipt messagereceipt "
    "messagereceiptupdate readreceipt delivery deliveryreceipt delivered read sent failed connection connectionupdate "
    "connected disconnected loggedout logout presence presenceupdate typing qr qrcode qrcodeupdated call "
    "senderkeydistribution historysync messagesdelete protocol enotification notification notificationtemplate"
)
_NEWS = frozenset(_NEWS_NAMES.split())
_REVOKED = {"REVOKE", "0", ""}
_EDITED = {"MESSAGE_EDIT", "14"}
_IGNORED = {Content.REACTION: "reaction", Content.STICKER: "sticker", Content.DELETION: "deletion"}


@dataclass(frozen=True, slots=True)
class Kind:
    """`news`: no message but a status, an acknowledgement, a connection's state. `target`: id of the edited message."""

    content: Content = Content.TEXT
    news: bool = False
    edit: bool = False
    voice: bool = False
    target: str = ""

    @property
    def ignore(self) -> str:
        """Why such a message starts no answer, "" if it may."""
        return "status" if self.news else _IGNORED.get(self.content, "")


def kind_of(
    outer: tuple[Mapping[str, object], ...], message: Mapping[str, object], media: Mapping[str, object] | None
) -> Kind:
    """Read the declared type; where it is missing or unknown, look at what the message holds."""
    declared = [_spelling(value) for value in Scopes((*outer, message)).every(*_TYPE_NAMES)]
    protocol = mapping(message.get("protocolMessage"))
    if protocol:
        return _of_protocol(protocol)
    for name in declared:
        if name in _EDITS or name in CONTENTS or name in _NEWS:
            return _declared(name, outer, media)
    if _is_news(outer, message, media, untyped=not any(declared)):
        return Kind(news=True, content=Content.OTHER)
    return _inferred(outer, message, media, untyped=not any(declared))


_TYPE_NAMES = ("messageType", "message_type", "msgType", "type")


def _spelling(value: object) -> str:
    letters = "".join(filter(str.isalpha, line(value)[:60].lower()))
    return letters.removesuffix("message")


def _of_protocol(protocol: Mapping[str, object]) -> Kind:
    kind, target = line(protocol.get("type")).upper(), line(mapping(protocol.get("key")).get("id"))
    if kind in _EDITED or protocol.get("editedMessage"):
        return Kind(edit=True, target=target)
    if kind in _REVOKED:
        return Kind(content=Content.DELETION, target=target)
    return Kind(news=True, content=Content.OTHER)


def _declared(name: str, outer: tuple[Mapping[str, object], ...], media: Mapping[str, object] | None) -> Kind:
    fields = Scopes(outer)
    target = fields.line("editedMessageId", "edited_message_id", "originalMessageId", "original_message_id", "targetId")
    if name in _NEWS:
        return Kind(news=True, content=Content.OTHER)
    content = CONTENTS.get(name, Content.TEXT)
    content = _of_media(media) if content is Content.TEXT and media is not None else content
    edit = name in _EDITS or (content not in _IGNORED and fields.flag("isEdited", "edited"))
    return Kind(content=content, edit=edit, voice=name in _VOICES, target=target)


def _is_news(
    outer: tuple[Mapping[str, object], ...],
    message: Mapping[str, object],
    media: Mapping[str, object] | None,
    *,
    untyped: bool,
) -> bool:
    """An acknowledgement: nothing that somebody wrote, but a telling event's name, or a status and no type."""
    fields = Scopes(outer)
    if message or media or fields.line("message", "text", "body", "content", "caption"):
        return False
    return _spelling(fields.line("event")) in _NEWS or (untyped and bool(fields.line("ack", "status")))


def _inferred(
    outer: tuple[Mapping[str, object], ...],
    message: Mapping[str, object],
    media: Mapping[str, object] | None,
    *,
    untyped: bool,
) -> Kind:
    """Without a type an empty message is an empty text; with one that we do not know it is something we cannot see."""
    held = next((CONTENTS[name] for name in map(_spelling, message) if name in CONTENTS), None)
    if media is not None and held in {None, Content.TEXT}:
        held = _of_media(media)
    if held is None:
        said = Scopes(outer).line("message", "text", "body", "content", "caption")
        held = Content.TEXT if untyped or said else Content.OTHER
    voice = flag((media or {}).get("ptt"))
    return Kind(content=held, voice=voice, edit=Scopes(outer).flag("isEdited"))


def _of_media(media: Mapping[str, object]) -> Content:
    return content_of(Scopes((media,)).line("mimetype", "mime", "mimeType", "mime_type"))
