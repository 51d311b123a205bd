"""What a model once wrote is in the shape that is asked of a model, and is found again by what the model was shown."""

from __future__ import annotations

import importlib.util
import json
import sys
import urllib.request
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from truffles_llm_openai.replies import AnswerReply

from truffles_gateway.tenant_file import read_file

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "recorded_model.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("recorded_model", SCRIPT)
    assert spec and spec.loader
    module = sys.modules["recorded_model"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_reply_is_one_that_a_model_may_give(script: Any) -> None:
    replies = script.replies()
    assert len(replies) > 500
    for reply in replies.values():
        AnswerReply.model_validate(reply)


def test_a_request_gets_what_was_written_to_it_and_another_one_nothing(script: Any) -> None:
    reply = script.NOTHING | {"answer": "Да.", "sources": ["p1"]}
    asked: list[bool] = []
    known = script.key("Сейчас там Monday, 2026-11-30 14:02.", "<message>\nда?\n</message>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), script._handler({known: reply}, asked))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        same = _answered(server, "It is Monday, 2026-11-30 09:00 there.", "<message>\nда?\n</message>")
        other = _answered(server, "It is Monday, 2026-11-30 09:00 there.", "<message>\nнет?\n</message>")
    finally:
        server.shutdown()
        server.server_close()
    assert (same, other, asked) == (reply, script.NOTHING, [True, False])


def _answered(server: ThreadingHTTPServer, instructions: str, data: str) -> Any:
    body = {"messages": [{"role": "system", "content": instructions}, {"role": "user", "content": data}]}
    url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
        return json.loads(json.load(answer)["choices"][0]["message"]["content"])


def test_the_examples_get_a_model_before_whoever_tells_facts_as_they_stand(script: Any, tmp_path: Path) -> None:
    for file in script.tenants(tmp_path, "http://127.0.0.1:9/v1"):
        names = [each["name"] for each in read_file(file).config["plugins"]]
        assert names.count("llm_openai") == 1
        assert names.index("llm_openai") == names.index("answer_local") - 1
