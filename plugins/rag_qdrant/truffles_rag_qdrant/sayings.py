"""What customers write who want a thing and do not know what it is called: "кот метит углы" asks for a neutering.

By the concepts of `trades.toml`: examples that teach the classifier beside the names of a pack, and are told to nobody.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from truffles_rag_qdrant.glossary import glossary
from truffles_rag_qdrant.words import tokens

MOST = 4
"""Concepts of one thing whose sayings count: more of them say what it is made of, not what it is."""


def sayings(names: Iterable[str]) -> tuple[str, ...]:
    """In which words things are wished for that are called so."""
    known = _known()
    hits = (hit.concept.name for name in names for hit in glossary().find(tokens(name)))
    concepts = list(dict.fromkeys(name for name in hits if name in known))
    return tuple(dict.fromkeys(line for name in concepts[:MOST] for line in known[name]))


@cache
def _known() -> Mapping[str, tuple[str, ...]]:
    text = (resources.files("truffles_rag_qdrant") / "data" / "sayings.toml").read_text("utf-8")
    return {name: tuple(lines) for name, lines in tomllib.loads(text).items()}
