"""Wishes for a time: what is one, what only sounds so, and what each next message says for it."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as rules_of
from hypothesis import strategies as st
from truffles_policy.booking.names import introduced, plain, signed, wished
from truffles_policy.booking.services import ServiceFinder
from truffles_policy.facts.things import Things
from truffles_policy.pack.schema import Pack
from truffles_policy.plugin import Policy, plugin
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Author, Customer, Inbound, Line, Route, State, Turn, Verdict
from truffles_gateway.testing import texts_of

NOW = datetime(2026, 12, 2, 9, 20, tzinfo=UTC)  # a Wednesday, 14:20 in Almaty
PACK: dict[str, Any] = {
    "business": {"name": "X"},
    "place": {"hours": {"mon-sat": "10:00-21:00", "sun": "closed"}},
    "categories": [{"id": "nails", "name": {"ru": "Ногти", "en": "Nails"}}],
    "services": [
        {"id": "manicure", "name": {"ru": "Маникюр", "kk": "Маникюр", "en": "Manicure"}, "price": "5000"},
        {"id": "gel", "name": {"ru": "Маникюр с гель-лаком"}, "price": "7000"},
        {"id": "haircut", "name": {"ru": "Стрижка", "kk": "Шаш қию", "en": "Haircut"}, "aliases": ["подстричься"]},
        {"id": "rent", "name": "Аренда кресла", "bookable": "false"},
    ],
    "booking": {"enabled": True, "note": {"ru": "Приходите за 5 минут.", "en": "Come 5 minutes early."}},
    "texts": {"call_to_action": {"ru": "Записать вас?", "en": "Shall we write you down?"}},
}
TURN = Turn(
    tenant="demo", id="t1", correlation_id="c1", channel="whatsapp", lane="l1", conversation_id="v1", state=State.BOT_ACTIVE,
    customer=Customer(id="u1", address="u1"), now=NOW, timezone="Asia/Almaty",
)  # fmt: skip
POLICY = Policy(PolicySettings.model_validate({"pack": PACK}), texts_of(plugin))
Said = Callable[..., Verdict]


def said(text: str, known: Mapping[str, Any] | None = None, *, history: tuple[Line, ...] = (), policy: Policy = POLICY,
         **context: str) -> Verdict:  # fmt: skip
    """The verdict on a text, while this booking is open."""
    shown = {**context, **({"booking": json.dumps(known)} if known else {})}
    turn = replace(TURN, context=shown, history=history)
    verdict = asyncio.run(policy.classify(turn, Inbound(text=text, events=())))
    assert verdict is not None
    return verdict


WISHES = """
хочу записаться|запишите меня|запишите меня пожалуйста на завтра|есть место на завтра?|можно к вам в субботу?|есть окошко?
Здравствуйте! Хотела бы записаться|можно записаться на стрижку?|нужно записаться|а можно на завтра записаться?|запись на завтра
есть свободное время сегодня?|какое время свободно?|какие окошки есть на пятницу?|у вас есть место на субботу?|свободно завтра?
хочу к вам на маникюр|можно подойти сегодня к 18:00?|запишите маму на стрижку|можете записать меня на пятницу?|хочу забронировать время
маникюр завтра в 15:00|хочу маникюр|мне бы на стрижку|записаться|можно сегодня на приём?|на маникюр завтра в 15:00 можно?|болит зуб, можете принять сегодня?|можете принять меня сегодня?|стрижка в субботу|подстричься в пятницу вечером|запишусь на завтра|добрый день, запишите на стрижку
hochu zapisatsya|zapishite menya na zavtra|хачу записатся|запешите меня|[jxe pfgbcfnmcz
жазылайын деп едім|жазып қойыңызшы|мені жазып қойыңыз|маникюрге жазылғым келеді|жазылуға бола ма?|ертеңге бос орын бар ма?
сенбіге жазыңызшы мені|бос уақыт бар ма?|шаш қиюға жазылсам деп едім|маникюрге келгім келеді|бүгін қабылдайсыз ба?|ертең келуге бола ма?|жазылайын деп едим
book an appointment|I'd like to book a haircut|can I come tomorrow at 5?|any slots on friday?|do you have any openings tomorrow?
I want to make an appointment|I want a haircut|can you fit me in on saturday?|is there any availability today?|could I get an appointment please
есть время на завтра?|на завтра есть время?|что есть на субботу из времени?|запись есть на маникюр?|можно записаца на субботу|жазып жіберіңізші жұмаға
any free time today?|hi, need an appointment for manicure|do you have anything on saturday afternoon
зуб разболелся, сегодня примете?|завтра возьмете меня?|put me down for tomorrow 6pm
"""
NO_WISHES = """
можно просто так подойти?|вы принимаете в порядке живой очереди?|если на 10 минут опоздаю, примете?|машина коятын орын барма|завтра оплату картой принимаете?|завтра наличку примете?|вы сегодня принимаете?
как записаться?|как к вам записаться на стрижку?|запись разговора|можно ли записать видео?|нужно ли записываться заранее?
обязательно записываться?|вы по записи работаете?|вы работаете в субботу?|сколько стоит маникюр?|есть парковка?|есть места для парковки?
моя запись во сколько?|я записана на завтра|спасибо, я записалась|запишите мой номер 87015551234|не хочу записываться
делаете маникюр в воскресенье?|делала маникюр в субботу, всё отвалилось|я была у вас на стрижке в пятницу|хочу узнать про маникюр|хочу спросить сколько стоит стрижка|не хочу маникюр завтра|у меня завтра маникюр в 15:00|маникюр в субботу дороже?|буду на маникюр в 15:00|сенбіде маникюр жасаттым|I had a manicure on friday|моя стрижка завтра во сколько?|привет|спасибо|где вы находитесь?|что нужно чтобы записаться?|можно прийти с ребёнком?
қалай жазылуға болады?|мен жазылғанмын|жұмыс уақытыңыз қандай?|маникюр қанша тұрады?|тұрақ орын бар ма?
how do I book?|do I need an appointment?|my appointment is tomorrow|how much is a haircut?|are you open on saturday?|is there parking?
можно с ребёнком прийти?|можно со своим лаком прийти?|без записи можно прийти?|голосовое записать можно?|во сколько есть время работы?|are appointments required?
"""


def _lines(text: str) -> list[str]:
    return [each for line in text.strip().splitlines() for each in line.split("|")]


@pytest.mark.parametrize("text", _lines(WISHES))
def test_a_wish_for_a_time(text: str) -> None:
    verdict = said(text)
    assert verdict.route is Route.BOOK, verdict.why
    assert verdict.asks == ("service", "when", "name")
    assert verdict.why.startswith("policy: booking")


@pytest.mark.parametrize("text", _lines(NO_WISHES))
def test_what_only_sounds_like_one(text: str) -> None:
    assert said(text).route is not Route.BOOK


@pytest.mark.parametrize(
    "text",
    [
        "позовите менеджера, хочу записаться",
        "отмените запись",
        "верните деньги и запишите на завтра",
        "опаздываю, запишите позже",
        "здравствуйте ертең 17:00ге записім бар еді, на пятницу ауыстырып бересіз бе",
    ],
)
def test_what_is_stronger_wins(text: str) -> None:
    assert said(text).route in {Route.HUMAN, Route.FRUSTRATED}


def test_without_a_pack_or_where_it_says_so_there_are_no_bookings() -> None:
    for pack in (None, {**PACK, "booking": {"enabled": False}}):
        policy = Policy(PolicySettings.model_validate({"pack": pack} if pack else {}), texts_of(plugin))
        assert said("хочу записаться", policy=policy).route is Route.ANSWER


def test_everything_in_one_message() -> None:
    verdict = said("Запишите на маникюр с гель-лаком в пятницу в 6 вечера, меня зовут Айгуль")
    assert verdict.slots == {
        "service": "Маникюр с гель-лаком", "service_id": "services.gel", "service_said": "Маникюр с гель-лаком",
        "day": "2026-12-04", "time": "18:00", "name": "Айгуль",
    }  # fmt: skip
    assert verdict.remark == "Приходите за 5 минут."
    assert not verdict.business


def test_a_question_beside_the_wish_is_told() -> None:
    verdict = said("Сколько стоит маникюр и можно записаться на завтра?")
    assert verdict.business
    assert verdict.slots["day"] == "2026-12-03"
    assert verdict.slots["service_id"] == "services.manicure"


def test_what_was_spoken_of_before_is_what_is_booked() -> None:
    before = Line(author=Author.CUSTOMER, text="Сколько стоит стрижка?", at=NOW - timedelta(minutes=2))
    answer = Line(author=Author.BOT, text="Стрижка стоит 6 000 ₸. Записать вас?", at=NOW - timedelta(minutes=2))
    for text in ("запишите на завтра", "да, на завтра", "хочу"):
        assert said(text, history=(before, answer)).slots["service_id"] == "services.haircut"
    assert said("да", history=(before, replace(answer, text="Стрижка стоит 6 000 ₸."))).route is Route.UNSURE
    told = replace(answer, text="Маникюр — 5 000 ₸.", sources=("pack:services.manicure",))
    assert said("запишите на завтра", history=(before, told)).slots["service_id"] == "services.manicure", (
        "what they read last"
    )
    several = replace(told, sources=("pack:services.manicure", "pack:services.gel"))
    assert said("запишите на завтра", history=(before, several)).slots["service_id"] == "services.haircut"
    old = replace(before, at=NOW - timedelta(hours=2))
    assert "service" not in said("запишите на завтра", history=(old,)).slots


@pytest.mark.parametrize(
    "text", ["в субботу после обеда", "на завтра", "тогда завтра в 15:00", "сенбі күні түстен кейін"]
)
def test_a_time_answers_whether_to_write_somebody_down(text: str) -> None:
    asked = Line(
        author=Author.BOT, text="Маникюр — 5 000 ₸. Записать вас?", at=NOW, sources=("pack:services.manicure",)
    )
    assert said(text, history=(asked,)).slots["service_id"] == "services.manicure"
    for other in ("завтра вам позвоню", "завтра не смогу", "завтра работаете?", "а завтра?"):
        assert said(other, history=(asked,)).route is not Route.BOOK, other
    assert said("на завтра", history=(replace(asked, text="Маникюр — 5 000 ₸."),)).route is not Route.BOOK


@pytest.mark.parametrize("text", ["маникюрге жазыңыз", "шаш қиюға жазыңызшы", "маникюрге жазып беріңіз"])
def test_in_kazakh_a_service_is_what_one_is_written_down_for(text: str) -> None:
    assert said(text).slots.get("service"), text
    for other in ("маникюр бағасын жазыңызшы", "маникюр туралы жазыңызшы", "чатқа жазыңызшы"):
        assert said(other).route is not Route.BOOK, other


def test_what_the_desk_has_already_may_be_another_service() -> None:
    assert said("нет, лучше стрижку", SENT).slots["service"] == "Стрижка"
    assert said("и ещё стрижку добавьте", SENT).slots["service"] == "Маникюр, Стрижка"
    assert said("сколько стоит стрижка?", SENT).route is Route.ANSWER


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("запишите кота завтра в 15", ""),
        ("кот не ест, примете сегодня?", ""),
        ("запишите на прививку", "services.shot"),
        ("запишите на кастрацию кота", "services.neuter"),
    ],
)
def test_a_variant_alone_names_no_service(text: str, service: str) -> None:
    services = [
        {"id": "neuter", "name": "Кастрация", "variants": [{"name": "кот", "price": "14000"}, {"name": "кобель", "price": "25000"}]},
        {"id": "shot", "name": "Прививка", "price": "9000"},
    ]  # fmt: skip
    policy = Policy(PolicySettings.model_validate({"pack": {**PACK, "services": services}}), texts_of(plugin))
    assert said(text, policy=policy).slots.get("service_id", "") == service


def test_a_category_counts_as_a_service_and_what_is_not_bookable_does_not() -> None:
    assert said("запишите на ногти").slots["service"] == "Ногти"
    assert "service" not in said("запишите на аренда кресла").slots


@pytest.mark.parametrize(
    ("text", "name", "fact"),
    [
        ("запишите на маникюр с гелем", "Маникюр с гель-лаком", "services.gel"),
        ("на стрижку", "Стрижка", "services.haircut"),
        ("хочу наращивание", "Наращивание", ""),
        ("хочу снятие", "Ногти", "categories.nails"),
        ("на массаж", "", ""),
    ],
)
def test_part_of_a_name_is_enough_where_the_facts_understand_it(text: str, name: str, fact: str) -> None:
    more = [
        {"id": "lashes", "name": "Наращивание ресниц"},
        {"id": "hair", "name": "Наращивание волос", "category": "nails"},
        {"id": "off", "name": "Снятие лака", "category": "nails"},
        {"id": "off_gel", "name": "Снятие гель-лака", "category": "nails"},
    ]
    pack = Pack.model_validate({**PACK, "services": [*PACK["services"], *more]})
    found = ServiceFinder(pack, Things(pack))(text)
    assert (found[0] if found else ("", "")) == (name, fact)


SERVICE = {"slots": {}, "asked": "service"}
WHEN = {"slots": {"service": "Маникюр"}, "asked": "when"}
TIME = {"slots": {"service": "Маникюр", "day": "2026-12-03"}, "asked": "time"}
NAME = {"slots": {"service": "Маникюр", "day": "2026-12-03", "time": "15:00"}, "asked": "name", "offer": "Anna"}
THE_HAIRCUT = {"slots": {"service": "Стрижка", "service_id": "services.haircut"}, "asked": "when"}
SENT = {**NAME, "asked": "", "handover": "h1"}


@pytest.mark.parametrize(
    ("known", "text", "slots"),
    [
        (SERVICE, "стрижка", {"service": "Стрижка"}),
        (SERVICE, "на покраску волос", {"service": "на покраску волос"}),
        (SERVICE, "маникюр завтра в 3", {"service": "Маникюр", "day": "2026-12-03", "time": "15:00"}),
        (WHEN, "15", {"time": "15:00"}),
        (WHEN, "завтра", {"day": "2026-12-03"}),
        (WHEN, "как получится", {"words": "как получится"}),
        (WHEN, "давайте лучше стрижку", {"service": "Стрижка"}),
        (WHEN, "на выходных", {"day": "2026-12-05"}),
        (WHEN, "ертең түстен кейін", {"day": "2026-12-03", "part": "afternoon"}),
        (TIME, "5", {"time": "17:00"}),
        (TIME, "утром", {"part": "morning"}),
        (TIME, "в любое время", {"part": "any"}),
        (TIME, "лучше в понедельник", {"day": "2026-12-07"}),
        (NAME, "да", {"name": "Anna"}),
        (NAME, "иә", {"name": "Anna"}),
        (NAME, "yes please", {"name": "Anna"}),
        (NAME, "да, на меня", {"name": "Anna"}),
        (NAME, "ага записывай", {"name": "Anna"}),
        (NAME, "Айгуль", {"name": "Айгуль"}),
        (NAME, "айгуль", {"name": "Айгуль"}),
        (NAME, "нет, Гульнара", {"name": "Гульнара"}),
        (NAME, "да, только лучше в 16:00", {"time": "16:00"}),
        (NAME, "менің атым Айгүл", {"name": "Айгүл"}),
        (SENT, "лучше в 16:00", {"time": "16:00"}),
    ],
)  # fmt: skip
def test_the_next_words_add_to_it(known: Mapping[str, Any], text: str, slots: Mapping[str, str]) -> None:
    verdict = said(text, known)
    assert verdict.route is Route.BOOK, verdict.why
    assert {key: verdict.slots.get(key) for key in slots} == slots


@pytest.mark.parametrize(
    ("known", "text", "route"),
    [
        (SERVICE, "а сколько стоит?", Route.ANSWER),
        (WHEN, "а в воскресенье работаете?", Route.ANSWER),
        (NAME, "а где вы находитесь?", Route.ANSWER),
        (SERVICE, "здравствуйте", Route.GREETING),
        (WHEN, "спасибо", Route.THANKS),
        (WHEN, "не надо, передумал", Route.DECLINE),
        (SERVICE, "передумала", Route.DECLINE),
        (WHEN, "я подумаю", Route.DECLINE),
        (WHEN, "керек емес", Route.DECLINE),
        (SERVICE, "never mind", Route.DECLINE),
        (NAME, "позовите менеджера", Route.HUMAN),
        (WHEN, "не пишите мне больше", Route.OPT_OUT),
        (SENT, "сколько стоит педикюр?", Route.ANSWER),
        (SENT, "спасибо", Route.THANKS),
    ],
)  # fmt: skip
def test_what_is_no_answer_keeps_its_own_route(known: Mapping[str, Any], text: str, route: Route) -> None:
    assert said(text, known).route is route


@pytest.mark.parametrize(
    ("known", "text", "service"),
    [
        (None, "запишите на маникюр и стрижку завтра в 11", "Маникюр, Стрижка"),
        (None, "запишите на маникюр с гель-лаком, стрижку завтра", "Маникюр с гель-лаком, Стрижка"),
        (None, "book a manicure and a haircut tomorrow", "Маникюр, Стрижка"),
        (None, "маникюрге және шаш қиюға жазып қойыңыз", "Маникюр, Стрижка"),
        (None, "запишите на стрижку завтра, а маникюр сколько стоит?", "Стрижка"),
        (None, "запишите на стрижку, а не на маникюр", "Стрижка"),
        (SERVICE, "маникюр и стрижка", "Маникюр, Стрижка"),
        (THE_HAIRCUT, "меня зовут Айгуль, и ещё хочу маникюр", "Стрижка, Маникюр"),
        (THE_HAIRCUT, "и ещё маникюр добавьте", "Стрижка, Маникюр"),
        (THE_HAIRCUT, "and also a manicure please", "Стрижка, Маникюр"),
        (THE_HAIRCUT, "вместо стрижки маникюр", "Маникюр"),
        (THE_HAIRCUT, "лучше маникюр", "Маникюр"),
    ],
)
def test_all_that_shall_be_done_is_passed_on(known: Mapping[str, Any] | None, text: str, service: str) -> None:
    assert said(text, known).slots["service"] == service


def test_several_services_have_the_ids_of_all() -> None:
    slots = said("и ещё маникюр", THE_HAIRCUT).slots
    assert (slots["service_id"], slots["service_said"]) == ("services.haircut services.manicure", "Стрижка, Маникюр")
    again = {"slots": dict(slots), "asked": "when"}
    assert "service" not in said("маникюр завтра в 15", again).slots, "they are to be done already"


def test_a_question_in_between_changes_nothing_that_it_asks_about() -> None:
    assert said("а сколько стоит стрижка?", WHEN).slots == {}
    kept = said("завтра в 15:00, а сколько стоит стрижка?", WHEN)
    assert (kept.route, kept.slots) == (Route.ANSWER, {"day": "2026-12-03", "time": "15:00"})


def test_a_bare_no_to_an_offered_name_wants_another_one() -> None:
    assert said("нет", NAME).refused == {"why": "name"}


@pytest.mark.parametrize("text", ["нет, на маму", "нет, не на меня", "жоқ, анама", "no, for my mom"])
def test_an_offered_name_is_refused_for_somebody_who_is_not_named(text: str) -> None:
    verdict = said(text, NAME)
    assert (verdict.route, verdict.slots.get("name")) == (Route.BOOK, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [("нет, запишите на Марину", "Марина"), ("запишите на марину", "Марина"), ("Марину запишите", "Марина"), ("на дочку Полину", "Полина"),
     ("для сестры Жанны", "Жанна"), ("на сына Тимура", "Тимур"), ("жоқ, Айгүлге", "Айгүл"), ("no, my daughter Kate", "Kate"), ("Мади", "Мади")],
)  # fmt: skip
def test_a_name_is_noted_as_its_owner_says_it(text: str, name: str) -> None:
    assert said(text, NAME).slots["name"] == name


def test_a_yes_to_the_offered_name_counts_beside_what_else_is_said() -> None:
    slots = said("да, и ещё стрижку", NAME).slots
    assert (slots["name"], slots["service"]) == ("Anna", "Маникюр, Стрижка")
    assert "name" not in said("можно в 16:00", NAME).slots


def test_a_name_is_noted_where_it_was_not_asked_for_any_more() -> None:
    known = {"service": "Маникюр", "day": "2026-12-03"}
    nameless = {"slots": known, "asked": "", "handover": "h1"}
    assert said("Светлана", nameless).slots["name"] == "Светлана"
    assert said("Светлана", {**nameless, "slots": {**known, "name": "Anna"}}).route is not Route.BOOK
    assert said("спасибо", nameless).route is Route.THANKS


def test_not_now_is_no_wish_for_now() -> None:
    assert said("не сейчас", NAME).route is Route.DECLINE
    assert said("нет", WHEN).route is Route.DECLINE


def test_a_name_tells_no_language() -> None:
    assert said("Anna", NAME, language="en").language == "en"


@pytest.mark.parametrize("context", ["not json", "[]", "5", '{"slots": 5}', "null"])
def test_a_context_of_somebody_elses_is_no_booking_or_an_empty_one(context: str) -> None:
    assert said("хочу записаться", booking=context).route is Route.BOOK


@pytest.mark.parametrize(
    ("text", "name"),
    [("меня зовут Айгуль", "Айгуль"), ("на 17:00, меня Жанна зовут", "Жанна"), ("меня не так зовут", ""), ("меня вообще зовут Света", "Света"), ("у меня дочку Алия зовут", ""), ("меня все Аней зовут", ""), ("а меня как зовут?", ""), ("запишите, меня зовут анна петровна", "Анна"), ("на имя Айгуль Сериковна", "Айгуль Сериковна"),
     ("my name is John Smith, tomorrow", "John Smith"), ("менің атым Дана", "Дана"), ("хочу записаться", ""), ("жолдасым барады, аты Ерлан", "Ерлан"),
     ("it's for my son, his name is Tom", "Tom"), ("tomorrow 6pm, name's Mark", "Mark"), ("қызметтің аты қалай?", ""), ("запишите на завтра, шебердің аты Айгуль", "")],
)  # fmt: skip
def test_who_introduces_themselves(text: str, name: str) -> None:
    assert introduced(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("запишите Марину на стрижку", "Марина"), ("запишите марину на стрижку", "Марина"), ("запишите Анну Петрову на завтра", "Анна Петрова"),
     ("запишите пожалуйста Айгерим в субботу", "Айгерим"), ("хочу записать Дану", "Дана"),
     ("Дананы жазып қойыңызшы", "Дана"), ("запишите Дильназ на стрижку", "Дильназ"), ("запишите маму", ""), ("запишите меня", ""), ("Мені жазып қойыңыз", ""),
     ("Анамды маникюрге жазып қойыңыз", ""), ("запишите к Марине", ""), ("Запишите Завтра", "")],
)  # fmt: skip
def test_whom_a_wish_is_for(text: str, name: str) -> None:
    assert wished(text) == name


def test_neither_a_service_nor_a_day_is_who_the_wish_is_for() -> None:
    assert said("запишите Марину на маникюр завтра в 15:00").slots["name"] == "Марина"
    assert "name" not in said("запишите Маникюр на завтра").slots


@pytest.mark.parametrize(
    ("text", "name"),
    [("Айгуль", "Айгуль"), ("пишите Алия", "Алия"), ("ну пусть будет Аня", "Аня"), ("Олжас мырза", "Олжас"), ("АЙГУЛЬ", "Айгуль"), ("это Марина", "Марина"), ("вера", "Вера"), ("не знаю", ""), ("потом", ""), ("🙂", ""),
     ("Анна-Мария", "Анна-Мария"), ("очень длинный ответ совсем не имя", "")],
)  # fmt: skip
def test_what_is_a_name(text: str, name: str) -> None:
    assert plain(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ок давайте в субботу на 12, Айжан зовут", "Айжан"), ("хорошо. в 9:00 тогда, Марина меня зовут", "Марина"), ("её Милана зовут", "Милана"),
        ("меня Руслан зовут", "Руслан"), ("маникюрге ертең 15-ке, аты ерлан", "Ерлан"), ("менин атым Айнур", "Айнур"), ("есимим Гүлназ", "Гүлназ"),
        ("atym Ainur", "Ainur"), ("menya zovut Anna", "Anna"), ("ертең 15-ке, мен Айнұрмын", "Айнұр"), ("Динараның атына жазып қойыңызшы", "Динара"),
        ("Динара деген атпен жазып қойыңыз", "Динара"), ("tomorrow at 3, it's Mark", "Mark"), ("this is Olivia, book me in", "Olivia"),
        ("Жұлдыз деп жаза салыңыз", "Жұлдыз"), ("Kate here, tomorrow at 5", "Kate"), ("tomorrow 6pm on the name of Anna", "Anna"), ("здравствуйте, это Алия, хочу на маникюр", "Алия"), ("запишите на имя Сергей", "Сергей"),
        ("мастера Айгуль зовут?", ""), ("это Центр, второй этаж?", ""), ("я Завтра приду", ""), ("это Маникюр?", ""), ("подругу зовут на свадьбу", ""),
        ("как вас зовут", ""), ("это Алина?", ""), ("мен Алматыданмын", ""), ("какое имя у врача?", ""),
    ],
)  # fmt: skip
def test_a_name_stands_in_many_places(text: str, name: str) -> None:
    assert introduced(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("на эту пятницу на 18:00. Алина", "Алина"), ("в субботу на 11 часов, филиал центр. Динара", "Динара"), ("завтра в 15:00. алина", "Алина"),
        ("завтра в 15:00 Алина", "Алина"), ("сенбіге 12-ге. Айнұр", "Айнұр"), ("ертең 10-ға, Нұрсұлтан", "Нұрсұлтан"), ("завтра в 15. Сауле Ахметова", "Сауле Ахметова"),
        ("on Friday at 5pm. Kate", "Kate"), ("zavtra v 15:00, Aigerim", "Aigerim"), ("это к семи. Ержан", "Ержан"), ("в 11? Жанель", "Жанель"), ("в понедельник на 9, это Олег Ким", "Олег Ким"),
        ("завтра в 15.00 - Камшат", "Камшат"), ("если да, запишите - Зарина", "Зарина"), ("завтра в 15 (Тимур)", "Тимур"), ("завтра на 11 пожалуйста Анара", "Анара"), ("завтра 12 дня Бота", "Бота"),
        ("завтра на 11 пожалуйста Срочно", ""), ("завтра в 15 к Айгуль", ""), ("нужна гель-Дана", ""), ("завтра в 15:00. Жду", ""), ("завтра в 15:00. Рахмет", ""), ("завтра в 15:00. Спасибо", ""), ("завтра в 15. Красный", ""), ("завтра в 15. Девочки", ""),
        ("завтра в 15. Алматы", ""), ("завтра в 15. Шымкент", ""), ("ертең 15-ке. Күтемін", ""), ("ертең 15-ке. Болады", ""), ("at 3pm. Cheers", ""), ("at 3pm. Classic", ""),
        ("завтра к мастеру, Алина", ""), ("а работает Алина?", ""), ("завтра. Пятница", ""), ("завтра. Шатуш", ""), ("завтра. Каспи", ""), ("завтра в 15. роза", ""), ("Алина", ""),
    ],
)  # fmt: skip
def test_whose_name_ends_a_wish_that_nobody_asked_for(text: str, name: str) -> None:
    assert signed(text, surely=True) == name


WISHED = {
    "Добрый день! запишите меня пожалуйста на маникюр на эту пятницу на 18:00. Алина": ("Алина", "18:00", "services.manicure"),
    "хочу записаться на стрижку в субботу на 11 часов, филиал центр. Динара": ("Динара", "11:00", "services.haircut"),
    "маникюрге ертең 15 ке жазыңызшы, аты Ерлан": ("Ерлан", "15:00", "services.manicure"),
    "маникюрге жазыңызшы сенбіге 12-ге, есімі Томирис": ("Томирис", "12:00", "services.manicure"),
    "put me down for a haircut tomorrow 6pm, it's Mark": ("Mark", "18:00", "services.haircut"),
    "book me a haircut tomorrow 6pm on the name of Anna": ("Anna", "18:00", "services.haircut"),
    "Hi! Haircut for my son tomorrow 4pm? His name is Adam": ("Adam", "16:00", "services.haircut"),
    "здравствуйте! Можно завтра на 12 на стрижку? Это Камила, я у вас была": ("Камила", "12:00", "services.haircut"),
    "ертең сағат 5 те маникюр жасатайын деп едім, Әсем": ("Әсем", "17:00", "services.manicure"),
    "на стрижку, завтра в 15, Жанар": ("Жанар", "15:00", "services.haircut"),
}  # fmt: skip


@pytest.mark.parametrize("text", WISHED)
def test_a_wish_that_is_signed_needs_no_more_questions(text: str) -> None:
    slots = said(text).slots
    assert (slots.get("name"), slots.get("time"), slots.get("service_id")) == WISHED[text]


def test_a_name_told_before_the_wish_is_not_asked_for_again() -> None:
    before = Line(
        author=Author.CUSTOMER, text="меня зовут Айгуль, сколько стоит стрижка?", at=NOW - timedelta(minutes=2)
    )
    assert said("запишите на завтра в 15", history=(before,)).slots["name"] == "Айгуль"


@pytest.mark.parametrize("text", ["Айнұр", "Меруерт", "меня Руслан зовут", "жолдасым барады, аты Ерлан", "it's Mark"])
def test_a_name_counts_whatever_was_asked(text: str) -> None:
    for known in (SERVICE, WHEN, TIME, NAME):
        verdict = said(text, known)
        assert verdict.route is Route.BOOK
        assert verdict.slots.keys() == {"name"}


def test_a_name_in_the_accusative_is_told_as_it_is() -> None:
    assert said("на Женю", NAME).slots["name"] == "Женя"


def test_what_shall_be_done_is_passed_on_as_it_was_said() -> None:
    text = "Сәлеметсіз бе, ертең түстен кейін сағат 4-ке ер кісінің сақалын алдыруға жазып қойыңызшы"
    assert said(text).slots["service"] == "ер кісінің сақалын алдыруға"
    assert "service" not in said("маған ертеңге келуге жазып қойыңызшы").slots


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("запишите меня на диагностику двигателя к Ивану завтра в 15:00", "диагностику двигателя"), ("запишите на троих на шугаринг", "шугаринг"),
        ("can I come tomorrow at 5 pm for a check up, dog, 4 years old", "check up"), ("appointment for teeth cleaning tomorrow 10 am please", "teeth cleaning"),
        ("Ертең сағат 10-ға жазылайын деп едім, итімді көрсету керек", "итімді көрсету"), ("book me for botox on friday", "botox"),
        ("можно к вам на стрижку шпица в субботу?", "Стрижка"),
    ],
)  # fmt: skip
def test_what_the_pack_calls_otherwise_is_noted_in_the_customers_words(text: str, service: str) -> None:
    found = said(text)
    assert found.route is Route.BOOK
    assert found.slots["service"] == service


@pytest.mark.parametrize(
    "text",
    [
        "хочу записаться на прием завтра", "запишите на имя Сауле на завтра", "запишите меня на ближайшее время", "запишите на понедельник на вечер",
        "запись на 12 декабря на двоих", "book me for tomorrow please", "an appointment for two on friday", "запишите на Ивана на завтра",
        "маған ертеңге келуге жазып қойыңызшы", "запишите на конец недели", "запишите на вторую половину дня", "запишите на удобное время", "запишите на другой день",
        "запишите на мою маму на завтра", "запишите на завтра, спасибо, жду ответа на ватсап", "запишите на завтра, на карту скину предоплату",
        "book me for Tuesday, thanks for waiting", "book me for early morning tomorrow", "ертеңге жазып қойыңызшы, қанша төлеу керек", "запишите на Розыбакиева на завтра",
    ],
)  # fmt: skip
def test_a_person_a_day_or_a_visit_is_no_service(text: str) -> None:
    found = said(text)
    assert found.route is Route.BOOK
    assert "service" not in found.slots


@pytest.mark.parametrize(
    "text",
    [
        "завтра к вам на маникюр, с накрашенными можно прийти или смыть все дома?", "если запишусь а потом передумаю, отменить можно? предоплата сгорит?",
        "тунде тис ауырып кетсе сиздерге келуге болады ма", "если ночью зуб разболится, к вам можно приехать?", "с мокрой головой можно прийти на стрижку?",
        "с ребенком на маникюр можно прийти завтра?", "if i book and can't make it do i lose money?", "егер жазылып келмей қалсам не болады",
        "после осветления желтизна, надо затонировать. сколько возьмёте?", "бағасын жазыңызшы",
    ],
)  # fmt: skip
def test_a_question_that_facts_answer_begins_no_booking(text: str) -> None:
    assert said(text).route is Route.ANSWER


def test_a_yes_before_another_question_accepts_nothing() -> None:
    answer = Line(author=Author.BOT, text="Инструменты стерилизуются. Записать вас?", at=NOW)
    assert said("ок хорошо. лицензию вашу можно посмотреть?", history=(answer,)).route is not Route.BOOK
    assert said("да, а завтра можно?", history=(answer,)).route is Route.BOOK


@pytest.mark.parametrize(
    "text",
    [
        "а стрижку у вас можно? делала в другом месте", "а если просто опоздаю минут на 20", "стрижка у вас с мытьем, пойдет такая?", "шаш қиясыздар ма?",
        "а можно на стрижку с ребенком, он тихий", "а если с собакой приду",
    ],
)  # fmt: skip
def test_a_question_in_between_is_answered_and_leaves_the_service_as_it_is(text: str) -> None:
    verdict = said(text, {"slots": {"service": "Маникюр", "service_id": "services.manicure"}, "asked": "when"})
    assert (verdict.route, verdict.slots) == (Route.ANSWER, {})
    assert verdict.why == "policy: question within a booking"


@pytest.mark.parametrize(
    ("text", "service"),
    [("у меня стрижка была в субботу", None), ("на ногти завтра", None), ("давайте лучше стрижку завтра", "services.haircut"), ("стрижка завтра", "services.haircut")],
)  # fmt: skip
def test_what_is_told_of_another_service_does_not_change_it(text: str, service: str | None) -> None:
    known = {"slots": {"service": "Маникюр с гель-лаком", "service_id": "services.polish"}, "asked": "when"}
    pack = {**PACK, "services": [*PACK["services"], {"id": "polish", "name": "Покрытие", "category": "nails"}]}
    policy = Policy(PolicySettings.model_validate({"pack": pack}), texts_of(plugin))
    assert said(text, known, policy=policy).slots.get("service_id") == service


def test_an_hour_is_no_service() -> None:
    pack = Pack.model_validate({**PACK, "services": [{"id": "scan", "name": "Снимок", "aliases": ["снимок 3"]}]})
    assert ServiceFinder(pack, Things(pack))("book me in for tomorrow 3 pm") == []


KEPT = """
придержите пожалуйста одни наушники до вечера, к семи заеду. Ержан|отложите мне его до завтра|можете отложить один чехол?|оставьте за мной черный|маған қарасын отложите пж
айфон 13, қара. Маған алып қойыңызшы, ертең келіп аламын. Атым Асхат|екі күнге сақтап қойсаңыз|кешке дейін ұстап тұрыңызшы|алып койынызшы|could you hold one for me till tomorrow?|set aside two chargers please
"""
NOT_KEPT = "отложить оплату можно?|hold on a second|keep me posted|вы откладываете товар?|можно забронировать на сайте?|хочу купить чехол"


def test_where_no_booking_is_collected_people_keep_goods_for_somebody() -> None:
    policy = Policy(PolicySettings.model_validate({"pack": {**PACK, "booking": {"enabled": False}}}), texts_of(plugin))
    for text in _lines(KEPT):
        assert (said(text, policy=policy).route, said(text, policy=policy).intent) == (Route.HUMAN, "hold"), text
    for text in _lines(NOT_KEPT):
        assert said(text, policy=policy).intent != "hold", text
    off = PolicySettings.model_validate({"pack": {**PACK, "booking": {"enabled": False}}, "off": ["hold"]})
    assert said("отложите мне его до завтра", policy=Policy(off, texts_of(plugin))).intent != "hold"


PIECES = st.sampled_from(
    [
        *_lines(WISHES)[:20],
        *_lines(NO_WISHES)[:10],
        "маникюр",
        "завтра",
        "в 15:00",
        "31 февраля",
        "Айгуль",
        "да",
        "нет",
        "???",
    ]
)


@rules_of(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=5).map(" ".join)),
    st.sampled_from([None, SERVICE, WHEN, TIME, NAME, SENT]),
)
def test_any_text_gets_a_verdict_with_plain_slots(text: str, known: Mapping[str, Any] | None) -> None:
    turn = replace(TURN, context={"booking": json.dumps(known)} if known else {})
    verdict = asyncio.run(POLICY.classify(turn, Inbound(text=text, events=())))
    if verdict is not None:
        assert all(isinstance(value, str) and value for value in (*verdict.slots.values(), *verdict.refused.values()))
        assert "\n" not in verdict.why


def test_a_booking_costs_less_than_a_few_milliseconds() -> None:
    texts = _lines(WISHES)

    def cost(text: str) -> float:
        begun = time.thread_time()
        said(text)
        return time.thread_time() - begun

    assert statistics.median(min(cost(text) for _ in range(5)) for text in texts) < 0.004
