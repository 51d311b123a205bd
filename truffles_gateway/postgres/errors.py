"""What can go wrong with a private server."""


class PostgresError(RuntimeError):
    """The private PostgreSQL server cannot be had. The message names the cure."""
