"""What lies behind each route: facts, greetings, a question back, a human."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from truffles_gateway.messages import Draft, Route, Verdict

KNOWLEDGE = Path(__file__).parents[2] / "examples" / "demo_salon" / "knowledge"
URL = "https://app.chatflow.kz/1"

ANSWERED = [
    "Здравствуйте!",
    "Сәлеметсіз бе!",
    "Hello!",
    "Где вы находитесь?",
    "Сколько стоит маникюр?",
    "Во сколько вы работаете в субботу?",
    "Есть ли у вас парковка?",
    "Можно оплатить картой?",
    "Сколько стоит женская стрижка?",
    "Мекенжайыңыз қандай?",
    "Маникюр қанша тұрады?",
    "Where are you located?",
    "How much is a manicure?",
    "What are your opening hours?",
    "Спасибо большое!",
    "Рахмет!",
    "Какая завтра погода в Лондоне?",
]
ESCALATED = [
    "Вы чините стиральные машины?",
    "Do you sell used cars?",
    "Позовите менеджера",
]


async def test_everything_escalates(salon_of) -> None:
    """A known fault of earlier systems: of 20 ordinary messages only the unknown and the wish for a human escalate."""
    salon = await salon_of(brain=("policy", "rag_qdrant", "answer_local"))
    await salon.rig.sync("salon", KNOWLEDGE)
    ends = {}
    for number, text in enumerate([*ANSWERED, *ESCALATED]):
        jid = f"770000003{number:02}@s.whatsapp.net"
        assert await salon.ask(jid, text), text
        ends[text] = (await salon.outcomes())[-1][0]
    assert ends == dict.fromkeys(ANSWERED, "answered") | dict.fromkeys(ESCALATED, "escalated")
    assert len(await salon.desk("card")) == len(ESCALATED)
    await salon.balanced(accepted=20, answered=len(ANSWERED), escalated=len(ESCALATED))


async def test_small_talk_is_answered_in_the_customers_language_without_a_second_greeting(salon_of, jid) -> None:
    salon = await salon_of()
    assert await salon.ask(jid, "Здравствуйте") == "Здравствуйте! Чем можем помочь?"
    assert "Слушаем" in await salon.ask(jid, "Добрый день")
    assert "Пожалуйста" in await salon.ask(jid, "Спасибо!")
    await salon.pass_time(minutes=31)
    assert "Здравствуйте" in await salon.ask(jid, "Добрый день")
    other = "77000000012@s.whatsapp.net"
    english = await salon.ask(other, "Hello!")
    assert english.isascii()
    assert await salon.rig.rows("SELECT 1 FROM handovers") == []


async def test_what_is_off_topic_is_refused_politely(salon_of, jid, stub) -> None:
    judge = stub.plugin("judge", classify=lambda: Verdict(route=Route.OFF_TOPIC, language="ru"))
    salon = await salon_of(extra=[judge], brain=())
    assert "Salon" in await salon.ask(jid, "Кто победит на выборах?")
    assert await salon.outcomes() == [("answered", "off-topic")]


async def test_what_is_unclear_is_asked_about_twice_at_most_then_a_human(salon_of, jid, stub) -> None:
    vague = stub.plugin("vague", classify=lambda: Verdict(route=Route.UNSURE, language="ru"))
    salon = await salon_of(extra=[vague, stub.knows("адрес", "Улица Вымышленная, 12")], brain=())
    assert "Уточните" in await salon.ask(jid, "это самое")
    assert "Уточните" in await salon.ask(jid, "ну это")
    assert "коллеге" in await salon.ask(jid, "ну вот это вот")
    assert [end for end, _ in await salon.outcomes()] == ["answered", "answered", "escalated"]
    await salon.press("resolve", await salon.handover())
    assert "Уточните" in await salon.ask(jid, "это самое")
    assert "Вымышленная" in await salon.ask(jid, "адрес")
    assert "Уточните" in await salon.ask(jid, "и это")
    assert "Уточните" in await salon.ask(jid, "и то")


async def test_clear_but_unknown_calls_a_human_at_once(salon_of, jid) -> None:
    salon = await salon_of()
    assert "коллеге" in await salon.ask(jid, "Вы чините стиральные машины?")
    [handover] = await salon.rig.rows("SELECT trigger_type, user_message, times_out FROM handovers")
    assert dict(handover) == {
        "trigger_type": "low_confidence", "user_message": "Вы чините стиральные машины?", "times_out": True,
    }  # fmt: skip


async def test_a_draft_below_the_threshold_is_not_sent(salon_of, jid, stub) -> None:
    confidence = {"низко": 0.49, "средне": 0.6, "высоко": 0.9}
    guesser = stub.plugin("guesser", answer=lambda message: Draft(text="ответ", confidence=confidence[message.text]))
    salon = await salon_of(extra=[guesser], brain=())
    assert await salon.ask("77000000401@s.whatsapp.net", "низко") != "ответ"
    assert await salon.ask("77000000402@s.whatsapp.net", "средне") == "ответ"
    assert await salon.ask("77000000403@s.whatsapp.net", "высоко") == "ответ"
    rows = await salon.rig.rows("SELECT metadata FROM messages WHERE content = 'ответ' ORDER BY seq")
    assert [row["metadata"]["review"] for row in rows] == [True, False]


async def test_partly_known_is_answered_and_the_rest_goes_to_a_human(salon_of, jid, stub) -> None:
    half = Draft(text="Маникюр 5000 тенге", verbatim=True, unanswered=("стрижёте ли собак?",), sources=("1",))
    salon = await salon_of(extra=[stub.plugin("half", answer=lambda: half)])
    answer = await salon.ask(jid, "Сколько стоит маникюр и стрижёте ли собак?")
    assert answer.startswith("Маникюр 5000 тенге")
    assert "ответит коллега" in answer
    [card] = await salon.desk("card")
    assert "Вопрос: стрижёте ли собак?" in card
    assert await salon.outcomes() == [("escalated", "partly known")]


async def test_a_picture_without_words_is_asked_about_and_then_shown_to_a_human(salon_of, jid) -> None:
    salon = await salon_of()
    picture = {"message_type": "image", "media": {"url": f"{URL}.jpg", "mimetype": "image/jpeg"}}
    assert "в двух словах" in await salon.ask(jid, "", **picture)
    assert "в двух словах" in await salon.ask(jid, "", **picture)
    assert "коллеге" in await salon.ask(jid, "", **picture)
    [row] = await salon.rig.rows("SELECT payload FROM outbox_messages WHERE kind = 'card'")
    assert row["payload"]["attachments"][0]["url"] == f"{URL}.jpg"


async def test_a_card_that_failed_at_first_brings_its_picture_later(salon_of, jid, stub) -> None:
    cards = []

    def escalate(card):
        cards.append(card)
        if len(cards) == 1:
            raise RuntimeError("not now")

    salon = await salon_of(extra=[stub.plugin("pager", escalate=escalate)])
    picture = {"message_type": "image", "media": {"url": f"{URL}.jpg", "mimetype": "image/jpeg"}}
    await salon.ask(jid, "позовите менеджера", **picture)
    await salon.pass_time(seconds=6)
    assert [[part.url for part in card.attachments] for card in cards] == [[f"{URL}.jpg"]] * 2


PLACES = {
    "location": ({"message_type": "location"}, "геопозицию"),
    "contact": ({"message_type": "contact"}, "геопозицию"),
    "document": (
        {"message_type": "document", "media": {"url": f"{URL}.pdf", "mimetype": "application/pdf", "fileName": "a.pdf"}},
        "файл",
    ),
    "voice": ({"message_type": "ptt", "media": {"url": f"{URL}.ogg", "mimetype": "audio/ogg", "ptt": True}}, "файл"),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLACES)
async def test_what_only_a_human_can_read_goes_to_the_desk(salon_of, jid, kind) -> None:
    salon = await salon_of()
    message, reason = PLACES[kind]
    text = "" if kind == "voice" else "Здравствуйте"
    assert "коллеге" in await salon.ask(jid, text, **message)
    [card] = await salon.desk("card")
    assert reason in card
    assert await salon.outcomes() == [("escalated", "media")]


async def test_late_events(salon_of, jid) -> None:
    salon = await salon_of(connected_at=_iso(-3))
    now = salon.rig.clock.now()

    async def late(number, **by):
        return await salon.ask(
            f"7700000050{number}@s.whatsapp.net", "Здравствуйте", timestamp=(now - timedelta(**by)).timestamp()
        )

    assert not (await late(1, minutes=14)).startswith("Простите")
    assert (await late(2, minutes=16)).startswith("Простите, что отвечаем не сразу. Здравствуйте")
    assert (await late(3, hours=11.9)).startswith("Простите")
    assert await late(4, hours=13) == ""
    assert await late(5, days=4) == ""
    assert await salon.outcomes() == [
        ("answered", "greeting"), ("answered", "greeting"), ("answered", "greeting"), ("escalated", "late"),
        ("ignored", "history"),
    ]  # fmt: skip
    [card] = await salon.desk("card")
    assert "опозданием" in card
    await salon.balanced(accepted=5, answered=3, escalated=1, ignored=1)


def _two_numbers(sim, *branches):
    settings = {
        "base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "main", "instances": [{"id": "second"}],
    }  # fmt: skip
    plugins = [{"name": "policy"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}]
    return {"plugins": plugins, "branches": [*branches]}


async def test_a_number_that_comes_later_brings_a_history_of_its_own(salon_of, sim) -> None:
    main = {"slug": "main", "name": "Main", "instance_id": "main"}
    second = {"slug": "second", "name": "Second", "instance_id": "second"}
    salon = await salon_of(**_two_numbers(sim, main))
    salon.rig.clock.advance(hours=24 * 30)
    [served] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**served["config"], **_two_numbers(sim, main, second)})
    yesterday = salon.rig.clock.now() - timedelta(days=1)

    async def late(number, instance):
        jid = f"7700000060{number}@s.whatsapp.net"
        return await salon.ask(jid, "Сколько стоит маникюр?", timestamp=yesterday.timestamp(), instance=instance)

    assert await late(1, "second") == await late(2, "main") == ""
    await salon.rig.apply({
        **served["config"], **_two_numbers(sim, main, {**second, "connected_at": (yesterday - timedelta(days=1)).isoformat()}),
    })  # fmt: skip
    assert await late(3, "second") == ""
    assert await salon.outcomes() == [("ignored", "history"), ("escalated", "late"), ("escalated", "late")]
    assert len(await salon.desk("card")) == 2
    await salon.balanced(accepted=3, ignored=1, escalated=2)


def _iso(days: float) -> str:
    from datetime import UTC, datetime

    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("я у двери, никто не открывает", "Срочно"),
        ("хочу отменить запись на завтра", "изменить или отменить запись"),
        ("позовите администратора", "просит человека"),
    ],
)
async def test_the_card_says_why_a_human_is_called(salon_of, jid, text, reason) -> None:
    salon = await salon_of(brain=("policy",))
    await salon.ask(jid, text)
    [card] = await salon.desk("card")
    assert reason in card


async def test_a_desk_reads_what_the_customer_quoted(salon_of, jid) -> None:
    salon = await salon_of(brain=("policy",))
    await salon.ask(jid, "позовите администратора", quoted="Педикюр 9 000 ₸")
    await salon.ask(jid, "а это?", quoted="Стрижка 4 000 ₸")
    [card], [forwarded] = await salon.desk("card"), await salon.desk("forward")
    assert "» Педикюр 9 000 ₸" in card
    assert forwarded == "» Стрижка 4 000 ₸\nа это?"
