"""Answers with the tenant's own words: the best fact for each question as it stands, or silence."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from truffles_answer_local.compose import Answered, about, answered, language_of, questions, told
from truffles_gateway.messages import OWNER_SAYS, Author, Draft, Inbound, Passage, Turn, Verdict
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
        notices = [each for each in passages if each.source == OWNER_SAYS]
        facts = [each for each in passages if each.source != OWNER_SAYS]
        parts = [answered(query, found) for query, found in questions(message.text, facts)]
        good = [part for part in parts if part.passages]
        if not good and about(message.text, notices):
            sources = tuple(dict.fromkeys(each.id for each in notices))
            return Draft(text=told(notices), sources=sources, unanswered=(message.text,), verbatim=True)
        if not good:
            return None
        return Draft(
            text="\n".join(
                filter(None, [told(_unread(notices, turn)), self._said(good, verdict.language or message.language)])
            ),
            confidence=min(part.confidence for part in good),
            sources=tuple(dict.fromkeys(passage.id for part in good for passage in part.passages)),
            unanswered=tuple(part.query for part in parts if not part.passages),
            verbatim=True,
        )

    def _said(self, parts: Sequence[Answered], language: str) -> str:
        facts = "\n".join(dict.fromkeys(fact for part in parts for fact in part.facts))
        spoken = language_of(facts)
        own = language if language in CATALOGUE else spoken
        before = [] if own == spoken else [self._texts.get(f"facts_{spoken}", own)]
        after = [self._texts.get("more", own)] if any(part.more for part in parts) else []
        return "\n".join([*before, facts, *after])


def _unread(notices: Sequence[Passage], turn: Turn) -> list[Passage]:
    """Those that this customer was not told in the talk so far. What was said on another day was about that day, also where
    the owner says the same again."""
    zone = ZoneInfo(turn.timezone)
    today = turn.now.astimezone(zone).date()
    lines = [line for line in turn.history if line.author is not Author.CUSTOMER]
    said = [line.text for line in lines if line.at.astimezone(zone).date() == today]
    return [each for each in notices if not any(each.text in text for text in said)]


def _create(settings: PluginSettings, resources: Resources) -> AnswerLocal:
    return AnswerLocal(resources.texts)


plugin = Plugin(
    name="answer_local", version="0.1.0", create=_create, catalogue=CATALOGUE,
    summary="Answers with the best-matching fact as it stands, without any model.",
)  # fmt: skip

__all__ = ["CATALOGUE", "AnswerLocal", "plugin"]
