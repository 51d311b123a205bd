"""How customers call whom they write to ("девочки, …", "hi guys"): it asks nothing, and says of nobody whom a thing is for."""

from __future__ import annotations

import re

_CALLED = r"""
девочки девушки девушка девчонки девчата мальчики ребята ребят парни мужики дамы красотки красавицы дорогие уважаемые друзья
коллеги братан братишка брат сестра сестренка сестрёнка қыздар кыздар апай апайлар аға ага жігіттер жигиттер бауырым достар
guys folks girls ladies boys team bro mate dear
"""
_GREETED = r"привет\w*|здравствуйте|здрас\w*|добрый\s+\w+|доброе\s+утро|доброго\s+\w+|с[әа]лем\w*|hi|hey|hello|yo"
_NAMES = "|".join(_CALLED.split())
_APART = re.compile(rf"(^\s*|[.!?,;\n]\s*|\b(?:{_GREETED})[,!]?\s+)(?:{_NAMES})(?:\s*[,!.)]+\s*|\s*$)", re.IGNORECASE)
"""A salutation between breaks, or behind a greeting."""
_OF_YOU = re.compile(r"\b(you|hi|hey|hello)\s+(?:guys|folks|girls)\b", re.IGNORECASE)


def unaddressed(text: str) -> str:
    """A text without its salutations."""
    return _OF_YOU.sub(r"\1", _APART.sub(r"\1", text))
