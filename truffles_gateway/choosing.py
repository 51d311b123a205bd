"""Which of several named places a customer's words mean: by number, by ordinal or by name. Pure.

Words are compared as they sound in Latin letters and without their endings, so that one rule reads Russian, Kazakh and
English, typed in either script: "на Абая", "Абайдағы", "abaya". What names two places, or none, is no choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from truffles_gateway.plain import letters

if TYPE_CHECKING:
    from truffles_gateway.tenant_config import Branch

Places = tuple[tuple[str, tuple[str, ...]], ...]
"""What can be chosen, in the order of its numbers: a key, and the names that customers may use for it."""
LOOK_AT = 1_000  # characters: a choice is never deep in a long text
_SOUNDS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_LATIN = str.maketrans(_SOUNDS)
_UNTIDY = re.compile(r"[ ,]+(?=([?.!,\n]|$))")
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_|\n")


def _sounds(words: str) -> frozenset[str]:
    return frozenset(letters(word).translate(_LATIN) for word in words.split())


_ENDINGS = _sounds(
    "а я у ю е ы и й о ь ой ей ом ем ам ям ах ях ами ями ого его ому ему ый ий ая яя ое ее ую юю ых их ым им ов ев ые ие "
    "ға ге қа ке на не ға да де та те нда нде дан ден тан тен нан нен дағы дегі тағы тегі ндағы ндегі ның нің дың дің тың "
    "тің ны ні ды ді ты ті мен бен пен сы сі сын сін s"
)
_BEFORE = _sounds("в во на у из с со к ко от до под около по возле рядом in at on to of from near the")
_KINDS = _sounds(
    "филиал филиала филиале филиалы филиалын филиалға филиалда салон салона салоне отделение отделении точка точке адрес "
    "адресу улица улице улицы ул проспект проспекте пр просп мкр микрорайон микрорайоне тц трц дом д г город бөлімше "
    "бөлімшесі бөлімшеде көше көшесі көшесінде көшесіндегі даңғылы даңғылында branch street st avenue ave salon office"
)
_POLITE = _sounds(
    "мне нам меня нас давайте давай пожалуйста пожалуйст плиз вариант варианте варианты вариантом номер номером цифра n no "
    "нет я мы хочу хотим хотела хотел хотелось бы лучше наверное наверно выбираю выберу выбрал выбрала ну ок окей да удобно "
    "удобнее ближе подойдет подходит будет это этот туда приду буду интересует все же тогда спасибо "
    "ладно хорошо жоқ маған бізге менің нөмір нұсқа таңдаймын керек ыңғайлы жақын болсын болады рахмет который которая которое "
    "option number please i we want would like my me us choose ok okay yes thanks it that is"
)
_JOINING = _sounds("и а но еще также тоже и-и және тағы сондай-ақ ал and also but")
_ASKING = _sounds(
    "сколько скока почем есть где когда как какой какая какие какое во можно ли работаете до есть сколки "
    "қанша қайда қашан қалай бар how what when where do does is can are"
)
_NOT = _sounds("не not")
_NOT_BEHIND = _sounds("емес")
_WISHES = _sounds(
    "хочу хотим хотелось удобно подходит подойдет интересует надо нужно нужен нужна устраивает буду приду поеду мне нам меня "
    "нас керек қажет ыңғайлы want need like"
)
_CALLED = _sounds("зовут имя атым есімім")
_PEOPLE = _sounds(
    "мастер мастера мастеру мастером врач врача врачу врачом доктор доктора доктору шебер шебері дәрігер мистер master doctor"
)
_ONE = frozenset({"one"})
_NTH = re.compile(r"(\d{1,2})(?:y|yy|oy|iy|aya|oe|go|mu|om|shi|shy|nshi|inshi|nshy|ynshy|st|nd|rd|th|)")
_NTH_APART = re.compile(r"y|yy|oy|iy|aya|oe|go|mu|om|shi|shy|nshi|inshi|nshy|ynshy|st|nd|rd|th")
_CARDINALS = (
    "один одна одно бір one", "два две екі two", "три үш three", "четыре төрт four", "пять бес five", "шесть алты six",
    "семь жеті seven", "восемь сегіз eight", "девять тоғыз nine",
)  # fmt: skip
_ORDINALS = (
    "перв бірінші first", "втор екінші second", "трет үшінші third", "четверт төртінші fourth", "пят бесінші fifth",
    "шест алтыншы sixth", "седьм жетінші seventh", "восьм сегізінші eighth", "девят тоғызыншы ninth",
)  # fmt: skip
_FIRST_FORMS = (
    "первый бірінші", "второй екінші second", "третий үшінші third", "четвертый төртінші fourth", "пятый бесінші",
    "шестой алтыншы", "седьмой жетінші seventh", "восьмой сегізінші eighth", "девятый тоғызыншы",
)  # fmt: skip
_OF_ORDINALS = _sounds(
    "ый ой ий ая ое ые ую ого ому ом ым ей ья ье ью ьего ьему ьем ьим га ге да де ға ны ні сы сі"
) | {""}


_OPEN = """
оба | обе | обоих | обеих | любой | любая | любое | любом | любую | любого | любой из них | любой из двух | все | всех | везде |
без разницы | без разницы какой | нет разницы | разницы нет | какая разница | все равно | все равно какой | не важно | неважно |
не важно какой | неважно какой | не принципиально | там там | тот другой | где угодно | куда угодно | какой угодно |
екеуі | екеуі де | екеуін де | екеуінде | екеуінде де | бәрі | бәрінде | бәрі бір | бәрібір | барлығы | барлығында | кез келген |
кез келгені | кез келгенінде | айырмашылығы жоқ | маңызды емес | қайсысы болса да |
both | any | either | all | all of them | both of them | any of them | either of them | anywhere | everywhere | whichever |
any fine | either fine | both fine | any one | either one | either way | doesn't matter | doesnt matter | does not matter |
don't care | dont care | do not care | no difference | no preference
"""
"""Answers that leave open which place is meant, without the words that say nothing; one or more words each."""
_QUIET_BESIDE_OPEN = (
    (_POLITE | _BEFORE | _KINDS | _JOINING | _sounds("филиалы филиалов филиалах салоны салонов салонах branches salons"))
    - _sounds("все всё нет жоқ no спасибо рахмет thanks ок окей ok okay")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, "" if nothing was; and what was said besides, "" if that was all."""

    key: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word or a sign of the text, as it sounds, and where it stands."""

    sound: str
    start: int
    end: int
    is_word: bool


def read(text: str, known: Places, *, asked: bool = False) -> Choice:
    """The place that `text` means. `asked`: the customer was shown the numbered list, so that a number is an answer, and a
    part of a name is enough."""
    said = list(_words(text[:LOOK_AT]))
    where = _wheres(said, known, asked=True)
    # a name inside of a longer one is not meant: "мега центр" is not "центр"
    named = {key for key, own in where.items() if not any(own < other for other in where.values())}
    if not asked and not named <= _wheres(said, known, asked=False).keys():
        return Choice()
    number, rest_at = _number(said, len(known), frozenset().union(*where.values())) if asked else (0, 0)
    if number < 0:
        return Choice()
    if number and named <= {known[number - 1][0]}:
        rest = text[rest_at:]
        return Choice(known[number - 1][0], _besides(rest, known, asked=True))
    if number or len(named) != 1:
        return Choice()
    [key] = named
    return Choice(key, _besides(text, known, asked=asked))


def adds(text: str) -> bool:
    """Does a text go on with what was said before: "и педикюр"?"""
    said = [word.sound for word in _words(text[:LOOK_AT]) if word.is_word]
    return len(said) > 1 and said[0] in _JOINING


def places(branches: Iterable[Branch]) -> Places:
    """A tenant's branches with all their names."""
    return tuple((each.slug, (each.name, *each.names.values(), *each.aliases)) for each in branches)


def undecided(known: Places) -> Iterator[tuple[str, str]]:
    """(key, name) of every name that does not lead to the place it belongs to."""
    for key, names in known:
        for name in names:
            if read(name, known).key != key:
                yield key, name


def is_open(text: str, known: Places) -> bool:
    """Does an answer leave open which place is meant: any, all of them, or several and nothing beside?"""
    said = list(_words(text[:LOOK_AT]))
    if _bare(said) in _open():
        return True
    where = _wheres(said, known, asked=True)
    several = len(where) > 1 or _number(said, len(known), frozenset().union(*where.values())) < (0, 0)
    named = frozenset().union(*where.values()) | {at for at in range(len(said)) if _number_at(said, at)[0]}
    return several and not _bare([word for at, word in enumerate(said) if at not in named])


def _bare(said: Iterable[_Word]) -> tuple[str, ...]:
    return tuple(word.sound for word in said if word.is_word and word.sound not in _QUIET_BESIDE_OPEN)


@lru_cache
def _open() -> frozenset[tuple[str, ...]]:
    return frozenset(_bare(_words(phrase)) for phrase in _OPEN.split("|"))


def _words(text: str) -> Iterator[_Word]:
    for found in _TOKEN.finditer(text):
        sound = letters(found[0]).strip().translate(_LATIN)
        if sound or found[0] == "\n":
            yield _Word(sound, found.start(), found.end(), found[0][0].isalnum())


def _number(said: Sequence[_Word], most: int, names: frozenset[int]) -> tuple[int, int]:
    """The number that a text begins with and means by it a place, and where the rest begins; 0 if there is none, -1 if
    there are two. `names` are the words that name a place."""
    at = _skipped(said, 0)
    number, behind = _number_at(said, at)
    is_hour = at > 0 and said[at - 1].sound in _BEFORE and _is_bare(said, at, behind)  # "в 2 есть место?"
    behind += behind < len(said) and said[behind].sound in _ONE
    if not 0 < number <= most or not (behind in names or _ends(said, behind, asks=not is_hour)):
        return 0, 0
    again = _skipped(said, behind, _JOINING)
    other, after = _number_at(said, again)
    if other and other != number and _ends(said, after):
        return -1, 0
    return number, said[again].start if again < len(said) else said[-1].end


def _skipped(said: Sequence[_Word], at: int, more: frozenset[str] = frozenset()) -> int:
    """Behind signs and words that say nothing of the choice."""
    quiet = _POLITE | _BEFORE | _KINDS | more
    while at < len(said) and (not said[at].is_word or said[at].sound in quiet):
        at += 1
    return at


def _number_at(said: Sequence[_Word], at: int) -> tuple[int, int]:
    """The number that stands at `at`, 0 if none does, and what comes behind it."""
    if at >= len(said):
        return 0, at
    if found := _NTH.fullmatch(said[at].sound):
        apart = at + 2 < len(said) and said[at + 1].sound == "-" and _NTH_APART.fullmatch(said[at + 2].sound)
        return int(found[1]), at + (3 if apart else 1)
    return _spoken().get(said[at].sound) or _ordinal(said[at].sound), at + 1


def _is_bare(said: Sequence[_Word], at: int, behind: int) -> bool:
    """Is it how many, and not which one?"""
    return behind == at + 1 and (said[at].sound.isdigit() or said[at].sound in _spoken())


@lru_cache
def _spoken() -> Mapping[str, int]:
    return {word: value for value, words in enumerate(_CARDINALS, 1) for word in _sounds(words)}


def _ordinal(word: str) -> int:
    for value, words in enumerate(_ORDINALS, 1):
        if any(word.startswith(stem) and word[len(stem) :] in _OF_ORDINALS for stem in _sounds_of(words)):
            return value
    return next((value for value, words in enumerate(_FIRST_FORMS, 1) for form in _sounds_of(words)
                 if word[:1] == form[0] and min(len(word), len(form)) > 4
                 and SequenceMatcher(None, word, form).ratio() > 0.82), 0)  # fmt: skip


@lru_cache
def _sounds_of(words: str) -> frozenset[str]:
    return _sounds(words)


def _ends(said: Sequence[_Word], at: int, *, asks: bool = True) -> bool:
    """Does the number stand for itself? Not before what it counts, and not in a time or a range. `asks`: what is asked may
    stand behind it."""
    if at >= len(said):
        return True
    if said[at].is_word:
        return said[at].sound in _JOINING | _POLITE | _KINDS or (asks and said[at].sound in _ASKING)
    digits = at + 1 < len(said) and said[at + 1].sound[:1].isdigit()
    touches = digits and said[at + 1].start == said[at].end
    return not touches and said[at].sound not in {"%", "₸", "$"}


# --- names ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Name:
    """A name by its words that tell something, those of them that no other place has, and the numbers beside them."""

    words: tuple[str, ...]
    telling: frozenset[str]
    numbers: tuple[str, ...]


def _wheres(said: Sequence[_Word], known: Places, *, asked: bool) -> dict[str, frozenset[int]]:
    """The words of a text that name a place, by its key: of several names the one that takes most of them."""
    denied = _denied(said)
    found = {
        key: [where for name in names if (where := _where(name, said, asked=asked) - denied)]
        for key, names in _compiled(known)
    }
    return {key: max(wheres, key=len) for key, wheres in found.items() if wheres}


def _where(name: _Name, said: Sequence[_Word], *, asked: bool) -> frozenset[int]:
    """The words of a text that are this name; none if it is not there. A part that no other place has is enough for an
    answer, and behind a preposition: "на Достыке" is "Достык Плаза"."""
    least = 0.8 if asked else 0.83
    hits = {word: {at for at, each in enumerate(said) if each.is_word and _same(word, each.sound, least)}
            for word in name.words}  # fmt: skip
    if not all(hits.values()):
        told = frozenset().union(*(hits[word] for word in name.telling))
        if not (told if asked else any(at and said[at - 1].sound in _BEFORE for at in told)):
            return frozenset()
    where = frozenset().union(*hits.values())
    return where | {at for at, each in enumerate(said)
                    if each.sound in name.numbers and any(0 < at - word <= 3 for word in where)}  # fmt: skip


def _denied(said: Sequence[_Word]) -> frozenset[int]:
    """The words that are not meant: "не на Абая, а на Сатпаева", "на Абая мне не удобно", and what people are called."""
    found: set[int] = set()
    for at, word in enumerate(said):
        if word.sound in _NOT:
            found |= _refused(said, at)
        elif word.sound in _NOT_BEHIND and at:
            found.add(_beyond(said, at - 1, -1, _WISHES))
        elif word.sound in _CALLED | _PEOPLE:
            found.add(at + 1)
    return frozenset(found)


def _refused(said: Sequence[_Word], at: int) -> set[int]:
    """What a "not" denies: what it stands before, else, where only a wish stands behind it, what was said before it."""
    behind = _beyond(said, at + 1, 1, _BEFORE | _KINDS | _WISHES)
    wishes = any(word.sound in _WISHES for word in said[at + 1 : behind])
    if not wishes or (behind < len(said) and said[behind].is_word):
        return {behind}
    first = at
    while first and said[first - 1].is_word and said[first - 1].sound not in _JOINING:
        first -= 1
    return set(range(first, at))


def _beyond(said: Sequence[_Word], at: int, step: int, quiet: frozenset[str]) -> int:
    """Where the words `quiet` end, from `at` on."""
    while 0 <= at < len(said) and said[at].sound in quiet:
        at += step
    return at


@lru_cache(maxsize=256)
def _compiled(known: Places) -> tuple[tuple[str, tuple[_Name, ...]], ...]:
    plain = [(key, [_parts(name) for name in names]) for key, names in known]
    owners: dict[str, set[str]] = {}
    for key, names in plain:
        for word in (word for words, _ in names for word in words):
            owners.setdefault(word, set()).add(key)
    return tuple(
        (key, tuple(_Name(words, frozenset(word for word in words if len(owners[word]) == 1 and len(word) > 3), numbers)
                    for words, numbers in names if words))
        for key, names in plain
    )  # fmt: skip


def _parts(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a name without those that any place may have, and its numbers."""
    every = [word.sound for word in _words(name) if word.is_word]
    words = [word for word in every if not word[0].isdigit()]
    telling = [word for word in words if word not in _KINDS | _BEFORE]
    return tuple(dict.fromkeys(telling or words)), tuple(word for word in every if word[0].isdigit())


def _besides(text: str, known: Places, *, asked: bool) -> str:
    """What a text says besides names of places and politeness: the words around them, whose answer depends on no name."""
    said = list(_words(text[:LOOK_AT]))
    names = [name for _, names in _compiled(known) for name in names]
    named = frozenset().union(*(_where(name, said, asked=asked) for name in names))
    quiet = _POLITE | _BEFORE | _KINDS | _JOINING | _NOT | _NOT_BEHIND | _WISHES | _CALLED | _ONE
    more = [word.sound for at, word in enumerate(said) if word.is_word and at not in named and word.sound not in quiet]
    if all(asked and _ordinal(word) for word in more):
        return ""
    for at in sorted(named, reverse=True):
        start = said[at].start
        for before in reversed(said[:at]):
            if before.sound not in _BEFORE or text[before.end : start].strip():
                break
            start = before.start
        text = text[:start] + text[said[at].end :]
    return _UNTIDY.sub("", re.sub(" +", " ", text)).lstrip(" \t\n.,;:!)–—-").rstrip()


@lru_cache(maxsize=20_000)
def _same(name: str, word: str, least: float) -> bool:
    """One word in two endings, or with a slip of the finger."""
    if not _stems(name).isdisjoint(_stems(word)):
        return True
    if name[0] != word[:1] or min(len(name), len(word)) < 5 or abs(len(name) - len(word)) > 3:
        return False
    pairs = ((name, word), (min(_stems(name), key=len), min(_stems(word), key=len)))
    return any(min(map(len, pair)) > 4 and _alike(*pair) >= least for pair in pairs)


def _alike(one: str, other: str) -> float:
    """The share of their letters that two words have in common; cheap where there are too few to matter."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > 0.75 else 0


@lru_cache(maxsize=20_000)
def _stems(word: str) -> frozenset[str]:
    """The word with an ending taken off, and without the й that may stand before one, as long as three letters are left."""
    found = {word}
    for endings in (_ENDINGS, {"y"}):
        found |= {each[: -len(ending)] for each in found for ending in endings
                  if ending and each.endswith(ending) and len(each) - len(ending) >= 3}  # fmt: skip
    return frozenset(found)
