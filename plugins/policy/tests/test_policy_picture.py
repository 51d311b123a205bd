"""Which words want what stands on a picture, and which only sound so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from truffles_policy.intents.picture import pictures
from truffles_policy.plugin import Policy, plugin
from truffles_policy.settings import PolicySettings

from truffles_gateway.messages import Attachment, Content, Inbound, InboundEvent, Route, Turn
from truffles_gateway.testing import texts_of

PICTURE = Attachment(content=Content.IMAGE, mime="image/jpeg", url="https://app.chatflow.kz/1.jpg")
NAMED = (
    "хочу как на фото",
    "сделаете такой же дизайн как на фото?",
    "как на картинке",
    "Хочу маникюр как на картинке",
    "фотодағыдай",
    "суреттегідей жасайсыз ба",
    "like in this picture",
    "same as in the photo how much",
    "можно так же как на фотке?",
    "хочу как на скрине",
    "сколько будет стоить как на фото",
    "сделайте по фото",
    "можете сделать по картинке?",
    "повторите дизайн с фото",
    "что на фото хочу",
    "каг на фото",
    "хочу как на фатке",
    "как на фотографии сделаете",
    "такой дизайн с пинтереста",
    "хочу точно как на фото",
    "kak na foto",
    "hochu kak na foto",
    "like the one in the pic",
    "can you do it like in the photo?",
    "i want the design from the picture",
    "i want it exactly as in the pic",
    "as shown in the photo",
    "can you copy this picture",
    "фотодагыдай болсын",
    "осы суреттегідей",
    "суреттегі сияқты",
    "фотодағы сияқты жасап бере аласыз ба",
    "осы фото бойынша",
    "фотодағыдай қанша тұрады",
    "видеодағыдай",
    "как в видео",
    "хочу как на референсе",
    "хочу по рефу",
    "как тут на фото",
    "картинкадағыдай",
    "как на этой картинке сколько",
    "таких же цветов, как на фото",
    "like on this pic pls",
    "same like photo",
)
POINTING = (
    "сделаете такой же дизайн?",
    "сделаете такое?",
    "хочу так же",
    "вот такой",
    "сколько стоит такой",
    "сколько это будет стоить",
    "а так можете?",
    "сможете повторить?",
    "осындай",
    "осындай жасайсыз ба",
    "мынадай болсын",
    "can you do this?",
    "how much is this?",
    "i want the same",
    "like this",
    "сколько стоит такой маникюр?",
    "хочу эти",
    "хочу такую стрижку",
    "такой цвет есть?",
    "сделаете?",
    "дәл осындай қанша",
    "хочу такие ногти",
    "а вот так сколько?",
    "можно такое",
    "похожее сделаете?",
)
OTHERS = (
    "это ваши работы на фото?",
    "у вас есть фото работ?",
    "на фото ваша работа?",
    "можно фото ваших работ?",
    "пришлите фото мастера",
    "скиньте фото салона",
    "сколько стоит маникюр",
    "сколько стоит маникюр с дизайном?",
    "сколько стоит фотосессия",
    "можно прийти с фото?",
    "как у вас на фото в инстаграме делали",
    "адрес есть на фото?",
    "а по фото можно узнать цену?",
    "do you have photos of your work?",
    "is this your work in the photo?",
    "can I send a picture?",
    "can you send me a photo?",
    "жұмыстарыңыздың фотосы бар ма",
    "фото жіберіңізші",
    "сурет бар ма",
    "как вас найти",
    "как дела",
    "фото на документы делаете?",
    "сколько стоит фото на паспорт",
    "фото на паспорт 3 на 4",
    "какие фото нужны",
    "я отправила фото чека",
    "видео можно отправить?",
    "рисунок на ногтях сколько стоит?",
    "сколько стоит рисунок",
    "маникюр с рисунком сколько",
    "хочу с рисунком",
    "хочу маникюр с рисунком",
    "сделаете с рисунком?",
    "есть видео процедуры?",
    "как записаться",
    "камера фото хорошая на этом телефоне?",
    "телефон для фото и видео",
)
BESIDE_A_PICTURE = (
    "сколько стоит маникюр",
    "где вы находитесь?",
    "до скольки работаете",
    "сколько стоит маникюр?",
    "а такой вопрос, до скольки работаете",
    "здравствуйте",
    "это ваши работы на фото?",
    "можно записаться на завтра",
    "можно записаться?",
    "спасибо",
    "how much is a manicure?",
    "what time do you close?",
    "маникюр қанша тұрады",
    "можно оплатить картой",
    "это номер салона?",
    "вы сделаете мне маникюр завтра?",
    "как добраться",
)


@pytest.mark.parametrize("text", NAMED)
def test_words_that_name_the_picture_are_heard_although_none_came(text: str) -> None:
    assert pictures().meant(text, came=False)


@pytest.mark.parametrize("text", POINTING)
def test_words_that_only_point_need_one(text: str) -> None:
    assert pictures().meant(text, came=True)
    assert not pictures().meant(text, came=False)


@pytest.mark.parametrize("text", OTHERS)
def test_words_about_other_pictures_are_questions(text: str) -> None:
    assert not pictures().meant(text, came=False)


@pytest.mark.parametrize("text", BESIDE_A_PICTURE)
def test_a_plain_question_beside_a_picture_stays_one(text: str) -> None:
    assert not pictures().meant(text, came=True)


def route(turn: Turn, text: str, *, sent: tuple[Attachment, ...] = (), **settings: Any) -> Route:
    """Where a text goes, beside what is sent with it."""
    event = InboundEvent(channel="whatsapp", event_id="e", text=text, attachments=sent)
    policy = Policy(PolicySettings.model_validate(settings), texts_of(plugin))
    verdict = asyncio.run(policy.classify(turn, Inbound(text=text, events=(event,))))
    assert verdict is not None
    return verdict.route


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("хочу как на фото", Route.PICTURE),
        ("верните деньги, вышло не как на фото", Route.FRUSTRATED),
        ("сделайте скидку, хочу как на фото", Route.HUMAN),
        ("не пишите мне больше", Route.OPT_OUT),
        ("сколько стоит?", Route.PICTURE),
        ("сделаете такой же?", Route.PICTURE),
        ("здравствуйте", Route.GREETING),
        ("сколько стоит маникюр?", Route.ANSWER),
    ],
)
def test_what_is_stronger_than_a_picture_that_came(turn: Turn, text: str, wanted: Route) -> None:
    """A picture that a guard refused came, too."""
    assert route(turn, text, sent=(PICTURE,)) is wanted
    assert route(replace(turn, files=(replace(PICTURE, refused="size"),)), text) is wanted


def test_without_a_picture_nothing_is_pointed_at(turn: Turn) -> None:
    assert route(turn, "сделаете такой же?") is Route.ANSWER
    assert route(turn, "сколько стоит?") is Route.UNSURE
    voice = Attachment(content=Content.AUDIO, mime="audio/ogg", url="https://app.chatflow.kz/1.ogg")
    assert route(turn, "сделаете такой же?", sent=(voice,)) is Route.ANSWER


def test_a_business_may_switch_it_off(turn: Turn) -> None:
    assert route(turn, "хочу как на фото", sent=(PICTURE,), off=["picture"]) is Route.ANSWER
