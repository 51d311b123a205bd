"""The recogniser Vosk: offline, on a CPU, small, with models for Russian, Kazakh, English and more."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any
from weakref import WeakValueDictionary

from truffles_gateway.errors import ConfigError
from truffles_gateway.speech import Heard, NotHeard
from truffles_speech_local.sound import Sound

WHERE = "plugins.speech_local.models"
UNPACK = "Unpack a model of https://alphacephei.com/vosk/models there, and name the folder that holds am/ and conf/"
_MODEL_FILES = ("am/final.mdl", "final.mdl")
_loading = Lock()
_loaded: WeakValueDictionary[str, VoskEars] = WeakValueDictionary()
"""By folder. It goes with the last tenant that uses it."""


class Vosk:
    """Models on disk, as `Engine` wants them."""

    def check(self, folder: Path) -> None:
        """The folder and the library, without loading either."""
        if not folder.is_dir():
            raise ConfigError(f"{folder} is no folder", where=WHERE, cure=UNPACK)
        if not any((folder / name).is_file() for name in _MODEL_FILES):
            raise ConfigError(f"{folder} holds no model of vosk", where=WHERE, cure=UNPACK)
        if importlib.util.find_spec("vosk") is None:
            cure = 'Install it: pip install "truffles-speech-local[vosk]"'
            raise ConfigError("the recogniser vosk is not installed", where=WHERE, cure=cure)

    def load(self, folder: Path) -> VoskEars:
        """The model that is there; the same for all who name the folder."""
        key = str(folder.resolve())
        with _loading:
            ears = _loaded.get(key)
            if ears is None:
                ears = _loaded[key] = VoskEars(folder)
        return ears


class VoskEars:
    """A loaded model."""

    def __init__(self, folder: Path) -> None:
        import vosk

        vosk.SetLogLevel(-1)  # it writes to stderr, past our logs
        try:
            self._model = vosk.Model(str(folder))
        except Exception as problem:  # it knows no other type
            cure = f"It is broken, or made for another version of vosk. {UNPACK}"
            raise ConfigError(f"{folder} cannot be loaded: {problem}", where=WHERE, cure=cure) from problem

    def listen(self, sound: Sound, given_up: Event) -> Heard:
        """The words, and how sure of them it is: of the longer ones more."""
        words = list(self._words(sound, given_up))
        weights = [max(_number(word, "end") - _number(word, "start"), 0.01) for word in words]
        sure = sum(weight * _number(word, "conf") for weight, word in zip(weights, words, strict=True))
        confidence = min(max(sure / sum(weights), 0.0), 1.0) if words else 0.0
        return Heard(text=" ".join(str(word.get("word", "")) for word in words), confidence=confidence)

    def _words(self, sound: Sound, given_up: Event) -> Iterator[Mapping[str, Any]]:
        import vosk

        recogniser = vosk.KaldiRecognizer(self._model, sound.rate)
        recogniser.SetWords(True)
        for piece in sound.pieces():
            if given_up.is_set():
                raise NotHeard("time was up")
            if recogniser.AcceptWaveform(piece):  # a pause: what was said before it
                yield from json.loads(recogniser.Result()).get("result", ())
        yield from json.loads(recogniser.FinalResult()).get("result", ())


def _number(word: Mapping[str, Any], name: str) -> float:
    return float(word.get(name, 0.0))
