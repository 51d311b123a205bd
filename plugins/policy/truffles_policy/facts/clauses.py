"""The clauses of a message: what each claims, what stays unread of it, and what it only tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from truffles_policy.facts.claims import Claim
from truffles_policy.facts.data import LIGHT, asks
from truffles_policy.facts.names import METHOD, Thing, denies
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import (
    KAZAKH_DOING,
    Word,
    asks_you,
    is_chatter,
    is_doing,
    is_infinitive,
    is_preposition,
    tells,
)
from truffles_policy.intents.serious import is_own_damage, is_serious
from truffles_policy.lemmas import fold, normal
from truffles_policy.patterns import NONE

OF_THINGS = frozenset({
    "price", "how_much", "duration", "offered", "stock", "warranty", "preparation", "aftercare", "promotions", "included",
})  # fmt: skip
"""What is asked of services and products."""
CAREFUL = frozenset({"rules.children", "rules.men", "rules.pets", "rules.wholesale", "rules.home_visits"})
"""For whom, how many, or where: beside a price they mean another one, perhaps."""
TOLD = frozenset({"price", "how_much", "duration", "offered"})
"""What a story beside it changes nothing of: what there is, what it costs, how long it takes."""
CARE = frozenset({"preparation", "aftercare"})
PLAIN = frozenset({
    "address", "landmark", "parking", "entrance", "phone", "website", "email", "price_list", "portfolio", "amenity_wifi", "rules.delivery", "rules.pickup", "rules.returns", "rules.certificates", "rules.pets",
    "rules.lateness", "rules.hygiene", "rules.documents", "rules.cancellation", "rules.rescheduling", "rules.booking",
    "rules.walk_in", "rules.vacancies", "rules.training",
})  # fmt: skip
"""What has one answer, whatever is to be done with it."""
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
        "узнать",
        "спросить",
        "уточнить",
        "поинтересоваться",
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
    ]
)
CONDITIONS = frozenset(["если", "if"])
SHORTEST_STORY = 3


@dataclass
class Clause:
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


def split(text: str, words: Sequence[Word], claimed: Sequence[Claim]) -> Iterator[Clause]:
    """The message at its breaks; a break within a claim is none."""
    inside = {at for claim in claimed for at in range(claim.start + 1, claim.end)}
    breaks = [at for at, word in enumerate(words) if at == 0 or (word.token.gap != NONE and at not in inside)]
    known = asks()
    since = 0
    for start, end in zip(breaks, [*breaks[1:], len(words)], strict=True):
        until = words[end].start if end < len(words) else len(text)
        span = text[words[start].start : until]
        clause = Clause(words[start:end], start, end, text[words[start].start : words[end - 1].end], asked="?" in span)
        clause.told, since = text[since:until], until
        clause.claims = [claim for claim in claimed if start <= claim.start < end]
        taken = {at for claim in clause.claims for at in range(claim.start, claim.end)}
        clause.unread = [words[at] for at in range(start, end)
                         if at not in taken and not _says_nothing(words[at].word)
                         and (words[at].word not in known.small | known.joins or _stranded(at, clause))]  # fmt: skip
        yield clause


def _says_nothing(word: str) -> bool:
    """Is it a word that names and does nothing? One of trouble ("больно") is none."""
    return is_chatter(word) and not is_serious(word)


def _stranded(at: int, clause: Clause) -> bool:
    """Does a preposition stand behind a name with nothing of its own ("айфон 13 про сколько")? Then it is part of another."""
    if not is_preposition(clause.words[at - clause.start].word):
        return False
    behind = any(claim.sold and claim.end == at for claim in clause.claims)
    return behind and (at + 1 == clause.end or any(claim.is_ask and claim.start == at + 1 for claim in clause.claims))


def story(clause: Clause) -> bool:
    """Does a clause only tell of its writer, and ask nothing? Then it changes no answer beside it."""
    said = {normal(word) for word in clause.text.lower().split()}
    tells = len(clause.unread) >= SHORTEST_STORY and not said.isdisjoint(FIRST_PERSON)
    empty = all(claim.name in (LIGHT, "want") for claim in clause.claims) and not clause.asked
    return (
        tells and empty and said.isdisjoint(TELLS_NO_STORY | asks().denials) and not any(map(str.isdigit, clause.text))
    )


def tells_of_self(text: str) -> bool:
    """Does a text speak of whoever writes it?"""
    words = {normal(word.strip(",.!)(")) for word in text.lower().split()}
    return not words.isdisjoint(FIRST_PERSON)


WIDE = 4
"""So many things hold a word that it names none of them."""


def leave_stories(clauses: Sequence[Clause]) -> None:
    """What somebody tells of themselves beside a question of its own ("у меня болит зуб, сколько стоит снимок?") changes no
    answer, whatever it names."""
    asking = [clause for clause in clauses if not OF_THINGS.isdisjoint(clause.names)
              and any(claim.sold for claim in clause.claims)]  # fmt: skip
    for clause in clauses if asking else ():
        said = {normal(word.strip(",.!")) for word in clause.told.lower().split()}
        own = not said.isdisjoint(FIRST_PERSON) and said.isdisjoint(TELLS_NO_STORY | asks().denials)
        if own and not clause.names and not clause.asked and not any(map(str.isdigit, clause.text)):
            clause.claims, clause.unread = [], []


def is_deed(found: Found) -> bool:
    """Is it only what is done, of something that has a name of its own?"""
    words = [normal(word) for word in found.text.split()]
    return not found.exact and all(is_doing(word) or fold(word).endswith(KAZAKH_DOING) for word in words)


def narrow(clauses: Sequence[Clause], things: Things) -> None:
    """What only says which one ("нужна коронка, циркониевая сколько?") is one of what another clause names and asks nothing
    of."""
    for clause in clauses:
        for named in [claim for claim in clause.claims if claim.sold] if OF_THINGS.isdisjoint(clause.names) else ():
            _narrow_to(named, clause, [each for each in clauses if each is not clause], things)
    _name_the_wide(clauses)


def _name_the_wide(clauses: Sequence[Clause]) -> None:
    """What many things hold a word of is the one thing that another clause names and asks nothing of ("про виниры хотел узнать, сколько
    за зуб?")."""
    plain = [clause for clause in clauses if OF_THINGS.isdisjoint(clause.names)]
    exact = [
        (clause, claim)
        for clause in plain
        for claim in clause.claims
        if claim.sold and claim.found and claim.found.exact
    ]
    wide = [(clause, claim) for clause in clauses for claim in clause.claims
            if claim.sold and claim.found and not claim.found.exact and len(claim.found.things) >= WIDE]  # fmt: skip
    if len(exact) != 1 or len(wide) != 1 or exact[0][0] is wide[0][0]:
        return
    (telling, named), (asking, claim) = exact[0], wide[0]
    asking.claims = [replace(each, found=named.found) if each is claim else each for each in asking.claims]
    telling.claims = [each for each in telling.claims if each is not named]


def _narrow_to(named: Claim, clause: Clause, others: Sequence[Clause], things: Things) -> None:
    for other in others:
        for claim in [each for each in other.claims if _names(each) and each.found and not each.found.exact]:
            words = things.vocabulary.words(claim.found.text) if claim.found else []
            one = things.within(words, named.found.things) if named.found else None
            if one and claim.found and named.found and is_of(one, named.found.things, things):
                found = replace(claim.found, things=one.things)
                other.claims = [replace(each, found=found) if each is claim else each for each in other.claims]
                clause.claims = [each for each in clause.claims if each is not named]
                return


def is_of(one: Found, others: Sequence[Thing], things: Things) -> bool:
    """Is all of it one of these things, a variant of one, or filed under one?"""
    wholes = {thing.whole for thing in others}
    return all(thing.whole in wholes or things.category(thing) in wholes for thing in one.things)


def leave_deeds(clauses: Sequence[Clause]) -> None:
    """What is done to something that is named in another clause is no thing by itself ("разбил экран айфона, сколько
    поменять?")."""
    deeds = [clause for clause in clauses if any(map(_sells, clause.claims)) and not any(map(_names, clause.claims))]
    if not any(_names(claim) for clause in clauses for claim in clause.claims):
        return
    for clause in deeds:
        done = [claim for claim in clause.claims if _sells(claim)]
        clause.claims = [claim for claim in clause.claims if claim not in done]
        clause.unread += [clause.words[at - clause.start] for claim in done for at in range(claim.start, claim.end)]


def _sells(claim: Claim) -> bool:
    return claim.sold and claim.found is not None


def _names(claim: Claim) -> bool:
    return claim.sold and claim.found is not None and not is_deed(claim.found)


def hear_verbs(clauses: Sequence[Clause], things: Things) -> None:
    """A verb of what a thing is called asks for it ("телефон упал в воду, чистите такие?" of "чистка"); what happened to
    somebody's own changes nothing of what there is and what it costs."""
    for clause in clauses:
        for word in [word for word in clause.unread if asks_you(word.word)]:
            _ask_by(word, clause, clauses, things)
    asked = {name for clause in clauses for name in clause.names}
    own = any(clause.names and any(claim.sold for claim in clause.claims) for clause in clauses)
    for clause in clauses if asked and asked <= TOLD else ():
        if clause.names or clause.asked or not any(tells(word.word) for word in clause.words):
            continue
        if own and any(claim.sold for claim in clause.claims) and not any(map(str.isdigit, clause.text)):
            clause.claims = []
        if not is_serious(clause.told) or is_own_damage(clause.told):
            clause.unread = [word for word in clause.unread if not tells(word.word)]


def _ask_by(verb: Word, clause: Clause, clauses: Sequence[Clause], things: Things) -> None:
    """Take a verb for an ask of what it is the verb of, among the things that are named."""
    for each in clauses:
        for claim in each.claims:
            meant = things.done(verb.word, claim.found) if claim.sold and claim.found else ()
            if meant and claim.found:
                at = clause.start + clause.words.index(verb)
                clause.unread.remove(verb)
                each.claims = [replace(one, found=replace(claim.found, things=meant)) if one is claim else one
                               for one in each.claims]  # fmt: skip
                clause.claims = sorted([*clause.claims, Claim("offered", at, at + 1)], key=lambda one: one.start)
                return


def _condition(clause: Clause) -> int:
    """From which word on a clause of house rules only says when they are asked for; its end, if it does not."""
    rules = bool(clause.names) and all(
        name == "want" or (name.startswith("rules.") and name not in CAREFUL) for name in clause.names
    )
    return next((word.start for word in clause.words if rules and word.word in CONDITIONS), len(clause.told) + 10_000)


def _is_plain(clauses: Sequence[Clause]) -> bool:
    """Does a message ask for what has one answer, whatever is done with it ("адрес скиньте, подъеду")?"""
    asked = {name for clause in clauses for name in clause.names}
    sold = any(claim.sold for clause in clauses for claim in clause.claims)
    return bool(asked) and asked <= PLAIN and not sold and not any(denies(clause.told) for clause in clauses)


def forgive(clauses: Sequence[Clause]) -> None:
    """What is to be done afterwards, or paid for, changes nothing of how a thing is cared for, or paid; a house rule is the
    same under any condition; and where there is one address, it is that, whatever is done. A noun is never forgiven: it may
    make it another one's."""
    plain = _is_plain(clauses)
    for clause in clauses:
        until = _condition(clause)
        clause.unread = [word for word in clause.unread if word.start < until]
        paid = any(claim.found and claim.found.things[0].kind == METHOD for claim in clause.claims)
        if paid or not CARE.isdisjoint(clause.names):
            clause.unread = [word for word in clause.unread if not is_infinitive(word.word)]
        if plain:
            clause.unread = [word for word in clause.unread if not is_doing(word.word)]
