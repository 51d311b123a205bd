"""Which services of a pack a text names, until a better finder is given to the booker: whole names and aliases only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from truffles_policy.lemmas import ANY, Lexicon
from truffles_policy.pack.schema import Category, Pack, Service
from truffles_policy.patterns import Compiler, Index, Pattern, tokens

Finder = Callable[[str], Sequence[tuple[str, str]]]
"""A text → the services that it names: (name in the pack's own language, fact id), the surest first."""


class ServiceFinder:
    """The bookable services of a pack, and its categories, by name and alias."""

    def __init__(self, pack: Pack) -> None:
        compiler, self._known = Compiler(ANY, {}), dict[str, tuple[str, str]]()
        patterns = list[Pattern]()
        kinds: tuple[tuple[str, Sequence[Service | Category]], ...] = (
            ("services", [each for each in pack.services if each.bookable]), ("categories", pack.categories),
        )  # fmt: skip
        for kind, things in kinds:
            for thing in things:
                name = thing.name.get(pack.language) or next(iter(thing.name.values()))
                for words in (*thing.name.values(), *thing.aliases):
                    pattern = compiler.phrase(words)
                    self._known.setdefault(pattern.source, (thing.name.get("") or name, f"{kind}.{thing.id}"))
                    patterns += [pattern] if pattern.elements else []
        self._index, self._lexicon = Index(patterns), Lexicon(compiler.entries)

    def __call__(self, text: str) -> Sequence[tuple[str, str]]:
        """What a text names, the longest name first."""
        found = sorted(self._index.all(tokens(text, self._lexicon)), key=lambda match: match.start - match.end)
        return list(dict.fromkeys(self._known[match.pattern.source] for match in found))
