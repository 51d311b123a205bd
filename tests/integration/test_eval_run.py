"""`truffles eval run` as an operator uses it, with the example of a phone shop: right is told from wrong, nothing gets out."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result

from truffles_gateway.app import Gateway
from truffles_gateway.cli import main
from truffles_gateway.plugin import Entry
from truffles_gateway.store.database import Database

Truffles = Callable[..., Result]
EXAMPLE = Path("examples/demo_phones")
HOURS = {"id": "hours-1", "category": "hours", "language": "ru", "say": ["до скольки", "вы работаете?"], "expect": "reply",
         "include": "20:00", "reply_language": "ru"}  # fmt: skip
PRICE = {"id": "price-1", "category": "price", "language": "ru", "heldout": "true", "say": "сколько стоит чехол книжка?",
         "expect": "reply", "include": "4500", "not": ["5 000"], "tags": ["kind"]}  # fmt: skip
HUMAN = {"id": "human-1", "category": "human", "language": "en", "say": "call a human please", "expect": "escalate",
         "name": "Anna"}  # fmt: skip


def muted(id: str, wait: str, expect: str) -> dict[str, Any]:
    """Whoever wants no messages is left alone for half an hour."""
    turns = [
        {"say": "не пишите мне больше", "expect": "mute"},
        {"say": "спасибо", "wait": wait, "expect": expect},
    ]
    return {"id": id, "category": "optout", "language": "ru", "now": "2026-11-28T12:00", "turns": turns}


GOOD = [HOURS, PRICE, HUMAN, muted("mute-1", "5m", "silent"), muted("mute-2", "45m", "reply")]
WRONG = [{**HOURS, "include": "21:30"}, PRICE, {**HUMAN, "expect": "reply"}]


pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def truffles(database_url: str, tmp_path: Path) -> Truffles:
    """Run a command in this process."""
    environment = {"DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"}

    def call(*args: object) -> Result:
        return CliRunner().invoke(main, ["--debug", *map(str, args)], env=environment)

    return call


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example without its pack, which takes a while to learn; its folder of facts beside it."""
    text = (EXAMPLE / "tenant.toml").read_text(encoding="utf-8")
    shutil.copytree(EXAMPLE / "knowledge", tmp_path / "shop" / "knowledge")
    path = tmp_path / "shop" / "tenant.toml"
    path.write_text(re.sub(r"\[plugins.settings\]\npack = .*\nwordings = .*\n", "", text), encoding="utf-8")
    return path


@pytest.fixture
def battery(tmp_path: Path) -> Callable[..., Path]:
    def write(*cases: dict[str, Any], name: str = "b.yaml") -> Path:
        about = {"battery": "phones", "tenant": "demo_phones", "now": "2026-11-25T14:00", "cases": list(cases)}
        path = tmp_path / name
        path.write_text(yaml.safe_dump(about, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    return write


async def counted(database_url: str) -> list[int]:
    """What a tenant's own database holds."""
    database = Database(database_url)
    await database.connect()
    tables = ("clients", "inbox_events", "turns", "messages", "outbox_messages", "handovers", "knowledge_chunks")
    try:
        rows = [await database.fetch_one(f"SELECT count(*) AS n FROM {table}") for table in tables]
        return [row["n"] for row in rows if row]
    finally:
        await database.close()


def test_right_is_told_from_wrong_and_the_next_run_is_compared(
    truffles: Truffles, shop: Path, battery: Callable[..., Path], tmp_path: Path, database_url: str
) -> None:
    config = ("--config", shop)
    papers = ("--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml")
    first = truffles("eval", "run", battery(*GOOD), *config, *papers)
    assert first.exit_code == 0, first.output
    assert "5/5 = 1.000" in first.output and "✗" not in first.output and "held out" in first.output

    second = truffles("eval", "run", battery(*WRONG), *config, *papers)
    assert second.exit_code == 1, second.output
    assert "✗ hours-1" in second.output and "does not say: 21:30" in second.output
    assert "< Мы работаем ежедневно с 9:30 до 20:00." in second.output
    assert "retrieve: " in second.output and "classify: policy answer" in second.output, "the trace in brief"
    assert "✓ price-1" not in second.output, "what is right is not told"
    assert "newly failing: hours-1, human-1" in second.output
    suite = ET.parse(tmp_path / "r.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "2")
    assert {test.attrib["name"] for test in suite.iter("testcase") if test.find("failure") is not None} == {
        "hours-1",
        "human-1",
    }
    told = json.loads((tmp_path / "r.json").read_text())
    assert [each["passed"] for each in told["cases"]] == [False, True, False]
    assert told["figures"]["heldout"]["passed"] == {"part": 1, "whole": 1}
    assert told["figures"]["all"]["false_escalations"] == {"part": 1, "whole": 3}

    third = truffles(
        "eval", "run", battery(HOURS, *WRONG[1:]), *config, "--failed", "--max-false-escalations", "1", "--verbose"
    )
    assert third.exit_code == 0, third.output
    assert "newly passing: hours-1" in third.output and "✓ hours-1" in third.output and "price-1" not in third.output
    assert asyncio.run(counted(database_url)) == [0] * 7, "a throwaway database is another one"


def test_what_a_pattern_names_is_run_and_bounds_are_kept(truffles: Truffles, battery: Callable[..., Path]) -> None:
    file = battery(HOURS, {**PRICE, "include": "4 501"})
    config = ("--config", EXAMPLE / "tenant.toml")
    strict = truffles("eval", "run", file, *config, "--only", "kind", "--min-facts", "0", "--min-pass", "1")
    assert strict.exit_code == 1 and "hours" not in strict.output, strict.output
    nobody = CliRunner().invoke(main, ["eval", "run", str(file), "--only", "nothing*"])
    assert nobody.exit_code == 1
    assert 'no case fits "nothing*", though nothing is wrong with the 2 cases read.' in nobody.output
    assert "There are the ids hours-1, price-1; the categories hours, price; the tags kind" in nobody.output


PACK = """business: {name: Х, speaks: [русский]}
place: {hours: "9:30-20:00", parking: Во дворе, map: "https://example.com/map"}
branches: [{slug: north, name: Север, parking: У входа}, {slug: south, name: Юг, exceptions: [{on: 03-08, hours: closed}]}]
discounts: {otherwise: Других скидок нет.}
services: [{id: case, name: Чехол, price: 4500, branches: [north]}]
payment: {methods: [{name: карты}]}
faq: [{id: sunday, asked: [Когда?], answer: Скоро}]
"""
NAMED = ["place.hours", "place.parking", "branches.north.parking", "services.case", "services.case@north", "payment",
         "business.speaks", "discounts", "place.map", "branches.south.hours", "faq.sunday"]  # fmt: skip


@pytest.fixture
def packed(shop: Path) -> Path:
    """The shop with a small pack, and branches."""
    text = shop.read_text(encoding="utf-8")
    settings = 'name = "policy"\n[plugins.settings]\npack = { include = "pack.yaml" }'
    branches = '\n[[branches]]\nslug = "north"\nname = "Север"\n\n[[branches]]\nslug = "south"\nname = "Юг"\n'
    shop.write_text(text.replace('name = "policy"', settings, 1) + branches, encoding="utf-8")
    (shop.parent / "pack.yaml").write_text(PACK, encoding="utf-8")
    return shop


def test_a_battery_is_checked_without_being_played(
    truffles: Truffles, packed: Path, battery: Callable[..., Path]
) -> None:
    config = ("--config", packed, "--without-model")
    good = truffles("eval", "check", battery({**HOURS, "facts": NAMED, "branch": "south"}, PRICE), *config)
    assert good.exit_code == 0 and "✓ phones: 2 cases for demo_phones" in good.output and "!" not in good.output
    wrong = ["place.hourz", "payment.methods", "rules.pets", "services.watch", "prices.md#3"]
    talk = {**HUMAN, "facts": wrong[:1], "turns": [{"say": each, "facts": list(wrong)} for each in "xy"]}
    del talk["say"], talk["expect"]
    path = battery(HOURS, talk)
    found = truffles("eval", "check", path, *config, "--only", "human*")
    lines = [line for line in found.output.splitlines() if line.startswith("!")]
    assert (found.exit_code, len(lines)) == (0, 3), found.output
    assert lines[0] == f"! {path}:14: demo_phones has no fact place.hourz: did you mean place.hours?"
    assert "payment.methods: did you mean payment?" in lines[1] and "services.watch: it has services.case" in lines[2]
    assert '1 of 2 cases fit "human*"' in found.output, "rules and files: the folder beside may have them"
    alone = truffles("eval", "check", path, *config, "--without", "rag_qdrant")
    assert "rules.pets: nor one that is like it" in alone.output and "prices.md#3" in alone.output, "no folder is read"


def test_what_is_wrong_with_a_battery_or_its_business_is_told_by_the_check(
    truffles: Truffles, packed: Path, battery: Callable[..., Path]
) -> None:
    def check(*words: object) -> str:
        answer = CliRunner().invoke(main, ["eval", "check", *map(str, words), "--config", str(packed)])
        assert answer.exit_code == 1, answer.output
        return answer.output

    assert 'Did you mean "expect"?' in check(battery({**HOURS, "expct": "reply"}))
    assert 'no branch "nowhere". Known: north, south' in check(
        battery({**HOURS, "branch": "nowhere"}), "--without-model"
    )
    assert 'no case fits "x"' in check(battery(HOURS), "--only", "x")
    (packed.parent / "pack.yaml").write_text(PACK.replace("4500", "дорого"), encoding="utf-8")
    assert "pack.yaml:5: services[0].price: is no amount" in check(battery(HOURS), "--without-model")
    (packed.parent / "pack.yaml").write_text(PACK.replace("slug: south", "slug: west"), encoding="utf-8")
    assert 'pack.yaml:3: branches[1].slug: there is no branch "west"' in check(battery(HOURS), "--without-model")


def test_a_run_warns_of_facts_that_there_are_not_and_ends_as_ever(
    truffles: Truffles, packed: Path, battery: Callable[..., Path]
) -> None:
    bounds = ("--min-recall", "ru=0", "--min-recall", "kk=0", "--min-recall", "en=0")
    file = battery({**HOURS, "branch": "north", "facts": ["place.hourz"]})
    answer = truffles("eval", "run", file, "--config", packed, "--without", "rag_qdrant", *bounds)
    assert answer.exit_code == 0, answer.output
    assert answer.output.count("demo_phones has no fact place.hourz: did you mean place.hours?") == 1


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"say": "x"}, "b.yaml:5: cases[0].category: is missing"),
        ({**HOURS, "expct": "reply"}, 'Did you mean "expect"?'),
        ({**HOURS, "branch": "nowhere"}, 'no branch "nowhere"'),
    ],
)
def test_a_broken_battery_is_told_with_its_line(battery: Callable[..., Path], tmp_path: Path, database_url: str, case: Any, said: str) -> None:  # fmt: skip
    path = battery(case)
    environment = {"DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path)}
    command = ["eval", "run", str(path), "--config", str(EXAMPLE / "tenant.toml"), "--without", "rag_qdrant"]
    answer = CliRunner().invoke(main, command, env=environment)
    assert answer.exit_code == 1 and said in answer.output and "b.yaml:" in answer.output, answer.output


def test_what_is_wrong_with_a_tenants_file_is_told_with_its_line(
    truffles: Truffles, shop: Path, battery: Callable[..., Path]
) -> None:
    shop.write_text(
        shop.read_text(encoding="utf-8").replace(
            'name = "policy"', 'name = "policy"\n[plugins.settings]\npack = { include = "pack.yaml" }', 1
        )
    )
    (shop.parent / "pack.yaml").write_text(
        "business: {name: X}\nservices:\n  - {id: a, name: A, price: x}\n  - {id: b, nam: B}\n"
    )
    command = ["eval", "run", str(battery(HOURS)), "--config", str(shop), "--without-model"]
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 1, answer.output
    assert "pack.yaml:3: services[0].price: is no amount" in answer.output, answer.output
    assert 'pack.yaml:4: services[1].nam: unknown key. Did you mean "name"?' in answer.output
    bound = CliRunner().invoke(main, [*command, "--min-recall", "kz=0.8"])
    assert '"kz=0.8" is no bound. Write it like kk=0.85; the languages are ru, kk, en, mixed' in bound.output


async def test_a_stored_tenant_is_asked_with_what_it_knows_and_has_learnt(
    make_gateway: Callable[..., Awaitable[Gateway]], truffles: Truffles, shop: Path, battery: Callable[..., Path],
    database_url: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("WEBHOOK_SECRET", "CHATFLOW_TOKEN"):
        monkeypatch.setenv(f"DEMO_PHONES_{name}", "x")
    applied = await asyncio.to_thread(truffles, "tenants", "apply", shop, "--yes")
    assert applied.exit_code == 0, applied.output
    synced = await asyncio.to_thread(truffles, "knowledge", "sync", "demo_phones", EXAMPLE / "knowledge")
    assert synced.exit_code == 0, synced.output
    gateway = await make_gateway()
    tenant = gateway.registry.get("demo_phones")
    assert tenant
    [writer] = tenant.knowledge_writers().values()
    await writer.learn(Entry(id="learned:1", question="Чините утюги?", answer="Утюги чиним по вторникам."))
    before = await counted(database_url)
    irons = {
        "id": "irons",
        "category": "unknown",
        "language": "ru",
        "say": "Чините утюги?",
        "expect": "reply",
        "include": "вторникам",
    }
    with_it = await asyncio.to_thread(truffles, "eval", "run", battery(HOURS, irons), "--tenant", "demo_phones")
    assert with_it.exit_code == 0, with_it.output
    command = ("eval", "run", battery(irons, name="c.yaml"), "--tenant", "demo_phones", "--without-learned")
    without = await asyncio.to_thread(truffles, *command)
    assert without.exit_code == 1 and "newly failing: irons" in without.output, without.output
    named = battery({**irons, "facts": ["learned:1", "learned:7"]}, name="d.yaml")
    looked = await asyncio.to_thread(truffles, "eval", "check", named, "--tenant", "demo_phones")
    assert looked.exit_code == 0 and "no fact learned:7" in looked.output and "fact learned:1:" not in looked.output
    assert await counted(database_url) == before, "nothing of the tenant's was touched"


def test_a_file_of_somebody_who_is_not_asked_is_refused(
    truffles: Truffles, shop: Path, battery: Callable[..., Path], tmp_path: Path
) -> None:
    other = tmp_path / "shop" / "v2.toml"
    other.write_text(shop.read_text(encoding="utf-8").replace('slug = "demo_phones"', 'slug = "v2"'), encoding="utf-8")
    for words in (
        ("run", battery(HUMAN), "--tenant", "demo_phones", "--config", other),
        ("run", battery(HUMAN), "--config", shop, "--config", other),
        ("replay", "demo_phones", "--config", other),
    ):
        result = truffles("eval", *words)
        assert result.exit_code == 1
        assert str(result.exception) == (
            f'--config: {other} is of v2, not demo_phones. Name a file with slug = "demo_phones", or correct its slug'
        )
