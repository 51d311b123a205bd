"""`truffles tenants check|apply|show|people|new|code`."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click
import httpx
import tomlkit
from rich.markup import escape
from rich.table import Table

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.cli.cautions import cautions
from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.cli.people import people
from truffles_gateway.cli.plugins import hooks_of
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import logger, set_up_logging
from truffles_gateway.plugin import Blobs, Counters, Desk, Knowledge, Learned, Plugin, Resources
from truffles_gateway.prompts import TenantPrompts
from truffles_gateway.settings import Settings
from truffles_gateway.store import connect
from truffles_gateway.store import tenants as store
from truffles_gateway.tenant_config import NAME, TenantConfig
from truffles_gateway.tenant_file import TenantFile, read_file
from truffles_gateway.tenants import Draft, MakeResources, Tenant, reviewed

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
SKELETON = """\
# {slug}: check with `truffles tenants check {slug}.toml`, put in place with `truffles tenants apply {slug}.toml`.

slug = "{slug}"
name = "{slug}"
timezone = "Asia/Almaty"
languages = ["ru", "kk", "en"]     # the first one is the fallback
# mode = "approve"                 # answers wait at the desk; "shadow" only records them; "auto" answers
webhook_secret = "env:{upper}_WEBHOOK_SECRET"   # secrets are references: env:NAME or file:PATH

# Plugins in the order in which they are asked. `truffles plugins` lists those installed. What is long stands in a file
# beside this one: under [plugins.settings], pack = {{ include = "pack.yaml" }} is what is in that file.
{plugins}
# [[branches]]
# slug = "north"
# name = "North"
# instance_id = "…"                # the number of its own that customers write to, as the channel's plugin names it
# knowledge_tag = "north"          # its own facts stand in the folder @north/
# telegram_chat_id = "…"           # its managers' group, or: truffles tenants code {slug} --branch north

# [branching]
# mode = "by_instance"             # "ask_user" and "hybrid" ask customers who came to a number of several branches

# [[agents]]
# name = "Owner"
# role = "owner"
# identities = [{{ channel = "telegram", username = "somebody" }}]
"""


@click.group()
def tenants() -> None:
    """Check, apply and show the configs of businesses.

    Example: truffles tenants check salon.toml
    """


tenants.add_command(people)


@tenants.command()
@FILES
def check(files: tuple[Path, ...]) -> None:
    """Check config files without touching the database; every problem is named with its cure, and with the line where it
    lies in a file that a config includes. A line that begins with ! is no fault, and yet hardly meant.

    Example: truffles tenants check salon.toml shop.toml
    """
    raise SystemExit(0 if run(_check_all([read_file(path) for path in files])) else 1)


@tenants.command()
@FILES
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(files: tuple[Path, ...], yes: bool) -> None:
    """Show what changes, ask, and put configs in place. Running gateways load them at once.

    Example: truffles tenants apply salon.toml --yes
    """
    raise SystemExit(run(_apply([read_file(path) for path in files], yes=yes)))


@tenants.command()
@click.argument("slug", required=False)
def show(slug: str | None) -> None:
    """List all tenants, or print the applied config of one.

    Example: truffles tenants show salon > salon.toml
    """
    run(_show(slug))


@tenants.command()
@click.argument("slug")
@click.option("--branch", default="", help="For the desk of this branch.")
def code(slug: str, branch: str) -> None:
    """Print a code that makes a group the desk of a business: write /connect CODE there within 15 minutes.

    Example: truffles tenants code salon
    """
    made, place, unheard = run(_code(slug, branch))
    console.print(f"/connect {made}", markup=False)
    group = f"the group of the branch {place}" if place else "the managers' group"
    console.print(f"Write this line in {group} within 15 minutes; it works once.", markup=False)
    if unheard:
        console.print(f"[yellow]![/] {escape(unheard)}", soft_wrap=True)


@tenants.command()
@click.argument("slug")
@click.option("--file", "path", type=click.Path(path_type=Path), help="Where to write it (SLUG.toml).")
def new(slug: str, path: Path | None) -> None:
    """Write a config file to start from, with the installed plugins and their settings.

    Example: truffles tenants new salon
    """
    if not re.fullmatch(NAME, slug):
        raise ConfigError(
            f"{slug!r} cannot be a slug", cure="Use lower-case letters, digits, - and _, such as salon-aina"
        )
    target = path or Path(f"{slug}.toml")
    if target.exists():
        raise ConfigError(f"{target} exists", cure="Choose another name with --file, or edit it")
    plugins = sorted(Catalog.scan().plugins(), key=_place)
    sections = "".join(_section(plugin, slug) for plugin in plugins)
    target.write_text(SKELETON.format(slug=slug, upper=slug.upper().replace("-", "_"), plugins=sections))
    console.print(
        f"wrote {target}: remove the # before what you use, fill it in, then run: truffles tenants check {target}"
    )


async def _code(slug: str, branch: str) -> tuple[str, str, str]:
    """A code, how people call the branch that it is for, and why nothing would hear the line ("" where something does)."""
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        found = tenant.branch(branch)
        if branch and found is None:
            known = ", ".join(each.slug for each in tenant.config.branches) or "none"
            raise ConfigError(f'no branch "{branch}"', tenant=slug, cure=f"Known: {known}")
        made = await connect.new_code(gateway.database, tenant.id, branch, gateway.clock.now())
        return made, f"“{found.name}” ({branch})" if found else "", _no_groups(tenant, gateway.catalog)


def _no_groups(tenant: Tenant, catalog: Catalog) -> str:
    if any(each.plugin.capabilities.groups for each in tenant.used.values()):
        return ""
    some = ", ".join(each.name for each in catalog.plugins() if each.capabilities.groups) or "none"
    return (
        f"{tenant.slug}: no plugin of it has a desk in groups, and nothing reads this line. Add one (installed: {some})"
    )


def _place(plugin: Plugin) -> tuple[int, str]:
    """Guards and ears before rules, rules before models, what is found before who words it, desks and channels last: the
    first answer wins, so the order is the business's policy."""
    hooks = set(hooks_of(plugin))
    ranks = ({"on_inbound"} & hooks and not hooks & {"classify"}, {"on_inbound"} & hooks,
             hooks & {"classify"} and not hooks & {"answer"}, {"retrieve"} & hooks,
             hooks >= {"classify", "answer"}, {"answer"} & hooks)  # fmt: skip
    return next((rank for rank, fits in enumerate(ranks) if fits), len(ranks)), plugin.name


def _section(plugin: Plugin, slug: str) -> str:
    lines = [f"# {plugin.summary}".rstrip("# "), "# [[plugins]]", f'# name = "{plugin.name}"']
    fields = plugin.settings.model_fields
    needed = [name for name, each in fields.items() if each.is_required()]
    shown = {name: each.examples[0] for name, each in fields.items() if each.examples and name not in needed}
    if needed or shown:
        lines.append("# [plugins.settings]")
    for name in needed:
        secret = "Secret" in str(fields[name].annotation)
        value = f"env:{slug}_{plugin.name}_{name}".upper().replace("ENV:", "env:").replace("-", "_") if secret else "…"
        lines.append(f'# {name} = "{value}"')
    lines += [f"# {name} = {_inline(example)}" for name, example in shown.items()]
    return "\n".join(line for line in lines if line) + "\n\n"


def _inline(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(tomlkit.item(value).as_string())
    table = tomlkit.inline_table()
    table.update(value)
    return str(table.as_string())


async def _check_all(files: Sequence[TenantFile], gateway: Gateway | None = None) -> bool:
    """Print what is wrong, or one line for each that is right."""
    settings = gateway.settings if gateway else Settings.load()
    catalog = gateway.catalog if gateway else Catalog.scan()
    set_up_logging("error", "console")
    good = True
    async with httpx.AsyncClient(trust_env=False) as http:
        offline = gateway.resources if gateway else _offline(settings, http)
        for file in files:
            problems, remarks = list(file.problems), list[ConfigError]()
            if not problems:
                problems, remarks = await reviewed(file.config, catalog, settings.secrets(), offline)
            for remark in remarks:
                console.print(f"[yellow]![/] {escape(str(file.told(remark)))}", soft_wrap=True)
            for problem in problems:
                console.print(f"[red]✗[/] {escape(str(file.told(problem)))}", soft_wrap=True)
            good &= not problems
            if not problems:
                config = TenantConfig.model_validate(file.config)
                deaf = "" if _hears(config, catalog) else "; none of them is a channel: no customer can write yet"
                line = f"[green]✓[/] {config.slug}: mode {config.mode}, {len(config.plugins)} plugins{deaf}"
                console.print(line, soft_wrap=True)
                for caution in cautions(config, catalog):
                    console.print(f"[yellow]![/] {config.slug}: {escape(caution)}", soft_wrap=True)
    return good


def _hears(config: TenantConfig, catalog: Catalog) -> bool:
    """Is there a channel on which customers can write?"""
    used = [catalog.get(each.name) for each in config.plugins]
    return any(each.channel and (not each.capabilities.desk or each.capabilities.customers) for each in used)


def _offline(settings: Settings, http: httpx.AsyncClient) -> MakeResources:
    """Resources for plugins that are only started and stopped: there is no database behind them."""

    def make(plan: Draft, plugin: Plugin) -> Resources:
        return Resources(
            tenant=plan.config.slug, timezone=plan.config.timezone, languages=plan.config.languages, http=http,
            clock=settings.clock(), log=logger(f"plugin.{plugin.name}"), texts=plan.texts,
            knowledge=cast("Knowledge", None), blobs=cast("Blobs", None), desk=cast("Desk", None),
            counters=cast("Counters", None), learned=cast("Learned", None),
            prompts=TenantPrompts(plan.prompts, plugin.templates), files=plan.files,
            media=plan.config.media.as_written(),
            desk_chats=plan.desk_chats, branches={each.slug: each.name for each in plan.config.branches},
            branch_tags={each.slug: each.knowledge_tag for each in plan.config.branches},
            public_url=settings.public_url.rstrip("/"),
        )  # fmt: skip

    return make


async def _apply(files: Sequence[TenantFile], *, yes: bool) -> int:
    async with opened() as gateway:
        if not await _check_all(files, gateway):
            return 1
        stored = {each.slug: each for each in await store.load(gateway.database)}
        for raw in (file.config for file in files):
            before = stored.get(raw["slug"])
            changes = _diff(dict(before.config) if before else {}, dict(raw))
            if not changes and before and not before.error:
                console.print(f"{raw['slug']}: nothing changes")
                continue
            console.print("\n".join(changes), markup=False)
            if not yes and not _agreed(raw["slug"]):
                console.print(f"{raw['slug']}: left as it is")
                continue
            config = TenantConfig.model_validate(raw)
            version = await store.apply(gateway.database, raw, config, gateway.clock.now())
            console.print(f"[green]✓[/] {config.slug}: version {version} applied")
    return 0


def _agreed(slug: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to ask", tenant=slug, cure="Add --yes")
    return click.confirm(f"Apply {slug}?")


def _diff(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old, new = (as_toml(each).splitlines() if each else [] for each in (before, after))
    return list(difflib.unified_diff(old, new, "applied", "new", lineterm="", n=1))


def as_toml(config: Mapping[str, Any]) -> str:
    """A config as TOML with plain values first, each in the same place every time."""
    return tomlkit.dumps(_ordered(config))


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        plain = {key: each for key, each in value.items() if not _is_table(each)}
        tables = {key: each for key, each in value.items() if _is_table(each)}
        return {key: _ordered(each) for part in (plain, tables) for key, each in sorted(part.items())}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))


async def _show(slug: str | None) -> None:
    async with opened() as gateway:
        found = await store.load(gateway.database, [slug] if slug else None)
        if slug and not found:
            raise ConfigError(f'no tenant "{slug}"', cure="`truffles tenants show` lists all")
        if slug:
            click.echo(as_toml(found[0].config))
            if found[0].error:
                raise ConfigError(f"this config cannot be used: {found[0].error}", tenant=slug)
            return
        table = Table("slug", "name", "status", "mode", "version", "plugins", "problem")
        for each in found:
            raw = each.config
            plugins = " ".join(str(choice.get("name")) for choice in raw.get("plugins", ()))
            table.add_row(
                each.slug, raw.get("name"), raw.get("status", "active"), raw.get("mode", "approve"), str(each.version),
                plugins, each.error,
            )  # fmt: skip
        console.print(table)
