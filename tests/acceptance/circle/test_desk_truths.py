"""What the desk says is so, and what was no word to the customer never becomes one."""

from __future__ import annotations

from tests.acceptance.circle.test_approve import (
    MARAT,
    OTHER_WORDS,
    approving,
    drafted,
    statuses,
)  # fmt: skip
from tests.acceptance.circle.test_owner_commands import command


async def test_a_change_to_words_in_a_drafts_place_is_a_correction_and_nothing_else(shop_of, anna, owner) -> None:
    shop = await approving(shop_of)
    card = await drafted(shop, anna)
    await shop.press(card, "edit", MARAT)
    words = await shop.reply(OTHER_WORDS, card.thread, MARAT)
    for changed in (f"{OTHER_WORDS} Ждём!", f"{OTHER_WORDS} Ждём вас!"):
        await shop.telegram.edit(words, changed)
        await shop.pass_time(seconds=4)
        assert shop.said(anna)[-1] == f"Исправление: {changed}"
        assert await shop.state() == [("bot_active", "resolved", "resolved")]
    assert words.reactions == ["👌"]

    following = await drafted(shop, anna, "Сколько стоит маникюр с покрытием и снятием?")
    assert following.buttons, "the bot goes on"
    await shop.press(following, "own", owner)
    await shop.telegram.edit(words, OTHER_WORDS)
    await shop.pass_time(seconds=4)
    assert shop.said(anna)[-1] == f"Исправление: {OTHER_WORDS}"
    [kept] = await shop.rows("SELECT assigned_to FROM handovers WHERE client_id = $1 AND status = 'active'")
    assert kept["assigned_to"] == "Айгерим", "who leads goes on, too"
    assert await statuses(shop) == [("edited", "Марат"), ("owned", "Айгерим")]
    await shop.balanced()


async def test_whoever_gives_a_customer_back_hears_that_the_bot_is_silent(shop_of, anna, boris, owner) -> None:
    shop = await shop_of(timezone="UTC")
    third = "77010000003@s.whatsapp.net"
    a, b, c = [await shop.hand_over(jid) for jid in (anna, boris, third)]
    assert "на паузе" in await command(shop, "/пауза 2ч", owner)
    told = await shop.press(a, "return", owner)
    assert "пауза до " in told
    assert "боту" not in told
    assert any("Возвращено боту: Айгерим. Бот молчит: пауза до" in each for each in shop.texts(a.thread))
    await command(shop, "/старт", owner)
    await shop.reply("🔕", b.thread, owner)
    assert "этому контакту не отвечает" in await shop.press(b, "return", owner)
    await command(shop, "/пауза", owner)
    told = next(each for each in shop.shown(b.thread) if "🔕 Бот не отвечает" in each.text)
    assert "до команды /старт" in await shop.press(told, "unmute", owner)
    await shop.pass_time(minutes=2)  # so much in one minute is more than a group takes
    assert any("больше не в тишине. Бот молчит" in each for each in shop.texts(b.thread))
    await shop.press(c, "take", owner)
    await shop.rig.apply({**shop.config, "mode": "shadow"})
    told = await shop.press(c, "resolve", owner)
    assert "вопрос решён" in told
    assert "shadow" in told
    assert "дальше отвечает бот" not in told


async def test_a_command_that_becomes_words_reaches_nobody(shop_of, anna, owner) -> None:
    shop = await shop_of()
    card = await shop.hand_over(anna)
    said, state = shop.said(anna), await shop.state()
    given = await shop.reply("/старт", card.thread, owner)
    for words in ("Здравствуйте", "Здравствуйте, Анна"):
        await shop.telegram.edit(given, words)
        await shop.pass_time(seconds=4)
        assert "было командой" in shop.texts(card.thread)[-1]
    assert (shop.said(anna), await shop.state()) == (said, state)

    words = await shop.reply("Добрый день", card.thread, owner)
    await shop.telegram.edit(words, "/пауза 2ч")
    await shop.pass_time(seconds=4)
    assert shop.said(anna) == [*said, "Добрый день"]
    assert len(await shop.rows("SELECT 1 FROM overrides WHERE client_id = $1 AND kind = 'pause'")) == 1
    assert sum("Бот на паузе" in each for each in shop.texts(card.thread)) == 1
    await shop.telegram.edit(words, "/пауза 2ч")  # Telegram tells of changes that nobody sees
    await shop.pass_time(seconds=4)
    assert sum("Бот на паузе" in each for each in shop.texts(card.thread)) == 1
    await shop.telegram.edit(words, "Добрый вечер")
    await shop.pass_time(seconds=4)
    assert shop.said(anna) == [*said, "Добрый день", "Исправление: Добрый вечер"]

    general = await shop.telegram.write("/итоги", chat=shop.group, sender=owner)
    await shop.settled()
    await shop.telegram.edit(general, "Всем привет")
    await shop.settled()
    assert len(shop.said(anna)) == len(said) + 2
