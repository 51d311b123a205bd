"""A tenant's settings of this plugin."""

from __future__ import annotations

from pydantic import Field, HttpUrl, field_validator

from truffles_gateway.plugin import PluginSettings, SecretStr


class Instance(PluginSettings):
    """A further WhatsApp number of the tenant; without a `token` of its own it shares the tenant's."""

    id: str = Field(min_length=1)
    token: SecretStr | None = None


class ChatFlowSettings(PluginSettings):
    """How to reach the ChatFlow API.

    base_url             the API's address, without `/api/v1`
    token                the account's token, as a reference: `env:NAME` or `file:PATH`
    instance_id          the number that answers where a row names none
    instances            further numbers
    timeout_seconds      how long to wait for the answer to a text
    media_timeout_seconds  the same for media, which ChatFlow fetches before it answers
    honours_msg_id       false if the API delivers a repeated `msg_id` again
    messages_per_second  limit over all processes; none if not set
    """

    base_url: str
    token: SecretStr
    instance_id: str = Field(min_length=1)
    instances: tuple[Instance, ...] = ()
    timeout_seconds: float = Field(default=20, gt=0, le=25)
    media_timeout_seconds: float = Field(default=60, gt=0, le=85)
    honours_msg_id: bool = True
    messages_per_second: float | None = Field(default=None, gt=0, le=1000)

    @field_validator("base_url")
    @classmethod
    def _an_http_address(cls, value: str) -> str:
        url = HttpUrl(value)
        if url.username is not None or url.password is not None:  # it would lie in the database in plain text
            raise ValueError("no user or password may stand in it: the token is the only secret of this API")
        if url.query is not None or url.fragment is not None:
            raise ValueError("ends before ? and #: the path of the API is added to it")
        return value.rstrip("/").removesuffix("/api/v1")

    def token_of(self, instance: str) -> str:
        """The token that sends for this number."""
        own = next((item.token for item in self.instances if item.id == instance), None)
        return (own or self.token).get_secret_value()

    def instance_ids(self) -> tuple[str, ...]:
        """All numbers of the tenant, the main one first."""
        return tuple(dict.fromkeys((self.instance_id, *(item.id for item in self.instances))))
