"""Labelled questions against a knowledge: what retrieval finds, and how sure it is of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Passage
from truffles_rag_qdrant.embed import Embedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.facts import chunk_of
from truffles_rag_qdrant.files import Reading, files_in, read_file
from truffles_rag_qdrant.judge import GOOD
from truffles_rag_qdrant.settings import RagSettings
from truffles_rag_qdrant.sync import with_vectors

EVAL = Path(__file__).parents[1] / "eval"
SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
FOLDERS = {"demo_salon": SALON, "dental": EVAL / "dental", "flowers": EVAL / "flowers"}
DEV = "dev.tsv"


@dataclass(frozen=True, slots=True)
class Case:
    """A question and what a right answer to it holds; `expected` is "-" where the facts do not say."""

    tenant: str
    kind: str
    question: str
    expected: str

    def right(self, text: str) -> bool:
        """Does this passage answer it?"""
        return self.expected != "-" and re.search(self.expected, text) is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: the best passages, one for each part of the question."""

    case: Case
    best: tuple[Passage, ...]

    @property
    def top(self) -> bool:
        """Is the right fact the best one?"""
        return any(self.case.right(passage.text) for passage in self.best)

    @property
    def answered(self) -> bool:
        """… and sure enough to be said?"""
        return any(self.case.right(one.text) and one.confidence >= GOOD for one in self.best)

    @property
    def wrong(self) -> bool:
        """Would something be said that is not the answer?"""
        return any(not self.case.right(one.text) and one.confidence >= GOOD for one in self.best)


def read_cases(path: Path) -> list[Case]:
    """The cases of a file: tenant, kind, question, expected, separated by tabs."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return [Case(*row) for row in rows]


async def engines(folders: Mapping[str, Path], embedder: Embedder) -> dict[str, EmbeddedEngine]:
    """A filled engine for each tenant's folder of knowledge."""
    result = {}
    for tenant, folder in folders.items():
        reading = Reading()
        for path in files_in(folder):
            read_file(path, folder, reading)
        engine = EmbeddedEngine(tenant, embedder, RagSettings())
        chunks = [chunk_of(fact, tenant, embedder.model) for fact in reading.facts]
        await engine.load(await with_vectors(chunks, embedder.model, engine.embed, lambda *_: None))
        result[tenant] = engine
    return result


async def own_questions(embedder: Embedder, name: str = DEV) -> tuple[list[Case], dict[str, EmbeddedEngine]]:
    """The questions of a file in eval/, and the knowledge that they are about. Both lie in the source tree."""
    if not (EVAL / name).is_file() or not all(folder.is_dir() for folder in FOLDERS.values()):
        raise ConfigError(f"{EVAL / name} and the knowledge it asks about are not installed", where="calibration",
                          cure="Run it in a source tree, or give batteries of your own")  # fmt: skip
    return read_cases(EVAL / name), await engines(FOLDERS, embedder)


async def run(cases: Iterable[Case], by_tenant: Mapping[str, EmbeddedEngine]) -> list[Outcome]:
    """Ask every question."""
    return [Outcome(case, _best(await by_tenant[case.tenant].find(case.question, ""))) for case in cases]


def _best(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    first: dict[str, Passage] = {}
    for passage in passages:
        first.setdefault(passage.query, passage)
    return tuple(first.values())


def table(outcomes: Iterable[Outcome]) -> str:
    """Figures by kind of question."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.case.kind].append(outcome)
    known = [one for kind, group in groups.items() if kind != "unknown" for one in group]
    rows = [*((kind, group) for kind, group in groups.items()), ("all but unknown", known)]
    head = f"{'kind':<16}{'questions':>10}{'right is top':>14}{'right ≥ 0.5':>13}{'wrong ≥ 0.5':>13}"
    return "\n".join([head, *(_row(kind, group) for kind, group in rows)])


def _row(kind: str, group: Sequence[Outcome]) -> str:
    counts = [sum(map(test, group)) for test in (_top, _answered, _wrong)]
    shares = [f"{count} ({count / max(len(group), 1):.0%})" for count in counts]
    if kind == "unknown":
        shares[:2] = ["–", "–"]
    return f"{kind:<16}{len(group):>10}{shares[0]:>14}{shares[1]:>13}{shares[2]:>13}"


def _top(outcome: Outcome) -> bool:
    return outcome.top


def _answered(outcome: Outcome) -> bool:
    return outcome.answered


def _wrong(outcome: Outcome) -> bool:
    return outcome.wrong
