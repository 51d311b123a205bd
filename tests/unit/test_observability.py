"""No phone and no secret leaves through a log line, and every line says for which message it was written."""

from __future__ import annotations

import io
import json
import logging
import string
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truffles_gateway.calls import Fault
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import FaultLog, Metrics, bound, logger, mask, set_up_logging, told
from truffles_gateway.tenants import BadConfig

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
        (
            "token=env:abc, secret: unknown keys, password: must behave, pass-token: contradicts-1",
            "token=***, secret: *** keys, password: *** behave, pass-token: ***",
        ),
    ],
)
def test_what_is_masked_and_what_is_not(text: str, expected: str) -> None:
    assert mask(text) == expected


FINDINGS = [
    "velo: webhook_secret: env:VELO_WEBHOOK_SECRET cannot be read: no such environment variable. Set it",
    "velo: webhook_secret: env:VELO_WEBHOOK_SECRET is empty. Put the secret there",
    "velo: plugins.echo_channel.token: unknown key. Known here: url",
    "velo: plugins.echo_channel.token: is missing. Add it",
    "velo: webhook_secret: a secret stands here in plain text. Write env:NAME or file:PATH and put the secret there",
    "velo: accept_webhooks_without_secret: contradicts webhook_secret. Remove one of the two",
    "velo: plugins.echo_channel.token: must be a text",
]


@pytest.mark.parametrize("text", FINDINGS)
def test_what_is_found_in_a_config_stays_readable(text: str) -> None:
    assert mask(text) == text
    assert mask(f"the settings have an error. {text}") == f"the settings have an error. {text}"


def test_a_finding_of_whatever_words_is_logged_with_its_key_and_without_secrets(lines: Lines) -> None:
    first = ConfigError("is no token of a bot", tenant="velo", where="plugins.chat.token", cure="Ask for another")
    second = ConfigError(
        "could not start: ValueError('token=abc123 of +77000000067')", tenant="velo", where="plugins.x"
    )
    logger("x").warning("bad", problem=first)
    logger("x").warning("bad", problem=BadConfig("velo", [first, second]))
    told = "velo: plugins.chat.token: is no token of a bot. Ask for another"
    assert [line["problem"] for line in lines()] == [
        told,
        f"{told}; plugins.x: could not start: ValueError('token=*** of ***67')",
    ]


SECRETS = st.text(string.ascii_letters + string.digits + "-_.~+/=:@!%", min_size=6, max_size=60).filter(
    lambda each: len(set(each) - set(":=")) > 3
)
KEYS = st.sampled_from(
    [
        "token",
        "webhook_secret",
        "plugins.chat.token",
        "API_KEY",
        "api-key",
        "Authorization",
        "DB_PASSWORD",
        "x-secret-of",
    ]
)
BETWEEN = st.sampled_from(["=", ": ", " = ", ":", '": '])


@given(SECRETS, KEYS, BETWEEN, st.sampled_from(FINDINGS))
def test_no_secret_gets_out_beside_a_finding(secret: str, key: str, between: str, finding: str) -> None:
    for text in (f"{key}{between}{secret}", f"{finding} {key}{between}{secret} and more", f'"{key}": "{secret}"'):
        assert secret not in mask(text), mask(text)
    wrapped = ConfigError(f"could not start: KeyError({key}{between}{secret})", where="plugins.chat.token")
    assert secret not in told(wrapped)


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


@pytest.mark.parametrize("quoted", ["'{}'", '"{}"', "«{}»", "`{}`"])
def test_what_a_validator_repeats_of_a_secret_is_masked(quoted: str) -> None:
    value = "hunter2secret"
    said = told(ConfigError(f"{quoted.format(value)} is no key", where="plugins.x.api_key"))
    assert value not in said
    assert said.startswith("plugins.x.api_key: ") and "is no key" in said


def test_long_runs_of_letters_are_masked_in_no_time() -> None:
    start = time.process_time()
    mask("token" * 2_000)
    mask("a" * 20_000)
    assert time.process_time() - start < 2
