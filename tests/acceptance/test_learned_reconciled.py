"""Table and store agree about what was learnt: by themselves once a store is back, and by a command whatever happened."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from truffles_rag_qdrant import simulator

from truffles_gateway.store.jobs import RETRIES

JID, OTHER = "77000000071@s.whatsapp.net", "77000000072@s.whatsapp.net"
QUESTION, ANSWER = "Можно ли прийти к вам с маленькой собакой?", "Да, с собакой можно, если она на поводке."


@pytest.fixture
def qdrant():
    """A Qdrant server on loopback, and what is behind it."""
    with simulator.qdrant() as simulated:
        yield simulated


@pytest.fixture
def salon_with(salon_of, sim, qdrant):
    """A salon whose answers are found by that server."""
    server, _ = qdrant
    phones = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
    settings = {"rag_qdrant": {"qdrant_url": server.url}, "chatflow": phones}
    names = ("policy", "rag_qdrant", "answer_local", "learning", "desk_log", "chatflow")
    return lambda: salon_of(plugins=[{"name": each, "settings": settings.get(each, {})} for each in names])


async def taught(salon: Any, jid: str = JID) -> str:
    """The owner has answered, and it was approved at once; its id."""
    await salon.ask(jid, QUESTION)
    await salon.reply(ANSWER, await salon.handover(jid), manager="Owner")

    async def learnt() -> Any:
        return await salon.rig.rows("SELECT id FROM learned_responses WHERE status = 'approved'")

    [row] = await salon.rig.until(learnt, seconds=45)
    return str(row["id"])


async def job(salon: Any, status: str, attempts: int = 0) -> Any:
    """Wait until the job that carries it into the knowledge is so."""
    sql = "SELECT attempts, lease_until FROM jobs WHERE kind = 'learned' AND status = $1 AND attempts >= $2 AND lease_until IS NULL"

    async def found() -> Any:
        return await salon.rig.rows(sql, status, attempts)

    return await salon.rig.until(found, seconds=45)


def written(server: Any) -> int:
    """How many points were written to Qdrant."""
    return sum(len(body["points"]) for method, path, body in server.seen
               if method == "PUT" and path.split("?")[0].endswith("/points"))  # fmt: skip


def points(fake: Any) -> list[str]:
    """What Qdrant knows of learned answers."""
    found = (
        fake.local.scroll("truffles_knowledge", with_payload=True)[0]
        if fake.local.get_collections().collections
        else []
    )
    return [point.payload["answer"] for point in found]


async def test_qdrant_down_at_approval_learns_later_and_exactly_once(salon_with, qdrant) -> None:
    server, fake = qdrant
    salon = await salon_with()
    await salon.ask(OTHER, "Здравствуйте!")  # its facts are loaded
    fake.down = True
    await taught(salon)
    await job(salon, "waiting", attempts=1)
    assert points(fake) == []
    fake.down = False
    for pause in (6, 31, 121):
        await salon.pass_time(seconds=pause)
    await job(salon, "done")
    assert points(fake) == [ANSWER]
    assert written(server) == 1
    [chunks] = await salon.rig.rows(
        "SELECT count(*) AS count, max(v.version) AS version FROM knowledge_chunks, knowledge_versions v"
    )
    assert (chunks["count"], chunks["version"]) == (1, 1)
    await salon.pass_time(hours=24)
    assert written(server) == 1
    assert await salon.ask(OTHER, QUESTION) == ANSWER


async def test_a_job_that_failed_for_good_is_healed_by_reconcile(salon_with, qdrant, truffles) -> None:
    _, fake = qdrant
    salon = await salon_with()
    fake.down = True
    await taught(salon)
    for number, pause in enumerate(RETRIES, 1):
        await job(salon, "waiting", attempts=number)
        await salon.pass_time(seconds=pause + 1)
    await job(salon, "dead")

    code, printed = await truffles("knowledge", "reconcile", "salon")
    assert code == 1
    assert "plugins.rag_qdrant: is down or fails" in printed
    assert "truffles doctor" in printed
    assert "Traceback" not in printed

    fake.down = False
    code, printed = await truffles("knowledge", "reconcile", "salon", "--check")
    assert (code, points(fake)) == (1, []), printed
    assert "1 difference" in printed

    code, printed = await truffles("knowledge", "reconcile", "salon")
    assert (code, points(fake)) == (0, [ANSWER]), printed
    assert QUESTION in printed
    assert "agree" in printed
    assert await salon.rig.rows("SELECT 1 FROM jobs WHERE status = 'dead'") == [], "nobody has to look at it any more"
    assert (await truffles("knowledge", "reconcile", "salon", "--check"))[0] == 0
    assert await salon.ask(OTHER, QUESTION) == ANSWER


async def test_what_was_rejected_goes_and_other_words_are_put_right(salon_with, qdrant, truffles) -> None:
    _, fake = qdrant
    salon = await salon_with()
    learned = await taught(salon)
    await job(salon, "done")
    other = "Нет, с собаками нельзя."
    await salon.rig.rows("UPDATE learned_responses SET answer = $1", other)
    code, printed = await truffles("knowledge", "reconcile", "salon")
    assert (code, points(fake)) == (0, [other]), printed
    assert f"put right: learned:{learned}" in printed
    await salon.rig.rows("UPDATE learned_responses SET status = 'rejected'")
    code, printed = await truffles("knowledge", "reconcile", "salon", "--check")
    assert (code, points(fake)) == (1, [other]), printed
    code, printed = await truffles("knowledge", "reconcile", "salon")
    assert (code, points(fake)) == (0, []), printed
    assert "known, but not approved: forgotten" in printed
    [row] = await salon.rig.rows("SELECT qdrant_point_id FROM learned_responses")
    assert row["qdrant_point_id"] is None


async def test_an_operator_sees_what_was_learnt_and_takes_it_back(salon_with, qdrant, truffles) -> None:
    _, fake = qdrant
    salon = await salon_with()
    assert "nothing was learnt yet" in (await truffles("knowledge", "learned", "salon"))[1]
    learned = await taught(salon)
    await job(salon, "done")
    assert await salon.ask(OTHER, QUESTION) == ANSWER
    code, printed = await truffles("knowledge", "learned", "salon")
    [line] = [each for each in printed.splitlines() if learned[:8] in each]
    used = salon.rig.clock.now().astimezone(ZoneInfo("Asia/Almaty")).strftime("%Y-%m-%d")
    assert code == 0
    words = re.findall(r"[^\s│,:]+", line)  # a table, where the terminal is wide enough for one
    assert {learned[:8], "approved", "Owner", "1"} <= set(words)
    assert words.count(used) == 2, "when it was learnt, and when it was used last"
    assert QUESTION[:20] in line

    assert (await truffles("knowledge", "forget", "salon", "ffff"))[0] == 1
    code, printed = await truffles("knowledge", "forget", "salon", learned[:8])
    assert (code, points(fake)) == (0, []), printed
    assert "is forgotten" in printed
    [row] = await salon.rig.rows("SELECT status, decided_by, uses FROM learned_responses")
    assert dict(row) == {"status": "rejected", "decided_by": "CLI", "uses": 1}
    assert "already" in (await truffles("knowledge", "forget", "salon", learned))[1]
    [shown] = await salon.rig.rows(
        "SELECT payload -> 'data' AS d FROM outbox_messages WHERE kind = 'learned' ORDER BY seq DESC LIMIT 1"
    )
    assert shown["d"]["status"] == "rejected"
    assert (await truffles("knowledge", "reconcile", "salon", "--check"))[0] == 0

    [stored] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**stored["config"], "branches": [{"slug": "north", "name": "N", "knowledge_tag": "n"}]})
    where = {}
    for at in ("all", "north"):
        where[at] = (await truffles("knowledge", "learned", "salon"))[1]
        await salon.rig.rows("UPDATE handovers SET branch_id = (SELECT id FROM branches)")
    assert all(at in words for at, words in where.items()), where
