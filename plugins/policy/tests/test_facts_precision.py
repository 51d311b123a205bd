"""What sounds like a question that the pack answers, and is another one: silence, so that somebody who knows is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from truffles_gateway.messages import Draft, Passage

OTHERS = [
    # a denial is another question than the one that the pack has in so many words
    ("demo_salon", "Можно прийти без своего лака?"),
    ("demo_salon", "Можно ли вернуть деньги без сертификата?"),
    ("demo_salon", "Можно сделать маникюр и педикюр не одновременно?"),
    ("demo_dental", "Можно прийти без своего снимка?"),
    # so is one about somebody else
    ("demo_dental", "Больно ли лечить зубы ребёнку?"),
    # another number, place or money than the business's own
    ("demo_salon", "номер заказа подскажите"),
    ("demo_salon", "номер моей очереди какой"),
    ("demo_salon", "подскажите номер лицензии"),
    ("demo_salon", "телефон директора"),
    ("demo_salon", "email бухгалтера"),
    ("demo_phones", "сайт поставщика подскажите"),
    ("demo_phones", "адрес склада"),
    ("demo_salon", "где вы находитесь в Астане?"),
    ("demo_salon", "скиньте номер карты"),
    ("demo_salon", "номер каспи"),
    ("demo_salon", "предоплату вернете если заболею"),
    ("demo_salon", "вернут ли предоплату"),
    ("demo_salon", "а вдруг предоплата сгорит"),
]
SAME = [
    ("demo_salon", "не подскажете, можно прийти со своим лаком?", "свой лак"),
    ("demo_dental", "больно лечить зубы?", "анестезией"),
    ("demo_salon", "номер телефона подскажите", "+7 700 000 00 12"),
    ("demo_salon", "скиньте номер телефона администратора", "+7 700 000 00 12"),
    ("demo_salon", "адрес скиньте, подъеду", "Вымышленная"),
    ("demo_salon", "нужна ли предоплата", "5 000"),
]
Ask = Callable[..., tuple[list[Passage], Draft | None]]


@pytest.mark.parametrize(("name", "text"), OTHERS)
def test_another_question_is_not_answered(name: str, text: str, ask: Ask) -> None:
    found, draft = ask(name, text)
    assert draft is None
    assert not found, [each.id for each in found]


@pytest.mark.parametrize(("name", "text", "words"), SAME)
def test_the_same_in_other_words_is(name: str, text: str, words: str, ask: Ask) -> None:
    _, draft = ask(name, text)
    assert draft is not None and words in draft.text


SILENT = [
    ("demo_salon", "подруге от вашей краски стало плохо, сколько стоит окрашивание?"),
    ("demo_salon", "a friend of mine got a rash after your dye. how much is hair colouring?"),
    ("demo_salon", "если аллергия, сколько стоит маникюр?"),
    ("demo_salon", "Если я беременна, сколько стоит окрашивание?"),
    ("demo_salon", "мне 14 лет, сколько стоит окрашивание?"),
    ("demo_salon", "после химиотерапии, можно прийти без записи?"),
    ("demo_salon", "у меня эпилепсия, можно прийти без записи?"),
    ("demo_dental", "зуб шатается после вашей пломбы, сколько стоит удаление?"),
    ("demo_phones", "продам айфон 13, сколько дадите"),
    ("demo_phones", "почём у вас стекло поклеить?"),
    (
        "demo_salon",
        (
            "Где вы?\nПарковка есть?\nДо скольки работаете?\nМожно с ребёнком?\nWi-Fi есть?\nКарты берёте?\nСобаку можно?\n"
            "Рассрочка есть?\nА вы кератин беременным делаете на третьем месяце?"
        ),
    ),
]


@pytest.mark.parametrize(("name", "text"), SILENT)
def test_what_is_not_understood_beside_a_question_is_no_small_talk(name: str, text: str, ask: Ask) -> None:
    """Trouble, a condition, an age, a deed of one's own, the ninth question: none of it is dropped for a price."""
    assert ask(name, text)[1] is None


@pytest.mark.parametrize("text", ["машину поцарапали во дворе", "охрана грубая"])
def test_a_complaint_is_not_answered_with_what_was_told_last(text: str, ask: Ask) -> None:
    assert ask("demo_salon", text, ["парковка есть?"])[1] is None
