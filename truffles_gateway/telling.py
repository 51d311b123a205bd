"""Plugins' own facts that a retriever found, in the words that this customer is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from truffles_gateway import calls
from truffles_gateway.decision import Case
from truffles_gateway.messages import Passage, Turn
from truffles_gateway.observability import logger
from truffles_gateway.own_facts import is_own
from truffles_gateway.plugin import Denying, Teller

log = logger("telling")


def as_told(case: Case, turn: Turn, found: Sequence[Passage]) -> list[Passage]:
    """The passages as they are told in a turn: whoever answers, rules or a model, reads them in the customer's language, at their
    branch, as things are now, and nothing that does not hold. What a plugin worded for this question itself stays as it is."""
    held = {each.id: each.answer or each.text for each in found if is_own(each.id)}
    told: dict[str, str] = {}
    for teller in case.tenant.tellers() if held else ():
        told |= _told(case, turn, teller, held)
    words = [told.get(each.id) if not _differs(each, held) else None for each in found]
    return [_in_words(each, said) for each, said in zip(found, words, strict=True) if said != ""]


def believed(case: Case, asked: Sequence[calls.Answer]) -> list[calls.Answer]:
    """What each plugin found. What another one's own fact was found for and, as that one knows, is no answer to, is not believed at all; the
    words stay asked, so that they are missed and not forgotten."""
    return [replace(each, value=_doubted(case, each)) for each in asked]


def _doubted(case: Case, answer: calls.Answer) -> Sequence[Passage]:
    found: Sequence[Passage] = answer.value or ()
    own = [each for each in found if is_own(each.id)]
    others = [each for name, each in case.tenant.denying().items() if name != answer.plugin] if own else []
    denied = [each for one in others for each in _denied(case, one, own)]
    return [replace(each, confidence=0.0) if each in denied else each for each in found]


def _denied(case: Case, one: Denying, own: Sequence[Passage]) -> Sequence[Passage]:
    try:
        return list(one.denied(own))
    except Exception as problem:
        log.exception(
            "own facts are taken for what they were found for", tenant=case.tenant.slug, problem=repr(problem)
        )
        return ()


def _told(case: Case, turn: Turn, teller: Teller, held: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return dict(teller.told(held, turn, case.verdict.language or case.message.language))
    except Exception as problem:
        log.exception("own facts are told as they are held", tenant=case.tenant.slug, problem=repr(problem))
        return {}


def _differs(passage: Passage, held: Mapping[str, str]) -> bool:
    """Is it the same fact in other words than those that were asked about?"""
    return passage.id in held and (passage.answer or passage.text) != held[passage.id]


def _in_words(passage: Passage, words: str | None) -> Passage:
    if words is None:
        return passage
    return replace(passage, text=words, answer=words if passage.answer else "")
