"""Addresses: "ул. Сатпаева, 22", "Сатпаева 22", "мы на Толе би, 59", "at 10 Abay Street" are read to keys of street and house.

A draft's word and number are an address by what stands around them; of the evidence every word before a number counts as
its street, so that no spelling of the tenant's own address is ever missing. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from truffles_gateway.claim_values import Found, Key
from truffles_gateway.plain import letters, words

_HOUSE = r"{1,%d}(?:[a-zа-я](?:/[0-9]{1,3})?|[/к][0-9]{1,3}[a-zа-я]?)?(?!\w)(?:(?P<letter> [a-zа-я])(?!\w))?"
HOUSE = rf"(?P<house>[0-9]{_HOUSE % 4})"
_SMALL = rf"(?P<house>[0-9]{_HOUSE % 3})"
_WORD = r"[^\W\d_]{2,24}(?:-\w{1,24})?"
_DOOR = r"(?:(?:д|дом|no|house)\.? ?)?"
PLACE = rf"(?<![\w-])(?P<first>{_WORD})(?: (?P<last>{_WORD}))?(?:, ?| ){_DOOR}{_SMALL}"
NUMBER_FIRST = rf"(?<![\w.,:-]){_SMALL},? (?P<street>{_WORD}) (?:street|str|st|avenue|ave|road|rd)\b"

_PARTS = re.compile(r"[\s,.;:()/«»\"]+")
_HELD = re.compile(rf"(?<![0-9.:]){HOUSE}")
_TOKEN = re.compile(r"[^\W\d_][\w-]*|\w+|[^\s\w]|\n")
_SOUNDS = dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziiklmnoprstufhcie", strict=True))
_LATIN = str.maketrans(
    _SOUNDS | {"ж": "j", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "iu", "я": "ia", "ь": "", "ъ": "", "y": "i"}
)
_DOOR_LETTERS = str.maketrans("abcehkmoptx", "авсенкмортх")
STREET_LETTERS, AROUND, NEAR_HOUSE, ABBREVIATION = 4, 64, 4, 5


def _street(name: str) -> str:
    """How a street's name begins, in one alphabet: "Абая", "Абай" and "Abay" are one."""
    return name.translate(_LATIN).replace("kh", "h").replace("zh", "j")[:STREET_LETTERS]


def _keys(street: str, found: re.Match[str]) -> tuple[Key, ...]:
    """The street with the house; with a letter apart ("22 Б"), which may be a word too ("22 в центре"), also with that."""
    house = found["house"].translate(_DOOR_LETTERS)
    number = house.partition(" ")[0]
    return tuple(("address", (_street(street), each)) for each in dict.fromkeys((number, house.replace(" ", ""))))


def address(found: re.Match[str]) -> Found:
    """A house with a word that says "street"."""
    yield "address", _keys(found["street"], found), ()


@lru_cache(maxsize=64)
def capitals(text: str) -> frozenset[str]:
    """The words of a text, before its normal form, that begin with a capital letter; a street's name does."""
    parts = (part.lstrip("-*_'`“„[#") for part in _PARTS.split(text))
    found = letters(" ".join(part for part in parts if part[:1].isupper()))
    return frozenset(re.findall(r"[^\W\d_]+", found))


@lru_cache
def _signs() -> tuple[re.Pattern[str], ...]:
    """What stands before an address, what right before a street, what a number stands closed before; words that are parts
    of names, and words that are no streets."""
    signs = words()["places"]
    said = rf"\b(?:{'|'.join(signs['said'])})\b(?:(?![!?\n]|(?<=\w{{4}})\. ).)*$"
    near = rf"\b(?:{'|'.join(signs['near'])}) $"
    after = "|".join(map(letters, words()["hours"]["after"]))
    closed = rf"\s*(?:$|[^\w\s%+-]|-(?![0-9])|(?:{after})\b)"
    tails, others = (rf"(?:{'|'.join(signs[name])})$" for name in ("tails", "others"))
    return tuple(map(re.compile, (said, near, closed, tails, others)))


def reader(names: Callable[[], frozenset[str]]) -> Callable[[re.Match[str]], Found]:
    """A reader of a word and a number; `names` are the text's words with a capital, asked for only if there is a number."""
    return partial(_place, names)


def _place(names: Callable[[], frozenset[str]], found: re.Match[str]) -> Found:
    *_, tails, others = _signs()
    first, last = found["first"], found["last"] or found["first"]
    if others.match(last):
        return
    street = first if tails.match(last) else last
    if not others.match(street) and _is_address(street, found, capital=re.split("-", street)[0] in names()):
        yield "address", _keys(street, found), ()


def _is_address(street: str, found: re.Match[str], *, capital: bool) -> bool:
    """With a capital after "на", or after words such as "наш адрес", surely; else if no noun follows that is counted.

    A name in Latin letters is a product's ("Galaxy 24") as long as nothing says where.
    """
    said, near, closed, *_ = _signs()
    start = found.start("last") if street == found["last"] else found.start("first")
    before = found.string[max(0, start - AROUND) : start]
    latin = street[0] < "а"
    if capital and (near.search(before) or said.search(before)):
        return not latin or before.endswith("at ") or said.search(before) is not None
    alone = closed.match(found.string, found.start("letter") if found["letter"] else found.end()) is not None
    return alone and (said.search(before) is not None if latin or not capital else True)


def held(text: str) -> Iterator[Key]:
    """Of a text of the evidence, in its normal form: every number as the house of each of the few words before it."""
    for number in _HELD.finditer(text):
        for street in _words_before(text[max(0, number.start() - AROUND) : number.start()]):
            yield from _keys(street, number)


def _words_before(text: str) -> list[str]:
    """The last words of a text, back to where something else ends: a sentence, a number, a bracket."""
    found: list[str] = []
    tokens = _TOKEN.findall(text)
    for at in range(len(tokens) - 1, -1, -1):
        each = tokens[at]
        if each[0].isalpha():
            found.append(each)
        elif each not in ",." or (each == "." and len(tokens[at - 1]) > ABBREVIATION):  # "ул." and "просп." end nothing
            break
    return found[:NEAR_HOUSE]
