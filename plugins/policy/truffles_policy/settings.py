"""What a tenant may set: its pack, its own phrases, and rules that it does not want."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from truffles_gateway.plugin import PluginSettings
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.wordings import Wordings

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"\w")]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=200)]
SUFFIX = "_phrases"
RuleName = Literal[
    "emergency",
    "payment",
    "refund",
    "medical",
    "complaint",
    "change",
    "technical",
    "discount",
    "status",
    "unsaid",
    "offers",
    "method",
    "opt_out",
    "urgent",
    "human",
    "frustrated",
    "stuck",
    "shouting",
    "decline",
    "thanks",
    "greeting",
    "identity",
    "price",
    "picture",
    "hold",
    "off_topic",
]


def _included(value: Any) -> Any:
    """A file's name alone would be a text: the tenant's file says that it includes it."""
    if isinstance(value, str):
        raise ValueError('is a text. Write { include = "pack.yaml" } for what is in that file')
    return value


def _listed(value: Any) -> Any:
    """The same for a file of wordings."""
    if isinstance(value, str):
        raise ValueError('is a text. Write { include = "wordings.yaml" } for what is in that file')
    return value


class PolicySettings(PluginSettings):
    """Phrases are plain words, each meant in all its forms: `human_phrases = ["старший мастер"]`.

    Phrases of `decline`, `thanks` and `greeting` count only when they, greetings and polite words are the whole message,
    all others anywhere in it.

    With `leave_open`, what no rule decides is left to the plugins behind, such as a model that classifies; without it,
    it is a question about the business.

    `pack` is what the business may tell its customers; a tenant file includes it: `pack = { include = "pack.yaml" }`.
    `wordings` are other words in which customers ask for its facts: `wordings = { include = "wordings.yaml" }`.
    """

    pack: Annotated[Pack | None, BeforeValidator(_included)] = Field(default=None, examples=[{"include": "pack.yaml"}])
    wordings: Annotated[Wordings, BeforeValidator(_listed)] = Field(default_factory=dict)
    off: frozenset[RuleName] = frozenset()
    leave_open: bool = False
    payment_phrases: Phrases = ()
    refund_phrases: Phrases = ()
    medical_phrases: Phrases = ()
    complaint_phrases: Phrases = ()
    technical_phrases: Phrases = ()
    discount_phrases: Phrases = ()
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
        lists = (name for name in type(self).model_fields if name.endswith(SUFFIX))
        return {name.removesuffix(SUFFIX): found for name in lists if (found := getattr(self, name))}
