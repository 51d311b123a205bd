"""What is known of a tenant's chunks besides their vectors: terms, their rarity, and how well one fits a question."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from truffles_gateway.plugin import OWN, Chunk
from truffles_rag_qdrant.asking import NOTHING, Asking
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.facts import PACK, asked_of, point_id
from truffles_rag_qdrant.glossary import glossary
from truffles_rag_qdrant.likeness import Likeness, called, nearest, pieces, wordings
from truffles_rag_qdrant.meant import Meanings
from truffles_rag_qdrant.part import Part
from truffles_rag_qdrant.reading import UNKNOWN, Reader, Term, concept_key, head_key, keys_of, label_keys, literal
from truffles_rag_qdrant.rows import first_of
from truffles_rag_qdrant.words import describes, gravity, stem, tokens

LEXICAL_SIZE = 512
NEAREST = 5
BEGINNING = 5
BEHIND_A_NUMBER = 2
LONGEST = 8.0
THINGS, ANSWERS, OF_EVERY_BUSINESS = 0, 2, 3
KINDS = {
    "services": THINGS,
    "products": THINGS,
    "categories": 1,
    "faq": ANSWERS,
    "care": ANSWERS,
    "promotions": ANSWERS,
    "attachments": ANSWERS,
}
FEW, UNTOLD, UNASKED = 12, 0.05, 0.12
MOSTLY, RARE = 0.8, 0.5
FEATURES = ("coverage", "cosine", "prose", "surplus", "head_missed", "head_rival", "ask_missed",
            "spread", "evidence", "uncovered", "like", "behind",
            "asked", "lead", "strange", "spoken", "meant", "ahead",
            "kind", "length")  # fmt: skip
_BODY = 0.85
_PROSE = 0.95
_COMMENT = 0.5
_HEADING = 0.8
_ASK = 0.5
_MINOR = 0.15
_TELLING = 0.05
_KINDS = (
    ("c:price", re.compile(r"₸|\bтг\b|тенге|теңге|\$|€")),
    ("c:duration", re.compile(r"\d\s*(?:ч|мин|час\w*)\b")),
    ("c:hours", re.compile(r"\b\d{1,2}:\d{2}\b")),
    ("c:where", re.compile(r"\b(?:ул|пр|просп|мкр|бульвар)\.?\s", re.IGNORECASE)),
    ("c:phone", re.compile(r"\+\d[\d\s()-]{9,}")),
)

_OF_TIME = re.compile(
    r"жас\w*|years?|yo|мин|дн\w{0,3}|день|недел\w*|месяц\w*|сут\w*|күн\w*|апта\w*|ай|min(?:ute)?s?|hours?|days?|weeks?|months?",
    re.IGNORECASE,
)
_MONTH = re.compile(
    r"(?:январ|феврал|апрел|июн|июл|август|сентябр|октябр|ноябр|декабр)\w{0,2}|март[ае]?|ма[йяе]|"
    r"(?:қаңтар|қантар|ақпан|акпан|наурыз|сәуір|сауир|мамыр|маусым|шілде|шилде|тамыз|қыркүйек|кыркуйек|қазан|казан|қараша|караша|желтоқсан|желтоксан)"
    r"(?:[дт][ае]н?|[ғгқк][ае])?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?",
    re.IGNORECASE,
)
"""Behind a number it makes that a day."""

Told = tuple[frozenset[str], frozenset[str]]
"""The keys, and the pieces of words, of all that a fact is told and asked by."""
Content = tuple[tuple[frozenset[str], float], ...]
"""Ways to find each word that says something in a knowledge: its beginning, and the concept that it belongs to; and its weight."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A chunk as the lexical side sees it.

    terms     its keys with their strength
    asked     the keys of its question, where it is an answer to one
    prose     neither a named thing nor an answer
    heads     what the name, and an alias of one word, are names of
    first     the key that its text begins with
    literals  its name and aliases as `reading.literal` gives them
    words     the stems in them, marked as literal
    row       its line in a price list
    spoken    the beginnings of all words that it says and is asked for by
    kind      0 a thing, 1 a category of things, 2 an answer to something particular, 3 what every business has: a rule, an address
    position  0 for the first fact under a heading, up to 1 for the fourth: the first says the main thing
    """

    chunk: Chunk
    terms: Mapping[str, float]
    asked: frozenset[str]
    prose: bool
    heads: frozenset[str]
    first: str
    position: float
    vector: Vectors
    literals: frozenset[tuple[str, ...]] = frozenset()
    words: frozenset[str] = frozenset()
    row: int = 0
    spoken: frozenset[str] = frozenset()
    kind: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """The number by which a question counts something, and the numbers that names have of it."""

    number: str
    known: frozenset[str]

    def is_of(self, entry: Entry) -> bool:
        """Is a chunk called by that number?"""
        return self.number in self.known and f"={self.number}" in entry.words

    def is_of_others(self, entry: Entry) -> bool:
        """Of chunks that speak of what is counted: is it one of another number, or, where some name has the number, of none?"""
        if self.number in self.known:
            return self.number not in entry.terms
        return any(f"={each}" in entry.words for each in self.known)


@dataclass(frozen=True, eq=False)
class Asked:
    """A question as it is held against chunks: how much each of its terms counts, what it says literally, how alike the
    wordings of each chunk are, how likely it is asked for, how near its meaning is, the words of models that nobody has, marked as
    literal, and by how many it counts what names are told apart by the number of, by key."""

    part: Part
    weights: Mapping[str, float]
    literal: tuple[str, ...]
    alike: Mapping[str, float]
    likely: Mapping[str, float]
    meant: Mapping[str, float]
    models: frozenset[str] = frozenset()
    counted: Mapping[str, Count] = field(default_factory=dict)

    @cached_property
    def nearest(self) -> tuple[str, ...]:
        """The chunks whose wording, or meaning, is most like it."""
        found = (self.alike, self.likely, self.meant)
        return tuple(dict.fromkeys(id for each in found for id in nearest(each, NEAREST)))

    @cached_property
    def most_alike(self) -> float:
        """How alike the nearest of them is."""
        return max(self.alike.values(), default=0.0)

    @cached_property
    def content(self) -> Content:
        """Its words and how much each weighs; grammar is left out."""
        return _content(self.part)

    @cached_property
    def length(self) -> float:
        """How much it says: a long story has words for many facts."""
        return min(sum(weight for _, weight in self.content), LONGEST)

    @cached_property
    def _likeliest(self) -> tuple[float, float]:
        """How likely the likeliest is, and the next one: chunks that are asked for in the same words are as likely."""
        return _first_two(self.likely)

    @cached_property
    def _nearest_meaning(self) -> tuple[float, float]:
        return _first_two(self.meant)

    def lead(self, share: float) -> float:
        """By how much what is as likely as that leads the next one, or is behind the likeliest."""
        return _lead(share, self._likeliest)

    def ahead(self, near: float) -> float:
        """The same of what means it as nearly as that."""
        return _lead(near, self._nearest_meaning)

    @property
    def words(self) -> frozenset[str]:
        """The stems of what it says, marked as literal."""
        return frozenset(f"={one}" for one in self.literal)


def entry_of(chunk: Chunk) -> Entry:
    """Read a chunk: its name, question and aliases count in full, its headings a little less, its body least."""
    aliases = [alias for alias in chunk.metadata.get("aliases", "").split("|") if alias]
    names = [label for label in (chunk.metadata.get("name", ""), *aliases) if label]
    labels = [label_keys(label) for label in (*names, chunk.question) if label]
    body = chunk.answer if chunk.question else "" if names else chunk.text
    terms = dict.fromkeys(_comment(chunk, names), _COMMENT)
    terms.update(dict.fromkeys((*keys_of(body), *_kinds(chunk.text)), _BODY if labels else _PROSE))
    terms.update({key: 1.0 if key in terms else _HEADING for key in keys_of(chunk.title)})
    terms.update({key: 1.0 for label in labels for key in label})
    heads = frozenset(head_key(name) for name in names if name == names[0] or len(label_keys(name)) == 1)
    position = min(int(chunk.metadata.get("position") or 0), 3) / 3
    asked = frozenset(label_keys(chunk.question))
    first = next(iter(keys_of(chunk.text)), "")
    literals = frozenset(literal(tokens(name)) for name in names) - {()}
    words = frozenset(f"={one}" for literal in literals for one in literal)
    row = int(chunk.metadata.get("row") or 0)
    spoken = _beginnings(chunk.title, chunk.text, *called(chunk), *asked_of(chunk)).union(_kinds(chunk.text))
    kind = _kind_of(chunk, named=bool(names))
    vector = first_of(chunk)
    return Entry(chunk, terms, asked, not labels, heads, first, position, vector, literals, words, row, spoken, kind)


def _kind_of(chunk: Chunk, *, named: bool) -> int:
    if chunk.source != PACK:
        return THINGS if named else ANSWERS
    return KINDS.get(chunk.id.removeprefix(OWN).partition(".")[0], OF_EVERY_BUSINESS)


def _beginning(word: str) -> str:
    """As much of a word as its forms have in common: Kazakh ones grow long at their ends."""
    return stem(word)[:BEGINNING]


def _comment(chunk: Chunk, names: Sequence[str]) -> tuple[str, ...]:
    """What a row of a price list says besides its name."""
    return keys_of(chunk.text.removeprefix(names[0])) if names else ()


def _kinds(text: str) -> list[str]:
    return [key for key, sign in _KINDS if sign.search(text)]


class Index:
    """The lexical side of one tenant's knowledge. Made on one thread, used on one. `size` is the length of its vectors,
    `has_vectors` says that some are more than zeros."""

    def __init__(
        self, tenant: str, chunks: Iterable[Chunk], old: Index | None = None, asking: Asking = NOTHING
    ) -> None:  # fmt: skip
        kept = old.entries if old else {}
        self._tenant, self.asking = tenant, asking
        self._branches: dict[str, Index] = {}
        self._told: dict[str, Told] = {}
        self.entries: dict[str, Entry] = {chunk.id: _entry(chunk, kept.get(chunk.id)) for chunk in chunks}
        self._tags = frozenset(entry.chunk.tag for entry in self.entries.values())
        self.points = {point_id(tenant, key): entry for key, entry in self.entries.items()}
        self._counts = Counter(key for entry in self.entries.values() for key in entry.terms)
        self.worded = any(asked_of(entry.chunk) for entry in self.entries.values())
        self.size = next((len(entry.vector) for entry in self.entries.values()), 0)
        self.has_vectors = any(entry.vector.any() for entry in self.entries.values())
        self._heads = frozenset(key for entry in self.entries.values() for key in _subjects(entry))
        self._scale = math.log(1 + len(self.entries)) or 1.0
        vocabulary = (word for entry in self.entries.values() for word in _vocabulary(entry.chunk))
        self.likeness = Likeness(entry.chunk for entry in self.entries.values())
        self._models = _models(self.entries.values())
        self._numbers = _numbers(self.entries.values())
        known = self.entries.values()
        self._meanings = Meanings(
            tuple(self.entries), [each.vector for each in known], (each.chunk.model for each in known)
        )
        self.reader = Reader(vocabulary, lacking=(key for key in self._counts if key.startswith("-")))

    def at(self, tag: str) -> Index:
        """What is told at a branch; "" is what is told everywhere. The same service at another branch makes none of its
        words common here."""
        tag = tag if tag in self._tags else ""
        if tag not in self._branches:
            told = [entry.chunk for entry in self.entries.values() if entry.chunk.tag in ("", tag)]
            self._branches[tag] = (
                self if len(told) == len(self.entries) else Index(self._tenant, told, self, self.asking)
            )
        return self._branches[tag]

    def rarity(self, key: str) -> float:
        """1 for a term that one chunk holds (or none), towards 0 for one that all hold."""
        count = self._counts.get(key, 0)
        return math.log(1 + len(self.entries) / max(count, 1)) / self._scale if self.entries else 1.0

    def weights(self, part: Part) -> dict[str, float]:
        """How much each term counts: beside what a question is about, what is asked of it counts less."""
        things = any(not term.ask and not term.minor for term in part.terms)
        more = things or any(term.ask for term in part.terms)
        return {term.key: self._weight(term, things, more) for term in part.terms}

    def _weight(self, term: Term, things: bool, more: bool) -> float:
        share = _MINOR if term.minor and more else _ASK if term.ask and things else 1.0
        return term.weight * share * min(1.0, 0.25 + self.rarity(term.key))

    def sparse(self, part: Part) -> dict[int, float]:
        """A question as a sparse vector: rarity is on this side, so that chunks need no update when others change."""
        return _hashed({key: weight for key, weight in self.weights(part).items() if not key.startswith(UNKNOWN)})

    def _other_models(self, part: Part) -> frozenset[str]:
        """The words beside which a question has a number that nothing known has there ("айфон 16" where there are 11 and 13),
        marked as literal."""
        words = [word.text for word in part.words]
        pairs = [*pairwise(words), *((right, left) for left, right in pairwise(words))]
        named = [(stem(word), number) for word, number in pairs if number.isdigit() and stem(word) in self._models]
        known = {word for word, number in named if number in self._models[word]}
        return frozenset(f"={word}" for word, _ in named if word not in known)

    def _counted(self, part: Part) -> Mapping[str, Count]:
        """What a question counts, where names tell it by its number: "25 red roses" where there are bouquets of 25 and of 101 roses. By a
        number that none of these has ("33 roses") only what stands right behind it is counted, words that describe it aside: another
        thing may be between. A day of a month counts nothing ("for 25 December roses"), and a child of 7 years is none of other years
        than "up to 10"."""
        found: dict[str, Count] = {}
        for at, word in enumerate(part.words):
            behind = _behind([each.text for each in part.words], at)
            for place, text in enumerate(behind):
                for key in keys_of(text):
                    known = self._numbers.get(key, frozenset())
                    told_apart = known and not _OF_TIME.fullmatch(text) and all(map(describes, behind[:place]))
                    if word.text in known or told_apart:
                        found[key] = Count(word.text, known)
        return found

    def asked(self, part: Part, vector: Vectors) -> Asked:
        """A question, made ready once for all the chunks that it is held against."""
        said = [part.text, part.russian] if part.russian else [part.text]
        alike = _most(self.likeness.of(text) for text in said)
        return Asked(part, self.weights(part), self.reader.literal(part.words), alike, self._likely(said, vector),
                     self._meanings.of(vector), self._other_models(part), self._counted(part))  # fmt: skip

    def _likely(self, said: Sequence[str], vector: Vectors) -> Mapping[str, float]:
        """What of what is told here a question asks for, said in one way or another."""
        found = _most(self.asking.of(text, vector) for text in said)
        return {id: share for id, share in found.items() if id in self.entries}

    def told_by(self, entry: Entry) -> Told:
        """All that a fact is told and asked by; read once, when it is first needed."""
        if entry.chunk.id not in self._told:
            texts = (*wordings(entry.chunk), *asked_of(entry.chunk))
            keys = frozenset(key for text in texts for key in keys_of(text))
            self._told[entry.chunk.id] = keys, frozenset[str]().union(*map(pieces, texts))
        return self._told[entry.chunk.id]

    def is_kin(self, entry: Entry, other: Entry) -> bool:
        """Is a chunk called what the other is, or asked about it, as far as words go that few chunks hold? A list that only holds
        it is not."""
        named = {key for name in called(other.chunk) for key in label_keys(name)}
        return any(entry.terms.get(key, 0.0) >= 1.0 and self.rarity(key) >= RARE for key in named)

    def features(self, asked: Asked, entry: Entry, vector: Vectors) -> list[float]:
        """How well a chunk fits a question, in the order of `FEATURES`."""
        part, weights = asked.part, asked.weights
        matched = sum(weight * entry.terms.get(key, 0.0) for key, weight in weights.items())
        coverage = matched / (sum(weights.values()) or 1.0)
        uncovered = sum(weight for key, weight in weights.items() if key not in entry.terms and key not in part.asked)
        missed = sum(key not in entry.terms for key in part.asked) / max(len(part.asked), 1)
        headless = bool(entry.heads) and entry.heads.isdisjoint(weights)
        spread = self._spread([key for key in weights if key in entry.terms])
        return [coverage, float(entry.vector @ vector), entry.prose, self._surplus(weights, entry.asked), headless,
                headless and not self._heads.isdisjoint(weights), missed, spread,
                min(matched, 2.0), min(uncovered, 2.0), *_alike(asked, entry, few=len(self.entries) < FEW),
                *_strange(asked, entry), *_meant(asked, entry, few=len(self.entries) < FEW), entry.kind, asked.length]  # fmt: skip

    def equals(self, asked: Asked, best: Entry) -> list[Entry]:
        """`best`, and what the question does not tell from it: rows of its list that are named by the same noun, items
        under its heading; in the order of the file."""
        words, things = asked.words, asked.part.things
        said, heads = _said(words, things, best), best.heads & things
        if not said or best.asked:
            return [best]
        near = [entry for entry in self.entries.values() if _is_beside(entry, best)]
        equals = [one for one in near if _said(words, things, one) == said and (not heads or heads & one.heads)]
        return sorted(equals, key=lambda entry: (entry.row, entry.position))

    def _surplus(self, weights: Mapping[str, float], asked: frozenset[str]) -> float:
        """How much of the question that a chunk answers the customer did not ask."""
        whole = sum(self.rarity(key) for key in asked)
        return sum(self.rarity(key) for key in asked if key not in weights) / whole if whole else 0.0

    def _spread(self, keys: Sequence[str]) -> float:
        """The share of all chunks that hold these terms too: a price without a service fits every price. A term that
        one chunk alone holds tells it apart, however few chunks there are (a new tenant's first learned answers)."""
        if not keys:
            return 1.0
        rarest = min(self._counts[key] for key in keys)
        return rarest / len(self.entries) if rarest > 1 else min(1 / len(self.entries), _TELLING)


def _most(found: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    """The greatest share of each chunk."""
    first, *others = found
    most = dict(first)
    for each in others:
        most |= {id: share for id, share in each.items() if share > most.get(id, 0.0)}
    return most


def _models(entries: Iterable[Entry]) -> Mapping[str, frozenset[str]]:
    """The numbers that follow a word in names, where these tell at least two things apart: "айфон" → 11, 13. What a number
    counts or measures ("до 10 лет", "128 ГБ") follows it."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for name in called(entry.chunk):
            for left, right in pairwise(tokens(name)):
                if right.isdigit() and not left.isdigit() and len(left) > 2 and not glossary().is_light(left):
                    found[stem(left)].add(right)
    return {word: frozenset(numbers) for word, numbers in found.items() if len(numbers) > 1}


def _numbers(entries: Iterable[Entry]) -> Mapping[str, frozenset[str]]:
    """By the key of what is counted in names the numbers that these count it by, where there are several: "букет 25 роз", "букет 51 роза"."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for name in called(entry.chunk):
            words = tokens(name)
            for at, word in enumerate(words):
                for each in words[at + 1 : at + 1 + BEHIND_A_NUMBER] if word.isdigit() else ():
                    for key in keys_of(each):
                        found[key].add(word)
    return {key: frozenset(numbers) for key, numbers in found.items() if len(numbers) > 1}


def _behind(words: Sequence[str], at: int) -> Sequence[str]:
    """The words behind a number that may be what it counts."""
    behind = words[at + 1 : at + 1 + BEHIND_A_NUMBER] if words[at].isdigit() else ()
    return () if behind and _MONTH.fullmatch(behind[0]) else behind


def _entry(chunk: Chunk, old: Entry | None) -> Entry:
    return old if old and old.chunk == chunk else entry_of(chunk)


def _subjects(entry: Entry) -> frozenset[str]:
    """What a chunk is about: its heads, or for prose the first noun of its own heading."""
    return frozenset({head_key(entry.chunk.title)}) if entry.prose else entry.heads


def _vocabulary(chunk: Chunk) -> list[str]:
    labels = (chunk.metadata.get("name", ""), chunk.metadata.get("aliases", ""))
    return [word for text in (chunk.text, chunk.title, chunk.question, *labels) for word in tokens(text)]


def _said(words: frozenset[str], things: frozenset[str], entry: Entry) -> frozenset[str]:
    """What of the question an entry speaks of in so many words; a remark beside a price does not count. Tulips and
    roses are one concept: the word itself tells them apart."""
    named = {key for key in things if entry.terms.get(key, 0.0) > (0.0 if key.isdigit() else _COMMENT)}
    return words & entry.words | named


def _is_beside(entry: Entry, best: Entry) -> bool:
    """Of the same list, or under the same heading?"""
    one_place = (entry.chunk.source, _kind(entry), entry.chunk.tag, entry.prose) == (
        best.chunk.source,
        _kind(best),
        best.chunk.tag,
        best.prose,
    )
    return one_place and not entry.asked and (not best.prose or entry.chunk.title == best.chunk.title)


def _kind(entry: Entry) -> str:
    """Which part of the pack a fact is of: a rule of care is none of the bouquets."""
    return entry.chunk.id.partition(".")[0] if entry.chunk.source == PACK else ""


def _alike(asked: Asked, entry: Entry, *, few: bool) -> tuple[float, float, float, float]:
    """How alike the wordings are, by how much they are behind those of the chunk that is most alike, how likely the chunk is what
    is asked for, and by how much it leads others. Among a few chunks nothing tells common pieces from rare ones, and being the first says little: only the
    very same words count."""
    if few:
        same = pieces(asked.part.text) in map(pieces, (*wordings(entry.chunk), *asked_of(entry.chunk)))
        return (1.0, 0.0, 1.0, 1.0) if same else (0.0, UNTOLD, UNASKED, 0.0)
    like = asked.alike.get(entry.chunk.id, 0.0)
    likely = asked.likely.get(entry.chunk.id, like)  # a lesson is as likely as it is alike
    # Prose says more than was asked: it is like no question.
    return like, 0.0 if entry.prose else asked.most_alike - like, likely, asked.lead(likely)


def _meant(asked: Asked, entry: Entry, *, few: bool) -> tuple[float, float]:
    """How near a chunk is to what the question means, and by how much it is ahead of others; among a few chunks being the first says
    little."""
    near = asked.meant.get(entry.chunk.id, 0.0)
    return near, 0.0 if few else asked.ahead(near)


def _first_two(shares: Mapping[str, float]) -> tuple[float, float]:
    first, second, *_ = *sorted({round(share, 6) for share in shares.values()}, reverse=True), 0.0, 0.0
    return first, second


def _lead(share: float, first_two: tuple[float, float]) -> float:
    first, second = first_two
    return share - (second if share >= first - 1e-6 else first)


def speaks_of(part: Part, entry: Entry, *, itself: bool = False) -> bool:
    """Does a chunk, or a wording of it, speak of nearly all of a question; where that is of grammar alone, of what is asked for? With
    `itself` what it says and is called counts alone, and no wording."""
    content = _content(part)
    if not content:
        return bool(part.asked) and part.asked <= entry.terms.keys()
    words = _beginnings(entry.chunk.title, entry.chunk.text, *called(entry.chunk)) if itself else entry.spoken
    return _spoken(content, words)[1] >= MOSTLY


def spoken_share(part: Part, entry: Entry) -> float:
    """How much of a question's words a chunk says itself, be it in another form."""
    content = _content(part)
    said = _beginnings(entry.chunk.title, entry.chunk.text)
    weight = sum(each for _, each in content)
    return sum(each for ways, each in content if not ways.isdisjoint(said)) / weight if weight else 0.0


def _beginnings(*texts: str) -> frozenset[str]:
    """The beginnings of all words, and the concepts that the glossary knows among them."""
    return frozenset(each for text in texts for each in _told(text))


@lru_cache(maxsize=20_000)
def _told(text: str) -> frozenset[str]:
    words = tokens(text)
    return frozenset([*map(_beginning, words), *map(concept_key, glossary().find(words))])


def _content(part: Part) -> Content:
    words = [word.text for word in part.words]
    concepts: dict[int, set[str]] = defaultdict(set)
    for hit in glossary().find(words):
        for at in range(hit.start, hit.start + hit.length):
            concepts[at].add(concept_key(hit))
    ways = {word: concepts[at] | {_beginning(word)} for at, word in enumerate(words) if _says_something(word)}
    return tuple((frozenset(ways[word]), gravity(word)) for word in ways)


def _says_something(word: str) -> bool:
    return len(word) > 1 and gravity(word) > 0 and not glossary().is_light(word)


def _strange(asked: Asked, entry: Entry) -> tuple[float, float]:
    """How much of a question is said nowhere where a chunk is spoken of, be it in whatever other words, and the share of it that is:
    a return without the receipt is not told by a rule that nobody ever asked about receipts. Of a question of grammar alone nothing is strange."""
    return _spoken(asked.content, entry.spoken)


def _spoken(content: Content, words: frozenset[str]) -> tuple[float, float]:
    """How much of a question's content is not among these words, and the share of it that is."""
    whole = sum(weight for _, weight in content)
    strange = sum(weight for ways, weight in content if ways.isdisjoint(words))
    return min(strange, 2.0), 1 - strange / whole if whole else 1.0


def lexical(entry: Entry) -> dict[int, float]:
    """A chunk as a sparse vector."""
    return _hashed(entry.terms)


def _hashed(weights: Mapping[str, float]) -> dict[int, float]:
    result: dict[int, float] = {}
    for key, weight in weights.items():
        at = zlib.crc32(key.encode())
        result[at] = result.get(at, 0.0) + weight
    return result


def dense(sparse: Mapping[int, float], size: int = LEXICAL_SIZE) -> Vectors:
    """A sparse vector folded into few dimensions, with signs, so that collisions cancel out.

    Qdrant's local mode walks sparse vectors in Python (2.6 ms for 110 chunks) and multiplies dense ones in numpy.
    """
    vector = np.zeros(size, np.float32)
    for at, weight in sparse.items():
        vector[at % size] += weight if at & 0x8000_0000 else -weight
    return vector
