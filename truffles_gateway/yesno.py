"""Is it a yes or a no, and nothing else besides? In Russian, Kazakh and English. The words stand in the catalogue's files
under `[answers]`."""

from __future__ import annotations

import re
from functools import lru_cache

from truffles_gateway.texts import host_words

_LOOK_AT = 60
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")
_SIGNS = frozenset(".,!?…()[]:;\"'«»“”—–")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
"""What makes one emoji another one, and means the same."""
_DENIES_BEFORE = "емес"
"""Kazakh denies behind the word: "дұрыс емес"."""


def read(text: str) -> bool | None:
    """True for "да!", "иә", "ok", "👍"; False for "нет", "жоқ", "не верно"; None for everything else."""
    said = [each for each in _TOKEN.findall(_SKIN.sub("", text.lower())) if each not in _SIGNS]
    yes, no, beside = _known()
    if len(text) > _LOOK_AT or not all(each in yes or each in no or each in beside for each in said):
        return None
    answers = [each in yes for each in said if each not in beside]
    if len(set(answers)) == 1:
        return answers[0]
    return False if answers and (not answers[0] or said[-1] == _DENIES_BEFORE) else None


@lru_cache
def _known() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    yes, no, beside = (frozenset(host_words("answers", name)) for name in ("yes", "no", "beside"))
    return yes, no, beside
