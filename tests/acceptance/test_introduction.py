"""Whoever hears from the bot for the first time, or after a day, is told that a virtual assistant writes."""

from __future__ import annotations

import pytest

HONEST = {"disclose": True}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Здравствуйте", "Здравствуйте! Это виртуальный помощник «Salon». Чем можем помочь?"),
        ("Сәлеметсіз бе", "Бұл «Salon» виртуалды көмекшісі."),
        ("hello", "This is the virtual assistant of Salon."),
    ],
)
async def test_the_first_reply_says_who_writes(salon_of, jid, text, told) -> None:
    salon = await salon_of(dialogue=HONEST)
    [reply] = await read(salon, jid, text)
    assert told in reply


async def test_it_stands_in_the_same_message_as_whatever_is_answered_first(salon_of, jid) -> None:
    salon = await salon_of(dialogue=HONEST)
    [reply] = await read(salon, jid, "позовите менеджера")
    assert reply.startswith("Здравствуйте! Это виртуальный помощник «Salon».\n")
    assert len(reply.splitlines()) == 2


async def test_it_is_said_once_and_again_after_a_day(salon_of, jid) -> None:
    salon = await salon_of(dialogue=HONEST)
    await read(salon, jid, "Здравствуйте")
    salon.rig.clock.advance(hours=23)
    [second] = await read(salon, jid, "спасибо")
    assert "виртуальный помощник" not in second
    salon.rig.clock.advance(hours=24, minutes=1)
    [third] = await read(salon, jid, "привет")
    assert third.startswith("Здравствуйте! Это виртуальный помощник «Salon».")


async def test_who_writes_the_same_again_is_answered_once_all_the_same(salon_of, jid) -> None:
    salon = await salon_of(dialogue=HONEST)
    await read(salon, jid, "Здравствуйте")
    salon.rig.clock.advance(minutes=1)
    await salon.write(jid, "спасибо")
    await salon.rig.settled()
    assert await read(salon, jid, "Здравствуйте") == ["Слушаем вас 🙂"]


async def test_a_tenant_may_leave_it_out(salon_of, jid) -> None:
    salon = await salon_of(dialogue={"disclose": False})
    assert await read(salon, jid, "Здравствуйте") == ["Здравствуйте! Чем можем помочь?"]


async def read(salon, jid: str, text: str) -> list[str]:
    """What the customer reads new."""
    before = len(salon.read(jid))
    await salon.write(jid, text)
    await salon.rig.settled()
    return salon.read(jid)[before:]


async def test_a_name_with_marks_of_its_own_is_quoted_as_print_does(salon_of, jid) -> None:
    salon = await salon_of(dialogue=HONEST, name="Салон «Айна»")
    [reply] = await read(salon, jid, "Здравствуйте")
    assert "помощник «Салон „Айна“»." in reply
