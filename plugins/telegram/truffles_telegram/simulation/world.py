"""What there is at the simulated Telegram: people, groups with topics, messages, files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

RIGHTS = ("can_manage_topics", "can_pin_messages", "can_delete_messages")
BOT_ID, ANONYMOUS_ID = 700_000_001, 1_087_968_824
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody at Telegram. `anonymous` admins speak as the group itself."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = "ru"
    is_bot: bool = False
    anonymous: bool = False

    def json(self) -> Json:
        """As the Bot API shows a user."""
        if self.anonymous:
            return {"id": ANONYMOUS_ID, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
        known = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        shown: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        return shown | {name: value for name, value in known.items() if value}


BOT = User(id=BOT_ID, first_name="Truffles", username="truffles_bot", language_code="", is_bot=True)
MANAGER = User(id=501, first_name="Аружан", username="aruzhan")


@dataclass(slots=True, kw_only=True)
class Message:
    """One message as its chat shows it; `json` is the Bot API's view of it."""

    json: Json
    pinned: bool = False
    reactions: list[str] = field(default_factory=list)

    @property
    def id(self) -> int:
        """Its number in the chat."""
        return int(self.json["message_id"])

    @property
    def thread(self) -> int:
        """Its topic; 0 is the General topic."""
        return int(self.json.get("message_thread_id", 0))

    @property
    def text(self) -> str:
        """Its words or its caption."""
        return str(self.json.get("text") or self.json.get("caption") or "")

    @property
    def kind(self) -> str:
        """text, photo, document, audio, voice, video, or the service it tells of."""
        kinds = ("text", "photo", "document", "audio", "voice", "video", "forum_topic_created", "pinned_message")
        return next((kind for kind in kinds if kind in self.json), "other")

    @property
    def buttons(self) -> dict[str, str]:
        """Data of each button by its label."""
        rows = self.json.get("reply_markup", {}).get("inline_keyboard", [])
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    def view(self) -> Json:
        """All that a reader sees, for HTTP."""
        return {
            "id": self.id, "thread": self.thread, "text": self.text, "kind": self.kind, "buttons": self.buttons,
            "pinned": self.pinned, "reactions": self.reactions, "from": self.json["from"]["first_name"],
            "reply_to": self.json.get("reply_to_message", {}).get("message_id", 0),
            "album": self.json.get("media_group_id", ""),
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Topic:
    """A forum topic."""

    id: int
    name: str
    closed: bool = False


@dataclass(slots=True, kw_only=True)
class Chat:
    """A group, or somebody's private chat with the bot."""

    id: int
    title: str = ""
    forum: bool = True
    username: str = ""
    user: User | None = None
    status: str = "administrator"
    rights: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(RIGHTS, True))
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    moved_to: int = 0

    def json(self) -> Json:
        """As the Bot API shows a chat inside a message."""
        if self.user is not None:
            return {"id": self.id, "type": "private", "first_name": self.user.first_name}
        marks = ({"is_forum": True} if self.forum else {}) | ({"username": self.username} if self.username else {})
        return {"id": self.id, "type": "supergroup", "title": self.title} | marks

    def show(self, thread: int = 0) -> list[Message]:
        """The messages of a topic, oldest first."""
        return [message for message in self.messages.values() if message.thread == thread]

    def delete_topic(self, thread: int) -> None:
        """A topic goes with everything in it."""
        self.topics.pop(thread, None)
        for message in self.show(thread):
            del self.messages[message.id]


class World:
    """Chats, files and pressed buttons of one bot."""

    def __init__(self) -> None:
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, str | None] = {}
        self._ids: dict[int, Iterator[int]] = defaultdict(lambda: count(101))

    def group(self, chat_id: int, title: str = "Салон", **more: Any) -> Chat:
        """A group, made at the first mention."""
        return self.chats.setdefault(chat_id, Chat(id=chat_id, title=title, **more))

    def private(self, user: User) -> Chat:
        """The chat of a person with the bot."""
        return self.chats.setdefault(user.id, Chat(id=user.id, user=user, forum=False))

    def open_topic(self, chat: Chat, name: str, opener: User = BOT) -> Topic:
        """A new topic; its id is that of the message that tells of it."""
        thread = self.number(chat.id)
        chat.topics[thread] = Topic(id=thread, name=name)
        told = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self.add(chat, opener, told | {"message_id": thread}, thread=thread)
        assert message.id == thread
        return chat.topics[thread]

    def number(self, chat: int = 0) -> int:
        """A fresh id: every chat counts its own messages, so that two groups have topics of the same id."""
        return next(self._ids[chat])

    def add(self, chat: Chat, sender: User, fields: Mapping[str, Any], *, thread: int = 0) -> Message:
        """A new message in a chat."""
        number = fields.get("message_id") or self.number(chat.id)
        json: Json = {"message_id": number, "date": int(time.time()), "chat": chat.json(), "from": sender.json()}
        if sender.anonymous:
            json |= {"sender_chat": chat.json(), "author_signature": sender.first_name}
        if thread:
            json |= {"message_thread_id": thread, "is_topic_message": True}
        message = Message(json=json | dict(fields))
        chat.messages[message.id] = message
        return message

    def keep_file(self, kind: str, data: bytes, name: str, mime: str) -> Json:
        """Keep bytes and return the field of a message that shows them."""
        number = self.number()
        file_id = f"{kind}-file-{number}"
        self.files[file_id] = data
        shown: Json = {"file_id": file_id, "file_unique_id": f"u{number}", "file_size": len(data)}
        if kind == "photo":
            return {"photo": [shown | {"width": 90, "height": 90}, shown | {"width": 1280, "height": 1280}]}
        shown |= {"duration": 3} if kind in {"audio", "voice", "video"} else {}
        shown |= {"width": 640, "height": 480} if kind == "video" else {}
        return {kind: shown | {"mime_type": mime} | ({"file_name": name} if kind != "voice" else {})}

    def all_messages(self) -> Iterator[tuple[Chat, Message]]:
        """Everything that is shown anywhere."""
        for chat in self.chats.values():
            for message in chat.messages.values():
                yield chat, message
