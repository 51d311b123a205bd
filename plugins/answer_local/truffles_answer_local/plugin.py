"""Answers with the tenant's own words: the best fact for each question as it stands, or silence."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_answer_local.compose import (
    Answered,
    about,
    also,
    answered,
    facts_said,
    is_hint,
    is_said,
    language_of,
    once,
    questions,
    told,
)
from truffles_gateway.messages import Draft, Inbound, Passage, Turn, Verdict, notices, untold
from truffles_gateway.plugin import Plugin, PluginSettings, Resources, Texts, hookimpl

CATALOGUE = {
    "ru": {
        "more": "Есть и другие — уточните, пожалуйста, что именно интересует.",
        "facts_kk": "Вот что у нас об этом сказано (на казахском):",
        "facts_en": "Вот что у нас об этом сказано (на английском):",
    },
    "kk": {
        "more": "Басқалары да бар — нақты не керегін жазыңызшы.",
        "facts_ru": "Бұл туралы бізде былай жазылған (орыс тілінде):",
        "facts_en": "Бұл туралы бізде былай жазылған (ағылшын тілінде):",
    },
    "en": {
        "more": "There are others too: please tell us which one you mean.",
        "facts_ru": "Here is what our information says (in Russian):",
        "facts_kk": "Here is what our information says (in Kazakh):",
    },
}


class AnswerLocal:
    """One tenant's `answer` without any model."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    @hookimpl
    async def answer(self, turn: Turn, message: Inbound, verdict: Verdict, passages: Sequence[Passage]) -> Draft | None:
        """Facts for the questions that have a good one; the others are named; None when there is none at all. What the
        owner wants everybody to know stands before them, once in a talk; where it is all that is known of what was asked,
        a human answers the rest."""
        said = notices(passages)
        facts = once([each for each in passages if each not in said and not is_hint(each)])
        parts = [answered(query, found) for query, found in questions(message.text, facts)]
        good = [part for part in parts if part.passages]
        covered = also([each for part in good for each in part.passages], passages)
        parts = [
            part for part in parts if part.passages or not (part.query in covered or is_said(part.query, verdict.idle))
        ]
        if not good and about(message.text, said):
            sources = tuple(dict.fromkeys(each.id for each in said))
            return Draft(text=told(said), sources=sources, unanswered=(message.text,), verbatim=True)
        if not good:
            return None
        return Draft(
            text="\n".join(filter(None, [untold(said, turn), self._said(good, verdict.language or message.language)])),
            confidence=min(part.confidence for part in good),
            sources=tuple(dict.fromkeys(passage.id for part in good for passage in part.passages)),
            unanswered=tuple(part.query for part in parts if not part.passages),
            verbatim=True,
        )

    def _said(self, parts: Sequence[Answered], language: str) -> str:
        facts = facts_said(parts)
        spoken = language_of(facts)
        own = language if language in CATALOGUE else spoken
        before = [] if own == spoken else [self._texts.get(f"facts_{spoken}", own)]
        after = [self._texts.get("more", own)] if any(part.more for part in parts) else []
        return "\n".join([*before, facts, *after])


def _create(settings: PluginSettings, resources: Resources) -> AnswerLocal:
    return AnswerLocal(resources.texts)


plugin = Plugin(
    name="answer_local", version="0.1.0", create=_create, catalogue=CATALOGUE,
    summary="Answers with the best-matching fact as it stands, without any model.",
)  # fmt: skip

__all__ = ["CATALOGUE", "AnswerLocal", "plugin"]
