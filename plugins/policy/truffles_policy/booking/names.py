"""The name in which somebody wants to be noted."""

from __future__ import annotations

import re

from truffles_policy.lemmas import is_russian, normal, russian

MOST_WORDS, LONGEST_WORD = 3, 24
_INTRODUCED = re.compile(
    r"(?:меня\s+зовут|мо[её]\s+имя|на\s+имя|имя\s*[:—-]|менің\s+атым|есімім|атым|my\s+name\s+is|my\s+name's|under\s+the\s+name(?:\s+of)?)"
    r"\s*[:—-]?\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_AROUND = frozenset(
    [
        "это",
        "я",
        "мен",
        "имя",
        "на",
        "запишите",
        "пожалуйста",
        "да",
        "нет",
        "спасибо",
        "рахмет",
        "рақмет",
        "меня",
        "зовут",
        "мое",
        "моё",
        "иә",
        "жоқ",
        "yes",
        "no",
        "please",
        "it's",
        "its",
        "this",
        "is",
        "i'm",
        "am",
        "i",
        "name",
        "my",
        "the",
        "for",
        "здравствуйте",
        "привет",
        "сәлем",
        "hi",
        "hello",
        "просто",
        "можно",
        "как",
        "менің",
        "атым",
        "есімім",
    ]
)


def introduced(text: str) -> str:
    """The name behind "меня зовут", "my name is", "менің атым"; "" if nobody introduces themselves."""
    found = _INTRODUCED.search(text)
    if found is None:
        return ""
    words = _WORD.findall(re.split(r"[.,;!?\n]", text[found.end() :])[0])[:MOST_WORDS]
    kept = words[:1] + [word for word in words[1:] if word[0].isupper()]
    return _shown(kept)


def plain(text: str) -> str:
    """The name that a short answer is ("Айгуль", "нет, Гульнара", "it's Anna"); "" if it is none."""
    words = [word for word in _WORD.findall(text) if word.lower() not in _AROUND]
    if not 1 <= len(words) <= MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        return ""
    return _shown(words) if all(_may_be(word) for word in words) else ""


def _may_be(word: str) -> bool:
    """Any word but one that the dictionary knows, in small letters, as no name."""
    if word[0].isupper() and not word.isupper():
        return len(word) > 1
    known = normal(word)
    if not is_russian(known):
        return len(word) > 1
    return any({"Name", "Surn", "Patr"} & set(parse.tag.grammemes) for parse in russian().parse(known))


def _shown(words: list[str]) -> str:
    return " ".join(word if word[:1].isupper() and not word.isupper() else word.capitalize() for word in words)
