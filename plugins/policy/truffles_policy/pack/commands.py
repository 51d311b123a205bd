"""`truffles pack check|schema|import|wordings`. What they need is imported when they are called."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def pack() -> None:
    """Check a business's pack, draft one from documents, print its schema, list what to write wordings for.

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
        problems, lines = checked(path)
        for problem in problems:
            click.echo(f"{click.style('✗', fg='red')} {problem}")
        for line in lines:
            click.echo(line)
        good &= not problems
    raise SystemExit(0 if good else 1)


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
@click.option("--language", type=click.Choice(["ru", "kk", "en"]), default="ru", show_default=True)
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
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("wordings.yaml"), show_default=True
)
@click.option("--each", type=click.IntRange(1, 100), default=10, show_default=True, help="A fact with fewer is listed.")
def wordings(file: Path, output: Path, each: int) -> None:
    """List in a file the facts of a pack that few wordings are known for, with what they say: write below each how customers ask for
    it. The wordings that stand there are kept (comments are not), and what the pack has no more is named.

    Example: truffles pack wordings pack.yaml --output wordings.yaml
    """
    from truffles_policy.pack.worded import worded

    text, lines, good = worded(file, output, each)
    if good:
        output.write_text(text, encoding="utf-8")
    for line in lines:
        click.echo(line)
    raise SystemExit(0 if good else 1)
