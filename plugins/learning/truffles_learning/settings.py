"""What a tenant may set."""

from __future__ import annotations

from pydantic import Field

from truffles_gateway.plugin import PluginSettings


class LearningSettings(PluginSettings):
    """Settings of `learning`; all have defaults.

    enabled             learn at all
    auto_approve        roles whose words the bot may repeat at once, if nothing speaks against it
    min_answer          characters below which an answer teaches nothing
    max_answer          characters of an answer; sentences beyond are left out
    min_question_words  content words below which a question asks by button first
    similar             likeness (0..1) above which a question is nearly equal to one that is answered already
    """

    enabled: bool = True
    auto_approve: tuple[str, ...] = ("owner", "admin")
    min_answer: int = Field(default=5, ge=1, le=200)
    max_answer: int = Field(default=2_000, ge=50, le=2_000)
    min_question_words: int = Field(default=3, ge=0, le=20)
    similar: float = Field(default=0.9, ge=0.5, le=1)
