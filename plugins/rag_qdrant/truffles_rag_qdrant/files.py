"""A tenant's folder of knowledge → facts. What cannot be read is named by file and line; the rest loads.

`NAME.md`, `NAME.txt`, `NAME.qa.md` (or any text with questions and answers), `NAME.csv`, `NAME.xlsx`. A folder
`@north/` or the front-matter line `knowledge_tag: north` ties facts to a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from truffles_rag_qdrant.facts import Fact
from truffles_rag_qdrant.prose import read_prose
from truffles_rag_qdrant.tables import read_csv, read_xlsx

Problem = Callable[[int, str], None]
_READERS = {".md": read_prose, ".txt": read_prose, ".csv": read_csv}
SUFFIXES = (*_READERS, ".xlsx")
_TABLES = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".tsv")
_README = "readme"


@dataclass(slots=True)
class Reading:
    """What a folder held. `unread` are sources that could not be read at all: their old chunks stay."""

    facts: list[Fact] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    sources: int = 0


def files_in(folder: Path) -> list[Path]:
    """The files of knowledge in a folder and below it, hidden ones and README files left out."""
    return [path for path in _seen(folder) if _is_read(path)]


def passed_over(folder: Path) -> list[str]:
    """The files that are no knowledge, each with what to do if its owner thought it was; hidden ones aside."""
    return [f"{path.relative_to(folder).as_posix()}: {_why(path)}" for path in _seen(folder) if not _is_read(path)]


def _seen(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    )  # fmt: skip


def _is_read(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.stem.lower() != _README


def _why(path: Path) -> str:
    if path.stem.lower() == _README:
        return "was not read: a README tells about a folder. Rename it if customers shall be told what it says"
    if path.suffix.lower() in _TABLES:
        return "was not read. Save it as .xlsx or .csv"
    kinds = ", ".join(SUFFIXES)
    return f"was not read; what is read ends in {kinds}. Convert it to Markdown (.md), or move it out of the folder"


def read_file(path: Path, folder: Path, reading: Reading) -> None:
    """Add the facts of one file to `reading`, and the problems that it has."""
    source = path.relative_to(folder).as_posix()
    reading.sources += 1

    def problem(line: int, words: str) -> None:
        reading.problems.append(f"{source}:{line}: {words}")

    try:
        facts = list(_facts(path, source, problem))
    except (OSError, ValueError, KeyError, EOFError) as error:
        reading.unread.add(source)
        problem(1, f"cannot be read ({error}); {_cure(path)}")
        return
    tag = _folder_tag(path, folder)
    reading.facts += _distinct((replace(fact, tag=fact.tag or tag) for fact in facts), problem)


def _cure(path: Path) -> str:
    if path.suffix.lower() == ".xlsx":
        return "open it and save it again as .xlsx, or export it as .csv"
    return "save it as UTF-8 text"


def _facts(path: Path, source: str, problem: Problem) -> Iterator[Fact]:
    if path.suffix.lower() == ".xlsx":
        return read_xlsx(path, source, problem)
    return _READERS[path.suffix.lower()](decoded(path.read_bytes()), source, problem)


def decoded(raw: bytes) -> str:
    """Text from bytes: UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1251. Bytes of no text are refused."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    if b"\x00" in raw:
        raise ValueError("it holds binary data")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251")


def _folder_tag(path: Path, folder: Path) -> str:
    return next((part[1:] for part in path.relative_to(folder).parts[:-1] if part.startswith("@")), "")


def _distinct(facts: Iterator[Fact], problem: Problem) -> list[Fact]:
    """Facts of one source need keys of their own; a fact that stands there twice is kept once."""
    kept: dict[str, Fact] = {}
    for fact in facts:
        key, number = fact.key, 1
        while key in kept and kept[key].text != fact.text:
            number += 1
            key = f"{fact.key}#{number}"
        if key in kept and kept[key].tag == fact.tag:
            problem(1, f"“{fact.text[:60]}” stands here twice; it was taken once, delete the other")
            continue
        kept[key] = replace(fact, key=key)
    return list(kept.values())
