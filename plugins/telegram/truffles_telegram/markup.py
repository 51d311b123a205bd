"""Texts as Telegram counts and cuts them: in UTF-16 code units, HTML escaped, no character broken in two."""

from __future__ import annotations

import html
import re
import unicodedata

MESSAGE, CAPTION, TOPIC_NAME, POPUP = 4096, 1024, 128, 200
ELLIPSIS = "…"
_TAG = re.compile(r"<[^>]+>")
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_JOINER = "\u200d"
_LONGEST_CLUSTER = 32
_TRAILERS = {_JOINER, "\ufe0e", "\ufe0f", "\u20e3"}
_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", " ")


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def visible(markup: str) -> str:
    """What a reader sees of our own HTML; only that counts towards Telegram's limits."""
    return html.unescape(_TAG.sub("", markup))


def sound(text: str) -> str:
    """The text without what JSON or Telegram cannot carry: NUL, and halves of surrogate pairs."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")


def escape(text: str) -> str:
    """A user's text as it may stand in HTML."""
    return html.escape(sound(text), quote=False)


def one_line(text: str) -> str:
    """A text in one line, without marks that would turn the writing direction of what follows."""
    return " ".join(_STEERING.sub(" ", sound(text)).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` units of a plain text, with an ellipsis where something is missing."""
    if units(text) <= limit:
        return text
    room = _place(text, limit - 1)
    return text[:room].rstrip() + ELLIPSIS


def split(text: str, limit: int = MESSAGE) -> list[str]:
    """A plain text in parts of at most `limit` units; nothing but white space between two parts is lost."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if units(rest) <= limit:
            return [*parts, rest]
        room = _reach(rest, limit)
        end = _break(rest, room) or _whole(rest, room) or max(room, 1)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def _place(text: str, limit: int) -> int:
    """Where to cut so that at most `limit` units stay: before a word if one ends near, else between characters."""
    room = _reach(text, limit)
    blank = text.rfind(" ", room - room // 3, room)
    return blank if blank > 0 else _whole(text, room)


def _reach(text: str, limit: int) -> int:
    """How many characters of `text` fit into `limit` units."""
    spent = 0
    for index, character in enumerate(text):
        spent += 1 + (character > "\uffff")
        if spent > limit:
            return index
    return len(text)


def _break(text: str, room: int) -> int:
    """The end of a paragraph, line, sentence or word in the last two thirds; 0 if there is none."""
    for mark in _BREAKS:
        found = text.rfind(mark, room // 3, room)
        if found > 0:
            return found + len(mark)
    return 0


def _whole(text: str, room: int) -> int:
    """Not between a letter and its accent, nor inside an emoji made of several; a heap of accents is cut all the same."""
    end = room
    while 0 < end < len(text) and room - end < _LONGEST_CLUSTER and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    end = room if room - end == _LONGEST_CLUSTER else end
    return end - 1 if 0 < end < len(text) and _is_flag_half(text[end]) and _flag_halves(text, end) % 2 else end


def _flag_halves(text: str, end: int) -> int:
    """How many halves of flags stand right before `end`: an odd one belongs to the next."""
    start = end
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return end - start


def _joins(character: str) -> bool:
    is_tone = "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"
    return character in _TRAILERS or is_tone or unicodedata.combining(character) != 0


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
