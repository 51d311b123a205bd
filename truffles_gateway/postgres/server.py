"""Starting, sharing and stopping the server of a directory."""

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote, urlencode

from truffles_gateway.postgres.binaries import find_binaries, locale_options, major_version
from truffles_gateway.postgres.errors import PostgresError
from truffles_gateway.postgres.locks import Lock, until
from truffles_gateway.postgres.places import make_directory, sync_directory
from truffles_gateway.postgres.postmaster import PORT, SOCKET_NAME, Postmaster, process_exists
from truffles_gateway.postgres.programs import run
from truffles_gateway.postgres.servant import SERVANT, Servant, user_name

DATABASE = "truffles"
"""The database that every private server has."""

_USER = "truffles"
_LONGEST_SOCKET_PATH = 103  # Linux takes 107 bytes, macOS 103
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
        self._in_use: Lock | None = None
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
        servant = Servant.for_this_process()
        self._prepare_directory(servant)
        with Lock(self.data_dir / "start.lock", _START_SECONDS):
            if self._in_use is None:
                in_use = Lock(self.data_dir / "in-use.lock", _START_SECONDS, shared=True)
                in_use.acquire()
                self._in_use = in_use
            try:
                self._start_locked(servant)
            except BaseException:
                self._release()
                raise

    def stop(self) -> None:
        """Give the server up. It is shut down, cleanly, if nobody else uses it."""
        self._give_up(self._shut_down)

    def remove(self) -> None:
        """Give the server up. It is shut down and all its data deleted, if nobody else uses it."""
        self._give_up(self._remove)

    def running(self) -> bool:
        """Whether the server is up, whoever started it."""
        postmaster = Postmaster.of(self._cluster)
        return postmaster is not None and postmaster.status == "ready" and postmaster.answers()

    def url(self, database: str = DATABASE) -> str:
        """The address of a database on this server, for asyncpg, SQLAlchemy and libpq alike."""
        query = urlencode({"host": str(self._socket_dir()), "port": PORT}, quote_via=quote, safe="/")
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
        fits = len(os.fsencode(inside / SOCKET_NAME)) <= _LONGEST_SOCKET_PATH
        if fits and "," not in str(inside):  # clients read a comma as the end of a host's name
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(f"/tmp/truffles-socket-{os.geteuid()}-{digest}")  # noqa: S108 - its owner and mode are checked

    def _prepare_directory(self, servant: Servant) -> None:
        try:
            make_directory(self.data_dir, 0o711 if servant.is_other else 0o700)
        except OSError as error:
            raise PostgresError(
                f"cannot create {self.data_dir} ({error.strerror}): set TRUFFLES_DATA_DIR to a directory of yours, "
                "or DATABASE_URL to a running server"
            ) from error
        owner = self.data_dir.stat().st_uid
        if owner != os.geteuid():
            raise PostgresError(
                f"{self.data_dir} belongs to user {user_name(owner)}: run as that user, "
                "or set TRUFFLES_DATA_DIR to a directory of yours"
            )
        closed = servant.closed_parent(self.data_dir)
        if closed is not None:
            raise PostgresError(
                f"{closed} is closed to user {SERVANT}, as whom PostgreSQL runs when root starts it: "
                "set TRUFFLES_DATA_DIR to another place (/var/lib/truffles), or run as an ordinary user"
            )

    # -- starting and stopping, always under the start lock ------------------------------------------------------------

    def _start_locked(self, servant: Servant) -> None:
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
            postmaster = Postmaster.of(self._cluster)
            if postmaster is None or not postmaster.alive():
                return False
            if postmaster.status == "ready" and postmaster.answers():
                return True
            time.sleep(0.02)
        raise PostgresError(f"the PostgreSQL server in {self.data_dir} neither starts nor stops; see {self._log}")

    def _runnable_binaries(self, servant: Servant) -> Path:
        if self._binaries is None:
            self._binaries = servant.reachable(find_binaries(), self.data_dir)
        return self._binaries

    def _create_cluster(self, servant: Servant, binaries: Path) -> None:
        """Create the cluster aside and move it into place whole, so that an interruption leaves none."""
        for abandoned in self.data_dir.glob("cluster.new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self.data_dir))
        servant.own(draft)
        command = [str(binaries / "initdb"), f"--pgdata={draft}", f"--username={_USER}", "--encoding=UTF8"]
        command += ["--auth-local=trust", "--auth-host=reject"]
        command += locale_options(major_version(binaries))
        if not self.durable:
            command.append("--no-sync")
        servant.run(command)
        single = [str(binaries / "postgres"), "--single", "-D", str(draft)]
        if not self.durable:
            single.append("-F")
        servant.run([*single, "postgres"], stdin=f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self._cluster)
        sync_directory(self.data_dir)

    def _check_version(self, binaries: Path) -> None:
        had, have = (self._cluster / "PG_VERSION").read_text().strip(), str(major_version(binaries))
        if had != have:
            raise PostgresError(
                f"{self._cluster} was made by PostgreSQL {had}, the binaries in {binaries} are {have}: "
                f"name the directory of PostgreSQL {had} in PG_BIN, or move the data with pg_upgrade"
            )

    def _launch(self, servant: Servant, binaries: Path, deadline: float) -> bool:
        """Start the server; False if an earlier one's processes are not quite gone yet."""
        socket_dir = self._socket_dir()
        make_directory(socket_dir, 0o700)
        servant.check_owner(socket_dir)
        servant.own(socket_dir)
        settings = _CONFIGURATION | ({} if self.durable else _CARELESS)
        settings["unix_socket_directories"] = '"' + str(socket_dir).replace('"', '""') + '"'
        command = [str(binaries / "postgres"), "-D", str(self._cluster), "-p", str(PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        environment = {}
        stale = Postmaster.of(self._cluster)
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
            postmaster = Postmaster.of(self._cluster)
            if postmaster is not None and postmaster.pid == pid and postmaster.status == "ready":
                return True
            if not process_exists(pid):
                return False
            time.sleep(0.005)
        return False  # left to itself: it may be recovering much, and the next start waits for it again

    def _shut_down(self) -> None:
        postmaster = Postmaster.of(self._cluster)
        if postmaster is None or not postmaster.alive():
            return
        # SIGINT: end the sessions and write everything down. SIGQUIT: at once, to recover at the next start.
        for order in (signal.SIGINT, signal.SIGQUIT) if self.durable else (signal.SIGQUIT,):
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster.pid, order)
            if until(lambda: not postmaster.alive(), _STOP_SECONDS):
                return
        raise PostgresError(f"the PostgreSQL server in {self.data_dir} (process {postmaster.pid}) does not stop")

    def _remove(self) -> None:
        self._shut_down()
        shutil.rmtree(self.data_dir, ignore_errors=True)
        shutil.rmtree(self._socket_dir(), ignore_errors=True)

    def _give_up(self, when_unused: Callable[[], None]) -> None:
        if not self.data_dir.is_dir():
            return
        with Lock(self.data_dir / "start.lock", _START_SECONDS):
            self._release()
            others = Lock(self.data_dir / "in-use.lock", 0)
            if others.try_acquire():
                try:
                    when_unused()
                finally:
                    others.release()

    def _release(self) -> None:
        if self._in_use is not None:
            self._in_use.release()
            self._in_use = None

    def _client(self, program: str, *arguments: str) -> None:
        binaries = self._runnable_binaries(Servant.for_this_process())
        address = [f"--host={self._socket_dir()}", f"--port={PORT}", f"--username={_USER}", "--no-password"]
        run([str(binaries / program), *address, *arguments])


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
