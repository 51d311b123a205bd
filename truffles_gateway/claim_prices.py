"""Whose price it is: a price that a draft names for one thing, and the passages for another. Pure.

A text is read in clauses. In the evidence one such as "Name — 7 000 ₸" or "Name;7 000" tells a thing and its price, and the
clauses behind it, up to the next thing, may tell more of it. In a draft a price is bound only where its clause names exactly one
thing by all words of its name and one price; whatever may make it another price there (a discount, a deposit, a range) unbinds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from truffles_gateway.claim_values import NUM, SIZE, Key
from truffles_gateway.claims import Claim, claims
from truffles_gateway.plain import any_of, letters, plain, words
from truffles_gateway.prices import same, shown

_OWN = ("bare", "any", "told", "₸")
_WITHOUT = frozenset({"без", "without"})
_LONGEST = 7  # words of a name
_LEAST = 100  # beside a price, what is less belongs to a name: "Model 15 — 400 000"
_CLAUSE = re.compile(r"[.!?](?=\s|$)|[;\n•|]|,(?!\d)|,(?=\d{1,2}\b(?!,))")
_JOINT = re.compile(r"\s(?:и|а|но|and|but|while|және|ал|мен)\s", re.IGNORECASE)
_ASIDE = re.compile(r"\(([^()\n]*)\)")
_SIZED = re.compile(rf"(?<!\d)(?:{NUM})\s?{SIZE}", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+")
_BEFORE_PRICE = " \t:;=—–-\u2212|("


@dataclass(frozen=True, slots=True)
class Amount:
    """A price in a clause: its value, and the claim that it was read from."""

    value: float
    claim: Claim


@dataclass(frozen=True, slots=True)
class Told:
    """A clause of the evidence with the words of all that it belongs to; `name` is that of the thing whose price it tells."""

    words: tuple[str, ...]
    values: tuple[float, ...]
    name: str = ""
    names: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """What the prices of a draft come to: objections, and keys of sums that are right."""

    objections: tuple[str, ...] = ()
    sums: frozenset[Key] = frozenset()


def bound(text: str, evidence: Iterable[tuple[str, str]]) -> Bound:
    """Judge the prices of a draft by evidence of (title, text)."""
    told = [each for title, said in evidence for each in _told(title, said)]
    things = list({each.names: each for each in reversed(told) if each.name}.values())[::-1]
    if not things:
        return Bound()
    objected: list[str] = []
    sums: set[Key] = set()
    before: list[Told] = []
    for clause in _clauses(text):
        said = _tokens(clause)
        named = _named(said, [each for each in things if not _lacking(each.names, said)])
        if len(named) > 1:  # what stands in brackets says more of it, and is no other thing
            outside = _tokens(_ASIDE.sub(" ", clause))
            of_it = _named(outside, [each for each in things if not _lacking(each.names, outside)])
            named, said = (of_it, outside) if len(of_it) == 1 else (named, said)
        before += [each for each in named if each not in before]
        amounts = _amounts(clause)
        if len(amounts) != 1:
            continue
        if len(named) == 1:
            objected += _of_one(amounts[0], clause, said, named[0], told)
        elif _summed().search(letters(clause)):
            right = any(_sum(each, told) == amounts[0].value for each in (named, before))
            sums.update(amounts[0].claim.keys if right else ())
            objected += [] if right else _of_all(amounts[0], clause, named or before, told)
    return Bound(tuple(objected), frozenset(sums))


def _of_one(amount: Amount, clause: str, said: Sequence[str], thing: Told, told: Sequence[Told]) -> list[str]:
    """The objection to a price for the one thing that a clause names."""
    prices = _fixed(thing, told)
    odd = set(_odd(said, thing.names)) - _WITHOUT
    if not prices or odd or f"{amount.value:g}" in thing.names:
        return []
    holders = [each for each in told if amount.value in each.values]
    if any(_holds(each.words, thing.names) for each in holders if not each.name or _one(each.names, thing.names)):
        return []
    owners = [each.names for each in holders if each.names and not _lacking(each.names, said)]
    if any(_nearer(owner, thing.names, said, clause) for owner in owners):
        return []
    stated = " or ".join(f"{shown(round(price))} ₸" for price in sorted(prices))
    return [_objection(amount, stated, thing.name)]


def _lacking(names: Sequence[str], said: Sequence[str]) -> bool:
    """Does a clause say that something is missing which is in a name ("без покрытия" of "с покрытием")?"""
    words = [word for word in said if word not in _listed("fillers")]
    missing = [word for before, word in pairwise(words) if before in _WITHOUT]
    return _WITHOUT.isdisjoint(names) and any(_in(word, names) for word in missing)


def _nearer(owner: Sequence[str], named: Sequence[str], said: Sequence[str], clause: str) -> bool:
    """May a clause mean the thing whose price it names, rather than the one that it names in full? It says more, of that name;
    or that is a variant of the named thing, and the clause says anything more than the name, or "from"."""
    more = [word for word in said if word not in _listed("fillers") and not _in(word, named)]
    if any(_in(word, owner) for word in more):
        return True
    other = any(not word.isdigit() for word in more) or _from().search(letters(clause)) is not None
    return _holds(owner, named) and other


def _of_all(amount: Amount, clause: str, named: Sequence[Told], told: Sequence[Told]) -> list[str]:
    """The objection to a sum that is not that of what was named, if nothing but a word for a sum stands beside it."""
    total = _sum(named, told)
    if not total or not _listed("sums").issuperset(_odd(_tokens(clause), ())):
        return []
    return [_objection(amount, f"{shown(round(total))} ₸", " + ".join(each.name for each in named))]


def _sum(named: Sequence[Told], told: Sequence[Told]) -> float:
    """What several things cost together; 0 if that is not certain."""
    prices = [_fixed(each, told) for each in named]
    return sum(map(sum, prices)) if len(prices) > 1 and all(len(each) == 1 for each in prices) else 0


def _objection(amount: Amount, stated: str, name: str) -> str:
    return f"price: {shown(round(amount.value))} ₸ (the passages say {stated} for {name})"


def _fixed(thing: Told, told: Sequence[Told]) -> set[float]:
    """The prices of a thing; empty if one of them is a range or only the least."""
    of_it = [each for each in told if each.names and _one(each.names, thing.names)]
    return {price for each in of_it for price in each.values} if all(each.fixed for each in of_it) else set()


def _named(said: Sequence[str], things: Sequence[Told]) -> list[Told]:
    """The things that words name in full, each once; none that is only a part of another one's name."""
    found: list[Told] = []
    for each in things:
        if _holds(said, each.names) and not any(_one(each.names, other.names) for other in found):
            found.append(each)
    return [each for each in found if not any(_part(each.names, other.names) for other in found)]


def _one(names: Sequence[str], others: Sequence[str]) -> bool:
    """Are two names the same words, in whatever order and endings?"""
    return len(names) == len(others) and _holds(others, names)


def _part(names: Sequence[str], others: Sequence[str]) -> bool:
    return len(names) < len(others) and _holds(others, names)


def _odd(said: Sequence[str], names: Sequence[str]) -> list[str]:
    """The words beside a name that make a price another than the thing's own."""
    starts, whole = tuple(_listed("otherwise")), _listed("otherwise_whole")
    return [each for each in said if each not in names and (each in whole or each.startswith(starts))]


# --- reading ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def _told(title: str, text: str) -> tuple[Told, ...]:
    """What a text of the evidence tells. Remembered: passages come again and again."""
    found: list[Told] = []
    thing: tuple[str, ...] = tuple(_tokens(title))
    for clause in _clauses(text):
        amounts = _amounts(clause)
        told = _thing(clause, amounts)
        if told is None:
            told = Told((*thing, *_tokens(clause)), tuple(each.value for each in amounts))
        else:
            thing = told.words
        found.append(told)
    priced = [each for each in found if each.values]
    if title and len(priced) == 1 and not priced[0].name and len(priced[0].values) == 1:
        names = _name(title)
        found += [Told(tuple(_tokens(title)), priced[0].values, title, names, _is_fixed(text))] if names else []
    return tuple(found)


def _thing(clause: str, amounts: Sequence[Amount]) -> Told | None:
    """The thing whose price a clause tells: what stands before the price."""
    at = _place(clause, amounts[0].value) if amounts else None
    if at is None:
        return None
    head = clause[:at].rstrip(_BEFORE_PRICE)
    name = " ".join(head.rpartition(":")[2].split()).strip(' -—–*"«»')
    names = _name(name)
    if not names or letters(head).split()[-1] in _listed("continues") - _listed("from"):
        return None
    values = tuple(each.value for each in amounts)
    return Told(
        tuple(_tokens(clause)),
        values,
        name,
        names,
        len(values) == 1 and _is_fixed(f"{' '.join(head.split()[-2:])} {clause[at:]}"),
    )


def _shown_name(text: str) -> str:
    """A name for people: without the words behind it that only lead to the price."""
    said = text.split()
    while said and (not _tokens(said[-1]) or letters(said[-1]) in _listed("fillers")):
        said.pop()
    return " ".join(said).strip(" -—–*")


def _name(text: str) -> tuple[str, ...]:
    """The words of a name; none if it is no name of a thing that can be bought."""
    said = _tokens(text)
    first = (letters(text).split() or [""])[0]
    names = tuple(dict.fromkeys(word for word in said if word not in _listed("fillers")))
    odd = [word for word in _odd(names, ()) if word not in _WITHOUT]
    known = any(len(word) > 2 and not word.isdigit() for word in names)
    if not known or odd or first in _listed("continues") or len(names) > _LONGEST or _summed().search(letters(text)):
        return ()
    return names


def _is_fixed(clause: str) -> bool:
    """Is a price the price, and not the least or the most?"""
    return _from().search(letters(clause)) is None


def _place(clause: str, value: float) -> int | None:
    """Where a clause writes a price in digits."""
    digits = r"[ \u00a0\u202f.,'’]?".join(re.escape(each) for each in shown(int(value)).split())
    found = re.search(rf"(?<!\d){digits}(?!\d)", clause)
    return found.start() if found else None


def _amounts(clause: str) -> list[Amount]:
    """The prices of a clause: those with a currency or a word for it, if there are any, else its bare numbers. None where one is
    in another currency, or free of charge."""
    if not any(map(str.isdigit, plain(clause))):
        return []
    found = [each for each in claims(_SIZED.sub(" ", clause)) if each.kind == "price"]
    values = [each.keys[0][1] for each in found]
    if not all(isinstance(each, tuple) and each[1] in _OWN for each in values):
        return []
    amounts = [
        (Amount(each[0], claim), each[1]) for each, claim in zip(values, found, strict=True) if isinstance(each, tuple)
    ]
    amounts = [each for each in amounts if each[0].value >= _LEAST] or amounts
    sure = [amount for amount, currency in amounts if currency != "any"]
    return sure or [amount for amount, _ in amounts]


def _clauses(text: str) -> Iterator[str]:
    """The clauses of a text; two that a conjunction joins are two only if each has a number. A price without words belongs to
    what stands before it."""
    last = ""
    for piece in filter(str.strip, _CLAUSE.split(_ASIDE.sub(_whole, text))):
        parts = _JOINT.split(piece)
        for part in parts if all(any(map(str.isdigit, each)) for each in parts) else [piece]:
            bare = not [word for word in _tokens(part) if not word[0].isdigit() and word not in _listed("fillers")]
            if bare and last and not _amounts(last):
                part, last = f"{last} {part}", ""  # noqa: PLW2901 - the price comes to its name
            if last:
                yield last
            last = part
    if last:
        yield last


def _whole(aside: re.Match[str]) -> str:
    """What stands in brackets, in one clause with what it says more of ("79 900 ₸ (128 ГБ, чёрный)"), unless it tells prices."""
    return aside[0] if _amounts(aside[1]) else aside[0].replace(",", " ").replace(";", " ")


def _tokens(text: str) -> list[str]:
    """Words and numbers in their normal letters, without single letters."""
    return [word for word in _TOKEN.findall(letters(text)) if len(word) > 1 or word.isdigit()]


def _holds(said: Sequence[str], names: Sequence[str]) -> bool:
    return all(_in(word, said) for word in names)


def _in(word: str, said: Sequence[str]) -> bool:
    """Is a word said, in whatever ending? Kazakh "without" is an ending, and another thing."""
    return any(same(word, each) and _lacks(word) == _lacks(each) for each in said)


def _lacks(word: str) -> bool:
    return word.endswith(("сыз", "сиз"))


@lru_cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(letters(word) for word in words()["bound"][name])


@lru_cache
def _summed() -> re.Pattern[str]:
    return any_of(words()["bound"]["sums"])


@lru_cache
def _from() -> re.Pattern[str]:
    return any_of(words()["bound"]["from"])
