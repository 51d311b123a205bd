"""Where the gateway keeps its files."""

import os
import tempfile
from pathlib import Path


def default_data_dir() -> Path:
    """The directory for everything the gateway keeps on disk; not created here.

    ``$TRUFFLES_DATA_DIR`` if set, else ``/var/lib/truffles`` for root, else ``$XDG_DATA_HOME/truffles`` or
    ``~/.local/share/truffles``. Where that cannot be written (no home), a directory of this user in ``/var/tmp``.
    """
    chosen = os.environ.get("TRUFFLES_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    usual = _usual_data_dir()
    if usual is not None and _can_create(usual):
        return usual
    return Path("/var/tmp") / f"truffles-{os.geteuid()}"  # noqa: S108 - a server refuses a directory of another user


def _usual_data_dir() -> Path | None:
    if os.geteuid() == 0:
        return Path("/var/lib/truffles")
    xdg = os.environ.get("XDG_DATA_HOME", "")
    if Path(xdg).is_absolute():
        return Path(xdg) / "truffles"
    try:
        home = Path.home()
    except RuntimeError:  # HOME is not set and the user has no entry in the password file
        return None
    return home / ".local" / "share" / "truffles" if home.is_absolute() else None


def _can_create(directory: Path) -> bool:
    while not directory.exists():
        directory = directory.parent
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def make_directory(directory: Path, mode: int) -> None:
    """Create a directory and what is missing above it. What is there already keeps its permissions."""
    if directory.is_dir():
        return
    if not directory.parent.is_dir():
        make_directory(directory.parent, 0o755 if os.geteuid() == 0 else 0o700)
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=directory.parent))
    draft.chmod(mode)  # before it gets its name: another process may look at once
    try:
        draft.rename(directory)
    except OSError:
        draft.rmdir()
        if not directory.is_dir():  # else another process was faster
            raise


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are safe from a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
