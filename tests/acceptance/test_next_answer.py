"""What one plugin cannot answer the next one is asked: behind a model stand the tenant's own facts, behind them a human."""

from __future__ import annotations

import json

import pytest

from truffles_gateway.messages import Draft, Passage, Route, Verdict

ASK = "Сколько стоит маникюр?"
FACT = "Маникюр — 5 000 ₸"
INVENTED = "Маникюр стоит 500 ₸, запишу вас"
NOBODY = "http://127.0.0.1:9/v1"


def retrieve(message):
    """The price list."""
    return [Passage(id="1", text=FACT, confidence=0.9, query=message.text)]


@pytest.fixture
def facts(stub):
    """A price list behind which `answer_local` stands, and no other knowledge."""
    return stub.plugin("library", retrieve=retrieve)


@pytest.fixture
def model_at(monkeypatch):
    """The plugin `llm_openai` as it stands in a config."""
    monkeypatch.setenv("TEST_MODEL_KEY", "sk-key-of-tests")

    def at(base_url, **settings):
        return {
            "name": "llm_openai",
            "settings": {"api_key": "env:TEST_MODEL_KEY", "base_url": base_url, "retries": 0} | settings,
        }

    return at


@pytest.fixture
def clever(salon_of, sim, stub, facts, model_at):
    """A salon with a model in front of its facts: `clever(base_url, leave_open=True)`."""

    async def start(base_url, *, leave_open=False, facts=facts, **settings):
        number = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
        plugins = [
            {"name": "policy", "settings": {"leave_open": leave_open}},
            {"name": facts.name},
            model_at(base_url, **settings),
            {"name": "answer_local"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": number},
        ]
        return await salon_of(extra=[facts], plugins=plugins)

    return start


def says(**fields) -> str:
    """A model's answer."""
    good = {"sources": ["p1"], "answer": "Маникюр стоит 5 000 ₸.", "unanswered": [], "confidence": 0.95}
    return json.dumps(good | fields, ensure_ascii=False)


def sorts(**fields) -> str:
    """A model's verdict."""
    good = {"why": "asks for a price", "route": "answer", "intent": "price", "language": "ru", "business": True}
    return json.dumps(good | {"confidence": 0.9} | fields, ensure_ascii=False)


async def trace(salon, stage: str) -> list:
    """The entries of one stage in the trace of the only turn."""
    [row] = await salon.rig.rows("SELECT stages FROM turns WHERE outcome IS NOT NULL")
    stages = json.loads(row["stages"]) if isinstance(row["stages"], str) else row["stages"]
    return [entry for entry in stages if entry["stage"] == stage]


async def test_a_model_answers_first(clever, jid, llmock) -> None:
    llmock.reply(says())
    salon = await clever(llmock.base_url())
    assert await salon.ask(jid, ASK) == "Маникюр стоит 5 000 ₸."


async def test_a_draft_that_is_not_sure_leaves_it_to_the_facts(clever, jid, llmock) -> None:
    llmock.reply(says(answer="Кажется, 5 000 ₸.", confidence=0.3))
    salon = await clever(llmock.base_url())
    assert await salon.ask(jid, ASK) == FACT
    assert [each["outcome"] for each in await trace(salon, "answer")] == ["below 0.5, dropped", "draft"]


@pytest.mark.parametrize("way", ["unreachable", "over budget"])
async def test_without_its_model_the_facts_answer(clever, jid, llmock, way) -> None:
    base_url, settings = (NOBODY, {}) if way == "unreachable" else (llmock.base_url(), {"daily_tokens": 1})
    salon = await clever(base_url, **settings)
    assert await salon.ask(jid, ASK) == FACT
    assert llmock.requests == []


async def test_without_model_and_facts_a_human_is_called_and_the_customer_told(clever, jid, stub) -> None:
    salon = await clever(NOBODY, facts=stub.plugin("library", retrieve=lambda message: ()))
    assert "коллеге" in await salon.ask(jid, ASK)
    await salon.balanced(accepted=1, escalated=1)


async def test_an_invented_price_is_repaired_once(clever, jid, llmock) -> None:
    llmock.reply(says(answer=INVENTED))
    llmock.reply(says())
    salon = await clever(llmock.base_url())
    assert await salon.ask(jid, ASK) == "Маникюр стоит 5 000 ₸."
    assert [each["outcome"] for each in await trace(salon, "firewall")] == ["struck", "passed"]


async def test_where_the_repair_fails_the_facts_answer(clever, jid, llmock) -> None:
    llmock.reply(says(answer=INVENTED), times=2)
    salon = await clever(llmock.base_url())
    assert await salon.ask(jid, ASK) == FACT
    assert len(llmock.requests) == 2
    assert salon.read(jid) == [FACT]


async def test_where_the_repair_fails_and_there_are_no_facts_a_human_is_called(salon_of, jid, stub) -> None:
    """However unclear the question: asking back would only be the next way not to answer."""
    insists = stub.plugin("insists", answer=lambda: Draft(text=INVENTED))
    unsure = stub.plugin("unsure", classify=lambda: Verdict(route=Route.UNSURE))
    salon = await salon_of(extra=[unsure, insists], brain=())
    assert "коллеге" in await salon.ask(jid, ASK)
    assert await salon.outcomes() == [("escalated", "claims without evidence")]
    [card] = await salon.desk("card")
    assert "Бот хотел назвать то, чего нет в базе знаний" in card
    assert "500" not in "".join(salon.read(jid))


async def test_a_second_model_is_held_back_as_the_first(salon_of, jid, stub) -> None:
    doubts = stub.plugin("doubts", answer=lambda: Draft(text="Дорого", confidence=0.1))
    insists = stub.plugin("insists", answer=lambda: Draft(text=INVENTED))
    salon = await salon_of(extra=[doubts, insists, stub.knows("стоит", FACT)])
    assert await salon.ask(jid, ASK) == FACT
    assert [each["objections"] for each in await trace(salon, "firewall")] == [["price: 500 ₸"]] * 2 + [[]]


async def test_what_the_rules_leave_open_the_model_sorts(clever, jid, llmock) -> None:
    llmock.reply(sorts(route="off_topic"))
    salon = await clever(llmock.base_url(), leave_open=True)
    assert "Salon" in await salon.ask(jid, "А как насчёт поворота?")
    [entry] = await trace(salon, "classify")
    assert (entry["plugin"], entry["outcome"]) == ("llm_openai", "off_topic")


async def test_what_the_rules_decide_no_model_is_asked(clever, jid, llmock) -> None:
    salon = await clever(llmock.base_url(), leave_open=True)
    assert "коллеге" in await salon.ask(jid, "Позовите менеджера")
    assert llmock.requests == []


async def test_without_leave_no_model_sorts_questions(clever, jid, llmock) -> None:
    llmock.reply(says())
    salon = await clever(llmock.base_url())
    await salon.ask(jid, ASK)
    [entry] = await trace(salon, "classify")
    assert (entry["plugin"], entry["outcome"]) == ("policy", "answer")


async def test_a_question_left_open_that_nobody_sorts_keeps_its_language_and_gets_its_fact(clever, jid) -> None:
    salon = await clever(NOBODY, leave_open=True)
    told = await salon.ask(jid, "маникюр қанша тұрады айтыңызшы?")
    assert told.endswith(FACT)
    assert told.startswith("Бұл туралы"), "said in Kazakh, although no model was there to tell the language"


async def test_two_that_came_to_the_same_fact_are_surer_than_each(salon_of, stub, jid) -> None:
    """It is said once, in the words of the first that believes in it."""

    def find(text: str, confidence: float):
        return lambda message: [Passage(id="1", text=text, confidence=confidence, query=message.text)]

    doubtful = [stub.plugin("one", retrieve=find("Маникюр 5", 0.1)), stub.plugin("two", retrieve=find(FACT, 0.48))]
    salon = await salon_of(brain=("policy", "answer_local"), extra=doubtful)
    assert await salon.ask(jid, ASK) == FACT
    assert (await salon.outcomes())[-1][0] == "answered"


async def test_one_that_doubts_alone_says_nothing(salon_of, stub, jid) -> None:
    alone = stub.plugin(
        "one", retrieve=lambda message: [Passage(id="1", text=FACT, confidence=0.4, query=message.text)]
    )
    salon = await salon_of(brain=("policy", "answer_local"), extra=[alone])
    assert "коллеге" in await salon.ask(jid, ASK)


async def test_what_one_plugin_says_twice_of_a_fact_counts_once(salon_of, stub, jid) -> None:
    def twice(message) -> list[Passage]:
        return [Passage(id=id, text=FACT, confidence=0.3, query=message.text) for id in ("1@north", "1@south", "1")]

    one = stub.plugin("one", retrieve=lambda message: [Passage(id="1", text=FACT, confidence=0.2, query=message.text)])
    salon = await salon_of(brain=("policy", "answer_local"), extra=[one, stub.plugin("two", retrieve=twice)])
    assert "коллеге" in await salon.ask(jid, ASK), "0.2 and 0.3 are no 0.73"
