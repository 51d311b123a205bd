"""Templates of strangers: they render, or they are refused; they never get out and never hang."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Author, Line
from truffles_gateway.prompts import MAX_SOURCE, Prompts, variables


def render(source: str, **values: object) -> str:
    """Render one template."""
    return Prompts({"t": source}).render("t", **values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Здравствуйте, {{ name }}!", "Здравствуйте, Анна!"),
        ("{% if name %}{{ name|upper }}{% endif %}", "АННА"),
        ("{% for line in lines %}{{ loop.index }}. {{ line.text }};{% endfor %}", "1. раз;2. два;"),
        ("{{ lines|map(attribute='text')|join(', ') }}", "раз, два"),
        ("{{ lines|join(', ', attribute='text') }}", "раз, два"),
        ("{{ facts.items()|list|length }} {{ facts.price + 10 }}", "1 60"),
        ("{{ 'a' ~ name ~ 3 }}", "aАнна3"),
        ("{{ missing|default('—') }}{% if missing is defined %}!{% endif %}", "—"),
        ("{{ range(3)|list|tojson }}", "[0, 1, 2]"),
        ("{{ name.lower() }} {{ name|replace('А', 'О') }} {{ 7 % 4 }} {{ 2 * 3 }}", "анна Онна 3 6"),
        ("{% set who = name %}{{ who }}\n", "Анна\n"),
    ],
)
def test_renders_what_a_text_needs(source: str, expected: str) -> None:
    lines = [Line(author=Author.BOT, text=text, at=datetime(2026, 1, 1, tzinfo=UTC)) for text in ("раз", "два")]
    assert render(source, name="Анна", lines=lines, facts={"price": 50}) == expected


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner }}{{ lipsum.__globals__['os'] }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ name.format }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '%s' % name }}",
    "{{ name|map(attribute='__class__')|join }}",
    "{{ [name]|join(',', attribute='__class__') }}{{ name.__doc__ }}",
    "{{ thing.run() }}",
    "{{ thing._hidden }}",
    "{{ values.append(1) }}",
    "{% include 'secret' %}",
    "{% include name %}",
    "{% import 'secret' as s %}",
    "{% from 'secret' import s %}",
    "{% extends 'secret' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call range(1) %}{% endcall %}",
    "{% set ns = namespace(a=1) %}",
    "{{ name",
    "{% for x in %}",
    "{{ nobody }}",
    "{{ 1 / 0 }}",
    "{{ the budget }}",
    "{{ name|counted }}",
]


class Thing:
    """A host object with something to protect."""

    _hidden = "secret"

    def run(self) -> str:
        """Must not be callable from a template."""
        return "secret"


@pytest.mark.parametrize("source", ESCAPES)
def test_escape_attempts_are_refused(source: str) -> None:
    with pytest.raises(ConfigError):
        render(source, name="x", thing=Thing(), values=[])


GREEDY = [
    "{% for i in range(100000000) %}x{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}x{% endfor %}{% endfor %}",
    "{% for i in range(1000) %}" + "x" * 5000 + "{% endfor %}",
    "{% set big %}{% for i in range(1000) %}" + "x" * 5000 + "{% endfor %}{% endset %}",
    "{{ 'x' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ 'x'|center(1000000000) }}",
    "{{ 'x'|indent(1000000000) }}",
    "{{ 'x'|format(1) }}",
    "{{ 1.5|round(1000000000, 'ceil') }}",
    "{{ lipsum(100000) }}",
    "{% set a = 'xxxxxxxxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a|length }}",
    "{% set a = 'xxxxxxxxxxxxxxxx' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
    "{% set a = [1] %}" + "{% set a = a + a %}" * 60,
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a|tojson }}",
    "{% set a = [1] %}{% set b = [1] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 60 + "{{ a == b }}",
    "{% set a = 1000000000 %}" + "{% set a = a * a %}" * 60,
    "{% set a = range(1000)|join('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') %}{{ a|replace('x', a) }}",
    "{% for x in [[1]] recursive %}{{ loop([[1], [1]]) }}{% endfor %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{% if 1 %}" * 1500 + "{% endif %}" * 900,
    "x" * (MAX_SOURCE + 1),
]


@pytest.mark.parametrize("source", GREEDY, ids=range(len(GREEDY)))
def test_a_greedy_template_is_stopped_soon(source: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ConfigError):
        render(source)
    assert time.monotonic() - begun < 5


def test_check_names_template_line_and_cure() -> None:
    prompts = Prompts({"good": "{{ a }}", "bad": "one\n{{ a", "loads": "{% include 'x' %}"}, where="texts.ru")
    bad, loads = prompts.check()
    assert bad.startswith("texts.ru.bad: line 2:")
    assert "remove it" in bad
    assert "texts.ru.loads" in loads
    assert "include" in loads


def test_check_finds_names_that_nobody_gives() -> None:
    problems = Prompts({"hello": "{{ nmae }}"}).check({"hello": {"name"}})
    assert problems == ["prompts.hello: unknown name 'nmae'. Use one of: name"]


def test_missing_template_says_what_to_add() -> None:
    with pytest.raises(ConfigError, match=r"Add prompts\.nothing"):
        Prompts({}).render("nothing")


def test_a_value_is_data_not_template() -> None:
    assert render("{{ text }}", text="{{ 1 + 1 }}{% include 'x' %}") == "{{ 1 + 1 }}{% include 'x' %}"


def test_variables_of_a_template() -> None:
    assert variables("{{ a }}{% for x in range(2) %}{{ x }}{{ b }}{% endfor %}") == {"a", "b"}
    assert variables("{{ a") == frozenset()
