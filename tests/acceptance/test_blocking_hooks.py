"""A `def` hook that blocks holds up nobody but itself, and one that never ends is not called without end."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from truffles_chatflow.simulator import webhook_payload

from truffles_gateway import hookspecs
from truffles_gateway.messages import Draft
from truffles_gateway.threads import AT_ONCE

QUESTION = "Сколько стоит маникюр?"


class Stuck:
    """A `def answer` that blocks for the tenant `salon` until `gate` is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.began: list[str] = []
        self.ended: list[str] = []

    def answer(self, turn, message):
        if turn.tenant == "salon":
            self.began.append(message.text)
            self.gate.wait(60)
            self.ended.append(message.text)
        return Draft(text=f"5000 тенге, {turn.tenant}", verbatim=True)


@pytest.fixture
def stuck():
    made = Stuck()
    yield made
    made.gate.set()


@pytest.fixture
def both_of(salon_of, stub, stuck):
    """A salon and a clinic with the same plugin, which blocks for the salon only."""

    def answer(turn, message):
        return stuck.answer(turn, message)

    async def start(**options):
        salon = await salon_of(extra=[stub.plugin("stuck", answer=answer)], options=options)
        [served] = await salon.rig.rows("SELECT config FROM clients")
        plugins = [
            each | {"settings": each["settings"] | {"instance_id": "clinic"}} if each["name"] == "chatflow" else each
            for each in served["config"]["plugins"]
        ]
        await salon.rig.apply({**served["config"], "slug": "clinic", "plugins": plugins})
        return salon

    return start


@pytest.fixture
def short(monkeypatch):
    """`answer` may take 0.3 s."""
    call = hookspecs.CALLS["answer"]
    monkeypatch.setitem(hookspecs.CALLS, "answer", replace(call, limit=0.3))


async def clinic_is_answered(salon, jid) -> None:
    body = json.dumps(webhook_payload(jid, QUESTION)).encode()
    headers = {"x-webhook-secret": "secret-of-tests"}
    assert (await salon.rig.http.post("/webhook/clinic", content=body, headers=headers)).status_code == 200
    assert await salon.texts(jid, 1) == ["5000 тенге, clinic"]


def customer(number: int) -> str:
    return f"7700000030{number}@s.whatsapp.net"


async def test_others_are_answered_and_leases_renewed_while_a_def_blocks(both_of, jid, stuck) -> None:
    salon = await both_of(heartbeat_seconds=0.1)
    await salon.write(jid, QUESTION)

    async def thinking():
        lanes = await salon.rig.rows("SELECT lease_until FROM lanes WHERE lease_owner IS NOT NULL")
        return lanes[0]["lease_until"] if lanes and stuck.began else None

    first = await salon.rig.until(thinking)
    await clinic_is_answered(salon, customer(0))

    async def renewed():
        return await thinking() > first

    await salon.rig.until(renewed)
    assert not stuck.ended
    stuck.gate.set()
    assert await salon.texts(jid, 1) == ["5000 тенге, salon"]


async def test_a_def_that_blocks_past_its_limit_is_a_fault_and_a_human_is_called(both_of, jid, stuck, short) -> None:
    salon = await both_of()
    assert "коллеге" in await salon.ask(jid, QUESTION)
    assert await salon.outcomes() == [("escalated", "answer failed")]
    [fault] = await salon.rig.until(lambda: salon.rig.rows("SELECT hook, error FROM faults"))
    assert tuple(fault) == ("answer", "took longer than 0.3 s")
    assert not stuck.ended


async def test_threads_that_never_end_are_bounded_and_cost_only_their_own_tenant(both_of, jid, stuck, short) -> None:
    salon = await both_of()
    for number in range(AT_ONCE + 2):
        await salon.ask(customer(number), QUESTION)
    assert await salon.outcomes() == [("escalated", "answer failed")] * (AT_ONCE + 2)
    assert len(stuck.began) == AT_ONCE
    faults = await salon.rig.rows("SELECT error FROM faults ORDER BY at")
    assert ["still run" in fault["error"] for fault in faults] == [False] * AT_ONCE + [True] * 2
    await clinic_is_answered(salon, customer(8))
    stuck.gate.set()

    async def back():
        return len(stuck.ended) == AT_ONCE

    await salon.rig.until(back)
    assert await salon.ask(jid, QUESTION) == "5000 тенге, salon"
