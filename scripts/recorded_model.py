"""Runs a battery with a model behind the rules, without one: a server on this machine answers what a large language model once wrote to
the same requests (`examples/recorded`). A request that is none of those gets no draft, as from a model that has nothing to say; how many
there were is told at the end.

    .venv/bin/python scripts/recorded_model.py examples/practice
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import tomlkit

ROOT = Path(__file__).parents[1]
EXAMPLES, RECORDED = ROOT / "examples", ROOT / "examples" / "recorded"
BUSINESSES = {
    "demo_salon": "салон красоты в Алматы",
    "demo_dental": "стоматология в Алматы с двумя филиалами",
    "demo_phones": "магазин телефонов в Алматы, продажа и ремонт",
}
NOTHING: dict[str, Any] = {"sources": [], "answer": "", "unanswered": [], "confidence": 0.0}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def main() -> int:
    """Start the server, run `truffles eval run`, tell what was asked in vain; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n", maxsplit=1)[0],
        epilog="Run it as: .venv/bin/python scripts/recorded_model.py examples/practice",
    )
    parser.add_argument("battery", help="a file or a folder of cases")
    parser.add_argument(
        "more", nargs=argparse.REMAINDER, help="what `truffles eval run` takes besides, such as --json FILE"
    )
    given = parser.parse_args()
    asked: list[bool] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(replies(), asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = tenants(Path(folder), f"http://127.0.0.1:{server.server_port}/v1")
            configs = [part for file in files for part in ("--config", str(file))]
            command = [sys.executable, "-m", "truffles_gateway", "eval", "run", given.battery, *configs, *given.more]
            code = subprocess.run(command, env=os.environ | {"DEMO_OPENAI_KEY": "recorded"}, check=False).returncode
    finally:
        server.shutdown()
    sys.stdout.write(f"{len(asked)} requests, {asked.count(False)} of them not among those that were recorded\n")
    return code


def replies() -> dict[str, dict[str, Any]]:
    """What was written, by the key of its request."""
    lines = (
        line for path in sorted(RECORDED.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()
    )
    return {each["key"]: each["reply"] for each in map(json.loads, lines)}


def key(instructions: str, data: str) -> str:
    """By what a request is known: the day, and all that the model is shown; the instructions may be put into other words."""
    day = _DAY.search(instructions)
    return hashlib.sha256(f"{day[0] if day else ''}\n{data}".encode()).hexdigest()[:16]


def tenants(folder: Path, address: str) -> list[Path]:
    """The example tenants, copied into a folder, each with a model at `address` before whoever tells facts as they stand."""
    files = []
    for slug, business in BUSINESSES.items():
        shutil.copytree(EXAMPLES / slug, folder / slug)
        file = folder / slug / "tenant.toml"
        config = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()
        model = {"name": "llm_openai", "settings": {"base_url": address, "business": business, "classify": False,
                                                    "api_key": "env:DEMO_OPENAI_KEY", "daily_tokens": 10**9}}  # fmt: skip
        others = [each for each in config["plugins"] if each["name"] != "llm_openai"]
        at = next(number for number, each in enumerate(others) if each["name"] == "answer_local")
        config["plugins"] = [*others[:at], model, *others[at:]]
        file.write_text(tomlkit.dumps(config), encoding="utf-8")
        files.append(file)
    return files


def _handler(written: dict[str, dict[str, Any]], asked: list[bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            instructions, data = (str(each["content"]) for each in body["messages"][:2])
            reply = written.get(key(instructions, data))
            asked.append(reply is not None)
            said = {"role": "assistant", "content": json.dumps(reply or NOTHING, ensure_ascii=False)}
            answer = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": said}]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nothing: the evaluation has the terminal."""

    return Handler


if __name__ == "__main__":
    sys.exit(main())
