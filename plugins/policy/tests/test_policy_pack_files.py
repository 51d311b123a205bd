"""The file of a pack: checked by line, drafted from documents, turned into entries of the knowledge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from truffles_policy.draft import figures, places, placing, times
from truffles_policy.pack.commands import pack
from truffles_policy.pack.entries import entries
from truffles_policy.pack.schema import Pack
from truffles_policy.plugin import plugin

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import read_document
from truffles_gateway.testing import texts_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(pack, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_slip_is_told_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", "business:\n  nmae: А\nservices:\n  - id: a\n    name: А\n    price: дорого\n")
    code, said = run("check", path)
    assert code == 1
    assert f'{path}:2: business.nmae: unknown key. Did you mean "name"?' in said
    assert f"{path}:1: business.name: is missing. Add it" in said or f"{path}:2: business.name: is missing" in said
    assert f"{path}:6: services[0].price: is no amount. Write whole units" in said


def test_names_of_nothing_are_told_where_they_stand(tmp_path: Path) -> None:
    text = """[business]
name = "А"
[[services]]
id = "a"
name = "А"
branches = ["nort"]
[[services]]
id = "a"
name = "Б"
[[branches]]
slug = "north"
name = "Север"
"""
    path = write(tmp_path / "pack.toml", text)
    code, said = run("check", path)
    assert code == 1
    assert f'{path}:6: services[0].branches[0]: there is no branch "nort". Did you mean "north"?' in said
    assert f'{path}:8: services[1].id: "a" is an id of' in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("business: {name: А}\nplace: [\n", ":3: is not YAML"),
        (
            "business:\n  name: Салон: А\n",
            ":2: is not YAML: mapping values are not allowed in this context. Put quotes",
        ),
        ("business:\n\tname: А\n", "Put spaces where a tab stands"),
        ("business:\n  name: А\n phone: 1\n", "Begin it in the column of its neighbours"),
        ('business:\n  name: "А\n', "Close the quote that a line above opens"),
        ("business: А\n", ":1: business: must be a table"),
        ("business: {name: [А]}\n", "business.name: is no text. Write one line, or one for each language"),
        ("business: {name: А}\nplace: {hours: {mon: 25-30, funday: 9-18}}\n", '"funday" is no day'),
        ("business: {name: А}\nplace: {hours: {mon: 25-30, funday: 9-18}}\n", '"25:00" is no time of a day'),
        ("business: {name: А}\nplace: {hours: {mon-fri: 9-18, tue: 9-18}}\n", "tue stands there twice"),
        (
            "business: {name: А}\npromotions: [{id: p, text: А, since: 2027-02-01, until: 2027-01-01}]\n",
            ":2: promotions[0]: until lies before since. Swap them",
        ),
        (
            "business: {name: А}\nbooking:\n  ask: []\n",
            ":3: booking.ask: is empty. Write at least 1 there, or remove the key",
        ),
        (
            "business: {name: А}\nplace: {exceptions: [{on: 02-30, hours: closed}]}\n",
            ':2: place.exceptions[0].on: is a day that no calendar has. Write "2027-01-31"',
        ),
        (
            "business: {name: А}\npromotions: [{id: p, text: А, percent: 150}]\n",
            ":2: promotions[0].percent: must be at most 100. Write 100 or less",
        ),
        (
            "business: {name: А}\npromotions: [{id: p, text: А, since: 2027-02-30}]\n",
            ":2: promotions[0].since: is no day of a calendar. Write a day like 2027-01-31",
        ),
        (
            "business: {name: А}\nbooking: {lead_minutes: скоро}\n",
            ":2: booking.lead_minutes: must be a whole number. Write a whole number",
        ),
        (
            f"business: {{name: А}}\nrules: {{booking: {'а' * 601}}}\n",
            ":2: rules.booking: is longer than 600 characters. Shorten it",
        ),
        (
            "business: {name: А}\nplace: {address: улица Северная, 1}\n",
            ":2: place.1: unknown key. Put the whole text before it into quotes if the comma belongs to it. Known here: address",
        ),
        (
            "business: {name: {ru: Салон, kk: Салон, Алматы}}\n",
            ":1: business.name.Алматы: must be one of ru, kk, en. Remove it; or put the whole text before it into quotes",
        ),
        ("business: {name: А, phone: abc}\n", ":1: business.phone: is no phone number. Write it as customers dial it"),
        ("business: {name: А}\nplace: {phone: звоните}\n", ":2: place.phone: is no phone number"),
        (
            "business: {name: А}\nservices: [{id: a, name: А}, {id: a, name: Б}]\ncare: [{services: [zzz], before: Х}]\n",
            'there is no service or category "zzz". Known here: a\n',
        ),
        ("business: &b {name: А}\n", ":1: anchors and aliases are not read"),
        ("business: {name: А}\nbusiness: {name: Б}\n", ':2: "business" stands here twice'),
        ("business: !x {name: А}\n", ":1: tags are not read"),
        ("a: " + "[" * 3000, ":1: is nested too deeply"),
        ("business: {name: А}\n---\nb: 1\n", ":2: a second document begins"),
        ("", ":1: is empty"),
        ("# nothing yet\n", ":1: is empty. Write what it shall say"),
        ("name: \x01\n", ":1: holds a character that YAML does not allow"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    code, said = run("check", write(tmp_path / "pack.yaml", text))
    assert (code, told in said) == (1, True), said


def test_a_good_pack_says_what_it_leaves_unknown(tmp_path: Path) -> None:
    text = "business: {name: А}\nplace: {parking: Во дворе}\nservices:\n  - {id: a, name: А, price: 1}\n  - {id: b, name: Б}\n"
    code, said = run("check", write(tmp_path / "pack.yaml", text))
    assert code == 0
    assert "2 services, 1 with a price" in said
    assert "price of b: unknown, a human will be asked" in said
    assert "address: unknown" in said
    assert "parking" not in said


@pytest.mark.parametrize(
    ("example", "services", "left"),
    [
        ("demo_salon", 47, ["about.md:16", "about.md:30", "about.md:40"]),
        ("demo_phones", 14, ["about.md:46"]),
    ],
)
def test_documents_become_a_good_pack_and_what_is_left_is_named(
    tmp_path: Path, example: str, services: int, left: list[str]
) -> None:
    path = tmp_path / "pack.yaml"
    code, said = run("import", EXAMPLES / example / "knowledge", "--output", path)
    assert code == 0, said
    assert [line.split(": ")[0] for line in said.splitlines() if line.startswith("! ")] == [
        f"! {each}" for each in left
    ]
    made = Pack.model_validate(read_document(path).value)
    assert (len(made.services), all(each.is_priced for each in made.services)) == (services, True)
    assert made.place.address
    assert len(made.place.hours) == 7
    assert [each.on.month for each in made.place.exceptions] == [1, 3]
    assert all(f"# {each}" in path.read_text(encoding="utf-8") for each in left)
    assert run("import", EXAMPLES / example / "knowledge", "--output", path)[0] == 1, "nothing is overwritten"
    assert run("import", EXAMPLES / example / "knowledge", "--output", path, "--force")[0] == 0


def test_tables_and_lines_become_services_and_odd_ones_are_left(tmp_path: Path) -> None:
    text = """# Студия «Пример»

## Услуги

| Услуга | Цена |
|---|---|
| Стрижка | от 5 000 ₸ |
| Укладка | по запросу |

### Ногти

- Маникюр — 7 000 ₸, 1 ч (с покрытием)
- Педикюр — как договоримся

## Opening hours

Mon-Fri 9:00-18:00, Sat 10:00-14:00

## Скидки

- Студентам скидка 10 %.
"""
    write(tmp_path / "about.md", text)
    code, said = run("import", tmp_path, "--output", tmp_path / "out.yaml")
    assert code == 0, said
    made = Pack.model_validate(read_document(tmp_path / "out.yaml").value)
    shown = [(each.name[""], each.price, each.price_from, each.duration, each.category) for each in made.services]
    assert shown == [
        ("Стрижка", None, 5000, None, None), ("Укладка", None, None, None, None), ("Маникюр", 7000, None, 60, "nogti"),
    ]  # fmt: skip
    assert made.services[2].note == {"": "с покрытием"}
    assert {day for day, spans in made.place.hours.items() if spans} == {"mon", "tue", "wed", "thu", "fri", "sat"}
    assert made.promotions[0].percent == 10
    assert "about.md:8: price was not understood" in said
    assert "about.md:13: no name with a price" in said


def test_price_lines_below_each_other_and_without_a_dash_are_each_a_service(tmp_path: Path) -> None:
    text = """# Мастерская «Пример»

## Цены

Замена экрана — 15 000 ₸
Чистка: 3 000 ₸,
30 мин
Пайка от 15000
Диагностика 2 000 ₸
Приходите к нам
от 5 до 7 ждать
Чехол 15 5000 ₸
"""
    write(tmp_path / "prices.txt", text)
    code, said = run("import", tmp_path, "--output", tmp_path / "out.yaml", "--name", "X")
    assert code == 0, said
    made = Pack.model_validate(read_document(tmp_path / "out.yaml").value)
    assert [(each.name[""], each.price, each.price_from, each.duration) for each in made.services] == [
        ("Замена экрана", 15000, None, None), ("Чистка", 3000, None, 30),
        ("Пайка", None, 15000, None), ("Диагностика", 2000, None, None),
    ]  # fmt: skip
    assert [f"prices.txt:{line}: no name with a price" in said for line in (10, 11, 12)] == [True] * 3, said


def test_a_draft_without_a_name_is_no_pack_until_it_is_filled_in(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "## Адрес\n\nАлматы, улица Примерная, 1\n")
    path = tmp_path / "out.yaml"
    code, said = run("import", tmp_path, "--output", path)
    assert (code, path.exists()) == (1, True), said
    assert "✓" not in said
    line = 1 + path.read_text(encoding="utf-8").splitlines().index('  name: "…"')
    code, said = run("check", path)
    assert code == 1
    assert f'{path}:{line}: business.name: "…" is not filled in yet. Write what customers shall read there' in said
    write(path, path.read_text(encoding="utf-8").replace("…", "Студия «Пример»"))
    assert run("check", path)[0] == 0


@pytest.mark.parametrize("text", ["...", "…", " ? ", "___", "-"])
def test_a_text_that_says_nothing_is_not_filled_in(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pack.yaml", f'business: {{name: А}}\nrules: {{booking: {{kk: "{text}"}}}}\n')
    code, said = run("check", tmp_path / "pack.yaml")
    assert (code, "rules.booking.kk" in said, "is not filled in yet" in said) == (1, True, True), said


def test_what_stands_below_no_heading_is_told_with_a_cure(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Мы лучшая мастерская.\n")
    write(tmp_path / "b.md", "# Студия «Пример»\n\n## Разное\n\nПросто текст.\n")
    _, said = run("import", tmp_path, "--output", tmp_path / "out.yaml")
    assert "! a.txt:1: stands below no heading. Put it below one such as “Адрес”" in said
    assert "! b.md:5: nobody knows the heading “Разное”. Put it below one such as “Адрес”" in said
    assert "2 places of the documents could not be placed: write them where they belong" in said


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_headings_that_a_cure_names_are_understood(language: str) -> None:
    named = re.findall("“(.+?)”", placing.KNOWN[language])
    assert [places.named(each).keys for each in named] == [("place.address",), ("place.hours",), ("services",)]


def test_questions_in_any_dress_have_their_answers(tmp_path: Path) -> None:
    text = """# Студия «Пример»

## Частые вопросы

### Сколько держится эффект?

Около месяца.

- при уходе дольше

### Можно беременным?
Да.

**Больно ли это?**

Нет, не больно.

- Вопрос: Нужна ли запись?
- Ответ: Лучше записаться.

- В: Есть скидки?
  О: По вторникам.

## Где мы находимся?

Алматы, улица Примерная, 1
"""
    write(tmp_path / "faq.md", text)
    code, said = run("import", tmp_path, "--output", tmp_path / "out.yaml", "--name", "X")
    assert code == 0, said
    made = Pack.model_validate(read_document(tmp_path / "out.yaml").value)
    assert {each.asked[0]: each.answer[""] for each in made.faq} == {
        "Сколько держится эффект?": "Около месяца. при уходе дольше", "Можно беременным?": "Да.",
        "Больно ли это?": "Нет, не больно.", "Нужна ли запись?": "Лучше записаться.", "Есть скидки?": "По вторникам.",
    }  # fmt: skip
    assert made.place.address == {"": "Алматы, улица Примерная, 1"}


def test_a_folder_without_documents_makes_no_pack(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, said = run("import", tmp_path / "empty", "--output", tmp_path / "out.yaml")
    assert (code, (tmp_path / "out.yaml").exists()) == (1, False)
    assert "holds no documents. Put .md, .txt, .csv files into it" in said


@pytest.mark.parametrize(
    "text",
    ["10:00-21:00", "ежедневно кроме вторника с 10 до 20", "с 9 до 18 пн-пт, сб 10-16", "пн 9-18, вт", "пн 25-30"],
)
def test_hours_that_are_not_understood_whole_are_not_read(text: str) -> None:
    assert times.week(text) is None


@pytest.mark.parametrize("text", ["7000-5000", "дорого", "700 рыб", "5 000 ₸ или 7 000 ₸"])
def test_prices_that_are_not_understood_whole_are_not_read(text: str) -> None:
    assert figures.price(text) is None


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2026-12-30", "01-08", "year"),
        ("12-30", "2027-01-08", "year"),
        ("2027-01-08", "2026-12-30", "before"),
        ("12-30", "01-08", ""),
        ("2026-12-30", "2027-01-08", ""),
    ],
)
def test_days_off_have_a_year_at_both_ends_or_at_none(since: str, until: str, said: str) -> None:
    off = {"on": since, "until": until, "hours": "closed"}
    made = {"business": {"name": "X"}, "place": {"exceptions": [off]}}
    if not said:
        assert Pack.model_validate(made).place.exceptions
        return
    with pytest.raises(ValueError, match=said):
        Pack.model_validate(made)


def test_facts_become_entries_with_the_tags_of_their_branches() -> None:
    made = Pack.model_validate(
        {
            "business": {"name": "А"},
            "place": {"parking": "Во дворе", "hours": "10:00-21:00"},
            "branches": [
                {"slug": "north", "name": "Север", "hours": {"mon": "9:00-18:00"}},
                {"slug": "south", "name": "Юг"},
            ],
            "services": [{"id": "a", "name": "Стрижка", "price": 5000, "at": {"north": {"price": 6000}}}],
            "promotions": [{"id": "now", "text": "Скидка", "until": "2027-01-01"}],
            "discounts": {"tell": True},
            "payment": {"tell": False, "text": "Картой"},
        }
    )
    found = {each.id: (each.tag, each.answer) for each in entries(made, {"north": "n", "south": ""}, texts_of(plugin))}
    assert found == {
        "pack:place.parking": ("", "Во дворе"),
        "pack:branches.north.hours": ("n", "Работаем: пн 09:00–18:00."),
        "pack:branches.south.hours": ("", "Юг: Работаем ежедневно 10:00–21:00."),
        "pack:services.a@north": ("n", "Стрижка — 6 000 ₸."),
        "pack:services.a@south": ("", "Юг: Стрижка — 5 000 ₸."),
        "pack:promotions.now": ("", "Скидка"),
    }, "what is kept for people is no entry"


@given(st.text(alphabet=st.sampled_from("business:name{}[]&*!-|>'\"#%@ \n\tайқ1,=.\x00"), max_size=80), st.booleans())
def test_no_text_makes_reading_fail_otherwise_than_by_saying_where(
    tmp_path_factory: pytest.TempPathFactory, text: str, is_yaml: bool
) -> None:
    path = write(tmp_path_factory.getbasetemp() / f"fuzzed.{'yaml' if is_yaml else 'toml'}", text)
    try:
        problems = read_document(path).problems(Pack)
    except ConfigError as problem:
        problems = [problem]
    assert problems
    assert all(str(each).startswith(f"{path}:") for each in problems)


PIECES = [
    "пн",
    "вт-чт",
    "сб",
    "вс",
    "выходной",
    "закрыто",
    "ежедневно",
    "10",
    "10:00",
    "25:00",
    "31",
    "01.05",
    "января",
    "9-18",
    ",",
    ";",
    "–",
    "от",
    "до",
    "₸",
    "5",
    "000",
    "1",
    "ч",
    "30",
    "мин",
    "2",
    "дня",
    "%",
    ".",
]
ODD = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join)


@given(ODD)
def test_what_is_read_from_any_words_is_what_a_pack_may_say(text: str) -> None:
    price, duration = figures.price(text), figures.duration(text)
    said = {**(price.keys if price else {}), **(duration or {})}
    place = {"hours": times.week(text) or {}, "exceptions": times.days_off(text) or []}
    Pack.model_validate({"business": {"name": "А"}, "place": place, "services": [{"id": "a", "name": "А", **said}]})
    assert not said or any(letter.isdigit() for letter in text) or said == {"free": True}, "no number is made up"


SMALL = 'business: {name: А}\nplace: {parking: "Во дворе"}\nservices:\n  - {id: cut, name: Стрижка, price: 7000}\n'


def test_facts_to_be_worded_are_listed_and_what_stands_there_is_kept(tmp_path: Path) -> None:
    path, output = write(tmp_path / "pack.yaml", SMALL), tmp_path / "wordings.yaml"
    code, said = run("wordings", path, "--output", output)
    listed = output.read_text(encoding="utf-8")
    assert code == 0 and "1 are listed" in said and "# services.cut:" in listed and "Стрижка — 7" in listed
    assert "place.parking" not in listed, "everybody's parking is asked for in words that ship with the plugin"
    assert run("wordings", path, "--output", output) == (code, said), "once more it is the same"
    write(output, 'services.cut: ["подравнять кончики", "10:00 — поздно?"]\nservices.gone: [старое]\n')
    code, said = run("wordings", path, "--output", output, "--each", 2)
    assert code == 0 and "0 are listed" in said and "the pack has no more: services.gone" in said
    assert read_document(output).value == {
        "services.cut": ["подравнять кончики", "10:00 — поздно?"],
        "services.gone": ["старое"],
    }


def test_wordings_are_listed_beside_the_pack_wherever_the_command_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, elsewhere = tmp_path / "salon", tmp_path / "elsewhere"
    folder.mkdir(), elsewhere.mkdir()
    path = write(folder / "pack.yaml", SMALL)
    monkeypatch.chdir(elsewhere)
    code, said = run("wordings", path)
    assert code == 0 and str(folder / "wordings.yaml") in said
    assert (folder / "wordings.yaml").exists() and not list(elsewhere.iterdir())
    assert run("wordings", path, "--output", "other.yaml")[0] == 0 and (elsewhere / "other.yaml").exists()


CITY = """business: {name: А, speaks: [русский]}
place: {parking: {ru: Во дворе, kk: Аулада}}
branches:
  - {slug: north, name: Север, hours: {mon: "9:00-18:00"}}
  - {slug: south, name: Юг, hours: {mon: "10:00-20:00"}}
services:
  - {id: cut, name: Стрижка, price: 5000, at: {north: {price: 6000}}}
  - {id: dye, name: Окрашивание, price: 9000, branches: [south]}
  - {id: set, name: Укладка, price: 3000}
payment: {methods: [{name: карты}], prepayment: Не нужна}
care: [{services: [cut], before: Помойте голову}]
faq: [{id: sunday, asked: [В воскресенье открыты?], answer: Нет}, {asked: [Когда?], answer: Скоро}]
"""


def test_facts_of_a_file_are_listed_once_each_with_what_branches_tell(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", CITY)
    code, said = run("facts", path, "--brief")
    assert code == 0, said
    said, _, besides = said.partition("\nTold besides")
    assert "business.speaks: Говорим на языках: русский." in besides.splitlines()
    lines = said.splitlines()
    ids = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert ids == ["place.hours", "place.parking", "services.cut", "services.dye", "services.set", "payment",
                   "payment.prepayment", "care.0.before", "faq.sunday", "faq.1"]  # fmt: skip
    at = lines.index("services.cut:")
    assert lines[at + 1 : at + 3] == ["  at north: Стрижка — 6 000 ₸.", "  at south: Стрижка — 5 000 ₸."]
    assert lines[lines.index("services.dye:") + 1] == "  at south: Окрашивание — 9 000 ₸."
    assert "services.set: Укладка — 3 000 ₸." in lines and "place.parking: Во дворе" in lines
    kazakh = run("facts", path, "--brief", "--language", "kk")[1]
    assert "place.parking: Аулада" in kazakh and "services.set: Укладка" in kazakh
    output = write(tmp_path / "wordings.yaml", "".join(f"{id}: [слова]\n" for id in ids))
    assert "the pack has no more" not in run("wordings", path, "--output", output)[1], "wordings take these ids"


def test_facts_are_printed_whole_within_the_width_of_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"слово{number}" for number in range(60)]
    path = write(tmp_path / "pack.yaml", f"business: {{name: А}}\nrules: {{lateness: {' '.join(words)}}}\n")
    monkeypatch.setenv("COLUMNS", "50")
    head, *lines = run("facts", path)[1].splitlines()
    assert head == "rules.lateness:" and " ".join(lines).split() == words
    assert len(lines) > 5 and all(len(line) <= 50 and line.startswith("  слово") for line in lines)
    brief = run("facts", path, "--brief")[1].splitlines()
    assert len(brief) == 1 and brief[0].startswith("rules.lateness: слово0 ") and brief[0].endswith(" …")


OFFERS = """business: {name: А}
promotions:
  - {id: gone, text: Скидка студентам, until: 2020-06-30}
  - {id: ahead, text: Скидка пенсионерам, since: 2090-01-01}
  - {id: always, text: Скидка по утрам}
  - {id: held, text: Скидка врачам, since: 2020-01-01, until: 2090-01-01}
"""


def test_promotions_that_nobody_is_told_today_are_marked(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", OFFERS)
    lines = run("facts", path)[1].splitlines()
    assert lines[:3] == [
        "promotions.gone:",
        "  Скидка студентам",
        "  ! over, its last day was 2020-06-30: told to nobody",
    ]
    assert lines[5] == "  ! not yet begun, told to nobody before 2090-01-01"
    assert lines[6:] == ["promotions.always:", "  Скидка по утрам", "promotions.held:", "  Скидка врачам"]
    code, said = run("check", path)
    remarks = [line for line in said.splitlines() if "!" in line]
    assert code == 0 and len(remarks) == 1
    assert (
        remarks[0].startswith("  ! promotions.gone: over, its last day was 2020-06-30") and "later until" in remarks[0]
    )


SAID_BESIDES = """business: {name: А}
place:
  hours: "9:00-18:00"
  exceptions: [{on: 12-31, until: 01-02, hours: closed, why: Новый год}, {on: 2027-03-08, hours: "24/7"}]
branches: [{slug: north, name: Север, exceptions: [{on: 05-09, hours: "10:00-14:00"}]}]
discounts: {tell: TELL, otherwise: Других скидок нет}
emergencies: [{signs: [отёк, кровь], line: Звоните 103}]
booking: {enabled: TELL, note: Позвоним и подтвердим}
texts: {call_to_action: Записать вас?}
"""


def test_what_is_told_and_is_no_fact_stands_below_the_facts(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", SAID_BESIDES.replace("TELL", "true"))
    facts, _, besides = run("facts", path, "--brief")[1].partition("\nTold besides")
    assert facts.splitlines() == ["place.hours: Работаем ежедневно 09:00–18:00."]
    assert besides.splitlines()[1:] == [
        "place.exceptions: 31 декабря – 2 января не работаем (Новый год). 8 марта 2027 работаем круглосуточно.",
        "branches.north.exceptions: 9 мая работаем 10:00–14:00.",
        "emergencies.0 (отёк, кровь): Звоните 103",
        "discounts.otherwise: Других скидок нет",
        "booking.note: Позвоним и подтвердим",
        "texts.call_to_action: Записать вас?",
    ]
    silent = run("facts", write(path, SAID_BESIDES.replace("TELL", "false")), "--brief")[1]
    assert "discounts.otherwise" not in silent and "booking.note" not in silent, "what nobody is told is not shown"


def test_the_note_of_a_category_is_part_of_what_is_filed_there(tmp_path: Path) -> None:
    said = run("facts", write(tmp_path / "pack.yaml", LAB))[1]
    at = said.index("categories.blood:")
    assert said[:at].count("  Взятие крови — 700 ₸ один раз.\n") == 2, "that of each service"
    assert said[at:].count("Взятие крови — 700 ₸ один раз.") == 1 and "Қан алу" not in said
    assert "services.scan:\n  УЗИ — 6 000 ₸.\ncategories.blood" in said


LAB = """business: {name: А}
categories: [{id: blood, name: Анализы крови, note: {ru: взятие крови — 700 ₸ один раз, kk: қан алу — 700 ₸ бір рет}}]
services:
  - {id: count, name: Общий анализ крови, price: 2000, category: blood}
  - {id: sugar, name: Глюкоза, price: 900, category: blood}
  - {id: scan, name: УЗИ, price: 6000}
"""


def test_facts_of_a_pack_that_is_wrong_are_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", SMALL.replace("7000", "дорого"))
    assert run("facts", path) == run("check", path)
    assert run("facts", path)[0] == 1 and f"✗ {path}:4: services[0].price: is no amount" in run("facts", path)[1]


def test_wordings_show_what_each_branch_tells(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.yaml", CITY)
    assert run("wordings", path)[0] == 0
    listed = (tmp_path / "wordings.yaml").read_text(encoding="utf-8")
    assert "# Стрижка — 6 000 ₸. / Стрижка — 5 000 ₸." in listed


@pytest.mark.parametrize(
    ("per", "hinted"),
    [("проекция", True), ("день", True), ("{ru: за снимок, en: image}", True), ("за снимок", False), ("кг", False),
     ("м²", False), ("для одной собаки", False), ("100 г", False), ("/ шт", False), ("{ru: в день, kk: бір тіске, en: a day}", False)],
)  # fmt: skip
def test_a_price_that_would_read_oddly_is_hinted_at(tmp_path: Path, per: str, hinted: bool) -> None:
    text = f"business: {{name: А}}\nservices:\n  - id: xray\n    name: Снимок\n    variants: [{{name: лапа, price: 6000, per: {per}}}]\n"
    code, said = run("check", write(tmp_path / "pack.yaml", text))
    assert code == 0 and ("! xray: per" in said) is hinted, said


def test_no_example_has_an_odd_price() -> None:
    code, said = run("check", *sorted(EXAMPLES.glob("*/pack.yaml")))
    assert code == 0 and ": per " not in said


@pytest.mark.parametrize(
    ("text", "line"), [("services.cut: подравнять\n", 1), ("a: [x]\nB!: [y]\n", 2), ("a: [x\n", 2), ("- a\n", 1)]
)
def test_wordings_that_are_none_are_named_by_line_and_left_alone(tmp_path: Path, text: str, line: int) -> None:
    path, output = write(tmp_path / "pack.yaml", SMALL), write(tmp_path / "wordings.yaml", text)
    code, said = run("wordings", path, "--output", output)
    assert code == 1 and said.startswith(f"✗ {output}:{line}"), said
    assert output.read_text(encoding="utf-8") == text


def test_names_of_a_pack_are_said_in_sentences_of_their_language() -> None:
    known = Pack.model_validate({"business": {"name": "А"}, "services": [
        {"id": "spay", "name": {"ru": "Стерилизация", "kk": "Піштіру"}, "aliases": ["spaying"],
         "variants": [{"name": "кошка", "price": 1}]}], "products": [{"id": "leash", "name": "Поводок"}]})  # fmt: skip
    asked = {each.id: each.asked for each in entries(known, {}, texts_of(plugin))}
    assert {"сколько стоит стерилизация", "піштіру қанша тұрады", "how much is spaying",
            "сколько стоит стерилизация кошка"} <= set(asked["pack:services.spay"])  # fmt: skip
    assert "поводок есть в наличии?" in asked["pack:products.leash"]
    many = Pack.model_validate({"business": {"name": "А"}, "services": [
        {"id": f"s{number}", "name": f"Услуга {number}", "aliases": ["SMAS"], "variants": [{"name": "кошка", "price": 1}]}
        for number in range(500)]})  # fmt: skip
    said = [each.asked for each in entries(many, {}, texts_of(plugin)) if each.id.startswith("pack:services.")]
    assert sum(map(len, said)) <= 6_000, "a large pack is not taught for minutes"
    assert {"сколько стоит услуга 7", "сколько стоит smas", "how much is smas", "сколько стоит услуга 7 кошка"} <= set(
        said[7]
    )


def test_a_fact_is_asked_for_in_its_owners_words_and_in_everybodys() -> None:
    known = Pack.model_validate({"business": {"name": "А"}, "branches": [
        {"slug": "north", "name": "Север", "parking": "Во дворе"}, {"slug": "south", "name": "Юг", "parking": "Нет"}],
        "services": [{"id": "cut", "name": "Стрижка", "price": 7000, "branches": ["north"]}]})  # fmt: skip
    own = {
        "services.cut": ("подравнять кончики",),
        "place.parking": ("под снегом стоять?",),
        "services.gone": ("старое",),
    }
    asked = {each.id: each.asked for each in entries(known, {}, texts_of(plugin), wordings=own)}
    assert asked["pack:services.cut@north"][0] == "подравнять кончики"
    assert "сколько стоит стрижка" in asked["pack:services.cut@north"], "and in sentences made of its name"
    assert asked["pack:branches.north.parking"] == asked["pack:branches.south.parking"]
    assert (
        asked["pack:branches.north.parking"][0] == "под снегом стоять?"
        and len(asked["pack:branches.north.parking"]) > 30
    )
    assert not any("старое" in each for each in asked.values())
