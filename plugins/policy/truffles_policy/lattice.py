"""The priorities of the gate over the rules: what a business's pack makes of them, and what a dialogue adds.

Strongest first: the pack's red flags; hard law (payments, refunds, medical advice, complaints, bookings to be changed, what
does not work); what only the pack may decide (discounts, payment methods); an opt-out; a human, frustration, a dialogue that is
stuck; booking; what stands on a picture; a question about the business; greetings and thanks; what is none of the business's concern.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from truffles_gateway.messages import Line
from truffles_policy.intents.classifier import meaning
from truffles_policy.intents.picture import pictures
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.values import said
from truffles_policy.phrases import Phrases
from truffles_policy.rules import WITHHELD, Finding, Rules
from truffles_policy.stuck import stuck


class Reader(Protocol):
    """What the facts of a business, and examples, make of a message."""

    def knows(self, text: str) -> bool:
        """Does the pack hold an answer to this very question?"""
        ...

    def reads(self, text: str) -> bool:
        """Is this message about the business?"""
        ...

    def without_state(self, text: str) -> str:
        """The message without what it tells of a state that the pack has a question about (pregnancy); "" if it tells of none."""
        ...

    def hears(self, text: str) -> Finding | None:
        """What a message that no rule knows wants of people, or of nobody."""
        ...

    def asks(self, text: str, rule: str) -> bool:
        """Is it surely a question that facts answer, whatever else a rule hears in it?"""
        ...


BRIEF = 80
MOST_SENTENCES, LIKE_A_SIGN = 6, 0.69
_SENTENCES = re.compile(r"[.!?;,…\n]+")
_MORE = re.compile(
    r"\d|%|процент|мало|больше|ещ[её]|половин|пайыз|көбірек|аз\b|тағы|жарты|\b(?:more|extra|half|percent|another)\b",
    re.IGNORECASE,
)
CLAIMABLE = frozenset({"medical", "discount", "identity"})
"""What is no matter for a human, or for a line of ours, if the pack answers it."""
DOUBTFUL = frozenset({"medical", "discount"})
"""What rules hear in words that stand in plain questions, too."""


class Nobody:
    """The reader of a tenant without a pack: nothing is known, and nothing heard."""

    def knows(self, text: str) -> bool:
        """Nothing."""
        return False

    def reads(self, text: str) -> bool:
        """Nothing."""
        return False

    def without_state(self, text: str) -> str:
        """There is no such question."""
        return ""

    def hears(self, text: str) -> Finding | None:
        """Nothing."""
        return None

    def asks(self, text: str, rule: str) -> bool:
        """Never."""
        return False


class Lattice:
    """The rules of one tenant, its pack considered."""

    def __init__(
        self,
        rules: Rules,
        pack: Pack | None = None,
        off: Collection[str] = (),
        reader: Reader | None = None,
    ) -> None:
        self._rules, self._pack, self._off, self._reader = rules, pack, off, reader or Nobody()
        flags = pack.emergencies if pack and "emergency" not in off else ()
        self._lines = {sign: flag.line for flag in flags for sign in flag.signs}
        self._flags = Phrases(sign for flag in flags for sign in flag.signs)
        self._anchors = Phrases(pack.off_topic.anchors if pack else ())
        self._ours = Phrases(pack.off_topic.ours if pack else ())
        self._promised = Phrases(alias for each in pack.promotions for alias in each.aliases) if pack else Phrases(())
        self._withheld = WITHHELD - _gated(pack)
        self._otherwise = bool(pack and pack.discounts.tell and pack.discounts.otherwise)

    def decide(self, text: str, history: Sequence[Line], now: datetime, *, came: bool = False) -> Finding:
        """What a message comes to; `came`: there is a picture that it may point at. Never raises, whatever the text."""
        flag = self._flags.first(text)
        if flag >= 0:
            return Finding("emergency", " ".join(text[:BRIEF].split()), self._flags[flag])
        finding = self._ruled(text)
        if finding.rule == "medical" and (sign := self._nearest_sign(text)):
            return Finding("emergency", " ".join(text[:BRIEF].split()), sign)
        if pictured := self._pictured(text, finding, came=came):
            return pictured
        if finding.rule == "question":
            finding = self._heard(self._reader.without_state(text) or text) or finding
        if finding.rule == "discount" and self._otherwise:
            return replace(finding, rule="more_discount")
        if finding.rule != "question":
            return finding
        moved = None if "stuck" in self._off else stuck(text, history, now, self._rules.again)
        return moved or self._astray(text) or finding

    def _nearest_sign(self, text: str) -> str:
        """The sign of an emergency that a sentence of a medical message means in other words; "" if there is none."""
        said = [each for each in _SENTENCES.split(text) if each.strip()][:MOST_SENTENCES] if self._lines else []
        near = [(float(meaning(sign) @ meaning(each)), sign) for each in said for sign in self._lines]
        like, sign = max(near, default=(0.0, ""))
        return sign if like >= LIKE_A_SIGN else ""

    def _pictured(self, text: str, finding: Finding, *, came: bool) -> Finding | None:
        """A wish for what stands on a picture: what a bare "how much?" beside one asks about stands there, too."""
        if "picture" in self._off or finding.rule not in {"question", "price"}:
            return None
        words = pictures().meant(text, came=came) or (finding.words if came and finding.rule == "price" else "")
        return Finding("picture", words) if words else None

    def _heard(self, text: str) -> Finding | None:
        """What examples hear in a message that no rule knows, unless the business wants that left alone."""
        found = self._reader.hears(text)
        if found and found.rule == "discount" and self._is_as_told(text):
            return None
        return None if found is None or found.rule in self._off else found

    def remark(self, finding: Finding, language: str) -> str:
        """What the business has to say at once about a red flag."""
        if self._pack is None or finding.rule != "emergency":
            return ""
        return said(self._lines[finding.pattern], language, self._pack.language)[0]

    def _ruled(self, text: str) -> Finding:
        """The strongest rule, but for those whose question the pack answers."""
        without = self._withheld
        finding = self._rules.decide(text, without)
        if finding.rule in CLAIMABLE and self._reader.knows(text):
            finding = self._rules.decide(text, without | CLAIMABLE)
        if finding.rule == "medical" and (rest := self._reader.without_state(text)):
            finding = self._rules.decide(rest, without)
        if finding.rule == "discount" and self._is_as_told(text):
            finding = self._rules.decide(text, without | {"discount"})
        if finding.rule == "human":
            heard = self._reader.hears(text)
            return heard if heard and heard.rule == "identity" else finding
        if finding.rule in DOUBTFUL and self._reader.asks(text, finding.rule):
            finding = self._rules.decide(text, without | DOUBTFUL)
        return finding

    def _is_as_told(self, text: str) -> bool:
        """Does a wish to pay less name one of the pack's promotions, and neither how much less nor that it is to be more?"""
        return self._promised.first(text) >= 0 and _MORE.search(text) is None

    def _astray(self, text: str) -> Finding | None:
        """None of the business's concern: a subject that the pack names, or one that no business is asked about."""
        if "off_topic" in self._off or self._ours.first(text) >= 0:
            return None
        anchor = self._anchors.first(text)
        named = Finding("off_topic", self._anchors[anchor]) if anchor >= 0 and not self._rules.sells(text) else None
        found = named or self._rules.stray(text)
        return None if found and self._reader.reads(text) else found


def _gated(pack: Pack | None) -> frozenset[str]:
    """Questions that the pack wants no bot to answer."""
    if pack is None:
        return frozenset()
    closed = {"offers": not pack.discounts.tell, "method": not pack.payment.tell}
    return frozenset(name for name, is_closed in closed.items() if is_closed)
