"""Questions → facts: which part of a message the pack answers, and one reply where it answers all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Inbound, Line, Passage, Turn, Verdict, told_last
from truffles_gateway.plugin import OWN, Texts
from truffles_policy.facts import closed
from truffles_policy.facts.again import Again, roots_of, speaks_of
from truffles_policy.facts.by_example import heard_pieces
from truffles_policy.facts.carry import WITHIN, read_on
from truffles_policy.facts.claims import claims
from truffles_policy.facts.clauses import OF_THINGS, TOLD
from truffles_policy.facts.goods import Goods
from truffles_policy.facts.house import House
from truffles_policy.facts.names import SERVICE, SOLD, Thing
from truffles_policy.facts.offers import INCLUDED, Offers
from truffles_policy.facts.places import Places
from truffles_policy.facts.questions import Questions
from truffles_policy.facts.reading import OFFERS, TIMED, Part, Reading, read
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.facts.unlisted import Unlisted
from truffles_policy.intents.features import root
from truffles_policy.intents.serious import is_serious
from truffles_policy.intents.wants import BRIEF, is_no_wish, is_question, wanted, wishes
from truffles_policy.pack.entries import entries
from truffles_policy.pack.opening import Opening
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wording import Wording
from truffles_policy.rules import Finding

SOURCE, HINT = "pack", "pack: perhaps"
"""The source of facts that are told, and of those that may be what was asked, for whoever else can tell."""
SURE, CARRIED, GUESSED = 0.98, 0.93, 0.9
LONGEST = 2_000
FEW, LONG, SURELY = 5, 4, 0.5
PRICED = TOLD - {"duration"}
TWO = 2
_OTHER = re.compile(
    r"\b(?:друг\w+|втор\w+|остальн\w+)\s+(?:филиал|отделени|точк|салон|адрес|клиник|магазин)\w*|\b(?:басқа|баска|екінші)\s+филиал\w*|"
    r"\bother\s+(?:branch|location|place)\b",
    re.IGNORECASE,
)
_PAYING = re.compile(r"\b(?:плат|оплат|оплач|ақылы|акылы|төле|толе)\w*|\b(?:pay|paid|charged?|extra)\b", re.IGNORECASE)
_FREE = re.compile(r"бесплатн|тегін|\bfree\b", re.IGNORECASE)
_WITHOUT = re.compile(r"\b(?:без|without)\s+(?:(?:a|the|my|any)\s+)?(\w{3,})")
_WOULD_RETURN = re.compile(
    r"\b(?:вернете|вернёте|вернут|возвращаете|возвращают|возвращается|қайтарасыз\w*|кайтарасыз\w*|қайтара\w*)\W*(?:ли)?\W*\?|"
    r"\b(?:will|do|can) (?:you|i) (?:\w+ )?(?:refund|return|exchange|get (?:my|the|a) (?:money|refund)|give (?:me )?(?:\w+ )?(?:money )?back)\b.*\?",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"возвра|верн[уё]|обменив|(?:ақша|акша)\w*.{0,30}(?:қайтар|айырбас)|refund|return|exchanged", re.IGNORECASE
)
BARE_FACT = re.compile(r"(?:place|branches\.[^.]+)\.(?:address|hours|phone|map)\b|business\.contacts\b|payment(?:@|$)")
"""What tells nothing but where, when, by which number, or by which ways one pays."""
ELSE = frozenset(
    {"address", "phone", "parking", "amenity_wifi", "amenity_drinks", "amenity_toilet", "amenity_lift"}
    | {f"rules.{each}" for each in ("delivery", "children", "pets", "guests", "men", "hygiene", "materials", "documents", "certificates", "training",
                                    "home_visits", "staff", "lateness", "returns", "warranty")}
)  # fmt: skip
"""What none of those facts tells, but the address and the number. How to book, or where goods are fetched, they may."""
_JOINT = re.compile(r"\s+(?=(?:и|а также|плюс|and|plus|also|және|жане|zhane)\s)", re.IGNORECASE)
_BREAK = re.compile(r"[,.!?;:\n]")
FIELDS = frozenset({"parking", "entrance", "amenities"})


@dataclass(frozen=True, slots=True)
class Answered:
    """A part of a message and the facts that answer it: none, if the pack does not."""

    part: Part
    facts: tuple[Told, ...]

    @property
    def confidence(self) -> float:
        """How sure it is that this was asked."""
        sure = CARRIED if self.part.carried else GUESSED if self.part.ask == OFFERS else SURE
        return min(sure, self.part.share)


class Facts:
    """One tenant's pack, ready to answer from."""

    def __init__(self, pack: Pack, texts: Texts, tags: Mapping[str, str] = MappingProxyType({})) -> None:
        """`tags` are those of the branches, by slug."""
        self.pack, self._texts, self._tags = pack, texts, tags
        self._in: dict[str, Mapping[str, str]] = {}
        self.things = Things(pack)
        self._goods = Goods(pack, self.things)
        self._offers, self._places = Offers(pack, self._goods), Places(pack)
        self._house = House(pack, self.things, self._places, self._offers)
        self._questions = Questions(pack, self.things)
        self._unlisted = Unlisted(pack, self.things)
        self._again = Again(self.things, self._offers, self.told_in)

    def reads(self, text: str) -> bool:
        """Is a message a question about the business, as far as everyday words and the pack's names tell?"""
        reading = read(text[:LONGEST], self.things)
        return bool(reading.parts) or bool(self._questions.asked(text[:LONGEST]))

    def knows(self, text: str) -> bool:
        """Does the pack answer a message in so many words, or have a word on what it tells of its writer?"""
        return bool(self._questions.asked(text[:LONGEST]) or self._questions.told_of(text[:LONGEST]))

    def without_state(self, text: str) -> str:
        """A message without the state of a customer whom the pack has a word for; "" where there is no such thing."""
        return self._questions.without_state(text[:LONGEST])

    def hears(self, text: str) -> Finding | None:
        """What a message wants of people, or of nobody, as examples tell; None where everyday words read all of it."""
        text = text[:LONGEST]
        if (read(text, self.things).whole and not is_serious(text)) or self.knows(text):
            return None
        found = heard_pieces(text, self.things)
        heard = wanted(found, [each for each in found if each.harmless and read(each.text, self.things).whole])
        if heard is None and self._questions.worries(text):
            return Finding("medical", " ".join(text.split())[:BRIEF])
        return heard

    def is_no_wish(self, text: str) -> bool:
        """Is it surely a question that facts answer, and no wish for a time, however much it sounds like one?"""
        text = text[:LONGEST]
        return bool(self._questions.told_of(text)) or is_no_wish(heard_pieces(text, self.things))

    def wishes(self, text: str) -> bool:
        """Is a time wished for, as examples tell?"""
        return wishes(heard_pieces(text[:LONGEST], self.things))

    def asks(self, text: str, rule: str) -> bool:
        """Is it surely a question that facts answer, whatever else a rule hears in it?"""
        return is_question(heard_pieces(text[:LONGEST], self.things), rule)

    def returns_told(self, text: str, history: Sequence[Line], now: datetime) -> bool:
        """Is it only asked whether money would come back, after a fact that says so ("деньгами вернёте?" of a certificate)?"""
        known = self.told_in(self.pack.language)
        asked = (f"{OWN}{part.ask}" for part in read(text[:LONGEST], self.things).parts)
        facts = (known.get(id, "") for id in (*told_last(history, now, WITHIN), *asked))
        return _WOULD_RETURN.search(text) is not None and any(_RETURNS.search(fact) for fact in facts)

    def week(self, hours: Opening, language: str) -> str:
        """Hours in words, for customers of a language."""
        return Wording(self.pack, self._texts, language).week(hours)

    def read(self, turn: Turn, message: Inbound) -> Reading:
        """The message, read after what the customer wrote before."""
        found = read_on(message.text[:LONGEST], turn.history, turn.now, self.things)
        return self._elsewhere(replace(found, sources=tuple(told_last(turn.history, turn.now, WITHIN))), turn)

    def _elsewhere(self, reading: Reading, turn: Turn) -> Reading:
        """Of two branches the other one is that which was not spoken of ("а в другом филиале?")."""
        here, slugs = reading.there or turn.branch, [each.slug for each in self.pack.branches]
        if not reading.before or here not in slugs or len(slugs) != TWO or not _OTHER.search(reading.text):
            return reading
        text = reading.text.strip()
        parts = tuple(replace(part, text=text, carried=True, clear=True) for part in reading.before)
        return replace(reading, parts=parts, unread=(), open=(), branch=next(each for each in slugs if each != here))

    def say(self, turn: Turn, message: Inbound, verdict: Verdict, reading: Reading) -> Say:
        """Whom the facts are told."""
        language = verdict.language or message.language or self.pack.language
        return self.say_at(turn, reading.branch or turn.branch, language)

    def say_at(self, turn: Turn, branch: str, language: str) -> Say:
        """A customer of a language at a branch, now."""
        return Say(self.pack, self._texts, language, branch, turn.now.astimezone(ZoneInfo(turn.timezone)))

    def answered(self, reading: Reading, say: Say) -> list[Answered]:
        """Every question of the message, with its facts. A question in so many words of the pack's comes before all."""
        asked = self._questions.asked(reading.text) or self._questions.asked(reading.full)
        if asked:
            facts = self._questions.told(asked, say)
            return [Answered(Part("faq", text=reading.text.strip()), tuple(facts))]
        again = self._told_again(reading, say)
        if known := [again] if again else self._of_state(reading, say, late=False):
            return known
        known = _first_known([Answered(part, tuple(self._told(part, say))) for part in self._asked(reading)])
        found = _bound([one for each in self._apart(known, reading, say) for one in each])
        found = [replace(each, facts=()) if _is_without(each) else each for each in found]
        own = self._in_so_many_words(reading, say)
        found = [each for each in found if each.facts or not _is_within(each.part.text, own)] + own
        if not any(each.facts for each in found):
            found = self._returned(reading, say) or self._told_before(reading, say) or found
        if not any(each.facts for each in found):
            found = self._of_state(reading, say, late=True) or found
        missing = self._unlisted.told(reading.plain or reading, say)
        return [Answered(Part("unlisted", text=reading.text.strip()), (missing,))] if missing else found

    def _apart(self, answered: Sequence[Answered], reading: Reading, say: Say) -> Iterator[Sequence[Answered]]:
        """What is asked, clause by clause; of one that holds a question that is not known, each side of an "and" by itself, if it is a
        question of its own ("ваш адрес и есть ли доставка?"): what is known of one is told, and the other one is missed."""
        for text in dict.fromkeys(each.part.text for each in answered):
            here = [each for each in answered if each.part.text == text]
            lost = any(not each.facts for each in here) and any(each.facts for each in here)
            sides = _JOINT.split(_said_as(text, reading.text)) if lost else ()
            yield self._by_sides(sides, say) or here if len(sides) > 1 else here

    def _by_sides(self, sides: Sequence[str], say: Say) -> list[Answered]:
        """What each side asks; nothing if one of them is no question that everyday words read, but more of what is asked beside it."""
        read_as = [read(side, self.things) for side in sides]
        if not all(each.whole and all(part.ask != OFFERS for part in each.parts) for each in read_as):
            return []
        parts = [replace(part, text=side) for side, each in zip(sides, read_as, strict=True) for part in each.parts]
        return [Answered(part, tuple(self._told(part, say))) for part in parts]

    def _of_state(self, reading: Reading, say: Say, *, late: bool) -> list[Answered]:
        """What the pack says to whoever tells of a state, or of a fear, perhaps about what was spoken of before."""
        before = (thing.whole for part in reading.before for found in part.things for thing in found.things)
        facts = self._questions.told(self._questions.told_of(reading.text, before, late=late), say)
        return [Answered(Part("faq", text=reading.text.strip()), tuple(facts))] if facts else []

    def _told_again(self, reading: Reading, say: Say) -> Answered | None:
        """What is read off the facts that were told last: what a price covers, how long an offer holds, what one may do afterwards, what
        a product is like."""
        text = reading.text.strip()
        if covered := self._again.covered(reading, say):
            return Answered(Part(INCLUDED, text=text, carried=True), tuple(covered))
        ending = [each.id for each in self.pack.promotions if each.until]
        if lasting := self._again.until(reading, ending, say):
            return Answered(Part("promotions", text=text, carried=True), tuple(lasting))
        if after := self._afterwards(reading, say):
            return after
        like = self._again.of_told(reading, say)
        return Answered(Part(OFFERS, text=text, carried=True), tuple(like)) if like else None

    def _afterwards(self, reading: Reading, say: Say) -> Answered | None:
        """The after-care of what was told last, if that is asked and speaks of something that the words name."""
        found = self._again.afterwards(reading)
        part = Part("aftercare", (found,) if found else (), text=reading.text.strip(), carried=True)
        told = self._told(part, say) if found else ()
        speaking = tuple(each for each in told if speaks_of(each.text, roots_of(reading.text)))
        return Answered(part, speaking) if speaking else None

    def told_in(self, language: str) -> Mapping[str, str]:
        """All facts of the pack by their ids, in a language."""
        if language not in self._in:
            self._in[language] = {
                each.id: each.answer for each in entries(self.pack, self._tags, self._texts, language)
            }
        return self._in[language]

    def as_now(self, fact: str, held: str, say: Say) -> str | None:
        """A fact that is `held` in the pack's own language, as this customer is told it: in full where something of it is sold
        out, "" where it does not hold today; None where it is no fact of the pack's, or was worded for its question already."""
        if self.told_in(self.pack.language).get(fact) != held:
            return None
        if fact in self._over(say.now.date()):
            return ""
        return self._sold_out(fact, say) or self.told_in(say.language).get(fact)

    def _over(self, today: date) -> frozenset[str]:
        """The promotions that do not hold on a day."""
        return frozenset(f"{SOURCE}:promotions.{each.id}" for each in self.pack.promotions if not each.holds(today))

    def services(self, facts: Iterable[str]) -> list[Thing]:
        """The services that facts tell of, those of a category among them; none that tells of products, too."""
        told = (each.removeprefix(OWN).partition("@")[0].partition(".") for each in facts)
        things = self._offers.members([Thing(kind, id) for kind, _, id in told if kind in SOLD])
        return things if all(each.kind == SERVICE for each in things) else []

    def is_work(self, facts: Iterable[str], asked: str) -> bool:
        """Are goods asked for in these words, and are all that the facts tell of services that are only done to them?"""
        return self._goods.are_asked(asked[:LONGEST], self.services(facts))

    def is_else(self, fact: str, told: str, asked: str) -> bool:
        """Does a fact only tell where the business is, how it is reached or paid, while something else is asked in so many words ("и есть ли
        доставка?"), which that fact does not speak of?"""
        id = fact.removeprefix(OWN)
        if not BARE_FACT.match(id):
            return False
        meant = self.things.remembered("else", asked, lambda: self._meant(asked[:LONGEST]))
        return bool(meant) and id.partition("@")[0] not in meant and not speaks_of(told, roots_of(asked))

    def is_uncertain(self, fact: str, asked: str, now: datetime) -> bool:
        """Is it asked in so many words whether goods are there, and does nobody know by now? Their price is no answer to that."""
        found = self.things.told([fact])
        asks = {part.ask for part in read(asked[:LONGEST], self.things).parts} if found else set()
        say = Say(self.pack, self._texts, self.pack.language, "", now)
        return (
            found is not None and "stock" in asks and any(self._offers.is_uncertain(each, say) for each in found.things)
        )

    def _meant(self, text: str) -> frozenset[str]:
        """What a text asks in so many words, and the facts that answer it; nothing if everyday words do not read all of it, or if any of
        those facts may answer it."""
        reading = read(text, self.things)
        if not reading.whole or any(part.ask not in ELSE for part in reading.parts) or self.knows(text):
            return frozenset()
        say = Say(self.pack, self._texts, self.pack.language, "", datetime.now(ZoneInfo("UTC")))
        told = {fact.id for part in reading.parts for fact in self._told(part, say)}
        return frozenset({*(part.ask for part in reading.parts), *told})

    def _sold_out(self, fact: str, say: Say) -> str:
        """All that the pack says of a product of which something is sold out now; "" of anything else."""
        found = self.things.told([fact])
        told = self._offers.in_full(found.things[0], say) if found else ""
        return told if say.text("fact_out_of_stock") in told else ""

    def guessed(self, reading: Reading, say: Say) -> list[Answered]:
        """What may have been asked, for whoever answers where the pack does not: nothing that is told by itself."""
        return [Answered(part, tuple(self._told(part, say))) for part in reading.perhaps]

    def closed(self, turn: Turn, message: Inbound, verdict: Verdict) -> str:
        """That it is closed now, where a reply must say so and an answer does not."""
        reading = self.read(turn, message)
        if verdict.route in closed.APART or any(part.ask in TIMED for part in reading.parts):
            return ""
        return closed.line(self._places, turn, self.say(turn, message, verdict, reading))

    def is_whole(self, reading: Reading, answered: Sequence[Answered]) -> bool:
        """Is nothing left of the message beside what was answered?"""
        texts = {each.part.text for each in answered if each.facts}
        if reading.open:
            return texts.issuperset(reading.open) or reading.text.strip() in texts
        return reading.whole or any(each.part.ask in ("faq", "unlisted") for each in answered)

    def _returned(self, reading: Reading, say: Say) -> list[Answered]:
        """What was told last, again, where it is asked whether money would come back and that says so."""
        known = self.told_in(say.language) if _WOULD_RETURN.search(reading.text) else {}
        asked = (f"{OWN}{part.ask}" for part in reading.parts)
        told = [
            (id, known[id])
            for id in dict.fromkeys((*asked, *reading.sources))
            if id in known and _RETURNS.search(known[id])
        ]
        facts = tuple(Told(id.removeprefix(OWN), text, say.language) for id, text in told)
        return [Answered(Part(OFFERS, text=reading.text.strip(), carried=True), facts)] if facts else []

    def _told_before(self, reading: Reading, say: Say) -> list[Answered]:
        """What was told last, where a few words that go on from it ask for something that it speaks of ("и горячий чай?")."""
        if not (reading.before or reading.sources) or not self._goes_on(reading):
            return []
        roots = roots_of(reading.text)
        told = [(part, tuple(self._told(replace(part, clear=True), say))) for part in reading.before]
        found = [Answered(replace(part, text=reading.text.strip(), carried=True), facts) for part, facts in told
                 if any(speaks_of(each.text, roots) or _says_who_pays(reading.text, each.text) for each in facts)]  # fmt: skip
        again = () if found else tuple(self._again.spoken_of(reading, say))
        return [Answered(Part(OFFERS, text=reading.text.strip(), carried=True), again)] if again else found

    def _goes_on(self, reading: Reading) -> bool:
        """Is it a question that leans on the one before it: a few words, or more that surely do?"""
        found = heard_pieces(reading.text, self.things)
        short = len(reading.text.split()) <= FEW or all(each.leans for each in found)
        return short and all(each.harmless for each in found) and ("?" in reading.text or reading.opens)

    def _in_so_many_words(self, reading: Reading, say: Say) -> list[Answered]:
        """The pieces that are questions of the pack's own."""
        asked = [
            (text, self._questions.near(self._in_full(text, reading)))
            for text in reading.open
            if self._may_be_asked(text)
        ]
        return [Answered(Part("faq", text=text, share=share), tuple(facts)) for text, (number, share) in asked
                if share and (facts := self._questions.told([number], say))]  # fmt: skip

    def _in_full(self, text: str, reading: Reading) -> str:
        """A piece that is the whole message, with the name of what was spoken of."""
        return reading.full if reading.full and text == reading.text.strip() else text

    def _may_be_asked(self, text: str) -> bool:
        """May it be one of the pack's own questions? One of a thing's price is that, however alike."""
        priced = any(claim.name == "price" for claim in claims(self.things.vocabulary.words(text), self.things))
        return not priced and not any(
            each.label in PRICED and each.share >= SURELY for each in heard_pieces(text, self.things)
        )

    def _asked(self, reading: Reading) -> Sequence[Part]:
        """The parts; what is asked twice over in other words, once. Whether a branch is open on a day is no question where there are some."""
        asks = {part.ask for part in reading.parts}
        absorbed = {"hours"} if asks & {"until", "open_now"} else set()
        if asks & {"landmark", "map"} and "address" in asks:
            absorbed |= {"landmark"} if "landmark" in asks else set()
        dated = {part.text for part in reading.parts if part.ask in TIMED and part.days}
        return [
            part
            for part in reading.parts
            if (part.ask not in absorbed or part.ask == "landmark")
            and not (part.ask == "branches" and part.text in dated)
        ]

    def _told(self, part: Part, say: Say) -> Sequence[Told]:
        if not part.clear or (part.ask == INCLUDED and part.carried):
            return ()  # what is included in what was told before, `covered` knows
        told = self._house.told(part, say)
        if told is not None:
            return told
        if part.ask in OF_THINGS or part.ask == OFFERS:
            return self._offers.told(part, say)
        return self._place(part, say)

    def _hours(self, part: Part, say: Say) -> Sequence[Told]:
        hours = self._places.hours(part.days, say, part.ask)
        plain = part.ask == "hours" and not part.days and not part.carried
        where = self._places.field("address", say, key="fact_address", prose=False) if plain and hours else []
        return [*hours, *where] if len(hours) <= 1 else hours

    def _address(self, say: Say) -> Sequence[Told]:
        where = self._places.field("address", say, key="fact_address", prose=False)
        hours = self._places.hours((), say, "week") if where else []
        return [*where, *hours] if len(hours) <= 1 or len(where) <= 1 else where

    def _place(self, part: Part, say: Say) -> Sequence[Told]:
        """A fact about the place; the way and the map fall back on the address. What the way costs, no pack says."""
        if part.qualified and part.ask in ("map", "landmark"):
            return []
        if part.ask in TIMED:
            return self._hours(part, say)
        if part.ask in ("address", "branches"):
            return self._address(say)
        if part.ask == "map":
            links = self._places.line("map", say, "fact_map") or self._house.files("map", say)
            return links or self._places.field("address", say, key="fact_address", prose=False)
        if part.ask == "landmark":
            where = self._places.field("address", say, key="fact_address", prose=False)
            return [*where, *self._places.field("landmark", say), *self._places.line("map", say, "fact_map")]
        return self._places.field(part.ask, say) if part.ask in FIELDS else ()


def _bound(answered: Sequence[Answered]) -> list[Answered]:
    """Where a clause asks for what is not known, whatever else it names may be part of that question ("вакансии мастера
    маникюра"): nothing is told beside it, so that it is not taken for answered."""
    lost = {each.part.text for each in answered if not each.facts}
    return [replace(each, facts=()) if each.part.text in lost else each for each in answered]


def _said_as(clause: str, text: str) -> str:
    """A clause with the small words before it that say nothing, as it stands in the text."""
    before, found, _ = text.partition(clause)
    return f"{_BREAK.split(before)[-1]}{clause}".strip() if found else clause


def _is_without(answered: Answered) -> bool:
    """Is it asked what is without something that the facts do not speak of ("без чека обменяете?"), and only likely what is asked?"""
    lacking = {root(word) for word in _WITHOUT.findall(answered.part.text.lower())}
    if answered.part.share == 1 or not lacking or not answered.facts:
        return False
    return not any(speaks_of(fact.text, lacking) for fact in answered.facts)


def _is_within(text: str, answered: Sequence[Answered]) -> bool:
    """Is a part of a message one of what was answered?"""
    return any(text in each.part.text for each in answered)


def _says_who_pays(asked: str, told: str) -> bool:
    """Is it asked whether something is paid for, and told under which condition it is not?"""
    return _PAYING.search(asked) is not None and _FREE.search(told) is not None


def _first_known(answered: Sequence[Answered]) -> list[Answered]:
    """Of what a piece may have asked, as examples tell, the first that the pack answers; else the first."""
    found: dict[object, Answered] = {}
    for number, each in enumerate(answered):
        key: object = (each.part.text, each.part.things) if each.part.share < 1 else number
        if key not in found or not found[key].facts:
            found[key] = each if each.facts or key not in found else found[key]
    return list(found.values())


def passages_of(answered: Sequence[Answered], hints: Sequence[Answered] = ()) -> list[Passage]:
    """The facts as passages, each once, and hints at those that may be asked for."""
    found: dict[str, Passage] = {}
    for source, each in (*((SOURCE, each) for each in answered), *((HINT, each) for each in hints)):
        for fact in each.facts:
            id = f"{SOURCE}:{fact.id}"
            passage = Passage(id=id, text=fact.text, confidence=each.confidence, query=each.part.text, source=source)
            found.setdefault(id, passage)
    return list(found.values())


def with_texts(answered: Sequence[Answered], given: Sequence[Passage]) -> list[Answered] | None:
    """The same facts in the words of the passages, which the owner's notices may have changed; None if one is missing."""
    texts = {each.id: each.text for each in reversed(given) if each.source == SOURCE}
    if any(f"{SOURCE}:{fact.id}" not in texts for each in answered for fact in each.facts):
        return None
    return [replace(each, facts=tuple(replace(fact, text=texts[f"{SOURCE}:{fact.id}"]) for fact in each.facts))
            for each in answered]  # fmt: skip
