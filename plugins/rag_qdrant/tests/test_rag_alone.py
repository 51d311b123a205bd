"""A rule of the house that nothing else comes near is meant, whatever is told around it; prices and deeds are not guessed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_rag_qdrant.alone import Alone, is_rule
from truffles_rag_qdrant.calibrate import BEHIND, Candidate, without_right
from truffles_rag_qdrant.confidence import LOCAL, calibration, kept, name_of
from truffles_rag_qdrant.embed import LocalEmbedder
from truffles_rag_qdrant.engine import EmbeddedEngine
from truffles_rag_qdrant.index import FEATURES
from truffles_rag_qdrant.judge import GOOD
from truffles_rag_qdrant.recall import PACKS, engine_of, read_entries

from truffles_gateway.messages import Passage

SHARES = st.floats(0, 1)
ALONE = Alone(odds=0.5, lead=0.2, bias=0.8)


ENGINES: dict[str, EmbeddedEngine] = {}


async def best(pack: str, question: str) -> Passage:
    if pack not in ENGINES:
        ENGINES[pack] = await engine_of(pack, read_entries(PACKS / f"{pack}.jsonl"), LocalEmbedder())
    return (await ENGINES[pack].find(question, ""))[0]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("pack", "question", "id"),
    [
        ("salon", "можно я с маленькой собачкой приду, она тихая", "pack:rules.pets"),
        ("salon", "А если 10 минутқа кешігіп қалсам, все равно примете?", "pack:rules.lateness"),
        ("phones", "ок, если закажу, можно самому вечером забрать?", "pack:rules.pickup"),
        ("dental", "А что у вас бывает если пациент опоздал минут на пятнадцать, прием сгорает?", "pack:rules.lateness"),
        ("dental", "Құралдарыңызды қалай зарарсыздандырасыздар?", "pack:rules.hygiene"),
    ],
)  # fmt: skip
async def test_a_rule_is_found_in_a_story(pack: str, question: str, id: str) -> None:
    found = await best(pack, question)
    assert (found.id, found.confidence >= GOOD) == (id, True), found.confidence


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("pack", "question"),
    [
        ("phones", "гнездо зарядки на редми расшаталось, почём поменять?"),  # a price that nobody told
        ("salon", "сколько стоит перманентный татуаж губ?"),
        ("dental", "перевела предоплату за виниры по каспи, гляньте пожалуйста, дошло?"),  # a deed, not a question
        ("salon", "вам мастера маникюра не требуются? ищу работу, опыт 4 года"),
        ("salon", "есть ли у вас вакансии мастера маникюра?"),
        ("salon", "добрый день! сынишку 6 лет обстричь надо, сколько возьмёте?"),  # the son is not what is asked
        ("phones", "Can you unlock a phone that is tied to an American carrier?"),
    ],
)
async def test_what_the_pack_does_not_say_is_left_to_people(pack: str, question: str) -> None:
    assert (await best(pack, question)).confidence < GOOD


@pytest.mark.asyncio
async def test_another_branch_is_no_companion() -> None:
    assert (await best("dental", "а в другом филиале?")).id != "pack:rules.guests"
    assert (await best("dental", "можно с подругой?")).id == "pack:rules.guests"


@pytest.mark.asyncio
@pytest.mark.parametrize("greeting", ["девочки, ", "Ребята, "])
async def test_who_is_greeted_is_not_asked_about(greeting: str) -> None:
    found = await best("dental", f"{greeting}а ботокс вы колете?")
    assert found.confidence < GOOD, found
    assert (await best("dental", "с какого возраста девочку можно привести?")).id.split(".")[-1].startswith("child")


@pytest.mark.parametrize(
    ("id", "rule"),
    [
        ("pack:rules.pets", True), ("pack:place.parking", True), ("pack:payment.instalments", True), ("pack:payment", False),
        ("pack:rules.cancellation", False), ("pack:rules.booking", False), ("pack:branches.north.parking", False),
        ("pack:services.rules.gel", False), ("rules.pets", False), ("4b27f858", False),
        ("pack:rules.children", False), ("pack:rules.staff", False), ("pack:place.amenities", False),
        ("pack:payment.prepayment", False),
    ],
)  # fmt: skip
def test_rules_are_what_a_pack_has_one_of_and_nobody_wants_done(id: str, rule: bool) -> None:
    assert is_rule(id) is rule


@given(SHARES, st.lists(SHARES, max_size=5))
def test_a_rival_never_makes_it_surer(sure: float, rivals: list[float]) -> None:
    whole = ALONE.confidence(sure, rivals)
    assert 0 <= whole <= 1
    assert ALONE.confidence(sure, [*rivals, sure]) <= whole <= ALONE.confidence(min(1.0, sure + 0.1), rivals)


def test_only_a_model_that_was_measured_has_it() -> None:
    record = {"weights": json.dumps(dict.fromkeys(FEATURES, 0.5)), "bias": "-1"}
    measured = kept(LOCAL, {name_of(LOCAL): record})
    assert (measured.bias, measured.alone) == (-1.0, calibration(LOCAL).alone)
    assert measured.alone is not None and measured.alone.lead > 0, "a rival speaks against it"
    assert calibration("a-model-of-somebody").alone is None


def test_without_the_right_fact_the_next_one_is_the_most_alike() -> None:
    features = [0.0] * len(FEATURES)
    right, near, far = (replace(Candidate(id, features, id == "right"), features=_behind(features, behind))
                        for id, behind in (("right", 0.0), ("near", 0.2), ("far", 0.5)))  # fmt: skip
    left = without_right([right, near, far])
    assert [(one.id, round(one.features[BEHIND], 3)) for one in left] == [("near", 0.0), ("far", 0.3)]


def _behind(features: list[float], value: float) -> list[float]:
    return [*features[:BEHIND], value, *features[BEHIND + 1 :]]
