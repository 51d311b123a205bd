"""Sentences of customers: what each rule must catch, and above all what it must not."""

from __future__ import annotations

import sentences
import pytest

from truffles_policy.rules import base_rules

POSITIVE = [
    (rule, text)
    for group in (sentences.RUSSIAN_POSITIVE, sentences.KAZAKH_POSITIVE, sentences.ENGLISH_POSITIVE)
    for rule, texts in group.items()
    for text in texts.splitlines()
]
NEGATIVE = [
    *sentences.RUSSIAN_NEGATIVE,
    *sentences.KAZAKH_NEGATIVE,
    *sentences.ENGLISH_NEGATIVE,
    *sentences.MIXED_NEGATIVE,
]
SAME = {"shouting": "frustrated"}


@pytest.mark.parametrize(("rule", "text"), POSITIVE, ids=[text for _, text in POSITIVE])
def test_caught(rule: str, text: str) -> None:
    found = base_rules().decide(text)
    assert SAME.get(found.rule, found.rule) == rule, found.why


@pytest.mark.parametrize("text", NEGATIVE, ids=NEGATIVE)
def test_a_question_stays_a_question(text: str) -> None:
    found = base_rules().decide(text)
    assert found.rule == "question", found.why


def test_there_are_enough_sentences_of_each_language() -> None:
    groups = ("RUSSIAN", "KAZAKH", "ENGLISH")
    for group in groups:
        positive = getattr(sentences, f"{group}_POSITIVE")
        assert sum(len(texts.splitlines()) for texts in positive.values()) >= 40
        assert len(getattr(sentences, f"{group}_NEGATIVE")) >= 40
