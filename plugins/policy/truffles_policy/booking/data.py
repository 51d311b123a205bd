"""The words and patterns of `data/booking.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(1)
def booking_data() -> Mapping[str, Any]:
    """The file, read once a process."""
    text = resources.files("truffles_policy").joinpath("data", "booking.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def own_words() -> list[str]:
    """Words that look like slips of others in the file."""
    return [word for words in booking_data()["not_typos"].values() for word in words]
