"""From a folder of files to passages, through the hook, with the embedded defaults."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from truffles_rag_qdrant.worker import shared_worker

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Chunk

pytestmark = pytest.mark.asyncio
SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"
FLOWERS = Path(__file__).parents[1] / "eval" / "flowers"


async def test_a_misspelt_burst_with_two_questions_finds_both_facts(rigs: Any) -> None:
    async with rigs() as rig:
        report = await rig.sync(SALON)
        assert report.added >= 60 and not report.problems
        best = list((await rig.best("Здрасте)\nскока стоит маникур и где вы находитесь")).values())
    assert [passage.text.split()[0] for passage in best][1] == "Мы"
    assert "аникюр" in best[0].text and "₸" in best[0].text
    assert "Вымышленная" in best[1].text
    assert all(passage.confidence >= 0.5 for passage in best)


@pytest.mark.parametrize(("question", "holds"), [
    ("маникюр қанша тұрады?", "₸"),
    ("мекенжайыңыз қайда", "Вымышленная"),
    ("нешеге дейін жұмыс істейсіздер", "10:00 до 21:00"),
    ("көлік қоятын орын бар ма", "парковка"),
    ("how much is a manicure?", "₸"),
    ("where are you located?", "Вымышленная"),
    ("is there parking?", "парковка"),
    ("can I pay by card", "карты"),
    ("skolko stoit manikur", "₸"),
    ("vfybr.h crjkmrj", "₸"),
    ("сколько\nстоит\nпедикюр", "Педикюр"),
])  # fmt: skip
async def test_other_languages_and_spellings_find_russian_facts(rigs: Any, question: str, holds: str) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        best = list((await rig.best(question)).values())
    assert len(best) == 1 and holds in best[0].text and best[0].confidence >= 0.5, best


@pytest.mark.parametrize(
    "question",
    ["сколько стоит татуировка", "какая завтра погода", "тату жасайсыздар ма", "do you sell cars", "сколько стоит?"],
)
async def test_what_the_facts_do_not_say_stays_below_a_half(rigs: Any, question: str) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        assert all(passage.confidence < 0.5 for passage in await rig.ask(question))


@pytest.mark.parametrize("text", ["", "   ", "здравствуйте!", "Рахмет", "👍👍", "hello", "\x00", "?" * 500, "а" * 500])
async def test_what_asks_nothing_finds_nothing_certain(rigs: Any, text: str) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        assert all(passage.confidence < 0.5 for passage in await rig.ask(text))


async def _equals(rig: Any, question: str) -> list[str]:
    found = await rig.ask(question)
    return [
        one.text.split(" — ")[0] for one in found if one.confidence >= 0.5 and one.confidence == found[0].confidence
    ]


async def test_equals_come_in_the_order_of_the_file_however_they_are_asked_for(rigs: Any) -> None:
    nails = ["Маникюр классический без покрытия", "Маникюр аппаратный без покрытия", "Маникюр с покрытием гель-лак",
             "Маникюр мужской", "Японский маникюр"]  # fmt: skip
    async with rigs() as rig:
        await rig.sync(SALON)
        for question in ("маникюр", "сколько стоит маникюр", "почём маникюр", "маникюр қанша", "manicure price"):
            assert await _equals(rig, question) == nails, question
        cuts = ["Женская стрижка", "Мужская стрижка", "Детская стрижка (до 10 лет)", "Стрижка чёлки"]
        assert await _equals(rig, "сколько стоит стрижка") == cuts
        assert await _equals(rig, "Маникюр 4000 же?") == nails[:1]
        assert await _equals(rig, "педикюр") == ["Педикюр классический без покрытия", "Педикюр с покрытием гель-лак"]
        assert len(await _equals(rig, "есть скидки?")) == 2


async def test_words_of_one_concept_are_not_one_thing(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(FLOWERS)
        assert [name.split(",")[0] for name in await _equals(rig, "сколько стоят тюльпаны")] == ["Тюльпаны"]


@pytest.mark.parametrize("question", [
    "депиляция ног до колена", "шугаринг голени", "бикини классическое", "эпиляция рук", "скидка для пенсионеров",
    "скидка школьникам", "стрижка ребенку 12 лет",
])  # fmt: skip
async def test_the_price_for_another_is_no_answer(rigs: Any, question: str) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        assert all(passage.confidence < 0.5 for passage in await rig.ask(question))


@pytest.mark.parametrize(("question", "begins"), [
    ("шеллак на ногах", "Педикюр с покрытием"),
    ("маникюр с шеллаком на руки", "Маникюр с покрытием"),
    ("обстричь ребенка 5 лет", "Детская стрижка"),
    ("skolko stoit manikur s gel lakom", "Маникюр с покрытием"),
    ("стрижка ребенку 5 лет", "Детская стрижка"),
    ("маникюр\nой не маникюр\nпедикюр", "Педикюр"),
    ("скиньте прайс", "Делаем маникюр"),
    ("какие услуги", "Делаем маникюр"),
    ("вы бот?", "Я виртуальный помощник"),
])  # fmt: skip
async def test_plain_questions_that_once_called_a_human(rigs: Any, question: str, begins: str) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        best = (await rig.ask(question))[0]
    assert best.text.startswith(begins) and best.confidence >= 0.5


async def test_a_row_that_moved_in_its_file_is_not_embedded_again(rigs: Any, tmp_path: Path) -> None:
    rows = ["Стрижка женская;7000", "Стрижка мужская;4000", "Маникюр;5000", "Педикюр;6000", "Макияж;9000", "Пилинг;800"]
    async with rigs() as rig:
        for order in (rows, rows[::-1]):
            (tmp_path / "p.csv").write_text("\n".join(("услуга;цена", *order)), "utf-8")
            report = await rig.sync(tmp_path)
        assert (report.added, report.changed, report.unchanged) == (0, 0, 6)
        assert await _equals(rig, "стрижка") == ["Стрижка мужская", "Стрижка женская"]


async def test_a_second_process_sees_a_sync_of_the_first(rigs: Any, tmp_path: Path) -> None:
    (tmp_path / "facts.md").write_text("# Салон\n\n## Парковка\nПарковка за домом.\n", "utf-8")
    async with rigs() as first, rigs(first.knowledge) as second:
        await first.sync(tmp_path)
        assert "за домом" in (await second.ask("есть парковка?"))[0].text
        (tmp_path / "facts.md").write_text("# Салон\n\n## Парковка\nПарковка через дорогу.\n", "utf-8")
        await first.sync(tmp_path)
        assert [passage.text for passage in await second.ask("есть парковка?")] == ["Парковка через дорогу."]


async def test_sync_skips_the_unchanged_and_deletes_the_gone_but_not_the_learned(rigs: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("## Оплата\n- Картой можно.\n- Наличными можно.\n", "utf-8")
    (tmp_path / "b.md").write_text("## Парковка\nПарковки нет.\n", "utf-8")
    async with rigs() as rig:
        assert (await rig.sync(tmp_path)).added == 3
        learned = Chunk(id="learned-1", source="learned", text="Вопрос: есть ли лифт?\nОтвет: Лифта нет.",
                        question="есть ли лифт?", answer="Лифта нет.")  # fmt: skip
        await rig.knowledge.apply(put=[learned])
        found = (await rig.ask("лифт есть?"))[0]
        assert (found.answer, found.confidence >= 0.5) == ("Лифта нет.", True)
        (tmp_path / "b.md").unlink()
        report = await rig.sync(tmp_path)
        assert (report.added, report.changed, report.unchanged, report.deleted) == (0, 1, 2, 1)
        assert rig.knowledge.stored["learned-1"].vector, "a sync gives foreign chunks their vector for good"
        report = await rig.sync(tmp_path)
        assert (report.added, report.changed, report.unchanged, report.deleted) == (0, 0, 2, 0)
        assert rig.progress[-1][0] == rig.progress[-1][1]


async def test_the_same_service_at_another_branch_makes_its_words_no_commoner(rigs: Any, tmp_path: Path) -> None:
    """A price at one of two branches is as sure as that of a salon that has no other."""
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "prices.md").write_text("# Цены\n\n## Маникюр\n\nМаникюр с покрытием стоит 5 000 ₸.\n", encoding="utf-8")
    async with rigs() as rig:
        await rig.sync(alone)
        [one] = await rig.ask("Сколько стоит маникюр?")
    for number in range(5):
        place = tmp_path / "all" / f"@b{number}"
        place.mkdir(parents=True)
        text = f"# Цены\n\n## Маникюр\n\nМаникюр с покрытием стоит {5 + number} 000 ₸.\n"
        (place / "prices.md").write_text(text, encoding="utf-8")
    async with rigs() as rig:
        await rig.sync(tmp_path / "all")
        [there] = await rig.ask("Сколько стоит маникюр?", "b0")
    assert (there.text, round(there.confidence, 3)) == (one.text, round(one.confidence, 3))
    assert there.confidence >= 0.5


async def test_a_branch_sees_its_own_facts_and_those_for_all(rigs: Any, tmp_path: Path) -> None:
    for tag, street in (("north", "Северная"), ("south", "Южная")):
        (tmp_path / f"@{tag}").mkdir()
        (tmp_path / f"@{tag}" / "about.md").write_text(f"## Адрес\nНаш адрес: улица {street}, 1.\n", "utf-8")
    (tmp_path / "all.md").write_text("## Парковка\nПарковка везде есть.\n", "utf-8")
    async with rigs() as rig:
        await rig.sync(tmp_path)
        assert "Северная" in (await rig.ask("какой у вас адрес", "north"))[0].text
        assert not any("Южная" in passage.text for passage in await rig.ask("какой у вас адрес", "north"))
        assert "везде" in (await rig.ask("парковка есть?", "south"))[0].text
        assert not any("Адрес" in passage.title for passage in await rig.ask("какой у вас адрес"))
        (tmp_path / "@north" / "about.md").rename(tmp_path / "@south" / "second.md")
        await rig.sync(tmp_path)
        assert not any("Северная" in passage.text for passage in await rig.ask("какой у вас адрес", "north"))


async def test_a_folder_without_files_is_refused_and_deletes_nothing(rigs: Any, tmp_path: Path) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        before = dict(rig.knowledge.stored)
        for folder in (tmp_path, tmp_path / "missing"):
            with pytest.raises(ConfigError, match="Name a folder"):
                await rig.sync(folder)
        assert rig.knowledge.stored == before


async def test_the_wrong_folder_does_not_make_the_bot_forget(rigs: Any, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("name;price\nСтрижка;100\nУкладка;200\n", "utf-8")
    async with rigs() as rig:
        await rig.sync(SALON)
        before = dict(rig.knowledge.stored)
        with pytest.raises(ConfigError, match="--shrink"):
            await rig.sync(tmp_path)
        assert rig.knowledge.stored == before
        report = await rig.rag.sync(tmp_path, lambda done, total, what: None, shrink=True)
        assert (report.deleted, len(rig.knowledge.stored)) == (len(before), 2)


def _about(**said: str) -> str:
    return "".join(f"## {heading}\n{text}\n\n" for heading, text in said.items())


FEW = {"Адрес": "Улица Примерная, 1.", "Парковка": "Во дворе.", "Оплата": "Картой.", "Дети": "Рады детям."}


async def test_the_wrong_folder_does_not_make_a_bot_forget_the_few_facts_that_it_has(rigs: Any, tmp_path: Path) -> None:
    """A first salon has no more than these."""
    right, wrong, twin = (tmp_path / name for name in ("right", "wrong", "twin"))
    for folder, text in (
        (right, _about(**FEW)),
        (wrong, _about(Адрес=FEW["Адрес"])),
        (twin, _about(**{heading: f"{text} И не только." for heading, text in FEW.items()})),
    ):
        folder.mkdir()
        (folder / "about.md").write_text(text, "utf-8")
    async with rigs() as rig:
        await rig.sync(right)
        before = dict(rig.knowledge.stored)
        for folder, gone in ((wrong, 3), (twin, 4)):
            with pytest.raises(ConfigError, match=f"{gone} of 4 facts would be deleted.*--shrink"):
                await rig.sync(folder)
        assert rig.knowledge.stored == before
        assert (await rig.rag.sync(wrong, lambda done, total, what: None, shrink=True)).deleted == 3


async def test_facts_in_other_words_are_not_forgotten_ones(rigs: Any, tmp_path: Path) -> None:
    async with rigs() as rig:
        (tmp_path / "about.md").write_text(_about(**FEW), "utf-8")
        await rig.sync(tmp_path)
        reworded = {heading: f"{text} Пишите нам." for heading, text in FEW.items() if heading != "Дети"}
        (tmp_path / "about.md").write_text(_about(**FEW | reworded), "utf-8")
        report = await rig.sync(tmp_path)
        assert (report.added, report.unchanged, report.deleted) == (3, 1, 3)


async def test_a_sync_names_what_it_passed_over_and_is_none_the_worse(rigs: Any, tmp_path: Path) -> None:
    (tmp_path / "price.pdf").write_bytes(b"%PDF-1.7")
    async with rigs() as rig:
        with pytest.raises(ConfigError, match=r"holds no knowledge files \(price\.pdf\)"):
            await rig.sync(tmp_path)
        (tmp_path / "about.md").write_text(_about(**FEW), "utf-8")
        report = await rig.sync(tmp_path)
        assert (report.added, report.problems) == (4, ())
        assert [line.partition(":")[0] for line in report.skipped] == ["price.pdf"]


async def test_retrieval_does_not_hold_up_the_event_loop(rigs: Any) -> None:
    """Counted in the loop's own time on a processor: what else the machine does is not retrieval's."""
    async with rigs() as rig:
        await rig.sync(SALON)
        longest, last = 0.0, time.thread_time()

        async def watch() -> None:
            nonlocal longest, last
            while True:
                await asyncio.sleep(0.001)
                longest, last = max(longest, time.thread_time() - last), time.thread_time()

        watcher = asyncio.create_task(watch())
        answers = await asyncio.gather(*(rig.ask(f"сколько стоит маникюр {n}") for n in range(30)))
        watcher.cancel()
    assert all(answers)
    assert longest < 0.5


async def test_a_cancelled_first_load_is_finished_for_the_next_message(rigs: Any) -> None:
    async with rigs() as first:
        await first.sync(SALON)
        async with rigs(first.knowledge) as rig:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await rig.ask("где вы находитесь")
            assert "Вымышленная" in (await rig.ask("где вы находитесь"))[0].text


async def test_customers_are_answered_from_what_was_known_while_a_load_takes_long(rigs: Any, tmp_path: Path) -> None:
    """Where nothing was known yet, they wait for it."""
    (tmp_path / "facts.md").write_text("## Парковка\nПарковка во дворе.\n", encoding="utf-8")
    async with rigs() as rig, rigs(rig.knowledge) as other:
        assert await other.ask("есть парковка?") == []
        await rig.sync(tmp_path)
        assert "во дворе" in (await rig.ask("есть парковка?"))[0].text
        (tmp_path / "facts.md").write_text("## Парковка\nПарковка за углом.\n", encoding="utf-8")
        await rig.sync(tmp_path)
        rig.knowledge.answers.clear()
        first = asyncio.create_task(other.ask("есть парковка?"))
        assert "во дворе" in (await rig.ask("есть парковка?"))[0].text
        assert not first.done()
        rig.knowledge.answers.set()
        assert "за углом" in (await first)[0].text
        async with asyncio.timeout(15):
            while "за углом" not in (await rig.ask("есть парковка?"))[0].text:
                pass


async def test_check_says_that_all_is_well(rigs: Any) -> None:
    async with rigs() as rig:
        assert await rig.rag.check() == ""


async def test_check_tells_that_the_thread_is_held(rigs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rigs() as rig:
        monkeypatch.setattr(shared_worker(), "check", lambda: "the search has been busy")
        assert await rig.rag.check() == "the search has been busy"


async def test_a_huge_message_does_not_hold_up_the_others(rigs: Any) -> None:
    async with rigs() as rig:
        await rig.sync(SALON)
        huge = "сколько стоит маникюр и где вы находитесь? " * 1_500
        async with asyncio.timeout(5):
            _, other = await asyncio.gather(rig.ask(huge), rig.ask("где вы находитесь?"))
        assert "Вымышленная" in other[0].text
