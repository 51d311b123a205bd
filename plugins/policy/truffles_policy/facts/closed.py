"""Outside working hours a reply says so: once in a talk, and not where the hours are what was asked for."""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.messages import Author, Route, Turn
from truffles_policy.facts.places import Places
from truffles_policy.facts.told import Say
from truffles_policy.pack.values import said

AGAIN = timedelta(hours=6)
APART = frozenset({Route.OPT_OUT, Route.THANKS, Route.OFF_TOPIC, Route.DECLINE, Route.BOOK})
"""Whoever wants these wants nothing of the business now; a booking has its own words for hours."""


def line(places: Places, turn: Turn, say: Say) -> str:
    """That it is closed now, in the pack's own words where it has them in the customer's language; "" if there is nothing
    to say."""
    shut = places.shut(say)
    if not shut or _told(turn, say):
        return ""
    words = say.pack.texts.closed_now
    text, language = said(words, say.language, say.pack.language) if words else ("", "")
    return text if language == say.language else shut


def _told(turn: Turn, say: Say) -> bool:
    """Did this talk hear it, in any language?"""
    words = say.pack.texts.closed_now or {}
    marks = {*words.values(), *(say.texts.get("fact_closed_now", language) for language in turn.languages)}
    lines = [each.text for each in turn.history if each.author is Author.BOT and each.at > turn.now - AGAIN]
    return any(mark in text for text in lines for mark in marks)
