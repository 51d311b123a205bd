"""What was told last, told again: where a few words ask what a price covers, or for something that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from truffles_gateway.plugin import OWN, Texts
from truffles_policy.facts.carry import content
from truffles_policy.facts.data import asks
from truffles_policy.facts.reading import Reading, read
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.words import is_noun
from truffles_policy.intents.features import root, words_of
from truffles_policy.language import LANGUAGES
from truffles_policy.lemmas import is_russian, normal
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.synonyms import synonyms

INCLUDED = "included"
SEVERAL, LONG = 9, 4
MOST_OF = 0.5
_COVERS = re.compile(
    r"вход[ия]т|включ|без стоимост|отдельн|дополнительн|бесплатн|с установкой|с наклейкой|кіреді|кірмейді|бірге|бөлек|тегін|қосымша|жапсыруымен|"
    r"includ|separate|without|extra|free|together|fitted|installed",
    re.IGNORECASE,
)
"""What a fact says where it tells what a price covers."""


_LIKE = frozenset({"", "offered", "price", "how_much"})
_SOLD_APART = re.compile(
    r"сто[ия]т|стоимост|цен[аыу]|поч[её]м|обойд|замен|помен|менят|ремонт|почин|отдельн|куп|гарант|тұр|баға|ауыстыр|жөнде|"
    r"how much|cost|price|replac|fix|repair|change|separate|buy|guarantee|warrant",
    re.IGNORECASE,
)
"""What asks for a thing by itself, not for what another one is like."""
_PRICED = ("services.", "products.", "payment.")
_POINTS = frozenset(
    map(
        normal,
        [
            "сондай",
            "осындай",
            "бағаға",
            "бағасына",
            "кіреді",
            "price",
            "that",
            "this",
            "there",
            "already",
            "also",
            "потом",
        ],
    )
)
_ITS = re.compile(r"\b(?:its|it|него|нём|нем|там|он|онда|оның)\b", re.IGNORECASE)
_ASKING = frozenset(map(normal, [
    "какая", "какой", "какое", "какие", "сколько", "много", "хорошая", "хороший", "что", "канша", "қанша", "қандай", "кандай", "калай", "қалай",
    "what", "what's", "how", "much", "many", "good",
]))  # fmt: skip


def covers(text: str) -> bool:
    """Does a fact tell what its price covers, or what is paid for beside it?"""
    return _COVERS.search(text) is not None


def roots_of(text: str) -> set[str]:
    """The roots of the words that say what a text is about, and of those that mean the same."""
    return {root(each) for word in _content(text) for each in (word, *synonyms(word))}


def speaks_of(text: str, roots: Collection[str]) -> bool:
    """Does a fact hold one of these roots?"""
    said = {root(word) for word in words_of(text)}
    return any(
        each in said or any(each[: LONG + 1] == word[: LONG + 1] for word in said if len(word) > LONG) for each in roots
    )


class Again:
    """The facts of a pack by their ids, as customers of a language read them."""

    def __init__(self, pack: Pack, texts: Texts, things: Things) -> None:
        self._pack, self._texts, self._things = pack, texts, things
        self._known: dict[str, Mapping[str, str]] = {}

    def covered(self, reading: Reading, say: Say) -> list[Told]:
        """What the price that was told last covers, if that is asked and was told; all that is named must stand there, too."""
        if not reading.sources or len(reading.text.split()) > SEVERAL:
            return []
        if not self._asks_what_is_covered(reading):
            return []
        named = [word.word for word in content(reading.text, self._things) if _names(word.word)]
        told = [
            each for each in self._told(reading.sources, say) if each.id.startswith(_PRICED) and self._covers(each.id)
        ]
        return [each for each in told if all(speaks_of(each.text, roots_of(word)) for word in named)]

    def spoken_of(self, reading: Reading, say: Say) -> list[Told]:
        """What was told last and speaks of most that is said now; whether that is included, `covered` knows."""
        if self._asks_what_is_covered(reading):
            return []
        said = _content(reading.text)
        return [each for each in self._told(reading.sources, say)
                if said and sum(speaks_of(each.text, roots_of(word)) for word in said) > MOST_OF * len(said)]  # fmt: skip

    def of_told(self, reading: Reading, say: Say) -> list[Told]:
        """The products that were told last, where a few words ask what these are like by what is also sold apart ("а батарея какая?" after
        a telephone is about no battery that is replaced)."""
        asks_like = _SOLD_APART.search(reading.text) is None and all(part.ask in _LIKE for part in reading.parts)
        said = [word for word in _content(reading.text) if normal(word) not in _ASKING]
        if not asks_like or any(map(str.isdigit, reading.text)) or len(reading.text.split()) > SEVERAL or not said:
            return []
        least = MOST_OF * len(said) - (1 if _ITS.search(reading.text) else 0)
        found = [each for each in self._told(reading.sources, say) if each.id.startswith("products.")]
        return [each for each in found if sum(speaks_of(each.text, roots_of(word)) for word in said) > max(0, least)]

    def _asks_what_is_covered(self, reading: Reading) -> bool:
        return any(part.ask == INCLUDED for part in read(reading.text, self._things).parts)

    def _covers(self, id: str) -> bool:
        """Does a fact tell what its price covers, in any language?"""
        return any(covers(self._in(language).get(f"{OWN}{id}", "")) for language in LANGUAGES)

    def _in(self, language: str) -> Mapping[str, str]:
        if language not in self._known:
            found = entries(self._pack, {}, self._texts, language)
            self._known[language] = {each.id: each.answer for each in found}
        return self._known[language]

    def _told(self, sources: Sequence[str], say: Say) -> list[Told]:
        known = self._in(say.language)
        return [Told(id.removeprefix(OWN), known[id], say.language) for id in sources if id in known]


def _names(word: str) -> bool:
    """May it name something? Of Russian words a noun does, of others any that is long enough."""
    return word not in _POINTS and (is_noun(word) if is_russian(word) else len(word) >= LONG)


def _content(text: str) -> list[str]:
    known = asks()
    light = known.small | known.joins | known.fillers | known.opening
    return [word for word in words_of(text) if len(word) >= LONG and normal(word) not in light]
