"""A customer's words, read: concepts, stems, corrected spelling, and what remains unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from truffles_rag_qdrant.glossary import Glossary, Hit, glossary
from truffles_rag_qdrant.words import (
    from_latin,
    from_layout,
    gravity,
    is_latin,
    is_russian,
    looks_kazakh,
    stem,
    tokens,
)

UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Term:
    """A unit of meaning in a question.

    key       "c:price" for a concept, a stem for another word, "?word" for a word that this tenant does not know
    surface   how the term is said in Russian (or as it was written, where no Russian is known)
    weight    1 for what the question is about, less for grammar
    """

    key: str
    surface: str
    weight: float = 1.0
    ask: bool = False
    kazakh: bool = False

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
    words, book = tokens(text), glossary()
    hits = book.find(words)
    taken = {at for hit in hits for at in range(hit.start, hit.start + hit.length)}
    stems = (stem(word) for at, word in enumerate(words) if at not in taken and _is_content(word, book))
    return tuple(dict.fromkeys([*(concept_key(hit) for hit in hits), *stems]))


def _is_content(word: str, book: Glossary) -> bool:
    return len(word) > 1 and word not in book.all_light and gravity(word) > 0


class Reader:
    """Reads questions against one tenant's vocabulary. Not thread-safe, cheap to make."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.glossary = glossary()
        self._words = frozenset(vocabulary)
        self._stems = frozenset(stem(word) for word in self._words)
        self._targets = sorted({word for word in self._words | self.glossary.words if len(word) > 3})
        self._seen: dict[str, str] = {}

    def words(self, text: str) -> list[Word]:
        """The words of a text, each put right: spelling, transliteration, keyboard layout."""
        result: list[Word] = []
        for chunk in text.split():
            kazakh = looks_kazakh(chunk)
            parts = tokens(chunk)
            swapped = self._from_layout(chunk, parts)
            right = [swapped] if swapped else [word if kazakh else self._right(word) for word in parts]
            result += [Word(word, "" if at else chunk) for at, word in enumerate(right)]
        return result

    def terms(self, read: Sequence[Word]) -> list[Term]:
        """The meaning of words that were put right, in their order; grammar and greetings are left out."""
        words = [word.text for word in read]
        hits = self.glossary.find(words)
        taken = {at for hit in hits for at in range(hit.start, hit.start + hit.length)}
        found = [(hit.start, self._concept(hit, words)) for hit in hits]
        found += [(at, self._word(word)) for at, word in enumerate(words) if at not in taken]
        return [term for _, term in sorted(found, key=lambda pair: pair[0]) if term.weight > 0]

    def _concept(self, hit: Hit, words: Sequence[str]) -> Term:
        written = " ".join(words[hit.start : hit.start + hit.length])
        surface = hit.concept.russian if hit.language == "kk" else written
        return Term(concept_key(hit), surface, ask=hit.concept.ask, kazakh=hit.language == "kk")

    def _word(self, word: str) -> Term:
        if word in self.glossary.all_light or len(word) < 2:
            return Term(word, word, 0.0)
        root = stem(word)
        if root in self._stems:
            return Term(root, word, max(gravity(word), 0.3) if word.isdigit() else gravity(word))
        return Term(UNKNOWN + root, word, gravity(word))

    def _right(self, word: str) -> str:
        right = self._seen.get(word)
        if right is None:
            if len(self._seen) > 20_000:
                self._seen.clear()
            right = self._seen[word] = self._latin(word) if is_latin(word) else self._cyrillic(word)
        return right

    def _cyrillic(self, word: str) -> str:
        if self._known(word) or is_russian(word):
            return word
        return self._nearest(word) or word

    def _latin(self, word: str) -> str:
        if self._known(word):
            return word
        near = self._nearest(word)
        if near:
            return near
        said = from_latin(word)
        if self._known(said) or (len(said) > 3 and is_russian(said)):
            return said
        return self._nearest(said) or word

    def _known(self, word: str) -> bool:
        return word.isdigit() or word in self._words or self.glossary.knows(word) or stem(word) in self._stems

    def _nearest(self, word: str) -> str:
        """The one known word within one slip of the finger (two in long words), "" if there is none."""
        slips = 0 if len(word) < 5 else 1 if len(word) < 8 else 2
        if not slips:
            return ""
        near = process.extractOne(word, self._targets, scorer=OSA.distance, score_cutoff=slips)
        return near[0] if near and near[0][0] == word[0] else ""

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
