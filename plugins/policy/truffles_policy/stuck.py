"""A dialogue that does not move: the same trouble twice within the customer's last five messages.

Trouble is nearly the same question again although the bot has answered, and words such as "я уже говорила" or "опять". The
very same words are the host's to leave unanswered once; asked a third time they are trouble, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rapidfuzz import fuzz

from truffles_gateway.messages import Author, Line
from truffles_policy.lemmas import normal
from truffles_policy.rules import Finding

MESSAGES, RECENT = 5, timedelta(hours=1)
ALIKE, WORD_ALIKE = 95, 82
_SMALL = frozenset(
    [
        "а",
        "и",
        "или",
        "но",
        "ну",
        "же",
        "ж",
        "то",
        "так",
        "вот",
        "все",
        "всё-таки",
        "ли",
        "бы",
        "уже",
        "еще",
        "это",
        "у",
        "вас",
        "вы",
        "мне",
        "я",
        "нет",
        "да",
        "не",
        "пожалуйста",
        "подскажите",
        "скажите",
        "здравствуйте",
        "привет",
        "опять",
        "снова",
        "ал",
        "және",
        "да",
        "ма",
        "ме",
        "ба",
        "бе",
        "па",
        "пе",
        "сіз",
        "маған",
        "айтыңызшы",
        "тағы",
        "қайта",
        "сәлем",
        "the",
        "a",
        "an",
        "and",
        "or",
        "so",
        "please",
        "again",
        "hi",
        "hello",
        "you",
        "your",
        "me",
        "i",
        "do",
        "is",
        "are",
        "still",
        "then",
    ]
)


def stuck(text: str, history: Sequence[Line], now: datetime, again: Callable[[str], Finding | None]) -> Finding | None:
    """Why the dialogue does not move with `text`, None if it does."""
    before = _answered(history, now)
    if not before:
        return None
    said = again(text)
    if said is not None and said.rule == "again":
        return Finding("stuck", said.words)
    repeats = [line for line in before if _same(text, line)]
    equal = [line for line in repeats if fuzz.ratio(_plain(text), _plain(line)) > ALIKE]
    if len(repeats) > len(equal) or len(equal) > 1:
        return Finding("stuck", repeats[-1])
    trouble = said is not None and (bool(repeats) or any(again(line) for line in before))
    return Finding("stuck", said.words) if trouble and said else None


def _answered(history: Sequence[Line], now: datetime) -> list[str]:
    """The customer's last messages to which the bot said something, since a person last wrote."""
    lines = [line for line in history if now - line.at <= RECENT]
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].author is Author.MANAGER:
            lines = lines[at + 1 :]
            break
    last = max((at for at, line in enumerate(lines) if line.author is Author.BOT), default=-1)
    said = [line.text for line in lines[: last + 1] if line.author is Author.CUSTOMER]
    return said[-(MESSAGES - 1) :]


def _same(one: str, other: str) -> bool:
    """Do two messages say the same but for small words, forms and slips?"""
    words, others = _content(one), _content(other)
    if not words or not others or abs(len(words) - len(others)) > 1:
        return False
    return _each(words, others) and _each(others, words)


def _each(words: Sequence[str], others: Sequence[str]) -> bool:
    return all(any(_alike(word, other) for other in others) for word in words)


def _alike(word: str, other: str) -> bool:
    if word.isdigit() or other.isdigit():
        return word == other
    return word == other or (min(len(word), len(other)) > 3 and fuzz.ratio(word, other) >= WORD_ALIKE)


def _content(text: str) -> list[str]:
    words = (normal(word.strip('.,!?…:;()"«»-')) for word in text.split())
    return [word for word in words if word and word not in _SMALL]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
