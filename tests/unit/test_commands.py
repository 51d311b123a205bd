"""What a text commands, for how long, and which price: the pure parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway import clock, commands, prices, pricing, spans
from truffles_gateway.overrides import PRICE, Override
from truffles_gateway.pricing import Text

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 14:00 in Almaty
ZONE = clock.zone("Asia/Almaty")


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("/пауза 2ч", "pause", "2ч"), ("/Пауза\n2ч", "pause", "2ч"), ("／пауза", "pause", ""), ("\u200b /пауза", "pause", ""),
        ("/кідіріс", "pause", ""), ("/pause@salon_bot 2h", "pause", "2h"), ("/бүгін жарық жоқ", "today", "жарық жоқ"),
        ("/цена маникюр 6000", "price", "маникюр 6000"), ("/итоги", "totals", ""), ("🔕\ufe0f", "mute", ""), ("🔔", "unmute", ""),
        ("/", "", ""), ("/ 5000", "", "5000"), ("/нетакой", "", ""),
    ],
)  # fmt: skip
def test_what_a_text_commands(text: str, name: str, rest: str) -> None:
    found = commands.read(text)
    assert found is not None
    assert (found.name, found.rest) == (name, rest)


@pytest.mark.parametrize("text", ["Здравствуйте", "1/2", "//заметка", "\u200b//заметка", "🔔 Напоминаем о записи", ""])
def test_what_is_no_command(text: str) -> None:
    assert commands.read(text) is None


@given(st.text(), st.text(alphabet=" \t\n\u00a0\u200b\u2060\ufeff\u00ad"))
def test_whatever_begins_with_a_stroke_is_a_command_or_a_note(text: str, before: str) -> None:
    said = f"{before}/{text}"
    assert commands.is_note(said) or commands.read(said) is not None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("2ч", 120), ("2 часа", 120), ("1ч30м", 90), ("на 30 мин", 30), ("1.5 ч", 90), ("2 сағат", 120), ("1 day", 1440),
     ("2", None), ("", None), ("0ч", None), ("2ч и ещё", None), ("9999 дней", None), ("-2ч", None)],
)  # fmt: skip
def test_how_long(text: str, minutes: float | None) -> None:
    assert spans.length(text) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "hour"),
    [("до 18:00 нет света", 18), ("18:00-ге дейін жарық жоқ", 18), ("18:00 дейін жарық жоқ", 18), ("18 дейін", 18),
     ("until 18 no light", 18), ("до 24:00", 24), ("нет света", None),
     ("до 25:00", None), ("до 18:005", None)],
)  # fmt: skip
def test_until_when(text: str, hour: int | None) -> None:
    found = spans.until(text, NOW, ZONE)
    assert found == (None if hour is None else spans.today(NOW, ZONE) + timedelta(hours=hour))


def test_the_end_of_a_day_in_a_zone_whose_clock_jumps() -> None:
    berlin = clock.zone("Europe/Berlin")
    assert spans.midnight(datetime(2026, 3, 29, 12, tzinfo=UTC), berlin) == datetime(2026, 3, 29, 22, tzinfo=UTC)


LIST = """Маникюр с покрытием стоит 5 000 ₸. Педикюр — 6 000 ₸, 60 мин.
Маникюр — 3000, стрижка — 3000"""


def test_a_price_is_changed_where_it_is_the_services() -> None:
    changed = prices.with_price(LIST, "маникюр", 3000, 3500, exact=True)
    assert changed == LIST.replace("Маникюр — 3000", "Маникюр — 3 500")
    assert prices.with_price(LIST, "маникюра с покрытием", 5000, 6000, exact=False) == LIST.replace("5 000", "6 000")
    assert prices.with_price("Стоит 500 ₸.", "чай", 500, 700, exact=False, title="Чай") == "Стоит 700 ₸."


@pytest.mark.parametrize("text", ["маникюр", "6000", "маникюр 6000 или 7000", "маникюр 0", "", "маникюр " + "9" * 30])
def test_what_is_no_price(text: str) -> None:
    assert prices.asked(text) is None


def test_a_second_change_is_measured_against_the_text_and_not_against_the_first() -> None:
    first = pricing.propose("маникюр", 6000, [Text("Маникюр — 5 000 ₸.")], [])
    assert (first.before, first.after) == ("Маникюр — 5 000 ₸.", "Маникюр — 6 000 ₸.")
    held = [Override(id="1", kind=PRICE, subject="маникюр", text=first.text, data=first.data)]
    second = pricing.propose("Маникюра", 7000, [Text("Маникюр — 5 000 ₸.")], held)
    assert (second.before, second.after, second.data["old"]) == ("Маникюр — 6 000 ₸.", "Маникюр — 7 000 ₸.", "5000")
    assert pricing.propose("маникюр", 6000, [Text("Маникюр — 5 000 ₸.")], held).problem == "order_price_same"
