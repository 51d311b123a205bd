"""What the API answers, as what was heard. Pure: each model tells in its own way how sure it is.

whisper         segments, each with the mean log probability of its tokens and how likely nobody spoke
gpt-4o-…        the log probability of each token, where asked for
gpt-transcribe  the languages that it could make out: none at all is a bad sign
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from truffles_gateway.speech import Heard

NO_LANGUAGE = 0.3
"""The confidence of words in which no language could be made out."""
_SILENT, _UNSURE = 0.6, -1.0  # as the makers of whisper tell silence


def read(body: object) -> Heard | None:
    """What was heard; None if `body` is no answer of this API."""
    if not isinstance(body, Mapping) or not isinstance(body.get("text"), str):
        return None
    text: str = body["text"]
    if segments := _dictionaries(body.get("segments")):
        return _of_segments(text, segments)
    if numbers := [_number(each.get("logprob")) for each in _dictionaries(body.get("logprobs"))]:
        return Heard(text=text, confidence=_share(sum(numbers) / len(numbers)))
    return Heard(text=text, confidence=NO_LANGUAGE if body.get("languages") == [] else 1.0)


def _of_segments(text: str, segments: Sequence[Mapping[str, object]]) -> Heard:
    """Segments in which nobody speaks are left out; of the others the longer count for more."""
    spoken = [each for each in segments if not _is_silent(each)]
    silence = min(_number(each.get("no_speech_prob")) for each in segments)
    weights = [max(_number(each.get("end")) - _number(each.get("start")), 0.01) for each in spoken or segments]
    logs = [_number(each.get("avg_logprob")) for each in spoken or segments]
    mean = sum(weight * log for weight, log in zip(weights, logs, strict=True)) / sum(weights)
    said = "".join(str(each.get("text") or "") for each in spoken) if 0 < len(spoken) < len(segments) else text
    return Heard(text=said, confidence=_share(mean), silence=min(max(silence, 0.0), 1.0))


def _is_silent(segment: Mapping[str, object]) -> bool:
    return _number(segment.get("no_speech_prob")) > _SILENT and _number(segment.get("avg_logprob")) < _UNSURE


def _dictionaries(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _number(value: object) -> float:
    is_number = isinstance(value, (int, float)) and math.isfinite(value)
    return float(value) if is_number else 0.0  # type: ignore[arg-type] # the line above says that it is one


def _share(log: float) -> float:
    """A mean log probability as a probability."""
    return math.exp(min(log, 0.0))
