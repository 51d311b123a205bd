"""A tenant's settings of this plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from truffles_gateway.speech import SpeechSettings

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class LocalSpeechSettings(SpeechSettings):
    """Which models hear.

    models   the folder of a model by its language; each note is heard by all, and the most confident one counts
    workers  threads that hear: one hears one note with one model
    """

    models: Mapping[Language, Folder] = Field(min_length=1, max_length=5)
    workers: int = Field(default=2, ge=1, le=16)
