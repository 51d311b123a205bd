"""Learned answers: into the knowledge, found by the next customer, out again, and safe from a sync."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from qdrant_client.http.exceptions import UnexpectedResponse
from truffles_rag_qdrant.learned import learned_chunk

from truffles_gateway.plugin import Entry, KnowledgeWriter

SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
LIFT = Entry(id="learned-1", question="У вас есть лифт?", answer="Лифта нет, но мы на первом этаже.",
             metadata={"handover_id": "h1", "origin": "file", "client_slug": "somebody else"})  # fmt: skip
TAUGHT = {
    "У вас есть лифт?": ["а лифт есть?", "скажите пожалуйста, есть у вас лифт?", "лифт бар ма?", "do you have an elevator?"],
    "А вы делаете татуаж губ?": ["делаете татуаж губ?", "можно у вас сделать татуаж губ", "татуаж губ есть?"],
    "Есть ли у вас курсы для начинающих визажистов?": ["курсы визажистов есть?", "курсы для визажистов проводите?"],
    "Сізде балаларға арналған бұрыш бар ма?": ["балалар бұрышы бар ма?", "балаларға бұрыш бар ма"],
    "Do you work with extensions brought by the client?": ["do you work with client's extensions"],
    "Какой у вас wi-fi пароль?": ["пароль от вайфая", "какой пароль wi-fi"],
    "Сколько стоит аренда кресла для мастера?": ["аренда кресла сколько", "почём аренда кресла"],
}  # fmt: skip
UNRELATED = ["какая завтра погода", "do you sell cars", "тату жасайсыздар ма", "есть ли у вас бассейн?",
             "сколько стоит татуировка на спине", "вы ремонтируете телефоны?"]  # fmt: skip


async def test_the_plugin_is_a_knowledge_writer(rigs: Any) -> None:
    async with rigs() as rig:
        assert isinstance(rig.rag, KnowledgeWriter)


async def test_what_is_stored_says_whose_it_is(rigs: Any) -> None:
    async with rigs(tenant="demo") as rig:
        await rig.rag.learn(LIFT)
        [chunk] = rig.knowledge.stored.values()
    assert (chunk.id, chunk.source, chunk.question, chunk.answer) == (
        "learned-1",
        "learned",
        LIFT.question,
        LIFT.answer,
    )
    assert chunk.text == "Вопрос: У вас есть лифт?\nОтвет: Лифта нет, но мы на первом этаже."
    assert chunk.metadata == {"origin": "learned", "client_slug": "demo", "source": "learned", "handover_id": "h1",
                              "question": LIFT.question, "answer": LIFT.answer}  # fmt: skip
    assert chunk.vector and chunk.digest and chunk.model == "use-m3"


async def test_the_same_words_find_it_surely_others_still_and_the_unrelated_not(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        for number, question in enumerate(TAUGHT):
            await rig.rag.learn(Entry(id=f"l{number}", question=question, answer=f"Ответ номер {number}."))
        for number, (question, others) in enumerate(TAUGHT.items()):
            for text, least in ((question, 0.85), *((other, 0.5) for other in others)):
                found = (await rig.ask(text))[0]
                assert (found.answer, found.confidence >= least) == (f"Ответ номер {number}.", True), (text, found)
        for text in UNRELATED:
            assert all(passage.confidence < 0.5 for passage in await rig.ask(text)), text


async def test_the_first_answer_of_a_tenant_without_files_is_found(rigs: Any) -> None:
    for question, others in TAUGHT.items():
        async with rigs() as rig:
            await rig.rag.learn(Entry(id="first", question=question, answer="Да."))
            assert (await rig.ask(question))[0].confidence >= 0.85
            assert (await rig.ask(others[0]))[0].confidence >= 0.5
            for text in (*UNRELATED, "сколько стоит?", "а есть?", "где вы находитесь", "сколько стоит аренда зала"):
                assert all(passage.confidence < 0.5 for passage in await rig.ask(text)), (question, text)


async def test_learning_twice_writes_once_and_other_words_replace(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.rag.learn(LIFT)
        await rig.rag.learn(LIFT)
        assert rig.knowledge.number == 1
        await rig.rag.learn(Entry(id=LIFT.id, question=LIFT.question, answer="Лифт есть."))
        assert [passage.answer for passage in await rig.ask("лифт есть?")] == ["Лифт есть."]


async def test_forgetting_twice_is_no_error_and_files_are_left_alone(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        file_chunk = next(iter(rig.knowledge.stored))
        before = set(rig.knowledge.stored)
        await rig.rag.learn(LIFT)
        for id in (LIFT.id, LIFT.id, "never seen", file_chunk):
            await rig.rag.forget(id)
        assert set(rig.knowledge.stored) == before
        assert all(passage.confidence < 0.5 for passage in await rig.ask("у вас есть лифт?"))


async def test_a_sync_of_files_keeps_the_learned_as_it_is(rigs: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("## Оплата\nКартой можно.\n", "utf-8")
    async with rigs() as rig:
        await rig.rag.learn(LIFT)
        learned = dict(rig.knowledge.stored)
        await rig.sync(tmp_path)
        (tmp_path / "a.md").write_text("## Парковка\nПарковки нет.\n", "utf-8")
        report = await rig.sync(tmp_path)
        assert (report.added, report.changed, report.deleted) == (1, 0, 1)
        assert rig.knowledge.stored[LIFT.id] == learned[LIFT.id]


async def test_another_process_knows_and_forgets_with_its_next_message(rigs: Any) -> None:
    async with rigs() as first, rigs(first.knowledge) as second:
        assert await second.ask("лифт есть?") == []
        await first.rag.learn(LIFT)
        assert (await second.ask("лифт есть?"))[0].answer == LIFT.answer
        await first.rag.forget(LIFT.id)
        assert await second.ask("лифт есть?") == []


async def test_a_branch_s_answer_is_not_another_branch_s(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.rag.learn(Entry(id="n", question=LIFT.question, answer=LIFT.answer, tag="north"))
        assert (await rig.ask("лифт есть?", "north"))[0].answer == LIFT.answer
        assert await rig.ask("лифт есть?", "south") == await rig.ask("лифт есть?") == []


async def test_a_server_is_taught_and_made_to_forget(rigs: Any, qdrant: Any) -> None:
    server, fake = qdrant
    async with rigs(qdrant_url=server.url, collection="shared") as rig:
        await rig.rag.learn(LIFT)
        await rig.rag.learn(LIFT)
        [point] = fake.local.scroll("shared", with_payload=True)[0]
        assert point.payload["client_slug"] == "demo" and point.payload["origin"] == "learned"
        assert point.payload["handover_id"] == "h1" and point.payload["answer"] == LIFT.answer
        assert (await rig.ask("а лифт есть?"))[0].answer == LIFT.answer
        await rig.rag.forget(LIFT.id)
        await rig.rag.forget(LIFT.id)
        assert fake.local.count("shared").count == 0


async def test_an_embedding_server_that_is_down_leaves_nothing_half_learnt(rigs: Any, embeddings: Any) -> None:
    server, fake = embeddings
    async with rigs(embedder="http", embed_url=server.url) as rig:
        fake.down = True
        with pytest.raises(httpx.HTTPError):
            await rig.rag.learn(LIFT)
        assert not rig.knowledge.stored
        fake.down = False
        await rig.rag.learn(LIFT)
        assert (await rig.ask("У вас есть лифт?"))[0].confidence >= 0.5


def test_a_learned_chunk_can_be_stored_as_json() -> None:
    assert json.dumps(dict(learned_chunk(LIFT, "demo", "use-m3").metadata))


@pytest.mark.parametrize("server_mode", [False, True])
async def test_it_tells_what_it_holds_of_learned_answers(rigs: Any, qdrant: Any, server_mode: bool) -> None:
    server, _ = qdrant
    settings = {"qdrant_url": server.url, "collection": "shared"} if server_mode else {}
    async with rigs(**settings) as rig:
        assert await rig.rag.held() == {}
        await rig.sync(SALON)
        await rig.rag.learn(LIFT)
        north = Entry(id="n", question=LIFT.question, answer=LIFT.answer, tag="north")
        await rig.rag.learn(north)
        assert await rig.rag.held() == {LIFT.id: LIFT.digest, "n": north.digest}
        assert north.digest != LIFT.digest, "another branch is told it"
        await rig.rag.forget("n")
        assert await rig.rag.held() == {LIFT.id: LIFT.digest}


async def test_words_that_somebody_changed_are_told_and_learnt_anew(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.rag.learn(LIFT)
        rig.knowledge.stored[LIFT.id] = replace(rig.knowledge.stored[LIFT.id], answer="Лифт есть.")
        assert (await rig.rag.held())[LIFT.id] != LIFT.digest
        await rig.rag.learn(LIFT)
        assert await rig.rag.held() == {LIFT.id: LIFT.digest}


async def test_what_a_server_lost_or_has_too_much_is_told_and_put_right(rigs: Any, qdrant: Any) -> None:
    server, fake = qdrant
    async with rigs(qdrant_url=server.url, collection="shared") as rig:
        await rig.rag.learn(LIFT)
        other = Entry(id="other", question="Есть ли парковка?", answer="Есть.")
        await rig.rag.learn(other)
        del rig.knowledge.stored["other"]  # and the server does not know it
        assert await rig.rag.held() == {LIFT.id: LIFT.digest, "other": ""}
        await rig.rag.forget("other")
        assert await rig.rag.held() == {LIFT.id: LIFT.digest}
        fake.wipe()
        assert await rig.rag.held() == {LIFT.id: ""}
        await rig.rag.learn(LIFT)
        assert await rig.rag.held() == {LIFT.id: LIFT.digest}
        fake.down = True
        with pytest.raises(UnexpectedResponse):
            await rig.rag.held()
