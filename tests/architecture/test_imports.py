"""The rules on imports that import-linter cannot express: lists of what is allowed, which cover new modules by themselves."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "truffles_gateway"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/plugins/*/pyproject.toml"))

# What a module of the host may import beyond the standard library, as patterns. Modules that are not named are free.
ALLOWED_IN_HOST = {
    "messages": [],
    "errors": [],
    "hookspecs": ["pluggy", "truffles_gateway.messages"],
    "postgres": ["truffles_gateway.postgres*"],
}

# What a module of the host must not import.
FORBIDDEN_IN_HOST = {
    "pipeline": [
        "quart*",
        "hypercorn*",
        "databases*",
        "sqlalchemy*",
        "asyncpg*",
        "truffles_gateway.web*",
        "truffles_gateway.cli*",
    ],
}

# What a plugin may import from the host: the authors' interface, and in its tests the kit.
OPEN_TO_PLUGINS = [f"truffles_gateway.{module}" for module in ("plugin", "messages", "errors", "speech")]
OPEN_TO_PLUGIN_TESTS = [*OPEN_TO_PLUGINS, "truffles_gateway.testing*"]


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Each imported name with its line, as precisely as the file tells: ``from a import b`` is ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide what is imported"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def matches(name: str, patterns: list[str]) -> bool:
    """Whether a name, or the module that holds it, fits a pattern."""
    module = name.rpartition(".")[0]
    return any(fnmatchcase(name, pattern) or fnmatchcase(module, pattern) for pattern in patterns)


def is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def is_of_host(name: str) -> bool:
    return name.partition(".")[0] == "truffles_gateway"


def files_of(module: str) -> list[Path]:
    single = HOST / f"{module}.py"
    return [single] if single.exists() else sorted((HOST / module).rglob("*.py"))


def complaint(path: Path, line: int, name: str) -> str:
    return f"{path.relative_to(ROOT)}:{line} imports {name}"


@pytest.mark.parametrize("module", ALLOWED_IN_HOST)
def test_modules_that_must_stay_light_import_only_what_is_allowed(module: str) -> None:
    allowed = ALLOWED_IN_HOST[module]
    assert not [
        complaint(path, line, name)
        for path in files_of(module)
        for line, name in imports_of(path)
        if not is_standard(name) and not matches(name, allowed)
    ]


@pytest.mark.parametrize("module", FORBIDDEN_IN_HOST)
def test_modules_that_must_stay_pure_do_not_import_what_is_forbidden(module: str) -> None:
    assert not [
        complaint(path, line, name)
        for path in files_of(module)
        for line, name in imports_of(path)
        if matches(name, FORBIDDEN_IN_HOST[module])
    ]


@pytest.mark.parametrize("plugin", [*PLUGINS, *EXAMPLES], ids=lambda path: path.name)
def test_a_plugin_imports_from_the_host_only_what_is_open_to_authors(plugin: Path) -> None:
    found = []
    for path in plugin.rglob("*.py"):
        is_test = "tests" in path.relative_to(plugin).parts
        is_open = OPEN_TO_PLUGIN_TESTS if is_test else OPEN_TO_PLUGINS
        found += [
            complaint(path, line, name)
            for line, name in imports_of(path)
            if is_of_host(name) and not matches(name, is_open)
        ]
    assert not found


def test_the_host_does_not_name_a_plugins_package() -> None:
    packages = [f"truffles_{plugin.name}*" for plugin in PLUGINS]
    assert not [
        complaint(path, line, name)
        for path in HOST.rglob("*.py")
        for line, name in imports_of(path)
        if matches(name, packages)
    ]


def test_the_contracts_cover_every_plugin() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    packages = {f"truffles_{plugin.name}" for plugin in PLUGINS}
    assert packages < set(linter["root_packages"])
    contracts = {contract["id"]: contract for contract in linter["contracts"]}
    assert packages == set(contracts["host-knows-no-plugin"]["forbidden_modules"])
    assert packages == set(contracts["plugins-know-no-plugin"]["modules"])
    for name in ("sql-lives-in-store", "pluggy-stays-at-the-seam"):
        assert packages < set(contracts[name]["source_modules"])


@pytest.mark.parametrize("plugin", [*PLUGINS, *EXAMPLES], ids=lambda path: path.name)
def test_every_plugin_has_the_same_shape(plugin: Path) -> None:
    declared = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))
    package = f"truffles_{plugin.name}"
    assert declared["project"]["name"] == package.replace("_", "-")
    assert declared["project"]["entry-points"]["truffles_gateway"] == {plugin.name: f"{package}.plugin:plugin"}
    assert (plugin / package / "py.typed").exists()
    assert (plugin / "README.md").exists()
