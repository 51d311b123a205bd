"""The facts of a pack are found: by any of their names, in three languages, at their own branch alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.recall import PACKS, ask, engine_of, read_entries, read_questions

from truffles_gateway.plugin import Entry

pytestmark = pytest.mark.asyncio
GEL = Entry(id="pack:services.gel", question="Маникюр с гель-лаком, шеллак, gel manicure",
            answer="Маникюр с гель-лаком — 9 000 ₸, 1 ч 30 мин")  # fmt: skip
NORTH = Entry(id="pack:branches.north.address", question="адрес, где находитесь", answer="Мы на улице Северной, 1.",
              tag="north")  # fmt: skip
SOUTH = Entry(id="pack:branches.south.address", question="адрес, где находитесь", answer="Мы на улице Южной, 2.",
              tag="south")  # fmt: skip


async def test_a_fact_of_the_pack_says_whose_it_is_and_keeps_its_words(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.rag.learn(GEL)
        [found] = await rig.ask("сколько стоит шеллак?")
        assert (found.id, found.source, found.text, found.answer) == (GEL.id, "pack", GEL.answer, GEL.answer)
        assert dict(await rig.rag.held()) == {GEL.id: GEL.digest}
        written = rig.knowledge.number
        await rig.rag.learn(GEL)
        assert rig.knowledge.number == written
        await rig.rag.forget(GEL.id)
        assert not await rig.ask("сколько стоит шеллак?")


async def test_several_questions_are_several_names(rigs: Any) -> None:
    asked = "Больно ли лечить, если близко нерв?, Does it hurt?"
    async with rigs() as rig:
        await rig.rag.learn(Entry(id="pack:faq.pain", question=asked, answer="С анестезией не больно."))
        [chunk] = rig.knowledge.stored.values()
        assert (chunk.metadata["name"], chunk.metadata["aliases"]) == (
            "Больно ли лечить, если близко нерв?", "Does it hurt?")  # fmt: skip
        for question in ("больно будет?", "ауыра ма?", "will it hurt"):
            assert [each.id for each in await rig.ask(question)] == ["pack:faq.pain"], question


async def test_what_a_file_tells_of_the_packs_own_things_is_not_told_beside_it(rigs: Any, tmp_path: Path) -> None:
    """Nobody reads one price twice, or two."""
    (tmp_path / "prices.csv").write_text(
        "услуга,цена\nМаникюр с гель-лаком,8500\nМаникюр детский,3000\n", encoding="utf-8"
    )
    async with rigs() as rig:
        await rig.sync(tmp_path)
        assert any("8 500" in each.text for each in await rig.ask("сколько стоит маникюр с гель-лаком?"))
        await rig.rag.learn(GEL)
        found = [each for each in await rig.ask("сколько стоит маникюр с гель-лаком?") if each.confidence >= 0.5]
        assert [each.id for each in found] == [GEL.id]
        assert any("3 000" in each.text for each in await rig.ask("сколько стоит детский маникюр?"))


@pytest.mark.parametrize("server", [False, True], ids=["embedded", "server"])
async def test_a_fact_of_one_branch_never_answers_at_another(rigs: Any, qdrant: Any, server: bool) -> None:
    settings = {"qdrant_url": qdrant[0].url} if server else {}
    async with rigs(**settings) as rig:
        for entry in (GEL, NORTH, SOUTH):
            await rig.rag.learn(entry)
        for question in ("где вы находитесь?", "мекенжайыңыз қайда", "улица Северная", "улица Южная", "адрес"):
            told = {tag: {each.id for each in await rig.ask(question, tag)} for tag in ("", "north", "south", "west")}
            assert NORTH.id in told["north"] and SOUTH.id in told["south"], question
            assert SOUTH.id not in told["north"] and NORTH.id not in told["south"], question
            assert not {NORTH.id, SOUTH.id} & (told[""] | told["west"]), question
        for tag in ("", "north", "south"):
            assert GEL.id in {each.id for each in await rig.ask("гель-лак сколько стоит", tag)}


@pytest.mark.parametrize("name", ["dev.tsv", "heldout.tsv"])
async def test_a_pack_is_found_in_three_languages(name: str) -> None:
    embedder = LocalEmbedder()
    engines = {path.stem: await engine_of(path.stem, read_entries(path), embedder) for path in PACKS.glob("*.jsonl")}
    found, wanted = Counter[str](), Counter[str]()
    for each in await ask(read_questions(PACKS / name), engines):
        found[each.wanted.language] += each.found
        wanted[each.wanted.language] += len(each.wanted.groups)
    for language, least in (("ru", 0.95), ("en", 0.95), ("kk", 0.85)):
        assert found[language] >= least * wanted[language], (language, found, wanted)
