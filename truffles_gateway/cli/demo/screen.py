"""What the reader sees: scenes, phones with bubbles, times beside them, checks. Lines only, so that a log reads the same."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDTH = 80
PHONE = 46
BUBBLE = 36
THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)|(?<=\d) (?=₸)")


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must have happened, and what did."""

    what: str
    good: bool
    expected: str = ""
    came: str = ""


class Screen:
    """Prints to the terminal, or into a log without colours and without a cursor. Remembers which checks failed."""

    def __init__(self) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)
        self.console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
        self.console.width = max(WIDTH, min(self.console.width, 100))
        self.checks: list[Check] = []
        self._scene = ""
        self._unicode = "utf" in (self.console.encoding or "").lower()

    @property
    def failed(self) -> list[Check]:
        """What did not happen."""
        return [each for each in self.checks if not each.good]

    def environment(self) -> dict[str, str]:
        """Makes commands that are shown inside a scene print as this screen does."""
        coloured = self.console.is_terminal and not self.console.no_color
        return {"COLUMNS": str(self.console.width - 4)} | ({"FORCE_COLOR": "1"} if coloured else {"NO_COLOR": "1"})

    def print(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """A paragraph."""
        lines = _wrapped(text, self.console.width - indent)
        for line in lines:
            self.console.print(" " * indent + escape(line), style=style or None, soft_wrap=True)

    def step(self, what: str, seconds: float) -> None:
        """A line of the set-up."""
        self.console.print(f"  {escape(what)} [dim]{seconds:.1f} s[/]", soft_wrap=True)

    def scene(self, title: str, about: str) -> None:
        """Open a scene: its title, and one sentence for those who know nothing."""
        self._scene = title
        self.console.print()
        self.console.print(f"[bold]{escape(title)}[/]", soft_wrap=True)
        self.print(about, style="dim")

    def phone(self, owner: str) -> None:
        """The top of a customer's phone."""
        rule = "─" if self._unicode else "-"
        head = f"{rule}{rule} {owner} "
        self._beside(head + rule * (PHONE - cell_len(head)), "", "dim")

    def phone_end(self) -> None:
        """Its bottom."""
        self._beside(("─" if self._unicode else "-") * PHONE, "", "dim")

    def bubble(self, text: str, *, mine: bool, beside: Sequence[str] = ()) -> None:
        """A message: the customer's on the right of the phone, the salon's on the left; notes stand beside it."""
        lines = [line for paragraph in text.splitlines() for line in _wrapped(paragraph, BUBBLE - 4)]
        drawn = list(_bubble(lines, unicode=self._unicode))
        indent = PHONE - cell_len(drawn[0]) - 1 if mine else 1
        room = self.console.width - PHONE - 2
        notes = [line for note in beside for line in _wrapped(note, room)]
        for left, right in zip_longest([" " * indent + line for line in drawn], notes, fillvalue=""):
            self._beside(left, right, "green" if mine else "cyan")

    def _beside(self, left: str, right: str, style: str) -> None:
        padded = set_cell_size(left, PHONE) if right else left
        self.console.print(f"[{style}]{escape(padded)}[/]  [dim]{escape(right)}[/]".rstrip(), soft_wrap=True)

    def quote(self, lines: Sequence[str], *, style: str = "") -> None:
        """What somebody else printed: a desk card, a command's output."""
        bar = "│" if self._unicode else "|"
        for line in lines:
            self.console.print(f"  {bar} ", style="dim", end="")
            self.console.out(line, style=style or None, highlight=False)

    def check(self, what: str, good: bool, expected: str = "", came: object = "") -> bool:
        """Say whether something happened; of what did not, what was expected and what came."""
        self.checks.append(Check(f"{self._scene}: {what}", good, expected, str(came)))
        lines = escape("\n  ".join(_wrapped(what, self.console.width - 2)))
        if good:
            self.console.print(f"[green]✓[/] {lines}", soft_wrap=True)
            return True
        self.console.print(f"[bold red]✗ {lines}[/]", soft_wrap=True)
        self.print(f"expected: {expected or what}", indent=2, style="red")
        self.print(f"came:     {came}", indent=2, style="red")
        return False

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table: words on the left, figures on the right."""
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for number, head in enumerate(heads):
            table.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*map(escape, row))
        self.console.print(table)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells."""
    whole = THOUSANDS.sub("\u00a0", text)
    return textwrap.wrap(whole, width, break_on_hyphens=False) or [""]


def _bubble(lines: Sequence[str], *, unicode: bool) -> Iterator[str]:
    width = max(map(cell_len, lines), default=0)
    left_top, right_top, left_end, right_end, rule, side = "╭╮╰╯─│" if unicode else "++++-|"
    yield left_top + rule * (width + 2) + right_top
    for line in lines:
        yield f"{side} {set_cell_size(line, width)} {side}"
    yield left_end + rule * (width + 2) + right_end
