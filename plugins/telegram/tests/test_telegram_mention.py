"""Whom a line at the desk is for, as Telegram points at them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_telegram.markup import units
from truffles_telegram.mention import Mention, mention

LINE = "⏰ 🔔 Алия, Анна ждёт уже 30 мин."


def test_who_is_known_by_id_is_pointed_at_under_their_own_name() -> None:
    found = mention(LINE, {"mention": "Алия", "mention_id": "17", "mention_username": "aliya"})
    assert found
    [entity] = found.entities
    assert found.text == LINE
    assert (entity["offset"], entity["length"]) == (5, 4)
    assert entity["user"] == {"id": 17, "is_bot": False, "first_name": "Алия"}


def test_who_is_known_by_user_name_is_called_by_it() -> None:
    found = mention(LINE, {"mention": "Алия", "mention_username": "aliya_kz"})
    assert found == Mention(LINE.replace("Алия", "@aliya_kz"))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"mention": "Алия"},
        {"mention": "Дана", "mention_id": "17"},
        {"mention": "Алия", "mention_id": "-1001"},
        {"mention": "Алия", "mention_id": "a17", "mention_username": "a b"},
        {"mention": "", "mention_id": "17"},
    ],
)
def test_who_is_not_known_here_is_only_named(data: dict[str, str]) -> None:
    assert mention(LINE, data) is None


@given(st.text(), st.text(min_size=1), st.text())
def test_an_entity_never_points_beyond_its_text(before: str, name: str, after: str) -> None:
    found = mention(before + name + after, {"mention": name, "mention_id": "1"})
    assert found
    [entity] = found.entities
    assert 0 <= int(str(entity["offset"])) + int(str(entity["length"])) <= units(found.text)
