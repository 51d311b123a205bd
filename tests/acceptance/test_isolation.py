"""A plugin that raises, hangs or returns rubbish harms its own contribution and nothing else."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace

import pytest

from truffles_gateway import hookspecs
from truffles_gateway.messages import Draft, Outgoing, OutgoingKind, Passage, Receipt, Route, Verdict

ASK = "Позовите менеджера, пожалуйста"
PICTURE = {"url": "https://app.chatflow.kz/1.jpg", "mimetype": "image/jpeg", "caption": "Сколько стоит так?"}


def raises():
    raise RuntimeError("out of order")


async def hangs():
    await asyncio.sleep(60)


def rubbish():
    return 42


def _takes():
    return Receipt.sent()


WAYS = {"raises": raises, "hangs": hangs, "rubbish": rubbish}
SHORT = 0.5


@pytest.fixture
def broken(stub, monkeypatch):
    """Three plugins whose `hook` raises, hangs and returns rubbish, until the list `repaired` holds something.

    They take the place of a desk or channel of their own name where `more` gives them one.
    """

    def make(hook, repaired=(), works=None, **more):
        call = hookspecs.CALLS[hook]
        monkeypatch.setitem(hookspecs.CALLS, hook, replace(call, limit=min(call.limit, SHORT)))
        return [_broken(stub, name, way, hook, repaired, works, more) for name, way in WAYS.items()]

    return make


def _broken(stub, name, way, hook, repaired, works, more):
    async def fail(**arguments):
        found = works(name, **arguments) if repaired else way()
        return await found if inspect.isawaitable(found) else found

    named = {
        "escalate": lambda card: fail(card=card),
        "deliver": lambda delivery: fail(delivery=delivery),
        "on_manager_reply": lambda reply: fail(reply=reply),
    }
    functions = {hook: named.get(hook, fail), **more}
    return stub.plugin(name, name if hook in ("escalate", "deliver") else "", **functions)


async def faults(salon, hook, names=tuple(WAYS)):
    """Wait until a fault of this hook is recorded for each of these plugins, and look at what is recorded."""

    async def recorded():
        rows = await salon.rig.rows("SELECT plugin, correlation_id, error FROM faults WHERE hook = $1", hook)
        return rows if {row["plugin"] for row in rows} >= set(names) else None

    rows = await salon.rig.until(recorded)
    assert all(row["correlation_id"] and row["error"] for row in rows)
    metrics = (await salon.rig.http.get("/metrics")).text
    for name in names:
        assert f'truffles_plugin_faults_total{{hook="{hook}",plugin="{name}",tenant="salon"}}' in metrics


async def test_a_broken_on_inbound_costs_the_medium_never_the_text(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[*broken("on_inbound"), stub.knows("стоит", "5000 тенге")])
    assert await salon.ask(jid, "Сколько стоит так?", message_type="image", media=PICTURE) == "5000 тенге"
    await faults(salon, "on_inbound")
    await salon.ask(jid, ASK, message_type="image", media=PICTURE)
    [card] = await salon.desk("card")
    assert "Не принято: image (не удалось проверить)" in card
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'card'")
    assert "attachments" not in row["payload"]


async def test_a_broken_classify_is_skipped_and_the_next_is_asked(salon_of, jid, broken) -> None:
    salon = await salon_of(extra=broken("classify"))
    assert "Здравствуйте" in await salon.ask(jid, "Здравствуйте")
    await faults(salon, "classify")
    await salon.balanced(accepted=1, answered=1)


async def test_without_any_classify_it_is_unsure(salon_of, jid, broken) -> None:
    salon = await salon_of(extra=broken("classify"), brain=())
    assert "Уточните" in await salon.ask(jid, "Здравствуйте")


async def test_a_broken_retrieve_is_skipped_and_the_others_are_fused(salon_of, jid, stub, broken) -> None:
    def retrieve(message):
        return [Passage(id="1", text="5000 тенге", confidence=0.9, query=message.text)]

    extra = [*broken("retrieve"), stub.plugin("library", retrieve=retrieve)]
    salon = await salon_of(extra=extra, brain=("policy", "answer_local"))
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"
    await faults(salon, "retrieve")


MANICURE = {"id": "manicure", "name": "Маникюр", "price": "5 000"}
PACK = {"pack": 1, "business": {"name": "Салон"}, "place": {"parking": "Во дворе"}, "services": [MANICURE]}


@pytest.fixture
def half(salon_of, sim, broken):
    """A salon whose pack knows a price and where to park, and whose retrievers all fail: `half(*extra)`."""

    async def start(*extra):
        failing = broken("retrieve")
        number = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}
        plugins = [
            {"name": "policy", "settings": {"pack": PACK}},
            *({"name": each.name} for each in (*failing, *extra)),
            {"name": "answer_local"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": number},
        ]
        return await salon_of(extra=[*failing, *extra], plugins=plugins)

    return start


async def test_what_nobody_read_because_a_retriever_failed_goes_to_a_human(half, jid) -> None:
    """The half that the pack knows is told; the other one, which the retriever might have known, is not dropped."""
    salon, question = await half(), "Сколько стоит маникюр и делаете ли вы пирсинг?"
    answer = await salon.ask(jid, question)
    assert "5 000" in answer
    assert "На остальное ответит коллега" in answer
    [card] = await salon.desk("card")
    assert f"Вопрос: {question}" in card
    assert "Сбой поиска по базе знаний" in card
    assert await salon.outcomes() == [("escalated", "partly known")]


async def test_the_desk_is_not_told_that_the_knowledge_lacks_what_nobody_could_look_up(half, jid) -> None:
    salon = await half()
    assert "коллеге" in await salon.ask(jid, "Делаете ли вы пирсинг?")
    [card] = await salon.desk("card")
    assert "Сбой поиска по базе знаний" in card


async def test_what_the_pack_knows_whole_needs_no_human_though_a_retriever_failed(half, jid) -> None:
    salon = await half()
    answer = await salon.ask(jid, "Здравствуйте! Сколько стоит маникюр и есть ли парковка?")
    assert "5 000" in answer
    assert "Во дворе" in answer
    await faults(salon, "retrieve")
    await salon.balanced(accepted=1, answered=1)


async def test_what_another_retriever_read_needs_no_human_though_one_failed(half, jid, stub) -> None:
    """Everything that asks for something is answered, by the pack and by a library; a greeting asks for nothing."""

    def retrieve(message):
        return [Passage(id="1", text="Пирсинга нет", confidence=0.9, query="делаете ли вы пирсинг")]

    salon = await half(stub.plugin("library", retrieve=retrieve))
    answer = await salon.ask(jid, "Здравствуйте! Сколько стоит маникюр и делаете ли вы пирсинг?")
    assert "5 000" in answer
    assert "Пирсинга нет" in answer
    await salon.balanced(accepted=1, answered=1)


async def test_a_broken_answer_makes_the_turn_escalate(salon_of, jid, stub, broken) -> None:
    vague = stub.plugin("vague", classify=lambda: Verdict(route=Route.UNSURE))
    salon = await salon_of(extra=[*broken("answer"), vague], brain=())
    assert "коллеге" in await salon.ask(jid, "Сколько стоит маникюр?")
    assert await salon.outcomes() == [("escalated", "answer failed")]
    await faults(salon, "answer")


async def test_a_broken_answer_leaves_the_next_one_its_turn(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[*broken("answer"), stub.knows("стоит", "5000 тенге")])
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"


async def test_a_broken_escalate_keeps_the_handover_is_retried_and_alarmed(salon_of, jid, broken) -> None:
    repaired = []

    def card_at(name, card):
        return [Outgoing(channel=name, recipient="all", text=card.question, kind=OutgoingKind.CARD)]

    salon = await salon_of(extra=broken("escalate", repaired, card_at, deliver=_takes))
    assert "коллеге" in await salon.ask(jid, ASK)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(await salon.desk("card")) == 1
    await faults(salon, "escalate")

    async def alarmed():
        return any("карточку не удалось показать" in line for line in await salon.desk("alarm"))

    await salon.rig.until(alarmed)
    repaired.append(True)
    salon.rig.clock.advance(seconds=6)

    async def cards():
        sql = "SELECT channel, payload->>'text' AS text FROM outbox_messages WHERE kind = 'card' AND channel = ANY($1)"
        return sorted(tuple(row) for row in await salon.rig.rows(sql, list(WAYS)))

    assert await salon.rig.until(cards) == sorted((name, ASK) for name in WAYS)
    assert await salon.state() == ("pending", [("pending", None)])


async def test_a_broken_deliver_is_a_failed_attempt_and_is_tried_again(salon_of, sim, broken) -> None:
    repaired, sent = [], []

    def works(name, delivery):
        sent.append(name)
        return Receipt.sent()

    salon = await salon_of(extra=broken("deliver", repaired, works))
    for name in WAYS:
        body = {"client_slug": "salon", "remote_jid": "visitor", "content": ASK, "channel": name}
        answer = await salon.rig.post("/message", headers={"x-webhook-secret": sim.secret}, **body)
        assert answer.status_code == 200
    await faults(salon, "deliver")
    assert len(await salon.desk("card")) == len(WAYS)
    repaired.append(True)
    salon.rig.clock.advance(seconds=3)

    async def settled():
        rows = await salon.rig.rows("SELECT channel, status FROM outbox_messages WHERE channel = ANY($1)", list(WAYS))
        found = {row["channel"]: row["status"] for row in rows}
        return found if "queued" not in found.values() and "sending" not in found.values() else None

    # after a time-out the words may have arrived: on a channel that does not know repeats they are flagged
    assert await salon.rig.until(settled) == {"raises": "sent", "hangs": "flagged", "rubbish": "sent"}
    assert sorted(sent) == ["raises", "rubbish"]


async def test_a_broken_on_manager_reply_is_called_again_and_the_words_are_safe(salon_of, jid, broken) -> None:
    repaired, heard = [], []

    def works(name, reply):
        heard.append((name, reply.text, reply.question, reply.role))

    salon = await salon_of(extra=broken("on_manager_reply", repaired, works))
    await salon.ask(jid, ASK)
    await salon.reply("Слушаю вас", await salon.handover(), "Owner")
    assert salon.read(jid)[-1] == "Слушаю вас"
    await faults(salon, "on_manager_reply")
    repaired.append(True)
    salon.rig.clock.advance(seconds=6)

    async def all_heard():
        return len(heard) == len(WAYS)

    await salon.rig.until(all_heard)
    assert sorted(heard) == sorted((name, "Слушаю вас", ASK, "owner") for name in WAYS)


async def test_what_a_plugin_writes_that_no_database_takes_is_its_own_fault(salon_of, jid, stub) -> None:
    drafts = iter([Draft(text="a\0b"), Draft(text="\ud800"), Draft(text="x", unanswered=(1,)), Draft(text=" ")])
    salon = await salon_of(extra=[stub.plugin("broken", answer=lambda: next(drafts))], brain=())
    for number in range(4):
        await salon.ask(f"7700000020{number}@s.whatsapp.net", "Сколько стоит маникюр?")
    assert [outcome for outcome, _ in await salon.outcomes()] == ["escalated"] * 3 + ["answered"]
    await faults(salon, "answer", ["broken"])
    assert len(await salon.rig.rows("SELECT 1 FROM faults")) == 3


async def test_a_fault_alarms_the_owner_once_in_15_minutes(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", classify=raises)])
    for minutes in (0, 3, 3):
        salon.rig.clock.advance(minutes=minutes)
        await salon.ask(jid, "Здравствуйте")
        await faults(salon, "classify", ["broken"])
    await salon.rig.until(lambda: salon.desk("alarm"))
    [alarm] = await salon.desk("alarm")
    assert "broken" in alarm
    assert "classify" in alarm
    await salon.pass_time(minutes=16)
    await salon.ask(jid, "Здравствуйте")

    async def again():
        await salon.rig.tick()
        return len(await salon.desk("alarm")) == 2

    await salon.rig.until(again)


async def test_a_reply_that_never_left_reaches_a_human_though_a_desk_is_broken(salon_of, jid, stub) -> None:
    pager = stub.plugin("broken", "pager", desk=True, escalate=raises, deliver=_takes)
    salon = await salon_of(extra=[pager, stub.knows("стоит", "5000 тенге")])
    salon.sim.behave(success=False, message="busy", jid=jid)
    await salon.write(jid, "Сколько стоит маникюр?")
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM outbox_messages WHERE attempts > 0"))
    await salon.pass_time(minutes=11)
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM handovers"))
    await salon.rig.settled()
    assert await salon.outcomes() == [("escalated", "undelivered")]
    assert len(await salon.desk("card")) == 1
    await salon.balanced(accepted=1, escalated=1)


async def test_a_turn_that_is_lost_leaves_no_hook_running(salon_of, jid, stub) -> None:
    """Two retrievers are asked side by side when somebody else claims the lane; one takes its time to tidy up."""
    running, ends = set(), []

    def retriever(name, tidying=0.0):
        async def retrieve():
            running.add(name)
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(tidying)
                running.discard(name)

        return stub.plugin(name, retrieve=retrieve)

    salon = await salon_of(
        extra=[retriever("quick"), retriever("tidy", 0.3)], options={"heartbeat_seconds": 0.1, "lease_seconds": 60.0}
    )
    await salon.write(jid, "Сколько стоит маникюр?")

    async def asked():
        return len(running) == 2

    await salon.rig.until(asked)
    [turn] = [task for task in asyncio.all_tasks() if "Worker._turn" in repr(task)]
    turn.add_done_callback(lambda _: ends.append(set(running)))
    await salon.rig.rows("UPDATE lanes SET lease_token = lease_token + 1 RETURNING 1")

    async def ended():
        return bool(ends)

    await salon.rig.until(ended)
    assert ends == [set()]
