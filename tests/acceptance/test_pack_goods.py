"""A workshop's customers through the front door: goods that it does not sell, halves of questions, ways to pay that are none."""

from __future__ import annotations

import pytest

from truffles_gateway.cli.tenants import as_toml

PACK = """\
pack: 1
business: {name: Спица, phone: +7 700 000 00 77}
place: {address: "улица Примерная, 7", hours: {daily: "10:00-20:00"}}
services:
  - {id: wash, name: {ru: "Мойка велосипеда, простая", en: Bicycle wash}, price: 3000}
  - {id: chain, name: {ru: Замена цепи, kk: Шынжыр ауыстыру}, price: 4000}
faq:
  - {asked: [Выкупаете старые рамы?], answer: "Нет, рамы не выкупаем."}
payment:
  methods:
    - {name: наличные}
    - {name: Kaspi QR, aliases: [по номеру телефона]}
    - {name: рассрочка, accepted: false}
"""
HUMAN = {"ru": "коллеге", "kk": "әріптесі", "en": "colleague"}


@pytest.fixture
async def workshop(salon_of, salon_config, truffles, tmp_path):
    salon = await salon_of(brain=("policy", "rag_qdrant", "answer_local"))
    config = salon_config()
    chosen = [
        {"name": "policy", "settings": {"pack": {"include": "pack.yaml"}}},
        {"name": "rag_qdrant"},
        {"name": "answer_local"},
    ]
    config["plugins"] = [*chosen, *(each for each in config["plugins"] if each["name"] in ("desk_log", "chatflow"))]
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "salon.toml").write_text(as_toml(config), encoding="utf-8")
    code, said = await truffles("tenants", "apply", str(tmp_path / "salon.toml"), "--yes")
    assert code == 0, said

    async def learnt() -> bool:
        rows = await salon.rig.rows("SELECT id FROM knowledge_chunks WHERE id = 'pack:payment'")
        return bool(rows)

    await salon.rig.until(learnt, seconds=30)
    return salon


async def test_what_is_not_sold_goes_to_people_and_what_is_done_is_told(workshop) -> None:
    asked = [("продаете велосипеды?", "ru"), ("велосипеды есть?", "ru"), ("сколько стоит велосипед?", "ru"), ("цепи продаёте?", "ru"),
             ("шынжыр бар ма?", "kk"), ("do you sell bicycles?", "en")]  # fmt: skip
    for number, (text, language) in enumerate(asked):
        said = await workshop.ask(f"7700000010{number}@s.whatsapp.net", text)
        assert HUMAN[language] in said and "000 ₸" not in said, (text, said)
    for number, text in enumerate(("мойка есть?", "делаете замену цепи?", "сколько стоит цепь?")):
        assert "000 ₸" in await workshop.ask(f"7700000020{number}@s.whatsapp.net", text), text


async def test_no_half_of_a_question_is_forgotten(workshop) -> None:
    asked = [("ваш адрес и есть ли доставка?", "Примерная"), ("есть ли доставка и какой адрес?", "Примерная"), ("адрес, доставка есть?", "Примерная"),
             ("ваш телефон и можно ли с ребёнком?", "+7 700"), ("ваш адрес и продаёте ли вы велосипеды?", "Примерная")]  # fmt: skip
    for number, (text, told) in enumerate(asked):
        said = await workshop.ask(f"7700000030{number}@s.whatsapp.net", text)
        assert told in said and "На остальное ответит" in said and "наличные" not in said and "₸" not in said, (
            text,
            said,
        )
    assert {outcome for outcome, _ in await workshop.outcomes()} == {"escalated"}


async def test_that_there_are_no_instalments_reads_as_people_write(workshop, jid) -> None:
    assert "Рассрочки нет. Принимаем: наличные, Kaspi QR." in await workshop.ask(jid, "рассрочка есть?")
