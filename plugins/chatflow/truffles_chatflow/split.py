"""Long texts in parts that fit into a URL: cut at a paragraph, else a sentence, else a word."""

from __future__ import annotations

import re
import unicodedata

PART_LENGTH = 800
URL_BYTES = 6000
_PARAGRAPH = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.!?…])[»\"')\]]*\s")
_WORD = re.compile(r"\s")
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}
_SHORTEST_SHARE = 3


def split(text: str) -> list[str]:
    """Parts of at most 800 characters (fewer where each takes 9 or 12 bytes of the URL); nothing but white space
    between two parts is lost."""
    parts, rest = [], text.strip()
    while rest:
        room = _room(rest)
        end = len(rest) if room >= len(rest) else _cut(rest[: room + 1], room)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def _room(text: str) -> int:
    """How many characters of `text` fit into one part."""
    spent = 0
    for index, character in enumerate(text[: PART_LENGTH + 1]):
        spent += 1 if character.isascii() and character.isalnum() else 3 * len(character.encode("utf-8", "replace"))
        if spent > URL_BYTES or index == PART_LENGTH:
            return index
    return len(text)


def _cut(window: str, room: int) -> int:
    """Where to end the part: as late as possible, but no part shorter than a third for beauty's sake."""
    for pattern in (_PARAGRAPH, _LINE, _SENTENCE, _WORD):
        ends = [found.end() if pattern is _SENTENCE else found.start() for found in pattern.finditer(window)]
        ends = [end for end in ends if room // _SHORTEST_SHARE <= end <= room + (pattern is _SENTENCE)]
        if ends:
            return ends[-1]
    return _whole_characters(window, room)


def _whole_characters(window: str, room: int) -> int:
    """Not between a letter and its accent, nor inside an emoji made of several."""
    end = room
    while end > room // 2 and (_joins(window[end]) or window[end - 1] == "\u200d"):
        end -= 1
    return end


def _joins(character: str) -> bool:
    return character in _JOINERS or unicodedata.combining(character) != 0 or "\U0001f3fb" <= character <= "\U0001f3ff"
