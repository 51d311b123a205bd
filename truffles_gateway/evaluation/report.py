"""A run before the reader's eyes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from truffles_gateway.evaluation.figures import LANGUAGES, Bounds, by_category, figures, held_to
from truffles_gateway.evaluation.judge import Result
from truffles_gateway.evaluation.papers import Change, dialogue, heldout, trace
from truffles_gateway.evaluation.replay import SAME, Difference, Replayed
from truffles_gateway.observability import mask

COLOURS = {"✗": "red", ">": "cyan", "!": "yellow"}
SHOWN = 20


def show(console: Console, results: Sequence[Result], bounds: Bounds, change: Change, *, verbose: bool) -> bool:
    """Print everything; whether every bound is held."""
    told = results if verbose else [each for each in results if not each.passed]
    for each in told:
        _dialogue(console, each)
    for part in _tables(results):
        console.print(part)
    for line in _change(change):
        console.print(line, soft_wrap=True)
    console.print(_bounds(results, bounds))
    return all(each.held is not False for each in held_to(figures(results), bounds))


def _dialogue(console: Console, result: Result) -> None:
    case = result.asked.case
    sign = "[green]✓[/]" if result.passed else "[red]✗[/]"
    aside = ", held out" if case.heldout else ""
    about = f"{case.category}, {case.language}{aside}; {result.asked.place}"
    console.print(f"{sign} [b]{escape(case.id)}[/] [dim]{escape(about)}[/]", soft_wrap=True)
    for line in dialogue(result):
        colour = COLOURS.get(line[:1], "dim" if line.startswith(" ") else "")
        text = escape(f"  {line}")
        console.print(f"[{colour}]{text}[/]" if colour else text, soft_wrap=True)


def _tables(results: Sequence[Result]) -> Iterator[RenderableType]:
    aside, others = heldout(results, wanted=True), heldout(results, wanted=False)
    if others:
        yield _categories("cases passed", others)
    if aside:
        yield _categories("cases passed, held out", aside)


def _categories(title: str, results: Sequence[Result]) -> Table:
    used = [each for each in LANGUAGES if any(result.asked.case.language == each for result in results)]
    table = Table("category", *used, "all", title=title, title_justify="left")
    for name, line in by_category(results).items():
        cells = [f"{share.part}/{share.whole}" if (share := line.get(each)) else "" for each in (*used, "")]
        table.add_row(name, *cells)
    return table


def _bounds(results: Sequence[Result], bounds: Bounds) -> Table:
    """Every figure of all cases beside its bound, and of those held out."""
    aside = heldout(results, wanted=True)
    apart = {each.name: each.figure for each in held_to(figures(aside), bounds)} if aside else {}
    table = Table("", "all", *(["held out"] if aside else []), "bound", "")
    for each in held_to(figures(results), bounds):
        sign = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[each.held]
        table.add_row(each.name, each.figure, *([apart.get(each.name, "–")] if aside else []), each.bound, sign)
    return table


def _change(change: Change) -> Iterator[str]:
    for name, colour, ids in (("failing", "red", change.failing), ("passing", "green", change.passing)):
        if ids:
            yield f"[{colour}]newly {name}[/]: {escape(_listed(ids))}"


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{', '.join(ids[:SHOWN])}{more}"


def show_replay(console: Console, replayed: Replayed) -> None:
    """Print what would differ, and how much would."""
    for each in replayed.turns:
        if each.kind != SAME:
            _difference(console, each)
    table = Table("turns", "")
    for kind, count in replayed.counts().items():
        table.add_row(kind, str(count))
    for why, count in sorted(replayed.left_out.items()):
        table.add_row(f"[dim]left out: {escape(why)}[/]", f"[dim]{count}[/]")
    console.print(table)


def _difference(console: Console, found: Difference) -> None:
    then, now = found.then, found.now
    about = f"{found.then.at:%Y-%m-%d %H:%M} UTC, dialogue {then.dialogue}"
    console.print(f"[b]{found.kind}[/] [dim]{escape(about)}[/]", soft_wrap=True)
    for piece in then.pieces:
        console.print(f"  [cyan]{escape('> ' + mask(piece))}[/]", soft_wrap=True)
    for name, outcome, reason, replies in (
        ("then", then.outcome, then.reason, then.replies), ("now", now.outcome, now.reason, now.replies),
    ):  # fmt: skip
        said = mask(" / ".join(replies)) or "(silence)"
        console.print(f"  {name}: [b]{outcome}[/] {escape(f'{reason}: {said}'.removeprefix(': '))}", soft_wrap=True)
    for line in trace(now):
        console.print(f"    [dim]{escape(mask(line))}[/]", soft_wrap=True)
