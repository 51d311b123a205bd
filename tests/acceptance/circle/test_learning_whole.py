"""Learning, whole, as an owner sees it: to change an answer before approving it, and what approving would change."""

from __future__ import annotations

import asyncio

import pytest

QUESTION = "Делаете ли вы перманентный татуаж губ?"
ANSWER = "Татуаж губ делаем, сначала нужна консультация мастера."
BETTER = "Делаем татуаж губ, консультация мастера бесплатная."


@pytest.fixture
def asked(shop_of, anna, stranger):
    """A shop in which somebody who is not its owner has answered: the owner is asked about it."""

    async def open_shop(**more):
        shop = await shop_of(**more)
        card = await shop.hand_over(anna, QUESTION)
        await shop.reply(ANSWER, card.thread, stranger)
        assert await shop.learned() == [(ANSWER, "pending")]
        return shop

    return open_shop


async def known(shop) -> list[str]:
    """The learned answers that customers may be told."""
    rows = await shop.rows("SELECT answer FROM knowledge_chunks WHERE client_id = $1 AND id LIKE 'learned:%'")
    return [row["answer"] for row in rows]


async def test_an_owner_changes_an_answer_before_approving_it(asked, anna, boris, owner) -> None:
    shop = await asked()
    lesson = shop.lesson()
    assert list(lesson.buttons) == ["Запомнить ✅", "Изменить ✏️", "Не надо ❌"]
    assert "Клиенту он не уйдёт" in await shop.press(lesson, "amend", owner)
    read, state = shop.said(anna), await shop.state()
    words = await shop.reply(BETTER, lesson.thread, owner)
    assert shop.said(anna) == read
    assert await shop.state() == state
    assert words.reactions == []
    assert await shop.learned() == [(BETTER, "pending")]
    assert BETTER in lesson.text
    assert ANSWER not in lesson.text
    assert "Ответил не владелец" not in lesson.text
    assert shop.actions(lesson) == {"approve", "amend", "reject"}
    messages = await shop.rows("SELECT content FROM messages WHERE client_id = $1 AND role = 'manager'")
    assert [row["content"] for row in messages] == [ANSWER]

    assert "Запомнено" in await shop.press(lesson, "approve", owner)
    assert (await shop.learned(), await known(shop)) == ([(BETTER, "approved")], [BETTER])
    shop.model.says(BETTER)
    assert await shop.ask(boris, QUESTION) == [BETTER]
    await shop.reply("Ждём вас!", lesson.thread, owner)
    assert shop.said(anna)[-1] == "Ждём вас!"
    await shop.balanced()


async def test_doubts_are_looked_for_again(asked, owner) -> None:
    shop = await asked()
    await shop.press(shop.lesson(), "amend", owner)
    await shop.reply("Татуаж губ делаем, он стоит 31 000 тенге.", shop.lesson().thread, owner)
    assert "Этого нет в базе знаний: цена или число" in shop.lesson().text
    await shop.press(shop.lesson(), "amend", owner)
    await shop.reply("уточню", shop.lesson().thread, owner)
    assert "ничему не учит" in shop.lesson().text
    assert await shop.learned() == [("Татуаж губ делаем, он стоит 31 000 тенге.", "pending")]
    assert await known(shop) == []


async def test_an_answer_to_the_card_changes_it_and_so_does_an_edit_of_that_answer(asked, anna, owner) -> None:
    shop = await asked()
    lesson, read = shop.lesson(), shop.said(anna)
    words = await shop.telegram.write(
        "Делаем.", chat=shop.group, thread=lesson.thread, sender=owner, reply_to_message=lesson.json
    )
    await shop.pass_time(seconds=3.5)
    assert await shop.learned() == [("Делаем.", "pending")]
    await shop.telegram.edit(words, BETTER)
    await shop.pass_time(seconds=3.5)
    assert await shop.learned() == [(BETTER, "pending")]
    assert shop.said(anna) == read
    await shop.press(lesson, "approve", owner)
    await shop.telegram.edit(words, "Не делаем.")
    await shop.pass_time(seconds=3.5)
    assert await shop.learned() == [(BETTER, "approved")]
    assert shop.said(anna) == read
    assert any("Правка не принята" in text for text in shop.texts())


async def test_only_owners_change_an_answer(asked, anna, owner, stranger) -> None:
    shop = await asked()
    assert "только владелец" in await shop.press(shop.lesson(), "amend", stranger)
    await shop.reply("Приходите!", shop.lesson().thread, stranger)
    assert shop.said(anna)[-1] == "Приходите!"
    await shop.press(shop.lesson(), "amend", owner)
    await shop.reply("Мы рядом!", shop.lesson().thread, stranger)
    assert shop.said(anna)[-1] == "Мы рядом!"
    for note in ("// наша заметка", " \u200b// с невидимым знаком впереди"):
        await shop.reply(note, shop.lesson().thread, owner)
    await shop.reply(BETTER, shop.lesson().thread, owner)
    assert (BETTER, "pending") in await shop.learned()
    assert shop.said(anna)[-1] == "Мы рядом!"


async def test_what_nobody_writes_expires_and_the_desk_is_told(asked, anna, owner) -> None:
    shop = await asked()
    await shop.press(shop.lesson(), "amend", owner)
    await shop.pass_time(minutes=9)
    assert not any("правка отменена" in text for text in shop.texts())
    await shop.pass_time(minutes=1, seconds=6)
    assert sum("правка отменена" in text for text in shop.texts()) == 1
    await shop.reply("Ждём вас в субботу!", shop.lesson().thread, owner)
    assert shop.said(anna)[-1] == "Ждём вас в субботу!"
    assert await shop.learned() != [("Ждём вас в субботу!", "pending")]


async def test_words_for_an_answer_that_was_decided_meanwhile_go_to_nobody(asked, anna, owner) -> None:
    other = {"name": "Мадина", "role": "owner", "identities": [{"channel": "telegram", "id": "902"}]}
    first = {"name": "Айгерим", "role": "owner", "identities": [{"channel": "telegram", "id": str(owner.id)}]}
    shop = await asked(agents=[first, other])
    madina = type(owner)(id=902, first_name="Мадина")
    await shop.press(shop.lesson(), "amend", madina)
    await shop.press(shop.lesson(), "approve", owner)
    read = shop.said(anna)
    await shop.reply(BETTER, shop.lesson().thread, madina)
    assert shop.said(anna) == read
    assert await shop.learned() == [(ANSWER, "approved")]
    assert any("Правка не принята" in text for text in shop.texts())


async def test_the_card_says_what_approving_would_change(shop_of, anna, boris, stranger, owner) -> None:
    shop = await shop_of(facts="## Маникюр\nМаникюр с покрытием стоит 5 000 ₸.\n")
    await shop.ask(boris, "А татуаж губ вы делаете?")
    await shop.ask("77010000003@s.whatsapp.net", "А вы продаёте аквариумных рыбок?")
    card = await shop.hand_over(anna, QUESTION)
    await shop.reply(ANSWER, card.thread, stranger)
    lesson = shop.lesson(anna)
    assert "Из последних вопросов людям (2) ответил бы на 1" in lesson.text
    assert "сказано иначе" not in lesson.text
    await shop.press(lesson, "approve", owner)
    assert "ответил бы на" not in lesson.text


async def test_the_card_names_what_the_facts_say_otherwise(shop_of, anna, stranger, owner) -> None:
    shop = await shop_of(facts="## Маникюр\nМаникюр с покрытием стоит 5 000 ₸.\n")
    card = await shop.hand_over(anna, "Позовите менеджера! Сколько стоит маникюр с покрытием?")
    await shop.reply("Маникюр с покрытием стоит 6 000 ₸.", card.thread, stranger)
    lesson = shop.lesson()
    assert "В базе знаний сказано иначе: Маникюр с покрытием стоит 5 000 ₸. (facts.md)" in lesson.text
    await shop.press(lesson, "amend", owner)
    await shop.reply("Маникюр с покрытием стоит 5 000 ₸.", lesson.thread, owner)
    assert "сказано иначе" not in lesson.text


async def test_of_two_owners_at_the_same_instant_one_decides_and_the_other_is_told(
    shop_of, rig_of, anna, boris, stranger, owner
) -> None:
    """One approves at one gateway, the other rejects at the other one: table, card and knowledge say the same."""
    madina = type(owner)(id=902, first_name="Мадина")
    agents = [{"name": each.first_name, "role": "owner", "identities": [{"channel": "telegram", "id": str(each.id)}]}
              for each in (owner, madina)]  # fmt: skip
    shop = await shop_of(agents=agents)
    gateways = [shop.rig, await rig_of()]
    for customer, question, first in ((anna, QUESTION, 0), (boris, "Есть ли у вас курсы для визажистов?", 1)):
        card = await shop.hand_over(customer, question)
        await shop.reply(ANSWER, card.thread, stranger)
        lesson = shop.lesson(customer)

        async def press(number: int, action: str, sender, lesson=lesson) -> str:
            shop.telegram.methods.webhook["url"] = f"{gateways[number].url}/telegram-webhook/{shop.slug}"
            data = next(each for each in lesson.buttons.values() if each.startswith(action))
            return await shop.telegram.press_data(lesson, data, sender=sender)

        pressed = await asyncio.gather(press(first, "approve", owner), press(1 - first, "reject", madina))
        await shop.settled()
        popups = [shop.telegram.world.answers[each] for each in pressed]
        [row] = await shop.rows(
            "SELECT l.status, l.revision, l.decided_by FROM learned_responses l WHERE client_id = $1"
            " ORDER BY created_at DESC LIMIT 1"
        )
        assert row["revision"] == 1, "one decision"
        if row["status"] == "approved":
            assert (popups, row["decided_by"]) == (["Запомнено.", "Уже запомнено."], owner.first_name)
            assert shop.actions(lesson) == {"undo"}
        else:
            assert (popups, row["decided_by"]) == (["Уже отклонено.", "Не запоминаю."], madina.first_name)
            assert lesson.buttons == {}
        assert len(await known(shop)) == sum(each == "approved" for _, each in await shop.learned())
