"""The embedding model changes while customers write: answers go on, and all facts get vectors of the new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from truffles_rag_qdrant.simulator import Embeddings, Server, embeddings

KNOWLEDGE = Path(__file__).parents[2] / "examples" / "demo_salon" / "knowledge"
BRAIN = ("policy", "rag_qdrant", "answer_local")


@pytest.fixture
def embedder() -> Iterator[tuple[Server, Embeddings]]:
    """A text-embeddings-inference server."""
    with embeddings() as simulated:
        yield simulated


def plugins(config: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The tenant's config with these settings of the retriever."""
    found = [{**each, "settings": settings} if each["name"] == "rag_qdrant" else each for each in config["plugins"]]
    return {**config, "plugins": found}


async def _models(rig: Any) -> set[tuple[str, int]]:
    rows = await rig.rows("SELECT DISTINCT model, octet_length(vector) / 4 AS size FROM knowledge_chunks"
                          " WHERE content <> ''")  # fmt: skip
    return {(row["model"], row["size"]) for row in rows}


@pytest.mark.parametrize("again", [False, True], ids=["other settings", "another model at the same address"])
async def test_answers_go_on_while_every_fact_gets_a_new_vector(rig_of, sim, salon_of, jid, embedder, again) -> None:
    server, model = embedder
    salon = await salon_of(brain=BRAIN)
    await salon.rig.sync("salon", KNOWLEDGE)
    assert "Вымышленная" in await salon.ask(jid, "где вы находитесь?")
    [row] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply(plugins(row["config"], embedder="http", embed_url=server.url))
    wanted = ("bge-m3", 1024)
    assert "Вымышленная" in await salon.ask("77000000012@s.whatsapp.net", "какой у вас адрес?")
    if again:
        await salon.rig.until(lambda: _is_all(salon.rig, wanted))
        model.dimensions, wanted = 384, ("bge-m3-384", 384)
    assert "парковка" in await salon.ask(jid, "есть ли парковка?")
    assert "едикюр" in await salon.ask(jid, "сколько стоит педикюр?")
    await salon.rig.until(lambda: _is_all(salon.rig, wanted))
    assert "карт" in await salon.ask(jid, "можно оплатить картой?")
    assert [outcome for outcome, _ in await salon.outcomes()] == ["answered"] * 5


async def _is_all(rig: Any, wanted: tuple[str, int]) -> bool:
    return await _models(rig) == {wanted}
