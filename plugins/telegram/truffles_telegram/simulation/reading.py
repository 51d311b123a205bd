"""Reading a send's parameters as Telegram does: texts with their limits, buttons, the message replied to."""

from __future__ import annotations

from truffles_telegram.markup import CAPTION, units
from truffles_telegram.simulation.faults import ApiError
from truffles_telegram.simulation.html_mode import read_html
from truffles_telegram.simulation.world import Chat, Json

_LARGEST_CALLBACK = 64


def words(params: Json, name: str, limit: int) -> Json:
    """A text or caption with its entities, none for nothing."""
    text = str(params.get(name) or "")
    entities: list[Json] = []
    if params.get("parse_mode") == "HTML":
        try:
            text, entities = read_html(text)
        except ValueError as error:
            raise ApiError(400, f"Bad Request: {error}") from None
    elif name == "text":  # what points beyond the text is left out
        entities = [each for each in params.get("entities") or () if each["offset"] + each["length"] <= units(text)]
    if units(text) > limit:
        raise ApiError(
            400, "Bad Request: message caption is too long" if limit == CAPTION else "Bad Request: message is too long"
        )
    if not text.strip():
        return {}
    return {name: text} | ({"entities" if name == "text" else "caption_entities": entities} if entities else {})


def buttons(params: Json) -> Json:
    """The inline keyboard, none for an empty one."""
    markup = params.get("reply_markup") or {}
    rows = [row for row in markup.get("inline_keyboard", []) if row]
    for button in (button for row in rows for button in row):
        if not 0 < len(str(button.get("callback_data") or "").encode()) <= _LARGEST_CALLBACK:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def answered(chat: Chat, params: Json) -> Json:
    """The message that is replied to."""
    reply = params.get("reply_parameters") or {}
    known = chat.messages.get(int(reply.get("message_id") or 0))
    if known is None:
        if reply and not reply.get("allow_sending_without_reply"):
            raise ApiError(400, "Bad Request: message to be replied not found")
        return {}
    return {"reply_to_message": {name: value for name, value in known.json.items() if name != "reply_to_message"}}
