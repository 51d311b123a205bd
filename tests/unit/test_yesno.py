"""A yes or a no, and nothing else besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway import yesno

YES = [
    "да",
    "Да!",
    "да, всё верно",
    "ага",
    "ок",
    "Ok.",
    "иә",
    "Иә, дұрыс",
    "yes please",
    "That's right",
    "👍",
    "👍🏽",
    "✅",
    "1",
    "+",
    "конечно",
]
NO = ["нет", "Нет.", "не верно", "неправильно", "жоқ", "дұрыс емес", "no", "not right", "👎", "2", "-"]
NEITHER = [
    "",
    "   ",
    "...",
    "да нет",
    "да, и сколько стоит педикюр?",
    "12",
    "давайте завтра",
    "все так",
    "спасибо",
    "дата",
    "не знаю",
    "😀",
]


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert yesno.read(text) is True


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    assert yesno.read(text) is False


@pytest.mark.parametrize("text", NEITHER)
def test_anything_else(text: str) -> None:
    assert yesno.read(text) is None


@given(st.sampled_from(YES + NO), st.text(alphabet="бвгджзклмпрстфхц", min_size=3, max_size=8))
def test_a_word_that_is_none_makes_it_a_message_of_its_own(answer: str, word: str) -> None:
    assert yesno.read(f"{answer} {word}") is None
