"""One thought in several messages is one turn, and a reply that is not yet out is thought over when more arrives."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from truffles_gateway.messages import Draft

SLOW = {"complete": 60.0, "fragment": 60.0, "longest": 300.0}
SPEC = {"complete": 1.0, "fragment": 4.0, "longest": 12.0}


@pytest.fixture
def parrot(stub):
    """Answers with what it was asked, so that a test sees what was thought about."""
    return stub.plugin("parrot", answer=lambda message: Draft(text="Ответ: " + message.text.replace("\n", " | ")))


async def waits(salon) -> float:
    """Seconds from the only lane's first event until its turn may start."""
    [lane] = await salon.rig.rows("SELECT ready_at, open_since FROM lanes WHERE kind = 'customer'")
    return round((lane["ready_at"] - lane["open_since"]).total_seconds(), 1)


async def test_pieces_of_a_thought_are_joined_in_order_with_every_id_and_attachment(salon_of, jid, parrot) -> None:
    salon = await salon_of(extra=[parrot], brain=(), timing=SLOW)
    picture = {"url": "https://app.chatflow.kz/1.jpg", "mimetype": "image/jpeg", "caption": "вот такой"}
    await salon.write(jid, "Здравствуйте", message_id="M1")
    await salon.write(jid, "сколько", message_id="M2")
    await salon.write(jid, "вот такой", message_type="image", media=picture, message_id="M3")
    await salon.write(jid, "стоит?", message_id="M4")
    assert salon.read(jid) == []
    await salon.pass_time(seconds=61)
    assert salon.read(jid) == ["Ответ: Здравствуйте | сколько | вот такой | стоит?"]
    rows = await salon.rig.rows("SELECT content, metadata FROM messages WHERE role = 'user' ORDER BY seq")
    assert [row["metadata"]["event_id"] for row in rows] == ["M1", "M2", "M3", "M4"]
    assert [part["url"] for row in rows for part in row["metadata"].get("media", ())] == [picture["url"]]
    assert len(await salon.rig.rows("SELECT id FROM turns")) == 1
    await salon.balanced(accepted=4, answered=4)


@pytest.mark.parametrize(
    ("pieces", "seconds"),
    [
        (["Сколько стоит маникюр с покрытием?"], 1.0),
        (["Здравствуйте"], 4.0),
        (["а вот"], 4.0),
        (["Здравствуйте", "Сколько стоит маникюр?"], 1.0),
        (["Сколько стоит маникюр?", "и ещё"], 4.0),
    ],
)
async def test_how_long_a_turn_waits(salon_of, jid, pieces, seconds) -> None:
    salon = await salon_of(timing=SPEC, options={"work": False})
    for piece in pieces:
        await salon.write(jid, piece)
    assert seconds <= await waits(salon) <= seconds + 0.7


async def test_whoever_never_pauses_is_answered_after_12_seconds(salon_of, jid) -> None:
    salon = await salon_of(timing=SPEC, options={"work": False})
    for _ in range(5):
        await salon.write(jid, "и ещё")
        salon.rig.clock.advance(seconds=3)
    assert await waits(salon) == 12.0


async def test_a_medium_without_caption_waits_for_its_words(salon_of, jid) -> None:
    salon = await salon_of(timing=SPEC, options={"work": False})
    await salon.write(
        jid, message_type="image", media={"url": "https://app.chatflow.kz/1.jpg", "mimetype": "image/jpeg"}
    )
    assert await waits(salon) == 4.0


async def test_an_edit_before_the_answer_replaces(salon_of, jid, parrot) -> None:
    salon = await salon_of(extra=[parrot], brain=(), timing=SLOW)
    await salon.write(jid, "Сколько стоит педикюр?", message_id="M1")
    await salon.write(jid, "И где вы?", message_id="M2")
    await salon.write(jid, "Сколько стоит маникюр?", message_id="M3", message_type="edited", replaces="M1")
    await salon.pass_time(seconds=61)
    assert salon.read(jid) == ["Ответ: Сколько стоит маникюр? | И где вы?"]
    await salon.balanced(accepted=3, answered=3)


async def test_more_arrives_while_the_bot_thinks_and_it_thinks_again(salon_of, jid, stub) -> None:
    thoughts, go_on = [], asyncio.Event()

    async def answer(message):
        thoughts.append(message.text)
        await go_on.wait()
        return Draft(text=f"Ответ на {message.text.count('?')}")

    salon = await salon_of(extra=[stub.plugin("slow", answer=answer)], brain=())
    await salon.write(jid, "Сколько стоит маникюр?")
    await salon.rig.until(lambda: _true(thoughts))
    await salon.write(jid, "И где вы находитесь?")
    go_on.set()
    await salon.rig.settled()
    assert salon.read(jid) == ["Ответ на 2"]
    assert thoughts[-1] == "Сколько стоит маникюр?\nИ где вы находитесь?"
    assert len(await salon.rig.rows("SELECT id FROM messages WHERE role = 'user'")) == 2
    await salon.balanced(accepted=2, answered=2)


async def test_a_reply_that_the_channel_did_not_take_is_withdrawn_when_more_arrives(salon_of, jid, parrot) -> None:
    salon = await salon_of(extra=[parrot], brain=())
    salon.sim.behave(success=False, message="busy")
    await salon.write(jid, "Сколько стоит маникюр?")
    await salon.rig.until(
        lambda: salon.rig.rows("SELECT 1 FROM outbox_messages WHERE status = 'queued' AND attempts > 0")
    )
    salon.sim.behave(clear=True)
    await salon.write(jid, "И где вы находитесь?")
    await salon.rig.settled()
    assert salon.read(jid) == ["Ответ: Сколько стоит маникюр? | И где вы находитесь?"]
    await salon.pass_time(minutes=1)
    assert len(salon.read(jid)) == 1
    rows = await salon.rig.rows("SELECT status FROM outbox_messages WHERE channel <> 'desk_log' ORDER BY seq")
    assert [row["status"] for row in rows] == ["withdrawn", "sent"]
    assert len(await salon.rig.rows("SELECT id FROM messages WHERE role = 'assistant'")) == 1
    await salon.balanced(accepted=2, answered=2)


async def test_a_withdrawn_opt_out_counts_once(salon_of, jid) -> None:
    salon = await salon_of()
    salon.sim.behave(success=False, message="busy")
    await salon.write(jid, "Не пишите мне больше")
    await salon.rig.until(
        lambda: salon.rig.rows("SELECT 1 FROM outbox_messages WHERE status = 'queued' AND attempts > 0")
    )
    salon.sim.behave(clear=True)
    await salon.write(jid, "Пожалуйста, не пишите")
    await salon.rig.settled()
    [row] = await salon.rig.rows("SELECT bot_muted_until, mute_count FROM conversations")
    assert row["mute_count"] == 1
    assert row["bot_muted_until"] - salon.rig.clock.now() <= timedelta(minutes=30)


async def test_a_withdrawn_greeting_was_no_greeting(salon_of, jid) -> None:
    salon = await salon_of()
    salon.sim.behave(success=False, message="busy")
    await salon.write(jid, "Здравствуйте")
    await salon.rig.until(
        lambda: salon.rig.rows("SELECT 1 FROM outbox_messages WHERE status = 'queued' AND attempts > 0")
    )
    salon.sim.behave(clear=True)
    await salon.write(jid, "Добрый день")
    await salon.rig.settled()
    [greeting] = salon.read(jid)
    assert greeting.startswith("Здравствуйте")
    again = await salon.ask(jid, "Добрый день")
    assert again
    assert again != greeting


async def test_a_turn_that_is_tried_again_has_the_same_members(salon_of, jid, parrot, database_url) -> None:
    """The database refuses its commit; what arrives meanwhile does not join it, but makes the next turn. That one takes the
    first reply back where it was not sent yet, and answers both."""
    salon = await salon_of(extra=[parrot], brain=())
    await salon.rig.gateway.database.execute(
        "CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.content = 'Ответ: Первый вопрос?' THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END $$"
    )
    await salon.rig.gateway.database.execute(
        "CREATE TRIGGER break_once BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION break_once()"
    )
    await salon.write(jid, "Первый вопрос?")
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM turns WHERE attempts > 0"))
    await salon.write(jid, "Второй вопрос?")
    await salon.rig.gateway.database.execute("DROP TRIGGER break_once ON messages")
    await salon.pass_time(seconds=3)
    await salon.rig.until(lambda: _true("Второй" in " ".join(salon.read(jid))))
    await salon.rig.settled()
    apart, together = ["Ответ: Первый вопрос?", "Ответ: Второй вопрос?"], ["Ответ: Первый вопрос? | Второй вопрос?"]
    assert salon.read(jid) in (apart, together)
    tried_again = (await salon.rig.rows("SELECT stages FROM turns WHERE attempts > 0"))[0]["stages"]
    merged = next(stage for stage in tried_again if stage["stage"] == "merge")
    assert merged["texts"] == ["Первый вопрос?"]
    assert merged["attempt"] > 1


async def _true(value: object) -> bool:
    return bool(value)
