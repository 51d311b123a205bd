"""The installed plugins, found once through their entry points.

A plugin that cannot be imported, was written for another version of the hooks or clashes with one before it is kept as
a load fault: it harms only the tenants that ask for it.
"""

from __future__ import annotations

import difflib
import importlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import importlib_metadata
from importlib_metadata import EntryPoint

from truffles_gateway.errors import PluginError
from truffles_gateway.hookspecs import PROJECT, SPEC_VERSION
from truffles_gateway.plugin import Ingress, Plugin

GROUP = PROJECT
STALE = 30.0
RESERVED_PATHS = frozenset({"/message", "/health", "/ready", "/version", "/metrics", "/admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One entry point: its manifest, or the line that says why it cannot be used."""

    name: str
    distribution: str = ""
    plugin: Plugin | None = None
    fault: str = ""


class Catalog:
    """What was installed on this machine when this process looked, by name. `names_now` tells what is by now: that is only
    told, not imported, for a process in use may hold older modules of the same packages, and its doors are open."""

    def __init__(self, installed: Iterable[Installed], names_now: Callable[[], Collection[str]] = tuple) -> None:
        self._names_now = names_now
        self.installed: dict[str, Installed] = {}
        for each in installed:
            self.installed[each.name] = _without_clash(each, self.installed)

    @classmethod
    def scan(cls, entry_points: Iterable[EntryPoint] | None = None) -> Catalog:
        """Import every plugin's manifest. Call it once a process: it reads the metadata of all distributions."""
        found = importlib_metadata.entry_points(group=GROUP) if entry_points is None else entry_points
        loaded = (_load(each) for each in sorted(found, key=lambda each: (each.name, _distribution(each))))
        return cls(loaded, _Names() if entry_points is None else tuple)

    @classmethod
    def of(cls, *plugins: Plugin) -> Catalog:
        """A catalog of exactly these manifests, for tests."""
        return cls(_judge(plugin.name, "", plugin) for plugin in plugins)

    def get(self, name: str) -> Plugin:
        """The plugin `name`. Raises `PluginError`, which names the cure, where it is missing or cannot be loaded."""
        found = self.installed.get(name)
        if found is None and name in self._names_now():
            problem = f'plugin "{name}" was installed after this process had started'
            raise PluginError(f"{problem}. Restart it: truffles serve, and every truffles worker")
        if found is None:
            near = difflib.get_close_matches(name, self.installed, n=1)
            hint = f'Did you mean "{near[0]}"? Else run' if near else "Run"
            raise PluginError(
                f'plugin "{name}" is not installed. {hint}: pip install truffles-{name.replace("_", "-")}, '
                "or whatever its package is called"
            )
        if found.plugin is None:
            raise PluginError(f'plugin "{name}" cannot be loaded: {found.fault}')
        return found.plugin

    def plugins(self) -> Iterator[Plugin]:
        """The usable plugins, by name."""
        return (each.plugin for each in self.installed.values() if each.plugin)

    def faults(self) -> dict[str, str]:
        """Why the others cannot be used, by name."""
        return {each.name: each.fault for each in self.installed.values() if each.fault}

    def ingresses(self) -> dict[str, tuple[Plugin, Ingress]]:
        """All doors by their path."""
        return {each.ingress.path: (each, each.ingress) for each in self.plugins() if each.ingress}


class _Names:
    """The names of the entry points by now. Reading them takes some milliseconds, and a config that waits for a plugin is
    tried every few seconds: they are read again after half a minute."""

    def __init__(self) -> None:
        self._read, self._names = -STALE, frozenset[str]()

    def __call__(self) -> Collection[str]:
        now = time.monotonic()
        if now - self._read >= STALE:
            importlib.invalidate_caches()
            self._read, self._names = now, frozenset(importlib_metadata.entry_points(group=GROUP).names)
        return self._names


def _cure(entry_point: EntryPoint, problem: BaseException) -> str:
    """What to do about a manifest that cannot be imported."""
    package, missing = _distribution(entry_point) or "its package", getattr(problem, "name", None)
    if not isinstance(problem, ModuleNotFoundError) or not missing:
        return f"Reinstall {package}"
    if f"{entry_point.module}.".startswith(f"{missing}."):
        return f"Correct the entry point of {package}, which names that module, or add the module, and install it again"
    return f"Install what {package} needs"


def _distribution(entry_point: EntryPoint) -> str:
    return str(entry_point.dist.name) if entry_point.dist else ""


def _load(entry_point: EntryPoint) -> Installed:
    distribution = _distribution(entry_point)
    try:
        return _judge(entry_point.name, distribution, entry_point.load())
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - an import may raise anything; the others must still load
        fault = f"{type(problem).__name__}: {' '.join(str(problem).split())}. {_cure(entry_point, problem)}"
        return Installed(name=entry_point.name, distribution=distribution, fault=fault)


def _judge(name: str, distribution: str, plugin: object) -> Installed:
    fault = "".join(list(_problems(name, distribution, plugin))[:1])
    usable = plugin if isinstance(plugin, Plugin) and not fault else None
    return Installed(name=name, distribution=distribution, plugin=usable, fault=fault)


def _problems(name: str, distribution: str, plugin: object) -> Iterator[str]:
    if not isinstance(plugin, Plugin):
        yield f"the entry point names a {type(plugin).__name__}. Let it name a truffles_gateway.plugin.Plugin"
        return
    if plugin.name != name:
        yield f'its manifest says "{plugin.name}". Give entry point and manifest one name'
    if plugin.spec_version != SPEC_VERSION:
        cure = f"Install a version of {distribution or name} for version {SPEC_VERSION}"
        yield f"it was written for version {plugin.spec_version} of the hooks. {cure}"
    if plugin.ingress and plugin.capabilities.desk is False and not plugin.channel:
        yield "it has an ingress, but its manifest names no channel"
    if plugin.ingress:
        yield from _path_problems(plugin.ingress.path)


def _path_problems(path: str) -> Iterator[str]:
    if not path.startswith("/") or path.endswith("/") or "//" in path:
        yield f'its ingress path "{path}" must start with "/" and not end with one'
    if path in RESERVED_PATHS:
        yield f"its ingress path {path} belongs to the host. Choose another"


def _without_clash(new: Installed, before: Mapping[str, Installed]) -> Installed:
    """`new`, or its fault where it claims what another one has already: neither may take over the other's door."""
    fault = ""
    if new.name in before:
        other = before[new.name].distribution
        fault = f"{other} and {new.distribution} both call themselves {new.name}. Uninstall one of them"
    elif new.plugin and new.plugin.ingress:
        path = new.plugin.ingress.path
        others = [each.name for each in before.values() if each.plugin and _listens_at(each.plugin, path)]
        fault = f"{others[0]} listens at {path} already. Uninstall one of them" if others else ""
    return Installed(name=new.name, distribution=new.distribution, fault=fault) if fault else new


def _listens_at(plugin: Plugin, path: str) -> bool:
    return plugin.ingress is not None and plugin.ingress.path == path
