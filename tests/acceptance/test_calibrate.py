"""`truffles eval calibrate`: an embedding model that nobody measured is careful, until it is calibrated where it runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from truffles_rag_qdrant.simulator import embeddings

from truffles_gateway.cli.calibrate import calibrate
from truffles_gateway.cli.doctor import doctor
from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Entry, KnowledgeWriter

PACK = Path(__file__).parents[2] / "plugins" / "rag_qdrant" / "eval" / "pack"
UNCALIBRATED = "bge-m3 is not calibrated: all it finds is flagged for review. Run: truffles eval calibrate salon"


pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def battery(tmp_path: Path) -> Path:
    """The questions about the salon, as a battery names their facts."""
    rows = [line.split("\t") for line in (PACK / "dev.tsv").read_text("utf-8").splitlines() if line[0] != "#"]
    cases = [{"id": f"case{number}", "category": "fact", "language": language, "say": said, "facts": facts.split(",")}
             for number, (pack, language, facts, said) in enumerate(rows) if pack == "salon"]  # fmt: skip
    follow_up = {"id": "carried", "category": "fact", "language": "ru", "facts": ["place.hours"],
                 "turns": [{"say": "привет"}, {"say": "а до скольки?"}]}  # fmt: skip
    path = tmp_path / "battery.yaml"
    path.write_text(yaml.safe_dump({"battery": "salon", "cases": [*cases, follow_up]}, allow_unicode=True), "utf-8")
    return path


@pytest.fixture
def server() -> Iterator[str]:
    """An embedding server."""
    with embeddings() as (simulated, _):
        yield simulated.url


async def _run(database_url: str, command: click.Command, *args: str) -> Result:
    env = {"DATABASE_URL": database_url, "ADMIN_TOKEN": "x", "PUBLIC_URL": "http://localhost"}
    run = partial(CliRunner().invoke, command, args, env=env)
    return await asyncio.to_thread(run)


async def _salon(salon_of: Any, server: str, *, known: int) -> Any:
    brain = [{"name": "policy"}, {"name": "rag_qdrant", "settings": {"embedder": "http", "embed_url": server}}]
    salon = await salon_of(plugins=[*brain, {"name": "desk_log"}])
    served = salon.rig.gateway.registry.get("salon")
    writer = next(each for each in served.objects.values() if isinstance(each, KnowledgeWriter))
    for line in (PACK / "salon.jsonl").read_text("utf-8").splitlines()[:known]:
        await writer.learn(Entry(**json.loads(line)))
    return salon


async def _records(salon: Any) -> Sequence[Any]:
    return await salon.rig.rows("SELECT id, metadata FROM knowledge_chunks WHERE id LIKE 'record:calibration:%'")


async def test_a_model_is_calibrated_for_all_processes(salon_of, database_url, server, battery) -> None:
    salon = await _salon(salon_of, server, known=200)
    assert UNCALIBRATED in (await _run(database_url, doctor)).output
    tried = await _run(database_url, calibrate, "salon", "--battery", str(battery), "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "recall@5 kk" in tried.output and "nothing was changed" in tried.output
    assert "nothing was changed. Without --dry-run this would be kept: it is better than before" in tried.output
    assert not await _records(salon)

    done = await _run(database_url, calibrate, "salon", "--battery", str(battery.parent))
    assert done.exit_code == 0, (done.output, done.exception)
    assert "kept for bge-m3" in done.output and "0.85–1.00" in done.output
    [record] = await _records(salon)
    assert record["id"] == "record:calibration:bge-m3" and "cosine" in record["metadata"]["weights"]
    assert "is not calibrated" not in (await _run(database_url, doctor)).output


async def test_too_few_questions_are_refused(salon_of, database_url, server, battery) -> None:
    salon = await _salon(salon_of, server, known=5)
    few = await _run(database_url, calibrate, "salon", "--battery", str(battery))
    assert isinstance(few.exception, ConfigError) and "too few to measure bge-m3" in str(few.exception)
    none = await _run(database_url, calibrate, "salon")
    assert isinstance(none.exception, ConfigError) and "Name cases with --battery" in str(none.exception)
    battery.write_text("cases: [", "utf-8")
    bad = await _run(database_url, calibrate, "salon", "--battery", str(battery))
    assert isinstance(bad.exception, ConfigError) and "battery.yaml:2" in str(bad.exception)
    assert not await _records(salon)
