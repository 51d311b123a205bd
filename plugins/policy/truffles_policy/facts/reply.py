"""Facts → one reply: what the owner wants known, the facts, a call to action once in a talk."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Author, Draft, Passage, Turn
from truffles_policy.facts.gate import SOURCE, Answered
from truffles_policy.facts.told import Say, Told, joined
from truffles_policy.pack.values import said


def draft(answered: Sequence[Answered], notices: str, invites: bool, turn: Turn, say: Say) -> Draft:
    """One reply, in the tenant's own words."""
    facts = list({fact.id: fact for each in answered for fact in each.facts}.values())
    call = _call(turn, say) if invites and all(fact.inviting for fact in facts) else ""
    return Draft(
        text=joined((notices, _said(facts, say), call)),
        confidence=min(each.confidence for each in answered),
        sources=tuple(f"{SOURCE}:{fact.id}" for fact in facts),
        verbatim=True,
    )


def _said(facts: Sequence[Told], say: Say) -> str:
    """The facts; those that are prose in another language behind a line that says so."""
    own = [fact for fact in facts if not fact.prose or fact.language == say.language]
    foreign = [fact for fact in facts if fact not in own]
    lead = [say.text(f"told_{foreign[0].language}")] if foreign else []
    return joined((*(fact.text for fact in own), *lead, *(fact.text for fact in foreign)))


def _call(turn: Turn, say: Say) -> str:
    """The pack's call to action, unless this talk has it, or a question of the bot's still stands."""
    words = say.pack.texts.call_to_action
    if words is None:
        return ""
    text, language = said(words, say.language, say.pack.language)
    zone = ZoneInfo(turn.timezone)
    today = turn.now.astimezone(zone).date()
    lines = [
        line.text for line in turn.history if line.author is Author.BOT and line.at.astimezone(zone).date() == today
    ]
    asks = bool(lines) and lines[-1].rstrip().endswith("?")
    told = any(each in line for line in lines for each in words.values())
    return "" if language != say.language or asks or told else text


def unchanged(passages: Sequence[Passage]) -> bool:
    """Did the owner say no price that the pack does not know?"""
    return not any(each.source.startswith("owner:") for each in passages)
