"""What a row is decides how it is sent: answers to buttons do not queue, a bot's words wait for the rest of a question,
and only desks see a doubtful row again."""

from __future__ import annotations

from truffles_chatflow.plugin import plugin as chatflow
from truffles_desk_log.plugin import DeskIngress
from truffles_policy.plugin import plugin as policy

from truffles_gateway.catalog import Catalog
from truffles_gateway.messages import Delivery, Outgoing, OutgoingKind, Receipt
from truffles_gateway.plugin import Capabilities, Plugin, hookimpl

ANNA, BORIS = "77000000141@s.whatsapp.net", "77000000142@s.whatsapp.net"
ASK = "Позовите менеджера, пожалуйста"
HEADERS = {"x-webhook-secret": "secret-of-tests"}


class Desk:
    """A desk whose sends end as the test says, by kind; the rest arrive."""

    def __init__(self, channel: str, **ends: Receipt) -> None:
        self.channel, self.ends = channel, ends
        self.shown: list[Delivery] = []

    @hookimpl
    def escalate(self, turn, card) -> list[Outgoing]:
        """A card."""
        words = {"text": card.question, "kind": OutgoingKind.CARD}
        return [Outgoing(channel=self.channel, recipient=turn.conversation_id, **words)]

    @hookimpl
    def deliver(self, delivery: Delivery) -> Receipt:
        """As the test says."""
        self.shown.append(delivery)
        return self.ends.get(delivery.outgoing.kind.value, Receipt.sent())

    def kinds(self) -> list[str]:
        """What was tried, in its order."""
        return [delivery.outgoing.kind.value for delivery in self.shown]

    def plugin(self, **more) -> Plugin:
        """Installed under the name of its channel."""
        desk = Capabilities(desk=True)
        create = lambda settings, resources: self  # noqa: E731 - one line says it
        return Plugin(name=self.channel, version="1", create=create, channel=self.channel, capabilities=desk, **more)


async def test_an_answer_to_a_button_does_not_wait_for_a_card_in_back_off(salon_of, jid) -> None:
    desk = Desk("desk_log", card=Receipt.retry("the group is not there"))
    catalog = Catalog.of(policy, chatflow, desk.plugin(ingress=DeskIngress()))
    salon = await salon_of(catalog=catalog)
    await salon.ask(jid, ASK)
    await salon.press("take", await salon.handover())
    await salon.rig.tick()
    assert desk.kinds() == ["card", "callback"]


async def test_what_became_of_a_handover_waits_for_the_card_that_it_changes(salon_of, jid) -> None:
    """Shown first, "taken" would stand over a card that asks to be taken. The customer's words wait for neither."""
    desk = Desk("desk_log", card=Receipt.retry("the group is not there"))
    salon = await salon_of(catalog=Catalog.of(policy, chatflow, desk.plugin(ingress=DeskIngress())))
    await salon.ask(jid, ASK)
    await salon.press("take", await salon.handover())
    await salon.ask(jid, "Вы ещё тут?")
    await salon.pass_time(seconds=61)
    assert [kind for kind in desk.kinds() if kind != "card"] == ["callback", "forward"]
    desk.ends.clear()
    await salon.pass_time(minutes=10)
    await salon.rig.tick()
    assert desk.kinds()[-2:] == ["card", "update"]
    assert desk.shown[-1].outgoing.data["status"] == "active"


async def test_a_row_behind_an_answer_to_a_button_does_not_wait_for_it(salon_of, jid) -> None:
    desk = Desk("desk_log", callback=Receipt.retry("the button is not there"))
    salon = await salon_of(catalog=Catalog.of(policy, chatflow, desk.plugin(ingress=DeskIngress())))
    await salon.ask(jid, ASK)
    await salon.press("take", await salon.handover())
    await salon.ask(jid, "Вы ещё тут?")
    assert [kind for kind in desk.kinds() if kind != "callback"] == ["card", "update", "forward"]
    assert [
        row["status"] for row in await salon.rig.rows("SELECT status FROM outbox_messages WHERE kind = 'callback'")
    ] == ["queued"], "it is still being tried"


async def test_only_rows_for_managers_are_repeated_on_a_channel_that_is_desk_and_door(salon_of) -> None:
    """A customer may get a line twice no more because managers work on the same channel."""
    unsure = Receipt.ambiguous("no answer")
    both = Desk("both", reply=unsure, notice=unsure, card=unsure)
    salon = await salon_of(extra=[both.plugin()])
    body = {"client_slug": "salon", "channel": "both", "remote_jid": "anna", "content": ASK}
    assert (await salon.rig.post("/message", headers=HEADERS, **body)).status_code == 200
    await salon.rig.settled()
    await salon.pass_time(seconds=3)
    rows = await salon.rig.rows("SELECT kind, status, repeat FROM outbox_messages WHERE channel = 'both' ORDER BY seq")
    ends = {row["kind"]: (row["status"], row["repeat"]) for row in rows}
    assert ends["notice"] == ("flagged", False)
    assert ends["card"] == ("queued", True)
    assert [delivery.repeat for delivery in both.shown if delivery.outgoing.kind is OutgoingKind.CARD][:2] == [
        False,
        True,
    ]


PATIENT = {"timing": {"complete": 0.01, "fragment": 30, "longest": 60}}


async def wrote_again_before_the_answer_was_sent(lean) -> None:
    """A reply in back-off, and more from the customer that is not read yet."""
    lean.sim.behave(jid=ANNA, count=1, status=500)
    await lean.sim.write(ANNA, "how much is a manicure?")
    await lean.thought()
    await lean.rig.until(lambda: tried(lean))
    await lean.sim.write(ANNA, "and")


async def tried(lean) -> bool:
    return bool(await lean.rig.rows("SELECT 1 FROM outbox_messages WHERE status = 'queued' AND attempts = 1"))


async def test_a_reply_waits_for_the_rest_of_the_question(lean_of) -> None:
    """More has come, the gateway waits whether still more comes: the half of an answer is not sent meanwhile."""
    lean = await lean_of(**PATIENT)
    await wrote_again_before_the_answer_was_sent(lean)
    await lean.later(seconds=10)
    assert lean.asked(ANNA) == 1
    await lean.later(seconds=21)
    await lean.thought()
    await lean.rig.tick()
    assert lean.read(ANNA) == ["re: how much is a manicure?\nand"]
    assert [row["status"] for row in await lean.outbox(ANNA)] == ["withdrawn", "sent"]


async def test_a_reply_does_not_wait_for_a_turn_that_nobody_begins(lean_of) -> None:
    """Every hand is busy: once the burst is over the reply goes out, though nobody has read the rest yet."""
    lean = await lean_of(rig={"workers_concurrency": 1}, **PATIENT)
    await wrote_again_before_the_answer_was_sent(lean)
    await lean.sim.write(BORIS, "slow question about a manicure?")

    async def thinking() -> bool:
        return lean.parrot.thinking == 1

    await lean.rig.until(thinking)
    lean.clock.advance(seconds=45)
    assert await lean.sim.wait(ANNA, 1)
    assert lean.read(ANNA) == ["re: how much is a manicure?"]
    lean.parrot.gate.set()
    await lean.thought()
    await lean.rig.settled()
    assert lean.read(ANNA) == ["re: how much is a manicure?", "re: and"]


async def test_a_notice_that_grew_old_is_told_to_the_desk(lean_of) -> None:
    """ "A colleague was called" never reached the customer: somebody has to know."""
    lean = await lean_of()
    lean.sim.behave(jid=ANNA, status=500)
    await lean.sim.write(ANNA, "a human please")
    await lean.thought()
    for _ in range(5):
        await lean.later(minutes=3)
    [row] = await lean.outbox(ANNA, "notice")
    assert row["status"] == "expired"
    told = [alarm["payload"]["text"] for alarm in await lean.outbox(kind="alarm")]
    assert [text for text in told if row["payload"]["text"] in text], told
    assert len(told) == 1


async def test_every_log_line_of_a_send_says_whose_it_is(lean_of, sim, logs) -> None:
    """Receipts are recorded together; each line has the tenant and the correlation id of its own row."""
    clinic = {
        "slug": "clinic",
        "name": "Clinic",
        "mode": "auto",
        "dialogue": {"disclose": False},
        "webhook_secret": "env:TEST_WEBHOOK_SECRET",
    }
    settings = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "clinic"}
    clinic |= {"timing": {"complete": 0.01, "fragment": 0.01, "longest": 0.5}}
    clinic |= {"plugins": [{"name": "parrot"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}]}
    lean = await lean_of(clinic)
    sim.behave(status=500, delay=0.05)
    for number in range(8):
        slug = ("salon", "clinic")[number % 2]
        body = {
            "client_slug": slug,
            "remote_jid": f"7700000015{number}",
            "content": "a question",
            "channel": "whatsapp",
        }
        assert (await lean.rig.post("/message", headers=HEADERS, **body)).status_code == 200
    await lean.thought()

    def said() -> set[tuple[str, str]]:
        return {(each["tenant"], each["correlation_id"]) for each in logs() if each["event"] == "not sent"}

    async def all_said() -> bool:
        return len(said()) == 8

    await lean.rig.until(all_said)
    rows = await lean.rig.rows(
        "SELECT c.slug, o.correlation_id FROM outbox_messages o JOIN clients c ON c.id = o.client_id WHERE kind = 'reply'"
    )
    assert said() == {(row["slug"], row["correlation_id"]) for row in rows}
