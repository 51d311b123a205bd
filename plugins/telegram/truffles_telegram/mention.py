"""A name in a line at the desk, as Telegram points at its bearer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truffles_telegram.markup import units

_ASCII_NAME = 32


@dataclass(frozen=True, slots=True)
class Mention:
    """The line, and the entities that Telegram is told with it."""

    text: str
    entities: tuple[Mapping[str, object], ...] = ()


def mention(text: str, data: Mapping[str, str]) -> Mention | None:
    """The line with its `mention` pointed at: by id, which no one else can take, else by user name; None where the desk
    knows neither. Groups that speak in their own name have negative ids, and cannot be pointed at."""
    name, id, username = (data.get(key, "") for key in ("mention", "mention_id", "mention_username"))
    before, found, after = text.partition(name) if name else (text, "", "")
    if not found:
        return None
    if id.isascii() and id.isdigit():
        entity = {
            "type": "text_mention", "offset": units(before), "length": units(name),
            "user": {"id": int(id), "is_bot": False, "first_name": name},
        }  # fmt: skip
        return Mention(text, (entity,))
    plain = username.isascii() and username.replace("_", "").isalnum() and len(username) <= _ASCII_NAME
    return Mention(f"{before}@{username}{after}") if plain else None
