"""The hook: what passes, what is refused with which words, and how much one customer may send."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from truffles_media import plugin as module
from truffles_media.cleaner import Cleaner
from truffles_media.plugin import Media, plugin, tidy
from truffles_media.settings import MB, MediaSettings
from truffles_media.words import for_the_customer

from truffles_gateway.errors import FileUnavailable
from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent, State
from truffles_gateway.testing import ChannelFiles, CountersInMemory, conforms, jpeg, make_resources, make_turn

Stranger = Any
Make = Callable[..., Media]
PDF = b"%PDF-1.7\n" + bytes(100)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        """The time."""
        return self.time

    def move(self, **more: float) -> None:
        """Forward."""
        self.time += timedelta(**more)


@pytest.fixture
def clock() -> Clock:
    """A clock to move."""
    return Clock()


@pytest.fixture
def blobs() -> dict[str, bytes]:
    """What was stored."""
    return {}


@pytest.fixture
def make(http: httpx.AsyncClient, clock: Clock, blobs: dict[str, bytes], stranger: Stranger) -> Make:
    """Makes a guard; those of one test are processes that share counters and blobs."""
    counters = CountersInMemory(clock)

    def made(*, quota: int = 2**40, **table: Any) -> Media:
        more = {"clock": clock, "blobs": blobs, "counters": counters, "media": table, "quota": quota}
        return Media(MediaSettings(), make_resources(plugin, http, **more), stranger.fetcher())

    return made


def event(number: int, *parts: Attachment, text: str = "") -> InboundEvent:
    """One message of a customer."""
    return InboundEvent(channel="test", event_id=f"e{number}", address="1", text=text, attachments=parts)


def inbound(*events: InboundEvent) -> Inbound:
    """The merged message of these events, as the host makes it."""
    parts = tuple(part for each in events for part in each.attachments)
    return Inbound(text="\n".join(each.text for each in events if each.text), events=events, attachments=parts)


def image(url: str = "", **more: Any) -> Attachment:
    """A photo."""
    return Attachment(content=Content.IMAGE, mime="image/jpeg", url=url, **more)


async def after(guard: Media, message: Inbound, **changes: Any) -> Inbound:
    """The message behind the guard."""
    changed = await guard.on_inbound(make_turn(**changes), message)
    return message if changed is None else changed


def reasons(message: Inbound) -> list[str]:
    """Why something was refused."""
    return [each.reason for each in message.refusals]


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "media"]
    assert found.load() is plugin
    assert conforms(plugin) == []


async def test_what_passes_is_fetched_stored_and_described_as_it_is(
    make: Make, stranger: Stranger, blobs: dict[str, bytes], photo: bytes
) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    sent = replace(image(stranger.link("/1"), caption="как тут"), mime="image/png")
    message = await after(make(), inbound(event(1, sent, text="как тут")))
    name = hashlib.sha256(photo).hexdigest()
    assert message.attachments == (replace(sent, mime="image/jpeg", size=len(photo), blob=name, checked=True),)
    assert (message.text, message.refusals, blobs) == ("как тут", (), {name: photo})


async def test_words_alone_are_none_of_its_business(make: Make) -> None:
    assert await make().on_inbound(make_turn(), inbound(event(1, text="привет"))) is None


@pytest.mark.parametrize("content", [Content.STICKER, Content.OTHER, Content.LOCATION])
async def test_what_is_no_file_is_left_alone(make: Make, content: Content, stranger: Stranger) -> None:
    sent = inbound(event(1, Attachment(content=content, url="http://evil.test/")))
    assert await make().on_inbound(make_turn(), sent) is None
    mixed = inbound(event(1, Attachment(content=content), Attachment(content=Content.VIDEO)))
    assert (await after(make(), mixed)).attachments == mixed.attachments[:1]


@pytest.mark.parametrize(
    ("sent", "table", "what", "reason"),
    [
        (Attachment(content=Content.VIDEO, size=3 * MB), {}, "видео, 3.0 МБ", "такие файлы не принимаются"),
        (image("https://media.test/1"), {"allow_photo": False}, "фото", "такие файлы не принимаются"),
        (image("https://media.test/1"), {"enabled": False}, "фото", "приём файлов выключен"),
        (image("https://media.test/1", size=8 * MB + 1), {}, "фото, 8.0 МБ", "больше 8 МБ"),
        (
            Attachment(content=Content.AUDIO, voice=True, size=2 * MB, url="https://media.test/1"),
            {"max_size_mb": {"audio": 1.5}},
            "голосовое сообщение, 2.0 МБ",
            "больше 1.5 МБ",
        ),
        (Attachment(content=Content.DOCUMENT, file_name="a/b\\x.exe", url="https://media.test/1"), {},
         "документ «x.exe»", "содержимое не совпадает с типом файла или неизвестно"),
        (image("http://media.test/1"), {}, "фото", "ссылка на файл ведёт не туда, откуда его можно брать"),
        (image("https://evil.test/1"), {}, "фото", "ссылка на файл ведёт не туда, откуда его можно брать"),
        (image(""), {}, "фото", "файл не пришёл"),
        (image("", blob="0" * 64), {}, "фото", "файл не пришёл"),
    ],
)  # fmt: skip
async def test_what_is_refused_at_sight_is_named_and_not_fetched(
    make: Make, stranger: Stranger, sent: Attachment, table: dict[str, Any], what: str, reason: str
) -> None:
    message = await after(make(**table), inbound(event(1, sent, text="текст")))
    assert [(each.what, each.reason) for each in message.refusals] == [(what, reason)]
    assert (message.text, message.attachments, stranger.asked) == ("текст", (), [])


async def test_what_is_refused_at_sight_is_not_counted(make: Make, stranger: Stranger, photo: bytes) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    guard = make()
    await after(guard, inbound(*(event(n, Attachment(content=Content.VIDEO)) for n in range(9))))
    assert (await after(guard, inbound(event(10, image(stranger.link("/1")))))).refusals == ()


async def test_bytes_that_are_something_else_are_refused(
    make: Make, stranger: Stranger, blobs: dict[str, bytes]
) -> None:
    stranger.pages["/1"] = stranger.answer(b'{"success": false}')
    message = await after(make(), inbound(event(1, image(stranger.link("/1")))))
    assert reasons(message) == ["содержимое не совпадает с типом файла или неизвестно"]
    assert (message.attachments, blobs) == ((), {})


async def test_bytes_that_are_more_than_announced_are_refused(make: Make, stranger: Stranger) -> None:
    stranger.pages["/1"] = stranger.answer(b"\xff\xd8\xff" + bytes(2 * MB))
    message = await after(make(max_size_mb={"photo": 1}), inbound(event(1, image(stranger.link("/1"), size=10))))
    assert reasons(message) == ["больше 1 МБ"]


async def test_what_could_not_be_fetched_leaves_the_manager_the_link(
    make: Make, stranger: Stranger, photo: bytes
) -> None:
    stranger.pages["/ok"] = stranger.answer(photo)
    link = stranger.link("/gone")
    message = await after(make(), inbound(event(1, image(link), text="вот"), event(2, image(stranger.link("/ok")))))
    assert reasons(message) == [f"не удалось скачать: {link}"]
    assert (message.text, len(message.attachments)) == ("вот", 1)


async def test_no_link_is_left_that_leads_astray(make: Make, stranger: Stranger) -> None:
    stranger.pages["/1"] = stranger.head(302, location="https://evil.test/", content_length="0")
    message = await after(make(), inbound(event(1, image(stranger.link("/1")))))
    assert reasons(message) == ["ссылка на файл ведёт не туда, откуда его можно брать"]


async def test_inline_media_are_not_fetched_but_checked(make: Make, blobs: dict[str, bytes], photo: bytes) -> None:
    name, wrong = hashlib.sha256(photo).hexdigest(), hashlib.sha256(PDF).hexdigest()
    blobs |= {name: photo, wrong: PDF}
    sent = (image(blob=name, size=len(photo)), image(blob=wrong, size=len(PDF)), image(data=photo))
    message = await after(make(), inbound(event(1, *sent)))
    assert [(part.blob, part.data) for part in message.attachments] == [(name, None), (name, None)]
    assert reasons(message) == ["содержимое не совпадает с типом файла или неизвестно"]


async def test_inline_media_count_like_others(make: Make, photo: bytes) -> None:
    message = await after(make(), inbound(*(event(n, image(data=photo)) for n in range(6))))
    assert (len(message.attachments), len(message.refusals)) == (5, 1)


@pytest.mark.parametrize(("state", "passed"), [(State.BOT_ACTIVE, 5), (State.PENDING, 7), (State.MANAGER_ACTIVE, 7)])
@pytest.mark.parametrize("turns", [1, 7])
async def test_of_seven_photos_at_once_none_is_lost_silently(
    make: Make, stranger: Stranger, photo: bytes, state: State, passed: int, turns: int
) -> None:
    """One burst, or seven turns in as many processes at the same time."""
    events = []
    for number in range(7):
        stranger.pages[f"/{number}"] = stranger.answer(jpeg(number))
        events.append(event(number, image(stranger.link(f"/{number}"))))
    messages = [inbound(*events)] if turns == 1 else [inbound(each) for each in events]
    done = await asyncio.gather(*(after(make(), each, id=f"t{n}", state=state) for n, each in enumerate(messages)))
    kept = [part for message in done for part in message.attachments]
    refused = [each for message in done for each in message.refusals]
    assert (len(kept), len({part.blob for part in kept})) == (passed, passed)
    assert [each.what for each in refused] == ["фото"] * (7 - passed)
    assert {each.reason for each in refused} <= {"слишком много файлов за короткое время"}


async def test_while_a_handover_is_open_fifteen_pass(make: Make, photo: bytes) -> None:
    message = inbound(*(event(n, image(data=photo)) for n in range(16)))
    assert len((await after(make(), message, state=State.PENDING)).attachments) == 15


async def test_after_too_many_nothing_is_taken_for_a_quarter_of_an_hour(make: Make, clock: Clock, photo: bytes) -> None:
    guard = make()
    await after(guard, inbound(*(event(n, image(data=photo)) for n in range(6))))
    clock.move(minutes=14)
    assert len((await after(guard, inbound(event(10, image(data=photo))))).refusals) == 1
    clock.move(minutes=2)
    assert (await after(guard, inbound(event(11, image(data=photo))))).refusals == ()


async def test_the_block_does_not_keep_files_from_the_human_who_was_called(make: Make, photo: bytes) -> None:
    guard = make()
    await after(guard, inbound(*(event(n, image(data=photo)) for n in range(6))))
    one = inbound(event(10, image(data=photo)))
    assert (await after(guard, one, state=State.PENDING)).refusals == ()
    many = inbound(*(event(n, image(data=photo)) for n in range(11, 30)))
    assert (await after(guard, many, state=State.PENDING)).refusals
    later = inbound(event(40, image(data=photo)))
    assert (await after(guard, later, state=State.PENDING)).refusals
    assert (await after(guard, replace(later, events=(event(41, *later.attachments),)))).refusals


async def test_another_customer_has_limits_of_its_own(make: Make, photo: bytes) -> None:
    guard, turn = make(), make_turn()
    await after(guard, inbound(*(event(n, image(data=photo)) for n in range(6))))
    other = replace(turn.customer, address="2")
    assert (await after(guard, inbound(event(9, image(data=photo))), customer=other)).refusals == ()


async def test_a_new_customer_is_counted_before_the_host_has_an_id_for_them(make: Make, photo: bytes) -> None:
    customer = make_turn().customer
    for number in range(5):
        await after(make(), inbound(event(number, image(data=photo))), customer=replace(customer, id=f"new {number}"))
    assert (await after(make(), inbound(event(9, image(data=photo))), customer=customer)).refusals


async def test_twenty_a_day_are_enough(make: Make, clock: Clock, photo: bytes) -> None:
    guard = make()
    for number in range(20):
        assert (await after(guard, inbound(event(number, image(data=photo))))).refusals == ()
        clock.move(minutes=5)
    assert (await after(guard, inbound(event(20, image(data=photo))))).refusals
    clock.move(hours=24)
    assert (await after(guard, inbound(event(21, image(data=photo))))).refusals == ()


async def test_thirty_megabytes_are_enough(make: Make) -> None:
    big = b"%PDF-" + bytes(10 * MB - 5)
    sent = [Attachment(content=Content.DOCUMENT, data=big, size=len(big)) for _ in range(4)]
    message = await after(make(), inbound(event(1, *sent)))
    assert (len(message.attachments), len(message.refusals)) == (3, 1)


@pytest.mark.parametrize("announced", [0, 1000])
async def test_the_real_weight_counts_and_blocks(make: Make, announced: int, photo: bytes) -> None:
    table = {"max_size_mb": {"photo": 1, "audio": 1, "document": 1}, "rate_limit": {"bytes_mb": 1}}
    heavy = photo + bytes(MB // 2 + 100)  # what hangs behind a picture is not kept, and weighs all the same
    guard = make(**table)
    sent = inbound(*(event(n, image(data=heavy, size=announced)) for n in range(2)))
    message = await after(guard, sent)
    assert (len(message.attachments), len(message.refusals)) == (1, 1)
    assert (await after(guard, inbound(event(9, image(data=photo))))).refusals
    again = await after(guard, sent)
    assert (again.attachments, reasons(again)) == (message.attachments, reasons(message))


@pytest.mark.parametrize("table", [{}, {"rate_limit": {"block_seconds": 0}}])
async def test_a_turn_that_runs_again_counts_once_and_comes_to_the_same(make: Make, table: Any, photo: bytes) -> None:
    sent = inbound(*(event(n, image(data=photo)) for n in range(7)))
    runs = [await after(make(**table), sent, id="t") for _ in range(4)]
    assert len(runs[0].attachments) == 5
    assert all(run == runs[0] for run in runs)


async def test_a_turn_that_grew_counts_only_what_is_new(make: Make, photo: bytes) -> None:
    """More arrived before the reply went out: the host thinks again, over all of it, in another turn."""
    first = [event(n, image(data=photo)) for n in range(4)]
    await after(make(), inbound(*first), id="t1")
    grown = await after(make(), inbound(*first, event(4, image(data=photo))), id="t2")
    assert (len(grown.attachments), grown.refusals) == (5, ())


async def test_equal_photos_of_one_message_are_two(make: Make, photo: bytes) -> None:
    message = await after(make(), inbound(event(1, *[image(data=photo)] * 6)))
    assert (len(message.attachments), len(message.refusals)) == (5, 1)


async def test_media_that_no_event_holds_are_counted_under_the_turn(make: Make, photo: bytes) -> None:
    sent = Inbound(text="", events=(), attachments=(image(data=photo),) * 6)
    assert len((await after(make(), sent)).refusals) == 1
    assert len((await after(make(), sent)).refusals) == 1


async def test_without_storage_bytes_are_checked_and_the_link_goes_on(
    make: Make, stranger: Stranger, blobs: dict[str, bytes], photo: bytes
) -> None:
    stranger.pages["/1"] = stranger.answer(photo)
    message = await after(make(store_media=False), inbound(event(1, image(stranger.link("/1")))))
    [part] = message.attachments
    assert (part.url, part.blob, part.size, blobs) == (stranger.link("/1"), "", len(photo), {})


async def test_without_forwarding_the_desk_is_told_what_came(make: Make, blobs: dict[str, bytes], photo: bytes) -> None:
    message = await after(make(forward_to_telegram=False), inbound(event(1, image(data=photo))))
    assert [part.hidden for part in message.attachments] == [True]  # whoever reads files, speech say, reads it
    assert reasons(message) == ["получено, но пересылка файлов выключена"]
    assert len(blobs) == 1


async def test_one_that_goes_wrong_harms_no_other(make: Make, stranger: Stranger, photo: bytes) -> None:
    guard = make()
    original = guard._resources.blobs.put

    async def put(data: bytes, mime: str) -> str:
        if mime == "application/pdf":
            raise RuntimeError("no room")
        return await original(data, mime)

    guard._resources.blobs.put = put  # type: ignore[method-assign]
    sent = inbound(event(1, image(data=photo), Attachment(content=Content.DOCUMENT, data=PDF, file_name="прайс.pdf")))
    message = await after(guard, sent)
    assert len(message.attachments) == 1
    assert [(each.what, each.reason) for each in message.refusals] == [("документ «прайс.pdf»", "не удалось проверить")]


async def test_a_turn_is_held_no_longer_than_the_host_allows(
    make: Make, stranger: Stranger, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(path: str, writer: asyncio.StreamWriter) -> None:
        for _ in range(100):
            writer.write(b"x" if _ else stranger.head())
            await writer.drain()
            await asyncio.sleep(0.1)

    monkeypatch.setattr(module, "FETCH_SECONDS", 0.6)
    stranger.pages |= {f"/{n}": hang for n in range(5)}
    start = asyncio.get_running_loop().time()
    sent = [event(n, image(stranger.link(f"/{n}"))) for n in range(5)]
    message = await after(make(), inbound(*sent, event(9, text="а ещё вопрос")))
    assert asyncio.get_running_loop().time() - start < 3
    assert (len(message.refusals), message.text) == (5, "а ещё вопрос")


def test_the_fetches_of_a_turn_leave_time_to_count_and_store() -> None:
    assert module.FETCH_SECONDS < 10


class TestWhatTheCustomerIsTold:
    """One line a turn, and of too many files one line a block."""

    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Every line that the guard would say."""
        said: list[str] = []

        def listen(*args: Any) -> str:
            said.append(for_the_customer(*args))
            return said[-1]

        monkeypatch.setattr(module, "for_the_customer", listen)
        return said

    async def test_too_many_once(self, make: Make, photo: bytes, lines: list[str], clock: Clock) -> None:
        sent = inbound(*(event(n, image(data=photo)) for n in range(8)))
        await after(make(), sent)
        await after(make(), inbound(event(10, image(data=photo))))
        await after(make(), sent)  # runs again: says it again, for the first run was not committed
        first = (
            "Файлов сейчас слишком много, принять больше пока не можем. Пришлите, пожалуйста, остальные через 15 мин."
        )
        assert lines == [first, "", first]
        clock.move(minutes=16)
        await after(make(), inbound(*(event(n, image(data=photo)) for n in range(20, 26))))
        assert lines[3] == first

    async def test_what_they_can_do_about(self, make: Make, stranger: Stranger, lines: list[str]) -> None:
        await after(make(), inbound(event(1, Attachment(content=Content.VIDEO))))
        await after(make(), inbound(event(2, image(stranger.link("/gone")))))
        await after(make(), inbound(event(3, image("https://evil.test/"))))
        assert lines == [
            "К сожалению, не смогли принять видео: такие файлы не принимаются.",
            "Не получилось загрузить фото. Отправьте, пожалуйста, ещё раз.",
            "",
        ]

    async def test_in_their_language(self, make: Make, lines: list[str]) -> None:
        message = await after(make(), inbound(event(1, Attachment(content=Content.VIDEO))), context={"language": "en"})
        assert lines == ["Sorry, we could not take the video: files of this kind are not taken."]
        assert message.refusals[0].what == "видео"  # the desk reads the tenant's language

    async def test_that_the_host_passes_on(self, make: Make) -> None:
        message = await after(make(), inbound(event(1, Attachment(content=Content.VIDEO))))
        assert message.notices == ("К сожалению, не смогли принять видео: такие файлы не принимаются.",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\прайс.pdf", "прайс.pdf"),
        ("gpj.\u202eexe\0\n", "gpj.exe"),
        ("..", ".."),
        ("", ""),
        ("a" * 300 + ".pdf", "a" * 87 + "…" + "a" * 8 + ".pdf"),
    ],
)
def test_a_name_is_only_shown(name: str, shown: str) -> None:
    assert tidy(name) == shown


@given(st.text())
def test_any_name_becomes_one_short_line(name: str) -> None:
    shown = tidy(name)
    assert len(shown) <= 100 and "/" not in shown and "\\" not in shown and shown.isprintable() | (" " in shown)


class Channel:
    """A channel whose files no link leads to; it fails as often as `fails` says before it gives `data`."""

    file_scheme = "pigeon:"

    def __init__(self, data: bytes, *fails: FileUnavailable) -> None:
        self.data, self.fails = data, list(fails)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes."""
        if self.fails:
            raise self.fails.pop(0)
        return self.data


@pytest.fixture
def guard_of(http: httpx.AsyncClient, clock: Clock, blobs: dict[str, bytes]) -> Callable[..., Media]:
    """Makes a guard beside a channel that keeps its files itself."""

    def made(channel: Channel, **table: Any) -> Media:
        files = ChannelFiles()
        files.add("test", channel)
        resources = make_resources(plugin, http, clock=clock, blobs=blobs, media=table, files=files)
        return Media(MediaSettings(), resources)

    return made


async def test_a_file_that_its_channel_keeps_passes_as_any_other(
    guard_of: Callable[..., Media], blobs: dict[str, bytes], photo: bytes
) -> None:
    guard = guard_of(Channel(photo, FileUnavailable("busy", again=True)))
    message = await after(guard, inbound(event(1, image("pigeon:7"))))
    name = hashlib.sha256(photo).hexdigest()
    assert message.attachments == (image("pigeon:7", size=len(photo), blob=name, checked=True),)
    assert blobs == {name: photo}


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        (Channel(b"MZ\x90\0"), "содержимое не совпадает"),
        (Channel(b"\xff\xd8\xff" + bytes(3000)), "больше 0.00"),
        (Channel(b"", FileUnavailable("is too large", too_large=True)), "больше 0.00"),
        (Channel(b"", FileUnavailable("gone")), "не удалось скачать"),
    ],
)
async def test_limits_hold_for_a_file_that_its_channel_keeps(
    guard_of: Callable[..., Media], blobs: dict[str, bytes], channel: Channel, why: str
) -> None:
    guard = guard_of(channel, max_size_mb={"photo": 0.002})
    message = await after(guard, inbound(event(1, image("pigeon:7"))))
    [reason] = reasons(message)
    assert why in reason and "pigeon" not in reason
    assert (message.attachments, blobs) == ((), {})


async def test_nobody_reaches_the_files_of_another_channel(guard_of: Callable[..., Media], photo: bytes) -> None:
    message = await after(guard_of(Channel(photo)), inbound(event(1, image("pigeon:7"))), channel="another")
    assert message.attachments == ()


async def test_what_finds_no_room_is_refused_and_the_others_are_kept(
    make: Make, stranger: Stranger, blobs: dict[str, bytes], photo: bytes
) -> None:
    another = jpeg(1)
    for number in range(3):
        stranger.pages[f"/{number}"] = stranger.answer(photo if number < 2 else another)
    links = [image(stranger.link(f"/{number}")) for number in range(3)]
    message = await after(make(quota=len(photo)), inbound(event(1, *links)))
    assert [each.url for each in message.attachments] == [each.url for each in links[:2]]  # the same bytes count once
    assert reasons(message) == ["место для файлов закончилось, файл не сохранён"]
    assert message.notices == ()


def zipped(*names: str) -> bytes:
    """An archive of these entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("sent", "what", "reason"),
    [
        (image(data=jpeg() + zipped("a.class")), "фото", "внутри спрятан ещё один файл"),
        (image(data=jpeg()[:90]), "фото", "файл повреждён и не открывается"),
        (
            Attachment(
                content=Content.DOCUMENT, data=zipped("word/document.xml", "word/vbaProject.bin"), file_name="a.docx"
            ),
            "документ «a.docx»",
            "в файле программа или макросы",
        ),
    ],
)
async def test_what_a_file_hides_is_named_to_manager_and_customer(
    make: Make, sent: Attachment, what: str, reason: str
) -> None:
    message = await after(make(), inbound(event(1, sent)))
    [refusal] = message.refusals
    assert (refusal.what, refusal.reason) == (what, reason)
    assert message.notices == (f"К сожалению, не смогли принять {what.split(' ', maxsplit=1)[0]}: {reason}.",)


async def test_what_a_photo_tells_of_its_place_never_reaches_the_store(make: Make, blobs: dict[str, bytes]) -> None:
    place = b"\xff\xe1\0\x1bExif\0\0the place and more."
    told = jpeg()[:20] + place + jpeg()[20:]
    message = await after(make(), inbound(event(1, image(data=told))))
    assert list(blobs.values()) == [jpeg()]
    assert [(part.blob, part.size) for part in message.attachments] == [(*blobs, len(jpeg()))]


async def test_a_picture_made_anew_has_type_and_name_of_what_it_is_now(make: Make, blobs: dict[str, bytes]) -> None:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "AVIF")
    sent = Attachment(content=Content.DOCUMENT, mime="image/avif", data=out.getvalue(), file_name="фото.AVIF")
    [part] = (await after(make(), inbound(event(1, sent)))).attachments
    assert (part.mime, part.file_name, part.size) == ("image/jpeg", "фото.jpg", len(blobs[part.blob]))


async def test_a_file_that_could_not_be_looked_at_in_time_is_looked_at_again(http: httpx.AsyncClient) -> None:
    guard = Media(MediaSettings(), make_resources(plugin, http), cleaner=Cleaner(seconds=0.0))
    sent = event(1, image(data=jpeg()))
    open_still = await guard.collect(sent, State.BOT_ACTIVE, last=False)
    assert open_still.attachments == sent.attachments
    [given_up] = (await guard.collect(sent, State.BOT_ACTIVE, last=True)).attachments
    assert given_up.refused == "unchecked"
