"""What managers and owners command at a desk: `/пауза 2ч`, `🔕`. Which command a text is, in any of three languages. Pure.

Whatever begins like a command is one, known or not: it never reaches a customer.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

NOTE = "//"
NAMES = {
    "pause": ("пауза стоп", "кідіріс үзіліс тоқта", "pause stop"),
    "start": ("старт продолжай", "бастау жалғастыр", "start resume"),
    "today": ("сегодня", "бүгін", "today"),
    "price": ("цена", "баға", "price"),
    "totals": ("итоги", "қорытынды", "totals"),
    "connect": ("подключить", "қосу", "connect"),
    "mute": ("тихо", "үнсіз", "mute"),
    "unmute": ("говори", "сөйле", "unmute"),
}
"""Each command by its words in Russian, Kazakh and English."""
OF_OWNERS = frozenset({"pause", "start", "today", "price", "totals"})
LANGUAGES = ("ru", "kk", "en")
_WORDS = {
    word: (name, language)
    for name, of_languages in NAMES.items()
    for language, words in zip(LANGUAGES, of_languages, strict=True)
    for word in words.split()
}
_SIGNS = {"🔕": "mute", "🔔": "unmute"}
_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"})
_SHAPE = re.compile(r"[/／](?P<word>[^\s@/]*)(?P<to>@\S*)?\s*(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name ("" for one that nobody knows), what follows it, and the language of its word.

    `to_somebody` says that it names a bot: one that nobody knows here may be another bot's.
    """

    name: str
    rest: str = ""
    language: str = ""
    to_somebody: bool = False


def bare(text: str) -> str:
    """A text without what nobody sees around it."""
    seen = [at for at, letter in enumerate(text) if unicodedata.category(letter) not in _UNSEEN]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def is_note(text: str) -> bool:
    """Is it a manager's private note?"""
    return bare(text).startswith(NOTE)


def read(text: str) -> Command | None:
    """The command that a text is, None if it does not begin like one."""
    said = bare(text)
    if sign := _sign(said):
        return Command(sign)
    if said.startswith(NOTE):
        return None
    shape = _SHAPE.fullmatch(said)
    if shape is None:
        return None
    name, language = _WORDS.get(shape["word"].lower(), ("", ""))
    return Command(name, shape["rest"].strip(), language, to_somebody=shape["to"] is not None)


def _sign(said: str) -> str:
    """🔕 in front is nothing that anybody tells a customer; a bell alone takes it back."""
    alone = said if len(said) == 1 else said[:1] if said[:1] == "🔕" else ""
    return _SIGNS.get(alone, "")
