"""The server process, as seen from outside."""

import os
import socket
import struct
from pathlib import Path

from truffles_gateway.postgres.errors import PostgresError

PORT = 5432  # no TCP port is opened: the number is only a part of the socket's name
SOCKET_NAME = f".s.PGSQL.{PORT}"

_MAY_I_USE_TLS = struct.pack("!ii", 8, 80877103)  # the first question of every client


class Postmaster:
    """What ``postmaster.pid`` says about the server of a cluster."""

    def __init__(self, cluster: Path, pid: int, socket_dir: str, status: str) -> None:
        self._cluster = cluster
        self.pid = pid
        self.status = status
        self._socket_dir = socket_dir

    @classmethod
    def of(cls, cluster: Path) -> "Postmaster | None":
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
        if not process_exists(self.pid):
            return False
        if not Path("/proc/self").exists():
            return self.answers()
        try:
            return Path(f"/proc/{self.pid}/cwd").samefile(self._cluster)  # a server works in its data directory
        except OSError:  # gone, not reaped yet, or another user's
            return False

    def answers(self) -> bool:
        """Whether the server reacts to a client."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(f"{self._socket_dir}/{SOCKET_NAME}")
                probe.sendall(_MAY_I_USE_TLS)
                return probe.recv(1) in (b"S", b"N")
            except OSError:
                return False


def process_exists(pid: int) -> bool:
    """Whether a process runs. One that ended counts as gone, even where the first process of a container reaps none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"
