"""What a pack says it does not offer: only where its list is complete, and only of what is no slip of a word in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from rapidfuzz import fuzz

from truffles_policy.facts.names import PRODUCT, Thing
from truffles_policy.facts.reading import Reading
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.words import is_noun
from truffles_policy.lemmas import fold, is_russian, normal
from truffles_policy.pack.schema import Pack

WORDS = 3
LIKE = 60
OFFERED = frozenset({"offered", "price"})
SOLD_AS = OFFERED | {"stock"}
MODELS = frozenset(
    ["про", "pro", "макс", "max", "плюс", "plus", "мини", "mini", "ультра", "ultra", "лайт", "lite", "е", "e"]
)
"""How makers call their models beside a number."""
_WORD = re.compile(r"[^\W\d_]+")
_SAID = re.compile(r"\w+")
_MODEL = re.compile(r"[a-zа-я]?\d{1,2}")
_DIGITS = re.compile(r"\D")
_RUSSIAN = re.compile(r"[а-яё]+")


class Unlisted:
    """Whether something that was asked for is surely not offered."""

    def __init__(self, pack: Pack, things: Things) -> None:
        self._things = things
        self._complete = (pack.services_complete or not pack.services) and (pack.products_complete or not pack.products)
        self._complete = self._complete and bool(pack.services or pack.products)
        self._goods = pack.products_complete
        dumped = " ".join(_WORD.findall(normal_text(pack.model_dump_json(exclude_defaults=True))))
        self._words = frozenset(fold(word) for word in dumped.split() if len(word) >= 4)

    def told(self, reading: Reading, say: Say) -> Told | None:
        """That it is not in the list, where that is certain."""
        if model := self._other_model(reading):
            return Told(PRODUCT, say.text("fact_not_offered", thing=model), say.language, inviting=False)
        if not self._complete or len(reading.unread) != 1 or not self._asks(reading):
            return None
        words = reading.unread[0].split()
        if len(words) > WORDS or reading.unread[0].lower() not in " ".join(reading.text.lower().split()):
            return None
        if not any(is_noun(normal(word)) or not is_russian(normal(word)) for word in words) or not all(
            map(self._foreign, words)
        ):
            return None
        text = say.text("fact_not_offered", thing=reading.unread[0].lower())
        kind = "services" if say.pack.services else "products"
        return Told(kind, text, say.language, inviting=False)

    def _other_model(self, reading: Reading) -> str:
        """The model that is asked for where all products are listed, others of its kind among them ("айфон 15" beside 11 and 13);
        "" where it may be there under another name."""
        [part, *more] = reading.parts or [None]
        if not self._goods or part is None or more or part.ask not in SOLD_AS or len(reading.named) != 1:
            return ""
        [named] = reading.named
        called = _SAID.findall(named.text.lower())
        unread = " ".join(reading.unread).lower().split()
        numbers = [word for word in unread if _MODEL.fullmatch(word)]
        if named.exact and unread and set(unread) <= MODELS and all(each.kind == PRODUCT for each in named.things):
            return _side_by_side(_SAID.findall(reading.text.lower()), called, called[-1])
        if named.exact or len(numbers) != 1 or not set(unread) - set(numbers) <= MODELS:
            return ""
        if not any(each.kind == PRODUCT for each in named.things) or self._has_number(named.things, numbers[0]):
            return ""
        return _side_by_side(_SAID.findall(reading.text.lower()), called, numbers[0])

    def _has_number(self, near: Sequence[Thing], number: str) -> bool:
        """Does any of these have it in a name, its variants among them?"""
        wholes = {each.whole for each in near}
        keys = {
            key for name in self._things.names if name.thing.whole in wholes for word in name.words for key in word.keys
        }
        return any(_DIGITS.sub("", key) == _DIGITS.sub("", number) for key in keys if any(map(str.isdigit, key)))

    def _asks(self, reading: Reading) -> bool:
        asked = {part.ask for part in reading.parts}
        return bool(asked) and asked <= OFFERED and not any(part.things for part in reading.parts)

    def _foreign(self, word: str) -> bool:
        """Is it a word that nothing in the pack resembles? One that no dictionary has may be a slip of anything."""
        plain = normal(word)
        known = is_russian(plain)
        if not _RUSSIAN.fullmatch(plain) or len(plain) < (3 if known else 5):
            return False
        like = fold(plain)
        return not any(each[:4] == like[:4] or fuzz.ratio(each, like) >= LIKE for each in self._words)


def _side_by_side(words: Sequence[str], called: Sequence[str], number: str) -> str:
    """A name and a number as they stand in a message, with how models are called between or behind them; "" where anything else
    stands between."""
    ours = [at for at, word in enumerate(words) if word in called or word == number]
    run = words[ours[0] : ours[-1] + 1] if ours else []
    if number not in run or not set(run) <= {*called, number, *MODELS}:
        return ""
    behind = takewhile(MODELS.__contains__, words[ours[-1] + 1 :])
    return " ".join([*run, *behind])


def normal_text(text: str) -> str:
    """A text in lower case, ё as е."""
    return text.lower().replace("ё", "е")
