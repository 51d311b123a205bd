"""Several businesses in one gateway: configs that change while it runs, bad ones, and nothing that mixes."""

from __future__ import annotations

import pytest
from truffles_chatflow.simulator import Simulator

from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.tenant_config import read
from truffles_gateway.testing import Rig


async def config_of(salon, slug="salon"):
    [row] = await salon.rig.rows("SELECT config FROM clients WHERE slug = $1", slug)
    return row["config"]


async def apply_elsewhere(salon, raw):
    """Apply a config as another process does: this one has to notice by itself."""
    config, problems = read(raw)
    assert not problems
    await tenant_store.apply(salon.rig.gateway.database, raw, config, salon.rig.clock.now())


def greeting(text):
    return {"texts": {"ru": {"greeting": text}}}


async def test_a_changed_config_holds_without_a_restart_in_every_process(
    salon_of, sim, jid, database_url, moved_clock
) -> None:
    salon = await salon_of()
    async with Rig(database_url, moved_clock, work=False) as other:
        await apply_elsewhere(salon, await config_of(salon) | greeting("Салем, новый текст!"))

        async def noticed():
            served = [rig.gateway.registry.get("salon").version for rig in (salon.rig, other)]
            return served == [2, 2]

        await salon.rig.until(noticed)
    assert await salon.ask(jid, "Здравствуйте") == "Салем, новый текст!"


@pytest.fixture
def bad():
    """A config that can be read and not be used: nobody installed this plugin."""
    return greeting("Сломано") | {"plugins": [{"name": "policy"}, {"name": "no_such_plugin"}]}


async def test_the_log_says_which_key_of_a_config_is_bad_and_why(salon_of, logs) -> None:
    salon = await salon_of(options={"work": False})
    unset = {"webhook_secret": "env:NO_SUCH_SECRET_OF_TESTS", "plugins": [{"name": "policy", "settings": {"token": 1}}]}
    await apply_elsewhere(salon, await config_of(salon) | unset)
    await salon.rig.until(lambda: _logged(logs, "bad config"))
    [line] = [each for each in logs() if each["event"] == "bad config"]
    assert "webhook_secret: env:NO_SUCH_SECRET_OF_TESTS cannot be read: no such environment variable" in line["problem"]
    assert "plugins.policy.token: unknown key. Known here: " in line["problem"]


async def _logged(logs, event):
    return any(each["event"] == event for each in logs())


async def test_a_bad_config_keeps_the_last_good_one_also_over_a_restart(
    salon_of, sim, jid, bad, database_url, moved_clock
) -> None:
    salon = await salon_of(options={"work": False}, **greeting("Хороший текст"))
    await apply_elsewhere(salon, await config_of(salon) | bad)

    async def noticed():
        return "no_such_plugin" in salon.rig.gateway.registry.broken.get("salon", "")

    await salon.rig.until(noticed)
    async with Rig(database_url, moved_clock) as restarted:
        sim.gateway = restarted.url
        await salon.write(jid, "Здравствуйте")
        assert await salon.texts(jid, 1) == ["Хороший текст"]
        served = (await restarted.admin("GET", "/admin/tenants")).json()["tenants"][0]
        assert "no_such_plugin" in served["problem"]
        await restarted.until(lambda: salon.desk("alarm"))
        await restarted.tick()
        [alarm] = await salon.desk("alarm")
        assert "Salon" in alarm
        assert "no_such_plugin" in alarm
        await restarted.apply(await config_of(salon) | greeting("Исправлено") | {"plugins": (await good(salon))})
        assert restarted.gateway.registry.broken == {}
        await salon.write("77000000012@s.whatsapp.net", "Здравствуйте")
        assert await salon.texts("77000000012@s.whatsapp.net", 1) == ["Исправлено"]


async def good(salon):
    [row] = await salon.rig.rows("SELECT last_good_config FROM clients")
    return row["last_good_config"]["plugins"]


async def test_a_bad_config_harms_no_other_tenant(salon_of, sim, jid, bad) -> None:
    salon = await salon_of()
    await apply_elsewhere(
        salon, {"slug": "broken", "name": "Broken", "webhook_secret": "env:TEST_WEBHOOK_SECRET"} | bad
    )

    async def noticed():
        return "broken" in salon.rig.gateway.registry.broken

    await salon.rig.until(noticed)
    assert await salon.ask(jid, "Здравствуйте") != ""
    sim.tenant = "broken"
    assert (await sim.write(jid, "Здравствуйте")).status_code == 401  # it uses no plugin that listens here


@pytest.mark.parametrize(
    ("changes", "right", "wrong"),
    [
        ({}, 503, 401),
        ({"webhook_secret": "env:TEST_NO_SUCH_SECRET"}, 503, 503),  # nobody can tell: rather than lose a message
        ({"webhook_secret": ""}, 401, 401),  # it lets nobody in, good or bad
    ],
)
async def test_whose_config_was_never_good_is_shown_only_to_who_knows_its_secret(
    salon_of, sim, jid, changes, right, wrong
) -> None:
    salon = await salon_of()
    broken = {**await config_of(salon), "slug": "broken", **changes}
    broken["plugins"] = [*broken["plugins"], {"name": "no_such_plugin"}]
    await apply_elsewhere(salon, broken)

    async def noticed():
        return "broken" in salon.rig.gateway.registry.broken

    await salon.rig.until(noticed)

    async def knock(slug, secret):
        sim.tenant, sim.secret = slug, secret
        return await sim.write(jid, "Здравствуйте")

    secret, desk = sim.secret, {"client_slug": "broken", "remote_jid": jid, "text": "x", "manager": {"id": "x"}}
    assert (await knock("broken", secret)).status_code == right
    answer, unknown = await knock("broken", "wrong"), await knock("nobody", "wrong")
    assert answer.status_code == wrong
    if wrong == 401:
        assert answer.json()["error"] == unknown.json()["error"]
    assert (await salon.rig.post("/admin/desk/reply", **desk)).status_code == 401
    assert (await salon.rig.admin("POST", "/admin/desk/reply", json=desk)).status_code == 503
    assert await salon.rig.rows("SELECT 1 FROM inbox_events") == []


async def test_two_tenants_with_other_plugins_and_the_same_customer_never_mix(salon_of, sim, jid, stub) -> None:
    extra = [
        stub.knows("где", "Салон на Вымышленной, 12"),
        stub.knows("где", "Клиника на Другой, 7", name="clinic_knows"),
    ]
    salon = await salon_of(
        extra=extra,
        plugins=[
            {"name": "policy"}, {"name": "knows"}, {"name": "desk_log"},
            {"name": "chatflow", "settings": {
                "base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "salon"}},
        ],
    )  # fmt: skip
    async with Simulator(tenant="clinic", secret=sim.secret, gateway=salon.rig.url) as phones:
        chatflow = {"base_url": phones.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "clinic"}
        await salon.rig.apply({
            "slug": "clinic", "name": "Clinic", "mode": "auto", "dialogue": {"disclose": False}, "webhook_secret": "env:TEST_WEBHOOK_SECRET",
            "timing": {"complete": 0.1, "fragment": 0.1, "longest": 1.0},
            "plugins": [{"name": "clinic_knows"}, {"name": "desk_log"}, {"name": "chatflow", "settings": chatflow}],
        })  # fmt: skip
        for _ in range(3):
            await salon.write(jid, "Где вы находитесь?", message_id="")
            await phones.write(jid, "Где вы находитесь?", message_id="")
        same = {"message_id": "THE-SAME-ID"}
        await salon.write(jid, "Позовите менеджера", **same)
        await phones.write(jid, "Где вы?", **same)
        await salon.rig.settled()
        assert {message.text.split()[0] for message in phones.read(jid)} == {"Клиника"}
        assert not any("Клиника" in text for text in salon.read(jid))
    assert await _states(salon) == ["bot_active", "pending"]
    foreign = {"client_slug": "clinic", "handover_id": await salon.handover(), "text": "Чужое", "manager": {"id": "x"}}
    assert (await salon.rig.admin("POST", "/admin/desk/reply", json=foreign)).status_code == 200
    await salon.rig.settled()
    assert "Чужое" not in salon.read(jid)
    assert await _states(salon) == ["bot_active", "pending"]
    ledger = await salon.rig.ledger()
    assert ledger["balanced"]
    assert {line["tenant"]: line["accepted"] for line in ledger["tenants"]} == {"clinic": 4, "salon": 4}


async def _states(salon):
    rows = await salon.rig.rows(
        "SELECT v.state FROM conversations v JOIN clients c ON c.id = v.client_id ORDER BY c.slug"
    )
    return [row["state"] for row in rows]
