"""Questions that the pack has in so many words: found by their content words, strictly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from truffles_policy.facts.claims import names_said
from truffles_policy.facts.clauses import CAREFUL
from truffles_policy.facts.data import asks
from truffles_policy.facts.matters import Matters
from truffles_policy.facts.names import SOLD, Thing, denies
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.words import keys_of, spelled
from truffles_policy.intents.classifier import meaning
from truffles_policy.language import detect
from truffles_policy.lemmas import fold
from truffles_policy.pack.schema import Pack

LEAST, FEWEST = 0.75, 2
ALIKE = 0.75
BEGINNING = 5


@dataclass(frozen=True, slots=True)
class _Asked:
    """One wording of a question, by the keys of its content words."""

    number: int
    words: tuple[frozenset[str], ...]
    things: frozenset[Thing]
    turns: frozenset[str]


class Questions:
    """The questions of a pack."""

    def __init__(self, pack: Pack, things: Things) -> None:
        self._pack, self._things = pack, things
        light = self._light
        self._matters = Matters(pack.faq, things)
        self._asked = [_Asked(number, tuple(dict.fromkeys(keys_of(word) for word in spelled(line) if word not in light)),
                              self._named(line), self._turns(line))
                       for number, question in enumerate(pack.faq) for line in question.asked]  # fmt: skip
        self._known = frozenset(key for each in self._asked for word in each.words for key in word)

    def asked(self, text: str) -> list[int]:
        """The question that the text is, else nothing: most of the content words are the same, on both sides."""
        if not self._asked:
            return []
        light = self._light
        words = [word.keys for word in self._things.vocabulary.words(text) if word.word not in light]
        if not words or sum(bool(keys & self._known) for keys in words) < LEAST * len(words):
            return []
        named, turns = self._named(text), self._turns(text)
        scored = [(_same(each.words, words), each.number) for each in self._asked
                  if each.turns == turns and (not each.things or not each.things.isdisjoint(named))]  # fmt: skip
        best = max(scored, default=(0.0, 0))
        return [best[1]] if best[0] >= LEAST else []

    def told_of(self, text: str, near: Iterable[Thing] = (), *, late: bool = True) -> list[int]:
        """The question of whoever tells of a state that the pack has a word on; `near` is what was spoken of before."""
        return self._matters.asked(text, near, late=late)

    def worries(self, text: str) -> bool:
        """Does whoever expects a child ask whether something may be done, of which the pack says nothing?"""
        return self._matters.worries(text)

    def without_state(self, text: str) -> str:
        """A text without what it tells of a child that is expected, where the pack has a word on that; else ""."""
        return self._matters.without_state(text)

    def near(self, text: str) -> tuple[int, float]:
        """The question that a text is, by its words or else by its meaning, and how likely; (0, 0.0) if it is none."""
        if same := self.asked(text):
            return same[0], 1.0
        turns, named = self._turns(text), self._named(text)
        lines = [(number, line) for number, question in enumerate(self._pack.faq) for line in question.asked
                 if self._turns(line) == turns and self._is_of(line, named)]  # fmt: skip
        if detect(text) == "kk":  # the encoder has no Kazakh: a word of both must tell that they are alike
            lines = [each for each in lines if self._meet(each[1], text)]
        scored = [(float(meaning(line) @ meaning(text)), number) for number, line in lines]
        like, number = max(scored, default=(0.0, 0))
        return (number, min(like, 0.95)) if like >= ALIKE else (0, 0.0)

    def _meet(self, line: str, text: str) -> bool:
        """Have two texts a content word in common, as far as its beginning tells?"""
        light = {fold(word) for word in self._light}
        first, second = ({fold(word)[:BEGINNING] for word in spelled(each) if len(word) > 2 and fold(word) not in light}
                         for each in (line, text))  # fmt: skip
        return not first.isdisjoint(second)

    def told(self, numbers: Sequence[int], say: Say) -> list[Told]:
        """Their answers, where they hold at this branch."""
        found: list[Told] = []
        for number in numbers:
            question = self._pack.faq[number]
            if not question.branches or say.branch in question.branches:
                found += say.own(f"faq.{question.id or number}", question.answer)
        return found

    def _named(self, text: str) -> frozenset[Thing]:
        """What a text speaks of: a question about one thing is no answer to one about another, or about none."""
        return self._matters.named(text)

    def _is_of(self, line: str, named: frozenset[Thing]) -> bool:
        """Does a question speak only of these things? A family that it names is meant by one of it, too."""
        families = ({thing.whole for thing in found.things if thing.kind in SOLD} for found in self._things.find(line))
        meant = named | {filed for thing in named if (filed := self._things.category(thing))}
        return all(not family or not family.isdisjoint(meant) for family in families)

    def _turns(self, text: str) -> frozenset[str]:
        """What makes a question another one, however alike the words: that it denies something, and for whom it is asked."""
        whom = names_said(self._things.vocabulary.words(text)) & CAREFUL
        return whom | ({"not"} if denies(text) else set())

    @property
    def _light(self) -> frozenset[str]:
        known = asks()
        return known.small | known.joins | _POLITE


def _same(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> float:
    """How many of the words of both are in both; a question of one word only where nothing else is said."""
    met = sum(any(word & each for each in other) for word in one)
    if met < FEWEST and not met == len(one) == len(other):
        return 0.0
    return met / (len(one) + len(other) - met)


_POLITE = frozenset(
    [
        "здравствуйте",
        "привет",
        "добрый",
        "день",
        "вечер",
        "утро",
        "спасибо",
        "сәлем",
        "салем",
        "сәлеметсіз",
        "рахмет",
        "рақмет",
        "hello",
        "hi",
        "thanks",
        "можно",
        "делать",
        "сделать",
        "делаете",
        "ли",
        "бола",
        "болады",
        "болама",
        "бар",
        "ма",
        "ме",
        "керек",
        "қалай",
        "қанша",
    ]
)
