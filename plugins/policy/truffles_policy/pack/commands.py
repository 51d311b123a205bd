"""`truffles pack check|facts|schema|import|wordings`. What they need is imported when they are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from truffles_gateway.errors import ConfigError

LANGUAGE = click.Choice(["ru", "kk", "en"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def pack() -> None:
    """Check a business's pack, list its facts, draft one from documents, print its schema, list what to write wordings for.

    Example: truffles pack check pack.yaml
    """


@pack.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
def check(files: tuple[Path, ...]) -> None:
    """Name everything that is wrong with packs, by line, with its cure; of a good one, what it says and what it leaves
    unknown.

    Example: truffles pack check pack.yaml
    """
    from truffles_policy.pack.review import checked

    good = True
    for path in files:
        good &= _told(*checked(path))
    raise SystemExit(0 if good else 1)


@pack.command()
@click.argument("file", type=FILE)
@click.option("--language", type=LANGUAGE, help="What is told in this language, where the pack has it.")
@click.option("--brief", is_flag=True, help="A line for each fact, long ones cut.")
def facts(file: Path, language: str | None, brief: bool) -> None:
    """Print every fact that a pack gives under its id, whole, as customers read it; below, what is told besides (days off,
    emergencies, …). A battery's `facts:` and a file of wordings take these ids. Without any tenant or database.

    Example: truffles pack facts pack.yaml --language kk
    """
    from truffles_policy.pack.listed import WIDTH, Page, listed

    page = Page(brief, get_terminal_size((WIDTH, 0)).columns)
    raise SystemExit(0 if _told(*listed(file, page, language or "")) else 1)


def _told(problems: Sequence[ConfigError], lines: Sequence[str]) -> bool:
    """Print what is wrong with a file, or what there is to say of a good one; whether it is good."""
    for problem in problems:
        click.echo(f"{click.style('✗', fg='red')} {problem}")
    for line in lines:
        click.echo(line)
    return not problems


@pack.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of a pack: editors complete and check with it.

    Example: truffles pack schema --output pack.schema.json
    """
    from truffles_policy.pack.json_schema import as_text

    if output is None:
        click.echo(as_text(), nl=False)
        return
    output.write_text(as_text(), encoding="utf-8")
    click.echo(f"wrote {output}: begin a pack with the line `# yaml-language-server: $schema={output}`")


@pack.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("pack.yaml"), show_default=True)
@click.option("--name", default="", help="What the business is called, where no document's heading says it.")
@click.option("--language", type=LANGUAGE, default="ru", show_default=True)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def import_(folder: Path, output: Path, name: str, language: str, force: bool) -> None:
    """Draft a pack from the documents of FOLDER (Markdown, text, CSV), and say what could not be placed: nothing is guessed.

    Example: truffles pack import facts/ --output pack.yaml
    """
    from truffles_policy.draft.importing import imported
    from truffles_policy.draft.pages import TABLES, TEXTS, files_in

    if not files_in(folder):
        kinds = ", ".join((*TEXTS, *TABLES))
        raise click.ClickException(f"{folder} holds no documents. Put {kinds} files into it")
    if output.exists() and not force:
        raise click.ClickException(f"{output} exists. Name another file with --output, or add --force")
    lines, good = imported(folder, output, name, language, lambda what: click.echo(what, err=True))
    for line in lines:
        click.echo(line)
    raise SystemExit(0 if good else 1)


@pack.command()
@click.argument("file", type=FILE)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="List them in this file. Default: wordings.yaml beside the pack.",
)
@click.option("--each", type=click.IntRange(1, 100), default=10, show_default=True, help="A fact with fewer is listed.")
def wordings(file: Path, output: Path | None, each: int) -> None:
    """List in a file the facts of a pack that few wordings are known for, with what they say: write below each how customers ask for
    it. The wordings that stand there are kept (comments are not), and what the pack has no more is named.

    Example: truffles pack wordings pack.yaml --output wordings.yaml
    """
    from truffles_policy.pack.worded import worded

    output = output or file.with_name("wordings.yaml")
    text, lines, good = worded(file, output, each)
    if good:
        output.write_text(text, encoding="utf-8")
    for line in lines:
        click.echo(line)
    raise SystemExit(0 if good else 1)
