"""What is not said before the branch is known, what is kept for the answer, and what a conversation leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from truffles_gateway.branching import NAMED, QUESTION, Question, carry, is_priced, placed
from truffles_gateway.handoff import HOLDER, HOLDER_NAME
from truffles_gateway.messages import State
from truffles_gateway.records import Conversation


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Маникюр 5 000 ₸", True),
        ("Маникюр стоит пять тысяч", True),
        ("Консультация бесплатная", True),
        ("Скидка 10 %", True),
        ("Есть скидка для студентов", True),
        ("Работаем с 9:00 до 20:00", True),
        ("Работаем с 9 до 20", True),
        ("Работаем круглосуточно", True),
        ("Работаем без выходных", True),
        ("Мы открыты каждый день", True),
        ("В воскресенье мы закрыты", True),
        ("Пн–сб как обычно", True),
        ("Сағат 9-дан 20-ға дейін", True),
        ("Жексенбі — демалыс", True),
        ("We are closed on Sundays", True),
        ("5000 tenge", True),
        ("Парковка во дворе", False),
        ("Делаем педикюр и стрижку", False),
        ("Наш адрес: улица Абая, 150", False),
        ("Звоните: +7 701 000 00 11", False),
        ("Іә, аппараттық педикюр жасаймыз", False),
        ("Yes, we do pedicures", False),
        ("", False),
    ],
)
def test_prices_discounts_and_timetables(text: str, is_one: bool) -> None:
    assert is_priced(text) is is_one


def test_what_is_asked_beside_the_answer_is_kept() -> None:
    said = ["маникюр", "любой", "и педикюр", "есть ли парковка?", "а"]
    asked = tuple((str(number), text) for number, text in enumerate(said))
    assert Question(datetime(2026, 1, 5, tzinfo=UTC), asked).kept == ["маникюр", "и педикюр", "есть ли парковка?"]


def test_who_led_it_at_another_branch_is_not_asked_for_it_at_this_one() -> None:
    tenant = cast("Any", SimpleNamespace(branch_ids={"north": "1", "south": "2"}))
    north, south = (cast("Any", SimpleNamespace(slug=slug)) for slug in ("north", "south"))
    led = Conversation(
        client_id="c",
        channel="chatflow",
        address="7",
        branch_id="1",
        context={HOLDER: "telegram:1", HOLDER_NAME: "Ася"},
    )
    assert HOLDER not in placed(led, tenant, south, NAMED).context
    assert HOLDER_NAME not in placed(led, tenant, south, NAMED).context
    assert placed(led, tenant, north, NAMED).context[HOLDER_NAME] == "Ася"
    assert placed(replace(led, branch_id=""), tenant, south, NAMED).context[HOLDER_NAME] == "Ася"
    held = replace(led, state=State.MANAGER_ACTIVE)
    assert placed(held, tenant, south, NAMED).context[HOLDER_NAME] == "Ася", "they lead it still"


def test_a_question_that_was_given_up_is_over_also_where_the_conversation_changed_meanwhile() -> None:
    asked = Question(datetime(2026, 1, 5, tzinfo=UTC), (("one", "маникюр"), ("two", "не знаю"))).stored()
    about = Conversation(client_id="c", channel="chatflow", address="7", context={QUESTION: asked})
    fresh = cast("Any", SimpleNamespace(
        state=State.BOT_ACTIVE, conversation=about, tenant=SimpleNamespace(branch=lambda slug: None),
        work=SimpleNamespace(events=[SimpleNamespace(id="three")]),
    ))  # fmt: skip
    carry(cast("Any", SimpleNamespace(moved=None)), fresh)
    assert fresh.conversation.context[QUESTION]["over"] == ""
    carry(cast("Any", SimpleNamespace(moved=("", "not told"))), fresh)
    assert fresh.conversation.context[QUESTION]["over"] == "three"
