"""Several commands of `truffles` in one process, for the demo's set-up: importing their libraries takes longer than they
do. `python -m truffles_gateway.cli.demo.errands WORDS… ';' WORDS…`"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from truffles_gateway.cli import main as truffles

BETWEEN = ";"


def split(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands between the semicolons."""
    command: list[str] = []
    for word in words:
        if word == BETWEEN:
            yield command
            command = []
        else:
            command.append(word)
    yield command


def main() -> None:
    """Carry them out in order; the first that fails ends it."""
    for command in split(sys.argv[1:]):
        try:
            truffles(command)
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    main()
