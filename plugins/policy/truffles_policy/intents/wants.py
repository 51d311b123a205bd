"""What a message wants besides facts, by likeness to examples: for whom no phrase was written down beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truffles_policy.intents.classifier import classifier
from truffles_policy.intents.features import words_of
from truffles_policy.intents.pieces import Piece
from truffles_policy.rules import Finding

DESK: Mapping[str, tuple[str, float]] = {
    "payment_check": ("payment", 0.6), "refund": ("refund", 0.6), "medical": ("medical", 0.6), "complaint": ("complaint", 0.6),
    "change": ("change", 0.8), "technical": ("technical", 0.65), "discount_wish": ("discount", 0.6), "opt_out": ("opt_out", 0.8),
    "urgent": ("urgent", 0.8), "human": ("human", 0.65), "frustrated": ("frustrated", 0.65),
}  # fmt: skip
"""The rule of each label that calls a human, and how likely it must be; the strongest first."""
TALK: Mapping[str, tuple[str, float]] = {
    "decline": ("decline", 0.75), "thanks": ("thanks", 0.7), "greeting": ("greeting", 0.7), "acknowledge": ("acknowledge", 0.75),
    "identity": ("identity", 0.75), "off_topic": ("off_topic", 0.75), "chatter": ("statement", 0.6),
}  # fmt: skip
"""The rules of labels that count where nothing else is wanted, in the order of their strength."""
COURTESIES = frozenset({"thanks", "greeting", "acknowledge"})
"""One word of these is an everyday one: a name that answers a question is none."""
UNSURE = frozenset({"other", "which_one", "ask_more", "booking", *TALK})
MONEY = frozenset({"price", "instalments", "prepayment", "payment", "promotions", "greeting"})
"""What is no medical question, whatever it is the price of."""
NEAR_BOOKING = frozenset(
    {"rules.booking", "rules.walk_in", "rules.rescheduling", "hours", "open_now", "offered", "price", "stock"}
)
WISHED, SURE_TALK = 0.75, 0.95
SURELY, HARDLY = 0.6, 0.05
BRIEF = 80


def wanted(pieces: Sequence[Piece], read: Sequence[Piece] = ()) -> Finding | None:
    """What the pieces want of people, or of nobody; None: a question, or nothing that is likely. Those in `read` are
    questions, as everyday words tell."""
    for label, (rule, least) in DESK.items():
        found = next(
            (each for each in pieces if each.label == label and each.share >= least and each not in read), None
        )
        if found:
            return _finding(rule, found)
    labels = {each.label for each in pieces}
    if read or not labels or not labels <= TALK.keys() or not all(each.share >= TALK[each.label][1] for each in pieces):
        return None
    if any(each.label == "chatter" and ("?" in each.text or not each.harmless) for each in pieces):
        return None
    if not all(_is_everyday(each) for each in pieces if each.label in COURTESIES):
        return None
    label = next(each for each in TALK if each in labels)
    return _finding(TALK[label][0], next(each for each in pieces if each.label == label))


def is_question(pieces: Sequence[Piece], rule: str) -> bool:
    """Is it surely a question that facts answer, whatever else a rule hears in it?"""
    labels = [label for label, (each, _) in DESK.items() if each == rule]
    if rule == "medical" and not all(each.label in MONEY and each.harmless for each in pieces):
        return False
    asking = [each for each in pieces if not (each.idle or each.vague)]
    if rule == "booking" and any(each.label in NEAR_BOOKING for each in asking):
        return False
    return bool(asking) and all(
        each.label not in DESK and each.label not in UNSURE and each.share >= SURELY
        and all(each.others[label] < HARDLY for label in labels) for each in asking
    )  # fmt: skip


def wishes(pieces: Sequence[Piece]) -> bool:
    """Is a time wished for?"""
    return any(each.label == "booking" and each.share >= WISHED for each in pieces)


def _is_everyday(piece: Piece) -> bool:
    words, known = [word for word in words_of(piece.text) if word[0].isalpha()], classifier().everyday
    return (len(words) > 1 and piece.share >= SURE_TALK) or all(word in known for word in words)


def _finding(rule: str, piece: Piece) -> Finding:
    return Finding(rule, " ".join(piece.text.split())[:BRIEF], f"like examples of {piece.label}: {piece.share:.2f}")
