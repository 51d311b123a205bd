"""Nobody is told two things: a new answer to a question that the bot has learnt takes the place of the old one."""

from __future__ import annotations

BRAIN = ("policy", "rag_qdrant", "answer_local", "learning")
FIRST, SECOND, THIRD = (f"7700000060{number}@s.whatsapp.net" for number in (1, 2, 3))
QUESTION = "Можно ли прийти к вам с маленькой собакой?"
YES, NO = "Да, с собакой можно, если она на поводке.", "Нет, с собакой больше нельзя."


async def answered_by_owner(salon, jid: str, words: str) -> str:
    """A customer asks, the owner answers at the desk and closes; the id of what was learnt."""
    await salon.ask(jid, QUESTION)
    handover = await salon.handover(jid)
    await salon.reply(words, handover, manager="Owner")
    await salon.press("resolve", handover, manager="Owner")

    async def learnt():
        return await salon.rig.rows("SELECT id FROM learned_responses WHERE handover_id = $1", handover)

    [row] = await salon.rig.until(learnt)
    return str(row["id"])


async def statuses(salon) -> dict[str, str]:
    """What is learnt, by its words."""
    rows = await salon.rig.rows("SELECT answer, status FROM learned_responses")
    return {row["answer"]: row["status"] for row in rows}


async def known(salon, *answers: str) -> bool:
    """Does the knowledge hold these learned answers and no others?"""

    async def as_wished():
        rows = await salon.rig.rows("SELECT answer FROM knowledge_chunks WHERE id LIKE 'learned:%'")
        return {row["answer"] for row in rows} == set(answers)

    return await salon.rig.until(as_wished)


async def test_a_new_answer_takes_the_place_of_the_old_one_once_the_owner_approves_it(salon_of) -> None:
    salon = await salon_of(brain=BRAIN)
    await answered_by_owner(salon, FIRST, YES)
    await known(salon, YES)
    assert await salon.ask(SECOND, QUESTION) == YES
    await salon.ask(SECOND, "Позовите менеджера")
    handover = await salon.handover(SECOND)
    await salon.reply(NO, handover, manager="Owner")

    async def asked():
        return [text for text in await salon.desk("learned") if NO in text]

    await salon.rig.until(asked)
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'learned' ORDER BY seq DESC LIMIT 1")
    about = row["payload"]["data"]
    assert about["status"] == "pending"
    assert "Заменит уже выученный ответ" in about["note"]
    assert await statuses(salon) == {YES: "approved", NO: "pending"}
    await salon.decide("approve", about["learned_id"])
    assert await statuses(salon) == {YES: "rejected", NO: "approved"}
    await known(salon, NO)
    assert await salon.ask(THIRD, QUESTION) == NO
