"""What customers tell of themselves, or are afraid of, and a pack may have a word of its own on: a child that is expected, an
allergy, whether it hurts, what one brings along. Only where just that is asked: symptoms, medicines and what went wrong are for
people, and a price is another question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from truffles_policy.facts.claims import names_said
from truffles_policy.facts.clauses import CAREFUL
from truffles_policy.facts.names import SOLD, Thing
from truffles_policy.facts.things import Found, Things
from truffles_policy.pack.schema import Question

EXPECTING = re.compile(
    r"\b(?:беременн?\w*|на \d{1,2}[- ]?(?:ом|ем|м|й)? (?:месяце|недел)|на \w+[ое]м месяце|ж[үу]кт[іи]\w*|ек[іи]қ?к?абат\w*|ая[ғг]ым ауыр\b|"
    r"pregnan\w*|expecting a baby|\d months along)",
    re.IGNORECASE,
)
"""A customer who expects a child: a state that a business may have its own word on, and no complaint."""
WORRIES = re.compile(
    r"плох|тошн|рвот|опасн|вредн|болит|больн|кров|анест|обезбол|наркоз|рентген|снимок|таблет|лекарств|антибиот|укол|опух|отек|температур|давлен|"
    r"аллерг|противопоказ|қауіп|кауип|зиян|ауыр|дәрі|құс|жүрегім|danger|harm|safe|pain|sick|nause|medicine|pill|x-?ray|anaesth|anesth|allerg",
    re.IGNORECASE,
)
"""What is for people, whatever the business has to say of that state."""
_RECEIVED = (
    r"можно|нельзя|бер[её]те|принима[ею]те|примете|возьм[её]те|дела[ею]те|сделаете|лечите|работаете с|приходить|прийти|к вам|"
    r"бола ?ма|болад[ыы] ?ма|бола ?бер|келе бер|қабылда|кабылда|жасай|емдей|"
    r"\b(?:can|may|could) (?:i|you|she|we)\b|do you (?:take|see|accept|treat|do)|is it (?:ok|okay|fine)|come"
)
_DONE = re.compile(r"\w(?:ите|ете|ёте|сыз|сыздар|сіз|сіздер)\b", re.IGNORECASE)
_OF_MONEY = re.compile(
    r"скидк|сколько сто|\bцен[аы]|жеңілдік|женилдик|қанша тұр|канша тур|discount|\bprice|how much", re.IGNORECASE
)
_ALLERGIC = re.compile(r"аллерги|allerg", re.IGNORECASE)
_REACTS = re.compile(
    r"что (?:мне )?делать|пош[её]?л|появил|началас|вылез|после|сып[ьи]|чеш|ч[её]с|от[её]к|опух|покрас|красн|лидокаин|анест|обезбол|наркоз|укол|заморо[зж]|"
    r"лекарств|антибиот|таблет|мазь|плох|опасн|вредн|это аллерги|аллергия ли|или аллерги|кейін|қыш|кыш|ісі|исип|бөрт|дәрі|қызар|"
    r"after|rash|itch|swell|swollen|red\b|medicine|pill|anaesth|anesth|lidocaine|danger|safe",
    re.IGNORECASE,
)
_HURTING = re.compile(r"\bбольн(?:о|ый|ая|ое)\b|\bауыр(?:а|т\w*|май)?\b|\bhurts?\b|\bpainful\b|\bpain\b", re.IGNORECASE)
_WILL_IT = (
    r"больно (?:ли|будет|вообще|или|когда|это|очень)|(?:это|будет|не|вообще|ли|там) больно\W*(?:ли\W*)?(?:\?|$)|(?:очень|сильно) больно\W*(?:ли\W*)?\?|больно\W*\?|болезненн|"
    r"ауыр(?:а|та|тасыз\w*|май|тпай\w*) ?(?:ма|ме|сыз\w*|сіз\w*)?|(?:will|does|is|do) (?:it|this|that|they|you|\w+ing) (?:\w+ )?(?:hurt|painful)|hurt\W*\?|painful\W*\?"
)
_HURT = re.compile(
    r"опасн|жева|глота|кусат|\bмне (?:\w+ )?больно|холодн|горяч|болит|болел|болят|заболел|боле[юе]|было больно|стало|после|уже|до сих|третий|второй день|\bдн[яей]|\bдень|ночь|ночью|опух|от[её]к|раздул|кров|гно|температур|"
    r"нормальн|норма\b|сделали|сделал[аи]?\b|мастер|доктор|врач|меня|ауырып|ауырады|ауырды|кейін|ісі|исип|қан\b|"
    r"\bhurts? (?:a lot |so |really )?(?:now|since|when|after|to)|my \w+ hurts|it hurts|still|after|since|swollen|swell|bleed|fever|was painful|normal",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:со? )?(?:сво\w+|собственн\w+) (\w+)|\bөз(?:ім|іміз)?\w* (\w+)(?:мен|пен|бен)\b|\b(?:my|our) own (\w+)",
    re.IGNORECASE,
)
_BRINGS = r"при[дн]|прих|принес|взять|дешевле|скидк|платить|бола ?ма|келс|келе|әкел|экел|арзан|bring|come|cheaper"
_SPOILT = re.compile(
    r"\bбез\b|сыз\b|without|испорт|аллерг|сожг|сломал|вернит|жалоб|процент|%|\d|bad|broke|ruin", re.IGNORECASE
)
_HOLDS = ("банк", "баноч", "флак", "бутыл", "тюби", "пузыр", "bott")
"""What such things come in: it stands for them."""
BEGINNING = 4
_NUMBED = re.compile(
    r"\bукол\w*|обезбол\w*|анест[еи]з\w*|\bзаморо[зж]\w*|\bjab\b|\binjection\w*|ana?esth\w*|\bnumbing\b", re.IGNORECASE
)
_PAID = r"отдельн|входит|входят|включен|доплат|\bплат\w*|бесплатн|тегін|тегин|бөлек|болек|толе[йи]|төле|кіре|кире|\bextra\b|includ|separate|charge"
_NOT_PAID = re.compile(
    r"аллерг|болит|больн|беремен|опух|сильн|можно мне|нельзя|опасн|allerg|pregnan|swell|danger", re.IGNORECASE
)
_COVERED = re.compile(r"вход[ия]т|включ|отдельн|кіреді|бөлек|includ|separate|extra", re.IGNORECASE)
OTHERS = frozenset(
    {
        "price",
        "how_much",
        "duration",
        "hours",
        "until",
        "open_now",
        "promotions",
        "warranty",
        "stock",
        "address",
        "booking",
    }
)
"""What else may be asked beside a state, and is no question about it."""


@dataclass(frozen=True, slots=True)
class Matter:
    """`told` tells it, `asked` what is asked of it, and `worse` what makes it one for people; what the pack answers must say `so`. What
    a thing's own price covers is `late`: asked only where that is not known."""

    told: re.Pattern[str]
    asked: re.Pattern[str]
    worse: re.Pattern[str]
    so: re.Pattern[str] = re.compile("")
    late: bool = False

    def of(self, text: str) -> bool:
        """Does a text tell just that, and ask whether one may come, or what it is like?"""
        if not self.told.search(text):
            return False
        left = self.told.sub(" ", text)
        return self.asked.search(text) is not None and self.worse.search(left) is None


def _matter(told: re.Pattern[str], asked: str, worse: re.Pattern[str]) -> Matter:
    return Matter(told, re.compile(asked, re.IGNORECASE), worse)


EXPECTED = _matter(EXPECTING, _RECEIVED, WORRIES)
MATTERS = (
    EXPECTED,
    _matter(_ALLERGIC, _RECEIVED, _REACTS),
    _matter(_HURTING, _WILL_IT, _HURT),
    _matter(_OWN, _BRINGS, _SPOILT),
    replace(_matter(_NUMBED, _PAID, _NOT_PAID), so=_COVERED, late=True),
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A question of the pack's about a matter, with what it speaks of; `general`: it is asked whatever is done."""

    matter: Matter
    number: int
    question: Question
    spoken: frozenset[Thing | str]
    general: bool


class Matters:
    """The questions of a pack about such matters."""

    def __init__(self, faq: Sequence[Question], things: Things) -> None:
        self._things = things
        self._known = [
            _Known(matter, number, question, self._spoken_of(question, matter), self._is_general(question, matter))
            for number, question in enumerate(faq)
            for matter in MATTERS
            if any(matter.told.search(line) for line in question.asked)
            and any(matter.so.search(line) for line in question.answer.values())
        ]
        self._expected = frozenset(thing for known in self._known if known.matter is EXPECTED for thing in known.spoken)

    def asked(self, text: str, near: Iterable[Thing] = (), *, late: bool = True) -> list[int]:
        """The question that is asked by whoever tells of such a matter, else nothing. `near` is what was spoken of before; without
        `late` those that are."""
        if not self._known or text.count("?") > 1:
            return []
        held = {id(each): each.of(text) for each in {known.matter for known in self._known} if late or not each.late}
        said = names_said(self._things.vocabulary.words(text)) if any(held.values()) else OTHERS
        if said & OTHERS:
            return []
        named, before = self._sold(text), frozenset(near)
        return [
            known.number
            for known in self._known
            if held.get(id(known.matter))
            and self._is_for(said & CAREFUL, known)
            and (_brings(text, known.question) if known.matter.told is _OWN else self._is_of(named, before, known))
        ][:1]

    def _is_for(self, whom: frozenset[str], known: _Known) -> bool:
        """Is a question asked for those that a text speaks of? Whoever expects a child speaks of one."""
        lines = [names_said(self._things.vocabulary.words(line)) for line in known.question.asked if whom]
        return known.matter is EXPECTED or all(any(each in line for line in lines) for each in whom)

    def _is_of(self, named: Sequence[Found], before: frozenset[Thing], known: _Known) -> bool:
        """Is a question of the pack's about what is named, or what was spoken of before, or about whatever is done? A word that stands
        in many names ("зуб") is meant by one of them where it is about whatever is done."""
        exact = {thing.whole for found in named if found.exact for thing in found.things}
        if exact or not named:
            return self._all(exact or before, known.spoken) if exact or before else known.general
        if before:
            return self._all(before, known.spoken)
        met = [self._all({thing.whole}, known.spoken) for found in named for thing in found.things]
        return all(met) or (any(met) and known.general)

    def worries(self, text: str) -> bool:
        """Does whoever expects a child ask whether something may be done, of which the pack says nothing?"""
        left, told = EXPECTING.subn(" ", text)
        asked = EXPECTED.asked.search(left) or WORRIES.search(left) or _DONE.search(left)
        of_money = _OF_MONEY.search(left) is not None and WORRIES.search(left) is None
        return bool(told) and asked is not None and not of_money and not self.without_state(text)

    def without_state(self, text: str) -> str:
        """A text without what it tells of a child that is expected, where the pack has a question about that and about all that is
        named; "" where it has none, or where the text tells of a worry."""
        left, count = EXPECTING.subn(" ", text)
        if not count or not self._expected or WORRIES.search(left):
            return ""
        named = self.named(text)
        return left if named and self._all(named, self._expected) else ""

    def named(self, text: str) -> frozenset[Thing]:
        """What a text speaks of, of what is sold."""
        return frozenset(
            thing.whole for found in self._things.find(text) for thing in found.things if thing.kind in SOLD
        )

    def _sold(self, text: str) -> list[Found]:
        return [found for found in self._things.find(text) if any(thing.kind in SOLD for thing in found.things)]

    def _all(self, named: Iterable[Thing], spoken: frozenset[Thing | str]) -> bool:
        return all({thing, self._things.category(thing)} & spoken for thing in named)

    def _spoken_of(self, question: Question, matter: Matter) -> frozenset[Thing | str]:
        """All that a question and its answer speak of; whoever expects a child may come for all of its families."""
        asked = [thing for line in question.asked for thing in self.named(line)]
        told = [thing.whole for line in question.answer.values() for found in self._sold(line) if found.exact
                for thing in found.things]  # fmt: skip
        families = [self._things.category(thing) for thing in (*asked, *told)] if matter is EXPECTED else []
        return frozenset((*asked, *told, *filter(None, families)))

    def _is_general(self, question: Question, matter: Matter) -> bool:
        """Does it ask for it whatever is done?"""
        return any(matter.told.search(line) and not self.named(line) for line in question.asked)


def _brings(text: str, question: Question) -> bool:
    """Is what one brings along that which a question speaks of, or what it comes in?"""
    brought = [word.lower() for found in _OWN.finditer(text) for word in found.groups() if word]
    if any(re.match(_BRINGS, word) or re.match("можно|с$", word) for word in brought):
        return False  # "шампунь свой принести": what is brought stands before
    lines = " ".join([*question.asked, *question.answer.values()]).lower()
    return bool(brought) and all(
        word.startswith(_HOLDS) or re.search(rf"\b{re.escape(word[:BEGINNING])}", lines) is not None for word in brought
    )
