"""`truffles eval calibrate`: how sure a retriever is, measured against what is right, and fitted to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation import battery
from truffles_gateway.evaluation.battery import Asked
from truffles_gateway.plugin import Bin, Calibrated, Calibrating, Labelled
from truffles_gateway.tenants import Tenant


@click.command()
@click.argument("tenants", nargs=-1, required=True, metavar="TENANT…")
@click.option("--battery", "batteries", multiple=True, type=click.Path(exists=True, path_type=Path),
              help="A file of cases, or a folder of such files; may be repeated.")  # fmt: skip
@click.option("--files", is_flag=True, help="Use the questions that come with the plugin, besides.")
@click.option("--dry-run", is_flag=True, help="Measure, and change nothing.")
def calibrate(tenants: Sequence[str], batteries: Sequence[Path], files: bool, dry_run: bool) -> None:
    """Fit confidence to the embedding model that a tenant uses, and keep that with the model's name.

    Asks the questions of the cases that name their `facts` against the tenant's own knowledge, shows how sure the
    retriever was against what was right, before and after, and lets running gateways use the new figures within seconds.
    Too few questions are refused, and so is what is no better than before.

    Example: truffles eval calibrate salon --battery cases/ --files
    """
    if not batteries and not files:
        raise ConfigError("no questions to measure with", cure="Name cases with --battery, or add --files")
    for tenant, name, result in run(_calibrated(tenants, batteries, own=files, keep=not dry_run)):
        _show(tenant, name, result, dry_run=dry_run)


async def _calibrated(
    slugs: Sequence[str], batteries: Sequence[Path], *, own: bool, keep: bool
) -> list[tuple[str, str, Calibrated]]:  # fmt: skip
    asked = {slug: [case for path in batteries for case in battery.load(path, slug)] for slug in slugs}
    async with opened() as gateway:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("opening", total=None)

            def progress(done: int, total: int, what: str) -> None:
                bar.update(task, completed=done, total=total, description=what[:40])

            return [
                (slug, name, await each.calibrate(_labelled(tenant, asked[slug]), progress, own=own, keep=keep))
                for slug in slugs
                for tenant in [find_tenant(gateway, slug)]
                for name, each in _retrievers(tenant).items()
            ]


def _retrievers(tenant: Tenant) -> dict[str, Calibrating]:
    found = {name: each for name, each in tenant.objects.items() if isinstance(each, Calibrating)}
    if not found:
        raise ConfigError("no plugin has a confidence to calibrate", tenant=tenant.slug,
                          cure="Add rag_qdrant to its plugins")  # fmt: skip
    return found


def _labelled(tenant: Tenant, cases: Sequence[Asked]) -> list[Labelled]:
    """What can be measured: the cases for this tenant that are asked in one turn and name their facts, if only none."""
    ours = [each.case for each in cases if each.tenant == tenant.slug and len(each.case.turns) == 1]
    named = [
        (case, case.turns[0]) for case in ours if "facts" in case.model_fields_set | case.turns[0].model_fields_set
    ]
    return [
        Labelled(question="\n".join(turn.say), facts=(*case.facts, *turn.facts), language=case.language,
                 tag=_tag(tenant, case.branch))
        for case, turn in named
    ]  # fmt: skip


def _tag(tenant: Tenant, slug: str) -> str:
    branch = tenant.branch(slug)
    return branch.knowledge_tag if branch else ""


def _show(tenant: str, name: str, result: Calibrated, *, dry_run: bool) -> None:
    table = Table("confidence", "passages", "sure", "right", "passages after", "sure", "right",
                  title=f"{tenant}, {name}: {result.model}, {result.questions} questions")  # fmt: skip
    before, after = _by_edge(result.before), _by_edge(result.after)
    for edge in sorted({*before, *after}):
        table.add_row(f"{edge[0]:.2f}–{edge[1]:.2f}", *_cells(before.get(edge)), *_cells(after.get(edge)))
    console.print(table)
    for language, (found, wanted) in sorted(result.recall.items()):
        console.print(f"recall@5 {language or 'all'}: {found / wanted:.3f} ({found} of {wanted})")
    console.print(f"log loss {result.loss[0]:.4f} → {result.loss[1]:.4f}, on questions that were not fitted on")
    console.print(_outcome(tenant, result, dry_run=dry_run), soft_wrap=True)


def _outcome(tenant: str, result: Calibrated, *, dry_run: bool) -> str:
    if result.kept:
        return f"[green]✓[/] {tenant}: kept for {result.model}; running gateways use it within seconds"
    better = result.loss[1] < result.loss[0]
    if dry_run and better:
        return f"[yellow]![/] {tenant}: nothing was changed. Without --dry-run this would be kept: it is better than before"
    if dry_run:
        return f"[yellow]![/] {tenant}: nothing was changed. Nor would this be kept: it is no better than before"
    return f"[yellow]![/] {tenant}: no better than before: nothing was changed"


def _by_edge(bins: Sequence[Bin]) -> dict[tuple[float, float], Bin]:
    return {(each.least, each.most): each for each in bins}


def _cells(found: Bin | None) -> tuple[str, str, str]:
    return (str(found.count), f"{found.sure:.2f}", f"{found.right:.2f}") if found else ("–", "–", "–")
