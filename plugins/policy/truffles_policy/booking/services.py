"""Which services of a pack a text names, as its facts understand names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import Word
from truffles_policy.lemmas import fold
from truffles_policy.pack.schema import Category, Pack, Service

_STEM, _SHORTEST = 5, 3
MOST = 4
_DENIED = frozenset({"не", "вместо", "not"})
_DENIED_BEHIND = frozenset({"емес", "орнына"})
_SMALL = frozenset({"на", "в", "of", "the", "a", "an", "for"})


class ServiceFinder:
    """The bookable services of a pack, and its categories."""

    def __init__(self, pack: Pack, things: Things) -> None:
        self._pack, self._things = pack, things
        self._services = {each.id: each for each in pack.services if each.bookable}
        self._categories = {each.id: each for each in pack.categories}

    def __call__(self, text: str) -> Sequence[tuple[str, str]]:
        """What a text names: (name in the pack's own language, fact id or ""), in the text's order, what the pack has first.
        A bare number names nothing: it is an hour."""
        words = self._things.vocabulary.words(text)
        named = [each for each in self._things.find(words) if not each.text.isdigit() and not _is_denied(each, words)]
        return sorted((one for each in named if (one := self._meant(each))), key=lambda one: not one[1])

    def together(self, text: str) -> tuple[tuple[str, str], ...]:
        """All that a text names to be done; of a service and its category only the service."""
        kept: list[tuple[str, str]] = []
        for one in self(text):
            if not kept or (one[1] and not any(self.covers(each[1], one[1]) for each in kept)):
                kept = [each for each in kept if not each[1] or not self.covers(one[1], each[1])]
                kept.append(one)
        return tuple(kept[:MOST])

    def is_name_of_ours(self, text: str, *, exactly: bool) -> bool:
        """Is it how the business calls something: a service, a branch?"""
        return any(each.exact or not exactly for each in self._things.find(text))

    def covers(self, known: str, named: str) -> bool:
        """Is what was named now (a fact's id, "" for mere words) no more than what is known, one id or several, or its kind?"""
        if not named or named in known.split():
            return True
        services = (self._services.get(each.removeprefix("services.")) for each in known.split())
        return any(service is not None and named == f"categories.{service.category}" for service in services)

    def told(self, sources: Iterable[str]) -> tuple[str, str] | None:
        """The one service that these facts tell of, in the same way; None where they tell of none, or of several."""
        found = self._things.told(sources)
        services = [each for each in found.things if each.kind == "services"] if found else []
        return self._meant(replace(found, things=tuple(services))) if found and len(services) == 1 else None

    def _name(self, thing: Service | Category) -> str:
        return thing.name.get("") or thing.name.get(self._pack.language) or next(iter(thing.name.values()))

    def _meant(self, found: Found) -> tuple[str, str] | None:
        """One service, or the category of several; where they have none in common, what the customer called them."""
        services = [self._services[id] for id in dict.fromkeys(each.id for each in found.things if each.kind == "services")
                    if id in self._services]  # fmt: skip
        if len(services) > 1 and not found.exact and not all(_begins_with(each, found.text) for each in services):
            return None  # "a tooth" is part of many names, and none of them
        if len(services) == 1 and self._is_only_variant(found, services[0]):
            return found.text.capitalize(), ""  # "кот" is no castration because that has a price for cats
        if len(services) == 1:
            return self._name(services[0]), f"services.{services[0].id}"
        common = {each.category for each in services} or {each.id for each in found.things if each.kind == "categories"}
        category = self._categories.get(next(iter(common)) or "") if len(common) == 1 else None
        if category:
            return self._name(category), f"categories.{category.id}"
        return (found.text.capitalize(), "") if services else None

    def _is_only_variant(self, found: Found, service: Service) -> bool:
        """Is nothing named but what a service differs by, and no word of its own name or its category's?"""
        if found.exact or any(each.variant < 0 for each in found.things):
            return False
        category = self._categories.get(service.category or "")
        words = [word for word in found.text.split() if len(word) >= _SHORTEST]
        return not any(_begins_with(each, word) for each in (service, category) if each for word in words)


def _is_denied(found: Found, words: Sequence[Word]) -> bool:
    """ "Не маникюр, а педикюр", "маникюр емес", "вместо стрижки": what is not wanted."""
    before = [word.word for word in words[max(0, found.start - 2) : found.start]][::-1]
    behind = words[found.end].word if found.end < len(words) else ""
    near = before[1:] if before[:1] and before[0] in _SMALL else before[:1]
    return bool(_DENIED.intersection(near)) or behind in _DENIED_BEHIND


def _begins_with(service: Service | Category, text: str) -> bool:
    """Does one of its names begin with that word, in whatever form?"""
    begins = fold(text.lower())[:_STEM]
    return any(fold(name.lower()).startswith(begins) for name in (*service.name.values(), *service.aliases))
