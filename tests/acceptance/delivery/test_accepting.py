"""Accepting: what is acknowledged is safe, counted once, and harms nobody else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections import Counter
from datetime import timedelta
from statistics import median

from truffles_chatflow.simulator import webhook_payload

ANNA, BORIS = "77000000061@s.whatsapp.net", "77000000062@s.whatsapp.net"
COUNT = "SELECT count(*) FROM inbox_events"


def body(jid: str = ANNA, text: str = "hello there", **more: object) -> bytes:
    return json.dumps(webhook_payload(jid, text, **more)).encode()


async def count(lean) -> int:
    return (await lean.rig.rows(COUNT))[0]["count"]


async def test_a_dedupe_mark_committed_before_its_message(lean_of, post) -> None:
    """A known fault: the mark "seen" survives a failure that the message does not. Here they are one row: when the
    store fails, the sender's repetition is new."""
    lean = await lean_of()
    await lean.rig.rows("ALTER TABLE lanes ADD CONSTRAINT broken CHECK (lane = '') NOT VALID")
    message = body(message_id="ID1")
    refused = await post(lean.rig, message)
    assert refused.status_code >= 400
    assert await count(lean) == 0
    await lean.rig.rows("ALTER TABLE lanes DROP CONSTRAINT broken")
    again = await post(lean.rig, message)
    assert again.status_code == 200 and again.json()["accepted"] == 1
    assert await lean.sim.wait(ANNA, 1)
    assert lean.read(ANNA) == ["re: hello there"]


async def test_duplicates_are_one_row_and_counted(lean_of, post) -> None:
    """The same id one after the other, twenty at once, and through two processes."""
    lean = await lean_of()
    second = await lean.start()
    first = [(await post(lean.rig, body(message_id="SAME"))).json() for _ in range(3)]
    assert [(each["accepted"], each["duplicates"]) for each in first] == [(1, 0), (0, 1), (0, 1)]
    rigs = (lean.rig, second)
    at_once = await asyncio.gather(*(post(rigs[number % 2], body(message_id="OTHER")) for number in range(20)))
    assert Counter(answer.status_code for answer in at_once) == {200: 20}
    assert sum(answer.json()["accepted"] for answer in at_once) == 1
    assert await count(lean) == 2
    metrics = (await lean.rig.http.get("/metrics")).text + (await second.http.get("/metrics")).text
    counted = [line for line in metrics.splitlines() if "events_duplicate_total{" in line]
    assert sum(float(line.split()[-1]) for line in counted) == 21
    await lean.rig.settled()
    assert len(lean.read(ANNA)) <= 2


async def test_the_same_id_of_another_tenant_is_another_message(lean_of, post, sim) -> None:
    lean = await lean_of()
    other = {"slug": "clinic", "name": "Clinic", "mode": "off", "webhook_secret": "env:TEST_WEBHOOK_SECRET"}
    other["plugins"] = [
        {"name": "chatflow", "settings": {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "c"}}
    ]
    await lean.rig.apply(other)
    for slug in ("salon", "clinic"):
        assert (await post(lean.rig, body(message_id="SAME"), slug=slug)).json()["accepted"] == 1
    ledger = {line["tenant"]: line["accepted"] for line in (await lean.rig.ledger())["tenants"]}
    assert ledger == {"salon": 1, "clinic": 1}


async def test_ids_are_remembered_for_eight_days(lean_of, post) -> None:
    lean = await lean_of(rig={"housekeeping_seconds": 0.05})
    assert (await post(lean.rig, body(message_id="OLD"))).json()["accepted"] == 1
    await lean.rig.settled()
    lean.clock.advance(hours=24 * 8 - 1)
    await asyncio.sleep(0.2)
    assert (await post(lean.rig, body(message_id="OLD"))).json()["duplicates"] == 1
    lean.clock.advance(hours=2)

    async def forgotten() -> bool:
        return bool(await lean.rig.rows("SELECT 1 FROM inbox_events WHERE event_id IS NULL AND raw IS NULL"))

    await lean.rig.until(forgotten)
    assert (await post(lean.rig, body(message_id="OLD"))).json()["accepted"] == 1


async def test_what_postgres_cannot_keep_is_cleaned_and_the_raw_bytes_are_kept(lean_of, post) -> None:
    lean = await lean_of()
    raw = body(text="null \0 here, half a pair \ud83d there", message_id="BAD\0ID")
    assert (await post(lean.rig, raw)).json()["accepted"] == 1
    [row] = await lean.rig.rows("SELECT raw, event FROM inbox_events")
    assert bytes(row["raw"]) == raw
    assert row["event"]["text"] == "null  here, half a pair � there"
    assert await lean.sim.wait(ANNA, 1)


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
LISTS = b"[" * 100_000 + b"]" * 100_000


BAD = [
    b"", b"{", b"[]", b'"text"', b"null", b"1", DEEP, LISTS, b'{"a": ' + LISTS + b"}", b'{"a": NaN}',
    b'{"a": Infinity}', b'{"a": 1e999}', b'{"a": "\xff\xfe"}', b"\xff", b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"messageType": "text"} trailing',
]  # fmt: skip


async def test_bad_bodies_get_one_clear_line_and_store_nothing(door) -> None:
    headers = {"x-webhook-secret": "secret-of-tests"}
    for path in ("/webhook/salon", "/webhook", "/message"):
        for raw in BAD:
            response = await door.http.post(path, content=raw, headers=headers)
            case = f"{path} {raw[:30]!r}: {response.status_code} {response.text}"
            assert 400 <= response.status_code < 500, case
            line = response.json()["error"]
            assert line and "\n" not in line and len(line) < 300, case
    assert (await door.rows(COUNT))[0]["count"] == 0


async def test_odd_values_are_never_a_server_error(door) -> None:
    """Any JSON type in any field: 2xx or one clear 4xx."""
    odd = [
        None,
        True,
        0,
        -1,
        1e308,
        10**400,
        "",
        " ",
        [],
        {},
        [[]],
        {"a": {}},
        "x" * 70_000,
        ["77000000061"],
        {"low": {}},
    ]
    for value in odd:
        for field in ("messageType", "message", "metadata", "mediaData", "instanceId"):
            payload = webhook_payload(ANNA, "hello") | {field: value}
            response = await door.post("/webhook/salon", headers={"x-webhook-secret": "secret-of-tests"}, **payload)
            assert response.status_code < 500, (field, str(value)[:40], response.text)
        for field in ("remoteJid", "messageId", "sender", "timestamp", "fromMe"):
            payload = webhook_payload(ANNA, "hello")
            payload["metadata"][field] = value
            response = await door.post("/webhook/salon", headers={"x-webhook-secret": "secret-of-tests"}, **payload)
            assert response.status_code < 500, (field, str(value)[:40], response.text)
        response = await door.post("/message", headers={"x-webhook-secret": "secret-of-tests"}, client_slug="salon",
            remote_jid=value, content=value, channel=value, message_id=value)  # fmt: skip
        assert response.status_code < 500, (str(value)[:40], response.text)


async def test_unknown_tenant_wrong_secret_and_no_secret_look_the_same(lean_of, post, sim) -> None:
    lean = await lean_of()
    settings = {"base_url": sim.url, "token": "env:TEST_CHATFLOW_TOKEN", "instance_id": "x"}
    bare = {"slug": "bare", "name": "Bare", "mode": "off", "plugins": [{"name": "chatflow", "settings": settings}]}
    await lean.rig.apply(bare)
    tries = [
        ("nobody", "secret-of-tests"),
        ("salon", "wrong"),
        ("salon", ""),
        ("bare", ""),
        ("bare", "wrong"),
        ("%00", "x"),
    ]
    answers = [await post(lean.rig, body(), slug=slug, secret=secret) for slug, secret in tries]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json() | {"correlation_id": ""} == answers[0].json() | {"correlation_id": ""}
    assert await count(lean) == 0
    await lean.rig.apply(bare | {"accept_webhooks_without_secret": True})
    assert (await post(lean.rig, body(), slug="bare", secret="")).status_code == 200


async def test_unknown_tenant_and_wrong_secret_take_the_same_time(lean_of, post) -> None:
    """Medians of interleaved requests, each first in turn, of the processor's time: on a busy machine one of two waits for its share of it, and
    neither is at fault. An early return would be several times faster."""
    lean = await lean_of()
    times: dict[str, list[float]] = {"nobody": [], "salon": []}
    raw = body(text="x" * 100_000)
    for number in range(60):
        for slug in sorted(times, reverse=bool(number % 2)):
            start = time.process_time()
            assert (await post(lean.rig, raw, slug=slug, secret="wrong")).status_code == 401
            times[slug].append(time.process_time() - start)
    ratio = median(times["nobody"]) / median(times["salon"])
    assert 0.5 < ratio < 2.0


async def test_a_suspended_tenant(lean_of, post) -> None:
    lean = await lean_of(status="suspended")
    assert (await post(lean.rig, body())).status_code == 200
    [row] = await lean.rig.rows("SELECT outcome, outcome_reason FROM inbox_events")
    assert tuple(row) == ("ignored", "suspended")
    assert (await lean.rig.ledger())["balanced"]


async def test_bodies_of_three_and_fifteen_megabytes(lean_of, post) -> None:
    lean = await lean_of()
    fine = body(text="x" * 2_900_000)
    assert (await post(lean.rig, fine)).status_code == 200
    assert (await post(lean.rig, body(text="x" * 3_200_000))).status_code == 413
    picture = b"\xff\xd8\xff" + bytes(10_000_000)
    media = {"url": "", "mimetype": "image/jpeg", "base64": base64.b64encode(picture).decode()}
    assert (await post(lean.rig, body(text="", message_type="image", media=media))).status_code == 200
    [blob] = await lean.rig.rows("SELECT sha256, size FROM blobs")
    assert tuple(blob) == (hashlib.sha256(picture).hexdigest(), len(picture))
    media["base64"] = base64.b64encode(bytes(12_000_000)).decode()
    assert (await post(lean.rig, body(text="", message_type="image", media=media))).status_code == 413
    assert await count(lean) == 2


async def test_inline_bytes_are_stored_before_the_row_that_names_them(lean_of, post) -> None:
    """When the inbox fails the bytes are there already, never the other way round."""
    lean = await lean_of()
    await lean.rig.rows("ALTER TABLE lanes ADD CONSTRAINT broken CHECK (lane = '') NOT VALID")
    media = {"mimetype": "image/png", "base64": base64.b64encode(b"\x89PNG picture").decode()}
    picture = body(text="", message_type="image", media=media)
    assert (await post(lean.rig, picture)).status_code >= 400
    assert (await lean.rig.rows("SELECT count(*) FROM blobs"))[0]["count"] == 1
    assert await count(lean) == 0


async def test_a_file_goes_by_itself_a_week_after_its_message_was_handled(lean_of, post) -> None:
    """A worker cleans now and then; the message stays, and knows what it had."""
    lean = await lean_of(rig={"housekeeping_seconds": 0.05})
    media = {"mimetype": "image/png", "base64": base64.b64encode(b"\x89PNG picture").decode()}
    assert (await post(lean.rig, body(text="", message_type="image", media=media))).status_code == 200
    await lean.rig.settled()
    files = "SELECT sha256 FROM blobs"
    [kept] = await lean.rig.rows(files)
    lean.clock.advance(hours=24 * 7 + 1)

    async def gone() -> bool:
        return not await lean.rig.rows(files)

    await lean.rig.until(gone)
    [row] = await lean.rig.rows("SELECT event FROM inbox_events")
    assert row["event"]["attachments"][0]["blob"] == kept["sha256"]


ALIASES = [
    {
        "metadata": {"remoteJid": ANNA, "messageId": "A", "sender": "Anna", "timestamp": 1_780_000_000},
        "message": "words",
    },
    {"metadata": {"remote_jid": ANNA, "message_id": "A", "t": 1_780_000_000}, "text": "words"},
    {"jid": ANNA, "id": "A", "time": 1_780_000_000, "body": "words"},
    {"from": ANNA, "id": "A", "timestamp": 1_780_000_000_000, "content": "words"},
    {"chatId": ANNA, "messageId": "A", "pushName": "Anna", "text": "words"},
    {"phone": "77000000061", "id": "A", "name": "Anna", "message": "words"},
    {"phone": "+7 700 000 00 61", "id": "A", "message": "words"},
    {"metadata": {"remoteJid": "77000000061", "messageId": "A"}, "message": "words"},
    {"client_slug": "salon", "body": {"metadata": {"remoteJid": ANNA, "messageId": "A"}, "message": "words"}},
]


async def test_aliases_of_real_senders(door) -> None:
    for payload in ALIASES:
        await door.settled()
        await door.rows("DELETE FROM inbox_events")
        path = "/webhook" if "client_slug" in payload else "/webhook/salon"
        response = await door.post(f"{path}?webhook_secret=secret-of-tests", **({"messageType": "text"} | payload))
        assert response.status_code == 200, (payload, response.text)
        [row] = await door.rows("SELECT address, event_id, event FROM inbox_events")
        assert (row["address"], row["event_id"], row["event"]["text"]) == (ANNA, "A", "words"), payload
        if "1780000000" in json.dumps(payload):
            assert row["event"]["sent_at"].startswith("2026-05-28"), payload
        if "Anna" in json.dumps(payload):
            assert row["event"]["sender_name"] == "Anna", payload


async def test_aliases_of_media(door) -> None:
    media = {
        "url": "https://app.chatflow.kz/f/1",
        "mime": "audio/ogg",
        "filename": "note.ogg",
        "duration": 7,
        "ptt": True,
    }
    response = await door.post(
        "/webhook/salon?webhook_secret=secret-of-tests&instanceId=number-2",
        messageType="audio",
        mediaData=media,
        jid=ANNA,
    )
    assert response.status_code == 200
    [row] = await door.rows("SELECT event, event_id FROM inbox_events")
    [part] = row["event"]["attachments"]
    assert part["mime"] == "audio/ogg" and part["file_name"] == "note.ogg" and part["seconds"] == 7
    assert row["event"]["instance"] == "number-2"
    assert row["event_id"], "an event without an id gets one"


async def test_an_event_without_an_id_is_known_again(door) -> None:
    payload = {"metadata": {"remoteJid": ANNA, "timestamp": int(time.time())}, "message": "words"}
    url = "/webhook/salon?webhook_secret=secret-of-tests"
    assert (await door.post(url, **payload)).json()["accepted"] == 1
    assert (await door.post(url, **payload)).json()["duplicates"] == 1


IGNORED = [
    ("77000000061-1600000000@g.us", "text", "group"),
    ("120363000000000000@g.us", "text", "group"),
    ("status@broadcast", "text", ""),
    ("77000000061@broadcast", "text", ""),
    ("120363000000000001@newsletter", "text", ""),
    (ANNA, "reaction", "reaction"),
    (ANNA, "sticker", "sticker"),
    (ANNA, "revoked", "deletion"),
]


async def test_what_starts_no_answer_is_ignored_with_a_reason(door) -> None:
    for jid, kind, reason in IGNORED:
        await door.rows("DELETE FROM inbox_events")
        payload = webhook_payload(jid, "hm", message_type=kind)
        response = await door.post("/webhook/salon?webhook_secret=secret-of-tests", **payload)
        assert response.status_code == 200, (jid, kind, response.text)
        [row] = await door.rows("SELECT outcome, outcome_reason FROM inbox_events")
        assert row["outcome"] == "ignored", (jid, kind)
        assert row["outcome_reason"] and reason in row["outcome_reason"], (jid, kind)


async def test_the_plain_door(lean_of) -> None:
    lean = await lean_of()
    headers = {"x-webhook-secret": "secret-of-tests"}
    message = {"client_slug": "salon", "remote_jid": ANNA, "content": "hello there", "channel": "whatsapp"}
    assert (await lean.rig.post("/message", headers=headers, **message)).json()["accepted"] == 1
    assert await lean.sim.wait(ANNA, 1)
    assert lean.read(ANNA) == ["re: hello there"]
    assert (await lean.rig.post("/message", headers=headers, **(message | {"content": ""}))).status_code == 400
    assert (await lean.rig.post("/message", **message)).status_code == 401
    keyed = message | {"message_id": "M1"}
    assert (await lean.rig.post("/message", headers=headers, **keyed)).json()["accepted"] == 1
    assert (await lean.rig.post("/message", headers=headers, **keyed)).json()["duplicates"] == 1


async def test_20_webhooks_at_once_freeze_the_service(lean_of, post) -> None:
    """A known fault. Here 200 at once, while every bot thinks without end: all are acknowledged, and probes answer."""
    lean = await lean_of()
    start = time.perf_counter()
    sends = [
        post(lean.rig, body(f"770000{number:05}@s.whatsapp.net", "slow question")) for number in range(10_000, 10_200)
    ]
    answers = await asyncio.gather(*sends, lean.rig.http.get("/health"))
    assert Counter(answer.status_code for answer in answers) == {200: 201}
    assert time.perf_counter() - start < 8

    async def thinking() -> bool:
        return lean.parrot.thinking >= 20

    await lean.rig.until(thinking)
    start = time.perf_counter()
    assert (await post(lean.rig, body(BORIS, "slow too"))).status_code == 200
    assert time.perf_counter() - start < 2
    lean.parrot.gate.set()
    await lean.rig.settled(seconds=60)
    assert len(lean.read()) == 201


async def test_a_row_of_poison_in_a_hundred_harms_no_other(lean_of, post) -> None:
    lean = await lean_of(mode="off")
    await lean.rig.rows(
        "ALTER TABLE inbox_events ADD CONSTRAINT poison CHECK (address <> '77000000666@s.whatsapp.net')"
    )
    jids = [f"77000000{number}@s.whatsapp.net" for number in range(600, 700)]
    answers = await asyncio.gather(*(post(lean.rig, body(jid)) for jid in jids))
    wrong = [jid for jid, answer in zip(jids, answers, strict=True) if answer.status_code != 200]
    assert wrong == ["77000000666@s.whatsapp.net"]
    [bad] = [answer for answer in answers if answer.status_code != 200]
    assert bad.status_code == 422 and "error" in bad.json()
    assert await count(lean) == 99
    await lean.rig.settled()


async def test_received_times_come_from_the_one_clock(lean_of, post) -> None:
    lean = await lean_of(mode="off")
    lean.clock.advance(hours=5)
    await post(lean.rig, body())
    [row] = await lean.rig.rows("SELECT received_at FROM inbox_events")
    assert abs(row["received_at"] - lean.clock.now()) < timedelta(minutes=1)


async def test_one_customer_is_one_however_a_system_writes_the_number(lean_of, post) -> None:
    """Through the plain door and at the desk: one user, one lane, and no group is answered."""
    lean = await lean_of()
    spellings = ("77000000061", "+7 700 000 00 61", "8 (700) 000-00-61", ANNA)
    for number, address in enumerate(spellings):
        body_ = {"client_slug": "salon", "remote_jid": address, "content": f"hello {number}", "channel": "whatsapp"}
        answer = await lean.rig.post("/message", headers={"X-Webhook-Secret": "secret-of-tests"}, **body_)
        assert answer.status_code == 200, answer.text
    await lean.rig.settled()
    assert "hello 3" in "\n".join(lean.read(ANNA))
    assert len(lean.read()) == len(lean.read(ANNA))
    assert len(await lean.rig.rows("SELECT 1 FROM users")) == 1
    await lean.say("8 700 000 00 61", "from a human")
    assert await lean.sim.wait(ANNA, len(lean.read(ANNA)) or 1)
    assert lean.read(ANNA)[-1] == "from a human"
    group = {"client_slug": "salon", "remote_jid": "120363000000000000@g.us", "content": "hi", "channel": "whatsapp"}
    await lean.rig.post("/message", headers={"X-Webhook-Secret": "secret-of-tests"}, **group)
    rows = await lean.rig.rows("SELECT outcome, outcome_reason FROM inbox_events WHERE address LIKE '%g.us'")
    assert [tuple(row) for row in rows] == [("ignored", "group")]
    strange = await lean.rig.post(
        "/message", headers={"X-Webhook-Secret": "secret-of-tests"}, **{**group, "remote_jid": "nobody"}
    )
    assert strange.status_code == 400
    assert "no address" in strange.json()["error"]
