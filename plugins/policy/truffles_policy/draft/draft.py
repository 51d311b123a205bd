"""What was placed, by the keys of a pack, and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from truffles_policy.draft.pages import Item
from truffles_policy.draft.words import id_of, low

LONGEST = 600


@dataclass(frozen=True, slots=True)
class Left:
    """What could not be placed, and why."""

    file: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}: {self.text}"


@dataclass(slots=True)
class Draft:
    """A pack that grows. `texts` are its texts by dotted key and language; `language` is the pack's own."""

    language: str
    name: str = ""
    currency: str = ""
    texts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    business: dict[str, Any] = field(default_factory=dict)
    hours: dict[str, str] = field(default_factory=dict)
    exceptions: list[dict[str, str]] = field(default_factory=list)
    categories: dict[str, str] = field(default_factory=dict)
    services: list[dict[str, Any]] = field(default_factory=list)
    products: list[dict[str, Any]] = field(default_factory=list)
    promotions: list[dict[str, Any]] = field(default_factory=list)
    faq: list[dict[str, Any]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def leave(self, item: Item, why: str, text: str = "") -> None:
        """Name what could not be placed: the whole item, or `text` of it."""
        self.left.append(Left(item.file, item.line, text or item.text, why))

    def put(self, key: str, text: str, language: str, item: Item) -> None:
        """Add a text under a key; what does not fit into one text is left."""
        said = self.texts.setdefault(key, {}).setdefault(language, [])
        if text in said:
            return
        if len(joined([*said, text])) > LONGEST:
            self.leave(item, f"{key} would be longer than {LONGEST} characters")
            return
        said.append(text)

    def thing(self, kind: str, item: Item, name: str, keys: Mapping[str, Any], category: str = "") -> None:
        """Add a service or a product."""
        listed = self.services if kind == "services" else self.products
        if any(low(each["name"]) == low(name) for each in listed):
            self.leave(item, "a thing of this name is there already")
            return
        filed = {"category": self.category(category)} if category else {}
        listed.append({"id": self.new_id(name), "name": name, **filed, **keys})

    def category(self, name: str) -> str:
        """The id of a category, a new one if there is none of that name."""
        known = next((id for id, other in self.categories.items() if low(other) == low(name)), "")
        if not known:
            known = self.new_id(name)
            self.categories[known] = name
        return known

    def new_id(self, name: str) -> str:
        """An id that nothing has yet."""
        listed = (*self.services, *self.products, *self.promotions)
        return id_of(name, [*self.categories, *(each["id"] for each in listed)])

    def words(self, key: str) -> str | dict[str, str] | None:
        """The text of a key as a pack has it."""
        found = {language: joined(lines) for language, lines in self.texts.get(key, {}).items() if lines}
        return found[self.language] if list(found) == [self.language] else found or None


def joined(lines: list[str]) -> str:
    """Sentences one after the other."""
    return " ".join(line if line.endswith((".", "!", "?", "…")) or line is lines[-1] else f"{line}." for line in lines)
