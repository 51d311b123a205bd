"""The manifest. Installable and selectable; it implements no hook in this version."""

from __future__ import annotations

from truffles_gateway.plugin import Plugin, PluginSettings, Resources


class Settings(PluginSettings):
    """Nothing to set in this version."""


class Hooks:
    """One tenant's instance."""

    def __init__(self, settings: Settings, resources: Resources) -> None:
        self._settings, self._resources = settings, resources


plugin = Plugin(
    name="telegram",
    version="0.1.0",
    summary="Telegram: the managers' desk and a customer channel.",
    settings=Settings,
    create=Hooks,
)
