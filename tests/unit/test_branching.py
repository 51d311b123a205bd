"""What is not said before the branch is known."""

from __future__ import annotations

import pytest

from truffles_gateway.branching import is_priced


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Маникюр 5 000 ₸", True),
        ("Маникюр стоит пять тысяч", True),
        ("Консультация бесплатная", True),
        ("Скидка 10 %", True),
        ("Есть скидка для студентов", True),
        ("Работаем с 9:00 до 20:00", True),
        ("Работаем с 9 до 20", True),
        ("Работаем круглосуточно", True),
        ("Работаем без выходных", True),
        ("Мы открыты каждый день", True),
        ("В воскресенье мы закрыты", True),
        ("Пн–сб как обычно", True),
        ("Сағат 9-дан 20-ға дейін", True),
        ("Жексенбі — демалыс", True),
        ("We are closed on Sundays", True),
        ("5000 tenge", True),
        ("Парковка во дворе", False),
        ("Делаем педикюр и стрижку", False),
        ("Наш адрес: улица Абая, 150", False),
        ("Звоните: +7 701 000 00 11", False),
        ("Іә, аппараттық педикюр жасаймыз", False),
        ("Yes, we do pedicures", False),
        ("", False),
    ],
)
def test_prices_discounts_and_timetables(text: str, is_one: bool) -> None:
    assert is_priced(text) is is_one
