"""Goods that are asked for where there is only work; halves of questions; ways to pay that are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from truffles_policy.facts.roles import roles_of
from truffles_policy.pack.review import unknown
from truffles_policy.pack.schema import Pack
from truffles_policy.plugin import Policy, plugin
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Passage
from truffles_gateway.testing import texts_of

Ask = Callable[..., Any]


@dataclass(frozen=True)
class At:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


GOODS = [
    ("workshop", "продаете велосипеды?", "wash"),
    ("workshop", "есть ли велосипеды?", "wash"),
    ("workshop", "велосипеды есть?", "wash"),
    ("workshop", "можно у вас купить велосипед?", "wash"),
    ("workshop", "сколько стоит велосипед?", "wash"),
    ("workshop", "велосипед бар ма?", "wash"),
    ("workshop", "велосипед сатасыздар ма?", "wash"),
    ("workshop", "do you sell bicycles?", "wash"),
    ("workshop", "цепи продаёте?", "chain"),
    ("workshop", "tsepi prodaete?", "chain"),
    ("workshop", "шынжыр бар ма?", "chain"),
    ("workshop", "shynzhyr bar ma", "chain"),
    ("workshop", "do you have chains?", "chain"),
    ("workshop", "do you have chains in stock?", "chain"),
    ("workshop", "камеры есть в наличии?", "tube"),
    ("workshop", "тормоза продаете?", "bleeding"),
    ("workshop", "самокаты продаёте?", "hire"),
    ("demo_phones", "аккумуляторы продаете?", "battery"),
    ("demo_phones", "экраны есть?", "screen_iphone"),
    ("demo_salon", "волосы продаете?", "haircut_women"),
    ("demo_salon", "волосы есть?", "toning"),
    ("demo_salon", "шаш сатасыздар ма?", "haircut_women"),
    ("salon", "волосы есть?", "cut"),
]
NAMED = [
    ("workshop", "делаете замену цепи?", "Да, есть. Замена цепи"),
    ("workshop", "замена цепи есть?", "Да, есть. Замена цепи"),
    ("workshop", "мойка есть?", "Да, есть. Мойка велосипеда"),
    ("workshop", "прокачка есть?", "Да, есть. Прокачка гидравлики"),
    ("workshop", "тормоза есть?", "Да, есть. Прокачка гидравлики"),
    ("workshop", "самокаты есть?", "Да, есть. Прокат самокатов"),
    ("workshop", "шынжыр ауыстыру бар ма", "Иә, бар. Шынжыр ауыстыру"),
    ("workshop", "do you have chain replacement?", "Yes, we have it. Chain replacement"),
    ("workshop", "сколько стоит цепь?", "Замена цепи — 4 000 ₸"),
    ("workshop", "камера почём?", "Замена камеры — 2 500 ₸"),
    ("demo_salon", "есть маникюр?", "Да, есть."),
    ("demo_salon", "педикюр есть?", "Да, есть."),
    ("demo_salon", "у вас есть ламинирование?", "Да, есть."),
    ("demo_salon", "шугаринг бар ма", "Иә, бар."),
    ("demo_salon", "делаете ресницы?", "Да, есть."),
    ("demo_salon", "ноги сколько?", "Шугаринг ног"),
    ("demo_salon", "гель-лак есть?", "Да, есть."),
    ("demo_dental", "имплант есть?", "Да, есть. Имплант"),
    ("demo_dental", "ортодонт есть?", "Да, есть."),
    ("demo_dental", "аир флоу канша стоит у вас?", "Air Flow"),
    ("demo_phones", "чехлы продаёте?", "Да, есть. Силиконовый чехол"),
    ("demo_phones", "меняете аккумуляторы?", "Замена аккумулятора"),
]


@pytest.mark.parametrize(("pack", "text", "service"), GOODS)
def test_the_price_of_work_is_no_answer_to_who_asks_for_goods(
    pack: str, text: str, service: str, ask: Ask, policies: dict[str, Any]
) -> None:
    found, draft = ask(pack, text)
    assert draft is None and not any(each.id.startswith("pack:services") for each in found)
    likely = Passage(id=f"pack:services.{service}", text="…", confidence=0.9, query=text, source="pack")
    assert policies[pack].denied([likely]) == [likely]


@pytest.mark.parametrize(("pack", "text", "told"), NAMED)
def test_the_work_itself_is_told(pack: str, text: str, told: str, ask: Ask, policies: dict[str, Any]) -> None:
    found, draft = ask(pack, text)
    assert draft is not None and told in draft.text
    assert not policies[pack].denied(found)


@pytest.mark.parametrize(("name", "language", "objects"), [
    ("Замена задней втулки", "ru", ["втулки"]),
    ("Химчистка дивана, угловой", "ru", ["дивана"]),
    ("Сеанс массажа", "ru", []),
    ("Консультация ортодонта", "ru", []),
    ("Ботокс для волос", "ru", ["волос"]),
    ("Маникюр с гель-лаком", "ru", []),
    ("Замена экрана iPhone 11", "ru", ["экрана", "iphone"]),
    ("поменять батарею", "", ["батарею"]),
    ("Гидравликалық тежегішті айдау", "kk", ["тежегішті"]),
    ("Шашты кератинмен түзету", "kk", ["шашты"]),
    ("Классикалық маникюр", "kk", []),
    ("Hydraulic brake bleeding", "en", ["brake"]),
    ("Cleaning a phone after water", "en", ["phone"]),
    ("Repair of one nail", "en", ["one", "nail"]),
    ("Gel polish manicure", "en", []),
])  # fmt: skip
def test_what_a_service_is_done_to_is_told_from_what_it_is(name: str, language: str, objects: list[str]) -> None:
    assert [each.word for each in roles_of(name, language) if each.role == "object"] == objects


@pytest.mark.parametrize("text", [
    "ваш адрес и есть ли доставка?", "какой адрес и есть ли доставка?", "есть ли доставка и какой адрес?", "адрес и доставка?",
    "your address and do you have delivery?", "мекенжай және доставка бар ма", "adres kaida zhane dostavka bar ma",
])  # fmt: skip
def test_of_two_questions_the_known_one_is_told_by_itself(text: str, ask: Ask) -> None:
    found, draft = ask("workshop", text)
    assert draft is None and "pack:place.address" in {each.id for each in found}
    assert all("ост" not in each.query and "deliver" not in each.query for each in found)


@pytest.mark.parametrize("text", ["ваш телефон и можно ли с ребёнком?", "можно ли с ребёнком и какой у вас телефон?"])
def test_a_number_that_is_asked_for_is_told_beside_what_is_not_known(text: str, ask: Ask) -> None:
    found, draft = ask("workshop", text)
    assert draft is None and [(each.id, "телефон" in each.query) for each in found] == [
        ("pack:business.contacts", True)
    ]


@pytest.mark.parametrize(("query", "id", "text", "denied"), [
    ("и есть ли доставка?", "pack:place.address", "пр. Велосипедный, 7", True),
    ("можно ли с ребёнком?", "pack:payment", "наличные, Kaspi QR", True),
    ("какой у вас телефон?", "pack:payment", "наличные, Kaspi QR", True),
    ("какой у вас телефон?", "pack:business.contacts", "+7 700 000 00 77", False),
    ("и есть ли доставка?", "pack:payment", "Наличные; карты и при доставке", False),
    ("есть ли доставка?", "pack:faq.0", "Возим по городу", False),
    ("ваш адрес?", "pack:place.address", "пр. Велосипедный, 7", False),
])  # fmt: skip
def test_where_the_business_is_answers_nothing_else(
    query: str, id: str, text: str, denied: bool, policies: dict[str, Any]
) -> None:
    passage = Passage(id=id, text=text, confidence=0.8, query=query, source="pack")
    assert policies["workshop"].denied([passage]) == ([passage] if denied else [])


@pytest.mark.parametrize(("query", "id", "day", "denied"), [
    ("атлас икс 14 есть в наличии?", "x14", 14, True), ("is the Atlas X 14 still in stock?", "x14", 14, True), ("атлас икс 14 есть в наличии?", "x14", 10, False),
    ("атлас икс 14 сколько стоит?", "x14", 14, False), ("атлас икс 13 в наличии?", "x13", 14, False), ("замок велосипедный есть в наличии?", "lock", 14, False),
])  # fmt: skip
def test_the_price_of_goods_that_were_counted_long_ago_does_not_say_that_there_are_any(
    query: str, id: str, day: int, denied: bool, policies: dict[str, Any]
) -> None:
    """After 24 hours nobody knows; of what nobody counts, the list says that it is sold."""
    bikes = policies["bikes"]
    policy = Policy(
        PolicySettings(pack=bikes.facts.pack), texts_of(plugin), clock=At(datetime(2026, 1, day, 9, tzinfo=UTC))
    )
    passage = Passage(id=f"pack:products.{id}", text="…", confidence=0.9, query=query, source="pack")
    assert policy.denied([passage]) == ([passage] if denied else [])


@pytest.mark.parametrize(("text", "told"), [
    ("рассрочка есть?", "Рассрочки нет. Принимаем: наличные, Kaspi QR."),
    ("в рассрочку можно?", "Рассрочки нет. Принимаем: наличные, Kaspi QR."),
    ("бөліп төлеу бар ма?", "Бөліп төлеу жоқ. Қабылдаймыз: қолма-қол ақша, Kaspi QR."),
    ("bolip toleu bar ma", "Бөліп төлеу жоқ. Қабылдаймыз: қолма-қол ақша, Kaspi QR."),
    ("do you have instalments?", "There are no instalments. We accept: cash, Kaspi QR."),
])  # fmt: skip
def test_that_there_are_no_instalments_is_a_sentence(text: str, told: str, ask: Ask) -> None:
    _, draft = ask("workshop", text)
    assert draft is not None and draft.text == told


def test_what_is_not_accepted_is_told_with_what_is(ask: Ask, policies: dict[str, Any]) -> None:
    _, draft = ask("salon", "амекс принимаете?")
    assert draft.text.startswith("Нет, не принимаем: карта American Express. Принимаем: наличные, Kaspi QR.")
    [held] = [each.answer for each in policies["workshop"].entries() if each.id == "pack:payment"]
    assert held == "Принимаем: наличные, Kaspi QR. Рассрочки нет."


def test_instalments_that_are_refused_are_known(policies: dict[str, Any]) -> None:
    pack: Pack = policies["workshop"].facts.pack
    assert "instalments" not in list(unknown(pack)) and "prepayment" in list(unknown(pack))


@pytest.mark.parametrize(("pack", "text", "fact"), [
    ("demo_salon", "у меня есть прыщи на лице", "face_cleansing"), ("demo_salon", "есть ли противопоказания для лица", "face_cleansing"),
    ("demo_salon", "есть раздражение на лице, можно прийти?", "face_cleansing"), ("demo_phones", "у меня есть трещина на экране", "screen_iphone"),
    ("demo_phones", "есть трещина на экране, сколько стоит?", "screen_iphone"),
])  # fmt: skip
def test_what_is_told_of_what_work_is_done_to_asks_for_no_goods(
    policies: dict[str, Any], pack: str, text: str, fact: str
) -> None:
    found = Passage(id=f"pack:services.{fact}", text="…", confidence=0.9, query=text)
    assert not policies[pack].denied([found])
