"""What the models answer with: the shapes, their JSON schemas, and how an answer is read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from truffles_llm_openai.errors import LlmError

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_THOUGHT = "</think>"
_NOT_IN_STRICT = ("title", "default", "description", "minimum", "maximum")
R = TypeVar("R", bound=BaseModel)

Text = Annotated[str, AfterValidator(lambda text: _UNSTORABLE.sub("", text).strip())]
"""What a database can keep."""
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ClassifyReply(_Reply):
    """What a message wants. `why` comes first, so that a model without thinking gives its reason before it decides."""

    why: Text = ""
    route: Literal[
        "answer", "human", "frustrated", "opt_out", "decline", "greeting", "thanks", "identity", "off_topic", "book",
        "picture", "unsure"
    ]  # fmt: skip
    intent: Text = ""
    language: Text = ""
    business: bool = False
    confidence: Confidence


class AnswerReply(_Reply):
    """A reply to the customer. `sources` are the labels of the sources that it rests on."""

    sources: tuple[Text, ...] = ()
    answer: Text = ""
    unanswered: tuple[Text, ...] = ()
    confidence: Confidence


@cache
def schema(reply: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `reply` in the strict dialect: every key required, no other allowed, no bounds."""
    plain: dict[str, Any] = _stripped(reply.model_json_schema())
    return plain | {"required": list(plain["properties"]), "additionalProperties": False}


def _stripped(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    properties = {name: _stripped(each) for name, each in part.get("properties", {}).items()}
    rest = {
        key: _stripped(each) for key, each in part.items() if key not in _NOT_IN_STRICT and key != "properties"
    }  # fmt: skip
    return rest | ({"properties": properties} if properties else {})


def read(text: str, reply: type[R]) -> R:
    """The reply in a model's text. Raises `LlmError`, which never repeats the text."""
    problem = "it is empty"
    for candidate in _candidates(text):
        try:
            return reply.model_validate_json(candidate)
        except ValidationError as error:
            problem = _what(error)
    raise LlmError(f"the model's answer is not what was asked for: {problem}")


def _candidates(text: str) -> Iterator[str]:
    """Where in a text the JSON may be: servers without structured output wrap it in prose, fences or thoughts."""
    spoken = text.rpartition(_THOUGHT)[2].strip()
    if spoken:
        yield spoken
    yield from _FENCED.findall(spoken)
    start, end = spoken.find("{"), spoken.rfind("}")
    if 0 <= start < end and (start, end + 1) != (0, len(spoken)):
        yield spoken[start : end + 1]


def _what(error: ValidationError) -> str:
    """Which keys are wrong, and how. What was written there may be the customer's words: it is not said."""
    wrong = [f"{'.'.join(map(str, each['loc'])) or 'JSON'}: {each['type']}" for each in error.errors()]
    return ", ".join(wrong[:5])
