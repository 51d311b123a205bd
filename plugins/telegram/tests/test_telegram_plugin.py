"""The manifest, the settings, and what `truffles telegram …` says."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import pytest
from pydantic import ValidationError
from truffles_telegram.plugin import plugin
from truffles_telegram.settings import TelegramSettings
from truffles_telegram.simulator import Simulator

from truffles_gateway.errors import ConfigError
from truffles_gateway.testing import conforms

GROUP, SECRET = -1001, "secret-of-tests"
BenchOf = Callable[..., Any]


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "telegram"]
    assert found.load() is plugin


@pytest.mark.asyncio
async def test_it_conforms(bench: Any) -> None:
    assert conforms(plugin, bench.hooks) == []


@pytest.mark.parametrize(
    "wrong",
    [{"chat_id": "salon"}, {"base_url": "ftp://x"}, {"base_url": "https://user:pw@x"}, {"webhook_secret": None},
     {"tokn": "x"}, {"timeout_seconds": 0}],
)  # fmt: skip
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TelegramSettings.model_validate({"token": "t", "webhook_secret": "s"} | wrong)


def test_settings_are_forgiving_where_they_can_be() -> None:
    settings = TelegramSettings.model_validate(
        {"token": "t", "webhook_secret": "s", "chat_id": -1001, "base_url": "https://api.example.org/"}
    )
    assert (settings.chat_id, settings.base_url) == ("-1001", "https://api.example.org")
    assert "'t'" not in repr(settings)


@pytest.mark.asyncio
async def test_set_webhook_registers_and_says_that_all_is_well(bench_of: BenchOf, telegram: Simulator) -> None:
    hooks = bench_of(public_url="https://bot.example.kz/", settings={"username": "@Truffles_bot"}).hooks
    assert await plugin.actions["set-webhook"](hooks) == [
        "bot: @truffles_bot",
        "webhook: registered at https://bot.example.kz/telegram-webhook/test",
        "group -1001 (Салон): forum, bot is admin with all rights",
    ]
    assert telegram.methods.webhook == {
        "url": "https://bot.example.kz/telegram-webhook/test", "secret_token": SECRET,
        "allowed_updates": ["message", "edited_message", "callback_query"],
    }  # fmt: skip
    assert "0 updates waiting" in (await plugin.actions["check"](hooks))[1]


@pytest.mark.asyncio
async def test_what_is_missing_is_named_with_its_cure(bench_of: BenchOf, telegram: Simulator) -> None:
    hooks = bench_of(public_url="https://bot.example.kz", desk_chats={"north": "-1002", "south": "-1003"}).hooks
    telegram.group(GROUP).rights |= {"can_pin_messages": False, "can_manage_topics": False}
    telegram.group(-1002, "Север", forum=False, status="member", username="salon_sever")
    said = "\n".join(await plugin.actions["check"](hooks))
    assert "webhook: is not registered. Cure: truffles telegram set-webhook test" in said
    assert "group -1001 (Салон): the bot lacks Manage Topics" in said and "the bot lacks Pin Messages" in said
    assert "lacks Delete Messages" not in said.split("Север")[0]
    assert "Север): is public (@salon_sever)" in said and "Cure: group settings, Group type, Private" in said
    assert "Север): is no forum. Cure: group settings, switch Topics on" in said and "the bot is no admin" in said
    assert "group -1003: Telegram 400: Bad Request: chat not found" in said


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "Set PUBLIC_URL"),
        ({"public_url": "https://x", "settings": {"token": "1:wrong"}}, "Get the token from @BotFather"),
        ({"public_url": "https://x", "settings": {"webhook_secret": "ключ"}}, "Use 1 to 256 of"),
        ({"public_url": "https://x", "settings": {"username": "other_bot"}}, "Write the token of @other_bot"),
    ],
)
async def test_what_keeps_the_webhook_from_being_registered(
    bench_of: BenchOf, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as wrong:
        await plugin.actions["set-webhook"](bench_of(**more).hooks)
    assert words in str(wrong.value) and "1:wrong" not in str(wrong.value)


@pytest.mark.asyncio
async def test_no_group_yet(bench_of: BenchOf) -> None:
    hooks = bench_of(settings={"chat_id": ""}, public_url="https://bot.example.kz").hooks
    assert "truffles tenants code test" in (await plugin.actions["set-webhook"](hooks))[-1]
    with pytest.raises(ConfigError, match="no managers' group is set") as missing:
        await plugin.actions["check"](hooks)
    for cure in ("`truffles tenants code test`", "chat_id of the plugin", "telegram_chat_id of a branch"):
        assert cure in str(missing.value)
    assert missing.value.__notes__[0] == "bot: @truffles_bot", "what is in order is said all the same"


@pytest.mark.asyncio
async def test_check_says_which_group_serves_which_branch(bench_of: BenchOf, telegram: Simulator) -> None:
    telegram.group(-1002, "Север")
    branches = {"north": "Абая 1", "south": "Достык 5"}
    said = await plugin.actions["check"](bench_of(desk_chats={"north": "-1002"}, branches=branches).hooks)
    assert said[-2:] == [
        "branch Абая 1: group -1002 (Север)",
        "branch Достык 5: no group of its own, its customers go to group -1001 (Салон)",
    ]
    without = bench_of(settings={"chat_id": ""}, desk_chats={"north": "-1002"}, branches=branches).hooks
    assert (await plugin.actions["check"](without))[-1].endswith("its customers go to group -1002 (Север)")
