"""Facts of a pack as lines in its own language, for what is found by its meaning: prices, durations, opening hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from truffles_policy.pack.schema import At, Pack, Priced, Product, Service, Variant
from truffles_policy.pack.values import DAYS, Day, Span, Words, said

SIGNS = {"KZT": "₸", "RUB": "₽", "USD": "$", "EUR": "€", "KGS": "сом", "UZS": "сум"}
DAY_NAMES = {
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    "kk": ("дс", "сс", "ср", "бс", "жм", "сб", "жс"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
LABELS = {
    "ru": {"from": "от {}", "free": "бесплатно", "hours": "{} ч", "minutes": "{} мин", "closed": "выходной",
           "daily": "ежедневно", "round": "круглосуточно", "before": "До: {}", "after": "После: {}",
           "refused": "не принимаем: {}"},
    "kk": {"from": "{}-ден бастап", "free": "тегін", "hours": "{} сағ", "minutes": "{} мин", "closed": "жабық",
           "daily": "күн сайын", "round": "тәулік бойы", "before": "Дейін: {}", "after": "Кейін: {}",
           "refused": "қабылдамаймыз: {}"},
    "en": {"from": "from {}", "free": "free", "hours": "{} h", "minutes": "{} min", "closed": "closed",
           "daily": "daily", "round": "around the clock", "before": "Before: {}", "after": "After: {}",
           "refused": "not accepted: {}"},
}  # fmt: skip


class Telling:
    """Lines about one pack."""

    def __init__(self, pack: Pack) -> None:
        self._pack, self._labels = pack, LABELS[pack.language]

    def own(self, words: Words | None) -> str:
        """A text in the pack's own language, "" for none."""
        return said(words, self._pack.language, self._pack.language)[0] if words else ""

    def thing(self, name: Words, what: Priced, at: At | None = None) -> str:
        """What a service or a product costs and how long it takes: "Name — 7 000 ₸, 1 ч. Note."."""
        here = at if at is not None and (at.is_priced or at.duration or at.duration_from) else what
        figures = [self.price(here if here.is_priced else what), self.lasts(here) or self.lasts(what)]
        said_of = ", ".join(filter(None, figures))
        lines = [f"{self.own(name)} — {said_of}" if said_of else self.own(name)]
        if isinstance(what, (Service, Product)):
            lines += [self.thing(each.name, each) for each in what.variants]
            lines += [self.own(what.note)]
        if isinstance(what, Product):
            lines += [*map(self.own, what.facts), self.own(what.warranty)]
        return sentences(lines)

    def price(self, what: Priced) -> str:
        """ "7 000 ₸", "от 5 000 ₸", "" where it is not known."""
        per = f" {self.own(what.per)}" if what.per else ""
        if what.free or what.price == 0:
            return f"{self._labels['free']}{per}"
        if what.price is not None:
            return f"{self._money(what.price)}{per}"
        if what.price_from is None:
            return ""
        if what.price_to is not None:
            return f"{what.price_from:,}–{self._money(what.price_to)}{per}".replace(",", " ")
        return f"{self._labels['from'].format(self._money(what.price_from))}{per}"

    def _money(self, amount: int) -> str:
        return f"{amount:,} {SIGNS.get(self._pack.currency, self._pack.currency)}".replace(",", " ")

    def lasts(self, what: Priced) -> str:
        """ "1 ч 30 мин", "от 2 ч", "" where it is not known."""
        if not isinstance(what, (Service, Variant, At)):
            return ""
        minutes = what.duration or what.duration_from
        if not minutes:
            return ""
        parts = [("hours", minutes // 60), ("minutes", minutes % 60)]
        text = " ".join(self._labels[unit].format(count) for unit, count in parts if count)
        return text if what.duration else self._labels["from"].format(text)

    def week(self, hours: Mapping[Day, Sequence[Span]]) -> str:
        """Opening hours, equal days together."""
        said_of = [(days, self._day(hours[DAYS[days[0]]])) for days in _runs(hours)]
        if len(said_of) == 1 and len(said_of[0][0]) == len(DAYS):
            return f"{self._labels['daily']} {said_of[0][1]}"
        names = DAY_NAMES[self._pack.language]
        return ", ".join(
            f"{names[days[0]]}{f'–{names[days[-1]]}' if len(days) > 1 else ''} {text}" for days, text in said_of
        )

    def _day(self, spans: Sequence[Span]) -> str:
        if not spans:
            return self._labels["closed"]
        if [(each.opens, each.closes) for each in spans] == [(0, 24 * 60)]:
            return self._labels["round"]
        return ", ".join(f"{_clock(each.opens)}–{_clock(each.closes)}" for each in spans)

    def label(self, name: str, text: str) -> str:
        """A text behind its label."""
        return self._labels[name].format(text)


def sentences(lines: Sequence[str]) -> str:
    """Lines as sentences one after the other, empty ones left out."""
    return " ".join(line if line.endswith((".", "!", "?")) else f"{line}." for line in lines if line)


def _runs(hours: Mapping[Day, Sequence[Span]]) -> Iterator[list[int]]:
    """Days in a row with the same hours."""
    run: list[int] = []
    for at, day in enumerate(DAYS):
        if run and (day not in hours or hours[DAYS[run[0]]] != hours[day]):
            yield run
            run = []
        run += [at] if day in hours else []
    if run:
        yield run


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
