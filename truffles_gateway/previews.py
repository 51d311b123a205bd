"""What approving a learned answer would change: the questions that it would have spared a human, and what the knowledge
says otherwise. Shown to the owner before the button is pressed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from truffles_gateway.claims import claims, proofs
from truffles_gateway.decision import brief
from truffles_gateway.messages import Passage
from truffles_gateway.observability import logger
from truffles_gateway.plugin import Entry, Preview, Previewing
from truffles_gateway.store import learned
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Draft

LOOKED_AT = 100
NEAR = 0.7
"""An entry is about the question if it is this much as sure as an answer must be: below lie other things' prices."""
SECONDS = 4.0
log = logger("previews")


@dataclass(frozen=True, slots=True)
class Previews:
    """One tenant's previews. Its retrievers are made after whoever asks for one."""

    database: Database
    plan: Draft

    async def __call__(self, handover_id: str, question: str, answer: str) -> Preview | None:
        """What it would change, None where no retriever can tell, or not in time: learning does not wait for it."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._foreseen(handover_id, question, answer)
        except Exception as problem:  # noqa: BLE001 - a plugin's own code; the card is shown without it
            log.warning("no preview", tenant=self.plan.config.slug, problem=repr(problem))
            return None

    async def _foreseen(self, handover_id: str, question: str, answer: str) -> Preview | None:
        able = [each for each in self.plan.made.values() if isinstance(each, Previewing)]
        if not able:
            return None
        scope = await learned.scope(self.database, self.plan.id, handover_id)
        slug = next((slug for slug, id in self.plan.branch_ids.items() if id == scope.branch_id), "")
        tag = next((each.knowledge_tag for each in self.plan.config.branches if each.slug == slug), "")
        asked = await learned.escalated(
            self.database, self.plan.id, handover_id, LOOKED_AT, branch_id=scope.branch_id if tag else ""
        )
        id = learned.chunk_id(scope.learned_id or handover_id)
        entry = Entry(id=id, question=question, answer=answer, tag=tag)
        least = self.plan.config.thresholds.answer
        told = [await each.preview(entry, asked, least=least) for each in able]
        near = [one for each in told for one in each.near if one.confidence >= NEAR * least]
        caught = {number for each in told for number in each.caught}
        return Preview(asked=len(asked), caught=len(caught), otherwise=_otherwise(answer, near))


def _otherwise(answer: str, near: list[Passage]) -> str:
    """The surest entry that says otherwise, with where it stands; "" if none does."""
    differing = (each for each in sorted(near, key=lambda one: -one.confidence) if differs(answer, _said(each)))
    found = next(differing, None)
    if found is None:
        return ""
    return f"{brief(_said(found))} ({found.source})" if found.source else brief(_said(found))


def differs(one: str, other: str) -> bool:
    """Does each claim something that the other does not, of one kind: another price, time or phone? One of two texts that
    only says more does not."""
    return not _alone(one, other).isdisjoint(_alone(other, one))


def _alone(text: str, other: str) -> set[str]:
    held = proofs(other)
    return {claim.kind for claim in claims(text) if held.isdisjoint(claim.keys)}


def _said(passage: Passage) -> str:
    return passage.answer or passage.text
