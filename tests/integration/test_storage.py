"""Files of tenants: a quota that all processes keep, an age at which they go, folders in place of the database."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from truffles_gateway.app import Gateway
from truffles_gateway.errors import StorageFull
from truffles_gateway.store.blobs import StoredBlobs
from truffles_gateway.store.cleanup import Cleaned, Cleanup, stores
from truffles_gateway.testing import MovedClock

KB = 1024
DAYS = 24
Open = Callable[..., Awaitable[Gateway]]


@pytest.fixture
def gateway_of(make_gateway: Any, apply: Any, moved_clock: MovedClock) -> Open:
    """A process of a gateway on the moved clock; with a `[media]` table the salon gets it."""

    async def opened(media: dict[str, Any] | None = None, slug: str = "salon") -> Gateway:
        gateway: Gateway = await make_gateway(truffles_clock_file=str(moved_clock.path))
        if media is not None:
            await apply(gateway, {"slug": slug, "name": slug, "media": media, "plugins": []})
        return gateway

    return opened


def blobs(gateway: Gateway, slug: str = "salon") -> StoredBlobs:
    tenant = gateway.registry.get(slug)
    assert tenant is not None
    return gateway.blobs(tenant.id, tenant.config)


async def clean(gateway: Gateway, slug: str = "salon", *, dry_run: bool = False) -> Cleaned:
    [store] = await stores(gateway.database, slug)
    cleaning = Cleanup(gateway.database, gateway.clock, gateway.settings.truffles_data_dir)
    return await (cleaning.look(store) if dry_run else cleaning.run(store))


async def used(gateway: Gateway, slug: str = "salon") -> tuple[int, int]:
    """Files, and bytes as they are counted; the count is checked against the rows."""
    [store] = await stores(gateway.database, slug)
    [row] = await gateway.database.fetch(
        "SELECT coalesce(sum(size), 0) AS size FROM blobs WHERE client_id = $1", store.client_id
    )
    assert store.used_bytes == row["size"]
    return store.files, store.used_bytes


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def attempt(store: StoredBlobs, data: bytes) -> str:
    """The hash, "" where there was no room."""
    try:
        return await store.put(data, "image/jpeg")
    except StorageFull:
        return ""


PLACES = pytest.mark.parametrize("place", ["", "files"])


@PLACES
async def test_two_processes_at_once_do_not_go_over_the_quota(gateway_of: Open, place: str) -> None:
    """Forty different files and as many again of what is known, room for ten: ten are kept, however they meet."""
    processes = [await gateway_of({"quota_mb": 10 * KB / 2**20, "storage_dir": place}), await gateway_of()]
    data = [bytes([n]) * KB for n in range(40)]
    known = await blobs(processes[0]).put(data[0], "image/jpeg")
    puts = [attempt(blobs(processes[n % 2]), data[n // 2]) for n in range(80)]
    kept = await asyncio.gather(*puts)
    assert await used(processes[0]) == (10, 10 * KB)
    assert kept[:2] == [known, known]
    stored = set(filter(None, kept))
    assert len(stored) == 10
    for blob in stored:
        for gateway in processes:
            found = await blobs(gateway).get(blob)
            assert found is not None and hashlib.sha256(found).hexdigest() == blob


async def test_the_same_file_counts_once_and_for_each_tenant_apart(gateway_of: Open, apply: Any) -> None:
    gateway = await gateway_of({"quota_mb": 1})
    await apply(gateway, {"slug": "clinic", "name": "Clinic", "plugins": []})
    data = bytes(600 * KB)
    for _ in range(3):
        blob = await blobs(gateway).put(data, "image/jpeg")
    assert await blobs(gateway, "clinic").get(blob) is None
    await blobs(gateway, "clinic").put(data, "image/jpeg")
    assert await used(gateway) == await used(gateway, "clinic") == (1, 600 * KB)


async def test_a_full_store_says_what_to_do_and_tells_the_owner_once_a_day(
    gateway_of: Open, moved_clock: MovedClock
) -> None:
    gateway = await gateway_of({"quota_mb": 0.5})
    with pytest.raises(StorageFull) as problem:
        await blobs(gateway).put(bytes(600 * KB), "image/jpeg")
    assert str(problem.value) == (
        "salon: 0.0 of 0.5 MB are taken by files. Raise media.quota_mb, lower media.ttl_days, or run: "
        "truffles media cleanup --tenant salon"
    )
    assert not await attempt(blobs(gateway), bytes(600 * KB))
    alarms = "SELECT payload FROM jobs WHERE kind = 'alarm'"
    [row] = await gateway.database.fetch(alarms)
    assert row["payload"]["key"] == "alarm_storage_full"
    assert row["payload"]["values"] == {"used": "0", "quota": "0.5"}
    moved_clock.advance(hours=24)
    assert not await attempt(blobs(gateway), bytes(600 * KB))
    assert len(await gateway.database.fetch(alarms)) == 2


@PLACES
async def test_a_file_goes_seven_days_after_its_last_use(gateway_of: Open, moved_clock: MovedClock, place: str) -> None:
    gateway = await gateway_of({"storage_dir": place})
    data = {name: name.encode() for name in ("left", "read", "put again", "linked")}
    names = {name: await blobs(gateway).put(each, "text/plain") for name, each in data.items()}
    moved_clock.advance(hours=6 * DAYS)
    assert await blobs(gateway).get(names["read"]) == data["read"]
    await blobs(gateway).put(data["put again"], "text/plain")
    assert await blobs(gateway).look(names["left"])  # whoever only opens a link does not make it live longer
    assert await clean(gateway) == Cleaned()
    moved_clock.advance(hours=1 * DAYS + 1)
    would = await clean(gateway, dry_run=True)
    assert (await used(gateway))[0] == 4
    assert await clean(gateway) == would == Cleaned(files=2, bytes=len("left") + len("linked"))
    left = {name for name, blob in names.items() if await blobs(gateway).get(blob)}
    assert left == {"read", "put again"}
    assert await used(gateway) == (2, len("read") + len("put again"))
    kept_in_files = sorted(names[name] for name in left) if place else []
    assert files(gateway.settings.truffles_data_dir / "files") == kept_in_files


async def test_the_age_is_the_tenants_own_and_a_bad_config_does_not_stop_it(
    gateway_of: Open, moved_clock: MovedClock
) -> None:
    gateway = await gateway_of({"ttl_days": 0.5})
    await blobs(gateway).put(b"one", "text/plain")
    moved_clock.advance(hours=13)
    await gateway.database.execute("""UPDATE clients SET config = '{"slug": "salon", "media": {"ttl_days": -1}}'""")
    assert (await clean(gateway)).files == 1


HOLDERS = {
    "an event that is not handled": """
        INSERT INTO inbox_events (client_id, id, event_id, event, received_at)
        SELECT id, gen_random_uuid(), 'e', $1::jsonb, now() FROM clients""",
    "a row that waits": """
        INSERT INTO outbox_messages (client_id, id, key, payload, status, created_at, due_at)
        SELECT id, gen_random_uuid(), 'k', $1::jsonb, 'queued', now(), now() FROM clients""",
    "a row that is being sent": """
        INSERT INTO outbox_messages (client_id, id, key, payload, status, created_at, due_at)
        SELECT id, gen_random_uuid(), 'k', $1::jsonb, 'sending', now(), now() FROM clients""",
    "a dead row": """
        INSERT INTO outbox_messages (client_id, id, key, payload, status, created_at, due_at)
        SELECT id, gen_random_uuid(), 'k', $1::jsonb, 'dead', now(), now() FROM clients""",
}
RELEASES = ("UPDATE inbox_events SET outcome = 'answered'", "UPDATE outbox_messages SET status = 'sent'")


@pytest.mark.parametrize("holder", HOLDERS)
async def test_what_is_still_to_be_shown_or_sent_keeps_its_files(
    gateway_of: Open, moved_clock: MovedClock, holder: str
) -> None:
    """Sixty older ones beside it go in more than one batch."""
    gateway = await gateway_of({})
    for number in range(60):
        await blobs(gateway).put(str(number).encode(), "text/plain")
    held = await blobs(gateway).put(b"held", "text/plain")
    attachments = json.dumps({"text": "x", "attachments": [{"content": "image"}, {"content": "image", "blob": held}]})
    await gateway.database.execute(HOLDERS[holder], json.loads(attachments))
    moved_clock.advance(hours=400 * DAYS)
    assert (await clean(gateway)).files == 60
    assert await blobs(gateway).look(held)
    for release in RELEASES:
        await gateway.database.execute(release)
    assert (await clean(gateway)).files == 1


async def test_bytes_are_found_wherever_they_were_put(gateway_of: Open, apply: Any, tmp_path: Path) -> None:
    """Another folder, none, and one again: what is there stays there."""
    gateway = await gateway_of({})
    first, names = tmp_path / "first", {}
    for number, place in enumerate(["", str(first), "second", "", str(first)]):
        await apply(gateway, {"slug": "salon", "name": "Salon", "media": {"storage_dir": place}, "plugins": []})
        names[number] = await blobs(gateway).put(str(number).encode(), "text/plain")
        for before, blob in names.items():
            assert await blobs(gateway).get(blob) == str(before).encode()
            assert await blobs(gateway).put(str(before).encode(), "text/plain") == blob
    assert files(first) == sorted([names[1], names[4]])
    assert files(gateway.settings.truffles_data_dir / "second") == [names[2]]


async def test_a_file_that_is_gone_or_changed_is_not_there_until_it_is_put_again(gateway_of: Open) -> None:
    gateway = await gateway_of({"storage_dir": "files"})
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"other")):
        blob = await blobs(gateway).put(b"a photo", "image/jpeg")
        [file] = (gateway.settings.truffles_data_dir / "files").rglob(blob)
        spoil(file)
        assert await blobs(gateway).get(blob) is None
        assert await blobs(gateway).look(blob) is None
        assert await blobs(gateway).put(b"a photo", "image/jpeg") == blob
        assert await blobs(gateway).get(blob) == b"a photo"
    assert await used(gateway) == (1, len(b"a photo"))


async def test_where_the_folder_cannot_be_written_the_database_keeps_the_bytes(
    gateway_of: Open, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_text("a file")
    gateway = await gateway_of({"storage_dir": str(tmp_path / "in the way")})
    blob = await blobs(gateway).put(b"a photo", "image/jpeg")
    assert await blobs(gateway).get(blob) == b"a photo"
    [row] = await gateway.database.fetch("SELECT data, folder FROM blobs")
    assert (bytes(row["data"]), row["folder"]) == (b"a photo", "")


async def test_leftovers_of_crashes_go_after_an_hour_and_nothing_else(gateway_of: Open) -> None:
    gateway = await gateway_of({"storage_dir": "files"})
    known = await blobs(gateway).put(b"known", "text/plain")
    [path] = (gateway.settings.truffles_data_dir / "files").rglob(known)
    old, nobodys, half = time.time() - 3700, path.with_name(path.name[:2] + "0" * 62), path.with_name(".half")
    for each in (nobodys, half):
        each.write_bytes(b"left")
    os.utime(path, (old, old))
    os.utime(half, (old, old))
    assert await clean(gateway, dry_run=True) == await clean(gateway) == Cleaned(leftovers=1)
    os.utime(nobodys, (old, old))
    assert await clean(gateway) == Cleaned(leftovers=1)
    assert [each.name for each in path.parent.iterdir()] == [known]


async def test_one_folder_under_two_names_loses_nothing(gateway_of: Open, apply: Any) -> None:
    gateway = await gateway_of({"storage_dir": "files"})
    blob = await blobs(gateway).put(b"a photo", "image/jpeg")
    [path] = (gateway.settings.truffles_data_dir / "files").rglob(blob)
    os.utime(path, (time.time() - 3700, time.time() - 3700))
    media = {"storage_dir": str(gateway.settings.truffles_data_dir / "files")}
    await apply(gateway, {"slug": "salon", "name": "salon", "media": media, "plugins": []})
    assert await clean(gateway) == Cleaned()
    assert await blobs(gateway).get(blob) == b"a photo"


@PLACES
async def test_files_that_are_put_while_others_go_are_kept(
    gateway_of: Open, moved_clock: MovedClock, place: str
) -> None:
    """The same files grow old and are put again while two processes clean: whoever put one last finds it."""
    processes = [await gateway_of({"storage_dir": place}), await gateway_of()]
    data = [str(number).encode() for number in range(30)]
    for _ in range(6):
        for each in data:
            await blobs(processes[0]).put(each, "text/plain")
        moved_clock.advance(hours=8 * DAYS)
        work = [blobs(processes[n % 2]).put(each, "text/plain") for n, each in enumerate(data)]
        names, *_ = await asyncio.gather(asyncio.gather(*work), *map(clean, processes))
        assert [await blobs(processes[1]).get(name) for name in names] == data
        assert await used(processes[0]) == (30, sum(map(len, data)))
