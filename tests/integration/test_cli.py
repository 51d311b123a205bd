"""The command line as an operator uses it: one line for an error, sane exit codes, no traceback."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from truffles_gateway.catalog import Catalog
from truffles_gateway.cli import COMMANDS, OF_PLUGINS, main
from truffles_gateway.cli.actions import group_of
from truffles_gateway.cli.plugins import hooks_of
from truffles_gateway.errors import ConfigError
from truffles_gateway.store.connect import digest
from truffles_gateway.store.database import Database
from truffles_gateway.tenant_config import TenantConfig

Truffles = Callable[..., Result]
SALON = """
slug = "salon"
name = "Salon"
mode = "off"
webhook_secret = "env:CLI_SECRET"
[[plugins]]
name = "desk_log"

[[plugins]]
name = "policy"
"""


pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def salon(tmp_path: Path) -> Path:
    path = tmp_path / "salon.toml"
    path.write_text(SALON)
    return path


def query(url: str, sql: str, *args: Any) -> list[Any]:
    async def ask() -> list[Any]:
        database = Database(url)
        await database.connect()
        try:
            return list(await database.fetch(sql, *args))
        finally:
            await database.close()

    return asyncio.run(ask())


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        if (*path, name) == ("demo",):
            continue
        command = group.get_command(click.Context(group), name)
        assert command
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(commands(main)), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    assert "Example: " in command.help
    assert f"truffles {path[0]}" in command.help


def test_the_start_is_fast() -> None:
    start = time.perf_counter()
    command = [sys.executable, "-m", "truffles_gateway", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert re.search(r"^  telegram  +\w+", done.stdout, re.MULTILINE), (
        "what plugins bring is listed without importing them"
    )
    assert time.perf_counter() - start < 1.5  # 0.1 s on an idle machine


def test_plugins_that_bring_commands_name_them_for_the_help() -> None:
    named = {each.name for each in entry_points(group=OF_PLUGINS)}
    brought = {each.name for each in Catalog.scan().plugins() if each.actions}
    brought |= {command.name for each in Catalog.scan().plugins() for command in each.commands}
    assert named == brought


def test_check_names_every_problem(truffles: Truffles, salon: Path) -> None:
    assert truffles("tenants", "check", str(salon)).exit_code == 0
    salon.write_text(SALON.replace("mode", "mod") + '[[plugins]]\nname = "polcy"\n')
    result = truffles("tenants", "check", str(salon))
    assert result.exit_code == 1
    assert 'salon: mod: unknown key. Did you mean "mode"?' in result.output
    salon.write_text("slug = ")
    result = truffles("tenants", "check", str(salon))
    assert result.exit_code == 1
    assert "is not TOML" in result.output
    assert "Traceback" not in result.output


def test_a_branch_of_the_pack_that_the_tenant_does_not_have_is_told_by_line(truffles: Truffles, tmp_path: Path) -> None:
    head = 'slug = "shop"\nname = "Shop"\n[[branches]]\nslug = "north"\nname = "North"\n[[plugins]]\nname = "policy"\n'
    path, pack = tmp_path / "shop.toml", tmp_path / "pack.yaml"
    path.write_text(head + '[plugins.settings]\npack = "pack.yaml"\n')
    told = truffles("tenants", "check", str(path)).output
    assert 'plugins.policy.pack: is a text. Write { include = "pack.yaml" } for what is in that file' in told
    path.write_text(head + '[plugins.settings]\npack = { include = "pack.yaml" }\n')
    pack.write_text("business: {name: Shop}\nbranches:\n  - {slug: nort, name: North}\n")
    result = truffles("tenants", "check", str(path))
    assert result.exit_code == 1
    assert f'{pack}:3: branches[0].slug: there is no branch "nort". Did you mean "north"?' in result.output
    pack.write_text("business: {name: Shop}\nbranches:\n  - {slug: north, name: North}\n")
    result = truffles("tenants", "check", str(path))
    assert (result.exit_code, "no customer can write yet" in result.output) == (0, True), result.output


def test_apply_shows_a_diff_and_asks(truffles: Truffles, salon: Path, environment: dict[str, str]) -> None:
    refused = truffles("tenants", "apply", str(salon))
    assert refused.exit_code == 1
    assert "Add --yes" in refused.output
    assert truffles("tenants", "apply", str(salon), "--yes").exit_code == 0
    salon.write_text(SALON.replace('"Salon"', '"Beauty"'))
    changed = truffles("tenants", "apply", str(salon), "--yes")
    assert '-name = "Salon"' in changed.output
    assert '+name = "Beauty"' in changed.output
    assert "version 2" in changed.output
    assert "nothing changes" in truffles("tenants", "apply", str(salon), "--yes").output
    shown = truffles("tenants", "show", "salon")
    assert 'name = "Beauty"' in shown.output
    assert "hush" not in shown.output
    assert "Beauty" in truffles("tenants", "show").output
    missing = truffles("tenants", "show", "nobody")
    assert missing.exit_code == 1
    assert 'no tenant "nobody"' in missing.output


def test_a_code_binds_a_group_and_names_what_is_unknown(truffles: Truffles, salon: Path, database_url: str) -> None:
    unknown = truffles("tenants", "code", "salon")
    assert (unknown.exit_code, "Known: none yet" in unknown.output) == (1, True)
    with salon.open("a", encoding="utf-8") as file:
        file.write('\n[[branches]]\nslug = "north"\nname = "Север"\n')
    assert truffles("tenants", "apply", str(salon), "--yes").exit_code == 0
    wrong = truffles("tenants", "code", "salon", "--branch", "nroth")
    assert wrong.exit_code == 1
    assert "Known: north" in wrong.output
    codes = []
    for arguments in ((), (), ("--branch", "north")):
        made = truffles("tenants", "code", "salon", *arguments)
        assert made.exit_code == 0, made.output
        line, *more = made.output.splitlines()
        assert re.fullmatch(r"/connect [A-Z2-9]{5}-[A-Z2-9]{5}", line)
        assert "15 minutes" in "".join(more)
        codes.append(line.removeprefix("/connect "))
    rows = query(database_url, "SELECT client_id, branch, digest FROM connect_codes ORDER BY branch")
    assert [(each["branch"], each["digest"]) for each in rows] == [
        ("", digest(rows[0]["client_id"], codes[1])), ("north", digest(rows[0]["client_id"], codes[2])),
    ], "the newest counts, and only what can be checked is stored"  # fmt: skip


def test_what_a_failing_action_had_found_out_is_said_all_the_same(
    truffles: Truffles, salon: Path, environment: dict[str, str]
) -> None:
    async def look(_: object) -> list[str]:
        problem = ConfigError("there is no group")
        problem.add_note("bot: [well]")
        raise problem

    truffles("tenants", "apply", str(salon), "--yes")
    desk_log = next(each for each in Catalog.scan().plugins() if each.name == "desk_log")
    group = group_of(replace(desk_log, actions={"look": look}))
    result = CliRunner().invoke(group, ["look", "salon"], env=environment)
    assert (result.exit_code, result.output.strip()) == (1, "bot: [well]")


def test_new_writes_a_file_that_can_be_checked(truffles: Truffles, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    assert truffles("tenants", "new", "shop", "--file", str(path)).exit_code == 0
    result = CliRunner().invoke(main, ["tenants", "check", str(path)], env={"SHOP_WEBHOOK_SECRET": "x"})
    assert result.exit_code == 0, result.output
    assert truffles("tenants", "new", "shop", "--file", str(path)).exit_code == 1
    text = path.read_text()
    names = re.findall(r'"(env:\w+)"', text)
    assert len(names) == len(set(names)), "each secret has a name of its own"
    assert {"env:SHOP_CHATFLOW_TOKEN", "env:SHOP_TELEGRAM_TOKEN", "env:SHOP_TELEGRAM_WEBHOOK_SECRET"} <= set(names)
    path.write_text(
        re.sub(r"^# (?=[\[a-z_]+\]| ?[a-z_]+ = )", "", text[text.index("# [[branches]]") :], flags=re.MULTILINE)
    )
    sketch = tomllib.loads(path.read_text())
    assert (sketch["branches"][0]["slug"], sketch["branching"]["mode"]) == ("north", "by_instance")
    TenantConfig.model_validate({"slug": "shop", "name": "Shop", **sketch})


def test_reports_on_an_empty_gateway(truffles: Truffles) -> None:
    assert truffles("db", "upgrade").exit_code == 0
    assert truffles("ledger").exit_code == 0
    assert "policy" in truffles("plugins").output
    assert "everything was delivered" in truffles("outbox", "dead").output
    assert "nothing waits" in truffles("outbox", "list").output
    assert truffles("outbox", "resubmit").exit_code == 1
    assert "0 queued again" in truffles("outbox", "resubmit", "--all").output
    missing = truffles("why", "nothing")
    assert missing.exit_code == 1
    assert 'no message "nothing"' in missing.output


def test_errors_are_one_line(truffles: Truffles) -> None:
    for arguments, env, says in (
        (("ledger",), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "DATABASE_URL"),
        (("ledger",), {"PORT": "many"}, "Correct or unset PORT"),
        (("ledger", "nobody"), {}, 'no tenant "nobody"'),
        (("metrics", "http://127.0.0.1:9"), {}, "Is the gateway running?"),
        (("smoke", "localhost"), {}, "http://"),
    ):
        result = truffles(*arguments, **env)
        assert result.exit_code == 1
        assert says in result.output
        assert len(result.output.strip().splitlines()) == 1, result.output


def test_doctor_names_what_is_wrong(truffles: Truffles, salon: Path, environment: dict[str, str]) -> None:
    truffles("tenants", "apply", str(salon), "--yes")
    assert truffles("doctor").exit_code == 0
    environment.pop("CLI_SECRET")
    result = truffles("doctor")
    assert result.exit_code == 1
    assert "env:CLI_SECRET cannot be read" in result.output


def test_doctor_shows_what_keeps_failing(truffles: Truffles, salon: Path, database_url: str) -> None:
    truffles("tenants", "apply", str(salon), "--yes")
    query(
        database_url,
        """INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, attempts, error,
               created_at, due_at)
           SELECT id, gen_random_uuid(), 'k:' || n, 'desk', 'c', 'card', '{}', n, 'no [group] is set ' || n, now(),
               now() + n * interval '1 s' FROM clients, generate_series(2, 4) AS n""",
    )
    result = truffles("doctor")
    assert (result.exit_code, result.output.count("keep failing")) == (0, 1)
    assert "! outbox of salon, desk: 2 messages keep failing, the last one with: no [group] is set 4" in result.output


LINKING = """
from truffles_gateway.plugin import Capabilities, Plugin

plugin = Plugin(name="linking", version="1", create=lambda settings, resources: object(), channel="linking",
                capabilities=Capabilities(media=frozenset({"image"}), links=True))
"""


def test_doctor_tells_where_files_cannot_be_kept_or_linked(
    truffles: Truffles, salon: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that sends files as links is installed as any other is."""
    installed = tmp_path / "installed"
    (installed / "linking-1.dist-info").mkdir(parents=True)
    (installed / "linking-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: linking\nVersion: 1\n")
    points = "[truffles_gateway]\nlinking = linking_of_tests:plugin\n"
    (installed / "linking-1.dist-info" / "entry_points.txt").write_text(points)
    (installed / "linking_of_tests.py").write_text(LINKING)
    monkeypatch.syspath_prepend(str(installed))
    (tmp_path / "files").write_text("in the way")
    salon.write_text(f'{SALON}\n[[plugins]]\nname = "linking"\n\n[media]\nstorage_dir = "files"\n')
    applied = truffles("tenants", "apply", str(salon), "--yes")
    assert applied.exit_code == 0, applied.output
    result = truffles("doctor", PUBLIC_URL="")
    assert result.exit_code == 0  # all of it works: bytes go into the database, and who gets no link is told in words
    assert (
        f"! tenant salon: files in {tmp_path / 'files'}: Not a directory. Let the gateway's user write there"
        in result.output
    )
    assert "! tenant salon: linking: sends files as links, and nobody can open any. Set PUBLIC_URL" in result.output
    (tmp_path / "files").unlink()
    result = truffles("doctor", PUBLIC_URL="https://gateway.example")
    assert "as links" not in result.output
    assert f"✓ tenant salon: files in {tmp_path / 'files'}\n" in result.output


def test_files_are_counted_cleaned_and_their_links_ended(truffles: Truffles, salon: Path, database_url: str) -> None:
    salon.write_text(f"{SALON}\n[media]\nttl_days = 2\nquota_mb = 4\n")
    truffles("tenants", "apply", str(salon), "--yes")
    query(
        database_url,
        """WITH put AS (INSERT INTO blobs (client_id, sha256, size, data, created_at, used_at)
               SELECT id, md5(n::text) || md5(n::text), 1048576, '', now(), now() - n * interval '1 day'
               FROM clients, generate_series(0, 3) n)
           INSERT INTO blob_stores (client_id, used_bytes) SELECT id, 4 * 1048576 FROM clients""",
    )
    for tenant in ((), ("--tenant", "salon")):
        line = truffles("media", "usage", *tenant).output.splitlines()[-2]
        assert re.sub(r"[│\s]+", " ", line).strip() == "salon 4 4.0 4 100% 2 PostgreSQL"
    count = "SELECT count(*) AS files FROM blobs"
    assert "salon: 2 files, 2.0 MB would be deleted" in truffles("media", "cleanup", "--dry-run").output
    assert query(database_url, count)[0]["files"] == 4
    assert "salon: 2 files, 2.0 MB deleted" in truffles("media", "cleanup", "--tenant", "salon").output
    result = truffles("media", "cleanup")
    assert (result.exit_code, query(database_url, count)[0]["files"]) == (0, 2)
    assert "salon: 0 files, 0.0 MB deleted" in result.output
    key = "SELECT link_key, used_bytes FROM blob_stores"
    before = query(database_url, key)[0]
    assert (len(before["link_key"]), before["used_bytes"]) == (32, 2 * 1048576)
    assert truffles("media", "rotate-links", "--tenant", "salon").exit_code == 0
    assert query(database_url, key)[0]["link_key"] != before["link_key"]
    for command in ("usage", "cleanup", "rotate-links"):
        result = truffles("media", command, "--tenant", "nobody")
        assert (result.exit_code, 'no tenant "nobody"' in result.output) == (1, True)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('quota_mb = "much"', "media.quota_mb"),
        ("quota_mb = 0", "media.quota_mb: must be greater than 0. Write a number above 0"),
        ("ttl_days = -1", "media.ttl_days: must be greater than 0. Write a number above 0"),
        ("storage_dir = 7", "media.storage_dir: must be a text"),
    ],
)
def test_what_is_wrong_with_storage_is_named(truffles: Truffles, salon: Path, line: str, says: str) -> None:
    salon.write_text(f"{SALON}\n[media]\n{line}\n")
    result = truffles("tenants", "check", str(salon))
    assert (result.exit_code, says in result.output) == (1, True), result.output


def test_a_list_of_wordings_that_nobody_has_filled_yet_is_no_fault_and_a_stray_one_is_named(
    truffles: Truffles, salon: Path
) -> None:
    included = 'pack = { include = "pack.yaml" }\nwordings = { include = "wordings.yaml" }\n'
    salon.write_text(SALON.replace('name = "policy"\n', f'name = "policy"\n[plugins.settings]\n{included}'))
    pack, wordings = salon.with_name("pack.yaml"), salon.with_name("wordings.yaml")
    pack.write_text("business: {name: Салон}\nplace: {parking: Во дворе}\n", encoding="utf-8")
    assert truffles("pack", "wordings", str(pack), "--output", str(wordings), "--each", "100").exit_code == 0
    assert all(line.startswith("#") for line in wordings.read_text(encoding="utf-8").splitlines() if line)
    result = truffles("tenants", "check", str(salon))
    assert (result.exit_code, "!" in result.output) == (0, False), result.output
    said = pack.read_text(encoding="utf-8")
    pack.write_text("# nothing yet\n", encoding="utf-8")
    assert "pack.yaml:1: business: is missing. Add it" in truffles("tenants", "check", str(salon)).output
    pack.write_text(said, encoding="utf-8")

    wordings.write_text("place.parking:\n  - где встать\nservices.zzz:\n  - починить\n", encoding="utf-8")
    for command in (("check",), ("apply", "--yes")):
        result = truffles("tenants", *command, str(salon))
        assert result.exit_code == 0, result.output
        assert "wordings.yaml:3: services.zzz: the pack has no fact of this id for these wordings" in result.output
        assert "Give them the fact's id, or delete them" in result.output
        assert "place.parking:" not in result.output.partition("✓")[0]


def test_who_words_a_category_that_branches_have_otherwise_hears_where_the_words_belong(
    truffles: Truffles, salon: Path
) -> None:
    included = 'pack = { include = "pack.yaml" }\nwordings = { include = "wordings.yaml" }\n'
    salon.write_text(
        SALON.replace('name = "policy"\n', f'name = "policy"\n[plugins.settings]\n{included}')
        + "".join(f'\n[[branches]]\nslug = "{each}"\nname = "{each}"\n' for each in ("north", "south")),
        encoding="utf-8",
    )
    salon.with_name("pack.yaml").write_text(
        "business: {name: Салон}\nbranches: [{slug: north, name: Север}, {slug: south, name: Юг}]\n"
        "categories: [{id: cards, name: Абонементы}, {id: water, name: Бассейн}]\nservices:\n"
        "  - {id: month, name: Месяц, price: 9000, category: cards, at: {north: {price: 8000}}}\n"
        "  - {id: swim, name: Заплыв, price: 500, category: water}\n",
        encoding="utf-8",
    )
    salon.with_name("wordings.yaml").write_text("categories.cards: [карточка]\ncategories.water: [вода]\n", "utf-8")
    result = truffles("tenants", "check", str(salon))
    assert result.exit_code == 0, result.output
    [told] = [line for line in result.output.splitlines() if "categories." in line]
    assert "wordings.yaml:1: categories.cards: the pack has no fact of this id for these wordings" in told
    assert "write them as aliases of the category, or for its services" in told


def test_sync_names_files_that_it_does_not_read(truffles: Truffles, salon: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "about.md").write_text("## Адрес\n\nУлица Примерная, 1.\n", encoding="utf-8")
    (facts / "price.docx").write_bytes(b"PK")
    salon.write_text(f'{SALON}\n[[plugins]]\nname = "rag_qdrant"\n')
    assert truffles("tenants", "apply", str(salon), "--yes").exit_code == 0
    result = truffles("knowledge", "sync", "salon", str(facts))
    assert result.exit_code == 0, result.output
    assert "! price.docx: was not read; what is read ends in .md" in result.output
    assert "✓ salon: 1 added" in result.output


def test_sync_names_tags_that_meet_no_branch(truffles: Truffles, salon: Path, tmp_path: Path) -> None:
    branches = "".join(
        f'\n[[branches]]\nslug = "{slug}"\nname = "{slug}"\nknowledge_tag = "{tag}"\n'
        for slug, tag in (("north", "abay"), ("south", "dostik"), ("mall", "mega"))
    )
    salon.write_text(f'{SALON}\n[[plugins]]\nname = "rag_qdrant"\n{branches}')
    assert truffles("tenants", "apply", str(salon), "--yes").exit_code == 0
    facts = tmp_path / "facts"
    for tag in ("abai", "dostyk", "mega", "xyz"):
        (facts / f"@{tag}").mkdir(parents=True)
        (facts / f"@{tag}" / "about.md").write_text("## Адрес\nНаш адрес: улица Северная, 1.\n", "utf-8")
    result = truffles("knowledge", "sync", "salon", str(facts))
    assert result.exit_code == 0, result.output
    assert '@abai: no branch has this knowledge_tag. Did you mean "abay"?' in result.output
    assert "@xyz: no branch has this knowledge_tag. Write it at a branch" in result.output
    south = 'branch south: there is no fact under its knowledge_tag @dostik. Did you mean "dostyk"?'
    assert south in result.output
    assert "mega" not in result.output


def test_serve_smoke_why_and_a_clean_end(truffles: Truffles, salon: Path, environment: dict[str, str]) -> None:
    truffles("tenants", "apply", str(salon), "--yes")
    command = [sys.executable, "-m", "truffles_gateway", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    try:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        url = found[0]
        smoke = truffles("smoke", url, "--tenant", "salon", "--secret", "env:CLI_SECRET")
        assert smoke.exit_code == 0, smoke.output
        assert truffles("smoke", url, "--tenant", "salon").exit_code == 1
        assert "events_accepted_total" in truffles("metrics", url).output
        body = {"client_slug": "salon", "remote_jid": "a", "content": "Hi", "channel": "desk_log", "message_id": "m1"}
        answer = httpx.post(f"{url}/message", json=body, headers={"X-Webhook-Secret": "hush"}, trust_env=False)
        assert answer.status_code == 200
        ticked = httpx.post(f"{url}/admin/outbox/process", headers={"Authorization": "Bearer admin"}, trust_env=False)
        assert ticked.status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        if process.stdout:
            process.stdout.close()
    told = truffles("why", "m1")
    assert told.exit_code == 0
    assert "Hi" in told.output
    assert truffles("ledger", "salon").exit_code == 0


def test_dead_letters_are_listed_and_sent_again(truffles: Truffles, salon: Path, database_url: str) -> None:
    truffles("tenants", "apply", str(salon), "--yes")
    query(
        database_url,
        """INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, status, attempts, error,
               created_at, due_at, expires_at)
           SELECT id, gen_random_uuid(), 'k:' || s, 'x', '77000000001', 'human', '{"text": "hello"}', s, 9, 'no', now(),
               now(), now() FROM clients, unnest(ARRAY['dead', 'expired', 'flagged']) AS s""",
    )
    listed = truffles("outbox", "dead")
    assert listed.output.count("hello") == 3
    assert "77000000001" not in listed.output
    assert "1 queued again" in truffles("outbox", "resubmit", "--all").output
    (flagged,) = query(database_url, "SELECT id FROM outbox_messages WHERE status = 'flagged'")
    assert "1 queued again" in truffles("outbox", "resubmit", flagged["id"]).output
    rows = query(
        database_url,
        "SELECT key, attempts, repeat, expires_at FROM outbox_messages WHERE status = 'queued' ORDER BY key",
    )
    assert [tuple(row) for row in rows] == [("k:dead", 0, False, None), ("k:flagged", 0, True, None)]
    assert truffles("outbox", "resubmit", "not-an-id").exit_code == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'[/red]' = 1", "[/red]: unknown key"),
        ('[[agents]]\nname = "x"\nrole = "owner"\nbranch = "[/bold]"', 'no branch "[/bold]"'),
        (f"media = {'[' * 3000}{']' * 3000}", "nested too deeply"),
        (f"[desk]\nidle_hours = {'9' * 5000}", "a number that is too long"),
    ],
)
def test_whatever_stands_in_a_config_is_a_named_problem(
    truffles: Truffles, tmp_path: Path, text: str, expected: str
) -> None:
    """Square brackets are the markup of the terminal, and a parser has limits of its own."""
    path = tmp_path / "odd.toml"
    path.write_text(f'slug = "odd"\nname = "Odd"\n{text}\n')
    result = truffles("tenants", "check", str(path))
    assert result.exit_code == 1
    assert expected in " ".join(result.output.split())
    assert "unexpected" not in result.output


def test_a_new_tenant_gets_its_plugins_in_the_order_in_which_they_should_be_asked(
    truffles: Truffles, tmp_path: Path
) -> None:
    written = tmp_path / "fresh.toml"
    assert truffles("tenants", "new", "fresh", "--file", str(written)).exit_code == 0
    names = re.findall(r'^#? ?name = "(\w+)"', written.read_text(), re.MULTILINE)
    assert [
        names.index(name) for name in ("media", "speech_openai", "policy", "rag_qdrant", "answer_local", "chatflow")
    ] == sorted(
        names.index(name) for name in ("media", "speech_openai", "policy", "rag_qdrant", "answer_local", "chatflow")
    )
    refused = truffles("tenants", "new", "Bad Slug")
    assert refused.exit_code != 0
    assert "lower-case" in refused.output


def test_a_time_may_be_written_as_toml_has_it(truffles: Truffles, tmp_path: Path) -> None:
    file = tmp_path / "salon.toml"
    file.write_text("connected_at = 2026-10-01T00:00:00Z\n" + SALON)
    assert truffles("tenants", "check", str(file)).exit_code == 0


def test_another_kind_of_database_is_named(truffles: Truffles) -> None:
    result = truffles("ledger", DATABASE_URL="mysql://somewhere/db")
    assert result.exit_code != 0
    assert "postgresql://" in result.output


def test_dead_letters_of_an_unknown_tenant_are_no_good_news(truffles: Truffles) -> None:
    result = truffles("outbox", "dead", "--tenant", "nope")
    assert result.exit_code != 0
    assert 'no tenant "nope"' in result.output


def test_plugins_show_the_hooks_of_a_retriever() -> None:
    shown = {each.name: hooks_of(each) for each in Catalog.scan().plugins()}
    assert shown["rag_qdrant"] == ["retrieve"]
    assert shown["policy"] == ["on_inbound", "classify", "retrieve", "answer"]
