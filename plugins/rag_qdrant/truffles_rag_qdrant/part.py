"""One question of a message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from truffles_rag_qdrant.reading import Term, Word

_STANDS_FOR = frozenset(
    ["он", "она", "они", "его", "ее", "их", "ему", "ей", "им", "ней", "нее", "него", "ним", "них", "это", "этого", "этим", "онымен", "оны",
     "оған", "онда", "олар", "it", "them", "him", "her", "that"]
)  # fmt: skip
_DEEDS = frozenset(
    ["исправить", "починить", "сделать", "отремонтировать", "поменять", "заменить", "убрать", "поправить", "почистить", "fix", "repair", "do",
     "replace", "change", "жөндеу", "істеу", "жасау", "ауыстыру"]
)  # fmt: skip
"""What is done to whatever was spoken of."""
FEW = 5
NEEDS_THING = frozenset({"c:price", "c:duration"})


@dataclass(frozen=True)
class Part:
    """One question of a message. `pieces` is another way to read it: as several questions; one that `tells` asks nothing by its own
    words, in a long message.

    Every passage is held against it, so what follows from its words is made once.
    """

    words: tuple[Word, ...]
    terms: tuple[Term, ...]
    asks: bool = True
    pieces: tuple[Part, ...] = ()
    tells: bool = False

    @cached_property
    def text(self) -> str:
        """The part as the customer wrote it."""
        return " ".join(word.raw for word in self.words if word.raw).strip(" ,.")

    @cached_property
    def russian(self) -> str:
        """The part with what the glossary knows said in Russian; "" where that is how it was written."""
        foreign = any(term.said != term.surface or term.kazakh for term in self.terms)
        return " ".join(dict.fromkeys(term.said for term in self.terms)) if foreign else ""

    @cached_property
    def asked(self) -> frozenset[str]:
        """Keys of what is asked for."""
        return frozenset(term.key for term in self.terms if term.ask)

    @cached_property
    def things(self) -> frozenset[str]:
        """Keys of what it is asked about."""
        return frozenset(term.key for term in self.terms if not term.ask)

    @property
    def leans(self) -> bool:
        """A few words, one of which stands for what was said before them ("пустите с ней?")?"""
        return self.names_nothing and len(self.words) <= FEW and any(word.text in _STANDS_FOR for word in self.words)

    @property
    def names_nothing(self) -> bool:
        """Does it name nothing that is known, but what is done to whatever was spoken of?"""
        return all(term.ask or term.unknown or term.surface in _DEEDS for term in self.terms)

    @property
    def lacks_thing(self) -> bool:
        """A price or a duration, but of what?"""
        return bool(self.asked) and not self.things and self.asked <= NEEDS_THING

    @property
    def lacks_question(self) -> bool:
        """A thing, but what about it?"""
        return bool(self.things) and not self.asked
