"""How long a burst is waited for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.burst import BurstTiming, join, quiet_seconds
from truffles_gateway.messages import Attachment, Content, InboundEvent

TIMING = BurstTiming()


def wait(text: str, **more: object) -> float:
    """The wait after one event with `text`."""
    return quiet_seconds(InboundEvent(channel="whatsapp", event_id="1", text=text, **more), TIMING)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Сколько стоит маникюр?", "скока маникюр", "почём стрижка", "где вы", "когда работаете", "как доехать",
        "есть ли парковка", "можно завтра", "Хочу записаться на маникюр завтра", "есть?", "здравствуйте, сколько стоит",
        "қанша тұрады", "канша турады", "маникюр қанша", "қайда орналасқан", "бос орын бар ма", "барма орын",
        "salem qansha", "how much", "what time", "where are you", "do you work", "is there parking", "price?",
        "ok?", "??", "Здравствуйте! А вы открыты?", "skolko stoit", "Я уже выехала к вам",
    ],
)  # fmt: skip
def test_a_complete_question_is_answered_soon(text: str) -> None:
    assert wait(text) == TIMING.complete


@pytest.mark.parametrize(
    "text",
    [
        "Здравствуйте", "здравствуйте!!", "Добрый день", "Добрый день вам всем, девочки", "привет 👋", "Сәлеметсіз бе?",
        "Сәлем", "Қайырлы күн", "салем", "hello", "Hi there", "good morning everyone", "Ассаламағалейкум",
        "маникюр", "на завтра", "и ещё", "а", "", "   ", "👍", "…", "сколько", "how", "хочу маникюр", "Где", "1",
    ],
)  # fmt: skip
def test_a_greeting_or_a_fragment_waits_for_the_rest(text: str) -> None:
    assert wait(text) == TIMING.fragment


def test_a_medium_without_caption_waits() -> None:
    photo = Attachment(content=Content.IMAGE, mime="image/jpeg")
    assert wait("", content=Content.IMAGE, attachments=(photo,)) == TIMING.fragment


def test_a_caption_counts_as_text() -> None:
    photo = Attachment(content=Content.IMAGE, caption="Сколько стоит такой маникюр?")
    assert wait("", content=Content.IMAGE, attachments=(photo,)) == TIMING.complete


def test_the_tenant_sets_the_times_and_the_longest_bounds_them() -> None:
    event = InboundEvent(channel="whatsapp", event_id="1", text="привет")
    assert quiet_seconds(event, BurstTiming(complete=0.1, fragment=9, longest=20)) == 9
    assert quiet_seconds(event, BurstTiming(fragment=9, longest=3)) == 3


def test_join_keeps_order_and_leaves_out_what_is_empty() -> None:
    assert join(["Здравствуйте ", "", "  ", "сколько стоит", "маникюр?"]) == "Здравствуйте\nсколько стоит\nманикюр?"
    assert join([]) == ""


@given(st.text())
def test_any_text_has_a_wait(text: str) -> None:
    assert wait(text) in (TIMING.complete, TIMING.fragment)
