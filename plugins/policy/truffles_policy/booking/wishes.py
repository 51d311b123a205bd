"""Does a message wish for a time? The patterns of `data/booking.toml`, matched as the rules are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from truffles_policy.booking.data import booking_data, own_words
from truffles_policy.language import LANGUAGES
from truffles_policy.lemmas import Lexicon, is_russian, russian
from truffles_policy.patterns import Compiler, Index, Match, Token, covered, tokens

TABLES = (
    "wish", "not_wish", "not_implied", "want", "may", "asks", "stop", "yes", "note", "change", "add", "whatever", "condition", "hold",
    "not_hold", "brings", "for_somebody",
)  # fmt: skip
_KAZAKH_PAST = ("дым", "дім", "тым", "тім", "дық", "дік", "тық", "тік")


class Wishes:
    """The compiled tables. Immutable; one for all tenants."""

    def __init__(self) -> None:
        compilers = {language: Compiler(language, {}) for language in LANGUAGES}
        self._tables = {
            name: Index(
                [compilers[language].pattern(source) for language in LANGUAGES for source in booking_data()[name].get(language, ())]
            )
            for name in TABLES
        }  # fmt: skip
        entries = {entry for compiler in compilers.values() for entry in compiler.entries}
        self._lexicon = Lexicon(entries, not_typos=own_words())

    def words(self, text: str) -> Sequence[Token]:
        """The words of a text as the tables know them."""
        return tokens(text, self._lexicon)

    def wish(self, words: Sequence[Token]) -> Match | None:
        """Where a time is wished for, unless it is something else that only sounds so."""
        vetoes = list(self._tables["not_wish"].all(words))
        return next((found for found in self._tables["wish"].all(words) if not _meets(found, vetoes)), None)

    def wants(self, words: Sequence[Token]) -> bool:
        """Does it say that something is wanted?"""
        return self._tables["want"].first(words) is not None

    def implies(self, words: Sequence[Token], text: str) -> bool:
        """May a service be meant as a wish? Not if it is told of the past, is theirs already, or is asked about."""
        for_somebody = list(self._tables["for_somebody"].all(words))
        theirs = any(not _meets(found, for_somebody) for found in self._tables["not_implied"].all(words))
        if theirs or self._tables["not_wish"].first(words) or any(map(_is_past, words)):
            return False
        return "?" not in text or self.may(words)

    def asks(self, words: Sequence[Token]) -> bool:
        """Does it want to know something of the business besides?"""
        wishes = [*self._tables["wish"].all(words), *self._tables["whatever"].all(words)]
        return any(not _meets(found, wishes) for found in self._tables["asks"].all(words))

    def notes(self, words: Sequence[Token]) -> bool:
        """Does it ask to be written down, in words that are a wish only beside a day or a time?"""
        return self._tables["note"].first(words) is not None

    def changes(self, words: Sequence[Token]) -> bool:
        """Is something else wanted than before?"""
        return self._tables["change"].first(words) is not None

    def adds(self, words: Sequence[Token]) -> bool:
        """Is something wanted besides what was?"""
        return self._tables["add"].first(words) is not None

    def supposes(self, words: Sequence[Token]) -> bool:
        """Does it go on from what may happen ("а если опоздаю")?"""
        return self._tables["condition"].first(words) is not None

    def may(self, words: Sequence[Token]) -> bool:
        """Does it ask whether something can be, with or without a mark of that?"""
        return self._tables["may"].first(words) is not None

    def brings(self, words: Sequence[Token]) -> bool:
        """Does it ask whether they may come with or without something?"""
        return self._tables["brings"].first(words) is not None

    def holds(self, words: Sequence[Token]) -> bool:
        """Shall goods be kept for somebody?"""
        vetoes = list(self._tables["not_hold"].all(words))
        return any(not _meets(found, vetoes) for found in self._tables["hold"].all(words))

    def stops(self, words: Sequence[Token]) -> bool:
        """Does it say that no booking is wanted any more?"""
        return self._tables["stop"].first(words) is not None

    def agrees(self, words: Sequence[Token]) -> bool:
        """Is it nothing but a yes?"""
        return len(words) <= 4 and covered(words, self._tables["yes"], self._tables["yes"]) is not None

    def begins_with_yes(self, words: Sequence[Token]) -> bool:
        """Does it begin with a yes?"""
        return bool(words) and self._tables["yes"].at(words, 0) is not None


def _is_past(token: Token) -> bool:
    """Делала, сделали, жасаттым; "хотела" is how people wish."""
    word = token.word
    if word.startswith("хоте"):
        return False
    if is_russian(word):
        return "past" in russian().parse(word)[0].tag
    return len(word) > 5 and word.endswith(_KAZAKH_PAST)


def _meets(match: Match, others: Sequence[Match]) -> bool:
    return any(other.start < match.end and match.start < other.end for other in others)


@lru_cache(1)
def wishes() -> Wishes:
    """The tables, compiled once a process."""
    return Wishes()
