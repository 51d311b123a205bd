"""What a pack says it does not offer: only where its list is complete, and only of what is no slip of a word in it."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from truffles_policy.facts.reading import Reading
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.words import is_noun
from truffles_policy.lemmas import fold, is_russian, normal
from truffles_policy.pack.schema import Pack

WORDS = 3
LIKE = 60
OFFERED = frozenset({"offered", "price"})
_WORD = re.compile(r"[^\W\d_]+")
_RUSSIAN = re.compile(r"[а-яё]+")


class Unlisted:
    """Whether something that was asked for is surely not offered."""

    def __init__(self, pack: Pack, things: Things) -> None:
        self._things = things
        self._complete = (pack.services_complete or not pack.services) and (pack.products_complete or not pack.products)
        self._complete = self._complete and bool(pack.services or pack.products)
        dumped = " ".join(_WORD.findall(normal_text(pack.model_dump_json(exclude_defaults=True))))
        self._words = frozenset(fold(word) for word in dumped.split() if len(word) >= 4)

    def told(self, reading: Reading, say: Say) -> Told | None:
        """That it is not in the list, where that is certain."""
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


def normal_text(text: str) -> str:
    """A text in lower case, ё as е."""
    return text.lower().replace("ё", "е")
