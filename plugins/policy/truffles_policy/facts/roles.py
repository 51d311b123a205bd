"""What each word of a service's name says: what is done, what it is done to, or which one it is. By the grammar of its language: no list
of what businesses do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from truffles_policy.facts.words import describes, is_infinitive, is_noun, is_preposition, keys_of, spelled
from truffles_policy.lemmas import CACHE, fold, is_russian, normal, russian
from truffles_policy.synonyms import synonyms

HEAD, OBJECT, ALONG, WHICH = "head", "object", "along", "which"
_CUT = re.compile(r"[,;:()–—/]|\s-\s")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_KAZAKH = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)
FOR = frozenset(["на", "для", "за", "под", "к"])
"""Russian prepositions behind which stands what something is done to, or for."""
OF = frozenset(["of", "for", "on"])
BESIDE = frozenset(["with", "without", "in", "by", "and", "or", "to", "after", "before"])
_MADE_OF_VERBS = ("ать", "ить", "ять", "еть", "ировать", "овать", "ывать")
_ENDINGS = ("ировка", "овка", "ация", "ка", "ика", "а", "")
_DONE = ("ние", "тие", "нье", "тье", "инг", "ция")
_IRREGULAR = ("мойка", "стрижка", "чистка", "глажка", "сборка", "перетяжка", "подтяжка", "протяжка", "монтаж", "пошив", "подбор", "замер",
              "вывоз", "перевозка", "ремонт", "уборка", "скупка", "выкуп", "печать", "продажа", "правка")  # fmt: skip
"""Russian deeds that no rule makes of their verbs."""
_NO_DEEDS = frozenset(["занятие", "посещение", "обучение", "мероприятие", "тренировка", "программа", "консультация", "экскурсия", "лекция", "тренинг",
                       "операция", "станция", "порция", "секция", "позиция", "акция", "диета", "группа", "карта", "система", "схема", "форма", "основа", "школа", "студия"])  # fmt: skip
"""What holds something that is named behind it, and is not done to it: a lesson of the guitar is the guitar's."""
_ENGLISH = re.compile(
    r".{3,}(?:ing|ment|tions?|sions?|oval|ents)|wash|repairs?|service|cut|haircut|trim|change|swap|fix|check|check-?up|overhaul|wax|rental|rent|hire|sales?"
)
_NO_ENGLISH = frozenset(["training", "consultation", "session", "treatment", "appointment", "foundation", "painting"])
_NO_KAZAKH = frozenset(["окиту", "уирету", "куту"])
_LETS = re.compile(
    r"прокат|аренд|продаж|изготов|пошив|печат|распечат|выдач|оформлен|жалга|сату|жасау|дайындау|rent|hire|sale|making|print"
)
_PAYS = re.compile(
    r"замен|смен|установ|вставк|постанов|наращ|протез|имплант|ауистиру|орнату|салу|осиру|replace|install|fitting|extension|change|swap"
)
_SELLS = re.compile(r"продаж|сату|sale|selling")


@dataclass(frozen=True, slots=True)
class Role:
    """A word of a name, by its keys, and what it says there."""

    word: str
    keys: frozenset[str]
    role: str


def lets_have(head: Role) -> bool:
    """Is it work by which one has the thing itself: hire, making?"""
    return _LETS.match(fold(head.word)) is not None


def pays_for(head: Role) -> bool:
    """Is it work by which one comes by the thing, so that who asks what this costs may mean it: a new one put in?"""
    return lets_have(head) or _PAYS.match(fold(head.word)) is not None


def sells(head: Role) -> bool:
    """Is it a sale?"""
    return _SELLS.match(fold(head.word)) is not None


@lru_cache(CACHE)
def roles_of(name: str, language: str = "") -> tuple[Role, ...]:
    """What the words of a name say, small words left out; in a language, or in whichever it seems to be."""
    first, *more = ([normal(word) for word in _WORD.findall(piece)] for piece in _CUT.split(name.replace("-", " ")))
    words = [word for word in first if word.isalpha()]  # a number says which one, of whatever it is
    spoken = language if _is_of(words, language) else _of(words)
    made = {"ru": _russian, "kk": _kazakh, "en": _english}[spoken](words) if words else ()
    rest = ((word, WHICH) for piece in more for word in piece)
    return tuple(Role(word, keys_of(word), role) for word, role in (*made, *rest) if spelled(word))


def _is_of(words: Sequence[str], language: str) -> bool:
    """Is a name written in this language, as far as its letters tell?"""
    latin = all(_LATIN.match(word) for word in words)
    return bool(language) and (language == "en") == latin


def _of(words: Sequence[str]) -> str:
    if all(_LATIN.match(word) for word in words):
        return "en"
    return (
        "kk"
        if any(map(_KAZAKH.search, words)) or (words and _is_kazakh_deed(words[-1]) and not is_russian(words[-1]))
        else "ru"
    )


def _russian(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """ "Замена задней втулки": what stands behind a deed in the genitive it is done to, and what stands behind "на" or "для"."""
    head = _russian_head(words)
    deed = head < len(words) and _is_russian_deed(words[head])
    before = ""
    for at, word in enumerate(words):
        if is_preposition(word) and word != words[-1]:
            before = word
            continue
        behind = at > head and (before in FOR or (not before and deed and _is_owned(word, words[head])))
        yield word, HEAD if at == head else WHICH if not behind else ALONG if _is_adjective(word) else OBJECT


def _russian_head(words: Sequence[str]) -> int:
    doing = next((at for at, word in enumerate(words) if is_infinitive(word)), None)
    if doing is not None:
        return doing
    pairs = zip(words, [*words[1:], ""], strict=True)
    nouns = (at for at, (word, after) in enumerate(pairs)
             if not is_russian(word) or (is_noun(word) and not describes(word, after)))  # fmt: skip
    return next(nouns, 0)


def _is_adjective(word: str) -> bool:
    return is_russian(word) and not is_noun(word)


def _is_owned(word: str, head: str) -> bool:
    """Is it what a deed is done to: in the genitive, behind an infinitive in the accusative; what is no Russian word says which. No person
    is: "консультация ортодонта" is had by asking for them."""
    if not is_russian(word):
        return True
    cases = {"accs", "gent"} if is_infinitive(head) else {"gent"}
    return any(parse.tag.case in cases and "anim" not in parse.tag and {"NOUN", "ADJF", "PRTF"} & parse.tag.grammemes
               for parse in russian().parse(word)[:4])  # fmt: skip


@lru_cache(CACHE)
def _is_russian_deed(word: str) -> bool:
    """Is a noun made of a verb that something is done to something by?"""
    if is_infinitive(word):
        return True
    if not is_russian(word):
        return word.endswith(_DONE)
    noun = next((parse.normal_form for parse in russian().parse(word) if "NOUN" in parse.tag), "").replace("ё", "е")
    if not noun or noun in _NO_DEEDS:
        return False
    if noun.endswith((*_DONE, *_IRREGULAR)) or any(map(is_infinitive, synonyms(noun))):
        return True
    stems = (noun.removesuffix(ending) for ending in _ENDINGS if noun.endswith(ending))
    return any(
        len(stem) > 2 and is_infinitive(f"{stem.removesuffix('й')}{verb}") for stem in stems for verb in _MADE_OF_VERBS
    )


def _kazakh(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """ "Шынжыр ауыстыру": what stands before a deed it is done to, but by which means it is."""
    deed, last = _is_kazakh_deed(words[-1]), len(words) - 1
    objects = [at for at, word in enumerate(words[:last]) if deed and not fold(word).endswith(("мен", "пен", "бен"))]
    yield from ((word, _place(at, last, objects)) for at, word in enumerate(words))


def _place(at: int, head: int, objects: Sequence[int]) -> str:
    """Of what stands before a deed, the last word is what it is done to, and the others say more of that."""
    return HEAD if at == head else WHICH if at not in objects else OBJECT if at == objects[-1] else ALONG


def _is_kazakh_deed(word: str) -> bool:
    return fold(word).endswith(("у", "ю")) and fold(word) not in _NO_KAZAKH


def _english(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """ "Chain replacement", "replacement of a chain", "cleaning a phone"."""
    end = next((at for at, word in enumerate(words) if at and word in OF | BESIDE), len(words))
    first = end > 1 and _is_english_deed(words[0]) and not _is_english_deed(words[end - 1])
    head = 0 if first else end - 1
    before = [at for at in range(end) if at != head and (first or _is_english_deed(words[head]))]
    behind = ""
    for at, word in enumerate(words):
        if word in OF | BESIDE:
            behind = word
        else:
            yield word, _place(at, head, before) if at < end else OBJECT if behind in OF else WHICH


def _is_english_deed(word: str) -> bool:
    return word not in _NO_ENGLISH and _ENGLISH.fullmatch(word) is not None
