"""The plugin can be installed, found by its entry point and chosen by a tenant, and keeps the house's rules."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from truffles_llm_openai.plugin import plugin

from truffles_gateway.testing import conforms


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "llm_openai"]
    assert found.load() is plugin


def test_it_conforms(desk: Any) -> None:
    assert conforms(plugin, desk.hooks) == []
    assert plugin.summary
