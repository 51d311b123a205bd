"""The format of a battery: what is read, and what is refused with its line and cure."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.battery import load, span

HEAD = "battery: b\ntenant: salon\nnow: 2026-11-25T14:00\ncases:\n"
ONE = "  - {id: a, category: price, language: ru, say: сколько, expect: reply}\n"


def write(folder: Path, text: str, name: str = "b.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_case_of_one_turn_and_one_of_several_are_read_alike(tmp_path: Path) -> None:
    text = HEAD + (
        "  - id: one\n    category: price\n    language: ru\n    heldout: true\n    facts: [services.gel]\n"
        "    say: [скок, стоит]\n    expect: [reply, clarify]\n    include: 7 000\n    not: ['5 000']\n"
        "  - id: several\n    category: booking\n    language: kk\n    now: 2026-11-28T22:30\n    tags: [rude]\n"
        "    turns:\n      - say: сәлем\n      - say: ертең 15:00\n        wait: 1h 30m\n        expect: booking\n"
        "        booking: {time: 15:00, date: 2026-11-29}\n"
    )
    one, several = load(write(tmp_path, text))
    [turn] = one.case.turns
    assert turn.say == ("скок", "стоит") and turn.expect == ("reply", "clarify")
    assert turn.include == ("7 000",) and turn.without == ("5 000",)
    assert one.case.heldout and one.case.facts == ("services.gel",) and turn.facts == ()
    assert one.now == datetime(2026, 11, 25, 14) and several.now == datetime(2026, 11, 28, 22, 30)  # noqa: DTZ001
    assert several.case.waits == (timedelta(), timedelta(minutes=90))
    assert several.case.turns[0].expect == ("any",)
    booking = several.case.turns[1].booking
    assert booking is not None and (booking.time, booking.date) == ("15:00", "2026-11-29")
    assert one.place.endswith("b.yaml:5") and several.place.endswith("b.yaml:14")


@pytest.mark.parametrize(
    ("cases", "line", "said"),
    [
        ("  - {id: a, category: price, language: ru, sy: x}\n", 5, 'Did you mean "say"?'),
        ("  - id: a\n    category: price\n    language: ru\n    say: x\n    expct: reply\n", 9, 'Did you mean "expect"?'),
        ("  - id: a\n    category: price\n    language: ru\n    say: x\n    expect: [repply]\n", 9, "must be one of"),
        ("  - id: a\n    category: price\n    language: fr\n    say: x\n", 7, "must be one of"),
        ("  - id: a\n    category: price\n    language: ru\n    turns:\n      - say: x\n        wait: soon\n", 10, "45m"),
        ("  - id: a\n    category: price\n    category: hours\n", 7, "stands here twice"),
        ("  - id: a\n    category: price\n    language: ru\n    say: x\n    turns: [{say: y}]\n", 8, "unknown key"),
        ("  - id: a\n    category: price\n    language: ru\n", 5, "say: is missing"),
        (ONE + ONE, 6, 'the id "a" stands at'),
        ("  - id: [a\n", 6, "is not YAML"),
        ("  []\n", 4, "cases: is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_cure(tmp_path: Path, cases: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, HEAD + cases))
    assert f"b.yaml:{line}: " in str(caught.value)
    assert said in str(caught.value)


def test_a_folder_holds_files_for_several_businesses(tmp_path: Path) -> None:
    write(tmp_path, HEAD + ONE, "salon.yaml")
    write(tmp_path, (HEAD + ONE).replace("salon", "shop").replace("id: a", "id: b"), "shop.yml")
    assert [each.tenant for each in load(tmp_path)] == ["salon", "shop"]
    assert [each.case.id for each in load(tmp_path, "shop")] == ["b"]
    with pytest.raises(ConfigError, match=r"for clinic.*salon, shop"):
        load(tmp_path, "clinic")
    assert [each.tenant for each in load(tmp_path / "salon.yaml", "clinic")] == ["clinic"], (
        "one business's, put to another"
    )
    write(tmp_path, (HEAD + ONE).replace("tenant: salon\n", "").replace("id: a", "id: c"), "all.yaml")
    assert [each.case.id for each in load(tmp_path, "shop")] == ["c", "b"]
    with pytest.raises(ConfigError, match=r"all\.yaml: names no tenant"):
        load(tmp_path)


def test_a_list_is_no_battery(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"b\.yaml:1: must be a table: keys with their values"):
        load(write(tmp_path, "- a\n- b\n"))


def test_an_empty_folder_or_file_is_no_battery(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no battery"):
        load(tmp_path)
    with pytest.raises(ConfigError, match=r"b\.yaml:1: is empty"):
        load(write(tmp_path, "# nothing\n"))


@pytest.mark.parametrize("text", ["", "45", "m", "45 minutes", "-1h"])
def test_a_length_of_time_has_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="45m"):
        span(text)
