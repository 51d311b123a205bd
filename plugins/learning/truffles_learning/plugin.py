"""Turns a manager's reply into knowledge: at once where the owner said it and nothing speaks against it, else by button."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from truffles_gateway.errors import StateChanged
from truffles_gateway.messages import ManagerReply
from truffles_gateway.plugin import Chunk, LearnedAnswer, Plugin, Resources, hookimpl
from truffles_learning.doubts import doubts
from truffles_learning.lesson import last_question, likeness, merged, real_question, useful_answer
from truffles_learning.settings import LearningSettings
from truffles_learning.texts import CATALOGUE
from truffles_learning.words import content, holds, joined

SHOWN = 80
MEETINGS = 4
"""How often what was learned is read again when another reply of the same handover came in between."""


class Learning:
    """One tenant's learner. Keeps nothing itself: the host has one learned answer a handover."""

    def __init__(self, settings: LearningSettings, resources: Resources) -> None:
        self._settings, self._resources = settings, resources

    @hookimpl
    async def on_manager_reply(self, reply: ManagerReply) -> None:
        """Keep what the reply teaches, if anything. May be called again for the same reply."""
        for _ in range(MEETINGS):
            with suppress(StateChanged):
                return await self._learn(reply)
        return await self._learn(reply)  # the host calls again, later, where even this one meets others

    async def _learn(self, reply: ManagerReply) -> None:
        await (self._amend(reply) if reply.amends else self._observe(reply))

    async def _amend(self, reply: ManagerReply) -> None:
        """An owner wrote the answer anew: as it stands, with the doubts that are left, to be approved by button."""
        old = await self._resources.learned.of(reply.handover_id)
        if not self._settings.enabled or old is None or old.id != reply.amends or old.status != "pending":
            return
        teaches = len(useful_answer(reply.text)) >= self._settings.min_answer
        answer = reply.text.strip()[: self._settings.max_answer] if teaches else old.answer
        like = await self._nearly_equal(old.question, reply.handover_id)
        reasons = [
            *([] if teaches else [self._say("useless")]),
            *await self._doubts(old.question, answer, answer, reply.handover_id),
            *self._similar(like),
        ]
        await self._resources.learned.keep(
            reply, question=old.question, answer=answer, approve=False, old=old, note="; ".join(reasons),
            replaces=like.id if like else "",
            preview=await self._resources.learned.preview(reply.handover_id, old.question, answer),
        )  # fmt: skip

    async def _observe(self, reply: ManagerReply) -> None:
        question, new = last_question(reply.question, reply.earlier), useful_answer(reply.text)
        if not (self._settings.enabled and reply.handover_id and question) or len(new) < self._settings.min_answer:
            return
        old = await self._resources.learned.of(reply.handover_id)
        if old and old.status == "rejected":
            return
        if old and question not in old.question:  # the answer is to both of them
            question = joined([old.question, question])
        answer = merged(old.answer if old else "", new, self._settings.max_answer)
        if old and answer == old.answer:
            return
        like = await self._nearly_equal(question, reply.handover_id)
        reasons = [*await self._reasons(reply, question, answer, old), *self._similar(like)]
        preview = await self._resources.learned.preview(reply.handover_id, question, answer) if reasons else None
        await self._resources.learned.keep(
            reply, question=question, answer=answer, approve=not reasons, old=old, note="; ".join(reasons),
            replaces=like.id if like else "", preview=preview,
        )  # fmt: skip

    async def _reasons(
        self, reply: ManagerReply, question: str, answer: str, old: LearnedAnswer | None
    ) -> Sequence[str]:
        """Why a person is asked first, in the tenant's language; none means that the bot may say it at once."""
        reasons = [] if reply.role in self._settings.auto_approve else [self._say("role")]
        if reply.unasked:
            reasons.append(self._say("unasked"))
        called_for = real_question(reply.question)
        if reply.asked_again or (called_for and called_for not in question):
            reasons.append(self._say("again"))
        if reply.with_file:
            reasons.append(self._say("file"))
        if old and old.status == "pending":
            reasons.append(self._say("earlier"))
        return [*reasons, *await self._doubts(question, reply.text, answer, reply.handover_id)]

    async def _doubts(self, question: str, said: str, answer: str, handover_id: str) -> Sequence[str]:
        """What speaks against question and answer themselves, whoever wrote them."""
        reasons = [self._say("short")] if len(content(question)) < self._settings.min_question_words else []
        reasons += [self._say("person")] if holds("personal_answers", said) else []
        return [*reasons, *await self._unknown(answer, handover_id)]

    async def _unknown(self, answer: str, handover_id: str) -> Sequence[str]:
        chunks = await self._resources.knowledge.chunks()
        others = [_said(chunk) for chunk in chunks if chunk.metadata.get("handover_id") != handover_id]
        kinds = await asyncio.to_thread(doubts, answer, others)  # a whole knowledge base is read for it
        named = ", ".join(self._say(kind) for kind in kinds)
        return [self._say("unknown", what=named)] if kinds else []

    async def _nearly_equal(self, question: str, handover_id: str) -> LearnedAnswer | None:
        """The approved answer to the most similar question, if that is nearly equal: two answers to it would contradict."""
        others = [each for each in await self._resources.learned.approved() if each.handover_id != handover_id]
        return await asyncio.to_thread(_nearest, question, others, self._settings.similar)

    def _similar(self, like: LearnedAnswer | None) -> Sequence[str]:
        return [self._say("similar", question=like.question[:SHOWN])] if like else []

    def _say(self, key: str, **values: object) -> str:
        language = next(iter(self._resources.languages), "ru")
        return self._resources.texts.get(f"learning_{key}", language, **values)


def _nearest(question: str, others: Sequence[LearnedAnswer], least: float) -> LearnedAnswer | None:
    alike = [(likeness(each.question, question), each) for each in others]
    best, found = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return found if best > least else None


def _said(chunk: Chunk) -> str:
    """What a chunk says itself: of a learned one the answer alone, its question was a customer's."""
    return chunk.answer if chunk.metadata.get("origin") == "learned" else f"{chunk.title} {chunk.text} {chunk.answer}"


plugin = Plugin(
    name="learning",
    version="0.1.0",
    summary="Turns a manager's reply into knowledge that the owner approves.",
    settings=LearningSettings,
    create=Learning,
    catalogue=CATALOGUE,
)
