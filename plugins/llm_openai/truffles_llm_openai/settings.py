"""A tenant's settings of this plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, HttpUrl, field_validator, model_validator

from truffles_gateway.plugin import PluginSettings, SecretStr

OPENAI = "https://api.openai.com/v1"
LANGUAGE_NAMES = {"ru": "Russian", "kk": "Kazakh", "en": "English"}
_KNOW_MINIMAL = ("gpt-5", "gpt-5-mini", "gpt-5-nano")


class LlmSettings(PluginSettings):
    """Which model is asked what, and what it may cost.

    api_key             the key, as a reference: `env:NAME` or `file:PATH`; only a server of one's own may need none
    base_url            the API's address, up to and with `/v1`; any server that speaks it
    model               the model's name there
    business            what the business is, in a few words ("a nail salon in Almaty"): both prompts say it
    classify, answer    which of the two hooks is served
    classify_seconds    how long a classification may take, a second attempt included; the hook itself has 8 s
    answer_seconds      the same for an answer; the hook itself has 20 s, and the whole turn 45 s
    classify_tokens     most tokens that a classification may produce, thinking included
    answer_tokens       the same for an answer
    input_characters    most characters of data in a request: message, dialogue and sources; the prompt comes on top
    history_lines       lines of the dialogue that are shown to the model
    temperature         sent only when set: models that reason refuse it
    reasoning_effort    "auto" asks for "minimal" where the model is known to have it; "off" sends nothing
    retries             further attempts after a failure that may pass, if they fit into the time
    min_confidence      a classification below it is none
    passage_confidence  passages below it are not shown to the model
    reading             how many times as often the model says that a passage answers where it does as where it does not; 1: what
                        it says makes no passage surer
    cache_minutes       how long an answer is given again to the same first question of anybody; 0: never
    daily_tokens        tokens that the tenant may use in a day of its time zone, both ways together
    daily_money         money that it may spend in that day, in the currency of the prices; none: no such limit
    input_price         price of a million tokens that are sent
    output_price        price of a million tokens that are produced
    failures            so many failures within `failure_seconds` open the circuit
    failure_seconds     see `failures`
    open_seconds        how long it stays open before one request may try again
    language_names      what the prompts call a language, by its code
    """

    api_key: SecretStr | None = None
    base_url: str = OPENAI
    model: str = Field(default="gpt-5-mini", min_length=1)
    business: str = Field(default="", max_length=500)
    classify: bool = True
    answer: bool = True
    classify_seconds: float = Field(default=6, gt=0, le=7.5)
    answer_seconds: float = Field(default=12, gt=0, le=19)
    classify_tokens: int = Field(default=400, ge=50, le=4_000)
    answer_tokens: int = Field(default=1_200, ge=50, le=8_000)
    input_characters: int = Field(default=12_000, ge=1_000, le=100_000)
    history_lines: int = Field(default=8, ge=0, le=50)
    temperature: float | None = Field(default=None, ge=0, le=2)
    reasoning_effort: Literal["auto", "off", "none", "minimal", "low", "medium", "high"] = "auto"
    retries: int = Field(default=1, ge=0, le=2)
    min_confidence: float = Field(default=0.5, ge=0, le=1)
    passage_confidence: float = Field(default=0.02, ge=0, le=1)
    reading: float = Field(default=20, ge=1, le=1_000)
    cache_minutes: float = Field(default=60, ge=0, le=24 * 60)
    daily_tokens: int = Field(default=1_000_000, ge=1)
    daily_money: float | None = Field(default=None, gt=0)
    input_price: float | None = Field(default=None, ge=0)
    output_price: float | None = Field(default=None, ge=0)
    failures: int = Field(default=5, ge=1)
    failure_seconds: float = Field(default=60, gt=0)
    open_seconds: float = Field(default=30, gt=0)
    language_names: Mapping[str, str] = LANGUAGE_NAMES

    @field_validator("base_url")
    @classmethod
    def _an_http_address(cls, value: str) -> str:
        url = HttpUrl(value)
        if url.username is not None or url.password is not None:  # it would lie in the database in plain text
            raise ValueError("no user or password may stand in it: the key has its own setting, api_key")
        if url.query is not None or url.fragment is not None:
            raise ValueError("ends before ? and #: the paths of the API are added to it")
        return value.rstrip("/").removesuffix("/chat/completions")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.base_url == OPENAI and not self.api_key:
            raise ValueError('api_key is missing: give a reference such as "env:OPENAI_API_KEY"')
        if self.daily_money is not None and (self.input_price is None or self.output_price is None):
            raise ValueError("daily_money needs input_price and output_price, per million tokens")
        return self

    @property
    def key(self) -> str:
        """The key itself, "" if there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""

    @property
    def effort(self) -> str:
        """What is sent as `reasoning_effort`, "" if nothing is."""
        if self.reasoning_effort != "auto":
            return "" if self.reasoning_effort == "off" else self.reasoning_effort
        name, _, dated = self.model.partition("-20")  # gpt-5-mini-2025-08-07 is gpt-5-mini
        return "minimal" if name in _KNOW_MINIMAL and (not dated or dated[0].isdigit()) else ""

    def language_name(self, language: str) -> str:
        """What the prompts call `language`."""
        return self.language_names.get(language) or LANGUAGE_NAMES.get(language) or language
