"""The policy plugin: decides what it can by rules, before any model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from truffles_gateway.errors import ConfigError, dotted
from truffles_gateway.messages import Author, Draft, Inbound, Passage, Route, Turn, Verdict, notices, untold
from truffles_gateway.plugin import OWN, Clock, Entry, Plugin, Resources, Texts, hookimpl
from truffles_policy.booking.booker import Booker, Open
from truffles_policy.booking.wishes import wishes
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.facts.gate import SOURCE, Answered, Facts, passages_of, with_texts
from truffles_policy.facts.reply import draft, unchanged
from truffles_policy.intents.picture import came
from truffles_policy.language import told
from truffles_policy.lattice import Lattice, Nobody
from truffles_policy.pack.commands import pack
from truffles_policy.pack.entries import besides, entries
from truffles_policy.pack.names import unknown_branches
from truffles_policy.pack.wordings import strays
from truffles_policy.rules import Finding, Rules, base_rules
from truffles_policy.settings import PolicySettings

ROUTES = {
    "emergency": (Route.HUMAN, "emergency"),
    "payment": (Route.HUMAN, "payment"),
    "refund": (Route.FRUSTRATED, "refund"),
    "medical": (Route.HUMAN, "medical"),
    "complaint": (Route.FRUSTRATED, "complaint"),
    "technical": (Route.HUMAN, "technical"),
    "status": (Route.HUMAN, "status"),
    "unsaid": (Route.HUMAN, "unsaid"),
    "discount": (Route.HUMAN, "discount"),
    "more_discount": (Route.ANSWER, "discount"),
    "offers": (Route.HUMAN, "discount"),
    "method": (Route.HUMAN, "payment_method"),
    "stuck": (Route.HUMAN, "stuck"),
    "opt_out": (Route.OPT_OUT, "opt_out"),
    "human": (Route.HUMAN, "human_request"),
    "frustrated": (Route.FRUSTRATED, "frustrated"),
    "urgent": (Route.HUMAN, "urgent"),
    "change": (Route.HUMAN, "booking_change"),
    "hold": (Route.HUMAN, "hold"),
    "shouting": (Route.FRUSTRATED, "frustrated"),
    "decline": (Route.DECLINE, "decline"),
    "thanks": (Route.THANKS, "thanks"),
    "greeting": (Route.GREETING, "greeting"),
    "identity": (Route.IDENTITY, "identity"),
    "picture": (Route.PICTURE, "picture"),
    "off_topic": (Route.OFF_TOPIC, "off_topic"),
    "acknowledge": (Route.UNSURE, "acknowledge"),
    "price": (Route.UNSURE, "price_of_what"),
    "number": (Route.UNSURE, "number"),
    "noise": (Route.UNSURE, "noise"),
    "statement": (Route.UNSURE, "statement"),
    "question": (Route.ANSWER, "question"),
}


SURELY, LIKELY = 0.7, 0.5
# From SURELY on a fact that a retriever found stands against one that only examples of questions picked (towels, not the passport)
TIMED = frozenset({"day", "until", "time", "till", "part", "words"})
"""What a wish for a time says of it."""
CALM = frozenset({"question", "statement", "acknowledge", "thanks", "greeting"})
"""Beside what a wish to have goods kept may stand, or be taken for."""
BRIEF = 80
ANGRY = frozenset({"complaint", "refund", "frustrated", "shouting"})


class Policy:
    """One tenant's rules, and the facts of its pack."""

    def __init__(
        self,
        settings: PolicySettings,
        texts: Texts,
        branch_tags: Mapping[str, str] = MappingProxyType({}),
        clock: Clock | None = None,
    ) -> None:
        self._pack, self._texts, self._tags, self._clock = settings.pack, texts, branch_tags, clock
        self._wordings = settings.wordings
        phrases = settings.phrases()
        rules = Rules(phrases, settings.off) if phrases or settings.off else base_rules()
        self.facts = facts = Facts(settings.pack, texts, branch_tags) if settings.pack else None
        self._rules, self._leaves_open, self._off, self._wishes = rules, settings.leave_open, settings.off, wishes()
        self._lattice = Lattice(rules, settings.pack, settings.off, facts or Nobody())
        self._booker = (
            Booker(facts.pack, facts.things, facts.week, facts) if facts and facts.pack.booking.enabled else None
        )

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
        finding = self._lattice.decide(message.text, turn.history, turn.now, came=came(turn, message))
        language = message.language or _language(turn, message)
        wish = self._booker.verdict(turn, message, finding, language) if self._booker else None
        if wish and not (finding.rule == "picture" and _is_undated(turn, wish)):
            return wish
        if self._holds(message.text, finding):
            finding = Finding("hold", " ".join(message.text.split())[:BRIEF])
        if self._leaves_open and finding.rule == "question":
            return None
        found = verdict(finding, language)
        closed = self.facts.closed(turn, message, found) if self.facts else ""
        found = replace(found, remark=self._lattice.remark(finding, language), aside=closed)
        return self._known(turn, message, found) if self.facts and found.route is Route.ANSWER else found

    def _holds(self, text: str, finding: Finding) -> bool:
        """Shall goods be kept for somebody, where no booking is collected? Only people can."""
        off = self._booker is None and self.facts is not None and "hold" not in self._off
        return off and finding.rule in CALM and self._wishes.holds(self._wishes.words(text))

    def _known(self, turn: Turn, message: Inbound, verdict: Verdict) -> Verdict:
        """The verdict on a question, with what of it asks nothing, and whether the pack has the whole answer."""
        assert self.facts is not None
        reading = self.facts.read(turn, message)
        answered = self.facts.answered(reading, self.facts.say(turn, message, verdict, reading))
        known = bool(answered) and all(each.facts for each in answered) and self.facts.is_whole(reading, answered)
        return replace(verdict, idle=reading.idle, everywhere=known)

    def entries(self) -> list[Entry]:
        """The facts of the pack, for retrievers."""
        return entries(self._pack, self._tags, self._texts, wordings=self._wordings) if self._pack else []

    def besides(self) -> list[str]:
        """What is told and no retriever holds."""
        return [f"{OWN}{id}" for id in besides(self._pack)] if self._pack else []

    async def advice(self) -> list[str]:
        """Which wordings are those of no fact of the pack."""
        gone = self._strays()
        return (
            [f"wordings of {', '.join(gone)} stand for no fact of the pack: give them its id, or delete them"]
            if gone
            else []
        )

    def remarks(self) -> list[ConfigError]:
        """The same with the places, for who writes the file."""
        what = "the pack has no fact of this id for these wordings"
        return [
            ConfigError(what, where=f"plugins.policy.wordings.{id}", cure=self._elsewhere(id)) for id in self._strays()
        ]

    def _elsewhere(self, id: str) -> str:
        """Where wordings that stand for no fact belong."""
        if self._pack and id in {f"categories.{each.id}" for each in self._pack.categories}:
            return "Branches have what is filed there otherwise: write them as aliases of the category, or for its services"
        return "Give them the fact's id, or delete them"

    def _strays(self) -> list[str]:
        return strays(self._wordings, (each.id.removeprefix(OWN) for each in self.entries()))

    @hookimpl
    async def retrieve(self, turn: Turn, message: Inbound, verdict: Verdict) -> Sequence[Passage] | None:
        """What the pack says to the questions in the message."""
        if self.facts is None or not message.text.strip():
            return None
        reading = self.facts.read(turn, message)
        say = self.facts.say(turn, message, verdict, reading)
        return passages_of(self.facts.answered(reading, say), self.facts.guessed(reading, say))

    @hookimpl
    async def answer(
        self, turn: Turn, message: Inbound, verdict: Verdict, passages: Sequence[Passage], objections: Sequence[str]
    ) -> Draft | None:
        """One reply where the pack answers every question, and nothing in the message was left unread."""
        if self.facts is None or objections or not unchanged(passages):
            return None
        reading = self.facts.read(turn, message)
        say = self.facts.say(turn, message, verdict, reading)
        answered = self.facts.answered(reading, say)
        found = with_texts(answered, passages)
        if not found or not all(each.facts for each in found) or not self.facts.is_whole(reading, found):
            return None
        if not _is_surest(found, passages):
            return None
        return draft(found, untold(notices(passages), turn), self._invites(turn), turn, say)

    def told(self, held: Mapping[str, str], turn: Turn, language: str) -> Mapping[str, str]:
        """The facts of the pack that a retriever found, in the customer's language and as they are now: retrievers hold what the
        pack says in its own language, whatever is sold out or over."""
        if self.facts is None:
            return {}
        say = self.facts.say_at(turn, turn.branch, language or self.facts.pack.language)
        told = {id: self.facts.as_now(id, words, say) for id, words in held.items()}
        return {id: words for id, words in told.items() if words is not None}

    def denied(self, found: Sequence[Passage]) -> Sequence[Passage]:
        """The facts of the pack that a retriever found for words that ask for something else, as everyday words tell."""
        queries = dict.fromkeys(each.query for each in found) if self.facts else ()
        return [
            one for query in queries for one in self._denied(query, [each for each in found if each.query == query])
        ]

    def _denied(self, query: str, found: Sequence[Passage]) -> Sequence[Passage]:
        """Services, where goods are asked for that these are only done to, and none that is likely enough is asked for itself; what says
        nothing but where the business is, or how it is paid, where something else is asked that the pack does not say; goods of which
        nobody knows whether they are there, where that is asked."""
        assert self.facts is not None
        work = [each for each in found if self.facts.services([each.id])]
        likely = [each.id for each in work if each.confidence >= LIKELY] or [each.id for each in work]
        denied = work if self.facts.is_work(likely, query) else []
        now = self._clock.now() if self._clock else datetime.now(UTC)
        return [
            *denied,
            *(each for each in found if self.facts.is_else(each.id, each.answer or each.text, query)),
            *(each for each in found if self.facts.is_uncertain(each.id, query, now)),
        ]

    async def warm_up(self) -> None:
        """Load what examples weigh: seconds on a small machine, more than a turn may wait."""
        if self.facts:
            await asyncio.to_thread(self.facts.hears, self.facts.pack.language)

    def _invites(self, turn: Turn) -> bool:
        """May a call to action follow? Never in a talk with a complaint."""
        said = (line.text for line in turn.history[-10:] if line.author is Author.CUSTOMER)
        return not any(self._rules.decide(text).rule in ANGRY for text in said)


def _is_surest(found: Sequence[Answered], passages: Sequence[Passage]) -> bool:
    """Is nothing else that is known surer, where only likeness tells what was asked?"""
    own = {f"{SOURCE}:{fact.id}" for each in found for fact in each.facts}
    least = min(each.part.share for each in found)
    return least == 1 or all(
        each.confidence <= max(least, SURELY) or each.id.partition("@")[0] in own for each in passages
    )


def _is_undated(turn: Turn, wish: Verdict) -> bool:
    """Does a wish begin that names no time? Then what stands on the picture comes first."""
    return Open.of(turn) is None and not (wish.slots.keys() & TIMED or wish.refused)


def verdict(finding: Finding, language: str) -> Verdict:
    """What a finding asks of the host."""
    route, intent = ROUTES[finding.rule]
    return Verdict(route=route, intent=intent, language=language, why=finding.why, business=finding.business)


def _language(turn: Turn, message: Inbound) -> str:
    """The language of a message; where that hardly tells, that of the customer's latest line that surely does."""
    language, surely = told(message.text)
    if surely:
        return language
    said = (line.text for line in reversed(turn.history[-10:]) if line.author is Author.CUSTOMER)
    lines = [told(text) for text in said]
    before = next((known for known, sure in lines if sure), "")
    return before or language or next((known for known, _ in lines if known), "")


async def facts(policy: Policy) -> Sequence[str]:
    """Print what the bot of a tenant knows from its pack, fact by fact; what stands there nowhere, nobody is told."""
    known = policy.entries()
    lines = [f"{each.id.removeprefix(OWN)}{f' ({each.tag})' if each.tag else ''}: {each.answer}" for each in known]
    return lines or ["it has no pack: its settings say no `pack`"]


def _create(settings: PolicySettings, resources: Resources) -> Policy:
    if settings.pack and resources.branches:
        for place, slip in unknown_branches(settings.pack, list(resources.branches)):
            raise ConfigError(slip, where=f"plugins.policy.pack{dotted(place)}")
    return Policy(settings, resources.texts, resources.branch_tags, resources.clock)


plugin = Plugin(
    name="policy",
    version="0.1.0",
    settings=PolicySettings,
    create=_create,
    catalogue=CATALOGUE,
    summary="Rules before any model, and facts from the business's pack: human request, frustration, prices, hours.",
    commands=(pack,),
    actions={"facts": facts},
)
