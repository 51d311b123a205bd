"""What the everyday words do not read, read by likeness to examples: which of the pack's questions a piece of a message is.

Precise where it costs: a word that customers do not use with a question may make it another one, and then nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from truffles_policy.facts.claims import Claim, claims
from truffles_policy.facts.clauses import CARE, CAREFUL, OF_THINGS, TOLD, is_deed, is_of, tells_of_self
from truffles_policy.facts.data import CLOCK, asks
from truffles_policy.facts.names import CATEGORY, Thing, denies
from truffles_policy.facts.reading import DATED, NEEDS_THING, OFFERS, Part, Reading, read
from truffles_policy.facts.things import Found, Things
from truffles_policy.facts.words import (
    KAZAKH_DOING,
    Word,
    is_chatter,
    is_doing,
    is_noun,
    is_place,
    is_preposition,
    is_pronoun,
    tells,
)
from truffles_policy.intents.classifier import classifier
from truffles_policy.intents.features import THING, root
from truffles_policy.intents.pieces import Piece, pieces
from truffles_policy.intents.serious import is_own_damage, is_serious
from truffles_policy.lemmas import clean, fold, normal

SOFT, HINTED = 0.55, 0.5
SURELY = 0.85
FEW, TWO = 4, 2
GUESSES, LEAST_GUESS, GUESSED, NAMED, HARDLY = 3, 0.1, 0.4, 0.28, 0.1
# Whoever else tells is believed together with a hint: what a retriever holds to be the price for somebody else (0.3) must stay below a half
# with it, so `NAMED` is less than that.
NARROW = frozenset({"price", "duration", "offered", "stock", "promotions"})
"""Of which a word more may ask for another one."""
REQUESTS = frozenset({
    "сказать", "подсказать", "хотеть", "хотеться", "планировать", "думать", "интересовать", "интересоваться", "узнать", "спросить",
    "шутить", "выйти", "обойтись", "взять", "брать", "посоветовать", "уточнить", "написать", "ответить", "прийти", "приехать",
})  # fmt: skip
"""What whoever asks says of asking: it makes no question another one."""
GENERAL = frozenset(
    {"цвет", "размер", "модель", "вид", "тип", "штука", "память", "вариант", "услуга", "процедура", "товар"}
)
"""What every business sells has these: they make nothing another thing."""
OF_PLACES = frozenset({"address", "landmark", "hours", "until", "open_now", "parking", "branches", "phone"})
"""What is another one in another town."""
_BOOKED = re.compile(r"запис|очеред|жазыл|кезек|брон|book|appoint|walk|queue|reserv|slot|зап")
"""Without one of these it is no question about booking, however alike it is."""
_AGED = re.compile(r"\d+ ?(?:лет|год|месяц|жас|ай|years?|yo\b|months?|-летн)")
_LIMIT = re.compile(
    r"\bдо\s+(колен\w*|локт\w*|бед[её]?р\w*|щиколот\w*)|\b(голен\w*|тізе\w*|тизе\w*|knees?|elbows?|half[\s-](?:legs?|arms?)|lower[\s-]legs?)\b"
)
"""Where a leg or an arm ends before its end."""
WAYS_TO_PAY = frozenset({"prepayment", "instalments"})
BARE = frozenset({"price", "duration", "until", "hours"})
ASKS: Mapping[str, tuple[str, ...]] = {
    "wifi": ("amenity_wifi",), "website": ("social", "website"), "portfolio": ("portfolio", "social"),
    "landmark": ("landmark",), "rules.booking": ("rules.booking", "rules.walk_in"), "rules.walk_in": ("rules.walk_in", "rules.booking"), "discount_wish": ("discount_wish", "promotions"),
    **{name: (name,) for name in (
        "price", "duration", "offered", "stock", "warranty", "preparation", "aftercare", "things_list", "price_list",
        "hours", "until", "open_now", "address", "parking", "entrance", "amenities", "branches", "phone", "email", "payment",
        "prepayment", "instalments", "promotions", "rules.returns", "rules.certificates", "rules.wholesale", "rules.delivery",
        "rules.pickup", "rules.lateness", "rules.cancellation", "rules.rescheduling",
        "rules.guests", "rules.children", "rules.pets", "rules.men", "rules.hygiene", "rules.materials", "rules.home_visits",
        "rules.staff", "rules.consultation", "rules.documents", "rules.vacancies", "rules.training", "about", "speaks",
    )},
}  # fmt: skip
"""What is asked by each label, the first that the pack answers."""


def masked(text: str, things: Things) -> str:
    """The text with names of what is sold replaced."""
    cleaned = clean(text)
    for found in reversed(_sold(things.vocabulary.words(cleaned), things)):
        words = things.vocabulary.words(cleaned)[found.start : found.end]
        if words:
            cleaned = f"{cleaned[: words[0].start]} {THING} {cleaned[words[-1].end :]}"
    return cleaned


def _sold(words: Sequence[Word], things: Things) -> list[Claim]:
    return [claim for claim in claims(words, things) if claim.sold]


def read_softly(text: str, things: Things) -> Reading:
    """The message by its pieces: each as the everyday words read it, else by likeness."""
    return things.remembered("read", text, lambda: _read_softly(text, things))


def _read_softly(text: str, things: Things) -> Reading:
    found = heard_pieces(text, things)
    asking = any(piece.asks and not piece.aside for piece in found)
    idle = tuple(
        piece.text
        for piece in found
        if piece.idle or (asking and (piece.vague or piece.aside or _says_nothing(piece, things)))
    )
    parts: list[Part] = []
    unread: list[str] = []
    for piece in found:
        if piece.text in idle:
            continue
        strict = read(piece.text, things)
        own = (
            strict.parts if strict.whole and not _sounds_other(piece, strict) else tuple(_parts(piece, strict, things))
        )
        own = () if any(_is_for_people(part, text, things) for part in own) else own
        parts += own
        if not own and not (parts and _is_bare(piece)):
            unread.append(piece.text)
    told = [piece.text for piece in found if piece.text in unread and _is_told(piece, parts, things)]
    idle, unread = (*idle, *told), [each for each in unread if each not in told]
    if any(part.ask in OF_THINGS for part in parts):
        unread += [piece.text for piece in found if piece.text in idle and _narrows(piece, things)]
        idle = tuple(each for each in idle if each not in unread)
    perhaps = tuple(part for piece in found if piece.text in unread for part in _guessed(piece, things))
    parts = _absorbed(_with_things(_cared_for(parts, _named(text, things)), _named(text, things)))
    parts = _narrowed(_meant(parts, text, things), text, things)
    parts = [replace(part, clear=part.clear and not _is_of_a_part(part, text, things)) for part in parts]
    vague = [part for part in parts if part.ask in TOLD and part.things and all(map(is_deed, part.things))]
    parts, unread = [part for part in parts if part not in vague], [*unread, *(part.text for part in vague)]
    return replace(
        read(text, things), parts=tuple(parts), unread=tuple(unread), loose=(), idle=idle, open=tuple(unread), perhaps=perhaps,
    )  # fmt: skip


def _says_nothing(piece: Piece, things: Things) -> bool:
    """Do everyday words read all of it, and nothing that is asked ("извините что спрашиваю")?"""
    strict = read(piece.text, things)
    return not (strict.parts or strict.unread or strict.loose or strict.named)


def heard_pieces(text: str, things: Things) -> list[Piece]:
    """What examples make of a message."""
    return things.remembered("heard", text, lambda: pieces(text, lambda each: masked(each, things)))


def _sounds_other(piece: Piece, strict: Reading) -> bool:
    """Is it surely another question than everyday words hear: how much in advance, not how; a booking where none is needed?"""
    heard = {part.ask for part in strict.parts}
    return (piece.share >= SURELY and heard == {"payment"} and piece.label in WAYS_TO_PAY) or heard == {"booking"}


def _meant(parts: Sequence[Part], text: str, things: Things) -> list[Part]:
    """What is done, and to what, may be said apart ("экран разбит, поменять сколько?"): the whole message names it then."""
    deeds = [part for part in parts if part.ask in TOLD and part.things and all(map(is_deed, part.things))]
    whole, covered = _named_apart(things.vocabulary.words(text), things) if deeds else ((), frozenset[str]())
    if not whole or len(covered) < TWO:
        return list(parts)
    return [replace(part, things=whole) if part in deeds else part for part in parts]


def _narrowed(parts: Sequence[Part], text: str, things: Things) -> list[Part]:
    """A word that only says which one ("керамические сколько?") is one of what the message names elsewhere, if there is such a one."""
    named = _named(text, things)
    return [_one_of(part, [thing for found in named if found.text not in _texts(part) for thing in found.things], things)
            for part in parts]  # fmt: skip


def _is_of_a_part(part: Part, text: str, things: Things) -> bool:
    """Is less asked for than what is named ("ног до колена"), and no name of it says so? The price of all of it is another one."""
    limits = _LIMIT.finditer(text.lower()) if part.ask in TOLD and part.things else ()
    return any(not things.belongs(found[1] or found[2], part.things) for found in limits)


def _texts(part: Part) -> set[str]:
    return {found.text for found in part.things}


def _one_of(part: Part, others: Sequence[Thing], things: Things) -> Part:
    """A part with the one of these things that it means, where its own name is no whole one."""
    if not others or not part.things or any(found.exact or is_deed(found) for found in part.things):
        return part
    words = [word for found in part.things for word in things.vocabulary.words(found.text)]
    one = things.within(words, others)
    return replace(part, things=(one,)) if one and is_of(one, others, things) else part


def _is_bare(piece: Piece) -> bool:
    """Is it a bare question behind another that has been read ("доставка есть? сколько?")? That holds its answer."""
    return (piece.label in BARE or piece.label == "ask_more") and len(piece.text.split()) <= FEW


def _named(text: str, things: Things) -> tuple[Found, ...]:
    """What a text names."""
    return _things_of(_sold(things.vocabulary.words(text), things))


def _things_of(claimed: Sequence[Claim]) -> tuple[Found, ...]:
    """The things that are named; what is only done to them is none of them."""
    named = tuple(claim.found for claim in claimed if claim.sold and claim.found)
    return tuple(found for found in named if not is_deed(found)) or named


def _parts(piece: Piece, strict: Reading, things: Things) -> Iterator[Part]:
    """What a piece asks, where that is likely, and no word that everyday words do not read may make it another question.
    `strict` is the piece as they read it."""
    words = things.vocabulary.words(piece.text)
    claimed = claims(words, things)
    unread = [word for each in strict.unread for word in each.split()]
    if _is_read(piece, strict, unread):
        yield from (replace(part, clear=True, share=max(piece.share, SOFT)) for part in strict.parts)
        return
    asked = _asks_of(piece, strict, things)
    if not asked or _is_careful(piece, claimed) or _is_grave(piece):
        return
    of_things = piece.label in OF_THINGS
    sold = _things_of(claimed) if of_things else ()
    if of_things and not sold:
        sold, covered = _named_apart(words, things)
        unread = [word for word in unread if word not in covered]
    if one := _whose(unread, sold, things):
        sold, unread = (one,), []
    whole = all(found.exact for found in sold)
    if any(_alters(word, piece, whole=whole) for word in unread if not things.belongs(word, sold)):
        return
    days = tuple(claim.day for claim in claimed if claim.day) if piece.label in DATED else ()
    others = tuple(thing for claim in claimed if claim.found and not claim.sold for thing in claim.found.things)
    for ask in asked:
        yield Part(ask, sold, days, others, text=piece.text, share=piece.share)


def _is_told(piece: Piece, parts: Sequence[Part], things: Things) -> bool:
    """Is it only told beside what is asked, and changes nothing of it? Beside a thing's price that is what its writer tells of
    themselves; a rule of the house is the same whatever one tells."""
    asked = {part.ask for part in parts}
    if not asked or not piece.told:
        return False
    claimed = claims(things.vocabulary.words(piece.text), things)
    dated = any(claim.day for claim in claimed) and any(part.ask in DATED and not part.days for part in parts)
    if dated or asked.isdisjoint(OF_THINGS):
        return not dated
    if any(claim.name in CAREFUL for claim in claimed):
        return False
    if any(claim.sold for claim in claimed):
        return _is_trouble(piece, claimed, parts, things)
    return tells_of_self(piece.text) and not denies(piece.text) and not any(map(str.isdigit, piece.text))


def _is_trouble(piece: Piece, claimed: Sequence[Claim], parts: Sequence[Part], things: Things) -> bool:
    """Does it only tell what is wrong with the very thing that is asked about ("батарея не держит, сколько её менять?")?"""
    asked = {thing.whole for part in parts for found in part.things for thing in found.things}
    named = [{thing.whole for thing in claim.found.things} for claim in claimed if claim.sold and claim.found]
    said = read(piece.text, things).unread
    rest = [word for each in said for word in each.split() if not things.belongs(word, [])]
    return all(asked & each for each in named) and all(
        tells(normal(word)) or normal(word) in asks().denials for word in rest
    )


def _whose(unread: Sequence[str], sold: Sequence[Found], things: Things) -> Found | None:
    """The one of a family that words left unread say: a husband's is the men's; None if they say none of them."""
    spoken = [thing for found in sold for thing in found.things if not found.exact or thing.kind == CATEGORY]
    words = things.vocabulary.words(" ".join(unread))
    known = asks().small | asks().joins
    said = [word for word in words if word.word not in known and not (is_pronoun(word.word) or is_doing(word.word))]
    return things.within(said, spoken, whom=True) if spoken and said else None


def _is_grave(piece: Piece) -> bool:
    """Is there trouble in it that is no matter of its question? What broke may be repaired, at a price."""
    repaired = piece.label in TOLD and is_own_damage(piece.text)
    return is_serious(piece.text) and piece.label not in CARE and not repaired


def _guessed(piece: Piece, things: Things) -> Iterator[Part]:
    """What a piece may ask: evidence for whoever answers next."""
    labels = sorted(piece.others, key=lambda label: -piece.others[label])[:GUESSES]
    words = things.vocabulary.words(piece.text)
    named = tuple(claim.found for claim in claims(words, things) if claim.sold and claim.found)
    sold = named or _named_apart(words, things)[0]
    one = len(sold) == 1 and len(sold[0].things) == 1 and (sold[0].exact or not named)
    for label in labels:
        share = min(piece.others[label], GUESSED)
        if share >= LEAST_GUESS:
            share = min(share, NAMED if one else HARDLY) if label in NARROW else share
            yield from (
                Part(ask, sold if label in OF_THINGS else (), text=piece.text, share=share)
                for ask in ASKS.get(label, ())
            )


def _is_read(piece: Piece, strict: Reading, unread: Sequence[str]) -> bool:
    """Do everyday words read one question of a thing, and all that they leave only says what the two who talk do?"""
    asked = {part.ask for part in strict.parts}
    plain = len(asked) == 1 and asked <= TOLD and all(part.things for part in strict.parts)
    return plain and not piece.idle and all(root(word) in REQUESTS for word in unread)


def _asks_of(piece: Piece, strict: Reading, things: Things) -> tuple[str, ...]:
    """What a piece may ask: by its label, if that is likely enough; less so where everyday words hear the same."""
    heard = {part.ask for part in strict.parts}
    same = not heard.isdisjoint(ASKS.get(piece.label, ()))
    likely = sum(share for label, share in piece.others.items() if not heard.isdisjoint(ASKS.get(label, ())))
    if (likely < HINTED) if same else (piece.share < SOFT):
        return ()
    if piece.label in ("rules.booking", "rules.walk_in") and not _BOOKED.search(fold(piece.text.lower())):
        return ()
    if piece.label == "booking":
        return () if things.books else ("rules.walk_in",)
    return ASKS.get(piece.label, ())


def _named_apart(words: Sequence[Word], things: Things) -> tuple[tuple[Found, ...], frozenset[str]]:
    """Things all the words of whose name stand somewhere in a text, the longest names first, and those words."""
    found = things.apart(words)
    covered = frozenset(words[at].token.text for at in found[1])
    return ((Found(found[0], 0, 0, exact=False, text=" ".join(sorted(covered))),) if found[0] else ()), covered


def _is_for_people(part: Part, text: str, things: Things) -> bool:
    """Does something in the message make it another question: a thing that is denied, or what happened to one, where a
    warranty is asked for?"""
    return (part.ask in OF_THINGS and denies(text)) or (part.ask == "warranty" and _tells_of(text, things))


def _tells_of(text: str, things: Things) -> bool:
    """Does a message say what happened to something that is sold?"""
    words = things.vocabulary.words(text)
    return any(tells(word.word) for word in words) and bool(_named(text, things))


def _narrows(piece: Piece, things: Things) -> bool:
    """Does what is told beside a question say for whom it is, or how old they are?"""
    names = {claim.name for claim in claims(things.vocabulary.words(piece.text), things) if claim.is_ask}
    return bool(names & CAREFUL) or _AGED.search(fold(piece.text.lower())) is not None


def _is_careful(piece: Piece, claimed: Sequence[Claim]) -> bool:
    """Is it for somebody, or some day, that may make it another price? Or is a thing's price asked, whatever else it is like?"""
    days = {claim.day for claim in claimed if claim.day} - {"today", "daily"}
    names = {claim.name for claim in claimed if claim.is_ask}
    priced = any(claim.sold for claim in claimed) and not names.isdisjoint(TOLD)
    if piece.label in CARE:  # a day only tells when it was done
        return bool(names & CAREFUL)
    if piece.label in OF_THINGS:
        return bool(names & {*CAREFUL, CLOCK}) or (bool(days) and piece.label not in DATED)
    return priced or (piece.label in CAREFUL and piece.share < SURELY and any(claim.sold for claim in claimed))


def _alters(word: str, piece: Piece, *, whole: bool) -> bool:
    """Could a word make the question another one? Not if it is said with such questions, or whatever one wants. A Kazakh deed
    says which one it is where no thing is named by a `whole` name."""
    plain = normal(word)
    narrow = piece.label in NARROW
    if is_preposition(plain) or plain.isdigit():
        return narrow
    if plain in asks().small | asks().joins or is_chatter(plain) or is_pronoun(plain) or _is_polite(plain):
        return False
    if is_place(plain) and piece.label in OF_PLACES:
        return True
    said = root(plain) in GENERAL or root(plain) in classifier().vocabulary[piece.label]
    if narrow:
        does = root(plain) in REQUESTS or (whole and fold(plain).endswith(KAZAKH_DOING))
        return not (said or does) or (is_noun(plain) and piece.label == "promotions")
    return not (said or piece.share >= SURELY or fold(plain) in classifier().everyday or is_doing(plain))


def _is_polite(word: str) -> bool:
    return root(word) in classifier().vocabulary["greeting"]


def _absorbed(parts: Sequence[Part]) -> list[Part]:
    """Without bare questions behind another that has been read ("доставка есть? сколько?"): it holds their answer."""
    kept: list[Part] = []
    for part in parts:
        bare = part.ask in BARE and not part.things and not part.days and len(part.text.split()) <= FEW
        if not (bare and any(each.ask not in BARE for each in kept)):
            kept.append(part)
    return kept


def _cared_for(parts: Sequence[Part], named: Sequence[Found]) -> list[Part]:
    """How one cares for what was done, as another piece tells ("час назад зуб вырвали. когда можно поесть?")."""
    done = tuple(found for found in named if found.exact)
    return [replace(part, things=done) if part.ask in CARE and not part.things and done else part for part in parts]


def _with_things(parts: Sequence[Part], named: Sequence[Found]) -> list[Part]:
    """A question of a thing that another piece names takes it from there; the thing alone then asks nothing more."""
    lacking = [part for part in parts if part.ask in NEEDS_THING and not part.things]
    if not lacking or not named:
        return list(parts)
    kept = [part for part in parts if part.ask != OFFERS]
    return [replace(part, things=tuple(named)) if part in lacking else part for part in kept]
