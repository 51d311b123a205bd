"""A pack in the words of a language: money, durations, hours. Whatever tells a customer, a desk or the knowledge something of a
pack words it here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from truffles_gateway.plugin import Texts
from truffles_policy.pack import opening
from truffles_policy.pack.opening import DAY, Opening
from truffles_policy.pack.schema import At, Pack, Priced, Service, Variant
from truffles_policy.pack.values import DAYS, Span, Words, said

_SAYS_WARRANTY = re.compile(r"гарант|кепіл|warrant|guarant", re.IGNORECASE)
SIGNS = {"KZT": "₸", "RUB": "₽", "USD": "$", "EUR": "€", "UZS": "сум", "KGS": "сом"}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one pack in one language."""

    pack: Pack
    texts: Texts
    language: str

    def text(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return self.texts.get(key, self.language, **values)

    def items(self, key: str) -> list[str]:
        """A text that is a list."""
        return [item.strip() for item in self.text(key).split("|")]

    def words(self, words: Words) -> str:
        """The pack's words in the customer's language, else in its own."""
        return said(words, self.language, self.pack.language)[0]

    def warranty(self, term: Words | None) -> str:
        """For how long something is guaranteed, said so: "12 месяцев" alone may be anything; "" where it is not known."""
        text = self.words(term) if term else ""
        return self.text("fact_warranty", term=text) if text and not _SAYS_WARRANTY.search(text) else text

    def money(self, amount: int) -> str:
        """4000 → "4 000 ₸"."""
        sign = SIGNS.get(self.pack.currency, self.pack.currency)
        return f"{amount:,}".replace(",", " ") + f" {sign}"

    def week(self, open_at: Opening) -> str:
        """The hours of a week, equal days together: "пн–пт 10:00–21:00, вс — выходной"."""
        short = dict(zip(DAYS, self.items("fact_days"), strict=True))
        told = []
        for first, last, spans in open_at.runs():
            days = short[first] if first == last else f"{short[first]}–{short[last]}"
            told.append(f"{days} {opening.hours(spans)}" if spans else f"{days} — {self.text('fact_closed')}")
        return ", ".join(told)

    def hours(self, open_at: Opening) -> str:
        """The same as a sentence; "" where nothing is known."""
        runs = list(open_at.runs())
        if not runs:
            return ""
        first, last, spans = runs[0]
        if (first, last) != (DAYS[0], DAYS[-1]):
            return self.text("fact_week", week=self.week(open_at))
        return (
            self.text("fact_round") if opening.is_round(spans) else self.text("fact_daily", hours=opening.hours(spans))
        )

    def dated(self, month: int, day: int) -> str:
        """ "8 марта"."""
        return self.text("fact_date", day=day, month=self.items("fact_months")[month - 1])

    def opens(self, label: str, spans: Sequence[Span], why: Words | None = None) -> str:
        """The hours of the day, or the days, that a sentence begins with: "1 января не работаем (Новый год)."."""
        reason = f" ({self.words(why)})" if why else ""
        if not spans:
            return self.text("fact_day_closed", day=label, why=reason)
        if opening.is_round(spans):
            return self.text("fact_day_round", day=label, why=reason)
        return self.text("fact_day", day=label, hours=opening.hours(spans), why=reason)

    def minutes(self, minutes: int, *, least: bool = False) -> str:
        """90 → "1 ч 30 мин"; whole days as days, `least`: as they stand behind "from"."""
        if minutes and not minutes % DAY:
            days = minutes // DAY
            one, few, many = self.items("fact_least_days" if least else "fact_lasts_days")
            return f"{days} {(one, few, many)[_plural(days, self.language)]}"
        hours, rest = divmod(minutes, 60)
        if minutes <= 60 and minutes != 60:
            return self.text("fact_minutes", minutes=minutes)
        whole = self.text("fact_hours", hours=hours)
        return f"{whole} {self.text('fact_minutes', minutes=rest)}" if rest else whole

    def price(self, priced: Priced) -> str:
        """ "7 000 ₸", "от 5 000 ₸ за один ноготь", "" where it is not known."""
        if priced.free:
            return self.text("fact_free")
        if priced.price is not None:
            text = self.money(priced.price)
        elif priced.price_from is not None and priced.price_to is not None:
            low = f"{priced.price_from:,}".replace(",", " ")
            text = self.text("fact_range", low=low, high=self.money(priced.price_to))
        elif priced.price_from is not None:
            text = self.text("fact_from", price=self.money(priced.price_from))
        else:
            return ""
        return f"{text} {self.words(priced.per)}" if priced.per else text

    def lasts(self, *of: Service | Variant | At) -> str:
        """How long the first of these takes that says so: "1 ч 30 мин", "от 2 ч"; "" where none does."""
        one = next((each for each in of if each.duration or each.duration_from), None)
        if one is None:
            return ""
        if one.duration:
            return self.minutes(one.duration)
        return self.text("fact_from_time", time=self.minutes(one.duration_from or 0, least=True))


def _plural(number: int, language: str) -> int:
    """Which of three forms follows a number: 1 день, 2 дня, 5 дней."""
    if language != "ru":
        return 0 if number == 1 else 2
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2


def sentence(text: str) -> str:
    """A text with a full stop, and a capital at its beginning."""
    text = text.strip()
    closed = text if text.endswith((".", "!", "?", "…")) else f"{text}."
    return closed[:1].upper() + closed[1:]
