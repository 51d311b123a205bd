"""The one job of a tenant that carries plugins' own facts: asked for again, run by who has the newest config."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from truffles_gateway import own_facts
from truffles_gateway.plugin import Entry
from truffles_gateway.store import jobs
from truffles_gateway.testing.doubles import WriterInMemory


class _Tenant(SimpleNamespace):
    """As far as the job looks at one."""

    def knowledge_writers(self) -> dict[str, WriterInMemory]:
        return {"memory": self.writer}


async def test_a_run_for_an_older_config_is_followed_by_another(make_gateway: Any, apply: Any) -> None:
    gateway = await make_gateway()
    database, clock = gateway.database, gateway.clock
    await apply(gateway, {"slug": "salon", "name": "Salon"})
    client, writer, owner = gateway.registry.get("salon").id, WriterInMemory(), str(uuid4())

    def tenant(version: int, answer: str) -> Any:
        source = SimpleNamespace(entries=lambda: [Entry(id="pack:a", question="А", answer=answer)])
        return _Tenant(id=client, slug="salon", version=version, objects={"source": source}, writer=writer)

    async def claimed() -> Any:
        found = await jobs.claim(database, owner, clock.now(), 5, 60)
        return next((each for each in found if each.kind == own_facts.KIND), None)

    await jobs.ask(database, client, own_facts.KIND, 1, clock.now())
    old = await claimed()
    await jobs.ask(database, client, own_facts.KIND, 2, clock.now())  # applied while the first run is under way
    new = await claimed()
    assert (old.payload["version"], new.payload["version"]) == (1, 2)
    await own_facts.run(database, new, tenant(1, "старое"), clock)
    assert writer.known == {}, "who has an older config leaves it to others"
    await database.execute("UPDATE jobs SET lease_until = NULL")
    new = await claimed()
    await own_facts.run(database, new, tenant(2, "новое"), clock)
    await own_facts.run(database, old, tenant(1, "старое"), clock)  # ends last, and has overwritten the newer entry
    again = await claimed()
    assert again is not None, "who lost the job asks for another look"
    await own_facts.run(database, again, tenant(2, "новое"), clock)
    assert writer.known["pack:a"].answer == "новое"
    await jobs.ask(database, client, own_facts.KIND, 2, clock.now())
    await own_facts.run(database, await claimed(), tenant(2, "новое"), clock)
    assert writer.writes == ["learn pack:a"] * 3, "what is there already is not written again"
