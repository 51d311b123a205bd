"""Modes: answer, only record, or be off; for some numbers, for one branch. And tenants that are suspended."""

from __future__ import annotations

from truffles_gateway.tenant_config import read

ASK = "Позовите менеджера, пожалуйста"


async def test_shadow_records_what_it_would_have_said_and_says_nothing(salon_of, jid, stub) -> None:
    salon = await salon_of(mode="shadow", extra=[stub.knows("где", "Улица Вымышленная, 12")])
    assert await salon.ask(jid, "Где вы находитесь?") == ""
    assert await salon.ask(jid, ASK) == ""
    assert await salon.outcomes() == [("ignored", "shadow")] * 2
    assert await salon.desk() == []
    assert await salon.rig.rows("SELECT 1 FROM handovers") == []
    [turn, _] = await salon.rig.rows("SELECT stages FROM turns ORDER BY started_at")
    [shadow] = [stage for stage in turn["stages"] if stage["stage"] == "shadow"]
    assert (shadow["outcome"], shadow["drafts"]) == ("answered", ["Улица Вымышленная, 12"])
    await salon.balanced(accepted=2, ignored=2)


async def test_shadow_is_silent_to_a_customer_who_was_waiting_for_a_human(salon_of, sim, jid) -> None:
    salon = await salon_of()
    await salon.ask(jid, ASK)
    [served] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**served["config"], "mode": "shadow"})
    assert await salon.ask(jid, "А собаку подстрижёте?") == ""
    assert await salon.desk("forward") == ["А собаку подстрижёте?"]
    assert (await salon.outcomes())[-1] == ("forwarded", "shadow")


async def test_off_does_not_even_think(salon_of, jid, stub) -> None:
    asked = []

    def classify(message):
        asked.append(message)

    salon = await salon_of(mode="off", extra=[stub.plugin("spy", classify=classify)])
    assert await salon.ask(jid, ASK) == ""
    assert await salon.outcomes() == [("ignored", "mode off")]
    assert asked == []


async def test_only_numbers_limits_it_to_a_list(salon_of) -> None:
    salon = await salon_of(only_numbers=["+7 700 000 00 01"])
    assert await salon.ask("77000000001@s.whatsapp.net", "Здравствуйте") != ""
    assert await salon.ask("77000000002@s.whatsapp.net", "Здравствуйте") == ""
    assert await salon.outcomes() == [("answered", "greeting"), ("ignored", "not in only_numbers")]


async def test_numbers_are_the_same_however_people_spell_them(salon_of) -> None:
    salon = await salon_of(only_numbers=["8 701 000 00 11", "8-701-000-00-12"])
    for known in ("77010000011@s.whatsapp.net", "87010000012@s.whatsapp.net"):
        assert await salon.ask(known, "Здравствуйте") != ""
    assert await salon.ask("77010000013@s.whatsapp.net", "Здравствуйте") == ""


async def test_a_branch_has_a_mode_of_its_own_and_is_known_by_its_instance(salon_of, sim) -> None:
    settings = {
        "base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "main",
        "instances": [{"id": "centre"}],
    }  # fmt: skip
    salon = await salon_of(
        branches=[{"slug": "centre", "name": "Centre", "instance_id": "centre", "mode": "off"}],
        plugins=[{"name": "policy"}, {"name": "desk_log"}, {"name": "chatflow", "settings": settings}],
    )
    assert await salon.ask("77000000001@s.whatsapp.net", "Здравствуйте", instance="main") != ""
    assert await salon.ask("77000000002@s.whatsapp.net", "Здравствуйте", instance="centre") == ""
    assert await salon.outcomes() == [("answered", "greeting"), ("ignored", "mode off")]
    [row] = await salon.rig.rows(
        "SELECT b.slug FROM conversations c JOIN branches b ON b.id = c.branch_id AND b.client_id = c.client_id"
    )
    assert row["slug"] == "centre"


async def test_a_suspended_tenant_is_acknowledged_and_ignored(salon_of, jid) -> None:
    salon = await salon_of(status="suspended")
    assert await salon.ask(jid, "Здравствуйте") == ""
    assert await salon.outcomes() == [("ignored", "suspended")]
    await salon.balanced(accepted=1, ignored=1)


async def test_suspended_also_while_a_human_leads(salon_of, jid) -> None:
    """What was accepted before the suspension is ignored after it, too."""
    salon = await salon_of(timing={"complete": 60.0, "fragment": 60.0, "longest": 60.0})
    await salon.write(jid, ASK)
    await salon.pass_time(seconds=61)
    await salon.reply("Слушаю", await salon.handover())
    await salon.write(jid, "Вы тут?")
    [served] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**served["config"], "status": "suspended"})
    await salon.pass_time(seconds=61)
    assert (await salon.outcomes())[-1] == ("ignored", "suspended")


async def test_a_new_tenant_asks_a_person_first(salon_of, jid, stub) -> None:
    """Nothing is written about a mode: what the bot would say waits at the desk, here one that speaks HTTP."""
    salon = await salon_of(
        mode=read({"slug": "salon", "name": "Salon"})[0].mode, extra=[stub.knows("где", "Улица Вымышленная, 12")]
    )
    assert await salon.ask(jid, "Где вы находитесь?") == ""
    assert await salon.outcomes() == [("answered", "")]
    assert await salon.desk("draft") == ["Где вы находитесь?\nУлица Вымышленная, 12"]
    [draft] = await salon.rig.rows("SELECT id FROM drafts")
    assert await salon.decide_draft("send", draft["id"]) == "Отправляю клиенту."
    assert salon.read(jid) == ["Улица Вымышленная, 12"]
    assert "ничего не изменилось" in await salon.decide_draft("own", draft["id"])
    await salon.balanced(accepted=1, answered=1)


async def test_a_draft_is_changed_over_http(salon_of, jid, stub) -> None:
    salon = await salon_of(mode="approve", extra=[stub.knows("где", "Улица Вымышленная, 12")])
    await salon.ask(jid, "Где вы находитесь?")
    [draft] = await salon.rig.rows("SELECT id FROM drafts")
    await salon.decide_draft("edit", draft["id"])
    await salon.reply("Улица Вымышленная, 12, вход со двора", draft["id"])
    assert salon.read(jid) == ["Улица Вымышленная, 12, вход со двора"]
    assert await salon.state() == ("bot_active", [("resolved", "resolved")])


async def test_approve_ends_with_the_mode_it_began_in(salon_of, jid, stub) -> None:
    """The mode is changed while a draft waits: its buttons still count, what comes later is answered at once."""
    salon = await salon_of(mode="approve", extra=[stub.knows("где", "Улица Вымышленная, 12")])
    await salon.ask(jid, "Где вы находитесь?")
    [draft] = await salon.rig.rows("SELECT id FROM drafts")
    [served] = await salon.rig.rows("SELECT config FROM clients")
    await salon.rig.apply({**served["config"], "mode": "auto"})
    await salon.decide_draft("send", draft["id"])
    assert salon.read(jid) == ["Улица Вымышленная, 12"]
    assert await salon.ask(jid, "А где вход?") == "Улица Вымышленная, 12"


async def test_only_numbers_limits_drafts_too(salon_of, stub) -> None:
    salon = await salon_of(
        mode="approve", only_numbers=["77000000001"], extra=[stub.knows("где", "Улица Вымышленная, 12")]
    )
    for jid in ("77000000001@s.whatsapp.net", "77000000002@s.whatsapp.net"):
        assert await salon.ask(jid, "Где вы?") == ""
    assert await salon.outcomes() == [("answered", ""), ("ignored", "not in only_numbers")]
    assert len(await salon.desk("draft")) == 1
