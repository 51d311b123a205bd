"""`truffles eval`: a battery of questions, or old talks once more, against a throwaway gateway."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from truffles_gateway.catalog import Catalog
from truffles_gateway.cli.calibrate import calibrate
from truffles_gateway.cli.common import OutputFile, console, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.battery import Asked, load, span
from truffles_gateway.evaluation.bring import Wishes, businesses
from truffles_gateway.evaluation.figures import LANGUAGES, Bounds
from truffles_gateway.evaluation.judge import Result
from truffles_gateway.evaluation.known import unknown
from truffles_gateway.evaluation.papers import LastRun, as_json, as_junit, replay_as_json
from truffles_gateway.evaluation.replay import Replay, read
from truffles_gateway.evaluation.report import few, show, show_replay
from truffles_gateway.evaluation.run import Runner
from truffles_gateway.evaluation.stage import Business, Stage
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants as store
from truffles_gateway.store import trials
from truffles_gateway.tenant_file import whole_file

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUT = OutputFile()
SHARE = click.FloatRange(0, 1)
AT_ONCE = min(16, 4 * (os.cpu_count() or 1))
"""Customers: with more of them plugins that compute keep each other waiting, and nothing is done sooner."""
NAMED = 10
Command = Callable[..., Any]
TENANT = click.option("--tenant", default="", help="Whom to ask; without it each file names its own.")
ONLY = click.option(
    "--only", default="", metavar="PATTERN", help="Only cases whose id, category or tag fits: price*, rude."
)
_RECALL = re.compile(rf"({'|'.join(LANGUAGES)})=(0|0?\.\d+|1|1\.0+)")


@click.group(name="eval")
def evals() -> None:
    """Try out what the bot would say: in a throwaway database, without reaching anybody.

    Example: truffles eval run examples/battery --tenant salon
    """


evals.add_command(calibrate)


def _of_a_business(command: Command) -> Command:
    """The options that say what of a business is tried."""
    options = (
        click.option(
            "--config", "configs", type=FILE, multiple=True, help="Try this tenant's file, not what is stored."
        ),
        click.option("--knowledge", type=FOLDER, help="Read the facts from here, not from what is stored."),
        click.option("--without-learned", is_flag=True, help="Leave out what was learnt from managers."),
        click.option("--without-model", is_flag=True, help="Leave out the plugins that ask a model."),
        click.option("--without", multiple=True, metavar="PLUGIN", help="Leave out this plugin. Repeatable."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _of_a_stage(command: Command) -> Command:
    """The same, and how it is played."""
    at_once = click.option(
        "--concurrency",
        type=click.IntRange(1, 200),
        default=AT_ONCE,
        help=f"How many customers at once (four for each processor, 16 at most; here {AT_ONCE}).",
    )
    return _of_a_business(at_once(command))


def _bounded(command: Command) -> Command:
    """The options that say what must be reached."""
    usual = Bounds()
    options = (
        click.option("--min-escalations", type=SHARE, default=usual.escalations, show_default=True),
        click.option("--max-false-escalations", type=SHARE, default=usual.false_escalations, show_default=True),
        click.option("--min-facts", type=SHARE, default=usual.facts, show_default=True),
        click.option("--max-contradictions", type=click.IntRange(0), default=0, show_default=True),
        click.option("--min-recall", multiple=True, metavar="LANGUAGE=SHARE", help="Default: ru=0.95 kk=0.85 en=0.95."),
        click.option("--min-pass", type=SHARE, default=usual.passed, show_default=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


@evals.command(name="run")
@click.argument("battery", type=click.Path(exists=True, path_type=Path))
@TENANT
@_of_a_stage
@ONLY
@click.option("--failed", is_flag=True, help="Only the cases that failed last time.")
@click.option("--verbose", is_flag=True, help="Show the dialogues that passed, too.")
@click.option("--json", "json_file", type=OUT, help="Write everything here.")
@click.option("--junit", "junit_file", type=OUT, help="Write a report for build servers here.")
@_bounded
def run_battery(battery: Path, tenant: str, only: str, *, failed: bool, **wishes: Any) -> None:
    """Put a battery of cases to a business and judge what it says. BATTERY is a file or a folder; docs/evaluation.md has
    the format. Exit code 1 when a figure is below its bound.

    Example: truffles eval run examples/battery --tenant salon --without-model
    """
    raise SystemExit(run(_run(battery, tenant, only, failed=failed, **wishes)))


@evals.command()
@click.argument("batteries", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@TENANT
@_of_a_business
@ONLY
def check(batteries: tuple[Path, ...], tenant: str, only: str, **wishes: Any) -> None:
    """Read batteries and the configs of their businesses, and name what is wrong; nothing is asked, and no throwaway database is
    needed. A line that begins with ! names a fact that the business does not have: it can never be retrieved.

    Example: truffles eval check battery.yaml --config salon.toml
    """
    run(_check(batteries, tenant, only, **wishes))


@evals.command()
@click.argument("tenant")
@click.option("--since", default="30d", show_default=True, help="How far back: 36h, 30d.")
@_of_a_stage
@click.option("--limit", type=click.IntRange(1), help="Only so many conversations, the latest.")
@click.option("--json", "json_file", type=OUT, help="Write everything here.")
def replay(tenant: str, since: str, *, limit: int | None, **wishes: Any) -> None:
    """Show what would be answered differently today, or with another --config: customers' stored conversations are put to
    the bot once more. Nothing is sent, and nothing of the tenant's is changed.

    Example: truffles eval replay salon --since 30d --config salon-new.toml
    """
    run(_replay(tenant, since, limit, **wishes))


async def _replay(slug: str, since: str, limit: int | None, **wishes: Any) -> None:
    catalog, files = Catalog.scan(), _files(wishes)
    _check_whose(files, {slug})
    async with opened(tenants=False) as gateway:
        found = await store.load(gateway.database, [slug])
        if not found:
            raise ConfigError(f'no tenant "{slug}"', cure="`truffles tenants show` lists all")
        rows = await trials.talked(gateway.database, found[0].id, gateway.clock.now() - _span(since), limit)
        [business] = await businesses(gateway, [slug], catalog, files)
    turns, left_out = read(rows)
    with _bar() as bar:
        task = bar.add_task("setting the stage", total=len(turns))
        async with Stage(catalog, concurrency=wishes["concurrency"]) as stage:
            bar.update(task, description="asking again")
            playing = Replay(
                stage, business, concurrency=wishes["concurrency"], progress=lambda done: bar.advance(task, done)
            )
            replayed = await playing.run(turns, left_out)
    show_replay(console, replayed)
    _write(wishes["json_file"], lambda: json.dumps(replay_as_json(replayed), ensure_ascii=False, indent=1))


def _span(text: str) -> timedelta:
    try:
        return span(text)
    except ValueError as problem:
        raise ConfigError(str(problem), where="--since") from None


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


async def _run(battery: Path, tenant: str, only: str, *, failed: bool, **wishes: Any) -> int:
    bounds, kept = _bounds(wishes), LastRun(Settings.load().truffles_data_dir)
    files = _files(wishes)
    asked = _chosen(_read([battery], tenant, files), only)
    asked = _failed(asked, kept) if failed else asked
    if not asked:
        console.print("[green]✓[/] nothing to run")
        return 0
    results = await _played(asked, files, wishes["concurrency"])
    change = kept.compare(results)
    good = show(console, results, bounds, change, verbose=wishes["verbose"])
    kept.keep(results)
    _write(wishes["json_file"], lambda: json.dumps(as_json(results, bounds), ensure_ascii=False, indent=1, default=str))
    _write(wishes["junit_file"], lambda: as_junit(results))
    return 0 if good else 1


async def _check(batteries: Sequence[Path], tenant: str, only: str, **wishes: Any) -> None:
    files = _files(wishes)
    every = _read(batteries, tenant, files)
    asked = _chosen(every, only)
    await _businesses(asked, Catalog.scan(), files)
    for (name, whom), count in Counter((each.battery, each.tenant) for each in asked).items():
        console.print(f"[green]✓[/] {escape(name)}: {count} cases for {escape(whom)}", soft_wrap=True)
    if only:
        console.print(f'  {len(asked)} of {len(every)} cases fit "{escape(only)}"', soft_wrap=True)


def _read(batteries: Sequence[Path], tenant: str, files: Wishes) -> list[Asked]:
    """All cases. A single file of a tenant says whom to ask."""
    if not tenant and len(files.files) == 1:
        [tenant] = files.files
    every = [each for path in batteries for each in load(path, tenant)]
    _check_whose(files, {each.tenant for each in every})
    return every


async def _played(asked: Sequence[Asked], files: Wishes, concurrency: int) -> list[Result]:
    catalog = Catalog.scan()
    acting = await _businesses(asked, catalog, files)
    with _bar() as bar:
        task = bar.add_task("setting the stage", total=len(asked))
        async with Stage(catalog, concurrency=concurrency) as stage:
            bar.update(task, description="asking")
            runner = Runner(stage, acting, concurrency=concurrency, progress=lambda done: bar.advance(task, done))
            return await runner.run(asked)


async def _businesses(asked: Sequence[Asked], catalog: Catalog, files: Wishes) -> list[Business]:
    """The businesses that are asked; what the battery names and they do not have is told."""
    async with opened(tenants=False) as gateway:
        found = await businesses(gateway, sorted({each.tenant for each in asked}), catalog, files)
        for line in await unknown(gateway, found, asked, catalog, files):
            console.print(f"[yellow]![/] {escape(line)}", soft_wrap=True)
    return found


def _files(wishes: dict[str, Any]) -> Wishes:
    """The tenants' files that were named, by slug."""
    read = [whole_file(path) for path in wishes["configs"]]
    return Wishes(
        files={str(file.config.get("slug")): file for file in read}, knowledge=wishes["knowledge"], learned=not wishes["without_learned"], models=not wishes["without_model"], without=wishes["without"],
    )  # fmt: skip


def _check_whose(wishes: Wishes, tried: Collection[str]) -> None:
    """A file of somebody who is not asked would change nothing, and what was to be tried would not be."""
    for slug, file in wishes.files.items():
        if slug not in tried:
            whom = ", ".join(sorted(tried))
            cure = f'Name a file with slug = "{next(iter(sorted(tried)))}", or correct its slug'
            raise ConfigError(f"{file.path} is of {slug}, not {whom}", where="--config", cure=cure)


def _chosen(asked: list[Asked], only: str) -> list[Asked]:
    chosen = [each for each in asked if not only or _fits(each, only)]
    if only and not chosen:
        cure = f"It is compared with ids, categories and tags; * stands for anything. There are {_there(asked)}"
        raise ConfigError(f'no case fits "{only}", though nothing is wrong with the {len(asked)} cases read', cure=cure)
    return chosen


def _there(asked: Sequence[Asked]) -> str:
    """What a pattern may fit, as much of it as can be read."""
    cases = [each.case for each in asked]
    words = {"the ids": [each.id for each in cases], "the categories": [each.category for each in cases],
             "the tags": [tag for each in cases for tag in each.tags]}  # fmt: skip
    return "; ".join(f"{what} {few(list(dict.fromkeys(found)), NAMED)}" for what, found in words.items() if found)


def _failed(asked: Sequence[Asked], kept: LastRun) -> list[Asked]:
    """Those that failed last time."""
    known = {(each.battery, each.tenant): kept.of(each.battery, each.tenant) for each in asked}
    return [each for each in asked if known[each.battery, each.tenant].get(each.case.id) is False]


def _fits(asked: Asked, pattern: str) -> bool:
    case = asked.case
    return any(fnmatch.fnmatchcase(word, pattern) for word in (case.id, case.category, *case.tags))


def _bounds(wishes: dict[str, Any]) -> Bounds:
    recall = dict(Bounds().recall)
    for each in wishes["min_recall"]:
        found = _RECALL.fullmatch(each)
        if found is None:
            cure = f"Write it like kk=0.85; the languages are {', '.join(LANGUAGES)}"
            raise ConfigError(f'"{each}" is no bound', where="--min-recall", cure=cure)
        recall[found[1]] = float(found[2])
    return Bounds(
        escalations=wishes["min_escalations"], false_escalations=wishes["max_false_escalations"],
        facts=wishes["min_facts"], contradictions=wishes["max_contradictions"], passed=wishes["min_pass"], recall=recall,
    )  # fmt: skip


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is not None:
        path.write_text(text(), encoding="utf-8")
        console.print(f"wrote {escape(str(path))}", soft_wrap=True)
