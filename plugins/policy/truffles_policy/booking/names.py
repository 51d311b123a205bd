"""The name in which somebody wants to be noted."""

from __future__ import annotations

import re
from functools import lru_cache

from truffles_policy.booking.data import booking_data
from truffles_policy.intents.classifier import classifier
from truffles_policy.lemmas import CACHE, fold, from_latin, is_russian, normal, russian

MOST_WORDS, LONGEST_WORD, SHORTEST_NAME = 3, 24, 2
_INTRODUCED = re.compile(
    r"(?:меня\s+зовут|(?<!вас )(?<!тебя )(?:(?:его|е[её]|их|мужа|жену|сына|дочь|дочку|маму|ребенка|ребёнка)\s+)?зовут(?=\s+(?-i:[А-ЯЁӘІҢҒҮҰҚӨҺA-Z]))|мо[её]\s+имя|на\s+имя|имя\s*[:—-]|мен[іи][ңн]\s+атым|есімім|есимим|атым|menya\s+zovut|esimim|(?:menin\s+)?atym\b|\b(?:аты|есімі|name(?:'s|\s+is))(?=\s+(?-i:[А-ЯЁӘІҢҒҮҰҚӨҺA-Z]))|my\s+name\s+is|my\s+name's|(?:under|on|in|for)\s+(?:the\s+)?name\b(?!\s+day)(?:\s+of)?(?!\s*(?:my|our|his|her|the)\b)|(?!))"
    r"\s*[:—-]?\s*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?<!у )(?<!от )(?<!для )\bменя\s+(?P<name>[^\W\d_]{2,})\s+зовут\b", re.IGNORECASE)
_GIVEN = (
    re.compile(r"(?:^|[.,;!?\n]\s*|\b(?:тогда|и|а|на имя|е[её]|его)\s+)(?P<name>(?!е[её]\b|его\b)[^\W\d_]{2,}(?:\s+(?!меня\b|мен\b)[^\W\d_]{2,})?)\s+(?:меня\s+|мен\s+)?зовут\b(?!\s*[?])", re.IGNORECASE),
    re.compile(r"\b(?:аты|есімі|есими|имя|имени|name(?:'s|\s+is)?)\s*[:—-]?\s+(?P<name>[^\W\d_]{2,})(?!\s*[?])", re.IGNORECASE),
    re.compile(r"\b(?P<name>[^\W\d_]{2,}?)(?:[нтд][ыіи][ңн])?\s+(?:деген\s+)?(?:ат|есім|есим)(?:ына|іне|ине|ымен|пен)\b(?!\s+емес)", re.IGNORECASE),
    re.compile(r"\b(?:[Ээ]то|[Яя]|[Мм]ен|[Ii]['’]?m|[Ii] am|[Tt]his is|[Ii]t['’]?s|[Cc]all me)\s+(?P<name>[А-ЯЁӘІҢҒҮҰҚӨҺA-Z][^\W\d_]+?)(?:м[ыіи]н|п[ыіи]н|б[ыіи]н)?\s*(?=[.,;!\n(]|$)"),
    re.compile(r"\b(?P<name>[A-Z][a-z]+)\s+here\b"),
    re.compile(r"\b(?P<name>[^\W\d_]{2,})\s+деп\s+жаз", re.IGNORECASE),
)  # fmt: skip
"""Where a name stands that is one only if it is known as such."""
_ON = re.compile(r"\W*(?:нет,?\s+)?на\s", re.IGNORECASE)
_NO = re.compile(r"\W*(?:(?:нет|не|жоқ|жок|no|not)\b\W*)+", re.IGNORECASE)
_WHOSE = frozenset({"на", "для", "for"})
_LAST = re.compile(
    r"(?:\d\S*|(?i:\b(?:утра|утром|дня|днем|днём|вечера|вечером|час|часа|часов|пожалуйста|пож|пж|please|кешке|таңертең|сағатқа)))\s+"
    r"(?P<name>[А-ЯЁӘІҢҒҮҰҚӨҺA-Z][^\W\d_]+)\s*[.!)]*\s*$"
)
_FRAGMENTS = re.compile(r"(?:[^.,;!?\n()—–-]|(?<=\w)-(?=\w))+[?]?")
_KAZAKH = str.maketrans("әғқңөұүһі", "агкноуухи")
_OF_OTHERS = re.compile(
    r"\b(?:мастер|врач|доктор|салон|шебер|дәрігер|master|doctor|stylist|specialist|salon|shop)\w*(?:['’]s)?\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_WISHED = re.compile(
    r"\b(?:запиши(?:те)?|записать|записывайте|забронируй(?:те)?)\s+(?:пожалуйста,?\s+)?(?P<name>[^\W\d_]+(?:\s+[^\W\d_]+)?)",
    re.IGNORECASE,
)
_WISHED_FOR = re.compile(
    r"\b(?:запиши(?:те)?|записать|записывайте|забронируй(?:те)?)\s+на\s+(?P<name>[^\W\d_]{2,})", re.IGNORECASE
)
"""Whom somebody is noted for; "на" leads to services and days as well, so that only a known name is one."""
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
        "для",
        "не",
    ]
)
_KAZAKH_CASE = re.compile(r"(?:[ғгқк][ае]|н[ыіи])$")


def introduced(text: str) -> str:
    """The name behind "меня зовут", "my name is", "менің атым", or within "меня Жанна зовут"; "" if nobody introduces themselves."""
    return _behind(text) or _told(text)


def _behind(text: str) -> str:
    """The name behind words that nothing but a name follows."""
    found = _INTRODUCED.search(text)
    between = _BETWEEN.search(text) if found is None else None
    if between and _signs(between["name"].capitalize()):
        return _shown([between["name"]])
    if found is None or _OF_OTHERS.search(text[: found.start()]):
        return ""
    words = _WORD.findall(re.split(r"[.,;!?\n]", text[found.end() :])[0])[:MOST_WORDS]
    kept = words[:1] + [word for word in words[1:] if word[0].isupper()]
    return _shown(kept)


def _told(text: str) -> str:
    """A known name where a name may stand: "Айжан зовут", "аты ерлан", "it's Mark", "Динараның атына"."""
    for pattern in _GIVEN:
        for found in pattern.finditer(text):
            words = found["name"].split()
            if is_given(words[0]) and all(map(_follows, words[1:])) and not _OF_OTHERS.search(text[: found.start()]):
                return _shown(words)
    return ""


def signed(text: str, *, surely: bool = False) -> str:
    """The name that stands at the end of an answer: "тогда в понедельник, Светлана", "в 19:00, я Сауле"; "" if none does.
    `surely`: nobody was asked anything, so that only a known name is one."""
    said = [part for part in _FRAGMENTS.finditer(text) if _WORD.search(part.group())]
    if not said or said[-1].group().endswith("?") or _OF_OTHERS.search(text[: said[-1].start()].rstrip(" ,.")):
        return ""
    words = _WORD.findall(said[-1].group())
    words = words[1:] if len(words) > 1 and words[0].lower() in ("я", "мен", "это", "it's", "i'm") else words
    words = words if surely else [_named(word) for word in words]
    known = _ends_known(words)
    if surely:
        return _shown(words) if known and len(said) > 1 else _behind_a_number(text)
    fitting = 1 <= len(words) <= MOST_WORDS - 1 and all(_signs(word) for word in words)
    is_alone = len(said) > 1 or is_name(words[0]) or is_given(words[0])
    return _shown(words) if known or (fitting and is_alone) else _behind_a_number(text)


def _ends_known(words: list[str]) -> bool:
    """Is it a given name, perhaps with another one, and no word besides?"""
    return 1 <= len(words) < MOST_WORDS and _is_said(words[0]) and all(map(_follows, words[1:]))


def _is_said(word: str) -> bool:
    """Is it a given name with its capital, or one that is nothing else?"""
    return is_given(word) and not _is_talk(word) and (word[0].isupper() or _is_only_name(normal(word)))


def _follows(word: str) -> bool:
    """May it be a surname behind a name?"""
    return word[0].isupper() and (is_name(word) or not is_russian(normal(word)))


def _behind_a_number(text: str) -> str:
    """The name behind the hour: "завтра в 15:00 Алина"."""
    found = _LAST.search(text)
    return _shown([found["name"]]) if found and is_given(found["name"]) else ""


@lru_cache(CACHE // 10)
def is_given(word: str) -> bool:
    """Is it a given name as people introduce themselves by, as far as the dictionary and the list of names know?"""
    known = normal(word)
    forms = {known, known.translate(_KAZAKH)} | (set(from_latin(known)) if known.isascii() else set())
    return not _names().isdisjoint(map(fold, forms)) or any(map(_is_in_dictionary, forms))


def _is_in_dictionary(word: str) -> bool:
    tags = [parse.tag for parse in russian().parse(word)] if is_russian(word) else []
    return any("Name" in tag and "nomn" in tag and "sing" in tag for tag in tags)


def _is_only_name(word: str) -> bool:
    """Does the dictionary know it as a name alone?"""
    return is_russian(word) and all({"Name", "Surn"} & set(each.tag.grammemes) for each in russian().parse(word))


@lru_cache(1)
def _names() -> frozenset[str]:
    """The names of the data, as `fold` writes them."""
    return frozenset(
        fold(normal(word)) for lines in booking_data()["names"].values() for line in lines for word in line.split()
    )


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
    for found in _WISHED_FOR.finditer(text):
        if is_given(called := _called(found["name"])):
            return _shown([called])
    found = _WISHED.search(text)
    if found is None:
        return ""
    words = found["name"].split()
    names = [_called(words[0])]
    if names[0] and len(words) > 1 and words[1][0].isupper():
        names.append(_called(words[1]))
    return _shown([name for name in names if name])


def is_for_another(text: str) -> bool:
    """Is the offered name refused because somebody else shall come: "нет, на маму", "no, for my mom"?"""
    found = _NO.match(text)
    words = _WORD.findall(text[found.end() :].lower()) if found else []
    return bool(words) and (words[0] in _WHOSE or not _kin().isdisjoint(words))


def is_name(word: str) -> bool:
    """Does the dictionary know it as a name?"""
    return any({"Name", "Surn", "Patr"} & set(parse.tag.grammemes) for parse in russian().parse(normal(word)))


def _called(word: str) -> str:
    """The nominative of a name in the accusative; "" of another word. One that no dictionary has needs its capital."""
    if fold(normal(word)) in _names():
        return word
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
    words = [word for word in _WORD.findall(text) if word.lower() not in _AROUND | _kin()]
    words = [(_called(word) if _ON.match(text) else "") or _named(word) for word in words]
    if not 1 <= len(words) <= MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        return ""
    return _shown(words) if all(_may_be(word) for word in words) else ""


@lru_cache(1)
def _kin() -> frozenset[str]:
    """Words for whose name it is, which are no name themselves: "на дочку Алию"."""
    return frozenset(word for words in booking_data()["kin"].values() for word in words.split())


def _named(word: str) -> str:
    """A given name that stands in another case, as its owner says it: "Марину", "Айгүлге"."""
    if is_given(word):
        return word
    stem = _KAZAKH_CASE.sub("", word)
    called = _called(word)
    return called if called and is_given(called) else stem if len(stem) > SHORTEST_NAME and is_given(stem) else word


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
