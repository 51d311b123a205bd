"""Writes the facts that the documentation takes from the code: `python scripts/docs_facts.py` after a change of one.

Each stands in docs/*.md between `<!-- facts: NAME -->` and `<!-- end of facts -->`; tests/docs compares them.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from truffles_gateway import failpoints, hookspecs, tenant_config
from truffles_gateway.hookspecs import CALLS, MEDIA_DELIVER_LIMIT, Call
from truffles_gateway.observability import Metrics
from truffles_gateway.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- facts: (?P<name>[\w ]+) -->\n)(?P<facts>.*?)(<!-- end of facts -->)", re.DOTALL)
ALLOWED = {
    hookspecs.Mode.CHAIN: "`{name}` or nothing",
    hookspecs.Mode.FIRST: "`{name}` or nothing",
    hookspecs.Mode.OWNER: "`{name}`",
    hookspecs.Mode.EVERY: "any number of `{name}`",
}
MODES = {
    hookspecs.Mode.CHAIN: "chain: each gets what the one before it returned",
    hookspecs.Mode.FIRST: "first: asked in config order until one answers",
    hookspecs.Mode.EVERY: "every: all are asked",
    hookspecs.Mode.OWNER: "owner: the plugin that owns the channel, no other",
}


def hook(name: str) -> str:
    """Signature, call mode, limit and result of a hook."""
    call, signature = CALLS[name], inspect.signature(getattr(hookspecs, name))
    rows = [("Call mode", MODES[call.mode]), ("Limit", _limit(name, call)), ("Returns", _returns(call))]
    return f"```text\n{name}{signature}\n```\n\n".replace("'", "") + _table(("", ""), rows)


def _limit(name: str, call: Call) -> str:
    media = f", {MEDIA_DELIVER_LIMIT:g} s with attachments" if name == "deliver" else ""
    return f"{call.limit:g} s{media}"


def _returns(call: Call) -> str:
    return "nothing" if call.returns is type(None) else ALLOWED[call.mode].format(name=call.returns.__name__)


def settings() -> str:
    """The environment variables of the gateway."""
    rows = [
        (f"`{name.upper()}`", _default(field), field.description or "") for name, field in Settings.model_fields.items()
    ]
    return _table(("Variable", "Default", "Meaning"), rows)


def tenant(part: str, old: str) -> str:
    """The keys of one part of a tenant's config; what they mean is written by hand and kept."""
    model = getattr(tenant_config, part)
    kept = {cells[1].strip(): cells[-2].strip() for line in old.splitlines() if len(cells := line.split("|")) == 6}
    rows = [
        (f"`{name}`", _kind(field), _default(field), kept.get(f"`{name}`", "?"))
        for name, field in model.model_fields.items()
    ]
    return _table(("Key", "Value", "Default", "Meaning"), rows)


def metrics() -> str:
    """What /metrics counts in this process; gauges of queues come on top."""
    rows = []
    for family in sorted(Metrics().registry.collect(), key=lambda each: each.name):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append((f"`{name}`", family.type, family.documentation))
    return _table(("Metric", "Type", "Meaning"), rows)


def crash_points() -> str:
    """The places at which a test may kill a process."""
    return ", ".join(f"`{name}`" for name in failpoints.NAMES) + ".\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or field.default_factory:
        return "a folder of the user"
    default = field.default.value if isinstance(field.default, Enum) else field.default
    if isinstance(default, BaseModel):
        return "see below"
    if default is None or default == "" or default == () or default == {}:
        return "none"
    return f"`{_written(default)}`"


def _written(value: Any) -> str:
    """As TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _kind(field: FieldInfo) -> str:
    return _name(field.annotation)


NAMES: Mapping[Any, str] = {
    str: "text", bool: "true or false", float: "number", int: "whole number", SecretStr: "reference", Any: "anything",
}  # fmt: skip


def _name(kind: Any) -> str:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in GENERIC:
        return GENERIC[origin](inside)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"{kind.__name__} table"
    return NAMES.get(kind, "time with zone" if "datetime" in str(kind).lower() else str(kind))


def _either(inside: tuple[Any, ...]) -> str:
    return " or ".join(_name(each) for each in inside if each is not type(None))


GENERIC: Mapping[Any, Callable[[tuple[Any, ...]], str]] = {
    Annotated: lambda inside: _name(inside[0]),
    Literal: lambda inside: ", ".join(f"`{_written(each)}`" for each in inside),
    Union: _either,
    UnionType: _either,
    tuple: lambda inside: f"list of {_name(inside[0])}",
    dict: lambda inside: f"table of {_name(inside[1])}",
}


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]]) + "\n"


PARTS = [
    name
    for name, each in vars(tenant_config).items()
    if isinstance(each, type) and issubclass(each, tenant_config.Part) and each is not tenant_config.Part
]
WHOLE: Mapping[str, Callable[[], str]] = {"settings": settings, "metrics": metrics, "crash points": crash_points}


def facts(name: str, old: str = "") -> str:
    """What the block `name` must say. Raises KeyError for a name that nobody knows."""
    kind, _, which = name.partition(" ")
    if kind == "hook":
        return hook(which)
    return tenant(which, old) if kind == "tenant" else WHOLE[name]()


def names(text: str) -> list[str]:
    """The blocks of facts in a document."""
    return [found["name"] for found in BLOCK.finditer(text)]


def rewritten(text: str) -> str:
    """The document with every block as the code has it."""
    return BLOCK.sub(lambda found: f"{found[1]}{facts(found['name'], found['facts'])}{found[4]}", text)


def documents() -> list[Path]:
    """Everything that is written for readers at the top and under docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for path in documents():
        before = path.read_text(encoding="utf-8")
        after = rewritten(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"rewrote {path.relative_to(ROOT)}")  # noqa: T201 - a script tells what it did
