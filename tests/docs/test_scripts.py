"""The scripts that people run say what they are for when they are asked, and do nothing then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "calibrate.py": "pip install lightgbm",
    "follow_ups.py": "pip install lightgbm",
    "train_intents.py": "pip install scikit-learn",
}


def _state() -> dict[Path, int]:
    """When what the scripts write was last written."""
    written = [*ROOT.glob("plugins/*/truffles_*/data/*"), *ROOT.glob("docs/*.md")]
    return {path: path.stat().st_mtime_ns for path in written}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "scripts").glob("*.py")))
def test_a_script_that_is_asked_for_help_gives_it_and_does_nothing(name: str) -> None:
    before = _state()
    command = [sys.executable, str(ROOT / "scripts" / name), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name}")
    assert NEEDED.get(name, f"python scripts/{name}") in done.stdout
    assert _state() == before
