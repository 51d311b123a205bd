"""Nearness of meaning between questions and facts, through the maps that ship."""

from __future__ import annotations

import numpy as np
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.meant import Meanings, lens, unit

FACTS = (
    "Стерилизация: Кошка — 22 000 ₸, 1 ч.",
    "Парковка: Перед входом шесть мест, бесплатно.",
    "Гарантия: На работы 6 месяцев.",
)


def test_a_question_is_nearest_to_the_fact_that_answers_it() -> None:
    embedder = LocalEmbedder()
    known = Meanings(("spay", "parking", "warranty"), list(embedder.embed_now(FACTS)), [embedder.model] * 3)
    for asked, id in (("how much to get my cat fixed", "spay"), ("where can i leave the car", "parking"),
                      ("если сломается через месяц, переделаете бесплатно?", "warranty")):  # fmt: skip
        near = known.of(embedder.embed_now([asked])[0])
        assert max(near, key=lambda each: near[each]) == id, near
        assert all(-1.001 <= each <= 1.001 for each in near.values())


def test_the_maps_stay_near_to_doing_nothing() -> None:
    """Two texts that mean the same do so behind them."""
    row = LocalEmbedder().embed_now(["сколько стоит стрижка"])
    assert float(lens().of_questions(row)[0] @ lens().of_facts(row)[0]) > 0.6


def test_vectors_of_other_models_are_compared_as_they_are() -> None:
    rows = unit(np.random.default_rng(1).normal(size=(2, 16)).astype(np.float32))
    near = Meanings(("a", "b"), list(rows), ["some/other"] * 2).of(rows[1])
    assert near["b"] > 0.999 and near["a"] == float(rows[0] @ rows[1])


def test_what_has_no_vector_is_near_to_nothing() -> None:
    rows = unit(np.ones((1, 16), np.float32))
    known = Meanings(("a",), list(rows), ["some/other"])
    assert known.of(np.zeros(16, np.float32)) == {}
    assert known.of(np.ones(8, np.float32)) == {}
    assert Meanings((), [], []).of(np.ones(16, np.float32)) == {}


def test_a_fact_without_a_vector_takes_the_maps_from_no_other() -> None:
    embedder = LocalEmbedder()
    rows = embedder.embed_now(FACTS)
    asked = embedder.embed_now(["where can i leave the car"])[0]
    alone = Meanings("abc", list(rows), [embedder.model] * 3).of(asked)
    beside = Meanings("abcd", [*rows, np.zeros(512, np.float32)], [embedder.model] * 3 + [""]).of(asked)
    assert beside == alone
    assert Meanings("abcd", [*rows, np.ones(8, np.float32)], [embedder.model] * 4).of(asked).keys() == set("abc")
