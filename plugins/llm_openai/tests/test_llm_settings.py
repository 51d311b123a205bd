"""What a tenant may set, and how a wrong setting is named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from truffles_llm_openai.settings import LlmSettings

INBOUND, CLASSIFY, RETRIEVE, ANSWER, TURN = 10, 8, 3, 20, 45  # seconds that the host allows
GOOD = {"api_key": "env:OPENAI_API_KEY"}


def test_the_defaults() -> None:
    settings = LlmSettings.model_validate(GOOD)
    assert (settings.model, settings.effort) == ("gpt-5-mini", "minimal")
    assert settings.base_url == "https://api.openai.com/v1"


def test_our_limits_lie_below_those_of_the_hooks_and_leave_a_turn_room_for_a_repair() -> None:
    settings = LlmSettings.model_validate(GOOD)
    assert INBOUND + settings.classify_seconds + RETRIEVE + 2 * settings.answer_seconds < TURN
    for name, limit in (("classify_seconds", CLASSIFY), ("answer_seconds", ANSWER)):
        with pytest.raises(ValidationError):
            LlmSettings.model_validate(GOOD | {name: limit})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"api_key": None}, "api_key is missing"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "https://user:secret@x/v1"}, "no user or password"),
        ({"base_url": "https://x/v1?key=secret"}, "ends before"),
        ({"daily_money": 5}, "needs input_price and output_price"),
        ({"temperature": 3}, "temperature"),
        ({"modle": "gpt-5"}, "modle"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        LlmSettings.model_validate(GOOD | given)


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-5-mini", "auto", "minimal"),
        ("gpt-5-nano-2025-08-07", "auto", "minimal"),
        ("gpt-5.1", "auto", ""),
        ("gpt-5-chat-latest", "auto", ""),
        ("qwen3", "auto", ""),
        ("gpt-5-mini", "off", ""),
        ("gpt-5-mini", "low", "low"),
        ("gpt-5.1", "none", "none"),
    ],
)
def test_the_effort(model: str, effort: str, sent: str) -> None:
    assert LlmSettings.model_validate(GOOD | {"model": model, "reasoning_effort": effort}).effort == sent


def test_a_server_of_ones_own_needs_no_key() -> None:
    settings = LlmSettings(base_url="http://localhost:11434/v1/chat/completions")
    assert (settings.base_url, settings.key) == ("http://localhost:11434/v1", "")


def test_the_key_is_not_shown() -> None:
    settings = LlmSettings.model_validate({"api_key": "sk-secret"})
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()
