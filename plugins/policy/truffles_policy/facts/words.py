"""From a message, or a name of the pack, to words: one reading of both, so that they meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from truffles_policy.facts.data import asks
from truffles_policy.lemmas import CACHE, Entry, Lexicon, clean, fold, from_latin, is_russian, normal, russian
from truffles_policy.patterns import Token, tokens
from truffles_policy.salutations import unaddressed
from truffles_policy.synonyms import of_whom, synonyms

_HYPHEN = re.compile(r"(?<=\w)[-‐‑/](?=[^\W\d])|(?<=[^\W\d])[-‐‑/](?=\w)")
_CLOCK = re.compile(r"\b([01]?\d|2[0-4])[:.]([0-5]\d)\b(?![.\d])")
_DATE = re.compile(r"(?<![\d.,])(0?[1-9]|[12]\d|3[01])\.(0[1-9]|1[0-2])(?:\.(?:20)?\d\d)?(?![\d.,]?\d)")
_NAMED_DAY = re.compile(
    r"\b[а-я]{3,15}ого(?= (?:янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек))|\bтретьего(?= )", re.IGNORECASE
)
_NTH_DAY = re.compile(
    r"(?<![\d.,:])([12]?\d|3[01])-?(?:го|ого|е|ое|ші|шы|інші|ыншы|st|nd|rd|th)\b(?=\s+[^\W\d])", re.IGNORECASE
)
_DAY_ALONE = re.compile(
    r"(?<![\w.,:])([12]?\d|3[01])(?:-?о?го(?=\s*(?:[?!.,)]|$)|\s+(?:работ|откры|закры|буд|вы\b|есть|можно|до\b|во?\b|и\b|или|как|кто|выходн|ещ[её]))|(?:st|nd|rd|th)(?=\s*(?:[?!.,)]|$))|-?(?:і|ы|ші|шы|сі|сы|и|ши|си)?\s+кун[иі]\b|"
    r"-?(?:і|ы|ші|шы|сі|сы)?\s+күні\b)",
    re.IGNORECASE,
)
"""A day of a month that is not named: "а 31го?", "and the 31st?", "31-і күні"."""
_ENDED = re.compile(
    r"(?<![\w.,])(\d+)[-‐‑]?(?:с[ыиі]н?|ш[ыиі]|[дт][ае]н?|[гғқк][ае]|н[ае]н|[лд][ыиі][кқ]|гигалық|й|[ыо]й|[аяы][яе]|[ыи]х|[оы]м|о?го|му|к[ауе])\b",
    re.IGNORECASE,
)
"""A number with an ending: "256-сы", "10да", "13й"."""
_USED = re.compile(r"\bб[/\\. ]у\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0](?=\d{3}\b)")
_GLUED = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_]{3})(?=\d)")
_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[а-яё])\w{2,6}\b", re.IGNORECASE)
_ALIKE = str.maketrans("асеорхкмтвнАСЕОРХКМТВН", "aceopxkmtbhACEOPXKMTBH")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[а-яёәғқңөұүһі]")

KAZAKH_DOING = (
    "гызу", "гизу", "кызу", "кизу", "дыру", "диру", "тыру", "тиру", "ату", "ету", "лау", "леу", "рту", "гым", "гим", "келеди",
    "болады", "екен", "едим", "едик", "ою", "ею", "юу", "сам", "сем", "сак", "сек", "саниз", "сениз", "аиин", "еиин",
)  # fmt: skip
"""Endings of Kazakh verbs."""


def plain(text: str) -> str:
    """A text with hyphens and codes taken apart: "гель-лак" is "гель лак", "128гб" is "128 гб", "20:00" one number,
    "02.01" a day of January."""
    text = _NTH_DAY.sub(r"\1", _DAY_ALONE.sub(r"\1 числа", text))
    text = _NAMED_DAY.sub(lambda found: str(asks().days_of_month.get(found[0].lower(), found[0])), text)
    text = _DATE.sub(lambda found: f"{int(found[1])} {asks().months[int(found[2]) - 1]}", text)
    text = _ENDED.sub(r"\1", _USED.sub("бу", _CLOCK.sub(r"\1 часов", text)))
    return _GLUED.sub(" ", _CODE.sub(lambda found: _code(found[0]), _HYPHEN.sub(" ", text)))


def _code(word: str) -> str:
    """Letters of a short code such as "А54", typed in either alphabet, as Latin ones; "128гб" is none."""
    letters, digits = word.rstrip("0123456789"), word.lstrip("0123456789")
    return word.translate(_ALIKE) if len(letters) <= 2 and letters and digits == word else word


@dataclass(frozen=True, slots=True)
class Word:
    """A token of the message and where it stands in the text. `keys` are what it may be, a number's own included."""

    token: Token
    start: int
    end: int
    keys: frozenset[str]

    @property
    def word(self) -> str:
        """Its normal spelling."""
        return self.token.word


def entries_of(written: str) -> tuple[Entry, ...]:
    """What a word of the pack is in the lexicon, with the other words of its meaning."""
    return tuple(dict.fromkeys(entry for word in (written, *synonyms(written)) for entry in _entries(word)))


def entries_of_whom(written: str) -> tuple[Entry, ...]:
    """What those are in the lexicon whom a word of the pack says that a thing is for."""
    return tuple(entry for word in of_whom(written) for entry in _entries(word))


def _entries(written: str) -> tuple[Entry, ...]:
    """A word's lemmas, its Kazakh stem, and how a Latin name sounds in Cyrillic."""
    word = normal(written)
    if word.isdigit():
        return ()
    if _CYRILLIC.search(word):
        lemmas = dict.fromkeys([*_lemmas(word), word])
        return (*(Entry("ru", lemma) for lemma in lemmas), Entry("ru", word, exact=True), Entry("kk", word))
    if not _LATIN.search(word) or len(word) < 3 or any(letter.isdigit() for letter in word):
        return (Entry("en", word, exact=True),)
    sounds = dict.fromkeys(reading for reading in from_latin(word) if len(reading) >= 4)
    return (Entry("en", word), *(Entry("ru", reading) for reading in sounds))


@lru_cache(CACHE)
def _lemmas(word: str) -> tuple[str, ...]:
    if not is_russian(word):
        return ()
    parses = [parse for parse in russian().parse(word)[:4] if parse.score >= 0.1]
    return tuple(dict.fromkeys(parse.normal_form.replace("ё", "е") for parse in parses))


@lru_cache(CACHE)
def is_noun(word: str) -> bool:
    """Does a Russian word name something?"""
    return any("NOUN" in parse.tag for parse in russian().parse(word)[:2]) if is_russian(word) else False


@lru_cache(CACHE)
def describes(word: str, thing: str) -> bool:
    """Is a Russian word an adjective to the noun behind it, although it can name something itself: children's (haircut)?"""
    if not (is_russian(word) and is_russian(thing)):
        return False
    nouns = {_form(each) for each in russian().parse(thing) if "NOUN" in each.tag}
    return any(_form(each) in nouns for each in russian().parse(word) if "ADJF" in each.tag)


def _form(parse: Any) -> tuple[object, ...]:
    """What an adjective shares with its noun; there are no genders in the plural."""
    tag = parse.tag
    return tag.case, tag.number, tag.gender if tag.number == "sing" else None


_SAYS_NOTHING = frozenset({"ADVB", "PRCL", "INTJ"})
_DOES = frozenset({"VERB", "INFN", "GRND"})


@lru_cache(CACHE)
def is_chatter(word: str) -> bool:
    """Is a Russian word one that names and does nothing: how, who of those in talk, by the way? What denies is none."""
    if word in asks().denials or not is_russian(word):
        return False
    return russian().parse(word)[0].tag.POS in _SAYS_NOTHING


@lru_cache(CACHE)
def is_doing(word: str) -> bool:
    """Is a Russian word a verb, whoever does it and when?"""
    return is_russian(word) and russian().parse(word)[0].tag.POS in _DOES


@lru_cache(CACHE)
def is_owner(word: str, thing: str) -> bool:
    """Does a Russian word only say of which thing the one before it is ("коррекция ресниц")? It has a case of its own then."""
    cases = {str(parse.tag.case) for parse in _parses(word) if parse.tag.case}
    return cases == {"gent"} and not {str(parse.tag.case) for parse in _parses(thing)}.isdisjoint({"nomn", "accs"})


@lru_cache(CACHE)
def is_infinitive(word: str) -> bool:
    """Is a Russian word one of doing, without who does it when?"""
    return any("INFN" in parse.tag for parse in russian().parse(word)[:2]) if is_russian(word) else False


@lru_cache(CACHE)
def is_pronoun(word: str) -> bool:
    """Does a Russian word stand for something said before?"""
    return any("NPRO" in parse.tag or "Apro" in parse.tag for parse in _parses(word)[:1])


@lru_cache(CACHE)
def is_place(word: str) -> bool:
    """Is a Russian word the name of a town or a country?"""
    return any("Geox" in parse.tag for parse in _parses(word))


@lru_cache(CACHE)
def tells(word: str) -> bool:
    """Is a Russian word one of what happened, or happens?"""
    return any("VERB" in parse.tag and ("past" in parse.tag or "3per" in parse.tag) for parse in _parses(word))


@lru_cache(CACHE)
def speaks(word: str) -> bool:
    """Is a Russian word one of what the two who talk do, or of what happened?"""
    return any("VERB" in parse.tag and ("past" in parse.tag or "1per" in parse.tag or "2per" in parse.tag)
               for parse in _parses(word)[:1])  # fmt: skip


@lru_cache(CACHE)
def is_preposition(word: str) -> bool:
    """Is a Russian word one that something must follow?"""
    return any("PREP" in parse.tag for parse in _parses(word))


@lru_cache(CACHE)
def asks_you(word: str) -> bool:
    """Is a Russian word one of what you do ("чистите", "меняете")?"""
    return any("VERB" in parse.tag and {"plur", "2per"} in parse.tag for parse in _parses(word))


def _parses(word: str) -> Sequence[Any]:
    return russian().parse(word)[:2] if is_russian(word) else ()


def keys_of_whom(written: str) -> frozenset[str]:
    """By which keys those are known whom a word of the pack says that a thing is for."""
    return frozenset(each.key for each in entries_of_whom(written))


def keys_of(written: str) -> frozenset[str]:
    """By which keys a word of a message is known for this word of the pack."""
    word = normal(written)
    return frozenset({f"#{word}"}) if word.isdigit() else frozenset(each.key for each in entries_of(word))


class Vocabulary:
    """The words of asking together with those of one pack."""

    def __init__(self, names: Iterable[str]) -> None:
        self._asks = asks()
        entries = set(self._asks.entries)
        for name in names:
            for token in spelled(name):
                entries.update((*entries_of(token), *entries_of_whom(token)))
        self._lexicon = Lexicon(entries)

    def words(self, text: str) -> list[Word]:
        """The words of a message, fillers left out, and their places in `clean(text)`."""
        cleaned, at = clean(text), 0
        found: list[Word] = []
        lower = cleaned.lower()
        for token in tokens(plain(unaddressed(cleaned)), self._lexicon, self._asks.fillers):
            start = lower.find(token.text.lower(), at)
            start = at if start < 0 else start
            at = max(at, min(start + len(token.text), len(cleaned)))
            found.append(Word(token, start, at, _keys(token)))
        return found


def _keys(token: Token) -> frozenset[str]:
    """A token's keys. A word that the Russian dictionary has is no Kazakh one with endings: "риска" is not "рис"."""
    if token.word.isdigit():
        return token.keys | {f"#{token.word}"}
    if not any(key.startswith("kk:") for key in token.keys) or not is_russian(token.word):
        return token.keys
    same = fold(token.word)
    return frozenset(key for key in token.keys if not key.startswith("kk:") or fold(key[3:]) == same)


def spelled(name: str) -> list[str]:
    """The words of a name as they are looked up, small words left out."""
    return [token.word for token in _named(name)]


@lru_cache(CACHE)
def _named(name: str) -> tuple[Token, ...]:
    known = asks()
    return tuple(
        token
        for token in tokens(plain(clean(name)), _EMPTY, known.fillers)
        if token.word not in known.small and token.word not in known.joins
    )


_EMPTY = Lexicon(())
