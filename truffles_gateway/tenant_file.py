"""A tenant's TOML file, and the files that it includes: `{ include = "pack.yaml" }` stands for what is in that file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truffles_gateway.documents import TOML, Document, Keys, read_document
from truffles_gateway.errors import ConfigError, dotted

INCLUDE = "include"


@dataclass(frozen=True, slots=True)
class TenantFile:
    """A config as its file has it, the included files in their places. `problems` is why it cannot be read whole;
    `included` are the files by the keys under which problems name them."""

    path: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    included: Mapping[str, Document] = field(default_factory=dict)
    problems: tuple[ConfigError, ...] = ()

    def told(self, problem: ConfigError) -> ConfigError:
        """The same problem with file and line, where an included file has it."""
        for name, document in self.included.items():
            if problem.where == name or problem.where.startswith((f"{name}.", f"{name}[")):
                return document.told(problem, problem.where[len(name) :].lstrip("."))
        return problem


def read_file(path: Path) -> TenantFile:
    """A tenant's file. It is read as far as it can be: what is wrong stands in `problems`."""
    try:
        document = read_document(path, TOML)
    except ConfigError as problem:
        return TenantFile(path, problems=(problem,))
    raw = document.value
    reading = _Reading(document)
    config = reading.filled(raw, ())
    return TenantFile(path, config, reading.included, tuple(reading.problems))


def whole_file(path: Path) -> TenantFile:
    """A tenant's file of which all can be read. Raises `ConfigError` with the first thing that cannot."""
    found = read_file(path)
    if found.problems:
        raise found.problems[0]
    return found


class _Reading:
    """Puts included files in their places."""

    def __init__(self, own: Document) -> None:
        self._own, self._folder, self._raw = own, own.path.parent, own.value
        self.included: dict[str, Document] = {}
        self.problems: list[ConfigError] = []

    def filled(self, value: Any, path: Keys) -> Any:
        """A value of the tenant's own file, with what it includes."""
        if isinstance(value, dict):
            if value.keys() == {INCLUDE} and isinstance(value[INCLUDE], str):
                return self._content(value[INCLUDE], path)
            return {key: self.filled(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each, (*path, index)) for index, each in enumerate(value)]
        return value

    def _content(self, name: str, path: Keys) -> Any:
        where = dotted(path).lstrip(".")
        try:
            document = read_document(_place(self._folder, name, where), unfilled=True)
        except ConfigError as problem:  # of the included file, or of what the tenant's own says of it
            self.problems.append(problem if problem.tenant else self._own.told(problem, where))
            return {}
        if _includes(document.value):
            cure = "Include that file in the tenant's own"
            self.problems.append(ConfigError("includes another file", tenant=str(document.path), cure=cure))
        self.included |= dict.fromkeys(_names(self._raw, path), document)
        return document.value


def _place(folder: Path, name: str, where: str) -> Path:
    """The included file: in the folder of the tenant's file or below it, wherever links lead."""
    beside = "Put it beside the tenant's file and name it from there"
    try:
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
        there = (folder / name).is_file()
    except (OSError, RuntimeError, ValueError):
        raise ConfigError("include names no file", where=where, cure=beside) from None
    if not inside:
        raise ConfigError("the included file lies outside the tenant's folder", where=where, cure=beside)
    if not there:
        problem = f'there is no file "{folder / name}"'
        raise ConfigError(problem, where=where, cure="Write it, or correct what include says")
    return folder / name


def _names(raw: Mapping[str, Any], path: Keys) -> Iterator[str]:
    """How problems name the place `path`: a plugin's settings also go by the plugin's name."""
    yield dotted(path).lstrip(".")
    if len(path) > 2 and path[0] == "plugins" and path[2] == "settings":
        name = raw["plugins"][path[1]].get("name")
        yield f"plugins.{name}{dotted(path[3:])}"


def _includes(value: Any) -> bool:
    """Does an included file include another one?"""
    if isinstance(value, dict):
        return value.keys() == {INCLUDE} or any(map(_includes, value.values()))
    return isinstance(value, list) and any(map(_includes, value))
