"""The seam between this plugin and a recogniser, as thin as it can be."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Protocol

from truffles_gateway.speech import Heard
from truffles_speech_local.sound import Sound


class Ears(Protocol):
    """A loaded model. Several threads may use it at once."""

    def listen(self, sound: Sound, given_up: Event) -> Heard:
        """What is said. It blocks, and looks at `given_up` often: once that is set, nobody waits for the result."""
        ...


class Engine(Protocol):
    """Where models come from."""

    def check(self, folder: Path) -> None:
        """Does the folder look like a model? Quick. Raises `ConfigError` with the folder and the cure."""
        ...

    def load(self, folder: Path) -> Ears:
        """The model, loaded once a process however many tenants use it. It blocks for seconds. Raises `ConfigError`."""
        ...
