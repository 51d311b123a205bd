"""A plugin that raises, hangs or returns rubbish harms its own contribution and nothing else."""

from __future__ import annotations

import asyncio
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


@pytest.fixture(params=WAYS)
def broken(request, monkeypatch):
    """A hook that fails in one of three ways; where it hangs, the limits are short."""
    if request.param == "hangs":
        short = {name: replace(call, limit=0.1) for name, call in hookspecs.CALLS.items()}
        for name, call in short.items():
            monkeypatch.setitem(hookspecs.CALLS, name, call)
    return WAYS[request.param]


async def faults(salon, hook, count=1):
    """The recorded faults of a hook, at least `count`."""

    async def recorded():
        rows = await salon.rig.rows("SELECT plugin, hook, correlation_id, error FROM faults WHERE hook = $1", hook)
        return rows if len(rows) >= count else None

    rows = await salon.rig.until(recorded)
    assert all(row["correlation_id"] and row["error"] for row in rows)
    metrics = (await salon.rig.http.get("/metrics")).text
    assert f'truffles_plugin_faults_total{{hook="{hook}",plugin="broken",tenant="salon"}}' in metrics
    return rows


async def test_a_broken_on_inbound_costs_the_medium_never_the_text(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", on_inbound=broken), stub.knows("стоит", "5000 тенге")])
    assert await salon.ask(jid, "Сколько стоит так?", message_type="image", media=PICTURE) == "5000 тенге"
    await faults(salon, "on_inbound")
    await salon.ask(jid, ASK, message_type="image", media=PICTURE)
    [card] = await salon.desk("card")
    assert "Не принято: image (не удалось проверить)" in card
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'card'")
    assert "attachments" not in row["payload"]


async def test_a_broken_classify_is_skipped_and_the_next_is_asked(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", classify=broken)])
    assert "Здравствуйте" in await salon.ask(jid, "Здравствуйте")
    await faults(salon, "classify")
    await salon.balanced(accepted=1, answered=1)


async def test_without_any_classify_it_is_unsure(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", classify=broken)], brain=())
    assert "Уточните" in await salon.ask(jid, "Здравствуйте")
    await faults(salon, "classify")


async def test_a_broken_retrieve_is_skipped_and_the_others_are_fused(salon_of, jid, stub, broken) -> None:
    def retrieve(message):
        return [Passage(id="1", text="5000 тенге", confidence=0.9, query=message.text)]

    extra = [stub.plugin("broken", retrieve=broken), stub.plugin("library", retrieve=retrieve)]
    salon = await salon_of(extra=extra, brain=("policy", "answer_local"))
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"
    await faults(salon, "retrieve")


async def test_a_broken_answer_makes_the_turn_escalate(salon_of, jid, stub, broken) -> None:
    extra = [stub.plugin("broken", answer=broken), stub.plugin("vague", classify=lambda: Verdict(route=Route.UNSURE))]
    salon = await salon_of(extra=extra, brain=())
    assert "коллеге" in await salon.ask(jid, "Сколько стоит маникюр?")
    assert await salon.outcomes() == [("escalated", "answer failed")]
    await faults(salon, "answer")


async def test_a_broken_answer_leaves_the_next_one_its_turn(salon_of, jid, stub, broken) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", answer=broken), stub.knows("стоит", "5000 тенге")])
    assert await salon.ask(jid, "Сколько стоит маникюр?") == "5000 тенге"
    await faults(salon, "answer")


async def test_a_broken_escalate_keeps_the_handover_is_retried_and_alarmed(salon_of, jid, stub, broken) -> None:
    works = []

    def escalate(turn, card):
        if not works:
            return broken()
        return [Outgoing(channel="pager", recipient="all", text=card.question, kind=OutgoingKind.CARD)]

    pager = stub.plugin("broken", "pager", desk=True, escalate=escalate, deliver=_takes)
    salon = await salon_of(extra=[pager])
    assert "коллеге" in await salon.ask(jid, ASK)
    assert await salon.state() == ("pending", [("pending", None)])
    assert len(await salon.desk("card")) == 1
    await faults(salon, "escalate")
    await salon.rig.until(lambda: salon.desk("alarm"))
    assert any("карточку не удалось показать" in line for line in await salon.desk("alarm"))
    works.append(True)
    await salon.pass_time(seconds=6)
    cards = await salon.rig.rows(
        "SELECT payload->>'text' AS text FROM outbox_messages WHERE channel = 'pager' AND kind = 'card'"
    )
    assert [row["text"] for row in cards] == [ASK]


async def test_a_broken_deliver_is_a_failed_attempt_and_is_tried_again(salon_of, sim, jid, stub, broken) -> None:
    works, sent = [], []

    def deliver(delivery):
        if not works:
            return broken()
        sent.append(delivery.outgoing.text)
        return Receipt.sent()

    salon = await salon_of(extra=[stub.plugin("broken", "site", deliver=deliver)])
    body = {"client_slug": "salon", "remote_jid": "visitor", "content": ASK, "channel": "site"}
    answer = await salon.rig.post("/message", headers={"x-webhook-secret": sim.secret}, **body)
    assert answer.status_code == 200
    await faults(salon, "deliver")
    assert (await salon.state())[0] == "pending"
    assert len(await salon.desk("card")) == 1
    works.append(True)
    if broken is not hangs:  # after a time-out the words may have arrived: they are flagged, not repeated
        await salon.pass_time(seconds=3)
        assert len(sent) == 1


async def test_a_broken_on_manager_reply_is_called_again_and_the_words_are_safe(salon_of, jid, stub, broken) -> None:
    works, heard = [], []

    def on_manager_reply(reply):
        if not works:
            return broken()
        return heard.append((reply.text, reply.question, reply.role))

    salon = await salon_of(extra=[stub.plugin("broken", on_manager_reply=on_manager_reply)])
    await salon.ask(jid, ASK)
    await salon.reply("Слушаю вас", await salon.handover(), "Owner")
    assert salon.read(jid)[-1] == "Слушаю вас"
    await faults(salon, "on_manager_reply")
    works.append(True)
    await salon.pass_time(seconds=6)
    await salon.rig.until(lambda: _value(heard))
    assert heard == [("Слушаю вас", ASK, "owner")]


async def test_what_a_plugin_writes_that_no_database_takes_is_its_own_fault(salon_of, jid, stub) -> None:
    drafts = iter([Draft(text="a\0b"), Draft(text="\ud800"), Draft(text="x", unanswered=(1,)), Draft(text=" ")])
    salon = await salon_of(extra=[stub.plugin("broken", answer=lambda: next(drafts))], brain=())
    for number in range(4):
        await salon.ask(f"7700000020{number}@s.whatsapp.net", "Сколько стоит маникюр?")
    assert [outcome for outcome, _ in await salon.outcomes()] == ["escalated"] * 3 + ["answered"]
    await faults(salon, "answer", 3)


async def test_a_fault_alarms_the_owner_once_in_15_minutes(salon_of, jid, stub) -> None:
    salon = await salon_of(extra=[stub.plugin("broken", classify=raises)])
    for minutes in (0, 3, 3):
        salon.rig.clock.advance(minutes=minutes)
        await salon.ask(jid, "Здравствуйте")
        await faults(salon, "classify")
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


async def _value(value: object) -> object:
    return value
