"""Files → facts, and what is said about those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from truffles_rag_qdrant.files import Reading, files_in, passed_over, read_file
from truffles_rag_qdrant.tables import money


def read(folder: Path) -> Reading:
    reading = Reading()
    for path in files_in(folder):
        read_file(path, folder, reading)
    return reading


def test_markdown_gives_a_fact_a_paragraph_and_item_under_its_headings(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "---\nknowledge_tag: north\n---\n# Салон\n\n## Оплата\n\nМожно **картой**\nи Kaspi.\n\n- Наличные берём.\n"
        "1. [Сайт](https://example.com)\n\n### Возврат\nДва дня.\n", "utf-8",
    )  # fmt: skip
    facts = read(tmp_path).facts
    assert [(fact.title, fact.text, fact.tag) for fact in facts] == [
        ("Оплата", "Можно картой и Kaspi.", "north"),
        ("Оплата", "Наличные берём.", "north"),
        ("Оплата", "Сайт: https://example.com", "north"),
        ("Оплата — Возврат", "Два дня.", "north"),
    ]


def test_questions_and_answers_in_three_ways(tmp_path: Path) -> None:
    (tmp_path / "a.qa.md").write_text(
        "В: Есть лифт?\nО: Нет.\nНо есть пандус.\n\n**Вопрос:** Больно?\n**Ответ:** Нет.\n\nQ: Open?\nA: Yes.\n\n"
        "В: А это?\n\nО: Ответ без вопроса выше пустой строки.\n", "utf-8",
    )  # fmt: skip
    reading = read(tmp_path)
    assert [(fact.question, fact.answer) for fact in reading.facts] == [
        ("Есть лифт?", "Нет.\nНо есть пандус."), ("Больно?", "Нет."), ("Open?", "Yes."),
        ("А это?", "Ответ без вопроса выше пустой строки."),
    ]  # fmt: skip


def test_a_question_without_an_answer_is_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("В: Один?\nВ: Два?\nО: Да.\n", "utf-8")
    reading = read(tmp_path)
    assert [fact.question for fact in reading.facts] == ["Два?"]
    assert reading.problems == ["a.txt:1: has no answer; add a line “О: …” below it"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_a_price_list_in_every_encoding_and_delimiter(tmp_path: Path, encoding: str, mark: str) -> None:
    rows = [["Услуга", "Цена", "Длительность"], ["Маникюр", "7000", "1 ч"], ["Педикюр", "от 9000", ""]]
    (tmp_path / "p.csv").write_bytes("\r\n".join(mark.join(row) for row in rows).encode(encoding))
    assert [fact.text.replace("тенге", "₸") for fact in read(tmp_path).facts] == [
        "Маникюр — 7 000 ₸, 1 ч", "Педикюр — от 9 000 ₸",
    ]  # fmt: skip


def test_bad_rows_are_named_and_the_rest_load(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "Прайс-лист 2026\nуслуга;цена;комментарий\nМаникюр;7000;\n;5000;\nПедикюр;дорого;\n"
        "Ресницы;;по записи\nБрови;;\n",
        "utf-8",
    )
    reading = read(tmp_path)
    assert [fact.text for fact in reading.facts] == ["Маникюр — 7 000 ₸", "Ресницы: по записи"]
    assert [problem.split(":")[1] for problem in reading.problems] == ["4", "5", "7"]
    assert all(";" in problem or "fill" in problem for problem in reading.problems)


def test_a_workbook_with_sections(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Услуга", "Цена", "Алиасы"], ["Ногти", None, None], ["Маникюр", 7000, "ноготки, шеллак"]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    (fact,) = read(tmp_path).facts
    assert (fact.text, fact.title, fact.aliases) == ("Маникюр — 7 000 ₸", "Ногти", ("ноготки", "шеллак"))


def test_files_that_are_no_knowledge(tmp_path: Path) -> None:
    (tmp_path / "p.xlsx").write_bytes(b"not a workbook")
    (tmp_path / "b.md").write_bytes(b"\x00\x01\x02")
    (tmp_path / "c.csv").write_text("раз;два\nтри;четыре\n", "utf-8")
    (tmp_path / "README.md").write_text("about this folder", "utf-8")
    (tmp_path / ".hidden.md").write_text("nothing", "utf-8")
    (tmp_path / "empty.md").write_text("", "utf-8")
    reading = read(tmp_path)
    assert not reading.facts and reading.unread == {"b.md", "p.xlsx"}
    assert len(reading.problems) == 3 and "no heading row" in " ".join(reading.problems)


def test_ids_are_the_same_everywhere_and_differ_by_tenant(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("## А\nОдин.\n", "utf-8")
    (first,), (second,) = read(tmp_path).facts, read(tmp_path).facts
    assert first.id("t") == second.id("t") != first.id("u")


@pytest.mark.parametrize(("written", "said"), [
    ("7000", "7 000 ₸"), ("7 000", "7 000 ₸"), ("от 12000", "от 12 000 ₸"), ("5000-7000", "5 000-7 000 ₸"),
    ("7000 тг", "7 000 тг"), ("бесплатно", "бесплатно"), ("300", "300 ₸"),
])  # fmt: skip
def test_money(written: str, said: str) -> None:
    assert money(written) == said


def test_files_of_other_kinds_are_named_with_what_to_do(tmp_path: Path) -> None:
    for name in ("a.md", "price.pdf", "price.docx", "old.xls", "README.md", ".hidden.pdf", "~$price.docx"):
        (tmp_path / name).write_text("# А\n\nТекст.\n", "utf-8")
    (tmp_path / "@north").mkdir()
    (tmp_path / "@north" / "menu").write_text("x", "utf-8")
    assert [path.name for path in files_in(tmp_path)] == ["a.md"]
    told = dict(line.split(": ", 1) for line in passed_over(tmp_path))
    assert set(told) == {"price.pdf", "price.docx", "old.xls", "README.md", "@north/menu"}
    kinds = "what is read ends in .md, .txt, .csv, .xlsx. Convert it to Markdown (.md), or move it out of the folder"
    assert told["price.pdf"] == told["price.docx"] == told["@north/menu"] == f"was not read; {kinds}"
    assert told["old.xls"] == "was not read. Save it as .xlsx or .csv"
    assert "Rename it if customers shall be told what it says" in told["README.md"]
