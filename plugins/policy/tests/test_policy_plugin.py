"""The plugin as the host meets it: verdicts, settings, any text whatever, and speed."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from truffles_policy.plugin import Policy, plugin
from truffles_policy.rules import base_rules
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Attachment, Author, Content, Inbound, Line, Route, Turn, Verdict
from truffles_gateway.testing import conforms, texts_of

Classify = Callable[..., Verdict | None]
Sentences = Mapping[str, Mapping[str, list[str]]]


@pytest.mark.parametrize(
    ("text", "route", "language"),
    [
        ("Позовите менеджера", Route.HUMAN, "ru"),
        ("ужасный сервис", Route.FRUSTRATED, "ru"),
        ("верните деньги", Route.FRUSTRATED, "ru"),
        ("маған жазбаңыз", Route.OPT_OUT, "kk"),
        ("no thanks", Route.DECLINE, "en"),
        ("salem", Route.GREETING, "kk"),
        ("Рахмет!", Route.THANKS, "kk"),
        ("Привет! Сколько стоит маникюр?", Route.ANSWER, "ru"),
        ("ок", Route.UNSURE, ""),
        ("👍", Route.UNSURE, ""),
        ("???", Route.UNSURE, ""),
        ("2", Route.UNSURE, ""),
    ],
)
def test_verdicts(classify: Classify, text: str, route: Route, language: str) -> None:
    verdict = classify(text)
    assert isinstance(verdict, Verdict)
    assert (verdict.route, verdict.language) == (route, language)
    assert verdict.why.startswith("policy: ")
    assert "\n" not in verdict.why


@pytest.mark.parametrize(
    ("text", "intent", "why"),
    [
        ("отмените мою запись", "booking_change", "отмените"),
        ("я у двери, никто не открывает", "urgent", "я у двери"),
        ("сколько стоит?", "price_of_what", "сколько стоит"),
        ("а есть в наличии?", "price_of_what", "есть в наличии"),
        ("қолда бар ма?", "price_of_what", "қолда бар ма"),
        ("is it still available?", "price_of_what", "is it still available"),
    ],
)
def test_intent_and_reason_say_what_is_wanted(classify: Classify, text: str, intent: str, why: str) -> None:
    verdict = classify(text)
    assert verdict
    assert verdict.intent == intent
    assert f"“{why}”" in verdict.why


def test_nothing_is_said_about_a_message_without_text(turn: Turn) -> None:
    photo = Attachment(content=Content.IMAGE)
    message = Inbound(text=" \n", events=(), attachments=(photo,))
    assert asyncio.run(Policy(PolicySettings(), texts_of(plugin)).classify(turn, message)) is None


@pytest.mark.parametrize(
    ("text", "business"),
    [
        ("Не пишите мне больше", False),
        ("Не пишите мне больше! И сколько стоит маникюр?", True),
        ("маған жазбаңыз. маникюр қанша тұрады?", True),
        ("stop texting me. how much is a haircut?", True),
        ("хватит мне писать, позовите менеджера", True),
        ("отстаньте от меня, достали", False),
    ],
)
def test_opt_out_tells_whether_business_is_asked_too(classify: Classify, text: str, business: bool) -> None:
    verdict = classify(text)
    assert verdict
    assert verdict.route is Route.OPT_OUT
    assert verdict.business is business


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("верните деньги и не пишите мне больше", Route.FRUSTRATED),
        ("отстаньте, блять, не пишите мне", Route.OPT_OUT),
        ("ужасный сервис, позовите менеджера", Route.HUMAN),
        ("здравствуйте, позовите\nменеджера", Route.HUMAN),
        ("спасибо, но позовите человека", Route.HUMAN),
        ("Здравствуйте\nсколько\nстоит маникюр", Route.ANSWER),
        ("Здравствуйте\nсколько\nстоит", Route.UNSURE),
        ("ужасный сервис, отмените запись", Route.HUMAN),
        ("опаздываю, позовите менеджера", Route.HUMAN),
        ("Здравствуйте\nспасибо", Route.THANKS),
    ],
)
def test_the_stronger_rule_wins(classify: Classify, text: str, route: Route) -> None:
    verdict = classify(text)
    assert verdict
    assert verdict.route is route


def test_the_language_so_far_helps_where_a_text_tells_none(turn: Turn) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    lines = (
        Line(author=Author.CUSTOMER, text="бағасы қанша", at=at),
        Line(author=Author.BOT, text="Здравствуйте", at=at),
    )
    classified = Policy(PolicySettings(), texts_of(plugin)).classify(
        replace(turn, history=lines), Inbound(text="👍", events=())
    )
    verdict = asyncio.run(classified)
    assert verdict
    assert verdict.language == "kk"


@pytest.mark.parametrize(("before", "text", "language"), [
    ("тіс ағарту қанша тұрады", "Ерлан", "kk"), ("жазылайын деп едім", "гель лакпен", "kk"), ("редми 13с 256 бар ма", "128 ши?", "kk"),
    ("how much is a manicure", "Kate Wilson", "en"), ("do you sell chargers?", "power bank", "en"), ("сколько стоит маникюр", "Айгерим", "ru"),
    ("тіс ағарту қанша тұрады", "а можно сегодня вечером?", "ru"), ("сколько стоит маникюр", "бүгін келсем бола ма", "kk"),
    ("сколько стоит маникюр", "do you speak English?", "en"), ("сколько стоит маникюр", "Where?", "en"),
    ("сколько стоит маникюр", "канша?", "kk"), ("how much is a manicure", "Сколько?", "ru"), ("👍", "Айгерим", "ru"),
])  # fmt: skip
def test_a_name_or_a_borrowed_word_is_in_the_language_of_the_talk(
    turn: Turn, before: str, text: str, language: str
) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    lines = (Line(author=Author.CUSTOMER, text=before, at=at), Line(author=Author.BOT, text="Здравствуйте", at=at))
    told = Policy(PolicySettings(), texts_of(plugin)).on_inbound(
        replace(turn, history=lines), Inbound(text=text, events=())
    )
    message = asyncio.run(told)
    assert message
    assert message.language == language


def test_speech_may_have_told_the_language(turn: Turn) -> None:
    verdict = asyncio.run(
        Policy(PolicySettings(), texts_of(plugin)).classify(turn, Inbound(text="маникюр", language="kk", events=()))
    )
    assert verdict
    assert verdict.language == "kk"


@pytest.mark.parametrize("text", ["Сколько стоит маникюр?", "а с гелем?", "Привет! Сколько стоит маникюр?"])
def test_a_plain_question_may_be_left_open(classify: Classify, text: str) -> None:
    assert classify(text, leave_open=True) is None


@pytest.mark.parametrize("text", ["позовите менеджера", "привет", "цена?", "2", "???", "ок", "не пишите мне больше"])
def test_what_a_rule_decides_is_never_left_open(classify: Classify, text: str) -> None:
    assert classify(text, leave_open=True) == classify(text)


@pytest.mark.parametrize(("text", "language"), [("бағасы қанша", "kk"), ("how much is it", "en"), ("👍", "")])
def test_the_language_is_told_at_the_door(turn: Turn, text: str, language: str) -> None:
    message = asyncio.run(Policy(PolicySettings(), texts_of(plugin)).on_inbound(turn, Inbound(text=text, events=())))
    assert message
    assert message.language == language


@pytest.mark.parametrize("message", [Inbound(text="", events=()), Inbound(text="маникюр", language="kk", events=())])
def test_nothing_is_told_of_a_language_that_is_known_or_of_no_words(turn: Turn, message: Inbound) -> None:
    assert asyncio.run(Policy(PolicySettings(), texts_of(plugin)).on_inbound(turn, message)) is None


def test_a_tenants_own_phrases_count_in_all_forms(classify: Classify) -> None:
    own = {"human_phrases": ["главный технолог"], "greeting_phrases": ["аллоха"], "opt_out_phrases": ["удалите чат"]}
    assert _route(classify("отведите к главному технологу", **own)) is Route.HUMAN
    assert _route(classify("аллоха!", **own)) is Route.GREETING
    assert _route(classify("Удалите чат", **own)) is Route.OPT_OUT
    assert _route(classify("отведите к главному технологу")) is Route.ANSWER
    assert _route(classify("позовите менеджера", **own)) is Route.HUMAN


def test_a_rule_can_be_switched_off(classify: Classify) -> None:
    assert _route(classify("достали", off=["frustrated"])) is Route.ANSWER
    assert _route(classify("позовите менеджера", off=["frustrated"])) is Route.HUMAN


@pytest.mark.parametrize("bad", [{"off": ["humen"]}, {"human_phrases": ["!!!"]}, {"human_phrase": []}])
def test_bad_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PolicySettings.model_validate(bad)


def test_the_manifest_fits_the_hooks() -> None:
    assert plugin.name == "policy"
    assert conforms(plugin, Policy(PolicySettings(), texts_of(plugin))) == []


ALPHABET = st.sampled_from(
    [
        "не",
        "пишите",
        "мне",
        "больше",
        "менеджера",
        "позовите",
        "стоп",
        "сәлем",
        "stop",
        "human",
        "gjpjdbnt",
        "vtytl;thf",
        ",.!?\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(ALPHABET, max_size=30).map(" ".join), st.text("абвә',;.[ ё́\u200f😀\n")))
def test_any_text_gets_a_finding(text: str) -> None:
    found = base_rules().decide(text)
    assert "\n" not in found.why


@pytest.mark.parametrize(
    "text",
    [
        "слово " * 20_000,
        "ы" * 100_000,
        "не " * 50_000,
        "позовите, " * 10_000 + "менеджера",
        "vtytl;thf;" * 10_000,
        "\n" * 100_000,
        "😀" * 100_000,
        "a\u0301\u0327" * 50_000,
        "ةيبرع " * 20_000,
        "\ud800 test",
        "не@write|@ring " * 5_000,
        "{{ x }} {% y %} \x00 \x1b[0m",
        "менедж" * 20_000,
        "низниз" * 20_000,
    ],
    ids=range(14),
)
def test_huge_and_odd_texts_are_soon_done(classify: Classify, text: str) -> None:
    classify("warm up")
    begun = time.perf_counter()
    classify(text)
    assert time.perf_counter() - begun < 1.0


def test_zalgo_and_lookalikes_do_not_hide_a_wish(classify: Classify) -> None:
    assert _route(classify("П̷о̷з̷о̷в̷и̷т̷е менеджера")) is Route.HUMAN
    assert _route(classify("пoзoвитe менеджepа")) is Route.HUMAN  # with Latin o, e, p


def test_a_verdict_takes_less_than_a_millisecond(classify: Classify, sentences: Sentences) -> None:
    texts = [text for rules in sentences.values() for text in rules.get("question", ())]
    for text in texts:
        classify(text)

    def cost(text: str) -> float:
        begun = time.thread_time()  # not the clock on the wall: other processes want to work as well
        classify(text)
        return time.thread_time() - begun

    # what a verdict costs is the least that it was seen to take: beside it only the machine's own troubles are measured
    assert statistics.median(min(cost(text) for _ in range(5)) for text in texts) < 0.001


def _route(verdict: Verdict | None) -> Route | None:
    return verdict.route if verdict else None
