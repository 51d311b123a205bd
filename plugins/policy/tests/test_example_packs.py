"""The packs of the examples: they hold, carry over the price lists from before packs, and speak three languages."""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from truffles_policy.pack.schema import Pack, Service

EXAMPLES = Path(__file__).parents[3] / "examples"
LANGUAGES = {"ru", "kk", "en"}
PRICE_LISTS = {"demo_salon": "services.csv", "demo_phones": "prices.csv"}


def written(name: str) -> Any:
    return yaml.load((EXAMPLES / name / "pack.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@functools.cache
def read(name: str) -> Pack:
    return Pack.model_validate(written(name))


def rows() -> Iterator[Any]:
    for name, file in PRICE_LISTS.items():
        with (EXAMPLES / name / "knowledge" / file).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter=";"):
                yield pytest.param(name, row, id=f"{name}: {row['услуга']}")


def texts(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """All `Words` of a pack, and where they stand."""
    if isinstance(value, dict) and value and value.keys() <= {"", *LANGUAGES}:
        yield where, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from texts(inner, f"{where}.{at}")


@pytest.mark.parametrize("name", ["demo_salon", "demo_dental", "demo_phones"])
def test_a_pack_holds_and_every_text_is_in_three_languages(name: str) -> None:
    found = dict(texts(read(name).model_dump()))
    assert len(found) > 60
    assert {where: set(words) for where, words in found.items() if set(words) != LANGUAGES} == {}


@pytest.mark.parametrize(("name", "row"), [*rows()])
def test_what_stands_in_the_price_list_costs_and_lasts_the_same_in_the_pack(name: str, row: dict[str, str]) -> None:
    pack = read(name)
    [thing] = [each for each in (*pack.services, *pack.products) if each.name["ru"] == row["услуга"]]
    price = row["цена"].replace(" ", "")
    assert thing.free == (price == "бесплатно")
    if not thing.free:
        assert (thing.price_from if price.startswith("от") else thing.price) == int(price.removeprefix("от"))
    assert {each.strip() for each in row["алиасы"].split(",") if each.strip()} <= {*thing.aliases}
    if isinstance(thing, Service) and row["длительность"]:
        lasts = thing.duration_from if row["длительность"].startswith("от") else thing.duration
        written_there = Service.model_validate(
            {"id": "x", "name": "x", "duration": row["длительность"].removeprefix("от ")}
        )
        assert lasts == written_there.duration


def test_the_packs_differ_in_what_they_can() -> None:
    salon, dental, phones = (read(name) for name in ("demo_salon", "demo_dental", "demo_phones"))
    assert [pack.services_complete for pack in (salon, dental, phones)] == [False, True, False]
    assert [pack.products_complete for pack in (salon, dental, phones)] == [False, False, True]
    assert [pack.booking.enabled for pack in (salon, dental, phones)] == [True, True, False]
    assert [pack.discounts.tell for pack in (salon, dental, phones)] == [True, True, False]
    assert {each.slug for each in dental.branches} == {"centre", "samal"}


def test_the_clinic_s_config_includes_its_pack_and_has_its_branches() -> None:
    config = tomllib.loads((EXAMPLES / "demo_dental" / "tenant.toml").read_text(encoding="utf-8"))
    [policy] = [each for each in config["plugins"] if each["name"] == "policy"]
    assert (EXAMPLES / "demo_dental" / policy["settings"]["pack"]["include"]).is_file()
    there = {each.slug: each.name["ru"] for each in read("demo_dental").branches}
    assert {each["slug"]: each["name"] for each in config["branches"]} == there


def test_days_are_a_duration() -> None:
    assert Service.model_validate({"id": "x", "name": "x", "duration": "1 день"}).duration == 24 * 60
    assert Service.model_validate({"id": "x", "name": "x", "duration": "2 күн 1 сағ"}).duration == 49 * 60


def test_an_answer_for_a_branch_that_there_is_not_is_refused() -> None:
    pack = written("demo_dental")
    pack["faq"][0]["branches"] = ["nowhere"]
    with pytest.raises(ValidationError, match='there is no branch "nowhere"'):
        Pack.model_validate(pack)
