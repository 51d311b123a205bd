"""Templates that tenants may write: Jinja, but only what a text needs, and never more than its share.

A template may print values, test them (`if`), walk through them (`for`), `set` names and use the filters in `FILTERS`.
It can load nothing, define nothing, and call nothing but `range` and a few methods of texts and mappings. Work is
counted while it renders, in steps, characters and seconds, so a template can neither hang the host nor eat its memory.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta, nodes, pass_context
from jinja2.environment import Template
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from truffles_gateway.errors import ConfigError

MAX_SOURCE = 20_000
MAX_OUTPUT = 100_000
MAX_STEPS = 50_000
MAX_RANGE = 1_000
MAX_NUMBER = 10**18
MAX_SECONDS = 2.0

FORBIDDEN: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Include, "include"),
    (nodes.Import, "import"),
    (nodes.FromImport, "import"),
    (nodes.Extends, "extends"),
    (nodes.Block, "block"),
    (nodes.Macro, "macro"),
    (nodes.CallBlock, "call"),
)
BORROWED = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "title",
    "trim", "truncate", "unique", "upper",
)  # fmt: skip
TEXT_METHODS = frozenset({"lower", "upper", "title", "capitalize", "strip", "startswith", "endswith"})
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
_BUDGET = "the budget"  # a key with a space: no template can name it


class Budget:
    """What one rendering may still use."""

    def __init__(self) -> None:
        self.steps, self.characters = MAX_STEPS, MAX_OUTPUT
        self.deadline = time.monotonic() + MAX_SECONDS

    def step(self, characters: int = 0) -> None:
        """Count one round of a loop that prints `characters` of fixed text."""
        self.steps -= 1
        self.spend(characters)
        if self.steps < 0:
            raise SecurityError(f"loops make more than {MAX_STEPS} rounds")
        if time.monotonic() > self.deadline:
            raise SecurityError(f"takes longer than {MAX_SECONDS:g} s")

    def spend(self, characters: int) -> None:
        """Count characters on their way into the output or into a name."""
        self.characters -= characters
        if self.characters < 0:
            raise SecurityError(f"makes more than {MAX_OUTPUT} characters")


def _weight(value: object, limit: int = MAX_OUTPUT) -> int:
    """About how many characters `value` makes as text. Stops with an error at `limit`, however deep it is nested."""
    total, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if callable(item):
            raise SecurityError("code is not a text")
        total += len(item) if isinstance(item, (str, bytes)) else 1
        if isinstance(item, Mapping):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting.extend(item)
        if total + len(waiting) > limit:
            raise SecurityError(f"a value is larger than {limit} characters")
    return total


def _budget(context: Context) -> Budget:
    budget = context[_BUDGET]
    assert isinstance(budget, Budget)
    return budget


@pass_context
def _printed(context: Context, value: Any) -> Any:
    """What `{{ … }}` prints: weighed before it becomes text."""
    _budget(context).spend(_weight(value))
    return value


@pass_context
def _counted(context: Context, values: Iterable[Any], characters: int) -> Iterator[Any]:
    """Every `for` walks through this."""
    budget = _budget(context)
    for value in values:
        budget.step(characters)
        yield value


def _bounded(value: Any) -> Any:
    _weight(value)
    return value


def _string(value: Any) -> str:
    return str(_bounded(value))


def _join(values: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    items = [getattr(v, attribute, "") if attribute and not attribute.startswith("_") else v for v in values]
    texts = [_string(item) for item in items]
    if sum(map(len, texts)) + len(texts) * len(d) > MAX_OUTPUT:
        raise SecurityError(f"join makes more than {MAX_OUTPUT} characters")
    return d.join(texts)


def _replace(text: Any, old: str, new: str) -> str:
    whole = _string(text)
    if len(whole) + whole.count(old) * len(new) > MAX_OUTPUT:
        raise SecurityError(f"replace makes more than {MAX_OUTPUT} characters")
    return whole.replace(old, new)


def _round(value: float, digits: int = 0) -> float:
    return round(value, max(-20, min(int(digits), 20)))


def _tojson(value: Any) -> str:
    return json.dumps(_bounded(value), ensure_ascii=False)


FILTERS: dict[str, Any] = {name: JINJA_FILTERS[name] for name in BORROWED} | {
    "join": _join,
    "replace": _replace,
    "round": _round,
    "string": _string,
    "tojson": _tojson,
}


def _short_range(*bounds: int) -> range:
    """`range`, but never long."""
    found = range(*bounds)
    if len(found[: MAX_RANGE + 1]) > MAX_RANGE:
        raise SecurityError(f"range() longer than {MAX_RANGE}")
    return found


class Refused(SecurityError):
    """What a template may not hold, with the line where it stands: seen before anything is rendered."""

    def __init__(self, problem: str, node: nodes.Node) -> None:
        super().__init__(problem)
        self.lineno = node.lineno


class _Fence(NodeTransformer):
    """Refuses what a text does not need and puts the counters in. What only the values can show, the sandbox refuses."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        for kind, name in FORBIDDEN:
            if isinstance(node, kind):
                raise Refused(f"{{% {name} %}} is not allowed here", node)
        return super().generic_visit(node, *args, **kwargs)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a.b`: what begins with _ is code."""
        self._private(node, node.attr)
        return self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a["b"]` is the same, where it can be read."""
        self._private(node, node.arg.value if isinstance(node.arg, nodes.Const) else "")
        return self.generic_visit(node)

    @staticmethod
    def _private(node: nodes.Node, name: object) -> None:
        if isinstance(name, str) and name.startswith("_"):
            raise Refused(f"{name} is not allowed here", node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """Nothing is called but `range` and the methods of texts and mappings."""
        called = node.node
        harmless = isinstance(called, nodes.Getattr) and called.attr in TEXT_METHODS | MAPPING_METHODS
        if not harmless and not (isinstance(called, nodes.Name) and called.name == "range"):
            name = getattr(called, "attr", getattr(called, "name", "this"))
            raise Refused(f"calling {name} is not allowed here", node)
        return self.generic_visit(node)

    def visit_Pow(self, node: nodes.Pow) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a ** b`: no text needs it."""
        raise Refused("operator ** is not allowed here", node)

    def visit_Mul(self, node: nodes.Mul) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a * b`, of numbers alone."""
        return self._of_numbers(node, "*")

    def visit_Mod(self, node: nodes.Mod) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a % b`, of numbers alone."""
        return self._of_numbers(node, "%")

    def _of_numbers(self, node: nodes.BinExpr, operator: str) -> nodes.Node:
        if any(isinstance(side, nodes.Const) and not _is_number(side.value) for side in (node.left, node.right)):
            raise Refused(f"operator {operator} is not allowed here", node)
        return self.generic_visit(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """Count the rounds and the fixed text of each."""
        if node.recursive:
            raise Refused("recursive loops are not allowed here", node)
        fixed = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.iter = _filter(node.iter, " counted", nodes.Const(fixed))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """`a ~ b`: weigh both before and the whole after."""
        self.generic_visit(node)
        node.nodes = [_filter(part, " bounded") for part in node.nodes]
        return _filter(node, " bounded")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - jinja calls it by the class
        """Comparing nested values can be made to take for ever: weigh them."""
        self.generic_visit(node)
        node.expr = _filter(node.expr, " bounded")
        for operand in node.ops:
            operand.expr = _filter(operand.expr, " bounded")
        return node


def _filter(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox: allow-lists instead of Jinja's deny-lists."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_printed, optimized=False, keep_trailing_newline=True)
        self.filters = FILTERS | {" counted": _counted, " bounded": _bounded}
        self.globals = {"range": _short_range}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = _Fence().visit(super()._parse(source, name, filename))
        assert isinstance(tree, nodes.Template)
        tree.set_environment(self)
        return tree

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Data, never code; of methods only the harmless ones of texts and mappings."""
        if attr.startswith("_") or not super().is_safe_attribute(obj, attr, value):
            return False
        if not callable(value):
            return True
        return (isinstance(obj, str) and attr in TEXT_METHODS) or (isinstance(obj, Mapping) and attr in MAPPING_METHODS)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only `range` and the methods that `is_safe_attribute` lets through."""
        if obj is _short_range:
            return True
        owner = getattr(obj, "__self__", None)
        return owner is not None and self.is_safe_attribute(owner, getattr(obj, "__name__", "_"), obj)

    def wrap_str_format(self, value: Any) -> None:
        """No `str.format`: a width in it can ask for gigabytes."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Sums of anything small; products of numbers only; no powers, no `%` formats."""
        if operator == "+":
            _weight([left, right])
        elif operator == "**" or not _is_number(left) or not _is_number(right):
            raise SecurityError(f"operator {operator} is not allowed here")
        result = super().call_binop(context, operator, left, right)
        if _is_number(result) and abs(result) > MAX_NUMBER:
            raise SecurityError("a number grows too large")
        return result


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


_ENVIRONMENT = _Environment()


def _compile(source: str) -> Template:
    if len(source) > MAX_SOURCE:
        raise SecurityError(f"longer than {MAX_SOURCE} characters")
    return _ENVIRONMENT.from_string(source)


@lru_cache(maxsize=2048)  # the host's and the plugins' texts are asked for at each load of each tenant
def variables(source: str) -> frozenset[str]:
    """The names that a template expects to be given. Empty for one that does not parse."""
    try:
        return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)) - {"range"})
    except (TemplateError, RecursionError, MemoryError):
        return frozenset()


def _say(error: BaseException) -> str:
    """One line on what is wrong with a template."""
    line = getattr(error, "lineno", None)
    text = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    return f"line {line}: {text}" if line else text


class Prompts:
    """Named templates, compiled once each. `where` is the dotted key under which problems are reported."""

    def __init__(self, templates: Mapping[str, str], *, where: str = "prompts") -> None:
        self._sources, self._where = dict(templates), where
        self._compiled: dict[str, Template] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def render(self, name: str, /, **values: object) -> str:
        """The template `name` with `values`. Raises `ConfigError` for a missing, broken or greedy one."""
        try:
            return self._render(name, values)
        except ConfigError:
            raise
        except Exception as error:  # whatever a stranger's template provokes is the template's fault
            raise self._error(name, error) from error

    def check(self, known: Mapping[str, Collection[str]] | None = None) -> list[str]:
        """One line for each template that cannot work; `known` gives the names that each one may use."""
        return [problem for name in sorted(self._sources) for problem in self._problems(name, (known or {}).get(name))]

    def _problems(self, name: str, known: Collection[str] | None) -> Iterator[str]:
        try:
            self._template(name)
        except ConfigError as error:
            yield str(error)
        except Exception as error:  # noqa: BLE001 - as in render
            yield str(self._error(name, error))
        else:
            unknown = variables(self._sources[name]) - set(known) if known is not None else frozenset()
            for variable in sorted(unknown):
                cure = f"Use one of: {', '.join(sorted(known or ()))}" if known else "It is given no values"
                yield str(ConfigError(f"unknown name {variable!r}", where=f"{self._where}.{name}", cure=cure))

    def _template(self, name: str) -> Template:
        if name not in self._compiled:
            if name not in self._sources:
                raise ConfigError(f"no template {name!r}", where=self._where, cure=f"Add {self._where}.{name}")
            self._compiled[name] = _compile(self._sources[name])
        return self._compiled[name]

    def _render(self, name: str, values: Mapping[str, object]) -> str:
        template = self._template(name)
        context = template.new_context({**values, _BUDGET: Budget()})
        pieces: list[str] = []
        length = 0
        for piece in template.root_render_func(context):
            length += len(piece)
            if length > MAX_OUTPUT:
                raise SecurityError(f"makes more than {MAX_OUTPUT} characters")
            pieces.append(piece)
        return "".join(pieces)

    def _error(self, name: str, error: BaseException) -> ConfigError:
        cure = "Correct the template or remove it to get the default back"
        return ConfigError(_say(error), where=f"{self._where}.{name}", cure=cure)


class TenantPrompts:
    """A tenant's templates in front of a plugin's own, the language's in front of the general one."""

    def __init__(self, own: Prompts, templates: Mapping[str, str]) -> None:
        self._layers = (own, Prompts(templates, where="templates"))

    def render(self, name: str, language: str, /, **values: object) -> str:
        """The first of the tenant's and then the plugin's `name.language` and `name`. Raises `ConfigError`."""
        for layer in self._layers:
            for wanted in (f"{name}.{language}", name):
                if wanted in layer:
                    return layer.render(wanted, **values)
        return self._layers[0].render(name, **values)


__all__ = ["FILTERS", "MAX_OUTPUT", "MAX_RANGE", "MAX_SOURCE", "MAX_STEPS", "Prompts", "TenantPrompts", "variables"]
