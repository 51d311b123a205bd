"""A message → its pieces, each with what it wants: sentences, and parts of one where they want different things."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from truffles_policy.intents.classifier import LONGEST, classifier
from truffles_policy.intents.labels import ASIDE, DESK, IDLE
from truffles_policy.intents.serious import is_frail, is_serious

CONDITIONS = ("если ", "а если ", "когда ", "if ", "and if ", "when ", "егер ")
LEAST, UNSURE, VAGUE, HARMLESS, QUIET, SURE = 0.5, 0.6, 0.3, 0.1, 0.35, 0.75
CERTAIN, PLAIN = 0.95, 0.9
MOST = 8
_SENTENCES = re.compile(r"(?<=[.!?;…])\s+|\n+")
_PARTS = re.compile(r",\s+|\s+(?:и|а|а также|плюс|and|plus|және|ал)\s+", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(?:кто|что|чего|чем|где|куда|когда|как\w*|сколько|скольк\w+|почему|зачем|можно|нельзя|нужно ли|есть ли|қалай|қашан|қанша|қандай|"
    r"қай\w*|неше\w*|калай|кашан|канша|кандай|бола ма|болама|ма|ме|ба|бе|па|пе|who|what|where|when|why|how|which|can (?:i|you|we)|could|"
    r"do you|are you|is it)\b",
    re.IGNORECASE,
)
"""Words that ask."""
_FACES = "😂🤣😅😆😁🙈😄"
_BIDS = re.compile(r"\w(?:йте|ите|ьте|ңыз|ңіз|ыңызшы|іңізші|шы|ші)\b|\bplease\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W_]")

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message, what it wants, and how likely that is; `others` are all labels."""

    text: str
    label: str
    share: float
    others: Mapping[str, float]

    @property
    def _for_people(self) -> float:
        return sum(self.others.get(each, 0.0) for each in DESK)

    @property
    def harmless(self) -> bool:
        """May it be left without an answer? Not if it may be for people, or speaks of trouble."""
        return (self._for_people < HARMLESS and not is_serious(self.text)) or self._excuses

    @property
    def _excuses(self) -> bool:
        """Does it only say why somebody cannot come?"""
        return self.label in IDLE and "?" not in self.text and is_frail(self.text)

    @property
    def idle(self) -> bool:
        """Does it ask nothing?"""
        if self.jokes:
            return True
        if not self.harmless:
            return False
        return self.label in IDLE or (sum(self.others[each] for each in IDLE) >= LEAST and "?" not in self.text)

    @property
    def jokes(self) -> bool:
        """Is it said with a laugh, and asks nothing ("красота требует жертв)))")?"""
        if not _ends_in_a_laugh(self.text) or "?" in self.text or is_serious(self.text):
            return False
        likely = self.share >= LEAST and self.label not in IDLE
        wants = [self.others.get(each, 0.0) for each in (*DESK, "booking")]
        quiet = sum(wants) < LEAST and max(wants) < VAGUE
        return quiet and not likely and not _ASKING.search(self.text) and not _BIDS.search(self.text)

    @property
    def vague(self) -> bool:
        """Is it a statement of which nobody can tell what it wants? Beside a question it wants nothing."""
        return (
            "?" not in self.text
            and self.harmless
            and (self.share < UNSURE or sum(self.others[each] for each in IDLE) >= VAGUE)
        )

    @property
    def asks(self) -> bool:
        """Does it want something by itself?"""
        return not (self.idle or self.vague)

    @property
    def aside(self) -> bool:
        """Is it a condition, or small talk, that wants nothing beside a question?"""
        conditional = self.harmless and self.text.lower().startswith(CONDITIONS)
        return "?" not in self.text and (self.label in ASIDE or conditional)

    @property
    def leans(self) -> bool:
        """Does it surely lean on what was said before?"""
        return self.label == "ask_more" and self.share >= SURE

    @property
    def told(self) -> bool:
        """Does it only tell something, as far as its words and its likeness go? Not if it may be for people, or a wish."""
        if "?" in self.text or is_serious(self.text) or self.label in (*DESK, "booking"):
            return False
        quiet = self._for_people + self.others.get("booking", 0.0) < QUIET
        return quiet and not _ASKING.search(self.text) and not self.text.lower().startswith(CONDITIONS)

    @property
    def clear(self) -> bool:
        """Is it more likely than all else together?"""
        return self.share >= LEAST


def _ends_in_a_laugh(text: str) -> bool:
    end = text[len(text.rstrip(f"{_FACES}.!) \n")) :]
    return "))" in end or any(face in end for face in _FACES)


def pieces(text: str, mask: Mask) -> list[Piece]:
    """The pieces of a message in their order. `mask` puts `THING` for what a business sells."""
    sentences = [each.strip() for each in _SENTENCES.split(text) if _LETTER.search(each)]
    found: list[Piece] = []
    for at, sentence in enumerate(sentences):
        if len(found) >= MOST:
            return [*found, _unheard(" ".join(sentences[at:]))]
        found += _within(sentence, mask)
    return found


def _unheard(text: str) -> Piece:
    """What is too much to be listened to: nobody knows what it wants."""
    return Piece(text, "other", 1.0, dict.fromkeys((*IDLE, *DESK), 0.0) | {"other": 1.0})


def heard(text: str, mask: Mask) -> Piece:
    """A text as one piece."""
    if len(text) > LONGEST:
        return _unheard(text)
    shares = classifier().shares(mask(text), text)
    label = max(shares, key=shares.__getitem__)
    return Piece(text, label, shares[label], shares)


def _holds_all(whole: Piece, wanting: Sequence[Piece]) -> bool:
    """Is it surely one question of a rule of the house, whose other parts only say what for ("на дом приедете, подстричь и уложить?")?"""
    ruled = whole.label.startswith("rules.") and whole.share >= CERTAIN and wanting[0].label == whole.label
    return ruled and all(each.share < PLAIN for each in wanting[1:])


def _within(sentence: str, mask: Mask) -> Sequence[Piece]:
    """A sentence whole, unless parts of it want different things, or one of them something and the others nothing."""
    whole = heard(sentence, mask)
    if whole.leans and sentence.lower().startswith(CONDITIONS):
        return [whole]
    texts = [each.strip() for each in _PARTS.split(sentence) if _LETTER.search(each)]
    parts = [heard(each, mask) for each in texts] if 1 < len(texts) <= MOST else []
    wanting = [each for each in parts if each.asks]
    if len(parts) < 2 or not wanting or not all(each.clear for each in wanting) or _holds_all(whole, wanting):
        return [whole]
    different = len({each.label for each in wanting}) > 1
    surer = len(wanting) < len(parts) and min(each.share for each in wanting) >= whole.share
    return parts if different or surer else [whole]
