"""What a pack says and what it leaves unknown, told to who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import read_document
from truffles_policy.pack.paying import refuses_instalments
from truffles_policy.pack.schema import Pack, Place, Product, Promotion, Service
from truffles_policy.pack.values import DAYS

LANGUAGES = ("ru", "kk", "en")
SHOWN = 8
ZONE = "Asia/Almaty"
HUMAN = "unknown, a human will be asked"
LINKS = {
    "ru": "за|для|с|со|в|во|на|от|до|из|при|по|к|и|без|кажд\\w+|люб\\w+",
    "en": "per|a|an|each|every|for|with|in|on|from|up to|any|one",
}
"""How a text begins that says what a price is for. Kazakh says it at the end of a word."""
UNITS = (
    r"шт|штук\w*|г|гр|кг|т|мл|л|литр\w*|мм|см|м|м2|м²|м3|м³|км|кв|куб|п|пог|ч|час\w*|мин\w*|сут\w*|"
    r"pcs?|g|kg|ml|l|mm|cm|m|m2|m²|m3|m³|km|sq|h|hr|hours?|min\w*|\d[\d.,]*"
)
"""Units, and counts of them, that are said behind a price alone: "500 ₸ кг"."""


def checked(path: Path) -> tuple[list[ConfigError], list[str]]:
    """What is wrong with a pack's file, or, of a good one, what it says."""
    try:
        document = read_document(path)
    except ConfigError as problem:
        return [problem], []
    problems = document.problems(Pack)
    return problems, [] if problems else list(summary(path, Pack.model_validate(document.value)))


def summary(path: Path, pack: Pack) -> Iterator[str]:
    """A few lines about a good pack."""
    yield f"✓ {path}: {next(iter(pack.business.name.values()))}"
    yield from _listed("services", pack.services)
    yield from _listed("products", pack.products)
    counts = {name: len(getattr(pack, name)) for name in ("branches", "categories", "promotions", "faq", "attachments")}
    if any(counts.values()):
        yield f"  {', '.join(f'{count} {name}' for name, count in counts.items() if count)}"
    yield f"  languages: {', '.join(_languages(pack))}"
    for what in unknown(pack):
        yield f"  {what}: {HUMAN}"
    yield from _bare(pack)
    yield from _over(pack, today())


def _listed(what: str, listed: tuple[Service, ...] | tuple[Product, ...]) -> Iterator[str]:
    if not listed:
        return
    without = [each.id for each in listed if not (each.is_priced or any(one.is_priced for one in each.variants))]
    yield f"  {len(listed)} {what}, {len(listed) - len(without)} with a price"
    if without:
        more = f" and {len(without) - SHOWN} more" if len(without) > SHOWN else ""
        yield f"  price of {', '.join(without[:SHOWN])}{more}: {HUMAN}"


def _languages(pack: Pack) -> Iterator[str]:
    """How many texts there are in each language; the pack's own has those that name none."""
    texts = list(_texts(pack))
    for language in sorted(LANGUAGES, key=lambda each: each != pack.language):
        keys = (language, "") if language == pack.language else (language,)
        count = sum(any(key in words for key in keys) for words in texts)
        yield (
            f"{language} {'all' if count == len(texts) else count} of {len(texts)} texts"
            if count
            else f"{language} none"
        )


def _texts(value: Any) -> Iterator[dict[str, str]]:
    """All texts in a part of a pack."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            found = getattr(value, name)
            if (
                isinstance(found, dict)
                and found
                and set(found) <= {"", *LANGUAGES}
                and "Literal" in str(field.annotation)
            ):
                yield found
            else:
                yield from _texts(found)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))


def today() -> date:
    """The day that it is where tenants are that name no time zone: a pack's file names none."""
    return datetime.now(ZoneInfo(ZONE)).date()


def untold(promotion: Promotion, today: date) -> str:
    """Why a promotion is told to nobody on a day; "" where it is told."""
    if promotion.is_over(today):
        return f"over, its last day was {promotion.until}: told to nobody"
    return "" if promotion.holds(today) else f"not yet begun, told to nobody before {promotion.since}"


def _over(pack: Pack, today: date) -> Iterator[str]:
    """Promotions that are over."""
    for each in pack.promotions:
        if each.is_over(today):
            yield f"  ! promotions.{each.id}: {untold(each, today)}. Delete it, or give it a later until"


def _bare(pack: Pack) -> Iterator[str]:
    """What a price is for, where it would stand behind the price as a bare name: "6 000 ₸ снимок"."""
    for id, language, text in _pers(pack):
        links = LINKS.get(language, "")
        if links and not re.match(rf"(?:{links}|{UNITS})(?!\w)|\W", text, re.IGNORECASE):
            first = links.partition("|")[0]
            yield f'  ! {id}: per "{text}" stands behind the price as it is. Write "{first} …" where it shall be read so'


def _pers(pack: Pack) -> Iterator[tuple[str, str, str]]:
    """Each `per` of a service or product: whose it is, its language, its text."""
    sold: tuple[Service | Product, ...] = (*pack.services, *pack.products)
    for each in sold:
        of_branches = each.at.values() if isinstance(each, Service) else ()
        for priced in (each, *each.variants, *of_branches):
            yield from ((each.id, language or pack.language, text) for language, text in (priced.per or {}).items())


def unknown(pack: Pack) -> Iterator[str]:
    """What customers often ask, and this pack does not say."""
    for name, place in _places(pack):
        of = f" of branch {name}" if name else ""
        yield from (f"{spot}{of}" for spot in ("address", "parking") if not getattr(place, spot))
        silent = [day for day in DAYS if day not in place.hours]
        if silent:
            yield f"hours{of}" if len(silent) == len(DAYS) else f"hours{of} on {', '.join(silent)}"
    if not (pack.business.phone or any(place.phone for _, place in _places(pack))):
        yield "phone"
    yield from _of_money(pack)
    wanted = ["lateness", "cancellation", "children"] if pack.services else []
    wanted += ["delivery", "returns"] if pack.products else []
    wanted += [] if pack.booking.enabled or not pack.services else ["booking"]
    yield from (name for name in [*wanted, "warranty"] if not getattr(pack.rules, name))


def _places(pack: Pack) -> list[tuple[str, Place]]:
    """Each branch with what it has from `place`, or the one place."""
    if not pack.branches:
        return [("", pack.place)]
    spots = ("address", "hours", "parking", "phone")
    return [
        (each.slug, Place.model_construct(**{spot: getattr(each, spot) or getattr(pack.place, spot) for spot in spots}))
        for each in pack.branches
    ]


def _of_money(pack: Pack) -> Iterator[str]:
    payment = pack.payment
    if not payment.tell:
        yield "payment (tell is false)"
    else:
        yield from [] if payment.methods or payment.text else ["ways to pay"]
        if not payment.prepayment:
            yield "prepayment"
        if not (payment.instalments or refuses_instalments(payment)):
            yield "instalments"
    if not pack.discounts.tell:
        yield "discounts (tell is false)"
    elif not pack.promotions and not pack.discounts.otherwise:
        yield "discounts"
