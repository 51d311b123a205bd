"""The priorities of the gate over the rules: what a business's pack makes of them, and what a dialogue adds.

Strongest first: the pack's red flags; hard law (payments, refunds, medical advice, complaints, bookings to be changed, what
does not work); what only the pack may decide (discounts, payment methods); an opt-out; a human, frustration, a dialogue that is
stuck; booking; what stands on a picture; a question about the business; greetings and thanks; what is none of the business's concern.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from truffles_gateway.messages import Line
from truffles_policy.intents.classifier import meaning
from truffles_policy.intents.picture import pictures
from truffles_policy.intents.serious import symptoms
from truffles_policy.lemmas import fold
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.values import said
from truffles_policy.phrases import Phrases
from truffles_policy.rules import WITHHELD, Finding, Rules
from truffles_policy.signs import in_other_words
from truffles_policy.stuck import stuck
from truffles_policy.unsaid import TRADE, UNSAID, Unsaid


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

    def returns_told(self, text: str, history: Sequence[Line], now: datetime) -> bool:
        """Is it only asked whether money would come back, after a fact that says so?"""
        ...


BRIEF = 80
MOST_SENTENCES, LIKE_A_SIGN = 6, 0.69
_SENTENCES = re.compile(r"[.!?;,…\n]+")
_MORE = re.compile(
    r"\d|%|процент|мало|больше|ещ[её]|половин|пайыз|көбірек|аз\b|тағы|жарты|\b(?:more|extra|half|percent|another)\b",
    re.IGNORECASE,
)
_SUM, _DIGITS = re.compile(r"\d[\d ]*\d"), re.compile(r"\D")
_WORD = re.compile(r"[^\W_]+")
_BUYS = re.compile(r"\b(?:возьму|беру|куплю|заберу|закажу|алсам|сатып алсам|if i (?:buy|take|order))\b", re.IGNORECASE)
_HAGGLES = re.compile(
    r"отда[дй]|сдела|уступ|ски[нд]|дешев|договор|пойд[её]т|соглас|бересі|бересиз|арзан|cheaper|discount|deal",
    re.IGNORECASE,
)
ALIKE = 4
"""So many letters tell that two words are one in other forms."""
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

    def returns_told(self, text: str, history: Sequence[Line], now: datetime) -> bool:
        """Never."""
        return False


QUESTIONS = 2
"""Whoever asks which trade it is, and something besides, may be in the right place all the same."""


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
        self._stands_for = {**{sign: sign for sign in self._lines}, **in_other_words(self._lines)}
        self._flags = Phrases(self._stands_for)
        self._symptoms = {sign: told for sign in self._lines if len(told := symptoms(sign)) > 1}
        self._prices = frozenset(_prices(pack)) if pack else frozenset[int]()
        self._anchors = Phrases(pack.off_topic.anchors if pack else ())
        self._ours = Phrases(pack.off_topic.ours if pack else ())
        self._promised = Phrases(alias for each in pack.promotions for alias in each.aliases) if pack else Phrases(())
        self._unsaid = Unsaid(pack) if pack else None
        self._withheld = WITHHELD - _gated(pack)
        self._otherwise = bool(pack and pack.discounts.tell and pack.discounts.otherwise)

    def decide(self, text: str, history: Sequence[Line], now: datetime, *, came: bool = False) -> Finding:
        """What a message comes to; `came`: there is a picture that it may point at. Never raises, whatever the text."""
        flag = self._flags.first(text)
        if flag >= 0:
            return Finding("emergency", " ".join(text[:BRIEF].split()), self._stands_for[self._flags[flag]])
        finding = self._ruled(text)
        if sign := self._sign_of(text, finding):
            return Finding("emergency", " ".join(text[:BRIEF].split()), sign)
        if pictured := self._pictured(text, finding, came=came):
            return pictured
        if finding.rule == "question":
            heard = self._heard(self._reader.without_state(text) or text)
            if heard and heard.rule == "refund" and self._reader.returns_told(text, history, now):
                heard = None
            finding = heard or self._of_none(text) or finding
        if finding.rule == "discount" and self._otherwise:
            return replace(finding, rule="more_discount")
        if finding.rule != "question":
            return finding
        moved = None if "stuck" in self._off else stuck(text, history, now, self._rules.again)
        return moved or self._astray(text) or finding

    def _sign_of(self, text: str, finding: Finding) -> str:
        """The sign of an emergency that a message means: by all the symptoms that the sign names, or, of a medical one, in other words."""
        told = symptoms(text) if self._symptoms else frozenset()
        if len(told) > 1 and (named := next((sign for sign, named in self._symptoms.items() if named <= told), "")):
            return named
        return self._nearest_sign(text) if finding.rule == "medical" else ""

    def _of_none(self, text: str) -> Finding | None:
        """What is asked and the pack says nothing of, whatever fact is near it."""
        found = self._unsaid.asked(text) if self._unsaid and UNSAID not in self._off else None
        return None if found and self._reader.knows(text) else found

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
        if found and found.rule == "discount" and (self._is_as_told(text) or self._is_its_price(text, found)):
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
        if finding.rule == "discount" and (self._is_as_told(text) or self._is_its_price(text, finding)):
            finding = self._rules.decide(text, without | {"discount"})
        if finding.rule == "complaint" and self._reader.asks(text, "complaint"):
            finding = self._rules.decide(text, without | {"complaint"})
        if finding.rule == "human":
            heard = self._reader.hears(text)
            return heard if heard and heard.rule == "identity" else finding
        if finding.rule in DOUBTFUL and self._reader.asks(text, finding.rule):
            finding = self._rules.decide(text, without | DOUBTFUL)
        return finding

    def _is_as_told(self, text: str) -> bool:
        """Does a wish to pay less name one of the pack's promotions, and neither how much less nor that it is to be more?"""
        return self._promised.first(text) >= 0 and _MORE.search(text) is None

    def _is_its_price(self, text: str, finding: Finding) -> bool:
        """Is the sum that somebody buys for what it costs ("если за 79900 возьму, доставка бесплатно?")?"""
        named = [int(_DIGITS.sub("", found)) for found in _SUM.findall(finding.words)]
        buys = _BUYS.search(text) is not None and _HAGGLES.search(text) is None
        return bool(named) and buys and self._prices.issuperset(named)

    def _astray(self, text: str) -> Finding | None:
        """None of the business's concern: a subject that the pack names, or one that no business is asked about."""
        if "off_topic" in self._off or self._ours.first(text) >= 0:
            return None
        anchor = self._anchors.first(text)
        named = Finding("off_topic", self._anchors[anchor]) if anchor >= 0 and not self._rules.sells(text) else None
        found = named or self._rules.stray(text) or self._misdialled(text)
        if found is None:
            return None
        if found.pattern == TRADE and text.count("?") < QUESTIONS:
            return found
        rest = _beside(text, found.words)
        return None if self._reader.reads(rest) and self._rules.decide(rest).rule != "price" else found

    def _misdialled(self, text: str) -> Finding | None:
        """Another trade, of which somebody asks whether it is that."""
        return self._unsaid.misdialled(text) if self._unsaid else None


def _beside(text: str, words: str) -> str:
    """A text without the words that name what is none of the business's concern: "курс" in them is no course."""
    named = [fold(word)[:ALIKE] for word in _WORD.findall(words.lower())]
    return _WORD.sub(lambda found: "" if fold(found.group().lower())[:ALIKE] in named else found.group(), text)


def _prices(pack: Pack) -> Iterator[int]:
    """What the things of a pack cost."""
    sold = [*((each, *each.variants) for each in pack.services), *((each, *each.variants) for each in pack.products)]
    for each in chain.from_iterable(sold):
        yield from (int(price) for price in (each.price, each.price_from, each.price_to) if price is not None)


def _gated(pack: Pack | None) -> frozenset[str]:
    """Questions that the pack wants no bot to answer."""
    if pack is None:
        return frozenset()
    closed = {"offers": not pack.discounts.tell, "method": not pack.payment.tell}
    return frozenset(name for name, is_closed in closed.items() if is_closed)
