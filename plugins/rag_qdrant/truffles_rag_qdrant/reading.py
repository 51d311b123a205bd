"""A customer's words, read: concepts, stems, corrected spelling, and what remains unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from truffles_rag_qdrant.glossary import Concept, Glossary, Hit, glossary
from truffles_rag_qdrant.words import (
    from_latin,
    from_layout,
    gravity,
    is_latin,
    is_noun,
    is_russian,
    looks_kazakh,
    stem,
    tokens,
)

UNKNOWN = "?"
FOREIGN = frozenset({"kk", "en"})
_PRICE = 0.3  # a number of three digits or more that the facts hold; lesser ones are minutes, ages, dates
_SIGNS = frozenset("%‰₸$€₽№°")
WITHOUT = frozenset({"без", "without"})
_GROUP = re.compile(r"\d{3}(?!\d)")
_BEGUN = re.compile(r"[^\w.,]*\d{1,3}(?: \d{3})*")


@dataclass(frozen=True, slots=True)
class Term:
    """A unit of meaning in a question.

    key       "c:price" for a concept, a stem for another word, "?word" for a word that this tenant does not know
    surface   how the term is said in Russian (or as it was written, where no Russian is known)
    weight    1 for what the question is about, less for grammar
    said_by   keys of others with which it is said, too
    russian   how a foreign one is said in Russian, "" for others
    """

    key: str
    surface: str
    weight: float = 1.0
    ask: bool = False
    kazakh: bool = False
    minor: bool = False
    narrows: bool = False
    said_by: tuple[str, ...] = ()
    russian: str = ""

    @property
    def said(self) -> str:
        """How it is said in Russian, as far as that is known."""
        return self.russian or self.surface

    @property
    def unknown(self) -> bool:
        """Is it a word that neither the glossary nor the tenant knows?"""
        return self.key.startswith(UNKNOWN)


@dataclass(frozen=True, slots=True)
class Word:
    """A word put right, and how it stood in the message ("" for the second word of "гель-лак")."""

    text: str
    raw: str = ""


def concept_key(hit: Hit) -> str:
    """The key of a concept among the stems."""
    return f"c:{hit.concept.name}"


@lru_cache(maxsize=4_096)
def keys_of(text: str) -> tuple[str, ...]:
    """Keys of a text of the tenant's own: concepts, and the stems of the words that are none. No grammar."""
    return tuple(dict.fromkeys(key for key, _ in _keyed(text)))


@lru_cache(maxsize=4_096)
def label_keys(text: str) -> tuple[str, ...]:
    """Keys of a name or a question; what follows "без" is lacking, and says so: "без покрытия" → "-c:gel"."""
    words = tokens(text)
    keyed = ((f"-{key}" if at and words[at - 1] in WITHOUT else key) for key, at in _keyed(text))
    return tuple(dict.fromkeys(keyed))


@lru_cache(maxsize=4_096)
def head_key(name: str) -> str:
    """What a name is the name of, its first noun: "Детская стрижка" → the key of "стрижка"."""
    words = tokens(name)
    keyed = [(key, words[at]) for key, at in _keyed(name)]
    return next((key for key, word in keyed if is_noun(word)), keyed[0][0] if keyed else "")


def literal(words: Iterable[str]) -> tuple[str, ...]:
    """The stems of words, grammar left out, in an order of their own: equal ones say the same literally."""
    return tuple(sorted({stem(word) for word in words if _is_content(word, glossary())}))


def _keyed(text: str) -> list[tuple[str, int]]:
    words, book = tokens(text), glossary()
    hits = book.find(words)
    no_ask = {name for hit in hits for name in hit.concept.instead_of}
    taken = {at for hit in hits for at in range(hit.start, hit.start + hit.length)}
    found = [(concept_key(hit), hit.start) for hit in hits if hit.concept.name not in no_ask]
    found += [(stem(word), at) for at, word in enumerate(words) if at not in taken and _is_content(word, book)]
    return sorted(found, key=lambda pair: pair[1])


def _is_content(word: str, book: Glossary) -> bool:
    return len(word) > 1 and not book.is_light(word) and gravity(word) > 0


def _softened(word: str) -> Iterator[str]:
    """Latin letters have no soft sign: "skolki" → "сколки" → "скольки"."""
    for at, letter in enumerate(word):
        if letter in "лнтсдзрвбпм":
            yield f"{word[: at + 1]}ь{word[at + 1 :]}"


def _chunks(text: str) -> list[str]:
    """The words of a text as they stand there; "4 000" is one."""
    result: list[str] = []
    for chunk in text.split():
        if result and _GROUP.match(chunk) and _BEGUN.fullmatch(result[-1]):
            result[-1] = f"{result[-1]} {chunk}"
        else:
            result.append(chunk)
    return result


class Reader:
    """Reads questions against one tenant's vocabulary. Not thread-safe, cheap to make."""

    def __init__(self, vocabulary: Iterable[str], lacking: Iterable[str] = ()) -> None:
        self._lacking_keys = frozenset(lacking)
        self.glossary = glossary()
        self._words = frozenset(vocabulary)
        self._stems = frozenset(stem(word) for word in self._words)
        known = self._words | self.glossary.words | self.glossary.light
        self._targets = _by_first_letter(word for word in known if len(word) > 3)
        self._beginnings = {
            size: _by_first_letter(word for word in self.glossary.beginnings if len(word) == size) for size in (5, 6, 7)
        }
        self._seen: dict[str, str] = {}

    def words(self, text: str) -> list[Word]:
        """The words of a text, each put right: spelling, transliteration, keyboard layout."""
        result: list[Word] = []
        begun = 0
        for chunk in _chunks(text):
            kazakh = looks_kazakh(chunk)
            parts = tokens(chunk)
            swapped = self._from_layout(chunk, parts)
            right = [swapped] if swapped else [word if kazakh else self._right(word) for word in parts]
            if right:
                begun = len(result)
            elif result and not _SIGNS.isdisjoint(chunk):  # "50 %" without its sign is another question at a desk
                result[begun] = replace(result[begun], raw=f"{result[begun].raw} {chunk}")
            result += [Word(word, "" if at else chunk) for at, word in enumerate(right)]
        return result

    def terms(self, read: Sequence[Word]) -> list[Term]:
        """The meaning of words that were put right, in their order; grammar and greetings are left out."""
        words = [word.text for word in read]
        hits = self.glossary.find(words)
        taken = {at for hit in hits for at in range(hit.start, hit.start + hit.length)}
        no_ask = {name for hit in hits for name in hit.concept.instead_of}
        said = [hit for hit in hits if hit.concept.name not in no_ask]
        found = [(hit.start, self._lacking(self._concept(hit, words), words, hit.start)) for hit in said]
        found += [(at, self._word(word)) for at, word in enumerate(words) if at not in taken]
        return [term for _, term in sorted(found, key=lambda pair: pair[0]) if term.weight > 0]

    def literal(self, read: Sequence[Word]) -> tuple[str, ...]:
        """The stems of what is said, as `literal` gives those of a name; without what is asked about it."""
        words = [word.text for word in read]
        asked = {
            at
            for hit in self.glossary.find(words)
            if hit.concept.ask
            for at in range(hit.start, hit.start + hit.length)
        }
        return literal(word for at, word in enumerate(words) if at not in asked)

    def concepts_by_end(self, read: Sequence[Word]) -> list[list[Concept]]:
        """For each word the concepts that are complete with it."""
        result: list[list[Concept]] = [[] for _ in read]
        for hit in self.glossary.find([word.text for word in read]):
            result[hit.start + hit.length - 1].append(hit.concept)
        return result

    def _concept(self, hit: Hit, words: Sequence[str]) -> Term:
        written = " ".join(words[hit.start : hit.start + hit.length])
        surface = hit.concept.russian if hit.language == "kk" else written
        concept = hit.concept
        return Term(concept_key(hit), surface, concept.weight, ask=concept.ask, kazakh=hit.language == "kk",
                    minor=concept.minor, narrows=concept.narrows, said_by=tuple(f"c:{each}" for each in concept.said_by),
                    russian=concept.russian if hit.language in FOREIGN else "")  # fmt: skip

    def _lacking(self, term: Term, words: Sequence[str], at: int) -> Term:
        if at and words[at - 1] in WITHOUT and f"-{term.key}" in self._lacking_keys:
            return replace(term, key=f"-{term.key}", surface=f"без {term.surface}", weight=0.5)
        return term

    def _word(self, word: str) -> Term:
        if self.glossary.is_light(word) or len(word) < 2:
            return Term(word, word, 0.0)
        root = stem(word)
        if root in self._stems:
            return Term(root, word, _PRICE if word.isdigit() and len(word) > 2 else gravity(word))
        return Term(UNKNOWN + root, word, gravity(word))

    def _right(self, word: str) -> str:
        right = self._seen.get(word)
        if right is None:
            if len(self._seen) > 20_000:
                self._seen.clear()
            right = self._seen[word] = self._latin(word) if is_latin(word) else self._cyrillic(word)
        return right

    def _cyrillic(self, word: str) -> str:
        if self._known_as_it_stands(word) or is_russian(word):
            return word
        return self._nearest(word) or word

    def _latin(self, word: str) -> str:
        if self._known(word):
            return word
        near = self._nearest(word)
        if near:
            return near
        said = from_latin(word)
        softened = next((soft for soft in _softened(said) if self.glossary.knows(soft) or soft in self._words), "")
        if softened and not self._known(said):
            return softened
        if self._known(said) or (len(said) > 3 and is_russian(said)):
            return said
        return self._nearest(said) or word

    def _known(self, word: str) -> bool:
        return self._known_as_it_stands(word) or stem(word) in self._stems

    def _known_as_it_stands(self, word: str) -> bool:
        """Known by more than its stem: "скольк" has that of "сколько", and is a slip all the same."""
        return word in self._words or word in self.glossary.spoken or word.isdigit() or self.glossary.knows(word)

    def _nearest(self, word: str) -> str:
        """The one known word within one slip of the finger (two in long words), "" if there is none."""
        slips = 0 if len(word) < 5 else 1 if len(word) < 8 else 2
        if not slips:
            return ""
        near = _near(word, self._targets, slips)
        return near or self._nearest_beginning(word)

    def _nearest_beginning(self, word: str) -> str:
        """ "оплотить" → "оплатить": one slip in a beginning that the glossary knows."""
        for size, beginnings in self._beginnings.items():
            near = _near(word[:size], beginnings, 1) if len(word) >= size else ""
            if near:
                return near + word[size:]
        return ""

    def _from_layout(self, chunk: str, parts: Sequence[str]) -> str:
        """ "vfybr.h" → "маникюр"; "" when the word makes sense as it stands, or makes none in the other layout."""
        if not parts or not is_latin(chunk.lower()) or all(self._known(self._right(word)) for word in parts):
            return ""
        for typed in (chunk, chunk.rstrip(".,;'")):
            swapped = tokens(from_layout(typed))
            if len(swapped) != 1 or len(swapped[0]) < 2:
                continue
            if self._known(swapped[0]) or (len(swapped[0]) > 3 and is_russian(swapped[0])):
                return swapped[0]
        return ""


def _by_first_letter(words: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Words by their first letter: a slip is hardly ever in that one, and the others need not be compared."""
    found: dict[str, list[str]] = {}
    for word in sorted(words):
        found.setdefault(word[0], []).append(word)
    return found


def _near(word: str, words: Mapping[str, Sequence[str]], slips: int) -> str:
    """The nearest of `words` within so many slips, "" if there is none."""
    near = process.extractOne(word, words.get(word[0], ()), scorer=OSA.distance, score_cutoff=slips)
    return str(near[0]) if near else ""
