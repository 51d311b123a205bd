"""One working day of a salon, from before it opens until the next morning: nobody is forgotten, and the sums match.

The knowledge answers from files here, no model: what customers read is what a salon would send.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from truffles_telegram.simulator import User

ZONE = ZoneInfo("Asia/Almaty")
STEP = timedelta(minutes=15)  # no clock of the desk is shorter but for marks, which are asked for 5 minutes after
BRAIN = ("policy", "rag_qdrant", "answer_local", "learning")
OWNER = User(id=900, first_name="Айгерим", username="aigerim")
DANA = User(id=511, first_name="Дана", username="dana")
MARAT = User(id=512, first_name="Марат", username="marat")
STRANGER = User(id=666, first_name="Мимо", username="passer_by")
FACTS = """
## Парковка
Парковка во дворе бесплатная для клиентов.

## Маникюр
Маникюр с покрытием стоит 5 000 ₸.

## Режим работы
Салон работает ежедневно с 9:00 до 21:00.
"""
PRICE, PARKING = "Маникюр с покрытием стоит 5 000 ₸.", "Парковка во дворе бесплатная для клиентов."
"""What customers ask and nobody has written down."""
TATTOO, TATTOO_ANSWER = (
    "Делаете ли вы перманентный татуаж губ?",
    "Да, татуаж губ делает мастер Жанна, запись за два дня.",
)
ANGRY = "Это безобразие, вы ужасно работаете!"
HUMAN = "Позовите менеджера, пожалуйста"
"""The words that a human's card begins with."""
CARD = "Нужен человек"


def number(last: int) -> str:
    return f"7701000{last:04}@s.whatsapp.net"


ANNA, BORIS, VERA, GULNAR, DIAS, ELENA, ZHANAR = (number(last) for last in range(1, 8))


@dataclass
class Day:
    """The shop, with a clock that is set to the tenant's local time."""

    shop: Any

    @property
    def now(self) -> datetime:
        return self.shop.rig.clock.now().astimezone(ZONE)

    async def at(self, hour: str, *, tomorrow: bool = False) -> None:
        """Let the time go by until then, a step at a time: what is due on the way is done on the way."""
        hours, minutes = map(int, hour.split(":"))
        then = self.now.replace(hour=hours, minute=minutes, second=0, microsecond=0) + timedelta(days=tomorrow)
        assert then > self.now, f"it is {self.now:%H:%M} already"
        while (left := then - self.now) > timedelta():
            await self.shop.pass_time(seconds=min(left, STEP).total_seconds())

    async def jump(self, hour: str) -> None:
        """The next time that it is so late, at once."""
        hours, minutes = map(int, hour.split(":"))
        then = self.now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        then += timedelta(days=then < self.now)
        await self.shop.pass_time(seconds=(then - self.now).total_seconds())

    async def command(self, text: str, sender: User = OWNER) -> str:
        """Say something in the General topic; the answer below it."""
        before = len(self.shop.telegram.topic(self.shop.group))
        await self.shop.telegram.write(text, chat=self.shop.group, sender=sender)
        await self.shop.settled()
        return self.shop.telegram.topic(self.shop.group)[before + 1 :][-1].text

    def thread(self, jid: str) -> int:
        [topic] = [each for each in self.shop.topics() if jid.partition("@")[0] in each.name]
        return topic.id

    def topic(self, jid: str) -> list[str]:
        return self.shop.texts(self.thread(jid))

    def card(self, jid: str) -> Any:
        """The newest card of a customer."""
        return next(each for each in reversed(self.shop.shown(self.thread(jid))) if CARD in each.text)

    async def state(self, jid: str) -> str:
        rows = await self.shop.rows(
            "SELECT c.state FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id"
            " WHERE c.client_id = $1 AND u.remote_jid = $2",
            jid,
        )
        return str(rows[0]["state"])


def some(lines: list[str], test: Callable[[str], bool] | str) -> list[str]:
    return [line for line in lines if (test in line if isinstance(test, str) else test(line))]


async def opened(shop_of: Any, **changes: Any) -> Day:
    """The salon, without a model, the evening before."""
    shop = await shop_of(facts=FACTS)
    known = {each["name"]: each for each in shop.config["plugins"]} | {"answer_local": {"name": "answer_local"}}
    agents = [
        *shop.config["agents"],
        {"name": "Дана", "role": "manager", "identities": [{"channel": "telegram", "id": "511"}]},
    ]
    plugins = [known[name] for name in (*BRAIN, "media", "telegram", "chatflow")]
    await shop.rig.apply(shop.config | {"plugins": plugins, "agents": agents, "desk": {}} | changes)
    return Day(shop)


async def before_opening(day: Day) -> None:
    """07:40. Who writes now is answered, or told when to expect it; no clock of the desk runs before eight."""
    assert await day.shop.ask(ANNA, "Сколько стоит маникюр?") == [PRICE]
    assert "сегодня с 08:00" in (await day.shop.ask(BORIS, TATTOO))[-1]
    assert day.card(BORIS).pinned
    await day.at("08:25")
    assert some(day.topic(BORIS), "🔔") == []
    await day.at("08:35")
    assert len(some(day.topic(BORIS), "🔔")) == 1


async def morning(day: Day) -> None:
    """09:00. A notice for the day; a question that nobody knew is answered, learnt, and answered by the bot from then on."""
    shop = day.shop
    assert "горячей воды" in await day.command("/сегодня до 18:00 нет горячей воды")
    await day.at("09:05")
    assert "только владелец" in await day.command("/пауза 2ч", MARAT)
    assert "Дана ведёт" in await shop.press(day.card(BORIS), "take", DANA)
    assert "уже ведёт Дана" in await shop.forge(day.card(BORIS), f"take_{handover(day.card(BORIS))}", MARAT)
    await shop.reply("// она у нас постоянная", day.thread(BORIS), DANA)
    await shop.reply(TATTOO_ANSWER, day.thread(BORIS), DANA)
    assert shop.said(BORIS)[-1] == TATTOO_ANSWER
    assert not some(shop.said(BORIS), "постоянная")
    card = day.card(BORIS)
    await shop.press(card, "resolve", DANA)
    assert (card.pinned, card.buttons) == (False, {})
    assert "только владелец" in await shop.press(shop.lesson(BORIS), "approve", MARAT)
    assert await shop.press(shop.lesson(BORIS), "approve", OWNER) == "Запомнено."
    assert (await shop.ask(GULNAR, TATTOO))[-1].endswith(TATTOO_ANSWER)
    await day.at("09:15")
    assert "от 1 до 5" in shop.said(BORIS)[-1]
    assert "Спасибо за оценку" in (await shop.ask(BORIS, "5"))[-1]
    assert some(day.topic(BORIS), "5 из 5")


async def two_who_wait(day: Day) -> None:
    """09:30. One customer is taken and forgotten, one is angry and nobody is free. The first is told in the end that nobody
    came, the second that they are not forgotten: an angry customer is never given up."""
    shop = day.shop
    await day.at("09:30")
    assert "горячей воды" in (await shop.ask(VERA, "А горячая вода у вас есть?"))[-1]
    await shop.ask(VERA, HUMAN)
    assert "Простите" in (await shop.ask(DIAS, ANGRY))[-1]
    assert "Марат ведёт" in await shop.press(day.card(VERA), "take", MARAT)
    await shop.reply("Здравствуйте! Сейчас узнаю.", day.thread(VERA), MARAT)
    assert await shop.ask(VERA, "Жду, спасибо") == [], "a human has the conversation"
    assert day.topic(VERA)[-1] == "👤 Жду, спасибо"
    await day.at("09:50")
    assert some(day.topic(VERA), "⏳ Марат")
    assert await day.state(VERA) == "manager_active"
    await day.at("10:35")
    assert await day.state(VERA) == "pending"
    await day.at("11:10")
    assert some(day.topic(VERA), "🔔 Марат")
    assert some(day.topic(DIAS), "🔔 Айгерим")
    await day.at("12:40")
    assert await day.state(VERA) == "bot_active"
    assert "не смог ответить" in shop.said(VERA)[-1]
    assert some(day.topic(VERA), "Время ожидания вышло")
    assert await day.state(DIAS) == "pending"
    assert some(shop.said(DIAS), "остаётся открытым")


async def at_the_phone(day: Day) -> None:
    """12:40. The owner answers from the phone, and the bot is silent there for an hour."""
    shop = day.shop
    assert await shop.ask(ELENA, "Здравствуйте") != []
    await shop.pass_time(minutes=5)
    await shop.write(ELENA, "Это Айгерим, приходите к пяти", from_me=True)
    await shop.settled()
    assert await shop.ask(ELENA, "Хорошо. А где парковаться?") == []
    assert some(day.topic(ELENA), "📱 Это Айгерим")
    await day.at("14:15")
    assert await day.state(ELENA) == "bot_active"
    assert (await shop.ask(ELENA, "Где у вас парковка?"))[-1].endswith(PARKING)


async def afternoon(day: Day) -> None:
    """14:30. The bot is paused for an hour and the desk reads along; somebody wants no messages; the owner calms the angry
    customer down."""
    shop = day.shop
    await day.at("14:30")
    assert "на паузе" in await day.command("/пауза 1ч")
    assert await shop.ask(ANNA, "Где у вас парковка?") == []
    assert some(day.topic(ANNA), "Где у вас парковка?")
    await day.at("15:35")
    assert (await shop.ask(ANNA, "Так где парковка?"))[-1].endswith(PARKING)
    assert "больше не пишем" in (await shop.ask(ZHANAR, "Не пишите мне больше"))[-1]
    assert await shop.ask(ZHANAR, "Спасибо") == []
    assert (await shop.ask(ZHANAR, "Сколько стоит маникюр?"))[-1].endswith(PRICE), (
        "a question about the business counts again"
    )
    await shop.press(day.card(DIAS), "take", OWNER)
    await shop.reply("Простите нас! Маникюр за наш счёт.", day.thread(DIAS), OWNER)
    await shop.press(day.card(DIAS), "resolve", OWNER)
    before = shop.said(DIAS)
    await day.at("16:00")
    assert shop.said(DIAS) == before, "who complained is not asked for a mark"


async def evening(day: Day) -> None:
    """18:05. The notice is over; who writes at the end of the day is waited for in the morning, with no clock at night."""
    shop = day.shop
    await day.at("18:05")
    assert not some(await shop.ask(VERA, "А горячая вода у вас есть?"), "нет горячей воды")
    await shop.press(day.card(VERA), "return", DANA)
    await day.at("22:50")
    assert "08:00" not in (await shop.ask(GULNAR, HUMAN))[-1]
    await day.at("23:30")
    assert "завтра с 08:00" in (await shop.ask(BORIS, HUMAN))[-1]
    shown = [day.topic(jid) for jid in (GULNAR, BORIS)]
    await day.jump("07:55")
    assert [day.topic(jid) for jid in (GULNAR, BORIS)] == shown


async def next_morning(day: Day) -> None:
    """08:25. The one who wrote at 22:50 has waited for half an hour of the desk's; the one of the night has not yet."""
    shop = day.shop
    await day.at("08:25")
    assert len(some(day.topic(GULNAR), "🔔")) == 1
    assert len(some(day.topic(BORIS), "🔔")) == 2, "those of yesterday"
    for jid in (GULNAR, BORIS):
        await shop.reply("Доброе утро! Слушаю вас.", day.thread(jid), DANA)
        await shop.press(day.card(jid), "resolve", DANA)


async def nothing_is_left(day: Day) -> None:
    """No handover is open, no card waits, every row went out, and the sums match."""
    shop = day.shop
    assert await shop.rows("SELECT 1 FROM handovers WHERE client_id = $1 AND status <> 'resolved'") == []
    assert [each.text for each in cards(day) if each.pinned or each.buttons] == []
    assert (
        await shop.rows("SELECT 1 FROM outbox_messages WHERE client_id = $1 AND status NOT IN ('sent', 'withdrawn')")
        == []
    )
    assert "открыто сейчас: 0" in await day.command("/итоги")
    [figures] = (await shop.rig.admin("GET", "/admin/metrics?days=2")).json()["tenants"]
    assert (figures["ratings"], figures["csat"]) == (1, 5.0)
    await shop.balanced()


def cards(day: Day) -> list[Any]:
    shown = (message for topic in day.shop.topics() for message in day.shop.shown(topic.id))
    return [message for message in shown if CARD in message.text]


def handover(card: Any) -> str:
    return next(iter(card.buttons.values())).partition("_")[2]


async def test_a_working_day(shop_of) -> None:
    day = await opened(shop_of)
    await day.jump("07:40")
    for part in (before_opening, morning, two_who_wait, at_the_phone, afternoon, evening, next_morning):
        await part(day)
    await day.at("08:45")
    everybody = (ANNA, BORIS, VERA, GULNAR, DIAS, ELENA, ZHANAR)
    assert {await day.state(jid) for jid in everybody} == {"bot_active"}
    await nothing_is_left(day)
