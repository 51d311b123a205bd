"""Which place a customer means: three languages, either script, endings, slips, two names, none."""

from __future__ import annotations

import pytest

from truffles_gateway.choosing import Choice, is_open, read, undecided

PLACES = (
    ("abay", ("Абая 10", "Абай даңғылы 10", "Abay 10")),
    ("satpaev", ("Сатпаева 22", "ТРЦ Сатпаев")),
    ("centre", ("Центр", "Орталық", "Centre", "Downtown")),
)
MORE = (*PLACES, ("plaza", ("Достык Плаза",)))


@pytest.mark.parametrize(
    ("text", "key", "rest"),
    [
        ("1", "abay", ""),
        ("2.", "satpaev", ""),
        ("2️⃣", "satpaev", ""),
        ("№3", "centre", ""),
        ("вариант 2", "satpaev", ""),
        ("второй", "satpaev", ""),
        ("вторй", "satpaev", ""),
        ("перый", "abay", ""),
        ("первый который на абая", "abay", ""),
        ("во вторник", "", ""),
        ("Во второй, пожалуйста", "satpaev", ""),
        ("2-й", "satpaev", ""),
        ("третий филиал", "centre", ""),
        ("екінші", "satpaev", ""),
        ("Екіншісі", "satpaev", ""),
        ("үш", "centre", ""),
        ("second", "satpaev", ""),
        ("the 2nd one", "satpaev", ""),
        ("the first one please", "abay", ""),
        ("two", "satpaev", ""),
        ("2, и есть ли парковка?", "satpaev", "есть ли парковка?"),
        ("2\nесть парковка?", "satpaev", "есть парковка?"),
        ("второй, а сколько стоит педикюр?", "satpaev", "сколько стоит педикюр?"),
        ("2, 3 человека будет", "satpaev", "3 человека будет"),
        ("2 Сатпаева", "satpaev", ""),
        ("на Абая", "abay", ""),
        ("давайте на абае", "abay", ""),
        ("Абайда", "abay", ""),
        ("Абайдағы филиал", "abay", ""),
        ("abaya", "abay", ""),
        ("на сатпаеве", "satpaev", ""),
        ("стапаева", "satpaev", ""),
        ("satpayeva", "satpaev", ""),
        ("в центре", "centre", ""),
        ("цетр", "centre", ""),
        ("орталықта", "centre", ""),
        ("downtown please", "centre", ""),
        ("не на Абая, а на Сатпаева", "satpaev", ""),
        ("Абайда емес, орталықта", "centre", ""),
        ("на Абая, а парковка есть?", "abay", "а парковка есть?"),
        ("нет, лучше в центре", "centre", ""),
        ("one", "abay", ""),
        ("one please", "abay", ""),
        ("one two", "", ""),
        ("one question", "", ""),
        ("ладно, 2", "satpaev", ""),
        ("хорошо, второй", "satpaev", ""),
        ("на 2", "satpaev", ""),
        ("во второй есть парковка?", "satpaev", "есть парковка?"),
        ("2 есть парковка?", "satpaev", "есть парковка?"),
        ("в 3 есть время?", "", ""),
        ("в 2 можно?", "", ""),
        ("на два можно?", "", ""),
        ("не хочу на Абая", "", ""),
        ("на Абая мне не удобно", "", ""),
        ("на Абая не подходит, давайте в центре", "centre", ""),
        ("Абая не надо, лучше Сатпаева", "satpaev", ""),
        ("не удобно на Сатпаева, давайте на Абая", "abay", ""),
        ("не удобно, давайте на Абая", "abay", ""),
        ("Абай керек емес", "", ""),
        ("на Абая не работаете?", "abay", "не работаете?"),
        ("меня зовут Абай", "", ""),
        ("Менің атым Абай, орталықта", "centre", ""),
        ("7", "", ""),
        ("0", "", ""),
        ("1 или 2", "", ""),
        ("1 и 2", "", ""),
        ("1, 2", "", ""),
        ("2 Абая", "", ""),
        ("Абая или Сатпаева?", "", ""),
        ("2 маникюра сколько стоит?", "", ""),
        ("2:30", "", ""),
        ("2-3", "", ""),
        ("2 000", "", ""),
        ("на второй этаж как подняться?", "", ""),
        ("не знаю", "", ""),
        ("всё равно", "", ""),
        ("абажур есть?", "", ""),
        ("", "", ""),
        ("🙂", "", ""),
    ],
)
def test_an_answer_to_the_question(text: str, key: str, rest: str) -> None:
    assert read(text, PLACES, asked=True) == Choice(key, rest)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Сколько стоит маникюр на Абая?", "abay"),
        ("Сколько стоит маникюр на Достыке?", "plaza"),
        ("вы на Абая или на Достык?", ""),
        ("вы на Абая или Плаза?", ""),
        ("достык", ""),
        ("Абайда маникюр қанша тұрады?", "abay"),
        ("how much is a manicure in the centre?", "centre"),
        ("skolko stoit manikur na satpaeva", "satpaev"),
        ("А до скольки работает сатпаевский? я про сатпаева", "satpaev"),
        ("Сколько стоит маникюр на Абая и на Сатпаева?", ""),
        ("Сколько стоит маникюр?", ""),
        ("2", ""),
        ("второй раз пишу, сколько стоит маникюр?", ""),
        ("вы на абажуре?", ""),
        ("Здравствуйте, меня зовут Абай, сколько стоит маникюр?", ""),
        ("на Абая мне не удобно, где ещё вы есть?", ""),
        ("можно к мастеру Абай?", ""),
        ("мастер на Абая сегодня есть?", "abay"),
    ],
)
def test_a_name_in_a_question(text: str, key: str) -> None:
    assert read(text, MORE).key == key


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Сколько стоит маникюр на Абая?", "Сколько стоит маникюр?"),
        ("Где находится филиал на Абая 10?", "Где находится филиал?"),
        ("А на Абае парковка есть?", "А парковка есть?"),
        ("Абайда маникюр қанша тұрады?", "маникюр қанша тұрады?"),
        ("how much is a manicure at the Abay 10, please?", "how much is a manicure, please?"),
        ("на абая", ""),
    ],
)
def test_the_name_is_no_part_of_the_question(text: str, rest: str) -> None:
    assert read(text, PLACES).rest == rest


def test_a_word_that_only_begins_like_a_name_is_none() -> None:
    assert read("парковка есть?", (("park", ("Парк",)), ("mega", ("Мега",))), asked=True).key == ""


@pytest.mark.parametrize(
    ("names", "text", "key"),
    [
        (["Мега", "Достык Плаза"], "на достыке", "b"),
        (["Мега", "Достык Плаза"], "плаза", "b"),
        (["Абая 10", "Абая 150"], "абая", ""),
        (["Абая 10", "Абая 150"], "на Абая, 150", "b"),
        (["Мега Центр", "Центр"], "в центре", "b"),
        (["Мега Центр", "Центр"], "мега центр", "a"),
        (["Салон 1", "Салон 2"], "салон 2", "b"),
        (["Айна на Мира", "Айна в Меге"], "в айне", ""),
        (["Айна на Мира", "Айна в Меге"], "в меге", "b"),
    ],
)
def test_names_that_share_words(names: list[str], text: str, key: str) -> None:
    places = tuple(zip("ab", ((name,) for name in names), strict=True))
    assert read(text, places, asked=True).key == key


def test_names_that_do_not_tell_places_apart_are_found() -> None:
    assert not list(undecided(PLACES))
    assert list(undecided((("a", ("Центр",)), ("b", ("центре", "Север"))))) == [("a", "Центр"), ("b", "центре")]


def test_a_very_long_text_costs_little() -> None:
    import time

    start = time.perf_counter()
    assert read("слово абажур центральный " * 3_000, PLACES).key == ""
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("оба", True),
        ("Да мне без разницы", True),
        ("нет разницы", True),
        ("всё равно", True),
        ("любой филиал", True),
        ("в любом", True),
        ("все", True),
        ("неважно какой", True),
        ("на Абая и на Сатпаева?", True),
        ("и там и там", True),
        ("1 и 2", True),
        ("1, 2", True),
        ("первый и третий", True),
        ("екеуі", True),
        ("Екеуінде де", True),
        ("маған бәрібір", True),
        ("кез-келген", True),
        ("both", True),
        ("Both branches please", True),
        ("any is fine", True),
        ("it doesn't matter", True),
        ("doesnt matter", True),
        ("either one", True),
        ("1 или 2", False),
        ("Абая или Сатпаева?", False),
        ("не на Абая и не на Сатпаева", False),
        ("на Абая", False),
        ("2", False),
        ("все, спасибо", False),
        ("все цены", False),
        ("all good", False),
        ("any discounts?", False),
        ("не знаю", False),
        ("а какой ближе?", False),
        ("сколько стоит на Абая и на Сатпаева?", False),
        ("2 и 3 человека", False),
        ("да", False),
        ("?", False),
        ("", False),
    ],
)
def test_an_answer_that_leaves_it_open(text: str, is_so: bool) -> None:
    assert is_open(text, PLACES) is is_so
