"""A run before the reader's eyes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from truffles_gateway.evaluation.figures import LANGUAGES, Bounds, Verdict, by_category, figures, held_to
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
    for line in (*_change(change), *_faults(results)):
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
    used = _languages(results)
    table = Table("category", *used, "all", title=title, title_justify="left")
    for name, line in by_category(results).items():
        cells = [f"{share.part}/{share.whole}" if (share := line.get(each)) else "" for each in (*used, "")]
        table.add_row(name, *cells)
    return table


def _languages(results: Sequence[Result]) -> list[str]:
    return [each for each in LANGUAGES if any(result.asked.case.language == each for result in results)]


def _bounds(results: Sequence[Result], bounds: Bounds) -> Table:
    """Every figure of all cases beside its bound, of those held out, and by language."""
    aside = heldout(results, wanted=True)
    parts = {"held out": aside} if aside else {}
    used = _languages(results)
    parts |= {each: [one for one in results if one.asked.case.language == each] for each in used if len(used) > 1}
    apart = {name: {each.name: each for each in held_to(figures(part), bounds)} for name, part in parts.items()}
    table = Table("", "all", *parts, "bound", "")
    for each in held_to(figures(results), bounds):
        sign = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[each.held]
        cells = [_cell(found.get(each.name), whole=name == "held out") for name, found in apart.items()]
        table.add_row(each.name, each.figure, *cells, each.bound, sign)
    return table


def _cell(found: Verdict | None, *, whole: bool) -> str:
    """A figure of a part of the cases, in full or only its share."""
    figure = found.figure if found else "–"
    return figure if whole else figure.rpartition("= ")[2]


def _faults(results: Sequence[Result]) -> Iterator[str]:
    """Plugins that failed or were too slow: figures that were come by like this say little."""
    faults = [(each.asked.case.id, fault) for each in results for turn in each.turns for fault in turn.told.faults]
    if faults:
        id, first = faults[0]
        yield f"[yellow]![/] {len(faults)} faults of plugins, the first at {escape(id)}: {escape(first)}"


def _change(change: Change) -> Iterator[str]:
    for name, colour, ids in (("failing", "red", change.failing), ("passing", "green", change.passing)):
        if ids:
            yield f"[{colour}]newly {name}[/]: {escape(few(ids))}"


def few(ids: Sequence[str], most: int = SHOWN) -> str:
    """Ids as a list that can be read."""
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return f"{', '.join(ids[:most])}{more}"


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
