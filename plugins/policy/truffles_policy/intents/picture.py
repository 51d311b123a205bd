"""Is something wanted as it stands on a picture? The patterns of `data/picture.toml`, matched as the rules are.

Some words name the picture ("как на фото", "фотодағыдай"): they are heard although none came. Others only point ("такой же",
"like this"), and mean a picture where one came with them or a short while before.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from truffles_gateway.messages import Attachment, Content, Inbound, Turn
from truffles_policy.language import LANGUAGES
from truffles_policy.lemmas import Entry, Lexicon
from truffles_policy.patterns import Compiler, Index, Match, Token, entry, tokens


class Pictures:
    """The compiled tables. Immutable; one for all tenants."""

    def __init__(self) -> None:
        data = _data()
        groups = _groups(data["groups"])
        compilers = {language: Compiler(language, groups) for language in LANGUAGES}
        self._tables = {
            name: Index([compilers[language].pattern(each) for language in LANGUAGES for each in data[name].get(language, ())])
            for name in ("named", "shown", "unless")
        }  # fmt: skip
        self._lexicon = Lexicon({each for compiler in compilers.values() for each in compiler.entries})

    def meant(self, text: str, *, came: bool) -> str:
        """The words that want what stands on a picture, "" if there are none; `came`: there is one to be pointed at."""
        words = tokens(text, self._lexicon)
        vetoes = list(self._tables["unless"].all(words))
        for name in ("named", "shown") if came else ("named",):
            for match in self._tables[name].all(words):
                if not any(_meets(match, veto) for veto in vetoes):
                    return _said(words, match)
        return ""


def came(turn: Turn, message: Inbound) -> bool:
    """Is there a picture, with these words or from the last minutes, taken or not?"""
    sent = (part for event in message.events if not event.ignore for part in event.attachments)
    return any(_is_picture(part) for part in (*sent, *turn.files))


def _is_picture(part: Attachment) -> bool:
    return part.content in {Content.IMAGE, Content.VIDEO} or part.mime.startswith("image/")


def _meets(match: Match, other: Match) -> bool:
    return other.start < match.end and match.start < other.end


def _said(words: Sequence[Token], match: Match) -> str:
    return " ".join(token.text for token in words[match.start : match.end])


def _groups(groups: Mapping[str, Mapping[str, Sequence[str]]]) -> Mapping[str, frozenset[Entry]]:
    """Groups of words by name, each the union of all languages'."""
    found: dict[str, set[Entry]] = {}
    for language, named in groups.items():
        for name, words in named.items():
            found.setdefault(name, set()).update(entry(language, word) for word in words)
    return {name: frozenset(entries) for name, entries in found.items()}


def _data() -> Mapping[str, Any]:
    text = resources.files("truffles_policy").joinpath("data", "picture.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(1)
def pictures() -> Pictures:
    """The tables, compiled once a process."""
    return Pictures()
