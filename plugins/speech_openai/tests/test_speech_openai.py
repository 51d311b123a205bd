"""What is asked of the API, what its answers mean, and what becomes of its failures."""

from __future__ import annotations

import asyncio
import math
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from truffles_speech_openai import replies
from truffles_speech_openai.plugin import plugin
from truffles_speech_openai.settings import OpenaiSpeechSettings

from truffles_gateway.testing import conforms

KEY = "sk-key-of-tests-77aa"
SAID = "Сколько стоит маникюр?"


def said(message: Any) -> list[tuple[str, bool]]:
    """The transcripts of a message, and whether they are doubtful."""
    return [(part.transcript, part.doubtful) for part in message.attachments] if message else []


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "speech_openai"]
    assert found.load() is plugin


def test_it_conforms(bench: Any) -> None:
    assert conforms(plugin, bench.hooks) == []


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("whisper-1", {"response_format": ["verbose_json"], "prompt": ["шеллак, Abay 1"]}),
        ("whisper-large-v3", {"response_format": ["verbose_json"], "prompt": ["шеллак, Abay 1"]}),
        (
            "gpt-4o-mini-transcribe",
            {"response_format": ["json"], "include[]": ["logprobs"], "prompt": ["шеллак, Abay 1"]},
        ),
        ("gpt-4o-transcribe-diarize", {"response_format": ["json"]}),
        (
            "gpt-transcribe",
            {"response_format": ["json"], "languages[]": ["ru", "kk", "en"], "keywords[]": ["шеллак", "Abay 1"]},
        ),
    ],
)
async def test_each_model_is_asked_what_it_knows(
    bench_of: Any, api: Any, model: str, form: dict[str, list[str]]
) -> None:
    bench = bench_of(model=model, words=["шеллак"], resources={"branches": {"center": "Abay 1"}})
    await bench.hear(bench.note(mime="audio/ogg; codecs=opus"))
    [asked] = api.asked
    assert asked.form == {"model": [model], **form}
    assert (asked.file_name, asked.sound, asked.key) == ("note.ogg", b"OggS-one", KEY)


async def test_a_language_is_named_only_where_the_tenant_names_one(bench_of: Any, api: Any) -> None:
    await bench_of(language="kk").hear()
    await bench_of(language="kk", model="gpt-transcribe").hear()
    assert [asked.form["language"] for asked in api.asked] == [["kk"], ["kk"]]
    assert "languages[]" not in api.asked[1].form


async def test_a_server_that_does_not_know_a_parameter_is_asked_without_from_then_on(bench_of: Any, api: Any) -> None:
    api.unknown = frozenset({"include"})
    api.says(SAID, sound=b"one")
    api.says("Спасибо", sound=b"two")
    bench = bench_of()
    assert said(await bench.hear(bench.note(b"one"))) == [(SAID, False)]
    await bench.hear(bench.note(b"two"))
    assert [sorted(asked.form) for asked in api.asked][1:] == [["model", "response_format"]] * 2


async def test_the_successor_of_a_model_that_is_gone_is_asked_from_then_on(bench_of: Any, api: Any) -> None:
    api.models = frozenset({"gpt-transcribe"})
    api.says(SAID)
    api.says("Спасибо")
    bench = bench_of()
    assert said(await bench.hear()) == [(SAID, False)]
    await bench.hear(bench.note(b"two"))
    assert [asked.form["model"] for asked in api.asked] == [
        ["gpt-4o-mini-transcribe"],
        ["gpt-transcribe"],
        ["gpt-transcribe"],
    ]


# --- what answers mean ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sure", "text", "doubtful"),
    [
        (0.9, SAID, False),
        (0.3, SAID, True),
        (0.3, "Да.", False),
        (0.3, "иә", False),
        (0.3, "Ок", False),
        (0.3, "жоқ", False),
    ],
)
async def test_what_is_unsure_is_doubtful_but_no_short_answer_is(
    bench_of: Any, api: Any, sure: float, text: str, doubtful: bool
) -> None:
    for model in ("whisper-1", "gpt-4o-transcribe"):
        api.says(text, sure=sure)
        assert said(await bench_of(model=model).hear()) == [(text, doubtful)]


@pytest.mark.parametrize(
    "text", ["Продолжение следует...", "Thank you for watching!", "Субтитры сделал DimaTorzok", ""]
)
async def test_what_models_invent_where_nobody_speaks_is_nothing(bench_of: Any, api: Any, text: str) -> None:
    api.says(text, sure=0.8, silence=0.9)
    assert await bench_of(model="whisper-1").hear() is None


async def test_words_in_which_no_language_can_be_made_out_are_doubtful(bench_of: Any, api: Any) -> None:
    api.answers.append({"text": "Прлк мнкр", "languages": []})
    assert said(await bench_of(model="gpt-transcribe").hear()) == [("Прлк мнкр", True)]


def test_segments_in_which_nobody_speaks_are_left_out_and_long_ones_count_for_more() -> None:
    segment = {"start": 0.0, "end": 9.0, "text": " Здравствуйте.", "avg_logprob": math.log(0.9), "no_speech_prob": 0.1}
    short = {"start": 9.0, "end": 10.0, "text": " Да", "avg_logprob": math.log(0.1), "no_speech_prob": 0.1}
    silent = {"start": 10.0, "end": 40.0, "text": " Пока-пока", "avg_logprob": -1.5, "no_speech_prob": 0.9}
    heard = replies.read({"text": " Здравствуйте. Да Пока-пока", "segments": [segment, short, silent]})
    assert heard is not None
    assert heard.text == " Здравствуйте. Да"
    assert heard.confidence == pytest.approx(math.exp(0.9 * math.log(0.9) + 0.1 * math.log(0.1)))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["text", "segments", "logprobs", "logprob", "avg_logprob", "start", "end", "languages"]), inner, max_size=5
    ),
    max_leaves=15,
)  # fmt: skip


@given(JSON)
def test_no_answer_breaks_anything(body: Any) -> None:
    heard = replies.read(body)
    assert heard is None or 0 <= heard.confidence <= 1


# --- limits and failures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"voice": False},
        {"refused": "size"},
        {"blob": ""},
        {"seconds": 181.0},
        {"size": 3 * 1024 * 1024},
        {"transcript": "да"},
    ],
    ids=str,
)
async def test_what_is_not_to_be_heard_is_not_sent(bench: Any, api: Any, more: dict[str, Any]) -> None:
    assert await bench.hear(bench.note(**more)) is None
    assert api.asked == []


async def test_notes_are_heard_side_by_side_and_one_that_fails_costs_no_other(bench_of: Any, api: Any) -> None:
    api.answering.clear()
    api.says(SAID, sound=b"one")
    api.fails(400, "the sound is broken")
    bench = bench_of()
    hearing = asyncio.create_task(bench.hear(bench.note(b"one"), bench.note(b"two")))
    await api.until_asked(2)
    api.answering.set()
    message = await hearing
    assert said(message) == [(SAID, False), ("", False)]
    assert message.text == SAID


async def test_what_may_pass_is_tried_again(bench_of: Any, api: Any) -> None:
    api.fails(503)
    api.says(SAID)
    assert said(await bench_of(retries=1).hear()) == [(SAID, False)]


async def test_a_server_that_wants_a_long_pause_is_not_waited_for(bench_of: Any, api: Any) -> None:
    api.fails(429, retry_after="60")
    assert await bench_of(retries=2).hear() is None
    assert len(api.asked) == 1


async def test_time_is_up_after_so_many_seconds(bench_of: Any, api: Any) -> None:
    api.answering.clear()
    async with asyncio.timeout(5):
        assert await bench_of(seconds=0.2).hear() is None


async def test_a_server_that_keeps_failing_is_left_alone_and_the_owner_is_told(
    bench_of: Any, api: Any, clock: Any
) -> None:
    api.fails(500, times=3)
    bench = bench_of(failures=3)
    for number in range(4):
        await bench.hear(bench.note(b"%d" % number))
    assert len(api.asked) == 3
    [alarm] = bench.alarms.raised.values()
    assert "left alone" in alarm
    clock.advance(seconds=31)
    api.says(SAID)
    assert said(await bench.hear(bench.note(b"later"))) == [(SAID, False)]


async def test_a_bad_note_does_not_silence_the_server_for_others(bench_of: Any, api: Any) -> None:
    api.fails(400, "the sound is broken", times=5)
    bench = bench_of(failures=2)
    for number in range(6):
        await bench.hear(bench.note(b"%d" % number))
    assert len(api.asked) == 6


async def test_the_days_minutes_are_kept_and_what_failed_costs_none(bench_of: Any, api: Any, clock: Any) -> None:
    api.fails(500)
    bench = bench_of(daily_minutes=1)
    await bench.hear(bench.note(b"0", seconds=40))
    await bench.hear(bench.note(b"1", seconds=40))
    await bench.hear(bench.note(b"2", seconds=40))
    assert len(api.asked) == 2
    assert "daily_minutes" in next(iter(bench.alarms.raised.values()))
    clock.advance(days=1)
    await bench.hear(bench.note(b"3", seconds=40))
    assert len(api.asked) == 3


async def test_a_note_that_nobody_tells_the_length_of_is_counted_by_its_bytes(bench_of: Any) -> None:
    bench = bench_of()
    await bench.hear(bench.note(bytes(20_000), seconds=0))
    assert await bench.counters.total("seconds 2026-01-05") == 10


@pytest.mark.parametrize(("told", "counted"), [(1.0, 80), (-5.0, 80), (90.0, 90)])
async def test_what_a_sender_tells_makes_no_note_cheaper(bench: Any, told: float, counted: int) -> None:
    await bench.hear(bench.note(b"1" * 160_000, seconds=told, size=1))
    assert await bench.counters.total("seconds 2026-01-05") == counted


@pytest.mark.parametrize("mime", ["text/html", "audio/made-up", ""])
async def test_a_type_that_nobody_knows_is_not_sent(bench: Any, api: Any, mime: str) -> None:
    await bench.hear(bench.note(mime=mime))
    [asked] = api.asked
    assert (asked.file_name, asked.mime) == ("note.ogg", "audio/ogg")


async def test_the_key_is_in_no_alarm_and_no_page_counts_as_an_answer(bench_of: Any, api: Any) -> None:
    api.fails(401, f"Incorrect API key provided: {KEY}")
    bench = bench_of()
    await bench.hear()
    assert KEY not in str(bench.alarms.raised)
    api.answers.append({"hello": "world"})
    assert await bench.hear(bench.note(b"two")) is None


async def test_the_same_note_is_sent_once(bench: Any, api: Any) -> None:
    api.says(SAID)
    assert said(await bench.hear()) == said(await bench.hear()) == [(SAID, False)]
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"api_key": None}, "api_key is missing"),
        ({"base_url": "https://user:secret@x/v1"}, "no user or password"),
        ({"base_url": "https://x/v1?key=secret"}, "ends before"),
        ({"seconds": 20}, "seconds"),
        ({"language": "russian"}, "language"),
        ({"modle": "whisper-1"}, "modle"),
        ({"words": ["a\nb"]}, "words"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        OpenaiSpeechSettings.model_validate({"api_key": "env:OPENAI_API_KEY"} | wrong)
