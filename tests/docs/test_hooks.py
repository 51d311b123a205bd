"""docs/hooks.md has every hook, tells of each what the code does, and each is tested through the front door."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from truffles_gateway.hookspecs import CALLS

ROOT = Path(__file__).resolve().parents[2]
HOOKS = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
EVERY_HOOK = ROOT / "tests" / "acceptance" / "test_every_hook.py"


def section(hook: str) -> str:
    found = re.search(rf"^## {hook}\n(.*?)(?=^## |\Z)", HOOKS, re.DOTALL | re.MULTILINE)
    assert found, f"docs/hooks.md has no section for {hook}"
    return found[1]


def test_there_is_a_section_for_each_hook_and_for_nothing_else() -> None:
    assert re.findall(r"^## (.*)$", HOOKS, re.MULTILINE) == list(CALLS)


@pytest.mark.parametrize("hook", CALLS)
def test_a_section_tells_facts_failure_and_an_example(hook: str) -> None:
    text = section(hook)
    assert f"<!-- facts: hook {hook} -->" in text
    assert "**If it fails**" in text
    assert re.search(rf"```python\n.*@hookimpl\n +(async )?def {hook}\(.*```", text, re.DOTALL)


@pytest.mark.parametrize("hook", CALLS)
def test_a_hook_is_driven_through_the_front_door(hook: str) -> None:
    """A test named after the hook installs the hook's own example in a running gateway (`served`, or the example and
    `rig_of`) and asserts what came of it."""
    tree = ast.parse(EVERY_HOOK.read_text(encoding="utf-8"))
    tests = [
        node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith(f"test_{hook}_")
    ]
    assert tests, f"{EVERY_HOOK.name} has no test_{hook}_…"
    for test in tests:
        installed = [
            call
            for call in ast.walk(test)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"served", "example"}
        ]
        given = {each.value for call in installed for each in call.args if isinstance(each, ast.Constant)}
        assert hook in given, f"{test.name} does not install the example of {hook}"
        assert any(isinstance(node, ast.Assert) for node in ast.walk(test)), f"{test.name} asserts nothing"
