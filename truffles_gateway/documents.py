"""YAML and TOML files with the line of every key, so that whoever checks one can say where to put it right.

YAML is read without types: every scalar is the text that stands there, and whoever knows the schema types it. Anchors,
tags and second documents are refused: what is written is what is meant.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truffles_gateway.errors import ConfigError, dotted

if TYPE_CHECKING:
    from pydantic import BaseModel

Keys = tuple[str | int, ...]
LARGEST, DEEPEST = 2 * 1024 * 1024, 20
TOML, YAML = ".toml", (".yaml", ".yml")
YAML_CURES = {
    "mapping values": "Put quotes around a text that holds a colon and a space, and a colon behind every key",
    "cannot start any token": "Put spaces where a tab stands, and quotes around a text that begins with @, % or `",
    "expected key": "Begin it in the column of its neighbours, and put quotes around a whole text that holds any",
    "unexpected end of stream": "Close the quote that a line above opens",
    "expected ',' or": "Close the bracket that is open here, or put quotes around a text that begins with one",
    "unknown escape": "Write \\\\ for \\, or single quotes around the text",
}
"""What to write, by what the reader of YAML says."""
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]', re.DOTALL
)
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Slip(ValueError):
    """What is wrong with a text, in which line, and what to write instead."""

    def __init__(self, line: int, problem: str, cure: str) -> None:
        self.line, self.problem, self.cure = line, problem, cure
        super().__init__(problem)


@dataclass(frozen=True)
class Document:
    """What a file says. `lines` is the line of each key and of each item of a list, () of the whole."""

    path: Path
    value: Any
    text: str

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        return {dotted(keys).lstrip("."): line for keys, line in lines_of(self.path, self.text).items()}

    def line(self, where: str) -> int:
        """The line of a dotted key such as `services[4].price`, or of the nearest one around it."""
        while where and where not in self._lines:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self._lines.get(where, 1)

    def told(self, problem: ConfigError, where: str) -> ConfigError:
        """A problem of the key `where`, told with file and line."""
        return at_line(self.path, self.line(where), problem.problem, problem.cure, where)

    def problems(self, model: type[BaseModel]) -> list[ConfigError]:
        """Everything that does not fit a model, in the order of the file; [] if it fits."""
        from pydantic import ValidationError

        from truffles_gateway.config_problems import explain

        try:
            model.model_validate(self.value)
        except ValidationError as error:
            found = explain(error, model, tenant="")
            return [self.told(each, each.where) for each in sorted(found, key=lambda each: self.line(each.where))]
        return []


def at_line(path: Path, line: int, problem: str, cure: str = "", where: str = "") -> ConfigError:
    """A problem with its place in a file."""
    return ConfigError(problem, tenant=f"{path}:{line}", where=where, cure=cure)


def read_document(path: Path, suffix: str = "", *, unfilled: bool = False) -> Document:
    """A YAML or TOML file, by its suffix or by the given one. Raises `ConfigError` with the line of what cannot be read. With
    `unfilled` one that has comments alone says nothing, as such a TOML file does, and may: nobody has filled it yet."""
    kind = suffix or path.suffix.lower()
    if kind not in (TOML, *YAML):
        raise ConfigError("is neither YAML nor TOML", tenant=str(path), cure="Name a file that ends in .yaml or .toml")
    text = _text(path)
    try:
        value = _toml(text) if kind == TOML else _said(text, unfilled=unfilled)
    except Slip as slip:
        raise at_line(path, slip.line, slip.problem, slip.cure) from None
    return Document(path, value, text)


def lines_of(path: Path, text: str) -> Mapping[Keys, int]:
    """Where each key of a text that could be read stands."""
    return _yaml(text)[1] if path.suffix.lower() in YAML else _toml_lines(text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError("is larger than 2 MB", tenant=str(path), cure="Leave out what no customer is told")
        raw = path.read_bytes()
    except OSError as problem:
        raise ConfigError(f"cannot be read: {problem.strerror}", tenant=str(path), cure="Correct its rights") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise at_line(path, raw.count(b"\n", 0, problem.start) + 1, "is not UTF-8", "Save the file as UTF-8") from None


def _toml(text: str) -> Any:
    try:
        return plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        found = _AT_LINE.search(str(problem))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise Slip(line, f"is not TOML: {_AT_LINE.sub('', str(problem))}", "Correct that line") from None
    except RecursionError:
        raise Slip(1, "is nested too deeply", "Write it flatter") from None
    except ValueError:  # beneath TOMLDecodeError: Python's own limit on the digits of a number
        raise Slip(1, "holds a number that is too long", "Shorten it") from None


def plain(value: Any) -> Any:
    """TOML's own days and times as texts, which is how a config is kept."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, (date, time)) else value


def _toml_lines(text: str) -> Mapping[Keys, int]:
    """Each statement read by itself: what stands inside one has the line where it begins."""
    lines: dict[Keys, int] = {(): 1}
    lists: dict[Keys, int] = {}
    table: Keys = ()
    for line, statement in _statements(text):
        keys = _keys(tomllib.loads(statement))
        if not statement.startswith("["):
            for key in keys:
                lines.setdefault((*table, *key), line)
            continue
        names = next(key for key in reversed(keys) if key)
        names = tuple(each for each in names if isinstance(each, str))
        table = _inside(names if not statement.startswith("[[") else names[:-1], lists)
        if statement.startswith("[["):
            there = (*table, names[-1])
            lists[there] = lists.get(there, -1) + 1
            lines.setdefault(there, line)
            table = (*there, lists[there])
        lines.setdefault(table, line)
    return lines


def _inside(names: Sequence[str | int], lists: Mapping[Keys, int]) -> Keys:
    """The table of that name: in a list of tables it is in the last one."""
    path: Keys = ()
    for name in names:
        path = (*path, name)
        path = (*path, lists[path]) if path in lists else path
    return path


def _keys(value: Any, path: Keys = ()) -> list[Keys]:
    """All paths in a value, the outer ones first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(key for name, each in inside for key in _keys(each, (*path, name)))]


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a TOML text that can be read, each with the line where it begins."""
    start, line, since, depth = 0, 1, 1, 0
    for token in _TOKEN.finditer(f"{text}\n"):
        word = token.group()
        depth += (word in "[{") - (word in "]}")
        line += word.count("\n")
        if word == "\n" and depth == 0:
            statement = text[start : token.end()].strip()
            if statement and not statement.startswith("#"):
                yield since, statement
            start, since = token.end(), line


def _said(text: str, *, unfilled: bool) -> Any:
    value, lines = _yaml(text)
    if not lines and not (unfilled and text.strip()):
        raise Slip(1, "is empty", "Write what it shall say")
    return value if lines else {}


def _yaml(text: str) -> tuple[Any, Mapping[Keys, int]]:
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Tree(yaml.parse(text, Loader=loader)).whole()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        cure = next((cure for said, cure in YAML_CURES.items() if said in str(problem.problem)), "Correct that line")
        raise Slip(mark.line + 1 if mark else 1, f"is not YAML: {problem.problem}", cure) from None
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1 if isinstance(problem.position, int) else 1
        raise Slip(line, "holds a character that YAML does not allow", "Remove it") from None


class _Tree:
    """The events of a YAML text as plain values, with the line of each."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._lines: dict[Keys, int] = {}

    def whole(self) -> tuple[Any, Mapping[Keys, int]]:
        """The one document of the text; no line at all where there is none."""
        value, documents = None, 0
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise Slip(_line(event), "a second document begins", "Remove the line ---")
                value = self._node(next(self._events), ())
        return value, self._lines

    def _node(self, event: Any, path: Keys) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor:
            raise Slip(_line(event), "anchors and aliases are not read", "Write out what stands there")
        if event.tag is not None and event.tag != "!":
            raise Slip(_line(event), "tags are not read", "Remove what begins with !")
        if len(path) > DEEPEST:
            raise Slip(_line(event), "is nested too deeply", "Write it flatter")
        self._lines.setdefault(path, _line(event))
        if kind == "ScalarEvent":
            return event.value
        return self._list(path) if kind == "SequenceStartEvent" else self._table(path)

    def _list(self, path: Keys) -> list[Any]:
        found: list[Any] = []
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            found.append(self._node(event, (*path, len(found))))
        return found

    def _table(self, path: Keys) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent" or event.anchor:
                raise Slip(_line(event), "a key must be a plain word", "Put it in quotes")
            if event.value in found:
                raise Slip(_line(event), f'"{event.value[:60]}" stands here twice', "Keep one of them")
            self._lines[(*path, event.value)] = _line(event)
            found[event.value] = self._node(next(self._events), (*path, event.value))
        return found


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
