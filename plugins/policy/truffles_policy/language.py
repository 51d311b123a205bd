"""Which language a short message is in: Russian, Kazakh or English.

Every word votes. A letter that only Kazakh has: 3 for Kazakh. A frequent word of a language: 2. A form that the Russian
dictionary has: 1 for Russian. A Kazakh ending on an unknown word: 1. Latin words are also read as transliteration and
as keys pressed in the wrong layout. Words common to all ("ok", brands, numbers) have no vote,
and greetings and thanks, which wander between languages, at most 1. The most votes win; in a
mixed sentence (шала-қазақ) that is the language of the small words, not of the borrowed nouns.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from truffles_policy.lemmas import CACHE, clean, fold, from_latin, from_layout, is_russian, normal

LANGUAGES = ("ru", "kk", "en")
_LOOK_AT, _MOST_WORDS = 2_000, 80
_UNSURE = 4
"""So many votes, in halves, may come of one word, or of borrowed words and names alone."""
_WORD = re.compile(r"(?!(?:(?<=\d)[^\W\d_]|[^\W\d_](?=\d))(?![^\W\d_]))[^\W\d_]+(?:['’-][^\W\d_]+)*")
"""Letters beside a digit name a model ("а15"): they tell no language."""
_LAYOUT_WORD = re.compile(r"[a-z\[\];',.`]*[a-z][a-z\[\];',.`]*")
_KAZAKH_LETTER = re.compile("[әғқңөұүһі]")
_CYRILLIC = re.compile("[а-яё]")
_LATIN = re.compile("[a-z]")
_ENDINGS = """
низ низдар низдер миз мин сиз сиздер сиздар лар лер дар дер тар тер ди ти ади еди иди га ге ка ке дан ден тан тен гим
ким шак шек уге уга еин аиин сам сем сак сек
нда нде ларда лерде дарда дерде тарда терде ммен нмен армен ермен атин етин ерме арма изба избе изма изме
дыру диру тыру тиру рту гызу гизу ызу лау леу ип ап еп уп
"""
_ENGLISH_ENDINGS = ("ing", "ight", "tion", "ment", "ness")  # Russian borrows such words: parking, паркинг
_NEUTRAL_WORDS = "ok ок окей okay whatsapp ватсап вотсап instagram инстаграм sms wifi vip tv kaspi каспи"
_ASKING = ("сиздер", "сиздар", "низдер", "низдар", "низши", "низдарши", "низдерши")
"""How Kazakh asks "you": nothing else ends like this."""
_KAZAKH_ENDINGS = tuple(_ENDINGS.split())
_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())
_POLITE_WORDS = """
салем салеметсиз салам ассалам ассаламу ассаляму алеикум ракмет рахмет привет здравствуите спасибо hello hi hey thanks
salem salam privet spasibo rahmet raxmet
"""
_POLITE = frozenset(_POLITE_WORDS.split())


@lru_cache
def data(language: str) -> Mapping[str, Any]:
    """The rules' data of one language."""
    text = resources.files("truffles_policy").joinpath("data", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache
def _frequent(language: str) -> frozenset[str]:
    words = (normal(word) for word in data(language)["language"]["words"])
    return frozenset(fold(word) if language == "kk" else word for word in words)


def detect(text: str) -> str:
    """ "ru", "kk" or "en"; "" if the text does not tell."""
    return told(text)[0]


def told(text: str) -> tuple[str, bool]:
    """The language of a text, "" if it does not tell; and whether it surely tells: a name, a number or a noun that every language
    borrows ("Ерлан", "128 ши?", "power bank") may stand in a talk in any."""
    votes: Counter[str] = Counter()
    text = clean(text[:_LOOK_AT])
    told_by = [dict(_votes(normal(found.group()))) for found in list(_WORD.finditer(text))[:_MOST_WORDS]]
    for each in told_by:
        votes.update(each)
    if not _CYRILLIC.search(text.lower()):
        votes.update(_layout_votes(text))
    best = max(("kk", "ru", "en"), key=lambda language: votes[language])  # among equals the rarer choice
    lead = votes[best] - max(votes[language] for language in LANGUAGES if language != best)
    telling = any(each.get(best, 0) >= _UNSURE for each in told_by)  # "where?", "қанша?"
    return (best, lead > 0 and (telling or votes[best] > _UNSURE)) if votes[best] > 0 else ("", False)


@lru_cache(CACHE)
def _votes(word: str) -> tuple[tuple[str, int], ...]:
    """A word's votes, in halves."""
    if word in _NEUTRAL:
        return ()
    if _LATIN.search(word):
        votes = _latin_votes(word)
    else:
        votes = _cyrillic_votes(word) if _CYRILLIC.search(word) or _KAZAKH_LETTER.search(word) else {}
    most = 2 if fold(word) in _POLITE else 6
    return tuple((language, min(count, most)) for language, count in votes.items())


def _cyrillic_votes(word: str) -> dict[str, int]:
    votes: Counter[str] = Counter()
    folded = fold(word)
    if _KAZAKH_LETTER.search(word):
        votes["kk"] += 6
    if folded in _frequent("kk"):
        votes["kk"] += 3 if is_russian(word) else 4
    if word in _frequent("ru"):
        votes["ru"] += 4
    elif is_russian(word):
        votes["ru"] += 2
    elif not votes and len(word) >= 5 and folded.endswith(_KAZAKH_ENDINGS):
        votes["kk"] += 4 if folded.endswith(_ASKING) else 2
    elif not votes:
        votes["ru"] += 1
    return votes


def _latin_votes(word: str) -> dict[str, int]:
    if word in _frequent("en") or word.endswith(_ENGLISH_ENDINGS):
        return {"en": 4}
    readings = [*from_latin(word), from_layout(word)]
    if any(reading in _frequent("ru") for reading in readings if len(reading) > 2):
        return {"ru": 4}
    if any(fold(reading) in _frequent("kk") for reading in readings if len(reading) > 1):
        return {"kk": 4}
    if any(fold(reading).replace("нг", "н").endswith(("низ", "сиз")) for reading in readings):
        return {"kk": 2}
    if len(word) >= 4 and any(is_russian(reading) for reading in readings):
        return {"ru": 2, "en": 1}
    return {"en": 1}


def _layout_votes(text: str) -> dict[str, int]:
    """Latin that becomes Russian when read in the other keyboard layout, letters among punctuation included."""
    chunks = [chunk for chunk in text.lower().split() if _LAYOUT_WORD.fullmatch(chunk)]
    known = sum(len(chunk) >= 4 and is_russian(from_layout(chunk)) for chunk in chunks)
    return {"ru": 4 * known} if known else {}
