"""What every plugin must keep, checked from outside: `assert conforms(plugin) == []`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from truffles_gateway import hookspecs
from truffles_gateway.hookspecs import CALLS, SPEC_VERSION
from truffles_gateway.plugin import Plugin, PluginSettings
from truffles_gateway.texts import HOST_LANGUAGES


def conforms(plugin: Plugin, hooks: object | None = None) -> list[str]:
    """Everything that is wrong with a manifest and, if given, with the object that its `create` made."""
    wrong = [*_manifest(plugin), *_ingress(plugin), *_catalogue(plugin)]
    return [*wrong, *_hooks(hooks), *_implements(plugin, hooks)] if hooks else wrong


def _manifest(plugin: Plugin) -> list[str]:
    wrong = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", plugin.name):
        wrong.append(f"name {plugin.name!r}: lower-case letters, digits and _ only")
    if plugin.spec_version != SPEC_VERSION:
        wrong.append(f"spec_version {plugin.spec_version}: this host speaks {SPEC_VERSION}")
    model: type = plugin.settings
    if not issubclass(model, PluginSettings):
        wrong.append("settings: derive the model from PluginSettings, so that unknown keys are refused")
    if plugin.capabilities.desk and not plugin.channel:
        wrong.append("a desk needs a channel to be written to")
    return wrong


def _ingress(plugin: Plugin) -> list[str]:
    door = plugin.ingress
    if door is None:
        return []
    wrong = [] if door.path.startswith("/") and not door.path.endswith("/") else [f"ingress path {door.path!r}"]
    for name in ("tenant", "verify", "parse"):
        if inspect.iscoroutinefunction(getattr(door, name, None)):
            wrong.append(f"ingress.{name} must not be async: it runs before the acknowledgement")
        elif not callable(getattr(door, name, None)):
            wrong.append(f"ingress.{name} is missing")
    return wrong


def _catalogue(plugin: Plugin) -> list[str]:
    if not plugin.catalogue:
        return []
    keys = {language: set(plugin.catalogue.get(language, {})) for language in HOST_LANGUAGES}
    everything = set().union(*keys.values())
    return [
        f"catalogue: {language} lacks {', '.join(sorted(everything - found))}"
        for language, found in keys.items()
        if everything - found
    ]


def _hooks(hooks: object) -> list[str]:
    marked = [
        name
        for name, method in inspect.getmembers(hooks, callable)
        if getattr(method, "truffles_gateway_impl", None) is not None
    ]
    wrong = [f"{name} is no hook; there are {', '.join(CALLS)}" for name in marked if name not in CALLS]
    wrong += [line for name in marked if name in CALLS for line in _arguments(name, getattr(hooks, name))]
    forgotten = [name for name in CALLS if callable(getattr(hooks, name, None)) and name not in marked]
    return wrong + [f"{name} is not marked @hookimpl" for name in forgotten]


def _implements(plugin: Plugin, hooks: object) -> list[str]:
    if not plugin.implements:
        return []
    there = {name for name in CALLS if getattr(getattr(hooks, name, None), "truffles_gateway_impl", None) is not None}
    differ = sorted(there ^ set(plugin.implements))
    return [f"implements: {', '.join(differ)} is named there or implemented, but not both"] if differ else []


def _arguments(name: str, method: Callable[..., object]) -> list[str]:
    known = list(inspect.signature(getattr(hookspecs, name)).parameters)
    asked = [each for each in inspect.signature(method).parameters if each not in known]
    return [f"{name} has no argument {each}; there are {', '.join(known)}" for each in asked]
