"""The language of short messages."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_policy.language import detect
from truffles_policy.lemmas import english_stem

BEGINS, MIDDLES = ("re", "un", "pre", "dis", "over", "out"), ("paint", "book", "clean", "polish", "shav", "trimm")
ENDS = ("ing", "ingly", "ed", "edness", "er", "ations", "ability", "fulness", "ousli")

RUSSIAN = """сколько стоит маникюр
скока стоит
привет
ghbdtn
gjpjdbnt vtytl;thf
skolko stoit strizhka
privet
Салам, сколько стоит?
Здравствуйте! Это Айгуль
где вы находитесь
ок, спасибо
на завтра можно?
сәлем, сколько стоит маникюр
самсунг а15 есть?""".splitlines()
KAZAKH = """маникюр қанша тұрады
маникюр канша турады
багасы канша
салем
рахмет
сәлем
salem
kansha turady
operatorga kosyngyz
запись бар ма ертеңге
скидка бола ма
бос орын барма
Здравствуйте, бағасы канша
кайда орналаскансыз
ертен келсем бола ма
салам алейкум
самсунг а15 кандай тустери бар
еки симка сала ма
жана гана тис жулдырдым
документ не алып барамын?""".splitlines()
ENGLISH = """how much is a manicure
hi
hello there
price?
thanks
where are you located
Do you have parking
manicure price
parking?
menu""".splitlines()
NONE = ["", "  ", "???", "👍", "12000", "15:00", "ok", "مرحبا", "🙏🙏", "你好", "+"]


@pytest.mark.parametrize("text", RUSSIAN)
def test_russian(text: str) -> None:
    assert detect(text) == "ru"


@pytest.mark.parametrize("text", KAZAKH)
def test_kazakh(text: str) -> None:
    assert detect(text) == "kk"


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert detect(text) == "en"


@pytest.mark.parametrize("text", NONE)
def test_nothing_to_tell(text: str) -> None:
    assert detect(text) == ""


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_nearly_all_sentences_of_customers(language: str, sentences: dict[str, dict[str, list[str]]]) -> None:
    texts = sentences[language]["question"]
    wrong = [(text, detect(text)) for text in texts if detect(text) != language]
    assert len(wrong) <= 0.04 * len(texts), wrong


@given(st.text())
def test_any_text(text: str) -> None:
    assert detect(text) in ("ru", "kk", "en", "")


def test_words_are_stemmed_alike_in_many_threads() -> None:
    """Of a tenant that is being loaded, and of the customers of another one."""
    words = [f"{begin}{middle}{end}" for begin in BEGINS for middle in MIDDLES for end in ENDS]
    wanted, before = [english_stem.__wrapped__(word) for word in words], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: [english_stem.__wrapped__(word) for word in words], range(8)))
    finally:
        sys.setswitchinterval(before)
    assert found == [wanted] * 8
