"""A tenant's settings of this plugin."""

from __future__ import annotations

from pydantic import Field, HttpUrl, field_validator

from truffles_gateway.plugin import PluginSettings, SecretStr


class TelegramSettings(PluginSettings):
    """How to reach the tenant's bot and its managers.

    token           the bot's token from @BotFather, as a reference: `env:NAME` or `file:PATH`
    webhook_secret  what Telegram repeats in each webhook's header; 1 to 256 of A-Z, a-z, 0-9, _ and -
    chat_id         the managers' forum group; a branch's own group (`telegram_chat_id`, or /connect) comes before it, one that
                    /connect bound for the whole business after it
    base_url        the Bot API's address: a local Bot API server or a simulator may take its place
    username        the bot's name without @; `check` says so when the token belongs to another bot
    timeout_seconds, media_timeout_seconds  how long to wait for an answer, and for one to an upload
    """

    token: SecretStr
    webhook_secret: SecretStr
    chat_id: str = Field(default="", pattern=r"^(-?[0-9]{1,20})?$", coerce_numbers_to_str=True)
    base_url: str = "https://api.telegram.org"
    username: str = ""
    timeout_seconds: float = Field(default=15, gt=0, le=25)
    media_timeout_seconds: float = Field(default=60, gt=0, le=80)

    @field_validator("base_url")
    @classmethod
    def _an_http_address(cls, value: str) -> str:
        url = HttpUrl(value)
        if url.username is not None or url.password is not None or url.query is not None or url.fragment is not None:
            raise ValueError("only scheme, host and path: the bot's token is added to it")
        return value.rstrip("/")
