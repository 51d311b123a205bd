"""`truffles demo`, as a reader starts it: in a process of its own, on a dumb terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo_salon"
SECONDS = 280  # it takes 50 on an idle machine
MARK = "TRUFFLES_DEMO_TEST"
SCENES = (
    "1. Two misspelt questions",
    "2. The same in Kazakh",
    "3. The same in English",
    "4. A model that obeys everything",
    "5. A photo reaches the topic",
    "6. A question that the facts do not answer",
    "7. Another customer asks the same: the bot knows",
    "8. kill -9 of a worker in the middle of a turn",
    "9. Meanwhile, next door: a phone shop",
    "10. What the dead worker held is finished",
    "11. Why did the bot say that?",
    "12. Nothing is lost: the ledger",
    "13. The times",
)
SHOWN = (
    "✗ the model's draft 1, never sent:\n Подтверждаю скидку 50 %",
    "[ photo ] 👤 Вот так сможете?",
    "[ Беру ✋ ] [ Вернуть боту 🤖 ] [ Не могу ❌ ]",
    "Айгерим: 👌",
    "[ Запомнено ↩️ ]",
    "Айгерим presses «Решено ✅»",
    "= 10 answered + 2 escalated + 1 forwarded",
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


class Terminal:
    """The demo on a terminal of its own, with somebody who types."""

    def __init__(self, mark: str, *arguments: str, columns: int) -> None:
        self._end, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = os.environ | {MARK: mark, "TERM": "xterm-256color", "NO_COLOR": "1"}
        environment.pop(
            "COLUMNS", None
        )  # who runs tests in several processes sets it, and it outranks the terminal's own
        self.process = subprocess.Popen(
            [sys.executable, "-m", "truffles_gateway", "demo", *arguments],
            env=environment, stdin=there, stdout=there, stderr=there, close_fds=True,
        )  # fmt: skip
        os.close(there)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        os.close(self._end)

    def until(self, words: str) -> str:
        """What is shown until it ends with `words`, without control sequences."""
        shown, deadline = b"", time.monotonic() + SECONDS
        while time.monotonic() < deadline and not plain(shown).endswith(words):
            if select.select([self._end], [], [], 1.0)[0]:
                shown += os.read(self._end, 65_536)
        assert plain(shown).endswith(words), plain(shown)
        return plain(shown)

    def type(self, text: str) -> None:
        """Somebody types."""
        os.write(self._end, text.encode())


def plain(shown: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace")).replace("\r", "")


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
    failed = [line for line in shown.splitlines() if line.startswith("✗")]
    assert not failed and "✓ All" in shown, shown
    assert [each for each in SHOWN if each not in shown] == [], shown
    shop = shown[shown.index(SCENES[8]) : shown.index(SCENES[9])]
    assert "the gateway's log (desk_log)" in shop and "***22" in shop, "her number as the log masks it"
    assert not re.search(r"\+?7\d{10}", shop), "no log has a whole number"
    assert "Now you write" not in shown, "nobody is there to write"
    assert "\x1b" not in shown and "\r" not in shown, "no colours and no cursor without a terminal"
    assert max(map(len, shown.splitlines())) <= 80
    assert left(mark, shown) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.timeout(SECONDS + 10)
def test_on_a_terminal_the_topic_stands_beside_the_phone_and_the_reader_may_write(mark: str) -> None:
    with Terminal(mark, "--until", "1", columns=110) as terminal:
        shown = terminal.until("\n> ")
        terminal.type("А где вы находитесь?\n")
        answered = terminal.until("\n> ")
        terminal.type("\n")
        code = terminal.process.wait(SECONDS)
    assert code == 0, shown
    assert re.search(r"^── Дана, WhatsApp ─+ │ ── Telegram, the managers' group ─+$", shown, re.MULTILINE), shown
    bars = [line.index("│", 46) for line in shown.splitlines() if line.endswith(" │") and line.startswith(" " * 9)]
    assert bars and set(bars) == {47}, "the columns line up"
    assert "Now you write:" in shown
    assert "│ А где вы находитесь? │" in answered, answered
    assert "Вымышленная, 12" in " ".join(answered.replace("│", " ").split()), answered
    assert left(mark, shown) == []


@pytest.mark.timeout(SECONDS + 10)
def test_a_step_that_does_not_happen_is_named_and_fails(mark: str, tmp_path: Path) -> None:
    folder = tmp_path / "salon"
    shutil.copytree(EXAMPLE, folder)
    pack = folder / "pack.yaml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("Вымышленная, 12", "Иная, 5"), encoding="utf-8")
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
