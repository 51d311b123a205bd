"""`parse_mode=HTML` as strict as Telegram reads it: unknown tags, open tags and stray `<` are errors."""

from __future__ import annotations

import html
import re
from typing import Any

from truffles_telegram.markup import units

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "s": "strikethrough",
    "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-spoiler": "spoiler",
}  # fmt: skip
_PARTS = re.compile(r"<[^<>]*>|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);|[^<&]+|[<&]")
_TAG = re.compile(r"<(/?)([a-z-]+)>")


def read_html(markup: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities, offsets in UTF-16 units. Raises `ValueError` as Telegram would say it."""
    plain, entities, opened = "", [], []
    for part in _PARTS.findall(markup):
        if part == "<":
            raise ValueError(f"can't parse entities: Unclosed start tag at byte offset {len(plain.encode())}")
        if not part.startswith("<"):
            plain += html.unescape(part) if part.startswith("&") and part != "&" else part
            continue
        found = _TAG.fullmatch(part)
        if found is None or found[2] not in _TAGS:
            raise ValueError(f'can\'t parse entities: Unsupported start tag "{part[1:20]}"')
        if not found[1]:
            opened.append((found[2], units(plain)))
        elif not opened or opened[-1][0] != found[2]:
            raise ValueError("can't parse entities: Unmatched end tag")
        else:
            tag, start = opened.pop()
            entities.append({"type": _TAGS[tag], "offset": start, "length": units(plain) - start})
    if opened:
        raise ValueError(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return plain, [entity for entity in entities if entity["length"]]
