"""Which two texts contradict each other, for an owner who is asked to approve one of them."""

from __future__ import annotations

import pytest

from truffles_gateway.previews import differs


@pytest.mark.parametrize(("one", "other", "contradict"), [
    ("Маникюр стоит 6 000 ₸.", "Маникюр — 5 000 ₸", True),
    ("Маникюр стоит 5 тыс тенге.", "Маникюр — 5 000 ₸", False),
    ("Маникюр 5 000 ₸, педикюр 7 000 ₸.", "Маникюр — 5 000 ₸", False),
    ("Работаем с 9:00 до 20:00.", "Пн–Вс 9:00–19:00", True),
    ("Звоните +7 700 000 00 12.", "Телефон: +7 700 000 00 13", True),
    ("Скидка 10 %.", "Скидка 15 %.", True),
    ("Маникюр стоит 6 000 ₸.", "Работаем 9:00–19:00", False),
    ("Да, делаем.", "Маникюр — 5 000 ₸", False),
    ("", "", False),
])  # fmt: skip
def test_two_texts_differ_where_each_claims_what_the_other_does_not(one: str, other: str, contradict: bool) -> None:
    assert differs(one, other) is differs(other, one) is contradict
