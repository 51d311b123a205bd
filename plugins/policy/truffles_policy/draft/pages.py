"""A folder of documents → items: a paragraph, a point of a list, a question with its answer, a row of a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from truffles_policy.draft.places import named
from truffles_policy.draft.words import data, low

TEXTS, TABLES = (".md", ".txt"), (".csv",)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_START = r"^\s*(?:(?:[-*•–—]|\d{1,2}[.)])\s+)?(?:\*\*)?"
_POINT = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)])\s+(.+)$")
_QUESTION = re.compile(rf"{_START}(?:В|Вопрос|Q|Question|С|Сұрақ)\s*:\s*(?:\*\*)?\s*(.*)$", re.IGNORECASE)
_ANSWER = re.compile(rf"{_START}(?:О|Ответ|A|Answer|Ж|Жауап)\s*:\s*(?:\*\*)?\s*(.*)$", re.IGNORECASE)
_ASKED = re.compile(r"^\s*\*\*\s*([^*]+\?)\s*\*\*\s*$")
"""A question that is a line of its own, in bold."""
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$|^[\s|:-]+$")
_LINK, _MARKS = re.compile(r"\[([^\]]+)\]\(([^)]+)\)"), re.compile(r"\*\*|__|`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A piece of a document, with its place. `headings` stand above it, the outermost first; `lines` are those of a
    paragraph, which may be a list without points."""

    file: str
    line: int
    text: str
    headings: tuple[str, ...] = ()
    question: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def by_line(self) -> list[Item]:
        """Each line of the paragraph as an item of its own."""
        return [
            replace(self, line=number, text=_plain(line), lines=()) for number, line in enumerate(self.lines, self.line)
        ]


def files_in(folder: Path) -> list[Path]:
    """The documents of a folder and below it, hidden ones and README files left out."""
    return sorted(
        path for path in folder.rglob("*")
        if path.is_file() and path.stem.lower() != "readme"
        and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    )  # fmt: skip


def items(path: Path, name: str) -> Iterator[Item]:
    """The items of a document. Raises `ValueError` with what to do where it cannot be read."""
    if path.suffix.lower() not in (*TEXTS, *TABLES):
        raise ValueError(f"only {', '.join((*TEXTS, *TABLES))} are read. Save it as one of them")
    text = _decoded(path.read_bytes())
    if path.suffix.lower() in TABLES:
        yield from _table(text, name)
        return
    page = _Page(name)
    for number, line in enumerate(text.splitlines(), 1):
        yield from page.read(number, line)
    yield from page.close()


def _decoded(raw: bytes) -> str:
    if b"\x00" in raw:
        raise ValueError("it holds binary data. Save it as UTF-8 text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


def _table(text: str, name: str) -> Iterator[Item]:
    first = next(iter(text.splitlines()), "")
    reader = csv.reader(io.StringIO(text), delimiter=max(";\t,|", key=first.count))
    columns: list[str] = []
    try:
        for cells in reader:
            if not columns:
                columns = columns_of(cells)
            elif any(cell.strip() for cell in cells):
                yield _of_row(name, reader.line_num, (), columns, cells)
    except csv.Error as problem:
        raise ValueError(f"line {reader.line_num}: {problem}. Export it as CSV again") from None
    if text.strip() and not columns:
        raise ValueError("its first line names no columns such as service;price;duration")


def columns_of(cells: Sequence[str]) -> list[str]:
    """What each column holds, its own heading where nobody knows it; [] unless one names things and one their price."""
    known = {word: name for name, words in data()["columns"].items() for word in words}
    heads = [low(cell) for cell in cells]
    found = [known.get(head) or known.get(head.partition(" ")[0]) or head for head in heads]
    names = {"service", "product", "name"} & set(found)
    return found if names and len({"price", "duration", "note"} & set(found)) else []


def _of_row(name: str, line: int, headings: tuple[str, ...], columns: Sequence[str], cells: Sequence[str]) -> Item:
    row = {column: _plain(cell) for column, cell in zip(columns, cells, strict=False) if cell.strip()}
    return Item(file=name, line=line, headings=headings, text=" | ".join(row.values()), row=row)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1: \2", text)).split())


class _Page:
    """Where the reader stands in a text, and what it has gathered."""

    def __init__(self, name: str) -> None:
        self._name, self._headings = name, list[str]()
        self._since, self._lines = 0, list[str]()
        self._question: list[str] | None = None
        self._answer: list[str] | None = None
        self._whole_section = False
        self._columns: list[str] = []

    def read(self, number: int, line: str) -> Iterator[Item]:
        """The items that a line ends."""
        if cells := _ROW.match(line):
            yield from self._row(number, line, cells[1].split("|"))
            return
        self._columns = []
        if heading := _HEADING.match(line):
            yield from self._heading(number, len(heading[1]), _plain(heading[2]))
        elif asked := _ASKED.match(line):
            yield from self.close()
            self._question, self._answer, self._since = [asked[1]], [], number
        elif question := _QUESTION.match(line):
            yield from self.close()
            self._question, self._since = [question[1]], number
        elif (answer := _ANSWER.match(line)) and self._question is not None:
            self._answer = [answer[1]]
        else:
            yield from self._prose(number, line)

    def _heading(self, number: int, level: int, text: str) -> Iterator[Item]:
        """What stands below a question is its answer, unless everybody knows what it asks for ("Где мы находимся?")."""
        yield from self.close()
        above = [*self._headings, *[""] * level][: level - 1]
        if text.endswith("?") and not named(text).keys:
            self._headings, self._since = above, number
            self._question, self._answer, self._whole_section = [text], [], True
        else:
            self._headings = [*above, text]

    def _prose(self, number: int, line: str) -> Iterator[Item]:
        point = _POINT.match(line)
        if not line.strip() or _RULE.match(line):
            if self._question is None or (self._answer and not self._whole_section):
                yield from self.close()
        elif self._question is not None:
            (self._question if self._answer is None else self._answer).append(point[1] if point else line)
        elif point:
            yield from self.close()
            self._since, self._lines = number, [point[1]]
        else:
            self._since = self._since if self._lines else number
            self._lines.append(line)

    def _row(self, number: int, line: str, cells: Sequence[str]) -> Iterator[Item]:
        yield from self.close()
        headings = tuple(filter(None, self._headings))
        if _RULE.match(line):
            return
        if not self._columns:
            self._columns = columns_of(cells)
            if not self._columns:
                yield Item(file=self._name, line=number, headings=headings, text=_plain(" | ".join(cells)))
            return
        yield _of_row(self._name, number, headings, self._columns, cells)

    def close(self) -> Iterator[Item]:
        """What was gathered."""
        lines, question, answer = self._lines, self._question, self._answer
        self._lines, self._question, self._answer, self._whole_section = [], None, None, False
        asked, text = _plain(" ".join(question or ())), _plain(" ".join(answer or lines))
        if text or asked:
            headings = tuple(filter(None, self._headings))
            yield Item(
                file=self._name, line=self._since, headings=headings, text=text, question=asked, lines=tuple(lines),
            )  # fmt: skip
