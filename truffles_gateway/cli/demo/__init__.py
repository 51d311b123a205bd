"""`truffles demo`: real dialogues before the reader's eyes, each step verified."""

from __future__ import annotations

from pathlib import Path

import click

SALON, SHOP = (Path("examples") / name for name in ("demo_salon", "demo_phones"))
CHECKOUT = Path(__file__).parents[3]


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path),
    help="The salon, or a copy of it: tenant.toml and knowledge/. Found by itself in a checkout.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, with curl lines to try, until Ctrl-C.")
@click.option(
    "--until", type=click.IntRange(1, 13), default=13, show_default=True, help="The scene after which to stop."
)
def demo(folder: Path | None, keep: bool, until: int) -> None:
    """Play real dialogues before your eyes: customers of an invented salon in Almaty, its owner in Telegram, a model that
    obeys everything, a worker killed in the middle of its work, a phone shop next door.

    Starts a private PostgreSQL, the gateway's processes and simulators of WhatsApp, Telegram and a model on loopback, needs
    neither key nor network, takes about a minute, and leaves nothing behind. Everything shown is checked: the exit code is
    0 only if each step really happened. On a terminal you can write yourself at the end.

    Example: truffles demo --keep
    """
    from truffles_gateway.cli.demo.stage import perform

    raise SystemExit(perform((folder or _example(SALON), _example(SHOP)), keep=keep, until=until))


def _example(example: Path) -> Path:
    """The example in the checkout that this package runs from, else below the working directory."""
    found = next((place for place in (CHECKOUT / example, Path.cwd() / example) if place.is_dir()), None)
    if found is None:
        raise click.UsageError(f"{example} is not here: run in a checkout of the project")
    return found
