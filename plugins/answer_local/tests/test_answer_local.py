"""Passages → a reply in the tenant's own words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from truffles_answer_local.plugin import CATALOGUE, AnswerLocal

from truffles_gateway.messages import OWNER_SAYS, Author, Draft, Inbound, Line, Passage, Route, Verdict
from truffles_gateway.testing import make_turn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Texts:
    def get(self, key: str, language: str, **values: object) -> str:
        return CATALOGUE[language][key]


def passage(text: str, query: str, confidence: float = 0.9, **more: Any) -> Passage:
    return Passage(id=text, text=text, confidence=confidence, query=query, **more)


def answer(
    message: str, *passages: Passage, language: str = "ru", said: str = "", said_at: datetime = NOW, idle: str = ""
) -> Draft | None:
    verdict = Verdict(route=Route.ANSWER, language=language, idle=(idle,) if idle else ())
    turn = make_turn(now=NOW, history=(Line(author=Author.BOT, text=said, at=said_at),) if said else ())
    written = AnswerLocal(Texts()).answer(turn, Inbound(text=message, events=()), verdict, passages)
    return asyncio.run(written)


def test_two_questions_make_one_reply_in_the_order_asked() -> None:
    draft = answer("цена? где?", passage("Мы на Вымышленной.", "где?", 0.7), passage("Маникюр — 7 000 ₸", "цена?"))
    assert draft and draft.text == "Маникюр — 7 000 ₸\nМы на Вымышленной."
    assert draft.verbatim and draft.confidence == 0.7 and draft.sources == ("Маникюр — 7 000 ₸", "Мы на Вымышленной.")


def test_a_last_line_that_facts_have_in_common_is_said_once_behind_the_last() -> None:
    facts = [
        passage(f"{name}\nВзятие крови — 700 ₸.", query, source="file")
        for name, query in (("ОАК — 2 000 ₸.", "а?"), ("ТТГ — 3 000 ₸.", "а?"), ("АЛТ — 900 ₸.", "б?"))
    ]
    draft = answer("а? б?", *facts, passage("Мы на Вымышленной.", "где?"))
    assert draft and draft.text.startswith("ОАК — 2 000 ₸.\nТТГ — 3 000 ₸.\nАЛТ — 900 ₸.\nВзятие крови — 700 ₸.")
    assert draft.text.count("Взятие") == 1 and "Мы на Вымышленной." in draft.text


def test_the_answer_of_a_pair_is_said_not_its_question() -> None:
    draft = answer("лифт?", passage("Вопрос: лифт?\nОтвет: Нет.", "лифт?", question="лифт?", answer="Нет."))
    assert draft and draft.text == "Нет."


def test_what_has_no_good_passage_is_named() -> None:
    draft = answer("а? б?", passage("А.", "а?"), passage("Не то.", "б?", 0.49))
    assert draft and (draft.text, draft.unanswered) == ("А.", ("б?",))


def test_what_asks_nothing_is_not_missed() -> None:
    found = passage("А.", "а?"), passage("Не то.", "мне подруга посоветовала", 0.1)
    draft = answer("мне подруга посоветовала. а?", *found, idle="Мне подруга посоветовала.")
    assert draft and (draft.text, draft.unanswered) == ("А.", ())


def test_a_hint_for_a_model_is_neither_told_nor_missed() -> None:
    draft = answer("а?", passage("А.", "а?"), passage("Б.", "а?!", 0.3, source="pack: perhaps"))
    assert draft and (draft.text, draft.unanswered) == ("А.", ())


@pytest.mark.parametrize("passages", [(), (passage("Не то.", "а?", 0.49),)])
def test_silence_where_nothing_is_good_enough(passages: tuple[Passage, ...]) -> None:
    assert answer("а?", *passages) is None


def test_equals_of_a_price_list_are_all_said_in_the_order_given() -> None:
    rows = [passage(f"Маникюр {n} — 1 ₸", "маникюр", 0.9, source="p.csv") for n in range(6)]
    draft = answer("маникюр", *rows, passage("Маникюр на дому", "маникюр", 0.9, source="a.md"))
    assert draft and draft.text.splitlines() == [row.text for row in rows]


@pytest.mark.parametrize(
    ("language", "line"),
    [("ru", "Есть и другие"), ("", "Есть и другие"), ("kk", "Басқалары"), ("en", "There are others")],
)
def test_more_than_six_equals_are_not_cut_in_silence(language: str, line: str) -> None:
    rows = [passage(f"Маникюр {n} — 1 ₸", "маникюр", 0.9, source="p.csv") for n in range(7)]
    draft = answer("маникюр", *rows, language=language)
    assert draft and draft.text.splitlines()[-1].startswith(line)
    assert rows[5].text in draft.text and rows[6].text not in draft.text


def test_two_facts_under_one_heading_are_both_said() -> None:
    facts = [
        passage(text, "скидки?", 0.7, source="rules.md") for text in ("Скидка в день рождения.", "Скидка студентам.")
    ]
    draft = answer("скидки?", *facts)
    assert draft and draft.text == "Скидка в день рождения.\nСкидка студентам."


def test_the_clearly_better_row_stands_alone() -> None:
    draft = answer("а", passage("А — 1 ₸", "а", 0.9, source="p.csv"), passage("Б — 1 ₸", "а", 0.6, source="p.csv"))
    assert draft and draft.text == "А — 1 ₸"


def test_one_fact_for_two_questions_is_said_once() -> None:
    draft = answer("где? адрес?", passage("Мы тут.", "где?"), passage("Мы тут.", "адрес?"))
    assert draft and draft.text == "Мы тут." and draft.sources == ("Мы тут.",)


@pytest.mark.parametrize(("language", "lines"), [("ru", 1), ("", 1), ("kk", 2), ("en", 2), ("de", 1)])
def test_another_language_gets_a_line_before_the_facts(language: str, lines: int) -> None:
    draft = answer("?", passage("Мы находимся на улице Абая.", "?"), language=language)
    assert draft and len(draft.text.splitlines()) == lines and draft.text.endswith("Мы находимся на улице Абая.")


def test_facts_in_kazakh_for_a_russian_customer_are_announced() -> None:
    draft = answer("?", passage("Біз қаланың ортасында орналасқанбыз.", "?"))
    assert draft and draft.text.startswith(CATALOGUE["ru"]["facts_kk"])


def test_catalogues_have_every_line_that_may_be_asked_for() -> None:
    assert all({"more", *(f"facts_{spoken}" for spoken in CATALOGUE if spoken != language)} == set(lines)
               for language, lines in CATALOGUE.items())  # fmt: skip


NOTICE = Passage(id="o", text="Сегодня до 18:00 нет света.", confidence=1.0, query="?", source=OWNER_SAYS)


def test_a_notice_of_the_owner_stands_before_the_facts() -> None:
    draft = answer("Сколько стоит маникюр?", NOTICE, passage("Маникюр — 5 000 ₸.", "Сколько стоит маникюр?"))
    assert draft and draft.text == "Сегодня до 18:00 нет света.\nМаникюр — 5 000 ₸."
    assert draft.verbatim and draft.unanswered == ()


def test_a_notice_is_told_once_in_a_talk_unless_it_is_asked_for() -> None:
    said = "Сегодня до 18:00 нет света.\nМаникюр — 5 000 ₸."
    draft = answer("Где вы?", NOTICE, passage("Мы на Вымышленной.", "Где вы?"), said=said)
    assert draft and draft.text == "Мы на Вымышленной."
    draft = answer(
        "Где вы?", NOTICE, passage("Мы на Вымышленной.", "Где вы?"), said=said, said_at=NOW - timedelta(days=1)
    )
    assert draft and draft.text.startswith("Сегодня до 18:00 нет света."), "yesterday's was another"
    draft = answer("А сегодня вы работаете?", NOTICE, said=said)
    assert draft and draft.text == "Сегодня до 18:00 нет света."


def test_a_notice_alone_is_said_to_what_it_is_about_and_a_human_answers() -> None:
    draft = answer("А сегодня вы работаете?", NOTICE)
    assert draft and draft.text == "Сегодня до 18:00 нет света."
    assert draft.unanswered == ("А сегодня вы работаете?",)
    assert answer("Делаете татуаж?", NOTICE) is None


def test_a_fact_that_somebody_else_found_for_another_part_answers_that_part_too() -> None:
    known = passage("Зарядка 20 Вт — 6 000 ₸", "сколько стоит", also=("зарядка 20 ватт есть",))
    lesser = passage("Зарядки", "зарядка 20 ватт есть", 0.3)
    draft = answer("зарядка 20 ватт есть и сколько стоит", known, lesser)
    assert draft and draft.unanswered == () and draft.text == "Зарядка 20 Вт — 6 000 ₸"
    told_twice = passage("Зарядка 20 Вт — 6 000 ₸", "зарядка 20 ватт есть", 0.8, source="file")
    picked = passage("Зарядка 20 Вт — 6 000 ₸", "сколько стоит", source="pack")
    draft = answer("зарядка 20 ватт есть и сколько стоит", picked, replace(told_twice, id="row"), lesser)
    assert draft and draft.unanswered == ()
    alone = answer("зарядка 20 ватт есть и сколько стоит", passage("Зарядка 20 Вт — 6 000 ₸", "сколько стоит"), lesser)
    assert alone and alone.unanswered == ("зарядка 20 ватт есть",)


def test_a_fact_of_the_pack_that_was_found_for_two_parts_answers_both() -> None:
    """Also where it is the second best for one of them, and surer of it."""
    cleaning = passage("Чистка после воды — 8 000 ₸", "вы такое чистите", 0.89, source="pack")
    phone = passage("iPhone 13 — 239 000 ₸", "сколько стоит", 0.98, source="pack")
    draft = answer(
        "вы такое чистите? сколько стоит", phone, replace(cleaning, query="сколько стоит", confidence=0.95), cleaning
    )
    assert draft and draft.unanswered == () and "8 000" in draft.text


@pytest.mark.parametrize("short", ["а 11?", "на SE", "XR"])
def test_a_part_of_short_words_is_no_part_of_every_other(short: str) -> None:
    known = passage("Зарядка 20 Вт — 6 000 ₸", "зарядка", also=("сколько стоит",))
    draft = answer(f"зарядка сколько стоит, {short}", known, passage("Телефоны", short, 0.2), idle="добрый день")
    assert draft and draft.unanswered == (short,)


@pytest.mark.parametrize(
    "address",
    ["https://example.com/demo-salon/prices.pdf", "salon.example.com/list-of-prices", "info@prices.example.com"],
)
def test_an_address_in_the_web_is_in_no_language(address: str) -> None:
    told = f"Наш прайс: {address}"
    draft = answer("где прайс?", passage(told, "где прайс?"))
    assert draft and draft.text == told


@pytest.mark.parametrize(("picked", "asked", "missed"), [
    ("номер магазина", "номер магазина какой?", False), ("парковка", "парковка есть у вас", False), ("the address", "what is the address", False),
    ("маникюр", "сколько стоит маникюр", True), ("маникюр", "какой маникюр дешевле", True), ("маникюр делаете", "где", True),
])  # fmt: skip
def test_words_of_asking_make_no_other_question(picked: str, asked: str, missed: bool) -> None:
    """A retriever that takes more words into its part has found nothing new; it has where they ask for something else, or alone."""
    draft = answer(f"{asked}, {picked}", passage("Известно", picked, source="pack"), passage("Прочее", asked, 0.2))
    assert draft
    assert (draft.unanswered == (asked,)) == missed
