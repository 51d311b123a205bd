"""A shop with everything around it: customers' phones, the managers' group in Telegram, a model, a vector store.

All of it speaks HTTP: only the customers, the managers and the model are played.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from llmock.pytest_plugin import LLMock
from truffles_chatflow.simulator import Simulator as Phones
from truffles_telegram.simulator import MANAGER, TOKEN, Message, User
from truffles_telegram.simulator import Simulator as Telegram

from truffles_gateway.testing import GatewayProcess, MovedClock, Rig
from truffles_gateway.testing.rig import HELD_BACK

WEBHOOK_SECRET, CHATFLOW_TOKEN, MODEL_KEY = "webhook-secret-7c1d", "chatflow-token-91ab", "sk-model-key-5f1d"
SECRETS = {"TEST_CIRCLE_WEBHOOK": WEBHOOK_SECRET, "TEST_CIRCLE_CHATFLOW": CHATFLOW_TOKEN,
           "TEST_CIRCLE_BOT": TOKEN, "TEST_CIRCLE_MODEL": MODEL_KEY}  # fmt: skip
os.environ.update(SECRETS)

OWNER = User(id=900, first_name="Айгерим", username="aigerim")
STRANGER = User(id=666, first_name="Мимо", username="passer_by")
PUBLIC = "https://gateway.example"
"""Where WhatsApp reaches the gateway, of shops that are given this as their `public_url`."""
FACTS = """
## Парковка
Парковка во дворе бесплатная для клиентов.

## Маникюр
Маникюр с покрытием стоит 5 000 ₸.
"""
HELD = 3.5  # words of a manager wait 3 s, so that an edit counts
WAITING = f"""
SELECT 1 FROM inbox_events WHERE outcome IS NULL
UNION ALL SELECT 1 FROM outbox_messages o WHERE status = 'sending'
    OR (status = 'queued' AND attempts = 0 AND NOT ({HELD_BACK})
        AND due_at <= $1::timestamptz + interval '2 s') -- a bot's own limit holds no longer
UNION ALL SELECT 1 FROM jobs WHERE status = 'waiting' AND run_at <= $1
LIMIT 1
"""


class Model:
    """What the model says, whatever it is asked: the same words sort a message and answer it."""

    def __init__(self, double: LLMock) -> None:
        self._double = double.reset()
        self.says("")

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._double.base_url("openai")

    def says(self, answer: str, *, route: str = "answer", language: str = "ru", **more: Any) -> None:
        """From now on: that the message is to be routed so, and answered so from the first source that it is shown."""
        sorted_as = {"why": "a test", "route": route, "intent": "question", "language": language, "business": True}
        given = {"sources": ["p1"], "answer": answer, "unanswered": [], "confidence": 0.95}
        self._double.reset().reply(json.dumps(sorted_as | given | more, ensure_ascii=False), times=None)

    @property
    def read(self) -> list[str]:
        """What others wrote, as it was shown it since it last got its words: one text a request."""
        return [str(record.body["messages"][1]["content"]) for record in self._double.requests]

    @property
    def told(self) -> list[str]:
        """Its instructions, one text a request."""
        return [str(record.body["messages"][0]["content"]) for record in self._double.requests]


@dataclass
class Shop:
    """One tenant on the gateway, with the worlds of its customers and its managers."""

    rig: Rig
    slug: str
    group: int
    phones: Phones
    telegram: Telegram
    model: Model
    config: dict[str, Any] = field(repr=False)
    works: bool = True

    # customers

    async def write(self, jid: str, text: str = "", **more: Any) -> None:
        """A customer writes, at the moved clock's time."""
        at = more.pop("timestamp", self.rig.clock.now().timestamp())
        answer = await self.phones.write(jid, text, timestamp=at, **more)
        assert answer.status_code == 200, answer.text

    async def ask(self, jid: str, text: str, **more: Any) -> list[str]:
        """A customer writes; what they read by the time that everything is done."""
        before = len(self.said(jid))
        await self.write(jid, text, **more)
        await self.settled()
        return self.said(jid)[before:]

    def said(self, jid: str = "") -> list[str]:
        """What a customer (or anybody) has read so far."""
        return [message.text for message in self.phones.read(jid)]

    # managers

    def topics(self) -> list[Any]:
        """The topics of the group."""
        return self.telegram.topics(self.group)

    def shown(self, thread: int | None = None) -> list[Message]:
        """What a topic shows, by default the only one."""
        [thread] = [thread] if thread is not None else [topic.id for topic in self.topics()]
        return self.telegram.topic(self.group, thread)

    def texts(self, thread: int | None = None) -> list[str]:
        """The words of a topic."""
        return [message.text for message in self.shown(thread)]

    def card(self, jid: str = "") -> Message:
        """The only card (of a customer); fails if there is none, or another."""
        return self._only("Нужен человек", jid)

    def lesson(self, jid: str = "") -> Message:
        """The only card of a learned answer (in a customer's topic)."""
        return next(each for each in self._all(jid) if {"approve", "undo"} & self.actions(each))

    def _only(self, words: str, jid: str) -> Message:
        [found] = [message for message in self._all(jid) if words in message.text]
        return found

    def _all(self, jid: str) -> list[Message]:
        wanted = [topic.id for topic in self.topics() if jid.partition("@")[0] in topic.name]
        return [message for thread in wanted for message in self.shown(thread)]

    @staticmethod
    def actions(message: Message) -> set[str]:
        """What its buttons do."""
        return {data.rpartition("_")[0] for data in message.buttons.values()}

    async def hand_over(
        self, jid: str, question: str = "Делаете ли вы перманентный татуаж губ?", **more: Any
    ) -> Message:
        """A customer asks what nobody knows; the card."""
        await self.ask(jid, question, **more)
        return self.card(jid)

    async def press(self, message: Message, action: str, sender: User = MANAGER) -> str:
        """Press a button that is there; what its popup says."""
        return await self.forge(message, message.buttons.get(action, "") or _data(message, action), sender)

    async def popup(self, message: Message, action: str, sender: User = MANAGER) -> str:
        """Press a button, and read the popup without waiting for what else comes of it."""
        query = await self.telegram.press_data(message, _data(message, action), sender=sender)

        async def shown() -> str:
            return self.telegram.world.answers.get(query) or ""

        return str(await self.rig.until(shown))

    async def forge(self, message: Message, data: str, sender: User = MANAGER) -> str:
        """Press what may never have been there; what the popup says, "" if there is none."""
        query = await self.telegram.press_data(message, data, sender=sender)
        await self.settled()
        return self.telegram.world.answers[query] or ""

    async def reply(self, text: str, thread: int, sender: User = OWNER) -> Message:
        """Somebody writes in a topic, and the time passes in which they might still change it."""
        message = await self.telegram.write(text, chat=self.group, thread=thread, sender=sender)
        await self.pass_time(seconds=HELD)
        return message

    # what is behind

    async def pass_time(self, **by: float) -> None:
        """Time goes by; what is due then is done."""
        self.rig.clock.advance(**by)
        if self.works:  # what is tried again is done by now, however busy the machine is
            await self.rig.tick()
        await self.settled()

    async def thought(self) -> None:
        """Wait until it is decided what everything that came in comes to; it may still wait to be sent."""

        async def decided() -> bool:
            return not await self.rig.rows("SELECT 1 FROM inbox_events WHERE outcome IS NULL LIMIT 1")

        await self.rig.until(decided)

    async def settled(self) -> None:
        """Wait until everything that is due is done."""

        async def quiet() -> bool:
            return not await self.rig.rows(WAITING, self.rig.clock.now())

        await self.rig.until(quiet, seconds=45)  # a process that has just started reads its word lists first

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Look at what is stored of this tenant: `client_id = $1` must stand in the statement."""
        [client] = await self.rig.rows("SELECT id FROM clients WHERE slug = $1", self.slug)
        return [dict(row) for row in await self.rig.rows(sql, client["id"], *args)]

    async def state(self) -> list[tuple[str, str | None, str | None]]:
        """(state of the conversation, status and resolution of its latest handover) of each customer, the oldest first."""
        rows = await self.rows(
            """
            SELECT DISTINCT ON (c.created_at, c.id) c.state, h.status, h.resolution FROM conversations c
            LEFT JOIN handovers h ON h.client_id = c.client_id AND h.conversation_id = c.id
            WHERE c.client_id = $1 ORDER BY c.created_at, c.id, h.created_at DESC
            """
        )
        return [(row["state"], row["status"], row["resolution"]) for row in rows]

    async def learned(self) -> list[tuple[str, str]]:
        """(answer, status) of everything that was learned."""
        rows = await self.rows("SELECT answer, status FROM learned_responses WHERE client_id = $1 ORDER BY created_at")
        return [(row["answer"], row["status"]) for row in rows]

    async def ends(self, kind: str = "") -> list[tuple[str, str]]:
        """(outcome, reason) of what came in, the oldest first."""
        rows = await self.rows(
            "SELECT outcome, outcome_reason AS why FROM inbox_events WHERE client_id = $1 AND $2 IN ('', kind) ORDER BY seq",
            kind,
        )
        return [(row["outcome"], row["why"]) for row in rows]

    async def balanced(self) -> None:
        """Do the sums of what came in and of what became of it match?"""
        ledger = await self.rig.ledger()
        assert ledger["balanced"], ledger

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that a forged or foreign update could change, and all that anybody was told but for popups."""
        found = {name: await self.rows(f"SELECT to_jsonb(t) - 'version' AS row FROM {name} t WHERE client_id = $1 ORDER BY id")
                 for name in ("conversations", "handovers", "messages", "learned_responses", "state_changes")}  # fmt: skip
        sent = "SELECT * FROM outbox_messages WHERE client_id = $1 AND kind <> 'callback' ORDER BY seq"
        return found | {"outbox": await self.rows(sent)}


def _data(message: Message, action: str) -> str:
    """The data of the button that does `action`. Fails if there is none."""
    [data] = [each for each in message.buttons.values() if each.rpartition("_")[0] == action]
    return data


def config_of(
    slug: str, group: int, phones: Phones, telegram: Telegram, model: Model, **changes: Any
) -> dict[str, Any]:
    """A tenant with every plugin of the circle; bursts wait a tenth of a second, and no hour is too late for managers,
    whenever the tests run."""
    desk = {"token": "env:TEST_CIRCLE_BOT", "webhook_secret": secret_of(slug), "base_url": telegram.url}
    number = {"base_url": phones.url, "token": "env:TEST_CIRCLE_CHATFLOW", "instance_id": slug}
    mind = {"base_url": model.url, "api_key": "env:TEST_CIRCLE_MODEL", "business": "a salon", "retries": 0}
    plugins = {
        "policy": {}, "media": {}, "rag_qdrant": {}, "llm_openai": mind, "learning": {},
        "telegram": desk | {"chat_id": str(group)}, "chatflow": number,
    }  # fmt: skip
    return {
        "slug": slug,
        "name": "Салон",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_CIRCLE_WEBHOOK",
        "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
        "desk": {"quiet_from": 0, "quiet_until": 0},
        "plugins": [{"name": name, "settings": settings} for name, settings in plugins.items()],
        "agents": [{"name": "Айгерим", "role": "owner", "identities": [{"channel": "telegram", "id": str(OWNER.id)}]}],
        **changes,
    }


def secret_of(slug: str) -> str:
    """The reference to a tenant's own secret for Telegram's webhooks."""
    name = f"TEST_CIRCLE_TELEGRAM_{slug.upper()}"
    os.environ[name] = f"telegram-{slug}-secret"
    return f"env:{name}"


ShopOf = Callable[..., Awaitable[Shop]]


@pytest.fixture
def model(llmock_server: Any) -> Model:
    """The model, which has nothing to say yet."""
    return Model(LLMock(llmock_server))


@pytest_asyncio.fixture
async def shop_of(
    rig_of: Callable[..., Awaitable[Rig]], moved_clock: MovedClock, model: Model, tmp_path: Path
) -> AsyncIterator[ShopOf]:
    """Opens shops on one gateway: `await shop_of("salon", group=-1001, facts="…")`; other arguments change the config.

    `rig` are arguments of the gateway, which begins with the first shop.
    """
    rigs: list[Rig] = []
    async with AsyncExitStack() as stack:

        async def open_shop(
            slug: str = "salon", *, group: int = -1001, facts: str = FACTS, rig: dict[str, Any] | None = None,
            per_minute: int = 0, **changes: Any,
        ) -> Shop:  # fmt: skip
            rigs.extend([] if rigs else [await rig_of(**(rig or {}))])
            secret = f"telegram-{slug}-secret"
            clock = lambda: moved_clock.now().timestamp()  # noqa: E731
            phones = await stack.enter_async_context(
                Phones(gateway=rigs[0].url, tenant=slug, secret=WEBHOOK_SECRET, token=CHATFLOW_TOKEN, public_url=PUBLIC)
            )
            telegram = await stack.enter_async_context(
                Telegram(gateway=rigs[0].url, tenant=slug, secret=secret, per_minute=per_minute, clock=clock)
            )
            telegram.group(group)
            config = config_of(slug, group, phones, telegram, model, **changes)
            await rigs[0].apply(config)
            folder = tmp_path / f"facts-{slug}"
            folder.mkdir()
            (folder / "facts.md").write_text(facts, encoding="utf-8")
            await rigs[0].sync(slug, folder)
            return Shop(rigs[0], slug, group, phones, telegram, model, config, works=(rig or {}).get("work", True))

        yield open_shop


class Another(GatewayProcess):
    """A gateway in a process of its own, that can be put to sleep, and others in this process beside it."""

    def __init__(self, database_url: str, clock: MovedClock, environment: dict[str, str]) -> None:
        super().__init__("serve", environment)
        self.environment, self._database_url, self._clock = environment, database_url, clock

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Let it do nothing, whatever it is told meanwhile."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def rig(self, **settings: Any) -> Rig:
        """A gateway on the same database, to be entered and left."""
        return Rig(self._database_url, self._clock, **settings)


@pytest_asyncio.fixture
async def another(database_url: str, moved_clock: MovedClock, tmp_path: Path) -> AsyncIterator[Another]:
    """A second gateway on the test's database."""
    secret_of("salon")  # it reads the environment as it is now
    environment = {
        "DATABASE_URL": database_url, "TRUFFLES_CLOCK_FILE": str(moved_clock.path), "PORT": "0",
        "TRUFFLES_DATA_DIR": str(tmp_path), "TICK_SECONDS": "0.2", "LOG_LEVEL": "error", "DRAIN_SECONDS": "1",
    }  # fmt: skip
    async with Another(database_url, moved_clock, environment) as process:
        yield process


@pytest.fixture
def anna() -> str:
    """A customer."""
    return "77010000001@s.whatsapp.net"


@pytest.fixture
def boris() -> str:
    """Another one."""
    return "77010000002@s.whatsapp.net"


@pytest.fixture
def owner() -> User:
    """The shop's owner, at Telegram."""
    return OWNER


@pytest.fixture
def stranger() -> User:
    """Somebody whom no tenant lists."""
    return STRANGER
