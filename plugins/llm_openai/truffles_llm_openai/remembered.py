"""Answers that are given again: to the same first question, of whoever asks it, while nothing that they rest on changed.

Kept in each process for itself, a tenant's apart from every other's. What depends on who asks, on what was said before or
on the hour is asked anew each time.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from truffles_gateway.messages import Inbound, Passage, Turn
from truffles_gateway.plugin import Clock
from truffles_llm_openai.replies import AnswerReply

MOST = 500
_WORD = re.compile(r"\w+")
_PERSONAL = re.compile(r"(?:\d[\s().-]*){6,}|@|://|\bменя зовут\b|\bменің атым\b|\bmy name\b", re.IGNORECASE)
_HOUR = re.compile(
    r"\d[:.]\d\d|\b(?:сейчас|сегодня|завтра|послезавтра|вчера|скоро|ещ[её]|уже|открыт\w*|закрыт\w*|работа\w*|успе\w*|на месте|"
    r"в обед|пораньше|попозже|до (?:\w+ )?(?:утра|обеда|вечера|ночи)|қазір|бүгін|ертең|бүрсігүні|әлі|ашық\w*|жабық\w*|жұмыс\w*|"
    r"үлгер\w*|now|today|tomorrow|tonight|soon|still|yet|already|open\w*|clos\w+|in time)\b",
    re.IGNORECASE,
)


def is_repeatable(turn: Turn, message: Inbound) -> bool:
    """Would anybody who wrote this be answered the same: no word before it, nothing quoted or attached, nobody named?"""
    if turn.history or message.quoted or message.attachments or _PERSONAL.search(message.text):
        return False
    named = {word for word in _words(turn.customer.name) if len(word) > 2}
    return named.isdisjoint(_words(message.text)) and not _HOUR.search(message.text)


def key(turn: Turn, message: Inbound, system: str, language: str, shown: Sequence[Passage], model: str) -> str:
    """Everything that an answer rests on, as one digest; the question without case, signs and white space."""
    facts = [(each.id, each.source, each.title, each.question, each.answer, each.text, each.subject) for each in shown]
    parts = (turn.tenant, turn.branch, turn.knowledge_tag, language, model, system, facts, _words(message.text))
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()


class Remembered:
    """One tenant's answers of late. `minutes` is how long one is given again; 0 keeps none."""

    def __init__(self, clock: Clock, minutes: float) -> None:
        self._clock, self._long = clock, timedelta(minutes=minutes)
        self._kept: OrderedDict[str, tuple[datetime, AnswerReply]] = OrderedDict()

    def get(self, key: str) -> AnswerReply | None:
        """The answer under `key`, None if there is none that still counts."""
        at, reply = self._kept.get(key) or (None, None)
        return reply if at is not None and self._clock.now() < at + self._long else None

    def keep(self, key: str, reply: AnswerReply) -> None:
        """Give this answer again; one that names an hour or a day of its own would soon be wrong."""
        if not self._long or not reply.answer or _HOUR.search(reply.answer):
            return
        self._kept[key] = (self._clock.now(), reply)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def forget(self, key: str) -> None:
        """Somebody objected to it."""
        self._kept.pop(key, None)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
