"""BGE-M3 over HTTP and a Qdrant server, each on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from truffles_rag_qdrant.settings import RagSettings

pytestmark = pytest.mark.asyncio
SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"


async def test_bge_m3_over_http(rigs: Any, embeddings: Any) -> None:
    server, fake = embeddings
    async with rigs(embedder="http", embed_url=server.url + "/") as rig:
        assert await rig.rag.check() == ""
        await rig.sync(SALON)
        assert {chunk.model for chunk in rig.knowledge.stored.values()} == {"bge-m3"}
        assert {len(chunk.vector) for chunk in rig.knowledge.stored.values()} == {4 * 1024}
        best = await rig.best("сколько стоит женская стрижка и где вы находитесь")
        assert [passage.text[:7] for passage in best.values()] == ["Женская", "Мы нахо"]
        asked = len(server.seen)
        await rig.ask("сколько стоит женская стрижка и где вы находитесь")
        assert len(server.seen) == asked, "the same question is embedded once"
        fake.down = True
        assert "embedding server" in await rig.rag.check()
        assert "парковка" in (await rig.ask("есть ли парковка"))[0].text, "its words alone find it"


async def test_vectors_of_another_model_are_made_anew(rigs: Any, embeddings: Any) -> None:
    async with rigs() as local:
        await local.sync(SALON)
        async with rigs(local.knowledge, embedder="http", embed_url=embeddings[0].url) as rig:
            assert "Вымышленная" in (await rig.ask("где вы находитесь"))[0].text
            report = await rig.sync(SALON)
            assert (report.added, report.unchanged) == (0, 0) and report.changed > 60


async def test_a_server_is_filled_filtered_and_rebuilt(rigs: Any, qdrant: Any, tmp_path: Path) -> None:
    server, fake = qdrant
    (tmp_path / "a.md").write_text("## Адрес\nДругой салон: улица Чужая, 2.\n", "utf-8")
    async with rigs(qdrant_url=server.url) as rig, rigs(tenant="other", qdrant_url=server.url) as other:
        assert await rig.rag.check() == ""
        await rig.sync(SALON)
        await other.sync(tmp_path)
        best = await rig.best("скока стоит педикюр и где вы находитесь")
        assert [passage.text[:7] for passage in best.values()] == ["Педикюр", "Мы нахо"]
        assert ["Чужая" in passage.text for passage in await other.ask("где вы находитесь")] == [True]
        index = [body for method, path, body in server.seen if path.endswith("/index?wait=true") or "/index" in path]
        assert {"client_slug", "knowledge_tag"} == {body["field_name"] for body in index}
        assert any(body["field_schema"] == {"type": "keyword", "is_tenant": True} for body in index)
        written = sum(method == "PUT" and "/points" in path for method, path, _ in server.seen)
        await rig.sync(SALON)
        await rig.ask("где вы находитесь")
        assert written == sum(method == "PUT" and "/points" in path for method, path, _ in server.seen)

        fake.wipe()
        with pytest.raises(Exception, match="Not found"):
            await rig.ask("где вы находитесь")
        assert "Вымышленная" in (await rig.ask("где вы находитесь"))[0].text


async def test_what_postgresql_no_longer_has_leaves_the_server(rigs: Any, qdrant: Any, tmp_path: Path) -> None:
    server, fake = qdrant
    (tmp_path / "a.md").write_text("## Адрес\n- Адрес: улица Новая, 1.\n- Вход со двора.\n", "utf-8")
    async with rigs(qdrant_url=server.url, collection="shared") as rig:
        await rig.sync(tmp_path)
        assert fake.local.count("shared").count == 2
        await rig.knowledge.apply(delete=[next(iter(rig.knowledge.stored))])
        await rig.ask("где вы")
        assert fake.local.count("shared").count == 1


async def test_a_server_that_is_down_is_named(rigs: Any) -> None:
    async with rigs(qdrant_url="http://127.0.0.1:9", timeout=1) as rig:
        told = await rig.rag.check()
        assert told.startswith("Qdrant: http://127.0.0.1:9: ")
        assert told.endswith(". Start it, or correct qdrant_url and qdrant_api_key")


@pytest.mark.parametrize(
    ("settings", "cure"),
    [({"embedder": "http"}, "needs embed_url"), ({"qdrant_url": "qdrant:6333"}, "must begin"), ({"modle": 1}, "Extra")],
)
async def test_bad_settings_name_the_cure(settings: dict[str, Any], cure: str) -> None:
    with pytest.raises(ValidationError, match=cure):
        RagSettings(**settings)
