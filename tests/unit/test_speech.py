"""Where the words of voice notes stand among what was written, whatever came in which order."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway import burst
from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent
from truffles_gateway.plugin import Plugin
from truffles_gateway.speech import Heard, SpeechSettings, Transcriber
from truffles_gateway.testing import make_resources

PLUGIN = Plugin(name="scripted", version="1", create=lambda settings, resources: object())
WRITTEN = st.sampled_from(["да", "сколько стоит", "сколько стоит\nманикюр?", "а", "Здравствуйте!"])
SPOKEN = st.sampled_from(["скажите адрес", "да", "сколько стоит", ""])
EVENTS = st.lists(st.tuples(st.one_of(st.just(""), WRITTEN), st.one_of(st.none(), SPOKEN)), min_size=1, max_size=6)


class Scripted:
    """Hears what the bytes say."""

    async def hear(self, sound: bytes, note: Attachment) -> Heard:
        return Heard(text=sound.decode().partition(":")[2])


async def transcribed(told: list[tuple[str, str | None]], text: str | None = None) -> Inbound:
    """A turn of events with words, a note, or both; a caption stands before what is said."""
    blobs = {f"note-{at}": f"{at}:{said}".encode() for at, (_, said) in enumerate(told) if said is not None}
    notes = {name: Attachment(content=Content.AUDIO, voice=True, blob=name) for name in blobs}
    events = tuple(
        InboundEvent(
            channel="test", event_id=str(at), text=written,
            attachments=(notes[f"note-{at}"],) if f"note-{at}" in notes else (),
        )
        for at, (written, _) in enumerate(told)
    )  # fmt: skip
    joined = burst.join(written for written, _ in told) if text is None else text
    message = Inbound(text=joined, events=events, attachments=tuple(notes.values()))
    async with httpx.AsyncClient(trust_env=False) as http:
        resources = make_resources(PLUGIN, http, blobs=blobs)
        return await Transcriber(Scripted(), SpeechSettings(), resources).transcribe(message) or message


@given(EVENTS)
async def test_words_stand_where_the_note_stood(told: list[tuple[str, str | None]]) -> None:
    message = await transcribed(told)
    assert message.text == burst.join(line for written, said in told for line in (written, said or ""))
    assert [part.transcript for part in message.attachments] == [said for _, said in told if said is not None]


@given(EVENTS, st.text(max_size=20))
async def test_no_words_are_lost_where_somebody_has_rewritten_the_text(
    told: list[tuple[str, str | None]], text: str
) -> None:
    message = await transcribed(told, text)
    lines = message.text.split("\n")
    for said in filter(None, (said for _, said in told)):
        assert said in lines
    assert [line for line in lines if line in text.split("\n")] or not text
