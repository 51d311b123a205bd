"""Links to files: open for whoever has one while it holds, and for nobody else."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from truffles_gateway.messages import Draft, Inbound
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_gateway.store import links as stored_links
from truffles_gateway.testing import MovedClock, Rig

DATA = bytes(range(256)) * 40
BLOB = hashlib.sha256(DATA).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


class Linking:
    """A plugin that hands out what it was given, so that a test can ask for links as any plugin does."""

    made: dict[str, Resources]

    def __init__(self, resources: Resources) -> None:
        self.made[resources.tenant] = resources

    @hookimpl
    def answer(self, message: Inbound) -> Draft | None:
        """Nothing."""
        return None


Shop = Callable[..., Awaitable[tuple[Rig, dict[str, Resources]]]]


@pytest.fixture
def shop(rig_of: Any, tmp_path: Path) -> Shop:
    """A gateway with a salon and a clinic; the resources of each, by slug."""

    async def start(*, public_url: str = "https://gateway.example/", **media: Any) -> tuple[Rig, dict[str, Resources]]:
        made: dict[str, Resources] = {}
        own = type("Linking", (Linking,), {"made": made})
        plugin = Plugin(name="linking", version="1", create=lambda settings, resources: own(resources))
        rig = await rig_of(*(config(slug, media) for slug in ("salon", "clinic")), plugins=[plugin],
                           public_url=public_url, truffles_data_dir=tmp_path)  # fmt: skip
        return rig, made

    return start


def config(slug: str, media: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "mode": "off", "media": media, "plugins": [{"name": "linking"}], **more}


def path_of(url: str) -> str:
    """The link, as this gateway is asked for it."""
    assert url.startswith("https://gateway.example/media/")
    return url.removeprefix("https://gateway.example")


async def get(rig: Rig, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    return await rig.http.request(method, path_of(url), headers=headers)


def changed(url: str, *, path: tuple[str, str] = ("", ""), **query: str | None) -> str:
    """The link with some of it replaced, or (None) left out."""
    parts = urlsplit(url)
    found = {**dict(parse_qsl(parts.query)), **query}
    asked = urlencode({name: value for name, value in found.items() if value is not None})
    return urlunsplit(parts._replace(path=parts.path.replace(*path), query=asked))


def held(name: str) -> list[Path]:
    """The open files of this process that are called so."""
    return [file for each in Path("/proc/self/fd").iterdir() if (file := each.resolve()).name == name]


@pytest.mark.parametrize("place", ["", "files"])
async def test_whoever_has_the_link_gets_the_file(shop: Shop, place: str) -> None:
    rig, made = await shop(storage_dir=place)
    blob = await made["salon"].blobs.put(DATA, "image/jpeg")
    link = await made["salon"].links.to(blob, name='фото "1".jpg', seconds=600)
    answer = await get(rig, link)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["content-disposition"] == (
        "inline; filename=\"_1_.jpg\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE%20%221%22.jpg"
    )
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    private, age = answer.headers["cache-control"].split(", max-age=")
    assert private == "private" and 590 <= int(age) <= 600


@pytest.mark.parametrize("place", ["", "files"])
async def test_head_and_ranges(shop: Shop, place: str) -> None:
    rig, made = await shop(storage_dir=place)
    link = await made["salon"].links.to(await made["salon"].blobs.put(DATA, "audio/ogg"))
    size = len(DATA)
    head = await get(rig, link, "HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert head.headers["accept-ranges"] == "bytes"
    ranges = {
        "bytes=0-0": (0, 1), "bytes=100-199": (100, 200), f"bytes={size - 1}-": (size - 1, size),
        "bytes=-10": (size - 10, size), "bytes=5-99999999": (5, size),
    }  # fmt: skip
    for asked, (begin, end) in ranges.items():
        part = await get(rig, link, Range=asked)
        assert (part.status_code, part.content) == (206, DATA[begin:end]), asked
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        assert part.headers["content-length"] == str(end - begin)
        head = await get(rig, link, "HEAD", Range=asked)
        assert (head.content, head.headers["content-length"]) == (b"", str(end - begin))
    beyond = await get(rig, link, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.content, beyond.headers["content-range"]) == (416, b"", f"bytes */{size}")
    for asked in ("bytes=0-1,5-6", "lines=1-2", "bytes=x-y", "bytes=9-1", "nonsense"):
        whole = await get(rig, link, Range=asked)
        assert (whole.status_code, whole.content) == (200, DATA), asked
    assert (await get(rig, link, Range="bytes=0-1", **{"If-Range": '"x"'})).content == DATA


TYPES = {
    "image/png": ("image/png", "inline"),
    "audio/ogg; codecs=opus": ("audio/ogg", "inline"),
    "application/pdf": ("application/pdf", "inline"),
    "text/plain": ("text/plain", "attachment"),
    "text/html": ("application/octet-stream", "attachment"),
    "image/svg+xml": ("application/octet-stream", "attachment"),
    "application/xhtml+xml": ("application/octet-stream", "attachment"),
    "image/png\r\nSet-Cookie: a=b": ("application/octet-stream", "attachment"),
}


@pytest.mark.parametrize("mime", TYPES)
async def test_no_browser_runs_what_a_customer_sent(shop: Shop, mime: str) -> None:
    """By the type that the link names, and by that of the file where it names none."""
    rig, made = await shop()
    blob = await made["salon"].blobs.put(DATA, "image/gif")
    own = await made["clinic"].blobs.put(DATA, mime)
    kind, disposition = TYPES[mime]
    for link in (await made["salon"].links.to(blob, mime=mime), await made["clinic"].links.to(own)):
        answer = await get(rig, link)
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert answer.headers["content-disposition"] == disposition
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", 'filename="passwd"'),
        ("C:\\photos\\a.jpg", 'filename="a.jpg"'),
        ('a";x="b.jpg', "filename=\"a_;x=_b.jpg\"; filename*=UTF-8''a%22%3Bx%3D%22b.jpg"),
        ("a\r\nSet-Cookie: b=c.jpg", 'filename="aSet-Cookie: b=c.jpg"'),
        ("сурет.jpg", "filename=\"file.jpg\"; filename*=UTF-8''%D1%81%D1%83%D1%80%D0%B5%D1%82.jpg"),
        ("\u202egpj.exe", 'filename="gpj.exe"'),
    ],
)
async def test_a_name_is_only_a_name(shop: Shop, name: str, shown: str) -> None:
    rig, made = await shop()
    answer = await get(rig, await made["salon"].links.to(await made["salon"].blobs.put(DATA, "image/png"), name=name))
    assert answer.headers["content-disposition"] == f"inline; {shown}"
    assert "set-cookie" not in answer.headers


async def test_whatever_is_changed_in_a_link_the_answer_is_the_same(shop: Shop, moved_clock: MovedClock) -> None:
    rig, made = await shop()
    for slug in ("salon", "clinic"):
        await made[slug].blobs.put(DATA, "image/png")
        await made[slug].blobs.put(b"other", "text/html")
    link = await made["salon"].links.to(BLOB, mime="image/png", name="a.png", seconds=600)
    foreign = dict(parse_qsl(urlsplit(await made["clinic"].links.to(BLOB, mime="image/png", name="a.png")).query))
    query = dict(parse_qsl(urlsplit(link).query))
    tampered = [
        changed(link, path=("/salon/", "/clinic/")), changed(link, path=("/salon/", "/nobody/")),
        changed(link, path=(BLOB, OTHER)), changed(link, path=(BLOB, BLOB.upper())), changed(link, path=(BLOB, "0" * 64)),
        changed(link, path=(BLOB, "%00")),
        changed(link, expires=str(int(query["expires"]) + 1)), changed(link, expires="9" * 12), changed(link, expires="-1"),
        changed(link, expires=None), changed(link, expires="9" * 5000), changed(link, expires="²"), changed(link, expires="1e9"),
        changed(link, mime="text/html"), changed(link, mime=None), changed(link, name="b.png"), changed(link, name=None),
        changed(link, signature=query["signature"][:-1]), changed(link, signature=query["signature"].swapcase()),
        changed(link, signature=None), changed(link, signature="ы"), changed(link, signature=foreign["signature"]),
        changed(link, **foreign), "https://gateway.example/media/salon/" + BLOB, link.partition("?")[0] + "?%ff=%ff&signature=%ff",
    ]  # fmt: skip
    refused = [await get(rig, each) for each in tampered]
    assert (await get(rig, link)).status_code == 200
    moved_clock.advance(seconds=601)
    refused += [await get(rig, link), await get(rig, link, "HEAD")]
    told = {(each.status_code, each.headers["content-type"], each.headers["cache-control"]) for each in refused}
    assert told == {(404, "application/json", "no-store")}
    assert {each.content for each in refused} == {b'{"error": "no such file"}', b""}
    for closed in ("/media", "/media/", "/media/salon", "/media/salon/"):  # nothing is listed
        assert (await rig.http.get(closed)).status_code == 404
    assert (await rig.http.post(path_of(link))).status_code == 405


async def test_nobody_learns_from_the_time_who_there_is(shop: Shop) -> None:
    """Medians of interleaved requests, with room for a busy machine."""
    rig, made = await shop()
    link = await made["salon"].links.to(await made["salon"].blobs.put(DATA, "image/png"))
    wrong = changed(link, signature="x" * 43)
    times: dict[str, list[float]] = {wrong: [], changed(wrong, path=("/salon/", "/nobody/")): []}
    for _ in range(60):
        for each, taken in times.items():
            start = time.perf_counter()
            assert (await get(rig, each)).status_code == 404
            taken.append(time.perf_counter() - start)
    known, unknown = (median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


async def test_any_process_opens_a_link_until_the_tenants_key_is_another(shop: Shop) -> None:
    rig, made = await shop()
    other, _ = await shop()
    links = {slug: await made[slug].links.to(await made[slug].blobs.put(DATA, "image/png")) for slug in made}
    assert [(await get(other, each)).status_code for each in links.values()] == [200, 200]
    salon = rig.gateway.registry.get("salon")
    assert salon is not None
    await stored_links.rotate(rig.gateway.database, salon.id)
    assert [(await get(other, links[slug])).status_code for slug in ("salon", "clinic")] == [404, 200]
    assert (await get(other, await made["salon"].links.to(BLOB))).status_code == 200


async def test_a_suspended_tenants_links_are_closed(shop: Shop) -> None:
    rig, made = await shop()
    link = await made["salon"].links.to(await made["salon"].blobs.put(DATA, "image/png"))
    await rig.apply(config("salon", {}, status="suspended"))
    assert (await get(rig, link)).status_code == 404
    await rig.apply(config("salon", {}))
    assert (await get(rig, link)).status_code == 200


async def test_a_file_that_is_gone_is_not_found(shop: Shop) -> None:
    rig, made = await shop(storage_dir="files")
    link = await made["salon"].links.to(await made["salon"].blobs.put(DATA, "image/png"))
    [file] = Path(rig.gateway.settings.truffles_data_dir, "files").rglob(BLOB)
    file.write_bytes(b"something else")
    assert (await get(rig, link)).status_code == 404


async def test_a_reader_that_stalls_or_leaves_holds_no_file_open(shop: Shop) -> None:
    """An open file would be held as long as somebody likes not to read, and lost if they leave while it is being closed."""
    rig, made = await shop(storage_dir="files")
    data = DATA * 3200

    async def nothing_held() -> bool:
        return held(hashlib.sha256(data).hexdigest()) == []

    link = await made["salon"].links.to(await made["salon"].blobs.put(data, "image/png"))
    async with rig.http.stream("GET", path_of(link)) as answer:
        pieces = answer.aiter_bytes()
        read = await anext(pieces)
        await rig.until(nothing_held)  # once the way to the reader is full
        assert read + b"".join([piece async for piece in pieces]) == data
    async with rig.http.stream("GET", path_of(link)) as answer:
        assert await anext(answer.aiter_bytes())
    assert (await get(rig, link)).content == data


async def test_a_file_that_goes_while_it_is_read_is_no_whole_answer(shop: Shop) -> None:
    rig, made = await shop(storage_dir="files")
    link = await made["salon"].links.to(await made["salon"].blobs.put(DATA * 3200, "image/png"))
    [file] = Path(rig.gateway.settings.truffles_data_dir, "files").rglob(Path(urlsplit(link).path).name)
    async with rig.http.stream("GET", path_of(link)) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        file.unlink()
        with pytest.raises(httpx.RemoteProtocolError):
            _ = [piece async for piece in pieces]


async def test_without_a_public_address_there_are_no_links(shop: Shop) -> None:
    _, made = await shop(public_url="")
    blob = await made["salon"].blobs.put(DATA, "image/png")
    assert await made["salon"].links.to(blob) == ""
