"""The facts of a pack's file by their ids: what a battery may ask for, what wordings may be written for, and what an owner reads
through before customers do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import read_document
from truffles_policy.pack.entries import Fact
from truffles_policy.pack.review import today, untold
from truffles_policy.pack.schema import DayOff, Pack, Place
from truffles_policy.pack.telling import Telling
from truffles_policy.pack.worded import Plain, line, told_by_id

WIDTH = 100
BESIDES = "Told besides, each at its time, and no fact by an id:"


@dataclass(frozen=True, slots=True)
class Page:
    """How facts are shown: each on one line, cut, or whole, `width` columns wide."""

    brief: bool = False
    width: int = WIDTH

    def shown(self, head: str, text: str, indent: str = "") -> Iterator[str]:
        """What is told under its head."""
        if self.brief:
            yield f"{indent}{head}: {line(text)}"
            return
        yield f"{indent}{head}:"
        for each in text.splitlines():
            yield from textwrap.wrap(each, max(self.width, 20), initial_indent=f"{indent}  ", subsequent_indent=f"{indent}  ",
                                     break_long_words=False, break_on_hyphens=False)  # fmt: skip


def listed(path: Path, page: Page, language: str = "") -> tuple[list[ConfigError], list[str]]:
    """What is wrong with a pack's file, or, of a good one, its facts: each id once, with what is told; below them what is told and is
    no fact by an id."""
    try:
        document = read_document(path)
    except ConfigError as problem:
        return [problem], []
    problems = document.problems(Pack)
    return problems, [] if problems else list(_lines(Pack.model_validate(document.value), page, language))


def _lines(pack: Pack, page: Page, language: str) -> Iterator[str]:
    day = today()
    remarks = {f"promotions.{each.id}": remark for each in pack.promotions if (remark := untold(each, day))}
    for id, facts in told_by_id(pack, language).items():
        yield from _block(id, facts, len(pack.branches), page)
        yield from [f"  ! {remarks[id]}"] if id in remarks else []
    besides = [
        each for head, text in _besides(pack, Telling(pack, Plain(), language)) for each in page.shown(head, text)
    ]
    yield from ["", BESIDES, *besides] if besides else []


def _block(id: str, facts: Sequence[Fact], branches: int, page: Page) -> Iterator[str]:
    """Once where it is the same everywhere, else once more for each branch that tells it."""
    texts = {fact.text for fact in facts}
    if len(texts) == 1 and (facts[0].branch is None or len(facts) == branches):
        yield from page.shown(id, facts[0].text)
        return
    yield f"{id}:"
    for fact in facts:
        yield from page.shown(f"at {fact.branch.slug}", fact.text, "  ") if fact.branch else ()


def _besides(pack: Pack, telling: Telling) -> Iterator[tuple[str, str]]:
    """What customers are told beside the facts: where it stands in the pack, and its words."""
    yield from _days_off("place", pack.place, telling)
    for branch in pack.branches:
        yield from _days_off(f"branches.{branch.slug}", branch, telling)
    for at, each in enumerate(pack.emergencies):
        yield f"emergencies.{at} ({', '.join(each.signs)})", telling.own(each.line)
    lines = {
        "business.speaks": telling.spoken(pack.business.speaks),
        "discounts.otherwise": telling.own(pack.discounts.otherwise) if pack.discounts.tell else "",
        "booking.note": telling.own(pack.booking.note) if pack.booking.enabled else "",
        "texts.call_to_action": telling.own(pack.texts.call_to_action),
        "texts.closed_now": telling.own(pack.texts.closed_now),
    }
    yield from ((head, text) for head, text in lines.items() if text)


def _days_off(where: str, place: Place, telling: Telling) -> Iterator[tuple[str, str]]:
    off: Sequence[DayOff] = place.exceptions
    if off:
        yield f"{where}.exceptions", "\n".join(map(telling.day_off, off))
