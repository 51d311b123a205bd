"""The rules in the order of their strength, and how they decide on a text.

A *signal* counts anywhere in a message, unless one of its `unless` patterns overlaps it: hard law first, then what a pack
may decide, then the customer's own wishes. A *whole* (decline, thanks, greeting, identity, price) counts only if nothing
else is said. What no rule claims is a question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from truffles_policy.language import LANGUAGES, data
from truffles_policy.lemmas import ANY, Entry, Lexicon, normal
from truffles_policy.patterns import Compiler, Index, Match, Pattern, Token, covered, entry, tokens

HARD_LAW = ("payment", "refund", "medical", "complaint", "change", "technical")
GATES = ("discount", "offers", "method")
SIGNALS = (*HARD_LAW, *GATES, "opt_out", "urgent", "status", "human", "frustrated")
WITHHELD = frozenset({"offers", "method"})
"""Signals that are heard only where a pack wants it: as a rule these are questions about the business."""
WHOLES = ("decline", "thanks", "greeting", "acknowledge", "identity", "price")
STRAY = "off_topic"
SHOUTED_LETTERS, SHOUTED_WORDS = 10, 3
READ = 64
"""So many messages are kept as they were read: one is asked several things, and its dialogue comes again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Which rule decided, on which words. `rule` is "question" or "noise" where none did."""

    rule: str
    words: str = ""
    pattern: str = ""
    business: bool = False

    @property
    def why(self) -> str:
        """One line for the trace."""
        if not self.words:
            return f"policy: {self.rule}"
        return f"policy: {self.rule}, by “{self.words}”" + (f" ({self.pattern})" if self.pattern else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """The compiled patterns of one rule, of all languages."""

    name: str
    patterns: Index
    only: Index
    extra: Index
    unless: Index

    def signal(self, words: Sequence[Token]) -> Match | None:
        """Where the rule holds, exceptions considered; a message that is nothing but its `only` words counts."""
        vetoes = list(self.unless.all(words))
        for match in self.patterns.all(words):
            if not any(veto.start < match.end and match.start < veto.end for veto in vetoes):
                return match
        return covered(words, self.only, self.extra)


class Rules:
    """All rules over one lexicon: the data's, with a tenant's phrases. Immutable; shared by tenants without any."""

    def __init__(self, phrases: Mapping[str, Sequence[str]] | None = None, off: Iterable[str] = ()) -> None:
        source = _Source(phrases or {})
        self._off = frozenset(off)
        self._rules = {name: source.rule(name) for name in (*SIGNALS, *WHOLES, STRAY, "again")}
        self._weak = Index(source.table("again", "weak"))
        self._questions = Index(source.words("question"))
        self._business = Index(source.words("business"))
        self._impatient = Index(source.table("frustrated", "impatient"))
        self._pleased = Index(source.table("frustrated", "pleased"))
        self._fillers, self._lexicon = source.fillers, source.lexicon()
        self._words = lru_cache(READ)(self._read)

    def _read(self, text: str) -> list[Token]:
        return tokens(text, self._lexicon, self._fillers)

    def decide(self, text: str, without: Collection[str] = WITHHELD) -> Finding:
        """Which rule `text` falls under, but for those named. Never raises, whatever the text."""
        words = self._words(text)
        if not words:
            return Finding("noise")
        return self._signal(words, text, without) or self._whole(words, without) or _rest(words)

    def stray(self, text: str) -> Finding | None:
        """What no business is asked for, unless something beside it sounds like business."""
        if STRAY in self._off:
            return None
        words = self._words(text)
        match = self._rules[STRAY].signal(words)
        if match is None or self._business.first([*words[: match.start], *words[match.end :]]):
            return None
        return _finding(STRAY, words, match)

    def sells(self, text: str) -> bool:
        """Does anything in it sound like business?"""
        return self._business.first(self._words(text)) is not None

    def again(self, text: str) -> Finding | None:
        """Where the customer says that they said it before: by "again", or, with fewer words, by "again_perhaps"."""
        words = self._words(text)
        match = self._rules["again"].signal(words)
        if match is not None:
            return _finding("again", words, match)
        weak = self._weak.first(words)
        return _finding("again_perhaps", words, weak) if weak else None

    def _signal(self, words: Sequence[Token], text: str, without: Collection[str]) -> Finding | None:
        for name in self._on(SIGNALS, without):
            match = self._rules[name].signal(words)
            if match:
                asks = name == "opt_out" and self._asks(words, text)
                return _finding(name, words, match, business=asks)
        if "shouting" not in self._off and self._shouts(words, text):
            return Finding("shouting", " ".join(token.text for token in words[:8]))
        return None

    def _whole(self, words: Sequence[Token], without: Collection[str]) -> Finding | None:
        for name in self._on(WHOLES, without):
            match = covered(words, self._rules[name].only, self._rules[name].extra)
            if match:
                return _finding(name, words, match)
        return None

    def _on(self, names: Iterable[str], without: Collection[str]) -> Iterable[str]:
        return (name for name in names if name not in self._off and name not in without)

    def _asks(self, words: Sequence[Token], text: str) -> bool:
        """Beside the wish to be left alone, does the message want an answer, a human, or a booking changed?"""
        claimed = {i for m in self._rules["opt_out"].patterns.all(words) for i in range(m.start, m.end)}
        rest = [token for i, token in enumerate(words) if i not in claimed]
        if any(self._rules[name].patterns.first(rest) for name in ("human", "urgent", "change")):
            return True
        asked = len(rest) >= 2 and self._questions.first(rest) is not None
        return asked and ("?" in text or not self._rules["frustrated"].patterns.first(rest))

    def _shouts(self, words: Sequence[Token], text: str) -> bool:
        """CAPITALS with "!!" that say something impatient and nothing friendly."""
        letters = [letter for token in words for letter in token.text if letter.isalpha()]
        if len(letters) < SHOUTED_LETTERS or len(words) < SHOUTED_WORDS or "!!" not in text:
            return False
        loud = sum(letter.isupper() for letter in letters) >= 0.7 * len(letters)
        return loud and bool(self._impatient.first(words)) and not self._pleased.first(words)


class _Source:
    """Reads the data of all languages and a tenant's phrases into rules."""

    def __init__(self, phrases: Mapping[str, Sequence[str]]) -> None:
        self._phrases = phrases
        self._compilers = {name: Compiler(name, _groups()) for name in (*LANGUAGES, ANY)}
        self.fillers = frozenset(normal(word) for language in LANGUAGES for word in data(language)["fillers"])

    def rule(self, name: str) -> Rule:
        """The rule `name` of all languages, the tenant's phrases included."""
        own = [self._compilers[ANY].phrase(phrase) for phrase in self._phrases.get(name, ())]
        whole = name in WHOLES
        extra = self.table(name, "extra")
        if name in ("decline", "thanks", "identity"):
            extra += self.table("greeting", "only")
        return Rule(
            name,
            patterns=Index(self.table(name, "patterns") + ([] if whole else own)),
            only=Index(self.table(name, "only") + (own if whole else [])),
            extra=Index(extra),
            unless=Index(self.table(name, "unless")),
        )

    def table(self, rule: str, table: str) -> list[Pattern]:
        """The patterns of one table of one rule."""
        sources = ((language, source) for language in LANGUAGES for source in data(language)[rule].get(table, ()))
        return [self._compilers[language].pattern(source) for language, source in sources]

    def words(self, group: str) -> list[Pattern]:
        """A group as patterns of one word each."""
        return [self._compilers[ANY].pattern(f"@{group}")]

    def lexicon(self) -> Lexicon:
        """All words that the rules named so far."""
        entries = chain.from_iterable(compiler.entries for compiler in self._compilers.values())
        return Lexicon(set(entries), not_typos=[word for lang in LANGUAGES for word in data(lang)["not_typos"]])


@lru_cache
def _groups() -> Mapping[str, frozenset[Entry]]:
    """Groups of words by name, each the union of all languages'."""
    found: dict[str, set[Entry]] = {}
    for language in LANGUAGES:
        for name, words in data(language)["groups"].items():
            found.setdefault(name, set()).update(entry(language, word) for word in words)
    return {name: frozenset(entries) for name, entries in found.items()}


def _finding(rule: str, words: Sequence[Token], match: Match, *, business: bool = False) -> Finding:
    said = " ".join(token.text for token in words[match.start : match.end])
    return Finding(rule, said, match.pattern.source if len(match.pattern.source) <= 80 else "", business)


def _rest(words: Sequence[Token]) -> Finding:
    """What no rule claims: a question, unless there is nothing to look up in it."""
    if all(token.word.isdigit() for token in words):
        return Finding("number", " ".join(token.text for token in words[:8]))
    if sum(len(token.word) for token in words) <= 2:
        return Finding("noise")
    return Finding("question")


@lru_cache(1)
def base_rules() -> Rules:
    """The rules without any tenant's changes, built once a process (about half a second)."""
    return Rules()
