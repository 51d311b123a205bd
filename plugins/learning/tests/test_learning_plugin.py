"""The hook: what is kept, what is approved at once, and why a person is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import ValidationError
from truffles_learning.plugin import Learning, plugin
from truffles_learning.settings import LearningSettings

from truffles_gateway.errors import StateChanged
from truffles_gateway.messages import ManagerReply, Person
from truffles_gateway.plugin import Chunk, LearnedAnswer
from truffles_gateway.testing import KnowledgeInMemory, LearnedInMemory, conforms, make_resources

QUESTION = "А вы делаете татуаж губ?"
ANSWER = "Да, делаем, держится около двух лет."


def reply(text: str = ANSWER, *, question: str = QUESTION, role: str = "owner", handover: str = "h1") -> ManagerReply:
    return ManagerReply(id="r1", tenant="test", handover_id=handover, conversation_id="c1", question=question, text=text,
                        person=Person(channel="telegram", id="1"), role=role, at=datetime.now(UTC), correlation_id="x")  # fmt: skip


Make = Callable[..., tuple[Learning, LearnedInMemory]]


@pytest_asyncio.fixture
async def make() -> AsyncIterator[Make]:
    async with httpx.AsyncClient() as http:

        def learner(
            *chunks: Chunk, languages: tuple[str, ...] = ("ru", "kk", "en"), learned: LearnedInMemory | None = None,
            **settings: Any,
        ) -> Any:  # fmt: skip
            learned = learned or LearnedInMemory()
            resources = make_resources(plugin, http, languages=languages, learned=learned,
                                       knowledge=KnowledgeInMemory(chunks))  # fmt: skip
            hooks = plugin.create(LearningSettings(**settings), resources)
            assert conforms(plugin, hooks) == []
            return hooks, learned

        yield learner


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "learning"]
    assert found.load() is plugin


@pytest.mark.parametrize(("role", "status"), [
    ("owner", "approved"), ("admin", "approved"), ("manager", "pending"), ("support", "pending"), ("", "pending"),
])  # fmt: skip
async def test_the_owner_s_words_are_approved_at_once_and_others_are_asked_about(
    make: Make, role: str, status: str
) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(role=role))
    kept = learned.answers["h1"]
    assert (kept.question, kept.answer, kept.status) == (QUESTION, ANSWER, status)
    assert learned.notes["h1"] == ("" if status == "approved" else "Ответил не владелец")


@pytest.mark.parametrize(("languages", "note"), [
    (("ru", "en"), "Этого нет в базе знаний: цена или число"),
    (("kk", "ru"), "Білім қорында жоқ: баға немесе сан"),
    (("en",), "Not in the knowledge: a price or number"),
])  # fmt: skip
async def test_the_note_is_in_the_tenant_s_language(make: Make, languages: tuple[str, ...], note: str) -> None:
    hooks, learned = make(languages=languages)
    await hooks.on_manager_reply(reply("Да, это 25 000 тенге."))
    assert (learned.answers["h1"].status, learned.notes["h1"]) == ("pending", note)


async def test_a_price_that_the_knowledge_holds_is_not_asked_about(make: Make) -> None:
    hooks, learned = make(Chunk(id="1", source="prices.csv", text="Татуаж губ — 25 000 ₸"))
    await hooks.on_manager_reply(reply("Да, это 25 тыс."))
    assert learned.answers["h1"].status == "approved"


async def test_a_learned_question_holds_no_price(make: Make) -> None:
    chunk = Chunk(id="1", source="learned", text="Вопрос: правда 25 000?\nОтвет: Нет.", question="правда 25 000?",
                  answer="Нет.", metadata={"origin": "learned"})  # fmt: skip
    hooks, learned = make(chunk)
    await hooks.on_manager_reply(reply("Да, это 25 000 тенге."))
    assert learned.answers["h1"].status == "pending"


@pytest.mark.parametrize(("question", "answer", "note"), [
    ("У вас есть лифт?", "Лифта у нас нет.", "слишком короткий"),
    (QUESTION, "Да, вас записали на татуаж.", "только этого клиента"),
    (QUESTION, "Да, спросите Айгерим.", "имя"),
])  # fmt: skip
async def test_a_doubt_asks_by_button(make: Make, question: str, answer: str, note: str) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(answer, question=question))
    assert learned.answers["h1"].status == "pending" and note in learned.notes["h1"]


async def test_a_question_nearly_equal_to_an_approved_one_names_it(make: Make) -> None:
    hooks, learned = make()
    learned.answers["h0"] = LearnedAnswer(
        id="0", handover_id="h0", question="вы делаете татуаж губ", answer="Нет.", status="approved"
    )
    await hooks.on_manager_reply(reply())
    assert learned.answers["h1"].status == "pending" and "«вы делаете татуаж губ»" in learned.notes["h1"]
    assert learned.answers["h1"].replaces == "0", "approved, it takes the place of the other"


@pytest.mark.parametrize("changes", [
    {"text": "ок"}, {"text": "Уточню и напишу вам"}, {"text": "// не наш клиент"}, {"text": "Здравствуйте!"},
    {"question": "позовите менеджера"}, {"question": "вы меня записали?"}, {"question": ""}, {"handover": ""},
])  # fmt: skip
async def test_what_teaches_nothing_is_not_kept(make: Make, changes: dict[str, str]) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(**changes))
    assert learned.answers == {}


async def test_it_can_be_switched_off_and_narrowed(make: Make) -> None:
    hooks, learned = make(enabled=False)
    await hooks.on_manager_reply(reply())
    assert learned.answers == {}
    hooks, learned = make(auto_approve=("owner",), min_question_words=1)
    await hooks.on_manager_reply(reply(role="admin"))
    await hooks.on_manager_reply(reply("Лифта у нас нет.", question="У вас есть лифт?", handover="h2"))
    assert [each.status for each in learned.answers.values()] == ["pending", "approved"]


async def test_words_that_went_with_a_file_ask_first(make: Make) -> None:
    """The bot would say them without it."""
    learner, learned = make()
    await learner.on_manager_reply(replace(reply(), with_file=True))
    assert learned.answers["h1"].status == "pending"
    assert learned.notes["h1"] == "С ответом ушёл файл, а бот скажет только слова"


async def test_the_same_reply_again_changes_nothing(make: Make) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(role="manager"))
    before = learned.answers["h1"]
    learned.answers["h1"] = approved = LearnedAnswer(
        id=before.id, handover_id="h1", question=QUESTION, answer=ANSWER, status="approved"
    )
    await hooks.on_manager_reply(reply(role="manager"))
    assert learned.answers["h1"] is approved, "a repeated call does not take back what the owner approved"


async def test_a_second_reply_is_joined_and_a_rejected_answer_stays_rejected(make: Make) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply())
    await hooks.on_manager_reply(reply("Спасибо, ждём вас!"))
    assert learned.answers["h1"].answer == ANSWER
    await hooks.on_manager_reply(reply("Коррекция через месяц."))
    await hooks.on_manager_reply(reply("Коррекция через месяц."))
    assert learned.answers["h1"].answer == f"{ANSWER} Коррекция через месяц."
    assert learned.answers["h1"].status == "approved"
    rejected = LearnedAnswer(id="1", handover_id="h1", question=QUESTION, answer=ANSWER, status="rejected")
    learned.answers["h1"] = rejected
    await hooks.on_manager_reply(reply("И ещё одно правило."))
    assert learned.answers["h1"] is rejected


async def test_the_owner_s_next_words_do_not_approve_a_manager_s(make: Make) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(role="manager"))
    await hooks.on_manager_reply(reply("Коррекция через месяц.", role="owner"))
    assert learned.answers["h1"].status == "pending" and "не подтверждена" in learned.notes["h1"]


async def test_no_answer_is_longer_than_the_limit(make: Make) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(" ".join(f"Правило {word} важно." for word in ["а" * n for n in range(1, 200)])))
    assert 1_000 < len(learned.answers["h1"].answer) <= 2_000


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError):
        LearningSettings.model_validate({"auto_aprove": []})


class Meeting(LearnedInMemory):
    """Another reply of the same handover is learned from right after this one was looked up, `times` times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def of(self, handover_id: str) -> LearnedAnswer | None:
        found = await super().of(handover_id)
        if self.times:
            self.times -= 1
            said = f"{found.answer if found else ''} Правило {'и' * (self.times + 1)} важно.".strip()
            await self.keep(reply(), question=QUESTION, answer=said, approve=True, old=found)
        return found


@pytest.mark.parametrize("times", [1, 4])
async def test_a_reply_that_meets_others_is_added_to_theirs(make: Make, times: int) -> None:
    learned = Meeting(times)
    hooks, _ = make(learned=learned)
    await hooks.on_manager_reply(reply())
    rules = " ".join(f"Правило {'и' * n} важно." for n in range(times, 0, -1))
    assert (learned.answers["h1"].answer, learned.answers["h1"].status) == (f"{rules} {ANSWER}", "approved")


async def test_a_reply_that_meets_others_without_end_is_tried_again_later(make: Make) -> None:
    hooks, _ = make(learned=Meeting(100))
    with pytest.raises(StateChanged):
        await hooks.on_manager_reply(reply())


async def test_an_owner_s_new_words_take_the_place_of_the_answer_and_wait_for_the_button(make: Make) -> None:
    hooks, learned = make()
    await hooks.on_manager_reply(reply(role="manager"))
    old = learned.answers["h1"]
    new = "Здравствуйте! Делаем, приходите к мастеру Айгерим."
    await hooks.on_manager_reply(replace(reply(new), amends=old.id))
    kept = learned.answers["h1"]
    assert (kept.id, kept.question, kept.answer, kept.status) == (old.id, QUESTION, new, "pending"), "word for word"
    assert learned.notes["h1"] == "Этого нет в базе знаний: имя"
    await hooks.on_manager_reply(replace(reply("уточню"), amends=old.id))
    assert learned.answers["h1"].answer == new and "ничему не учит" in learned.notes["h1"]


@pytest.mark.parametrize("status", ["approved", "rejected"])
async def test_what_is_decided_is_not_written_anew(make: Make, status: str) -> None:
    hooks, learned = make()
    decided = LearnedAnswer(id="0", handover_id="h1", question=QUESTION, answer=ANSWER, status=status)
    learned.answers["h1"] = decided
    await hooks.on_manager_reply(replace(reply("Нет, не делаем татуаж."), amends="0"))
    await hooks.on_manager_reply(replace(reply("Нет, не делаем татуаж.", handover="h2"), amends="1"))
    assert learned.answers == {"h1": decided}
