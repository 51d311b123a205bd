"""`truffles pack import`: documents read, a draft written, what is left told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from truffles_policy.draft.placing import drafted
from truffles_policy.draft.writing import written
from truffles_policy.pack.review import checked


def imported(
    folder: Path, output: Path, name: str, language: str, told: Callable[[str], None]
) -> tuple[list[str], bool]:
    """The lines to show, and whether the draft is a good pack."""
    draft = drafted(folder, language, lambda file: told(f"reading {file}") if sys.stderr.isatty() else None)
    draft.name = name or draft.name
    output.write_text(written(draft), encoding="utf-8")
    problems, summary = checked(output)
    left = [f"! {each}" for each in draft.left]
    places = (
        f"; {len(left)} places of the documents could not be placed: write them where they belong, or leave them out"
    )
    count = f"wrote {output}{places if left else ''}"
    unnamed = [] if draft.name else ["! no document says what the business is called: write it under business.name"]
    return [*left, *unnamed, *(f"✗ {each}" for each in problems), *summary, count], not problems
