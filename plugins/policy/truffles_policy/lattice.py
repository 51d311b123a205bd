"""The priorities of the gate over the rules: what a business's pack makes of them, and what a dialogue adds.

Strongest first: the pack's red flags; hard law (payments, refunds, medical advice, complaints, bookings to be changed, what
does not work); what only the pack may decide (discounts, payment methods); an opt-out; a human, frustration, a dialogue that is
stuck; booking; a question about the business; greetings and thanks; what is none of the business's concern.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from truffles_gateway.messages import Line
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.values import said
from truffles_policy.phrases import Phrases
from truffles_policy.rules import WITHHELD, Finding, Rules
from truffles_policy.stuck import stuck

Known = Callable[[str], bool]
"""Does the pack hold an answer to this very question?"""
Reads = Callable[[str], bool]
"""Is this message about the business?"""
BRIEF = 80
CLAIMABLE = frozenset({"medical", "discount", "identity"})
"""What is no matter for a human, or for a line of ours, if the pack answers it."""


def never(_text: str) -> bool:
    """Nothing is known: no pack was read."""
    return False


class Lattice:
    """The rules of one tenant, its pack considered."""

    def __init__(
        self,
        rules: Rules,
        pack: Pack | None = None,
        off: Collection[str] = (),
        known: Known = never,
        reads: Reads = never,
    ) -> None:
        self._rules, self._pack, self._off, self._known, self._reads = rules, pack, off, known, reads
        flags = pack.emergencies if pack and "emergency" not in off else ()
        self._lines = {sign: flag.line for flag in flags for sign in flag.signs}
        self._flags = Phrases(sign for flag in flags for sign in flag.signs)
        self._anchors = Phrases(pack.off_topic.anchors if pack else ())
        self._ours = Phrases(pack.off_topic.ours if pack else ())
        self._withheld = WITHHELD - _gated(pack)
        self._otherwise = bool(pack and pack.discounts.tell and pack.discounts.otherwise)

    def decide(self, text: str, history: Sequence[Line], now: datetime) -> Finding:
        """What a message comes to. Never raises, whatever the text."""
        flag = self._flags.first(text)
        if flag >= 0:
            return Finding("emergency", " ".join(text[:BRIEF].split()), self._flags[flag])
        finding = self._ruled(text)
        if finding.rule == "discount" and self._otherwise:
            return replace(finding, rule="more_discount")
        if finding.rule != "question":
            return finding
        moved = None if "stuck" in self._off else stuck(text, history, now, self._rules.again)
        return moved or self._astray(text) or finding

    def remark(self, finding: Finding, language: str) -> str:
        """What the business has to say at once about a red flag."""
        if self._pack is None or finding.rule != "emergency":
            return ""
        return said(self._lines[finding.pattern], language, self._pack.language)[0]

    def _ruled(self, text: str) -> Finding:
        """The strongest rule, but for those whose question the pack answers."""
        without = self._withheld
        finding = self._rules.decide(text, without)
        if finding.rule in CLAIMABLE and self._known(text):
            finding = self._rules.decide(text, without | CLAIMABLE)
        return finding

    def _astray(self, text: str) -> Finding | None:
        """None of the business's concern: a subject that the pack names, or one that no business is asked about."""
        if "off_topic" in self._off or self._ours.first(text) >= 0:
            return None
        anchor = self._anchors.first(text)
        named = Finding("off_topic", self._anchors[anchor]) if anchor >= 0 and not self._rules.sells(text) else None
        found = named or self._rules.stray(text)
        return None if found and self._reads(text) else found


def _gated(pack: Pack | None) -> frozenset[str]:
    """Questions that the pack wants no bot to answer."""
    if pack is None:
        return frozenset()
    closed = {"offers": not pack.discounts.tell, "method": not pack.payment.tell}
    return frozenset(name for name, is_closed in closed.items() if is_closed)
