"""`truffles demo`, as a reader starts it: in a process of its own, on a dumb terminal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo_salon"
SECONDS = 240  # it takes 45 on an idle machine
MARK = "TRUFFLES_DEMO_TEST"
SCENES = (
    "1. Two misspelt questions",
    "2. The same in Kazakh",
    "3. The same in English",
    "4. A question that the facts do not answer goes to a human",
    "5. The human's reply reaches the customer",
    "6. kill -9 of a worker in the middle of a turn",
    "7. Why did the bot say that?",
    "8. Nothing is lost: the ledger",
    "9. The times",
)


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """A word in the environment of the demo and of everything that it starts."""
    return tmp_path.as_posix()


def processes(mark: str) -> list[str]:
    """The command lines of all living processes that carry the mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (place / "environ").read_bytes(), (place / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def left(mark: str, shown: str) -> list[str]:
    """What an ended demo has left behind: its processes, and its server's directory."""
    found = re.search(r"PostgreSQL in (/\S+)", shown)
    assert found, shown
    return processes(mark) + [place for place in [found[1]] if Path(place).exists()]


def start(mark: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {MARK: mark, "TERM": "dumb", "PORT": "1", "DATABASE_URL": "postgresql://nowhere/"}
    return subprocess.Popen(
        [sys.executable, "-m", "truffles_gateway", "demo", *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> None:
    """Whatever a failing test left."""
    if process.poll() is None:
        process.terminate()
    process.communicate()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.timeout(SECONDS + 10)
def test_every_scene_really_happens_and_nothing_is_left(mark: str) -> None:
    process = start(mark)
    try:
        shown, _ = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    assert process.returncode == 0, shown
    positions = [shown.find(f"\n{title}") for title in SCENES]
    assert -1 not in positions and positions == sorted(positions), shown
    assert "✗" not in shown and "✓ All" in shown
    assert "\x1b" not in shown and "\r" not in shown, "no colours and no cursor without a terminal"
    assert max(map(len, shown.splitlines())) <= 80
    assert left(mark, shown) == []


@pytest.mark.timeout(SECONDS + 10)
def test_a_step_that_does_not_happen_is_named_and_fails(mark: str, tmp_path: Path) -> None:
    folder = tmp_path / "salon"
    shutil.copytree(EXAMPLE, folder)
    (folder / "knowledge" / "about.md").write_text("# Салон\n\n## Парковка\n\nПарковки нет.\n", encoding="utf-8")
    process = start(mark, "--folder", str(folder), "--until", "1")
    try:
        shown, _ = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    assert process.returncode == 1, shown
    assert "✗ the reply has the address" in shown
    assert "expected: «Вымышленная, 12»" in shown
    assert "✓ the reply has the price" in shown


def test_a_folder_that_is_not_the_example_is_refused_with_the_cure(mark: str, tmp_path: Path) -> None:
    process = start(mark, "--folder", str(tmp_path))
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "tenant.toml" in shown and "--folder" in shown and "Traceback" not in shown


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_an_interruption_takes_everything_down(mark: str, by: signal.Signals) -> None:
    process = start(mark)
    try:
        begun = wait_for(process, "a private PostgreSQL")
        process.send_signal(by)
        shown, _ = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    assert process.returncode == 128 + by, shown
    assert left(mark, begun) == []


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read until a line has `words`; that line."""
    assert process.stdout is not None
    deadline = time.monotonic() + SECONDS
    for line in process.stdout:
        if words in line:
            return line
        if time.monotonic() > deadline:
            break
    pytest.fail(f"ended before it said {words!r}")
