"""The demo's two businesses: their example folders, and what of their configs must point at simulators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truffles_gateway.errors import ConfigError
from truffles_gateway.tenant_file import whole_file

CHATFLOW = "chatflow"
_SECRET = re.compile(r"^env:(\w+)$")


@dataclass(frozen=True, slots=True)
class Business:
    """An example tenant as it lies in its folder."""

    folder: Path
    config: Mapping[str, Any]

    @property
    def slug(self) -> str:
        """Its slug."""
        return str(self.config["slug"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.config.get("name", self.slug))

    def secrets(self) -> set[str]:
        """The names of the environment's variables that its config refers to."""
        return set(_secrets(self.config))

    def webhook_secret(self, environment: Mapping[str, str]) -> str:
        """The secret of its webhooks."""
        return environment[str(self.config["webhook_secret"]).removeprefix("env:")]

    def setting(self, plugin: str, name: str) -> Any:
        """What its config says of a plugin; None if it does not."""
        return next((settings.get(name) for used, settings in self._plugins(self.config) if used == plugin), None)

    def pointing_at(self, urls: Mapping[str, str]) -> dict[str, Any]:
        """Its config with these base URLs, by plugin."""
        config = deepcopy(dict(self.config))
        for plugin, settings in self._plugins(config):
            if plugin in urls and "base_url" in settings:
                settings["base_url"] = urls[plugin]
        return config

    @staticmethod
    def _plugins(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for each in config.get("plugins", ()):
            yield str(each.get("name")), each.get("settings", {})


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets(each)
    elif isinstance(value, list):
        for each in value:
            yield from _secrets(each)
    elif isinstance(value, str) and (found := _SECRET.match(value)):
        yield found[1]


def read(folder: Path) -> Business:
    """The business in a folder. Raises `ConfigError` if it is no example or a copy of one."""
    path = folder / "tenant.toml"
    if not path.is_file() or not (folder / "knowledge").is_dir():
        cure = "Run the demo in a checkout of the project, or name the folder with --folder PATH/examples/demo_salon"
        raise ConfigError(f"{folder} holds no tenant.toml with a folder knowledge beside it", cure=cure)
    business = Business(folder, whole_file(path).config)
    slug, url = business.config.get("slug"), business.setting(CHATFLOW, "base_url")
    if not isinstance(slug, str) or not url:
        raise ConfigError(f"{path} has no slug or no plugin {CHATFLOW}", cure="Start from a copy of the example")
    return business
