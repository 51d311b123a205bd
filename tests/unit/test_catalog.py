"""One plugin that cannot be imported harms only those who ask for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from importlib_metadata import EntryPoint

from truffles_gateway.catalog import GROUP, Catalog
from truffles_gateway.errors import PluginError

MODULE = """
from truffles_gateway.plugin import Plugin, PluginSettings

class Door:
    path, admin, max_body = "/hook", False, 1000

def make(settings, resources):
    return object()

good = Plugin(name="good", version="1", create=make, channel="x", ingress=Door())
rival = Plugin(name="rival", version="1", create=make, channel="x", ingress=Door())
plain = Plugin(name="plain", version="1", create=make)
old = Plugin(name="old", version="1", create=make, spec_version=0)
misnamed = Plugin(name="other", version="1", create=make)
thing = 7
"""


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    (tmp_path / "catalog_test_plugins.py").write_text(MODULE)
    (tmp_path / "catalog_test_broken.py").write_text("import sys\nsys.exit('no')")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "catalog_test_needy.py").write_text("import catalog_test_dependency")
    names = ["good", "rival", "plain", "old", "misnamed", "thing"]
    entries = [entry(name, f"catalog_test_plugins:{name}") for name in names]
    entries += [entry("gone", "catalog_test_missing:plugin"), entry("exits", "catalog_test_broken:plugin")]
    entries += [entry("needy", "catalog_test_needy:plugin")]
    entries += [entry("twin", "catalog_test_plugins:plain"), entry("plain", "catalog_test_plugins:plain")]
    found = Catalog.scan(entries)
    sys.modules.pop("catalog_test_plugins", None)
    return found


def test_good_plugins_are_found_beside_bad_ones(catalog: Catalog) -> None:
    assert catalog.get("good").name == "good"
    assert [plugin.name for plugin in catalog.plugins()] == ["good"]
    assert catalog.ingresses()["/hook"][0].name == "good"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rival", "good listens at /hook already"),
        ("old", "version 0 of the hooks"),
        ("misnamed", 'says "other"'),
        ("thing", "names a int"),
        ("gone", "No module named"),
        ("gone", "Correct the entry point of its package, which names that module"),
        ("needy", "No module named 'catalog_test_dependency'. Install what its package needs"),
        ("exits", "SystemExit: no"),
        ("plain", "both call themselves plain"),
    ],
)
def test_a_load_fault_says_why(catalog: Catalog, name: str, says: str) -> None:
    assert says in catalog.faults()[name]
    with pytest.raises(PluginError, match="cannot be loaded"):
        catalog.get(name)


def test_a_missing_plugin_names_the_cure(catalog: Catalog) -> None:
    with pytest.raises(PluginError, match=r'"goot" is not installed. Did you mean "good"\? Else run: pip install'):
        catalog.get("goot")
    with pytest.raises(PluginError, match=r"Run: pip install truffles-rag-qdrant"):
        catalog.get("rag_qdrant")


def test_a_plugin_that_came_since_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    catalog = Catalog.scan()
    about = tmp_path / "hours-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hours\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[truffles_gateway]\nhours = hours_of_tests:plugin\n")
    told = r'plugin "hours" was installed after this process had started. Restart it: truffles serve, and every'
    with pytest.raises(PluginError, match=told):
        catalog.get("hours")
    with pytest.raises(PluginError, match="is not installed"):
        catalog.get("ours")


def test_the_installed_plugins_are_scanned() -> None:
    assert isinstance(Catalog.scan().installed, dict)
