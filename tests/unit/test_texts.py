"""The catalogue of texts: complete, renderable, and not to be broken by a tenant."""

from __future__ import annotations

import pytest

from truffles_gateway.errors import ConfigError
from truffles_gateway.plugin import Texts
from truffles_gateway.prompts import Prompts, variables
from truffles_gateway.texts import HOST_LANGUAGES, Catalogue, host_texts, host_words

VALUES = {
    "kinds": "текст, фото", "words": "1",
    "business": "Салон", "since": "завтра с 08:00", "hours": "08:00-23:00", "minutes": 30, "question": "Есть парковка?", "customer": "Анна",
    "name": "Асель", "reason": "нет ответа", "instance": "main", "plugin": "chatflow", "hook": "deliver",
    "tenant": "demo", "problem": "timeout", "cure": "Проверьте токен.", "text": "Добрый день",
    "when": "сегодня до 17:30", "time": "17:30", "date": "03.06", "unanswered": True,
    "why": "Бот молчит.", "led": "Айгерим — 2", "place": "Север", "until": "18:00", "lines": "Маникюр — 5 000 ₸",
    "old": "Маникюр — 5 000 ₸", "new": "Маникюр — 6 000 ₸", "dialogues": 7, "answered": 5, "handovers": 2, "open": 1,
    "first": "0:04", "slug": "salon", "score": 5, "branch": "Север", "choices": "1. Север\n2. Юг",
    "days": 60, "day": 25, "weekday": "пятница", "month": "декабря", "used": "2047", "quota": "2048",
}  # fmt: skip
NEEDED = ("since", "kinds", "name", "minutes", "customer", "instance", "plugin", "hook", "tenant", "text", "when", "time", "date", "until",
          "lines", "new", "dialogues", "answered", "handovers", "open", "slug", "score", "branch", "choices", "why", "days", "day", "weekday", "month", "used", "quota")  # fmt: skip
KEYS = sorted(host_texts()["ru"])
EVERY = [(language, key) for language in HOST_LANGUAGES for key in KEYS]


def test_all_languages_have_the_same_keys_and_values() -> None:
    ru, kk, en = (host_texts()[language] for language in HOST_LANGUAGES)
    assert ru.keys() == kk.keys() == en.keys()
    for key in KEYS:
        assert variables(ru[key]) == variables(kk[key]) == variables(en[key]), key
        assert variables(ru[key]) <= VALUES.keys()


@pytest.mark.parametrize(("language", "key"), EVERY)
def test_every_text_renders_with_all_values_and_with_the_needed_ones(language: str, key: str) -> None:
    catalogue = Catalogue()
    for values in ({name: VALUES[name] for name in NEEDED}, VALUES):
        text = catalogue.get(key, language, **values)
        assert text.strip() == text
        assert text
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize("language", HOST_LANGUAGES)
def test_host_templates_have_no_problem(language: str) -> None:
    assert Prompts(host_texts()[language]).check() == []


@pytest.mark.parametrize(("language", "key"), EVERY)
def test_no_text_promises_a_time_by_itself(language: str, key: str) -> None:
    is_no_time = key.endswith("_example") or key.startswith("csat_")  # what a manager may write; marks
    assert is_no_time or not any(letter.isdigit() for letter in host_texts()[language][key])


def test_fits_the_protocol_of_plugins() -> None:
    texts: Texts = Catalogue()
    assert texts.get("greeting", "en") == "Hello! How can we help you?"


def test_an_unknown_language_gets_the_tenants_first() -> None:
    assert Catalogue(["kk", "ru"]).get("greeting", "") == host_texts()["kk"]["greeting"]
    assert Catalogue(["en"]).get("greeting", "uz") == host_texts()["en"]["greeting"]


def test_tenant_over_plugin_over_host() -> None:
    plugin = {"ru": {"greeting": "плагин", "card": "Карточка {{ n }}"}}
    both = Catalogue(plugins=[plugin], tenant={"ru": {"greeting": "Салам, {{ name }}!"}})
    assert both.get("greeting", "ru", name="Анна") == "Салам, Анна!"
    assert Catalogue(plugins=[plugin]).get("greeting", "ru") == "плагин"
    assert both.get("card", "ru", n=1) == "Карточка 1"
    assert both.get("greeting", "kk") == host_texts()["kk"]["greeting"]
    assert both.get("card", "kk", n=2) == "Карточка 2"


def test_a_later_plugin_wins() -> None:
    assert Catalogue(plugins=[{"en": {"a": "1"}}, {"en": {"a": "2"}}]).get("a", "en") == "2"


@pytest.mark.parametrize("broken", ["{{ name", "{{ nobody }}", "{{ 1 / 0 }}", "{% include 'x' %}", "{{ 'x' * 9 }}"])
def test_a_broken_tenant_text_falls_back_to_the_hosts(broken: str) -> None:
    catalogue = Catalogue(tenant={"ru": {"human_called": broken}})
    assert catalogue.get("human_called", "ru") == host_texts()["ru"]["human_called"]


def test_check_names_key_and_cure() -> None:
    tenant = {"ru": {"greeting": "{{ name", "muted": "{{ nmae }}", "greting": "Привет", "parked": 5}, "kk": "Сәлем"}
    problems = "\n".join(Catalogue(tenant=tenant).check())
    assert "texts.ru.greeting: line 1" in problems
    assert "remove it" in problems
    assert "texts.ru.muted: unknown name 'nmae'" in problems
    assert "texts.ru.greting: unknown key. Did you mean 'greeting'?" in problems
    assert "texts.ru.parked: is not a text. Put it in quotes" in problems
    assert "texts.kk: is not a table" in problems
    assert Catalogue(tenant=tenant).get("parked", "kk") == host_texts()["kk"]["parked"]


def test_check_is_silent_on_good_texts() -> None:
    plugin = {"ru": {"card": "Карточка {{ n }}"}}
    tenant = {"ru": {"card": "№ {{ n }}", "off_topic": "Мы {{ business }}"}, "uz": {"greeting": "Salom"}}
    assert Catalogue(plugins=[plugin], tenant=tenant).check() == []


def test_a_language_of_the_tenants_own_must_be_whole() -> None:
    catalogue = Catalogue(["uz"], tenant={"uz": {"greeting": "Salom"}})
    (problem,) = catalogue.check()
    assert problem.startswith("texts.uz: lacks")
    assert "leave 'uz' out" in problem
    assert catalogue.get("greeting", "ru") == host_texts()["ru"]["greeting"]


def test_an_unknown_key_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'greeting'"):
        Catalogue().get("greting", "ru")


def test_words_of_all_languages() -> None:
    assert {"сколько", "қанша", "how"} <= set(host_words("burst", "questions"))
