"""What was told last, told again: where a few words ask what a price covers, or for something that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from truffles_gateway.plugin import OWN
from truffles_policy.facts.carry import content
from truffles_policy.facts.data import asks
from truffles_policy.facts.names import PRODUCT, PROMOTION
from truffles_policy.facts.offers import INCLUDED, Offers, covers
from truffles_policy.facts.reading import Reading, read
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.words import is_noun
from truffles_policy.intents.features import root, words_of
from truffles_policy.lemmas import is_russian, normal
from truffles_policy.synonyms import synonyms

SEVERAL, LONG = 9, 4
MOST_OF = 0.5
_LIKE = frozenset({"", "offered", "price", "how_much"})
_SOLD_APART = re.compile(
    r"сто[ия]т|стоимост|цен[аыу]|поч[её]м|обойд|замен|помен|менят|ремонт|почин|отдельн|куп|гарант|тұр|баға|ауыстыр|жөнде|"
    r"how much|cost|price|replac|fix|repair|change|separate|buy|guarantee|warrant",
    re.IGNORECASE,
)
"""What asks for a thing by itself, not for what another one is like."""
_OF_MONEY, _OF_PLACES = f"{OWN}payment.", (f"{OWN}place.", f"{OWN}branches.")
_POINTS = frozenset(map(normal, [
    "сондай", "осындай", "бағаға", "бағасына", "кіреді", "price", "that", "this", "there", "already", "also", "потом",
]))  # fmt: skip
"""What points at a price, and names nothing."""
_AFTERWARDS = re.compile(
    r"\b(?:потом|после|затем|сразу|можно|нельзя|сосын|содан|кейін|кейин|бірден|бирден|бола|болама|болады|болмайды|after|afterwards|then|again|can)\b|ше\b",
    re.IGNORECASE,
)
"""What asks for what one may do once something was done."""
_HERE = re.compile(
    r"\bу вас\b|\bпока жд|\bсіздерде\b|\bсиздерде\b|\bat your\b|\bhere\b|\bwhile i wait\b", re.IGNORECASE
)
_ITS = re.compile(r"\b(?:its|it|него|нём|нем|там|он|онда|оның)\b", re.IGNORECASE)
_UNTIL = re.compile(
    r"\bдо как(?:ого|их)(?: числа| пор)?\W*(?:это |она |акция |скидка )?(?:действ\w*|длится)?\W*$|\bдо когда\W*(?:это |она |акция |скидка |еще )?(?:действ\w*|длится)?\W*$|"
    r"\bдо какого числа\b|\bкогда (?:она |акция |скидка )?(?:за|о)канч|\bсколько (?:еще |ещё )?(?:будет )?действ|"
    r"^\W*(?:ал\W+|а\W+)?(?:қашанға|кашанга|нешесіне|нешесине)(?: де[йи]ін| дейин)?\W*$|"
    r"\buntil when\W*$|\bhow long (?:is|does|will) (?:it|this|that|the (?:offer|discount|deal)) (?:last|valid|run|on)\b|\bwhen does (?:it|this|that|the \w+) (?:end|run out)\b",
    re.IGNORECASE,
)
_ASKING = frozenset(map(normal, [
    "екен", "экен", "кандаи", "калаи",
    "какая", "какой", "какое", "какие", "сколько", "много", "хорошая", "хороший", "что", "канша", "қанша", "қандай", "кандай", "калай", "қалай",
    "what", "what's", "how", "much", "many", "good",
]))  # fmt: skip


def roots_of(text: str) -> set[str]:
    """The roots of the words that say what a text is about, and of those that mean the same."""
    return {root(each) for word in _content(text) for each in (word, *synonyms(word), *synonyms(_owned(word)))}


def _owned(word: str) -> str:
    """A Kazakh word without "its" ("батареясы")."""
    return word[:-2] if word.endswith(("сы", "сі", "си")) else word


def speaks_of(text: str, roots: Collection[str]) -> bool:
    """Does a fact hold one of these roots?"""
    said = {root(word) for word in words_of(text)}
    return any(
        each in said or any(each[: LONG + 1] == word[: LONG + 1] for word in said if len(word) > LONG) for each in roots
    )


class Again:
    """What was told last, as it is told now: at the customer's branch, with what is sold out."""

    def __init__(self, things: Things, offers: Offers, known: Callable[[str], Mapping[str, str]]) -> None:
        """`known` has all facts of the pack by their ids, in a language."""
        self._things, self._offers, self._known = things, offers, known

    def covered(self, reading: Reading, say: Say) -> list[Told]:
        """What the price that was told last covers, if that is asked and was told; all that is named must stand there, too."""
        if not reading.sources or len(reading.text.split()) > SEVERAL:
            return []
        if not self._asks_what_is_covered(reading):
            return []
        named = [word.word for word in content(reading.text, self._things) if _names(word.word)]
        covering = [id for id in reading.sources if self._covers(id, say)]
        told = self._told(covering, say)
        return [each for each in told if all(speaks_of(each.text, roots_of(word)) for word in named)]

    def spoken_of(self, reading: Reading, say: Say) -> list[Told]:
        """What was told last and speaks of most that is said now; whether that is included, `covered` knows."""
        if self._asks_what_is_covered(reading):
            return []
        said = _content(reading.text)
        return [each for each in self._told(reading.sources, say)
                if said and sum(speaks_of(each.text, roots_of(word)) for word in said) > MOST_OF * len(said)]  # fmt: skip

    def until(self, reading: Reading, ending: Collection[str], say: Say) -> list[Told]:
        """The promotions that were told last and are among those `ending` some day, where it is asked how long they hold: that is no
        question about hours."""
        short = len(reading.text.split()) <= SEVERAL
        if not short or not _UNTIL.search(reading.text):
            return []
        ids = {f"{OWN}{PROMOTION}.{each}" for each in ending}
        return self._told([id for id in reading.sources if id in ids], say)

    def afterwards(self, reading: Reading) -> Found | None:
        """What was told last, where a few words ask what one may do after it ("потом кофе ишуге бола ма?"); whether the pack says that,
        its after-care tells."""
        text = reading.text
        if len(text.split()) > SEVERAL or not _AFTERWARDS.search(text) or _HERE.search(text):
            return None
        priced = any(part.ask in ("price", "how_much", "duration") for part in reading.parts)
        told = self._things.told(reading.sources)
        other = told and any(thing.whole not in told.things for found in reading.named for thing in found.things)
        return None if priced or other else told

    def of_told(self, reading: Reading, say: Say) -> list[Told]:
        """The products that were told last, where a few words ask what these are like by what is also sold apart ("а батарея какая?" after
        a telephone is about no battery that is replaced)."""
        asks_like = _SOLD_APART.search(reading.text) is None and all(part.ask in _LIKE for part in reading.parts)
        said = [word for word in _content(reading.text) if normal(word) not in _ASKING]
        if not asks_like or any(map(str.isdigit, reading.text)) or len(reading.text.split()) > SEVERAL or not said:
            return []
        least = MOST_OF * len(said) - (1 if _ITS.search(reading.text) else 0)
        found = [each for each in self._told(reading.sources, say) if each.id.startswith(f"{PRODUCT}.")]
        return [each for each in found if sum(speaks_of(each.text, roots_of(word)) for word in said) > max(0, least)]

    def _asks_what_is_covered(self, reading: Reading) -> bool:
        return any(part.ask == INCLUDED for part in read(reading.text, self._things).parts)

    def _covers(self, id: str, say: Say) -> bool:
        """Does a fact tell what its price covers?"""
        if found := self._things.told([id]):
            return self._offers.tells_what_is_covered(found.things[0])
        return id.startswith(_OF_MONEY) and covers(self._known(say.language).get(id, ""))

    def _told(self, sources: Sequence[str], say: Say) -> list[Told]:
        return [fact for id in sources for fact in self._one(id, say)]

    def _one(self, id: str, say: Say) -> list[Told]:
        if found := self._things.told([id]):
            return self._offers.again(found.things[0], say)
        text = "" if id.startswith(_OF_PLACES) else self._known(say.language).get(id, "")
        return [Told(id.removeprefix(OWN), text, say.language)] if text else []


def _names(word: str) -> bool:
    """May it name something? Of Russian words a noun does, of others any that is long enough."""
    return word not in _POINTS and (is_noun(word) if is_russian(word) else len(word) >= LONG)


def _content(text: str) -> list[str]:
    known = asks()
    light = known.small | known.joins | known.fillers | known.opening
    return [word for word in words_of(text) if len(word) >= LONG and normal(word) not in light]
