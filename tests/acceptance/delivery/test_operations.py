"""What an operator sees over HTTP."""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.store.counters import StoredCounters, forget_old

ANNA = "77000000097@s.whatsapp.net"


async def test_probes_and_version(lean_of) -> None:
    lean = await lean_of(rig={"app_version": "1.2.3", "git_commit": "abc1234"})
    http = lean.rig.http
    assert (await http.get("/health")).json() == {"status": "ok"}
    ready = await http.get("/ready")
    assert (ready.status_code, ready.json()["database"]) == (200, "ok")
    assert (await http.get("/version")).json() == {"version": "1.2.3"}
    version = (await lean.rig.admin("GET", "/admin/version")).json()
    assert (version["version"], version["git_commit"], version["build_time"]) == ("1.2.3", "abc1234", "unknown")
    assert "chatflow" in version["plugins"]


PATHS = [
    ("GET", "/admin/health"), ("GET", "/admin/version"), ("GET", "/admin/tenants"), ("GET", "/admin/ledger"),
    ("GET", "/admin/dead"), ("GET", "/admin/why/x"), ("POST", "/admin/outbox/process"),
]  # fmt: skip


async def test_admin_is_closed_without_its_token(lean_of) -> None:
    lean = await lean_of()
    reply = {"client_slug": "salon", "remote_jid": ANNA, "text": "x", "manager": {"id": "owner"}}
    for given in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "admin-of-tests"},
        {"authorization": "Basic x"},
    ):
        for method, path in PATHS:
            response = await lean.rig.http.request(method, path, headers=given)
            assert response.status_code == 401, (path, given)
            assert response.json()["error"]
        assert (await lean.rig.http.post("/admin/desk/reply", json=reply, headers=given)).status_code == 401
    assert await lean.rig.rows("SELECT 1 FROM inbox_events") == []


async def test_admin_is_closed_where_no_token_is_configured(lean_of) -> None:
    lean = await lean_of(rig={"admin_token": None})
    reply = {"client_slug": "salon", "remote_jid": ANNA, "text": "x", "manager": {"id": "owner"}}
    for given in ({}, {"authorization": "Bearer"}, {"authorization": "Bearer None"}):
        for method, path in PATHS:
            assert (await lean.rig.http.request(method, path, headers=given)).status_code in (401, 403), path
        assert (await lean.rig.http.post("/admin/desk/reply", json=reply, headers=given)).status_code in (401, 403)
    assert (await lean.rig.http.get("/health")).status_code == 200


async def test_metrics_count_what_happened(lean_of) -> None:
    lean = await lean_of()
    await lean.sim.write(ANNA, "a question")
    assert await lean.sim.wait(ANNA, 1)
    await lean.rig.settled()
    await lean.rig.tick()
    text = (await lean.rig.http.get("/metrics")).text
    samples = {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")
    }
    assert all(name.startswith(("truffles_", "python_", "process_")) for name in samples)
    for part in ("events_accepted_total", "turns", "outbox", "accept_seconds_count", "send_seconds_count"):
        found = [value for name, value in samples.items() if part in name]
        assert found and max(found) >= 1, part
    waiting = [value for name, value in samples.items() if "inbox_waiting" in name or "outbox_waiting" in name]
    assert waiting == [0.0, 0.0]
    assert "77000000097" not in text, "no phone in a metric"


async def test_outbox_process_ticks_inbox_and_outbox_once(lean_of) -> None:
    """With a worker that never looks by itself, one call brings a message to its answer."""
    lean = await lean_of(rig={"tick_seconds": 3600.0}, timing={"complete": 5, "fragment": 5, "longest": 12})
    await lean.sim.write(ANNA, "a question")
    await lean.rig.tick()
    assert lean.asked() == 0, "it is not its time yet"
    lean.clock.advance(seconds=6)
    await lean.rig.tick()
    assert lean.read(ANNA) == ["re: a question"]


async def test_outbox_process_without_a_worker_says_so(lean_of) -> None:
    lean = await lean_of()
    door = await lean.start(work=False)
    response = await door.admin("POST", "/admin/outbox/process")
    assert response.status_code == 409
    assert "worker" in response.json()["error"]


async def test_counts_are_forgotten_when_no_window_reaches_back_to_them(lean_of) -> None:
    lean = await lean_of(rig={"housekeeping_seconds": 0.05})
    [client] = await lean.rig.rows("SELECT id FROM clients")
    counted = StoredCounters(lean.rig.gateway.database, client["id"], "test", lean.clock)
    for name, hours in {"minute": 1 / 60, "budget": 26, "step": 96}.items():
        assert await counted.spend(name, 1, limit=1, seconds=hours * 3600)

    async def left(*names: str) -> None:
        async def as_wished() -> bool:
            rows = await lean.rig.rows("SELECT name FROM counters")
            return {row["name"] for row in rows} == {f"test:{name}" for name in names}

        await lean.rig.until(as_wished)

    await left("minute", "budget", "step")
    lean.clock.advance(hours=24.5)
    await left("budget", "step")
    assert not await counted.spend("budget", 1, limit=1, seconds=26 * 3600)
    lean.clock.advance(hours=2)
    await left("step")
    lean.clock.advance(hours=69)
    assert await counted.spent("step", 96 * 3600) == 1
    lean.clock.advance(hours=1)
    await left()


async def test_many_old_counts_are_forgotten_in_one_round(lean_of) -> None:
    lean = await lean_of(rig={"housekeeping_seconds": 3600})
    now = lean.clock.now()
    await lean.rig.rows(
        "INSERT INTO counters (client_id, id, name, amount, at, keep_until)"
        " SELECT c.id, gen_random_uuid(), 'test', 1, $1, $1 FROM clients c, generate_series(1, 2500)",
        now - timedelta(days=2),
    )
    more = [await forget_old(lean.rig.gateway.database, now) for _ in range(3)]
    assert more == [True, True, False]
    assert await lean.rig.rows("SELECT 1 FROM counters") == []
