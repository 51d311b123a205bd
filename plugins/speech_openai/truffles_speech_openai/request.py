"""What is sent for one note: the form's fields, by what the model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truffles_gateway.messages import Attachment
from truffles_speech_openai.settings import OpenaiSpeechSettings

Fields = dict[str, str | list[str]]
OPTIONS = ("response_format", "include", "logprobs", "prompt", "keywords", "language")
"""What a server may refuse to know."""
_PROMPT = 600
_OGG = "audio/ogg"
_ENDINGS = {
    "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/m4a": "m4a",
    "audio/aac": "m4a", "audio/wav": "wav", "audio/x-wav": "wav", "audio/webm": "webm", "audio/flac": "flac",
}  # fmt: skip


def fields(
    model: str, settings: OpenaiSpeechSettings, names: Sequence[str], languages: Sequence[str], *, plain: bool
) -> Fields:
    """The form without the file; `plain`: nothing but what every server must know."""
    form: Fields = {"model": model, "response_format": "json"}
    if plain or "diarize" in model:
        return form
    form |= {"language": settings.language} if settings.language else {}
    if model.startswith("gpt-transcribe"):
        form |= {} if settings.language else {"languages[]": list(languages)}
        return form | ({"keywords[]": list(names)} if names else {})
    form |= {"prompt": ", ".join(names)[:_PROMPT]} if names else {}
    told = {"include[]": ["logprobs"]} if model.startswith("gpt-4o") else {"response_format": "verbose_json"}
    return form | told


def file(sound: bytes, note: Attachment) -> Mapping[str, tuple[str, bytes, str]]:
    """The note as the form's file: servers go by its name, which is ours. A type that is not
    among ours is not repeated to them."""
    told = note.mime.partition(";")[0].strip().lower()
    mime = told if told in _ENDINGS else _OGG
    return {"file": (f"note.{_ENDINGS.get(mime, 'ogg')}", sound, mime)}
