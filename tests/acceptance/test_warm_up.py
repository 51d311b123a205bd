"""A worker that has just started: the first customer is not the one who pays for a model that loads slowly."""

from __future__ import annotations

from typing import Any

import pytest

from truffles_gateway.catalog import Catalog
from truffles_gateway.messages import Inbound, Passage
from truffles_gateway.plugin import Plugin, hookimpl
from truffles_gateway.store.knowledge import KnowledgeVersions, StoredKnowledge


class SlowModel:
    """A retriever whose model must be loaded: before that it would run out of its time and find nothing."""

    loaded = False

    async def warm_up(self) -> None:
        self.loaded = True

    @hookimpl
    async def retrieve(self, message: Inbound) -> list[Passage]:
        return [Passage(id="1", text="У сквера", confidence=0.9, query=message.text)] if self.loaded else []


class BrokenModel:
    """Its model cannot be loaded."""

    async def warm_up(self) -> None:
        raise RuntimeError("no weights here")


@pytest.fixture
def catalog() -> Catalog:
    usual = {each.name: each for each in Catalog.scan().plugins()}
    slow = Plugin(name="rag_qdrant", version="1", create=lambda settings, resources: SlowModel())
    broken = Plugin(name="media", version="1", create=lambda settings, resources: BrokenModel())
    return Catalog.of(*(usual | {"rag_qdrant": slow, "media": broken}).values())


def tenant(chatflow_url: str) -> dict[str, Any]:
    settings = {"base_url": chatflow_url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
    names = ("policy", "media", "rag_qdrant", "answer_local", "desk_log")
    return {
        "slug": "salon",
        "name": "Salon",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
        "plugins": [*({"name": name} for name in names), {"name": "chatflow", "settings": settings}],
    }


@pytest.mark.parametrize("known", [True, False], ids=["known at the start", "applied later"])
async def test_models_are_loaded_before_the_first_turn(rig_of, sim, jid, catalog, known) -> None:
    before = [tenant(sim.url)] if known else []
    web = await rig_of(*before, work=False, catalog=catalog)
    await rig_of(catalog=catalog)
    await web.apply(*([] if known else [tenant(sim.url)]))
    sim.gateway = web.url
    await sim.write(jid, "Где вы находитесь?")
    assert [message.text for message in await sim.wait(jid, 1)] == ["У сквера"]


class Counting:
    """Counts how often it was warmed up."""

    times = 0

    async def warm_up(self) -> None:
        type(self).times += 1


async def test_changed_knowledge_is_loaded_before_anybody_asks(rig_of, sim) -> None:
    """Whoever changed it, such as a command beside the gateway. The other tenants' plugins are left alone."""
    usual = {each.name: each for each in Catalog.scan().plugins()}
    ours, others = type("Ours", (Counting,), {}), type("Others", (Counting,), {})
    made = {"salon": ours, "shop": others}
    slow = Plugin(name="rag_qdrant", version="1", create=lambda settings, resources: made[resources.tenant]())
    catalog = Catalog.of(*(usual | {"rag_qdrant": slow}).values())
    shop = tenant(sim.url) | {"slug": "shop", "name": "Shop"}
    rig = await rig_of(tenant(sim.url), shop, catalog=catalog)
    await rig.until(lambda: _is(ours.times == 1 and others.times == 1))
    gateway, elsewhere = rig.gateway, KnowledgeVersions(rig.gateway.database)
    salon = gateway.registry.get("salon")
    await StoredKnowledge(gateway.database, elsewhere, salon.id, gateway.clock).apply(delete=["nothing"])
    await rig.until(lambda: _is(ours.times == 2))
    assert others.times == 1


async def _is(what: bool) -> bool:
    return what
