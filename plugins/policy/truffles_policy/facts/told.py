"""What is told, in which language, and the texts that it is told with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from truffles_gateway.plugin import Texts
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.values import Words, said

DAY = 24 * 60
SIGNS = {"KZT": "₸", "RUB": "₽", "USD": "$", "EUR": "€", "UZS": "сум", "KGS": "сом"}


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as the customer reads it. `language` is that of its words; `prose`: sentences of the business's own, which
    stand behind a line of introduction where their language is not the customer's. `inviting`: a call to action may follow."""

    id: str
    text: str
    language: str = ""
    prose: bool = False
    inviting: bool = True


@dataclass(frozen=True, slots=True)
class Say:
    """Whom facts are told: in which language, at which branch ("": not known), and when (in the business's own time)."""

    pack: Pack
    texts: Texts
    language: str
    branch: str
    now: datetime

    def text(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return self.texts.get(key, self.language, **values)

    def items(self, key: str) -> list[str]:
        """A text that is a list."""
        return [item.strip() for item in self.text(key).split("|")]

    def words(self, words: Words) -> str:
        """The pack's words in the customer's language, else in its own."""
        return said(words, self.language, self.pack.language)[0]

    def own(self, id: str, words: Words | None, *, prose: bool = True, inviting: bool = True) -> list[Told]:
        """A text of the pack as a fact; none where there is none."""
        if words is None:
            return []
        text, language = said(words, self.language, self.pack.language)
        return [Told(id, text, language, prose, inviting)]

    def line(self, id: str, text: str) -> Told:
        """A line in the customer's language."""
        return Told(id, text, self.language)

    def money(self, amount: int) -> str:
        """4000 → "4 000 ₸"."""
        sign = SIGNS.get(self.pack.currency, self.pack.currency)
        return f"{amount:,}".replace(",", " ") + f" {sign}"

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


def joined(facts: Iterable[str]) -> str:
    """Facts one below the other, each once."""
    return "\n".join(dict.fromkeys(text.strip() for text in facts if text.strip()))
