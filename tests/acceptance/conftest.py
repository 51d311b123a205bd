"""A salon on a simulated WhatsApp, ready to be written to."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
import structlog
from click.testing import CliRunner
from truffles_chatflow.simulator import Simulator

from truffles_gateway.catalog import Catalog, Installed
from truffles_gateway.cli import main
from truffles_gateway.messages import Draft, Inbound
from truffles_gateway.observability import set_up_logging
from truffles_gateway.plugin import Capabilities, Plugin, hookimpl
from truffles_gateway.testing import Rig

SECRET = "secret-of-tests"
os.environ.setdefault("TEST_WEBHOOK_SECRET", SECRET)
os.environ.setdefault("TEST_CHATFLOW_TOKEN", "token-of-tests")


def salon(chatflow_url: str, slug: str = "salon", **changes: Any) -> dict[str, Any]:
    """A tenant's config with every plugin that works without a key; bursts wait a tenth of a second."""
    settings = {"base_url": chatflow_url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": slug}
    return {
        "slug": slug,
        "name": "Salon",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
        "desk": {"quiet_from": 0, "quiet_until": 0},
        "plugins": [
            {"name": "policy"},
            {"name": "rag_qdrant"},
            {"name": "answer_local"},
            {"name": "desk_log"},
            {"name": "chatflow", "settings": settings},
        ],
        "agents": [{"name": "Owner", "role": "owner", "identities": [{"channel": "desk_log", "id": "owner"}]}],
        **changes,
    }


@dataclass
class Salon:
    """The gateway and the phone network around it."""

    rig: Rig
    sim: Simulator

    async def texts(self, jid: str, count: int, seconds: float = 10.0) -> list[str]:
        """What the customer has read, once it is at least `count` messages."""
        return [message.text for message in await self.sim.wait(jid, count, seconds)]

    def read(self, jid: str) -> list[str]:
        """What the customer has read so far."""
        return [message.text for message in self.sim.read(jid)]

    async def ask(self, jid: str, text: str, **more: Any) -> str:
        """A customer writes; the last of what they read by the time everything is done, "" if they read nothing new."""
        before = len(self.read(jid))
        await self.write(jid, text, **more)
        await self.rig.settled()
        new = self.read(jid)[before:]
        return new[-1] if new else ""

    async def write(self, jid: str, text: str = "", **more: Any) -> None:
        """A customer writes, at the moved clock's time."""
        at = more.pop("timestamp", self.rig.clock.now().timestamp())
        answer = await self.sim.write(jid, text, timestamp=at, **more)
        assert answer.status_code == 200, answer.text

    async def reply(self, text: str, handover: str = "", manager: str = "Aliya", **more: Any) -> None:
        """A manager writes to the customer of a handover (or, with `remote_jid`, to an address)."""
        about = {"handover_id": handover} if handover else {}
        await self._desk("reply", text=text, manager={"id": manager.lower(), "name": manager}, **about, **more)

    async def press(self, action: str, handover: str, manager: str = "Aliya") -> str:
        """A manager presses a button; what the button answers."""
        before = len(await self.desk("callback"))
        await self._desk(
            "action", action=action, handover_id=handover, manager={"id": manager.lower(), "name": manager}
        )
        answers = await self.desk("callback")
        return answers[-1] if len(answers) > before else ""

    async def decide(self, action: str, learned: str, manager: str = "Owner") -> str:
        """A manager presses a button under a learned answer; what the button answers."""
        await self._desk("action", action=action, learned_id=learned, manager={"id": manager.lower(), "name": manager})
        return (await self.desk("callback"))[-1]

    async def decide_draft(self, action: str, draft: str, manager: str = "Aliya") -> str:
        """A manager presses a button under a draft; what the button answers."""
        await self._desk("action", action=action, draft_id=draft, manager={"id": manager.lower(), "name": manager})
        return (await self.desk("callback"))[-1]

    async def _desk(self, path: str, **body: Any) -> None:
        answer = await self.rig.admin("POST", f"/admin/desk/{path}", json={"client_slug": "salon", **body})
        assert answer.status_code == 200, answer.text
        await self.rig.settled()

    async def desk(self, kind: str = "") -> list[str]:
        """The texts that the desk was shown, of one kind or of all (a change to a card's buttons alone has none)."""
        rows = await self.rig.rows(
            "SELECT payload->>'text' AS text FROM outbox_messages WHERE channel = 'desk_log' AND status <> 'withdrawn'"
            " AND ($1 = '' OR kind = $1) AND NOT (kind = 'update' AND payload->>'text' = '') ORDER BY seq",
            kind,
        )
        return [row["text"] for row in rows]

    async def state(self, jid: str = "") -> tuple[str, list[tuple[str, str | None]]]:
        """The state of a customer's (or of the only) conversation, and (status, resolution) of its handovers."""
        [conversation] = await self.rig.rows(
            "SELECT c.id, c.state FROM conversations c JOIN users u ON u.id = c.user_id"
            " WHERE $1 = '' OR u.remote_jid = $1",
            jid,
        )
        rows = await self.rig.rows(
            "SELECT status, resolution FROM handovers WHERE conversation_id = $1 ORDER BY created_at",
            conversation["id"],
        )
        return conversation["state"], [(row["status"], row["resolution"]) for row in rows]

    async def handover(self, jid: str = "") -> str:
        """The id of a customer's (or of anybody's) latest handover."""
        rows = await self.rig.rows(
            "SELECT h.id FROM handovers h JOIN users u ON u.id = h.user_id WHERE $1 = '' OR u.remote_jid = $1"
            " ORDER BY h.created_at DESC LIMIT 1",
            jid,
        )
        assert rows, "no handover"
        return str(rows[0]["id"])

    async def outcomes(self) -> list[tuple[str, str]]:
        """How the customers' events ended, oldest first, with the reason."""
        rows = await self.rig.rows(
            "SELECT outcome, outcome_reason FROM inbox_events WHERE kind = 'customer' ORDER BY seq"
        )
        return [(row["outcome"], row["outcome_reason"]) for row in rows]

    async def pass_time(self, **by: float) -> None:
        """Time goes by; what is due then is done."""
        self.rig.clock.advance(**by)
        await self.rig.tick()
        await self.rig.settled()

    async def balanced(self, **counts: int) -> None:
        """Do the sums of the ledger match, and are these its figures for the tenant?"""
        ledger = await self.rig.ledger()
        assert ledger["balanced"], ledger
        [line] = [each for each in ledger["tenants"] if each["tenant"] == "salon"]
        assert {name: line[name] for name in counts} == counts


def plugin_of(name: str, channel: str = "", *, desk: bool = False, **hooks: Callable[..., Any]) -> Plugin:
    """A plugin with these hooks, installed for one test only."""
    made = SimpleNamespace(**{hook: hookimpl(function) for hook, function in hooks.items()})
    return Plugin(
        name=name, version="1", create=lambda settings, resources: made, channel=channel,
        capabilities=Capabilities(desk=desk),
    )  # fmt: skip


@cache
def _installed() -> tuple[Installed, ...]:
    return tuple(Catalog.scan().installed.values())


def catalog_with(*plugins: Plugin) -> Catalog:
    """What is installed, and these."""
    return Catalog([*_installed(), *(Installed(name=each.name, plugin=each) for each in plugins)])


SalonOf = Callable[..., Awaitable[Salon]]


@pytest_asyncio.fixture
async def sim() -> AsyncIterator[Simulator]:
    """The provider's side."""
    async with Simulator(tenant="salon", secret=SECRET) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def salon_of(rig_of: Callable[..., Awaitable[Rig]], sim: Simulator) -> SalonOf:
    """Starts a gateway that serves the tenant `salon`; keyword arguments change its config.

    `extra` are plugins of the test that come first, `brain` the names of the plugins that think (no vector store: it
    takes a second to start), `options` are the rig's.
    """

    async def start(
        *, extra: Sequence[Plugin] = (), brain: Sequence[str] = ("policy",), options: dict[str, Any] | None = None,
        catalog: Catalog | None = None, **changes: Any,
    ) -> Salon:  # fmt: skip
        config = salon(sim.url, **changes)
        config["plugins"] = changes.get("plugins") or [
            *({"name": each} for each in [*(plugin.name for plugin in extra), *brain]),
            *(each for each in config["plugins"] if each["name"] in ("desk_log", "chatflow")),
        ]
        rig = await rig_of(config, catalog=catalog or catalog_with(*extra), **(options or {}))
        sim.gateway = rig.url
        return Salon(rig, sim)

    return start


@pytest.fixture
def salon_config(sim: Simulator) -> Callable[..., dict[str, Any]]:
    """The salon's config, with changes, as a file of it would have it."""
    return lambda **changes: salon(sim.url, **changes)


@pytest.fixture
def jid() -> str:
    """A customer."""
    return "77000000011@s.whatsapp.net"


class Stub:
    """Makes plugins for one test."""

    plugin = staticmethod(plugin_of)

    @staticmethod
    def draft(text: str) -> Draft:
        """The tenant's own words."""
        return Draft(text=text, verbatim=True)

    @staticmethod
    def knows(word: str, fact: str, name: str = "knows") -> Plugin:
        """A plugin that answers whatever holds `word` with `fact`."""

        def answer(message: Inbound) -> Draft | None:
            return Draft(text=fact, verbatim=True) if word in message.text.lower() else None

        return plugin_of(name, answer=answer)


@pytest.fixture
def stub() -> Stub:
    """Plugins of the test's own."""
    return Stub()


@pytest.fixture
def logs(caplog):
    """Logs as an operator gets them; the lines written since, as dictionaries."""
    root, structured = logging.getLogger(), structlog.get_config()
    before = root.handlers[:], root.level
    set_up_logging("info", "json")
    yield lambda: [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    root.handlers[:], level = before[0], before[1]
    root.setLevel(level)
    structlog.configure(**structured)


@pytest.fixture
def truffles(database_url, moved_clock, tmp_path):
    """Runs a command of the operator's beside the gateway: its exit code, and what it printed."""
    root, structured = logging.getLogger(), structlog.get_config()
    before, level = root.handlers[:], root.level
    environment = {
        "DATABASE_URL": database_url, "TRUFFLES_DATA_DIR": str(tmp_path), "TRUFFLES_CLOCK_FILE": str(moved_clock.path),
    }  # fmt: skip

    async def run(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, main, words, env=environment)
        return result.exit_code, result.output

    yield run
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**structured)
