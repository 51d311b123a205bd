"""What the reader sees: scenes, checks, and two devices side by side, a phone and a Telegram topic. Lines only, each
printed when it happened, so that a log reads the same."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

WIDTH, TWO_COLUMNS, WIDEST = 80, 100, 120
PHONE = 46
BUBBLE = 38
INDENT = 6
THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)|(?<=\d) (?=₸)")


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must have happened, and what did."""

    what: str
    good: bool
    expected: str = ""
    came: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of one device."""

    text: str = ""
    style: str = ""


class Screen:
    """Prints to the terminal, or into a log without colours and without a cursor. Remembers which checks failed.

    From 100 columns on the topic stands beside the phone; where there are fewer it follows below, set in.
    """

    def __init__(self, console: Console | None = None) -> None:
        if console is None and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)
        self.console = console or Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
        self.console.width = max(WIDTH, min(self.console.width, WIDEST))
        self.wide = self.console.is_terminal and self.console.width >= TWO_COLUMNS
        self.checks: list[Check] = []
        self._scene = self._topic = ""
        self._open, self._held = False, list[Check | str]()
        self._unicode = "utf" in (self.console.encoding or "").lower()
        self._rule, self._bar = "─│" if self._unicode else "-|"

    @property
    def failed(self) -> list[Check]:
        """What did not happen."""
        return [each for each in self.checks if not each.good]

    def environment(self) -> dict[str, str]:
        """Makes commands that are shown inside a scene print as this screen does, in their narrower form."""
        coloured = self.console.is_terminal and not self.console.no_color
        return {"COLUMNS": str(min(self.console.width - 4, TWO_COLUMNS))} | (
            {"FORCE_COLOR": "1"} if coloured else {"NO_COLOR": "1"}
        )

    # words

    def print(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """A paragraph."""
        lines = _wrapped(text, self.console.width - indent)
        for line in lines:
            self.console.print(" " * indent + escape(line), style=style or None, soft_wrap=True)

    def step(self, what: str, seconds: float) -> None:
        """A line of the set-up."""
        *lines, last = _wrapped(what, self.console.width - 10)
        for line in lines:
            self.console.print(f"  {escape(line)}", soft_wrap=True)
        self.console.print(f"  {escape(last)} [dim]{seconds:.1f} s[/]", soft_wrap=True)

    def scene(self, title: str, about: str) -> None:
        """Open a scene: its title, and one sentence for those who know nothing."""
        self._scene = title
        self.console.print()
        self.console.print(f"[bold]{escape(title)}[/]", soft_wrap=True)
        self.print(about, style="dim")

    def quote(self, lines: Sequence[str], *, style: str = "") -> None:
        """What a command printed."""
        for line in lines:
            self.console.print(f"  {self._bar} ", style="dim", end="")
            self.console.out(line, style=style or None, highlight=False)

    def check(self, what: str, good: object, expected: str = "", came: object = "") -> bool:
        """Say whether something happened; of what did not, what was expected and what came. While devices are shown it
        waits for their end."""
        check = Check(what, bool(good), expected or what, str(came))
        self.checks.append(Check(f"{self._scene}: {what}", check.good, check.expected, check.came))
        if self._open:
            self._held.append(check)
        else:
            self._tell(check)
        return check.good

    def remark(self, text: str) -> None:
        """A quiet line that stands before the checks."""
        if self._open:
            self._held.insert(0, text)
        else:
            self.print(text, style="dim")

    def _tell(self, check: Check) -> None:
        lines = escape("\n  ".join(_wrapped(check.what, self.console.width - 2)))
        if check.good:
            self.console.print(f"[green]✓[/] {lines}", soft_wrap=True)
            return
        self.console.print(f"[bold red]✗ {lines}[/]", soft_wrap=True)
        self.print(f"expected: {check.expected}", indent=2, style="red")
        self.print(f"came:     {check.came}", indent=2, style="red")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table: words on the left, figures on the right."""
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for number, head in enumerate(heads):
            table.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*map(escape, row))
        self.console.print(table)

    # devices

    def devices(self, phone: str, topic: str) -> None:
        """The top of a customer's phone and of a manager's topic."""
        self._row([self._head(phone, PHONE)], [self._head(topic, self._room)] if self.wide else [])
        self._topic, self._open = topic, True

    def end(self) -> None:
        """Their bottom, and what was checked meanwhile."""
        if not self._open:
            return
        self._topic, self._open = "", False
        self._row([Piece(self._rule * PHONE, "dim")], [Piece(self._rule * self._room, "dim")] if self.wide else [])
        held, self._held = self._held, []
        for each in held:
            self.remark(each) if isinstance(each, str) else self._tell(each)

    def said(self, text: str, gloss: str = "", *, beside: Iterable[Piece] = ()) -> None:
        """What the customer wrote: on the right of the phone, with a translation below."""
        self._row([*self._bubble(text, mine=True), *self._gloss(gloss, mine=True)], beside)

    def read(self, text: str, gloss: str = "", *, beside: Iterable[Piece] = ()) -> None:
        """What the customer read."""
        self._row([*self._bubble(text, mine=False), *self._gloss(gloss, mine=False)], beside)

    def struck(self, author: str, text: str, beside: Iterable[Piece]) -> None:
        """What was to be written and was not: nobody has read it."""
        lines = [Piece(f" {line}", "red strike") for line in _wrapped(text, PHONE - 4)]
        self._row([Piece(f" {author}", "dim"), *lines], beside)

    def beside(self, pieces: Iterable[Piece]) -> None:
        """Something at the desk alone."""
        self._row([], pieces)

    def card(self, text: str, buttons: Sequence[str] = (), *, mark: str = "", style: str = "cyan") -> list[Piece]:
        """A message in the topic, with its buttons. Without a right edge: how wide an emoji is only the terminal knows."""
        first, *lines = text.splitlines()
        lines.insert(0, f"{first} {mark}".rstrip())
        shown = [piece for line in lines for piece in _wrapped(line, self._room - 2)] + self._buttons(buttons)
        edge = "▌" if self._unicode else "|"
        return [Piece(f"{edge} {line}", style) for line in shown]

    def note(self, text: str, style: str = "dim") -> list[Piece]:
        """Something about the desk that no message says."""
        return [Piece(line, style) for line in _wrapped(text, self._room)]

    def _buttons(self, labels: Sequence[str]) -> list[str]:
        """As many in a row as fit."""
        rows: list[str] = []
        for label in labels:
            button = f"[ {label} ]"
            if rows and cell_len(rows[-1]) + cell_len(button) + 3 <= self._room:
                rows[-1] += f" {button}"
            else:
                rows.append(button)
        return rows

    @property
    def _room(self) -> int:
        """Cells for the topic: beside the phone, or set in below it."""
        return self.console.width - (PHONE + 4 if self.wide else INDENT)

    def _head(self, title: str, width: int) -> Piece:
        head = f"{self._rule * 2} {title} "
        return Piece(set_cell_size(head + self._rule * max(0, width - cell_len(head)), width), "dim")

    def _gloss(self, text: str, *, mine: bool) -> list[Piece]:
        lines = _wrapped(f"({text})", BUBBLE - 2) if text else []
        return [Piece(f"{line:>{PHONE - 2}}" if mine else f"  {line}", "dim italic") for line in lines]

    def _bubble(self, text: str, *, mine: bool) -> list[Piece]:
        lines = [line for paragraph in text.splitlines() for line in _wrapped(paragraph, BUBBLE - 4)]
        drawn = list(_boxed(lines, unicode=self._unicode))
        indent = PHONE - cell_len(drawn[0]) - 1 if mine else 1
        return [Piece(" " * indent + line, "green" if mine else "cyan") for line in drawn]

    def _row(self, left: Iterable[Piece], right: Iterable[Piece]) -> None:
        """Both devices at one moment."""
        if not self.wide:
            self._below(left, right)
            return
        for phone, topic in zip_longest(left, right, fillvalue=Piece()):
            gap = " " * (PHONE - cell_len(phone.text))
            line = Text.assemble(
                (phone.text, phone.style), gap, (f" {self._bar} ", "dim"), (topic.text, topic.style)
            )  # fmt: skip
            line.rstrip()
            self.console.print(line, soft_wrap=True)

    def _below(self, left: Iterable[Piece], right: Iterable[Piece]) -> None:
        """The topic under the phone, with its name before its first line."""
        below = list(right)
        if below and self._topic:
            below.insert(0, self._head(self._topic, PHONE))
            self._topic = ""
        for piece in [*left, *(Piece(" " * INDENT + each.text, each.style) for each in below)]:
            self.console.print(Text(piece.text.rstrip(), piece.style), soft_wrap=True)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells: an emoji is as wide as two letters."""
    whole = THOUSANDS.sub("\u00a0", text)
    for narrower in range(width // 2):
        lines = textwrap.wrap(whole, width - narrower, break_on_hyphens=False)
        if max(map(cell_len, lines), default=0) <= width:
            return lines or [""]
    return [whole]


def _boxed(lines: Sequence[str], *, unicode: bool) -> Iterator[str]:
    width = max(map(cell_len, lines), default=0)
    left_top, right_top, left_end, right_end, rule, side = "╭╮╰╯─│" if unicode else "++++-|"
    yield left_top + rule * (width + 2) + right_top
    for line in lines:
        yield f"{side} {set_cell_size(line, width)} {side}"
    yield left_end + rule * (width + 2) + right_end
