"""A run on paper: JSON for programs, JUnit for build servers, and the last run to compare the next one with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from truffles_gateway.evaluation.figures import LANGUAGES, Bounds, Figures, figures, held_to
from truffles_gateway.evaluation.judge import Judged, Result
from truffles_gateway.evaluation.replay import Replayed
from truffles_gateway.evaluation.stage import Told
from truffles_gateway.observability import mask

FOLDER = "evaluation"
SAID_ABOVE = frozenset({"merge", "on_inbound"})
_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNFIT = re.compile(r"[^\w.-]+")


def as_json(results: Sequence[Result], bounds: Bounds) -> dict[str, Any]:
    """Everything about a run."""
    parts = {"all": list(results), "heldout": heldout(results, wanted=True), "tuned": heldout(results, wanted=False)}
    parts |= {name: [each for each in results if each.asked.case.language == name] for name in LANGUAGES}
    return {
        "figures": {name: _figures(figures(part)) for name, part in parts.items() if part},
        "bounds": [asdict(each) for each in held_to(figures(results), bounds)],
        "cases": [_case(each) for each in results],
    }


def heldout(results: Iterable[Result], *, wanted: bool) -> list[Result]:
    """The cases that were kept aside while tuning, or the others."""
    return [each for each in results if each.asked.case.heldout is wanted]


def _figures(found: Figures) -> dict[str, Any]:
    shares = ("passed", "escalations", "false_escalations", "facts")
    named = {name: asdict(getattr(found, name)) for name in shares}
    recall = {language: asdict(share) for language, share in found.recall.items()}
    return {**named, "contradictions": found.contradictions, "recall": recall}


def _case(result: Result) -> dict[str, Any]:
    case = result.asked.case
    return {
        "id": case.id, "battery": result.asked.battery, "tenant": result.asked.tenant, "place": result.asked.place,
        "category": case.category, "language": case.language, "tags": list(case.tags), "heldout": case.heldout,
        "passed": result.passed, "missed": list(result.missed), "turns": [_turn(each) for each in result.turns],
    }  # fmt: skip


def _turn(judged: Judged) -> dict[str, Any]:
    told = judged.told
    return {
        "say": list(judged.turn.say), "expect": list(judged.turn.expect), "kinds": sorted(judged.kinds),
        "outcome": told.outcome, "reason": told.reason, "replies": list(told.replies), "language": told.language,
        "problems": list(judged.problems), "stages": list(told.stages), "faults": list(told.faults),
    }  # fmt: skip


def as_junit(results: Sequence[Result]) -> str:
    """One suite a battery and business, one test a case."""
    root = ET.Element("testsuites", name="truffles eval", tests=str(len(results)), failures=str(_failures(results)))
    suites: dict[str, list[Result]] = {}
    for each in results:
        suites.setdefault(f"{each.asked.battery} {each.asked.tenant}", []).append(each)
    for name, part in suites.items():
        suite = ET.SubElement(root, "testsuite", name=_legal(name), tests=str(len(part)), failures=str(_failures(part)))
        for each in part:
            _test(suite, name, each)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _failures(results: Iterable[Result]) -> int:
    return sum(1 for each in results if not each.passed)


def _test(suite: ET.Element, name: str, result: Result) -> None:
    case = result.asked.case
    test = ET.SubElement(
        suite, "testcase", classname=_legal(f"{name}.{case.category}.{case.language}"), name=_legal(case.id)
    )
    if result.passed:
        return
    problems = [problem for turn in result.turns for problem in turn.problems]
    failure = ET.SubElement(test, "failure", message=_legal("; ".join(problems)))
    failure.text = _legal("\n".join([result.asked.place, *dialogue(result)]))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("�", text)


def dialogue(result: Result) -> list[str]:
    """A dialogue as people read it, with what is wrong and how it was decided."""
    shown: list[str] = []
    for turn in result.turns:
        shown += [f"> {piece}" for piece in turn.turn.say]
        shown += [f"< {line}" for reply in turn.told.replies for line in reply.splitlines()] or ["< (silence)"]
        shown += [f"✗ {problem}" for problem in turn.problems]
        shown += [f"  {line}" for line in trace(turn.told)] if turn.problems else []
    return [*shown, *(f"! not retrieved: {fact}" for fact in result.missed)]


def trace(told: Told) -> list[str]:
    """The decision in brief: who decided, why, and what was found."""
    shown = []
    for stage in (each for each in told.stages if each.get("stage") not in SAID_ABOVE):
        came = " ".join(str(stage[name]) for name in ("plugin", "outcome", "why", "reason") if stage.get(name))
        came = " ".join(came.split())
        objections = "; ".join(stage.get("objections") or ())
        shown.append(" ".join(filter(None, (f"{stage.get('stage')}:", came, objections))))
        for passage in stage.get("passages") or ():
            text = " ".join(str(passage.get("text", "")).split())
            shown.append(f"  {passage.get('confidence', 0):.2f} {passage.get('id')}: {text[:100]}")
    return [*shown, *(f"fault {each}" for each in told.faults)]


def replay_as_json(replayed: Replayed) -> dict[str, Any]:
    """What a replay came to, phones masked."""
    turns = [
        {
            "kind": each.kind, "dialogue": each.then.dialogue, "at": each.then.at.isoformat(),
            "say": [mask(text) for text in each.then.pieces],
            "then": _said(each.then.outcome, each.then.reason, each.then.replies),
            "now": _said(each.now.outcome, each.now.reason, each.now.replies),
            "trace": [mask(line) for line in trace(each.now)],
        }
        for each in replayed.turns
    ]  # fmt: skip
    return {"counts": replayed.counts(), "left_out": dict(replayed.left_out), "turns": turns}


def _said(outcome: str, reason: str, replies: Sequence[str]) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "replies": [mask(text) for text in replies]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs from the last run of the same cases."""

    failing: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    new: int = 0


class LastRun:
    """What passed last time, by battery and business, in a folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def _path(self, battery: str, tenant: str) -> Path:
        return self._folder / f"{_UNFIT.sub('_', battery)}--{_UNFIT.sub('_', tenant)}.json"

    def of(self, battery: str, tenant: str) -> dict[str, bool]:
        """By case, whether it passed; {} where nothing is known."""
        try:
            found = json.loads(self._path(battery, tenant).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): bool(passed) for name, passed in found.items()} if isinstance(found, dict) else {}

    def compare(self, results: Iterable[Result]) -> Change:
        """What has changed since."""
        failing: list[str] = []
        passing: list[str] = []
        new = 0
        known: dict[tuple[str, str], Mapping[str, bool]] = {}
        for each in results:
            key = (each.asked.battery, each.asked.tenant)
            before = known.setdefault(key, self.of(*key)).get(each.asked.case.id)
            new += before is None
            if before is not None and before != each.passed:
                (passing if each.passed else failing).append(each.asked.case.id)
        return Change(failing=tuple(failing), passing=tuple(passing), new=new)

    def keep(self, results: Iterable[Result]) -> None:
        """Remember these; what was not run stays as it was."""
        ran: dict[tuple[str, str], dict[str, bool]] = {}
        for each in results:
            ran.setdefault((each.asked.battery, each.asked.tenant), {})[each.asked.case.id] = each.passed
        self._folder.mkdir(parents=True, exist_ok=True)
        for key, passed in ran.items():
            path = self._path(*key)
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps(self.of(*key) | passed, ensure_ascii=False, indent=1), encoding="utf-8")
            fresh.replace(path)
