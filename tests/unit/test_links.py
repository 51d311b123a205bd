"""The signature of a link covers all that it says."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.links import Link, read

KEY = bytes(range(32))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LINKS = st.builds(
    Link, tenant=st.sampled_from(["salon", "clinic"]), blob=st.sampled_from(["a" * 64, "b" * 64]),
    expires=st.integers(0, 10**11), mime=WORDS, name=WORDS,
)  # fmt: skip


@given(LINKS)
def test_a_link_is_read_as_it_was_made(link: Link) -> None:
    parts = urlsplit(link.url("https://gateway.example", KEY))
    _, _, tenant, blob = parts.path.split("/")
    query = dict(parse_qsl(parts.query))
    again, signature = read(tenant, blob, query)
    assert again == link
    assert again.is_signed(KEY, signature)
    assert not again.is_signed(KEY[::-1], signature)


@given(LINKS, LINKS)
def test_no_other_link_has_its_signature(one: Link, other: Link) -> None:
    assert (one == other) == other.is_signed(KEY, one.signature(KEY))


@given(WORDS, WORDS)
def test_what_belongs_to_the_name_is_not_moved_to_the_type(mime: str, name: str) -> None:
    link = Link("salon", "a" * 64, 1, mime, name)
    moved = replace(link, mime=mime + name[:1], name=name[1:])
    assert moved == link or not moved.is_signed(KEY, link.signature(KEY))


@given(st.text(max_size=30))
def test_an_expiry_that_is_none_has_expired(expires: str) -> None:
    link, _ = read("salon", "a" * 64, {"expires": expires})
    plain = expires.isascii() and expires.isdigit() and len(expires) <= 12
    assert link.expires == (int(expires) if plain else 0)


@given(st.text(max_size=60))
def test_a_signature_may_be_any_text(signature: str) -> None:
    assert not Link("salon", "a" * 64, 1).is_signed(KEY, signature)
