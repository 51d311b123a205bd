"""Whether goods are asked for where there is only work: "продаёте велосипеды?" of who washes them. A service is named by what is done
("мойка", "ауыстыру", "replacement") or by a name of its own; what it is only done to ("велосипед", "шынжыр", "chain") is nothing that
the business has, and the price of the work is no price of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from truffles_policy.facts.claims import Claim, claims
from truffles_policy.facts.clauses import OF_THINGS
from truffles_policy.facts.data import asks
from truffles_policy.facts.names import CATEGORY, SERVICE, Thing
from truffles_policy.facts.roles import ALONG, HEAD, OBJECT, WHICH, Role, lets_have, pays_for, roles_of, sells
from truffles_policy.facts.things import Things
from truffles_policy.facts.words import KAZAKH_DOING, Word, is_doing
from truffles_policy.lemmas import fold
from truffles_policy.pack.schema import Category, Pack, Service
from truffles_policy.pack.values import Words

Named = tuple[tuple[Role, ...], ...]
SELLS, HAS, COSTS = "sells", "has", "costs"
OTHERWISE = OF_THINGS - {"price", "how_much", "offered", "stock"}
"""What is asked of things beside what they cost and whether they are there: then it is that question, how long a warranty is, say."""
_DOES = tuple(f"{stem}{ending}" for stem in ("а", "е", "и") for ending in ("сиз", "сиздар", "сиздер", "сизба", "сизбе"))
"""Endings of Kazakh verbs that say what you do."""


@dataclass(frozen=True, slots=True)
class _Called:
    """What a service is called: by its own `names`, by other words for it, and by what it is filed under or its variants are called."""

    names: Named
    aliases: Named
    beside: Named

    def role(self, word: Word) -> str:
        """What a word of a message says of it, "" if nothing. What is a head in one name stays it, and an object in one language is that
        in all."""
        for written in (self.names, self.aliases, self.beside):
            said = {each.role for name in written for each in name if each.keys & word.keys}
            if said:
                return next((role for role in (HEAD, OBJECT, ALONG) if role in said), WHICH)
        return ""

    def heads(self, *, own: bool = False) -> Iterator[Role]:
        """The words that say what it is."""
        written = self.names if own else (*self.names, *self.aliases)
        return (each for name in written for each in name if each.role == HEAD)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text: how it asks for goods ("" if it does not), whether it says that something is done, and the `rest` of its words, which
    neither ask nor fill in."""

    words: Sequence[Word]
    rest: Sequence[Word]
    how: str
    done: bool
    exact: Collection[Thing]


class Goods:
    """What one pack sells by the hour, not over the counter."""

    def __init__(self, pack: Pack, things: Things) -> None:
        self._things = things
        families = {each.id: _family(each, pack.language) for each in pack.categories}
        self._services = {
            each.id: _called(each, families.get(each.category or "", ()), pack.language) for each in pack.services
        }
        self._filed = {each.id: each.category for each in pack.services}

    def are_asked(self, text: str, services: Sequence[Thing]) -> bool:
        """Are goods asked for in a text, of which these services are at most what is done to them? Not if anything else is among
        them, or one of them is named."""
        if not text or not services or any(each.kind != SERVICE for each in services):
            return False
        asked = self._things.remembered("goods", text, lambda: self._asked(text))
        return bool(asked.how) and not asked.done and not any(self._is_named(each, asked) for each in services)

    def _asked(self, text: str) -> _Asked:
        words = self._things.vocabulary.words(text)
        goods = {how: frozenset(_at(how, words)) for how in (SELLS, HAS)}
        claimed = claims(words, self._things)
        names = {claim.name for claim in claimed if claim.is_ask}
        costs = COSTS if not names.isdisjoint(("price", "how_much")) else ""
        how = next((each for each in (SELLS, HAS) if goods[each]), costs) if names.isdisjoint(OTHERWISE) else ""
        exact = {thing for found in self._things.find(words) if found.exact for thing in found.things}
        told = {at for claim in claimed if claim.is_ask for at in range(claim.start, claim.end)}.union(*goods.values())
        known = asks()
        light = known.small | known.joins | known.whens | known.opening
        rest = [word for at, word in enumerate(words) if at not in told and word.word not in light]
        return _Asked(words, rest, how, _is_done(words, claimed, goods[SELLS] | goods[HAS]), exact)

    def _is_named(self, thing: Thing, asked: _Asked) -> bool:
        """Is it the service that is asked for, and not what it is done to?"""
        called = self._services.get(thing.id)
        if called is None:
            return True
        if asked.how == SELLS:
            heads = list(called.heads(own=True))
            return any(sells(each) or any(each.keys & word.keys for word in asked.words) for each in heads)
        said = [word for word in asked.words if called.role(word)]
        roles = {called.role(word) for word in said}
        if self._is_exact(thing, asked.exact) or OBJECT not in roles or not roles <= {OBJECT, ALONG}:
            return True
        if any(not called.role(word) for word in asked.rest):
            return True  # "у меня есть прыщи на лице" asks for no goods: it speaks of something else
        if asked.how == HAS:
            return any(map(lets_have, called.heads()))
        return any(map(pays_for, called.heads())) or self._is_one_of_several(thing, called, said)

    def _is_exact(self, thing: Thing, exact: Collection[Thing]) -> bool:
        filed = self._filed.get(thing.id)
        return any(each.whole == thing.whole or (each.kind == CATEGORY and each.id == filed) for each in exact)

    def _is_one_of_several(self, thing: Thing, called: _Called, said: Sequence[Word]) -> bool:
        """Does what it is done to tell it from others of the same work ("ноги", beside "шугаринг рук")? Then that is its name."""
        heads = frozenset(key for each in called.heads(own=True) for key in each.keys)
        others = (each for id, each in self._services.items() if id != thing.id)
        return any(any(heads & each.keys for each in other.heads(own=True)) and not any(map(other.role, said))
                   for other in others)  # fmt: skip


def _called(service: Service, family: Named, language: str) -> _Called:
    names, aliases = _names(service.name, language), tuple(roles_of(each) for each in service.aliases)
    return _Called(names, aliases, (*family, *_variants(service, language)))


def _family(category: Category, language: str) -> Named:
    return (*_names(category.name, language), *(roles_of(each) for each in category.aliases))


def _names(name: Words, language: str) -> Named:
    return tuple(roles_of(text, own or language) for own, text in name.items())


def _variants(service: Service, language: str) -> Named:
    """The words of its variants. One that all have says not which ("длинные волосы", "короткие волосы")."""
    named = [[each for name in _names(one.name, language) for each in name] for one in service.variants]
    shared = Counter(key for words in named for key in frozenset().union(*(each.keys for each in words)))
    return tuple(tuple(replace(each, role=OBJECT if any(shared[key] == len(named) > 1 for key in each.keys) else WHICH) for each in words)
                 for words in named)  # fmt: skip


def _at(how: str, words: Sequence[Word]) -> Iterator[int]:
    """Where a text says that something is sold, or there."""
    tokens = [word.token for word in words]
    for at in range(len(words)):
        for match in asks().goods[how].every(tokens, at):
            yield from range(match.start, match.end)


def _is_done(words: Sequence[Word], claimed: Sequence[Claim], goods: frozenset[int]) -> bool:
    """Does a text say that something is done: a verb that asks for no goods?"""
    asking = {at for claim in claimed if claim.name != "offered" and claim.found is None
              for at in range(claim.start, claim.end)}  # fmt: skip
    offers = (range(claim.start, claim.end) for claim in claimed if claim.name == "offered")
    return any(goods.isdisjoint(each) for each in offers) or any(
        _does(word.word) for at, word in enumerate(words) if at not in goods and at not in asking
    )


def _does(word: str) -> bool:
    return is_doing(word) or fold(word).endswith((*KAZAKH_DOING, *_DOES))
