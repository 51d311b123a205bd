"""The gateway's own settings, from environment variables; nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from truffles_gateway.clock import Clock, make_clock
from truffles_gateway.errors import ConfigError
from truffles_gateway.postgres import default_data_dir
from truffles_gateway.secret_refs import Secrets

Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals. Empty variables count as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    database_url: SecretStr | None = Field(None, description="postgresql://…; unset: a private server is started")
    database_pool: Annotated[int, Field(ge=2, le=100)] = Field(10, description="database connections of one process")
    truffles_data_dir: Path = Field(
        default_factory=default_data_dir, description="everything kept on this disk; `/var/lib/truffles` for root"
    )
    truffles_clock_file: str = Field("", description="file with an offset in seconds, for tests")
    truffles_crash: str = Field("", description="name of a point at which to die, for tests")
    host: str = Field("127.0.0.1", description="address to listen at")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="port to listen at; 0: any free one")
    public_url: str = Field("", description="where the world reaches this gateway")
    admin_token: SecretStr | None = Field(None, description="bearer token of /admin; unset: admin is closed")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="how log lines look")
    workers_concurrency: Annotated[int, Field(ge=1, le=1000)] = Field(32, description="turns at once in one process")
    tick_seconds: Seconds = Field(2.0, description="how often workers look without being woken")
    lease_seconds: Seconds = Field(10.0, description="how long a claimed lane is held without a heartbeat")
    heartbeat_seconds: Seconds = Field(3.0, description="how often a lease is renewed")
    housekeeping_seconds: Seconds = Field(600.0, description="how often what is old is forgotten")
    drain_seconds: Seconds = Field(20.0, description="how long a stopping process lets its turns end")
    app_version: str = Field("", description="shown by /admin/version")
    git_commit: str = Field("unknown", description="shown by /admin/version")
    build_time: str = Field("unknown", description="shown by /admin/version")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://: PostgreSQL is the only database")
        return value

    @classmethod
    def load(cls) -> Settings:
        """Read the environment. Raises `ConfigError` that names the first wrong variable."""
        try:
            return cls()
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)[0]
            name = str(found["loc"][0]).upper() if found["loc"] else "environment"
            raise ConfigError(found["msg"], where=name, cure=f"Correct or unset {name}") from None

    def clock(self) -> Clock:
        """The one clock of this process."""
        return make_clock(self.truffles_clock_file)

    def secrets(self, environ: Mapping[str, str] | None = None) -> Secrets:
        """Where tenants' secret references are looked up."""
        return Secrets(os.environ if environ is None else environ)
