"""The Bot API's methods, as far as the gateway needs them, over the simulated world."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from truffles_telegram.markup import CAPTION, MESSAGE, POPUP, TOPIC_NAME, units
from truffles_telegram.simulation.faults import ApiError, FloodControl
from truffles_telegram.simulation.reading import answered, buttons, words
from truffles_telegram.simulation.world import BOT, BOT_ID, Chat, Json, Message, User, World

File = tuple[str, str, bytes]
MEDIA = ("photo", "document", "audio", "voice", "video")
_LARGEST_FETCHED = 20 * 1024 * 1024
REACTIONS = frozenset(
    [
        "👍",
        "👎",
        "❤",
        "🔥",
        "👏",
        "😁",
        "🤔",
        "😢",
        "🎉",
        "🙏",
        "👌",
        "💯",
        "⚡",
        "👀",
        "🙈",
        "✍",
        "🤝",
        "🫡",
        "🙊",
        "🤷",
    ]
)


class Methods:
    """One call each: parameters and files in, the API's `result` out, or an `ApiError`."""

    def __init__(self, world: World, flood: FloodControl) -> None:
        self._world, self._flood = world, flood
        self.webhook: Json = {}
        self._ways: dict[str, Callable[[Json, Mapping[str, File]], Any]] = {
            "getMe": self._get_me, "getChat": self._get_chat, "getChatMember": self._get_chat_member,
            "setWebhook": self._set_webhook, "getWebhookInfo": self._get_webhook_info,
            "deleteWebhook": self._delete_webhook, "createForumTopic": self._create_topic,
            "deleteForumTopic": self._delete_topic, "reopenForumTopic": self._reopen_topic,
            "closeForumTopic": self._close_topic, "sendMessage": self._send_message,
            "sendMediaGroup": self._send_album, "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_buttons, "pinChatMessage": self._pin, "unpinChatMessage": self._unpin,
            "deleteMessage": self._delete_message, "answerCallbackQuery": self._answer,
            "setMessageReaction": self._react, "sendChatAction": self._act, "getFile": self._get_file,
            **{f"send{kind.capitalize()}": self._sender_of(kind) for kind in MEDIA},
        }  # fmt: skip

    @property
    def names(self) -> list[str]:
        """All methods that are served."""
        return sorted(self._ways)

    def call(self, name: str, params: Json, files: Mapping[str, File]) -> Any:
        """Carry a call out."""
        if name not in self._ways:
            raise ApiError(404, "Not Found: method not found")
        return self._ways[name](params, files)

    # chats and rights

    def _chat(self, params: Json) -> Chat:
        chat = self._world.chats.get(int(params.get("chat_id") or 0))
        if chat is None:
            raise ApiError(400, "Bad Request: chat not found")
        if chat.moved_to:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, said, migrate_to_chat_id=chat.moved_to)
        if chat.status == "kicked":
            blocked = "bot was blocked by the user" if chat.user else "bot was kicked from the supergroup chat"
            raise ApiError(403, f"Forbidden: {blocked}")
        return chat

    def _place(self, params: Json, amount: int = 1) -> tuple[Chat, int]:
        """The chat and the topic of a send; what is refused counts for no limit."""
        chat, thread = self._chat(params), int(params.get("message_thread_id") or 0)
        if thread and thread not in chat.topics:
            raise ApiError(400, "Bad Request: message thread not found")
        if thread and chat.topics[thread].closed:
            raise ApiError(400, "Bad Request: TOPIC_CLOSED")
        self._count(chat, amount)
        return chat, thread

    def _count(self, chat: Chat | None = None, amount: int = 1) -> None:
        self._flood.count(chat.id if chat is not None and chat.user is None else 0, amount)

    @staticmethod
    def _need(chat: Chat, right: str, said: str) -> None:
        if chat.status != "administrator" or not chat.rights.get(right):
            raise ApiError(400, f"Bad Request: not enough rights to {said}")

    def _message(self, params: Json, what: str) -> tuple[Chat, Message]:
        chat = self._chat(params)
        message = chat.messages.get(int(params.get("message_id") or 0))
        if message is None:
            raise ApiError(400, f"Bad Request: message to {what} not found")
        return chat, message

    # the bot itself

    def _get_me(self, params: Json, files: Mapping[str, File]) -> Json:
        return BOT.json() | {
            "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
        }  # fmt: skip

    def _get_chat(self, params: Json, files: Mapping[str, File]) -> Json:
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(_GIFTS, False)}
        return self._chat(params).json() | more

    def _get_chat_member(self, params: Json, files: Mapping[str, File]) -> Json:
        chat = self._chat(params)
        user = BOT if int(params.get("user_id") or 0) == BOT_ID else User(id=1, first_name="?")
        if user is not BOT or chat.status != "administrator":
            return {"user": user.json(), "status": "member"}
        rights = dict.fromkeys(_ADMIN, False) | chat.rights
        return {"user": user.json(), "status": chat.status, "can_be_edited": False, "is_anonymous": False} | rights

    def _set_webhook(self, params: Json, files: Mapping[str, File]) -> bool:
        self.webhook = {name: params.get(name) for name in ("url", "secret_token", "allowed_updates")}
        return True

    def _delete_webhook(self, params: Json, files: Mapping[str, File]) -> bool:
        self.webhook = {}
        return True

    def _get_webhook_info(self, params: Json, files: Mapping[str, File]) -> Json:
        info = {"url": self.webhook.get("url") or "", "has_custom_certificate": False, "pending_update_count": 0}
        return info | ({"allowed_updates": updates} if (updates := self.webhook.get("allowed_updates")) else {})

    def _get_file(self, params: Json, files: Mapping[str, File]) -> Json:
        file_id = str(params.get("file_id"))
        if file_id not in self._world.files:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self._world.files[file_id])
        if size > _LARGEST_FETCHED:
            raise ApiError(400, "Bad Request: file is too big")
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": size, "file_path": f"files/{file_id}"}

    def _act(self, params: Json, files: Mapping[str, File]) -> bool:
        self._chat(params)
        if params.get("action") != "typing":
            raise ApiError(400, "Bad Request: wrong parameter action in request")
        return True

    # topics

    def _create_topic(self, params: Json, files: Mapping[str, File]) -> Json:
        chat, name = self._chat(params), str(params.get("name") or "").strip()
        if not chat.forum:
            raise ApiError(400, "Bad Request: the chat is not a forum")
        self._need(chat, "can_manage_topics", "create a topic")
        if not 0 < units(name) <= TOPIC_NAME:
            raise ApiError(400, "Bad Request: TOPIC_TITLE_EMPTY" if not name else "Bad Request: topic name is too long")
        self._count(chat)
        topic = self._world.open_topic(chat, name)
        return {"message_thread_id": topic.id, "name": name, "icon_color": 7322096}

    def _topic(self, params: Json) -> tuple[Chat, int]:
        chat, thread = self._chat(params), int(params.get("message_thread_id") or 0)
        self._need(chat, "can_manage_topics", "manage topics")
        if thread not in chat.topics:
            raise ApiError(400, "Bad Request: TOPIC_ID_INVALID")
        self._count(chat)
        return chat, thread

    def _delete_topic(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, thread = self._topic(params)
        chat.delete_topic(thread)
        return True

    def _reopen_topic(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, thread = self._topic(params)
        chat.topics[thread].closed = False
        return True

    def _close_topic(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, thread = self._topic(params)
        chat.topics[thread].closed = True
        return True

    # messages

    def _send_message(self, params: Json, files: Mapping[str, File]) -> Json:
        fields = words(params, "text", MESSAGE)
        if not fields:
            raise ApiError(400, "Bad Request: message text is empty")
        return self._post(params, fields)

    def _sender_of(self, kind: str) -> Callable[[Json, Mapping[str, File]], Json]:
        def send(params: Json, files: Mapping[str, File]) -> Json:
            file = files.get(kind) or files.get(str(params.get(kind)).removeprefix("attach://"))
            shown = self._medium(kind, params.get(kind), file)
            return self._post(params, shown | words(params, "caption", CAPTION))

        return send

    def _post(self, params: Json, fields: Json, amount: int = 1) -> Json:
        more = buttons(params)
        chat, thread = self._place(params, amount)
        more |= answered(chat, params)
        return self._world.add(chat, BOT, fields | more, thread=thread).json

    def _send_album(self, params: Json, files: Mapping[str, File]) -> list[Json]:
        media = params.get("media") or []
        if not 2 <= len(media) <= 10:
            raise ApiError(400, "Bad Request: wrong number of media in the album")
        kinds = {item["type"] for item in media}
        if len(kinds) > 1 and not kinds <= {"photo", "video"}:
            raise ApiError(400, "Bad Request: this kind of media can't be mixed in an album")
        shown = [
            self._medium(item["type"], item["media"], files.get(str(item["media"]).removeprefix("attach://")))
            | words(item, "caption", CAPTION)
            for item in media
        ]
        album = {"media_group_id": str(self._world.number())}
        chat, thread = self._place(params, len(media))
        return [self._world.add(chat, BOT, fields | album, thread=thread).json for fields in shown]

    def _medium(self, kind: str, given: object, file: File | None) -> Json:
        """A message's field for an upload, a known file id, or a link."""
        if file is not None:
            name, mime, data = file
            if kind == "photo" and not data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF")):
                raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
            return self._world.keep_file(kind, data, name, mime)
        known = str(given)
        if known in self._world.files and not known.startswith(f"{kind}-"):
            raise ApiError(400, f"Bad Request: can't use file of type {known.partition('-')[0]} as {kind}")
        if known not in self._world.files and not known.startswith("http"):
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        return self._world.keep_file(kind, self._world.files.get(known, b"linked"), "file", "application/octet-stream")

    def _edit_text(self, params: Json, files: Mapping[str, File]) -> Json:
        return self._edit(params, words(params, "text", MESSAGE) | buttons(params))

    def _edit_buttons(self, params: Json, files: Mapping[str, File]) -> Json:
        return self._edit(params, buttons(params))

    def _edit(self, params: Json, fields: Json) -> Json:
        chat, message = self._message(params, "edit")
        if message.json["from"]["id"] != BOT_ID:
            raise ApiError(400, "Bad Request: message can't be edited")
        kept = {name: value for name, value in message.json.items() if name not in ("reply_markup", "edit_date")}
        changed = kept | fields
        if changed == {name: value for name, value in message.json.items() if name != "edit_date"}:
            raise ApiError(400, "Bad Request: message is not modified: specified new message content and reply markup "
                                "are exactly the same as a current content and reply markup of the message")  # fmt: skip
        self._count(chat)
        message.json = changed | {"edit_date": int(time.time())}
        return message.json

    def _pin(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, message = self._message(params, "pin")
        self._need(chat, "can_pin_messages", "manage pinned messages in the chat")
        self._count()
        message.pinned = True
        return True

    def _unpin(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, message = self._message(params, "unpin")
        self._need(chat, "can_pin_messages", "manage pinned messages in the chat")
        self._count()
        message.pinned = False
        return True

    def _delete_message(self, params: Json, files: Mapping[str, File]) -> bool:
        chat, message = self._message(params, "delete")
        del chat.messages[message.id]
        return True

    def _react(self, params: Json, files: Mapping[str, File]) -> bool:
        _, message = self._message(params, "react")
        emoji = [each.get("emoji", "") for each in params.get("reaction") or []]
        if not REACTIONS.issuperset(emoji):
            raise ApiError(400, "Bad Request: REACTION_INVALID")
        self._count()
        message.reactions = emoji
        return True

    def _answer(self, params: Json, files: Mapping[str, File]) -> bool:
        query_id, text = str(params.get("callback_query_id")), str(params.get("text") or "")
        if self._world.answers.get(query_id, "") is not None:
            said = "query is too old and response timeout expired or query ID is invalid"
            raise ApiError(400, f"Bad Request: {said}")
        if units(text) > POPUP:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self._count()
        self._world.answers[query_id] = text
        return True


_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)
_ADMIN = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_pin_messages", "can_manage_topics", "can_send_welcome_messages",
)  # fmt: skip
