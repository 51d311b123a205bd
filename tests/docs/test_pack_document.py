"""What docs/pack.md says of a pack, and the schema beside it, are held against the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from truffles_policy.pack.json_schema import as_text
from truffles_policy.pack.listed import listed
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import Wordings

from truffles_gateway.plugin import read_document

ROOT = Path(__file__).resolve().parents[2]


def test_its_snippets_are_good_packs(snippets: list[Any], tmp_path: Path) -> None:
    checked: set[str] = set()
    for snippet in snippets:
        if snippet.language != "yaml" or snippet.path.name != "pack.md":
            continue
        path = tmp_path / "pack.yaml"
        path.write_text(snippet.text, encoding="utf-8")
        document = read_document(path)
        if all("." in key for key in document.value):
            assert TypeAdapter(Wordings).validate_python(document.value), f"{snippet.place}: no wordings"
            continue
        assert [f"{snippet.place}: {each}" for each in document.problems(Pack)] == []
        checked |= document.value.keys()
    left_out = set(Pack.model_fields) - checked
    assert left_out <= {"services_complete"}, f"docs/pack.md has no example of {left_out}"


def test_every_id_of_a_fact_has_its_line() -> None:
    """And each line is that of a fact of some example."""
    said = (ROOT / "docs" / "pack.md").read_text(encoding="utf-8").partition("## Ids of facts")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in said.splitlines() if line.startswith("| `")]
    shapes = {id: id.replace(".", r"\.") for cell in cells for id in re.findall(r"`([^`]+)`", cell)}
    for name, part in (("KEY", "[a-z_]+"), ("ID", "[a-z0-9_-]+"), ("N", "[0-9]+")):
        shapes = {id: re.sub(rf"\b{name}\b", part, shape) for id, shape in shapes.items()}
    packs = sorted((ROOT / "examples").glob("*/pack.yaml"))
    ids = {line.partition(":")[0] for path in packs for line in listed(path)[1] if not line.startswith(" ")}
    assert ids and not [id for id in ids if not any(re.fullmatch(shape, id) for shape in shapes.values())]
    unused = {name for name, shape in shapes.items() if not any(re.fullmatch(shape, id) for id in ids)}
    assert unused <= {"faq.N"}


def test_the_schema_is_that_of_the_code() -> None:
    said = (ROOT / "docs" / "pack.schema.json").read_text(encoding="utf-8")
    assert said == as_text(), "run: truffles pack schema --output docs/pack.schema.json"


@pytest.mark.parametrize(("part", "key"), [("Service", "price"), ("Place", "hours"), ("Business", "name")])
def test_the_schema_lets_people_write_what_a_pack_reads(part: str, key: str) -> None:
    schema = json.loads(as_text())
    shape = schema["$defs"][part]["properties"][key]["$ref"].rpartition("/")[2]
    assert any(each.get("type") == "string" for each in schema["$defs"][shape]["anyOf"])
    used = {line.split('"')[-2].rpartition("/")[2] for line in as_text().splitlines() if '"$ref"' in line}
    assert used <= schema["$defs"].keys()
