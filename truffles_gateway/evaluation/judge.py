"""What is right and what is wrong about a turn. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from truffles_gateway.claim_values import Key
from truffles_gateway.claims import claims, proved
from truffles_gateway.evaluation.battery import Asked, Booking, Turn
from truffles_gateway.evaluation.cast import CARD
from truffles_gateway.evaluation.plainly import holds, normal, speaks
from truffles_gateway.evaluation.stage import Told
from truffles_gateway.plugin import OWN, Chunk
from truffles_gateway.tenants import Tenant

BOOKED = "book"
ASKS_BACK = frozenset({"clarify", "describe", "which branch", "mute or question"})
ASKED = "booking question"
BOOKS = frozenset({"booking", ASKED})
MUTES = frozenset({"opt-out", "muted", "mute or question"})
ANY = "any"
TOP = 5
OF_A_BRANCH = re.compile(r"^branches\.[^.]+(?=\.)")
DAY_OF_YEAR, A_YEAR = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"), 2000
OF_A_SLOT, CALLED = frozenset({"date", "time"}), "handover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A turn that was played. `kinds` is all that it may be called; `problems` say what is wrong; `contradicted` what was
    said against the pack or without it; `text_right` is None where no words were expected; `missed` are facts that were
    not retrieved."""

    turn: Turn
    told: Told
    kinds: frozenset[str]
    problems: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    text_right: bool | None = None
    missed: tuple[str, ...] = ()

    @property
    def must_escalate(self) -> bool:
        """Was a human the only right end?"""
        return set(self.turn.expect) <= {"escalate", "booking"} and "escalate" in self.turn.expect

    @property
    def may_not_escalate(self) -> bool:
        """Would a human be one too many?"""
        return not {"escalate", "booking", ANY} & set(self.turn.expect)

    @property
    def escalated(self) -> bool:
        """Was a human called, or had been; or is a booking that people will get collected, where that is as right?"""
        return "escalate" in self.kinds or ("booking" in self.kinds and "booking" in self.turn.expect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case that was played to its end."""

    asked: Asked
    turns: tuple[Judged, ...]

    @property
    def passed(self) -> bool:
        """Was every turn right?"""
        return not any(turn.problems for turn in self.turns)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The facts that had to be retrieved."""
        return (*self.asked.case.facts, *(fact for each in self.turns for fact in each.turn.facts))

    @property
    def missed(self) -> tuple[str, ...]:
        """Those that were not: of the case in none of its turns."""
        ids = [id for turn in self.turns for id in top(turn.told)]
        of_case = [fact for fact in self.asked.case.facts if not retrieved(fact, ids)]
        return (*of_case, *(fact for turn in self.turns for fact in turn.missed))


def kinds_of(told: Told) -> frozenset[str]:
    """Everything that a turn may be called."""
    books = told.stage("classify").get("outcome") == BOOKED or told.reason in BOOKS
    found = {"booking"} if books else set[str]()
    if told.outcome in {"escalated", "parked"} or told.outcome == "forwarded":
        found = found | {"escalate"}
    elif told.outcome == "answered":
        found = found | ({"clarify"} if told.reason in ASKS_BACK else set())
        found |= {"reply"} if not found & {"clarify"} and told.reason not in MUTES else set()
    if told.reason in MUTES or told.muted:
        found |= {"mute"}
    if told.reason == ASKED:  # the bot asks for what it does not know yet
        found |= {"clarify"}
    return frozenset(found if told.replies else found - {"reply"} | {"silent"})


def judge(turn: Turn, told: Told, evidence: Collection[Key], before: Sequence[Told] = ()) -> Judged:
    """Everything about one turn; `before` are those of the same dialogue before it."""
    kinds = kinds_of(told)
    said = normal("\n".join(told.replies))
    wrong_words = list(_words(turn, said))
    banned = [f"says what it must not: {words}" for words in turn.without if holds(said, words)]
    claimed = [] if banned else list(unheld(told, kinds, evidence))
    problems = [*_kind(turn, told, kinds), *wrong_words, *banned, *claimed, *_language(turn, told)]
    problems += _booking(turn.booking, (*before, told)) if turn.booking else ()
    has_words = bool(turn.include or turn.any_of or turn.without)
    ids = top(told)
    return Judged(
        turn=turn, told=told, kinds=kinds, problems=tuple(problems), contradicted=(*banned, *claimed),
        text_right=not (wrong_words or banned) if has_words else None,
        missed=tuple(fact for fact in turn.facts if not retrieved(fact, ids)),
    )  # fmt: skip


def _kind(turn: Turn, told: Told, kinds: Collection[str]) -> Iterator[str]:
    if not told.outcome:
        yield told.reason
    elif ANY not in turn.expect and not set(turn.expect) & set(kinds):
        came = ", ".join(sorted(kinds)) or "nothing"
        yield f"expected {' or '.join(turn.expect)}, came to {came} ({told.outcome}: {told.reason or 'no reason'})"


def _words(turn: Turn, said: str) -> Iterator[str]:
    for words in turn.include:
        if not holds(said, words):
            yield f"does not say: {words}"
    if turn.any_of and not any(holds(said, words) for words in turn.any_of):
        yield f"says none of: {', '.join(turn.any_of)}"


def _language(turn: Turn, told: Told) -> Iterator[str]:
    wanted = turn.reply_language
    if wanted is None or not told.replies:
        return
    if told.language and told.language != wanted:
        yield f"answers in {told.language} and not in {wanted}"
    elif not speaks("\n".join(told.replies), wanted):
        yield f"the words are not {wanted}"


def _booking(wanted: Booking, so_far: Iterable[Told]) -> Iterator[str]:
    shown = [text for told in so_far for row in told.desk for text in _of_the_desk(row)]
    text, keys = normal("\n".join(shown)), proved(shown)
    for name, value in (("service", wanted.service), ("time", wanted.time), ("name", wanted.name)):
        if value and not holds(text, value):
            yield f"the desk does not get the booking's {name}: {value}"
    if wanted.date and not (holds(text, wanted.date) or _dated(wanted.date) in keys):
        yield f"the desk does not get the booking's date: {wanted.date}"


def _of_the_desk(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("text", "")), str(row.get("data", {}).get(CARD, ""))


def _dated(text: str) -> Key | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return "date", (day.month, day.day)


def unheld(told: Told, kinds: Collection[str], evidence: Collection[Key]) -> Iterator[str]:
    """Claims in the bot's words that nothing the tenant knows holds. In a booking, day and hour are the customer's; that a
    human was called is true where one was."""
    passages = told.stage("retrieve").get("passages") or ()
    held = proved(str(each.get("text", "")) for each in passages if str(each.get("id", "")).startswith("pack:"))
    theirs = (OF_A_SLOT if "booking" in kinds else frozenset()) | ({CALLED} if "escalate" in kinds else frozenset())
    for claim in (claim for text in told.replies for claim in claims(text)):
        if claim.kind not in theirs and not any(key in evidence or key in held for key in claim.keys):
            yield f"claims what nobody told it ({claim.kind}): {claim.shown}"


def knows(tenant: Tenant, chunks: Iterable[Chunk]) -> frozenset[Key]:
    """The evidence: everything that a tenant knows, as the claim firewall reads it. What a model may never promise, the
    tenant's own words may."""
    config = tenant.config
    texts = [config.name, *config.facts, *(branch.name for branch in config.branches), *tenant.texts.sources()]
    texts += [part for chunk in chunks for part in (chunk.title, chunk.answer or chunk.text)]
    texts += [text for choice in config.plugins for text in map(_dated_text, _flat(choice.settings))]
    promised = {key for text in texts for claim in claims(text) for key in claim.keys if key[0] == "family"}
    return proved(texts) | promised


def _dated_text(text: str) -> str:
    """A setting that is a day of every year, as a date that claims are held against: "12-31"."""
    return f"{A_YEAR}-{text}" if DAY_OF_YEAR.fullmatch(text) else text


def _flat(value: Any) -> Iterator[str]:
    """Every text and number inside a setting."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _flat(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    elif value not in (None, ""):
        yield str(value)


def top(told: Told) -> list[str]:
    """The ids of the first passages that were retrieved, be it to ask for the branch at which they hold."""
    passages = told.stage("retrieve").get("passages") or told.stage("branches").get("passages") or ()
    return [str(each.get("id", "")) for each in passages[:TOP]]


def retrieved(fact: str, ids: Iterable[str]) -> bool:
    """Is the fact among them? Named without a branch (`services.exam`, `place.hours`), it is wherever that branch may be."""
    return any(fact in {id.removeprefix(OWN), anywhere(id)} or id.endswith(fact) for id in ids)


def anywhere(id: str) -> str:
    """A fact's id without its branch: "pack:services.exam@centre" is "services.exam", "pack:branches.centre.hours" "place.hours"."""
    return OF_A_BRANCH.sub("place", id.removeprefix(OWN).partition("@")[0])
