"""Which branch a customer means: named by the number, by their words, by what they chose before, or asked, twice at most."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from truffles_gateway.messages import Draft, Passage

ABAY = {"slug": "abay", "name": "Абая 10", "names": {"kk": "Абай даңғылы 10", "en": "Abay 10"}, "knowledge_tag": "abay"}
MEGA = {"slug": "mega", "name": "ТРЦ Мега", "names": {"en": "Mega mall"}, "knowledge_tag": "mega"}
PRICES = {"abay": "Маникюр 5000 ₸", "mega": "Маникюр 7000 ₸"}
HOURS = {"abay": "Работаем с 9:00 до 20:00", "mega": "Работаем с 10:00 до 22:00"}
PARKING = "Парковка во дворе"
PRICE = "Сколько стоит маникюр?"
LIST = "1. Абая 10\n2. ТРЦ Мега"


def knows_branches(stub) -> Any:
    """Whoever answers by the turn's branch, and of an unknown one gives away all prices; the words come in their order."""

    def answer(message, turn) -> Draft | None:
        text = message.text.lower()
        parts = [
            (text.find("маникюр"), PRICES.get(turn.knowledge_tag, "Маникюр от 5000 ₸")),
            (text.find("manicure"), PRICES.get(turn.knowledge_tag, "Маникюр от 5000 ₸")),
            (text.find("работаете"), HOURS.get(turn.knowledge_tag, "Без выходных")),
            (text.find("парковк"), PARKING),
        ]
        said = [fact for at, fact in sorted(parts) if at >= 0]
        unknown = ("Делаете татуаж?",) if "татуаж" in text else ()
        return Draft(text="\n".join(said), verbatim=True, unanswered=unknown) if said else None

    return stub.plugin("by_branch", answer=answer)


@pytest.fixture
def asking(salon_of, stub) -> Any:
    """A salon with two branches that asks; keyword arguments of `branching` and of the config."""

    async def start(mode: str = "ask_user", *, config: dict[str, Any] | None = None, **branching: Any) -> Any:
        return await salon_of(
            extra=[knows_branches(stub)], desk={"quiet_from": 0, "quiet_until": 0},
            branching={"mode": mode, **branching}, **({"branches": [ABAY, MEGA]} | (config or {})),
        )  # fmt: skip

    return start


async def found(salon: Any, jid: str) -> tuple[str | None, str | None, str | None]:
    """(branch, how it was found, what is remembered) of a customer."""
    [row] = await salon.rig.rows(
        """SELECT b.slug, c.context ->> 'branch_found' AS how, u.metadata ->> 'preferred_branch' AS preferred
           FROM conversations c JOIN users u ON u.client_id = c.client_id AND u.id = c.user_id
           LEFT JOIN branches b ON b.client_id = c.client_id AND b.id = c.branch_id WHERE u.remote_jid = $1""",
        jid,
    )
    return row["slug"], row["how"], row["preferred"]


async def told(salon: Any) -> list[tuple[str, str]]:
    """What the trace of the last turn says of the branch."""
    rows = await salon.rig.rows("SELECT stages FROM turns WHERE kind = 'customer' ORDER BY finished_at DESC LIMIT 1")
    return [(each["outcome"], each.get("how", "")) for each in rows[0]["stages"] if each["stage"] == "branch"]


async def differs(salon: Any) -> list[tuple[str, str]]:
    """What the trace of the last turn says was found at the branches, in any order."""
    rows = await salon.rig.rows("SELECT stages FROM turns WHERE kind = 'customer' ORDER BY finished_at DESC LIMIT 1")
    [stage] = [each for each in rows[0]["stages"] if each["stage"] == "branches"]
    return sorted((each["id"], each["text"]) for each in stage["passages"])


async def test_asked_answered_and_remembered(asking, jid) -> None:
    salon = await asking()
    assert "1." not in await salon.ask(jid, "Здравствуйте")
    asked = await salon.ask(jid, PRICE)
    assert asked.endswith(LIST)
    assert await salon.ask(jid, "спасибо") != ""
    assert await salon.ask(jid, "2, и есть ли парковка?") == f"{PRICES['mega']}\n{PARKING}"
    assert await found(salon, jid) == ("mega", "asked", "mega")
    assert await told(salon) == [("unknown", ""), ("mega", "asked")]
    await salon.pass_time(hours=72)
    assert await salon.ask(jid, PRICE) == PRICES["mega"]
    assert await told(salon) == [("mega", "remembered")]
    assert await salon.ask(jid, "А сколько стоит маникюр на Абая?") == PRICES["abay"]
    assert await found(salon, jid) == ("abay", "named", "abay")
    assert await salon.ask(jid, "нет, лучше в Меге") == PRICES["mega"]
    assert await found(salon, jid) == ("mega", "named", "mega")
    await salon.balanced(accepted=7, answered=7)


async def test_a_branch_that_is_gone_is_forgotten_and_nobody_is_remembered_who_should_not_be(asking, jid) -> None:
    salon = await asking()
    assert await salon.ask(jid, "how much is a manicure at the Mega mall?") == PRICES["mega"]
    [stored] = await salon.rig.rows("SELECT config FROM clients")
    third = {"slug": "north", "name": "Север", "knowledge_tag": "north"}
    await salon.rig.apply({**stored["config"], "branches": [ABAY, third]})
    assert (await salon.ask(jid, "how much is a manicure?")).endswith("1. Abay 10\n2. Север")
    assert await found(salon, jid) == (None, None, None)
    rules = {"mode": "ask_user", "remember_branch_preference": False}
    await salon.rig.apply({**stored["config"], "branching": rules})
    assert await salon.ask(jid, "first") == PRICES["abay"]
    assert await found(salon, jid) == ("abay", "asked", None)
    await salon.pass_time(hours=23)
    assert await salon.ask(jid, PRICE) == PRICES["abay"]
    await salon.pass_time(hours=25)
    assert (await salon.ask(jid, PRICE)).endswith(LIST)


async def test_nobody_is_asked_three_times_nor_twice_in_the_same_words(asking, jid) -> None:
    salon = await asking()
    first = await salon.ask(jid, "А парковка есть? И сколько стоит маникюр?")
    second = await salon.ask(jid, "1 или 2")
    assert first.endswith(LIST) and second.endswith(LIST) and first != second
    assert await salon.ask(jid, "не знаю") == f"{PARKING}\nМаникюр от 5000 ₸"
    assert await salon.ask(jid, PRICE) == "Маникюр от 5000 ₸"
    assert "коллеге" in await salon.ask(jid, "Делаете татуаж губ на дому?")
    assert [each for each in salon.read(jid) if "1." in each] == [first, second]
    assert (await salon.outcomes())[-1][0] == "escalated"


async def test_who_wants_an_answer_and_no_silence_is_not_asked_that_again(asking, jid) -> None:
    salon = await asking()
    assert "«нет»" in await salon.ask(jid, f"Не пишите мне больше. {PRICE}")
    assert (await salon.ask(jid, "нет")).endswith(LIST)
    assert (await salon.ask(jid, "не знаю")).endswith(LIST)
    assert await salon.ask(jid, "2") == PRICES["mega"]
    assert "больше не пишем" in await salon.ask(jid, "Не пишите мне больше")


async def test_who_wants_a_human_waits_for_no_question(asking, jid) -> None:
    salon = await asking()
    await salon.ask(jid, PRICE)
    assert "коллеге" in await salon.ask(jid, "позовите менеджера")
    assert await salon.ask(jid, "Сколько стоит маникюр в Меге?") == PRICES["mega"], "answered about what was asked"
    assert await salon.ask(jid, "а на Абая сколько маникюр?") == PRICES["abay"]
    assert (await found(salon, jid))[0] is None, "and yet people have it where it is"
    assert "Сколько стоит маникюр в Меге?" in await salon.desk("forward")
    assert (await salon.state())[1] == [("pending", None)]
    handover = await salon.handover()
    await salon.reply("Сейчас подскажу", handover)
    await salon.press("resolve", handover)
    assert "1." not in await salon.ask(jid, "2")


async def test_the_number_names_it_first_and_words_go_before_memory(asking, jid, sim) -> None:
    chatflow = {
        "base_url": sim.url,
        "token": "env:TEST_CHATFLOW_TOKEN",
        "instance_id": "main",
        "instances": [{"id": "mega"}],
    }
    plugins = [{"name": name} for name in ("by_branch", "policy", "desk_log")]
    salon = await asking(
        "hybrid",
        config={
            "plugins": [*plugins, {"name": "chatflow", "settings": chatflow}],
            "branches": [ABAY, {**MEGA, "instance_id": "mega"}],
        },
    )
    other = "77000000012@s.whatsapp.net"
    assert await salon.ask(jid, PRICE, instance="mega") == PRICES["mega"]
    assert await found(salon, jid) == ("mega", "instance", None)
    assert await salon.ask(jid, "А маникюр на Абая?", instance="mega") == PRICES["abay"]
    assert await salon.ask(jid, "Маникюр сегодня возможен?", instance="mega") == PRICES["abay"]
    assert (await salon.ask(other, PRICE, instance="main")).endswith(LIST)
    assert await salon.ask(other, "первый", instance="main") == PRICES["abay"]
    assert await salon.ask(other, PRICE, instance="mega") == PRICES["mega"]
    salon.sim.behave(logged_out=True)
    await salon.write(other, "Есть парковка?", instance="mega")
    alarms = "SELECT payload FROM outbox_messages WHERE kind = 'alarm'"
    await salon.rig.until(lambda: salon.rig.rows(alarms))
    [alarm] = await salon.rig.rows(alarms)
    assert alarm["payload"]["data"] == {"branch": "mega"}, "the number's own desk is told"


async def test_what_is_the_same_everywhere_needs_no_branch_and_what_nobody_knows_a_human(salon_of, stub, jid) -> None:
    """Nobody is asked where they want to come for an answer that is one, or for none."""

    def retrieve(message, turn) -> list[Passage]:
        found = {"маникюр": PRICES.get(turn.knowledge_tag, "Маникюр"), "парковк": PARKING}
        return [Passage(id=word, text=text, confidence=0.9, query=message.text)
                for word, text in found.items() if word in message.text.lower()]  # fmt: skip

    def answer(passages) -> Draft | None:
        return Draft(text="\n".join(each.text for each in passages), verbatim=True) if passages else None

    extra = [stub.plugin("by_meaning", retrieve=retrieve, answer=answer)]
    salon = await salon_of(extra=extra, branches=[ABAY, MEGA], branching={"mode": "ask_user"})
    boris = "77000000012@s.whatsapp.net"
    assert await salon.ask(jid, "Есть ли парковка?") == PARKING
    assert (await salon.ask(jid, PRICE)).endswith(LIST)
    assert await differs(salon) == [("маникюр", PRICES["abay"]), ("маникюр", PRICES["mega"])]
    assert await salon.ask(jid, "а парковка большая?") == PARKING, "the question which branch still stands"
    assert await salon.ask(jid, "2") == f"{PRICES['mega']}"
    assert "коллеге" in await salon.ask(boris, "Можно к вам со змеёй?")


async def test_what_one_branch_alone_has_is_told_of_that_one(salon_of, stub, jid) -> None:
    """Where the others have no such thing, nobody is asked where they want to come, nor where they have this very fact in doubt: that is
    as true of them. They are asked where another has it doubtfully under another id, and where nobody words the answer; people are not told of a branch that nobody chose."""
    sure = {("abay", "солярий"): 0.9, ("abay", "педикюр"): 0.9, ("mega", "педикюр"): 0.3, ("abay", "загар"): 0.9,
            ("abay", "уход"): 0.9, ("mega", "уход"): 0.3}  # fmt: skip

    def retrieve(message, turn) -> list[Passage]:
        return [Passage(id=word if word == "уход" else f"{turn.knowledge_tag} {word}", text=f"{word.capitalize()} 3000 ₸", confidence=confidence, query=message.text,
                        tag="" if word == "уход" else tag)
                for (tag, word), confidence in sure.items()
                if tag == turn.knowledge_tag and word in message.text.lower()]  # fmt: skip

    def answer(passages) -> Draft | None:
        said = [each.text for each in passages if each.confidence > 0.5 and "Загар" not in each.text]
        return Draft(text="\n".join(said), verbatim=True) if said else None

    extra = [stub.plugin("by_meaning", retrieve=retrieve, answer=answer)]
    salon = await salon_of(extra=extra, branches=[ABAY, MEGA], branching={"mode": "ask_user"})
    assert await salon.ask(jid, "Сколько стоит солярий?") == "Филиал «Абая 10»:\nСолярий 3000 ₸"
    [stages] = [row["stages"] for row in await salon.rig.rows("SELECT stages FROM turns WHERE kind = 'customer'")]
    assert [each["branch"] for each in stages if each.get("outcome") == "only there"] == ["abay"]
    assert await found(salon, jid) == (None, None, None), "the conversation stays where it is"
    assert await salon.ask(jid, "А уход?") == "Уход 3000 ₸"
    assert (await salon.ask(jid, "А педикюр?")).endswith(LIST)
    assert (await salon.ask("77000000012@s.whatsapp.net", "А загар?")).endswith(LIST)


async def test_what_the_others_tell_by_the_name_of_the_branch_that_has_it_is_told_to_everybody(
    salon_of, stub, jid
) -> None:
    """ "Solarium: 3000 (Abaya 10)" is as true at the other one, however surely something else is found there besides. A price of its own
    at a branch is none of that, though others tell theirs without a name."""
    fact = {"солярий": {"abay": "Солярий 3000 ₸", "mega": "Солярий 3000 ₸ (Абая 10)"},
            "загар": {"abay": "Загар 5000 ₸", "mega": "Загар 6000 ₸"}}  # fmt: skip

    def retrieve(message, turn) -> list[Passage]:
        here = turn.knowledge_tag or "mega"
        return [Passage(id=word, text=texts[here], confidence=0.9 if here == "abay" else 0.8, query=message.text, tag="abay" if here == "abay" else "")
                for word, texts in fact.items() if word in message.text.lower()]  # fmt: skip

    def answer(passages) -> Draft | None:
        return Draft(text=passages[0].text, verbatim=True) if passages else None

    extra = [stub.plugin("by_meaning", retrieve=retrieve, answer=answer)]
    salon = await salon_of(extra=extra, branches=[ABAY, MEGA], branching={"mode": "ask_user"})
    assert await salon.ask(jid, "Сколько стоит солярий?") == "Филиал «Абая 10»:\nСолярий 3000 ₸"
    assert (await salon.ask(jid, "А загар?")).endswith(LIST)


async def test_what_every_branch_has_in_doubt_is_no_reason_to_ask(salon_of, stub, jid) -> None:
    """One branch sells it; what both say of it besides, one of them more surely, is as true of either."""

    def retrieve(message, turn) -> list[Passage]:
        here = turn.knowledge_tag == "abay"
        care = Passage(id="care", text="После загара не купайтесь", confidence=0.6 if here else 0.3, query=message.text)
        sold = Passage(id="sun", text="Солярий 3000 ₸", confidence=0.9, query=message.text, tag="abay")
        return [sold, care] if here else [care]

    def answer(passages) -> Draft | None:
        return Draft(text=passages[0].text, verbatim=True) if passages else None

    extra = [stub.plugin("by_meaning", retrieve=retrieve, answer=answer)]
    salon = await salon_of(extra=extra, branches=[ABAY, MEGA], branching={"mode": "ask_user"})
    assert await salon.ask(jid, "Сколько стоит солярий?") == "Филиал «Абая 10»:\nСолярий 3000 ₸"


async def test_no_price_leaves_before_the_branch_is_known(asking, jid) -> None:
    salon = await asking("by_instance", require_branch_for_pricing=True)
    assert await salon.ask(jid, "Есть парковка?") == PARKING
    assert (await salon.ask(jid, PRICE)).endswith(LIST)
    assert await salon.ask(jid, "на меге") == PRICES["mega"]
    boris, clara = "77000000012@s.whatsapp.net", "77000000013@s.whatsapp.net"
    assert (await salon.ask(boris, "Когда работаете?")).endswith(LIST)
    assert (await salon.ask(boris, "не скажу")).endswith(LIST)
    assert "коллеге" in await salon.ask(boris, "не скажу я вам")
    [card] = await salon.desk("card")
    assert "филиал" in card and "Когда работаете?" in card
    assert await salon.ask(boris, PRICE) != "Маникюр от 5000 ₸"
    assert await salon.ask(clara, "А сколько маникюр на Абая?") == PRICES["abay"]
    assert "от 5000" not in "".join(each for who in (jid, boris, clara) for each in salon.read(who))


async def test_the_name_of_a_branch_tells_no_language(asking, jid) -> None:
    salon = await asking()
    assert (await salon.ask(jid, "How much is a manicure?")).endswith("1. Abay 10\n2. Mega mall")
    assert await salon.ask(jid, "Abay") == PRICES["abay"]
    boris, dana = "77000000012@s.whatsapp.net", "77000000013@s.whatsapp.net"
    await salon.ask(boris, "Маникюр қанша тұрады?")
    assert await salon.ask(boris, "Абайда") == PRICES["abay"]
    await salon.ask(dana, "Hello")
    assert await salon.ask(dana, "Abay") == "All right, the branch Abay 10. What would you like to know?"
    rows = await salon.rig.rows("SELECT DISTINCT context ->> 'language' AS said FROM conversations")
    assert {row["said"] for row in rows} == {"en", "kk"}


async def test_what_was_answered_of_one_branch_is_answered_of_the_next_that_is_named(asking, jid) -> None:
    salon = await asking()
    assert await salon.ask(jid, "Как вы работаете на Абая?") == HOURS["abay"]
    assert await salon.ask(jid, "а в Меге?") == HOURS["mega"]
    assert await salon.ask(jid, "парковка есть?") == PARKING
    assert await salon.ask(jid, "а на Абая?") == PARKING, "the same, but of another branch"
    assert await salon.ask(jid, "а на Абая?") == "Хорошо, филиал «Абая 10». Что подсказать?"
    assert await salon.ask(jid, PRICE) == PRICES["abay"]
    await salon.ask(jid, "спасибо")
    assert await salon.ask(jid, "в Меге") == "Хорошо, филиал «ТРЦ Мега». Что подсказать?"
    assert await salon.ask(jid, PRICE) == PRICES["mega"]
    await salon.pass_time(minutes=11)
    assert await salon.ask(jid, "на Абая") == "Хорошо, филиал «Абая 10». Что подсказать?"
    assert await salon.ask(jid, PRICE) == PRICES["abay"]
    handover = await salon.handover() if await salon.ask(jid, "позовите менеджера") else ""
    await salon.press("resolve", handover)
    assert "Мега" in await salon.ask(jid, "а в Меге?")


async def test_who_means_both_or_any_is_not_asked_again(asking, jid) -> None:
    salon = await asking()
    assert (await salon.ask(jid, "А парковка есть? И сколько стоит маникюр?")).endswith(LIST)
    assert await salon.ask(jid, "без разницы") == f"{PARKING}\nМаникюр от 5000 ₸"
    assert await salon.ask(jid, PRICE) == "Маникюр от 5000 ₸"
    assert (await found(salon, jid))[0] is None
    assert await salon.ask(jid, "а в Меге?") == PRICES["mega"]
    [stored] = await salon.rig.rows("SELECT config FROM clients")
    rules = {"mode": "ask_user", "require_branch_for_pricing": True}
    await salon.rig.apply({**stored["config"], "branching": rules})
    boris, dana = "77000000012@s.whatsapp.net", "77000000013@s.whatsapp.net"
    await salon.ask(boris, "how much is a manicure?")
    assert "colleague" in await salon.ask(boris, "both")
    await salon.ask(dana, PRICE)
    assert "коллеге" in await salon.ask(dana, "на Абая и в Меге")


async def test_what_nobody_read_was_not_asked_and_a_choice_thought_about_again_is_still_one(asking, jid) -> None:
    """Replies that the channel did not take are withdrawn when more arrives."""
    salon = await asking()

    async def write_while_busy(text: str, more: str) -> str:
        salon.sim.behave(success=False, message="busy")
        await salon.write(jid, text)
        await salon.rig.until(
            lambda: salon.rig.rows("SELECT 1 FROM outbox_messages WHERE status = 'queued' AND attempts > 0")
        )
        salon.sim.behave(clear=True)
        return await salon.ask(jid, more)

    asked = await write_while_busy(PRICE, "И когда работаете?")
    assert asked.endswith(LIST)
    assert "цифр" not in asked, "the first question, not the second"
    again = await write_while_busy("не знаю", "а какие есть?")
    assert again.endswith(LIST) and again != asked
    assert await write_while_busy("в меге", "И парковка есть?") == f"{PRICES['mega']}\n{HOURS['mega']}\n{PARKING}"
    assert await found(salon, jid) == ("mega", "asked", "mega")
    assert len(salon.read(jid)) == 3
    await salon.balanced(accepted=6, answered=6)


async def test_people_who_take_it_meanwhile_keep_it_where_it_is(salon_of, jid, stub) -> None:
    """A human writes while the choice is thought about: the conversation does not move away from them."""
    armed, thinking, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def classify(message) -> None:
        if armed.is_set() and message.text == PRICE:
            thinking.set()
            await go_on.wait()

    slow = stub.plugin("slow", classify=classify)
    salon = await salon_of(
        extra=[slow, knows_branches(stub)], branches=[ABAY, MEGA], branching={"mode": "ask_user"},
        desk={"quiet_from": 0, "quiet_until": 0},
    )  # fmt: skip
    await salon.ask(jid, PRICE)
    armed.set()
    await salon.write(jid, "2")
    await asyncio.wait_for(thinking.wait(), 20)
    words = {
        "client_slug": "salon",
        "text": "Здравствуйте, это Алия",
        "remote_jid": jid,
        "manager": {"id": "aliya", "name": "Aliya"},
    }
    assert (await salon.rig.admin("POST", "/admin/desk/reply", json=words)).status_code == 200
    await salon.rig.until(lambda: salon.rig.rows("SELECT 1 FROM conversations WHERE state = 'manager_active'"))
    go_on.set()
    await salon.rig.settled()
    assert salon.read(jid)[-1] == "Здравствуйте, это Алия"
    assert f"{PRICE}\n2" in (await salon.desk("forward"))[-1], "who took it reads what the number answers"
    assert (await found(salon, jid))[0] is None
    await salon.press("resolve", await salon.handover())
    assert await salon.ask(jid, "а маникюр в меге сколько?") == PRICES["mega"]


async def test_a_choice_that_is_thought_about_again_keeps_its_question_where_a_human_was_called(asking, jid) -> None:
    salon = await asking(config={"mode": "approve"})
    assert (await salon.ask(jid, f"{PRICE} Делаете татуаж?")).endswith(LIST)
    assert "коллеге" in await salon.ask(jid, "2")
    assert await salon.ask(jid, "И парковка есть?") == ""
    first, second = await salon.rig.rows("SELECT text FROM drafts ORDER BY created_at")
    assert PRICES["mega"] in first["text"]
    assert f"{PRICES['mega']}\n{PARKING}" in second["text"]
    assert await salon.ask(jid, "А маникюр на Абая сколько?") == ""
    assert (await found(salon, jid))[0] == "mega", "people have it where it is"
    assert (await salon.state())[1] == [("pending", None)]


async def test_modes_follow_from_the_choice_on(asking, jid) -> None:
    branches = [{**ABAY, "mode": "approve"}, {**MEGA, "mode": "shadow"}]
    salon = await asking(config={"branches": branches})
    assert (await salon.ask(jid, PRICE)).endswith(LIST)
    assert await salon.ask(jid, "1") == ""
    [draft] = await salon.rig.rows("SELECT id, text, question FROM drafts")
    assert (draft["text"], draft["question"]) == (PRICES["abay"], PRICE)
    await salon.decide_draft("send", str(draft["id"]))
    assert salon.read(jid)[-1] == PRICES["abay"]
    assert await salon.ask(jid, "а маникюр в меге?") == ""
    assert (await salon.outcomes())[-1] == ("ignored", "shadow")
    boris = "77000000012@s.whatsapp.net"
    await salon.ask(boris, PRICE)
    for words in ("1", "а в меге?"):  # the second takes the draft back, and names two of them with the first
        assert await salon.ask(boris, words) == ""
    drafts = await salon.rig.rows("SELECT text, question FROM drafts ORDER BY created_at")
    assert (drafts[-1]["text"], drafts[-1]["question"]) == (PRICES["abay"], f"{PRICE}\n1\nа в меге?")
