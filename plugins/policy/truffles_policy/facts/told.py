"""What is told a customer, and whom it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from truffles_policy.pack.values import Words, said
from truffles_policy.pack.wording import Wording


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as the customer reads it. `language` is that of its words; `prose`: sentences of the business's own, which
    stand behind a line of introduction where their language is not the customer's. `inviting`: a call to action may follow."""

    id: str
    text: str
    language: str = ""
    prose: bool = False
    inviting: bool = True


@dataclass(frozen=True, slots=True)
class Say(Wording):
    """Whom facts are told: in which language, at which branch ("": not known), and when (in the business's own time)."""

    branch: str
    now: datetime

    def own(self, id: str, words: Words | None, *, prose: bool = True, inviting: bool = True) -> list[Told]:
        """A text of the pack as a fact; none where there is none."""
        if words is None:
            return []
        text, language = said(words, self.language, self.pack.language)
        return [Told(id, text, language, prose, inviting)]

    def line(self, id: str, text: str) -> Told:
        """A line in the customer's language."""
        return Told(id, text, self.language)


def joined(facts: Iterable[str]) -> str:
    """Facts one below the other, each once; a last line that several have (the note of their category) stands behind the last of them."""
    told = list(dict.fromkeys(text.strip() for text in facts if text.strip()))
    return "\n".join(_told_later(text, told[at + 1 :]) for at, text in enumerate(told))


def _told_later(text: str, later: Sequence[str]) -> str:
    """A fact without its last line, where one of those behind it ends with that, too."""
    head, _, end = text.rpartition("\n")
    return head if head and any(each.endswith(f"\n{end}") for each in later) else text
