"""A tenant's config → its own plugin manager, settings, texts and secrets: one frozen object, built whole.

A tenant is never changed. When its config changes, another one is built and put in its place (`registry.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pluggy
from pydantic import ValidationError

from truffles_gateway import hookspecs
from truffles_gateway.calls import Hooks
from truffles_gateway.catalog import Catalog
from truffles_gateway.clock import Clock, SystemClock
from truffles_gateway.config_problems import explain
from truffles_gateway.errors import ConfigError, PluginError
from truffles_gateway.files import ChannelFiles
from truffles_gateway.overrides import Override
from truffles_gateway.plugin import (
    Closing,
    Denying,
    Door,
    FileGuard,
    KnowledgeWriter,
    Plugin,
    Remarking,
    Resources,
    Teller,
    Typist,
    Warming,
)
from truffles_gateway.prompts import Prompts, variables
from truffles_gateway.secret_refs import Secrets
from truffles_gateway.tenant_config import Branch, TenantConfig, read
from truffles_gateway.texts import HOST_LANGUAGES, Catalogue
from truffles_gateway.threads import Threads

MakeResources = Callable[["Draft", Plugin], Resources]
"""Makes what the host hands to one plugin of one tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A plugin as one tenant uses it: its manifest and the tenant's settings, secrets filled in."""

    plugin: Plugin
    settings: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A checked config with everything that does not need the plugins' own code to run. What the database knows of
    the tenant (the first five fields) is added by the registry. `files` and `made` fill while the plugins are made."""

    id: str = ""
    version: int = 0
    branch_ids: Mapping[str, str] = field(default_factory=dict)
    branch_times: Mapping[str, datetime] = field(default_factory=dict)
    created_at: datetime | None = None
    config: TenantConfig
    used: Mapping[str, Used]
    secret: str | None = field(repr=False)
    texts: Catalogue = field(repr=False)
    prompts: Prompts
    older_chat: str = ""
    older_owner: str = ""
    bound_chats: Mapping[str, str] = field(default_factory=dict)
    used_chats: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    files: ChannelFiles = field(default_factory=ChannelFiles)
    made: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def desks(self) -> tuple[str, ...]:
        """The channels at which managers work."""
        return tuple(each.plugin.channel for each in self.used.values() if each.plugin.capabilities.desk)

    @property
    def desk_chats(self) -> dict[str, str]:
        """The managers' group by branch, in the config's order: as the config has it, else as a code bound it. Under "" that
        of the tenant: older deployments keep it in `client_settings`."""
        own = {each.slug: each.telegram_chat_id for each in self.config.branches if each.telegram_chat_id}
        found = {"": self.older_chat, **self.bound_chats, **own}
        return {at: found[at] for at in ("", *(each.slug for each in self.config.branches)) if found.get(at)}

    @property
    def former_chats(self) -> frozenset[str]:
        """Groups that were desks, and are in none of these places any more."""
        return self.used_chats - set(self.desk_chats.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """The doors of a tenant that cannot be served: who could prove who they are shall send again later.

    `readable` is False where not even its secret can be found out.
    """

    slug: str
    plugins: frozenset[str] = frozenset()
    secret: str | None = field(default=None, repr=False)
    open: bool = False
    readable: bool = False

    def door(self) -> Door:
        """What an ingress may know: the settings of its plugin may be what is wrong."""
        return Door(tenant=self.slug, secret=self.secret, open=self.open, settings=None)


class BadConfig(ConfigError):
    """A tenant's config cannot be used; `problems` has all of what is wrong."""

    def __init__(self, slug: str, problems: list[ConfigError]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem).removeprefix(f"{slug}: ") for problem in problems), tenant=slug)


SKEW = timedelta(minutes=5)
"""How much the clocks of a phone and of the gateway may differ."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One business, ready to serve. `branch_ids` are the database's, by slug; `used` is in config order.

    `branch_times` say when each branch was first applied, `created_at` when the tenant was.
    """

    id: str
    slug: str
    version: int
    config: TenantConfig
    used: Mapping[str, Used]
    objects: Mapping[str, object]
    hooks: Hooks
    texts: Catalogue
    prompts: Prompts
    secret: str | None = field(repr=False)
    branch_ids: Mapping[str, str] = field(default_factory=dict)
    branch_times: Mapping[str, datetime] = field(default_factory=dict)
    created_at: datetime | None = None
    desk_chats: Mapping[str, str] = field(default_factory=dict)
    former_chats: frozenset[str] = frozenset()
    older_owner: str = ""
    overrides: tuple[Override, ...] = ()

    @property
    def suspended(self) -> bool:
        """Its messages are accepted and ignored."""
        return self.config.status == "suspended"

    def owner_of(self, channel: str) -> Used | None:
        """The plugin that delivers on `channel`."""
        return next((each for each in self.used.values() if each.plugin.channel == channel), None)

    def typist(self, channel: str) -> Typist | None:
        """What can show on `channel` that somebody writes, None if nothing can."""
        for name, each in self.used.items():
            made = self.objects[name]
            if each.plugin.channel == channel and each.plugin.capabilities.typing and isinstance(made, Typist):
                return made
        return None

    def tellers(self) -> list[Teller]:
        """The plugins that have facts of their own, and words for each customer."""
        return [made for made in self.objects.values() if isinstance(made, Teller)]

    def denying(self) -> Mapping[str, Denying]:
        """Those that know to which words their facts are no answer, by name."""
        return {name: made for name, made in self.objects.items() if isinstance(made, Denying)}

    def door(self, plugin: str) -> Door:
        """What the ingress of `plugin` may know."""
        return Door(
            tenant=self.slug,
            secret=self.secret,
            open=self.config.accept_webhooks_without_secret,
            settings=self.used[plugin].settings if plugin in self.used else None,
            desk_chats=self.desk_chats,
            former_chats=self.former_chats,
        )

    def branch_for_instance(self, instance: str) -> Branch | None:
        """The branch that owns a number or bot."""
        return next((each for each in self.config.branches if instance and each.instance_id == instance), None)

    def has_instance(self, channel: str, instance: str) -> bool:
        """Is it a number or bot of this tenant? Where its plugin does not name them, any may be."""
        used = self.owner_of(channel)
        named = set(used.plugin.instances(used.settings)) if used else set()
        return bool(instance) and (not named or instance in named or self.branch_for_instance(instance) is not None)

    def connected_at(self, branch: Branch | None) -> datetime | None:
        """Since when messages to the instance of `branch` are questions and not history. A branch that came later than
        the tenant was connected when it came."""
        if branch and branch.connected_at:
            return branch.connected_at
        whole = self.config.connected_at or self.created_at
        came = self.branch_times.get(branch.slug) if branch else None
        later = came is not None and self.created_at is not None and came > self.created_at
        return max(filter(None, (whole, came))) if later else whole

    def is_history(self, branch: Branch | None, written: datetime) -> bool:
        """Was it written before the instance of `branch` was connected? A phone that synchronises sends such messages."""
        connected = self.connected_at(branch)
        return connected is not None and written < connected - SKEW

    def branch(self, slug: str) -> Branch | None:
        """The branch `slug`."""
        return next((each for each in self.config.branches if each.slug == slug), None)

    def branch_with_id(self, id: str) -> Branch | None:
        """The branch whose row has this id."""
        return next((each for each in self.config.branches if id and self.branch_ids.get(each.slug) == id), None)

    def mode(self, branch: str = "") -> str:
        """ "auto", "approve", "shadow" or "off", at a branch or in general. Where there is no desk, nobody could let a draft
        go: what was not set otherwise only records."""
        found = self.branch(branch)
        mode = (found.mode if found else None) or self.config.mode
        has_desk = any(each.plugin.capabilities.desk for each in self.used.values())
        return "shadow" if mode == "approve" and not has_desk else mode

    def file_guard(self) -> tuple[str, FileGuard] | None:
        """The plugin that decides which files are taken, by name; None where nobody does."""
        return next(((name, each) for name, each in self.objects.items() if isinstance(each, FileGuard)), None)

    def knowledge_writers(self) -> dict[str, KnowledgeWriter]:
        """Its plugins that can be asked to sync files and whether their stores can be reached."""
        return {name: each for name, each in self.objects.items() if isinstance(each, KnowledgeWriter)}

    async def warm_up(self, seconds: float) -> list[str]:
        """Let plugins load what their first call would wait for; returns what went wrong with that."""
        problems = []
        for name, each in self.objects.items():
            try:
                async with asyncio.timeout(seconds):
                    await each.warm_up() if isinstance(each, Warming) else None
            except Exception as problem:  # noqa: BLE001 - a plugin's own code; its first call will try again
                problems.append(f"{name}: {problem!r}")
        return problems

    async def close(self) -> list[str]:
        """Let every plugin go; returns what went wrong with that."""
        return await close_all(self.objects)


def draft(raw: Mapping[str, Any], catalog: Catalog, secrets: Secrets) -> Draft:
    """Check a config without running plugin code. Raises `BadConfig` with every problem."""
    config, problems = read(raw)
    if config is None:
        raise BadConfig(str(raw.get("slug", "")), problems)
    used: dict[str, Used] = {}
    for index, choice in enumerate(config.plugins):
        try:
            plugin = catalog.get(choice.name)
        except PluginError as problem:
            problems.append(ConfigError(str(problem), tenant=config.slug, where=f"plugins[{index}]"))
            continue
        settings, wrong = _settings(plugin, choice.settings, secrets, config.slug)
        problems += wrong
        used[choice.name] = Used(plugin=plugin, settings=settings)
    problems += _channel_clashes(config.slug, used)
    if len(used) == len(config.plugins) and not any(each.plugin.capabilities.desk for each in used.values()):
        problems += _nobody_approves(config)
    secret = None
    try:
        if config.webhook_secret:
            secret = secrets.resolve(config.webhook_secret, tenant=config.slug, where="webhook_secret")
    except ConfigError as problem:
        problems.append(problem)
    texts = Catalogue(config.languages, plugins=[each.plugin.catalogue for each in used.values()], tenant=config.texts)
    prompts = Prompts(config.prompts)
    known = _variables(used)
    problems += _unread(config)
    problems += [ConfigError(line, tenant=config.slug) for line in (*texts.check(), *prompts.check(known))]
    if problems:
        raise BadConfig(config.slug, problems)
    return Draft(config=config, used=used, secret=secret, texts=texts, prompts=prompts)


def _nobody_approves(config: TenantConfig) -> list[ConfigError]:
    """Where drafts would wait at a desk that this tenant does not have. The default asks for none."""
    asked = {"mode": config.mode} if "mode" in config.model_fields_set else {}
    asked |= {f"branches[{index}].mode": each.mode for index, each in enumerate(config.branches) if each.mode}
    cure = 'Add a plugin that is a desk (telegram, desk_log), or write "shadow"'
    return [
        ConfigError('"approve" needs a desk at which drafts can wait', tenant=config.slug, where=where, cure=cure)
        for where, mode in asked.items()
        if mode == "approve"
    ]


def _unread(config: TenantConfig) -> list[ConfigError]:
    """Texts in languages that no tenant speaks: customers are answered in one of its own."""
    cure = f"Nobody would read it. Known here: {', '.join(HOST_LANGUAGES)}"
    return [
        ConfigError("unknown language", tenant=config.slug, where=f"texts.{language}", cure=cure)
        for language in config.texts
        if language not in HOST_LANGUAGES
    ]


def shut(slug: str, configs: Sequence[Mapping[str, Any]], secrets: Secrets) -> Shut:
    """The doors of a tenant whose configs are all bad: those of the first whose secret can be read all the same."""
    lists = [raw.get("plugins") for raw in configs]
    named = [each.get("name") for found in lists if isinstance(found, list) for each in found if isinstance(each, dict)]
    plugins = frozenset(name for name in named if isinstance(name, str))
    for raw in filter(None, configs):
        reference, is_open = raw.get("webhook_secret", ""), raw.get("accept_webhooks_without_secret") is True
        try:
            secret = secrets.resolve(reference, tenant=slug, where="webhook_secret") if reference else None
        except (ConfigError, TypeError, AttributeError):  # or it is no text at all
            continue
        return Shut(slug=slug, plugins=plugins, secret=secret, open=is_open, readable=True)
    return Shut(slug=slug, plugins=plugins)


async def build(
    plan: Draft, resources: MakeResources, *, clock: Clock | None = None, threads: Threads | None = None
) -> Tenant:
    """Let the plugins make their hook objects and register them. Raises `BadConfig` with every problem."""
    slug, objects, problems = plan.config.slug, dict[str, object](), list[ConfigError]()
    for name, used in plan.used.items():
        try:
            plan.made[name] = objects[name] = used.plugin.create(used.settings, resources(plan, used.plugin))
            plan.files.add(used.plugin.channel, objects[name])
        except ConfigError as error:  # it names its key, or it is about the whole plugin
            problem = error.problem if error.where else f"could not start: {error.problem}"
            problems.append(ConfigError(problem, tenant=slug, where=error.where or f"plugins.{name}", cure=error.cure))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's own code may raise anything
            problems.append(ConfigError(f"could not start: {error!r}", tenant=slug, where=f"plugins.{name}"))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in reversed(objects):
        problems += [
            ConfigError(what, tenant=slug, where=f"plugins.{name}") for what in _register(manager, name, objects)
        ]
    if problems:
        await close_all(objects)
        raise BadConfig(slug, problems)
    return Tenant(
        id=plan.id, slug=slug, version=plan.version, config=plan.config, used=plan.used, objects=objects,
        hooks=Hooks(manager, list(plan.used), tenant=slug, clock=clock or SystemClock(), threads=threads,
                    limits=plan.config.limits.hooks()),
        texts=plan.texts, prompts=plan.prompts, secret=plan.secret, branch_ids=plan.branch_ids,
        branch_times=plan.branch_times, created_at=plan.created_at,
        desk_chats=plan.desk_chats, former_chats=plan.former_chats, older_owner=plan.older_owner, overrides=plan.overrides,
    )  # fmt: skip


async def check(
    raw: Mapping[str, Any], catalog: Catalog, secrets: Secrets, resources: MakeResources | None = None
) -> list[ConfigError]:
    """Everything that is wrong with a config. With `resources` the plugins are started and stopped again, too."""
    return (await reviewed(raw, catalog, secrets, resources))[0]


async def reviewed(
    raw: Mapping[str, Any], catalog: Catalog, secrets: Secrets, resources: MakeResources | None = None
) -> tuple[list[ConfigError], list[ConfigError]]:
    """The same, and what is no fault and yet hardly meant."""
    try:
        plan = draft(raw, catalog, secrets)
        if not resources:
            return [], []
        tenant = await build(plan, resources)
    except BadConfig as bad:
        return bad.problems, []
    try:
        return [], [remark for name, each in tenant.objects.items() for remark in _remarks(name, each, tenant.slug)]
    finally:
        await tenant.close()


def _remarks(name: str, made: object, slug: str) -> Sequence[ConfigError]:
    try:
        return made.remarks() if isinstance(made, Remarking) else ()
    except Exception as problem:  # noqa: BLE001 - a plugin's own code; the config is good all the same
        return [ConfigError(f"cannot look through its settings: {problem!r}", tenant=slug, where=f"plugins.{name}")]


async def close_all(objects: Mapping[str, object]) -> list[str]:
    """Close those hook objects that can be closed; one that fails does not keep the others open."""
    problems = []
    for name, each in objects.items():
        try:
            if isinstance(each, Closing):
                await each.close()
        except Exception as problem:  # noqa: BLE001 - reported, and the next one is closed
            problems.append(f"{name}: {problem!r}")
    return problems


def _settings(plugin: Plugin, given: Mapping[str, Any], secrets: Secrets, slug: str) -> tuple[Any, list[ConfigError]]:
    where = f"plugins.{plugin.name}"
    try:
        settings = plugin.settings.model_validate(given)
    except ValidationError as error:
        return None, explain(error, plugin.settings, tenant=slug, prefix=where)
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything
        return None, [ConfigError(f"settings cannot be checked: {error!r}", tenant=slug, where=where)]
    return secrets.fill(settings, tenant=slug, where=where)


def _variables(used: Mapping[str, Used]) -> dict[str, frozenset[str]]:
    """The names that a tenant's own prompt may use: those of the plugin's template whose place it takes."""
    known: dict[str, frozenset[str]] = {}
    for each in used.values():
        for name, source in each.plugin.templates.items():
            plain = name.partition(".")[0]
            for key in (name, plain, *(f"{plain}.{language}" for language in HOST_LANGUAGES)):
                known[key] = known.get(key, frozenset()) | variables(source)
    return known


def _channel_clashes(slug: str, used: Mapping[str, Used]) -> Iterator[ConfigError]:
    owners: dict[str, str] = {}
    for name, each in used.items():
        channel = each.plugin.channel
        if channel and channel in owners:
            problem = f'"{owners[channel]}" and "{name}" both deliver on channel {channel}'
            yield ConfigError(problem, tenant=slug, where="plugins", cure="Keep one")
        owners.setdefault(channel, name)


def _register(manager: pluggy.PluginManager, name: str, objects: Mapping[str, object]) -> Iterator[str]:
    try:
        manager.register(objects[name], name)
        manager.check_pending()
    except Exception as problem:  # noqa: BLE001 - pluggy's own and whatever reading its attributes raises
        manager.unregister(name=name) if manager.has_plugin(name) else None
        yield f"does not fit the hooks: {' '.join(str(problem).split())}"
        return
    for hook in hookspecs.CALLS:
        for each in getattr(manager.hook, hook).get_hookimpls():
            if each.plugin_name == name and (each.wrapper or each.hookwrapper):
                yield f"{hook} is a hook wrapper, which this host does not call. Write it as a plain hookimpl"
