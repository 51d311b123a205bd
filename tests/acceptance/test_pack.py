"""A business's pack, included by its file: applied through the command line, followed by the knowledge of every process."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from truffles_gateway.cli.tenants import as_toml
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.tenant_config import read
from truffles_gateway.testing import Rig

PACK = """\
pack: 1
business: {name: Салон «Пример»}
place:
  parking: Во дворе, бесплатно для гостей
services:
  - id: manicure
    name: Маникюр с покрытием
    aliases: [шеллак]
    price: 7 000
    duration: 1 ч 30 мин
"""
ENTRIES = "SELECT id, question, answer, source FROM knowledge_chunks WHERE id LIKE 'pack:%' ORDER BY id"


@pytest.fixture
def file_of(tmp_path, salon_config):
    """Writes the tenant's file, and the pack beside it."""

    def write(pack: str, *plugins: str) -> str:
        config = salon_config()
        names = plugins or ("policy", "rag_qdrant", "answer_local")
        chosen = [{"name": each} for each in names]
        chosen[0]["settings"] = {"pack": {"include": "pack.yaml"}}
        config["plugins"] = [*chosen, *(each for each in config["plugins"] if each["name"] in ("desk_log", "chatflow"))]
        (tmp_path / "pack.yaml").write_text(pack, encoding="utf-8")
        (tmp_path / "salon.toml").write_text(as_toml(config), encoding="utf-8")
        return str(tmp_path / "salon.toml")

    return write


async def entries(salon: Any) -> dict[str, str]:
    """What the tenant's knowledge has of its pack."""
    return {row["id"]: row["answer"] for row in await salon.rig.rows(ENTRIES)}


async def follows(salon: Any, wanted: dict[str, str]) -> None:
    """Wait until the knowledge has exactly that."""

    async def there() -> bool:
        return await entries(salon) == wanted

    await salon.rig.until(there, seconds=30)


LEGS = """
  - id: legs
    name: Шугаринг ног полностью
    aliases: [депиляция ног, шугаринг ног]
    price: 8 000
"""


async def test_a_price_that_is_named_and_doubted_is_not_told(salon_of, truffles, file_of, jid) -> None:
    """What is named is a hint, and what a retriever holds to be for something else a doubt: both together are no answer."""
    salon = await salon_of(brain=("policy", "rag_qdrant", "answer_local"))
    assert await truffles("tenants", "apply", file_of(PACK + LEGS.lstrip("\n")), "--yes")

    async def learnt() -> bool:
        return "pack:services.legs" in await entries(salon)

    await salon.rig.until(learnt, seconds=30)
    assert "8 000" in await salon.ask(jid, "сколько стоит депиляция ног?")
    for number, text in enumerate(
        ("депиляция ног до колена, сколько?", "сколько будет стоить депиляция ног до колена")
    ):
        said = await salon.ask(f"7700000002{number}@s.whatsapp.net", text)
        assert "8 000" not in said and "коллеге" in said, said


async def test_the_knowledge_follows_the_pack_in_every_process(
    salon_of, sim, truffles, file_of, database_url, moved_clock
) -> None:
    salon = await salon_of(brain=("policy", "rag_qdrant", "answer_local"))
    async with Rig(database_url, moved_clock) as other:
        assert await truffles("tenants", "apply", file_of(PACK), "--yes")
        manicure = "Маникюр с покрытием — 7 000 ₸, 1 ч 30 мин."
        await follows(
            salon, {"pack:place.parking": "Во дворе, бесплатно для гостей", "pack:services.manicure": manicure}
        )
        changed = PACK.replace("7 000", "7 500").replace("  parking: Во дворе, бесплатно для гостей\n", "  {}\n")
        code, said = await truffles("tenants", "apply", file_of(changed), "--yes")
        assert code == 0, said
        await follows(salon, {"pack:services.manicure": manicure.replace("7 000", "7 500")})
        for number, rig in enumerate((salon.rig, other)):
            sim.gateway, asked = rig.url, itertools.count(10 * number)

            async def told(asked: Iterator[int] = asked) -> bool:
                """The other process looks every few seconds whether its tenants were changed."""
                return "7 500" in await salon.ask(f"770000000{next(asked):02}@s.whatsapp.net", "Сколько стоит шеллак?")

            await salon.rig.until(told)

        async def once() -> bool:
            done = await salon.rig.rows("SELECT 1 FROM jobs WHERE kind = 'own_facts' AND status = 'done'")
            return len(done) == 1

        await salon.rig.until(once)
        [version] = await salon.rig.rows("SELECT version FROM knowledge_versions")
        assert version["version"] == 2, "each change of the pack is one change of the knowledge, whoever makes it"


async def test_without_a_pack_its_facts_are_forgotten_and_lessons_stay(salon_of, sim, truffles, file_of) -> None:
    salon = await salon_of(brain=("policy", "rag_qdrant", "answer_local", "learning"))
    assert (await truffles("tenants", "apply", file_of(PACK, "policy", "rag_qdrant", "learning"), "--yes"))[0] == 0

    async def both() -> bool:
        return len(await entries(salon)) == 2

    await salon.rig.until(both, seconds=30)
    code, said = await truffles("knowledge", "reconcile", "salon")
    assert (code, "0 learned answers" in said) == (0, True), said
    assert len(await entries(salon)) == 2, "what the pack says is no learned answer that nobody approved"
    [row] = await salon.rig.rows("SELECT config FROM clients")
    plugins = [{**each, "settings": {}} if each["name"] == "policy" else each for each in row["config"]["plugins"]]
    await salon.rig.apply(row["config"] | {"plugins": plugins})
    await follows(salon, {})


async def test_what_the_knowledge_lost_is_back_after_a_start(
    salon_of, truffles, file_of, database_url, moved_clock
) -> None:
    salon = await salon_of(options={"work": False})
    assert (await truffles("tenants", "apply", file_of(PACK), "--yes"))[0] == 0
    async with Rig(database_url, moved_clock) as worker:
        both = {"pack:place.parking", "pack:services.manicure"}

        async def there() -> bool:
            return {row["id"] for row in await worker.rows(ENTRIES)} == both

        await worker.until(there, seconds=30)
    await salon.rig.rows("DELETE FROM knowledge_chunks WHERE id = 'pack:place.parking' RETURNING id")
    async with Rig(database_url, moved_clock) as worker:
        await worker.until(there, seconds=30)


async def test_a_broken_pack_is_told_by_line_and_harms_nobody(salon_of, sim, jid, truffles, file_of) -> None:
    salon = await salon_of(brain=("policy",))
    broken = PACK.replace("7 000", "дёшево").replace("aliases", "alises").replace("pack: 1", "pack: 2")
    code, said = await truffles("tenants", "apply", file_of(broken, "policy"), "--yes")
    assert code == 1
    assert "pack.yaml:1: pack: must be one of" in said or "pack.yaml:1: pack: Input should be" in said
    assert 'pack.yaml:8: services[0].alises: unknown key. Did you mean "aliases"?' in said
    assert 'pack.yaml:9: services[0].price: is no amount. Write whole units of the currency: 7000 or "7 000"' in said
    [row] = await salon.rig.rows("SELECT config, config_version FROM clients")
    assert row["config_version"] == 1
    bad = {"pack": {"business": {"name": "Салон"}, "services": [{"id": "a", "name": "А", "price": "дёшево"}]}}
    raw = row["config"] | {"plugins": [{"name": "policy", "settings": bad}, *row["config"]["plugins"][1:]]}
    config, _ = read(raw)
    await tenant_store.apply(salon.rig.gateway.database, raw, config, salon.rig.clock.now())
    await salon.rig.apply({"slug": "neighbour", "name": "Neighbour", "plugins": [{"name": "policy"}]})

    async def noticed() -> bool:
        return "is no amount" in salon.rig.gateway.registry.broken.get("salon", "")

    await salon.rig.until(noticed)
    assert await salon.ask(jid, "Здравствуйте") != ""
    assert salon.rig.gateway.registry.get("neighbour") is not None


async def test_what_show_prints_can_be_applied_again(salon_of, truffles, file_of, tmp_path) -> None:
    await salon_of(brain=("policy",))
    assert (await truffles("tenants", "apply", file_of(PACK, "policy"), "--yes"))[0] == 0
    code, shown = await truffles("tenants", "show", "salon")
    assert code == 0
    assert "Маникюр с покрытием" in shown
    (tmp_path / "again.toml").write_text(shown, encoding="utf-8")
    code, said = await truffles("tenants", "apply", str(tmp_path / "again.toml"))
    assert (code, "nothing changes" in said) == (0, True), said
