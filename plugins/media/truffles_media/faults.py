"""Why the content of a file is refused. Imported in the sandbox, too: nothing of the host is named here."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with the content of a file; equal to the `Reason` that people are told.

    BOMB       it would unpack to far more than it weighs: pixels, frames, entries
    BROKEN     it cannot be decoded
    SMUGGLED   it is a second kind of file, too
    ACTIVE     a computer that opens it may run something
    UNCHECKED  the time was over before anything could be said
    """

    BOMB = "bomb"
    BROKEN = "broken"
    SMUGGLED = "smuggled"
    ACTIVE = "active"
    UNCHECKED = "unchecked"


class FileRefused(Exception):
    """The content may not pass. `detail` is for the log and quotes nothing of the file."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault, self.detail = fault, detail
