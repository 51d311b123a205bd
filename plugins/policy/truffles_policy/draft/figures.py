"""Prices and durations as price lists write them → the keys of a pack. What is not read whole is not read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from truffles_policy.draft.words import data, low
from truffles_policy.pack.values import Minutes

_SIGNS = {
    "₸": "KZT", "тг": "KZT", "тенге": "KZT", "теңге": "KZT", "kzt": "KZT",
    "₽": "RUB", "руб": "RUB", "рублей": "RUB", "р": "RUB", "rub": "RUB",
    "$": "USD", "usd": "USD", "€": "EUR", "eur": "EUR", "евро": "EUR",
}  # fmt: skip
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f_.,]\d{3})+|\d+"


def _amount(number: int) -> str:
    """A pattern of an amount with the sign of a currency before or behind it."""
    return (
        rf"(?:(?P<before{number}>{_SIGN})\s*)?(?P<amount{number}>{_NUMBER})(?:\s*(?P<after{number}>{_SIGN})(?!\w)\.?)?"
    )


_PRICE = re.compile(
    rf"(?P<least>от|from|с)?\s*{_amount(1)}(?:\s*(?:-|–|—|до|to)\s*{_amount(2)})?(?P<most>\s*-?\w*\s*бастап)?",
    re.IGNORECASE,
)
_PER = re.compile(r"^(.*?\S)\s+((?:за|per|/)\s*\D+)$", re.IGNORECASE)
_LEAST = re.compile(r"^(?:от|from)\s+|\s+бастап$", re.IGNORECASE)
_MINUTES: TypeAdapter[int] = TypeAdapter(Minutes)


@dataclass(frozen=True, slots=True)
class Price:
    """A price as keys of a pack, and its currency, "" where none was written."""

    keys: Mapping[str, Any]
    currency: str = ""


def price(text: str) -> Price | None:
    """ "от 5 000 ₸" → price_from 5000; None for what is no price."""
    said = text.strip().rstrip(".")
    if low(said) in data()["words"]["free"]:
        return Price({"free": True})
    per = _PER.match(said)
    found = _PRICE.fullmatch((per[1] if per else said).strip())
    if found is None:
        return None
    amounts = [_whole(found["amount1"]), *([_whole(found["amount2"])] if found["amount2"] else [])]
    signs = {_SIGNS[sign.lower()] for name in ("before1", "after1", "before2", "after2") if (sign := found[name])}
    if len(signs) > 1 or (len(amounts) > 1 and amounts[1] < amounts[0]):
        return None
    about = {"per": per[2]} if per else {}
    return Price({**_keys(amounts, least=bool(found["least"] or found["most"])), **about}, next(iter(signs), ""))


def _keys(amounts: list[int], *, least: bool) -> dict[str, Any]:
    if len(amounts) > 1:
        return {"price_from": amounts[0], "price_to": amounts[1]}
    return {"price_from" if least else "price": amounts[0]}


def _whole(amount: str) -> int:
    return int(re.sub(r"\D", "", amount))


def duration(text: str) -> dict[str, str] | None:
    """ "от 1 ч 30 мин" → duration_from; None for what is no duration. The words stay: a pack reads them."""
    said = text.strip().rstrip(".")
    least = _LEAST.sub("", said)
    try:
        _MINUTES.validate_python(least)
    except (ValidationError, OverflowError):
        return None
    return {"duration" if least == said else "duration_from": least}
