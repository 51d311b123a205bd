"""Things of the pack in a customer's words: by name or alias in any language, by part of a name, never against a word.

A run of words that names know is explained by the longest names that hold all of it. Words that are a whole name mean
that thing; words that are part of several names mean all of them ("маникюр": the whole family), as long as what the
things are is among the words, or most of the name is. What cannot be explained so stays unread.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from truffles_gateway.plugin import OWN
from truffles_policy.facts.data import asks
from truffles_policy.facts.names import (
    BRANCH,
    CATEGORY,
    FILE,
    PRODUCT,
    SERVICE,
    SOLD,
    Name,
    Thing,
    names,
    stem_without,
    written,
)
from truffles_policy.facts.words import Vocabulary, Word, is_owner
from truffles_policy.lemmas import CACHE, normal
from truffles_policy.pack.schema import Pack
from truffles_policy.patterns import NONE

LONGEST, REMEMBERED = 8, 256
Made = TypeVar("Made")
ENOUGH = 0.5
SHORTEST = 3
STEM = 4


@dataclass(frozen=True, slots=True)
class Found:
    """Things that words `start` to `end` of a message name; `exact`: by a whole name. `text` is how they were called."""

    things: tuple[Thing, ...]
    start: int
    end: int
    exact: bool
    text: str = ""


class Things:
    """The index of one pack's names. Immutable."""

    def __init__(self, pack: Pack) -> None:
        self.names = names(pack)
        self.vocabulary = Vocabulary([*written(pack), *_asked(pack)])
        self._at: dict[str, list[tuple[int, int]]] = {}
        for number, name in enumerate(self.names):
            for place, word in enumerate(name.words):
                for key in word.keys:
                    self._at.setdefault(key, []).append((number, place))
        self.books = pack.booking.enabled
        self._memory: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._known = lru_cache(CACHE)(self._known_by)
        self._called = {Thing(kind, each.id): next(iter(each.name.values()), "")
                        for kind, sold in ((SERVICE, pack.services), (PRODUCT, pack.products)) for each in sold}  # fmt: skip
        self._filed = {(SERVICE, each.id): each.category or "" for each in pack.services}
        self._filed |= {(PRODUCT, each.id): each.category or "" for each in pack.products}

    def find(self, text: str | Sequence[Word], language: str = "", *, apart: Collection[int] = ()) -> list[Found]:
        """What a text names, in its order. All languages are read at once; `language` is there for who has one. Words at
        the places `apart` name nothing."""
        words = self.vocabulary.words(text) if isinstance(text, str) else text
        return [found for run in self._runs(words, apart) for found in self._explain(words, run)]

    def remembered(self, what: str, text: str, make: Callable[[], Made]) -> Made:
        """What was made of a text with these things, made now if it was not or is forgotten: a message is asked several
        things, and what it says goes when its tenant does."""
        made: Made | None = self._memory.get((what, text))
        if made is None:
            made = self._memory[what, text] = make()
            if len(self._memory) > REMEMBERED:
                self._memory.popitem(last=False)
        return made

    def _known_by(self, keys: frozenset[str]) -> Mapping[int, set[int]]:
        """Names that hold a word, by its keys, and where in them."""
        found: dict[int, set[int]] = {}
        for key in keys:
            for number, place in self._at.get(key, ()):
                found.setdefault(number, set()).add(place)
        return found

    def _runs(self, words: Sequence[Word], apart: Collection[int] = ()) -> Iterator[list[int]]:
        """Places of words that stand together, small ones and "without" between them; a comma or "and" ends a run."""
        run: list[int] = []
        known = asks()
        for at, word in enumerate(words):
            if run and (word.token.gap != NONE or word.word in known.joins):
                yield run
                run = []
            if at not in apart and self._hit(word):
                run.append(at)
            elif run and word.word not in known.small and word.word not in known.before:
                yield run
                run = []
        if run:
            yield run

    def _hit(self, word: Word) -> bool:
        return bool(word.keys & self._at.keys()) and word.word not in asks().whens

    def _explain(self, words: Sequence[Word], run: Sequence[int]) -> list[Found]:
        """The run in as few pieces as possible; one that is only half explained is not explained at all."""
        pieces: list[tuple[Found, bool]] = []
        at = 0
        while at < len(run):
            piece = next((found for end in range(min(len(run), at + LONGEST), at, -1)
                          if (found := self._piece(words, run[at:end]))), None)  # fmt: skip
            if piece is None:
                return []
            pieces.append(piece[:2])
            at += piece[2]
        apart = any(
            second != first + 1 for first, second in pairwise(run)
        )  # "чехол на телефон" is one thing for another
        if any(
            found.things[0].kind in SOLD for found, _ in pieces
        ):  # "a check-up at the branch": only where, and not which
            pieces = [each for each in pieces if each[1] or each[0].things[0].kind != BRANCH]
        sold = [found for found, _ in pieces if found.things[0].kind in SOLD]
        owned = any(is_owner(words[after.start].word, words[found.start].word) for found, after in pairwise(sold))
        several = len(sold) > 1 and (apart or owned)
        if len(pieces) > 1 and (several or not all(strong for _, strong in pieces)):
            return self._agreed(pieces)
        return [found for found, _ in pieces]

    def _agreed(self, pieces: Sequence[tuple[Found, bool]]) -> list[Found]:
        """What all pieces name; else the one sure piece, where all others are of its own kind ("полечить кариес"): they say
        nothing new."""
        common = [thing for thing in pieces[0][0].things if all(thing in found.things for found, _ in pieces)]
        if common:  # several names of one thing: "замена экрана" and "экран айфон"
            text = " ".join(found.text for found, _ in pieces)
            return [Found(tuple(common), pieces[0][0].start, pieces[-1][0].end, exact=False, text=text)]
        sure = [found for found, strong in pieces if strong]
        if len(sure) != 1 or not all(
            self._akin(thing, found.things) for thing in sure[0].things for found, _ in pieces
        ):
            return []
        start, end = min(found.start for found, _ in pieces), max(found.end for found, _ in pieces)
        return [replace(sure[0], start=start, end=end)]

    def _akin(self, thing: Thing, others: Sequence[Thing]) -> bool:
        """Is one of the others this thing, its category, or another of that?"""
        kind = self._filed.get((thing.kind, thing.id), "")
        return any(other.whole == thing.whole or (kind and kind in (other.id, self._filed.get((other.kind, other.id))))
                   for other in others)  # fmt: skip

    def apart(self, words: Sequence[Word]) -> tuple[tuple[Thing, ...], frozenset[int]]:
        """Things sold all the words of whose name stand in a text, whatever stands between them, the longest names alone;
        and where those words are."""
        places: dict[int, dict[int, int]] = {}
        for at, word in enumerate(words):
            for number, where in self._known(word.keys).items():
                for place in where:
                    places.setdefault(number, {}).setdefault(place, at)
        whole = [(len(at), number) for number, at in places.items()
                 if len(at) == len(self.names[number].words) == len(set(at.values())) and self.names[number].thing.kind in SOLD
                 and not any(word.without for word in self.names[number].words)]  # fmt: skip
        longest = max(whole, default=(0, 0))[0]
        best = [number for length, number in whole if length == longest]
        return _distinct(self.names[each].thing for each in best), frozenset(
            at for each in best for at in places[each].values()
        )

    def done(self, verb: str, found: Found) -> tuple[Thing, ...]:
        """Those of these things that a verb is the verb of ("чистите": "чистка")."""
        stem = normal(verb)[:STEM]
        meant = {name.thing.whole for name in self.names for at in name.heads
                 if any(key.rpartition(":")[2][:STEM] == stem for key in name.words[at].keys)}  # fmt: skip
        return tuple(thing for thing in found.things if thing.whole in meant)

    def category(self, thing: Thing) -> Thing | None:
        """The category that a service or product is filed under, if any."""
        filed = self._filed.get((thing.kind, thing.id), "")
        return Thing(CATEGORY, filed) if filed else None

    def belongs(self, word: str, found: Sequence[Found]) -> bool:
        """Is it, numbers left out, a word of a name of one of these things?"""
        keys = frozenset(key for each in self.vocabulary.words(word) for key in each.keys if not key.startswith("#"))
        meant = {thing.whole for each in found for thing in each.things}
        return any(self.names[number].thing.whole in meant for number in self._known(keys))

    def within(self, words: Sequence[Word], said: Sequence[Thing], *, whom: bool = False) -> Found | None:
        """What the words mean after these things were spoken of: one of their variants, else something of their kind; None
        where a word belongs to no name of that. With `whom`, words that only say for whom it is."""
        kinds = {self._filed.get((thing.kind, thing.id), thing.id) for thing in said} - {""}
        akin = {thing for thing in self._wholes if self._filed.get((thing.kind, thing.id)) in kinds}
        for near in ({thing.whole for thing in said}, akin):
            names = [name for name in self.names if name.thing.whole in near]
            fitting = [name for name in names if words and (_is_for(name, words) if whom else _holds(name, words))]
            meant = _distinct(name.thing for name in fitting if name.thing.variant >= 0 or near is akin)
            if meant and len(meant) < len({name.thing for name in names}):
                text = " ".join(word.token.text for word in words)
                return Found(meant, 0, len(words), exact=False, text=text)
        return None

    def are_akin(self, thing: Thing, said: Sequence[Thing]) -> bool:
        """Is it one of these things, or of the kind of one of them?"""
        kinds = {self._filed.get((each.kind, each.id), each.id) for each in said} - {""}
        return (
            thing.whole in {each.whole for each in said} or self._filed.get((thing.kind, thing.id), thing.id) in kinds
        )

    def told(self, sources: Iterable[str]) -> Found | None:
        """What is sold of what these facts tell ("pack:services.cut@north"), called by the first of its names; None where they tell of
        nothing sold."""
        facts = [each.removeprefix(OWN).partition("@")[0] for each in sources]
        sold = {thing.fact: thing for thing in self._wholes if thing.kind != CATEGORY}
        found = tuple(dict.fromkeys(sold[fact] for fact in facts if fact in sold))
        return Found(found, 0, 0, exact=True, text=self._called[found[0]]) if found else None

    @cached_property
    def _wholes(self) -> tuple[Thing, ...]:
        return tuple(dict.fromkeys(name.thing.whole for name in self.names if name.thing.kind in SOLD))

    def _piece(self, words: Sequence[Word], run: Sequence[int]) -> tuple[Found, bool, int] | None:
        """What holds all the words of a run, whether that is sure, and how many words those are."""
        places = [self._known(words[at].keys) for at in run]
        common = set(places[0]).intersection(*places[1:])
        fitting = [self.names[each] for each in sorted(common) if _fits(self.names[each], [at[each] for at in places],
                                                                [_without(words, at) for at in run])]  # fmt: skip
        whole = [name for name in fitting if len(name.words) == len(run)]
        if not whole and all(len(words[at].word) < SHORTEST and words[at].word.isalpha() for at in run):
            return None  # an ending, or a particle, that happens to be part of a name
        found = whole or self._parts([name for name in fitting if name.thing.kind != FILE], places)
        if not found:
            return None
        start = run[0] - (1 if _without(words, run[0]) and not stem_without(words[run[0]].word) else 0)
        things = _distinct(name.thing for name in found)
        text = " ".join(word.token.text for word in words[start : run[-1] + 1])
        strong = bool(whole) or any(self._headed(name, places) for name in found)
        return Found(things, start, run[-1] + 1, bool(whole), text), strong, len(run)

    def _parts(self, fitting: Sequence[Name], places: Sequence[Mapping[int, set[int]]]) -> list[Name]:
        """Names of which the run is a part: those whose head it says; else those of which it says most."""
        headed = [name for name in fitting if self._headed(name, places)]
        most = headed or [name for name in fitting if len(places) / len(name.words) >= ENOUGH]
        return most or (list(fitting) if len({name.thing.whole for name in fitting}) == 1 else [])

    def _headed(self, name: Name, places: Sequence[Mapping[int, set[int]]]) -> bool:
        said: set[int] = set()
        for at in places:
            for number, where in at.items():
                if self.names[number] is name:
                    said |= where
        return not said.isdisjoint(name.heads)


def _holds(name: Name, words: Sequence[Word]) -> bool:
    """Is each of the words one of the name's, or does it say for whom that is?"""
    return all(any(word.keys & (each.keys | each.whom) for each in name.words) for word in words)


def _is_for(name: Name, words: Sequence[Word]) -> bool:
    """Does each of the words say for whom a thing of this name is?"""
    return all(any(word.keys & each.whom for each in name.words) for word in words)


def _fits(name: Name, places: Sequence[set[int]], without: Sequence[bool]) -> bool:
    """Has every word of the run a word of the name to itself, and are both there, or both not?"""
    taken: set[int] = set()
    for where, lacking in zip(places, without, strict=True):
        free = next((at for at in sorted(where - taken) if name.words[at].without == lacking), None)
        if free is None:
            return False
        taken.add(free)
    return True


def _without(words: Sequence[Word], at: int) -> bool:
    """Is this word said not to be there?"""
    before = at > 0 and words[at].token.gap == NONE and words[at - 1].word in asks().before
    return before or bool(stem_without(words[at].word))


def _distinct(found: Iterable[Thing]) -> tuple[Thing, ...]:
    """Each thing once, a variant only where the whole is not meant."""
    things = list(dict.fromkeys(found))
    return tuple(one for one in things if one.variant < 0 or one.whole not in things)


def _asked(pack: Pack) -> Iterator[str]:
    """The words of the questions in the pack, for the lexicon."""
    for question in pack.faq:
        yield from question.asked
