"""A text in the normal form in which claims are compared: what hides a number from a program is taken away.

Lower case, е for ё, Kazakh letters as the Russian ones typed for them, digits of every script as 0–9, no characters of no
width, look-alike letters of one script within a word, numbers in words as digits ("двадцать пять" → "25"; thousands stay
words: "25 тысяч"). The words stand in `claims.toml`. Pure.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

_FOLD = dict(zip("ёәғқңөұүһіαβεικνορτυχηγ", "еагкноуухиaveikvoptyxhg", strict=True))
_LATIN_LIKE = dict(zip("abcehikmoptxyu", "авсеникмортхуи", strict=True))
_CYRILLIC_LIKE = dict(zip("авсенимоктхуз", "abcehimoktxy3", strict=True))
_TO_CYRILLIC, _TO_LATIN = str.maketrans(_LATIN_LIKE), str.maketrans(_CYRILLIC_LIKE)
_TAGS = re.compile("[\U000e0000-\U000e01ef]")
_LATIN = re.compile("[a-z]")
_MIXED = re.compile(r"[a-z][0-9]*[а-я]|[а-я][0-9]*[a-z]")
_LETTERS = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN_DIGITS = re.compile(r"([0-9])[_*'’`\\]+(?=[0-9])")
_SPACED = re.compile(r"[0-9](?: [0-9](?![0-9.,:-])){2,}")
_ZEROES = re.compile(r"([0-9])([ .,]?)([оo]+)(?![a-zа-я])")
_ONES = re.compile(r"([0-9])[liи|](?=[0-9])")
_LIST_NUMBER = re.compile(r"^[ \t]*[0-9]{1,2}[.)](?=\s)", re.MULTILINE)
_ROUBLES = re.compile(r"([0-9]) ?р\b\.?")
_HALF = re.compile(r"([0-9]{1,3}) (?:с половиной|and a half|жарым)\b")
_HALF_PAST = re.compile(r"\b(half past|полов\w+) ([0-9]{1,2})\b(?! *%)")
_KAZAKH_ENDINGS = ("га", "ге", "ка", "ке", "да", "де", "та", "те", "дан", "ден", "тан", "тен", "нан", "нен")


@lru_cache
def words() -> Mapping[str, Any]:
    """The word lists, read once a process."""
    return tomllib.loads(resources.files("truffles_gateway").joinpath("claims.toml").read_text(encoding="utf-8"))


@lru_cache
def _characters() -> dict[str, str]:
    """What becomes of a character that is more than it looks like, or less; all others stay."""
    table = dict(_FOLD)
    for letter in map(chr, range(0x10000)):
        kind = unicodedata.category(letter)
        if kind in ("Cf", "Mn", "Me") or (kind == "Cc" and letter not in "\n\t"):
            table[letter] = ""
        elif kind in ("Zs", "Zl", "Zp"):
            table[letter] = " " if kind == "Zs" else "\n"
        elif kind == "Pd":
            table[letter] = "-"
        elif kind == "Nd":
            table[letter] = str(unicodedata.decimal(letter))
    table |= {"\u2212": "-", "\u2044": "/", "\u066a": "%", "\u3012": "₸", "\t": " "}
    return {letter: plain for letter, plain in table.items() if letter != plain}


@lru_cache
def _strange() -> re.Pattern[str]:
    return re.compile("[" + "".join(map(re.escape, _characters())) + "]")


def plain(text: str) -> str:
    """The normal form of a text."""
    return _counted(letters(text))


def letters(text: str) -> str:
    """The normal form as far as single characters go."""
    table = _characters()
    text = _strange().sub(lambda found: table[found[0]], unicodedata.normalize("NFKC", _TAGS.sub("", text)).lower())
    if _LATIN.search(text) and _MIXED.search(text):
        text = _LETTERS.sub(_one_script, text)
    text = _ZEROES.sub(lambda found: found[1] + found[2] + "0" * len(found[3]), _BETWEEN_DIGITS.sub(r"\1", text))
    return _SPACED.sub(lambda found: found[0].replace(" ", ""), _ONES.sub(r"\g<1>1", text))


def _one_script(found: re.Match[str]) -> str:
    """A word of two scripts: Cyrillic if one of its letters is that beyond doubt, else Latin."""
    word = found[0]
    if not _MIXED.search(word):
        return word
    sure = any("а" <= letter <= "я" and letter not in _CYRILLIC_LIKE for letter in word)
    return word.translate(_TO_CYRILLIC if sure else _TO_LATIN)


def _counted(text: str) -> str:
    """Without list numbers and idioms, and with numbers in digits."""
    text = _LIST_NUMBER.sub(" ", text)
    present = set(_WORD.findall(text))
    if not present.isdisjoint(_telling_words("idioms")):
        text = _idioms().sub(" ", text)
    if not present.isdisjoint(_telling_words("replaced")):
        text = _replaced().sub(lambda found: _replacements()[" ".join(found[0].split())], text)
        present = set(_WORD.findall(text))
    if not (present.isdisjoint(_numbers()) and present.isdisjoint(_before_half())):
        text = _digits(text)
    text = _ROUBLES.sub(r"\1 руб", _HALF.sub(r"\1,5", text))
    return _HALF_PAST.sub(_half_past, text)


def _half_past(found: re.Match[str]) -> str:
    """ "half past 9" is 9:30, "половина девятого" 8:30."""
    hour = int(found[2]) - (found[1] != "half past")
    return f"{hour % 24}:30"


@lru_cache
def _telling_words(table: str) -> frozenset[str]:
    """The longest word of each phrase: where none of them is, no phrase need be looked for."""
    phrases = words()["spoken"][table] if table == "idioms" else words()[table]
    return frozenset(max(_WORD.findall(letters(each)), key=len) for each in phrases)


def any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern of whole words: any of `phrases`, in their normal letters."""
    found = sorted((re.escape(letters(each)).replace(r"\ ", r"\s+") for each in phrases), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(found)})\b")


@lru_cache
def _idioms() -> re.Pattern[str]:
    return any_of(words()["spoken"]["idioms"])


@lru_cache
def _replacements() -> dict[str, str]:
    return {letters(key): value for key, value in words()["replaced"].items()}


@lru_cache
def _replaced() -> re.Pattern[str]:
    return any_of(words()["replaced"])


def _listed(table: str) -> dict[str, int]:
    return {letters(word): int(value) for value, forms in words()[table].items() for word in forms.split()}


@lru_cache
def _numbers() -> dict[str, tuple[int, str]]:
    """Words of numbers: their value and the case ending that they stand with."""
    found = {word: (value, "") for word, value in (_listed("numbers") | _listed("ordinals")).items()}
    for word, value in _listed("kazakh").items():
        found |= {word + ending: (value, f"-{ending}") for ending in _KAZAKH_ENDINGS}
        found[word] = (value, "")
    return found | {letters(word): (100, "") for word in words()["spoken"]["hundred"]}


@lru_cache
def _before_half() -> dict[str, int]:
    """ "полдевятого": the hour whose half is meant."""
    return {f"пол{word}": value for word, value in _listed("ordinals").items() if value <= 12}


@lru_cache
def _spoken(name: str) -> frozenset[str]:
    return frozenset(letters(word) for word in words()["spoken"][name])


def _digits(text: str) -> str:
    """Numbers in words as digits, the rest as it is."""
    numbers, halves = _numbers(), _before_half()
    tokens = list(_WORD.finditer(text))
    result, end, at = "", 0, 0
    while at < len(tokens):
        word = tokens[at][0]
        length, said = _run(tokens, at, text) if word in numbers else (0, "")
        if word in halves:
            length, said = 1, f"{halves[word] - 1}:30"
        if length:
            result += text[end : tokens[at].start()] + said
            end = tokens[at + length - 1].end()
        at += length or 1
    return result + text[end:]


def _run(tokens: list[re.Match[str]], at: int, text: str) -> tuple[int, str]:
    """How many words from `at` on make one number, and the number; (0, "") if it may be another word."""
    numbers = _numbers()
    total, ending = numbers[tokens[at][0]]
    length = 1
    while at + length < len(tokens) and not ending:
        joint = text[tokens[at + length - 1].end() : tokens[at + length].start()]
        more = numbers.get(tokens[at + length][0])
        joined = _joined(total, more[0], tokens[at + length][0]) if more and joint in (" ", "-") else 0
        if not more or not joined:
            break
        total, ending, length = joined, more[1], length + 1
    if length == 1 and tokens[at][0] in _spoken("unsure") and not _beside(tokens, at):
        return 0, ""
    return length, f"{total}{ending}"


def _joined(total: int, value: int, word: str) -> int:
    """ "двадцать" + "пять" → 25, "five" + "hundred" → 500; 0 if they are two numbers ("пять-семь")."""
    if word in _spoken("hundred"):
        return total * value if 0 < total < 10 else 0
    step = 10 if value < 10 else 100 if value < 100 else 1_000
    return total + value if total and total % step == 0 and value else 0


def _beside(tokens: list[re.Match[str]], at: int) -> bool:
    around = [tokens[near][0] for near in (at - 1, at + 1) if 0 <= near < len(tokens)]
    return any(word in _spoken("beside") for word in around)
