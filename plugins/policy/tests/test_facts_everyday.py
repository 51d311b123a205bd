"""How customers really ask: other words for a thing, a question that leans on the last one, a story beside it; and what is none
of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_policy.facts.names import written
from truffles_policy.facts.reading import read
from truffles_policy.intents.serious import is_own_damage
from truffles_policy.pack.schema import Pack
from truffles_policy.salutations import unaddressed
from truffles_policy.synonyms import of_whom, synonyms

from truffles_gateway.messages import Turn

Ask = Callable[..., Any]
OTHERWISE = [
    ("salon", "гель-лак долго держится?", "две-три недели"),
    ("salon", "делаете маникюрчик?", "4 000"),
    ("demo_phones", "ноуты чините?", "телефоны и планшеты"),
    ("demo_phones", "сколько стоит поменять акум", "12 000"),
    ("demo_phones", "бэушные айфоны есть?", "95 000"),
    ("demo_phones", "б/у айфон есть?", "95 000"),
    ("demo_dental", "зуб выдрать обычный сколько", "10 000"),
    ("demo_salon", "сколько стоит нарастить реснички 2д", "11 000"),
    ("demo_salon", "сколько продержится шеллак?", "2–3 недели"),
    ("demo_salon", "Гель-лак неше күнге шыдайды?", "2–3 апта"),
    ("demo_phones", "13й айфон на 256 сколько", "279 000"),
    ("demo_phones", "самсунг а15 256-сы бар ма", "94 900"),
    ("demo_salon", "мужа подстричь сколько стоит?", "4 000"),
    ("demo_salon", "сколько стоит маникюр для мужа", "4 500"),
    ("demo_salon", "күйеуіме шаш қию қанша тұрады", "4 000"),
    ("demo_salon", "how much is a haircut for my husband", "4 000"),
    ("demo_salon", "девочки, сколько стоит кератин?", "20 000"),
    ("demo_salon", "Здравствуйте девочки, где вы находитесь?", "Вымышленная"),
    ("demo_phones", "Are you guys open on Saturday? What time?", "09:30"),
    ("demo_salon", "опоздаю минут на 15, пустите?", "15 минут"),
    ("demo_salon", "хочу педикюр, классический почем?", "7 000"),
    ("demo_dental", "нужна коронка, циркониевая сколько стоит", "95 000"),
    ("demo_phones", "экран айфона разбит, поменять сколько?", "35 000"),
    ("demo_phones", "разбила экран самсунга, поменять сколько стоит и долго ли", "25 000"),
]


@pytest.mark.parametrize(("pack", "text", "words"), OTHERWISE)
def test_a_thing_is_known_by_other_words(pack: str, text: str, words: str, ask: Ask) -> None:
    _, draft = ask(pack, text)
    assert draft is not None and words in draft.text


@pytest.mark.parametrize(
    ("pack", "text", "never"),
    [
        ("demo_phones", "разбила экран самсунга, поменять сколько стоит", "35 000"),
        ("demo_salon", "хочу педикюр, классический почем?", "4 000"),
        ("demo_dental", "нужна коронка, циркониевая сколько стоит", "55 000"),
        ("demo_salon", "сколько стоит маникюр для мужа", "7 000"),
    ],
)
def test_what_is_only_done_or_only_says_which_one_names_nothing_else(
    pack: str, text: str, never: str, ask: Ask
) -> None:
    _, draft = ask(pack, text)
    assert draft is not None and never not in draft.text


@pytest.mark.parametrize(
    ("pack", "text"),
    [
        ("demo_salon", "сколько стоит стрижка собаке"),
        ("demo_salon", "педикюр мужу сколько стоит"),
        ("demo_salon", "сколько стоит коррекция наращенных ресниц"),
        ("demo_phones", "кокнул экран на хуавее, сколько поменять"),
        ("demo_salon", "ваш мастер сломал ноготь, сколько стоит ремонт"),
        ("demo_dental", "Больно ли лечить зубки ребёнку?"),
        ("demo_salon", "бетімді тазалатсам деп едім, бағасы қалай"),
    ],
)
def test_a_thing_that_is_not_there_by_any_word_is_not_priced(pack: str, text: str, ask: Ask) -> None:
    assert ask(pack, text)[1] is None


LEANING = [
    ("demo_dental", ["Сколько стоит имплант?"], "и сколько он потом приживается?", "3–4 месяца"),
    ("demo_dental", ["What do metal braces cost?"], "and ceramic ones?", "220 000"),
    ("demo_dental", ["What do metal braces cost?"], "how long would I have to wear them", "1 to 2 years"),
    ("demo_dental", ["How much is a crown?"], "how many days till it's done?", "5–7"),
    ("demo_dental", ["коронка из циркония почем"], "а ждать ее сколько", "5–7"),
    ("demo_salon", ["сколько стоит шеллак"], "и сколько он держится", "2–3 недели"),
    ("demo_salon", ["Подскажите, 1 января вы работаете?"], "а второго?", "11:00–19:00"),
    ("demo_dental", ["после удаления зуба через сколько можно кушать?"], "а горячий чай?", "не пейте горячее"),
    ("demo_dental", ["ақыл тісімді жұлдырсам қанша болады"], "ұзаққа созыла ма өзі", "1 сағ"),
    ("demo_phones", ["стекло на экран у вас есть?"], "хотя сколько оно стоит?", "2 500"),
    ("demo_salon", ["сколько стоит стрижка"], "а папе?", "4 000"),
    ("demo_phones", ["доставка есть?"], "а если на 20 тысяч закажу, тоже платно?", "от 50 000 ₸ бесплатно"),
    ("demo_dental", ["Сколько у вас консультация стоит?"], "а если потом лечусь, все равно платить?", "Бесплатно"),
    ("demo_dental", ["сколько стоит вырвать зуб мудрости"], "укол отдельно оплачивать?", "Анестезия входит в цену"),
    ("demo_dental", ["скока стоит осмотр у вас", "в центре если"], "а в другом филиале?", "4 000"),
    ("demo_dental", ["парковка в самале есть?"], "а в другом филиале?", "платная городская"),
]


@pytest.mark.parametrize(("pack", "said", "text", "words"), LEANING)
def test_a_question_that_leans_on_a_thing_is_read_with_its_name(
    pack: str, said: list[str], text: str, words: str, ask: Ask
) -> None:
    _, draft = ask(pack, text, said)
    assert draft is not None and words in draft.text


@pytest.mark.parametrize(
    ("pack", "said", "text"),
    [
        ("demo_dental", ["сколько стоит винир"], "а больно его ставить?"),
        ("demo_phones", ["есть карта памяти?"], "а сколько она весит?"),
        ("demo_salon", ["где вы находитесь?"], "и сколько он держится?"),
        ("demo_salon", ["сколько стоит маникюр?"], "а в другом филиале?"),
    ],
)
def test_what_the_thing_before_has_no_answer_to_is_not_answered(
    pack: str, said: list[str], text: str, ask: Ask
) -> None:
    assert ask(pack, text, said)[1] is None


TOLD = [
    ("demo_salon", "с собачкой можно? она маленькая, в сумке сидит тихонько", "С животными"),
    ("demo_salon", "Is it ok if I bring my dog? She is tiny and very quiet 🐶", "Pets"),
    ("demo_salon", "Do you have wifi? I need to answer some emails while my nails are being done", "Wi-Fi"),
    ("demo_salon", "сколько по времени наращивание ногтей? мне потом на работу надо успеть", "2 ч 30 мин"),
    ("demo_dental", "А можно с мужем прийти? одной страшно", "сопровождающий"),
    ("demo_salon", "картой можно? наличку не ношу", "банковские карты"),
    ("demo_salon", "Баламмен келсем бола ма? Қалдыратын адам жоқ еді", "балалар бұрышы"),
]


@pytest.mark.parametrize(("pack", "text", "words"), TOLD)
def test_what_is_only_told_beside_a_question_asks_nothing(pack: str, text: str, words: str, ask: Ask) -> None:
    _, draft = ask(pack, text)
    assert draft is not None and words in draft.text


@pytest.mark.parametrize(
    ("pack", "text"),
    [
        ("demo_salon", "сколько стоит окрашивание? мне 14 лет"),
        ("demo_salon", "где вы находитесь? меня ваша охрана обхамила"),
        ("demo_salon", "картой можно? запишите меня на завтра на три"),
        ("demo_salon", "где вы находитесь? в прошлый раз мне не понравилось"),
        ("demo_dental", "как записаться? щека раздулась"),
        ("demo_dental", "можно с ребенком? у него температура"),
        ("demo_salon", "сколько стоит кератин? на прошлой неделе красилась у вас"),
    ],
)
def test_what_may_change_an_answer_is_no_story(pack: str, text: str, ask: Ask) -> None:
    assert ask(pack, text)[1] is None


@pytest.mark.parametrize("text", ["мой самсунг уже починили?", "телефоным дайын ба", "is my phone ready?"])
def test_a_matter_of_the_customers_own_is_for_people(text: str, policies: dict[str, Any], ask: Ask) -> None:
    assert policies["demo_phones"].facts.hears(text).rule == "status"


LAPTOPS = "pack:faq.laptops"


@pytest.mark.parametrize(
    ("language", "held", "told"),
    [
        ("kk", {LAPTOPS: "Нет, ремонтируем только телефоны и планшеты."}, "Жоқ, тек телефон мен планшет жөндейміз."),
        ("", {LAPTOPS: "Нет, ремонтируем только телефоны и планшеты."}, "Нет, ремонтируем только телефоны и планшеты."),
        ("kk", {LAPTOPS: "Да, чиним и ноутбуки."}, None),  # in other words than the pack's: somebody worded it
        ("kk", {"pack:faq.nothing": "Нет."}, None),
    ],
)
def test_what_a_retriever_found_in_the_pack_is_told_in_the_customers_language(
    language: str, held: dict[str, str], told: str | None, policies: dict[str, Any], turn: Turn
) -> None:
    said = policies["demo_phones"].told(held, turn, language)
    assert said == ({} if told is None else dict.fromkeys(held, told))


@pytest.mark.parametrize(("day", "told"), [(5, "До 31 декабря новым пациентам скидка 15 % на чистку зубов."), (40, "")])
def test_a_promotion_that_is_over_is_told_to_nobody(day: int, told: str, policies: dict[str, Any], turn: Turn) -> None:
    policy, id = policies["demo_dental"], "pack:promotions.first_cleaning"
    [held] = [each.answer for each in policy.entries() if each.id == id]
    now = datetime(2026, 11, 25, tzinfo=UTC) + timedelta(days=day)
    assert policy.told({id: held}, replace(turn, now=now), "ru") == {id: told}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("девочки, где вы?", "где вы?"),
        ("hi guys, are you open?", "hi are you open?"),
        ("сколько стоит, девочки?", "сколько стоит, девочки?"),
        ("для девочки, сколько?", "для девочки, сколько?"),
        ("стрижка для мальчика", "стрижка для мальчика"),
    ],
)
def test_a_salutation_is_taken_off(text: str, rest: str) -> None:
    assert unaddressed(text) == rest


@given(st.text(max_size=200))
def test_no_text_grows_or_fails_without_its_salutations(text: str) -> None:
    assert len(unaddressed(text)) <= len(text)


def test_words_of_one_meaning_keep_to_their_language() -> None:
    assert "акб" in synonyms("батарею") and "battery" not in synonyms("батарея")
    assert "муж" in of_whom("мужская") and not synonyms("мужская")
    assert synonyms("пирамида") == ()


def test_damage_of_ones_own_is_no_complaint() -> None:
    assert is_own_damage("разбила экран айфона") and not is_own_damage("ваш мастер разбил экран")
    assert not is_own_damage("ноготь сломался и болит") and not is_own_damage("маникюр")


def test_a_way_to_pay_is_asked_for_by_each_brand_in_its_name_that_nothing_else_has() -> None:
    pack = Pack.model_validate({
        "business": {"name": "А"}, "products": [{"id": "phone", "name": "Смартфон Apple", "price": 1}],
        "payment": {"methods": [{"name": "карты Visa и Mastercard"}, {"name": "оплата Apple Pay"}, {"name": "Kaspi QR или Kaspi Gold"}]},
    })  # fmt: skip
    called = {each.lower() for each in written(pack)}
    assert {"visa", "mastercard", "kaspi"} <= called
    assert not {"apple", "pay", "gold"} & called


@pytest.mark.parametrize(("text", "said"), [
    ("16-го работаете?", ()), ("а 16го?", ("31 декабря открыты?",)), ("16 числа открыто?", ()), ("are you open on the 16th?", ()),
    ("16-ы күні ашықсыздар ма?", ()), ("16-сы күні жұмыс істейсіздер ме?", ()), ("15го и 16го открыты?", ()),
])  # fmt: skip
def test_a_day_of_a_month_that_is_not_named_is_that_day(text: str, said: tuple[str, ...], ask: Ask) -> None:
    """And not the hours of any day: on the 16th of December one of the two branches is closed."""
    found, _ = ask("demo_dental", text, said, now=datetime(2026, 12, 1, 9, tzinfo=UTC))
    told = " ".join(each.text for each in found if each.confidence >= 0.5)
    assert re.search(r"16\W?(?:декабр|желтоқсан|dec)|\bDecember 16", told, re.IGNORECASE), told


@pytest.mark.parametrize("text", ["на 2го ребёнка скидка есть?", "с 1го этажа вход?", "скидка с 3го занятия есть?"])
def test_what_is_the_second_of_its_kind_is_no_day(text: str, policies: Any) -> None:
    reading = read(text, policies["demo_salon"].facts.things)
    assert not any(part.days for part in reading.parts)
    assert not reading.loose


def test_whether_a_branch_is_open_on_a_day_is_no_question_where_there_are_some(ask: Ask) -> None:
    """The hours of that day, not those of the week with the address."""
    found, _ = ask(
        "demo_dental", "Is the branch open on December 31?", branch="samal", now=datetime(2026, 12, 1, 9, tzinfo=UTC)
    )
    [told] = [each.text for each in found if each.confidence >= 0.5]
    assert "13:00" in told


@pytest.mark.parametrize(
    "text",
    [
        "адрестеринизди жиберип жибериниз",
        "адрес жіберіп жіберіңізші",
        "мекен-жайынызды жибересиз бе",
        "мекенжайыңызды айтып жіберіңізші",
    ],
)
def test_an_address_is_asked_for_in_kazakh_as_people_ask(text: str, ask: Ask) -> None:
    _, draft = ask("demo_salon", text)
    assert draft is not None
    assert "Вымышленная" in draft.text


@pytest.mark.parametrize("text", [
    "сколько стоит маникюр? извините что спрашиваю", "сколько стоит маникюр? простите за глупый вопрос", "how much is a manicure? sorry for the silly question",
    "маникюр қанша тұрады? сұрағаным үшін кешіріңіз", "сколько стоит маникюр? извините что так поздно пишу",
])  # fmt: skip
def test_who_is_sorry_for_asking_asks_no_more(text: str, ask: Ask) -> None:
    _, draft = ask("salon", text)
    assert draft is not None
    assert "4 000" in draft.text
