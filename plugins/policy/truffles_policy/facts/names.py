"""What a pack names, and by which words: services, products, their variants, categories, branches, ways to pay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, zip_longest

from truffles_policy.facts.data import asks
from truffles_policy.facts.words import describes, is_noun, keys_of, keys_of_whom, spelled
from truffles_policy.lemmas import CACHE, fold, from_latin, normal
from truffles_policy.pack.schema import Method, Model, Pack, Product, Service, Variant
from truffles_policy.pack.values import Words

SERVICE, PRODUCT, CATEGORY = "services", "products", "categories"
BRANCH, METHOD, PROMOTION, FILE, SOCIAL = "branches", "payment", "promotions", "attachments", "social"
SOLD = frozenset({SERVICE, PRODUCT, CATEGORY})
_NO_BRANDS = frozenset({"pay", "gold", "card", "online", "bank", "red", "plus", "transfer"})
"""What stands in names of brands and is none by itself."""
_BRAND = re.compile(r"\b[A-Z][A-Za-z]{2,}\b")
_CODE = re.compile(r"\b([^\W\d]{1,2})[ -](\d+)\b")
"""A code of a letter or two and a number, which customers write as one word."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PRESENT = frozenset("аейи")
"""How the stem of a Kazakh verb in the present ends."""
_GREETED = "саламат", "салемет"
MOST_NAMES = 40
"""Of a thing with variants: names beyond that are not made."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that the pack names. `id` is unique within its kind; `variant` is one of a service or product, by place."""

    kind: str
    id: str
    variant: int = -1

    @property
    def fact(self) -> str:
        """The id of its fact."""
        return f"{self.kind}.{self.id}"

    @property
    def whole(self) -> Thing:
        """The thing that this is a variant of."""
        return Thing(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class NameWord:
    """One word of a name. `without`: the name says that it is not there ("без покрытия"); `whom`: keys of those that the thing is
    for, if the word says so (a husband's is a men's)."""

    keys: frozenset[str]
    without: bool = False
    whom: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a thing; `heads` are the words that say what it is, not which one."""

    thing: Thing
    words: tuple[NameWord, ...]
    heads: frozenset[int]


def names(pack: Pack) -> list[Name]:
    """Every name that customers may call a thing by."""
    found: dict[tuple[Thing, tuple[NameWord, ...]], Name] = {}
    for thing, parts in _called(pack):
        name = _name(thing, parts)
        if name.words:
            found.setdefault((thing, name.words), name)
    return list(found.values())


def written(pack: Pack) -> Iterator[str]:
    """All names as they stand in the pack, for the lexicon."""
    for _, parts in _called(pack):
        yield from parts


def _called(pack: Pack) -> Iterator[tuple[Thing, tuple[str, ...]]]:
    """Things and their names; a variant's has two parts, its own behind that of what it is a variant of."""
    for service in pack.services:
        yield from _sold(Thing(SERVICE, service.id), service)
    for product in pack.products:
        yield from _sold(Thing(PRODUCT, product.id), product)
    for category in pack.categories:
        yield from _simple(Thing(CATEGORY, category.id), category.name, category.aliases)
    for branch in pack.branches:
        yield from _simple(Thing(BRANCH, branch.slug), branch.name, branch.aliases)
    for number, method in enumerate(pack.payment.methods):
        brands = _brands_of(method, pack)
        yield from _simple(Thing(METHOD, str(number)), method.name, [*method.aliases, *brands])
    for promotion in pack.promotions:
        yield from _simple(Thing(PROMOTION, promotion.id), {}, promotion.aliases)
    for number, file in enumerate(pack.attachments):
        yield from _simple(Thing(FILE, str(number)), {}, file.aliases)
    for network in pack.business.social:
        sounds = [sound for sound in from_latin(network.lower()) if len(sound) > 4]
        yield from _simple(
            Thing(SOCIAL, network), {}, (network, *sounds, *(sound[:5] for sound in sounds), network[:5])
        )


def _brands_of(method: Method, pack: Pack) -> list[str]:
    """The brands in what a way to pay is called, as far as nothing else is called so: "карты Visa и Mastercard" is asked for by either."""
    others = [name for each in pack.payment.methods if each is not method for name in each.name.values()]
    sold: list[Service | Product] = [*pack.services, *pack.products]
    others += [name for each in sold for name in (*each.name.values(), *each.aliases)]
    taken = {word.lower() for name in others for word in _WORD.findall(name)} | _NO_BRANDS
    return [
        brand for brand in dict.fromkeys(each for name in method.name.values() for each in _brands(name))
        if brand.lower() not in taken
    ]  # fmt: skip


def _brands(name: str) -> list[str]:
    """The Latin words of a name in Russian or Kazakh."""
    return [] if name.isascii() else _BRAND.findall(name)


def _simple(thing: Thing, name: Words, aliases: Sequence[str]) -> Iterator[tuple[Thing, tuple[str, ...]]]:
    for each in dict.fromkeys((*name.values(), *aliases)):
        yield thing, (each,)
        for joined in {each.replace("-", ""), _CODE.sub(r"\1\2", each)} - {each}:
            yield thing, (joined,)


def _sold(thing: Thing, sold: Service | Product) -> Iterator[tuple[Thing, tuple[str, ...]]]:
    yield from _simple(thing, sold.name, sold.aliases)
    variants: Sequence[Variant | Model] = sold.variants
    for number, variant in enumerate(variants):
        one = Thing(thing.kind, thing.id, number)
        whole = dict.fromkeys(name for _, (name,) in _simple(thing, sold.name, sold.aliases))
        own = dict.fromkeys((*variant.name.values(), *variant.aliases))
        yield from [(one, (first, second)) for first in whole for second in own][:MOST_NAMES]


def _name(thing: Thing, parts: Sequence[str]) -> Name:
    words: list[NameWord] = []
    heads: set[int] = set()
    for number, part in enumerate(parts):
        spelt = list(_polar(spelled(part)))
        if number == 0:
            heads.add(_head([word for word, _ in spelt]))
        words += [NameWord(keys_of(word), without, keys_of_whom(word)) for word, without in spelt]
    return Name(thing, tuple(words), frozenset(heads))


def _head(words: Sequence[str]) -> int:
    """The place of the word that says what a thing is: its first noun that describes no other, else its first word."""
    pairs = enumerate(zip_longest(words, words[1:], fillvalue=""))
    return next((at for at, (word, after) in pairs if is_noun(word) and not describes(word, after)), 0)


def _polar(words: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Words, and whether "without" stands before them or within them."""
    without = False
    for word in words:
        if word in asks().before:
            without = True
            continue
        stem = stem_without(word)
        yield stem or word, without or bool(stem)
        without = False


def denies(text: str) -> bool:
    """Does a text say "not", "no" or "without" of something, and not only to be polite?"""
    words = [normal(word) for word in _WORD.findall(text)]
    return any((word in asks().denials and not following.startswith(asks().polite)) or stem_without(word)
               for word, following in pairwise([*words, ""]))  # fmt: skip


@lru_cache(CACHE)
def stem_without(word: str) -> str:
    """Of a Kazakh word that ends in "without": what is not there; else ""."""
    folded = fold(word)
    endings = {fold(ending) for ending in asks().after}
    has = any(letter in "әғқңөұүһі" for letter in word) and folded[-3:] in endings and len(word) >= 7
    # "бересіз" is what you do, and "сәлеметсіз" a greeting: neither is without anything
    return word[:-3] if has and word[-4] not in _PRESENT and not folded.startswith(_GREETED) else ""
