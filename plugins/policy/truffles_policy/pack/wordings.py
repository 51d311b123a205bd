"""In which words customers ask for the facts of a pack, besides the names that stand there.

What every business has is asked for everywhere alike: those wordings ship with the plugin. A tenant's own, for what it alone
has, stand in a file of their own (`wordings.yaml`), by the fact's id. Both are examples for the retriever; nobody is told them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

MOST, LONGEST = 200, 200
MOST_IN_ALL = 20_000


def _few_enough(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each wording is embedded and learnt from: minutes for a hundred thousand of them."""
    count = sum(map(len, value.values()))
    if count > MOST_IN_ALL:
        raise ValueError(f"holds {count} wordings, {MOST_IN_ALL} at most. Thirty to ninety a fact are enough")
    return value


Wording = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
Wordings = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$")],
         Annotated[tuple[Wording, ...], Field(max_length=MOST)]],
    Field(max_length=2_000), AfterValidator(_few_enough),
]  # fmt: skip
"""By a fact's id without its branch: `services.battery`, `rules.walk_in`, `place.parking`, `faq.pregnant`."""
_BRANCH = re.compile(r"@.*|^branches\.[^.]+(?=\.)")
GENERAL = ("place", "business", "rules", "payment")


def fact_of(id: str) -> str:
    """The id of a fact wherever it is told: "branches.centre.parking" is "place.parking", "services.caries@samal" is
    "services.caries"."""
    return _BRANCH.sub(lambda found: "" if found[0].startswith("@") else "place", id)


def asked(id: str, own: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """In which words a fact is asked for: a tenant's own, and those for what every business has."""
    fact = fact_of(id)
    part, _, name = fact.partition(".")
    general = _general().get(name or part, ()) if part in GENERAL else ()
    return tuple(dict.fromkeys((*own.get(fact, ()), *general)))


def strays(own: Iterable[str], ids: Iterable[str]) -> list[str]:
    """Facts that have wordings and are in the pack no more."""
    known = {fact_of(id) for id in ids}
    return [fact for fact in own if fact not in known]


@cache
def _general() -> Mapping[str, tuple[str, ...]]:
    raw = tomllib.loads(resources.files("truffles_policy").joinpath("data", "wordings.toml").read_text("utf-8"))
    return {name: tuple(lines) for name, lines in raw.items()}
