"""How the host calls hooks: first, chain, every, owner, over `def` and `async def` implementations alike.

Each implementation is called alone, within its own time limit, with only the arguments that it names. One that raises,
hangs or returns rubbish becomes a `Fault` and harms only its own contribution; cancellation of the caller passes
through. An `async def` runs on the event loop, a `def` in a thread (`threads.py`), so that it may block. pluggy keeps the implementations and checks their signatures; it does not call them, because its
`firstresult` takes a coroutine for an answer (docs/adr explains).
"""

from __future__ import annotations

import asyncio
import inspect
import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache, partial
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pluggy
from pluggy import HookImpl

from truffles_gateway.clock import Clock, SystemClock
from truffles_gateway.errors import PluginError
from truffles_gateway.hookspecs import CALLS, Call
from truffles_gateway.threads import AT_ONCE, Room, Threads

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What Python's texts may hold and PostgreSQL's may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One implementation failed. `timed_out` says that it ran, and ran into its limit: a send may have happened."""

    tenant: str
    plugin: str
    hook: str
    correlation_id: str
    error: str
    at: datetime
    timed_out: bool = False


FaultSink = Callable[[Fault], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one implementation gave: its value, how long it took, and its fault, if it has one."""

    plugin: str = ""
    value: Any = None
    seconds: float = 0.0
    fault: Fault | None = None

    @property
    def outcome(self) -> str:
        """One word for the trace."""
        if self.fault:
            return "timed out" if self.fault.timed_out else "failed"
        return "passed" if self.value is None else "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a call came to: the value (None if nobody gave one), who gave it, and all who were asked, in order."""

    value: Any = None
    plugin: str = ""
    asked: tuple[Answer, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults among those asked."""
        return tuple(answer.fault for answer in self.asked if answer.fault)


class Hooks:
    """A tenant's hook implementations, in the order of its config (a plugin's wish to be first or last is ignored)."""

    def __init__(
        self, manager: pluggy.PluginManager, order: Sequence[str], *, tenant: str = "", clock: Clock | None = None,
        threads: Threads | None = None, limits: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self.tenant, self.clock = tenant, clock or SystemClock()
        self._limits = limits or {}
        room = partial(Room, threads or Threads())
        self._rooms: defaultdict[str, Room] = defaultdict(room)
        self._implementations = {name: self._ordered(manager, name, order) for name in CALLS}

    @staticmethod
    def _ordered(manager: pluggy.PluginManager, name: str, order: Sequence[str]) -> tuple[HookImpl, ...]:
        place = {plugin: index for index, plugin in enumerate(order)}
        found = getattr(manager.hook, name).get_hookimpls()
        return tuple(sorted(found, key=lambda each: place.get(each.plugin_name, len(place))))

    def limit(self, name: str) -> float:
        """Seconds for each implementation of the hook `name`: the tenant's own, else those of `hookspecs`."""
        return self._limits.get(name, CALLS[name].limit)

    def of(self, name: str) -> tuple[HookImpl, ...]:
        """The implementations of the hook `name`, in call order."""
        return self._implementations[name]

    def behind(self, name: str, plugin: str) -> tuple[HookImpl, ...]:
        """Those of `of` that are asked after `plugin`; all for ""."""
        found = self.of(name)
        return found[[each.plugin_name for each in found].index(plugin) + 1 :] if plugin else found

    def room(self, plugin: str) -> Room:
        """The share of threads of one plugin of this tenant: its `def` hooks run there."""
        return self._rooms[plugin]


async def first(
    hooks: Hooks, name: str, faults: FaultSink, /, *, after: str = "", limit: float | None = None, **args: Any
) -> Result:
    """Ask one after the other until one answers; None and failure pass on to the next. `after`: a plugin whose answer
    was of no use; only those behind it are asked."""
    asked: list[Answer] = []
    for implementation in hooks.behind(name, after):
        answer = await _ask(hooks, name, implementation, faults, limit, args)
        asked.append(answer)
        if answer.value is not None:
            return Result(value=answer.value, plugin=answer.plugin, asked=tuple(asked))
    return Result(asked=tuple(asked))


async def chain(
    hooks: Hooks, name: str, faults: FaultSink, through: str, /, *, limit: float | None = None, **args: Any
) -> Result:
    """Hand the argument `through` from one to the next; None and failure leave it as it is."""
    asked: list[Answer] = []
    plugin = ""
    for implementation in hooks.of(name):
        answer = await _ask(hooks, name, implementation, faults, limit, args)
        asked.append(answer)
        if answer.value is not None:
            args[through], plugin = answer.value, answer.plugin
    return Result(value=args[through], plugin=plugin, asked=tuple(asked))


async def every(hooks: Hooks, name: str, faults: FaultSink, /, *, limit: float | None = None, **args: Any) -> Result:
    """Ask all side by side. `value` is the list of all items they returned, in config order (not inside a database
    transaction: each runs in a task of its own)."""
    found = hooks.of(name)
    if len(found) == 1:
        asked = [await _ask(hooks, name, found[0], faults, limit, args)]
    else:  # a group, because gather does not wait for those that tidy up when all are cancelled
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(_ask(hooks, name, each, faults, limit, args)) for each in found]
        asked = [each.result() for each in asking]
    return Result(value=[item for answer in asked for item in answer.value or ()], asked=tuple(asked))


async def owner(
    hooks: Hooks, name: str, plugin: str, faults: FaultSink, /, *, limit: float | None = None, **args: Any
) -> Result:
    """Ask the implementation of `plugin` and no other. Raises `PluginError` if it has none."""
    for implementation in hooks.of(name):
        if implementation.plugin_name == plugin:
            answer = await _ask(hooks, name, implementation, faults, limit, args)
            return Result(value=answer.value, plugin=plugin, asked=(answer,))
    raise PluginError(f"plugin {plugin} of tenant {hooks.tenant} does not implement {name}")


async def _ask(
    hooks: Hooks, name: str, implementation: HookImpl, faults: FaultSink, limit: float | None, args: dict[str, Any]
) -> Answer:
    call, plugin, start = CALLS[name], implementation.plugin_name, time.perf_counter()
    run = _Run(hooks.limit(name) if limit is None else limit)
    try:
        async with run.scope:
            value = await run.value(hooks, implementation, args)
        _check(call, value)
        return Answer(plugin=plugin, value=value, seconds=time.perf_counter() - start)
    except asyncio.CancelledError:
        if _being_cancelled():
            raise
        error = "a task inside it was cancelled"
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a plugin does, the host goes on
        error = run.late() or _describe(problem)
    fault = Fault(
        tenant=hooks.tenant, plugin=plugin, hook=name, correlation_id=_correlation_id(args), error=error,
        at=hooks.clock.now(), timed_out=run.begun and run.scope.expired(),
    )  # fmt: skip
    faults(fault)
    return Answer(plugin=plugin, seconds=time.perf_counter() - start, fault=fault)


class _Run:
    """One call of one implementation within its limit. `begun`: its own code was reached."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun, self.scope = seconds, False, asyncio.timeout(seconds)

    async def value(self, hooks: Hooks, implementation: HookImpl, args: Mapping[str, Any]) -> Any:
        """What it returns; an `async def` runs here, a `def` in a thread."""
        work: Callable[[], Any] = partial(implementation.function, *(args[each] for each in implementation.argnames))
        if inspect.iscoroutinefunction(implementation.function):
            self.begun = True
            return await work()
        room = hooks.room(implementation.plugin_name)
        await room.enter()
        self.begun = True
        value = await room.run(work)
        return await value if inspect.isawaitable(value) else value

    def late(self) -> str:
        """What is to be said when the limit was reached; "" if it was not."""
        if not self.scope.expired():
            return ""
        if self.begun:
            return f"took longer than {self.seconds:g} s"
        return f"not called: {AT_ONCE} calls of this plugin run, and none ended within {self.seconds:g} s"


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _describe(problem: BaseException) -> str:
    """One line: the type, the text, and the place in the plugin where it came from."""
    try:
        text = " ".join(str(problem).split())[:500]
    except Exception:  # noqa: BLE001 - even its own text may fail
        text = "its text cannot be read"
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace else None
    place = f" ({code.co_name}, line {trace.tb_lineno})" if code and trace else ""
    return f"{type(problem).__name__}: {text}{place}" if text else f"{type(problem).__name__}{place}"


def _correlation_id(args: dict[str, Any]) -> str:
    return next((each.correlation_id for each in args.values() if hasattr(each, "correlation_id")), "")


def _check(call: Call, value: Any) -> None:
    """Raise `PluginError` for a value that the hook's contract does not allow."""
    if value is None:
        return
    if call.many and not (isinstance(value, Sequence) and not isinstance(value, (str, bytes))):
        raise PluginError(f"returned {type(value).__name__} instead of a sequence of {call.returns.__name__}")
    for item in value if call.many else (value,):
        if not isinstance(item, call.returns):
            raise PluginError(f"returned {type(item).__name__} instead of {call.returns.__name__}")
        _check_fields(item)


def _check_fields(item: Any) -> None:
    made_of: Any = type(item)
    for name, hint in _field_types(made_of):
        value = getattr(item, name)
        if not _test(hint)(value):
            raise PluginError(f"{type(item).__name__}.{name} is {type(value).__name__}, or holds what does not fit")
        if name == "confidence" and not (math.isfinite(value) and 0 <= value <= 1):
            raise PluginError(f"{type(item).__name__}.confidence is {value}, not within 0..1")


@lru_cache(maxsize=256)
def _test(hint: Any) -> Callable[[Any], bool]:
    """The test for a type, put together once: taking the type apart costs more than the test."""
    if isinstance(hint, UnionType):
        tests = tuple(map(_test, get_args(hint)))
        return lambda value: any(test(value) for test in tests)
    kind = get_origin(hint) or hint
    if kind is str:
        return _is_text
    if kind is float:
        return lambda value: isinstance(value, (float, int))
    if kind is tuple:
        item = _test(get_args(hint)[0])
        return lambda value: isinstance(value, tuple) and all(map(item, value))
    if issubclass(kind, Mapping):
        return lambda value: isinstance(value, kind) and all(map(_is_text, (*value, *value.values())))
    parts = tuple((name, _test(each)) for name, each in _field_types(kind))
    return lambda value: (
        isinstance(value, kind)
        and not (isinstance(value, str) and UNSTORABLE.search(value))
        and all(test(getattr(value, name)) for name, test in parts)
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not UNSTORABLE.search(value)


@lru_cache(maxsize=64)
def _field_types(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass with their types; () for everything else."""
    if not is_dataclass(kind):
        return ()
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))
