"""What an operator is told of a config that can be used and will disappoint, or cannot be used: cause, place and cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Truffles = Callable[..., Result]
Written = Callable[..., Path]
HEAD = 'slug = "velo"\nname = "Velo"\nwebhook_secret = "env:CLI_SECRET"\n'

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def velo(tmp_path: Path) -> Written:
    """Write a tenant's file: its top keys, then its plugins by name; `more` is what stands below."""

    def write(*plugins: str, top: str = "", more: str = "") -> Path:
        path = tmp_path / "velo.toml"
        blocks = "".join(f'[[plugins]]\nname = "{name}"\n' for name in plugins)
        path.write_text(f"{HEAD}{top}\n{blocks}{more}", encoding="utf-8")
        return path

    return write


BRANCH = '[[branches]]\nslug = "north"\nname = "North"\nmode = "auto"\n'


@pytest.mark.parametrize(
    ("plugins", "top", "more", "told"),
    [
        (("policy",), 'mode = "auto"', "", ["mode"]),
        (("policy",), 'mode = "off"', BRANCH, ["branches[0].mode"]),
        (("policy", "desk_log"), 'mode = "auto"', BRANCH, []),
        (("policy",), 'mode = "shadow"', "", []),
        (("policy",), 'mode = "auto"\nstatus = "suspended"', "", []),
    ],
)
def test_a_tenant_whose_handovers_nobody_sees_is_told_so(
    truffles: Truffles, velo: Written, plugins: tuple[str, ...], top: str, more: str, told: list[str]
) -> None:
    path = str(velo(*plugins, top=top, more=more))
    lines = [
        f'! velo: {where}: "auto" promises customers a person, and nobody is told: no plugin here shows handovers to'
        " people. Add one that does (installed: desk_log, telegram)"
        for where in told
    ]
    for command in (("tenants", "check", path), ("tenants", "apply", path, "--yes"), ("doctor",)):
        result = truffles(*command)
        assert result.exit_code == 0, result.output
        found = [
            each.replace("! tenant velo", "! velo") for each in result.output.splitlines() if "nobody is told" in each
        ]
        assert found == lines, result.output


PACK = "business: {name: Velo}\nservices:\n  - {id: repair, name: Repair, price: 5000}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("pack", "import", "{here}", "--output", "{gone}/x.yaml"),
        ("pack", "schema", "--output", "{gone}/x.yaml"),
        ("pack", "wordings", "{here}/pack.yaml", "--output", "{gone}/x.yaml"),
        ("eval", "run", "{here}/battery.yaml", "--json", "{gone}/x.yaml"),
        ("eval", "run", "{here}/battery.yaml", "--junit", "{gone}/x.yaml"),
        ("eval", "replay", "velo", "--json", "{gone}/x.yaml"),
    ],
)
def test_a_folder_that_is_not_there_is_named_with_its_cure(
    truffles: Truffles, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """`eval` looks before it runs: neither battery nor tenant of these could be tried."""
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "about.md").write_text("# Velo\n\nRepair: 5000\n", encoding="utf-8")
    (tmp_path / "battery.yaml").write_text("none", encoding="utf-8")
    gone = tmp_path / "nonexistent"
    result = truffles(*(each.format(here=tmp_path, gone=gone) for each in words))
    assert result.exit_code == 1
    told = f"Error: {gone}/x.yaml: there is no folder {gone}. Make it, or name another file"
    assert told in result.output.splitlines(), result.output


def test_a_qdrant_server_that_is_away_is_named_with_its_cure(truffles: Truffles, velo: Written, tmp_path: Path) -> None:
    address = "http://127.0.0.1:9"
    path = velo("desk_log", "rag_qdrant", more=f'settings = {{ qdrant_url = "{address}" }}\n')
    assert truffles("tenants", "apply", str(path), "--yes").exit_code == 0
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "about.md").write_text("## Where\nVymyshlennaya street, 12.\n", encoding="utf-8")
    told = f"Qdrant: {address}: All connection attempts failed. Start it, or correct qdrant_url and qdrant_api_key"
    synced = truffles("knowledge", "sync", "velo", str(facts))
    assert (synced.exit_code, synced.output.splitlines()[-1]) == (
        1, f"Error: velo: plugins.rag_qdrant: {told}. Then run this again",
    )  # fmt: skip
    looked = truffles("doctor")
    assert looked.exit_code == 1
    assert f"✗ tenant velo: rag_qdrant: {told}" in looked.output.splitlines(), looked.output
