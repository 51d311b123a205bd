"""What a message wants besides facts, by likeness to examples: for whom no phrase was written down beforehand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from truffles_policy.intents.classifier import classifier
from truffles_policy.intents.features import words_of
from truffles_policy.intents.labels import DESK, TALK
from truffles_policy.intents.pieces import Piece
from truffles_policy.intents.serious import blames, is_serious, praises
from truffles_policy.rules import Finding

COURTESIES = frozenset({"thanks", "greeting", "acknowledge"})
"""One word of these is an everyday one: a name that answers a question is none."""
UNSURE = frozenset({"other", "which_one", "ask_more", "booking", *TALK})
MATTERS_OF_MONEY = frozenset({"price", "instalments", "prepayment", "payment", "promotions", "greeting"})
"""What is no medical question, whatever it is the price of."""
NEAR_BOOKING = frozenset(
    {"rules.booking", "rules.walk_in", "rules.rescheduling", "hours", "open_now", "offered", "price", "stock"}
)
WISHED, SURE_TALK = 0.75, 0.95
SURELY, HARDLY = 0.6, 0.05
BRIEF = 80
_LAUGHS = re.compile(
    r"\b(?:lol|lmao|(?:ha){2,}|(?:ха){2,}|а?хах\w*|хех\w*)\b|[😂🤣😄😅😆]|[:;]-?\)|\){2,}", re.IGNORECASE
)
_HOW_MUCH = re.compile(r"\W*(?:скок\w*|сколько|почем|почём|how much|қанша|канша)\b", re.IGNORECASE)
SURE_COMPLAINT = 0.9
_THEY_DID = re.compile(r"\b\w{2,}(?:ли|лись|ла|лась)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:мой|моя|моё|мое|мою|моего|моей|my|менің|\w+(?:ымды|імді|ымның|імнің))\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:прошл\w+|тот|последн\w+) раз|после (?:вас|ремонта|визита)|\blast (?:time|visit)\b|өткен жолы", re.IGNORECASE
)
_REPAIR = re.compile(
    r"поменять|помен|замен|починить|почин|исправить|исправ|ремонт|восстанов|ауыстыр|жөнде|жонде|\b(?:fix|repair|replac|chang)",
    re.IGNORECASE,
)
OF_A_REPAIR = frozenset({"price", "duration", "offered"})
MAYBE = 0.3
_FARE = re.compile(
    r"алког|\bвин[оац]|\bпив|шампан|водк|коньяк|арақ|\bсыра|шарап|бокал|рюм|кофе|\b(?:по)?есть\b|кушать|\bпить\b|тамақ|тамак|wine|beer|alcohol|drink|coffee|\beat\b",
    re.IGNORECASE,
)
CARES = frozenset({"aftercare", "preparation"})
OF_PRAISE, LIKELY = frozenset({*TALK, "complaint", "frustrated", "other"}), 0.5
_LAUGHING = 0.9
"""As sure it must be that somebody who laughs is frustrated."""


def wanted(pieces: Sequence[Piece], read: Sequence[Piece] = ()) -> Finding | None:
    """What the pieces want of people, or of nobody; None: a question, or nothing that is likely. Those in `read` are
    questions, as everyday words tell."""
    if not read and _only_praises(pieces):
        return _finding("thanks", max(pieces, key=lambda each: each.others["thanks"]))
    for label, (rule, least) in DESK.items():
        found = next(
            (
                each
                for each in pieces
                if each.label == label
                and each.share >= _least(each, rule, least)
                and each not in read
                and not _is_own_trouble(each, pieces)
            ),
            None,
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


def _only_praises(pieces: Sequence[Piece]) -> bool:
    """Do they thank for something with what is good about it, and want nothing? What sounds like a complaint may be praise, too."""
    text = " ".join(each.text for each in pieces)
    if "?" in text or not praises(text):
        return False
    return all(each.label in OF_PRAISE or each.share < LIKELY for each in pieces)


def _is_own_trouble(piece: Piece, pieces: Sequence[Piece]) -> bool:
    """Is it likely, not surely, a complaint of what nobody of the business had a hand in, beside the question what its repair costs
    ("сын грохнул мой айфон. сколько выйдет поменять?")?"""
    if piece.label != "complaint" or piece.share >= SURE_COMPLAINT or blames(piece.text) or is_serious(piece.text):
        return False
    if _HOW_MUCH.match(piece.text):
        return _THEY_DID.search(piece.text) is None
    asked = any(each.label in OF_A_REPAIR and each.share >= SURELY and _REPAIR.search(each.text) for each in pieces)
    return asked and _OWN.search(piece.text) is not None and _BEFORE.search(piece.text) is None


def _least(piece: Piece, rule: str, least: float) -> float:
    return max(least, _LAUGHING) if rule == "frustrated" and _LAUGHS.search(piece.text) else least


def is_question(pieces: Sequence[Piece], rule: str) -> bool:
    """Is it surely a question that facts answer, whatever else a rule hears in it?"""
    if rule == "complaint":
        return _asks_of_care(pieces)
    if rule == "medical" and all(_is_fare(each) for each in pieces if each.asks):
        return any(each.asks for each in pieces)
    if rule == "medical" and not all(each.label in MATTERS_OF_MONEY and each.harmless for each in pieces):
        return False
    labels = [label for label, (each, _) in DESK.items() if each == rule]
    return _asks_surely(pieces) and all(
        each.others[label] < HARDLY for each in pieces if each.asks for label in labels
    )  # fmt: skip


def _is_fare(piece: Piece) -> bool:
    """Is it asked what one may eat or drink before something that is done, and nothing told of an illness?"""
    calm = piece.others["medical"] < MAYBE and not is_serious(piece.text)
    return piece.label == "preparation" and piece.share >= SURELY and calm and _FARE.search(piece.text) is not None


def _asks_of_care(pieces: Sequence[Piece]) -> bool:
    """Is it only told what was done, and asked what may be done before or after it? What went wrong sounds like a complaint itself."""
    asking = [each for each in pieces if each.asks]
    calm = all(each.others["complaint"] < HARDLY and not is_serious(each.text) for each in pieces)
    return calm and bool(asking) and all(each.label in CARES and each.clear for each in asking)


def is_no_wish(pieces: Sequence[Piece]) -> bool:
    """Is it surely a question that facts answer, and none that comes near a wish for a time?"""
    return _asks_surely(pieces) and not any(each.asks and each.label in NEAR_BOOKING for each in pieces)


def _asks_surely(pieces: Sequence[Piece]) -> bool:
    asking = [each for each in pieces if each.asks]
    return bool(asking) and all(
        each.label not in DESK and each.label not in UNSURE and each.share >= SURELY for each in asking
    )


def wishes(pieces: Sequence[Piece]) -> bool:
    """Is a time wished for?"""
    return any(each.label == "booking" and each.share >= WISHED for each in pieces)


def _is_everyday(piece: Piece) -> bool:
    words, known = [word for word in words_of(piece.text) if word[0].isalpha()], classifier().everyday
    return (len(words) > 1 and piece.share >= SURE_TALK) or all(word in known for word in words)


def _finding(rule: str, piece: Piece) -> Finding:
    return Finding(rule, " ".join(piece.text.split())[:BRIEF], f"like examples of {piece.label}: {piece.share:.2f}")
