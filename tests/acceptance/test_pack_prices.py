"""The facts of the example packs before the firewall: each may be said beside all others, and none with another's price."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from truffles_policy.pack.entries import facts
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.telling import Telling
from truffles_policy.plugin import plugin

from truffles_gateway.firewall import objections
from truffles_gateway.messages import Passage
from truffles_gateway.testing import texts_of

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKS = {path.parent.name: path for path in sorted(EXAMPLES.glob("*/pack.yaml"))}


def told(name: str, language: str) -> list[Passage]:
    """Everything that a pack tells, in one of its languages."""
    written = yaml.load(PACKS[name].read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    pack = Pack.model_validate(written | {"language": language})
    found = facts(pack, Telling(pack, texts_of(plugin)))
    return [Passage(id=each.id, text=each.text, confidence=1, query="?") for each in found if each.text]


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
@pytest.mark.parametrize("name", PACKS)
def test_each_fact_may_be_said_beside_all_others(name: str, language: str) -> None:
    held = told(name, language)
    assert len(held) > 20
    assert {each.text: found for each in held if (found := objections(each.text, held, (), ""))} == {}


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
@pytest.mark.parametrize("name", PACKS)
def test_hardly_a_thing_is_sold_for_the_price_of_another(name: str, language: str) -> None:
    """Nine in ten; the rest have a price for each branch, or share words with the thing whose price they are given."""
    held = told(name, language)
    lines = [
        each.text.split(". ")[0].partition(" — ") for each in held if each.id.startswith(("services.", "products."))
    ]
    rest = [(thing, said.split(",")[0].strip(". ")) for thing, _, said in lines]
    priced = [(thing, price) for thing, price in rest if price[:1].isdigit() and price.endswith("₸")]
    swapped = [f"{thing} — {price}." for thing, own in priced for _, price in priced if price != own]
    free = [draft for draft in swapped if not objections(draft, held, (), "")]
    assert len(swapped) > 20
    assert len(free) <= len(swapped) / 10, free[:20]
