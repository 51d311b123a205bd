"""docs/write-a-plugin.md, followed to the letter: its files written where it says, packed, and tested in a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "write-a-plugin.md"
EXAMPLE = ROOT / "examples" / "plugins" / "echo_channel"
FILE = re.compile(r"^`echo_channel/([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MAY_BE_EMPTY = ("README.md", "truffles_echo_channel/__init__.py", "truffles_echo_channel/py.typed")


def shown() -> dict[str, str]:
    """The files whose text the guide shows, by the path that it gives them."""
    return dict(FILE.findall(GUIDE.read_text(encoding="utf-8")))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package that a reader of the guide has at its end."""
    folder = tmp_path / "echo_channel"
    for name, text in {**dict.fromkeys(MAY_BE_EMPTY, ""), **shown()}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_the_guide_shows_every_file_of_its_tree() -> None:
    tree = re.search(r"^```text\necho_channel/\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert tree
    assert set(tree[1].split()) == {*shown(), *MAY_BE_EMPTY}


def test_the_example_is_what_the_guide_shows() -> None:
    for name, text in shown().items():
        assert (EXAMPLE / name).read_text(encoding="utf-8") == text, f"{name} differs from the guide's"
    code = [line for each in EXAMPLE.glob("truffles_*/*.py") for line in each.read_text("utf-8").splitlines() if line]
    claimed = re.search(r"`examples/plugins/echo_channel`, (\d+) lines of code", GUIDE.read_text(encoding="utf-8"))
    assert claimed
    assert len(code) == int(claimed[1])


def test_its_tests_pass_in_a_folder_of_their_own(package: Path) -> None:
    """Nothing of this checkout's settings for tests is there, as with a plugin that is written elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_it_can_be_packed_and_names_its_entry_point(package: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=package, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        [entry_points] = [packed.read(each).decode() for each in names if each.endswith("entry_points.txt")]
    assert "[truffles_gateway]\necho_channel = truffles_echo_channel.plugin:plugin" in entry_points
    kept = {each for each in shown() if each.startswith("truffles_echo_channel/")}
    assert kept <= set(names)
    assert tomllib.loads(shown()["pyproject.toml"])["tool"]["pytest"]["ini_options"]["asyncio_mode"] == "auto"
