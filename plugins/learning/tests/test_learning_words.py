"""Questions, answers and doubts by example, in three languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from truffles_learning.doubts import doubts
from truffles_learning.lesson import likeness, merged, real_question, useful_answer

TABLE = tomllib.loads((Path(__file__).parent / "lessons.toml").read_text("utf-8"))
HELD = ["Маникюр — 5 000 ₸, г. Алматы, тел. +7 700 000 00 12, скидка 10 %, 1 января закрыто"]


@pytest.mark.parametrize(("asked", "learnt"), TABLE["question"][0].items())
def test_the_question_is_what_the_customer_wanted_to_know(asked: str, learnt: str) -> None:
    assert real_question(asked) == learnt


@pytest.mark.parametrize(("said", "learnt"), TABLE["answer"][0].items())
def test_the_answer_is_what_answers_something(said: str, learnt: str) -> None:
    assert useful_answer(said) == learnt


@pytest.mark.parametrize(("answer", "kinds"), TABLE["doubt"][0].items())
def test_what_the_knowledge_does_not_hold_is_doubted(answer: str, kinds: list[str]) -> None:
    assert doubts(answer, HELD) == kinds


def test_answers_are_joined_sentence_by_sentence_and_stay_within_the_limit() -> None:
    assert merged("Да, есть.", "Да, есть! Во дворе.", 2_000) == "Да, есть. Во дворе."
    assert merged("", "Да.\nЕсть.", 2_000) == "Да. Есть."
    long = merged("Начало.", " ".join(f"Предложение номер {n}." for n in range(500)), 2_000)
    assert 1_900 < len(long) <= 2_000 and long.endswith(".")
    assert merged("", "а" * 3_000, 2_000) == "а" * 2_000


def test_likeness_sees_through_order_and_small_words() -> None:
    assert likeness("А вы делаете татуаж губ?", "вы делаете татуаж губ") > 0.9
    assert likeness("татуаж губ вы делаете?", "А вы делаете татуаж губ?") > 0.9
    assert likeness("А вы делаете татуаж губ?", "А вы делаете татуаж бровей?") < 0.9
    assert likeness("есть парковка?", "сколько стоит маникюр?") < 0.6
