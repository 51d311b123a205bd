"""`classify`: what the model is asked, and what its reply means. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from truffles_gateway.messages import Inbound, Route, Turn, Verdict
from truffles_llm_openai import blocks
from truffles_llm_openai.client import Request
from truffles_llm_openai.replies import ClassifyReply
from truffles_llm_openai.settings import LlmSettings

VALUES = frozenset({"business", "languages"})
"""What the template `classify` is given."""
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_OF_RULES = frozenset({"acknowledge", "noise"})
"""Intents that make the host ignore a message. Only rules may say so: a customer could talk a model into it."""


def request(settings: LlmSettings, system: str, turn: Turn, message: Inbound) -> Request:
    """The request for a verdict."""
    most = settings.input_characters // 2
    said = blocks.dialogue(turn.history, settings.history_lines, most)
    asked = blocks.message(message.text, message.quoted, most)
    return Request(
        hook="classify", system=system, data="\n".join(filter(None, (said, asked))), reply=ClassifyReply,
        seconds=settings.classify_seconds, tokens=settings.classify_tokens,
    )  # fmt: skip


def verdict(reply: ClassifyReply, languages: Sequence[str], least: float) -> Verdict | None:
    """The verdict that a reply stands for; None if the model is not sure enough."""
    if reply.confidence < least:
        return None
    intent = _NOT_A_WORD.sub("_", reply.intent.lower()).strip("_")[:40]
    return Verdict(
        route=Route(reply.route),
        intent="" if intent in _OF_RULES else intent,
        language=reply.language if reply.language in languages else "",
        confidence=reply.confidence,
        why=f"llm_openai: {' '.join(reply.why.split())[:200] or 'no reason given'}",
        business=reply.business,
    )
