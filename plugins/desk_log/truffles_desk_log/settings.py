"""A tenant's settings of this plugin."""

from __future__ import annotations

from truffles_gateway.plugin import PluginSettings


class DeskLogSettings(PluginSettings):
    """`enabled = false` keeps managers' replies over HTTP, but posts no cards: for tenants with a better desk."""

    enabled: bool = True
