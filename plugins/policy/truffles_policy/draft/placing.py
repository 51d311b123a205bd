"""Documents → a draft: each item goes where its heading says, or is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from truffles_policy.draft import contacts, places, things, times
from truffles_policy.draft.draft import LONGEST, Draft, Left
from truffles_policy.draft.pages import Item, files_in, items
from truffles_policy.draft.words import low, without
from truffles_policy.language import detect

LISTS = ("services", "products")
KNOWN = {
    "ru": "“Адрес”, “Режим работы” or “Услуги”",
    "kk": "“Мекенжай”, “Жұмыс уақыты” or “Қызметтер”",
    "en": "“Address”, “Opening hours” or “Services”",
}
"""Headings that are understood, by the language of a draft."""
_PERCENT = re.compile(r"(\d{1,3})\s*%")
_CLAUSE = re.compile(r",\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def drafted(folder: Path, language: str, told: Callable[[str], None] = lambda name: None) -> Draft:
    """A draft of everything in a folder; `told` hears of each file."""
    draft = Draft(language)
    for path in files_in(folder):
        name = path.relative_to(folder).as_posix()
        told(name)
        try:
            found = list(items(path, name))
        except (OSError, ValueError) as problem:
            draft.left.append(Left(name, 1, str(problem), "cannot be read"))
            continue
        if any(part.startswith("@") for part in path.relative_to(folder).parts):
            draft.left.append(Left(name, 1, f"{len(found)} facts", "what holds at one branch belongs into `branches`"))
            continue
        place(draft, found)
    return draft


def place(draft: Draft, found: Iterable[Item]) -> None:
    """Place the items of one document."""
    section = ""
    for item in found:
        if item.row:
            section = things.put_row(draft, item, things.kind_of(item) or _kind(item), section or _category(item))
        elif item.question:
            _pair(draft, item)
        else:
            _title(draft, item)
            _text(draft, item)


def _title(draft: Draft, item: Item) -> None:
    """The first document's own heading is the business's name, unless it says what stands below it."""
    if not draft.name and item.headings and not places.named(item.headings[0]).keys and len(item.headings) > 1:
        draft.name = item.headings[0]


def _kind(item: Item) -> str:
    """Which list a table below these headings is."""
    listed = [key for heading in item.headings for key in places.named(heading).keys if key in LISTS]
    return listed[-1] if listed else "services"


def _category(item: Item) -> str:
    """The heading below that of a price list."""
    last = item.headings[-1] if item.headings else ""
    return "" if not last or len(item.headings) < 2 or places.named(last).keys else last


def _pair(draft: Draft, item: Item) -> None:
    """A question with its answer; questions with the same answer are one."""
    if not item.text:
        draft.leave(item, "a question without an answer", item.question)
        return
    if max(len(item.text), len(item.question)) > LONGEST:
        draft.leave(item, f"longer than {LONGEST} characters", item.question)
        return
    language = detect(f"{item.question} {item.text}") or draft.language
    answer = item.text if language == draft.language else {language: item.text}
    same = next((each for each in draft.faq if each["answer"] == answer), None)
    if same is None:
        draft.faq.append({"asked": [item.question], "answer": answer})
    elif item.question not in same["asked"]:
        same["asked"].append(item.question)


def _text(draft: Draft, item: Item) -> None:
    found = next(
        (found for heading in reversed(item.headings) if (found := places.named(heading)).keys), places.Named()
    )
    keys = found.keys
    if any(key in LISTS for key in keys) or (not keys and things.has_sign(item.text)):
        kind = next((key for key in keys if key in LISTS), "services")
        things.put_lines(draft, item, kind, _category(item) if keys else (item.headings or ("",))[-1])
    elif not keys:
        why = f"nobody knows the heading “{item.headings[-1]}”" if item.headings else "stands below no heading"
        draft.leave(
            item, f"{why}. Put it below one such as {KNOWN[draft.language]}, or write it into the pack yourself"
        )
    elif len(item.text) > LONGEST:
        draft.leave(item, f"longer than {LONGEST} characters")
    else:
        language = next(iter(found.languages)) if len(found.languages) == 1 else detect(item.text) or draft.language
        for key in places.chosen(keys, item.text):
            _put(draft, item, key, language)


def _put(draft: Draft, item: Item, key: str, language: str) -> None:
    if key == "place.hours":
        _hours(draft, item)
    elif key == "business.contacts":
        _contacts(draft, item)
    elif key == "promotions":
        _promotion(draft, item, language)
    elif key == "faq":
        draft.leave(item, "no question with its answer")
    else:
        text = without(item.text, things.words_of("address")) if key.startswith("place.") else item.text
        draft.put(key, text, language, item)


def _hours(draft: Draft, item: Item) -> None:
    """Opening hours, and days that are otherwise; clause by clause what is not understood is left."""
    if (week := times.week(item.text)) is not None:
        _week(draft, item, week)
        return
    for sentence in _SENTENCE.split(item.text):
        if (week := times.week(sentence)) is not None:
            _week(draft, item, week)
        elif (days := times.days_off(sentence)) is not None:
            draft.exceptions += days
        else:
            _clauses(draft, item, _CLAUSE.split(sentence))


def _clauses(draft: Draft, item: Item, clauses: list[str]) -> None:
    left = []
    for clause in clauses:
        days = times.days_off(clause)
        if days is None:
            left.append(clause)
        else:
            draft.exceptions += days
    draft.leave(item, "no opening hours that are understood", ", ".join(left))


def _week(draft: Draft, item: Item, week: dict[str, str]) -> None:
    if any(draft.hours.get(day, hours) != hours for day, hours in week.items()):
        draft.leave(item, "says other hours than a line before")
        return
    draft.hours |= week


def _contacts(draft: Draft, item: Item) -> None:
    found, rest = contacts.contacts(item.text)
    for key, value in found.items():
        if draft.business.setdefault(key, value) != value:
            draft.leave(item, f"another {key}", value)
    if rest:
        draft.leave(item, "no contact" if not found else f"only {', '.join(found)} was taken", rest)


def _promotion(draft: Draft, item: Item, language: str) -> None:
    said = item.text if language == draft.language else {language: item.text}
    percents = _PERCENT.findall(item.text)
    percent = {"percent": int(percents[0])} if len(percents) == 1 and 0 < int(percents[0]) <= 100 else {}
    words = low(item.text).split()
    draft.promotions.append({"id": draft.new_id(" ".join(words[:4])), "text": said, **percent})
