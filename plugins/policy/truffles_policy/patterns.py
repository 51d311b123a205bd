"""The small language in which the rules are written, and how it is matched against a message.

A pattern is a row of words. Each stands for all its forms (`позвать`), or for this form only (`=зовите`); `@person` is
a group of words defined in the data; `a|b` is either; a trailing `?` makes it optional; `#` is a number. `*` lets up
to three other words pass, `**` up to six and commas too, `,` a comma only. `^` and `$` are the start and end of a part of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from truffles_policy.lemmas import Entry, Lexicon, clean, normal

NONE, COMMA, STOP = 0, 1, 2
HEAD, TAIL, MOST_TOKENS = 3_000, 1_000, 400
NUMBER = "#"

_TOKEN = re.compile(r"[^\W_]+(?:[-'’`][^\W_]+)*")
_STOP = re.compile(r"[.!?;…]")
_COMMA = re.compile(r"[,:()«»\"“”—–]|\s-\s")
_LAYOUT_CHUNK = re.compile(r"[a-z\[\];',.`]+$")
_SHORT_LINE = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the message: as written, its normal spelling, the words of the rules that it may be, what precedes."""

    text: str
    word: str
    keys: frozenset[str]
    gap: int


@dataclass(frozen=True, slots=True)
class Atom:
    """One word that fits any of `keys`."""

    keys: frozenset[str]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to `most` words of any kind; without `commas` within one part of a sentence."""

    most: int
    commas: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    source: str
    elements: tuple[Atom | Gap, ...]
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern fitted."""

    pattern: Pattern
    start: int
    end: int


def tokens(text: str, lexicon: Lexicon, fillers: frozenset[str] = frozenset()) -> list[Token]:
    """The words of `text` without `fillers`. Of a huge text, its beginning and its end."""
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} … {text[-TAIL:]}"
    found: list[Token] = []
    carried, dropped = STOP, False
    for written, keys, before in _words(clean(text), lexicon):
        gap = max(carried, before)
        if dropped and gap == COMMA:  # "позовите, пожалуйста, менеджера": the commas were the filler's
            gap = NONE
        word = normal(written)
        dropped = word in fillers
        carried = gap if dropped else NONE
        if not dropped:
            found.append(Token(written, word, keys or _keys(word, lexicon), gap))
        if len(found) == MOST_TOKENS:
            break
    return found


def _keys(word: str, lexicon: Lexicon) -> frozenset[str]:
    return frozenset({NUMBER}) if word.isdigit() else lexicon.keys(word)


def _words(text: str, lexicon: Lexicon) -> Iterable[tuple[str, frozenset[str], int]]:
    """Written words, keys of those typed in the wrong layout, and the strength of the break before each."""
    gap = NONE
    for line in text.splitlines():
        count = 0
        for chunk in line.split():
            keys = _layout_keys(chunk, lexicon)
            if keys:
                yield chunk, keys, gap
                gap, count = NONE, count + 1
                continue
            end = 0
            for found in _TOKEN.finditer(chunk):
                gap = max(gap, _break(chunk[end : found.start()]))
                yield found.group(), frozenset(), gap
                gap, end, count = NONE, found.end(), count + 1
            gap = max(gap, _break(chunk[end:] if end else f" {chunk} "))
        gap = max(gap, NONE if count <= _SHORT_LINE else STOP)


def _layout_keys(chunk: str, lexicon: Lexicon) -> frozenset[str]:
    """Only for chunks whose letters hide among punctuation, such as "vtytl;thf"; plain ones are read by the lexicon."""
    lower = chunk.lower()
    if lower.isalnum() or not _LAYOUT_CHUNK.match(lower) or not any(c.isalpha() for c in lower):
        return frozenset()
    return lexicon.layout_keys(lower)


def _break(between: str) -> int:
    if _STOP.search(between):
        return STOP
    return COMMA if _COMMA.search(between) else NONE


_GAPS = {"*": Gap(3, commas=False), "**": Gap(6, commas=True), ",": Gap(0, commas=True)}


class Compiler:
    """Turns the sources of one language into patterns. Groups are common to all languages, so that these may mix."""

    def __init__(self, language: str, groups: Mapping[str, Iterable[Entry]]) -> None:
        self._language, self._groups = language, groups
        self.entries: set[Entry] = set()

    def pattern(self, source: str) -> Pattern:
        """Compile one pattern."""
        parts = source.split()
        starts, ends = parts[0] == "^", parts[-1] == "$"
        inner = parts[starts : len(parts) - ends]
        return Pattern(source, tuple(self._element(part) for part in inner), starts, ends)

    def phrase(self, words: str) -> Pattern:
        """A phrase without operators, as tenants write it: each word in any form."""
        return Pattern(words, tuple(self._atom([word]) for word in _TOKEN.findall(words.lower())))

    def _element(self, part: str) -> Atom | Gap:
        if part in _GAPS:
            return _GAPS[part]
        return self._atom(part.rstrip("?").split("|"), part.endswith("?"))

    def _atom(self, names: Iterable[str], optional: bool = False) -> Atom:
        keys: set[str] = set()
        for name in names:
            if name == NUMBER:
                keys.add(NUMBER)
                continue
            entries = self._groups[name[1:]] if name.startswith("@") else [entry(self._language, name)]
            self.entries.update(entries)
            keys.update(found.key for found in entries)
        return Atom(frozenset(keys), optional)


def entry(language: str, word: str) -> Entry:
    """A word as the data spell it: `=word` is this form only."""
    return Entry(language, normal(word.lstrip("=")), word.startswith("="))


class Index:
    """Patterns by the key that they may begin with, so that a message touches only those that can fit."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._by_key: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            for key in _first_keys(pattern):
                self._by_key.setdefault(key, []).append(pattern)

    def at(self, words: Sequence[Token], start: int) -> Match | None:
        """The longest match that begins at `start`."""
        best = start
        found: Pattern | None = None
        for key in words[start].keys:
            for pattern in self._by_key.get(key, ()):
                if pattern.starts and words[start].gap == NONE:
                    continue
                end = _fit(pattern, 0, words, start, start)
                if end > best:
                    best, found = end, pattern
        return Match(found, start, best) if found else None

    def every(self, words: Sequence[Token], start: int) -> Iterable[Match]:
        """Every pattern that fits at `start`, each as far as it goes."""
        for key in words[start].keys:
            for pattern in self._by_key.get(key, ()):
                if pattern.starts and words[start].gap == NONE:
                    continue
                end = _fit(pattern, 0, words, start, start)
                if end > start:
                    yield Match(pattern, start, end)

    def first(self, words: Sequence[Token]) -> Match | None:
        """The first match in the message."""
        return next((match for match in self.all(words)), None)

    def all(self, words: Sequence[Token]) -> Iterable[Match]:
        """The longest match at each word."""
        for start in range(len(words)):
            match = self.at(words, start)
            if match:
                yield match


def _first_keys(pattern: Pattern) -> Iterable[str]:
    for element in pattern.elements:
        if isinstance(element, Gap):
            raise TypeError(f"a pattern cannot begin with a gap: {pattern.source!r}")
        yield from element.keys
        if not element.optional:
            return


def _fit(pattern: Pattern, element: int, words: Sequence[Token], at: int, start: int) -> int:
    """The end of the longest match of the elements from `element` on at word `at`; -1 if there is none."""
    if element == len(pattern.elements):
        closed = at == len(words) or words[at].gap != NONE
        return at if closed or not pattern.ends else -1
    wanted = pattern.elements[element]
    if isinstance(wanted, Gap):
        return _fit_gap(pattern, wanted, element, words, at, start)
    best = -1
    joined = at == start or _loose(pattern, element) or (at < len(words) and words[at].gap == NONE)
    if joined and at < len(words) and wanted.keys & words[at].keys:
        best = _fit(pattern, element + 1, words, at + 1, start)
    if best < 0 and wanted.optional:
        best = _fit(pattern, element + 1, words, at, start)
    return best


def _loose(pattern: Pattern, element: int) -> bool:
    """Does a gap precede this element? Then the gap has judged the break."""
    return element > 0 and isinstance(pattern.elements[element - 1], Gap)


def _fit_gap(pattern: Pattern, gap: Gap, element: int, words: Sequence[Token], at: int, start: int) -> int:
    highest = COMMA if gap.commas else NONE
    for passed in range(gap.most + 1):
        here = at + passed
        if here >= len(words) or words[here].gap > highest:
            return -1
        end = _fit(pattern, element + 1, words, here, start)
        if end >= 0:
            return end
    return -1


def covered(words: Sequence[Token], main: Index, extra: Index) -> Match | None:
    """The first match of `main`, if matches of `main` and `extra` cover the whole message."""
    at, found = 0, None
    while at < len(words):
        match = main.at(words, at)
        found = found or match
        match = match or extra.at(words, at)
        if not match:
            return None
        at = match.end
    return found
