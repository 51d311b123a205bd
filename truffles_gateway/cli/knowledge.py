"""`truffles knowledge sync`, and the group of what else is done to knowledge."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from truffles_gateway.cli import lessons
from truffles_gateway.cli.common import console, find_tenant, opened, reaching, run
from truffles_gateway.cli.tags import strays
from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import KnowledgeWriter, SyncReport
from truffles_gateway.store.knowledge import tags
from truffles_gateway.tenants import Tenant


@click.group()
def knowledge() -> None:
    """Load a business's facts, and look after what was learnt from its managers.

    Example: truffles knowledge sync salon facts/
    """


for command in (lessons.reconcile, lessons.learned, lessons.forget):
    knowledge.add_command(command)


@knowledge.command()
@click.argument("tenant")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--plugin", help="Which retriever, where the tenant has several.")
@click.option("--shrink", is_flag=True, help="Allow that more than half of the facts are deleted.")
def sync(tenant: str, folder: Path, plugin: str | None, shrink: bool) -> None:
    """Bring a tenant's knowledge to what stands in FOLDER: Markdown, text, questions and answers, price lists.

    What has not changed is skipped, what is gone is deleted, and a line or a file that cannot be read is named while the
    rest loads. Tags that no branch has, and branches whose tag has no fact, are named. Running gateways use the new
    facts within seconds.

    Example: truffles knowledge sync salon facts/
    """
    report, warnings = run(_sync(tenant, folder, plugin, shrink=shrink))
    for problem in (*report.problems, *report.skipped, *warnings):
        console.print(f"[yellow]![/] {escape(problem)}", soft_wrap=True)
    figures = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.deleted} deleted"
    console.print(f"[green]✓[/] {tenant}: {figures}")
    if report.problems:
        raise SystemExit(2)


async def _sync(slug: str, folder: Path, plugin: str | None, *, shrink: bool) -> tuple[SyncReport, list[str]]:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        writer = _writer(tenant, plugin)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("reading", total=None)

            def progress(done: int, total: int, what: str) -> None:
                bar.update(task, completed=done, total=total, description=what[:40])

            async with reaching(tenant):
                report = await writer.sync(folder, progress, shrink=shrink)
        return report, list(strays(await tags(gateway.database, tenant.id), tenant.config.branches))


def _writer(tenant: Tenant, plugin: str | None) -> KnowledgeWriter:
    writers = tenant.knowledge_writers()
    if not writers:
        raise ConfigError("no plugin keeps knowledge", tenant=tenant.slug, cure="Add rag_qdrant to its plugins")
    if plugin is None and len(writers) > 1:
        raise ConfigError("several plugins keep knowledge", tenant=tenant.slug, cure=f"Name one: {', '.join(writers)}")
    if plugin is not None and plugin not in writers:
        raise ConfigError(f'"{plugin}" keeps no knowledge', tenant=tenant.slug, cure=f"One of: {', '.join(writers)}")
    return writers[plugin or next(iter(writers))]
