"""Nobody is told two things: a new answer to a question that the bot has learnt takes the place of the old one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from truffles_gateway.plugin import Entry, Plugin, Progress, SyncReport

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


class Notebook:
    """A knowledge whose embedder takes its time over the first answer, until `go` is set."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    @property
    def plugin(self) -> Plugin:
        """As it is installed."""
        return Plugin(name="notebook", version="1", create=lambda settings, resources: self)

    async def sync(self, folder: Path, progress: Progress, *, shrink: bool = False) -> SyncReport:
        """It has no files."""
        return SyncReport()

    async def learn(self, entry: Entry) -> None:
        """Embed, then write."""
        first = not self.begun.is_set()
        self.begun.set()
        if first:
            await self.go.wait()
        self.known[entry.id] = entry.answer

    async def forget(self, id: str) -> None:
        """Take it out."""
        self.known.pop(id, None)

    async def held(self) -> dict[str, str]:
        """Nobody asks."""
        return {}

    async def check(self) -> str:
        """It can be reached."""
        return ""


@pytest.fixture
def notebook() -> Notebook:
    """The knowledge."""
    return Notebook()


async def overtaken(salon, notebook: Notebook) -> None:
    """All that was decided since is carried out while the first answer is still being embedded; then that one is done."""

    async def jobs_left(count: int):
        rows = await salon.rig.rows(
            "SELECT 1 FROM jobs WHERE kind IN ('learned', 'manager_reply') AND status = 'waiting'"
        )
        return len(rows) == count

    await salon.rig.until(lambda: jobs_left(1))
    notebook.go.set()
    await salon.rig.until(lambda: jobs_left(0))


async def test_an_answer_that_is_undone_while_it_is_being_learnt_is_forgotten(salon_of, notebook) -> None:
    salon = await salon_of(extra=[notebook.plugin], brain=("policy", "learning"))
    learned = await answered_by_owner(salon, FIRST, YES)
    await notebook.begun.wait()
    assert await salon.decide("undo", learned) == "Забыто."
    await overtaken(salon, notebook)
    assert notebook.known == {}
    assert await salon.rig.rows("SELECT 1 FROM learned_responses WHERE qdrant_point_id IS NOT NULL") == []


async def test_an_answer_that_is_added_to_while_it_is_being_learnt_is_known_as_it_is_now(salon_of, notebook) -> None:
    salon = await salon_of(extra=[notebook.plugin], brain=("policy", "learning"))
    await salon.ask(FIRST, QUESTION)
    handover = await salon.handover(FIRST)
    await salon.reply(YES, handover, manager="Owner")
    await notebook.begun.wait()
    await salon.reply("Просим намордник.", handover, manager="Owner")
    await overtaken(salon, notebook)
    assert list(notebook.known.values()) == [f"{YES} Просим намордник."]


OTHER, HOUR = "Сколько времени занимает мужская стрижка?", "Примерно полтора часа работы."


async def lessons(salon) -> list[tuple[str, str, str, str]]:
    """(question, answer, status, why a person is asked) of every learned answer as it was shown, the oldest first."""

    async def learnt():
        busy = "SELECT 1 FROM jobs WHERE kind IN ('learned', 'manager_reply') AND status = 'waiting'"
        return not await salon.rig.rows(busy)

    await salon.rig.until(learnt)
    rows = await salon.rig.rows(
        "SELECT payload -> 'data' AS d FROM outbox_messages WHERE kind = 'learned' ORDER BY seq"
    )
    return [tuple(row["d"][name] for name in ("question", "answer", "status", "note")) for row in rows]


async def test_the_answer_to_a_second_question_is_asked_about(salon_of) -> None:
    salon = await salon_of(brain=("policy", "learning"))
    await salon.ask(FIRST, QUESTION)
    handover = await salon.handover(FIRST)
    await salon.reply(YES, handover, manager="Owner")
    await salon.pass_time(minutes=1)
    await salon.ask(FIRST, OTHER)
    await salon.reply(HOUR, handover, manager="Owner")
    first, second = await lessons(salon)
    assert first == (QUESTION, YES, "approved", "")
    assert second[:3] == (f"{QUESTION} {OTHER}", f"{YES} {HOUR}", "pending")
    assert "другой вопрос" in second[3]


async def test_of_two_questions_before_the_answer_the_last_one_counts_and_a_person_is_asked(salon_of) -> None:
    salon = await salon_of(brain=("policy", "learning"))
    await salon.ask(FIRST, QUESTION)
    await salon.pass_time(minutes=1)
    await salon.ask(FIRST, OTHER)
    await salon.reply(HOUR, await salon.handover(FIRST), manager="Owner")
    [(question, answer, status, note)] = await lessons(salon)
    assert (question, answer, status) == (OTHER, HOUR, "pending")
    assert "другой вопрос" in note


async def test_what_nobody_asked_for_is_asked_about(salon_of, stub) -> None:
    """The bot has answered, and the owner has something to tell: in one message or in two."""
    salon = await salon_of(extra=[stub.knows("собак", YES)], brain=("policy", "learning"))
    await salon.ask(FIRST, QUESTION)
    for text in ("В воскресенье салон закрыт на ремонт.", "Приносим свои извинения клиентам."):
        await salon.reply(text, remote_jid=FIRST, manager="Owner")
    shown = await lessons(salon)
    assert shown
    assert {status for _, _, status, _ in shown} == {"pending"}
    assert all("не спрашивал" in note for *_, note in shown)
