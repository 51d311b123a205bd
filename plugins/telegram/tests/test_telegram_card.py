"""Cards and long texts: nothing that a user writes breaks them, nothing is longer than Telegram allows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_telegram.card import ROOM, CardWriter
from truffles_telegram.catalogue import CATALOGUE
from truffles_telegram.markup import CAPTION, MESSAGE, TOPIC_NAME, cut, escape, sound, split, units, visible
from truffles_telegram.plan import file_name, pieces, shape_of
from truffles_telegram.plugin import plugin
from truffles_telegram.simulation.html_mode import read_html

from truffles_gateway.messages import Attachment, Author, Content, Customer, HandoverCard, Line, Refusal, Trigger
from truffles_gateway.testing import texts_of

NAUGHTY = json.loads((Path(__file__).parent / "data" / "naughty-strings.json").read_text())
AT = datetime(2025, 6, 2, 5, tzinfo=UTC)
WRITER = CardWriter(texts_of(plugin), "ru", ZoneInfo("Asia/Almaty"))
BREAKING = ["</b>", "<b>", "&", "&lt;b&gt;", "<a href='tg://user?id=1'>", "<<<<", "&#x0;", "<!--", "]]>", "<b", "\"'>"]
texts = st.text(st.characters(), max_size=200) | st.sampled_from(NAUGHTY) | st.sampled_from(BREAKING)


def handover(words: str, **more: Any) -> HandoverCard:
    """A card in which a user's words stand wherever they can."""
    given: dict[str, Any] = {
        "handover_id": "h1", "trigger": Trigger.INTENT, "reason": words, "question": words, "branch": words,
        "customer": Customer(id="u", address="77011234567@s.whatsapp.net", name=words, phone="77011234567"),
        "dialogue": (Line(author=Author.CUSTOMER, text=words, at=AT),),
        "attachments": (Attachment(content=Content.DOCUMENT, file_name=words),),
        "refusals": (Refusal(what=words, reason=words),),
    } | more  # fmt: skip
    return HandoverCard(**given)


def check(markup: str) -> str:
    """Telegram reads it, and it is not too long."""
    plain, _ = read_html(sound(markup))
    assert 0 < units(plain) <= MESSAGE
    return plain


def test_a_booking_has_its_lines_and_its_buttons() -> None:
    known = {"service": "Маникюр", "when": "пятница, 25 декабря, 15:00", "name": "Айгуль"}
    plain = check(WRITER.handover(handover("Маникюр, Айгуль", trigger=Trigger.BOOKING, booking=known)))
    for line in ("▫️ Услуга: Маникюр", "🗓 Когда: пятница, 25 декабря, 15:00", "▫️ Имя: Айгуль"):
        assert line in plain.splitlines()
    assert "Телефон" not in plain
    assert "❓" not in plain  # the request stands there already
    rows = WRITER.buttons("pending", "h1", booking=True)["inline_keyboard"]
    assert [[key["callback_data"] for key in row] for row in rows] == [
        ["confirm_h1"], ["another_time_h1", "no_slots_h1"], ["take_h1", "return_h1", "skip_h1"],
    ]  # fmt: skip
    assert WRITER.buttons("resolved", "h1", booking=True) == {"inline_keyboard": []}


@pytest.mark.parametrize("words", [*BREAKING, *NAUGHTY])
def test_what_users_write_breaks_no_card(words: str) -> None:
    booking = dict.fromkeys(("service", "when", "name", "phone"), words)
    plain = check(WRITER.handover(handover(words, booking=booking)))
    assert "+77011234567" in plain and plain.startswith("🙋 Нужен человек: ")
    check(
        WRITER.learned(
            dict.fromkeys(("question", "answer", "note", "otherwise"), words) | {"status": "pending", "asked": "9"}
        )
    )
    assert 0 < units(WRITER.topic(Customer(id="u", address=words or "1", name=words))) <= TOPIC_NAME


@given(texts)
def test_nothing_breaks_a_card(words: str) -> None:
    check(WRITER.handover(handover(words)))


def test_a_card_in_full() -> None:
    lines = (
        Line(author=Author.CUSTOMER, text="Привет", at=AT),
        Line(author=Author.BOT, text="Здравствуйте!\nЧем помочь?", at=AT),
    )
    card = handover("x", reason="Просит человека", question="Скидка <50%>?", branch="Север", dialogue=lines)
    assert check(WRITER.handover(card)).splitlines() == [
        "🙋 Нужен человек: Просит человека",
        "👤 x · +77011234567",
        "Филиал: Север",
        "",
        "Диалог",
        "10:00 Клиент: Привет",
        "10:00 Бот: Здравствуйте! Чем помочь?",
        "",
        "❓ Вопрос: Скидка <50%>?",
        "📎 Вложение: document x",
        "🚫 Не принято: x (x)",
    ]


def test_a_long_dialogue_keeps_its_newest_lines() -> None:
    lines = tuple(Line(author=Author.CUSTOMER, text=f"{n} " + "🙂&<" * 100, at=AT) for n in range(100))
    many = tuple(Attachment(content=Content.IMAGE, file_name="🙂" * 300) for _ in range(50))
    plain = check(WRITER.handover(handover("🙂&<" * 2000, dialogue=lines, attachments=many)))
    assert "99 🙂" in plain and ": 0 🙂" not in plain and "❓ Вопрос" in plain


def test_the_catalogue_is_complete() -> None:
    assert {frozenset(keys) for keys in CATALOGUE.values()} == {frozenset(CATALOGUE["ru"])}
    assert set(CATALOGUE) == {"ru", "kk", "en"}
    assert all(key.startswith("telegram_") for key in CATALOGUE["ru"])


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("hello", 5, "hello"),
        ("hello!", 5, "hell…"),
        ("🙂🙂🙂", 5, "🙂🙂…"),
        ("🙂🙂🙂", 4, "🙂…"),
        ("a👨‍👩‍👧b", 10, "a👨‍👩‍👧b"),
        ("a👨‍👩‍👧bc", 9, "a…"),
        ("abcde\u0301f", 6, "abcd…"),
        ("🇰🇿🇷🇺🇬🇧", 8, "🇰🇿…"),
        ("один два три четыре", 12, "один два…"),
    ],
)
def test_cut(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(st.text(max_size=300), st.integers(2, 60))
def test_cut_never_breaks_a_character(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert units(short) <= limit and (short == text or text.startswith(short.removesuffix("…")))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.integers(4, 60))
def test_split_loses_nothing(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(texts)
def test_escaped_text_reads_as_it_was_written(words: str) -> None:
    assert visible(escape(words)) == sound(words)
    assert read_html(escape(words))[0] == sound(words)


@pytest.mark.parametrize(
    ("item", "shape", "name"),
    [
        (Attachment(content=Content.IMAGE, mime="image/jpeg"), "photo", "image.jpg"),
        (Attachment(content=Content.IMAGE, mime="image/jpeg", size=11 * 1024 * 1024), "document", "image.jpg"),
        (Attachment(content=Content.IMAGE, mime="image/svg+xml", file_name="a/b\\c.svg"), "document", "c.svg"),
        (Attachment(content=Content.AUDIO, mime="audio/ogg; codecs=opus"), "voice", "audio.oga"),
        (Attachment(content=Content.AUDIO, mime="audio/mpeg", file_name="..."), "audio", "audio.mp3"),
        (Attachment(content=Content.AUDIO, mime="audio/amr"), "document", None),
        (Attachment(content=Content.VIDEO, mime="video/mp4"), "video", "video.mp4"),
        (Attachment(content=Content.DOCUMENT, mime="image/jpeg"), "document", "document.jpg"),
    ],
)
def test_shapes_and_names(item: Attachment, shape: str, name: str | None) -> None:
    assert shape_of(item) == shape and name in (None, file_name(item))


@given(st.integers(0, 25), st.integers(0, 5), st.integers(0, 3000))
def test_every_medium_is_in_a_message(photos: int, voices: int, length: int) -> None:
    images = [Attachment(content=Content.IMAGE, mime="image/png", blob=str(n)) for n in range(photos)]
    spoken = [Attachment(content=Content.AUDIO, mime="audio/ogg", blob=f"v{n}") for n in range(voices)]
    plan = pieces("я" * length, [*images, *spoken])
    assert [item for piece in plan for item in piece.items] == [*images, *spoken]
    assert sum(piece.text.count("я") for piece in plan) == length
    assert all(len(piece.items) <= 10 and (not piece.items or units(piece.text) <= CAPTION) for piece in plan)


@pytest.mark.parametrize(("language", "caught", "otherwise"), [
    ("ru", "📊 Из последних вопросов людям (40) ответил бы на 3", "⚠️ В базе знаний сказано иначе: 5 000 ₸ (a.md)"),
    ("kk", "📊 Адамдарға берілген соңғы сұрақтардан (40) жауап берер еді: 3", "⚠️ Білім қорында басқаша айтылған: 5 000 ₸ (a.md)"),
    ("en", "📊 Of the last questions that went to people (40) it would have answered 3", "⚠️ The knowledge says otherwise: 5 000 ₸ (a.md)"),
])  # fmt: skip
def test_a_lesson_says_what_approving_would_change(language: str, caught: str, otherwise: str) -> None:
    writer = CardWriter(texts_of(plugin), language, ZoneInfo("Asia/Almaty"))
    lesson = {
        "status": "pending",
        "question": "?",
        "answer": "!",
        "asked": "40",
        "caught": "3",
        "otherwise": "5 000 ₸ (a.md)",
    }
    assert check(writer.learned(lesson)).splitlines()[3:] == [caught, otherwise]
    assert len(check(writer.learned(lesson | {"status": "approved"})).splitlines()) == 3, "it is decided"
    assert len(check(writer.learned(lesson | {"asked": "", "otherwise": ""})).splitlines()) == 3, "nothing is known"


def test_the_longest_lesson_fits() -> None:
    lesson = dict.fromkeys(("question", "answer", "note", "otherwise"), "ы" * 5_000) | {"asked": "100", "caught": "100"}
    assert units(check(WRITER.learned({**lesson, "status": "pending"}))) <= ROOM
