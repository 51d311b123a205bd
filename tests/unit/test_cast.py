"""A tenant's config on its way to the stage: nothing in it can reach anybody."""

from __future__ import annotations

from typing import Any

import pytest

from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.cast import DESK, PHONE, cast, stage_catalog
from truffles_gateway.plugin import Capabilities, Plugin


def plugin(name: str, channel: str = "", *, desk: bool = False, **more: Any) -> Plugin:
    return Plugin(
        name=name,
        version="1",
        create=lambda *_: object(),
        channel=channel,
        capabilities=Capabilities(desk=desk),
        **more,
    )


CATALOG = Catalog.of(
    plugin("phone", "whatsapp"), plugin("group", "telegram", desk=True), plugin("model", uses_model=True),
    plugin("facts", rehearsal=lambda settings: {**settings, "server": ""}),
)  # fmt: skip
RAW = {
    "slug": "salon", "name": "Salon", "mode": "approve", "webhook_secret": "env:S", "only_numbers": ["77000000001"],
    "connected_at": "2026-01-01T00:00:00Z", "status": "suspended",
    "plugins": [
        {"name": "facts", "settings": {"server": "http://qdrant", "per_part": 2}},
        {"name": "model", "settings": {"api_key": "env:K"}},
        {"name": "group", "settings": {"token": "env:T"}},
        {"name": "phone", "settings": {"token": "env:P"}},
    ],
    "branches": [{"slug": "a", "name": "A", "mode": "off", "telegram_chat_id": "-1"}, {"slug": "b", "name": "B", "instance_id": "7"}],
    "agents": [{"name": "Owner", "role": "owner", "phone": "77000000002", "identities": [{"channel": "telegram", "id": "1"}]}],
}  # fmt: skip


def names(config: Any) -> list[str]:
    return [each["name"] for each in config["plugins"]]


def test_wires_lose_their_secrets_and_everybody_is_answered() -> None:
    made = cast(RAW, CATALOG)
    assert made.channel == "whatsapp"
    assert names(made.config) == ["facts", "model", "group", "phone"]
    assert made.config["plugins"][2:] == [{"name": "group"}, {"name": "phone"}]
    assert made.config["plugins"][0]["settings"] == {"server": "", "per_part": 2}, "as its plugin rehearses"
    assert made.config["mode"] == "auto" and not made.config["csat"]["enabled"]
    assert not {"webhook_secret", "only_numbers", "connected_at", "status"} & made.config.keys()
    assert made.config["branches"] == [
        {"slug": "a", "name": "A", "instance_id": "eval-a"}, {"slug": "b", "name": "B", "instance_id": "7"},
    ]  # fmt: skip
    assert made.config["agents"] == [{"name": "Owner", "role": "owner"}]


def test_models_and_named_plugins_can_stay_away() -> None:
    assert names(cast(RAW, CATALOG, models=False).config) == ["facts", "group", "phone"]
    assert names(cast(RAW, CATALOG, without=["facts"]).config) == ["model", "group", "phone"]
    with pytest.raises(ConfigError, match="does not use nobody"):
        cast(RAW, CATALOG, without=["nobody"])


def test_who_has_no_phone_or_desk_gets_one() -> None:
    made = cast({"slug": "s", "name": "S", "plugins": [{"name": "facts"}]}, CATALOG)
    assert names(made.config) == ["facts", PHONE, DESK] and made.channel == PHONE
    with_desk = cast({"slug": "s", "name": "S", "plugins": [{"name": "group"}]}, CATALOG)
    assert names(with_desk.config) == ["group", PHONE], "a desk's own channel is not where customers are asked"


def test_files_of_the_stage_stay_in_its_own_database() -> None:
    media = {"storage_dir": "/srv/files", "ttl_days": 3, "allow_photo": False}
    assert cast({**RAW, "media": media}, CATALOG).config["media"] == {"ttl_days": 3, "allow_photo": False}
    assert cast(RAW, CATALOG).config["media"] == {}


def test_no_wire_is_made_on_stage() -> None:
    made = stage_catalog(CATALOG)
    assert made.get("phone").create is not CATALOG.get("phone").create
    assert made.get("group").implements == ("deliver", "escalate") and made.get("phone").implements == ("deliver",)
    assert made.get("facts") is CATALOG.get("facts")


def test_the_installed_plugins_say_what_they_are() -> None:
    installed = Catalog.scan()
    assert installed.get("llm_openai").uses_model
    assert installed.get("rag_qdrant").rehearsal(
        {"qdrant_url": "http://x", "qdrant_api_key": "env:K", "per_part": 2}
    ) == {"per_part": 2}
