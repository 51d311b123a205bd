"""`python -m truffles_rag_qdrant.recall`: are the entries of a pack found by the questions that customers ask?

python -m truffles_rag_qdrant.recall                                the questions in eval/pack/dev.tsv
python -m truffles_rag_qdrant.recall --questions heldout.tsv        those of another file there
python -m truffles_rag_qdrant.recall --entries P.jsonl --questions Q.tsv  a pack and questions of your own

An entry is a line of JSON with `id` ("pack:services.gel"), `question` (its names), `answer`, and `tag` where it has one.
A question is a line of pack, language, facts and question, separated by tabs; of "a|b" one fact is enough.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from truffles_gateway.messages import Passage
from truffles_gateway.plugin import Entry
from truffles_rag_qdrant.embed import Embedder, HttpEmbedder, LocalEmbedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.evaluate import EVAL
from truffles_rag_qdrant.facts import PACK
from truffles_rag_qdrant.judge import GOOD
from truffles_rag_qdrant.learned import learned_chunk
from truffles_rag_qdrant.settings import RagSettings
from truffles_rag_qdrant.sync import with_vectors
from truffles_rag_qdrant.tuning import TOP, top

PACKS = EVAL / "pack"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, and the facts that answer it: of each group one."""

    pack: str
    language: str
    groups: tuple[tuple[str, ...], ...]
    question: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many of the facts were among the best five and how many were best, and whether something was surely wrong."""

    wanted: Wanted
    found: int
    best: int
    wrong: bool
    passages: tuple[Passage, ...]


def read_questions(path: Path) -> list[Wanted]:
    """The questions of a file."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [Wanted(pack, language, _groups(facts), question) for pack, language, facts, question in rows]


def _groups(facts: str) -> tuple[tuple[str, ...], ...]:
    groups = (group.split("|") for group in facts.split(",") if group != "-")
    return tuple(tuple(f"{PACK}:{fact}" for fact in group) for group in groups)


def read_entries(path: Path) -> list[Entry]:
    """The entries of a file."""
    return [Entry(**json.loads(line)) for line in path.read_text("utf-8").splitlines() if line]


async def engine_of(name: str, entries: Iterable[Entry], embedder: Embedder) -> EmbeddedEngine:
    """An engine that knows these entries and nothing else."""
    engine = EmbeddedEngine(name, embedder, RagSettings())
    chunks = [learned_chunk(entry, name, embedder.model) for entry in entries]
    await engine.load(await with_vectors(chunks, embedder.model, engine.embed, lambda *_: None))
    return engine


async def ask(questions: Iterable[Wanted], engines: Mapping[str, EmbeddedEngine]) -> list[Found]:
    """Ask every question, as a customer of a business without branches."""
    return [_found(each, await engines[each.pack].find(each.question, "", TOP)) for each in questions]


def _found(wanted: Wanted, passages: Sequence[Passage]) -> Found:
    first: dict[str, Passage] = {}
    for each in passages:
        first.setdefault(each.query, each)
    right = {id for group in wanted.groups for id in group}
    return Found(
        wanted, _count(wanted, [each.id for each in top(passages)]), _count(wanted, [each.id for each in first.values()]),
        any(each.confidence >= GOOD and each.id not in right for each in first.values()), tuple(passages),
    )  # fmt: skip


def _count(wanted: Wanted, ids: Sequence[str]) -> int:
    return sum(any(id in ids for id in group) for group in wanted.groups)


def table(found: Iterable[Found]) -> str:
    """Figures by language."""
    by_language: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        by_language[each.wanted.language].append(each)
    head = f"{'language':<10}{'questions':>10}{'recall@5':>10}{'recall@1':>10}{'surely another':>16}"
    return "\n".join([head, *(_row(language, group) for language, group in sorted(by_language.items()))])


def _row(language: str, group: Sequence[Found]) -> str:
    wanted = sum(len(each.wanted.groups) for each in group)
    five, one = sum(each.found for each in group) / wanted, sum(each.best for each in group) / wanted
    return f"{language:<10}{len(group):>10}{five:>10.3f}{one:>10.3f}{sum(each.wrong for each in group):>16}"


def misses(found: Iterable[Found]) -> list[str]:
    """The questions worth reading: what is not among the best five, or surely another."""
    return [
        f"{'MISS ' if each.found < len(each.wanted.groups) else 'other'} {each.wanted.pack} {each.wanted.language}: "
        f"{each.wanted.question} ({each.wanted.groups}) → "
        + " | ".join(f"{one.confidence:.2f} {one.id.removeprefix(f'{PACK}:')}" for one in each.passages[:5])
        for each in found if each.found < len(each.wanted.groups) or each.wrong
    ]  # fmt: skip


async def _main(entries: Sequence[Path], questions: Path, embedder: Embedder, *, verbose: bool) -> None:
    engines = {path.stem: await engine_of(path.stem, read_entries(path), embedder) for path in entries}
    found = await ask(read_questions(questions), engines)
    click.echo(table(found))
    for line in misses(found) if verbose else ():
        click.echo(line)


@click.command()
@click.option("--entries", multiple=True, type=click.Path(exists=True, path_type=Path), help="A pack's entries.")
@click.option("--questions", default="dev.tsv", help="A file of questions, or the name of one in eval/pack.")
@click.option("--embed-url", default="", help="Ask a BGE-M3 server instead of the local model.")
@click.option("--verbose", is_flag=True, help="Name the questions that went wrong.")
def main(entries: Sequence[Path], questions: str, embed_url: str, verbose: bool) -> None:
    """Measure how well the entries of packs are found."""
    http = httpx.AsyncClient()
    embedder = HttpEmbedder(http, embed_url, size=1024, timeout=30, batch=32) if embed_url else LocalEmbedder()
    path = Path(questions) if Path(questions).exists() else PACKS / questions
    asyncio.run(_main(entries or sorted(PACKS.glob("*.jsonl")), path, embedder, verbose=verbose))


if __name__ == "__main__":
    main()
