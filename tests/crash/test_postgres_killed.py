"""`kill -9` of PostgreSQL in the middle of traffic: the gateway recovers by itself, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from truffles_gateway.postgres import PrivatePostgres
from truffles_gateway.postgres.postmaster import Postmaster

SECRET = "secret-of-tests"
JIDS = [f"7700000010{number}@s.whatsapp.net" for number in range(5)]
ROUNDS = 12


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory that PostgreSQL's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="truffles-crash-", dir="/tmp"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    yield folder
    PrivatePostgres(folder / "postgres").remove()
    shutil.rmtree(folder, ignore_errors=True)


async def test_the_database_is_killed_under_traffic(data: Path, town) -> None:
    gateway = await town.process(DATABASE_URL="", TRUFFLES_DATA_DIR=str(data))
    server = PrivatePostgres(data / "postgres")
    town.database_url = server.url()
    await town.apply(town.business("salon"))
    served, door = f"{gateway.url}/webhook/salon", {"x-webhook-secret": SECRET}
    async with asyncio.timeout(10):
        while (await town.http.post(served, json={}, headers=door)).status_code == 401:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)

    for number in range(1, ROUNDS):
        for jid in JIDS:
            await town.writes(gateway.url, "salon", jid, f"answer {number}")
        if number == ROUNDS // 2:
            postmaster = Postmaster.of(data / "postgres" / "cluster")
            assert postmaster is not None
            os.kill(postmaster.pid, signal.SIGKILL)
    async with asyncio.timeout(40):
        while town.unsaid:
            await town.repeats(gateway.url)

    async def all_read() -> bool:
        town.clock.advance(seconds=0.2)
        await asyncio.sleep(0.1)
        said = [f"{chr(10).join(town.read(jid))}\n" for jid in JIDS]
        return all(f"answer {number}\n" in text for text in said for number in range(1, ROUNDS))

    async with asyncio.timeout(40):
        while not await all_read():
            pass
    for jid in JIDS:
        whole = "\n".join(town.read(jid)) + "\n"
        assert [whole.count(f"answer {number}\n") for number in range(1, ROUNDS)] == [1] * (ROUNDS - 1), whole
    async with town.database() as database:
        left = await database.fetch("SELECT 1 FROM inbox_events WHERE outcome IS NULL")
    assert not left
