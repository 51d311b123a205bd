"""The safe fetch against a server that lies, drips, packs, redirects and hangs up, over real TLS on loopback."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truffles_media.addresses import Address, is_public
from truffles_media.fetch import Fetcher, FetchError, Trouble, Wire, resolve

Stranger = Any
"""The fixture's server, `conftest.Stranger`: test folders are no packages to import from."""
HOST, OTHER = "media.test", "cdn.test"
LIMIT = 10_000


async def trouble(fetcher: Fetcher, link: str, *, seconds: float = 5.0) -> FetchError:
    """The error that fetching ends in."""
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(link, limit=LIMIT, seconds=seconds)
    assert link not in str(caught.value)  # links may hold tokens, and errors are logged
    return caught.value


async def test_bytes_come_from_the_checked_address_under_the_right_name(stranger: Stranger) -> None:
    stranger.pages["/a?token=1"] = stranger.answer(b"bytes")
    assert await stranger.fetcher().fetch(stranger.link("/a?token=1#x"), limit=LIMIT, seconds=5) == b"bytes"
    assert stranger.asked == [("/a?token=1", f"{HOST}:{stranger.port}")]
    assert stranger.names == [HOST]


async def test_a_name_is_resolved_once_so_that_no_second_answer_counts(stranger: Stranger) -> None:
    """DNS rebinding: the first look-up is public, the second would lead inside."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def rebinding(host: str, port: int) -> Sequence[Address]:
        return [ip_address(each) for each in answers.pop(0)]

    stranger.pages["/a"] = stranger.answer(b"bytes")
    await stranger.fetcher(resolve=rebinding).fetch(stranger.link("/a"), limit=LIMIT, seconds=5)
    assert answers == [["127.0.0.2"]]


async def test_another_attempt_resolves_and_checks_anew(stranger: Stranger) -> None:
    answers = ["127.0.0.1", "10.0.0.1"]

    async def rebinding(host: str, port: int) -> Sequence[Address]:
        return [ip_address(answers.pop(0))]

    stranger.pages["/a"] = stranger.head(503, content_length="0")
    fetcher = stranger.fetcher(resolve=rebinding, is_allowed=lambda each: each == ip_address("127.0.0.1"))
    assert (await trouble(fetcher, stranger.link("/a"))).trouble is Trouble.LINK
    assert (len(stranger.asked), answers) == (1, [])


async def test_no_proxy_of_the_environment_is_used(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, address)
        stranger.pages["/a"] = stranger.answer(b"bytes")
        assert await stranger.fetcher().fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"bytes"
    assert asked == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["8.8.8.8", "::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]]
)
async def test_one_bad_address_condemns_all(stranger: Stranger, addresses: list[str]) -> None:
    fetcher = stranger.fetcher(addresses=addresses, is_allowed=is_public)
    found = await trouble(fetcher, stranger.link("/a"))
    assert (found.trouble, found.again, stranger.asked) == (Trouble.LINK, False, [])


def test_by_default_the_system_resolves_and_only_public_addresses_and_443_are_allowed() -> None:
    assert Wire().is_allowed is is_public
    assert Wire().resolve is resolve
    assert Wire().ports == {443}


async def test_the_default_fetcher_does_not_reach_loopback(stranger: Stranger) -> None:
    fetcher = Fetcher(["localhost"], wire=Wire(ports=frozenset({stranger.port})))
    assert (await trouble(fetcher, stranger.link("/a", "localhost"))).trouble is Trouble.LINK
    assert stranger.asked == []


@pytest.mark.parametrize(
    "link",
    [
        "http://media.test/a", "ftp://media.test/a", "//media.test/a", "/a", "", "media.test/a", "file:///etc/passwd",
        "https://evil.test/a", "https://media.test.evil.test/a", "https://xmedia.test/a", "https://sub.media.test/a",
        "https://media.test@evil.test/a", "https://user:pass@media.test/a", "https://evil.test\\@media.test/a",
        "https://evil.test#@media.test/a", "https://media.test:8443/a", "https://media.test:0/a", "https://media.test:99999/", "https://[::1]/a",
        "https://127.0.0.1/a", "https://0x7f.1/a", "https://2130706433/a", "https://media.test./a", "https://media。test./a",
        "https://[", "https://a\0b/", "https://media.test/" + "a" * 9000,
    ],
)  # fmt: skip
async def test_only_https_links_to_allowed_hosts_are_followed(link: str) -> None:
    async def never(host: str, port: int) -> Sequence[Address]:
        raise AssertionError("nothing is to be resolved")

    with pytest.raises(FetchError) as caught:
        await Fetcher([HOST], wire=Wire(resolve=never)).fetch(link, limit=LIMIT, seconds=5)
    assert caught.value.trouble is Trouble.LINK


@given(st.text() | st.text().map("https://{}".format) | st.text().map("https://media.test{}".format))
def test_no_text_is_read_as_another_host(link: str) -> None:
    try:
        url = Fetcher([HOST]).check(link)
    except FetchError:
        return
    assert (url.scheme, url.host, url.port) == ("https", HOST, None)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "0", "127.0.0.1", "169.254.169.254",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]", "[fe80::1%25lo]", "[fd00::1]", "[fec0::1]", "[2001::1]", "[2001:20::1]", "[2606:4700::5efe:10.0.0.1]",
        "localhost", "LOCALHOST", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①",
    ],
)  # fmt: skip
async def test_even_an_allowed_name_leads_to_no_address_inside(stranger: Stranger, host: str) -> None:
    """The list of hosts is the first guard. Behind it the system reads the name as it likes, and the address is checked."""
    name = host.strip("[]").replace("%25", "%")
    hosts = [host, name, host.lower(), "127.0.0.1", "::1"]
    fetcher = Fetcher(hosts, wire=Wire(ports=frozenset({stranger.port})))
    await trouble(fetcher, f"https://{host}:{stranger.port}/a")
    assert stranger.asked == []


@pytest.mark.parametrize(
    "host", ["media.test", "MEDIA.TEST", "media.test:443", "ｍedia.test", "media。test", "media．test"]
)
async def test_other_ways_to_write_the_allowed_host_are_that_host(host: str) -> None:
    try:
        url = Fetcher([HOST]).check(f"https://{host}/a")
    except FetchError as problem:
        assert problem.trouble is Trouble.LINK
    else:
        assert (url.raw_host, url.port) == (HOST.encode(), None)


@pytest.mark.parametrize(
    "host", ["mediа.test", "xn--medi-73d.test", "media.test\u200b.evil.test", "media.test%2eevil.test"]
)
async def test_what_only_looks_like_the_allowed_host_is_another(host: str) -> None:
    with pytest.raises(FetchError):
        Fetcher([HOST]).check(f"https://{host}/a")


async def test_redirects_are_followed_three_times(stranger: Stranger) -> None:
    for number in range(3):
        stranger.pages[f"/{number}"] = stranger.head(302, location=f"/{number + 1}", content_length="0")
    stranger.pages["/3"] = stranger.answer(b"bytes")
    assert await stranger.fetcher().fetch(stranger.link("/0"), limit=LIMIT, seconds=5) == b"bytes"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_fourth_redirect_is_too_many(stranger: Stranger, status: int) -> None:
    stranger.pages["/loop"] = stranger.head(status, location="/loop", content_length="0")
    assert (await trouble(stranger.fetcher(), stranger.link("/loop"))).trouble is Trouble.LINK
    assert len(stranger.asked) == 4


async def test_a_redirect_may_lead_to_another_allowed_host_only(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.head(302, location=stranger.link("/b", OTHER), content_length="0")
    stranger.pages["/b"] = stranger.answer(b"bytes")
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.LINK
    fetcher = stranger.fetcher(HOST, OTHER)
    assert await fetcher.fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"bytes"
    assert stranger.names[-2:] == [HOST, OTHER]


@pytest.mark.parametrize(
    "location",
    [
        "http://media.test/a", "https://169.254.169.254/latest", "file:///etc/passwd", "https://[", "//10.0.0.1/a",
        "//user@media.test/b", "https://2130706433/a", "https://[::ffff:10.0.0.1]/a", "https://[64:ff9b:1::a00:1]/a",
        "https://media.test:22/a", "https://media.test.:443/a", "gopher://media.test/a", "data:,x", "https:x",
    ],
)  # fmt: skip
async def test_a_redirect_is_checked_like_a_link(stranger: Stranger, location: str) -> None:
    stranger.pages["/a"] = stranger.head(302, location=location, content_length="0")
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.LINK
    assert len(stranger.asked) == 1


@given(location=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_whatever_a_redirect_says_nobody_else_is_asked(stranger: Stranger, location: str) -> None:
    stranger.pages["/a"] = stranger.head(302, location=location, content_length="0")
    stranger.asked.clear()
    await trouble(stranger.fetcher(), stranger.link("/a"))
    assert {host for _, host in stranger.asked} == {f"{HOST}:{stranger.port}"}


async def test_every_hop_has_its_addresses_checked(stranger: Stranger) -> None:
    async def inside(host: str, port: int) -> Sequence[Address]:
        return [ip_address("127.0.0.1" if host == HOST else "10.0.0.1")]

    stranger.pages["/a"] = stranger.head(302, location=stranger.link("/b", OTHER), content_length="0")
    fetcher = stranger.fetcher(HOST, OTHER, resolve=inside, is_allowed=lambda each: each == ip_address("127.0.0.1"))
    assert (await trouble(fetcher, stranger.link("/a"))).trouble is Trouble.LINK


async def test_the_certificate_must_be_of_the_name(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.answer(b"bytes")
    found = await trouble(stranger.fetcher("other.test"), stranger.link("/a", "other.test"))
    assert (found.trouble, stranger.asked) == (Trouble.WAY, [])


async def test_the_certificate_must_be_of_a_known_authority(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.answer(b"bytes")
    assert (await trouble(stranger.fetcher(context=None), stranger.link("/a"))).trouble is Trouble.WAY
    assert stranger.asked == []


async def test_an_announced_length_over_the_limit_is_not_read(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.head(content_length=str(LIMIT + 1))
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.SIZE


@pytest.mark.parametrize("framing", ["none", "chunked"])
async def test_a_flood_without_a_length_is_cut_off(stranger: Stranger, framing: str) -> None:
    async def flood(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(stranger.head(**({"transfer_encoding": "chunked"} if framing == "chunked" else {})))
        block = b"x" * 1000
        for _ in range(1_000_000):
            writer.write(b"3e8\r\n" + block + b"\r\n" if framing == "chunked" else block)
            await writer.drain()

    stranger.pages["/a"] = flood
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.SIZE


async def test_a_body_of_just_the_limit_passes(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.answer(b"x" * LIMIT)
    assert len(await stranger.fetcher().fetch(stranger.link("/a"), limit=LIMIT, seconds=5)) == LIMIT


async def test_a_length_that_promises_more_than_comes_is_tried_again(stranger: Stranger) -> None:
    stranger.pages["/a"] = [stranger.answer(b"half", content_length="8"), stranger.answer(b"complete")]
    assert await stranger.fetcher().fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"complete"


async def test_a_length_that_promises_less_hides_nothing(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.answer(b"x" * 50_000, content_length="4")
    assert await stranger.fetcher().fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"xxxx"


@pytest.mark.parametrize("packed", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "gzip, gzip", "x"])
async def test_what_is_packed_is_not_unpacked(stranger: Stranger, packed: str) -> None:
    stranger.pages["/bomb"] = stranger.answer(gzip.compress(bytes(5_000_000)), content_encoding=packed)
    found = await trouble(stranger.fetcher(), stranger.link("/bomb"))
    assert (found.trouble, found.again, len(stranger.asked)) == (Trouble.WAY, False, 1)


async def test_what_is_packed_for_the_way_is_refused(stranger: Stranger) -> None:
    body = gzip.compress(bytes(5_000_000))
    chunked = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    stranger.pages["/bomb"] = stranger.head(transfer_encoding="gzip, chunked") + chunked
    assert (await trouble(stranger.fetcher(), stranger.link("/bomb"))).trouble is Trouble.WAY


@pytest.mark.parametrize("line", [b"x-more: 1\r\n", b"HTTP/1.1 100 .\r\n\r\n"], ids=["headers", "promises"])
async def test_a_head_without_end_is_cut_off(stranger: Stranger, line: bytes) -> None:
    async def endless(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"" if line.startswith(b"HTTP") else b"HTTP/1.1 200 .\r\n")
        while True:
            writer.write(line * 100)
            await writer.drain()

    stranger.pages["/a"] = endless
    start = time.monotonic()
    assert (await trouble(stranger.fetcher(), stranger.link("/a"), seconds=1.0)).trouble is Trouble.WAY
    assert time.monotonic() - start < 5


async def test_a_slow_drip_ends_with_the_time(stranger: Stranger) -> None:
    async def drip(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(stranger.head(content_length="9000"))
        for _ in range(9000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    stranger.pages["/a"] = drip
    start = time.monotonic()
    assert (await trouble(stranger.fetcher(), stranger.link("/a"), seconds=0.8)).trouble is Trouble.WAY
    assert time.monotonic() - start < 3


async def test_a_server_that_says_nothing_is_given_up_and_asked_again(stranger: Stranger) -> None:
    async def silent(path: str, writer: asyncio.StreamWriter) -> None:
        if len(stranger.asked) > 1:
            writer.write(stranger.answer(b"awake"))
            await writer.drain()
        else:
            await asyncio.sleep(1.5)

    stranger.pages["/a"] = silent
    assert await stranger.fetcher().fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"awake"


async def test_a_resolver_that_hangs_ends_with_the_time(stranger: Stranger) -> None:
    async def hanging(host: str, port: int) -> Sequence[Address]:
        await asyncio.sleep(60)
        return []

    found = await trouble(stranger.fetcher(resolve=hanging), stranger.link("/a"), seconds=0.2)
    assert found.trouble is Trouble.WAY


async def test_a_host_without_address_may_have_one_later(stranger: Stranger) -> None:
    tries = []

    async def later(host: str, port: int) -> Sequence[Address]:
        tries.append(host)
        if len(tries) < 3:
            raise OSError("no such name")
        return [ip_address("127.0.0.1")]

    stranger.pages["/a"] = stranger.answer(b"bytes")
    assert await stranger.fetcher(resolve=later).fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"bytes"


async def test_an_address_that_does_not_answer_gives_way_to_the_next(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.answer(b"bytes")
    fetcher = stranger.fetcher(addresses=("127.0.0.3", "127.0.0.1"))
    assert await fetcher.fetch(stranger.link("/a"), limit=LIMIT, seconds=5) == b"bytes"
    assert len(stranger.asked) == 1


@pytest.mark.parametrize(("status", "times"), [(500, 3), (503, 3), (429, 3), (404, 1), (403, 1), (206, 1), (304, 1)])
async def test_what_may_pass_is_tried_three_times(stranger: Stranger, status: int, times: int) -> None:
    stranger.pages["/a"] = stranger.head(status, content_length="0")
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.WAY
    assert len(stranger.asked) == times


@pytest.mark.parametrize(
    "rubbish", [b"", b"\0\0\0\r\n\r\n", b"HTTP/9.9 abc\r\n\r\n", b"HTTP/1.1 200 .\r\ncontent-length: x\r\n\r\n"]
)
async def test_rubbish_is_no_answer(stranger: Stranger, rubbish: bytes) -> None:
    stranger.pages["/a"] = rubbish
    assert (await trouble(stranger.fetcher(), stranger.link("/a"))).trouble is Trouble.WAY


async def test_no_cookie_is_taken_along(stranger: Stranger) -> None:
    stranger.pages["/a"] = stranger.head(302, location="/b", content_length="0", set_cookie="id=1; path=/")
    stranger.pages["/b"] = stranger.answer(b"bytes")
    fetcher = stranger.fetcher()
    await fetcher.fetch(stranger.link("/a"), limit=LIMIT, seconds=5)
    await fetcher.fetch(stranger.link("/b"), limit=LIMIT, seconds=5)
    assert (len(stranger.asked), stranger.cookies) == (3, [])


async def test_the_systems_resolver_gives_every_address_once() -> None:
    found = await resolve("localhost", 443)
    assert found and len(set(found)) == len(found)
    assert all(each.is_loopback for each in found)
