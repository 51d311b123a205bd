"""Vectors of stored texts on the disk: read by whoever comes next, and never in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from truffles_rag_qdrant.disk import Disk, place
from truffles_rag_qdrant.embed import LocalEmbedder

from truffles_gateway.plugin import Entry

SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
TEXTS = ["где вы?", "қай жердесіздер", "where are you \ud800"]


def rows(count: int, size: int = 4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


def test_what_one_has_put_another_one_knows(tmp_path: Path) -> None:
    vectors = rows(3)
    Disk(tmp_path / "new" / "a.sqlite", 4).put(TEXTS, vectors)
    found = Disk(tmp_path / "new" / "a.sqlite", 4).known([*TEXTS, "а это нет"])
    assert found.keys() == set(TEXTS)
    assert np.abs(np.stack([found[text] for text in TEXTS]) - vectors).max() < 1e-2
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0, "nobody else's business"
    assert Disk(tmp_path / "new" / "a.sqlite", 8).known(TEXTS) == {}, "of another length"


def test_many_are_asked_for_at_once_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    disk, texts = Disk(tmp_path / "a.sqlite", 4, most=1200), [str(number) for number in range(1300)]
    disk.put(texts[:700], rows(700))
    disk.put(texts[700:], rows(600))
    assert disk.known(texts).keys() == set(texts[100:])


def test_a_file_that_is_none_is_begun_anew_and_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    file.write_bytes(b"this is no database" * 100)
    disk = Disk(file, 4)
    assert disk.known(TEXTS) == {}
    disk.put(TEXTS, rows(3))
    assert disk.known(TEXTS).keys() == set(TEXTS)
    nowhere = Disk(file / "below" / "b.sqlite", 4)
    nowhere.put(TEXTS, rows(3))
    assert nowhere.known(TEXTS) == {}


@pytest.mark.parametrize(("chosen", "found"), [("/caches", "/caches/truffles"), ("", "/home/x/.cache/truffles"), ("a/b", "/home/x/.cache/truffles")])  # fmt: skip
def test_the_place_is_where_caches_belong(chosen: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    monkeypatch.setenv("HOME", "/home/x")
    assert place() == Path(found)


async def test_wordings_are_read_from_it_and_nothing_that_people_write_is_kept(
    rigs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    embedder, wording, asked, learnt = LocalEmbedder(), "где тут у вас диск", "а диск, где он", "Есть ли у вас дискета?"
    async with rigs() as rig:
        fact = Entry(id="pack:services.disk", question="Диск", answer="Диск — 5 ₸.", asked=(wording,))
        await rig.rag.write([fact, Entry(id="learned:1", question=learnt, answer="Нет.")], [])
        assert await rig.ask(asked)
        elsewhere = {id: replace(chunk, model="bge-m3", vector=b"") for id, chunk in rig.knowledge.stored.items()}
        await rig.knowledge.apply(put=list(elsewhere.values()))
        await rig.sync(SALON)
        assert {chunk.model for chunk in rig.knowledge.stored.values()} == {embedder.model}, "all got a vector of ours"
    [file] = (tmp_path / "truffles").glob("*.sqlite")
    disk = Disk(file, embedder.size)
    assert disk.known([wording, asked, learnt]).keys() == {wording}
    fresh = "чего ещё никто не спрашивал про диск"
    disk.put([fresh], np.ones((1, embedder.size), np.float32))
    assert (embedder.embed_once([fresh]) == 1).all(), "nothing was embedded"
