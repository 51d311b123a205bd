"""A voice note as the samples that recognisers want. libsndfile reads Ogg with Opus or Vorbis, MP3, FLAC and WAV, and comes
with its package."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from truffles_gateway.speech import NotHeard

PIECE_SECONDS = 0.25
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


def decode(data: bytes, max_seconds: float) -> Sound:
    """The samples of an encoded note. No more than `max_seconds` are ever unpacked: a longer one raises `NotHeard`, as does
    what cannot be read."""
    import soundfile  # and numpy behind it: half a second, for whoever hears a note

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            most = int(file.samplerate * max_seconds)
            samples = file.read(most + 1, dtype="int16", always_2d=True)
            rate = int(file.samplerate)
    except (soundfile.SoundFileError, ValueError, TypeError) as problem:
        raise NotHeard(f"the sound cannot be read: {' '.join(str(problem).split())}") from problem
    if len(samples) > most:
        raise NotHeard(f"it is longer than {max_seconds:g} s")
    return Sound(samples.mean(axis=1).astype("<i2").tobytes(), rate)
