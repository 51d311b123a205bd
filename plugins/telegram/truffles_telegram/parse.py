"""A Telegram update as the host's events. Pure: decides by the update and the groups that this tenant knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from truffles_gateway.errors import RejectedRequest
from truffles_gateway.messages import Content, EventKind, InboundEvent, Person
from truffles_telegram.fields import integer, mapping, moment, number, text
from truffles_telegram.media import attachments, content_of
from truffles_telegram.own_contact import own_phone

CHANNEL = "telegram"
HOLD = 3.0
_ANONYMOUS_ADMIN, _TELEGRAM = 1087968824, 777000
_BUTTON = re.compile(
    r"(take|return|skip|resolve|confirm|another_time|no_slots|approve|reject|undo|amend|send|edit|own|apply|drop|unmute)_([A-Za-z0-9-]{1,50})",
    re.ASCII,
)
_CONNECT = re.compile(r"\s*/connect(?:@[A-Za-z0-9_]{1,32})?\s+([A-Za-z0-9-]{6,32})\s*", re.ASCII)
_CALLS_BOT = ("/", "／", "🔕")
_OF_COMMANDS = frozenset({"apply", "drop", "unmute"})
_START = re.compile(r"/start(@[A-Za-z0-9_]{1,32})?(\s|$)", re.ASCII)
_HELLO = {"kk": "Сәлеметсіз бе", "en": "Hello"}
_QUERY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LONGEST_NAME = 200
_SERVICE = frozenset(
    [
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
        "invoice",
        "successful_payment",
        "refunded_payment",
        "users_shared",
        "chat_shared",
        "gift",
        "unique_gift",
        "connected_website",
        "write_access_allowed",
        "passport_data",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway",
        "giveaway_winners",
        "giveaway_completed",
        "paid_message_price_changed",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
        "web_app_data",
        "chat_owner_left",
        "chat_owner_changed",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "direct_message_price_changed",
    ]
)

Fields = Mapping[str, object]


def parse(update: Fields, groups: Collection[str]) -> InboundEvent:
    """The one event of an update; `groups` are the managers' chats. Raises `RejectedRequest` for what is no update."""
    number_of_update = integer(update.get("update_id"))
    if number_of_update is None:
        raise RejectedRequest("this is no Telegram update: update_id is missing")
    for name, read in _READERS.items():
        if isinstance(update.get(name), dict):
            return read(mapping(update[name]), number_of_update, groups)
    return _ignored(f"update:{number_of_update}", "status", EventKind.STATUS)


def _message(message: Fields, update: int, groups: Collection[str]) -> InboundEvent:
    chat, event_id = _chat_of(message), _event_id(message)
    sender = mapping(message.get("from"))
    if chat == "" or event_id == "":
        raise RejectedRequest("this is no Telegram message: chat.id or message_id is missing")
    if mapping(message.get("chat")).get("type") == "private":
        return _private(message, event_id, chat, sender)
    if chat not in groups:
        return _stranger(message, event_id, chat)
    if reason := _no_words_of_a_manager(message, sender):
        return _ignored(event_id, reason)
    return _manager(message, event_id, chat)


def _edited(message: Fields, update: int, groups: Collection[str]) -> InboundEvent:
    """The same message once more: an event of its own, which takes the place of the first."""
    event = _message(message, update, groups)
    if "location" in message and not event.ignore:  # a place cannot be edited: it is a live one, at its next step
        event = replace(event, ignore="live location")
    return replace(event, event_id=f"{event.event_id}:edit:{update}", replaces=event.event_id)


def _stranger(message: Fields, event_id: str, chat: str) -> InboundEvent:
    """In a group that nobody knows only a code means anything: the host alone can tell whether it is one."""
    code = _CONNECT.fullmatch(text(message.get("text")))
    if code is None or _not_a_persons(message, mapping(message.get("from"))):
        return _ignored(event_id, "foreign group")
    return InboundEvent(
        channel=CHANNEL, event_id=event_id, kind=EventKind.MANAGER, action="connect", text=f"/connect {code[1]}",
        person=_person(message), thread=_thread(message, chat), ref=str(message["message_id"]),
        sent_at=moment(message.get("date")),
    )  # fmt: skip


def _private(message: Fields, event_id: str, chat: str, sender: Fields) -> InboundEvent:
    if sender.get("is_bot") is True:
        return _ignored(event_id, "bot", EventKind.CUSTOMER)
    found = attachments(message)
    content = content_of(message, found)
    words = _words(message, content)
    reason = _why_no_question(message, content, words, bool(found))
    return InboundEvent(
        channel=CHANNEL, event_id=event_id, address=chat, content=content, attachments=found, ignore=reason,
        text=_greeting(sender) if _START.match(words) else words, sender_name=_full_name(sender), person=_named(sender),
        sent_at=moment(message.get("date")), quoted=_quoted(message), phone=own_phone(message),
    )  # fmt: skip


def _why_no_question(message: Fields, content: Content, words: str, has_medium: bool) -> str:
    if not _SERVICE.isdisjoint(message):
        return "service"
    if content is Content.STICKER:
        return "sticker"
    return "" if words.strip() or has_medium else "empty"


def _greeting(sender: Fields) -> str:
    """What `/start` means: Telegram's apps say it for whoever opens a bot for the first time."""
    return _HELLO.get(text(sender.get("language_code"))[:2], "Здравствуйте")


def _no_words_of_a_manager(message: Fields, sender: Fields) -> str:
    """Why a message in a known group is nobody's words for a customer, nor a command; "" if it is."""
    if reason := _not_a_persons(message, sender):
        return reason
    words = text(message.get("text")) or text(message.get("caption"))
    return "general topic" if _topic_of(message) is None and not words.lstrip().startswith(_CALLS_BOT) else ""


def _not_a_persons(message: Fields, sender: Fields) -> str:
    if not _SERVICE.isdisjoint(message) or message.get("is_automatic_forward") is True or sender.get("id") == _TELEGRAM:
        return "service"
    if not _speaker_chat(message) and (sender.get("is_bot") is True or integer(sender.get("id")) is None):
        return "bot" if sender else "no sender"
    return ""


def _manager(message: Fields, event_id: str, chat: str) -> InboundEvent:
    found = attachments(message)
    content = content_of(message, found)
    return InboundEvent(
        channel=CHANNEL, event_id=event_id, kind=EventKind.MANAGER, text=_words(message, content), content=content,
        attachments=found, person=_person(message), thread=_thread(message, chat),
        ref=str(message["message_id"]), hold=HOLD if _topic_of(message) else 0.0, sent_at=moment(message.get("date")), quoted=_quoted(message),
        replies_to=_answered(message, chat), album=_album(message),
    )  # fmt: skip


def _album(message: Fields) -> str:
    """What the files of an album have in common: each comes as a message of its own."""
    return text(message.get("media_group_id"))[:_LONGEST_NAME]


def _answered(message: Fields, chat: str) -> str:
    """The message that is answered, as the desk names it. In a topic every other message answers the topic itself."""
    answered = mapping(message.get("reply_to_message"))
    own = None if "forum_topic_created" in answered else integer(answered.get("message_id"))
    return "" if own is None else f"{chat}:{own}"


def _callback(query: Fields, update: int, groups: Collection[str]) -> InboundEvent:
    query_id, message, sender = text(query.get("id")), mapping(query.get("message")), mapping(query.get("from"))
    if not _QUERY.fullmatch(query_id):
        raise RejectedRequest("this is no Telegram callback: its id is missing")
    event_id = f"callback:{query_id}"
    chat, button = _chat_of(message), _BUTTON.fullmatch(text(query.get("data")))
    if chat not in groups:
        return _ignored(event_id, "foreign group", EventKind.CALLBACK)
    if button is None:
        return _ignored(event_id, "unknown button", EventKind.CALLBACK)
    person = _presser(sender, message)
    if person is None:
        return _ignored(event_id, "bot", EventKind.CALLBACK)
    in_topic = _topic_of(message) is not None or button[1] in _OF_COMMANDS
    return InboundEvent(
        channel=CHANNEL, event_id=event_id, kind=EventKind.CALLBACK, action=button[1], target=button[2], person=person,
        thread=_thread(message, chat) if in_topic else "", ref=f"{query_id}/{_pressed(message, button)}",
    )  # fmt: skip


def _pressed(message: Fields, button: re.Match[str]) -> int:
    """The message with the button. Those below a command's answer are taken away from it: only if they are there."""
    rows = mapping(message.get("reply_markup")).get("inline_keyboard")
    keys = [key for row in rows if isinstance(row, list) for key in row] if isinstance(rows, list) else []
    bears = any(mapping(key).get("callback_data") == button[0] for key in keys)
    return integer(message.get("message_id")) or 0 if bears or button[1] not in _OF_COMMANDS else 0


_READERS: dict[str, Callable[[Fields, int, Collection[str]], InboundEvent]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
}


def _ignored(event_id: str, reason: str, kind: EventKind = EventKind.MANAGER) -> InboundEvent:
    return InboundEvent(channel=CHANNEL, event_id=event_id, kind=kind, ignore=reason)


def _chat_of(message: Fields) -> str:
    chat = integer(mapping(message.get("chat")).get("id"))
    return "" if chat is None else str(chat)


def _event_id(message: Fields) -> str:
    """Message ids are unique in a chat."""
    own = integer(message.get("message_id"))
    return "" if own is None else f"{_chat_of(message)}:{own}"


def _topic_of(message: Fields) -> int | None:
    """The forum topic. Answers in the General topic carry a thread id too, which is none."""
    topic = integer(message.get("message_thread_id"))
    return topic if message.get("is_topic_message") is True and topic and topic > 0 else None


def _thread(message: Fields, chat: str) -> str:
    """The host's name of a topic; the General topic has the empty one."""
    return f"{chat}:{_topic_of(message) or ''}"


def _speaker_chat(message: Fields) -> Fields:
    """An anonymous admin speaks as the group itself, others as a channel of theirs."""
    chat = mapping(message.get("sender_chat"))
    return chat if integer(chat.get("id")) is not None else {}


def _person(message: Fields) -> Person:
    if chat := _speaker_chat(message):
        name = text(message.get("author_signature")) or text(chat.get("title"))
        return Person(channel=CHANNEL, id=str(chat["id"]), username=_name(text(chat.get("username"))), name=_name(name))
    return _of_user(mapping(message.get("from")))


def _of_user(user: Fields) -> Person:
    own = integer(user.get("id"))
    return Person(
        channel=CHANNEL, id="" if own is None else str(own), username=_name(text(user.get("username"))),
        name=_full_name(user),
    )  # fmt: skip


def _named(user: Fields) -> Person | None:
    """A customer by their user name, where they have one: their id is the address already."""
    return _of_user(user) if text(user.get("username")) else None


def _presser(user: Fields, message: Fields) -> Person | None:
    """Who pressed a button; None for a bot. Anonymous admins press in the group's name."""
    if integer(user.get("id")) == _ANONYMOUS_ADMIN:
        chat = mapping(message.get("chat"))
        return Person(channel=CHANNEL, id=_chat_of(message), name=_name(text(chat.get("title"))))
    return None if user.get("is_bot") is True or integer(user.get("id")) is None else _of_user(user)


def _full_name(user: Fields) -> str:
    return _name(" ".join(filter(None, [text(user.get("first_name")), text(user.get("last_name"))])))


def _name(value: str) -> str:
    return " ".join(value.split())[:_LONGEST_NAME]


def _words(message: Fields, content: Content) -> str:
    """The text; a place and a contact are written out, so that a human can use them."""
    words = text(message.get("text")) or text(message.get("caption"))
    if words or content not in {Content.LOCATION, Content.CONTACT}:
        return words
    return _place(message) if content is Content.LOCATION else _contact(mapping(message.get("contact")))


def _place(message: Fields) -> str:
    venue = mapping(message.get("venue"))
    point = mapping(venue.get("location")) or mapping(message.get("location"))
    where = f"{number(point.get('latitude')):.6f},{number(point.get('longitude')):.6f}"
    return ", ".join(filter(None, [text(venue.get("title")), text(venue.get("address")), where]))


def _contact(contact: Fields) -> str:
    return " ".join(filter(None, [_full_name(contact), text(contact.get("phone_number"))]))


def _quoted(message: Fields) -> str:
    """What is answered: the part that was chosen, else the whole message."""
    answered = mapping(message.get("reply_to_message"))
    return (
        text(mapping(message.get("quote")).get("text")) or text(answered.get("text")) or text(answered.get("caption"))
    )
