"""A tenant's config is checked word by word, and its plugins are registered in its order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from truffles_gateway.calls import first
from truffles_gateway.catalog import Catalog
from truffles_gateway.messages import Inbound, Route, Verdict
from truffles_gateway.plugin import Plugin, PluginSettings, Resources, SecretStr, hookimpl
from truffles_gateway.secret_refs import Secrets
from truffles_gateway.tenants import BadConfig, Draft, build, check, draft

SECRETS = Secrets({"TOKEN": "t0ken\n", "HOOK": "hush", "EMPTY": ""})


class Settings(PluginSettings):
    token: SecretStr
    pause: float = 1.0
    more: tuple[SecretStr, ...] = ()
    named: Mapping[str, SecretStr] = {}
    optional: SecretStr = SecretStr("")


class Says:
    """Classifies everything with its own name."""

    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False

    @hookimpl
    def classify(self) -> Verdict:
        return Verdict(route=Route.ANSWER, why=self.name)

    async def close(self) -> None:
        self.closed = True


def says(name: str, **more: Any) -> Plugin:
    return Plugin(name=name, version="1", create=lambda settings, resources: Says(name), **more)


class Wrapping:
    @hookimpl(wrapper=True)
    def classify(self) -> Any:
        return (yield)


class Misfit:
    @hookimpl
    def clasify(self) -> None: ...


class Greedy:
    @hookimpl
    def classify(self, everything: Any) -> None: ...


def making(name: str, kind: type) -> Plugin:
    return Plugin(name=name, version="1", create=lambda settings, resources: kind())


def failing(settings: object, resources: object) -> object:
    raise RuntimeError("no model")


CATALOG = Catalog.of(
    says("alpha"),
    says("beta"),
    says("whatsapp_a", channel="whatsapp"),
    says("whatsapp_b", channel="whatsapp"),
    says("secretive", settings=Settings),
    Plugin(name="silent", version="1", create=lambda settings, resources: object()),
    making("wrapping", Wrapping),
    making("misfit", Misfit),
    making("greedy", Greedy),
    Plugin(name="failing", version="1", create=failing),
)


def resources(plan: Draft, plugin: Plugin) -> Resources:
    return cast("Resources", None)


def config(*plugins: str | tuple[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    chosen = [{"name": p} if isinstance(p, str) else {"name": p[0], "settings": p[1]} for p in plugins]
    return {"slug": "salon", "name": "Salon", "plugins": chosen, **more}


async def test_config_order_is_call_order() -> None:
    for order in (("alpha", "beta"), ("beta", "alpha")):
        tenant = await build(draft(config(*order), CATALOG, SECRETS), resources)
        result = await first(tenant.hooks, "classify", lambda fault: None, message=Inbound(text="", events=()))
        assert result.value.why == order[0]


async def test_closing_a_tenant_closes_its_plugins() -> None:
    tenant = await build(draft(config("alpha", "silent"), CATALOG, SECRETS), resources)
    await tenant.close()
    assert cast("Says", tenant.objects["alpha"]).closed


async def test_a_new_tenant_asks_first_and_without_a_desk_says_nothing() -> None:
    plan = draft(config(), CATALOG, SECRETS)
    assert plan.config.mode == "approve"
    assert (await build(plan, resources)).mode() == "shadow"


def test_secrets_are_filled_in_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n")
    given = {"token": "env:TOKEN", "more": [f"file:{tmp_path / 'key'}"], "named": {"a": "env:HOOK"}}
    plan = draft(config(("secretive", given), webhook_secret="env:HOOK"), CATALOG, SECRETS)
    settings = plan.used["secretive"].settings
    assert settings.token.get_secret_value() == "t0ken"
    assert [each.get_secret_value() for each in settings.more] == ["from file"]
    assert settings.named["a"].get_secret_value() == "hush"
    assert (settings.optional.get_secret_value(), plan.secret) == ("", "hush")


@pytest.mark.parametrize(
    ("raw", "where", "says"),
    [
        (config(modee="auto"), "modee", 'unknown key. Did you mean "mode"?'),
        (config(timing={"compleet": 1}), "timing.compleet", 'Did you mean "complete"?'),
        (config(branches=[{"slug": "a", "name": "A", "instance": "1"}]), "branches[0].instance", '"instance_id"'),
        (
            config(mode="approve"),
            "mode",
            '"approve" needs a desk at which drafts can wait. Add a plugin that is a desk',
        ),
        (config(branches=[{"slug": "a", "name": "A", "mode": "approve"}]), "branches[0].mode", 'or write "shadow"'),
        (config(mode="on"), "mode", "must be one of auto, approve, shadow, off"),
        (config(timezone="Asia/Almati"), "timezone", 'Did you mean "Asia/Almaty"?'),
        (config(timezone="Asia/Karaganda"), "timezone", "no such time zone. Write one like Asia/Almaty"),
        (config(texts=[]), "texts", "must be a table: keys with their values"),
        (config(branches="north"), "branches", "must be a list"),
        (config(languages=["de"]), "languages[0]", "must be one of ru, kk, en"),
        (config(languages=[]), "languages", "at least one language"),
        (config(thresholds={"answer": 0.9, "sure": 0.5}), "thresholds", "answer must not be greater"),
        (config(webhook_secret="hunter2"), "webhook_secret", "env:NAME or file:PATH"),
        (config(webhook_secret="env:NOPE"), "webhook_secret", "env:NOPE cannot be read"),
        (config(webhook_secret="env:EMPTY"), "webhook_secret", "is empty"),
        (config(webhook_secret="file:/nowhere/x"), "webhook_secret", "No such file"),
        (config(("secretive", {})), "plugins.secretive.token", "is missing"),
        (config(("secretive", {"token": "hunter2"})), "plugins.secretive.token", "plain text"),
        (config(("secretive", {"token": "file:/dev/zero"})), "plugins.secretive.token", "not a regular file"),
        (config(("secretive", {"token": "env:TOKEN", "pauze": 1})), "plugins.secretive.pauze", '"pause"'),
        (config(("secretive", {"token": "env:TOKEN", "pause": "x"})), "plugins.secretive.pause", "valid number"),
        (config("alfa"), "plugins[0]", 'Did you mean "alpha"?'),
        (config("nothing_like_it"), "plugins[0]", "pip install truffles-nothing-like-it"),
        (config("alpha", "alpha"), "plugins", '"alpha" stands here 2 times'),
        (config("whatsapp_a", "whatsapp_b"), "plugins", "both deliver on channel whatsapp"),
        (config("wrapping"), "plugins.wrapping", "classify is a hook wrapper"),
        (config("misfit"), "plugins.misfit", "does not fit the hooks"),
        (config("greedy"), "plugins.greedy", "does not fit the hooks"),
        (config("failing"), "plugins.failing", "no model"),
        (
            config(branching={"mode": "ask_user"}, branches=[{"slug": "a", "name": "A"}]),
            "branching.mode",
            "choose from",
        ),
        (config(branching={"require_branch_for_pricing": True}), "branching.require_branch_for_pricing", "no branch"),
        (config(agents=[{"name": "A", "role": "boss"}]), "agents[0].role", "one of owner, admin, manager, support"),
        (config(agents=[{"name": "A", "role": "hunter2"}]), "agents[0].role", "one of owner"),
        (config(mode="Aprove"), "mode", 'shadow, off. Did you mean "approve"?'),
        (config(branching={"mode": "askuser"}), "branching.mode", 'hybrid. Did you mean "ask_user"?'),
        (config(mode=7), "mode", "must be one of auto, approve, shadow, off"),
        (config(agents=[{"name": "A", "role": "owner", "branch": "x"}]), "agents[0].branch", 'no branch "x"'),
        (
            config(agents=[{"name": "A", "role": "owner", "identities": [{"channel": "telegram"}]}]),
            "agents[0].identities[0]",
            "an id or a username",
        ),
        (config(name="a\0b"), "name", "cannot be stored"),
        (config(media={"x": float("nan")}), "media.x", "is not a number"),
        (config(texts={"ru": {"greting": "hi"}}), "texts.ru.greting", "unknown key"),
        (config(prompts={"answer": "{% if %}"}), "prompts.answer", "line 1"),
        ({"slug": "Salon!", "name": "x"}, "slug", "match pattern"),
        ({"name": "x"}, "slug", "is missing"),
    ],
)
async def test_what_is_wrong_names_tenant_key_and_cure(raw: dict[str, Any], where: str, says: str) -> None:
    (problem,) = await check(raw, CATALOG, SECRETS, resources)
    text = str(problem)
    assert where in text
    assert says in text
    assert "hunter2" not in text
    assert problem.tenant == raw.get("slug", "")


async def test_all_problems_are_named_at_once() -> None:
    raw = config("alfa", ("secretive", {"token": "env:NOPE"}), "whatsapp_a", "whatsapp_b", webhook_secret="plain")
    assert len(await check(raw, CATALOG, SECRETS)) == 4


async def test_what_was_made_is_closed_when_the_rest_fails() -> None:
    made: list[Says] = []

    def create(settings: object, resources: object) -> Says:
        made.append(Says("made"))
        return made[0]

    catalog = Catalog.of(Plugin(name="made", version="1", create=create), CATALOG.get("failing"))
    with pytest.raises(BadConfig, match="failing"):
        await build(draft(config("made", "failing"), catalog, SECRETS), resources)
    assert made[0].closed


def test_numbers_are_compared_as_digits() -> None:
    plan = draft(config(only_numbers=["+7 (700) 000-00-01", 77000000002]), CATALOG, SECRETS)
    assert plan.config.only_numbers == ("77000000001", "77000000002")


async def test_branches_that_customers_could_not_tell_apart_are_named_where_they_would_be_asked() -> None:
    twins = [{"slug": "a", "name": "Центр"}, {"slug": "b", "name": "Север", "aliases": ["в центре"]}]
    found = await check(config(branching={"mode": "hybrid"}, branches=twins), CATALOG, SECRETS, resources)
    assert [str(each).partition(". ")[0] for each in found] == [
        'salon: branches[0]: "Центр" does not tell it from the other branches',
        'salon: branches[1]: "в центре" does not tell it from the other branches',
    ]
    assert await check(config(branches=twins), CATALOG, SECRETS, resources) == []


async def test_branches_by_instance_and_their_mode() -> None:
    branches = [{"slug": "a", "name": "A", "instance_id": "i1", "mode": "auto"}, {"slug": "b", "name": "B"}]
    tenant = await build(draft(config(branches=branches), CATALOG, SECRETS), resources)
    found = tenant.branch_for_instance("i1")
    assert found
    assert found.slug == "a"
    assert tenant.branch_for_instance("") is None
    assert (tenant.mode("a"), tenant.mode("b"), tenant.mode()) == ("auto", "shadow", "shadow")


def test_the_promise_to_a_human_may_be_longer_and_not_shorter() -> None:
    """Ten attempts over 76 hours are what a manager can rely on, whatever else a tenant sets."""
    for steps in ([86400.0] * 8, [60.0] * 20, [], [-1.0] + [86400.0] * 9):
        with pytest.raises(BadConfig, match=r"outbox.human_retry_seconds"):
            draft(config(outbox={"human_retry_seconds": steps}), CATALOG, SECRETS)
    assert (
        len(
            draft(
                config(outbox={"human_retry_seconds": [86400.0] * 9}), CATALOG, SECRETS
            ).config.outbox.human_retry_seconds
        )
        == 9
    )


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("outbox", "reply_retry_seconds", []), ("outbox", "hold_seconds", 0), ("outbox", "reply_minutes", -1),
        ("outbox", "callback_seconds", 0), ("outbox", "retry", 1), ("circuit", "failures", 0),
        ("circuit", "window_seconds", 0), ("circuit", "probe_seconds", 0),
    ],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_named(part: str, key: str, value: object) -> None:
    with pytest.raises(BadConfig, match=rf"{part}\.{key}"):
        draft(config(**{part: {key: value}}), CATALOG, SECRETS)
