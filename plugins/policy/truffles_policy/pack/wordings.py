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
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

if TYPE_CHECKING:
    from truffles_policy.pack.schema import Product, Service
    from truffles_policy.pack.values import Words

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
_KAZAKH = re.compile("[әғқңөұүһі]", re.IGNORECASE)
MOST_SAID, LEAST_SAID, MOST_SAID_IN_ALL = 60, 6, 6_000
GENERAL = ("place", "business", "rules", "payment")


def fact_of(id: str) -> str:
    """The id of a fact wherever it is told: "branches.centre.parking" is "place.parking", "services.caries@samal" is
    "services.caries"."""
    return _BRANCH.sub(lambda found: "" if found[0].startswith("@") else "place", id)


def asked(id: str, own: Mapping[str, Sequence[str]], said: Sequence[str] = ()) -> tuple[str, ...]:
    """In which words a fact is asked for: a tenant's own, those for what every business has, and the sentences in which its names
    are `said`."""
    fact = fact_of(id)
    part, _, name = fact.partition(".")
    general = _general().get(name or part, ()) if part in GENERAL else ()
    return tuple(dict.fromkeys((*own.get(fact, ()), *general, *said)))


def sentences_of(kind: str, thing: Service | Product, language: str, things: int = 1) -> list[str]:
    """In which sentences customers name a thing of a pack in `language`, and each of its variants; `kind` is where it stands,
    "services" or "products", `things` how many the pack has: the more they are, the fewer sentences each has, the first of every name before
    the second of any."""
    whole, spoken = _by_language(thing.name, language), _sentences()
    names = [*whole.items(), *((each, alias) for alias in thing.aliases for each in _languages_of(alias, language))]
    both = [
        (each, f"{whole.get(each, '')} {name}".strip())
        for variant in thing.variants for each, name in _by_language(variant.name, language).items()
    ]  # fmt: skip
    found = [[sentence.format(name=name.lower()) for sentence in spoken[kind][each]] for each, name in names]
    found += [[sentence.format(name=name.lower()) for sentence in spoken["variants"][each]] for each, name in both]
    in_turn = (line for lines in zip_longest(*found) for line in lines if line)
    return list(dict.fromkeys(in_turn))[: min(MOST_SAID, max(LEAST_SAID, MOST_SAID_IN_ALL // max(things, 1)))]


def _by_language(words: Words, language: str) -> dict[str, str]:
    """Words by their language: those without one are in the pack's."""
    return {spoken or language: text for spoken, text in words.items()}


def _languages_of(alias: str, language: str) -> list[str]:
    """The languages that an alias is said in, as its letters tell; a Latin one in the pack's own, too ("SMAS")."""
    return list(dict.fromkeys(["en", language] if alias.isascii() else ["kk" if _KAZAKH.search(alias) else "ru"]))


def strays(own: Iterable[str], ids: Iterable[str]) -> list[str]:
    """Facts that have wordings and are in the pack no more."""
    known = {fact_of(id) for id in ids}
    return [fact for fact in own if fact not in known]


@cache
def _general() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(lines) for name, lines in _read("wordings.toml").items()}


@cache
def _sentences() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return _read("named.toml")


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files("truffles_policy").joinpath("data", name).read_text("utf-8"))
