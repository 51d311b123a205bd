"""The policy plugin: decides what it can by rules, before any model is asked."""

from __future__ import annotations

from itertools import chain

from truffles_gateway.messages import Author, Inbound, Route, Turn, Verdict
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_policy.booking.booker import Booker
from truffles_policy.booking.services import ServiceFinder
from truffles_policy.language import detect
from truffles_policy.rules import Finding, Rules, base_rules
from truffles_policy.settings import PolicySettings

ROUTES = {
    "complaint": (Route.FRUSTRATED, "complaint"),
    "opt_out": (Route.OPT_OUT, "opt_out"),
    "human": (Route.HUMAN, "human_request"),
    "frustrated": (Route.FRUSTRATED, "frustrated"),
    "urgent": (Route.HUMAN, "urgent"),
    "change": (Route.HUMAN, "booking_change"),
    "shouting": (Route.FRUSTRATED, "frustrated"),
    "decline": (Route.DECLINE, "decline"),
    "thanks": (Route.THANKS, "thanks"),
    "greeting": (Route.GREETING, "greeting"),
    "acknowledge": (Route.UNSURE, "acknowledge"),
    "price": (Route.UNSURE, "price_of_what"),
    "number": (Route.UNSURE, "number"),
    "noise": (Route.UNSURE, "noise"),
    "question": (Route.ANSWER, "question"),
}


class Policy:
    """One tenant's rules."""

    def __init__(self, settings: PolicySettings) -> None:
        phrases = settings.phrases()
        self._rules = Rules(phrases, settings.off) if phrases or settings.off else base_rules()
        self._leaves_open = settings.leave_open
        pack = settings.pack
        self._booker = Booker(pack, ServiceFinder(pack)) if pack and pack.booking.enabled else None

    @hookimpl
    async def on_inbound(self, turn: Turn, message: Inbound) -> Inbound | None:
        """The language of a text, where nobody told it yet: known even if whoever classifies in the end does not say."""
        if message.language or not message.text.strip():
            return None
        return message.with_(language=_language(turn, message))

    @hookimpl
    async def classify(self, turn: Turn, message: Inbound) -> Verdict | None:
        """A verdict on every text; None when there is none, so that whoever knows media may speak, and for a plain
        question that the tenant leaves open."""
        if not message.text.strip():
            return None
        finding = self._rules.decide(message.text)
        language = message.language or _language(turn, message)
        if self._booker and (wish := self._booker.verdict(turn, message, finding, language)):
            return wish
        if self._leaves_open and finding.rule == "question":
            return None
        return verdict(finding, language)


def verdict(finding: Finding, language: str) -> Verdict:
    """What a finding asks of the host."""
    route, intent = ROUTES[finding.rule]
    return Verdict(route=route, intent=intent, language=language, why=finding.why, business=finding.business)


def _language(turn: Turn, message: Inbound) -> str:
    """The language of a message, else of the customer's latest line that tells one."""
    said = (line.text for line in reversed(turn.history[-10:]) if line.author is Author.CUSTOMER)
    lines = chain((message.text,), said)
    return next((language for text in lines if (language := detect(text))), "")


def _create(settings: PolicySettings, _resources: Resources) -> Policy:
    return Policy(settings)


plugin = Plugin(
    name="policy",
    version="0.1.0",
    settings=PolicySettings,
    create=_create,
    summary="Rules before any model: human request, frustration, opt-out, greeting and thanks.",
)
