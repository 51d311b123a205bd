"""A tenant's settings of this plugin."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, HttpUrl, StringConstraints, field_validator, model_validator

from truffles_gateway.plugin import SecretStr
from truffles_gateway.speech import SpeechSettings

OPENAI = "https://api.openai.com/v1"
Word = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^<>\r\n]+$")]


class OpenaiSpeechSettings(SpeechSettings):
    """Which model hears, what it is told beforehand, and what it may cost.

    api_key          the key, as a reference: `env:NAME` or `file:PATH`; only a server of one's own may need none
    base_url         the API's address, up to and with `/v1`; any server that speaks it
    model            the model's name there
    successor        the model that is asked once the server knows `model` no more; "" asks none
    language         the one language that is spoken; left out, the model finds out by itself
    words            names that a recogniser would not guess, such as services; the branches' names are told besides
    retries          further attempts after a failure that may pass, as long as there is time
    daily_minutes    minutes of speech in a day of the tenant's time zone
    failures         so many failures within `failure_seconds` open the circuit
    failure_seconds  see `failures`
    open_seconds     how long it stays open
    """

    api_key: SecretStr | None = None
    base_url: str = OPENAI
    model: str = Field(default="gpt-4o-mini-transcribe", min_length=1)
    successor: str = "gpt-transcribe"
    language: str = Field(default="", pattern=r"^([a-z]{2,3})?$")
    words: tuple[Word, ...] = Field(default=(), max_length=100)
    retries: int = Field(default=1, ge=0, le=2)
    daily_minutes: int = Field(default=300, ge=1)
    failures: int = Field(default=5, ge=1)
    failure_seconds: float = Field(default=60, gt=0)
    open_seconds: float = Field(default=30, gt=0)

    @field_validator("base_url")
    @classmethod
    def _an_http_address(cls, value: str) -> str:
        url = HttpUrl(value)
        if url.username is not None or url.password is not None:  # it would lie in the database in plain text
            raise ValueError("no user or password may stand in it: the key has its own setting, api_key")
        if url.query is not None or url.fragment is not None:
            raise ValueError("ends before ? and #: the paths of the API are added to it")
        return value.rstrip("/").removesuffix("/audio/transcriptions")

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.base_url == OPENAI and not self.api_key:
            raise ValueError('api_key is missing: give a reference such as "env:OPENAI_API_KEY"')
        return self

    @property
    def key(self) -> str:
        """The key itself, "" if there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""
