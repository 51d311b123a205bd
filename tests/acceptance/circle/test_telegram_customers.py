"""Customers who write to the tenant's bot in private, with their managers at the same Telegram."""

from __future__ import annotations

import hashlib

from truffles_speech_openai.simulator import AudioApi
from truffles_telegram.simulator import User

from truffles_gateway.testing import jpeg

DINA = User(id=9001, first_name="Дина")
PHOTO = jpeg()
VOICE = b"OggS" + bytes(500)


async def handed_over(shop) -> int:
    """Dina asks for a human; her topic."""
    shop.telegram.world.private(DINA)
    await shop.telegram.write_privately("Позовите менеджера, пожалуйста", sender=DINA)
    await shop.settled()
    [topic] = shop.topics()
    return topic.id


async def test_what_a_telegram_customer_sends_is_checked_kept_and_shown(shop_of) -> None:
    shop = await shop_of()
    thread = await handed_over(shop)
    before = len(shop.shown(thread))
    await shop.telegram.send_file("photo", PHOTO, chat=DINA.id, sender=DINA)
    await shop.telegram.send_file("voice", VOICE, chat=DINA.id, sender=DINA, mime="audio/ogg")
    await shop.settled()
    shown = sorted(message.kind for message in shop.shown(thread)[before:] if message.kind != "text")
    assert shown == ["photo", "voice"]
    kept = await shop.rows("SELECT sha256 FROM blobs WHERE client_id = $1")
    assert {row["sha256"] for row in kept} == {hashlib.sha256(each).hexdigest() for each in (PHOTO, VOICE)}


async def test_the_caption_of_a_telegram_customers_photo_is_their_words(shop_of) -> None:
    shop = await shop_of()
    shop.telegram.world.private(DINA)
    await shop.telegram.send_file("photo", PHOTO, chat=DINA.id, sender=DINA, caption="хочу как на фото")
    await shop.settled()
    assert "хочет как на фото" in shop.card().text
    assert [message.kind for message in shop.shown()].count("photo") == 1


async def test_limits_hold_for_what_a_telegram_customer_sends(shop_of) -> None:
    """The kind, the size, and what the bytes really are."""
    shop = await shop_of(media={"max_size_mb": {"photo": 0.001}})
    thread = await handed_over(shop)
    before = len(shop.shown(thread))
    await shop.telegram.send_file("photo", PHOTO + bytes(2000), chat=DINA.id, sender=DINA)
    await shop.settled()
    await shop.telegram.send_file("video", b"\0\0\0\x18ftypmp42", chat=DINA.id, sender=DINA, mime="video/mp4")
    await shop.settled()
    await shop.telegram.send_file("document", b"MZ\x90\0", chat=DINA.id, sender=DINA, mime="application/pdf")
    await shop.settled()
    shown = shop.shown(thread)[before:]
    assert {message.kind for message in shown} == {"text"}
    said = "\n".join(message.text for message in shown)
    assert "больше 0.00" in said
    assert "такие файлы не принимаются" in said
    assert "содержимое не совпадает" in said
    assert await shop.rows("SELECT sha256 FROM blobs WHERE client_id = $1") == []


async def test_an_edit_that_changes_nothing_is_not_answered_again(shop_of) -> None:
    """Telegram tells of any change to a message, also of those that a bot cannot see."""
    shop = await shop_of()
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    shop.telegram.world.private(DINA)
    asked = await shop.telegram.write_privately("Сколько стоит маникюр?", sender=DINA)
    await shop.settled()
    before = len(shop.telegram.chat(DINA))
    assert before == 2
    await shop.telegram.edit(asked, "Сколько стоит маникюр?")
    await shop.settled()
    assert len(shop.telegram.chat(DINA)) == before
    assert await shop.ends() == [("answered", ""), ("ignored", "unchanged")]
    await shop.telegram.edit(asked, "Сколько стоит маникюр с покрытием?")
    await shop.settled()
    await shop.telegram.edit(asked, "Сколько стоит маникюр с покрытием?")
    await shop.settled()
    assert len(shop.telegram.chat(DINA)) == before + 1
    assert (await shop.ends())[2:] == [("answered", ""), ("ignored", "unchanged")]
    said = await shop.rows("SELECT content FROM messages WHERE client_id = $1 AND role = 'user' ORDER BY seq")
    assert [row["content"] for row in said] == ["Сколько стоит маникюр?", "Сколько стоит маникюр с покрытием?"]
    await shop.balanced()


async def test_an_unchanged_edit_beside_new_words_says_nothing(shop_of) -> None:
    shop = await shop_of()
    thread = await handed_over(shop)
    [first] = [each for each in shop.telegram.chat(DINA) if each.text.startswith("Позовите")]
    before = len(shop.shown(thread))
    await shop.telegram.edit(first, first.text)
    await shop.telegram.write_privately("Я ещё здесь, отвечайте", sender=DINA)
    await shop.settled()
    assert [message.text for message in shop.shown(thread)[before:]] == ["👤 Я ещё здесь, отвечайте"]


async def test_an_edit_of_a_manager_that_changes_nothing_is_no_correction(shop_of, owner) -> None:
    shop = await shop_of()
    thread = await handed_over(shop)
    words = await shop.reply("Здравствуйте! Слушаю вас.", thread, owner)
    read = [each.text for each in shop.telegram.chat(DINA)]
    assert read[-1] == "Здравствуйте! Слушаю вас."
    await shop.telegram.edit(words, "Здравствуйте! Слушаю вас.")
    await shop.pass_time(seconds=4)
    assert [each.text for each in shop.telegram.chat(DINA)] == read
    assert (await shop.ends("manager"))[-1] == ("ignored", "unchanged")
    await shop.telegram.edit(words, "Здравствуйте! Слушаю вас внимательно.")
    await shop.pass_time(seconds=4)
    assert "внимательно" in shop.telegram.chat(DINA)[-1].text


async def test_a_desk_that_cannot_be_written_to_keeps_the_bot_open_for_customers(shop_of) -> None:
    """Cards wait for somebody who gives the bot its rights; replies go out meanwhile."""
    shop = await shop_of()
    shop.model.says("Маникюр с покрытием стоит 5 000 ₸.")
    group = shop.telegram.group(shop.group)
    group.rights["can_manage_topics"] = False
    people = [User(id=9100 + number, first_name=f"Клиент {number}") for number in range(6)]
    for person in people:
        shop.telegram.world.private(person)
        await shop.telegram.write_privately("Позовите менеджера, пожалуйста", sender=person)
    await shop.thought()
    failed = (
        "SELECT 1 FROM outbox_messages WHERE client_id = $1 AND kind = 'card' AND attempts > 0 AND status = 'queued'"
    )

    async def all_failed() -> bool:
        return len(await shop.rows(failed)) == len(people)

    await shop.rig.until(all_failed)
    shop.telegram.world.private(DINA)
    await shop.telegram.write_privately("Сколько стоит маникюр?", sender=DINA)
    await shop.telegram.find("5 000 ₸")
    assert await shop.rows("SELECT state FROM circuits WHERE client_id = $1 AND state = 'open'") == []
    group.rights["can_manage_topics"] = True
    await shop.pass_time(minutes=2)
    await shop.pass_time(minutes=2)  # six cards are more than a group takes in one minute
    assert len(shop.topics()) == len(people)


async def test_what_an_anonymous_admin_took_any_member_of_the_group_may_end(shop_of) -> None:
    """Words of an anonymous admin come from the group itself, a pressed button from the person."""
    shop = await shop_of()
    thread = await handed_over(shop)
    card = next(message for message in shop.shown(thread) if message.buttons)
    await shop.reply("Здравствуйте! Слушаю вас.", thread, User(id=502, first_name="Старшая", anonymous=True))
    assert await shop.state() == [("manager_active", "active", None)]
    await shop.press(card, "resolve", User(id=502, first_name="Старшая"))
    assert await shop.state() == [("bot_active", "resolved", "resolved")]


async def test_what_a_named_manager_took_stays_theirs(shop_of) -> None:
    shop = await shop_of()
    thread = await handed_over(shop)
    card = next(message for message in shop.shown(thread) if message.buttons)
    await shop.press(card, "take", User(id=503, first_name="Мария"))
    await shop.press(card, "resolve", User(id=502, first_name="Старшая"))
    assert await shop.state() == [("manager_active", "active", None)]


async def test_a_line_that_carries_the_buttons_is_found_after_changes_that_showed_none(shop_of) -> None:
    """The card was deleted between two changes: the buttons hang under a later line from then on."""
    shop = await shop_of()
    thread = await handed_over(shop)
    card = next(message for message in shop.shown(thread) if message.buttons)
    take = next(data for data in card.buttons.values() if data.startswith("take_"))
    maria = User(id=503, first_name="Мария")
    await shop.press(card, "take", maria)
    del shop.telegram.group(shop.group).messages[card.id]
    await shop.telegram.write_privately("Вы здесь?", sender=DINA)
    await shop.settled()
    await shop.pass_time(minutes=16)
    await shop.pass_time(minutes=46)  # nobody answered: the conversation waits for a human again
    await shop.forge(card, take, maria)
    [line] = [message for message in shop.shown(thread) if message.buttons]
    assert shop.actions(line) == {"resolve", "return"}
    await shop.press(line, "resolve", maria)
    assert not line.buttons


async def test_what_they_say_stands_under_the_voice_at_the_desk(shop_of, monkeypatch) -> None:
    monkeypatch.setenv("TEST_CIRCLE_SPEECH", "key-of-tests")
    async with AudioApi() as api:
        api.says("Буду через полчаса, подождите меня", sound=VOICE)
        shop = await shop_of()
        settings = {"base_url": api.url, "api_key": "env:TEST_CIRCLE_SPEECH"}
        speech = {"name": "speech_openai", "settings": settings}
        await shop.rig.apply({**shop.config, "plugins": [*shop.config["plugins"], speech]})
        thread = await handed_over(shop)
        await shop.telegram.send_file("voice", VOICE, chat=DINA.id, sender=DINA, mime="audio/ogg")
        await shop.settled()
        [note] = [message for message in shop.shown(thread) if message.kind == "voice"]
        assert note.text.endswith("🎤 Расшифровка: Буду через полчаса, подождите меня")


async def test_a_photo_is_not_shown_again_with_another_caption(shop_of) -> None:
    shop = await shop_of()
    thread = await handed_over(shop)
    before = len(shop.shown(thread))
    sent = await shop.telegram.send_file("photo", PHOTO, chat=DINA.id, sender=DINA, caption="вот так")
    await shop.settled()
    await shop.telegram.edit(sent, "вот так, только короче")
    await shop.settled()
    news = shop.shown(thread)[before:]
    assert [message.kind for message in news].count("photo") == 1
    assert "вот так, только короче" in news[-1].text


async def test_where_a_photo_was_made_reaches_no_desk_either(shop_of) -> None:
    """It was sent as a file: Telegram left everything in it, and has the original."""
    shop = await shop_of()
    thread = await handed_over(shop)
    told = PHOTO[:20] + b"\xff\xe1\0\x1bExif\0\0the place and more." + PHOTO[20:]
    await shop.telegram.send_file("document", told, chat=DINA.id, sender=DINA, mime="image/jpeg", name="a.jpg")
    await shop.settled()
    [shown] = [message for message in shop.shown(thread) if message.kind == "document"]
    assert shop.telegram.world.files[shown.json["document"]["file_id"]] == PHOTO
