"""What is shortened for a reader: up to a word's end, and seen to be shortened."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.cli.demo.keep import _operator
from truffles_gateway.cli.reports import cut


def test_what_is_cut_ends_with_a_word_and_a_mark() -> None:
    assert cut("a passage about parking", 12) == "a passage …"
    assert cut("a passage", 12) == "a passage"
    assert cut("x" * 20, 12) == "x" * 11 + "…"


@given(st.text(max_size=80), st.integers(min_value=2, max_value=40))
def test_no_text_gets_longer_than_it_may_be(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found) <= most
    assert found == text or found.endswith("…")


def test_a_demo_that_explained_nothing_shows_no_line_for_that() -> None:
    house = SimpleNamespace(
        admin=SimpleNamespace(url="http://x", token="t"),
        children=SimpleNamespace(environment={"DATABASE_URL": "postgresql://x"}),
    )
    for explained, wanted in (("", 0), ("m1", 2)):
        lines = [line for _, line in _operator(SimpleNamespace(house=house, explained=explained))]
        assert sum("why" in line for line in lines) == wanted
        assert all(line == line.rstrip() and "/why/ " not in line for line in lines)
