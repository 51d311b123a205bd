"""Messages taken apart, and words read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_rag_qdrant.parts import MOST_PARTS, split
from truffles_rag_qdrant.reading import Reader

READER = Reader(["маникюр", "педикюр", "покрытием", "kaspi", "стрижка"])


@pytest.mark.parametrize(("message", "parts"), [
    ("скока стоит маникур и где вы находитесь", ["скока стоит маникур", "и где вы находитесь"]),
    ("сколько\nстоит\nманикюр", ["сколько стоит маникюр"]),
    ("маникюр\nсколько стоит", ["маникюр сколько стоит"]),
    ("маникюр сколько стоит где находитесь", ["маникюр сколько стоит", "где находитесь"]),
    ("здравствуйте! сколько стоит маникюр? спасибо", ["сколько стоит маникюр?"]),
    ("How much is a manicure and where are you located?", ["How much is a manicure", "and where are you located?"]),
    ("маникюр қанша тұрады және мекенжайыңыз қайда?", ["маникюр қанша тұрады", "және мекенжайыңыз қайда?"]),
    ("адрес и время работы", ["адрес", "и время работы"]),
    ("Привет", []),
    ("Я была у вас в прошлый раз, все понравилось. Сколько стоит педикюр?", ["Сколько стоит педикюр?"]),
])  # fmt: skip
def test_a_message_is_taken_apart(message: str, parts: list[str]) -> None:
    assert [part.text for part in split(message, READER)] == parts


def test_what_may_be_one_question_or_two_keeps_both_readings() -> None:
    (part,) = split("сколько стоит маникюр и педикюр", READER)
    assert [piece.things for piece in part.pieces] == [{"c:manicure"}, {"c:pedicure"}]
    assert all(piece.asked == {"c:price"} for piece in part.pieces)


@pytest.mark.parametrize(("written", "meant"), [
    ("маникур", "маникур"), ("педекюр", "педикюр"), ("manikyur", "маникюр"), ("оплотить", "оплатить"),
    ("vfybr.h", "маникюр"), ("солярий", "солярий"), ("стрижкаааа", "стрижка"),
])  # fmt: skip
def test_words_are_put_right(written: str, meant: str) -> None:
    assert [word.text for word in READER.words(written)] == [meant]


def test_a_word_of_the_dictionary_is_never_corrected() -> None:
    assert [word.text for word in READER.words("брони бритва карта")] == ["брони", "бритва", "карта"]


@given(st.text(max_size=300))
def test_any_text_is_taken_apart_without_an_error(text: str) -> None:
    assert len(split(text, READER)) <= MOST_PARTS
