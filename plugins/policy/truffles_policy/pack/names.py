"""What a pack names must be there, once: each slip with the keys under which it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from truffles_policy.pack.schema import Pack, Product, Service

Place = tuple[str | int, ...]
Slip = tuple[Place, str]


def slips(pack: Pack) -> Iterator[Slip]:
    """Names that stand twice, and names of branches, categories and services that the pack does not have."""
    listed = ("categories", "services", "products", "promotions")
    ids = [((part, at, "id"), each.id) for part in listed for at, each in enumerate(getattr(pack, part))]
    yield from _twice(ids, "an id of a category, service, product or promotion")
    yield from _twice([(("branches", at, "slug"), each.slug) for at, each in enumerate(pack.branches)], "a branch")
    yield from _twice([(("faq", at, "id"), each.id) for at, each in enumerate(pack.faq) if each.id], "a question")
    yield from _of_branches(pack)
    yield from _of_things(pack)


def unknown_branches(pack: Pack, known: Sequence[str]) -> Iterator[Slip]:
    """Branches of which the tenant knows nothing: what the pack says of them, nobody would ever be told."""
    yield from _strays(
        [(("branches", at, "slug"), each.slug) for at, each in enumerate(pack.branches)], known, "branch"
    )


def _of_branches(pack: Pack) -> Iterator[Slip]:
    branches = [each.slug for each in pack.branches]
    for at, service in enumerate(pack.services):
        yield from _strays(_each(("services", at, "branches"), service.branches), branches, "branch")
        yield from _strays(_keys(("services", at, "at"), service.at), branches, "branch")
    for at, product in enumerate(pack.products):
        yield from _strays(_each(("products", at, "branches"), product.branches), branches, "branch")
        yield from _strays(_keys(("products", at, "stock_at"), product.stock_at), branches, "branch")
        for number, model in enumerate(product.variants):
            place = ("products", at, "variants", number, "stock_at")
            yield from _strays(_keys(place, model.stock_at), branches, "branch")
    for at, question in enumerate(pack.faq):
        yield from _strays(_each(("faq", at, "branches"), question.branches), branches, "branch")


def _of_things(pack: Pack) -> Iterator[Slip]:
    categories = [each.id for each in pack.categories]
    things = [*categories, *(each.id for part in (pack.services, pack.products) for each in part)]
    filed: dict[str, Sequence[Service | Product]] = {"services": pack.services, "products": pack.products}
    for part, listed in filed.items():
        for at, each in enumerate(listed):
            named = [((part, at, "category"), each.category)] if each.category else []
            yield from _strays(named, categories, "category")
    for at, care in enumerate(pack.care):
        yield from _strays(_each(("care", at, "services"), care.services), things, "service or category")
    for at, promotion in enumerate(pack.promotions):
        place = ("promotions", at, "applies_to")
        yield from _strays(_each(place, promotion.applies_to), things, "service, product or category")


def _each(place: Place, names: Sequence[str]) -> list[tuple[Place, str]]:
    return [((*place, at), name) for at, name in enumerate(names)]


def _keys(place: Place, names: Iterable[str]) -> list[tuple[Place, str]]:
    return [((*place, name), name) for name in names]


def _twice(named: Sequence[tuple[Place, str]], what: str) -> Iterator[Slip]:
    seen: set[str] = set()
    for place, name in named:
        if name in seen:
            yield place, f'"{name}" is {what} already. Give each its own'
        seen.add(name)


def _strays(named: Sequence[tuple[Place, str]], known: Sequence[str], what: str) -> Iterator[Slip]:
    there = list(dict.fromkeys(known))  # an id that stands twice has a slip of its own
    for place, name in named:
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1)
            cure = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(there[:20]) or 'none'}"
            yield place, f'there is no {what} "{name}". {cure}'
