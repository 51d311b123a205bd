"""What a pack makes of the rules, and when a dialogue is stuck."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from truffles_policy.lattice import Lattice, Nobody
from truffles_policy.pack.schema import Pack
from truffles_policy.rules import base_rules
from truffles_policy.signs import _kinds

from truffles_gateway.messages import Author, Line

Known = Callable[[str], bool]
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PACK = {
    "business": {"name": "X"},
    "emergencies": [
        {
            "signs": ["кровь не останавливается", "қан тоқтамай жатыр", "can't breathe", "задыхаюсь"],
            "line": {"ru": "103"},
        },
        {"signs": ["вздулась батарея"], "line": {"ru": "101", "en": "call 101"}},
    ],
    "off_topic": {"anchors": ["футбол", "weather"], "ours": ["после футбола"]},
}


def never(_text: str) -> bool:
    return False


class Reads(Nobody):
    """What the tests say that is known, and read as a question about the business."""

    def __init__(self, known: Known, reads: Known) -> None:
        self._known, self._reads = known, reads

    def knows(self, text: str) -> bool:
        return self._known(text)

    def reads(self, text: str) -> bool:
        return self._reads(text)


def lattice(known: Known = never, reads: Known = never, **pack: Any) -> Lattice:
    return Lattice(base_rules(), Pack.model_validate(PACK | pack), reader=Reads(known, reads))


def rule(text: str, **more: Any) -> str:
    return lattice(**more).decide(text, (), NOW).rule


@pytest.mark.parametrize(
    "text",
    [
        "кровь никак не останавливается",
        "Уже час не останавливается кровь!!",
        "кравь не останавливаеться",
        "кан токтамай жатыр",
        "help, I can't breathe",
        "ребёнок задыхается",
        "батарея вздулась",
    ],
)
def test_red_flags_in_any_form_and_order(text: str) -> None:
    assert rule(text) == "emergency"


@pytest.mark.parametrize(("text", "found"), [
    ("утром удалили зуб, третий час кровь идет и не унимается, что делать", "emergency"), ("болит зуб, что делать?", "medical"),
    ("чуть кровит после чистки, это нормально?", "medical"),
])  # fmt: skip
def test_a_red_flag_in_other_words_is_one_where_it_is_medical(text: str, found: str) -> None:
    assert rule(text) == found


@pytest.mark.parametrize(("signs", "text", "found"), [
    (["трудно дышать"], "тиске укол салып едиңиздер, бетим исип, тынысым тарылып барады", True), (["трудно дышать"], "my son is struggling to breathe", True),
    (["потеря сознания", "потерял сознание"], "балам есінен танып қалды", True), (["bleeding won't stop"], "кровь никак не могу остановить", True),
    (["can't swallow"], "язык распух после укола", True), (["судороги"], "she is having a seizure", True), (["chest pain"], "давит в груди сильно", True),
    (["трудно дышать"], "балам есінен танып қалды", False), (["вздулась батарея"], "тынысым тарылып барады", False), (["трудно дышать"], "мне не трудно дышать", False),
])  # fmt: skip
def test_a_sign_stands_for_all_that_mean_the_same(signs: list[str], text: str, found: bool) -> None:
    """In every language; a kind of trouble that no sign of the pack is of stays silent. Its line is the sign's."""
    rules = lattice(emergencies=[{"signs": signs, "line": {"ru": "103"}}])
    heard = rules.decide(text, (), NOW)
    assert (heard.rule == "emergency") == found
    assert (rules.remark(heard, "ru") == "103") == found


def test_words_that_mean_the_same_are_known_themselves() -> None:
    """Each phrase of `signs.toml` is found by the sign of its kind that it stands for."""
    for kind, _ in _kinds():
        rules = lattice(emergencies=[{"signs": [kind[0]], "line": {"ru": "103"}}])
        assert [each for each in kind if rules.decide(each, (), NOW).rule != "emergency"] == []


@pytest.mark.parametrize("text", ["кровь остановилась", "қан тоқтады", "кровь. больше не останавливается автобус"])
def test_what_is_no_red_flag(text: str) -> None:
    assert rule(text) == "question"


def test_the_line_of_a_red_flag_is_told_in_the_customers_language() -> None:
    found = lattice().decide("батарея вздулась", (), NOW)
    assert (lattice().remark(found, "en"), lattice().remark(found, "kk")) == ("call 101", "101")


@pytest.mark.parametrize("text", ["можно ли мне при беременности?", "сделайте скидку", "вы бот?"])
def test_what_the_pack_answers_is_a_question(text: str) -> None:
    assert rule(text) != "question"
    assert rule(text, known=lambda asked: asked == text) == "question"


def test_hard_law_is_no_matter_of_the_pack() -> None:
    assert rule("оплата прошла?", known=lambda _: True) == "payment"


def test_discounts_and_payment_as_the_pack_says() -> None:
    assert rule("какие у вас скидки?", discounts={"tell": False}) == "offers"
    assert rule("сделайте скидку", discounts={"tell": False, "otherwise": "Нет"}) == "discount"
    assert rule("сделайте скидку", discounts={"otherwise": "Других нет"}) == "more_discount"
    assert rule("рассрочка есть?", payment={"tell": False}) == "method"
    assert rule("рассрочка есть?") == "question"


def test_a_wish_to_pay_less_that_names_a_promotion_is_a_question_about_it() -> None:
    """Not where it is to be more than that, or so and so much."""
    promised = {"promotions": [{"id": "birthday", "text": "В день рождения 10 %", "aliases": ["день рождения", "др"]}]}
    assert rule("у меня др, сделайте скидку", **promised) == "question"
    assert rule("у меня др, сделайте скидку") == "discount"
    for text in ("у меня др, сделайте скидку 30%", "др был, мало скидки, сделайте скидку больше", "сделайте скидку"):
        assert rule(text, **promised) == "discount", text


def test_off_topic_unless_it_is_ours_or_about_the_business() -> None:
    assert rule("смотрели футбол?") == "off_topic"
    assert rule("после футбола болят ноги, есть массаж?") == "question"
    assert rule("смотрели футбол?", reads=lambda _: True) == "question"
    assert rule("футбол и сколько стоит стрижка") == "question"


def dialogue(*texts: str, minutes: int = 20) -> tuple[Line, ...]:
    """What a customer wrote, each answered."""
    at = NOW - timedelta(minutes=minutes)
    return tuple(
        Line(author=author, text=text if author is Author.CUSTOMER else "ответ", at=at)
        for text in texts
        for author in (Author.CUSTOMER, Author.BOT)
    )


@pytest.mark.parametrize(
    ("before", "text", "rule"),
    [
        (["Есть парковка?"], "так парковка есть или нет", "stuck"),
        (["сколько стоит маникюр"], "сколько стоит педикюр", "question"),
        (["сколько стоит маникюр"], "сколько длится маникюр", "question"),
        (["запишите на 15"], "запишите на 16", "question"),
        (["где вы находитесь"], "я же уже спросила, где вы", "stuck"),
        (["где вы находитесь"], "вы не поняли меня", "stuck"),
        (["where are you"], "I already told you, the address", "stuck"),
        (["қайда орналасқансыз"], "қайта айтамын, мекенжай керек", "stuck"),
        (["сколько стоит маникюр"], "опять вы закрыты?", "question"),
        (["опять не работаете?", "что с графиком"], "снова не то", "stuck"),
        ([], "я же уже спросила, где вы", "question"),
        (["когда открыты"], "я уже говорила с менеджером, он сказал 5000", "question"),
        (["Есть парковка?"], "Есть парковка?", "question"),
        (["Есть парковка?", "Есть парковка?"], "Есть парковка?", "stuck"),
    ],
)
def test_stuck(before: list[str], text: str, rule: str) -> None:
    assert lattice().decide(text, dialogue(*before), NOW).rule == rule


def test_what_was_long_ago_or_before_a_human_wrote_is_no_trouble() -> None:
    old = dialogue("Есть парковка?", minutes=90)
    human = (*dialogue("Есть парковка?"), Line(author=Author.MANAGER, text="да", at=NOW))
    for history in (old, human):
        assert lattice().decide("так парковка есть или нет", history, NOW).rule == "question"
