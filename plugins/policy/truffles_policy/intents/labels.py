"""What the labels of the examples mean that are no questions: for whom they are, and from which share on they count."""

from __future__ import annotations

from collections.abc import Mapping

DESK: Mapping[str, tuple[str, float]] = {
    "payment_check": ("payment", 0.6), "refund": ("refund", 0.6), "medical": ("medical", 0.6), "complaint": ("complaint", 0.6),
    "change": ("change", 0.8), "technical": ("technical", 0.65), "discount_wish": ("discount", 0.6), "opt_out": ("opt_out", 0.8),
    "status": ("status", 0.65), "urgent": ("urgent", 0.8), "human": ("human", 0.65), "frustrated": ("frustrated", 0.65),
}  # fmt: skip
"""The rule of each label that calls a human, and how likely it must be; the strongest first."""
TALK: Mapping[str, tuple[str, float]] = {
    "decline": ("decline", 0.75), "thanks": ("thanks", 0.7), "greeting": ("greeting", 0.7), "acknowledge": ("acknowledge", 0.75),
    "identity": ("identity", 0.75), "off_topic": ("off_topic", 0.75), "chatter": ("statement", 0.6),
}  # fmt: skip
"""The rules of labels that count where nothing else is wanted, in the order of their strength."""
IDLE = frozenset({"chatter", "greeting", "thanks", "acknowledge"})
"""What asks nothing."""
ASIDE = frozenset({"ask_more", "decline", "identity", "off_topic"})
"""What wants nothing beside a question."""
