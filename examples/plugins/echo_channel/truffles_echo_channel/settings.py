"""What a tenant says about the channel."""

from truffles_gateway.plugin import PluginSettings, SecretStr


class EchoSettings(PluginSettings):
    """Where replies are posted, and the token that is sent with them, as a reference."""

    url: str
    token: SecretStr
