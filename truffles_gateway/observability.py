"""Logs, metrics and fault records: who did what for which message, without phones and secrets.

Every log line carries the correlation id and the tenant that are bound to the running task (`bound`). Digits of phones
and everything that looks like a secret are masked on the way out, also in lines of libraries.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from structlog.contextvars import bound_contextvars, merge_contextvars

from truffles_gateway.calls import Fault
from truffles_gateway.errors import ConfigError

# What looks like a phone and is none, told first: ids, hashes, times, addresses of hosts, decimal numbers.
PHONE = re.compile(
    r"(?P<kept>(?<![0-9a-fA-F])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,})(?![0-9a-fA-F])"
    r"|(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?!\d)"
    r"|(?<![\d.])(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\d+\.\d+)(?![\d.]))"
    r"|(?<!\d)\+?\d(?:[ ().\u00a0\u202f\u2010-\u2014-]{0,2}(?!\d{4}-\d\d-\d\d)\d){8,14}(?!\d)"
)
# What stands behind a key's name in the gateway's own findings, which never repeat what was written there.
FINDING = (
    r"(?:unknown key|is missing|is empty|must (?:not )?be|a secret stands here|contradicts"
    r"|(?:env|file):\S+ (?:cannot be read|is empty))(?=[\s.:]|$)"
)
SECRET = re.compile(
    rf"(?i)([\w-]{{0,40}}(?:token|secret|password|api[_-]?key|authorization)[\w-]{{0,40}}[\"']?\s*[=:]\s*)(?!{FINDING})"
    r"(\"[^\"]*\"|'[^']*'|(?:bearer\s+)?[^\s&\"',;}]+)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»|`[^`]*`")
URL_PASSWORD = re.compile(r"(://[^:/@\s]+:)[^@/\s]+(@)")
BOT_TOKEN = re.compile(r"\b\d{6,12}:[\w-]{30,}")
SECRET_KEY = re.compile(r"(?i)token|secret|password|api[_-]?key|authorization")
NOISY = ("httpx", "httpcore", "hypercorn", "asyncio", "databases", "alembic")  # httpx logs whole URLs at INFO
PLAIN_KEYS = frozenset({"timestamp", "level", "correlation_id", "event_id", "turn_id", "seconds"})


def mask(text: str) -> str:
    """`text` without phones (the last two digits stay) and secrets."""
    text = BOT_TOKEN.sub("***", URL_PASSWORD.sub(r"\1***\2", SECRET.sub(r"\1***", text)))
    return PHONE.sub(lambda found: found["kept"] or "***" + re.sub(r"\D", "", found[0])[-2:], text)


def told(problem: ConfigError) -> str:
    """A finding as a line of the log: what it says is masked, but the key's name and what is said of it stay apart, or
    `token: is no token` would read `token: *** no token`."""
    found = getattr(problem, "problems", None) or [problem]  # `tenants.BadConfig` has several
    lines = (ConfigError(_unquoted(each), where=mask(each.where), cure=mask(each.cure)) for each in found)
    return ": ".join(filter(None, [problem.tenant, "; ".join(map(str, lines))]))


def _unquoted(problem: ConfigError) -> str:
    """What is wrong, without what a validator repeats of a secret's value."""
    text = mask(problem.problem)
    return _QUOTED.sub("***", text) if SECRET_KEY.search(problem.where) else text


def _mask_value(key: str, value: Any) -> Any:
    if key in PLAIN_KEYS or isinstance(value, (bool, int, float, type(None))):
        return value if key in PLAIN_KEYS or not isinstance(value, int) or abs(value) < 10**8 else mask(str(value))
    if SECRET_KEY.search(key):
        return "***"
    if isinstance(value, ConfigError):
        return told(value)
    if isinstance(value, dict):
        return {each: _mask_value(str(each), inside) for each, inside in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_mask_value(key, each) for each in value]
    return mask(value if isinstance(value, str) else str(value))


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _mask_value(key, value)
    return event


def logger(component: str, **fields: Any) -> Any:
    """A structured logger, for example `logger("outbox").warning("send failed", attempt=2)`."""
    return structlog.stdlib.get_logger(component, component=component, **fields)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Every line logged inside carries `fields`: `with bound(correlation_id=…, tenant=…)`."""
    with bound_contextvars(**fields):
        yield


SHARED: tuple[Any, ...] = (
    merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _mask_event,
)
structlog.configure(  # everything goes through the standard library's logging, set up or not
    processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def set_up_logging(level: str = "info", form: str = "json", stream: TextIO | None = None) -> None:
    """Send all logs, also those of libraries, to stderr (or `stream`) as JSON lines or for a console."""
    if form == "json":
        rendered: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        rendered = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendered],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Metrics:
    """The process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        of, tenant = self._make(Counter), ["tenant"]
        self.accepted = of("events_accepted", "Events stored in the inbox", [*tenant, "channel", "kind"])
        self.duplicates = of("events_duplicate", "Events that were stored before", [*tenant, "channel"])
        self.refused = of("requests_refused", "Webhook requests answered with 4xx or 5xx", ["reason"])
        self.turns = of("turns", "Finished turns", [*tenant, "outcome"])
        self.faults = of("plugin_faults", "Failed hook calls", [*tenant, "plugin", "hook"])
        self.outbox = of("outbox_attempts", "Sends by result", [*tenant, "channel", "result"])
        self.accept_seconds = self._make(Histogram, FAST)("accept_seconds", "Request read until stored", [])
        self.stage_seconds = self._make(Histogram, SLOW)("stage_seconds", "Stages of a turn", ["stage"])
        self.send_seconds = self._make(Histogram, SLOW)("send_seconds", "Calls of deliver", ["channel"])
        gauge = self._make(Gauge)
        self.circuit_open = gauge("circuit_open", "1 while a channel is not sent to", [*tenant, "channel", "instance"])

    def _make(self, kind: Any, buckets: tuple[float, ...] | None = None) -> Callable[[str, str, list[str]], Any]:
        more = {"buckets": buckets} if buckets else {}
        return lambda name, text, labels: kind(f"truffles_{name}", text, labels, registry=self.registry, **more)

    def render(self, gauges: Iterable[tuple[str, str, float]] = ()) -> bytes:
        """The text that Prometheus reads; `gauges` (name, help, value) are computed for this one scrape."""
        once = CollectorRegistry()
        once.register(_Once(gauges))
        return generate_latest(self.registry) + generate_latest(once)


FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Once:
    def __init__(self, gauges: Iterable[tuple[str, str, float]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Any]:
        """What the registry asks for."""
        for name, text, value in self._gauges:
            yield GaugeMetricFamily(f"truffles_{name}", text, value=value)


class FaultLog:
    """A sink for faults: counts and logs each, and hands it on (to be stored)."""

    def __init__(self, metrics: Metrics, store: Callable[[Fault], None] | None = None) -> None:
        self._metrics, self.store, self._log = metrics, store, logger("faults")

    def __call__(self, fault: Fault) -> None:
        """Record `fault`, without what must not be read: a library's error may hold a whole URL."""
        fault = replace(fault, error=mask(fault.error))
        self._metrics.faults.labels(fault.tenant, fault.plugin, fault.hook).inc()
        self._log.error(
            "plugin fault", tenant=fault.tenant, plugin=fault.plugin, hook=fault.hook,
            correlation_id=fault.correlation_id, error=fault.error,
        )  # fmt: skip
        if self.store:
            self.store(fault)
