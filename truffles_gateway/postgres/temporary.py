"""A server for the time of a test run."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from truffles_gateway.postgres.server import PrivatePostgres

_PLACE = Path("/tmp")  # noqa: S108 - not $TMPDIR: root's may be closed to others, and long for a socket
_PREFIX = "truffles-postgres-"
_SECONDS_TO_START = 120.0


@contextlib.contextmanager
def temporary_postgres(*, durable: bool = False) -> Iterator[PrivatePostgres]:
    """A server for the time of a test run, in a directory of its own, fast and, unless `durable`, careless with the disk.

    A test run that was killed leaves its server behind; the next one removes it.
    """
    _remove_abandoned_servers()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PLACE))
    directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
    server = PrivatePostgres(directory, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _remove_abandoned_servers() -> None:
    for directory in _PLACE.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another test run removes it at this moment
            found = directory.lstat()
            if found.st_uid == os.geteuid() and found.st_mtime < time.time() - _SECONDS_TO_START:
                PrivatePostgres(directory, durable=False).remove()
