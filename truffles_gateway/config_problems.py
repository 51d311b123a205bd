"""What is wrong with a config, told so that an operator can put it right: findings as lines with their place and cure,
names that clash, values that cannot be stored."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from truffles_gateway import choosing
from truffles_gateway.errors import ConfigError, dotted

if TYPE_CHECKING:
    from truffles_gateway.tenant_config import TenantConfig

DEPTH, MAX_WORD = 20, 50
CURES = {
    "string_too_short": "Write something there, or remove the key",
    "bool_parsing": "Write true or false",
    "bool_type": "Write true or false",
    "int_parsing": "Write a whole number",
    "date_from_datetime_parsing": "Write a day like 2027-01-31",
    "datetime_from_date_parsing": "Write a time like 2027-01-31T09:00:00+05:00",
    "timezone_aware": "Write a time like 2027-01-31T09:00:00+05:00",
    "greater_than": "Write a number above {bound}",
    "greater_than_equal": "Write {bound} or more",
    "less_than": "Write a number below {bound}",
    "less_than_equal": "Write {bound} or less",
    "too_short": "Write at least {min_length} there, or remove the key",
    "too_long": "Leave some out",
    "string_too_long": "Shorten it",
}
MUST_BE = {
    "model_type": "must be a table: keys with their values",
    "dict_type": "must be a table: keys with their values",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "string_type": "must be a text",
    "string_too_short": "is empty",
    "too_short": "has too few entries",
    "too_long": "has {actual_length} entries, {max_length} at most",
    "string_too_long": "is longer than {max_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "date_from_datetime_parsing": "is no day of a calendar",
    "datetime_from_date_parsing": "is no time of a day",
    "timezone_aware": "says no time zone",
    "greater_than": "must be greater than {bound}",
    "greater_than_equal": "must be at least {bound}",
    "less_than": "must be less than {bound}",
    "less_than_equal": "must be at most {bound}",
    "float_type": "must be a number",
}
"""What had to stand there, in the words of who writes files; pydantic speaks of instances of Python's classes."""
SPELLINGS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "Use lower-case letters, digits, - and _, such as north-2",
    r"^https://\S+$": "Write a link that begins with https://",
    r"^[A-Z]{3}$": "Write three capital letters, such as KZT",
}
"""What to write, by kinds of findings and by patterns: whatever pydantic says of them names no cure."""
PLAIN = (
    (r"^Value error, ", ""),
    (r"^(Input|String) should ", "must "),
    (r", (unable to parse|(day|month) value is) .*", ""),
)
"""pydantic's own words, where it has no better ones, without what speaks of its insides."""
COMMA = "put the whole text before it into quotes if the comma belongs to it"


def explain(error: ValidationError, model: type[BaseModel], *, tenant: str, prefix: str = "") -> list[ConfigError]:
    """pydantic's findings as one line each. What was written is never repeated: it may be a secret."""
    return [_explain(each, model, tenant, prefix) for each in error.errors(include_url=False)]


def _explain(finding: Any, model: type[BaseModel], tenant: str, prefix: str) -> ConfigError:
    path = [step for step in finding["loc"] if step not in ("function-before", "[key]")]
    where = f"{prefix}{dotted(path)}".strip(".")
    if finding["type"] == "extra_forbidden":
        return ConfigError(
            "unknown key", tenant=tenant, where=where, cure=_cure_of_key(finding, _keys(model, path[:-1]))
        )
    if finding["type"] == "missing":
        return ConfigError("is missing", tenant=tenant, where=where, cure="Add it")
    if allowed := _allowed(finding):
        written = finding["input"] if isinstance(finding["input"], str) else ""
        cure = nearest(written[:MAX_WORD].lower(), allowed)
        cure = cure or ("" if "[key]" not in finding["loc"] else f"Remove it; or {COMMA}")
        return ConfigError(f"must be one of {', '.join(allowed)}", tenant=tenant, where=where, cure=cure)
    return ConfigError(_problem(finding), tenant=tenant, where=where, cure=_cure(finding))


def _cure_of_key(finding: Any, keys: Sequence[str]) -> str:
    """A key without a value is mostly the rest of a text behind a comma: `{address: Main street, 1}` has two keys."""
    known = f"Known here: {', '.join(keys)}"
    cure = nearest(str(finding["loc"][-1]), keys) or known
    is_rest = finding["input"] in ("", None) and cure == known
    return f"{COMMA[0].upper()}{COMMA[1:]}. {known}" if is_rest else cure


def _problem(finding: Any) -> str:
    """What is wrong, in the words of who writes files."""
    facts = _facts(finding)
    if finding["type"] == "too_short" and not facts.get("actual_length"):
        return "is empty"
    said = MUST_BE.get(finding["type"])
    if said is not None:
        return said.format(**facts)
    words: str = finding["msg"]
    for pattern, plain in PLAIN:
        words = re.sub(pattern, plain, words)
    return words


def _cure(finding: Any) -> str:
    """What to write instead, where the finding itself does not say it."""
    facts = _facts(finding)
    return SPELLINGS.get(str(facts.get("pattern", "")), "") or CURES.get(finding["type"], "").format(**facts)


def _facts(finding: Any) -> dict[str, Any]:
    """What pydantic knows of a finding; `bound` is the number that it ends with, as people write it."""
    return {**finding.get("ctx", {}), "bound": finding["msg"].rpartition(" ")[2]}


def _allowed(finding: Any) -> list[str]:
    """The words of which one had to stand there, [] where it is another kind of finding."""
    found = re.findall(r"'([^']*)'", finding["ctx"]["expected"]) if finding["type"] == "literal_error" else []
    return [word for word in found if word]


def nearest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean …?", where a known word is near enough."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f'Did you mean "{near[0]}"?' if near else ""


def _keys(kind: Any, path: Sequence[Any]) -> list[str]:
    """The keys that are known at `path` inside a model."""
    for step in path:
        kind = _model_in(kind)
        if isinstance(step, str) and isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[step].annotation if step in kind.model_fields else None
    kind = _model_in(kind)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _model_in(kind: Any) -> Any:
    """The model inside `list[Model]`, `dict[str, Model]`, `Model | None` and the like."""
    while (origin := get_origin(kind)) is not None:
        inside = [each for each in get_args(kind) if each not in (type(None), Ellipsis)]
        kind = inside[0] if origin in (Union, UnionType, Annotated, list, tuple) else inside[-1]
    return kind


def unstorable(value: Any, where: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What TOML or JSON can say and the database cannot keep."""
    if depth > DEPTH:
        yield where, "nested too deeply"
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from unstorable(str(key), where, depth + 1)
            yield from unstorable(each, f"{where}.{key}".strip("."), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from unstorable(each, f"{where}[{index}]", depth + 1)
    elif problem := _unstorable_scalar(value):
        yield where, problem


def _unstorable_scalar(value: Any) -> str:
    if isinstance(value, str):
        bad = "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
        return "holds a character that cannot be stored" if bad else ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "is not a number"
    known = isinstance(value, (int, type(None)))
    return "" if known else f"a {type(value).__name__} cannot stand here. Put it in quotes"


def clashes(config: TenantConfig) -> Iterator[tuple[str, str, str]]:
    """Names that stand twice, and names of what does not exist: (key, problem, cure)."""
    lists = {
        "plugins": [each.name for each in config.plugins],
        "branches": [each.slug for each in config.branches],
        "branches.instance_id": [each.instance_id for each in config.branches if each.instance_id],
        "agents": [each.name for each in config.agents],
        "agents.identities": [f"{i.channel} {i.id or i.username}" for each in config.agents for i in each.identities],
    }
    for where, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield where, f'"{name}" stands here {count} times', "Keep one"
    slugs = [each.slug for each in config.branches]
    for index, agent in enumerate(config.agents):
        if agent.branch and agent.branch not in slugs:
            yield f"agents[{index}].branch", f'no branch "{agent.branch}"', nearest(agent.branch, slugs)
    if config.webhook_secret and config.accept_webhooks_without_secret:
        yield "accept_webhooks_without_secret", "contradicts webhook_secret", "Remove one of the two"
    yield from _branching(config)


def _branching(config: TenantConfig) -> Iterator[tuple[str, str, str]]:
    """A question that cannot be asked, and names by which nobody could answer it."""
    rules, branches = config.branching, config.branches
    if rules.mode == "ask_user" and len(branches) < 2:
        yield "branching.mode", "there is nothing to choose from", "Add branches, or leave it at by_instance"
    if rules.require_branch_for_pricing and not branches:
        yield "branching.require_branch_for_pricing", "there is no branch", "Add branches, or remove it"
    if not rules.may_ask:
        return
    where = {each.slug: index for index, each in enumerate(branches)}
    for slug, name in choosing.undecided(choosing.places(branches)):
        cure = "Name each branch by words of its own; what customers call it besides belongs into aliases"
        yield f"branches[{where[slug]}]", f'"{name}" does not tell it from the other branches', cure
