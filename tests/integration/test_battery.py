"""The battery that ships: its size and mixture, and that what was at hand while rules were made stays understood."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from truffles_gateway.cli import main
from truffles_gateway.evaluation import battery

ROOT = Path(__file__).resolve().parents[2]
BATTERY = ROOT / "examples" / "battery"
DOCUMENT = ROOT / "docs" / "evaluation.md"


def test_it_is_large_and_mixed_enough() -> None:
    cases = [asked.case for asked in battery.load(BATTERY)]
    assert len(cases) >= 250
    assert sum(len(case.turns) > 1 for case in cases) >= len(cases) / 3
    assert sum(case.heldout for case in cases) >= len(cases) / 3
    assert {"ru", "kk", "en", "mixed"} <= Counter(case.language for case in cases).keys()
    assert {asked.tenant for asked in battery.load(BATTERY)} == {"demo_salon", "demo_dental", "demo_phones"}


def documented() -> str:
    """The battery that docs/evaluation.md shows."""
    found = re.search(r"^```yaml\n(battery: .*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_example_of_the_documents_is_tried_below(tmp_path: Path) -> None:
    (tmp_path / "documented.yaml").write_text(documented(), encoding="utf-8")
    cases = battery.load(tmp_path / "documented.yaml")
    assert {case.tenant for case in cases} == {"demo_salon"}
    assert [len(case.case.turns) for case in cases] == [1, 3]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("tenant", ["salon", "dental", "phones"])
def test_what_was_at_hand_is_understood_without_a_model(tenant: str, database_url: str, tmp_path: Path) -> None:
    """All files of a business at once, with the example of the documents: its wordings are embedded and learnt once."""
    at_hand = tmp_path / "battery"
    at_hand.mkdir()
    for path in BATTERY.glob(f"*{tenant}*.yaml"):
        if not path.name.startswith("blind_"):
            shutil.copy(path, at_hand)
    if yaml.safe_load(documented())["tenant"] == f"demo_{tenant}":
        (at_hand / "documented.yaml").write_text(documented(), encoding="utf-8")
    config = ROOT / "examples" / f"demo_{tenant}" / "tenant.toml"
    environment = {"DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"}
    bounds = ["--min-recall", "ru=0.9", "--min-pass", "1", "--min-escalations", "1"]
    arguments = ["eval", "run", str(at_hand), "--config", str(config), "--without-model", *bounds]
    result = CliRunner().invoke(main, arguments, env=environment)
    assert result.exit_code == 0, result.output
