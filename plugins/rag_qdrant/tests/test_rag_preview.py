"""What one more entry would change is foreseen as it comes to pass, nothing is stored, and it is fast."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from truffles_gateway.plugin import Entry, Previewing

SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
LIFT = Entry(id="learned:1", question="У вас есть лифт?", answer="Лифта нет, но мы на первом этаже.")
ASKED = ["а лифт есть?", "какая завтра погода", "лифт бар ма?", "позовите менеджера", "есть ли у вас бассейн?",
         "есть лифт и есть ли бассейн?", "do you have an elevator?"]  # fmt: skip
CAUGHT = (0, 2, 6)


@pytest.mark.parametrize("server_mode", [False, True])
async def test_it_tells_which_questions_an_entry_would_answer(rigs: Any, qdrant: Any, server_mode: bool) -> None:
    server, _ = qdrant
    settings = {"qdrant_url": server.url, "collection": "shared"} if server_mode else {}
    async with rigs(**settings) as rig:
        assert isinstance(rig.rag, Previewing)
        await rig.sync(SALON)
        before = dict(rig.knowledge.stored)
        foreseen = await rig.rag.preview(LIFT, ASKED, least=0.5)
        assert foreseen.caught == CAUGHT
        assert rig.knowledge.stored == before
        assert LIFT.id not in {passage.id for passage in await rig.ask(ASKED[0])}
        await rig.rag.learn(LIFT)
        answered = [
            number for number, text in enumerate(ASKED)
            if all(each.confidence >= 0.5 and each.id == LIFT.id for each in (await rig.best(text)).values())
        ]  # fmt: skip
        assert tuple(answered) == CAUGHT
        assert (await rig.rag.preview(LIFT, ASKED, least=0.5)).caught == CAUGHT, "known already, it would be no other"


async def test_it_tells_what_is_known_about_the_same(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        entry = Entry(id="learned:2", question="Сколько стоит маникюр с покрытием?", answer="Маникюр стоит 6 000 ₸.")
        near = (await rig.rag.preview(entry, [], least=0.5)).near
        assert near[0].confidence >= 0.5
        assert "аникюр" in near[0].text
        await rig.rag.learn(entry)
        assert entry.id not in {each.id for each in (await rig.rag.preview(entry, [], least=0.5)).near}


async def test_another_branch_s_entries_are_not_looked_at(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.rag.learn(Entry(id="n", question=LIFT.question, answer="Есть.", tag="north"))
        assert (await rig.rag.preview(LIFT, ASKED, least=0.5)).near == ()
        north = Entry(id="m", question=LIFT.question, answer="Нет.", tag="north")
        assert [each.id for each in (await rig.rag.preview(north, ASKED, least=0.5)).near] == ["n"]


async def test_the_first_entry_of_a_tenant_is_foreseen_too(rigs: Any) -> None:
    async with rigs() as rig:
        foreseen = await rig.rag.preview(LIFT, ASKED, least=0.5)
        assert (0 in foreseen.caught, 1 in foreseen.caught, foreseen.near) == (True, False, ())


async def test_a_hundred_questions_cost_less_than_a_second(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        await rig.ask("лифт")  # the model is loaded
        asked = [f"{text} {number}-й раз спрашиваю" for number in range(20) for text in ASKED[:5]]
        began = time.process_time()
        await rig.rag.preview(LIFT, asked, least=0.5)
        assert time.process_time() - began < 1.5
