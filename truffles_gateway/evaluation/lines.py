"""YAML with the line of every key. Scalars stay texts, as they are written; the schema alone types them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from truffles_gateway.errors import ConfigError

Where = tuple[Any, ...]


@dataclass(slots=True)
class Places:
    """The line at which each part of a file begins, by the way to it."""

    file: Path
    lines: dict[Where, int] = field(default_factory=dict)

    def of(self, path: Sequence[Any]) -> str:
        """ "file:line" of the part, or of the nearest one around it."""
        way = tuple(path)
        while way not in self.lines and way:
            way = way[:-1]
        return f"{self.file}:{self.lines.get(way, 1)}"


def read(path: Path) -> tuple[Any, Places]:
    """What stands in a file, and where. Raises `ConfigError` for what is not YAML and for keys that stand twice."""
    places = Places(path)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise ConfigError(f"{path}:{line}: this is not YAML: {problem.problem}", cure="Correct that line") from None
    except (UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ConfigError(f"{path} is not YAML: {problem}", cure="Save it as UTF-8") from None
    if node is None:
        raise ConfigError(f"{path}:1: the file is empty", cure="Write battery: … and cases: …")
    return _value(node, (), places), places


def _value(node: yaml.Node, way: Where, places: Places) -> Any:
    places.lines.setdefault(way, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, (*way, number), places) for number, each in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in found:
            raise ConfigError(f"{places.file}:{line}: {key.value} stands here twice", cure="Keep one")
        places.lines[*way, key.value] = line
        found[key.value] = _value(value, (*way, key.value), places)
    return found
