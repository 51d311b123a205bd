"""Plugins' own facts, in the words that this customer is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from truffles_gateway import calls
from truffles_gateway.decision import Case
from truffles_gateway.messages import Passage, Turn
from truffles_gateway.telling import as_told, believed
from truffles_gateway.testing import make_turn

HELD, WORDS = "Парковка во дворе", {"kk": "Көлік тұрағы аулада", "en": ""}


class Speaker:
    """Knows one fact in two languages."""

    def told(self, held: Mapping[str, str], turn: Turn, language: str) -> Mapping[str, str]:
        """In Kazakh, where it is that fact."""
        return {id: WORDS[language] for id, text in held.items() if text == HELD and language in WORDS}


class Broken:
    """Fails."""

    def told(self, held: Mapping[str, str], turn: Turn, language: str) -> Mapping[str, str]:
        """Never."""
        raise RuntimeError("a bug of its own")


class Silent:
    """Breaks the contract: it answers nothing at all."""

    def told(self, held: Mapping[str, str], turn: Turn, language: str) -> None:
        """None."""


def found(*texts: str, id: str = "pack:parking", answer: str = "") -> list[Passage]:
    return [Passage(id=id, text=text, confidence=0.9, query=text, answer=answer) for text in texts]


def a_case(tellers: Sequence[object], language: str) -> Case:
    tenant = SimpleNamespace(tellers=lambda: tellers, slug="salon")
    spoken = SimpleNamespace(language=language)
    return cast("Case", SimpleNamespace(tenant=tenant, verdict=spoken, message=spoken))


@pytest.mark.parametrize(
    ("tellers", "language", "passages", "told"),
    [
        ([Speaker()], "kk", found(HELD), [WORDS["kk"]]),
        ([Speaker()], "ru", found(HELD), [HELD]),
        ([Speaker()], "kk", found("Иә, бар"), ["Иә, бар"]),  # worded for the question already
        ([Speaker()], "kk", found(HELD, id="7f2a"), [HELD]),  # a file's
        ([Broken(), Speaker()], "kk", found(HELD), [WORDS["kk"]]),
        ([Broken()], "kk", found(HELD), [HELD]),
        ([Silent(), Speaker()], "kk", found(HELD), [WORDS["kk"]]),
        ([], "kk", found(HELD), [HELD]),
        ([Speaker()], "en", [*found(HELD), *found("Yes, there is one", id="pack:other")], ["Yes, there is one"]),
    ],
)
def test_own_facts_are_told_as_their_plugin_says_them(
    tellers: list[object], language: str, passages: list[Passage], told: list[str]
) -> None:
    case: Any = a_case(tellers, language)
    assert [each.text for each in as_told(case, make_turn(), passages)] == told


def test_an_answer_to_a_question_stays_one() -> None:
    [passage] = as_told(a_case([Speaker()], "kk"), make_turn(), found("Где парковка? Во дворе", answer=HELD))
    assert (passage.text, passage.answer) == (WORDS["kk"], WORDS["kk"])


class Doubter:
    """Knows that its fact answers nobody who asks about dogs."""

    def denied(self, found: Sequence[Passage]) -> Sequence[Passage]:
        """What was found for those."""
        return [each for each in found if each.query == "с собакой?"]


class Faulty:
    """Fails."""

    def denied(self, found: Sequence[Passage]) -> Sequence[Passage]:
        """Never."""
        raise RuntimeError("a bug of its own")


def test_what_a_plugin_knows_to_be_no_answer_is_not_believed_and_stays_asked() -> None:
    tenant = SimpleNamespace(denying=lambda: {"policy": Doubter(), "other": Faulty()}, slug="salon")
    case = cast("Case", SimpleNamespace(tenant=tenant))
    asked = [
        Passage(id="pack:parking", text=HELD, confidence=0.9, query=query) for query in ("парковка?", "с собакой?")
    ]
    a_file = Passage(id="7f2a", text="Можно", confidence=0.8, query="с собакой?")
    given = [
        calls.Answer(plugin="policy", value=asked), calls.Answer(plugin="rag", value=[*asked, a_file]), calls.Answer(plugin="silent"),
    ]  # fmt: skip
    sure = [[each.confidence for each in answer.value] for answer in believed(case, given)]
    assert sure == [[0.9, 0.9], [0.9, 0.0, 0.8], []]
