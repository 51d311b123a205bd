"""Texts as a judge compares them: what a reader does not tell apart is the same."""

from __future__ import annotations

import re

_DASHES = re.compile(r"[‐-―−]")
_QUOTES = re.compile(r"[«»“”„‟]")
_SPACES = re.compile(r"\s+")
_THOUSANDS = re.compile(r"(?<=\d)[ .,'’](?=\d{3}(?!\d))")
_PHONE = re.compile(r"\+?[78]?[ ()-]*(?:\d[ ()-]*){9,11}")
_PERCENT, _HOUR = re.compile(r"(?<=\d) %"), re.compile(r"\b0(?=\d:\d\d)")
_KAZAKH = re.compile(r"[әғқңөұүһі]")
_WORD = re.compile(r"[^\W\d_]+")
_FEW = 5
_MOSTLY = 0.25


def normal(text: str) -> str:
    """Lower case, е for ё, one kind of space, dash and quote, no spaces inside numbers nor before %, 9:30 for 09:30."""
    said = _SPACES.sub(" ", _QUOTES.sub('"', _DASHES.sub("-", text.lower().replace("ё", "е")))).strip()
    return _HOUR.sub("", _PERCENT.sub("%", _THOUSANDS.sub("", said)))


def holds(text: str, words: str) -> bool:
    """Does the normal `text` hold `words`? A number is found as a number: 5 000 is not in 15 000."""
    wanted = normal(words)
    if _PHONE.fullmatch(words.strip()):
        return re.sub(r"\D", "", words) in re.sub(r"\D", "", text)
    before = r"(?<!\d)" if wanted[:1].isdigit() else ""
    after = r"(?!\d)" if wanted[-1:].isdigit() else ""
    return re.search(f"{before}{re.escape(wanted)}{after}", text) is not None


def speaks(text: str, language: str) -> bool:
    """Could this be `language`? Short texts, and Russian facts in a Kazakh or English answer, are given the benefit of the
    doubt."""
    words = _WORD.findall(text.lower())
    kazakh = sum(1 for word in words if _KAZAKH.search(word))
    latin = sum(1 for word in words if re.match("[a-z]", word))
    if len(words) <= _FEW:
        return True
    if language == "kk":
        return kazakh > 0
    if language == "en":
        return latin >= _MOSTLY * len(words)
    return kazakh + latin <= (1 - _MOSTLY) * len(words) and kazakh <= _MOSTLY * len(words)
