"""What a tenant may set: its pack, its own phrases, and rules that it does not want."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from truffles_gateway.plugin import PluginSettings
from truffles_policy.pack.schema import Pack

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"\w")]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=200)]
RuleName = Literal[
    "complaint",
    "opt_out",
    "human",
    "frustrated",
    "urgent",
    "change",
    "shouting",
    "decline",
    "thanks",
    "greeting",
    "price",
]


class PolicySettings(PluginSettings):
    """Phrases are plain words, each meant in all its forms: `human_phrases = ["старший мастер"]`.

    Phrases of the first six lists count anywhere in a message, those of the last three only when they, greetings and
    polite words are the whole message.

    With `leave_open`, what no rule decides is left to the plugins behind, such as a model that classifies; without it,
    it is a question about the business.

    `pack` is what the business may tell its customers; a tenant file includes it: `pack = { include = "pack.yaml" }`.
    """

    pack: Pack | None = None
    off: frozenset[RuleName] = frozenset()
    leave_open: bool = False
    complaint_phrases: Phrases = ()
    opt_out_phrases: Phrases = ()
    human_phrases: Phrases = ()
    frustrated_phrases: Phrases = ()
    urgent_phrases: Phrases = ()
    change_phrases: Phrases = ()
    decline_phrases: Phrases = ()
    thanks_phrases: Phrases = ()
    greeting_phrases: Phrases = ()

    def phrases(self) -> dict[str, tuple[str, ...]]:
        """The tenant's phrases by rule."""
        rules = ("complaint", "opt_out", "human", "frustrated", "urgent", "change", "decline", "thanks", "greeting")
        return {rule: found for rule in rules if (found := getattr(self, f"{rule}_phrases"))}
