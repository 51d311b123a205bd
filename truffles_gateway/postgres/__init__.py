"""A private PostgreSQL server, for those who have not set ``DATABASE_URL``, and for tests.

The server belongs to a directory, not to a process. Whoever needs it calls :meth:`PrivatePostgres.start`: the first
caller creates the cluster and starts the server, later ones (another gateway process, the command line) find it running
and share it. The last one to call :meth:`PrivatePostgres.stop` shuts it down. Processes that are killed need not call
anything: the operating system drops their locks, and the next ``start`` repairs what they left behind.

Clients reach it only through a Unix socket in a directory that is closed to other users, so it needs no password and
opens no port. PostgreSQL refuses to run as root; started by root, it runs as ``nobody``.
"""

from truffles_gateway.postgres.binaries import find_binaries
from truffles_gateway.postgres.errors import PostgresError
from truffles_gateway.postgres.places import default_data_dir
from truffles_gateway.postgres.server import DATABASE, PrivatePostgres
from truffles_gateway.postgres.temporary import temporary_postgres

__all__ = [
    "DATABASE",
    "PostgresError",
    "PrivatePostgres",
    "default_data_dir",
    "find_binaries",
    "temporary_postgres",
]
