"""How alike a question and the wordings of a chunk are, whatever the spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_rag_qdrant.likeness import Likeness, nearest, pieces, wordings

from truffles_gateway.plugin import Chunk

CHUNKS = [
    Chunk(
        id="parking",
        source="pack",
        text="Во дворе есть парковка.",
        metadata={"name": "Парковка", "aliases": "Көлік тұрағы|Parking"},
    ),
    Chunk(
        id="nails",
        source="pack",
        text="Маникюр — 7 000 ₸",
        metadata={"name": "Маникюр с покрытием", "aliases": "маник"},
    ),
    Chunk(id="brows", source="pack", text="Брови — 4 000 ₸", metadata={"name": "Коррекция бровей"}),
    Chunk(
        id="dog",
        source="pack",
        text="Вопрос: Можно с собакой?\nОтвет: Нет.",
        question="Можно с собакой? Итпен келуге бола ма?",
        answer="Нет.",
    ),
]


def best(text: str) -> str:
    return next(iter(nearest(Likeness(CHUNKS).of(text), 1)), "")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("парковочка есть?", "parking"), ("парковко", "parking"), ("колик турагы барма", "parking"), ("gfhrjdrf", "parking"),
        ("parkovka est", "parking"), ("маникюрчик", "nails"), ("бровки скоректировать", "brows"), ("собачкой можно?", "dog"),
        ("итпен барсам болама", "dog"),
    ],
)  # fmt: skip
def test_slips_endings_layouts_and_kazakh_letters_matter_little(text: str, id: str) -> None:
    assert best(text) == id


def test_each_name_and_question_is_a_wording_by_itself() -> None:
    assert wordings(CHUNKS[0])[:3] == ["Парковка", "Көлік тұрағы", "Parking"]
    assert wordings(CHUNKS[3])[:2] == ["Можно с собакой?", "Итпен келуге бола ма?"]
    assert Likeness(CHUNKS).of("парковка")["parking"] == pytest.approx(1.0), "however many other names stand beside it"


@given(st.text(max_size=200))
def test_whatever_is_asked_likeness_is_a_share(text: str) -> None:
    assert all(0 < like <= 1.0001 for like in Likeness(CHUNKS).of(text).values())
    assert pieces(text) == pieces(text.upper()) or any(letter.upper().lower() != letter.lower() for letter in text)


def test_nothing_is_like_nothing() -> None:
    assert Likeness([]).of("парковка") == {} and Likeness(CHUNKS).of("!!!") == {}
