"""A voice note as the samples that recognisers want. libsndfile reads Ogg with Opus or Vorbis, MP3, FLAC and WAV, and comes
with its package."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from truffles_gateway.speech import NotHeard

if TYPE_CHECKING:
    from soundfile import SoundFile

PIECE_SECONDS = 0.25
MOST_CHANNELS, LOWEST_RATE, HIGHEST_RATE = 2, 8_000, 48_000
_BYTES = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono samples, 16 bit little-endian, `rate` of them a second."""

    samples: bytes
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / _BYTES / self.rate

    def pieces(self) -> Iterator[bytes]:
        """A quarter of a second at a time."""
        step = max(int(self.rate * PIECE_SECONDS), 1) * _BYTES
        yield from (self.samples[start : start + step] for start in range(0, len(self.samples), step))


def decode(data: bytes, max_seconds: float, given_up: Event) -> Sound:
    """The samples of an encoded note. No more than `max_seconds` are ever unpacked, a piece at a time: a longer one raises
    `NotHeard`, as do what cannot be read, what no phone records, and what nobody waits for any more (`given_up`)."""
    import soundfile  # and numpy behind it: half a second, for whoever hears a note

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _refuse_what_no_phone_records(file.samplerate, file.channels)
            rate = int(file.samplerate)
            return Sound(b"".join(_mono(file, int(rate * max_seconds), given_up)), rate)
    except (soundfile.SoundFileError, ValueError, TypeError) as problem:
        raise NotHeard(f"the sound cannot be read: {' '.join(str(problem).split())}") from problem


def _refuse_what_no_phone_records(rate: int, channels: int) -> None:
    """They are the file's own words, and silence packs so well that a small file could ask for a gigabyte."""
    if channels > MOST_CHANNELS or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise NotHeard(f"the sound has {rate} Hz and {channels} channels, as no phone records")


def _mono(file: SoundFile, most: int, given_up: Event) -> Iterator[bytes]:
    """The samples by seconds, all channels as one; `most` of them at most."""
    read = 0
    while len(piece := file.read(file.samplerate, dtype="int16", always_2d=True)):
        read += len(piece)
        if read > most:
            raise NotHeard(f"it is longer than {most / file.samplerate:g} s")
        if given_up.is_set():
            raise NotHeard("time was up")
        yield piece.mean(axis=1).astype("<i2").tobytes()
