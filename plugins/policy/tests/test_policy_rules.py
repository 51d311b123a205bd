"""Sentences of customers: what each rule must catch, and above all what it must not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from truffles_policy.rules import SIGNALS, base_rules

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
    found = base_rules().decide(text)
    assert SAME.get(found.rule, found.rule) == rule, f"{text}: {found.why}"


@pytest.mark.parametrize("group", ["ru", "kk", "en"])
def test_there_are_enough_sentences_of_each_language(group: str) -> None:
    rules = SENTENCES[group]
    assert sum(len(texts) for rule, texts in rules.items() if rule != "question") >= 40
    assert len(rules["question"]) >= 40
    assert set(SIGNALS) <= rules.keys()
