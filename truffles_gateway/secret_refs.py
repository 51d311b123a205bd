"""Secrets are given as references, `env:NAME` or `file:PATH`, and never stand in a config or in the database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from truffles_gateway.errors import ConfigError

CURE = "Write env:NAME or file:PATH and put the secret there"
UNREAD = {
    "env": "Set it where the gateway is started",
    "file": "Put the secret into that file, readable for the gateway's user, or name another",
}
LARGEST = 64 * 1024


class Secrets:
    """Looks references up; `environ` is the process environment, handed in by whoever owns the settings."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def resolve(self, reference: str, *, tenant: str = "", where: str = "") -> str:
        """The secret that `reference` names. Raises `ConfigError`, which never repeats what was written."""
        kind, _, name = reference.partition(":")
        if kind not in ("env", "file") or not name.strip():
            raise ConfigError("a secret stands here in plain text", tenant=tenant, where=where, cure=CURE)
        try:
            secret = self._from_environment(name) if kind == "env" else _from_file(Path(name))
        except (OSError, ValueError) as problem:
            why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
            raise ConfigError(
                f"{reference} cannot be read: {why}", tenant=tenant, where=where, cure=UNREAD[kind]
            ) from problem
        if not secret:
            raise ConfigError(f"{reference} is empty", tenant=tenant, where=where, cure="Put the secret there")
        return secret

    def _from_environment(self, name: str) -> str:
        if name not in self._environ:
            raise ValueError("no such environment variable")
        return self._environ[name].strip()

    def fill(self, value: Any, *, tenant: str, where: str) -> tuple[Any, list[ConfigError]]:
        """`value` (settings, or a part of them) with every `SecretStr` that was given replaced by what it names."""
        problems: list[ConfigError] = []
        return self._fill(value, tenant, where, problems), problems

    def _fill(self, value: Any, tenant: str, where: str, problems: list[ConfigError]) -> Any:
        if isinstance(value, SecretStr):
            return self._known(value, tenant, where, problems)
        if isinstance(value, BaseModel):
            given = {name: getattr(value, name) for name in value.model_fields_set if hasattr(value, name)}
            return value.model_copy(update=self._fill(given, tenant, where, problems))
        if isinstance(value, Mapping):
            return {key: self._fill(each, tenant, f"{where}.{key}", problems) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._fill(each, tenant, f"{where}[{i}]", problems) for i, each in enumerate(value))
        return value

    def _known(self, value: SecretStr, tenant: str, where: str, problems: list[ConfigError]) -> SecretStr:
        try:  # an optional secret may be left empty
            return SecretStr(self.resolve(value.get_secret_value(), tenant=tenant, where=where)) if value else value
        except ConfigError as problem:
            problems.append(problem)
            return value


def _from_file(path: Path) -> str:
    if not path.is_file():
        path.stat()  # says why, where there is nothing
        raise ValueError("not a regular file")  # a device or a pipe may never end
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST} bytes")
    return path.read_text(encoding="utf-8").strip()
