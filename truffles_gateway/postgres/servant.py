"""The user as whom PostgreSQL runs, and how its programs are started."""

import os
import pwd
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from truffles_gateway.postgres.binaries import copy_binaries
from truffles_gateway.postgres.errors import PostgresError
from truffles_gateway.postgres.programs import clean_environment, run

SERVANT = "nobody"
_BINARY_CACHE = Path("/var/cache/truffles")


class Servant:
    """The user as whom PostgreSQL runs: ourselves, or ``nobody`` when we are root."""

    def __init__(self, uid: int, gid: int, *, is_other: bool) -> None:
        self.uid = uid
        self.gid = gid
        self.is_other = is_other

    @classmethod
    def for_this_process(cls) -> Self:
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), is_other=False)
        try:
            entry = pwd.getpwnam(SERVANT)
        except KeyError:
            raise PostgresError(
                f"PostgreSQL does not run as root, and there is no user {SERVANT} to run it as: "
                "run as an ordinary user, or set DATABASE_URL to a running server"
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, is_other=True)

    def own(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def check_owner(self, directory: Path) -> None:
        """Refuse a directory that another user may have laid out for us."""
        found = directory.lstat()
        ours = found.st_uid in (self.uid, os.geteuid())
        if not ours or not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
            raise PostgresError(f"{directory} is not a private directory of ours: remove it")

    def closed_parent(self, path: Path) -> Path | None:
        """The first directory on the way to ``path`` that this user may not pass."""
        if not self.is_other:
            return None
        for directory in [*reversed(path.resolve().parents), path.resolve()]:
            found = directory.stat()
            if found.st_uid == self.uid:
                bit = stat.S_IXUSR
            elif found.st_gid == self.gid:
                bit = stat.S_IXGRP
            else:
                bit = stat.S_IXOTH
            if not found.st_mode & bit:
                return directory
        return None

    def reachable(self, binaries: Path, data_dir: Path) -> Path:
        """The binaries themselves, or a copy where this user can run them (a virtual environment in a private home)."""
        if self._can_run(binaries):
            return binaries
        last = None
        for place in (_BINARY_CACHE, data_dir / "binaries"):
            try:
                copied = copy_binaries(binaries, place)
            except OSError as error:
                last = error
                continue
            if self._can_run(copied):
                return copied
        raise PostgresError(
            f"user {SERVANT} cannot run the PostgreSQL binaries in {binaries}, nor a copy of them: "
            "run as an ordinary user, or set DATABASE_URL to a running server"
        ) from last

    def _can_run(self, binaries: Path) -> bool:
        if not self.is_other:
            return True
        if self.closed_parent(binaries) is not None:
            return False
        try:
            self.run([str(binaries / "postgres"), "--version"])
        except PostgresError:
            return False
        return True

    def run(self, command: Sequence[str], *, stdin: str = "") -> None:
        if self.is_other:
            run(command, stdin=stdin, user=self.uid, group=self.gid)
        else:
            run(command, stdin=stdin)

    def spawn(self, command: Sequence[str], log: int, environment: Mapping[str, str]) -> int:
        """Start a process that is nobody's child: neither our end nor a Ctrl-C at our terminal reaches it."""
        shell = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command]
        user = self.uid if self.is_other else None
        try:
            started = subprocess.run(
                shell,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env={**clean_environment(), **environment},
                start_new_session=True,
                umask=0o077,
                user=user,
                group=None if user is None else self.gid,
                extra_groups=None if user is None else [],
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise PostgresError(f"cannot start {command[0]}: {error}") from error
        return int(started.stdout)


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
