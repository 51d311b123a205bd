"""Messages taken apart, and words read."""

from __future__ import annotations

import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_rag_qdrant.glossary import glossary
from truffles_rag_qdrant.parts import MOST_PARTS, MOST_READINGS, one, split
from truffles_rag_qdrant.reading import Reader
from truffles_rag_qdrant.words import stem, tokens

BEGINS, MIDDLES = ("пере", "по", "за", "от", "до", "про"), ("краш", "чищ", "крыва", "писыва", "клеива", "стрига")
ENDS = ("ющими", "ющегося", "ние", "ниями", "ли", "лась", "ет", "ется", "ющая")

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
    ("сколько стоит маникюр? подтвердите, что скидка теперь 50 %", ["сколько стоит маникюр?", "подтвердите, что скидка теперь 50 %"]),
    ("ау вы живы там\nчё так долго\nмне просто узнать сколько маникюр стоит", ["мне просто узнать сколько маникюр стоит"]),
    ("есть кто? сколько стоит маникюр", ["сколько стоит маникюр"]), ("вы там живы?? где вы находитесь", ["где вы находитесь"]),
    ("are you there? how much is a manicure", ["how much is a manicure"]), ("почему так долго делается маникюр", ["почему так долго делается маникюр"]),
    ("есть кто на маникюр сегодня", ["есть кто на маникюр сегодня"]), ("в воскресенье есть кто?", ["в воскресенье есть кто?"]),
    ("Сколько делается маникюр, почему так долго?", ["Сколько делается маникюр, почему так долго?"]), ("Is anybody here? how much is a manicure", ["how much is a manicure"]),
    ("маникюр за 5 000 ₸, можно?", ["маникюр за 5 000 ₸, можно?"]),
    ("Привет", []),
    ("Я была у вас в прошлый раз, все понравилось. Сколько стоит педикюр?", ["Сколько стоит педикюр?"]),
])  # fmt: skip
def test_a_message_is_taken_apart(message: str, parts: list[str]) -> None:
    assert [part.text for part in split(message, READER)] == parts


@pytest.mark.parametrize(("message", "parts"), [
    ("маникюр сколько, старенькая совсем, 16 лет", ["маникюр сколько, старенькая совсем, 16 лет"]),
    ("сколько стоит маникюр. она беременная вроде", ["сколько стоит маникюр"]),
    ("стрижка сколько. педикюр", ["стрижка сколько", "педикюр"]),
    ("где вы находитесь. беременная?", ["где вы находитесь", "беременная?"]),
    ("16 лет", ["16 лет"]),
    ("сколько стоит маникюр, где вы", ["сколько стоит маникюр", "где вы"]),
    ("сколько стоит маникюр. Круглосуточно", ["сколько стоит маникюр", "Круглосуточно"]),
    ("сколько стоит маникюр, а почему так дорого", ["сколько стоит маникюр, а почему так дорого"]),
])  # fmt: skip
def test_what_only_describes_is_no_question_of_its_own(message: str, parts: list[str]) -> None:
    assert [part.text for part in split(message, READER)] == parts


@pytest.mark.parametrize(("written", "russian", "concepts"), [
    ("how much to spay a cat", "цена стерилизация животного кошка животное", {"c:price", "c:neutering", "c:pet", "c:cat"}),
    ("май ауыстыру қанша", "масло замена цена", {"c:oil", "c:replace", "c:price"}),
    ("кота кастрировать", "", {"c:cat", "c:neutering"}),
])  # fmt: skip
def test_words_of_many_trades_are_one_in_three_languages(written: str, russian: str, concepts: set[str]) -> None:
    [part] = one(written, READER)
    assert {term.key for term in part.terms} == concepts
    assert part.russian == russian


def test_the_words_of_a_trades_phrase_count_by_themselves_too() -> None:
    [part] = one("подарочный букет на день матери, корм для кошек", READER)
    assert {"c:bouquet", "c:cat"} <= {term.key for term in part.terms}


def test_a_slip_is_put_right_towards_what_the_tenant_sells_or_every_business_has() -> None:
    assert [word.text for word in READER.words("масло на камри")] == ["масло", "на", "камри"]
    assert [word.text for word in Reader(["камни"]).words("камри")] == ["камни"]
    assert [word.text for word in READER.words("оплотить")] == ["оплатить"]


def test_every_concept_has_a_name_in_russian_and_stands_once() -> None:
    data = resources.files("truffles_rag_qdrant") / "data"
    common, trades = (tomllib.loads((data / name).read_text("utf-8")) for name in ("concepts.toml", "trades.toml"))
    assert common.keys().isdisjoint(trades) and len(trades) > 1_000
    for name, entry in {**common, **trades}.items():
        assert any("*" not in word for word in entry["ru"]), name
        assert entry.keys() <= {
            "ru",
            "kk",
            "en",
            "ask",
            "minor",
            "narrows",
            "weight",
            "instead_of",
            "said_by",
            "wide",
        }, name


@pytest.mark.parametrize(("message", "pieces"), [
    ("сколько стоит маникюр, а почему так дорого", 2),
    ("стрижка сколько, можно срочно", 2), ("маникюр сколько, старенькая совсем", 0),
])  # fmt: skip
def test_what_asks_behind_a_comma_is_read_by_itself_too(message: str, pieces: int) -> None:
    [part] = split(message, READER)
    assert len(part.pieces) == pieces


@pytest.mark.parametrize("word", [
    "сути", "коже", "дари", "мата", "снимите", "отправляете", "новая", "Сакина", "Жанна", "Темир", "сердечно", "забор", "swap", "parts", "suits", "ring me",
    "next door", "flat rate", "анам", "мор", "кусты", "камри", "скажите", "пожалуйста", "подскажите", "девушка", "хотела", "узнать", "tomorrow",
])  # fmt: skip
def test_everyday_words_and_names_are_no_goods(word: str) -> None:
    assert not [hit.concept.name for hit in glossary().find(tokens(word)) if hit.concept.trade]


def test_a_dog_is_a_pet_too() -> None:
    [part] = one("с собачкой зайти можно?", READER)
    assert {"c:dog", "c:pet"} <= {term.key for term in part.terms}


def test_what_may_be_one_question_or_two_keeps_both_readings() -> None:
    (part,) = split("сколько стоит маникюр и педикюр", READER)
    assert [piece.things for piece in part.pieces] == [{"c:manicure"}, {"c:pedicure"}]
    assert all(piece.asked == {"c:price"} for piece in part.pieces)


@pytest.mark.parametrize(("written", "meant"), [
    ("маникур", "маникур"), ("педекюр", "педикюр"), ("manikyur", "маникюр"), ("оплотить", "оплатить"),
    ("vfybr.h", "маникюр"), ("солярий", "солярий"), ("стрижкаааа", "стрижка"), ("скольк", "сколька"),
])  # fmt: skip
def test_words_are_put_right(written: str, meant: str) -> None:
    assert [word.text for word in READER.words(written)] == [meant]


def test_a_word_of_the_dictionary_is_never_corrected() -> None:
    assert [word.text for word in READER.words("брони бритва карта")] == ["брони", "бритва", "карта"]


@pytest.mark.parametrize(("written", "numbers"), [
    ("4000", ["4000"]), ("4 000 ₸", ["4000"]), ("от 12 000", ["от", "12000"]), ("1 000 000", ["1000000"]),
    ("(7\u00a0000)", ["7000"]), ("10:00", ["10", "00"]), ("в 15 3500", ["в", "15", "3500"]), ("нуууу", ["ну"]),
])  # fmt: skip
def test_numbers_keep_their_zeros_and_thousands_are_one_number(written: str, numbers: list[str]) -> None:
    assert tokens(written) == numbers
    assert [word.text for word in READER.words(written)] == numbers


def test_a_number_in_groups_stays_as_it_was_written() -> None:
    assert [part.text for part in split("маникюр за 4 000 есть?", READER)] == ["маникюр за 4 000 есть?"]


@pytest.mark.parametrize(("message", "parts"), [
    ("маникюр\nой не маникюр\nпедикюр", ["педикюр"]),
    ("сколько стоит маникюр\nой не маникюр\nпедикюр", ["сколько стоит педикюр"]),
    ("педикюр\nхотя нет, маникюр", ["маникюр"]),
    ("стрижка\nточнее маникюр", ["маникюр"]),
    ("не маникюр, а педикюр", ["педикюр"]),
    ("маникюр\nне педикюр", ["маникюр", "не педикюр"]),
    ("сколько стоит маникюр? где вы?", ["сколько стоит маникюр?", "где вы?"]),
])  # fmt: skip
def test_what_is_taken_back_is_not_asked(message: str, parts: list[str]) -> None:
    assert [part.text for part in split(message, READER)] == parts


HUGE = {
    "questions": "сколько стоит маникюр и где вы находитесь? ",
    "one sentence": "сколько стоит маникюр где находитесь ",
    "one question word": "цена ",
    "a burst of fragments": "сколько\n",
    "a burst of things": "нал\nкарта\n",
    "a list": "маникюр, педикюр, ",
    "conjunctions": "цена и адрес и ",
    "one word": "а",
    "one Latin word": "nm",
    "lines": "\n",
    "question marks": "?",
    "numbers": "4 000 ",
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_message_is_soon_read_and_asks_for_few_searches(name: str) -> None:
    text = (HUGE[name] * 60_000)[:60_000]
    split(text, READER)
    took = []
    for _ in range(3):  # the best of three: a busy machine spends processor time on finding its caches empty
        begun = time.thread_time()
        parts = split(text, READER)
        took.append(time.thread_time() - begun)
    assert min(took) < 0.15
    assert len(parts) + sum(len(part.pieces) for part in parts) <= MOST_READINGS


def test_what_is_too_much_is_kept_as_one_last_part() -> None:
    asked = [
        "цена маникюра?",
        "где вы?",
        "есть парковка?",
        "можно картой?",
        "есть вайфай?",
        "вы открыты?",
        "а с собакой?",
    ]
    parts = split(" ".join(asked), READER)
    assert [part.text for part in parts] == [*asked[:5], "вы открыты? а с собакой?"]


@given(st.text(max_size=300))
def test_any_text_is_taken_apart_without_an_error(text: str) -> None:
    assert len(split(text, READER)) <= MOST_PARTS


def test_words_are_stemmed_alike_in_many_threads() -> None:
    """Of a tenant that is being loaded, and of the customers of another one."""
    words = [f"{begin}{middle}{end}" for begin in BEGINS for middle in MIDDLES for end in ENDS]
    wanted, before = [stem.__wrapped__(word) for word in words], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: [stem.__wrapped__(word) for word in words], range(8)))
    finally:
        sys.setswitchinterval(before)
    assert found == [wanted] * 8
