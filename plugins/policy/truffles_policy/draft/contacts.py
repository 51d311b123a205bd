"""Phones, addresses of mail and pages in a line of contacts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from truffles_policy.draft.words import data, low

_FOUND = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "website": re.compile(r"(?:https?://|www\.)[^\s,;]+[^\s,;.]"),
    "phone": re.compile(r"\+?\d[\d\s()-]{8,}\d"),
    "handle": re.compile(r"(?<!\w)@[\w.]*\w"),
}
_LABEL = 60


def contacts(line: str) -> tuple[dict[str, str], str]:
    """What a line tells, by keys such as "phone" and "social.instagram", and the rest of it that says something else."""
    found: dict[str, str] = {}
    rest = line
    for kind, pattern in _FOUND.items():
        if match := pattern.search(rest):
            key = _social(line) if kind == "handle" else kind
            if key:
                found[key] = match[0]
                rest = rest.replace(match[0], "\0", 1)
    return found, _said(rest) if found else line


def _social(line: str) -> str:
    networks: Mapping[str, list[str]] = data()["networks"]
    words = low(line).split()
    return next((f"social.{name}" for name, known in networks.items() if any(word in words for word in known)), "")


def _said(rest: str) -> str:
    """What is said besides labels: a label is what stands before a colon, a dash, or at all in two words."""
    before, _, after = rest.partition("\0")
    label = before.strip(" —–-:,.")
    labelled = len(label) <= _LABEL and (before.rstrip().endswith((":", "—", "–", "-")) or len(label.split()) <= 2)
    more = after.replace("\0", "").strip(" ,.;—–-")
    return ", ".join(filter(None, ("" if labelled else label, more)))
