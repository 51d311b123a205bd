"""A file of wordings as its owner fills it: what there is, and each fact that lacks some as a comment with what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import shorten

from pydantic import TypeAdapter, ValidationError

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import read_document
from truffles_policy.facts.catalogue import CATALOGUE
from truffles_policy.pack.entries import Fact, facts
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.telling import Telling
from truffles_policy.pack.wordings import Wordings, asked, fact_of, strays

HEAD = """\
# In which words customers ask for the pack's facts, besides the names that stand in it: symptoms, slang, roundabout questions,
# in every language they write in. They teach the retrieval; nobody is told them. A tenant's file includes this one:
# wordings = { include = "wordings.yaml" }
"""
LONGEST = 160
_VALUE = re.compile(r"{{ *(\w+) *}}")


class Plain:
    """The plugin's texts as they ship, with their values put in: there is no tenant yet who could say them otherwise."""

    def get(self, key: str, language: str, **values: object) -> str:
        """A text of the catalogue."""
        return _VALUE.sub(lambda found: str(values.get(found[1], "")), CATALOGUE[language].get(key, ""))


def worded(pack: Path, output: Path, each: int) -> tuple[str, list[str], bool]:
    """The new text of the file, lines about it, and whether it is good."""
    try:
        document, known = read_document(pack), _known(output)
    except ConfigError as problem:
        return "", [f"✗ {problem}"], False
    problems = document.problems(Pack)
    if problems:
        return "", [f"✗ {problem}" for problem in problems], False
    told = told_by_id(Pack.model_validate(document.value))
    lacking = [id for id in told if len(asked(id, known)) < each]
    gone = strays(known, told)
    text = "\n".join(
        [HEAD, *(_block(id, told.get(id, ()), known.get(id, ())) for id in _ordered(known, told, lacking))]
    )
    return text, list(_summary(output, told, lacking, gone, each)), True


def _known(path: Path) -> Mapping[str, Sequence[str]]:
    if not path.exists() or _is_empty(path):
        return {}  # nothing, or the list of an earlier time that nobody has filled
    document = read_document(path)
    try:
        return TypeAdapter(Wordings).validate_python(document.value or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        cure = "Write the fact's id, and below it a list of lines"
        raise document.told(ConfigError(f"{where}: {first['msg']}", cure=cure), where) from None


def _is_empty(path: Path) -> bool:
    return not any(
        line.strip() and not line.lstrip().startswith("#") for line in path.read_text("utf-8", "replace").splitlines()
    )


def told_by_id(pack: Pack, language: str = "") -> dict[str, list[Fact]]:
    """The facts that a pack gives by their ids without a branch, each with what every branch tells of it."""
    telling = Telling(pack, Plain(), language)
    found: dict[str, list[Fact]] = {}
    for fact in facts(pack, telling):
        if fact.text:
            found.setdefault(fact_of(fact.id), []).append(fact)
    return found


def _ordered(known: Mapping[str, Sequence[str]], told: Mapping[str, object], lacking: Sequence[str]) -> Iterator[str]:
    """In the order of the pack; what it has no more comes last."""
    yield from (id for id in told if id in known or id in lacking)
    yield from (id for id in known if id not in told)


def _block(id: str, told: Sequence[Fact], lines: Sequence[str]) -> str:
    says = line(" / ".join(dict.fromkeys(fact.text for fact in told))) or "the pack has it no more"
    named = line(", ".join(dict.fromkeys(name for fact in told for name in fact.names)))
    about = [f"# {says}", *([f"# called: {named}"] if named else [])]
    listed = (
        [f"{id}:", *(f"  - {json.dumps(each, ensure_ascii=False)}" for each in lines)]
        if lines
        else [f"# {id}:", "#   - "]
    )
    return "\n".join([*about, *listed, ""])


def line(text: str) -> str:
    """A text as one line, cut between words."""
    return shorten(text, LONGEST, placeholder=" …")


def _summary(
    output: Path, told: Mapping[str, object], lacking: Sequence[str], gone: Sequence[str], each: int
) -> Iterator[str]:  # fmt: skip
    yield f"✓ {output}: {len(told) - len(lacking)} of {len(told)} facts have {each} wordings or more, with those that ship, {len(lacking)} are listed to be worded"
    if gone:
        yield f"  the pack has no more: {', '.join(gone)}. Delete them, or give them the new id"
