"""`answer`: which passages the model is shown, what it is asked, and what its reply means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Draft, Inbound, Passage, Turn, Verdict
from truffles_llm_openai import blocks
from truffles_llm_openai.client import Request
from truffles_llm_openai.replies import AnswerReply
from truffles_llm_openai.settings import LlmSettings

VALUES = frozenset({"business", "language_name", "today", "repair"})
"""What the templates `answer` and `answer.…` are given."""
MOST_PASSAGES = 12
MOST_PARTS = 5
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WORD = re.compile(r"\w+")
_SAID = re.compile(r"\w+|[%₸$€№]")
_TELLING = 12
_BEGINNING = 4
_ASKED_WITH = (
    "скол стои есть можн како каки кака когд буде вас нас цена долл бола қанш канш тұра тура қанд канд бағас бага much cost have does "
    "what when many will your there"
)
_ASKING = frozenset(_ASKED_WITH.split())
_SENTENCE = re.compile(r"[^.!?…\n]*(?:[.!?…](?!\s|$)[^.!?…\n]*)*(?:[.!?…]+|\n|$)\s*")
MOST_SENTENCES = 3
_LONG = 320


def language(turn: Turn, message: Inbound, verdict: Verdict) -> str:
    """What the customer writes in; the tenant's first language if nobody could tell."""
    return verdict.language or message.language or turn.languages[0]


def today(now: datetime, timezone: str) -> str:
    """The business's day and time, such as "Monday, 2026-01-05 14:30"."""
    local = now.astimezone(ZoneInfo(timezone))
    return f"{_WEEKDAYS[local.weekday()]}, {local:%Y-%m-%d %H:%M}"


def good(passages: Sequence[Passage], least: float) -> list[Passage]:
    """The passages that the model is shown: the surest first, each once, and none that says the same as another one."""
    best = sorted((each for each in passages if each.confidence >= least), key=lambda each: -each.confidence)
    shown: list[Passage] = []
    ids, said = set(), set()
    for each in best:
        if each.id not in ids and (words := _said(each)) not in said:
            shown.append(each)
            ids.add(each.id)
            said.add(words)
    return shown[:MOST_PASSAGES]


def request(
    settings: LlmSettings, system: str, turn: Turn, message: Inbound, shown: Sequence[Passage], objected: Sequence[str]
) -> tuple[Request, dict[str, Passage]]:
    """The request for a reply, and the passages in it by their labels."""
    most = settings.input_characters
    sources, count = blocks.sources([_fact(each) for each in shown], most // 2)
    said = blocks.dialogue(turn.history, settings.history_lines, most // 4)
    asked = blocks.message(message.text, message.quoted, most // 4)
    data = "\n".join(filter(None, (sources, said, blocks.objections(objected), asked)))
    labelled = {f"p{number}": each for number, each in enumerate(shown[:count], start=1)}
    made = Request(
        hook="answer", system=system, data=data, reply=AnswerReply, seconds=settings.answer_seconds,
        tokens=settings.answer_tokens,
    )  # fmt: skip
    return made, labelled


def weighed(found: float, times: float) -> float:
    """How sure it is that a passage answers, now that a model has read it and says so: a search was `found` sure, and the
    model says so `times` as often where it does as where it does not."""
    return found * times / (found * times + 1 - found)


def draft(
    reply: AnswerReply, labelled: Mapping[str, Passage], passages: Sequence[Passage], text: str, *, times: float
) -> Draft | None:
    """The draft that a reply to `text` stands for; None if it says nothing, or names no source that it was given."""
    by_name = {**{each.id: each for each in labelled.values()}, **labelled}
    used = list(dict.fromkeys(by_name[name] for name in reply.sources if name in by_name))
    if not reply.answer or not used:
        return None
    return Draft(
        text=reply.answer,
        confidence=min(reply.confidence, weighed(max(each.confidence for each in used), times)),
        sources=tuple(dict.fromkeys(each.id for each in used)),
        unanswered=_unanswered(reply, text, used, passages),
    )


def brief(reply: AnswerReply) -> AnswerReply:
    """The reply in three sentences, where it is longer than a message should be; a list of several things stays whole."""
    text = reply.answer
    if len(text) <= _LONG or text.count("\n") >= MOST_SENTENCES:
        return reply
    sentences = [each for each in _SENTENCE.findall(text) if each.strip()]
    return reply.model_copy(update={"answer": "".join(sentences[:MOST_SENTENCES]).strip()})


def tells(text: str, instructions: str) -> bool:
    """Does a reply tell the instructions: a dozen of their words in a row? Then a customer talked the model into it."""
    said = set(_runs(text))
    return bool(said) and not said.isdisjoint(_runs(instructions))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return (tuple(words[start : start + _TELLING]) for start in range(len(words) - _TELLING + 1))


def _said(passage: Passage) -> tuple[str, ...]:
    """The words of a passage, by which another one is told to say the same."""
    return tuple(_SAID.findall(_fact(passage).casefold()))


def _fact(passage: Passage) -> str:
    """A passage as the model reads it: with its question, or with what it is about where it does not say so itself."""
    if passage.question and passage.answer:
        return f"{passage.question}\n{passage.answer}"
    about = passage.title or passage.subject
    return f"{about}\n{passage.text}" if about and about not in passage.text else passage.text


def _unanswered(reply: AnswerReply, text: str, used: Sequence[Passage], passages: Sequence[Passage]) -> tuple[str, ...]:
    """What the model says it left open, and every question of the message on which it says nothing."""
    open_ = list(dict.fromkeys(part[:300] for part in reply.unanswered if part))[:MOST_PARTS]
    ids, said = {each.id for each in used}, _beginnings(" ".join((reply.answer, *map(_fact, used), *open_)))
    for query in dict.fromkeys(each.query for each in passages):
        found = {each.id for each in passages if query in (each.query, *each.also)}
        if not found & ids and _is_asked(query, text) and _beginnings(query).isdisjoint(said):
            open_.append(query)
    return tuple(open_)


def _is_asked(query: str, text: str) -> bool:
    """Is a part of a message a question by itself, with its own sign? What merely stands there ("мне подруга посоветовала вас") may
    be left without a word; a model that has read the whole is believed."""
    text, query = " ".join(text.split()), " ".join(query.split())
    at = text.find(query)
    return at >= 0 and text[at + len(query) :].lstrip(" .!").startswith("?") and query != text.strip(" ?!.")


def _beginnings(text: str) -> set[str]:
    """Words without their endings, by which a reply is told to speak of a question; not those that every question has."""
    return {word[:_BEGINNING] for word in _WORD.findall(text.casefold()) if len(word) >= _BEGINNING} - _ASKING
