"""The format of a battery: cases in YAML, read strictly. What is wrong is told with file, line and cure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    ValidationError,
    model_validator,
)

from truffles_gateway.config_problems import explain, nearest
from truffles_gateway.documents import Document, at_line, read_document
from truffles_gateway.errors import ConfigError, dotted
from truffles_gateway.tenants import BadConfig

SUFFIXES = (".yaml", ".yml")
SHOWN = 10
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
OF_A_TURN = (
    "say", "expect", "reply_language", "include", "any_of", "not", "facts", "booking", "wait",
)  # fmt: skip
Kind = Literal["reply", "clarify", "escalate", "booking", "mute", "silent", "any"]
Language = Literal["ru", "kk", "en"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def span(text: str) -> timedelta:
    """A length of time such as "45m", "30d" or "1h 30m". Raises `ValueError`."""
    parts = re.findall(r"(\d+)\s*([smhd])", text)
    if not parts or re.sub(r"\d+\s*[smhd]|\s", "", text):
        raise ValueError('must be a length of time such as "45m", "2h" or "30d"')
    return timedelta(**{UNITS[unit]: sum(int(n) for n, u in parts if u == unit) for _, unit in parts})


def _span(value: object) -> object:
    return span(value) if isinstance(value, str) else value


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("is empty")
    return value


Words = Annotated[str, Field(min_length=1)]
Several = Annotated[tuple[Words, ...], BeforeValidator(_listed)]
OneOrMore = Annotated[Several, AfterValidator(_some)]
Kinds = Annotated[tuple[Kind, ...], BeforeValidator(_listed), AfterValidator(_some)]
Pause = Annotated[timedelta, BeforeValidator(_span)]


class Part(BaseModel):
    """Base of all parts: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Booking(Part):
    """What the desk must get of a booking; only what is named is looked for."""

    service: str = ""
    date: str = ""
    time: str = ""
    name: str = ""


class Turn(Part):
    """What the customer says, in one message or in pieces, and what is right."""

    say: OneOrMore
    expect: Kinds = ("any",)
    reply_language: Language | None = None
    include: Several = ()
    any_of: Several = ()
    without: Several = Field((), alias="not")
    facts: Several = ()
    booking: Booking | None = None
    wait: Pause = timedelta()


class Case(Part):
    """One customer. A case of one turn has its `say`, `expect` and so on without `turns`."""

    id: Words
    category: Words
    language: Literal["ru", "kk", "en", "mixed"]
    tags: Several = ()
    heldout: bool = False
    now: NaiveDatetime | None = None
    name: str = ""
    branch: str = ""
    facts: Several = ()
    turns: Annotated[tuple[Turn, ...], AfterValidator(_some)]

    @property
    def waits(self) -> tuple[timedelta, ...]:
        """The pauses between the turns; those that are alike run at once."""
        return tuple(turn.wait for turn in self.turns)


class Battery(Part):
    """One file. `tenant` and `now` hold for all cases that do not say otherwise."""

    battery: Words
    tenant: str = ""
    now: NaiveDatetime | None = None
    cases: Annotated[tuple[Case, ...], AfterValidator(_some)]

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, raw: Any) -> Any:
        """Cases of one turn, written as all others are."""
        if isinstance(raw, dict) and isinstance(raw.get("cases"), list):
            return raw | {"cases": [_with_turns(each) for each in raw["cases"]]}
        return raw


def _with_turns(raw: Any) -> Any:
    if not isinstance(raw, dict) or "turns" in raw:
        return raw
    turn = {key: raw[key] for key in OF_A_TURN if key in raw and key != "facts"}
    return {key: value for key, value in raw.items() if key not in turn} | {"turns": [turn]}


KEYS = tuple(
    field.alias or name for model in (Turn, Case, Battery) for name, field in model.model_fields.items()
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A case with where it stands and whom it is put to."""

    battery: str
    tenant: str
    case: Case
    place: str
    now: datetime | None = None


def load(path: Path, tenant: str = "") -> list[Asked]:
    """All cases of a file or a folder. `tenant` chooses the files that are written for it; where none is and all are for
    one business, they are put to this one. Raises `ConfigError`."""
    files = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path} holds no battery", cure="Put .yaml files into it")
    chosen = _chosen([_read(each) for each in files], tenant)
    asked = [each for document, battery in chosen for each in _cases(document, battery, tenant)]
    _each_once(asked)
    return asked


Read = tuple[Document, Battery]


def _read(path: Path) -> Read:
    document = read_document(path)
    try:
        return document, Battery.model_validate(document.value)
    except ValidationError as error:
        found = zip(explain(error, Battery, tenant=""), error.errors(include_url=False), strict=True)
        problems = [_placed(problem, finding, document) for problem, finding in found]
        if len(problems) > SHOWN:
            problems[SHOWN:] = [ConfigError(f"and {len(problems) - SHOWN} more", tenant=str(path))]
        raise BadConfig("", problems) from None


def _placed(problem: ConfigError, finding: Any, document: Document) -> ConfigError:
    """The problem with its line. A case of one turn was written without `turns`."""
    way = finding["loc"]
    is_short = way[2:4] == ("turns", 0) and "turns" not in document.value["cases"][way[1]]
    where = dotted(way[:2] + way[4:] if is_short else way).lstrip(".")
    cure = nearest(str(way[-1]), KEYS) if finding["type"] == "extra_forbidden" else ""
    return at_line(document.path, document.line(where), problem.problem, cure or problem.cure, where)


def _chosen(read: Sequence[Read], tenant: str) -> list[Read]:
    named = {battery.tenant for _, battery in read if battery.tenant}
    if not tenant:
        if nameless := next((document.path for document, battery in read if not battery.tenant), None):
            raise ConfigError(f"{nameless}: names no tenant", cure="Write tenant: …, or use --tenant")
        return list(read)
    if tenant in named:
        return [each for each in read if each[1].tenant in {"", tenant}]
    if len(named) > 1:
        raise ConfigError(f"nothing is written for {tenant}", cure=f"The files are for: {', '.join(sorted(named))}")
    return list(read)


def _cases(document: Document, battery: Battery, tenant: str) -> Iterator[Asked]:
    for number, case in enumerate(battery.cases):
        yield Asked(
            battery=battery.battery, tenant=tenant or battery.tenant, case=case,
            place=f"{document.path}:{document.line(f'cases[{number}]')}", now=case.now or battery.now,
        )  # fmt: skip


def _each_once(asked: Sequence[Asked]) -> None:
    known: dict[str, str] = {}
    for each in asked:
        if before := known.get(each.case.id):
            raise ConfigError(
                f'{each.place}: the id "{each.case.id}" stands at {before} already', cure="Give it another"
            )
        known[each.case.id] = each.place
