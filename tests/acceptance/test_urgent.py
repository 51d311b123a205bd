"""What cannot wait: it stands out at the desk at once, and does not silence the bot."""

from __future__ import annotations

import pytest

ASK, LATE, CANCEL = "Позовите менеджера, пожалуйста", "Я опаздываю на 10 минут", "Отмените мою запись, пожалуйста"


@pytest.mark.parametrize("words", [LATE, CANCEL])
async def test_an_urgent_card_says_so_at_first_sight_and_the_bot_goes_on(salon_of, jid, stub, words) -> None:
    salon = await salon_of(extra=[stub.knows("где", "Улица Вымышленная, 12")])
    await salon.ask(jid, words)
    [card] = await salon.desk("card")
    assert card.startswith("⚡ Нужен человек: ")
    assert words in card
    assert await salon.ask(jid, "Где вы находитесь?") == "Улица Вымышленная, 12"
    assert await salon.state() == ("pending", [("pending", None)])


async def test_a_card_that_can_wait_does_not_say_so(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, ASK)
    [card] = await salon.desk("card")
    assert card.startswith("Нужен человек: ")


@pytest.mark.parametrize("taken", [False, True])
async def test_urgent_words_stand_out_where_somebody_reads_along(salon_of, jid, taken) -> None:
    salon = await salon_of()
    await salon.ask(jid, ASK)
    if taken:
        await salon.press("take", await salon.handover())
    await salon.ask(jid, "Спасибо")
    await salon.ask(jid, LATE)
    await salon.ask(jid, CANCEL)
    assert await salon.desk("forward") == ["Спасибо", f"⚡ {LATE}", f"⚡ {CANCEL}"]
    rows = await salon.rig.rows(
        "SELECT payload -> 'data' ->> 'mark' AS mark FROM outbox_messages WHERE kind = 'forward'"
    )
    assert sorted(row["mark"] or "" for row in rows) == ["", "⚡", "⚡"]
    assert len(await salon.desk("card")) == 1
    assert len((await salon.state())[1]) == 1


async def test_urgent_words_wait_for_no_more_than_five_seconds(salon_of, jid) -> None:
    """With the pauses of a tenant that sets none itself."""
    salon = await salon_of(timing={})
    for number, words in enumerate([LATE, CANCEL, "я у двери"]):
        await salon.write(jid.replace("11@", f"{number}1@"), words)
    waits = await salon.rig.rows(
        "SELECT extract(epoch FROM l.ready_at - e.received_at) AS wait FROM lanes l"
        " JOIN inbox_events e ON e.client_id = l.client_id AND e.lane = l.lane AND l.ready_at IS NOT NULL"
    )
    assert waits
    assert all(row["wait"] < 4.5 for row in waits)


async def test_an_edit_of_a_customer_is_marked_at_the_desk(salon_of, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, ASK)
    await salon.ask(jid, "Буду завтра в пять", message_id="M2")
    await salon.pass_time(seconds=5)
    await salon.write(jid, "Буду завтра в шесть", message_id="M3", message_type="edited", replaces="M2")
    await salon.rig.settled()
    assert await salon.desk("forward") == ["Буду завтра в пять", "✏️ Буду завтра в шесть"]
