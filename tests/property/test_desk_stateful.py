"""The desk in Telegram: customers, managers, owners and strangers in any order, while everything around it fails.

`STATEFUL=n` plays n examples instead of the few of every day.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from truffles_gateway.handoff import SKIP, TRANSITIONS
from truffles_gateway.postgres import PrivatePostgres
from truffles_gateway.testing import MovedClock
from truffles_gateway.testing.fixtures import TEMPLATE

EXAMPLES = int(os.environ.get("STATEFUL", "3"))
STEPS = 60 if "STATEFUL" in os.environ else 30
WHATSAPP = ("77010000001@s.whatsapp.net", "77010000002@s.whatsapp.net")
CUSTOMERS = (*WHATSAPP, "3003")
GROUP, FOREIGN = -1001, -2002
STAFF, NOBODY = ("owner", "manager", "member", "anonymous"), ("stranger", "bot")
OF_HANDOVERS, OF_DRAFTS = {"take", "return", "skip", "resolve"}, {"send", "edit", "own"}
SHOWN = {"pending": {"take", "return", "skip"}, "active": {"resolve", "return"}}
LESSONS = {"pending": {"approve", "amend", "reject"}, "approved": {"undo"}, "rejected": set()}
TROUBLE: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 3}, {"status": 429, "retry_after": 40}, {"status": 500}, {"drop": "before"},
    {"drop": "after", "method": "sendMessage"}, {"status": 500, "method": "unpinChatMessage"},
    {"status": 500, "method": "editMessageReplyMarkup"}, {"status": 500, "method": "createForumTopic"},
    {"drop": "after", "method": "pinChatMessage"}, {"status": 500, "method": "setMessageReaction"},
)  # fmt: skip
OF_CHANNEL: tuple[dict[str, Any], ...] = (
    {"success": False}, {"drop": "before"}, {"drop": "after"}, {"status": 500}, {"status": 429, "retry_after": "2"},
)  # fmt: skip
ORDERS = ("/пауза 2ч", "/пауза", "/старт", "/старт", "/сегодня до 23:30 нет света", "/итоги", "/чушь")
FORGED = ("take_1", "resolve_{}", "approve_{}", "send_{}", "unmute_{}", "apply_{}", "", "take_x'; DROP TABLE users; --")

HANDOVERS = """
    SELECT c.id AS conversation, c.state, c.open_handover_id, h.id, h.status, h.trigger_type, u.remote_jid AS customer
    FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
    LEFT JOIN handovers h ON h.client_id = c.client_id AND h.conversation_id = c.id
"""

QUESTIONS = ("unknown можно прийти с маленькой собакой", "unknown делаете перманентный татуаж губ",
             "unknown есть курсы начинающих визажистов", "unknown продаёте подарочные сертификаты подругам")  # fmt: skip
WORDS = ("answer", "answer", "answer", *QUESTIONS, "human", "stop", "thanks")


def weighted(weight: int, name: str, **more: Any) -> list[st.SearchStrategy[tuple[str, dict[str, Any]]]]:
    """An act, so many times in the urn; what may be drawn for it is a tuple, any other number is `None`."""
    drawn = {key: st.integers(0, 1000) if each is None else st.sampled_from(each) for key, each in more.items()}
    return [st.tuples(st.just(name), st.fixed_dictionaries(drawn))] * weight


acts = st.one_of(
    *weighted(8, "writes", customer=CUSTOMERS, word=WORDS),
    *weighted(2, "sends_a_photo", customer=CUSTOMERS, word=WORDS),
    *weighted(2, "writes_in_pieces", customer=CUSTOMERS),
    *weighted(2, "corrects", pick=None, word=WORDS),
    *weighted(2, "the_owner_phones", customer=WHATSAPP),
    *weighted(6, "somebody_writes", pick=None, who=(*STAFF, "owner", "bot"), shape=("words", "words", "note")),
    *weighted(3, "somebody_edits", pick=None, who=STAFF, later=(False, True),
              shapes=(("words", "words"), ("words", "note"), ("note", "words"))),
    *weighted(3, "somebody_answers_a_message", pick=None, which=None, who=(*STAFF, "owner", "owner")),
    *weighted(12, "somebody_presses", pick=None, which=None, who=(*STAFF, *NOBODY, "owner", "manager"),
              foreign=(*[False] * 9, True)),
    *weighted(1, "somebody_forges", pick=None, which=None, who=(*STAFF, *NOBODY)),
    *weighted(1, "strangers_talk", who=NOBODY),
    *weighted(2, "somebody_commands", text=ORDERS, who=("owner", "owner", "owner", "manager", "member")),
    *weighted(1, "somebody_mutes", pick=None, who=STAFF, text=("🔕", "🔔", "/говори")),
    *weighted(4, "the_topic", pick=None, what=("delete", "delete", "delete", "close", "reopen", "card")),
    *weighted(1, "the_mode_changes", mode=("auto", "approve")),
    *weighted(2, "telegram_fails", wish=TROUBLE, count=(1, 2, 3)),
    *weighted(1, "the_channel_fails", wish=OF_CHANNEL, count=(1, 2, 3)),
    *weighted(4, "time_passes", seconds=(1, 10, 70, 700, 1900, 4000, 8000, 45000)),
    *weighted(1, "a_gateway_restarts", number=(0, 1)),
    *weighted(3, "all_at_once", acts=(2, 3, 4)),
)  # fmt: skip


class Desk(RuleBasedStateMachine):
    """One evening at the salon's desk."""

    town_of: Any
    postgres: PrivatePostgres
    folder: pytest.TempPathFactory

    def __init__(self) -> None:
        super().__init__()
        self.name = f"t{uuid4().hex}"
        self.postgres.create_database(self.name, TEMPLATE)
        self.runner = asyncio.Runner()
        clock = MovedClock(self.folder.mktemp("clock") / "clock")
        self.town = self.town_of(self.postgres.url(self.name), clock)
        self.hurry, self.acts, self.drained, self.broken = 0, 0, True, False
        self.owed: dict[str, str] = {}
        self.silent: list[tuple[str, str, int, Any]] = []
        self.unpopped: list[str] = []
        self.run(self.town.open())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let everything go on until `work` is done."""
        try:
            return self.runner.run(work)
        except BaseException:
            self.broken = True
            raise

    def act(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Somebody does something; unless they are in a hurry everything comes of it, and the whole truth is looked at."""
        result = self.run(work)
        self.town.speak_to(1 - self.town.at)
        self.acts, self.hurry = self.acts + 1, self.hurry - 1
        if self.hurry <= 0:
            self.run(self.look())
        return result

    @property
    def calm(self) -> bool:
        """Was everything done before, and will it be after the next act?"""
        return self.drained and self.hurry <= 1 and self.acts == 0

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.run(self.to_the_end())
        finally:
            self.run(self.town.close())
            self.runner.close()
            self.postgres.drop_database(self.name)

    @initialize(mode=st.sampled_from(("auto", "approve")))
    def an_evening_begins(self, mode: str) -> None:
        """Everybody asks what nobody knows: there are topics and cards."""

        async def begin() -> None:
            await self.town.set_mode(mode)
            for customer, question in zip(CUSTOMERS, QUESTIONS, strict=False):
                await self.town.write(customer, question)

        self.act(begin())

    @rule(act=acts)
    def happens(self, act: tuple[str, dict[str, Any]]) -> None:
        """Somebody does something, where there is anything to do it with."""
        name, how = act
        if ("pick" not in how or self.town.topics()) and self.town.cards:
            getattr(self, name)(**how)

    # -- customers -----------------------------------------------------------------------------------------------------

    def writes(self, customer: str, word: str) -> None:
        """A customer writes."""
        self.act(self.customer(customer, word, self.town.write(customer, word)))

    def sends_a_photo(self, customer: str, word: str) -> None:
        """A photo with a caption."""
        self.act(self.customer(customer, word, self.town.write(customer, word, photo=True)))

    def writes_in_pieces(self, customer: str) -> None:
        """Three messages at once."""

        async def pieces() -> None:
            for word in ("answer", "thanks", "unknown"):
                await self.town.write(customer, word)

        self.act(pieces())

    def corrects(self, pick: int, word: str) -> None:
        """A customer changes their last message."""
        customer = sorted(self.town.last)[pick % len(self.town.last)]
        self.act(self.customer(customer, word, self.town.correct(customer, word)))

    async def customer(self, customer: str, word: str, work: Coroutine[Any, Any, str]) -> None:
        """What a customer does, and what must come of it where everything is quiet."""
        calm, town = self.calm, self.town
        stands = (await town.stands()).get(customer)
        read = len(town.read(customer))
        token = await work
        if not calm or stands is None:
            return
        if stands.state != "bot_active" or stands.paused or stands.alone:
            self.owed[token] = customer
        hushed = stands.state == "manager_active" or stands.paused or stands.alone
        if hushed or (stands.muted and word == "thanks"):
            self.silent.append((token, customer, read, stands))

    # -- the desk ------------------------------------------------------------------------------------------------------

    def somebody_writes(self, pick: int, who: str, shape: str) -> None:
        """Words or a private note in a customer's topic."""
        self.act(self.town.manage(self.topic(pick), who, shape))

    def somebody_edits(
        self, pick: int, who: str, shapes: tuple[str, str], later: bool
    ) -> None:  # fmt: skip
        """Words are changed, before or after they went out."""

        async def edit() -> None:
            said = await self.town.manage(self.topic(pick), who, shapes[0])
            if later:
                self.town.clock.advance(seconds=4)
                await self.town.settle()
            await self.town.change(said, shapes[1])

        self.act(edit())

    def somebody_answers_a_message(self, pick: int, which: int, who: str) -> None:
        """An answer to one of the topic's messages, be it a card."""
        thread = self.topic(pick)
        shown = self.town.group.show(thread)
        self.act(self.town.manage(thread, who, "words", shown[which % len(shown)]))

    def somebody_presses(self, pick: int, which: int, who: str, foreign: bool) -> None:
        """A button that is there, or one that was seen once."""
        there = [data for message in self.town.group.messages.values() for data in message.buttons.values()]
        choice = there if there and pick % 3 else list(self.town.buttons)
        data = choice[which % len(choice)]
        self.act(self.press(self.town.buttons[data], data, who, foreign=foreign))

    def somebody_forges(self, pick: int, which: int, who: str) -> None:
        """A button that never was."""
        cards = sorted(self.town.cards)
        card = self.town.cards[cards[pick % len(cards)]]
        forged = FORGED[which % len(FORGED)].format(uuid4())
        self.act(self.press(card, forged, who, popup=forged.startswith(("take_1", "resolve", "approve", "send"))))

    async def press(
        self, card: dict[str, Any], data: str, who: str, *, foreign: bool = False, popup: bool = True
    ) -> None:
        """Whoever presses here is answered."""
        calm = self.calm and not self.failing
        query = await self.town.press(card, data, who, FOREIGN if foreign else GROUP)
        if calm and popup and not foreign and who != "bot":
            self.unpopped.append(query)

    def strangers_talk(self, who: str) -> None:
        """Words in a group that is nobody's."""
        self.act(self.town.outside(who))

    def somebody_commands(self, text: str, who: str) -> None:
        """In the General topic."""
        self.act(self.town.order(text, who))

    def somebody_mutes(self, pick: int, who: str, text: str) -> None:
        """The bot leaves a contact alone, or no more."""
        self.act(self.town.order(text, who, self.topic(pick)))

    def the_topic(self, pick: int, what: str) -> None:
        """A topic, or the pinned card in it, goes; a topic is closed and opened again."""
        self.act(self.change_topic(self.topic(pick), what))

    async def change_topic(self, thread: int, what: str) -> None:
        """By hand."""
        town = self.town
        town.look()
        if what == "delete":
            town.telegram.delete_topic(GROUP, thread)
        elif what == "card":
            for message in [each for each in town.group.show(thread) if each.pinned][:1]:
                town.lost = True
                del town.group.messages[message.id]
        else:
            town.group.topics[thread].closed = what == "close"

    def the_owner_phones(self, customer: str) -> None:
        """The owner writes from the phone."""
        self.act(self.town.phone(customer))

    # -- what happens to all -------------------------------------------------------------------------------------------

    def the_mode_changes(self, mode: str) -> None:
        """The owner wants to be asked first, or no more."""
        if mode != self.town.mode:
            self.act(self.town.set_mode(mode))

    def telegram_fails(self, wish: dict[str, Any], count: int) -> None:
        """The next calls, or the next of one method."""
        self.town.troubled = True
        self.town.telegram.behave(**wish, count=count)

    def the_channel_fails(self, wish: dict[str, Any], count: int) -> None:
        """The next sends."""
        self.town.channel_troubled = True
        self.town.phones.behave(**wish, count=count)

    def time_passes(self, seconds: int) -> None:
        """Seconds, minutes, hours."""
        self.act(self.later(seconds))

    async def later(self, seconds: float) -> None:
        """And what is due then is done."""
        self.town.clock.advance(seconds=seconds)
        await self.town.rigs[0].tick()

    def a_gateway_restarts(self, number: int) -> None:
        """In the middle of whatever it does; twice at most, because it takes long."""
        if self.town.restarts < 2:
            self.act(self.town.restart(number))

    def all_at_once(self, acts: int) -> None:
        """The next acts do not wait for each other."""
        self.hurry = acts

    def topic(self, pick: int) -> int:
        """One of the customers' topics."""
        topics: list[int] = self.town.topics()
        return topics[pick % len(topics)]

    @property
    def failing(self) -> bool:
        """May Telegram fail to show a popup?"""
        return any(
            wish.count > 0 and wish.method in ("", "answerCallbackQuery") for wish in self.town.telegram.script.wishes
        )

    # -- what must hold ------------------------------------------------------------------------------------------------

    async def look(self, most: float = 90.0) -> None:
        """When everything that can be done is done."""
        self.drained = await self.town.settle(most)
        self.town.look()
        self.words_went_where_they_should()
        await self.states_are_legal()
        if self.drained:
            await self.nothing_is_left()
            await self.cards_tell_the_truth()
            await self.drafts_wait_for_people()
            await self.lessons_are_the_owners()
            self.who_was_to_see_saw(await self.town.stands())
            self.owed = {}
        self.silent, self.unpopped = [], []
        self.acts = 0

    def words_went_where_they_should(self) -> None:
        """No word reached anybody whom it was not for, and none twice."""
        town = self.town
        for customer in CUSTOMERS:
            read = town.read(customer)
            found = Counter(token for text in read for token in tokens(text))
            for token, times in found.items():
                assert times == 1, f"{token} was read {times} times: {read}"
                assert token not in town.unheard | town.notes, f"{token} is not for customers: {read}"
                for_whom = {**town.written, **town.echoes}.get(token) or town.spoken[token][0]
                assert for_whom == customer, f"{token} reached {customer}: {read}"
            answers = [token for text in read if "re: " in text for token in tokens(text)]
            if not (town.channel_troubled or town.troubled):
                assert answers == sorted(answers), f"out of order: {read}"
        for place, seen in town.shown.items():
            for token in (each for each in seen if place or "⚠️" not in seen[each]):  # an alarm quotes what was lost
                assert token not in town.unheard, f"{token} of nobody is shown at {place}"
                of = {**town.written, **town.echoes}.get(token) or (
                    town.spoken[token][0] if token in town.spoken else place
                )
                # the owner is shown the question whose answer a new one takes the place of, and nothing else of it
                cites = re.search(f"уже выученный ответ на «[^»]*{token}", seen[token]) is not None
                assert of == place or cites, (
                    f"{token} of {of} is shown at {place or 'the General topic'}: {seen[token]}"
                )

    async def states_are_legal(self) -> None:
        """One open handover where and only where somebody waits or works, and each step of it recorded."""
        rows = await self.town.rows(HANDOVERS)
        changes = await self.town.rows("SELECT * FROM state_changes")
        for id in {row["conversation"] for row in rows}:
            mine = [row for row in rows if row["conversation"] == id]
            opened = [(row["id"], row["status"]) for row in mine if row["status"] not in (None, "resolved")]
            state, handover = mine[0]["state"], mine[0]["open_handover_id"]
            expected = {"bot_active": [], "pending": [(handover, "pending")], "manager_active": [(handover, "active")]}
            assert opened == expected[state], mine
            steps = [each for each in changes if each["conversation_id"] == id]
            balance = Counter(each["from_state"] for each in steps) - Counter(each["to_state"] for each in steps)
            assert balance == Counter({"bot_active": 1} if state != "bot_active" else {}), (state, steps)
        legal = {(before.value, event.value, after[0].value) for (before, event), after in TRANSITIONS.items()}
        for each in changes:
            assert each["actor"], each
            assert each["why"], each
            if each["event"] != SKIP:
                assert (each["from_state"], each["event"], each["to_state"]) in legal, each

    async def nothing_is_left(self) -> None:
        """Every event ended in one way, and as many as were accepted."""
        ledger = await self.town.rigs[0].ledger()
        assert ledger["balanced"], ledger
        [line] = ledger["tenants"]
        ends = ("answered", "escalated", "forwarded", "ignored", "parked")
        assert sum(line[end] for end in ends) == line["accepted"] == self.town.accepted, ledger
        assert line["parked"] == line["desk"]["parked"] == 0, ledger

    async def cards_tell_the_truth(self) -> None:
        """The buttons of a handover are those of its state, wherever they are; of closed ones none are left, nor a pin."""
        rows = await self.town.rows(HANDOVERS)
        status = {str(row["id"]): row["status"] for row in rows if row["id"]}
        pinned: Counter[str] = Counter()
        borne: Counter[str] = Counter()
        for message in self.town.group.messages.values():
            actions, target = bears(message.json)
            if actions & OF_HANDOVERS:
                assert actions == SHOWN.get(status.get(target, ""), set()), (status.get(target), message.text, actions)
                borne[target] += 1
            first = bears(self.town.cards.get(message.id, {}))
            if message.pinned:
                assert status[first[1]] != "resolved", f"the pin of a closed one: {message.text}"
                pinned[first[1]] += 1
        assert all(times == 1 for times in pinned.values()), pinned
        live = {self.town.topic_of[thread] for thread in self.town.topics()}
        for row in rows:
            if row["status"] in ("pending", "active") and row["customer"] in live and not self.town.lost:
                assert borne[str(row["id"])] >= 1, f"no card of {row}"
        topics = Counter(self.town.topic_of[thread] for thread in self.town.topics())
        assert all(times == 1 for times in topics.values()), topics

    async def drafts_wait_for_people(self) -> None:
        """Only a draft that waits has buttons, and nobody reads one that no person let go."""
        drafts = {str(row["id"]): row for row in await self.town.rows("SELECT id, status, text FROM drafts")}
        for message in self.town.group.messages.values():
            actions, target = bears(message.json)
            if actions & OF_DRAFTS:
                assert drafts[target]["status"] in ("waiting", "editing"), (drafts[target], actions)
        read = " ".join(text for customer in CUSTOMERS for text in self.town.read(customer) if "re: " in text)
        for draft in drafts.values():
            if draft["status"] not in ("sent", "edited", "replaced"):
                assert not [token for token in tokens(draft["text"]) if token in read], (draft, read)

    async def lessons_are_the_owners(self) -> None:
        """Nothing is known that the owner neither said nor approved; the store holds what is approved, nothing else."""
        rows = await self.town.rows("SELECT id, answer, status FROM learned_responses")
        for row in rows:
            if row["status"] == "approved" and ("owner", f"approve_{row['id']}") not in self.town.pressed:
                who = {self.town.spoken.get(token, ("", "owner"))[1] for token in tokens(row["answer"])}
                assert who == {"owner"}, row
        assert set(self.town.store.known) == {f"learned:{row['id']}" for row in rows if row["status"] == "approved"}
        status = {str(row["id"]): row["status"] for row in rows}
        for message in self.town.group.messages.values():
            actions, target = bears(message.json)
            if actions & {"approve", "undo"}:
                assert actions == LESSONS[status[target]], (status[target], message.text)

    def who_was_to_see_saw(self, stands: dict[str, Any]) -> None:
        """The desk read along, the bot was silent where it had to be, and whoever pressed a button was answered."""
        for token, customer in self.owed.items():
            assert token in self.town.shown.get(customer, ()), f"{token} of {customer} was not shown"
        for token, customer, before, stood in self.silent:
            new = self.town.read(customer)[before:]
            if stands[customer] == stood:  # else a clock ended it, and may have said so
                assert not new, f"the bot speaks after {token}: {new}"
        for query in self.unpopped:
            assert self.town.telegram.world.answers[query] is not None, f"no popup for {query}"

    async def to_the_end(self) -> None:
        """What failed works again, two days go by: all is done, and everybody's words are where they should be."""
        self.town.telegram.script.wishes.clear()
        self.town.phones.behave(clear=True)
        await self.town.order("/старт", "owner")
        for hours in (0.1, 1.0, 3.0, 14.0, 30.0, 48.0):
            self.town.clock.advance(hours=hours)
            await self.town.rigs[0].tick()
            await self.look(most=4000.0)
        assert self.drained, "something is left"
        alone = {customer for customer, stand in (await self.town.stands()).items() if stand.alone}
        left = [row for row in await self.town.rows(HANDOVERS) if row["status"] not in (None, "resolved")]
        assert {row["customer"] for row in left} <= alone, left
        dead = await self.town.rows("SELECT kind, error FROM outbox_messages WHERE status = 'dead'")
        assert not [row for row in dead if row["kind"] not in ("reply", "notice", "callback")], dead
        assert not await self.town.rows("SELECT kind, error FROM jobs WHERE status = 'dead'")
        self.managers_were_heard()

    def managers_were_heard(self) -> None:
        """Each public word arrived, or its author was told at the desk that it did not."""
        marked = {
            int(call.params["reply_parameters"]["message_id"])
            for call in self.town.telegram.calls if call.status == 200 and "reply_parameters" in call.params
        }  # fmt: skip
        for said in self.town.said:
            token = said.versions[-1]
            if token in self.town.spoken and said.message.id in self.town.group.messages:
                arrived = any(token in text for text in self.town.read(said.customer))
                assert arrived or said.message.id in marked, f"{token} of {said.who} is lost: {said}"


def tokens(text: str) -> list[str]:
    """The words that occur once."""
    return re.findall(r"zq[a-z]{4}", text)


def bears(message: dict[str, Any]) -> tuple[set[str], str]:
    """The actions of a message's buttons, and what they are about."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    found = [button["callback_data"].partition("_")[::2] for row in rows for button in row]
    return {action for action, _ in found}, found[0][1] if found else ""


@pytest.fixture
def desk(town: Any, postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> type[Desk]:
    """The machine, with where its towns stand."""
    Desk.town_of, Desk.postgres, Desk.folder = town, postgres, tmp_path_factory
    return Desk


@pytest.mark.timeout(0 if "STATEFUL" in os.environ else 120)
def test_whatever_happens_at_the_desk(desk: type[Desk]) -> None:
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    run_state_machine_as_test(
        desk,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, phases=phases, derandomize="STATEFUL" not in os.environ
        ),
    )
