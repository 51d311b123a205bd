"""CPU of one message through the gate (classify, retrieve, answer) without any model, over what customers write.

The pack is one of a salon's size; words are seen again and again, as in a running gateway.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

from _common import arguments, close
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.plugin import Policy
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Author, Inbound, Line
from truffles_gateway.testing import make_turn
from truffles_gateway.texts import Catalogue

TARGET = 5.0
NOW = datetime(2026, 1, 14, 7, tzinfo=UTC)
KINDS = ("стрижка", "укладка", "маникюр", "педикюр", "массаж", "чистка", "макияж", "пилинг")
SORTS = ("классический", "экспресс", "мужской", "детский", "комплекс")
MESSAGES = (
    "Сколько стоит маникюр?", "скока стоит экспресс маникур и где вы находитесь", "до скольки работаете?", "а педикюр?",
    "массаж қанша тұрады?", "where are you located?", "есть скидки?", "skolko stoit strizhka", "вы завтра работаете?",
    "Добрый день! Хочу порадовать маму подарком. Сколько стоит массаж классический и парковка есть?", "спасибо",
    "хочу записаться на завтра в 15:00", "делаете татуировки?", "позовите менеджера", "gtlbr.h wtyf", "ок",
)  # fmt: skip


def pack() -> dict[str, object]:
    """Forty services in eight categories, a place and some rules."""
    services = [{"id": f"s{i}-{j}", "name": f"{kind.capitalize()} {sort}", "category": f"c{i}", "price": 1000 * (i + j + 1),
                 "duration": 30 + 5 * j} for i, kind in enumerate(KINDS) for j, sort in enumerate(SORTS)]  # fmt: skip
    return {
        "business": {"name": "Bench", "phone": "+7 700 000 00 00"},
        "place": {
            "address": "ул. Первая, 1",
            "hours": {"mon-sat": "10:00-21:00", "sun": "closed"},
            "parking": "Во дворе.",
        },
        "categories": [{"id": f"c{i}", "name": kind} for i, kind in enumerate(KINDS)],
        "services": services,
        "services_complete": True,
        "promotions": [{"id": "p", "text": "Скидка 10 % по средам."}],
        "texts": {"call_to_action": "Записать вас?"},
    }


async def measured(rounds: int = 12) -> list[float]:
    """CPU milliseconds of each message, the first two rounds left out."""
    policy = Policy(PolicySettings.model_validate({"pack": pack()}), Catalogue(plugins=[CATALOGUE]))
    said = tuple(Line(author=Author.CUSTOMER, text=text, at=NOW - timedelta(minutes=5)) for text in MESSAGES[:4])
    turn, spent = make_turn(now=NOW, history=said), list[float]()
    for number in range(rounds):
        for text in MESSAGES:
            message = Inbound(text=text, events=())
            before = time.process_time_ns()
            verdict = await policy.classify(turn, message)
            if verdict is not None:
                passages = await policy.retrieve(turn, message, verdict) or ()
                await policy.answer(turn, message, verdict, passages, ())
            if number >= 2:
                spent.append((time.process_time_ns() - before) / 1e6)
    return spent


def main() -> None:
    """Measure, print, judge."""
    options = arguments("CPU of a message through the gate").parse_args()
    spent = sorted(asyncio.run(measured()))
    print(f"messages {len(spent)}, p95 {spent[int(len(spent) * 0.95)]:.2f} ms, most {spent[-1]:.2f} ms")
    close("median CPU of the gate", statistics.median(spent), TARGET, check=options.check, least=False, unit=" ms")


if __name__ == "__main__":
    main()
