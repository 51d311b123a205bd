"""What an operator is told of a config that can be used and will disappoint, or cannot be used: cause, place and cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Truffles = Callable[..., Result]
Written = Callable[..., Path]
HEAD = 'slug = "velo"\nname = "Velo"\nwebhook_secret = "env:CLI_SECRET"\n'

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def velo(tmp_path: Path) -> Written:
    """Write a tenant's file: its top keys, then its plugins by name; `more` is what stands below."""

    def write(*plugins: str, top: str = "", more: str = "") -> Path:
        path = tmp_path / "velo.toml"
        blocks = "".join(f'[[plugins]]\nname = "{name}"\n' for name in plugins)
        path.write_text(f"{HEAD}{top}\n{blocks}{more}", encoding="utf-8")
        return path

    return write


BRANCH = '[[branches]]\nslug = "north"\nname = "North"\nmode = "auto"\n'


@pytest.mark.parametrize(
    ("plugins", "top", "more", "told"),
    [
        (("policy",), 'mode = "auto"', "", ["mode"]),
        (("policy",), 'mode = "off"', BRANCH, ["branches[0].mode"]),
        (("policy", "desk_log"), 'mode = "auto"', BRANCH, []),
        (("policy",), 'mode = "shadow"', "", []),
        (("policy",), 'mode = "auto"\nstatus = "suspended"', "", []),
    ],
)
def test_a_tenant_whose_handovers_nobody_sees_is_told_so(
    truffles: Truffles, velo: Written, plugins: tuple[str, ...], top: str, more: str, told: list[str]
) -> None:
    path = str(velo(*plugins, top=top, more=more))
    lines = [
        f'! velo: {where}: "auto" promises customers a person, and nobody is told: no plugin here shows handovers to'
        " people. Add one that does (installed: desk_log, telegram)"
        for where in told
    ]
    for command in (("tenants", "check", path), ("tenants", "apply", path, "--yes"), ("doctor",)):
        result = truffles(*command)
        assert result.exit_code == 0, result.output
        found = [
            each.replace("! tenant velo", "! velo") for each in result.output.splitlines() if "nobody is told" in each
        ]
        assert found == lines, result.output


PACK = "business: {name: Velo}\nservices:\n  - {id: repair, name: Repair, price: 5000}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("pack", "import", "{here}", "--output", "{gone}/x.yaml"),
        ("pack", "schema", "--output", "{gone}/x.yaml"),
        ("pack", "wordings", "{here}/pack.yaml", "--output", "{gone}/x.yaml"),
        ("eval", "run", "{here}/battery.yaml", "--json", "{gone}/x.yaml"),
        ("eval", "run", "{here}/battery.yaml", "--junit", "{gone}/x.yaml"),
        ("eval", "replay", "velo", "--json", "{gone}/x.yaml"),
    ],
)
def test_a_folder_that_is_not_there_is_named_with_its_cure(
    truffles: Truffles, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """`eval` looks before it runs: neither battery nor tenant of these could be tried."""
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "about.md").write_text("# Velo\n\nRepair: 5000\n", encoding="utf-8")
    (tmp_path / "battery.yaml").write_text("none", encoding="utf-8")
    gone = tmp_path / "nonexistent"
    result = truffles(*(each.format(here=tmp_path, gone=gone) for each in words))
    assert result.exit_code == 1
    told = f"Error: {gone}/x.yaml: there is no folder {gone}. Make it, or name another file"
    assert told in result.output.splitlines(), result.output


def test_a_qdrant_server_that_is_away_is_named_with_its_cure(truffles: Truffles, velo: Written, tmp_path: Path) -> None:
    address = "http://127.0.0.1:9"
    path = velo("desk_log", "rag_qdrant", more=f'settings = {{ qdrant_url = "{address}" }}\n')
    assert truffles("tenants", "apply", str(path), "--yes").exit_code == 0
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "about.md").write_text("## Where\nVymyshlennaya street, 12.\n", encoding="utf-8")
    told = f"Qdrant: {address}: All connection attempts failed. Start it, or correct qdrant_url and qdrant_api_key"
    synced = truffles("knowledge", "sync", "velo", str(facts))
    assert (synced.exit_code, synced.output.splitlines()[-1]) == (
        1, f"Error: velo: plugins.rag_qdrant: {told}. Then run this again",
    )  # fmt: skip
    looked = truffles("doctor")
    assert looked.exit_code == 1
    assert f"✗ tenant velo: rag_qdrant: {told}" in looked.output.splitlines(), looked.output


@pytest.mark.parametrize(
    ("plugins", "settings", "deaf"),
    [
        (("policy", "desk_log"), "", True),
        (("telegram",), 'settings = { token = "env:CLI_SECRET", webhook_secret = "env:CLI_SECRET" }\n', False),
    ],
)
def test_a_desk_that_customers_write_to_is_a_channel(
    truffles: Truffles, velo: Written, plugins: tuple[str, ...], settings: str, deaf: bool
) -> None:
    result = truffles("tenants", "check", str(velo(*plugins, more=settings)))
    assert (result.exit_code, "no customer can write yet" in result.output) == (0, deaf), result.output


def test_a_code_that_nobody_would_take_is_told_so(truffles: Truffles, velo: Written) -> None:
    truffles("tenants", "apply", str(velo("desk_log")), "--yes")
    told = "! velo: no plugin of it has a desk in groups, and nothing reads this line. Add one (installed: telegram)"
    made = truffles("tenants", "code", "velo")
    assert (made.exit_code, made.output.splitlines()[2:]) == (0, [told])
    settings = 'settings = { token = "env:CLI_SECRET", webhook_secret = "env:CLI_SECRET" }\n'
    truffles("tenants", "apply", str(velo("telegram", more=settings)), "--yes")
    assert "nothing reads this line" not in truffles("tenants", "code", "velo").output


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (
            '[texts.ru]\ngreeting_again = "Привет {foo} от {business}"\n',
            [
                "texts.ru.greeting_again: {foo} would be said as it stands: a value is written {{ name }}. Values of",
                "texts.ru.greeting_again: {business} would be said as it stands",
            ],
        ),
        (
            '[texts.en]\nhuman_confirm_pending = "ok"\nbranch_question = "{ choices }: {{ choices }}"\n',
            ["texts.en.branch_question: { choices } would be said as it stands: a value is written {{ name }}. Values"],
        ),
        (
            '[texts.de]\ngreeting = "Hallo"\n',
            ["texts.de: unknown language. Nobody would read it. Known here: ru, kk, en"],
        ),
    ],
)
def test_texts_that_customers_would_read_in_braces_or_never_are_named(
    truffles: Truffles, velo: Written, texts: str, told: list[str]
) -> None:
    result = truffles("tenants", "check", str(velo("desk_log", more=texts)))
    assert result.exit_code == 1
    for line in told:
        assert f"✗ velo: {line}" in result.output, result.output
    assert result.output.count("✗") == len(told)


def test_a_new_file_shows_where_the_pack_is_named(truffles: Truffles, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    assert truffles("tenants", "new", "shop", "--file", str(path)).exit_code == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    at = lines.index('# name = "policy"')
    assert lines[at + 1 : at + 3] == ["# [plugins.settings]", '# pack = {include = "pack.yaml"}']


def test_a_file_that_is_not_there_is_told_with_the_line_that_names_it(
    truffles: Truffles, velo: Written, tmp_path: Path
) -> None:
    path = velo("policy", more='settings = { pack = { include = "gone.yaml" } }\n')
    result = truffles("tenants", "check", str(path))
    assert result.exit_code == 1
    told = f'✗ {path}:7: plugins[0].settings.pack: there is no file "{tmp_path / "gone.yaml"}". Write it, or correct'
    assert told in result.output, result.output


def test_a_secret_that_is_not_there_is_told_with_its_cure(truffles: Truffles, velo: Written) -> None:
    path = velo("desk_log")
    for reference, told in (
        (
            "file:/nowhere/secret",
            "No such file or directory. Put the secret into that file, readable for the gateway's user, or name another",
        ),
        ("env:NOT_SET", "no such environment variable. Set it where the gateway is started"),
    ):
        text = HEAD.replace("env:CLI_SECRET", reference)
        path.write_text(text, encoding="utf-8")
        result = truffles("tenants", "check", str(path))
        assert f"✗ velo: webhook_secret: {reference} cannot be read: {told}\n" in result.output


def test_all_that_is_wrong_with_a_battery_has_lines_of_its_own(truffles: Truffles, tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    case = "  - {id: c%d, category: x, language: fr, say: hi}\n"
    path.write_text("battery: b\ncases:\n" + "".join(case % each for each in range(12)), encoding="utf-8")
    result = truffles("eval", "run", str(path), "--tenant", "velo")
    assert result.exit_code == 1
    lines = [each.strip() for each in result.output.splitlines()]
    told = "cases[{0}].language: must be one of ru, kk, en, mixed"
    wanted = [f"{path}:{each + 3}: {told.format(each)}" for each in range(10)]
    assert [each.rstrip(".") for each in lines[1:]] == [*wanted, f"{path}: and 2 more"], result.output
