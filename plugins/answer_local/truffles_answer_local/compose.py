"""Which passages answer which question, and how they are said. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from truffles_gateway.messages import Passage

GOOD = 0.5
PACK, HINT = "pack", "pack: perhaps"
"""The sources of facts that were picked for their question by rules, and of those that may be what was asked: they count where
somebody else came to them, too."""
NEAR = 0.005
MOST = 6
_BEGINNING = 4
_ADDRESS = re.compile(r"://|@|[a-z0-9]\.[a-z]{2,}", re.IGNORECASE)
_KAZAKH = frozenset("әғқңөұүһі")
_ASKING = frozenset({
    "какой", "какая", "какое", "какие", "каков", "какова", "где", "когда", "как", "что", "есть", "вас", "это", "ваш",
    "ваша", "ваше", "ваши", "қандай", "кандай", "қай", "кай", "қайда", "кайда", "қалай", "калай", "бар", "сіз",
    "сіздің", "what", "which", "where", "when", "how", "who", "are", "the", "you", "your", "have",
})  # fmt: skip
"""Words of asking: with what they stand by they ask for nothing more ("номер магазина" is "номер магазина какой?")."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and the passages that answer it: none if no fact is good enough, several if they are equals; `more`
    says that there are others still."""

    query: str
    passages: tuple[Passage, ...]
    more: bool = False

    @property
    def confidence(self) -> float:
        """That of the best passage."""
        return self.passages[0].confidence if self.passages else 0.0

    @property
    def facts(self) -> tuple[str, ...]:
        """What is said: the answer of a question with an answer, else the fact."""
        return tuple((passage.answer or passage.text).strip() for passage in self.passages)


def questions(text: str, passages: Sequence[Passage]) -> list[tuple[str, list[Passage]]]:
    """Passages by the question that they may answer, in the order in which the customer asked."""
    groups: dict[str, list[Passage]] = {}
    for passage in passages:
        groups.setdefault(passage.query, []).append(passage)
    flat = " ".join(text.split())
    return sorted(groups.items(), key=lambda group: flat.find(group[0]) % (len(flat) + 1))


def once(passages: Sequence[Passage]) -> list[Passage]:
    """Each fact once for each part of the message, and no second opinion on a question that the pack has answered: what a retriever
    found for words that were answered already is neither told nor missed."""
    picked = {
        (each.id, each.query): each
        for each in reversed(passages)
        if each.source in (PACK, HINT) and each.confidence >= GOOD
    }
    known = {word for each in picked.values() for word in _words(each.query)}
    said = {each.text for each in picked.values()}
    return [
        each
        for each in passages
        if (each is picked[each.id, each.query] if (each.id, each.query) in picked else _is_new(each, known, said))
    ]


def _is_new(passage: Passage, known: set[str], said: set[str]) -> bool:
    """Is it for words that nothing was picked for, and in other words than what was?"""
    asked = _words(passage.query)
    return passage.text not in said and not (known and ((asked - _ASKING) or asked) <= known)


def answered(query: str, passages: Sequence[Passage]) -> Answered:
    """The best passage; with it its equals from the same file, for it is not ours to guess which is meant."""
    good = sorted((one for one in passages if one.confidence >= GOOD), key=lambda one: -one.confidence)
    if not good:
        return Answered(query, ())
    best = good[0]
    equals = _distinct([best, *(one for one in good[1:] if _equal(best, one))])
    return Answered(query, tuple(equals[:MOST]), more=len(equals) > MOST)


def is_hint(passage: Passage) -> bool:
    """Is it a fact that may be what was asked, for a model to judge?"""
    return passage.source == HINT and passage.confidence < GOOD


def is_said(query: str, texts: Sequence[str]) -> bool:
    """Is a part of the message within one of these texts?"""
    words = _words(query)
    return any(words <= _words(text) if words else query.strip().lower() == text.strip().lower() for text in texts)


def also(picked: Sequence[Passage], found: Sequence[Passage]) -> set[str]:
    """Which other parts of the message what is said answers: those for which somebody was sure of the same fact, or of the same
    words."""
    said = {each.text for each in picked}
    same = {each.query for each in found if each.confidence >= GOOD and each.text in said}
    return same.union(*(each.also for each in picked))


def told(notices: Sequence[Passage]) -> str:
    """What the owner wants everybody to know, each notice once."""
    return "\n".join(dict.fromkeys(each.text for each in notices))


def facts_said(parts: Sequence[Answered]) -> str:
    """The facts of all parts, each once; a last line that several have in common (the note of their category) stands behind the last."""
    facts = list(dict.fromkeys(fact for part in parts for fact in part.facts))
    return "\n".join(_said_later(fact, facts[at + 1 :]) for at, fact in enumerate(facts))


def _said_later(fact: str, later: Sequence[str]) -> str:
    """A fact without its last line, where one of those behind it ends with that, too."""
    head, _, end = fact.rpartition("\n")
    return head if head and any(each.endswith(f"\n{end}") for each in later) else fact


def about(text: str, notices: Sequence[Passage]) -> bool:
    """Does a question share a word with a notice, whatever its ending?"""
    asked = _beginnings(text)
    return any(not asked.isdisjoint(_beginnings(each.text)) for each in notices)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 2}


def _beginnings(text: str) -> set[str]:
    return {word[:_BEGINNING] for word in re.findall(r"\w+", text.lower()) if len(word) >= _BEGINNING}


def _equal(best: Passage, other: Passage) -> bool:
    return bool(best.source) and best.source == other.source and best.confidence - other.confidence <= NEAR


def _distinct(passages: Sequence[Passage]) -> list[Passage]:
    return list({passage.text: passage for passage in reversed(passages)}.values())[::-1]


def language_of(text: str) -> str:
    """The language that facts are written in, as far as their letters tell; those of an address in the web tell none."""
    words = [word for word in text.lower().split() if not _ADDRESS.search(word)]
    letters = [letter for word in words for letter in word if letter.isalpha()]
    if sum(letter in _KAZAKH for letter in letters) * 25 > len(letters):
        return "kk"
    latin = sum("a" <= letter <= "z" for letter in letters)
    return "en" if latin * 2 > len(letters) else "ru"
