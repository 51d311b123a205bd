"""What the documents say is held against the code: facts, Python, configs, links."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from mypy import api as mypy

from truffles_gateway.catalog import Catalog
from truffles_gateway.cli import main
from truffles_gateway.secret_refs import Secrets
from truffles_gateway.tenants import check

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]+\]\((?!https?:)([^)#\s]+)(?:#([\w-]+))?\)")
REFERENCE = re.compile(r'"env:(\w+)"')
PATH = re.compile(r"`((?:truffles_gateway|plugins|tests|examples|docs|scripts|benchmarks)/[\w./-]*\w\.\w+)`")


def test_facts_are_those_of_the_code(docs_facts: ModuleType) -> None:
    for path in docs_facts.documents():
        text = path.read_text(encoding="utf-8")
        assert text == docs_facts.rewritten(text), f"{path.name} is behind the code: run python scripts/docs_facts.py"


def test_every_setting_and_every_key_of_a_tenant_is_documented(docs_facts: ModuleType) -> None:
    found = {path.name: docs_facts.names(path.read_text(encoding="utf-8")) for path in docs_facts.documents()}
    assert set(found["tenants.md"]) == {f"tenant {part}" for part in docs_facts.PARTS}
    assert {"settings", "metrics", "crash points"} <= set(found["operations.md"])


def test_every_key_of_a_tenant_is_explained() -> None:
    assert "| ? |" not in (ROOT / "docs" / "tenants.md").read_text(encoding="utf-8")


def test_python_snippets_parse(snippets: list[Any]) -> None:
    python = [each for each in snippets if each.language == "python"]
    assert len(python) > 8
    for snippet in python:
        compile(snippet.text, snippet.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_python_snippets_of_the_guides_are_whole_and_well_typed(
    snippets: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPYPATH", str(ROOT / "examples" / "plugins" / "echo_channel"))
    guides = [each for each in snippets if each.language == "python" and "plugins" not in each.path.parts]
    for number, snippet in enumerate(guides):
        (tmp_path / f"snippet_{number}.py").write_text(f"# {snippet.place}\n{snippet.text}", encoding="utf-8")
    cache = ROOT / ".mypy_cache"
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(cache), "--no-error-summary"]
    out, problem, code = mypy.run([*options, str(tmp_path)])
    places = [f"snippet_{number}: {snippet.place}" for number, snippet in enumerate(guides)]
    assert code == 0, "\n".join([out, problem, *places])


def _filled(value: Any) -> Any:
    """A config with the salon's pack in the place of whatever it includes."""
    if isinstance(value, dict):
        if value.keys() == {"include"}:
            return yaml.load((ROOT / "examples/demo_salon/pack.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
        return {key: _filled(each) for key, each in value.items()}
    return [_filled(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("language", ["toml"])
async def test_configs_are_ones_that_the_gateway_takes(snippets: list[Any], language: str) -> None:
    """A whole config (it has a slug) is checked as it is; a part of one is put into a minimal tenant first."""
    catalog, checked = Catalog.scan(), 0
    for snippet in snippets:
        if snippet.language != language or "build-system" in tomllib.loads(snippet.text):
            continue  # the latter is a package's pyproject.toml: test_guide.py builds that package
        raw = _filled({"slug": "shop", "name": "Shop", **tomllib.loads(snippet.text)})
        installed = [each for each in raw.get("plugins", ()) if each["name"] in catalog.installed]
        raw["plugins"] = installed
        secrets = Secrets(dict.fromkeys(REFERENCE.findall(snippet.text), "a-secret"))
        problems = await check(raw, catalog, secrets)
        assert not problems, f"{snippet.place}: {[str(each) for each in problems]}"
        checked += 1
    assert checked > 3


INLINE = re.compile(r"`(truffles(?: [a-z][\w-]*| --?[\w-]+| [A-Z][\w.]*)+)`")


def commands_in(text: str) -> list[str]:
    """The lines of a shell block that call the gateway or make."""
    return [
        line.partition("#")[0].strip() for line in text.splitlines() if re.match(r"(truffles|make)\b", line.strip())
    ]


def test_commands_exist_with_their_options(snippets: list[Any], documents: list[Path]) -> None:
    lines = [(each.place, line) for each in snippets for line in commands_in(each.text) if each.language in {"sh", ""}]
    for path in documents:
        text = path.read_text(encoding="utf-8")
        lines += [(path.name, line) for line in INLINE.findall(text) + re.findall(r"`(make [a-z]+)`", text)]
    assert len(lines) > 30
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for place, line in lines:
        program, *words = line.split()
        if program == "make":
            targets = [word for word in words[:1] if "=" not in word]
            assert all(re.search(rf"^{word}:", makefile, re.MULTILINE) for word in targets), f"{place}: {line}"
        else:
            assert not _unknown(words), f"{place}: {line}: {_unknown(words)}"


def _unknown(words: list[str]) -> str:
    """What a command line of `truffles` names that there is not, by asking for the help of each command on its way."""
    command, path, options = main, list[str](), [word for word in words if word.startswith("-")]
    for word in words:
        inside = getattr(command, "get_command", None)
        if word.startswith("-") or inside is None:
            break
        command = inside(None, word)
        path.append(word)
        if command is None:
            return f"no command {' '.join(path)}"
    shown = CliRunner().invoke(main, [*path, "--help"])
    known = {name for each in getattr(command, "params", []) for name in each.opts} | {"--help", "--version"}
    if shown.exit_code:
        return shown.output
    return ", ".join(option for option in options if option.partition("=")[0] not in known)


def test_links_lead_somewhere(documents: list[Path]) -> None:
    for path in documents:
        for target, anchor in LINK.findall(path.read_text(encoding="utf-8")):
            file = path.parent / target
            assert file.exists(), f"{path.relative_to(ROOT)} links to {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_files_that_are_named_exist(documents: list[Path]) -> None:
    for path in documents:
        for name in PATH.findall(path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{path.relative_to(ROOT)} names {name}"
