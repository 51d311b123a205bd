"""What the READMEs of the examples tell to type, up to the gateway, is typed: as it stands there, in a checkout's folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def typed(tenant: str) -> str:
    """The variables, and what puts the tenant in place; simulators and customers need a gateway that runs."""
    readme = (ROOT / "examples" / tenant / "README.md").read_text(encoding="utf-8")
    blocks = [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in BLOCK.findall(readme)]
    lines = "\n".join(each for each in blocks if "export " in each or "truffles tenants apply" in each)
    until = re.search(r".*^truffles knowledge sync .*?$", lines, re.DOTALL | re.MULTILINE)
    assert until, f"the README of {tenant} loads no knowledge"
    return until[0]


@pytest.mark.parametrize("tenant", ["demo_salon", "demo_phones"])
def test_the_tenant_is_in_place_after_what_its_readme_says(tenant: str, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    program = tmp_path / "bin" / "truffles"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m truffles_gateway "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path / "data")}
    environment |= {"PATH": f"{program.parent}:{environment['PATH']}", "COLUMNS": "200"}
    done = subprocess.run(
        ["sh", "-e"], input=typed(tenant), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert f"✓ {tenant}: version 1 applied" in done.stdout
    assert re.search(rf"✓ {tenant}: \d+ added, 0 changed, 0 unchanged, 0 deleted", done.stdout)
