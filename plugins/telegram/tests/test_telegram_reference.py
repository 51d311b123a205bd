"""The simulator against Telegram's own description, and against a client that others wrote."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import (
    BufferedInputFile,
    ChatMemberAdministrator,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    ReactionTypeEmoji,
)
from truffles_telegram import desk, post, registration, topics
from truffles_telegram.simulation import methods
from truffles_telegram.simulator import TOKEN, Simulator

GROUP = -1001
REFERENCE = json.loads((Path(__file__).parent / "data" / "telegram-bot-api-extract.json").read_text())
JPEG = b"\xff\xd8 a photo"


@pytest_asyncio.fixture
async def bot(telegram: Simulator) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    async with Bot(TOKEN, session=session) as found:
        yield found


def test_every_served_method_exists(telegram: Simulator) -> None:
    assert set(telegram.methods.names) <= set(REFERENCE["methods"])


def test_every_parameter_that_the_simulator_reads_exists() -> None:
    known = {field["name"] for method in REFERENCE["methods"].values() for field in method["fields"]}
    read = set(re.findall(r'params(?:\.get\(|\[)"(\w+)"', inspect.getsource(methods)))
    assert read and read <= known


def test_every_parameter_that_the_plugin_sends_exists() -> None:
    """All string keys of the dictionaries in the modules that call the API."""
    known = {
        field["name"] for kind in ("methods", "types") for each in REFERENCE[kind].values() for field in each["fields"]
    }
    source = "".join(map(inspect.getsource, (desk, post, topics, registration)))
    sent = set(re.findall(r'[{,]\s*"([a-z_]+)":', source)) | set(re.findall(r'params\["(\w+)"\]', source))
    assert sent - known <= {"can_manage_topics", "can_pin_messages", "can_delete_messages"} and "chat_id" in sent


@pytest.mark.asyncio
async def test_every_field_that_is_shown_exists(telegram: Simulator, bot: Bot) -> None:
    await _a_day(bot)
    fields = {field["name"] for field in REFERENCE["types"]["Message"]["fields"]}
    shown = {name for _, message in telegram.world.all_messages() for name in message.json}
    assert shown and shown <= fields


@pytest.mark.asyncio
async def test_aiogram_accepts_every_answer(telegram: Simulator, bot: Bot) -> None:
    await _a_day(bot)
    assert {call.method for call in telegram.calls} == set(telegram.methods.names)
    assert {call.status for call in telegram.calls} == {200}


async def _a_day(bot: Bot) -> None:
    """Every method once, as a real bot would call it."""
    assert (await bot.get_me()).username == "truffles_bot"
    assert (await bot.get_chat(GROUP)).is_forum
    assert isinstance(await bot.get_chat_member(GROUP, bot.id), ChatMemberAdministrator)
    await bot.set_webhook("https://example.org/x", secret_token="s", allowed_updates=["message"])
    assert (await bot.get_webhook_info()).url == "https://example.org/x"
    await bot.delete_webhook()
    topic = (await bot.create_forum_topic(GROUP, "Айгерим")).message_thread_id
    buttons = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Беру", callback_data="take_1")]])
    card = await bot.send_message(
        GROUP, "<b>Да</b> &amp; нет", message_thread_id=topic, parse_mode="HTML", reply_markup=buttons
    )
    assert (card.text, card.entities[0].type, card.is_topic_message) == ("Да & нет", "bold", True)
    await bot.edit_message_text("Готово", chat_id=GROUP, message_id=card.message_id)
    await bot.edit_message_reply_markup(chat_id=GROUP, message_id=card.message_id, reply_markup=buttons)
    await bot.pin_chat_message(GROUP, card.message_id)
    await bot.unpin_chat_message(GROUP, message_id=card.message_id)
    await bot.set_message_reaction(GROUP, card.message_id, [ReactionTypeEmoji(emoji="👌")])
    assert await bot.send_chat_action(GROUP, "typing")
    file = BufferedInputFile(JPEG, "a.jpg")
    await bot.send_media_group(GROUP, [InputMediaPhoto(media=file), InputMediaPhoto(media=file)])
    photo = await bot.send_photo(GROUP, file, caption="x")
    got = await bot.get_file(photo.photo[-1].file_id)
    assert (await bot.download_file(got.file_path)).read() == JPEG
    for send in (bot.send_document, bot.send_audio, bot.send_voice, bot.send_video):
        await send(GROUP, file)
    await bot.delete_message(GROUP, photo.message_id)
    await bot.close_forum_topic(GROUP, topic)
    await bot.reopen_forum_topic(GROUP, topic)
    await bot.delete_forum_topic(GROUP, topic)
    await _press(bot)


async def _press(bot: Bot) -> None:
    """`Беру` is pressed through the simulator's own door."""
    buttons = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Беру", callback_data="take_1")]])
    sent = await bot.send_message(GROUP, "card", reply_markup=buttons)
    base = bot.session.api.base.partition("/bot")[0]
    async with httpx.AsyncClient(trust_env=False) as http:
        wish = {"chat": GROUP, "message_id": sent.message_id, "button": "Беру"}
        query = (await http.post(f"{base}/_sim/press", json=wish)).json()["query_id"]
    assert await bot.answer_callback_query(query, text="Ваше")


@pytest.mark.asyncio
async def test_aiogram_understands_every_refusal(telegram: Simulator, bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="thread not found"):
        await bot.send_message(GROUP, "x", message_thread_id=5)
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await bot.send_message(GROUP, "<b>x", parse_mode="HTML")
    with pytest.raises(TelegramBadRequest, match="too long"):
        await bot.send_message(GROUP, "🙂" * 2049)
    telegram.behave(status=429, retry_after=7)
    with pytest.raises(TelegramRetryAfter) as later:
        await bot.send_message(GROUP, "x")
    assert later.value.retry_after == 7
    async with Bot("1:wrong", session=bot.session) as other:
        with pytest.raises(TelegramUnauthorizedError):
            await other.get_me()


@pytest.mark.asyncio
async def test_its_own_limits(bot: Bot, telegram: Simulator) -> None:
    for number in range(20):
        await bot.send_message(GROUP, str(number))
    with pytest.raises(TelegramRetryAfter):
        await bot.create_forum_topic(GROUP, "one too many")
    telegram.flood.per_minute = 0
    await bot.create_forum_topic(GROUP, "no limit")


@pytest.mark.asyncio
async def test_people_act_over_http(telegram: Simulator, bot: Bot) -> None:
    async with httpx.AsyncClient(base_url=telegram.url, trust_env=False) as http:

        async def post(act: str, **wish: Any) -> Any:
            return (await http.post(f"/_sim/{act}", json=wish)).json()

        assert (await post("group", chat=-1002, title="Север"))["ok"]
        topic = (await bot.create_forum_topic(-1002, "Дина")).message_thread_id
        said = await post("write", chat=-1002, thread=topic, text="да", sender={"id": 5, "first_name": "Ер"})
        await post("edit", chat=-1002, message_id=said["message_id"], text="нет")
        (shown,) = (await http.get("/_sim/read", params={"chat": -1002, "thread": topic})).json()
        assert (shown["text"], shown["from"]) == ("нет", "Ер")
        assert (await http.get("/_sim/topics", params={"chat": -1002})).json()[0]["name"] == "Дина"
        assert not (await post("press", chat=-1002, message_id=said["message_id"], button="Беру"))["ok"]
        assert (await post("behaviour", method="sendMessage", status=500))["ok"]
        assert not (await post("behaviour", nonsense=1))["ok"]
        await post("delete_topic", chat=-1002, thread=topic)
        assert telegram.topics(-1002) == []
        assert (await http.get("/_sim/calls")).json()[0]["method"] == "createForumTopic"
        assert (await http.get("/_sim/answers")).json() == {}
