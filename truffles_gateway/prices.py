"""Prices in the tenant's own texts: which lines name one for a service, and those lines with another price. Pure.

A line is a sentence; in a list without sentences, a line. It is about a service when it holds every word of its name, in
whatever ending; its price is the first one behind the name, else the only one there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from truffles_gateway.claim_values import CURRENCY
from truffles_gateway.plain import letters

MOST = 100_000_000
_NUMBER = r"\d{1,3}(?:[ \u00a0.,]\d{3})+(?!\d)|\d+"
_MONEY = rf"(?:{CURRENCY})"
_ASKED = re.compile(
    rf"(?P<subject>.*?[^\W\d_].*?)[\s:=—–-]+(?P<amount>{_NUMBER})\s*(?:{_MONEY}\.?)?", re.IGNORECASE | re.DOTALL
)
_PRICE = re.compile(
    rf"(?<![\d:.,+])(?P<amount>{_NUMBER})(?![\d:])(?:\s*(?P<money>{_MONEY})|(?!\s*(?:мин|min|ч\b|час|сағ|hour|h\b|%|лет|год|жас|дн|день|шт|раз|см|cm)))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?;](?=\s)|(?=\n)|$)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 100  # a bare number below is a count or a time
_FILLERS = frozenset({"цена", "стоит", "стоимость", "от", "за", "price", "costs", "cost", "from", "is", "багасы"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line about a service that names a price for it. `exact`: it names nothing but the service."""

    text: str
    amount: int
    exact: bool


def asked(text: str) -> tuple[str, int] | None:
    """The service and its new price, of "маникюр 6 000 тг"; None if it cannot be read."""
    found = _ASKED.fullmatch(text.strip())
    if found is None or not 0 < value(found["amount"]) <= MOST or any(_prices(found["subject"])):
        return None
    return " ".join(found["subject"].split()), value(found["amount"])


def value(amount: str) -> int:
    """5 000 → 5000."""
    return int(re.sub(r"\D", "", amount))


def shown(amount: int) -> str:
    """5000 → "5 000"."""
    return f"{amount:,}".replace(",", " ")


def is_about(text: str, subject: str) -> bool:
    """Does a text hold every word of a service's name?"""
    said = _words(text)
    return all(any(same(word, each) for each in said) for word in _words(subject))


def lines(text: str, subject: str, title: str = "") -> list[Line]:
    """Every line of `text` with a price for the service; where none names it, its title may."""
    found = list(_lines(text, subject))
    if not found and title and is_about(title, subject):
        priced = [(sentence, list(_prices(sentence))) for sentence in _sentences(text)]
        found = [Line(sentence, value(some[0]["amount"]), exact=False) for sentence, some in priced if len(some) == 1]
    return found


def with_price(text: str, subject: str, old: int, new: int, *, exact: bool, title: str = "") -> str:
    """The text with the new price in its lines about the service that name the old one."""
    for line in lines(text, subject, title):
        if line.amount == old and (line.exact or not exact):
            text = text.replace(line.text, _changed(line.text, subject, old, new))
    return text


def same(one: str, other: str) -> bool:
    """Are two words one, in two endings?"""
    shorter, longer = sorted((len(one), len(other)))
    common = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    return one == other or (shorter > 3 and common >= max(4, longer - 3))


def _lines(text: str, subject: str) -> Iterator[Line]:
    for sentence in _sentences(text):
        price = _price_of(sentence, subject)
        if price is not None:
            named = [word for word in _words(sentence[: price.start()]) if word not in _FILLERS]
            yield Line(sentence, value(price["amount"]), exact=len(named) == len(_words(subject)))


def _changed(sentence: str, subject: str, old: int, new: int) -> str:
    """The price behind the name; where the name stands in the title, the only one there is."""
    price = _price_of(sentence, subject) or next(
        (each for each in _prices(sentence) if value(each["amount"]) == old), None
    )
    return sentence[: price.start("amount")] + shown(new) + sentence[price.end("amount") :] if price else sentence


def _price_of(sentence: str, subject: str) -> re.Match[str] | None:
    if not is_about(sentence, subject):
        return None
    wanted = _words(subject)
    last = max(
        min(found.start() for found in _WORD.finditer(sentence) if same(word, letters(found[0]))) for word in wanted
    )
    found = list(_prices(sentence))
    behind = next((each for each in found if each.start() > last), None)
    return behind or (found[0] if len(found) == 1 else None)


def _prices(sentence: str) -> Iterator[re.Match[str]]:
    for found in _PRICE.finditer(sentence):
        if found["money"] or _LEAST <= value(found["amount"]) <= MOST:
            yield found


def _sentences(text: str) -> list[str]:
    return [found[0].strip() for found in _SENTENCE.finditer(text) if found[0].strip()]


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(letters(text)) if len(word) > 1]
