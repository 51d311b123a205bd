"""Markdown, plain text, and questions with answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from truffles_rag_qdrant.facts import Fact

Problem = Callable[[int, str], None]
LONGEST = 1_200
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_ITEM = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)])\s+(.+)$")
_QUESTION = re.compile(r"^\s*(?:\*\*)?(?:В|Вопрос|Q|Question|Сұрақ)\s*[:.]\s*(?:\*\*)?\s*(.*)$", re.IGNORECASE)
_ANSWER = re.compile(r"^\s*(?:\*\*)?(?:О|Ответ|A|Answer|Жауап)\s*[:.]\s*(?:\*\*)?\s*(.*)$", re.IGNORECASE)
_MARKS = re.compile(r"(\*\*|__|`)")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


@dataclass(slots=True)
class _Page:
    """Where the reader stands in a text, and what it has gathered."""

    source: str
    problem: Problem
    tag: str = ""
    headings: list[str] = field(default_factory=list)
    paragraph: list[str] = field(default_factory=list)
    question: list[str] | None = None
    answer: list[str] | None = None
    since: int = 0
    position: int = -1

    @property
    def title(self) -> str:
        """The headings above, the document's own name left out when there is one below it."""
        named = [heading for heading in self.headings if heading]
        return " — ".join(named[1:] or named)

    def close(self) -> Iterator[Fact]:
        """What was gathered becomes a fact."""
        paragraph, question, answer = self.paragraph, self.question, self.answer
        self.paragraph, self.question, self.answer = [], None, None
        if question is not None:
            yield from self._pair(_plain(" ".join(question)), _plain("\n".join(answer or ())))
        elif paragraph:
            yield from self._prose(_plain(" ".join(paragraph)))

    def _pair(self, question: str, answer: str) -> Iterator[Fact]:
        if question and answer:
            yield Fact(source=self.source, key=f"q:{question}", text=answer, title=self.title, question=question,
                       answer=answer, tag=self.tag)  # fmt: skip
        else:
            missing = "answer; add a line “О: …” below it" if question else "question; add a line “В: …” above it"
            self.problem(self.since, f"has no {missing}")

    def _prose(self, text: str) -> Iterator[Fact]:
        for piece in _pieces(text):
            self.position += 1
            yield Fact(source=self.source, key=f"{self.title}:{piece}", text=piece, title=self.title, tag=self.tag,
                       position=self.position)  # fmt: skip


def read_prose(text: str, source: str, problem: Problem) -> Iterator[Fact]:
    """A fact for each paragraph, list item and pair of question and answer, under its headings."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    page = _Page(source, problem)
    start = _front_matter(lines, page)
    for number, line in enumerate(lines[start:], start + 1):
        yield from _line(page, line, number)
    yield from page.close()


def _front_matter(lines: list[str], page: _Page) -> int:
    """Read `---\\nknowledge_tag: north\\n---`; returns the index of the first line after it."""
    if not lines or lines[0].strip() != "---":
        return 0
    for at, line in enumerate(lines[1:], 1):
        if line.strip() == "---":
            return at + 1
        key, _, value = line.partition(":")
        if key.strip() == "knowledge_tag":
            page.tag = value.strip().strip("\"'")
        elif line.strip():
            page.problem(at + 1, f"“{key.strip()}” is not known here; only knowledge_tag is")
    page.problem(1, "the front matter is not closed; add a line --- after it")
    return 1


def _line(page: _Page, line: str, number: int) -> Iterator[Fact]:
    if heading := _HEADING.match(line):
        yield from page.close()
        level, page.position = len(heading[1]), -1
        page.headings = [*page.headings[: level - 1], *[""] * (level - 1 - len(page.headings)), _plain(heading[2])]
    elif question := _QUESTION.match(line):
        yield from page.close()
        page.question, page.since = [question[1]], number
    elif answer := _ANSWER.match(line):
        yield from _begin_answer(page, answer[1], number)
    elif page.question is not None:
        yield from _more_of_pair(page, line)
    elif not line.strip():
        yield from page.close()
    elif item := _ITEM.match(line):
        yield from page.close()
        page.paragraph = [item[1]]
    elif not re.fullmatch(r"\s*([-*_]\s*){3,}", line):
        page.paragraph.append(line.strip())


def _begin_answer(page: _Page, words: str, number: int) -> Iterator[Fact]:
    if page.question is None or page.answer is not None:
        yield from page.close()
        page.question, page.since = [], number
    page.answer = [words]


def _more_of_pair(page: _Page, line: str) -> Iterator[Fact]:
    """A blank line ends an answer; other lines go on with what was begun."""
    if line.strip():
        (page.question if page.answer is None else page.answer).append(line.strip())  # type: ignore[union-attr]
    elif page.answer and any(page.answer):
        yield from page.close()


def _plain(text: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1: \2", text)).strip()


def _pieces(text: str) -> Iterator[str]:
    """A long paragraph in pieces of whole sentences."""
    piece = ""
    for sentence in _SENTENCE.split(text):
        if piece and len(piece) + len(sentence) > LONGEST:
            yield piece
            piece = ""
        piece = f"{piece} {sentence}".strip()
    if piece:
        yield piece
