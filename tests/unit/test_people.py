"""What a desk calls people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from truffles_gateway.messages import Person
from truffles_gateway.people import LONGEST, name_of, plain
from truffles_gateway.tenant_config import Agent, Identity
from truffles_gateway.tenants import Tenant

AGENTS = (
    Agent(name="Айгерим", role="owner", identities=(Identity(channel="telegram", id="900"),)),
    Agent(name="Дина", role="manager", identities=(Identity(channel="telegram", username="@Dina"),)),
)
SALON = cast("Tenant", SimpleNamespace(config=SimpleNamespace(agents=AGENTS)))


def person(**facts: Any) -> Person:
    return Person(channel=facts.pop("channel", "telegram"), **facts)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Марат", "Марат"),
        ("  Марат \n Ли ", "Марат Ли"),
        ("<b>Марат</b>", "<b>Марат</b>"),
        ("\u202eтараМ\u202c", "тараМ"),
        ("👩\u200d🔧 Сауле", "👩\u200d🔧 Сауле"),
        ("\u200b\u2066\u3164", ""),
        ("", ""),
    ],
)
def test_a_name_is_one_line_that_turns_nothing(name: str, shown: str) -> None:
    assert plain(name) == shown


def test_a_long_name_is_cut() -> None:
    assert len(plain("а" * 200)) == LONGEST
    assert plain("а" * 200).endswith("…")


@pytest.mark.parametrize(
    ("who", "namesakes", "shown"),
    [
        (person(id="900", name="🦊", username="boss"), (), "Айгерим"),
        (person(id="7", name="Ай\u200dгерим"), (), "Ай\u200dгерим (7)"),
        (person(id="7", name="Айгерим\ufe0f"), (), "Айгерим\ufe0f (7)"),
        (person(id="7", name="Aйгеpим"), (), "Aйгеpим (7)"),
        (person(id="77", name="D.", username="dINA"), (), "Дина"),
        (person(id="900", name="🦊", username="dina"), (), "Айгерим"),  # ids before names
        (person(id="900", name="🦊", channel="crm"), (), "🦊"),
        (person(id="5", name="Марат", username="marat"), (), "Марат"),
        (person(id="5", name="Марат", username="marat"), ("Марат",), "Марат (@marat)"),
        (person(id="5", name="Марат"), ("Марат",), "Марат (5)"),
        (person(id="5", name="айгерим"), (), "айгерим (5)"),
        (person(id="5", username="marat"), (), "@marat"),
        (person(id="5"), (), "5"),
    ],
)
def test_the_configs_names_come_first_and_the_rest_is_told_apart(who: Person, namesakes: Any, shown: str) -> None:
    assert name_of(SALON, who, namesakes) == shown
