"""Price lists in CSV and XLSX: a row is a fact that can be said as it stands."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from truffles_rag_qdrant.facts import Fact

Problem = Callable[[int, str], None]
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": ("услуга", "услуги", "товар", "товары", "название", "наименование", "name", "service", "product", "item",
             "қызмет", "тауар", "атауы", "позиция", "процедура"),
    "price": ("цена", "стоимость", "price", "cost", "баға", "бағасы", "прайс"),
    "duration": ("длительность", "время", "продолжительность", "duration", "time", "ұзақтығы"),
    "comment": ("комментарий", "примечание", "описание", "comment", "note", "notes", "description", "ескерту"),
    "aliases": ("алиасы", "синонимы", "другие названия", "aliases", "alias", "synonyms"),
    "category": ("категория", "раздел", "группа", "category", "section", "санат"),
    "tag": ("knowledge_tag", "филиал", "branch"),
}  # fmt: skip
_NUMBER = re.compile(r"^\d[\d\s\u00a0.,]*$")
_HEADER_DEPTH = 15


def read_csv(text: str, source: str, problem: Problem) -> Iterator[Fact]:
    """The rows of a CSV file; the delimiter is found by itself."""
    sample = text[:4_000]
    delimiter = max(";\t,|", key=(sample.splitlines() or [""])[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    return _rows(((reader.line_num, row) for row in reader), source, problem)


def read_xlsx(path: Path, source: str, problem: Problem) -> Iterator[Fact]:
    """The rows of every sheet of a workbook."""
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException) as error:
        raise ValueError("it is not a workbook") from error
    try:
        for sheet in book.worksheets:
            rows = ((number, [_cell(value) for value in row])
                    for number, row in enumerate(sheet.iter_rows(values_only=True), 1))  # fmt: skip
            yield from _rows(rows, source, problem)
    finally:
        book.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _rows(rows: Iterable[tuple[int, Sequence[str]]], source: str, problem: Problem) -> Iterator[Fact]:
    columns: dict[str, int] = {}
    section = _Section(problem)
    seen = 0
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        seen += 1
        if not columns:
            columns = _columns(row)
            if not columns and seen >= _HEADER_DEPTH:
                break
            continue
        values = {name: row[at].strip() for name, at in columns.items() if at < len(row)}
        if "price" in columns and section.opens(number, values, row):
            continue
        if fact := _fact(values, section.name, source, number, problem):
            yield fact
    section.close()
    if not columns and seen:
        problem(1, "no heading row was found; name the columns, for example: услуга;цена;длительность;комментарий")


class _Section:
    """A row with a name and nothing else opens a section, if rows follow it; else its price was forgotten."""

    def __init__(self, problem: Problem) -> None:
        self.name, self._line, self._problem = "", 0, problem

    def opens(self, number: int, values: Mapping[str, str], row: Sequence[str]) -> bool:
        """Is this row the heading of a section?"""
        if not values.get("name") or sum(bool(cell.strip()) for cell in row) > 1:
            self._line = 0
            return False
        self.close()
        self.name, self._line = values["name"], number
        return True

    def close(self) -> None:
        """Name the last heading that no row followed."""
        if self._line:
            self._problem(self._line, f"“{self.name}” has neither price nor comment; fill one in or delete the row")


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Which column holds what; empty unless the row names at least a subject and one thing about it."""
    found: dict[str, int] = {}
    for at, cell in enumerate(row):
        words = cell.strip().lower().replace("ё", "е")
        for name, headers in _HEADERS.items():
            named = any(words == each or words.startswith((f"{each},", f"{each} ")) for each in headers)
            if named and name not in found:
                found[name] = at
                break
    return found if "name" in found and len(found) > 1 else {}


def _fact(values: Mapping[str, str], category: str, source: str, number: int, problem: Problem) -> Fact | None:
    name, price = values.get("name", ""), values.get("price", "")
    if not name:
        problem(number, "the row names no service; fill in the first column or delete the row")
        return None
    if price and not re.search(r"\d|бесплатн|free|тегін|договор|запрос", price, re.IGNORECASE):
        problem(number, f"the price “{price}” holds no number; write it as 7000, “от 7000” or “бесплатно”")
        return None
    said = ", ".join(filter(None, (money(price), values.get("duration", ""))))
    comment = values.get("comment", "")
    if not said and not comment:
        problem(number, f"“{name}” has neither price nor comment; fill one in")
        return None
    text = f"{name} — {said}" if said else f"{name}: {comment}"
    if said and comment:
        text = f"{text} ({comment})"
    aliases = tuple(filter(None, (alias.strip() for alias in re.split(r"[,|/\n]", values.get("aliases", "")))))
    return Fact(source=source, key=f"{category}:{name}", text=text, title=values.get("category", "") or category,
                name=name, aliases=aliases, tag=values.get("tag", ""), row=number)  # fmt: skip


def money(price: str) -> str:
    """ "7000" → "7 000 ₸", "от 7000" → "от 7 000 ₸"; what names its own currency or none at all stays."""
    words = price.strip()
    spaced = re.sub(r"\d{4,}", lambda match: f"{int(match.group()):,}".replace(",", " "), words)
    bare = re.sub(r"^(от|до|from)\s+", "", words, flags=re.IGNORECASE)
    ranged = re.split(r"\s*[-–—]\s*", bare)
    return f"{spaced} ₸" if all(_NUMBER.match(part) for part in ranged) else spaced
