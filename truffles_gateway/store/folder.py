"""Bytes in files, where a tenant has a `storage_dir`: `{storage_dir}/{tenant id}/{first two digits}/{sha256}`.

A name is a hash and nothing else, so no name leads elsewhere. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

SHA256 = re.compile(r"[0-9a-f]{64}")
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_SHELVES = "[0-9a-f][0-9a-f]"


class Folder:
    """The files of one tenant. Raises `OSError` where a file cannot be written; one that cannot be read is not there."""

    def __init__(self, root: Path, client_id: str) -> None:
        self._home = root / str(UUID(client_id))

    def path(self, blob: str) -> Path:
        """Where the bytes with this hash lie, if they do."""
        if not SHA256.fullmatch(blob):
            raise ValueError(f"{blob!r} is no hash")
        return self._home / blob[:2] / blob

    def read(self, blob: str) -> bytes | None:
        """The bytes; None where there are none, or others than the name says."""
        try:
            data = self.path(blob).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == blob else None

    def holds(self, blob: str) -> bool:
        """Are the bytes there, and those that the name says?"""
        try:
            with self.path(blob).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == blob
        except OSError:
            return False

    def write(self, blob: str, data: bytes) -> None:
        """Keep bytes: whole and on the disk when this returns, or not under their name at all."""
        path = self.path(blob)
        _make(path.parent)
        fresh = path.with_name(f".{uuid4().hex}")
        try:
            _write(fresh, data)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def old(self, seconds: float) -> Iterator[Path]:
        """Everything that was written longer than `seconds` ago, half-written files too."""
        before = time.time() - seconds  # files have the machine's time, whatever the gateway's clock says
        with suppress(OSError):  # a folder that cannot be listed is somebody's trouble elsewhere
            for path in self._home.glob(f"{_SHELVES}/*"):
                if _written(path) < before:
                    yield path


def unwritable(root: Path) -> str:
    """Why files cannot be kept under `root`, "" if they can. It is made where it is not there yet."""
    try:
        _make(root)
        trial = root / f".{uuid4().hex}"
        _write(trial, b"")
        trial.unlink()
    except OSError as problem:
        return problem.strerror or repr(problem)
    return ""


def _written(path: Path) -> float:
    """When, in seconds since 1970; never, where it is gone meanwhile."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return float("inf")


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path of its own
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _make(folder: Path) -> None:
    """With all that is missing above it, each for our user alone and entered in its parent on the disk."""
    if folder.is_dir():
        return
    _make(folder.parent)
    with suppress(FileExistsError):  # another process was first; where it is no folder, the next step says so
        folder.mkdir(PRIVATE_FOLDER)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Names are on the disk only after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
