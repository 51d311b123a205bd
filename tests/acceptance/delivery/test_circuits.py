"""A channel that is down: rows wait, nobody is bothered with cards, the owner gets one alarm and one on recovery."""

from __future__ import annotations

PEOPLE = [f"7700000003{number}@s.whatsapp.net" for number in range(6)]


async def circuits(lean) -> list[tuple[str, str]]:
    return [tuple(row) for row in await lean.rig.rows("SELECT instance, state FROM circuits")]


async def alarms(lean) -> list[str]:
    return [row["payload"]["text"] for row in await lean.outbox(kind="alarm")]


async def say_to_all(lean, text: str, people: list[str] = PEOPLE) -> None:
    for jid in people:
        await lean.say(jid, text)


async def test_five_failures_to_different_recipients_open_the_circuit(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(*PEOPLE)
    lean.sim.behave(status=500)
    await say_to_all(lean, "words", PEOPLE[:4])
    await lean.rig.tick()
    assert await circuits(lean) == []
    await say_to_all(lean, "words", PEOPLE[4:])
    await lean.rig.tick()
    assert [state for _, state in await circuits(lean)] == ["open"]
    assert (await lean.rig.admin("GET", "/admin/health")).json()["open_circuits"][0]["channel"] == "whatsapp"


async def test_failures_to_one_recipient_do_not_open_it(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(PEOPLE[0])
    lean.sim.behave(status=500)
    for number in range(6):
        await lean.say(PEOPLE[0], f"words {number}")
    for _ in range(6):
        await lean.later(seconds=9)
    assert lean.asked() >= 3
    assert await circuits(lean) == []


async def test_failures_far_apart_do_not_open_it(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(*PEOPLE)
    for jid in PEOPLE:
        lean.sim.behave(jid=jid, count=1, status=500)
        await lean.say(jid, "words")
        await lean.rig.tick()
        lean.clock.advance(seconds=16)
    await lean.rig.tick()
    assert await circuits(lean) == []


async def test_an_open_circuit_spends_nothing_makes_no_cards_and_gives_one_alarm_with_the_cure(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(*PEOPLE)
    lean.sim.behave(logged_out=True)
    await lean.say(PEOPLE[0], "words 0")
    opened = lean.clock.now()

    async def told() -> list[str]:
        return await alarms(lean)

    await lean.rig.until(told)
    assert (lean.clock.now() - opened).total_seconds() < 120
    assert [state for _, state in await circuits(lean)] == ["open"], "a logged-out instance opens it at once"
    for jid in PEOPLE:
        await lean.say(jid, "words 1")
        await lean.sim.write(jid, "a question")
    await lean.thought()
    for _ in range(8):
        await lean.later(minutes=4)
    assert len(await alarms(lean)) == 1, "one alarm, however long it takes"
    assert "scan the QR code" in (await alarms(lean))[0], "the alarm names the cure"
    assert await lean.outbox(kind="card") == []
    rows = await lean.rig.rows("SELECT attempts, status FROM outbox_messages WHERE kind = 'human'")
    assert {(row["attempts"], row["status"]) for row in rows} == {(0, "queued")}
    assert lean.asked() < 20, "only probes"


async def test_recovery_is_told_once_and_everything_goes_out_in_order(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(*PEOPLE)
    lean.sim.behave(logged_out=True)
    await lean.say(PEOPLE[0], "words 0")
    await lean.rig.until(lambda: circuits(lean))
    for number in range(1, 4):
        await say_to_all(lean, f"words {number}")
    for _ in range(3):
        await lean.later(minutes=2)
    assert lean.read() == []
    lean.sim.behave(clear=True)
    for _ in range(4):
        await lean.later(minutes=3)
    for jid in PEOPLE:
        expected = [f"words {number}" for number in range(jid != PEOPLE[0], 4)]
        assert lean.read(jid) == expected
    assert [state for _, state in await circuits(lean)] == ["closed"]
    await lean.rig.tick()
    assert len(await alarms(lean)) == 2, "one when it opened, one on recovery"


async def test_a_reply_grown_old_does_not_keep_the_circuit_open(lean_of) -> None:
    """What is no longer worth sending cannot be the probe; what a human wrote behind it can."""
    lean = await lean_of()
    await lean.meet(PEOPLE[0])
    lean.sim.behave(logged_out=True)
    await lean.sim.write(PEOPLE[0], "a question")
    await lean.rig.until(lambda: circuits(lean))
    await lean.later(minutes=11)
    await lean.say(PEOPLE[0], "sorry, here I am")
    lean.sim.behave(clear=True)
    for _ in range(3):
        await lean.later(minutes=5)
    assert lean.read(PEOPLE[0]) == ["sorry, here I am"]
    assert [state for _, state in await circuits(lean)] == ["closed"]


async def test_a_channel_that_recovered_unnoticed_is_probed_by_the_next_message(lean_of) -> None:
    """While nothing waits there is nothing to probe with: the first message after that must not wait for minutes."""
    lean = await lean_of()
    await lean.meet(PEOPLE[0])
    lean.sim.behave(logged_out=True)
    await lean.sim.write(PEOPLE[0], "a question")
    await lean.rig.until(lambda: circuits(lean))
    for _ in range(10):
        await lean.later(minutes=6)
    lean.sim.behave(clear=True)
    await lean.sim.write(PEOPLE[0], "another question", timestamp=lean.clock.now().timestamp())
    await lean.thought()
    await lean.later(seconds=1)
    assert lean.read(PEOPLE[0]) == ["re: another question"]


async def test_a_probe_is_not_the_last_attempt_of_anybodys_words(lean_of) -> None:
    lean = await lean_of()
    await lean.meet(PEOPLE[0])
    lean.sim.behave(status=500)
    await lean.say(PEOPLE[0], "patient words")

    for _ in range(9):
        [row] = await lean.outbox(PEOPLE[0], "human")
        await lean.later(seconds=max((row["due_at"] - lean.clock.now()).total_seconds(), 0) + 0.1)
    [row] = await lean.outbox(PEOPLE[0], "human")
    assert row["attempts"] == 10
    lean.sim.behave(clear=True)
    lean.sim.behave(logged_out=True)
    for _ in range(6):
        await lean.later(hours=40)
    [row] = await lean.outbox(PEOPLE[0], "human")
    assert row["status"] == "queued", "an instance that is logged out spends no attempts"
    lean.sim.behave(clear=True)
    await lean.later(hours=40)
    await lean.later(minutes=6)
    assert lean.read(PEOPLE[0]) == ["patient words"]


async def test_rate_limits_hold_over_two_processes(lean_of) -> None:
    lean = await lean_of(chatflow={"messages_per_second": 5})
    second = await lean.start()
    people = [f"770000000{number}@s.whatsapp.net" for number in range(40, 60)]
    start = lean.clock.now()
    for number, jid in enumerate(people):
        rig = (lean.rig, second)[number % 2]
        body = {"client_slug": "salon", "remote_jid": jid, "content": "hello there", "channel": "whatsapp"}
        headers = {"x-webhook-secret": "secret-of-tests"}
        assert (await rig.post("/message", headers=headers, **body)).status_code == 200
    assert len(await lean.sim.wait("", 20)) == 20
    times = sorted(message.time for message in lean.sim.read())
    for first, sixth in zip(times, times[11:], strict=False):
        assert sixth - first > 0.9, "never more than a burst of 5 and then 5 a second"
    assert (lean.clock.now() - start).total_seconds() < 8
    assert {row["attempts"] for row in await lean.outbox()} == {1}, "waiting for the limit spends nothing"
