"""A message read as a whole: what is asked, about what, for which day; and what stays unread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from truffles_policy.facts.claims import Claim, claims
from truffles_policy.facts.data import CLOCK, DAY, LIGHT, MONTH, asks
from truffles_policy.facts.names import BRANCH, FILE, METHOD, PROMOTION, SOCIAL, SOLD, Thing
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import Word, asks_you, is_chatter, is_infinitive, is_past
from truffles_policy.lemmas import clean, normal
from truffles_policy.patterns import NONE, STOP

OF_THINGS = frozenset({
    "price", "how_much", "duration", "offered", "stock", "warranty", "preparation", "aftercare", "promotions",
})  # fmt: skip
"""What is asked of services and products."""
NEEDS_THING = OF_THINGS - {"warranty", "preparation", "aftercare", "promotions"}
TIMED = frozenset({"hours", "until", "open_now"})
DATED = TIMED | {"promotions", "stock", "accept"}
PLAIN = frozenset(
    {
        "address",  "landmark", "parking", "entrance", "phone", "website", "email", "prepayment", "instalments",
        "price_list", "portfolio", "amenity_wifi", "rules.delivery", "rules.pickup", "rules.returns", "rules.certificates",
        "rules.pets", "rules.lateness", "rules.hygiene", "rules.documents", "rules.cancellation", "rules.rescheduling",
        "rules.booking", "rules.walk_in", "rules.vacancies", "rules.training",
    }
)  # fmt: skip
"""What has one answer, whatever else is said in the same breath."""
NO = frozenset(
    {"не", "нет", "ни", "без", "емес", "жоқ", "жок", "not", "no", "don't", "dont", "isn't", "aren't", "without"}
)
MOST_CHATTER = 5
CARE = frozenset({"preparation", "aftercare"})
OF_WHAT = frozenset({"prepayment", "instalments", "portfolio"})
TOLD = frozenset({"price", "how_much", "duration", "offered"})
"""What a story beside it changes nothing of: what there is, what it costs, how long it takes."""
CAREFUL = frozenset({"rules.children", "rules.men", "rules.wholesale", "rules.home_visits"})
"""For whom, how many, or where: beside a price they mean another one, perhaps."""
OFFERS = ""
"""The ask of a thing alone: tell what there is."""
FIRST_PERSON = frozenset(
    normal(word)
    for word in [
        "я",
        "мне",
        "меня",
        "мы",
        "нам",
        "мой",
        "моя",
        "мои",
        "хочу",
        "хотел",
        "хотела",
        "мен",
        "маған",
        "менің",
        "біз",
        "i",
        "my",
        "we",
    ]
)
TELLS_NO_STORY = frozenset(
    [
        "не",
        "без",
        "нет",
        "кроме",
        "если",
        "как",
        "где",
        "когда",
        "почему",
        "зачем",
        "что",
        "кто",
        "сколько",
        "or",
        "if",
        "how",
        "when",
        "why",
        "емес",
        "жоқ",
    ]
)
CONDITIONS = frozenset(["если", "if"])
SHORTEST_STORY = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One question: what is asked (`OFFERS`: nothing but what there is), of which things, for which days (names of `days`
    or dates like "12-25"), paid or told how; not `clear`: something beside it was not understood. `text` is that part of the message."""

    ask: str
    things: tuple[Found, ...] = ()
    days: tuple[str, ...] = ()
    others: tuple[Thing, ...] = ()
    generic: bool = False
    text: str = ""
    at: int = 0
    carried: bool = False
    qualified: bool = False
    clear: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """`parts` in the order asked; `unread` are the content words that nothing explains, by clause; `named` are all services
    and products in it, asked about or not."""

    text: str
    parts: tuple[Part, ...] = ()
    unread: tuple[str, ...] = ()
    opens: bool = False
    loose: tuple[str, ...] = ()
    branch: str = ""
    named: tuple[Found, ...] = ()

    @property
    def whole(self) -> bool:
        """Is everything in it understood?"""
        return not self.unread and bool(self.parts)


@dataclass
class _Clause:
    """What stands between two breaks."""

    words: Sequence[Word]
    start: int
    end: int
    text: str
    told: str = ""
    claims: list[Claim] = field(default_factory=list)
    unread: list[Word] = field(default_factory=list)
    asked: bool = False

    @property
    def names(self) -> list[str]:
        """What is asked in it."""
        return [claim.name for claim in self.claims if claim.is_ask]

    @property
    def days(self) -> tuple[str, ...]:
        """The days it names."""
        return tuple(claim.day for claim in self.claims if claim.day)


def read(text: str, things: Things) -> Reading:
    """Read one message, without what was said before it."""
    words = things.vocabulary.words(text)
    if not words:
        return Reading(text)
    clauses = list(_clauses(clean(text), words, claims(words, things)))
    _leave_stories(clauses)
    _hear_verbs(clauses, things)
    parts, branch = _Parts(clauses).made()
    _forgive(clauses)
    unread = [clause for clause in clauses if clause.unread and not _story(clause)]
    murky = {clause.text for clause in unread}
    parts = [replace(part, clear=part.text not in murky) for part in parts]
    loose = tuple(day for clause in clauses for day in clause.days) if not parts else ()
    return Reading(
        text, tuple(parts), tuple(" ".join(word.token.text for word in clause.unread) for clause in unread),
        opens=_opens(text), loose=loose, branch=branch,
        named=tuple(each.found for clause in clauses for each in clause.claims if each.sold and each.found),
    )  # fmt: skip


def _opens(text: str) -> bool:
    first = clean(text).lower().split(maxsplit=1)[:1]
    return bool(first) and first[0].strip(",.") in asks().opening


def _clauses(text: str, words: Sequence[Word], claimed: Sequence[Claim]) -> Iterator[_Clause]:
    """The message at its breaks; a break within a claim is none."""
    inside = {at for claim in claimed for at in range(claim.start + 1, claim.end)}
    breaks = [at for at, word in enumerate(words) if at == 0 or (word.token.gap != NONE and at not in inside)]
    known = asks()
    since = 0
    for start, end in zip(breaks, [*breaks[1:], len(words)], strict=True):
        until = words[end].start if end < len(words) else len(text)
        span = text[words[start].start : until]
        clause = _Clause(words[start:end], start, end, text[words[start].start : words[end - 1].end], asked="?" in span)
        clause.told, since = text[since:until], until
        clause.claims = [claim for claim in claimed if start <= claim.start < end]
        taken = {at for claim in clause.claims for at in range(claim.start, claim.end)}
        clause.unread = [words[at] for at in range(start, end)
                         if at not in taken and words[at].word not in known.small | known.joins
                         and not is_chatter(words[at].word)]  # fmt: skip
        yield clause


def _story(clause: _Clause) -> bool:
    """Does a clause only tell of its writer, and ask nothing? Then it changes no answer beside it."""
    said = {normal(word) for word in clause.text.lower().split()}
    tells = len(clause.unread) >= SHORTEST_STORY and not said.isdisjoint(FIRST_PERSON)
    empty = all(claim.name in (LIGHT, "want") for claim in clause.claims) and not clause.asked
    return tells and empty and said.isdisjoint(TELLS_NO_STORY) and not any(map(str.isdigit, clause.text))


def _leave_stories(clauses: Sequence[_Clause]) -> None:
    """What somebody tells of themselves beside a question of its own ("у меня болит зуб, сколько стоит снимок?") changes no
    answer, whatever it names."""
    asking = [clause for clause in clauses if not OF_THINGS.isdisjoint(clause.names)
              and any(claim.sold for claim in clause.claims)]  # fmt: skip
    for clause in clauses if asking else ():
        said = {normal(word.strip(",.!")) for word in clause.told.lower().split()}
        own = not said.isdisjoint(FIRST_PERSON) and said.isdisjoint(TELLS_NO_STORY)
        if own and not clause.names and not clause.asked and not any(map(str.isdigit, clause.text)):
            clause.claims, clause.unread = [], []


def _hear_verbs(clauses: Sequence[_Clause], things: Things) -> None:
    """A verb of what a thing is called asks for it ("телефон упал в воду, чистите такие?" of "чистка"); what happened to
    somebody's own changes nothing of what there is and what it costs."""
    named = [claim.found for clause in clauses for claim in clause.claims if claim.sold and claim.found]
    for clause in clauses if named else ():
        for word in [word for word in clause.unread if asks_you(word.word)]:
            if any(things.does(word.word, found) for found in named):
                at = clause.start + clause.words.index(word)
                clause.unread.remove(word)
                clause.claims = sorted([*clause.claims, Claim("offered", at, at + 1)], key=lambda claim: claim.start)
    asked = {name for clause in clauses for name in clause.names}
    for clause in clauses if asked and asked <= TOLD else ():
        if not clause.names and not clause.asked and any(claim.sold for claim in clause.claims):
            clause.unread = [word for word in clause.unread if not is_past(word.word)]


def _condition(clause: _Clause) -> int:
    """From which word on a clause of house rules only says when they are asked for; its end, if it does not."""
    rules = bool(clause.names) and all(name.startswith("rules.") and name not in CAREFUL for name in clause.names)
    return next((word.start for word in clause.words if rules and word.word in CONDITIONS), len(clause.told) + 10_000)


def _is_plain(clause: _Clause) -> bool:
    """Does it ask for what has one answer, whoever asks, and however they come to it ("need the address for a taxi")?"""
    asked = set(clause.names)
    said = {normal(word.strip(",.!?")) for word in clause.told.lower().split()}
    few = len(clause.unread) <= MOST_CHATTER and not any(claim.sold for claim in clause.claims)
    return few and bool(asked) and asked <= PLAIN and said.isdisjoint(NO)


def _forgive(clauses: Sequence[_Clause]) -> None:
    """What is to be done afterwards, or paid for, changes nothing of how a thing is cared for, or paid; and a house rule is
    the same under any condition."""
    for clause in clauses:
        until = _condition(clause)
        clause.unread = [word for word in clause.unread if word.start < until]
        paid = any(claim.found and claim.found.things[0].kind == METHOD for claim in clause.claims)
        if _is_plain(clause):
            clause.unread = []
        if paid or not CARE.isdisjoint(clause.names):
            clause.unread = [word for word in clause.unread if not is_infinitive(word.word)]


class _Parts:
    """Asks and things of the clauses, put together."""

    def __init__(self, clauses: Sequence[_Clause]) -> None:
        self._clauses = clauses
        every = [name for clause in clauses for name in clause.names]
        self._all = every
        self._sold = [claim for clause in clauses for claim in clause.claims if claim.sold]
        self._others = tuple(thing for clause in clauses for claim in clause.claims if claim.found
                             for thing in claim.found.things if thing.kind not in SOLD)  # fmt: skip
        self._strong = [name for name in every if name not in ("want", "where", "accept", "card", CLOCK)]

    def made(self) -> tuple[list[Part], str]:
        """The parts, and the branch that is named."""
        branches = [thing.id for thing in self._others if thing.kind == BRANCH]
        parts = [*self._of_things(), *self._of_place(), *self._named()]
        self._loose_ends(parts, bool(branches))
        parts.sort(key=lambda part: part.at)
        return _once(parts), branches[0] if len(set(branches)) == 1 else ""

    # --- of services and products

    def _of_things(self) -> Iterator[Part]:
        """Asks and things in turn: "A T T", "T A", "A T A": a thing takes the asks beside it, else those before it."""
        groups = [group for clause in self._clauses for group in _groups(clause)]
        if any(found for _, found, _ in groups):
            for at, (named, found, clause) in enumerate(groups):
                names, all_things = named, found
                if not names:
                    names = next((other[0] for other in (*groups[:at][::-1], *groups[at + 1 :]) if other[0]), [])
                if not all_things:
                    near = (*groups[:at][::-1], *groups[at + 1 :])
                    all_things = next((other[1] for other in near if other[1]), [])
                yield from self._group(names, all_things, clause, alone=not named)
            return
        for named, _, clause in groups:
            yield from self._group(named, [], clause, alone=False)

    def _group(self, names: Sequence[str], found: Sequence[Claim], clause: _Clause, *, alone: bool) -> Iterator[Part]:
        asked = list(dict.fromkeys("price" if name == "how_much" else name for name in names))
        if found and not asked and not self._strong:
            asked = [OFFERS]
        if len(asked) > 1 and "offered" in asked:
            asked.remove("offered")
        if asked == ["offered"] and found and all(_belongs(claim, clause) for claim in found):
            return
        if found and not CARE.isdisjoint(asked):
            asked = [name for name in asked if name in CARE]
        start = min((claim.start for claim in (*found, *clause.claims)), default=clause.start)
        qualified = any(name in CAREFUL for name in clause.names) and not {"price", "duration"}.isdisjoint(asked)
        for name in asked:
            if not found and self._absorbed(name):
                continue
            things = tuple(claim.found for claim in found if claim.found)
            days = clause.days if name in DATED else ()
            others = self._others if name == "promotions" else ()
            yield Part(name, things, days, others, text=clause.text, at=start, qualified=qualified)

    def _absorbed(self, name: str) -> bool:
        """Is a weak ask without a thing said of something else ("сколько стоит парковка")?"""
        named = any(thing.kind != BRANCH for thing in self._others)
        return name in NEEDS_THING and (
            named or any(other not in OF_THINGS | {CLOCK, "card"} for other in self._strong)
        )

    # --- of the place, of money, of rules

    def _of_place(self) -> Iterator[Part]:
        for clause in self._clauses:
            priced = not {"price", "how_much"}.isdisjoint(clause.names) and not any(
                claim.sold for claim in clause.claims
            )
            for claim in clause.claims:
                if claim.is_ask and claim.name not in OF_THINGS and self._counts(claim.name, clause):
                    name = self._really(claim.name, clause)
                    days = clause.days if name in DATED else ()
                    if name in CAREFUL and self._sold and not {"offered"}.issuperset(set(clause.names) & OF_THINGS):
                        clause.unread.append(clause.words[claim.start - clause.start])
                    yield Part(name, (), days, self._others, text=clause.text, at=claim.start,
                               generic="card" in self._all, qualified=priced)  # fmt: skip

    def _counts(self, name: str, clause: _Clause) -> bool:
        if name == "where":
            return not [other for other in self._strong if other not in NEEDS_THING or self._sold] and not self._sold
        if name == "want":
            return not self._strong
        if name == "accept":
            return self._really(name, clause) != "accept" or not self._strong
        if name == "things_list" and self._sold:
            return False
        if name.startswith("amenity_") and not CARE.isdisjoint(clause.names):
            return False  # "через сколько можно кофе после отбеливания"
        return name not in (CLOCK, "card")

    def _really(self, name: str, clause: _Clause) -> str:
        """What a word means here: "принимаете" people at an hour, or money."""
        if name == "where":
            return "address"
        if name == "price_list" and self._sold:
            return "price"
        if name == "accept":
            if clause.days or CLOCK in clause.names or "until" in clause.names:
                return "hours"
            paid = "card" in clause.names or any(thing.kind == METHOD for thing in self._others)
            return "payment" if paid else "accept"
        return name

    def _named(self) -> Iterator[Part]:
        """Ways to pay, promotions, files and accounts that are named without being asked for in so many words."""
        for clause in self._clauses:
            for claim in clause.claims:
                if claim.found is None or claim.sold:
                    continue
                name = self._ask_of(claim.found.things[0].kind, clause)
                if name:
                    yield Part(name, (), (), claim.found.things, text=clause.text, at=claim.start)

    def _ask_of(self, kind: str, clause: _Clause) -> str:
        if kind == METHOD and "payment" not in self._all:
            asked = not {"offered", "accept"}.isdisjoint(clause.names)
            return "payment" if asked or (len(self._clauses) == 1 and not self._strong and clause.asked) else ""
        asked_for = {PROMOTION: "promotions", FILE: "file", SOCIAL: "social"}
        return asked_for.get(kind, "") if asked_for.get(kind) not in self._all else ""

    def _loose_ends(self, parts: Sequence[Part], branch: bool) -> None:
        """What was recognised and belongs to nothing that is asked stays unread: a day beside a price, an hour beside a
        thing, a way to pay in a story."""
        timed = any(part.ask in DATED for part in parts)
        paid = any(part.ask in ("payment", "prepayment", "instalments") for part in parts)
        only_day = not parts and not self._strong
        for clause in self._clauses:
            for claim in clause.claims:
                word = clause.words[claim.start - clause.start]
                day = bool(claim.day) and claim.day not in ("today", "daily") and not timed and not only_day
                lost = (claim.name == CLOCK and not timed) or (claim.name == "card" and not paid)
                method = claim.found is not None and claim.found.things[0].kind == METHOD and not paid
                if day or lost or method or (claim.name == "accept" and not _used(parts, clause, branch)):
                    clause.unread.append(word)


def _belongs(claim: Claim, clause: _Clause) -> bool:
    """Does a thing only say of what a house rule is asked that stands before it ("есть вакансии мастера маникюра?")?"""
    before = [each for each in clause.claims if each.start < claim.start and each.name != LIGHT]
    if (
        not before
        or not (before[-1].name.startswith("rules.") or before[-1].name in OF_WHAT)
        or before[-1].name in CAREFUL
    ):
        return False
    between = clause.words[before[-1].end - clause.start : claim.start - clause.start]
    return not any(word.word in asks().joins for word in between)


def _used(parts: Sequence[Part], clause: _Clause, branch: bool) -> bool:
    return any(part.text == clause.text and part.ask != "accept" for part in parts)


def _groups(clause: _Clause) -> Iterator[tuple[list[str], list[Claim], _Clause]]:
    """Asks and things of a clause in turn; a clause that begins with an ask ends a group with its things, and the other way
    round."""
    letters = [claim for claim in clause.claims if claim.sold or claim.name in OF_THINGS]
    first = bool(letters) and not letters[0].sold
    asked: list[str] = []
    found: list[Claim] = []
    for claim in letters:
        turns = (first and not claim.sold and found) or (not first and claim.sold and asked)
        if turns:
            yield asked, found, clause
            asked, found = [], []
        if claim.sold:
            found.append(claim)
        else:
            asked.append(claim.name)
    if asked or found:
        yield asked, found, clause


def _once(parts: Sequence[Part]) -> list[Part]:
    """Each question once: by what is asked, of what, when."""
    found: dict[tuple[object, ...], Part] = {}
    for part in parts:
        key = (part.ask, tuple(each.things for each in part.things), part.days, part.others)
        found.setdefault(key, part)
    return list(found.values())


__all__ = ["DAY", "MONTH", "STOP", "Part", "Reading", "read"]
