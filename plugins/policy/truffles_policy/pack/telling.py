"""Facts of a pack as lines, for what is found by its meaning."""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.plugin import Texts
from truffles_policy.pack.opening import Opening
from truffles_policy.pack.paying import refused
from truffles_policy.pack.schema import At, DayOff, Method, Pack, Place, Priced, Product, Service, Variant
from truffles_policy.pack.values import Words
from truffles_policy.pack.wording import Wording, sentence


class Telling:
    """Lines about one pack, in `language` where the pack has it; without one, in the pack's own."""

    def __init__(self, pack: Pack, texts: Texts, language: str = "") -> None:
        self._wording = Wording(pack, texts, language or pack.language)

    def own(self, words: Words | None) -> str:
        """A text of the pack, "" for none."""
        return self._wording.words(words) if words else ""

    def sentence(self, words: Words | None) -> str:
        """A text of the pack as a sentence, "" for none."""
        return sentence(self.own(words)) if words else ""

    def refused(self, method: Method) -> str:
        """That a way to pay is not accepted, with what is to be said of it."""
        return sentences([refused(method, self._wording), self.own(method.note)])

    def accepted(self, ways: str) -> str:
        """The ways to pay that there are, beside others that are none."""
        return self._wording.text("fact_accepted", methods=ways)

    def thing(self, name: Words, what: Priced, at: At | None = None) -> str:
        """What a service or a product costs and how long it takes: "Name — 7 000 ₸, 1 ч. Note."."""
        price = self._wording.price(at if at is not None and at.is_priced else what)
        timed = [each for each in (at, what) if isinstance(each, (Service, Variant, At))]
        figures = ", ".join(filter(None, (price, self._wording.lasts(*timed))))
        lines = [f"{self.own(name)} — {figures}" if figures else self.own(name)]
        if isinstance(what, (Service, Product)):
            lines += [self.thing(each.name, each) for each in what.variants]
            lines += [self.own(what.note)]
        if isinstance(what, Product):
            lines += [*map(self.own, what.facts), self._wording.warranty(what.warranty)]
        return sentences(lines)

    def day_off(self, off: DayOff) -> str:
        """A day, or days, with hours of their own, as written: "31 декабря – 1 января не работаем (Новый год)."."""
        days = [off.on] if off.until is None else [off.on, off.until]
        label = " – ".join(f"{self._wording.dated(each.month, each.day)} {each.year or ''}".strip() for each in days)
        return self._wording.opens(label, off.hours, off.why)

    def spoken(self, languages: Sequence[Words]) -> str:
        """Which languages are spoken; "" where nobody says."""
        named = ", ".join(map(self.own, languages))
        return self._wording.text("fact_speaks", languages=named) if named else ""

    def hours(self, place: Place) -> str:
        """Opening hours, equal days together; "" where nothing is known."""
        return self._wording.hours(Opening(place.hours, ()))


def sentences(lines: Sequence[str]) -> str:
    """Lines as sentences one after the other, empty ones left out."""
    first, *more = [line for line in lines if line] or [""]
    return " ".join([first if first.endswith((".", "!", "?")) or not first else f"{first}.", *map(sentence, more)])
