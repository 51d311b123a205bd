"""A draft as a commented file. Values are written so that whatever reads YAML reads the same texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from truffles_policy.draft.draft import Draft
from truffles_policy.draft.times import compact
from truffles_policy.pack.schema import Rules

_PLAIN = re.compile(r"[^\W\d_][^:#\"'`\[\]{}&*!|>%@,?\\\t\n]*[^\W_.]|[^\W\d_]")
_OTHER_TYPES = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
HEAD = """\
# A draft of a pack, made from documents. Read it: what stands here is told to customers; what does not is unknown, and a
# human is asked. Check it with: truffles pack check FILE
# For completion in an editor: truffles pack schema --output pack.schema.json, then remove the first # of the next line
# # yaml-language-server: $schema=pack.schema.json
"""
SPOTS = ("address", "landmark", "hours", "parking", "entrance", "amenities")


def written(draft: Draft) -> str:
    """The text of the file."""
    lines = [*_lines(_pack(draft)), *_unknown(draft), *_left(draft)]
    return HEAD + "\n".join(lines) + "\n"


def _pack(draft: Draft) -> dict[str, Any]:
    """The draft with the keys of a pack, in the order in which people read it; what is not known is left out."""
    categories = [{"id": id, "name": name} for id, name in draft.categories.items()]
    found: dict[str, Any] = {
        "pack": 1, "language": draft.language, "currency": draft.currency or "KZT",
        "business": {"name": draft.name or "…", "about": draft.words("business.about"), **_contacts(draft)},
        "place": {
            **{spot: draft.words(f"place.{spot}") for spot in SPOTS if spot != "hours"},
            "hours": compact(draft.hours), "exceptions": draft.exceptions,
        },
        "categories": categories, "services": draft.services, "products": draft.products,
        "promotions": draft.promotions,
        "payment": {key: draft.words(f"payment.{key}") for key in ("text", "prepayment", "instalments")},
        "rules": {key: draft.words(f"rules.{key}") for key in Rules.model_fields},
        "faq": draft.faq,
    }  # fmt: skip
    known: dict[str, Any] = _known(found)
    return known


def _contacts(draft: Draft) -> dict[str, Any]:
    plain = {key: value for key, value in draft.business.items() if "." not in key}
    social = {key.partition(".")[2]: value for key, value in draft.business.items() if "." in key}
    return {**plain, "social": social}


def _known(value: Any) -> Any:
    """Without what says nothing."""
    if isinstance(value, Mapping):
        inside = {key: _known(each) for key, each in value.items()}
        return {key: each for key, each in inside.items() if each not in (None, {}, [], "")}
    return [_known(each) for each in value] if isinstance(value, list) else value


def _lines(value: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, each in value.items():
        if not indent and isinstance(each, (Mapping, list)):
            yield ""
        if isinstance(each, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(each, f"{indent}  ")
        elif isinstance(each, list) and any(isinstance(one, Mapping) for one in each):
            yield f"{indent}{key}:"
            for one in each:
                first, *rest = _lines(one, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        elif isinstance(each, list):
            yield f"{indent}{key}: [{', '.join(json.dumps(one, ensure_ascii=False) for one in each)}]"
        else:
            yield f"{indent}{key}: {scalar(each)}"


def scalar(value: Any) -> str:
    """A value as YAML: quoted unless it is a plain line that nothing else could be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _OTHER_TYPES:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _unknown(draft: Draft) -> Iterator[str]:
    """What customers often ask and no document said."""
    known = {key for key, by_language in draft.texts.items() if by_language} | (
        {"place.hours"} if draft.hours else set()
    )
    asked = [*(f"place.{spot}" for spot in SPOTS), "payment.text", "payment.prepayment", "payment.instalments"]
    asked += [f"rules.{key}" for key in ("booking", "lateness", "cancellation", "children", "warranty")]
    silent = [key for key in asked if key not in known]
    if silent:
        yield ""
        yield "# Customers often ask for these, and no document says it: " + ", ".join(silent)


def _left(draft: Draft) -> Iterator[str]:
    if draft.left:
        yield ""
        yield "# Not placed, by file and line. Put it where it belongs, or leave it out:"
    for each in draft.left:
        yield f"# {' '.join(str(each).split())}"
