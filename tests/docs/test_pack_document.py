"""What docs/pack.md says of a pack, and the schema beside it, are held against the code."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from truffles_policy.pack.json_schema import as_text
from truffles_policy.pack.listed import Page, listed
from truffles_policy.pack.schema import File, Pack, Rules
from truffles_policy.pack.wordings import Wordings
from truffles_policy.plugin import Policy, plugin
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Inbound, Route
from truffles_gateway.plugin import read_document
from truffles_gateway.testing import make_turn, texts_of

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
    ids = {line.partition(":")[0] for path in packs for line in _facts(path) if not line.startswith(" ")}
    assert ids and not [id for id in ids if not any(re.fullmatch(shape, id) for shape in shapes.values())]
    unused = {name for name, shape in shapes.items() if not any(re.fullmatch(shape, id) for id in ids)}
    assert unused <= {"faq.N"}


def _facts(path: Path) -> list[str]:
    """The lines of a pack's facts, without what is told besides."""
    lines = listed(path, Page())[1]
    return lines[: lines.index("")] if "" in lines else lines


def _rows(head: str) -> list[list[str]]:
    """The cells of a table of the document, by what its head begins with."""
    said = (ROOT / "docs" / "pack.md").read_text(encoding="utf-8")
    rows = said.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|")]


def test_each_key_of_rules_is_told_to_who_asks_as_the_table_says() -> None:
    rows = {key.strip("`"): (question, answer) for key, _, question, answer in _rows("Key of `rules`")}
    assert list(rows) == list(Rules.model_fields)
    rules = {key: answer for key, (_, answer) in rows.items()}
    policy = Policy(
        PolicySettings.model_validate({"pack": {"business": {"name": "А"}, "rules": rules}}), texts_of(plugin)
    )
    told = {key: asyncio.run(_asked(policy, question)) for key, (question, _) in rows.items()}
    assert told == rules


async def _asked(policy: Policy, text: str) -> str:
    """What a customer is told."""
    turn, message = make_turn(), Inbound(text=text, events=())
    verdict = await policy.classify(turn, message)
    assert verdict is not None
    if verdict.route is not Route.ANSWER:
        return f"passed on: {verdict.why}"
    draft = await policy.answer(turn, message, verdict, await policy.retrieve(turn, message, verdict) or (), ())
    return draft.text if draft else ""


def test_each_kind_of_attachment_is_explained() -> None:
    kinds = [kind for cells in _rows("`kind` of `attachments`") for kind in re.findall(r"`([a-z_]+)`", cells[0])]
    assert sorted(kinds) == sorted(get_args(File.model_fields["kind"].annotation))


def test_editors_show_what_each_rule_is_for_and_how_long_a_text_may_be() -> None:
    defs = json.loads(as_text())["$defs"]
    assert [key for key, rule in defs["Rules"]["properties"].items() if not rule.get("description")] == []
    most = defs["Words"]["anyOf"][0]["maxLength"]
    assert f"{most} characters" in defs["Words"]["description"]
    assert f"{most} characters" in (ROOT / "docs" / "pack.md").read_text(encoding="utf-8")


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
