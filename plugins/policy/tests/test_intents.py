"""What is learnt from examples: that it is up to date, what it tells apart, and that it reads pieces of a message."""

from __future__ import annotations

import hashlib
import time
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_policy.facts.by_example import ASKS
from truffles_policy.intents.classifier import classifier
from truffles_policy.intents.features import THING, features, words_of
from truffles_policy.intents.labels import DESK, TALK
from truffles_policy.intents.pieces import heard, pieces
from truffles_policy.intents.serious import is_serious
from truffles_policy.intents.wants import is_question, wanted, wishes

EXAMPLES = Path(__file__).parents[1] / "intents"
NEITHER = {"other", "ask_more", "which_one", "booking"}
UNSEEN = [
    ("извините а ценник на {thing} какой щас", "price"),
    ("{thing} неше тенге екен", "price"),
    ("what would {thing} set me back", "price"),
    ("куда машинку пристроить можно рядом с вами?", "parking"),
    ("колигимди кайда тастасам болады", "parking"),
    ("долго ли у вас проторчу на {thing}", "duration"),
    ("доча со мной будет, не прогоните?", "rules.children"),
    ("когда у вас выходной на неделе", "hours"),
    ("частями отдавать получится?", "instalments"),
    ("вы мне все волосы сожгли, я в шоке", "complaint"),
    ("деньги перевела минут пять назад, увидели?", "payment_check"),
    ("хватит мне рассылку слать", "opt_out"),
    ("живого кого нибудь дайте", "human"),
    ("соседка была у вас на той неделе, очень хвалила", "chatter"),
    ("подскажите номер моей заявки на ремонт", "status"),
    ("из какой стали у вас ножницы", "other"),
]


def same(text: str) -> str:
    return text


def test_the_weights_are_those_of_the_examples() -> None:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(EXAMPLES.glob("*.tsv")))).hexdigest()
    with resources.files("truffles_policy").joinpath("data", "intents.npz").open("rb") as file:
        assert str(np.load(file)["digest"]) == digest, "run scripts/train_intents.py"


def test_every_label_means_something_and_has_examples_in_three_languages() -> None:
    rows = [line.split("\t") for path in EXAMPLES.glob("*.tsv") for line in path.read_text("utf-8").splitlines()]
    assert {len(row) for row in rows} == {3}
    assert set(classifier().labels) == {row[0] for row in rows} == {*ASKS, *DESK, *TALK, *NEITHER}
    for label in classifier().labels:
        assert {row[1] for row in rows if row[0] == label} == {"ru", "kk", "en"}, label


@pytest.mark.parametrize(("text", "label"), UNSEEN)
def test_other_words_than_those_of_the_examples_are_understood(text: str, label: str) -> None:
    found = heard(text.replace(THING, "маникюр"), lambda _: text)
    assert found.label == label, sorted(found.others.items(), key=lambda each: -each[1])[:4]


def test_slips_layouts_and_kazakh_letters_make_no_other_words() -> None:
    assert words_of("Қанша тұрады") == words_of("канша турады")
    assert words_of("ceyhen ghbdtn") != words_of("сунрен привет") and words_of("ghbdtn") == words_of("привет")
    assert len({*features(words_of("стоимость")), *features(words_of("стоимасть"))}) < 2 * len(
        features(words_of("стоимость"))
    )


@given(st.text(max_size=300))
def test_any_text_has_pieces_or_none_and_never_fails(text: str) -> None:
    found = pieces(text, same)
    assert all(0 < each.share <= 1.0001 and each.label in classifier().labels for each in found)
    wanted(found)


def test_a_story_is_no_part_of_the_question_beside_it() -> None:
    found = pieces("Здравствуйте, мне подруга вас посоветовала, сколько стоит маникюр?", same)
    assert [each.label for each in found if not each.idle] == ["price"]


def test_two_questions_in_one_sentence_are_two() -> None:
    found = pieces("маникюр сколько стоит, и парковка у вас есть", same)
    assert [each.label for each in found] == ["price", "parking"]


def test_who_laughs_and_asks_nothing_wants_nothing() -> None:
    for text, jokes in (
        ("красота требует жертв)))", True),
        ("где вы сидите)))", False),
        ("вы испортили мне всё 😂", False),
        ("сами понимаете", False),
        ("доставьте в Алматы))", False),
    ):
        assert [each.jokes for each in pieces(text, same)] == [jokes], text


def test_a_laugh_however_long_is_read_at_once() -> None:
    begun = time.process_time()
    pieces(f"{')' * 2_000}x", same)
    assert time.process_time() - begun < 1


def test_what_is_wanted_of_people_is_the_strongest_and_small_talk_counts_alone() -> None:
    def rule(text: str) -> str:
        found = wanted(pieces(text, same))
        return found.rule if found else ""

    assert rule("вы мне испортили волосы, я в ужасе! сколько стоит маникюр?") == "complaint"
    assert rule("Сын вчера грохнул мой айфон об плитку, палец режет. Сколько примерно выйдет поменять?") == ""
    assert (
        rule("Ваш мастер вчера грохнул мой айфон об плитку, палец режет. Сколько примерно выйдет поменять?")
        == "complaint"
    )
    assert rule("спасибо вам огромное") == "thanks" and rule("спасибо, а где вы находитесь?") == ""
    assert rule("Дана") == "", "a name is no courtesy, however alike"


def test_a_plain_question_is_one_whatever_a_rule_hears() -> None:
    assert is_question(
        pieces("имплант почём, частями платить можно?", lambda text: text.replace("имплант", THING)), "medical"
    )
    assert not is_question(pieces("можно ли мне имплант при диабете?", same), "medical")
    assert wishes(pieces("запишите меня на завтра на три", same)) and not wishes(pieces("как к вам записаться?", same))


@pytest.mark.parametrize(
    "text",
    [
        "болит", "я на гв", "на пятом месяце", "кровь идёт", "Отёк не спадает", "вы мне волосы сожгли", "қызуым бар", "екікабатпын", "I have a rash",
        "my lip is numb", "it's painful", "терминал не работает", "шашым бүлінді, ренжідім", "верните деньги",
    ],
)  # fmt: skip
def test_trouble_is_heard(text: str) -> None:
    assert is_serious(text)


@pytest.mark.parametrize(
    "text",
    [
        "хочу объём побольше", "больше ничего не надо", "какой большой зал", "what is your phone number", "do you do body painting", "кровать",
        "разборчиво напишите", "ваш оператор на месте?", "how far is the burning man", "где вы находитесь", "қайда орналасқансыз",
    ],
)  # fmt: skip
def test_other_words_that_begin_alike_are_no_trouble(text: str) -> None:
    assert not is_serious(text)
