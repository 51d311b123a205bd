"""How long to wait for the rest of a burst: people write one thought in several messages.

A text that already asks something complete is answered soon; a greeting, a fragment or a medium without a caption is
given time to be followed by the rest. Pure functions; the words stand in the catalogue's files under `[burst]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from truffles_gateway.messages import InboundEvent
from truffles_gateway.texts import host_words

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LOOK_AT = 2_000
_ENOUGH_WORDS = 4


@dataclass(frozen=True, slots=True)
class BurstTiming:
    """Seconds of quiet before a turn starts, and the longest that the first event of a turn may wait."""

    complete: float = 1.0
    fragment: float = 4.0
    longest: float = 12.0


Phrases = dict[str, tuple[tuple[str, ...], ...]]
"""Phrases by their first word, longest first."""


def quiet_seconds(event: InboundEvent, timing: BurstTiming) -> float:
    """How long to wait after `event` for another one; the host starts the turn after `timing.longest` in any case."""
    text = event.text or " ".join(attachment.caption for attachment in event.attachments)
    return min(timing.complete if is_complete(text) else timing.fragment, timing.longest)


def is_complete(text: str) -> bool:
    """Does `text` ask or say something that can be answered on its own?"""
    said = words(text[:_LOOK_AT])
    if said and is_greeting(said):
        return False
    if "?" in text or len(said) >= _ENOUGH_WORDS:
        return True
    return len(said) >= 2 and any(_match(said, at, _phrases("questions")) for at in range(len(said)))


def is_greeting(said: Sequence[str]) -> bool:
    """Are all of the words that were `said` (lower-case) greetings, with at least one among them?"""
    at, greeted = 0, False
    while at < len(said):
        greeting = _match(said, at, _phrases("greetings"))
        length = greeting or _match(said, at, _phrases("fillers"))
        if not length:
            return False
        at, greeted = at + length, greeted or bool(greeting)
    return greeted


def join(texts: Iterable[str]) -> str:
    """The texts of one burst as one: a line each, empty ones left out."""
    return "\n".join(text.strip() for text in texts if text.strip())


def words(text: str) -> list[str]:
    """The words of a text in one spelling, as `is_greeting` wants them."""
    return _WORD.findall(text.lower().replace("ё", "е"))


def _match(said: Sequence[str], at: int, phrases: Phrases) -> int:
    """The number of words of the longest phrase that starts at `at`, 0 if none does."""
    for phrase in phrases.get(said[at], ()):
        if tuple(said[at : at + len(phrase)]) == phrase:
            return len(phrase)
    return 0


@lru_cache
def _phrases(name: str) -> Phrases:
    found: dict[str, list[tuple[str, ...]]] = {}
    for text in host_words("burst", name):
        phrase = tuple(words(text))
        found.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(sorted(phrases, key=len, reverse=True)) for first, phrases in found.items()}
