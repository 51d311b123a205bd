"""Voice notes: what is said in them is answered, read back where it may be wrong, and left to people where nobody knows it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from truffles_speech_openai.simulator import AudioApi

PRICE, KAZAKH = "Маникюр 5000 тенге", "Маникюр 5000 теңге тұрады"
ASKED = "Сколько стоит маникюр?"
MIXED = "Не пишите мне больше. А сколько стоит маникюр?"
SLOW = {"complete": 60.0, "fragment": 60.0, "longest": 300.0}
KEY = "sk-key-of-tests-1f3a"


def voice(number: int = 0, **more: Any) -> dict[str, Any]:
    """A voice note as the provider posts it, with its bytes inline; each number is another one."""
    data = base64.b64encode(sound(number)).decode()
    media = {"base64": data, "mimetype": "audio/ogg; codecs=opus", "ptt": True, "seconds": 3, **more}
    return {"message_type": "ptt", "media": media}


def sound(number: int = 0) -> bytes:
    """Enough of an Ogg file for whoever looks what it is."""
    return b"OggS\0\2" + bytes(20) + b"OpusHead" + bytes([number]) * 1_000


@pytest_asyncio.fixture
async def api() -> AsyncIterator[AudioApi]:
    """The audio API."""
    async with AudioApi() as simulator:
        yield simulator


@pytest.fixture
def voice_salon(
    salon_of: Any, salon_config: Any, stub: Any, api: AudioApi, monkeypatch: Any
) -> Callable[..., Awaitable[Any]]:
    """A salon that hears voice notes and knows one price."""
    monkeypatch.setenv("TEST_SPEECH_KEY", KEY)

    def answer(message: Any, verdict: Any) -> Any:
        said = message.text.lower()
        if "маникюр" not in said:
            return None
        return stub.draft(KAZAKH if "қанша" in said else PRICE)

    async def start(*, speech: dict[str, Any] | None = None, **changes: Any) -> Any:
        settings = {"base_url": api.url, "api_key": "env:TEST_SPEECH_KEY", "retries": 0, **(speech or {})}
        knows = stub.plugin("knows", answer=answer)
        chosen = [
            {"name": "media"}, {"name": "speech_openai", "settings": settings}, {"name": "policy"}, {"name": "knows"},
            *salon_config()["plugins"][-2:],
        ]  # fmt: skip
        more = changes.pop("extra", [])
        chosen[2:2] = [{"name": each.name} for each in more]
        return await salon_of(extra=[knows, *more], plugins=chosen, **changes)

    return start


async def customer_lines(salon: Any) -> list[tuple[str, dict[str, Any]]]:
    """What the history holds of the customer's, with the first medium of each."""
    rows = await salon.rig.rows("SELECT content, metadata FROM messages WHERE role = 'user' ORDER BY seq")
    return [(row["content"], next(iter(row["metadata"].get("media", ())), {})) for row in rows]


async def test_what_is_said_is_answered_and_kept(voice_salon, api, jid) -> None:
    api.says(ASKED)
    salon = await voice_salon()
    assert await salon.ask(jid, "", **voice()) == PRICE
    [(content, medium)] = await customer_lines(salon)
    assert (content, medium["transcript"]) == (ASKED, ASKED)
    assert "doubtful" not in medium
    [asked] = api.asked
    assert (asked.sound, asked.mime, asked.key) == (sound(), "audio/ogg", KEY)
    await salon.balanced(accepted=1, answered=1)


async def test_what_no_desk_is_shown_is_heard_all_the_same(voice_salon, api, jid) -> None:
    salon = await voice_salon(media={"forward_to_telegram": False})
    api.says(ASKED)
    assert await salon.ask(jid, "", **voice()) == PRICE


async def test_notes_and_words_of_a_burst_are_one_message_in_their_order(voice_salon, api, jid) -> None:
    api.says("сколько стоит", sound=sound(1))
    api.says("и педикюр", sound=sound(2))
    salon = await voice_salon(timing=SLOW)
    for text, more in (("Добрый день", {}), ("", voice(1)), ("маникюр", {}), ("", voice(2))):
        await salon.write(jid, text, **more)
    await salon.pass_time(seconds=61)
    [row] = await salon.rig.rows("SELECT stages FROM turns")
    [heard] = [each for each in row["stages"] if each["stage"] == "on_inbound"]
    assert heard["outcome"] == "Добрый день\nсколько стоит\nманикюр\nи педикюр"


async def test_a_doubtful_one_is_read_back_and_counts_after_a_yes(voice_salon, api, jid) -> None:
    api.says(ASKED, sure=0.2)
    salon = await voice_salon()
    assert await salon.ask(jid, "", **voice()) == f"Вы сказали: «{ASKED}». Верно? Ответьте «да» или «нет»."
    assert (await customer_lines(salon))[0][1]["doubtful"] is True
    assert await salon.ask(jid, "Да!") == PRICE
    assert await salon.outcomes() == [("answered", "read back"), ("answered", "")]
    await salon.balanced(accepted=2, answered=2)


@pytest.mark.parametrize("yes", ["👍", "ок", "иә", "yes, thanks"])
async def test_a_yes_has_many_forms(voice_salon, api, jid, yes) -> None:
    api.says(ASKED, sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    assert await salon.ask(jid, yes) == PRICE


async def test_a_yes_may_be_spoken(voice_salon, api, jid) -> None:
    api.says(ASKED, sure=0.2)
    api.says("Да.", sure=0.2)  # as short as it is, it is an answer and not doubtful
    salon = await voice_salon()
    await salon.ask(jid, "", **voice(1))
    assert await salon.ask(jid, "", **voice(2)) == PRICE


async def test_a_no_asks_for_it_once_more(voice_salon, api, jid) -> None:
    api.says("Сколько стоит монитор?", sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    assert "не расслышали" in await salon.ask(jid, "нет")
    assert await salon.ask(jid, ASKED) == PRICE
    assert (await salon.outcomes())[1] == ("answered", "misheard")


async def test_whoever_says_something_else_is_answered_that(voice_salon, api, jid) -> None:
    api.says("Сколько стоит монитор?", sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    assert await salon.ask(jid, ASKED) == PRICE
    assert await salon.ask(jid, "да") != PRICE


async def test_after_15_minutes_a_yes_is_only_a_word(voice_salon, api, jid) -> None:
    api.says(ASKED, sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    await salon.pass_time(minutes=16)
    assert await salon.ask(jid, "да") != PRICE


async def test_in_kazakh(voice_salon, api, jid) -> None:
    api.says("Маникюр қанша тұрады?", sure=0.2)
    salon = await voice_salon()
    assert (
        await salon.ask(jid, "", **voice())
        == "Сіз «Маникюр қанша тұрады?» дедіңіз бе? «Иә» немесе «жоқ» деп жауап беріңіз."
    )
    assert await salon.ask(jid, "иә") == KAZAKH


async def test_a_short_answer_to_the_bots_own_question_may_be_spoken(voice_salon, api, jid) -> None:
    api.says("Да", sure=0.1)
    salon = await voice_salon()
    assert "«да»" in await salon.ask(jid, MIXED)
    assert "больше не пишем" in await salon.ask(jid, "", **voice())


async def test_a_spoken_no_to_it_has_the_question_answered(voice_salon, api, jid) -> None:
    api.says("Жоқ.", sure=0.1)
    salon = await voice_salon()
    await salon.ask(jid, MIXED)
    assert await salon.ask(jid, "", **voice()) == PRICE


@pytest.mark.parametrize(
    ("note", "speech", "failure"),
    [
        (voice(), {}, (500, 1)),
        (voice(), {}, (401, 1)),
        (voice(), {"max_size_mb": 0.0005}, (200, 0)),
        (voice(seconds=600), {}, (200, 0)),
    ],
    ids=["failing server", "wrong key", "too large", "too long"],
)
async def test_a_note_that_nobody_could_make_text_goes_to_people(voice_salon, api, jid, note, speech, failure) -> None:
    status, requests = failure
    api.fails(status)
    salon = await voice_salon(speech=speech)
    assert "коллеге" in await salon.ask(jid, "", **note)
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'card'")
    [shown] = row["payload"]["attachments"]
    assert shown["voice"]
    assert shown["blob"]
    assert await salon.outcomes() == [("escalated", "media")]
    assert len(api.asked) == requests


async def test_a_slow_server_holds_a_turn_no_longer_than_it_may(voice_salon, api, jid) -> None:
    api.answering.clear()
    salon = await voice_salon(speech={"seconds": 0.3})
    assert "коллеге" in await salon.ask(jid, "", **voice())
    assert await salon.outcomes() == [("escalated", "media")]


async def test_the_owner_is_told_once_that_notes_are_not_heard(voice_salon, api, jid) -> None:
    api.fails(401, "Incorrect API key provided", times=2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice(1))
    await salon.ask(jid, "", **voice(2))
    [alarm] = await salon.desk("alarm")
    assert "не расшифровываются" in alarm
    assert "401" in alarm
    assert KEY not in alarm


async def test_what_is_invented_where_nobody_speaks_is_no_message(voice_salon, api, jid) -> None:
    api.says("Продолжение следует...", sure=0.6, silence=0.9)
    salon = await voice_salon()
    assert "коллеге" in await salon.ask(jid, "", **voice())
    assert (await customer_lines(salon))[0][0] == ""


async def test_a_note_without_words_is_not_lost_beside_a_greeting(voice_salon, api, jid) -> None:
    api.fails(500)
    salon = await voice_salon(timing=SLOW)
    await salon.write(jid, "Здравствуйте")
    await salon.write(jid, "", **voice())
    await salon.pass_time(seconds=61)
    assert "коллеге" in salon.read(jid)[-1]
    assert (await salon.state())[0] == "pending"


async def test_people_who_have_the_conversation_see_voice_and_words_and_nobody_is_asked(voice_salon, api, jid) -> None:
    api.says("Буду через час", sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "Позовите менеджера")
    await salon.press("take", await salon.handover())
    before = len(salon.read(jid))
    assert await salon.ask(jid, "", **voice()) == ""
    assert len(salon.read(jid)) == before
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'forward'")
    [shown] = row["payload"]["attachments"]
    assert (shown["transcript"], shown["doubtful"]) == ("Буду через час", True)


async def test_people_read_what_was_said_in_a_note_that_they_are_not_shown(voice_salon, api, jid) -> None:
    api.says("Буду через час")
    salon = await voice_salon(media={"forward_to_telegram": False})
    await salon.ask(jid, "Позовите менеджера")
    await salon.press("take", await salon.handover())
    assert await salon.ask(jid, "", **voice()) == ""
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'forward'")
    assert "🎤 Буду через час" in row["payload"]["text"]
    assert "attachments" not in row["payload"]


async def test_who_wants_a_human_is_asked_nothing(voice_salon, api, jid) -> None:
    api.says("Позовите менеджера", sure=0.2)
    salon = await voice_salon()
    assert "коллеге" in await salon.ask(jid, "", **voice())
    [card] = await salon.desk("card")
    assert "🎤 Позовите менеджера" in card


async def test_what_is_written_after_an_answered_yes_is_answered_together(voice_salon, api, jid) -> None:
    """The answer behind the yes has not gone out when more comes: the yes still stands for what was heard."""
    api.says(ASKED, sure=0.2)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    salon.sim.behave(success=False, message="busy")
    await salon.ask(jid, "да")
    await salon.write(jid, "и скажите адрес")
    await salon.rig.settled()
    salon.sim.behave(clear=True)
    await salon.pass_time(seconds=20)
    turns = await salon.rig.rows("SELECT stages FROM turns")
    heard = [each["outcome"] for row in turns for each in row["stages"] if each["stage"] == "on_inbound"]
    assert f"{ASKED}\nи скажите адрес" in heard


async def test_a_question_that_nobody_read_is_put_again(voice_salon, api, jid) -> None:
    """More comes before the question is out: a "да" among it answers something else."""
    api.says(ASKED, sure=0.2)
    salon = await voice_salon()
    salon.sim.behave(success=False, message="busy")
    await salon.ask(jid, "", **voice())
    await salon.write(jid, "да")
    await salon.rig.settled()
    salon.sim.behave(clear=True)
    await salon.pass_time(seconds=20)
    assert [text for text in salon.read(jid) if "Верно?" in text] == salon.read(jid)[-1:]
    assert PRICE in await salon.ask(jid, "да")
    assert len(api.asked) == 1


async def test_the_same_note_is_not_paid_for_twice(voice_salon, api, jid) -> None:
    api.says(ASKED)
    salon = await voice_salon()
    await salon.ask(jid, "", **voice())
    await salon.pass_time(minutes=11)
    assert await salon.ask(jid, "", **voice()) == PRICE
    assert len(api.asked) == 1


async def test_in_mode_approve_the_question_needs_nobodys_leave_and_the_answer_does(voice_salon, api, jid) -> None:
    api.says(ASKED, sure=0.2)
    salon = await voice_salon(mode="approve")
    assert "Верно?" in await salon.ask(jid, "", **voice())
    assert await salon.ask(jid, "да") == ""
    [draft] = await salon.desk("draft")
    assert PRICE in draft


async def test_where_the_bot_is_silent_nobody_was_asked(voice_salon, api, jid) -> None:
    api.says(ASKED, sure=0.2)
    salon = await voice_salon(mode="shadow")
    assert await salon.ask(jid, "", **voice()) == ""
    [row] = await salon.rig.rows("SELECT context FROM conversations")
    assert "read_back" not in row["context"]


async def test_a_recogniser_that_breaks_costs_no_note_that_was_checked(voice_salon, api, jid, stub) -> None:
    """Whatever fails behind the media guard, people get the note."""

    def broken(message: Any) -> None:
        raise RuntimeError("out of order")

    salon = await voice_salon(extra=[stub.plugin("broken", on_inbound=broken)])
    assert "коллеге" in await salon.ask(jid, "", **voice())
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'card'")
    assert row["payload"]["attachments"][0]["voice"]


async def test_a_missing_model_is_named_before_anything_is_applied(truffles, tmp_path) -> None:
    file = tmp_path / "salon.toml"
    file.write_text(
        f"""
        slug = "salon"
        name = "Salon"
        mode = "shadow"
        [[plugins]]
        name = "speech_local"
        settings = {{ models = {{ ru = "{tmp_path}/no-model" }} }}
        """,
        encoding="utf-8",
    )
    code, told = await truffles("tenants", "check", str(file))
    told = "".join(told.split())  # the line is broken where the terminal ends
    assert code == 1
    assert "plugins.speech_local.models" in told
    assert "no-modelisnofolder.Unpackamodel" in told
