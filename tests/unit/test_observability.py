"""No phone and no secret leaves through a log line, and every line says for which message it was written."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from truffles_gateway.calls import Fault
from truffles_gateway.observability import FaultLog, Metrics, bound, logger, mask, set_up_logging

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged so far."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    set_up_logging("info", "json", stream)
    ours = root.handlers[0]
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = [*before, *(each for each in root.handlers if each is not ours)]
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call +7 (700) 000-00-67 now", "call ***67 now"),
        ("77000000067@s.whatsapp.net", "***67@s.whatsapp.net"),
        ("GET https://x/api?token=abc.def&jid=77000000067", "GET https://x/api?token=***&jid=***67"),
        ("Authorization: Bearer abc123", "Authorization: ***"),
        ('{"webhook_secret": "hush hush"}', '{"webhook_secret": ***}'),
        ("postgresql://user:pass@host/db", "postgresql://user:***@host/db"),
        ("bot 123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc sent", "bot *** sent"),
        ("order 12345, room 8, 2025-01-02 10:20:30", "order 12345, room 8, 2025-01-02 10:20:30"),
        ("8ad223c4-2eba-33f7-8446-673612345678", "8ad223c4-2eba-33f7-8446-673612345678"),
        ("77000000067: call", "***67: call"),
        ("77000000067:12@s.whatsapp.net", "***67:12@s.whatsapp.net"),
        ("тел-77000000067, a77000000067b, 77000000067-", "тел-***67, a***67b, ***67-"),
        ("8.700.000.00.67, 8\u00a0700\u00a0000\u00a000\u00a067, 8–700–000–00–67", "***67, ***67, ***67"),
        (
            "hash 95a01914112345678900c0ff, at 1795362511.9819543",
            "hash 95a01914112345678900c0ff, at 1795362511.9819543",
        ),
        (
            "http://192.168.100.200:44399 2025-01-02T10:20:30.123456Z",
            "http://192.168.100.200:44399 2025-01-02T10:20:30.123456Z",
        ),
        ("Маникюр 7 000 ₸, 1 ч 30 мин", "Маникюр 7 000 ₸, 1 ч 30 мин"),
    ],
)
def test_what_is_masked_and_what_is_not(text: str, expected: str) -> None:
    assert mask(text) == expected


def test_lines_carry_what_is_bound(lines: Lines) -> None:
    with bound(correlation_id="c-1", tenant="salon"):
        logger("x").info("hello", to="77000000067", token="abc", nested={"secret": "s", "list": ["+77000000067"]})
    (line,) = lines()
    assert (line["event"], line["correlation_id"], line["tenant"], line["component"]) == ("hello", "c-1", "salon", "x")
    assert (line["to"], line["token"]) == ("***67", "***")
    assert line["nested"] == {"secret": "***", "list": ["***67"]}


def test_lines_of_libraries_are_masked_and_httpx_is_silent(lines: Lines) -> None:
    logging.getLogger("some.library").warning("sent to %s", "77000000067")
    logging.getLogger("httpx").info("GET https://x/?token=abc")
    (line,) = lines()
    assert line["event"] == "sent to ***67"


def test_a_logger_made_before_the_set_up_follows_it(lines: Lines) -> None:
    logger("early").error("broken", error="token=abc")
    (line,) = lines()
    assert line["error"] == "token=***"


def test_faults_are_counted_logged_and_handed_on(lines: Lines) -> None:
    stored: list[Fault] = []
    metrics = Metrics()
    fault = Fault(
        tenant="salon", plugin="p", hook="answer", correlation_id="c", error="boom", at=datetime(2025, 1, 1, tzinfo=UTC)
    )
    FaultLog(metrics, stored.append)(fault)
    assert stored == [fault]
    assert b'truffles_plugin_faults_total{hook="answer",plugin="p",tenant="salon"} 1.0' in metrics.render()
    assert lines()[0]["correlation_id"] == "c"
