"""The same first question costs no second request; whatever else is not quite the same does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from truffles_gateway.messages import Author, Customer, Line
from truffles_gateway.testing import make_turn

DeskOf = Callable[..., Any]
ANNA = Customer(id="1", address="77000000001", name="Анна")
BORIS = Customer(id="2", address="77000000002", name="Борис")


@pytest.fixture
def keeping(desk_of: DeskOf) -> Any:
    desk = desk_of(cache_minutes=60)
    desk.will_say(times=None)
    return desk


async def test_a_second_customer_costs_no_request(keeping: Any, llmock: LLMock) -> None:
    first = await keeping.answer("Сколько стоит маникюр?", customer=ANNA)
    second = await keeping.answer("сколько стоит  МАНИКЮР", customer=BORIS)
    assert first == second
    assert second.text == "Маникюр стоит 5000 ₸."
    assert len(llmock.requests) == 1


async def test_it_is_asked_again_after_its_time(keeping: Any, llmock: LLMock, clock: Any) -> None:
    await keeping.answer()
    clock.advance(minutes=59)
    await keeping.answer()
    assert len(llmock.requests) == 1
    clock.advance(minutes=2)
    await keeping.answer()
    assert len(llmock.requests) == 2


async def test_what_was_said_before_matters(keeping: Any, llmock: LLMock) -> None:
    await keeping.answer()
    said = Line(author=Author.CUSTOMER, text="Здравствуйте", at=make_turn().now)
    await keeping.answer(history=(said,))
    assert len(llmock.requests) == 2


@pytest.mark.parametrize(
    "change",
    [{"branch": "centre"}, {"knowledge_tag": "centre"}, {"language": "kk"}, {"tenant": "other"}],
    ids=str,
)
async def test_another_place_language_or_tenant_is_another_answer(
    keeping: Any, llmock: LLMock, change: dict[str, Any]
) -> None:
    await keeping.answer()
    await keeping.answer(**change)
    assert len(llmock.requests) == 2


async def test_changed_facts_are_another_answer(keeping: Any, llmock: LLMock) -> None:
    await keeping.answer()
    await keeping.answer(keeping.question, keeping.passage(text="Маникюр — 6000 ₸"))
    assert len(llmock.requests) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Мой номер 8 700 123 45 67, сколько стоит маникюр?", "Меня зовут Анна, сколько стоит маникюр?",
        "Анна: сколько стоит маникюр?", "Вы сейчас открыты?", "Бүгін ашықсыздар ма?", "Are you open now?",
        "Успею подъехать?", "Вы на месте?", "Можно подойти прямо в обед?", "Әлі жұмыс істеп тұрсыздар ма?", "Are you still there?",
    ],
)  # fmt: skip
async def test_what_is_personal_or_of_the_hour_is_not_kept(keeping: Any, llmock: LLMock, text: str) -> None:
    await keeping.answer(text, customer=ANNA)
    await keeping.answer(text, customer=ANNA)
    assert len(llmock.requests) == 2


async def test_an_answer_that_names_an_hour_is_not_kept(desk_of: DeskOf, llmock: LLMock) -> None:
    desk = desk_of(cache_minutes=60)
    desk.will_say(times=2, answer="Примем вас до 21:00.")
    await desk.answer()
    await desk.answer()
    assert len(llmock.requests) == 2


async def test_what_was_objected_to_is_forgotten(keeping: Any, llmock: LLMock) -> None:
    await keeping.answer()
    await keeping.answer(objections=("price: 5000 ₸",))
    await keeping.answer()
    assert len(llmock.requests) == 3


async def test_a_long_answer_ends_after_three_sentences(desk: Any) -> None:
    sentence = "Маникюр делаем аккуратно и без спешки, инструменты каждый раз новые, 1.5 часа хватает на всё, и вам у нас понравится."
    desk.will_say(answer=" ".join([sentence] * 5))
    assert (await desk.answer()).text == " ".join([sentence] * 3)


async def test_a_list_stays_whole(desk: Any) -> None:
    told = "\n".join(
        f"{number}. Маникюр с покрытием и уходом для рук, со снятием прежнего: 5000 ₸." for number in range(9)
    )
    desk.will_say(answer=told)
    assert (await desk.answer()).text == told
