"""From a written word to the words of the rules: forms, stems, typos, transliteration, wrong keyboard layout.

Rules name few words, and every one of them is known beforehand. So the morphology is turned round: each Russian word of
the rules is inflected once (pymorphy3), and reading a message is a look-up of its words among these forms. English words
meet by their Snowball stem; Kazakh ones by stripping suffixes until a stem of the rules is left (`kazakh_stems`).
A word is taken for a misspelt one only if it is no Russian word itself, so "доставили" never becomes "достали".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer  # it has no types
    from snowballstemmer.english_stemmer import EnglishStemmer  # it has no types

CACHE = 20_000
LONGEST_WORD = 40
_SHORT = 3
ANY = "any"
_STEMMING = Lock()
"""A stemmer keeps the word that it works on: two threads would cut each other's."""

_LAYOUT = str.maketrans(
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.`&{}:\"<>~",
    "йцукенгшщзхъфывапролджэячсмитьбюе?хъжэбюе",
)
_LOOKALIKES = str.maketrans("aceopxykmhtb", "асеорхукмнтв")
_ALIKE = str.maketrans("ое", "аи")
_FOLD = str.maketrans("әғқңөұүһіыйё", "агкноуухииие")
_TRANSLIT = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"), ("yu", "ю"),
    ("ya", "я"), ("yo", "е"), ("ye", "е"), ("ju", "ю"), ("ja", "я"), ("a", "а"), ("b", "б"), ("c", "ц"), ("d", "д"),
    ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"), ("j", "ж"), ("k", "к"), ("l", "л"), ("m", "м"),
    ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"), ("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"),
    ("w", "у"), ("x", "х"), ("y", "ы"), ("z", "з"), ("'", "ь"), ("4", "ч"), ("6", "ш"),
)  # fmt: skip
_TRANSLIT_MAP = dict(_TRANSLIT)
_TRANSLIT_RE = re.compile("|".join(re.escape(latin) for latin, _ in _TRANSLIT))
_LATIN = re.compile(r"[a-z]")
_CYRILLIC = re.compile(r"[а-яёәғқңөұүһі]")
_RUN = re.compile(r"(.)\1{2,}")

# Folded (see `fold`), longest first: plural, possessive, case, person, politeness, question and verb endings.
_SUFFIXES = """
лар лер дар дер тар тер им ум м ин ун н инз иниз униз низ сиз си миз имиз ди ти ни га ге ка ке на не да де
та те нда нде дан ден тан тен нан нен ниц нин дин тин мен бен пен и а е с ши чи ги гим кум ким шиз из
иниздер иниздар низдар низдер ндар ндер сиздер п ип уп ып ай еи йин еиин аиин ады еди иди ма ме ба бе па пе
сам сем саниз сениз са се у уге уга ла ле ган ген кан кен йик еиик аиик дап деп беру
"""
_KAZAKH_SUFFIXES = sorted(set(_SUFFIXES.split()), key=len, reverse=True)


@lru_cache(1)
def russian() -> MorphAnalyzer:
    """The Russian morphology: loaded at first use (0.15 s), once a process."""
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer()


@lru_cache(1)
def _english() -> EnglishStemmer:
    from snowballstemmer.english_stemmer import EnglishStemmer

    return EnglishStemmer()


def clean(text: str) -> str:
    """Compatible letters made plain, marks piled upon letters and invisible characters removed."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if unicodedata.category(c) not in ("Mn", "Me", "Cf", "Cs"))


def normal(word: str) -> str:
    """One spelling for lookups: lower case, ё as е, Latin lookalikes in a Cyrillic word, long runs shortened."""
    word = word.lower().replace("ё", "е").replace("’", "'").replace("`", "'")
    if _CYRILLIC.search(word) and _LATIN.search(word):
        word = word.translate(_LOOKALIKES)
    return _RUN.sub(r"\1", word[:LONGEST_WORD])


def fold(word: str) -> str:
    """Kazakh as it is typed on a Russian keyboard: қанша and канша, сіз and сиз become one."""
    return word.translate(_FOLD)


def from_layout(word: str) -> str:
    """What was meant by keys pressed in the English layout: "ghbdtn" is "привет"."""
    return word.lower().translate(_LAYOUT).replace("ё", "е")


def from_latin(word: str) -> tuple[str, ...]:
    """Cyrillic readings of a transliterated word. "i" and "y" after a vowel may be "й"."""
    plain = _TRANSLIT_RE.sub(lambda found: _TRANSLIT_MAP[found.group()], word)
    short = re.sub(r"(?<=[аеоуыиюя])[иы]", "й", plain)
    soft = re.sub(r"(?<=[тлн])(?=\b|ся)", "ь", plain)
    hard = plain.replace("дж", "ж") if "дж" in plain else plain.replace("ж", "дж")
    reflexive = plain.replace("ця", "тся")
    inside = re.sub(r"л(?=[бвгджзкмнпрстфхцчшщ])", "ль", plain)
    kazakh = from_latin(word.replace("j", "zh")) if "j" in word else ()  # "jazba" is "жазба", no "язба"
    return tuple(dict.fromkeys((plain, short, soft, hard, inside, reflexive, *kazakh)))


@lru_cache(CACHE)
def is_russian(word: str) -> bool:
    """Does the Russian dictionary have this very form?"""
    return bool(russian().word_is_known(word))


@lru_cache(CACHE)
def english_stem(word: str) -> str:
    """The Snowball stem of a lower-case English word."""
    with _STEMMING:
        return str(_english().stemWord(word))


@lru_cache(CACHE)
def russian_forms(word: str) -> tuple[str, ...]:
    """All forms of a dictionary word; the word alone if the dictionary does not have it."""
    if not is_russian(word):
        return (word,)
    parses = [p for p in russian().parse(word) if p.normal_form.replace("ё", "е") == word]
    forms = {form.word.replace("ё", "е") for parse in parses for form in parse.lexeme}
    return tuple(sorted(forms | {word}))


def kazakh_stems(folded: str) -> Iterator[str]:
    """The word and what is left of it after one to four suffixes; stems of at least three letters."""
    waiting, seen = [(folded, 0)], {folded}
    while waiting:
        word, depth = waiting.pop()
        yield word
        if depth == 4:
            continue
        for suffix in _KAZAKH_SUFFIXES:
            stem = word[: -len(suffix)]
            if len(stem) >= 3 and word.endswith(suffix) and stem not in seen:
                seen.add(stem)
                waiting.append((stem, depth + 1))


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the rules. `exact`: this form only. `language` is that of the file it stands in, or `ANY`."""

    language: str
    word: str
    exact: bool = False

    @property
    def key(self) -> str:
        """How patterns name it."""
        return f"{self.language}{'=' if self.exact else ':'}{self.word}"


class Lexicon:
    """The words of a set of rules, and which of them a written word may be."""

    def __init__(self, entries: Iterable[Entry], *, not_typos: Iterable[str] = ()) -> None:
        self._cyrillic: dict[str, set[str]] = {}
        self._kazakh: dict[str, set[str]] = {}
        self._kazakh_exact: dict[str, set[str]] = {}
        self._latin: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._not_typos = {normal(word) for word in not_typos}
        for entry in sorted(entries, key=lambda each: each.key):  # among equal slips, always the same word
            self._add(entry)
        self._near_cyrillic = _by_first_letter(self._cyrillic, 5)
        self._near_kazakh = _by_first_letter({**self._kazakh, **self._kazakh_exact}, 5)
        self._near_latin = _by_first_letter({**self._latin, **self._stems}, 4)
        self.keys = lru_cache(CACHE)(self._keys)

    def _add(self, entry: Entry) -> None:
        word = normal(entry.word)
        if entry.language in ("ru", ANY):
            for form in (word,) if entry.exact else russian_forms(word):
                self._cyrillic.setdefault(form, set()).add(entry.key)
        if entry.language in ("kk", ANY):
            home = self._kazakh_exact if entry.exact else self._kazakh
            home.setdefault(fold(word), set()).add(entry.key)
        if _LATIN.search(word) and entry.language in ("ru", "kk"):  # a brand such as "kaspi"
            self._latin.setdefault(word, set()).add(entry.key)
        if entry.language in ("en", ANY):
            home = self._latin if entry.exact else self._stems
            home.setdefault(word if entry.exact else english_stem(word), set()).add(entry.key)

    def _keys(self, word: str) -> frozenset[str]:
        """Keys of the entries that `word`, as `normal` makes it, may be."""
        if _CYRILLIC.search(word):
            return frozenset(self._cyrillic_keys(word, typos=True))
        return frozenset(self._latin_keys(word)) if _LATIN.search(word) else frozenset()

    def layout_keys(self, chunk: str) -> frozenset[str]:
        """Keys of a chunk typed in the wrong layout: only forms that fit exactly."""
        word = from_layout(chunk)
        return frozenset(self._cyrillic.get(word, ())) | frozenset(self._kazakh_exact.get(fold(word), ()))

    def _cyrillic_keys(self, word: str, *, typos: bool) -> set[str]:
        found = set(self._cyrillic.get(word, ()))
        folded = fold(word)
        found |= self._kazakh_exact.get(folded, set())
        for stem in kazakh_stems(folded):
            found |= self._kazakh.get(stem, set())
        if found or not typos or len(word) < 5 or word in self._not_typos or is_russian(word):
            return found
        near = _nearest(word, self._near_cyrillic, 2 if len(word) >= 9 else 1)
        return set(self._cyrillic.get(near, ())) or self._kazakh_typo(folded)

    def _kazakh_typo(self, folded: str) -> set[str]:
        near = _nearest(folded, self._near_kazakh, 1) if len(folded) >= 6 else ""
        return self._kazakh.get(near, set()) | self._kazakh_exact.get(near, set())

    def _latin_keys(self, word: str) -> set[str]:
        found = set(self._latin.get(word, ())) | self._stems.get(english_stem(word), set())
        is_english = bool(found) and len(word) > 1  # "u" may be "у"
        found |= self.layout_keys(word)  # so short that it may be both: "ne" is "не" and, in the wrong layout, "ту"
        if is_english or (found and len(word) > _SHORT) or word in self._not_typos:
            return found
        for reading in from_latin(word):
            found |= self._cyrillic_keys(reading, typos=len(reading) >= 7)
        return found or self._latin_typo(word)

    def _latin_typo(self, word: str) -> set[str]:
        near = _nearest(word, self._near_latin, 1) if len(word) >= 5 else ""
        return set(self._latin.get(near, ())) | self._stems.get(near, set())


def _by_first_letter(words: Iterable[str], shortest: int) -> dict[str, list[str]]:
    """Words by their first letter: where a typo may have come from."""
    found: dict[str, list[str]] = {}
    for word in words:
        if len(word) >= shortest:
            found.setdefault(_first(word), []).append(word)
    return found


def _first(word: str) -> str:
    """The first letter, vowels that sound alike as one: аператор, оператор."""
    return word[0].translate(_ALIKE)


def _nearest(word: str, words: dict[str, list[str]], distance: int) -> str:
    found = process.extractOne(word, words.get(_first(word), ()), scorer=OSA.distance, score_cutoff=distance)
    return str(found[0]) if found else ""
