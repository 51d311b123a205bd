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
