"""The name in which somebody wants to be noted."""

from __future__ import annotations

import re

from truffles_policy.intents.classifier import classifier
from truffles_policy.lemmas import fold, is_russian, normal, russian

MOST_WORDS, LONGEST_WORD, SHORTEST_NAME = 3, 24, 2
_INTRODUCED = re.compile(
    r"(?:меня\s+зовут|(?<!вас )(?<!тебя )(?:(?:его|е[её]|их|мужа|жену|сына|дочь|дочку|маму|ребенка|ребёнка)\s+)?зовут(?=\s+(?-i:[А-ЯЁӘІҢҒҮҰҚӨҺA-Z]))|мо[её]\s+имя|на\s+имя|имя\s*[:—-]|менің\s+атым|есімім|атым|\b(?:аты|есімі|name(?:'s|\s+is))(?=\s+(?-i:[А-ЯЁӘІҢҒҮҰҚӨҺA-Z]))|my\s+name\s+is|my\s+name's|under\s+the\s+name(?:\s+of)?)"
    r"\s*[:—-]?\s*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?<!у )(?<!от )(?<!для )\bменя\s+(?P<name>[^\W\d_]{2,})\s+зовут\b", re.IGNORECASE)
_OF_OTHERS = re.compile(
    r"\b(?:мастер|врач|доктор|салон|шебер|дәрігер|master|doctor|stylist|specialist|salon|shop)\w*(?:['’]s)?\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_WISHED = re.compile(
    r"\b(?:запиши(?:те)?|записать|записывайте|забронируй(?:те)?)\s+(?:пожалуйста,?\s+)?(?P<name>[^\W\d_]+(?:\s+[^\W\d_]+)?)",
    re.IGNORECASE,
)
_WISHED_KAZAKH = re.compile(
    r"\b(?P<name>[А-ЯЁӘІҢҒҮҰҚӨҺ][^\W\d_]+)(?:ны|ні|ды|ді|ты|ті)\s+(?:\S+\s+){0,3}?жаз(?:ып|ыңыз)"
)
_KAZAKH_PRONOUNS = frozenset(["біз", "сіз", "осы", "олар"])
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
        "меннің",
        "ну",
        "пусть",
        "будет",
        "пишите",
        "записывайте",
        "зовите",
        "апай",
        "ағай",
        "мырза",
        "ханым",
        "болады",
        "ага",
        "ок",
        "call",
        "me",
        "here",
    ]
)


def introduced(text: str) -> str:
    """The name behind "меня зовут", "my name is", "менің атым", or within "меня Жанна зовут"; "" if nobody introduces themselves."""
    found = _INTRODUCED.search(text)
    between = _BETWEEN.search(text) if found is None else None
    if between and _signs(between["name"].capitalize()):
        return _shown([between["name"]])
    if found is None or _OF_OTHERS.search(text[: found.start()]):
        return ""
    words = _WORD.findall(re.split(r"[.,;!?\n]", text[found.end() :])[0])[:MOST_WORDS]
    kept = words[:1] + [word for word in words[1:] if word[0].isupper()]
    return _shown(kept)


def signed(text: str) -> str:
    """The name that stands at the end of an answer: "тогда в понедельник, Светлана", "в 19:00, я Сауле"; "" if none does."""
    said = [part for part in re.split(r"[.,;!\n]+", text) if part.strip()]
    words = _WORD.findall(said[-1]) if said else []
    words = words[1:] if len(words) > 1 and words[0].lower() in ("я", "мен", "это") else words
    fitting = 1 <= len(words) <= MOST_WORDS - 1 and all(_signs(word) for word in words)
    return _shown(words) if fitting and (len(said) > 1 or is_name(words[0])) else ""


def _signs(word: str) -> bool:
    """Is it a name with its capital, one that no dictionary has included?"""
    capital = word[0].isupper() and not word.isupper() and len(word) > SHORTEST_NAME
    return capital and not _is_talk(word) and (is_name(word) or not is_russian(normal(word)))


def _is_talk(word: str) -> bool:
    """Is it said in greeting and thanking?"""
    return fold(normal(word)) in classifier().everyday


def wished(text: str) -> str:
    """Whom "запишите Марину на …" or "Дананы жазып қойыңыз" is about, as they are called; "" if it is nobody by name."""
    if found := _WISHED_KAZAKH.search(text):
        name = found["name"]
        own = name.lower() in _KAZAKH_PRONOUNS or (name.endswith("м") and not is_name(name))  # "анамды": their mother
        return "" if own or len(name) < 3 else name
    found = _WISHED.search(text)
    if found is None:
        return ""
    words = found["name"].split()
    names = [_called(words[0])]
    if names[0] and len(words) > 1 and words[1][0].isupper():
        names.append(_called(words[1]))
    return _shown([name for name in names if name])


def is_name(word: str) -> bool:
    """Does the dictionary know it as a name?"""
    return any({"Name", "Surn", "Patr"} & set(parse.tag.grammemes) for parse in russian().parse(normal(word)))


def _called(word: str) -> str:
    """The nominative of a name in the accusative; "" of another word. One that no dictionary has needs its capital."""
    known = [parse for parse in russian().parse(normal(word)) if {"Name", "Surn", "Patr"} & set(parse.tag.grammemes)]
    if known and is_russian(normal(word)):
        parse = next((each for each in known if "accs" in each.tag), known[0])
        called = parse.inflect({"nomn"})
        return str(called.word if called else parse.word)
    if not word[0].isupper() or word.isupper() or is_russian(normal(word)) or len(word) < 3:
        return ""
    ending = {"у": "а", "ю": "я", "а": ""}.get(word[-1])
    return word if ending is None else word[:-1] + ending


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
    return is_name(known)


def _shown(words: list[str]) -> str:
    return " ".join(word if word[:1].isupper() and not word.isupper() else word.capitalize() for word in words)
