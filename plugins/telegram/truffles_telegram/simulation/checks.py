"""Whether aiogram, a client that others wrote, accepts what the simulator says. Importing it takes seconds."""

from __future__ import annotations

from functools import cache
from typing import Any


def load() -> None:
    """Import aiogram now, before somebody waits for an answer."""
    import aiogram.methods  # noqa: F401


@cache
def _adapter(method: str) -> Any:
    import aiogram.methods
    from pydantic import TypeAdapter

    return TypeAdapter(getattr(aiogram.methods, method[0].upper() + method[1:]).__returning__)


def check_result(method: str, result: Any) -> None:
    """Raises `pydantic.ValidationError` where an answer is none of aiogram's types."""
    _adapter(method).validate_python(result)


def check_update(update: Any) -> None:
    """The same for an update."""
    from aiogram.types import Update

    Update.model_validate(update)


def no_check(method: str, result: Any) -> None:
    """Where the import would take too long."""
