"""A salon whose customers, managers and providers are played: what they do, and what they have seen of each other.

Two gateways on one database, ChatFlow's and Telegram's simulators, a clock that is moved. Every word that anybody says
carries a token that occurs once, so that it can be found again wherever it went.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from truffles_chatflow.plugin import plugin as chatflow
from truffles_chatflow.simulator import Simulator as Phones
from truffles_chatflow.simulator import webhook_payload
from truffles_learning.plugin import plugin as learning
from truffles_media.plugin import plugin as media
from truffles_telegram.plugin import plugin as telegram
from truffles_telegram.simulator import TOKEN, Message, User
from truffles_telegram.simulator import Simulator as Telegram

from truffles_gateway.catalog import Catalog
from truffles_gateway.plugin import Plugin
from truffles_gateway.testing import MovedClock, Rig, WriterInMemory, jpeg
from truffles_gateway.testing.puppet import plugin as puppet

SECRETS = {"TEST_DESK_WEBHOOK": "webhook-of-tests", "TEST_DESK_CHATFLOW": "chatflow-of-tests",
           "TEST_DESK_BOT": TOKEN, "TEST_DESK_TELEGRAM": "telegram-of-tests"}  # fmt: skip
GROUP, FOREIGN = -1001, -2002
ANNA, BORIS = "77010000001@s.whatsapp.net", "77010000002@s.whatsapp.net"
CAROL = User(id=3003, first_name="Carol")
CUSTOMERS = (ANNA, BORIS, str(CAROL.id))
OWNER = User(id=900, first_name="Айгерим", username="aigerim")
STAFF = {
    "owner": OWNER,
    "manager": User(id=501, first_name="Аружан", username="aruzhan"),
    "member": User(id=777, first_name="Новенькая"),
    "anonymous": User(id=902, first_name="Админ", anonymous=True),
}
NOBODY = {"stranger": User(id=666, first_name="Мимо"), "bot": User(id=808, first_name="Робот", is_bot=True)}
PEOPLE = STAFF | NOBODY
BUTTONS = ("take", "return", "skip", "resolve")
TOKENS = re.compile(r"zq[a-z]{4}")
TOPIC_WORDS = ("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup")

OPEN = """
    SELECT 'event ' || e.id AS what, e.kind || ' ' || coalesce(t.attempts::text, '') AS how,
        greatest(l.ready_at, l.not_before) AS at
    FROM inbox_events e LEFT JOIN lanes l ON l.client_id = e.client_id AND l.lane = e.lane
        LEFT JOIN turns t ON t.client_id = e.client_id AND t.id = e.turn_id
    WHERE e.outcome IS NULL
    UNION ALL SELECT 'row ' || id, kind || ' ' || status || ' ' || attempts || ' ' || due_at, due_at
    FROM outbox_messages WHERE status IN ('queued', 'sending')
    UNION ALL SELECT 'job ' || id, kind || ' ' || attempts, run_at FROM jobs WHERE status = 'waiting' AND run_at <= $1
"""
STANDS = """
    SELECT u.remote_jid AS customer, c.id, c.state, c.open_handover_id AS handover, c.bot_muted_until AS muted, c.context
    FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
"""


@dataclass(frozen=True)
class Stand:
    """How a customer's conversation stood when everything was done."""

    state: str = "bot_active"
    handover: str = ""
    muted: bool = False
    alone: bool = False
    paused: bool = False


@dataclass
class Said:
    """What somebody at the desk wrote: its versions, the newest last, and whether each was changed before it went out."""

    message: Message
    customer: str
    who: str
    versions: list[str]
    hurried: bool = True


@dataclass
class Town:
    """Everything outside the gateway, and the gateways."""

    database_url: str
    clock: MovedClock
    store: WriterInMemory = field(default_factory=WriterInMemory)
    rigs: list[Rig] = field(default_factory=list)
    number: int = 0
    accepted: int = 0
    written: dict[str, str] = field(default_factory=dict)  # whose each token of a customer is
    unheard: set[str] = field(default_factory=set)  # tokens that reach nobody
    notes: set[str] = field(default_factory=set)  # tokens that reach no customer
    spoken: dict[str, tuple[str, str]] = field(default_factory=dict)  # the words of managers: customer, who
    echoes: dict[str, str] = field(default_factory=dict)  # what the owner said by phone: to whom
    said: list[Said] = field(default_factory=list)
    last: dict[str, tuple[str, Any]] = field(default_factory=dict)
    topic_of: dict[int, str] = field(default_factory=dict)
    cards: dict[int, dict[str, Any]] = field(default_factory=dict)  # messages of the bot with buttons, as first seen
    buttons: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each was seen on last
    pressed: set[tuple[str, str]] = field(default_factory=set)
    shown: dict[str, dict[str, str]] = field(default_factory=dict)  # tokens by the customer in whose topic they stood
    threads: dict[int, int] = field(default_factory=dict)  # the topic of each message
    calls_read: int = 0
    lost: bool = False  # somebody deleted a card by hand
    troubled: bool = False  # Telegram failed at some time
    channel_troubled: bool = False
    mode: str = "auto"
    restarts: int = 0
    log: list[str] = field(default_factory=list)

    # -- beginning and end ---------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Two gateways, one salon."""
        os.environ.update(SECRETS)
        self.stack = AsyncExitStack()
        seconds = lambda: self.clock.now().timestamp()  # noqa: E731
        self.phones = await self.stack.enter_async_context(Phones(tenant="salon"))
        self.telegram = await self.stack.enter_async_context(
            Telegram(clock=seconds, per_minute=0, per_second=0, secret=SECRETS["TEST_DESK_TELEGRAM"])
        )
        self.group = self.telegram.group(GROUP)
        self.telegram.world.open_topic(self.telegram.group(FOREIGN), "чужая тема", NOBODY["stranger"])
        writer = Plugin(name="writer", version="1", create=lambda settings, resources: self.store)
        self.catalog = Catalog.of(puppet, media, writer, learning, telegram, chatflow)
        for _ in range(2):
            self.rigs.append(await self._gateway())
            if len(self.rigs) == 1:
                await self.rigs[0].apply(self._config())
        await self.rigs[1].apply()
        self.speak_to(0)

    async def close(self) -> None:
        """Everybody goes."""
        for rig in self.rigs:
            await rig.__aexit__(None, None, None)
        await self.stack.aclose()

    async def _gateway(self) -> Rig:
        rig = Rig(self.database_url, self.clock, catalog=self.catalog, database_pool=5, drain_seconds=0.01)
        return await rig.__aenter__()

    async def restart(self, number: int) -> None:
        """A gateway stops in the middle of its work, and another one comes in its place."""
        self.restarts += 1
        await self.rigs[number].__aexit__(None, None, None)
        self.speak_to(1 - number)
        self.rigs[number] = await self._gateway()

    def speak_to(self, number: int) -> None:
        """From now on updates go to this gateway."""
        self.at = number
        url = f"{self.rigs[number].url}/telegram-webhook/salon"
        self.telegram.methods.webhook = {"url": url, "secret_token": SECRETS["TEST_DESK_TELEGRAM"]}

    @property
    def rig(self) -> Rig:
        """The gateway that hears what is said."""
        return self.rigs[self.at]

    async def set_mode(self, mode: str) -> None:
        """The owner lets the bot answer, or wants to be asked first."""
        self.mode = mode
        await self.rigs[0].apply(self._config())
        await self.rigs[1].apply()

    def _config(self) -> dict[str, Any]:
        desk = {"token": "env:TEST_DESK_BOT", "webhook_secret": "env:TEST_DESK_TELEGRAM", "base_url": self.telegram.url}
        number = {"base_url": self.phones.url, "token": "env:TEST_DESK_CHATFLOW", "instance_id": "salon"}
        plugins = {"puppet": {}, "media": {}, "writer": {}, "learning": {},
                   "telegram": desk | {"chat_id": str(GROUP)}, "chatflow": number}  # fmt: skip
        agents = [("Айгерим", "owner", OWNER), ("Аружан", "manager", STAFF["manager"])]
        return {
            "slug": "salon", "name": "Салон", "mode": self.mode, "webhook_secret": "env:TEST_DESK_WEBHOOK",
            "timing": {"complete": 0.03, "fragment": 0.05, "longest": 0.2}, "desk": {"quiet_from": 0, "quiet_until": 0},
            "plugins": [{"name": name, "settings": settings} for name, settings in plugins.items()],
            "agents": [{"name": name, "role": role, "identities": [{"channel": "telegram", "id": str(user.id)}]}
                       for name, role, user in agents],
        }  # fmt: skip

    # -- what people do ------------------------------------------------------------------------------------------------

    def token(self) -> str:
        """A word that occurs once; a later one is greater."""
        self.number += 1
        letters = [chr(97 + self.number // 26**power % 26) for power in (3, 2, 1, 0)]
        return "zq" + "".join(letters)

    async def write(self, customer: str, word: str, *, photo: bool = False) -> str:
        """A customer writes; the token of their words."""
        token = self.token()
        self.written[token] = customer
        text = f"{word} {token}"
        if customer == str(CAROL.id):
            message = await self._carol(text, photo=photo)
            self.last[customer] = (token, message)
        else:
            await self._whatsapp(customer, "" if photo else text, message_id=token,
                                 **(self._photo(text) if photo else {}))  # fmt: skip
            self.last[customer] = (token, token)
        return token

    async def correct(self, customer: str, word: str) -> str:
        """A customer changes their last message."""
        _, last = self.last[customer]
        token = self.token()
        self.written[token] = customer
        if isinstance(last, Message):
            self.accepted += 1
            await self.telegram.edit(last, f"{word} {token}")
        else:
            await self._whatsapp(customer, f"{word} {token}", message_type="edited", replaces=last)
        return token

    async def phone(self, customer: str) -> str:
        """The owner writes from the phone, past the gateway."""
        token = self.token()
        self.echoes[token] = customer
        self.clock.advance(seconds=5)  # sooner after a customer's message it would be an automatic greeting
        await self._whatsapp(customer, f"phone {token}", from_me=True, instance="salon")
        return token

    def _photo(self, caption: str) -> dict[str, Any]:
        medium = {
            "mimetype": "image/jpeg",
            "base64": base64.b64encode(jpeg(self.number)).decode(),
            "caption": caption,
        }
        return {"message_type": "image", "media": medium}

    async def _whatsapp(self, jid: str, text: str, **more: Any) -> None:
        self.accepted += not more.get("from_me")
        payload = webhook_payload(jid, text, timestamp=self.clock.now().timestamp(), **more)
        headers = {"x-webhook-secret": SECRETS["TEST_DESK_WEBHOOK"]}
        answer = await self.rig.post("/webhook/salon", headers=headers, **payload)
        assert answer.status_code == 200, answer.text

    async def _carol(self, text: str, *, photo: bool) -> Message:
        self.accepted += 1
        if not photo:
            return await self.telegram.write_privately(text, sender=CAROL)
        self.telegram.world.private(CAROL)
        return await self.telegram.send_file("photo", jpeg(self.number), chat=CAROL.id, sender=CAROL, caption=text)

    async def manage(self, thread: int, who: str, shape: str, answers: Message | None = None) -> Said:
        """Somebody writes in a customer's topic."""
        token, sender = self.token(), PEOPLE[who]
        customer = self.topic_of.get(thread, "")
        self._mark(token, customer, who, shape)
        more = {"reply_to_message": answers.json} if answers else {}
        message = await self.telegram.write(worded(shape, token), chat=GROUP, thread=thread, sender=sender, **more)
        said = Said(message, customer, who, [token])
        self.said.append(said)
        return said

    async def change(self, said: Said, shape: str) -> None:
        """Whoever wrote it changes it."""
        token = self.token()
        self._mark(token, said.customer, said.who, shape)
        said.versions.append(token)
        await self.telegram.edit(said.message, worded(shape, token))

    def _mark(self, token: str, customer: str, who: str, shape: str) -> None:
        if who in NOBODY:
            self.unheard.add(token)
        elif shape == "note":
            self.notes.add(token)
        else:
            self.spoken[token] = (customer, who)

    async def outside(self, who: str) -> None:
        """Somebody writes in a group that is nobody's."""
        token = self.token()
        self.unheard.add(token)
        [thread] = self.telegram.group(FOREIGN).topics
        await self.telegram.write(f"words {token}", chat=FOREIGN, thread=thread, sender=PEOPLE[who])

    async def order(self, text: str, who: str, thread: int = 0) -> None:
        """A command, in the General topic or in a customer's."""
        await self.telegram.write(text, chat=GROUP, thread=thread, sender=PEOPLE[who])

    async def press(self, message: Mapping[str, Any], data: str, who: str, chat: int = GROUP) -> str:
        """Press a button that was seen once."""
        seen = Message(json=dict(message) | ({"chat": self.telegram.group(chat).json()} if chat != GROUP else {}))
        if who == "owner":
            self.pressed.add((who, data))
        return await self.telegram.press_data(seen, data, sender=PEOPLE[who])

    # -- what was seen -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Remember every topic, every button and all words that are or were to be seen."""
        for topic in self.group.topics.values():
            owner = next((each for each in CUSTOMERS if each.partition("@")[0] in topic.name), "")
            if topic.id not in self.topic_of and owner:
                self.topic_of[topic.id] = owner
        for message in self.group.messages.values():
            if message.buttons:
                self.cards.setdefault(message.id, message.json)
                self.buttons |= dict.fromkeys(message.buttons.values(), message.json)
        self.threads |= {message.id: message.thread for message in self.group.messages.values()}
        for call in self.telegram.calls[self.calls_read :]:
            self.calls_read += 1
            if call.status == 200 and call.params.get("chat_id") in (GROUP, str(GROUP)):
                self._shown(call.params, call.method)

    def _shown(self, params: Mapping[str, Any], method: str) -> None:
        """What a call showed, and where; a change to what was deleted before anybody looked is left out."""
        edited = self.threads.get(int(params.get("message_id") or 0), -1)
        thread = edited if method.startswith("edit") else int(params.get("message_thread_id") or 0)
        found = TOKENS.findall(f"{params.get('text', '')} {params.get('caption', '')} {params.get('media', '')}")
        if thread >= 0:
            place = self.topic_of.get(thread, "")
            self.shown.setdefault(place, {}).update(dict.fromkeys(found, f"{method} {params}"))

    def read(self, customer: str) -> list[str]:
        """What a customer has read."""
        if customer == str(CAROL.id):
            return [message.text for message in self.telegram.chat(CAROL) if message.json["from"]["is_bot"]]
        return [message.text for message in self.phones.read(customer)]

    def topics(self) -> list[int]:
        """The customers' topics that there are."""
        return sorted(thread for thread in self.group.topics if thread in self.topic_of)

    async def stands(self) -> dict[str, Stand]:
        """How each conversation stands."""
        now = self.clock.now()
        pauses = await self.rows(
            "SELECT 1 FROM overrides WHERE kind = 'pause' AND status = 'active' AND (until IS NULL OR until > $1)", now
        )
        return {
            row["customer"]: Stand(
                state=row["state"], handover=row["handover"] or "", paused=bool(pauses),
                muted=bool(row["muted"] and row["muted"] > now + timedelta(minutes=1)),
                alone=bool(as_json(row["context"]).get("do_not_answer")),
            )
            for row in await self.rows(STANDS)
        }  # fmt: skip

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        return [dict(row) for row in await self.rigs[0].rows(sql, *args)]

    # -- time ----------------------------------------------------------------------------------------------------------

    async def settle(self, most: float = 90.0, seconds: float = 40.0) -> bool:
        """Until nothing is left to do, helping the clock along where everything waits for it, by `most` seconds at most."""
        before: list[dict[str, Any]] = []
        same, fewest, push = 0, 10**6, 0.0
        end = asyncio.get_running_loop().time() + seconds
        while left := await self.rows(OPEN, self.clock.now()):
            same, before = (same + 1 if left == before else 0), left
            assert asyncio.get_running_loop().time() < end, f"does not settle: {left}"
            if same >= 4:
                # what waits for a group's limit is looked at again and again: each time the clock is pushed further
                push, fewest, same = (push * 2 if len(left) >= fewest else 1.0), min(fewest, len(left)), 0
                if (step := self._step(left, push)) > most:
                    return False
                most -= step
                self.clock.advance(seconds=step)
                await self.rigs[0].tick()
            await asyncio.sleep(0.02)
        return True

    def _step(self, left: list[dict[str, Any]], push: float) -> float:
        """How long the first of what is left waits, at least `push` seconds unless something is under way."""
        now = self.clock.now()
        waits = [(row["at"] - now).total_seconds() for row in left if row["at"] is not None]
        if any(wait <= 0 for wait in waits):
            return 0.5
        return max(min(waits, default=0.5) + 0.1, min(push, 16.0))


def worded(shape: str, token: str) -> str:
    """A manager's words."""
    return f"// note {token}" if shape == "note" else f"Да, это у нас можно, слово {token}."


def as_json(value: Any) -> dict[str, Any]:
    """A column of JSON."""
    return json.loads(value) if isinstance(value, str) else dict(value or {})


@pytest.fixture(scope="session")
def town() -> type[Town]:
    """The town, to be opened and closed in one event loop."""
    return Town
