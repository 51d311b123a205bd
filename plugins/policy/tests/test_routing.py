"""Which messages must go to people, and which must not, whatever they sound like: as strangers wrote them, in three languages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from truffles_policy.intents.serious import is_frail, is_serious, praises, symptoms
from truffles_policy.lattice import Lattice
from truffles_policy.pack.schema import Pack
from truffles_policy.rules import base_rules
from truffles_policy.unsaid import is_name

from truffles_gateway.messages import Author, Draft, Inbound, Line, Passage, Route, Verdict
from truffles_gateway.testing import make_turn

NOON = datetime(2026, 1, 14, 7, tzinfo=UTC)
Ask = Callable[..., tuple[list[Passage], Draft | None]]
Routed = Callable[..., Verdict]


@pytest.fixture(scope="module")
def routed(policies: dict[str, Any]) -> Routed:
    """The verdict on a message to a business; `bot` and `told`: what it was told just before, and by which facts."""

    def found(name: str, text: str, bot: str = "", told: Sequence[str] = ()) -> Verdict:
        line = Line(author=Author.BOT, text=bot or "…", at=NOON - timedelta(minutes=2), sources=tuple(told))
        turn = make_turn(now=NOON, history=(line,) if told else (), branch="centre" if name == "demo_dental" else "")
        verdict = asyncio.run(policies[name].classify(turn, Inbound(text=text, events=())))
        assert verdict is not None
        return verdict

    return found


MOVED = [
    ("demo_salon", "можно мою запись с пятницы на субботу перекинуть, на любое время? я на 16:00 была, Жанна"),
    ("demo_dental", "здравствуйте ертең 17:00ге записім бар еді, на пятницу ауыстырып бересіз бе"),
    ("demo_dental", "дүйсенбіге 10:00ге жазылғанмын, сейсенбіге ауыстырып бересіздер ме"),
    ("demo_salon", "сенбідегі записімді перенести етіп бересіз бе жексенбіге"),
    ("demo_salon", "ертенги жазылуымды баска кунге ауыстырып берсениз"),
    ("demo_salon", "у меня запись на 18:00 бар еді, соны 20:00ге жылжытып берінізші"),
    ("demo_salon", "меня на завтра к 12 записали, а можно меня на субботу переставить?"),
    ("demo_dental", "hi, my appointment is on thursday at 3, can we switch it to friday"),
]
OWN = [
    ("demo_dental", "вчера у вас панорамный снимок делала, скиньте его мне пожалуйста на почту"),
    ("demo_salon", "я вчера у вас на маникюре была ближе к вечеру, кажется сережку оставила золотую на столике, посмотрите пожалуйста"),
    ("demo_salon", "забыла у вас вчера шарф бежевый, не находили?"),
    ("demo_dental", "мне на прошлой неделе опг делали, сможете скинуть мне его на вотсап"),
    ("demo_dental", "можно мою выписку на почту отправить?"),
    ("demo_phones", "наушник у вас на прилавке оставил кажется, черный"),
    ("demo_phones", "I left my charger on your counter yesterday, is it there"),
    ("demo_dental", "could you email me my x-ray from last week"),
    ("demo_dental", "көзілдірігімді сіздерде ұмытып кетіппін"),
    ("demo_salon", "кеше келгенде сырғам қалып қойыпты, қарап жіберіңізші"),
    ("demo_salon", "сыргам калып койыпты сиздерде, караныздаршы"),
    ("demo_dental", "слепки сняли в прошлую пятницу, коронка моя готова?"),
]  # fmt: skip
UNSAID = [
    ("demo_dental", "лицензию вашу можно посмотреть? номер напишите"),
    ("demo_dental", "Сіздерде лицензия бар ма? номер лицензии жібере аласыз ба"),
    ("demo_dental", "can you show me your license"),
    ("demo_salon", "а динара в субботу работает? мне ее подруга советовала"),
    ("demo_salon", "здравствуйте, айгерим завтра работает?"),
    ("demo_salon", "is Aliya working on friday?"),
    ("demo_phones", "а когда привезут"),
    ("demo_phones", "Қашан әкелесіздер?"),
    ("demo_phones", "когда завезете зеленый редми?"),
    ("demo_phones", "синий 13 айфон қашан болады наличиеда"),
    ("demo_phones", "when will it be back in stock"),
    ("demo_phones", "а сколько дней посылка идёт до нас?"),
    ("demo_phones", "неше күнде жетеді?"),
    ("demo_phones", "how long does delivery to almaty take?"),
    ("demo_phones", "переплата сколько выйдет"),
    ("demo_phones", "рассрочкада үстеме бар ма, қанша артық төлеймін"),
    ("demo_phones", "what's the interest on the instalments?"),
    ("demo_phones", "кредитная история плохая болса рассрочка шыга ма?"),
    ("demo_phones", "а если банк откажет, вы сами в долг дадите?"),
]
URGENT = [
    "my cheek got really swollen overnight and now i have a fever of 39, its a tooth on the lower left. please help",
    "face is all puffed up and running a temperature of 38.5",
    "щека раздулась и 39 температура",
    "десна опухла, температура 39 со вчера",
    "қызымның беті ісіп, температурасы көтеріліп кетті",
    "бетим исип кетти, кызуым 39",
]


@pytest.mark.parametrize(
    ("name", "text", "intent"),
    [
        *((*each, "booking_change") for each in MOVED),
        *((*each, "status") for each in OWN),
        *((*each, "unsaid") for each in UNSAID),
        *(("demo_dental", each, "emergency") for each in URGENT),
    ],
)
def test_what_is_for_people(name: str, text: str, intent: str, routed: Routed) -> None:
    found = routed(name, text)
    assert (found.route, found.intent) == (Route.HUMAN, intent), found.why


def test_of_what_it_says_a_pack_speaks() -> None:
    """What is unsaid in one pack is a question where another says it."""
    told = {
        "business": {"name": "X", "about": "Лицензия № 12, мастера Динара и Гульнара"},
        "rules": {"delivery": "Доставляем за 1–2 дня"},
        "payment": {"instalments": "Рассрочка без переплаты и процентов"},
    }
    known, bare = (Lattice(base_rules(), Pack.model_validate(each)) for each in (told, {"business": {"name": "X"}}))
    for text in ("лицензия есть?", "а динара в субботу работает?", "сколько дней идет доставка?", "переплата большая?"):
        assert known.decide(text, (), NOON).rule == "question", text
        assert bare.decide(text, (), NOON).rule == "unsaid", text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demo_salon", "Мекенжайларыңыз қайда және нешеге дейін жұмыс істейсіздер?"),
        ("demo_salon", "рахмет, а до скольки работаете бугин?"),
        ("demo_phones", "Добрый день) в воскресенье работаете?"),
        ("demo_salon", "салон завтра работает?"),
        ("demo_dental", "рентген в субботу работает?"),
        ("demo_salon", "беременным скидки делаете?"),
    ],
)
def test_what_only_sounds_like_it_is_a_question(name: str, text: str, routed: Routed) -> None:
    assert routed(name, text).route is Route.ANSWER


def test_a_rule_that_a_business_does_not_want_is_off() -> None:
    pack = Pack.model_validate({"business": {"name": "X"}})
    assert Lattice(base_rules(), pack, off={"unsaid"}).decide("лицензия есть?", (), NOON).rule == "question"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("динара", True),
        ("айгерим", True),
        ("aliya", True),
        ("парковка", False),
        ("терминал", False),
        ("рахмет", False),
        ("қайда", False),
        ("добрый", False),
    ],
)
def test_given_names(word: str, name: bool) -> None:
    assert is_name(word) is name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demo_salon", "спасибо большое девочки!! ногти бомба, на работе все спрашивают где делала 😍"),
        ("demo_salon", "Рахмет сіздерге, мама очень довольна осталась стрижкой 🌸 енді тек сіздерге барамыз дейді"),
        ("demo_salon", "рахмет қыздар, шашым керемет болды, күйеуім танымай қалды 😂"),
        ("demo_dental", "спасибо доктору, вообще ничего не почувствовала, теперь только к вам"),
        ("demo_phones", "thanks guys, phone works like new, great job"),
        ("demo_salon", "thank you so much, my hair looks gorgeous, everyone asks where I went"),
    ],
)
def test_praise_is_thanks(name: str, text: str, routed: Routed) -> None:
    assert routed(name, text).route is Route.THANKS


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("спасибо, но ногти не понравились", "complaint"),
        ("спасибо конечно, но маникюр облез на второй день", "complaint"),
        ("спасибо, все супер! запишите на завтра", "booking"),
        ("ну спасибо, шикарно волосы сожгли", "complaint"),
    ],
)
def test_thanks_with_more_are_none(text: str, intent: str, routed: Routed) -> None:
    assert routed("demo_salon", text).intent == intent


@pytest.mark.parametrize(
    "text", ["спасибо, не очень красиво вышло", "рахмет, бірақ әдемі болмады", "thanks but not great"]
)
def test_praise_with_a_but_is_none(text: str) -> None:
    assert not praises(text)


@pytest.mark.parametrize(
    ("name", "text", "route"),
    [
        ("demo_dental", "а не знаете какой щас курс доллара", Route.OFF_TOPIC),
        ("demo_salon", "доллар бағамы қанша бүгін", Route.OFF_TOPIC),
        ("demo_phones", "сколько щас доллар не знаете?", Route.OFF_TOPIC),
        ("demo_salon", "алло это автосервис? мне масло поменять на камри и колодки глянуть", Route.OFF_TOPIC),
        ("demo_dental", "алло, это такси? мне на вокзал надо", Route.OFF_TOPIC),
        ("demo_salon", "это ветклиника? у меня кот заболел", Route.OFF_TOPIC),
        ("demo_dental", "алло это стоматология?", Route.ANSWER),
        ("demo_salon", "это салон красоты?", Route.ANSWER),
        ("demo_dental", "сколько стоит курс лечения?", Route.ANSWER),
    ],
)
def test_what_is_none_of_the_business(name: str, text: str, route: Route, routed: Routed) -> None:
    assert routed(name, text).route is route


ANSWERED = [
    # a child that is expected
    ("demo_dental", "5 айлық жүктімін, тісімді емдетсем бола ма сіздерде", "қабылдаймыз"),
    ("demo_dental", "аягым ауыр, 5 айлык. тисимди емдете берсем болады ма сиздерде", "қабылдаймыз"),
    ("demo_dental", "я на 6 месяце, и тут зуб.. так переживаю чтоб малышу не навредить. вы беременных берете вообще?", "Беременных"),
    ("demo_dental", "i'm 5 months pregnant, do you treat pregnant patients?", "pregnant women"),
    ("demo_salon", "Я на 6 месяце, педикюр мне можно у вас делать?", "беременным"),
    ("demo_salon", "мен жүктімін, 7 ай, маникюр жасайсыздар ма маған", "жүкті"),
    # pain that is feared
    ("demo_dental", "девочки я жуть как боюсь зубных, в детстве в школе насильно лечили 😭 скажите честно это больно будет когда пломбу делают?", "анестезией"),
    ("demo_dental", "will it be painful?", "anaesthesia"),
    ("demo_dental", "тіс емдегенде ауырмай ма, қорқамын", "анестезия"),
    ("demo_salon", "does sugaring hurt? first time", "bearable"),
    # what it costs beside
    ("demo_dental", "укол обезболивающий когда кариес лечите отдельно оплачивается или входит?", "входит"),
    ("demo_dental", "заморозка отдельно оплачивается когда зуб удаляют?", "входит"),
    # an allergy, where materials are chosen for it
    ("demo_salon", "лактан аллергия шығады маған, сонда да келе берсем бола ма?", "гипоаллергенді"),
    ("demo_salon", "у меня аллергия на косметику, к вам можно прийти?", "гипоаллергенные"),
    # what was done here, and may be done after it
    ("demo_dental", "час назад у вас зуб вырвали. когда можно поесть?", "2 часа"),
    ("demo_dental", "вырвали мне зуб утром у вас, когда можно кушать", "2 часа"),
    ("demo_dental", "имплант алдында алкоголь ішуге бола ма", "алкоголь"),
    # somebody who cannot come
    ("demo_salon", "у меня мама после операции, не встает почти, хотела ее порадовать.. на дом мастер может приехать, подстричь и ногти сделать?", "не выезжаем"),
    ("demo_dental", "бабушка не ходит после перелома, врач домой может приехать?", "не выезжают"),
    ("demo_dental", "апамыз төсек тартып жатыр, тісін қарауға біздікіне дәрігер келе ала ма?", "бармайды"),
    # one's own things, and what it costs anyway
    ("demo_salon", "а с собственной баночкой приду, дешевле сделаете?", "не меняется"),
    ("demo_salon", "свой лак принесу, дешевле выйдет?", "не меняется"),
    ("demo_phones", "если я самсунг за 79900 возьму привезете бесплатно?", "бесплатно"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), ANSWERED)
def test_what_the_pack_has_a_word_on_is_a_question(name: str, text: str, words: str, ask: Ask) -> None:
    _, draft = ask(name, text, branch="centre" if name == "demo_dental" else "")
    assert draft is not None and words in draft.text


@pytest.mark.parametrize(
    ("name", "said", "text", "words"),
    [
        ("demo_salon", "сколько стоит шугаринг ног", "катты ауыра ма, биринши рет барам", "Төзуге"),
        ("demo_dental", "сколько стоит имплант", "а накануне операции пивка можно?", "алкоголь"),
        ("demo_dental", "тис жулдыру канша", "уколга болек толейминбе", "бағасына"),
    ],
)
def test_so_it_is_of_what_was_spoken_of(name: str, said: str, text: str, words: str, ask: Ask) -> None:
    _, draft = ask(name, text, [said], branch="centre" if name == "demo_dental" else "")
    assert draft is not None and words in draft.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demo_salon", "катты ауыра ма, биринши рет барам"),  # of what?
        ("demo_salon", "маникюр больно делать?"),  # the pack speaks of another
        ("demo_salon", "со своей краской приду, дешевле сделаете?"),
        ("demo_dental", "Больно ли лечить зубы ребёнку?"),
        ("demo_dental", "имплант ставите, укол отдельно платится?"),
        ("demo_dental", "за день до импланта аспирин можно?"),
    ],
)
def test_it_has_no_word_on_others(name: str, text: str, ask: Ask) -> None:
    assert ask(name, text, branch="centre" if name == "demo_dental" else "")[1] is None


@pytest.mark.parametrize(
    ("name", "text", "intent"),
    [
        ("demo_dental", "а рентген мне не опасно сейчас делать? я беременна", "medical"),
        ("demo_dental", "беременна, 7 месяц, импланты ставите таким?", "medical"),
        ("demo_salon", "беременна, от вашего лака голова болит, что делать", "medical"),
        ("demo_dental", "у меня аллергия на лидокаин, можно к вам?", "medical"),
        ("demo_salon", "после вашего лака аллергия пошла, что делать", "medical"),
        ("demo_dental", "удалили зуб вчера, больно очень, это нормально?", "medical"),
        ("demo_dental", "больно до сих пор после пломбы, неделя прошла", "medical"),
        ("demo_dental", "у мамы кровь идет после операции, на дом врач приедет?", "medical"),
        ("demo_dental", "вы мне вчера здоровый зуб вырвали!", "complaint"),
        ("demo_salon", "верните деньги за сертификат", "refund"),
        ("demo_salon", "хочу отменить, предоплату вернете?", "refund"),
        ("demo_phones", "отдадите самсунг за 70000?", "discount"),
        ("demo_phones", "за 70000 возьму самсунг", "discount"),
        ("demo_phones", "за 79900 возьму два самсунга, отдадите?", "discount"),
        ("demo_salon", "а за 4000 сделаете? я же к вам постоянно хожу, скиньте немного", "discount"),
        ("demo_salon", "сделайте подешевле, я постоянная клиентка", "discount"),
    ],
)
def test_caution_comes_first(name: str, text: str, intent: str, routed: Routed) -> None:
    assert routed(name, text).intent == intent


def test_money_for_a_certificate_is_no_refund_after_the_rule_for_it(ask: Ask, routed: Routed) -> None:
    text, told = "а если откажется, деньгами вернёте?", ("pack:rules.certificates",)
    assert routed("demo_salon", text).intent == "refund"
    assert routed("demo_salon", text, told=told).intent == "question"
    _, draft = ask("demo_salon", text, told=told)
    assert draft is not None and "на деньги не обменивается" in draft.text


@pytest.mark.parametrize(
    "text",
    [
        "На кнопку вообще не реагирует, мёртвый. Сколько возьмёте чтобы просто глянуть что с ним?",
        "кнопка включения не реагирует, телефон мертвый, сколько стоит посмотреть?",
    ],
)
def test_a_button_of_a_telephone_is_none_of_a_site(text: str, routed: Routed) -> None:
    assert routed("demo_phones", text).intent == "question"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("щека опухла, температура 38", {"swelling", "fever"}),
        ("температуры нет, щека чуть опухла", {"swelling"}),
        ("38 тысяч стоит?", set()),
        ("no fever but swollen", {"swelling"}),
        ("қызуым 39", {"fever"}),
    ],
)
def test_symptoms_are_those_that_are_told(text: str, told: set[str]) -> None:
    assert symptoms(text) == told


def test_who_cannot_come_is_no_trouble_and_a_doctor_is_none() -> None:
    assert is_frail("мама после операции, не встает") and not is_frail("у мамы кровь после операции")
    assert not is_frail("мне можно после операции?")
    assert not is_serious("дәрігер бар ма") and is_serious("қандай дәрі ішейін")


@pytest.mark.parametrize(("pack", "said", "told", "text", "words"), [
    ("demo_dental", "", "", "очень больно глотать", ""),
    ("demo_dental", "", "", "мне очень больно", ""),
    ("demo_dental", "", "", "это очень больно?", "анестези"),
    ("demo_phones", "айфон 13 сколько", "products.iphone_13", "а айфон 11 есть?", "95 000"),
    ("demo_dental", "акции", "promotions.first_cleaning", "до какого часа работаете?", "работаем"),
    ("demo_dental", "акции", "promotions.first_cleaning", "сколько длится чистка?", "30 мин"),
    ("demo_dental", "", "", "коронка сколько дней идет?", "5–7"),
    ("demo_phones", "", "", "банк отказал, можно наличкой?", "наличные"),
    ("demo_phones", "возврат", "rules.returns", "can i pay in bitcoin?", ""),
    ("demo_salon", "", "", "шампунь свой принести можно?", ""),
    ("demo_dental", "отбеливание", "services.whitening@centre", "кофе можно у вас попить?", "Wi-Fi"),
])  # fmt: skip
def test_what_only_looks_like_it_is_told_as_it_was_meant(
    pack: str, said: str, told: str, text: str, words: str, ask: Ask
) -> None:
    """Pain is no question for anaesthesia, another number no telephone that was told, a question beside "is this a …?" one of ours."""
    _, draft = ask(pack, text, [said] if said else [], bot="…" if told else "", told=[f"pack:{told}"] if told else [],
                   now=datetime(2026, 11, 25, 9, tzinfo=UTC))  # fmt: skip
    assert words in draft.text if words and draft else draft is None and not words


@pytest.mark.parametrize(
    "text", ["спасибо класс, нарощенные ресницы выпали за два дня", "спасибо за прекрасный сервис, ждала 40 минут"]
)
def test_thanks_that_tell_of_trouble_are_none(text: str, routed: Routed) -> None:
    assert routed("demo_salon", text).route is not Route.THANKS


def test_whoever_asks_which_trade_it_is_may_ask_something_of_ours(routed: Routed) -> None:
    assert routed("demo_salon", "это парикмахерская? сколько стоит мужская стрижка?").route is Route.ANSWER
    assert routed("demo_salon", "это автосервис? мне масло поменять").route is Route.OFF_TOPIC
