"""What a tenant may write, and what it is told when that is wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from truffles_media.plugin import Media, plugin
from truffles_media.settings import MB, MediaSettings, overlaid

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Content
from truffles_gateway.testing import conforms, make_resources


def test_the_defaults_are_those_of_the_specification() -> None:
    settings = MediaSettings()
    assert [settings.largest(each) // MB for each in (Content.IMAGE, Content.AUDIO, Content.DOCUMENT)] == [8, 8, 10]
    rate = settings.rate_limit
    assert (rate.count, rate.window_seconds, rate.daily_count, rate.bytes_mb, rate.block_seconds) == (
        5,
        600,
        20,
        30,
        900,
    )
    assert settings.allowed_hosts == ("app.chatflow.kz",)
    assert not settings.allows(Content.VIDEO)


def test_the_tenants_table_lies_over_the_plugins_settings_key_by_key() -> None:
    under = MediaSettings.model_validate({"max_size_mb": {"photo": 4, "audio": 3}, "allow_audio": False})
    both = overlaid(under, {"max_size_mb": {"photo": 2}, "allowed_hosts": ["CDN.example.kz"]}, tenant="shop")
    assert (both.max_size_mb.photo, both.max_size_mb.audio, both.max_size_mb.document) == (2, 3, 10)
    assert (both.allow_audio, both.allowed_hosts) == (False, ("cdn.example.kz",))


@pytest.mark.parametrize(
    ("table", "where", "says"),
    [
        ({"allow_foto": True}, "media.allow_foto", 'Did you mean "allow_photo"?'),
        ({"max_size_mb": {"picture": 1}}, "media.max_size_mb.picture", "Known here: photo, audio, document"),
        ({"max_size_mb": {"photo": 0}}, "media.max_size_mb.photo", "greater than 0"),
        ({"max_size_mb": {"photo": 51}}, "media.max_size_mb.photo", "less than or equal to 50"),
        ({"max_size_mb": {"photo": float("nan")}}, "media.max_size_mb.photo", "less than or equal to 50"),
        ({"max_size_mb": 8}, "media.max_size_mb", "valid dictionary"),
        ({"rate_limit": {"count": 0}}, "media.rate_limit.count", "greater than or equal to 1"),
        ({"rate_limit": {"block_seconds": -1}}, "media.rate_limit.block_seconds", "greater than or equal to 0"),
        ({"rate_limit": {"bytes_mb": 5}}, "media", "could never pass. Raise the one or lower the other"),
        ({"allowed_hosts": ["https://app.chatflow.kz/"]}, "media.allowed_hosts.0", "Write the name alone"),
        ({"allowed_hosts": ["127.0.0.1"]}, "media.allowed_hosts.0", "is no host name"),
        ({"allowed_hosts": ["localhost"]}, "media.allowed_hosts.0", "is no host name"),
        ({"allowed_hosts": ["[::1]"]}, "media.allowed_hosts.0", "is no host name"),
        ({"allowed_hosts": ["*.chatflow.kz"]}, "media.allowed_hosts.0", "is no host name"),
        ({"allowed_hosts": [7]}, "media.allowed_hosts.0", "valid string"),
        ({"enabled": "perhaps"}, "media.enabled", "valid boolean"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(table: dict[str, Any], where: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overlaid(MediaSettings(), table, tenant="shop")
    assert (caught.value.tenant, caught.value.where) == ("shop", where)
    assert says in str(caught.value)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        overlaid(MediaSettings(), {"allow_foto": True, "rate_limit": {"count": 0}}, tenant="shop")
    assert "media.allow_foto" in str(caught.value)
    assert "media.rate_limit.count" in str(caught.value)


def test_the_plugin_keeps_the_rules_of_the_house(http: httpx.AsyncClient) -> None:
    assert conforms(plugin, Media(MediaSettings(), make_resources(plugin, http))) == []


def test_create_refuses_a_bad_table(http: httpx.AsyncClient) -> None:
    with pytest.raises(ConfigError, match=r"media\.allow_foto"):
        plugin.create(MediaSettings(), make_resources(plugin, http, media={"allow_foto": True}))


def test_keys_of_the_gateway_have_no_effect_in_the_plugins_settings(http: httpx.AsyncClient) -> None:
    """An older config may have one there: it is named, and the tenant is served."""
    with capture_logs() as logged:
        Media(MediaSettings(storage_dir="/var/media", allow_photo=False), make_resources(plugin, http))
        Media(MediaSettings(), make_resources(plugin, http, media={"storage_dir": "/var/media"}))
    assert [(each["key"], each["cure"]) for each in logged] == [("storage_dir", "Write it under [media]")]
