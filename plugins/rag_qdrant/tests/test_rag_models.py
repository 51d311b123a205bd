"""Another embedding model: chunks get its vectors in the background, once, and answers never stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.simulator import Embeddings, served

from truffles_gateway.testing import CountersInMemory

pytestmark = pytest.mark.asyncio
SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
WHERE = "где вы находитесь"


async def _until_all_are(rig: Any, model: str, size: int) -> None:
    async with asyncio.timeout(20):
        while {(each.model, len(each.vector) // 4) for each in _facts(rig)} != {(model, size)}:
            assert "Вымышленная" in (await rig.ask(WHERE))[0].text, "answers never stop"
            await asyncio.sleep(0.02)


def _facts(rig: Any) -> list[Any]:
    return [each for each in rig.knowledge.stored.values() if each.text]


async def test_other_settings_give_all_chunks_new_vectors_and_a_sync_finds_nothing_left(
    rigs: Any, embeddings: Any
) -> None:
    async with rigs() as local:
        await local.sync(SALON)
        async with rigs(local.knowledge, embedder="http", embed_url=embeddings[0].url) as rig:
            await _until_all_are(rig, "bge-m3", 1024)
            report = await rig.sync(SALON)
            assert (report.added, report.changed, report.deleted) == (0, 0, 0)


async def test_another_model_behind_the_same_address_is_noticed(rigs: Any, embeddings: Any) -> None:
    server, fake = embeddings
    fake.model_id = "BAAI/bge-m3"
    async with rigs(embedder="http", embed_url=server.url) as rig:
        await rig.sync(SALON)
        await _until_all_are(rig, "bge-m3", 1024)
        fake.model_id = "example/other-model"
        await rig.rag.advice()  # the doctor looks at it; a gateway does so every few seconds
        await _until_all_are(rig, "example/other-model", 1024)


@pytest.mark.parametrize("answers", [True, False])
async def test_behind_a_reply_nothing_is_lost_that_is_found(rigs: Any, embeddings: Any, answers: bool) -> None:
    """By a model that nobody measured, and while it does not answer."""
    server, _ = embeddings
    async with rigs() as local:
        await local.sync(SALON)
        async with rigs(
            local.knowledge, embedder="http", embed_url=server.url if answers else "http://127.0.0.1:1"
        ) as rig:
            [where, *_] = await rig.ask(WHERE)
            for text in ("есть ли парковка?", "сколько стоит педикюр?", "можно оплатить картой?"):
                alone = await rig.ask(text)
                after = await rig.ask(text, said=WHERE, told=(where.id,))
                assert alone[0].confidence >= 0.5 and after[0].id == alone[0].id
                assert after[0].confidence >= 0.5, text


async def test_other_dimensions_are_another_model(rigs: Any, embeddings: Any) -> None:
    server, fake = embeddings
    async with rigs(embedder="http", embed_url=server.url) as rig:
        await rig.sync(SALON)
        assert "Вымышленная" in (await rig.ask(WHERE))[0].text
        fake.dimensions = 256
        assert "парковка" in (await rig.ask("есть ли парковка"))[0].text
        await _until_all_are(rig, "bge-m3-256", 256)
        assert "парковка" in (await rig.ask("где парковка?"))[0].text


async def test_a_server_that_is_down_meanwhile_stops_no_answer(rigs: Any, embeddings: Any) -> None:
    server, fake = embeddings
    async with rigs() as local:
        await local.sync(SALON)
        fake.down = True
        async with rigs(local.knowledge, embedder="http", embed_url=server.url) as rig:
            assert "Вымышленная" in (await rig.ask(WHERE))[0].text
            assert {each.model for each in _facts(rig)} == {"use-m3"}


async def test_two_processes_embed_each_chunk_once(rigs: Any, embeddings: Any) -> None:
    server, counters = embeddings[0], CountersInMemory()
    async with rigs() as local:
        await local.sync(SALON)
        http = {"embedder": "http", "embed_url": server.url}
        async with (
            rigs(local.knowledge, counters=counters, **http) as one,
            rigs(local.knowledge, counters=counters, **http) as two,
        ):
            await asyncio.gather(one.ask(WHERE), two.ask(WHERE))
            await _until_all_are(one, "bge-m3", 1024)
    embedded = [text for _, path, body in server.seen if path == "/embed" for text in body["inputs"]]
    stored = sum(embedded.count(text) for text in set(embedded) if "₸" in text or "Вымышленная" in text)
    assert stored == sum("₸" in text or "Вымышленная" in text for text in set(embedded))


async def test_what_was_done_before_a_crash_is_not_done_again(rigs: Any) -> None:
    fake, seen = Embeddings(), list[str]()

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        fake.down = fake.down or (len(seen) > 64 and not revived)
        if path == "/embed" and not fake.down:
            seen.extend(body["inputs"])
        return fake(method, path, body)

    revived = False
    async with rigs() as local:
        await local.sync(SALON)
        with served(answer) as server:
            async with rigs(local.knowledge, embedder="http", embed_url=server.url) as rig:
                await rig.ask(WHERE)
                async with asyncio.timeout(20):
                    while not fake.down:  # noqa: ASYNC110 - the job runs in the background
                        await asyncio.sleep(0.02)
            done = {each.id for each in _facts(local) if each.model == "bge-m3"}
            assert 0 < len(done) < len(_facts(local))
            fake.down, revived = False, True
            before = len(seen)
            async with rigs(local.knowledge, embedder="http", embed_url=server.url) as rig:
                await _until_all_are(rig, "bge-m3", 1024)
            again = [text for text in seen[before:] if text not in ("?", WHERE)]
            assert len(again) == len(_facts(local)) - len(done)


async def test_who_has_the_old_settings_still_does_not_turn_it_back(rigs: Any, embeddings: Any) -> None:
    async with rigs() as old:
        await old.sync(SALON)
        await old.ask(WHERE)
        async with rigs(old.knowledge, embedder="http", embed_url=embeddings[0].url) as new:
            await _until_all_are(new, "bge-m3", 1024)
            for _ in range(3):
                assert "Вымышленная" in (await old.ask(WHERE))[0].text
            assert {each.model for each in _facts(new)} == {"bge-m3"}


async def test_a_fact_that_was_forgotten_meanwhile_does_not_come_back(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        first, second = _facts(rig)[:2]
        await rig.knowledge.apply(delete=[first.id])
        assert await rig.knowledge.revise([(first, first), (second, second)]) == 1
        assert first.id not in rig.knowledge.stored


async def test_vectors_of_another_length_have_a_collection_of_their_own(
    rigs: Any, qdrant: Any, embeddings: Any
) -> None:
    (server, fake), (embedder, model) = qdrant, embeddings
    model.dimensions = 256
    async with rigs(qdrant_url=server.url) as local, rigs(tenant="other", qdrant_url=server.url) as other:
        await local.sync(SALON)
        await other.sync(SALON)
        facts = len(_facts(local))
        settings = {"embedder": "http", "embed_url": embedder.url, "dimensions": 256}
        async with rigs(local.knowledge, qdrant_url=server.url, **settings) as rig:
            await _until_all_are(rig, "bge-m3", 256)
            assert "парковка" in (await rig.ask("есть ли парковка"))[0].text
        assert fake.local.count("truffles_knowledge-256").count == facts
        assert fake.local.count("truffles_knowledge").count == facts, "the other tenant's alone are left"
        assert "Вымышленная" in (await other.ask(WHERE))[0].text


async def test_a_text_of_many_tenants_is_embedded_once_and_alike() -> None:
    here, there = LocalEmbedder(), LocalEmbedder()
    texts = ["Сколько держится покрытие?", "где вы", "Сколько держится покрытие?"]
    first, again = here.embed_once(texts), there.embed_once(texts[::-1])
    assert first.shape == (3, here.size) and np.abs(first - here.embed_now(texts)).max() < 1e-3
    assert np.abs(first - again[::-1]).max() < 1e-3
    assert here.embed_once([]).shape == (0, here.size)
