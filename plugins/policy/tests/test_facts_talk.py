"""Facts within a talk: what is carried over, the owner's notices, the call to action; and any text whatever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from truffles_policy.facts.gate import Facts
from truffles_policy.facts.things import Things
from truffles_policy.plugin import plugin

from truffles_gateway.messages import OWNER_SAYS, Inbound, Passage, Route, Verdict
from truffles_gateway.testing import make_turn, texts_of

Ask = Callable[..., Any]
LIST = "О какой услуге речь?\n1. Маникюр классический\n2. Педикюр\n3. Мужская стрижка"
CALL = "Записать вас?"


@pytest.mark.parametrize(
    ("said", "text", "facts", "words"),
    [
        (["сколько стоит маникюр?"], "а педикюр?", "services.pedi", "8 000"),
        (["сколько стоит маникюр?", "а педикюр?"], "а мужская стрижка?", "services.mencut", "3 500"),
        (["сколько стоит педикюр?"], "а сколько по времени?", "services.pedi", "1 ч"),
        (["делаете педикюр?"], "сколько стоит?", "services.pedi", "8 000"),
        (["педикюр бар ма?"], "қанша тұрады?", "services.pedi", "8 000"),
        (["how much is a pedicure?"], "and a classic manicure?", "services.m-classic", "4 000"),
        (["вы сегодня работаете?"], "а завтра?", "place.hours", "Завтра работаем 10:00–21:00"),
        (["хочу записаться на педикюр завтра"], "а сколько это стоит?", "services.pedi", "8 000"),
        (["запишите меня на мужскую стрижку в субботу"], "а сколько она стоит?", "services.mencut", "3 500"),
        (["ертең педикюрге жазылуға бола ма", "сағат 4-те"], "бағасы қанша?", "services.pedi", "8 000"),
        (["book me a pedicure tomorrow please"], "how much is it?", "services.pedi", "8 000"),
        (["сколько стоит педикюр?"], "это долго?", "services.pedi", "1 ч"),
        (["сколько стоит педикюр?"], "и сколько по времени", "services.pedi", "1 ч"),
        (["how much is a pedicure?"], "and how long does it take?", "services.pedi", "1 h"),
        (["how much is a pedicure?"], "how long?", "services.pedi", "1 h"),
        (["маникюр қанша тұрады?"], "ал педикюр ше?", "services.pedi", "8 000"),
        (["маникюр канша турады?"], "педикюр ше", "services.pedi", "8 000"),
        (["сколько стоит женская стрижка"], "а на длинные?", "services.cut", "8 000"),
        (["сколько стоит маникюр"], "а классический?", "services.m-classic", "4 000"),
        (["до скольки вы?", "вы в субботу работаете?"], "а в воскресенье?", "place.hours", "не работаем"),
    ],
)
def test_what_was_said_before_is_carried_over(said: list[str], text: str, facts: str, words: str, ask: Ask) -> None:
    _, draft = ask("salon", text, said)
    assert draft is not None and draft.sources == (f"pack:{facts}",) and words in draft.text


@pytest.mark.parametrize("text", ["2", "2.", "второй", "вторая"])
def test_a_number_of_a_list_is_what_stands_there(text: str, ask: Ask) -> None:
    _, draft = ask("salon", text, ["сколько стоит?"], bot=LIST)
    assert draft is not None and draft.sources == ("pack:services.pedi",)
    assert ask("salon", "9", ["сколько стоит?"], bot=LIST)[1] is None


def test_what_was_said_long_ago_or_means_something_else_is_not_carried_over(ask: Ask) -> None:
    assert ask("salon", "сколько стоит?", ["делаете педикюр?"], ago=45)[1] is None
    assert ask("salon", "а завтра?", ["сколько стоит педикюр?"])[1] is None
    assert ask("bikes", "а на 31?", ["atlas x 13 сколько стоит"])[1] is None, "no variant has that number"
    assert ask("salon", "долго держится?", ["сколько стоит педикюр?"])[1] is None, "a question about gel polish"


def test_the_call_to_action_is_told_once_a_talk_and_never_after_a_complaint(ask: Ask) -> None:
    assert ask("salon", "педикюр цена")[1].text.endswith(CALL)
    assert CALL not in ask("salon", "педикюр цена", ["привет"], bot=f"Здравствуйте!\n{CALL}")[1].text
    assert CALL not in ask("salon", "педикюр цена", ["привет"], bot="На какое время вас записать?")[1].text
    assert CALL not in ask("salon", "педикюр цена", ["ужасный сервис"])[1].text
    assert CALL not in ask("salon", "делаете татуировки?")[1].text


def test_the_owner_comes_first(ask: Ask) -> None:
    notice = Passage(id="override:1", text="Сегодня нет света.", confidence=1, query="педикюр цена", source=OWNER_SAYS)
    price = Passage(
        id="override:2", text="Педикюр — 9 000 ₸", confidence=1, query="педикюр цена", source="owner: price"
    )
    assert ask("salon", "педикюр цена", owner=[notice])[1].text.startswith("Сегодня нет света.\nПедикюр")
    assert ask("salon", "педикюр цена", owner=[price])[1] is None, (
        "a price that no line of the pack has is told by others"
    )


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2026, 1, 14, 17, tzinfo=UTC), "Сейчас закрыто. Откроемся завтра в 10:00."),
        (datetime(2026, 1, 18, 7, tzinfo=UTC), "Сейчас закрыто. Откроемся завтра в 10:00."),
        (datetime(2026, 1, 20, 12, tzinfo=UTC), "Сейчас закрыто."),
        (datetime(2026, 1, 20, 9, tzinfo=UTC), "сейчас открыто, работаем до 16:00"),
    ],
)
def test_whether_it_is_open_is_asked_of_the_clock_and_of_the_exceptions(now: datetime, words: str, ask: Ask) -> None:
    assert words in ask("salon", "вы сейчас открыты?", now=now)[1].text


def test_a_branch_tells_its_own_facts(ask: Ask) -> None:
    assert "6 500 ₸" in ask("vet", "прием врача цена", branch="west")[1].text
    assert "5 000" not in ask("vet", "прием врача цена", branch="west")[1].text
    assert ask("vet", "адрес?", branch="east")[1].text.startswith("Адрес: Шығыс көшесі, 7")
    assert "круглосуточно" in ask("vet", "вы открыты сейчас?", branch="west")[1].text


def test_things_are_found_for_whoever_asks(policies: Any) -> None:
    facts = policies["salon"].facts
    things: Things = facts.things
    found = things.find("запишите на педикюр и маникюр с гель лаком", "ru")
    assert [[thing.id for thing in each.things] for each in found] == [["pedi"], ["m-gel"]]
    assert facts.reads("сколько стоит педикюр") and not facts.reads("какая погода в столице")


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("педикюр балерине хотя бы примерно во сколько выйдет?", {"services.pedi": 0.28}),
        (
            "педикюр или брови балерине хотя бы примерно во сколько выйдет?",
            {"services.pedi": 0.1, "services.brow": 0.1},
        ),
    ],
)
def test_the_price_of_the_one_thing_that_is_named_is_worth_a_hint(
    policies: Any, text: str, hints: dict[str, float]
) -> None:
    """It is told by nobody alone; a retriever that comes to it by itself is believed sooner."""
    policy, turn, message = policies["salon"], make_turn(), Inbound(text=text, events=())
    found = asyncio.run(policy.retrieve(turn, message, Verdict(route=Route.ANSWER, intent="question")))
    hinted = {each.id.removeprefix("pack:"): each.confidence for each in found if each.source == "pack: perhaps"}
    assert hinted == hints
    assert not any(each.confidence >= 0.5 for each in found)


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_in_time_and_never_raises(text: str) -> None:
    policies = _policies()
    before = time.process_time()
    for policy in policies.values():
        policy.facts.reads(text)
    assert time.process_time() - before < 1


@pytest.mark.parametrize("text", ["маникюр " * 800, "сколько стоит педикюр и " * 200, "без " * 2000, "1. " * 900])
def test_long_texts_are_bounded(text: str, ask: Ask) -> None:
    before = time.process_time()
    ask("salon", text, [text] * 8)
    assert time.process_time() - before < 4


_KEPT: dict[str, Any] = {}


def _policies() -> dict[str, Any]:
    return _KEPT


@pytest.fixture(autouse=True)
def _keep(policies: dict[str, Any]) -> None:
    _KEPT.update(policies)


@pytest.mark.parametrize("text", [
    "хочу записаться на замену батареи", "можно записаться на завтра?", "do i need an appointment or can i just show up?",
])  # fmt: skip
def test_of_what_a_piece_may_ask_the_first_that_is_known_is_told(text: str, ask: Ask) -> None:
    """A shop that books nobody has no rule about bookings: that leaves nothing open beside its word about walking in."""
    found, draft = ask("demo_phones", text)
    assert [each.id for each in found if each.source == "pack"] == ["pack:rules.walk_in"]
    assert draft is not None and draft.sources == ("pack:rules.walk_in",)


@pytest.mark.parametrize("text", [
    "сколько стоит педикюр и где вы?", "сколько стоит педикюр, вы где?", "сколько стоит педикюр\nгде вы?",
    "how much is a pedicure and where are you?", "педикюр қанша тұрады, қайда?",
])  # fmt: skip
def test_where_beside_a_price_is_a_question_of_its_own(text: str, ask: Ask) -> None:
    _, draft = ask("demo_salon", text)
    assert draft is not None and not draft.unanswered
    assert {"pack:services.pedicure_classic", "pack:place.address"} <= set(draft.sources)


@pytest.mark.parametrize(("told", "facts"), [
    (["pack:services.mencut"], ("pack:services.mencut",)), (["pack:services.pedi"], ("pack:services.pedi",)),
    (["pack:place.hours"], ("pack:services.m-classic",)), ([], ("pack:services.m-classic",)), (["no such fact"], ("pack:services.m-classic",)),
])  # fmt: skip
def test_what_the_bot_told_of_is_what_is_spoken_of(told: list[str], facts: tuple[str, ...], ask: Ask) -> None:
    """Wherever the customer's own lines were read to name something else."""
    _, draft = ask("salon", "долго делать?", ["сколько стоит классический маникюр", "а мужу?"], bot="…", told=told)
    assert draft is not None and draft.sources == facts


@pytest.mark.parametrize(("text", "thing"), [
    ("15 айфон есть у вас?", "15 айфон"), ("айфон 16 сколько стоит", "айфон 16"), ("iphone 14 pro max есть?", "iphone 14 pro max"),
    ("самсунг s24 есть в наличии?", "самсунг s24"), ("редми 12 бар ма", "редми 12"),
    ("айфон 13 про макс есть?", "айфон 13 про макс"), ("айфон 13 есть?", ""), ("айфон на 64 есть?", ""), ("айфон есть за 90к", ""), ("айфон 128 есть?", ""), ("айфон в рассрочку на 12 есть?", ""),
    ("айфоны 2 штуки есть?", ""), ("чехол на айфон 15 есть?", ""), ("сколько стоит экран на айфон 15?", ""),
])  # fmt: skip
def test_another_model_is_not_in_a_list_of_all_products(text: str, thing: str, ask: Ask) -> None:
    found, _ = ask("demo_phones", text)
    denied = [each.text for each in found if "списке нет" in each.text or "тізімде" in each.text]
    assert [each.rpartition(": ")[2].rstrip(".") for each in denied] == ([thing] if thing else [])


def test_another_model_may_be_there_where_not_all_are_listed(policies: Any) -> None:
    pack = policies["demo_phones"].facts.pack.model_copy(update={"products_complete": False})
    facts = Facts(pack, texts_of(plugin))
    turn, message = make_turn(now=datetime(2026, 1, 5, 9, tzinfo=UTC)), Inbound(text="15 айфон есть у вас?", events=())
    for known, denied in ((facts, False), (policies["demo_phones"].facts, True)):
        reading = known.read(turn, message)
        say = known.say(turn, message, Verdict(route=Route.ANSWER, language="ru"), reading)
        assert any("списке нет" in fact.text for each in known.answered(reading, say) for fact in each.facts) is denied


@pytest.mark.parametrize(("pack", "text", "intent"), [
    ("demo_salon", "Я беременна, 6 месяц, педикюр у вас можно сделать?", "question"), ("demo_salon", "жүктімін, маникюр жасатуға бола ма", "question"),
    ("demo_salon", "I'm pregnant, can I have a manicure?", "question"), ("demo_salon", "беременна, после маникюра палец опух, что делать", "medical"),
    ("demo_salon", "беременна, кровь идет после маникюра", "medical"), ("demo_salon", "у меня диабет, педикюр можно?", "medical"),
    ("demo_phones", "я беременна, мне можно телефон?", "medical"), ("demo_salon", "беременна, можно химический пилинг лица?", "medical"),
    ("demo_salon", "беременна, тошнит от запаха, маникюр можно?", "medical"), ("demo_dental", "беременна, какие обезболивающие можно?", "medical"),
    ("demo_salon", "кормлю грудью, можно кератин?", "medical"),
])  # fmt: skip
def test_a_state_that_the_pack_has_a_word_for_is_no_matter_of_health(
    pack: str, text: str, intent: str, policies: Any
) -> None:
    """Who bears or nurses a child is told what the business says of that; whoever tells of a complaint beside it is not."""
    verdict = asyncio.run(
        policies[pack].classify(make_turn(now=datetime(2026, 1, 5, 9, tzinfo=UTC)), Inbound(text=text, events=()))
    )
    assert verdict.intent == intent


@pytest.mark.parametrize(("text", "fact"), [
    ("ертең кешке маникюр с гель-лаком жазылуға бола ма?", "services.manicure_gel"), ("кешке маникюр қанша", "categories.manicure"),
    ("кешкі шаш үлгісі қанша", "services.evening_hairstyle"), ("вечерняя прическа сколько", "services.evening_hairstyle"),
])  # fmt: skip
def test_a_part_of_the_day_names_nothing(text: str, fact: str, policies: Any) -> None:
    """ "Кешке" says when, "кешкі" which one."""
    evening, things = "services.evening_hairstyle", policies["demo_salon"].facts.things
    named = {thing.fact for found in things.find(text) for thing in found.things}
    assert fact in named and (evening in named) == (fact == evening)


def test_a_product_that_a_retriever_found_is_told_with_its_stock(policies: Any) -> None:
    """Retrievers know what the pack says, and nothing of the day; the customer's own language comes with it."""
    policy, found = policies["demo_phones"], "pack:products.memory_card_64"
    entry = next(each for each in policy.entries() if each.id == found)

    def told(language: str, text: str = entry.answer) -> str:
        return policy.told({found: text}, make_turn(now=datetime(2026, 1, 5, 9, tzinfo=UTC)), language).get(found, "")

    assert "нет" in told("ru") and "қазір жоқ" in told("kk") and "out of stock" in told("en")
    assert told("ru", "Карта памяти — 1 ₸") == "", "not as the pack has it: somebody else's word"


@pytest.mark.parametrize(("said", "text", "facts"), [
    ("ламинирование бровей сколько стоит", "а перманент губ делаете?", ()),
    ("сколько стоит маникюр с гель-лаком", "а педикюр с гель-лаком?", ("pack:services.pedicure_gel",)),
    ("сколько стоит педикюр", "а мужу маникюр?", ("pack:services.manicure_men",)),
])  # fmt: skip
def test_what_goes_on_with_a_thing_that_is_not_there_is_not_told_of_another(
    said: str, text: str, facts: tuple[str, ...], ask: Ask
) -> None:
    found, draft = ask("demo_salon", text, [said])
    assert (draft.sources if draft else ()) == facts, found


def test_what_is_asked_without_something_is_told_by_what_speaks_of_that(ask: Ask) -> None:
    """The rule for returns says nothing of a receipt; that for visits says what is done without a booking."""
    assert not [
        each for each in ask("demo_phones", "а если чек потеряю, без чека обменяете?")[0] if each.confidence >= 0.5
    ]
    assert ask("demo_salon", "без записи примете?")[1] is not None


@pytest.mark.parametrize(("text", "told", "facts"), [
    ("сондай бағаға не кіреді?", "services.brow_lamination", True), ("а что входит?", "services.brow_lamination", True),
    ("does that cover a manicure, too?", "services.bridal", False), ("is the trial included?", "services.bridal", True),
    ("и это потом сверху цены выйдет?", "payment.prepayment", True), ("а что входит?", "services.lash_classic", False),
    ("а педикюр входит?", "services.brow_lamination", False), ("снятие входит в цену?", "services.colour_roots", False), ("а краска входит?", "services.colour_roots", True), ("доплачивать надо?", "rules.cancellation", False), ("а что входит?", "place.hours", False),
])  # fmt: skip
def test_what_a_price_covers_is_asked_of_what_was_told_last(text: str, told: str, facts: bool, ask: Ask) -> None:
    """Only of what says so."""
    found, draft = ask("demo_salon", text, ["сколько стоит?"], told=[f"pack:{told}"])
    assert (draft is not None and draft.sources == (f"pack:{told}",)) is facts, found


@pytest.mark.parametrize(("text", "fact"), [
    ("а батарея какая, сколько мач", "products.galaxy_a15"), ("and how big is its battery?", "products.galaxy_a15"),
    ("а батарею поменять сколько стоит?", "services.battery"), ("а замена батареи?", "services.battery"),
])  # fmt: skip
def test_what_a_product_is_like_is_no_service_of_that_name(text: str, fact: str, ask: Ask) -> None:
    found, _ = ask("demo_phones", text, ["есть самсунг а15?"], told=["pack:products.galaxy_a15"])
    assert [each.id for each in found] == [f"pack:{fact}"]


@pytest.mark.parametrize(("said", "text", "words"), [
    (["до скольки вы работаете?", "а 1 января? красота требует жертв)))"], "а второго?", "2 января"),
    (["what time do you shut on fridays?"], "what about dec 16?", "16 December"), (["до скольки вы?"], "а 16 дек?", "16 декабря"),
])  # fmt: skip
def test_a_day_goes_on_from_a_day(said: list[str], text: str, words: str, ask: Ask) -> None:
    _, draft = ask("demo_salon", text, said)
    assert draft is not None and draft.sources == ("pack:place.hours",) and words in draft.text


@pytest.mark.parametrize(("text", "fact"), [
    ("My Russian is terrible, will anyone there understand English?", "business.speaks"), ("и по-английски поймёте? ))", "business.speaks"),
    ("тогда бумажками возьмёте?", "payment"), ("а раскидать платёж можно?", "payment.instalments"), ("what time do you shut today?", "place.hours"),
    ("можно просто прийти или по записи?", "rules.walk_in"), ("could I just pop in?", "rules.walk_in"),
])  # fmt: skip
def test_everyday_ways_of_asking(text: str, fact: str, ask: Ask) -> None:
    found, draft = ask("demo_salon", text)
    assert draft is not None and f"pack:{fact}" in draft.sources, found


def test_how_badly_somebody_works_is_trouble_and_how_they_speak_is_none(ask: Ask) -> None:
    assert ask("demo_salon", "Your service is terrible, will anyone there understand English?")[1] is None


def test_part_of_a_name_in_a_clause_that_is_not_understood_lends_a_price_nothing(ask: Ask) -> None:
    found, _ = ask("demo_dental", "муж скрежещет. есть какая-то штука на зубы от этого? почём")
    assert "pack:services.extraction" not in {each.id for each in found}


@pytest.mark.parametrize("text", ["надо", "will that work?", "got some work to do", "потом на работу надо"])
def test_small_words_name_nothing_that_is_sold_or_sent(text: str, policies: Any) -> None:
    things = policies["demo_salon"].facts.things
    assert not {thing.fact for found in things.find(text) for thing in found.things}


@pytest.mark.parametrize(("branch", "price"), [("samal", "4 000"), ("centre", "5 000")])
def test_what_is_told_again_is_told_of_the_same_branch(branch: str, price: str, ask: Ask) -> None:
    _, draft = ask(
        "demo_dental", "а что входит?", ["сколько стоит осмотр?"], branch=branch, told=["pack:services.exam"]
    )
    assert draft is not None and price in draft.text, draft


def test_a_product_that_is_told_again_is_told_with_its_stock(ask: Ask) -> None:
    _, draft = ask("demo_phones", "а камера какая?", ["есть айфон 13?"], told=["pack:products.iphone_13"])
    assert draft is not None and "нет в наличии" in draft.text and "камер" in draft.text, draft


@pytest.mark.parametrize(("pack", "said", "told", "text", "facts"), [
    ("demo_phones", "экран поменять скок стоит", ("services.screen_iphone", "services.screen_samsung"), "айфон 11", ("services.screen_iphone",)),
    ("demo_phones", "айфоны есть?", ("products.iphone_13", "products.iphone_11_used"), "айфон 11", ("products.iphone_11_used",)),
    ("demo_salon", "сколько стоит нарастить реснички", ("services.lash_classic", "services.lash_volume"), "а старые снять?", ("services.lash_removal",)),
    ("demo_salon", "сколько стоит маникюр", ("services.manicure_gel",), "а снятие?", ("services.gel_removal",)),
    ("demo_dental", "коронка сколько", ("services.crown",), "а больно его ставить?", ()),
])  # fmt: skip
def test_a_name_is_of_what_was_spoken_of_where_that_has_one_like_it(
    pack: str, said: str, told: tuple[str, ...], text: str, facts: tuple[str, ...], ask: Ask
) -> None:
    _, draft = ask(pack, text, [said], bot="…", told=[f"pack:{each}" for each in told])
    assert (draft.sources if draft else ()) == tuple(f"pack:{each}" for each in facts)


@pytest.mark.parametrize(("told", "text", "words"), [
    ("services.extraction", "а чай горячий можно потом?", "не пейте горячее"),
    ("services.whitening@centre", "содан кейін кофе ишуге болама бирден", "48 сағат"),
    ("services.whitening@centre", "а кофе у вас есть?", "Wi-Fi"),
    ("promotions.first_cleaning", "до какого числа?", "До 31 декабря"),
    ("promotions.first_cleaning", "қашанға дейін?", "31 желтоқсанға"),
    ("promotions.pensioners", "до какого числа?", "работаем"),
])  # fmt: skip
def test_what_goes_on_from_what_was_told_is_about_that(told: str, text: str, words: str, ask: Ask) -> None:
    """What one may do afterwards, and how long an offer holds: hours where it has no end."""
    _, draft = ask(
        "demo_dental",
        text,
        ["сколько стоит?"],
        bot="…",
        told=[f"pack:{told}"],
        now=datetime(2026, 11, 25, 9, tzinfo=UTC),
    )
    assert draft is not None and words in draft.text


@pytest.mark.parametrize("text", ["батареясы кандай екен", "камерасы қандай"])
def test_a_kazakh_possessive_asks_what_a_product_is_like(text: str, ask: Ask) -> None:
    _, draft = ask("demo_phones", text, ["самсунг а15 бар ма"], bot="…", told=["pack:products.galaxy_a15"])
    assert draft is not None and draft.sources == ("pack:products.galaxy_a15",)


def test_what_many_things_hold_a_word_of_is_the_one_that_is_named_beside_it(ask: Ask) -> None:
    assert ask("demo_dental", "про виниры хотел узнать, сколько за зуб")[1].sources == ("pack:services.veneer",)
