"""What a customer says and does not ask about: "маникюр | ой, не маникюр | педикюр" asks about a pedicure, and "девочки, а
педикюр?" about no girls."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from truffles_rag_qdrant.glossary import glossary
from truffles_rag_qdrant.part import Part
from truffles_rag_qdrant.reading import Reader, Word
from truffles_rag_qdrant.words import tokens

_SLIPS = frozenset({
    "ой", "ай", "упс", "точнее", "вернее", "верней", "хотя", "ошиблась", "ошибся", "перепутала", "перепутал", "погодите",
    "стоп", "oops", "actually", "rather", "sorry", "дурысы",
})  # fmt: skip
_NOT = frozenset({"не", "not"})
_NO = frozenset({"нет", "no", "жок"})
_BUT = frozenset({"а", "but"})
_ADDRESS = re.compile(
    r"^(?P<greeting>\W*(?:(?:[а-яёәғқңөұүһіa-z]+)\W+){0,3}?)"
    r"(?:девочки|девчонки|девчата|девушки|девушка|ребята|ребят|girls|guys|ladies|қыздар|кыздар)"
    r"(?=\s*[,!.)](?!\s*котор)|\s+(?:у меня|я|мне|а|подскажите|скажите)\b)",
    re.IGNORECASE,
)
_CALL = (
    r"(?:ау+|алл?[оеё]+|вы (?:там\s+|тут\s+)?жив[ыо]е?(?: там| тут)?|есть (?:тут\s+|там\s+)?кто(?:[ -]?(?:нибудь|то))?(?: живой)?(?: тут| там)?|"
    r"(?:кто[ -]?(?:нибудь\s+|то\s+)?)?ответ(?:ит|ьте|ите)(?: мне)?(?: кто[ -]?(?:нибудь|то))?(?: пожалуйста)?|"
    r"(?:а\s+)?(?:ч[еёо]|что|почему) (?:вы\s+)?так долго(?: не)?(?: отвечаете)?|(?:is\s+)?(?:any|some)(?:body|one) (?:here|there)|"
    r"are you (?:still\s+)?(?:there|alive|here)|біреу бар ма|бар ?сы[зң]дар ?ма|жауап беріңіз(?:дер)?(?:ші)?)"
)
_CALLS = re.compile(rf"\W*{_CALL}(?:[\s,]+{_CALL})*\W*", re.IGNORECASE)
"""A sentence that is nothing but calls for an answer."""
_SENTENCES = re.compile(r"[^.!?…\n]*[.!?…\n]+|[^.!?…\n]+$")
Make = Callable[[Sequence[Word]], Part]


def corrected(parts: Sequence[Part], reader: Reader, make: Make) -> list[Part]:
    """The parts of a burst without what was taken back in it; `make` reads words as a part."""
    result: list[Part] = []
    for part in parts:
        rest, slipped = _after_slip(part.words)
        said = make(rest) if slipped else part
        if result and rest and rest[0].text in _NOT and said.things and said.things <= _things(result):
            result = _without(result, said.things, reader, make)
        elif result and slipped and said.lacks_question:
            result = [*_without(result, _last_things(result), reader, make), said]
        else:
            result.append(part)
    return result


def without_address(text: str) -> str:
    """A message without whom it is said to, where that stands at its beginning, behind a greeting or alone."""
    found = _ADDRESS.match(text)
    if found is None or not glossary().greeting.issuperset(tokens(found["greeting"])):
        return text
    return f"{found['greeting']}{text[found.end() :]}"


def without_calls(text: str) -> str:
    """A message without the calls for an answer to it ("ау", "вы живы там?", "чё так долго"), where something else is said."""
    rest = "".join(each for each in _SENTENCES.findall(text) if not _CALLS.fullmatch(each)).strip()
    return rest if tokens(rest) else text


def without_denied(words: Sequence[Word], reader: Reader) -> list[Word]:
    """ "не маникюр, а педикюр" → "педикюр"."""
    for at, word in enumerate(words[:-2]):
        follows = next((n for n in range(at + 2, min(at + 4, len(words))) if words[n].text in _BUT), 0)
        if word.text in _NOT and follows and _is_thing(words[at + 1], reader):
            return [*words[:at], *words[follows + 1 :]]
    return list(words)


def _after_slip(words: Sequence[Word]) -> tuple[Sequence[Word], bool]:
    """The words behind "ой", "точнее", "хотя нет,", "нет,"; and whether there was such a beginning."""
    at = 0
    while at < len(words) and (words[at].text in _SLIPS or _is_plain_no(words, at)):
        at += 1
    return words[at:], at > 0


def _is_plain_no(words: Sequence[Word], at: int) -> bool:
    return words[at].text in _NO and (at > 0 or words[at].raw.endswith(","))


def _is_thing(word: Word, reader: Reader) -> bool:
    return any(not term.ask and term.weight > 0 for term in reader.terms([word]))


def _things(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(key for part in parts for key in part.things)


def _last_things(parts: Sequence[Part]) -> frozenset[str]:
    return next((part.things for part in reversed(parts) if part.things), frozenset())


def _without(parts: Sequence[Part], things: frozenset[str], reader: Reader, make: Make) -> list[Part]:
    """What is left of the parts, and only what still means something."""
    kept = [make([word for word in part.words if not {term.key for term in reader.terms([word])} & things])
            if part.things & things else part for part in parts]  # fmt: skip
    return [part for part in kept if part.terms]
