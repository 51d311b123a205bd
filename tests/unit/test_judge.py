"""What is right about a turn, what is wrong, and what all of it comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from truffles_gateway.claims import proved
from truffles_gateway.evaluation.battery import Asked, Case, Turn
from truffles_gateway.evaluation.figures import Bounds, figures, held_to
from truffles_gateway.evaluation.judge import Judged, Result, judge, kinds_of
from truffles_gateway.evaluation.papers import as_junit
from truffles_gateway.evaluation.plainly import holds, normal, speaks
from truffles_gateway.evaluation.stage import Told

REPLY = Told(outcome="answered", replies=("Маникюр — 7 000 ₸",), language="ru")
ESCALATED = Told(outcome="escalated", reason="unknown", replies=("Ответ придёт в этот чат.",), language="ru")
KNOWN = proved(["Маникюр: 7 000 ₸"])


def turn(**fields: Any) -> Turn:
    return Turn.model_validate({"say": "?", **fields})


def problems(told: Told, **fields: Any) -> list[str]:
    return list(judge(turn(**fields), told, KNOWN).problems)


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (REPLY, {"reply"}),
        (ESCALATED, {"escalate"}),
        (replace(ESCALATED, outcome="parked"), {"escalate"}),
        (replace(ESCALATED, outcome="forwarded", replies=()), {"escalate", "silent"}),
        (replace(REPLY, reason="clarify"), {"clarify"}),
        (replace(REPLY, reason="which branch"), {"clarify"}),
        (replace(REPLY, reason="opt-out", muted=True), {"mute"}),
        (Told(outcome="ignored", reason="noise"), {"silent"}),
        (Told(outcome="ignored", reason="muted", muted=True), {"silent", "mute"}),
        (replace(REPLY, stages=({"stage": "classify", "outcome": "book"},)), {"reply", "booking"}),
        (replace(ESCALATED, stages=({"stage": "classify", "outcome": "book"},)), {"escalate", "booking"}),
        (replace(REPLY, reason="booking question"), {"reply", "booking", "clarify"}),
    ],
)
def test_what_a_turn_may_be_called(told: Told, kinds: set[str]) -> None:
    assert kinds_of(told) == kinds


def test_words_are_compared_as_a_reader_reads_them() -> None:
    said = normal("Ещё — «Гель-лак»: 15 000 ₸, с 10:00 до 20:00, в субботу с 09:30, скидка 10 %")
    for words in ("еще", '"гель‑лак"', "15000", "15 000 ₸", "10:00", "9:30", "09:30", "10%"):
        assert holds(said, words), words
    assert holds(normal("Телефон: +7 700 000 00 12"), "700 000 00 12")
    for words in ("5 000", "1 500", "0:00"):
        assert not holds(said, words), words


@pytest.mark.parametrize(
    ("text", "language", "could_be"),
    [
        ("Мы работаем каждый день с девяти до шести", "ru", True),
        ("Біз күн сайын тоғыздан алтыға дейін жұмыс істейміз", "ru", False),
        ("Біз күн сайын жұмыс істейміз: Мы работаем каждый день", "kk", True),
        ("Мы работаем каждый день с девяти до шести", "kk", False),
        ("We are open every day from nine to six", "en", True),
        ("Мы работаем каждый день с девяти до шести", "en", False),
        ("Рахмет!", "kk", True),
    ],
)  # fmt: skip
def test_a_reply_can_be_told_from_another_language(text: str, language: str, could_be: bool) -> None:
    assert speaks(text, language) is could_be


def test_every_wish_of_a_turn_is_checked() -> None:
    assert problems(REPLY, expect="reply", include="7000", any_of=["маникюр", "педикюр"], reply_language="ru") == []
    assert problems(REPLY, expect=["escalate", "mute"])[0].startswith("expected escalate or mute, came to reply")
    assert problems(REPLY, include=["7 000", "лак"]) == ["does not say: лак"]
    assert problems(REPLY, any_of=["гель", "лак"]) == ["says none of: гель, лак"]
    assert problems(REPLY, reply_language="kk") == ["answers in ru and not in kk"]
    assert problems(Told(outcome="", reason="no outcome within 90 s"), expect="any") == ["no outcome within 90 s"]


def test_what_is_banned_or_known_to_nobody_contradicts() -> None:
    banned = judge(turn(**{"not": ["7 000"]}), REPLY, KNOWN)
    assert banned.contradicted == ("says what it must not: 7 000",) and banned.text_right is False
    invented = judge(turn(), replace(REPLY, replies=("Маникюр — 6 500 ₸, до 21:00",)), KNOWN)
    assert sorted(line.split(":")[0] for line in invented.contradicted) == [
        "claims what nobody told it (price)", "claims what nobody told it (time)",
    ]  # fmt: skip
    assert judge(turn(), REPLY, KNOWN).contradicted == ()
    retrieved = {"stage": "retrieve", "passages": [{"id": "pack:place.hours", "text": "до 21:00"}]}
    said = Told(outcome="answered", replies=("До 21:00",), stages=(retrieved,))
    assert judge(turn(), said, KNOWN).contradicted == ()


def test_a_human_is_only_spoken_of_when_one_is_called() -> None:
    said = ("Передали ваш вопрос менеджеру, скоро ответит.", "Я передала мастеру.")
    assert judge(turn(), replace(ESCALATED, replies=said), KNOWN).contradicted == ()
    assert "(handover)" in judge(turn(), replace(REPLY, replies=said), KNOWN).contradicted[0]


def test_in_a_booking_the_hour_is_the_customers() -> None:
    told = Told(
        outcome="answered", replies=("Маникюр, 28 ноября в 15:00, 6 000 ₸?",),
        stages=({"stage": "classify", "outcome": "book"},),
    )  # fmt: skip
    [line] = judge(turn(), told, KNOWN).contradicted
    assert "(price)" in line


def test_the_desk_must_get_the_booking() -> None:
    wish = {"service": "Маникюр", "date": "2026-11-28", "time": "15:00", "name": "Айгуль"}
    card = {"text": "Запись", "data": {"card": '{"question": "маникюр, 28 ноября в 15:00"}'}}
    told = replace(ESCALATED, desk=(card,))
    assert problems(told, booking=wish) == ["the desk does not get the booking's name: Айгуль"]
    earlier = judge(turn(booking=wish), told, KNOWN, [replace(REPLY, desk=({"text": "Айгуль"},))])
    assert earlier.problems == ()
    assert problems(ESCALATED, booking={"date": "2026-11-28"}) == [
        "the desk does not get the booking's date: 2026-11-28"
    ]


def test_a_booking_that_is_being_collected_is_no_human_too_few_where_either_is_right() -> None:
    collecting = replace(REPLY, reason="booking question")
    for expect, taken_up in ((["booking", "escalate"], True), ("escalate", False)):
        judged = judge(turn(expect=expect), collecting, KNOWN)
        assert judged.must_escalate and judged.escalated is taken_up
    assert not judge(turn(expect=["booking", "escalate"]), REPLY, KNOWN).escalated


def result(id: str, *turns: Judged, language: str = "ru", **fields: Any) -> Result:
    case = {"id": id, "category": "price", "language": language, "turns": [{"say": "?"}], **fields}
    asked = Asked(battery="b", tenant="t", case=Case.model_validate(case), place="b.yaml:1")
    return Result(asked=asked, turns=turns)


def test_the_figures_count_turns_by_what_was_right() -> None:
    found = figures(
        [
            result("1", judge(turn(expect="escalate"), ESCALATED, KNOWN)),
            result("2", judge(turn(expect="escalate"), REPLY, KNOWN)),
            result("3", judge(turn(expect="reply", include="7 000"), REPLY, KNOWN)),
            result("4", judge(turn(expect="reply", include="7 000"), ESCALATED, KNOWN)),
            result("5", judge(turn(expect=["reply", "escalate"]), ESCALATED, KNOWN)),
        ]
    )
    assert (found.passed.part, found.passed.whole) == (3, 5)
    assert (found.escalations.part, found.escalations.whole) == (1, 2)
    assert (found.false_escalations.part, found.false_escalations.whole) == (1, 2)
    assert (found.facts.part, found.facts.whole) == (1, 2)
    held = {each.name: each.held for each in held_to(found, Bounds())}
    assert held["facts right"] is False and held["contradictions"] is True
    easy = Bounds(escalations=0.5, false_escalations=0.5, facts=0.5)
    assert all(each.held is not False for each in held_to(found, easy))
    assert next(each.held for each in held_to(figures([]), Bounds())) is None


def test_recall_is_counted_by_language_and_by_fact() -> None:
    passages = [{"id": f"pack:services.{name}", "text": ""} for name in "abcdef"]
    told = replace(REPLY, stages=({"stage": "retrieve", "passages": passages},))
    one = result("1", judge(turn(facts=["services.a", "services.f"]), told, KNOWN), facts=["services.b"])
    two = result("2", judge(turn(), told, KNOWN), language="kk", facts=["place.hours"])
    found = figures([one, two])
    assert (found.recall["ru"].part, found.recall["ru"].whole) == (2, 3), "the sixth passage does not count"
    assert (found.recall["kk"].part, found.recall["kk"].whole) == (0, 1)
    assert one.missed == ("services.f",)


@pytest.mark.parametrize(
    ("fact", "id", "there"),
    [
        ("services.exam", "pack:services.exam@centre", True),
        ("services.exam@centre", "pack:services.exam@centre", True),
        ("services.exam@samal", "pack:services.exam@centre", False),
        ("place.hours", "pack:branches.centre.hours", True),
        ("branches.samal.hours", "pack:branches.centre.hours", False),
        ("services.exam", "pack:services.child_exam@centre", False),
        ("place.hours", "pack:branches.centre.address", False),
    ],
)
def test_a_fact_that_is_named_without_a_branch_is_retrieved_at_any(fact: str, id: str, there: bool) -> None:
    told = replace(REPLY, stages=({"stage": "retrieve", "passages": [{"id": id, "text": ""}]},))
    assert judge(turn(facts=[fact]), told, KNOWN).missed == (() if there else (fact,))


def test_what_was_found_to_ask_for_the_branch_is_retrieved() -> None:
    found = {
        "stage": "branches",
        "outcome": "it matters",
        "passages": [{"id": "pack:services.exam@centre", "text": ""}],
    }
    asked = replace(REPLY, reason="which branch", stages=(found,))
    assert judge(turn(facts=["services.exam", "place.hours"]), asked, KNOWN).missed == ("place.hours",)


def test_junit_is_xml_whatever_was_said() -> None:
    odd = replace(ESCALATED, replies=("<b>&\x00\x1b ]]>",))
    root = ET.fromstring(
        as_junit([result("1\x01<", judge(turn(expect="reply"), odd, KNOWN)), result("2")]).split("?>", 1)[1]
    )
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and "<b>&" in (failure.text or "")
