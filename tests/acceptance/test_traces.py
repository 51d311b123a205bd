"""Every decision can be read afterwards, and one id leads from a webhook to everything that was done for it."""

from __future__ import annotations

CORRELATION = "from-the-sender-1"


async def post(salon, jid, text, **more):
    """A webhook with a correlation id of its own."""
    body = {
        "messageType": "text", "message": text,
        "metadata": {"remoteJid": jid, "messageId": "MSG1", "timestamp": int(salon.rig.clock.now().timestamp())},
    }  # fmt: skip
    headers = {"x-webhook-secret": salon.sim.secret, "x-correlation-id": CORRELATION}
    answer = await salon.rig.http.post("/webhook/salon", json=body, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["correlation_id"] == CORRELATION
    await salon.rig.settled()


def raises():
    raise RuntimeError("out of order")


async def test_no_correlation_id(salon_of, jid, stub, logs) -> None:
    """A known fault of earlier systems: here it stands in every log line, fault, row and card of a message."""
    salon = await salon_of(extra=[stub.plugin("broken", classify=raises)])
    await post(salon, jid, "Вы чините стиральные машины?")
    await salon.rig.until(lambda: salon.desk("alarm"))
    await salon.rig.settled()
    tables = ("inbox_events", "turns", "messages", "handovers", "state_changes", "outbox_messages", "jobs", "faults")
    for table in tables:
        rows = await salon.rig.rows(f"SELECT correlation_id FROM {table}")
        assert rows, table
        assert {row["correlation_id"] for row in rows} == {CORRELATION}, table
    about = [line for line in logs() if line["component"] in ("faults", "turns", "outbox", "jobs", "plugin.desk_log")]
    assert {line["component"] for line in about} >= {"faults", "plugin.desk_log"}
    assert {line.get("correlation_id") for line in about} == {CORRELATION}


async def test_a_managers_words_have_one_too(salon_of, jid) -> None:
    salon = await salon_of()
    await post(salon, jid, "Позовите менеджера")
    answer = await salon.rig.http.post(
        "/admin/desk/reply",
        headers={"authorization": "Bearer admin-of-tests", "x-correlation-id": "of-the-manager"},
        json={"client_slug": "salon", "handover_id": await salon.handover(), "text": "Да", "manager": {"id": "a"}},
    )  # fmt: skip
    assert answer.status_code == 200
    await salon.rig.settled()
    [row] = await salon.rig.rows("SELECT correlation_id FROM outbox_messages WHERE kind = 'human'")
    assert row["correlation_id"] == "of-the-manager"


async def why(salon, what):
    answer = await salon.rig.admin("GET", f"/admin/why/{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()["turns"]


async def test_why_shows_the_whole_decision_by_any_of_its_ids(salon_of, jid, stub) -> None:
    extra = [stub.plugin("broken", retrieve=raises), stub.knows("стоит", "5000 тенге")]
    salon = await salon_of(extra=extra)
    await post(salon, jid, "Сколько стоит маникюр?")
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM faults"))
    [turn] = await why(salon, "MSG1")
    assert (turn["tenant"], turn["outcome"], turn["status"]) == ("salon", "answered", "done")
    stages = {stage["stage"]: stage for stage in turn["stages"]}
    assert list(stages) == ["merge", "on_inbound", "classify", "retrieve", "answer", "firewall", "decide"]
    assert stages["merge"]["texts"] == ["Сколько стоит маникюр?"]
    assert (stages["classify"]["plugin"], stages["classify"]["outcome"]) == ("policy", "answer")
    assert "policy" in stages["classify"]["why"]
    assert stages["retrieve"]["asked"][0]["outcome"] == "failed"
    assert stages["answer"]["plugin"] == "knows"
    assert (stages["answer"]["draft"], stages["answer"]["confidence"]) == ("5000 тенге", 1.0)
    assert all(stages[name]["ms"] >= 0 for name in ("on_inbound", "classify", "retrieve", "answer"))
    assert turn["events"][0]["text"] == "Сколько стоит маникюр?"
    assert (turn["outgoing"][0]["text"], turn["outgoing"][0]["status"]) == ("5000 тенге", "sent")
    assert turn["faults"][0]["plugin"] == "broken"
    [row] = await salon.rig.rows("SELECT id, key FROM outbox_messages WHERE kind = 'reply'")
    for id in (CORRELATION, turn["turn_id"], row["id"], row["key"], turn["events"][0]["id"]):
        assert [each["turn_id"] for each in await why(salon, id)] == [turn["turn_id"]]
    missing = await salon.rig.admin("GET", "/admin/why/nothing")
    assert missing.status_code == 404


async def test_why_tells_of_a_handover_and_its_desk(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, "Позовите менеджера")
    handover = await salon.handover()
    [turn] = await why(salon, handover)
    stages = {stage["stage"]: stage for stage in turn["stages"]}
    assert stages["escalate"]["asked"][0] | {"ms": 0} == {"plugin": "desk_log", "outcome": "answered", "ms": 0}
    await salon.press("take", handover)
    turns = await salon.rig.rows("SELECT id, stages FROM turns WHERE kind = 'desk'")
    assert turns[0]["stages"] == [{"stage": "callback", "outcome": "handled"}]


async def test_why_of_an_ignored_event(salon_of, jid) -> None:
    salon = await salon_of(status="suspended")
    await post(salon, jid, "Здравствуйте")
    [event] = await why(salon, "MSG1")
    assert (event["outcome"], event["outcome_reason"]) == ("ignored", "suspended")
