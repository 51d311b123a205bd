"""Services and products: rows of tables, and lines such as "Name — 7 000 ₸, 1 h (comment)"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from truffles_policy.draft import figures
from truffles_policy.draft.draft import Draft
from truffles_policy.draft.pages import Item
from truffles_policy.draft.words import data

_LINE = re.compile(r"^(?P<name>.{2,120}?)(?:\s+[—–-]\s+|\s*:\s+)(?P<rest>.+)$")
_BARE = re.compile(
    r"^(?P<name>\D{2,120}?)\s+(?P<rest>(?:от|from)\s+\d[\d\s]{2,}|\d[\d\s]*[^\W\d]{0,3}\W{0,2})$", re.IGNORECASE
)
"""A name without digits, and behind it nothing but a price: "Пайка от 15000", "Диагностика 2 000 ₸"."""
_NOTE = re.compile(r"^(.*?)\s*\(([^()]+)\)\s*\.?$")
_COMMA = re.compile(r",\s+")
LONGEST_NAME = 120


def put_row(draft: Draft, item: Item, kind: str, section: str) -> str:
    """Place a row of a table; returns the section that it opens for those below it, else the one that it stands in."""
    row = dict(item.row)
    name = row.pop("service", "") or row.pop("product", "") or row.pop("name", "")
    if not name:
        draft.leave(item, "the row names nothing")
    elif not row:
        return name
    elif len(name) > LONGEST_NAME:
        draft.leave(item, "the name is too long")
    else:
        category = row.pop("category", "") or section
        draft.thing(kind, item, name, _keys(draft, item, row, kind), category)
    return section


def kind_of(item: Item) -> str:
    """Is it a row of services or of products? A column that only says "name" leaves it to the headings: "" then."""
    return "products" if "product" in item.row else "services" if "service" in item.row else ""


def _keys(draft: Draft, item: Item, row: dict[str, str], kind: str) -> dict[str, Any]:
    """The keys that a row gives; each cell that is not understood is left by itself."""
    keys: dict[str, Any] = {}
    if aliases := row.pop("aliases", ""):
        keys["aliases"] = [alias.strip() for alias in re.split(r"[,|/]", aliases) if alias.strip()]
    for column, cell in row.items():
        found = _cell(draft, column, cell, kind)
        if found is None:
            draft.leave(item, f"{column} was not understood", f"{item.text} [{cell}]")
        else:
            keys |= found
    return keys


def _cell(draft: Draft, column: str, cell: str, kind: str) -> dict[str, Any] | None:
    if column == "price":
        return _priced(draft, cell)
    if column == "duration" and kind == "services":
        return figures.duration(cell)
    return {"note": cell} if column == "note" else None


def _priced(draft: Draft, text: str) -> dict[str, Any] | None:
    """The keys of a price. All prices of a pack are in one currency."""
    found = figures.price(text)
    if found is None or (found.currency and draft.currency and found.currency != draft.currency):
        return None
    draft.currency = draft.currency or found.currency
    return dict(found.keys)


def put_lines(draft: Draft, item: Item, kind: str, category: str) -> None:
    """Place a name with its price, or a paragraph whose lines are such: one may go on in the next. Other lines are left."""
    rest = item.by_line() if len(item.lines) > 1 else [item]
    while rest:
        most = 2 if _LINE.match(rest[0].text) else 1
        size = next((size for size in range(1, most + 1) if _put(draft, _joined(rest[:size]), kind, category)), 0)
        if not size:
            draft.leave(rest[0], "no name with a price")
        rest = rest[size or 1 :]


def _joined(items: Sequence[Item]) -> Item:
    return replace(items[0], text=" ".join(each.text for each in items))


def _put(draft: Draft, item: Item, kind: str, category: str) -> bool:
    """Place a line that is a name with its price; False if it is none."""
    found = _LINE.match(item.text) or _BARE.match(item.text)
    if found is None:
        return False
    rest, note = found["rest"].rstrip("."), ""
    if noted := _NOTE.match(rest):
        rest, note = noted[1], noted[2]
    keys = _figures(draft, _COMMA.split(rest), kind)
    if keys is None:
        return False
    draft.thing(kind, item, found["name"].strip(), {**keys, **({"note": note} if note else {})}, category)
    return True


def _figures(draft: Draft, parts: Sequence[str], kind: str) -> dict[str, Any] | None:
    """The price, and behind it a duration; None where anything else is said."""
    if len(parts) > (2 if kind == "services" else 1):
        return None
    lasts = figures.duration(parts[1]) if len(parts) > 1 else {}
    priced = _priced(draft, parts[0]) if lasts is not None else None
    return {**priced, **lasts} if priced is not None and lasts is not None else None


def has_sign(text: str) -> bool:
    """Does a line say in which currency its price is, or that it is free? Then it is a price wherever it stands."""
    found = _LINE.match(text)
    if found is None:
        return False
    priced = figures.price(_COMMA.split(_NOTE.sub(r"\1", found["rest"].rstrip(".")))[0])
    return priced is not None and bool(priced.currency)


def words_of(name: str) -> Sequence[str]:
    """The words of a list in the data, such as `words.free`."""
    found: Sequence[str] = data()["words"][name]
    return found
