"""The facts of a pack's file by their ids: what a battery may ask for, and what wordings may be written for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import read_document
from truffles_policy.pack.entries import Fact
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.worded import line, told_by_id


def listed(path: Path, language: str = "") -> tuple[list[ConfigError], list[str]]:
    """What is wrong with a pack's file, or, of a good one, its facts: each id once, with the beginning of what is told."""
    try:
        document = read_document(path)
    except ConfigError as problem:
        return [problem], []
    problems = document.problems(Pack)
    if problems:
        return problems, []
    pack = Pack.model_validate(document.value)
    told = told_by_id(pack, language).items()
    return [], [each for id, facts in told for each in _block(id, facts, len(pack.branches))]


def _block(id: str, facts: Sequence[Fact], branches: int) -> Iterator[str]:
    """One line where it is the same everywhere, else one more for each branch that tells it."""
    texts = {fact.text for fact in facts}
    if len(texts) == 1 and (facts[0].branch is None or len(facts) == branches):
        yield f"{id}: {line(facts[0].text)}"
        return
    yield f"{id}:"
    yield from (f"  at {fact.branch.slug}: {line(fact.text)}" for fact in facts if fact.branch)
