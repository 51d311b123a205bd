"""Why a person should look before the bot says it: what an answer claims and the knowledge does not hold. Pure.

Deliberately simple: digits, dates, discounts and capital letters. A false doubt costs the owner one press of a button.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from truffles_learning.words import fold, found, holds, listed, sentences, tokens

_PHONE = re.compile(r"(?:\+|\b)\d[\d ()\-]{8,}\d\b")
_DATE = re.compile(r"\b\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?\b")
_NUMBER = re.compile(r"\d{1,3}(?:[ .,]\d{3})+(?!\d)|\d+")
_MONEY = re.compile(
    r"(\d[\d .,]*)\s*(тыс\w*|мын\w*|k\b|к\b|thousand)?\s*(₸|\$|€|тг\b|тенге|kzt|руб\w*|%|процент\w*|пайыз\w*|percent)?"
)
_TITLE = re.compile(r"\b[^\W\d_a-zа-яё][a-zа-яёәғқңөұүһі]{2,}\b")
_SPACES = re.compile(r"[\u00a0\u202f\u2009]")


def doubts(answer: str, knowledge: Iterable[str]) -> list[str]:
    """The kinds of claims in `answer` ("name", "date", "phone", "price", "discount") that `knowledge` does not hold."""
    texts = list(knowledge)
    held = {claim for text in texts for claim in _claims(text)}
    words = {word for text in texts for word in tokens(text)}
    open_ = [kind for kind, value in _claims(answer) if (kind, value) not in held]
    open_ += ["date"] if holds("passing", answer) else []
    open_ += ["name"] if any(not _known(name, words) for name in _names(answer)) else []
    return list(dict.fromkeys(open_))


def _claims(text: str) -> Iterator[tuple[str, str]]:
    """Kind and value of what a text says with digits, or with the words for them."""
    text = _SPACES.sub(" ", fold(text))
    for phone in _PHONE.findall(text):
        if len(digits := re.sub(r"\D", "", phone)) >= 10:
            yield "phone", digits[-10:]
    left = _PHONE.sub(lambda match: " " if len(re.sub(r"\D", "", match[0])) >= 10 else match[0], text)
    for date in _DATE.findall(left):
        yield "date", re.sub(r"\D", ".", date)
    yield from _worded(left)
    yield from _amounts(_DATE.sub(" ", left))


def _worded(text: str) -> Iterator[tuple[str, str]]:
    for month in found("months", text):
        days = re.findall(rf"(\d{{1,2}})[- ]?(?:го )?{month}|{month} (\d{{1,2}})", text)
        yield from (("date", f"{first or second} {month[:3]}") for first, second in days)
    for word in found("discounts", text):
        yield "discount", word[:5]
    if not any(letter.isdigit() for letter in text):
        yield from (("price", word) for word in found("amounts", text))


def _amounts(text: str) -> Iterator[tuple[str, str]]:
    """Numbers with a currency or of three digits are prices, those with a percent sign discounts."""
    for number, scale, unit in _MONEY.findall(text):
        for each in _NUMBER.findall(number):
            value = int(re.sub(r"\D", "", each)) * (1_000 if scale else 1)
            if unit.startswith(("%", "проц", "пайыз", "percent")):
                yield "discount", str(value)
            elif value >= 100 or unit or scale:
                yield "price", str(value)


def _names(answer: str) -> Iterator[str]:
    """Capitalised words within a sentence, and first names where they begin one."""
    for sentence in sentences(answer):
        first = re.search(r"[^\W_]+", sentence)
        for name in _TITLE.finditer(sentence):
            inside = first is not None and name.start() > first.start()
            ordinary = fold(name[0]) in listed("light") or holds("months", name[0])
            if holds("names", name[0]) or (inside and not ordinary):
                yield fold(name[0])


def _known(name: str, words: set[str]) -> bool:
    """Does a word of the knowledge begin as the name does? Endings differ."""
    stem = name[: max(4, len(name) - 2)]
    return any(word.startswith(stem) for word in words)
