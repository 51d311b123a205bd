"""The documents, as the tests of this folder read them."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced block of a document; `line` is that of its fence."""

    path: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def snippets_of(path: Path) -> list[Snippet]:
    text = path.read_text(encoding="utf-8")
    return [
        Snippet(
            path,
            text.count("\n", 0, found.start()) + 1,
            found[2],
            re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
        )
        for found in FENCE.finditer(text)
    ]


@pytest.fixture(scope="session")
def documents() -> list[Path]:
    """Everything that readers read: the top, docs/, and the READMEs of plugins and examples."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    return sorted([*found, *ROOT.glob("examples/**/README.md")])


@pytest.fixture(scope="session")
def snippets(documents: list[Path]) -> list[Snippet]:
    """Every fenced block in them."""
    return [snippet for path in documents for snippet in snippets_of(path)]


@pytest.fixture(scope="session")
def docs_facts() -> ModuleType:
    """scripts/docs_facts.py."""
    spec = importlib.util.spec_from_file_location("docs_facts", ROOT / "scripts" / "docs_facts.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
