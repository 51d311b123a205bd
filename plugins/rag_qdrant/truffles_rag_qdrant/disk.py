"""Vectors of stored texts on the disk: what one process has embedded, the next one reads.

The database keeps the vectors of a tenant's knowledge; an evaluation, a demo, a test or another tenant on the same machine begins without
them, and embedding ten thousand wordings takes longer than all that comes after it. Only a digest of a text is kept beside its vector.
Whatever goes wrong with the file costs no more than the time to embed.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
MOST = 70_000  # texts: 1.4 KB each
_HALF = np.dtype("<f2")
_AT_ONCE, _PATIENCE, _DIGEST = 500, 0.1, 16
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL)"
_READ = "SELECT digest, vector FROM vectors WHERE digest IN ({})"
_WRITE = "INSERT OR REPLACE INTO vectors (digest, vector) VALUES (?, ?)"
_DROP = "DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?"


def place() -> Path | None:
    """`truffles` in the directory of this user's caches, as the XDG base directory specification has it; None where there is none."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):  # HOME is not set and the user has no entry in the password file
        caches = Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".cache"
        return caches / "truffles" if caches.is_absolute() else None
    return None


class Disk:
    """The vectors of one model, `size` numbers each, half as exact as they were made. A file that is none is begun anew; where
    nothing can be written, nothing is kept. Blocks; several processes may share it."""

    def __init__(self, file: Path, size: int, most: int = MOST) -> None:
        self._file, self._size, self._most = file, size, most

    def known(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Those of `texts` whose vectors are kept."""
        by_digest = {_digest(text): text for text in texts}
        digests, found = list(by_digest), list[tuple[bytes, bytes]]()

        def read(file: sqlite3.Connection) -> None:
            for at in range(0, len(digests), _AT_ONCE):
                some = digests[at : at + _AT_ONCE]
                found.extend(file.execute(_READ.format(",".join("?" * len(some))), some))

        self._attempt(read)
        return {
            by_digest[digest]: np.frombuffer(vector, _HALF).astype(np.float32)
            for digest, vector in found
            if len(vector) == self._size * _HALF.itemsize and np.isfinite(np.frombuffer(vector, _HALF)).all()
        }

    def put(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep them; the oldest ones are dropped."""
        kept = [(_digest(text), row.tobytes()) for text, row in zip(texts, vectors.astype(_HALF), strict=True)]

        def write(file: sqlite3.Connection) -> None:
            with file:
                file.executemany(_WRITE, kept)
                file.execute(_DROP, (self._most,))

        self._attempt(write)

    def _attempt(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Work on the file; what goes wrong with it ends here."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=_PATIENCE)) as file:
                self._file.chmod(0o600)
                file.execute("PRAGMA journal_mode = WAL")
                file.execute("PRAGMA synchronous = OFF")  # what a power cut takes is made again
                file.execute(_SCHEMA)
                work(file)
        except (OSError, sqlite3.OperationalError):
            return
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
