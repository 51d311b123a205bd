"""Whole dialogues through the front door: a webhook comes in, the customer's phone shows what went out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from truffles_gateway.messages import Author, Draft, told_last

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


async def test_a_line_of_the_bots_says_which_facts_it_rests_on(salon_of, stub, jid) -> None:
    """Who reads the history knows what was told last, until somebody says more."""
    heard: list[list[tuple[Author, tuple[str, ...]]]] = []
    told: list[tuple[str, ...]] = []

    def answer(turn, message) -> Draft | None:
        heard.append([(line.author, line.sources) for line in turn.history])
        told.append(told_last(turn.history, turn.now, timedelta(minutes=30)))
        known = {"стрижка?": ("pack:services.cut", "x"), "маникюр?": ()}
        return (
            Draft(text=f"Да, {message.text}", sources=known[message.text], verbatim=True)
            if message.text in known
            else None
        )

    salon = await salon_of(extra=[stub.plugin("teller", answer=answer)])
    for text in ("стрижка?", "маникюр?", "солярий?", "а что ещё?"):
        await salon.ask(jid, text)
    facts = ("pack:services.cut", "x")
    assert told[:3] == [(), facts, ()], "a reply that rests on nothing ends it"
    assert heard[1] == [(Author.CUSTOMER, ()), (Author.BOT, facts)]
    assert heard[2][:2] == heard[1] and heard[2][2:] == [(Author.CUSTOMER, ()), (Author.BOT, ())]
    assert not any(sources for author, sources in heard[-1] if author is not Author.BOT)
