"""A message that holds several questions, taken apart; fragments that belong together, put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from truffles_rag_qdrant.glossary import Concept
from truffles_rag_qdrant.part import NEEDS_THING, Part
from truffles_rag_qdrant.reading import Reader, Word
from truffles_rag_qdrant.slips import corrected, without_address, without_calls, without_denied
from truffles_rag_qdrant.words import describes, is_quality

MOST_PARTS = 6
MOST_PIECES = 10
MOST_READINGS = 16
LONGEST_PART, LONG, FEW = 16, 12, 3
READ_HEAD, READ_TAIL = 1_500, 700
_HARD = re.compile(r"(?<=[?!;\n])|(?<=[.…])\s+")
_JOINTS = frozenset({"и", "а", "также", "еще", "плюс", "and", "also", "plus", "жане", "zhane", "jane", "тагы", "сосын"})
_FRAME = re.compile(
    r"\b(?:хотел[аи]?|хочу|хотим)(?:\s+бы)?\s+(?:узнать|спросить|уточнить|понять)\b|\bwant(?:ed)?\s+to\s+(?:know|ask)\b|"
    r"\b(?:білейін|сұрайын|білгім|сұрағым)\s+(?:деп|келе?д?і?)\b", re.IGNORECASE)  # fmt: skip
_CONDITIONS = frozenset({"если", "вдруг", "if", "егер"})
"""What follows such a word and a comma is asked under that condition: one question."""
_STATES = frozenset({"c:minor", "c:pregnant", "месяц"})
"""What may be known of a customer's state, and is asked by nobody in these words alone."""
_SELF_SUFFICIENT = frozenset({"c:where", "c:hours", "c:phone"})


def split(text: str, reader: Reader) -> list[Part]:
    """The questions of a message, in order; greetings and small talk are left out. What is too much to be looked up
    one by one comes last, as one part, so that it is missed and not forgotten."""
    said = without_calls(without_address(excerpt(text)))
    pieces = [(without_denied(reader.words(piece), reader), "?" in piece) for piece in _HARD.split(said)]
    read = [_part(reader, words, marked) for words, marked in pieces]
    make = partial(_part, reader)
    parts = _joined(corrected([part for part in read if part.terms], reader, make), reader)
    questions = [part for part in parts if part.asks] or parts
    return _affordable(_gathered([final for part in questions for final in _taken_apart(part, reader)], reader))


def one(text: str, reader: Reader) -> list[Part]:
    """A message as the one question that it is; none if it says nothing."""
    part = _part(reader, reader.words(excerpt(text)), marked=True)
    return [part] if part.terms else []


def together(text: str, reader: Reader) -> Part:
    """A message as one question, with what it tells before it asks; greetings are left out."""
    return _part(reader, reader.words(without_calls(without_address(excerpt(text)))), marked=True)


def excerpt(text: str) -> str:
    """Beginning and end of a text that is too long for a customer's message: a page that was pasted, an attack."""
    if len(text) <= READ_HEAD + READ_TAIL:
        return text
    return f"{text[:READ_HEAD]}\n{text[-READ_TAIL:]}"


def _gathered(parts: list[Part], reader: Reader) -> list[Part]:
    """At most `MOST_PARTS`, the last one being all the rest."""
    if len(parts) <= MOST_PARTS:
        return parts
    rest = [word for part in parts[MOST_PARTS - 1 :] for word in part.words]
    return [*parts[: MOST_PARTS - 1], _part(reader, rest)]


def _affordable(parts: Sequence[Part]) -> list[Part]:
    """Every reading is searched for: parts that come late are read in one way only."""
    result: list[Part] = []
    left = MOST_READINGS - len(parts)
    for part in parts:
        keeps = len(part.pieces) <= left
        left -= len(part.pieces) if keeps else 0
        result.append(part if keeps else replace(part, pieces=()))
    return result


def _part(reader: Reader, words: Sequence[Word], marked: bool = False) -> Part:
    terms = tuple(reader.terms(words))
    brief = len(words) < 4 and not _describes(words, reader)
    asks = marked or brief or any(term.ask for term in terms) or _wishes(words, reader)
    return Part(tuple(words), terms, asks)


def _describes(words: Sequence[Word], reader: Reader) -> bool:
    """Do words only say what something or somebody is like, or how old ("старенькая совсем, 16 лет")? They ask nothing, name nothing that
    is known, and belong to what was asked."""
    read = [word.text for word in words if len(word.text) > 1 or word.text.isdigit()]
    terms = reader.terms(words)
    asks = any("?" in word.raw for word in words) or any(term.ask for term in terms) or _wishes(words, reader)
    named = any(not (term.unknown or term.surface.isdigit() or term.key in _STATES) for term in terms)
    return bool(read) and not asks and not named and all(map(describes, read)) and any(map(is_quality, read))


def _wishes(words: Sequence[Word], reader: Reader) -> bool:
    """Does it hold a word that makes a question by itself ("есть ли …", "можно …")?"""
    return any(word.text in reader.glossary.asking for word in words)


def _joined(parts: Sequence[Part], reader: Reader) -> list[Part]:
    """ "сколько стоит" + "маникюр" → one part, whichever comes first; "женская" + "стрижка" may be one."""
    result: list[Part] = []
    for part in parts:
        last = result[-1] if result else None
        if last and len(last.words) + len(part.words) > LONGEST_PART:
            result.append(part)
        elif last and (_belong(last, part) or _same_question(last, part)):
            result[-1] = replace(_part(reader, last.words + part.words), asks=last.asks or part.asks)
        elif last and _may_belong(last, part):
            joined = _part(reader, last.words + part.words)
            result[-1] = replace(joined, pieces=(*(last.pieces or (last,)), part))
        else:
            result.append(part)
    return result


def _belong(left: Part, right: Part) -> bool:
    return (left.lacks_thing and right.lacks_question) or (
        right.lacks_thing and left.lacks_question and len(right.words) < 4
    )


def _same_question(left: Part, right: Part) -> bool:
    return left.lacks_thing and right.lacks_thing and bool(left.asked & right.asked)


def _may_belong(left: Part, right: Part) -> bool:
    short = len(right.words) == 1 and len(left.words) <= 3
    return short and left.lacks_question and right.lacks_question


def _taken_apart(part: Part, reader: Reader) -> Iterator[Part]:
    if part.pieces:
        yield part
        return
    lines = _cut(part, reader)
    asking = [words for words in lines if not _describes(words, reader)] or lines
    cut = [_part(reader, words) for words in _few(asking)]
    pieces = _completed(cut, reader)
    if len(part.words) >= LONG:
        pieces = [replace(full, tells=_tells(piece, reader)) for full, piece in zip(pieces, cut, strict=True)]
    if len(pieces) < 2:
        yield part
    elif _surely_several(pieces):
        yield from pieces
    else:
        yield replace(part, pieces=tuple(pieces))


def _tells(piece: Part, reader: Reader) -> bool:
    """Does it ask nothing by its own words, but for a frame of what follows ("хотела узнать, …")?"""
    own = _part(reader, reader.words(_FRAME.sub(" ", piece.text)))
    return not own.asked and not _wishes(own.words, reader) and "?" not in piece.text


def _surely_several(pieces: Sequence[Part]) -> bool:
    """Do all of them ask, and each for something else, so that no reading as one question is possible?"""
    asked = [piece.asked for piece in pieces]
    return all(asked) and len(set(asked)) == len(asked) and any(one & _SELF_SUFFICIENT for one in asked)


@dataclass(slots=True)
class _Piece:
    """A piece while it is read, word by word: what it asks so far, and whether it means anything."""

    words: list[Word] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    means: bool = False

    def add(self, word: Word, ended: Sequence[Concept], *, means: bool) -> None:
        """One more word, and the concepts that end with it."""
        self.words.append(word)
        self.asked -= {f"c:{name}" for concept in ended for name in concept.instead_of}
        self.asked |= {f"c:{concept.name}" for concept in ended if concept.ask}
        self.means = self.means or means or bool(ended)


def _cut(part: Part, reader: Reader) -> list[list[Word]]:
    """Cut at conjunctions, at commas, and before a second question word; every piece must mean something."""
    pieces = [_Piece()]
    ended = reader.concepts_by_end(part.words)
    for at, word in enumerate(part.words):
        opens = word.text in _JOINTS or _new_question(pieces[-1].asked, word, reader)
        if opens and pieces[-1].means:
            pieces.append(_Piece())
        pieces[-1].add(word, ended[at], means=bool(reader.terms([word])))
        if word.raw.endswith(",") and not _ends_a_condition(pieces[-1].words):
            pieces.append(_Piece())
    return _meaningful([piece.words for piece in pieces], reader)


def _ends_a_condition(words: Sequence[Word]) -> bool:
    """Is the comma behind these words the one between a condition and what is asked under it?"""
    return any(word.text in _CONDITIONS for word in words) and not any(word.raw.endswith(",") for word in words[:-1])


def _few(pieces: list[list[Word]]) -> list[list[Word]]:
    """At most `MOST_PIECES`, the last one being all the rest."""
    rest = [word for piece in pieces[MOST_PIECES - 1 :] for word in piece]
    return [*pieces[: MOST_PIECES - 1], rest] if len(pieces) > MOST_PIECES else pieces


def _new_question(old: set[str], word: Word, reader: Reader) -> bool:
    """ "маникюр сколько стоит | где находитесь": another question word, one of the two complete in itself."""
    new = {term.key for term in reader.terms([word]) if term.ask}
    if not new:
        return False
    return bool(old) and not old & new and not (old | new) <= NEEDS_THING and "c:when" not in old | new


def _meaningful(pieces: Sequence[list[Word]], reader: Reader) -> list[list[Word]]:
    result: list[list[Word]] = []
    for piece in pieces:
        if reader.terms(piece):
            result.append(piece)
        elif result:
            result[-1].extend(piece)
    return result


def _completed(pieces: list[Part], reader: Reader) -> list[Part]:
    """ "сколько стоит маникюр | педикюр": what a piece lacks is taken from its neighbour."""
    result: list[Part] = []
    for at, piece in enumerate(pieces):
        others = [*reversed(pieces[:at]), *pieces[at + 1 :]]
        words: tuple[Word, ...] = tuple(piece.words)
        if piece.lacks_question and not _wishes(piece.words, reader) and _names(piece):
            lender = next((one for one in others if one.asked and one.asked <= NEEDS_THING), None)
            words = (*_borrowed(lender, reader, ask=True), *words) if lender else words
        elif piece.lacks_thing:
            lender = next((one for one in others if one.things), None)
            words = (*words, *_borrowed(lender, reader, ask=False)) if lender else words
        result.append(piece if len(words) == len(piece.words) else _part(reader, words))
    return result


def _names(piece: Part) -> bool:
    """Does it name something that is known, or is it so short that it does nothing else?"""
    return len(piece.words) <= FEW or any(not term.ask and not term.unknown for term in piece.terms)


def _borrowed(lender: Part, reader: Reader, *, ask: bool) -> list[Word]:
    return [word for word in lender.words if any(term.ask is ask for term in reader.terms([word]))]
