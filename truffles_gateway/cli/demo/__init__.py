"""`truffles demo`: real dialogues before the reader's eyes, each step verified."""

from __future__ import annotations

from pathlib import Path

import click

EXAMPLE = Path("examples") / "demo_salon"
CHECKOUT = Path(__file__).parents[3]


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path),
    help="The example tenant, or a copy of it: tenant.toml and knowledge/. Found by itself in a checkout.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, with curl lines to try, until Ctrl-C.")
@click.option("--until", type=click.IntRange(1, 9), default=9, show_default=True, help="The scene after which to stop.")
def demo(folder: Path | None, keep: bool, until: int) -> None:
    """Play real dialogues before your eyes: customers of an invented salon in Almaty, a human at its desk, a worker
    killed in the middle of its work.

    Starts a private PostgreSQL, the gateway's processes and a simulated WhatsApp on loopback, needs neither key nor
    network, takes about a minute, and leaves nothing behind. Everything shown is checked: the exit code is 0 only if each
    step really happened.

    Example: truffles demo --keep
    """
    from truffles_gateway.cli.demo.stage import perform

    raise SystemExit(perform(folder or _example(), keep=keep, until=until))


def _example() -> Path:
    """The example in the checkout that this package runs from, else below the working directory."""
    found = next((place for place in (CHECKOUT / EXAMPLE, Path.cwd() / EXAMPLE) if place.is_dir()), None)
    if found is None:
        raise click.UsageError(f"{EXAMPLE} is not here: run in a checkout of the project, or name it with --folder")
    return found
