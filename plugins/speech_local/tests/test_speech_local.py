"""Sound is really decoded, the more confident model wins, and neither a slow nor a missing model costs a message."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tracemalloc
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from truffles_speech_local.plugin import SpeechLocal, check, plugin
from truffles_speech_local.settings import LocalSpeechSettings
from truffles_speech_local.sound import Sound, decode
from truffles_speech_local.vosk_engine import Vosk

from truffles_gateway.errors import ConfigError
from truffles_gateway.speech import NotHeard
from truffles_gateway.testing import conforms, make_resources

RUSSIAN, KAZAKH = "сколько стоит маникюр", "маникюр қанша тұрады"


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "speech_local"]
    assert found.load() is plugin


async def test_it_conforms(bench_of: Any) -> None:
    assert conforms(plugin, bench_of().hooks) == []


# --- sound ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rate", "channels"),
    [
        (("OGG", "OPUS"), 48_000, 1),
        (("OGG", "OPUS"), 16_000, 1),
        (("OGG", "VORBIS"), 44_100, 2),
        (("MP3", "MPEG_LAYER_III"), 44_100, 2),
        (("WAV", "PCM_16"), 8_000, 1),
    ],
)
def test_what_phones_record_becomes_mono_samples(encoded: Any, kind: tuple[str, str], rate: int, channels: int) -> None:
    sound = decode(encoded(1.5, rate, kind, channels), max_seconds=60, given_up=Event())
    assert sound.rate == rate
    assert sound.seconds == pytest.approx(1.5, abs=0.1)
    samples = np.frombuffer(sound.samples, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(440, abs=2)
    assert 5_000 < samples.max() < 15_000
    assert b"".join(sound.pieces()) == sound.samples


def test_no_more_is_unpacked_than_allowed(encoded: Any) -> None:
    with pytest.raises(NotHeard, match="longer than 2 s"):
        decode(encoded(3), max_seconds=2, given_up=Event())


@pytest.mark.parametrize(("rate", "channels"), [(655_350, 1), (96_000, 1), (48_000, 8), (1, 1)])
def test_what_no_phone_records_is_not_unpacked(encoded: Any, rate: int, channels: int) -> None:
    with pytest.raises(NotHeard, match=f"{rate} Hz and {channels} channels"):
        decode(encoded(1, rate, ("FLAC", "PCM_16"), channels), max_seconds=60, given_up=Event())


def test_a_small_file_of_silence_takes_little_memory_to_unpack() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((60 * 48_000, 2), "int16"), 48_000, format="FLAC")
    tracemalloc.start()
    try:
        sound = decode(file.getvalue(), max_seconds=60, given_up=Event())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sound.seconds == 60
    assert most < 2.5 * len(sound.samples)


def test_a_note_that_nobody_waits_for_is_not_unpacked_further(encoded: Any) -> None:
    given_up = Event()
    given_up.set()
    with pytest.raises(NotHeard, match="time was up"):
        decode(encoded(1), max_seconds=60, given_up=given_up)


@given(st.binary(max_size=300))
def test_rubbish_is_named_whatever_it_is(data: bytes) -> None:
    for start in (b"", b"OggS\0\2", b"RIFF", b"fLaC"):
        try:
            decode(start + data, max_seconds=5, given_up=Event())
        except NotHeard as problem:
            assert "cannot be read" in problem.cause or "no phone" in problem.cause


def test_a_note_that_was_cut_off_breaks_nothing(encoded: Any) -> None:
    whole = encoded(2)
    for end in range(0, len(whole), 997):
        try:
            assert decode(whole[:end], max_seconds=5, given_up=Event()).seconds <= 2.1
        except NotHeard as problem:
            assert "cannot be read" in problem.cause


# --- hearing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("russian", "kazakh", "heard", "doubtful"),
    [
        ((RUSSIAN, 0.9), ("маған", 0.4), RUSSIAN, False),
        (("манекен к шатра", 0.4), (KAZAKH, 0.8), KAZAKH, False),
        (("манекен к шатра", 0.3), (KAZAKH, 0.4), KAZAKH, True),
        (("", 0.0), (KAZAKH, 0.6), KAZAKH, False),
    ],
)
async def test_the_more_confident_model_wins(
    bench_of: Any, encoded: Any, russian: tuple[str, float], kazakh: tuple[str, float], heard: str, doubtful: bool
) -> None:
    bench = bench_of()
    ears = [bench.engine.says("ru", *russian), bench.engine.says("kk", *kazakh)]
    message = await bench.hear(encoded(1))
    [part] = message.attachments
    assert (message.text, part.transcript, part.doubtful) == (heard, heard, doubtful)
    assert [each.sounds[0].seconds for each in ears] == pytest.approx([1, 1], abs=0.1)


async def test_nobody_speaks(bench_of: Any, encoded: Any) -> None:
    bench = bench_of(models={"ru": "/models/ru"})
    bench.engine.says("ru", "", 0.0)
    assert await bench.hear(encoded(1)) is None


async def test_what_cannot_be_decoded_is_left_as_it_is(bench_of: Any) -> None:
    bench = bench_of(models={"ru": "/models/ru"})
    bench.engine.says("ru", RUSSIAN)
    assert await bench.hear(b"OggS no sound at all") is None


async def test_a_model_that_takes_too_long_is_given_up_and_stops(bench_of: Any, encoded: Any) -> None:
    bench = bench_of(models={"ru": "/models/ru"}, seconds=0.5)
    ears = bench.engine.says("ru", RUSSIAN)
    ears.deaf = True
    async with asyncio.timeout(10):
        assert await bench.hear(encoded(1)) is None
    assert await asyncio.to_thread(ears.stopped.wait, 10)


async def test_a_model_that_cannot_be_loaded_is_the_owners_to_know(bench_of: Any, encoded: Any) -> None:
    bench = bench_of()
    bench.engine.says("ru", RUSSIAN)
    assert await bench.hear(encoded(1)) is None
    [alarm] = bench.alarms.raised.values()
    assert "/models/kk cannot be loaded. Unpack it anew" in alarm
    with pytest.raises(NotHeard, match="/models/kk"):
        await check(bench.hooks)


async def test_models_are_loaded_before_the_first_note(bench_of: Any, encoded: Any) -> None:
    bench = bench_of()
    bench.engine.says("ru", RUSSIAN)
    bench.engine.says("kk", KAZAKH)
    assert await check(bench.hooks) == ["ru: /models/ru is loaded", "kk: /models/kk is loaded"]
    await bench.hear(encoded(1))
    assert bench.engine.loaded == ["ru", "kk"]


# --- vosk -------------------------------------------------------------------------------------------------------------


class Recogniser:
    """As the library's: a phrase ends at each second, the rest at the end."""

    def __init__(self, model: Any, rate: int) -> None:
        self._rate, self._heard, self._told = rate, 0, 0

    def SetWords(self, words: bool) -> None:  # noqa: N802 - the library's name
        assert words

    def AcceptWaveform(self, piece: bytes) -> bool:  # noqa: N802
        before, self._heard = self._heard, self._heard + len(piece) // 2
        return before // self._rate != self._heard // self._rate

    def Result(self) -> str:  # noqa: N802
        self._told += 1
        word = {"word": f"слово{self._told}", "conf": 0.9, "start": 0.0, "end": 0.5}
        return json.dumps({"result": [word], "text": word["word"]})

    def FinalResult(self) -> str:  # noqa: N802
        return json.dumps({"result": [{"word": "да", "conf": 0.3, "start": 1.0, "end": 1.25}], "text": "да"})


class Model:
    """As the library's: it says no more than this when it cannot be loaded."""

    def __init__(self, folder: str) -> None:
        if (Path(folder) / "am" / "final.mdl").read_bytes() == b"rubbish":
            raise Exception("Failed to create a model")  # noqa: TRY002


@pytest.fixture
def vosk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's interface; the library itself comes with an extra of the package."""
    module = ModuleType("vosk")
    module.__spec__ = ModuleSpec("vosk", None)
    vars(module).update(Model=Model, KaldiRecognizer=Recogniser, SetLogLevel=lambda level: None)
    monkeypatch.setitem(sys.modules, "vosk", module)


def model_in(folder: Path, content: bytes = b"weights") -> Path:
    """A folder that looks like a model."""
    (folder / "am").mkdir(parents=True)
    (folder / "am" / "final.mdl").write_bytes(content)
    return folder


def test_the_words_of_all_phrases_and_how_sure_they_are(vosk: None, tmp_path: Path) -> None:
    ears = Vosk().load(model_in(tmp_path / "ru"))
    heard = ears.listen(Sound(bytes(2 * 2 * 16_000), 16_000), Event())
    assert heard.text == "слово1 слово2 да"
    assert heard.confidence == pytest.approx((0.5 * 0.9 * 2 + 0.25 * 0.3) / 1.25)


def test_nobody_waits_any_more(vosk: None, tmp_path: Path) -> None:
    given_up = Event()
    given_up.set()
    with pytest.raises(NotHeard):
        Vosk().load(model_in(tmp_path / "ru")).listen(Sound(bytes(3200), 16_000), given_up)


def test_a_model_is_loaded_once_for_all_tenants(vosk: None, tmp_path: Path) -> None:
    folder = model_in(tmp_path / "ru")
    first = Vosk().load(folder)
    assert Vosk().load(folder) is first


@pytest.mark.parametrize("what", ["missing", "empty"])
async def test_a_missing_model_is_named_with_its_cure_when_the_tenant_is_checked(
    vosk: None, tmp_path: Path, what: str, http: Any
) -> None:
    folder = tmp_path / what
    if what == "empty":
        folder.mkdir()
    settings = LocalSpeechSettings(models={"ru": str(folder)})
    with pytest.raises(ConfigError) as caught:
        SpeechLocal(settings, make_resources(plugin, http))
    assert str(folder) in str(caught.value)
    assert "Unpack a model" in str(caught.value)
    assert caught.value.where == "plugins.speech_local.models"


def test_a_broken_model_is_named_with_its_cure(vosk: None, tmp_path: Path) -> None:
    folder = model_in(tmp_path / "ru", b"rubbish")
    Vosk().check(folder)
    with pytest.raises(ConfigError, match="Failed to create a model"):
        Vosk().load(folder)


def test_without_the_library_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vosk", None)
    with pytest.raises(ConfigError, match=r"truffles-speech-local\[vosk\]"):
        Vosk().check(model_in(tmp_path / "ru"))


@pytest.mark.parametrize("wrong", [{}, {"models": {}}, {"models": {"russian": "/x"}}, {"models": {"ru": ""}}], ids=str)
def test_a_wrong_setting_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="models"):
        LocalSpeechSettings.model_validate(wrong)
