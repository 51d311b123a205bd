"""The schema of a pack for editors: what people may write, such as "7 000" and "10:00-21:00", not what it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from truffles_policy.pack.schema import Pack

_LANGUAGES = ("ru", "kk", "en")
_TEXT = {"type": "string", "minLength": 1, "maxLength": 600}
_SHAPE = "x-shape"  # pydantic looks up every $ref, and does not know ours
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
SHAPES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "_words": ("Words", {
        "description": "A text in the pack's own language, or one for each language; 600 characters each at most.",
        "anyOf": [_TEXT, {"type": "object", "properties": dict.fromkeys(_LANGUAGES, _TEXT),
                          "additionalProperties": False, "minProperties": 1}]}),
    "_money": ("Money", {
        "description": 'Whole units of the currency: 7000 or "7 000".',
        "anyOf": [{"type": "integer", "minimum": 0},
                  {"type": "string", "pattern": r"^\s*(\d{1,3}([ \u00a0_.,]\d{3})+|\d+)\s*$"}]}),
    "_minutes": ("Duration", {
        "description": 'Minutes, or for example "1 ч 30 мин".',
        "anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"\d"}]}),
    "_week": ("Week", {
        "description": 'Opening hours by day ("mon-fri: 10:00-21:00", "sun: closed"), or one line for every day.',
        "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": False, "patternProperties": {
            f"^({_DAY}(-{_DAY})?|daily|every day)$": {"type": "string"}}}]}),
    "_one_day": ("CalendarDay", {
        "description": 'A day: "2027-01-01", or "01-01" for every year.',
        "type": "string", "pattern": r"^(\d{4}-)?\d{2}-\d{2}$"}),
}  # fmt: skip
"""By the name of the validator that reads it: the name that editors show, and what may stand there."""
HOURS = {"description": 'Hours of one day: "10:00-13:00, 14:00-21:00", "closed", "24/7".', "type": "string"}


class _Written(GenerateJsonSchema):
    """What is read from a text has the shape of that text."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """The shape that the validator reads."""
        reads = getattr(schema["function"]["function"], "__name__", "")
        return {_SHAPE: SHAPES[reads][0] if reads in SHAPES else "Hours"}


def json_schema() -> dict[str, Any]:
    """JSON Schema of a pack."""
    made = _tidy(Pack.model_json_schema(schema_generator=_Written, ref_template="#/$defs/{model}"))
    used = {"Hours": HOURS} | dict(SHAPES.values())
    made["$defs"] = dict(sorted({**made["$defs"], **used}.items()))
    made["$defs"].pop("Span", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def as_text() -> str:
    """The same as a file."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Without what an editor's user need not see: titles made from keys, empty defaults, limits beside a shape. `names` says
    that the keys are those of the pack's own fields."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _tidy(each) for key, each in value.items()}
    shown = {key: each for key, each in value.items() if key != "title" and not (key == "default" and not each)}
    if len(either := shown.get("anyOf", ())) == 2 and either[1] == {"type": "null"}:
        shown = {**shown, **either[0]}  # what is unknown is left out, never written
        del shown["anyOf"]
    if _SHAPE in shown:
        about = {"description": shown["description"]} if "description" in shown else {}
        shown = {**about, "$ref": f"#/$defs/{shown[_SHAPE]}"}
    return {
        key: " ".join(each.split()) if key == "description" else _tidy(each, names=key in ("properties", "$defs"))
        for key, each in shown.items()
    }
