"""Sentences of customers: what each rule must catch, and above all what it must not."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from truffles_policy.language import LANGUAGES, data
from truffles_policy.lattice import Lattice
from truffles_policy.rules import GATES, HARD_LAW, SIGNALS, STRAY, WHOLES, WITHHELD, Finding, base_rules

SENTENCES = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
CASES = [
    pytest.param(rule, text, id=f"{group}-{rule}-{number}")
    for group, rules in SENTENCES.items()
    for rule, texts in rules.items()
    for number, text in enumerate(texts)
]
SAME = {"shouting": "frustrated"}


@pytest.mark.parametrize(("rule", "text"), CASES)
def test_each_sentence_falls_under_its_rule(rule: str, text: str) -> None:
    found = decide(rule, text)
    assert SAME.get(found.rule, found.rule) == rule, f"{text}: {found.why}"


def decide(rule: str, text: str) -> Finding:
    """What a text comes to; what only a pack has people speak of is asked for as if one did."""
    if rule in WITHHELD:
        return base_rules().decide(text, without=())
    return Lattice(base_rules()).decide(text, (), datetime(2026, 1, 5, tzinfo=UTC))


@pytest.mark.parametrize("group", ["ru", "kk", "en"])
def test_there_are_enough_sentences_of_each_language(group: str) -> None:
    rules = SENTENCES[group]
    assert sum(len(texts) for rule, texts in rules.items() if rule != "question") >= 40
    assert len(rules["question"]) >= 40
    assert {*SIGNALS, STRAY, "identity"} - WITHHELD <= rules.keys()


TABLES = {
    **{name: {"patterns", "unless"} for name in (*HARD_LAW, *GATES, STRAY)},
    "again": {"patterns", "weak", "unless"},
    "opt_out": {"patterns", "only", "extra", "unless"},
    "human": {"patterns", "only", "extra", "unless"},
    "frustrated": {"patterns", "unless", "impatient", "pleased"},
    "urgent": {"patterns", "unless"},
    "status": {"patterns", "unless"},
    **{rule: {"only", "extra"} for rule in WHOLES},
    "language": {"words"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_have_no_table_that_nobody_reads(language: str) -> None:
    rules = data(language)
    assert rules.keys() == {*TABLES, "groups", "fillers", "not_typos"}
    for rule, tables in TABLES.items():
        assert rules[rule].keys() <= tables, rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("позовите, пожалуйста, менеджера", "human"),  # a filler takes its commas along
        ("позовите\nменеджера", "human"),  # a burst of short pieces is one sentence
        ("позовите. менеджера нет", "question"),  # a full stop ends it
        ("не пишите мне, пишите на почту", "question"),
    ],
)
def test_breaks_between_words(text: str, rule: str) -> None:
    assert base_rules().decide(text).rule == rule
