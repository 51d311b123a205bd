"""A message → what to search for, and what was found → passages with a calibrated confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from truffles_gateway.messages import Passage
from truffles_gateway.plugin import OWN
from truffles_rag_qdrant.confidence import Calibration
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.facts import PACK
from truffles_rag_qdrant.following import Reading
from truffles_rag_qdrant.index import Asked, Entry, Index, speaks_of
from truffles_rag_qdrant.limits import is_for_another, is_of_another_day, is_that_many, lacks_thing, tells_no_price
from truffles_rag_qdrant.part import NEEDS_THING, Part
from truffles_rag_qdrant.parts import one, split, together
from truffles_rag_qdrant.search import Found, Question
from truffles_rag_qdrant.words import looks_kazakh

GOOD = 0.5
_TIE = 0.05
_LONGEST_EMBEDDED = 300
_LITERAL, _COUNTED = 0.9, 0.6
_FOR_ANOTHER = 0.3
_STEP = 0.01
_FAINTLY, _DOUBTED = 0.2, 0.45
FAINT, _BOTH = 0.15, 0.8
_FIRST, _BRIEF, _STORY = 3, 3, 4
SEVERAL = 4
_CONCEPT = "c:"
OF_A_STORY = 0.6
"""As sure a fact must be to answer what tells something and asks nothing ("подруга посоветовала вас, …")."""
MOST_EQUALS = 10
Search = tuple[Question, Sequence[Found]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of a message. Each may be read in several ways, and few of them as one; every reading is searched for."""

    parts: tuple[Part, ...]
    whole: Part | None = None

    @property
    def readings(self) -> list[Part]:
        """All that must be searched for, each once."""
        parts = [reading for part in self.parts for reading in (part, *part.pieces)]
        return [*parts, self.whole] if self.whole else parts


def plan(text: str, index: Index, *, whole: bool = False) -> Plan:
    """Take a message apart, unless it is a `whole`."""
    if whole:
        return Plan(tuple(one(text, index.reader)))
    parts, all_of_it = tuple(split(text, index.reader)), together(text, index.reader)
    told = len(parts) <= SEVERAL and len(all_of_it.words) > max(
        (len(part.words) for part in parts), default=len(all_of_it.words)
    )
    return Plan(parts, all_of_it if told else None)


def embeddable(part: Part, *, knows_kazakh: bool) -> str:
    """What of a question is embedded: spelling put right; Kazakh said in Russian where the model has no Kazakh."""
    if knows_kazakh:
        return part.text[:_LONGEST_EMBEDDED]
    return _embeddable(part)[:_LONGEST_EMBEDDED]


def _embeddable(part: Part) -> str:
    if any(term.kazakh for term in part.terms) or looks_kazakh(part.text):
        return " ".join(dict.fromkeys(term.surface for term in part.terms))
    return " ".join(word.text for word in part.words)


class Judge:
    """Turns what the searches found into passages."""

    def __init__(self, index: Index, calibration: Calibration, per_part: int) -> None:
        self._index, self._calibration, self._per_part = index, calibration, per_part

    def passages(self, plan: Plan, searches: Sequence[Search]) -> list[Passage]:
        """The best passages of every question; `searches` go with `plan.readings`."""
        left = iter(searches)
        found = [self._best_reading(part, left) for part in plan.parts]
        if plan.whole:
            whole = self._ranked(plan.whole, next(left))
            found = self._as_one(plan, _confirmed(plan, found, whole), whole)
        return [passage for each in _agreed(found) for passage in each]

    def _as_one(self, plan: Plan, found: list[list[Passage]], whole: list[Passage]) -> list[list[Passage]]:
        """What was found for the parts of a message, without those that are no question of their own: a story and what is asked
        at its end are answered by one fact, which speaks of all of it."""
        best = whole[0] if whole else None
        if best is None or best.confidence < GOOD:
            return found
        sure = [_best(each) >= GOOD for each in found]
        holds = [any(one.id == best.id and one.confidence >= GOOD for one in each) for each in found]
        if all(holds) and (len(found) > 1 or _equals(found[0]) > _equals(whole)):
            return [whole]
        if any(sure) and not any(holds):
            return found
        rest = [(part, each) for part, each, good in zip(plan.parts, found, sure, strict=True) if not good]
        if any(sure) and any(part.asked or "?" in part.text for part, _ in rest if not part.leans):
            return found  # a question of its own, beside one that is answered
        if all(self._belongs(part, each, best) for part, each in rest):
            return [each for each, good in zip(found, sure, strict=True) if good] or [whole]
        return found

    def _belongs(self, part: Part, found: Sequence[Passage], best: Passage) -> bool:
        """Does a part that nothing answers by itself belong to the question that `best` answers: does this speak of all of it, and
        nothing else even faintly?"""
        if part.leans and ((part.asked and part.asked <= NEEDS_THING) or any(one.id == best.id for one in found)):
            return True
        own = bool(found) and found[0].id != best.id and _best(found) >= _FAINTLY
        return not own and speaks_of(part, self._index.entries[best.id])

    def _best_reading(self, part: Part, left: Iterator[Search]) -> list[Passage]:
        whole = self._ranked(part, next(left))
        pieces = [self._ranked(piece, next(left)) for piece in part.pieces]
        sure = [_best(piece) for piece in pieces]
        less = bool(pieces) and max(sure) >= GOOD and _best(whole) < max(sure) - _TIE
        if (less and not self._is_one(part, whole, pieces)) or self._loses_half(part, whole, pieces):
            found = zip(part.pieces, _agreed(pieces), strict=True)
            return [one for piece, each in found if not (piece.tells and _best(each) < OF_A_STORY) for one in each]
        return whole

    def _loses_half(self, part: Part, whole: Sequence[Passage], pieces: Sequence[Sequence[Passage]]) -> bool:
        """Is the whole answered by what surely answers one piece, while another one asks for what nothing fits even faintly, and that fact
        does not speak of ("ваш адрес и есть ли доставка?", where nothing is known of deliveries)? It is two questions."""
        best = whole[0] if whole else None
        if (
            best is None
            or best.confidence < GOOD
            or not any(_best(each) >= GOOD and each[0].id == best.id for each in pieces)
        ):
            return False
        terms = self._index.entries[best.id].terms.keys()
        left = [piece for piece, found in zip(part.pieces, pieces, strict=True) if _best(found) < _FAINTLY]
        return any(_is_a_matter(piece) and piece.things.isdisjoint(terms) for piece in left)

    @staticmethod
    def _is_one(part: Part, whole: Sequence[Passage], pieces: Sequence[Sequence[Passage]]) -> bool:
        """Is it one question, for all its commas? One fact answers the whole, no piece asks for another one even faintly, and
        none has a word that nobody knows: "есть лифт и есть ли бассейн?" asks for a pool, too."""
        first = {piece[0].id for piece in pieces if _best(piece) >= _FAINTLY}
        known = not any(term.unknown for piece in part.pieces for term in piece.terms)
        return (
            known
            and _best(whole) >= GOOD
            and first <= {each.id for each in whole if each.confidence == whole[0].confidence}
        )

    def _ranked(self, part: Part, search: Search) -> list[Passage]:
        question, found = search
        asked, keys = self._index.asked(part, question.vector), part.asked | part.things
        known = [(self._index.points[one.point], one.score) for one in found if one.point in self._index.points]
        seen = {entry.chunk.id for entry, _ in known}
        known += [(self._index.entries[id], 0.0) for id in asked.nearest if id not in seen]
        sure = self.confidences(asked, [entry for entry, _ in known], question.vector)
        judged = [(confidence, entry, score) for confidence, (entry, score) in zip(sure, known, strict=True)]
        judged = sorted(_once(judged), key=lambda one: self._rank(one[0], one[1], keys))
        ranked = [passage_of(part.text, *one) for one in judged[: self._per_part]]
        equals = self._equals(asked, question, ranked[0]) if ranked and ranked[0].confidence >= GOOD else []
        same = {passage.id for passage in equals}
        return falling(equals or ranked[:1], [one for one in ranked[0 if equals else 1 :] if one.id not in same])

    def _equals(self, asked: Asked, question: Question, best: Passage) -> list[Passage]:
        """The best passage and those that the question does not tell from it, as sure as it is."""
        entries = self._index.equals(asked, self._index.entries[best.id])
        sure = self.confidences(asked, entries, question.vector)
        fit = [entry for entry, confidence in zip(entries, sure, strict=True)
               if not is_for_another(asked, entry) and not tells_no_price(asked, entry) and (not entry.prose or confidence >= GOOD)]  # fmt: skip
        return [passage_of(asked.part.text, best.confidence, entry, best.score) for entry in fit[:MOST_EQUALS]]

    def _rank(self, confidence: float, entry: Entry, keys: frozenset[str]) -> float:
        """By confidence; near equals: better one that begins with what was asked, and the first under a heading."""
        return 0.1 * entry.position - 0.03 * (entry.first in keys) - confidence

    def confidences(self, asked: Asked, entries: Sequence[Entry], vector: Vectors) -> list[float]:
        """As calibrated; but a literal name is that thing, and what is for another is never the answer."""
        return list(self.read(asked, entries, vector).sure)

    def read(self, asked: Asked, entries: Sequence[Entry], vector: Vectors) -> Reading:
        """A question held against chunks."""
        fits = [self._index.features(asked, entry, vector) for entry in entries]
        sure = self._calibration.confidences(fits)
        limited = [round(_limited(asked, entry, one), 4) for entry, one in zip(entries, sure, strict=True)]
        return Reading(asked, fits, limited)


def _confirmed(plan: Plan, found: Sequence[list[Passage]], whole: Sequence[Passage]) -> list[list[Passage]]:
    """What was found for the parts of a message. One that leans on what is told before it is only answered by what the whole message
    finds, too: "она тихая, мультики смотрит. пустите с ней?" is about no pets."""
    also = {each.id for each in whole[:_FIRST] if each.confidence >= _FAINTLY}
    told = len(plan.whole.words if plan.whole else ()) - sum(len(part.words) for part in plan.parts)
    return [
        [replace(one, confidence=min(one.confidence, _DOUBTED)) for one in each]
        if _leans(part, told) and each and each[0].id not in also
        else each
        for part, each in zip(plan.parts, found, strict=True)
    ]


def _agreed(found: Sequence[list[Passage]]) -> list[list[Passage]]:
    """What was found for the parts; where the first that is found for one, however faintly, surely answers another, it answers both:
    "аларда косып корсетесиздер ме, камерасын карап алайын"."""
    sure = {each[0].id: each[0] for each in found if _best(each) >= GOOD}
    return [
        [replace(each[0], confidence=max(GOOD, sure[each[0].id].confidence * _BOTH)), *each[1:]]
        if each and FAINT <= each[0].confidence < GOOD and each[0].id in sure
        else each
        for each in found
    ]


def _leans(part: Part, told: int) -> bool:
    """Does it stand for something, or ask in a few words after a story of so many words ("комп не грузится. возьмётесь починить?")?"""
    brief = len(part.words) <= _BRIEF and told >= _STORY
    return not part.asked and part.names_nothing and (brief or part.leans)


def _is_a_matter(piece: Part) -> bool:
    """Does it name a matter that customers of any business ask about, and nothing besides?"""
    return bool(piece.things) and all(key.startswith(_CONCEPT) for key in piece.things)


def _once(judged: Sequence[tuple[float, Entry, float]]) -> list[tuple[float, Entry, float]]:
    """Without what a file tells of a thing that the pack answers with: one price, in the pack's words."""
    own = [entry.literals for confidence, entry, _ in judged if confidence >= GOOD and _is_own(entry)]
    named = frozenset[tuple[str, ...]]().union(*own)
    return [one for one in judged if _is_own(one[1]) or named.isdisjoint(one[1].literals)]


def _is_own(entry: Entry) -> bool:
    return entry.chunk.id.startswith(OWN)


def _limited(asked: Asked, entry: Entry, confidence: float) -> float:
    if any(limit(asked, entry) for limit in (is_for_another, tells_no_price, is_of_another_day, lacks_thing)):
        return min(confidence, _FOR_ANOTHER)
    least = _LITERAL if asked.literal in entry.literals else _COUNTED if is_that_many(asked, entry) else 0.0
    return max(confidence, least)


def passage_of(query: str, confidence: float, entry: Entry, score: float = 0.0) -> Passage:
    """A chunk as what may answer `query`, a part of the message."""
    chunk = entry.chunk
    return Passage(id=chunk.id, text=chunk.text, confidence=confidence, query=query, source=chunk.source,
                   title=chunk.title, question=chunk.question, answer=chunk.answer, score=score, tag=chunk.tag,
                   subject=chunk.metadata.get("name", "") if chunk.source == PACK else "")  # fmt: skip


def falling(equals: Sequence[Passage], others: Sequence[Passage]) -> list[Passage]:
    """Equals are equally sure, every other passage less than the one before it: who sorts by confidence keeps the order
    and sees which are equals."""
    result = list(equals)
    for passage in others:
        confidence = max(0.0, min(passage.confidence, result[-1].confidence - _STEP))
        result.append(replace(passage, confidence=confidence))
    return result


def _equals(passages: Sequence[Passage]) -> int:
    """How many are as sure as the best one: what a question does not tell apart."""
    return sum(each.confidence == passages[0].confidence for each in passages)


def _best(passages: Sequence[Passage]) -> float:
    return passages[0].confidence if passages else 0.0
