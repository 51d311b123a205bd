"""Whole dialogues through the front door: a webhook comes in, the customer's phone shows what went out."""

from __future__ import annotations

from pathlib import Path

KNOWLEDGE = Path(__file__).parents[2] / "examples" / "demo_salon" / "knowledge"
BRAIN = ("policy", "rag_qdrant", "answer_local")


async def test_a_question_is_answered_from_the_facts(salon_of, jid) -> None:
    salon = await salon_of(brain=BRAIN)
    await salon.rig.sync("salon", KNOWLEDGE)
    await salon.sim.write(jid, "Где вы находитесь?")
    [answer] = await salon.texts(jid, 1)
    assert "Вымышленная, 12" in answer
    await salon.rig.settled()
    ledger = await salon.rig.ledger()
    assert ledger["balanced"] and ledger["tenants"][0]["answered"] == 1


async def test_an_unknown_question_goes_to_a_human_whose_words_come_back(salon_of, jid) -> None:
    salon = await salon_of(brain=BRAIN)
    await salon.sim.write(jid, "Вы чините стиральные машины?")
    await salon.texts(jid, 1)
    [handover] = await salon.rig.rows("SELECT id, status FROM handovers")
    response = await salon.rig.admin(
        "POST",
        "/admin/desk/reply",
        json={"client_slug": "salon", "handover_id": handover["id"], "text": "Нет", "manager": {"id": "owner"}},
    )
    assert response.status_code == 200, response.text
    assert (await salon.texts(jid, 2))[-1] == "Нет"
    [conversation] = await salon.rig.rows("SELECT state FROM conversations")
    assert conversation["state"] == "manager_active"
