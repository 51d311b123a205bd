"""How a request is put for a server that knows less than OpenAI's own. Pure.

A server that does not know a parameter refuses the request with 400 or 422 and names it; the next, simpler dialect is
tried then, and the one that worked is kept. Some servers silently ignore what they do not know: for those the prompts
describe the JSON themselves, and it is taken out of whatever is around it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from truffles_llm_openai.replies import schema

_SIMPLER_SHAPE = {"json_schema": "json_object", "json_object": "text"}
_SHAPE_WORDS = ("response_format", "json_schema", "json_object", "schema", "structured", "grammar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a server understands.

    shape        how JSON is asked for: "json_schema" (strict), "json_object", or in the prompt alone, "text"
    limit        the parameter that bounds the output
    effort       `reasoning_effort`, "" to send none
    temperature  None to send none
    """

    shape: str = "json_schema"
    limit: str = "max_completion_tokens"
    effort: str = ""
    temperature: float | None = None

    def request(self, system: str, data: str, reply: type[BaseModel], tokens: int) -> dict[str, Any]:
        """The parameters of a request that asks for `reply` in at most `tokens` tokens."""
        messages = [{"role": "system", "content": self._told(system, reply)}, {"role": "user", "content": data}]
        request: dict[str, Any] = {"messages": messages, self.limit: tokens}
        if self.shape == "json_schema":
            named = {"name": reply.__name__, "strict": True, "schema": schema(reply)}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.shape == "json_object":
            request["response_format"] = {"type": "json_object"}
        if self.effort:
            request["reasoning_effort"] = self.effort
        if self.temperature is not None:
            request["temperature"] = self.temperature
        return request

    def simpler(self, complaint: str) -> Dialect | None:
        """The dialect without what a server complained about; None if it is about something else."""
        said = complaint.lower()
        if self.effort and "reasoning" in said:
            return replace(self, effort="")
        if self.temperature is not None and "temperature" in said:
            return replace(self, temperature=None)
        if self.limit == "max_completion_tokens" and self.limit in said:
            return replace(self, limit="max_tokens")
        if self.shape in _SIMPLER_SHAPE and any(word in said for word in _SHAPE_WORDS):
            return replace(self, shape=_SIMPLER_SHAPE[self.shape])
        return None

    def _told(self, system: str, reply: type[BaseModel]) -> str:
        if self.shape == "json_schema":
            return system
        return f"{system}\n\nAnswer with one JSON object and nothing else, by this schema:\n{json.dumps(schema(reply))}"
