"""What customers write, and what the pack answers to it: fact ids and words that must be there; and what it must not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]

# pack, message, fact ids (all of them), words that must be there
ANSWERED = [
    # prices and durations
    ("salon", "Сколько стоит маникюр?", "services.m-classic services.m-gel", "4 000 ₸, 45 мин|7 000 ₸, 1 ч 30 мин"),
    ("salon", "скока стоит маникур", "services.m-classic services.m-gel", "4 000 ₸"),
    ("salon", "почем классический маникюр", "services.m-classic", "Маникюр классический — 4 000 ₸, 45 мин"),
    ("salon", "Добрый день! Подскажите пожалуйста, сколько стоит маникюр с гель лаком?", "services.m-gel", "7 000 ₸"),
    ("salon", "маникюр с покрытием цена", "services.m-gel", "7 000 ₸"),
    ("salon", "цена на шеллак?", "services.m-gel", "7 000 ₸"),
    ("salon", "педикюр почём", "services.pedi", "от 8 000 ₸"),
    ("salon", "педикур сколько стоит", "services.pedi", "от 8 000 ₸"),
    ("salon", "сколько стоит стрижка на короткие волосы", "services.cut", "короткие волосы — 5 000 ₸"),
    ("salon", "женская стрижка цена", "services.cut", "5 000 ₸|8 000 ₸"),
    ("salon", "мужская стрижка сколько будет стоить", "services.mencut", "3 500 ₸, 30 мин"),
    ("salon", "сколько по времени мужская стрижка?", "services.mencut", "30 мин"),
    ("salon", "сколько длится педикюр", "services.pedi", "1 ч"),
    ("salon", "как долго делается массаж головы?", "services.mass", "20 мин"),
    ("barber", "сколько стоит стрижка?", "services.men services.kids services.model", "6 000|4 000|9 000"),
    ("barber", "стрижка", "services.men services.kids services.model", "6 000|4 000|9 000"),
    ("barber", "детская стрижка сколько", "services.kids", "4 000"),
    ("barber", "мороженое почем", "services.cone", "500"),
    ("salon", "брови сколько стоят?", "services.brow", "2 500 ₸"),
    ("salon", "подбор ухода платный? сколько стоит", "", ""),
    ("salon", "сколько стоит подбор ухода", "services.consult", "бесплатно"),
    ("salon", "сколько стоят ногти", "services.m-classic services.m-gel services.pedi", "8 000"),
    ("salon", "педикюр", "services.pedi", "от 8 000 ₸"),
    ("salon", "делаете педикюр?", "services.pedi", "Да, есть.|от 8 000 ₸"),
    ("salon", "а у вас есть коррекция бровей?", "services.brow", "Да, есть."),
    # transliteration, layout, Kazakh, English, mixed
    ("salon", "skolko stoit pedikyur", "services.pedi", "8 000"),
    ("salon", "crjkmrj cnjbn gtlbr.h", "services.pedi", "8 000"),
    ("salon", "маникюр баға қанша", "services.m-classic services.m-gel", "Классикалық маникюр — 4 000 ₸"),
    ("salon", "педикюр канша турады", "services.pedi", "8 000"),
    ("salon", "әйел шаш қию қанша тұрады?", "services.cut", "5 000"),
    ("salon", "педикюр қанша уақыт алады", "services.pedi", "1 сағ"),
    ("salon", "сәлем, маникюр жасайсыздар ма?", "services.m-classic services.m-gel", "Иә, бар."),
    ("salon", "гель-лак маникюр қанша болады", "services.m-gel", "7 000"),
    ("salon", "how much is a gel polish manicure?", "services.m-gel", "Gel polish manicure — 7 000 ₸, 1 h 30 min"),
    ("salon", "pedicure price please", "services.pedi", "from 8 000 ₸"),
    ("salon", "hi, do you have haircuts?", "services.cut", "Yes, we have it."),
    ("salon", "how long does a pedicure take?", "services.pedi", "1 h"),
    ("salon", "педикюр price қанша", "services.pedi", "8 000"),
    # several questions
    ("salon", "сколько стоит маникюр и педикюр, и где вы находитесь?",
     "services.m-classic services.m-gel services.pedi place.address place.hours", "8 000|ул. Первая, 5"),
    ("salon", "Мужская стрижка сколько стоит? и парковка есть?", "services.mencut place.parking", "3 500|во дворе"),
    ("salon", "педикюр сколько стоит и сколько длится?", "services.pedi", "8 000 ₸, 1 ч"),
    ("salon", "цена педикюра, цена бровей", "services.pedi services.brow", "8 000|2 500"),
    ("salon", "вы завтра работаете? можно картой?", "place.hours payment", "Завтра работаем 10:00–21:00|Kaspi QR"),
    ("salon", "педикюр қанша, мекенжай қандай?", "services.pedi place.address place.hours", "8 000|Бірінші көше"),
    ("salon", "Хочу порадовать маму подарком. Сколько стоит педикюр?", "services.pedi", "8 000"),
    ("salon", "хочу педикюр, сколько стоит?", "services.pedi", "8 000"),
    # hours
    ("salon", "график работы", "place.hours place.address", "пн–пт 10:00–21:00, сб 11:00–18:00, вс — выходной|20 января"),
    ("salon", "до скольки работаете?", "place.hours", "Сегодня работаем 10:00–21:00"),
    ("salon", "во сколько открываетесь?", "place.hours", "10:00"),
    ("salon", "вы ещё открыты?", "place.hours", "сейчас открыто, работаем до 21:00"),
    ("salon", "сейчас работаете?", "place.hours", "до 21:00"),
    ("salon", "работаете в субботу?", "place.hours", "В субботу работаем 11:00–18:00"),
    ("salon", "в воскресенье открыто?", "place.hours", "В воскресенье не работаем"),
    ("salon", "в выходные работаете?", "place.hours", "В субботу работаем 11:00–18:00. В воскресенье не работаем"),
    ("salon", "20 января работаете?", "place.hours", "12:00–16:00 (санитарный день)"),
    ("salon", "на новый год работаете?", "place.hours", "не работаем (Новый год)"),
    ("salon", "в праздники работаете?", "place.hours", "20 января"),
    ("salon", "вы работаете после 19:00?", "place.hours place.address", "10:00–21:00"),
    ("salon", "послезавтра принимаете?", "place.hours", "10:00–21:00"),
    ("salon", "до скольки принимаете", "place.hours", "10:00–21:00"),
    ("salon", "бүгін нешеге дейін жұмыс істейсіз?", "place.hours", "Бүгін 10:00–21:00"),
    ("salon", "ертең жұмыс істейсіздер ме", "place.hours", "Ертең 10:00–21:00"),
    ("salon", "жұмыс уақыты қандай", "place.hours place.address", "дс–жм 10:00–21:00"),
    ("salon", "are you open on sunday?", "place.hours", "On Sunday we are closed"),
    ("salon", "what are your opening hours", "place.hours place.address", "Mon–Fri 10:00–21:00"),
    ("salon", "do skolki rabotaete", "place.hours", "10:00–21:00"),
    ("salon", "ljcrjkmrb hf,jnftnt", "", ""),
    # place
    ("salon", "какой у вас адрес?", "place.address place.hours", "ул. Первая, 5|10:00–21:00"),
    ("salon", "где вы?", "place.address place.hours", "ул. Первая, 5"),
    ("salon", "Где находится ваш салон", "place.address place.hours", "ул. Первая, 5"),
    ("salon", "как до вас добраться?", "place.address place.landmark place.map", "Напротив фонтана|https://map.example/lotus"),
    ("salon", "карта проезда есть?", "place.map", "https://map.example/lotus"),
    ("salon", "скиньте геолокацию", "place.map", "https://map.example/lotus"),
    ("salon", "қай жерде орналасқансыздар?", "place.address place.hours", "Бірінші көше, 5"),
    ("salon", "where are you located?", "place.address place.hours", "Address:"),
    ("salon", "gde vy nahodites", "place.address place.hours", "ул. Первая"),
    ("salon", "есть где машину поставить? парковка есть?", "place.parking", "во дворе"),
    ("salon", "тұрақ бар ма?", "place.parking", "тегін тұрақ"),
    ("salon", "is there parking?", "place.parking", "(in Russian)|во дворе"),
    ("salon", "вайфай есть?", "place.amenities", "Wi-Fi"),
    ("salon", "номер телефона можно?", "business.contacts", "+7 700 000 00 11"),
    ("salon", "какой у вас сайт", "business.contacts", "https://lotus.example"),
    ("salon", "инстаграм есть?", "business.contacts", "https://instagram.example/lotus"),
    ("salon", "на каком языке говорите?", "business.speaks", "казахский"),
    # money
    ("salon", "как можно оплатить?", "payment", "наличные, Kaspi QR"),
    ("salon", "каспи принимаете?", "payment", "Да, принимаем: Kaspi QR"),
    ("salon", "есть каспи?", "payment", "Kaspi QR"),
    ("salon", "амекс принимаете?", "payment", "Нет, не принимаем: карта American Express"),
    ("salon", "можно наличными?", "payment", "наличные"),
    ("salon", "предоплата нужна?", "payment.prepayment", "Предоплата не нужна"),
    ("salon", "қалай төлеуге болады?", "payment", "Kaspi QR"),
    ("salon", "скидки есть?", "promotions.birthday", "10 %"),
    ("salon", "есть акции сегодня?", "promotions.birthday", "10 %"),
    ("salon", "скидка на день рождения есть?", "promotions.birthday", "10 %"),
    ("salon", "сделайте скидку", "promotions.birthday discounts", "Других скидок"),
    ("salon", "any discounts?", "promotions.birthday", "10 %"),
    # rules, care, files, questions
    ("salon", "с собакой можно?", "rules.pets", "нельзя"),
    ("salon", "можно прийти с ребёнком?", "rules.children", "с 5 лет"),
    ("salon", "есть подарочные сертификаты?", "rules.certificates", "10 000 ₸"),
    ("salon", "сколько стоит подарочный сертификат", "rules.certificates", "10 000 ₸"),
    ("salon", "как записаться?", "rules.booking", "по телефону"),
    ("salon", "инструменты стерилизуете?", "rules.hygiene", "стерилизации"),
    ("salon", "что если опоздаю?", "rules.lateness", "15 минут"),
    ("salon", "как подготовиться к маникюру?", "care.0.before", "старое покрытие"),
    ("salon", "что нельзя делать после педикюра?", "", ""),
    ("salon", "уход после маникюра", "care.0.after", "без воды"),
    ("salon", "прайс скиньте пожалуйста", "attachments.0", "https://lotus.example/price.pdf"),
    ("salon", "покажите ваши работы", "attachments.1", "https://lotus.example/works"),
    ("salon", "портфолио есть?", "attachments.1", "https://lotus.example/works"),
    ("salon", "сколько держится гель-лак?", "faq.lasts", "две-три недели"),
    ("salon", "гель лак сколько держится", "faq.lasts", "две-три недели"),
    ("salon", "сколько стоит татуаж?", "services", "нет: татуаж"),
    ("salon", "делаете татуировки?", "services", "нет: татуировки"),
    # products
    ("bikes", "атлас икс 13 есть в наличии?", "products.x13", "27 дюймов — 210 000 ₸, есть в наличии|29 дюймов — 230 000 ₸, нет"),
    ("bikes", "Atlas X13 29 дюймов почем", "products.x13", "230 000 ₸"),
    ("bikes", "сколько стоит atlas x 14", "products.x14", "350 000 ₸"),
    ("bikes", "какие горные велосипеды есть", "products.x13 products.x14", "210 000|350 000"),
    ("bikes", "mountain bikes price?", "products.x13 products.x14", "350 000 ₸"),
    ("bikes", "тау велосипеді қанша тұрады?", "products.x13 products.x14", "210 000"),
    ("bikes", "шлем есть?", "products.helmet", "Да, есть.|12 000 ₸"),
    ("bikes", "замок велосипедный есть?", "products.lock", "5 500 ₸"),
    ("bikes", "сколько стоит техобслуживание велосипеда", "services.tune", "от 6 000 до 9 000 ₸, от 2 ч"),
    ("bikes", "ТО велосипеда цена", "services.tune", "9 000"),
    ("bikes", "гарантия на атлас икс 13?", "products.x13", "2 года"),
    ("bikes", "гарантия на шлем какая", "rules.warranty", "6 месяцев"),
    ("bikes", "доставка сколько стоит?", "rules.delivery", "бесплатная"),
    ("bikes", "можно вернуть товар?", "rules.returns", "14 дней"),
    ("bikes", "оптом продаете?", "rules.wholesale", "10 штук"),
    ("bikes", "режим работы", "place.hours place.address", "ежедневно 09:00–20:00"),
    ("bikes", "шлем сколько стоит и до скольки вы сегодня?", "products.helmet place.hours", "12 000|09:00–20:00"),
    # branches, Kazakh first
    ("vet", "қайдасыздар?", "branches.east.address branches.west.address", "Шығыс: Шығыс көшесі, 7|Батыс: Батыс көшесі, 9"),
    ("vet", "где вы находитесь?", "branches.east.address branches.west.address", "Восток:|Запад:"),
    ("vet", "прием врача сколько стоит", "services.check", "5 000 ₸ (Восток)|6 500 ₸ (Запад)"),
    ("vet", "сколько стоит прием врача на западе?", "services.check", "6 500 ₸"),
    ("vet", "екпе қанша тұрады?", "services.vaccine", "9 000 ₸ (Шығыс)"),
    ("vet", "прививка цена", "services.vaccine", "9 000 ₸ (Восток)"),
    ("vet", "рентген бағасы қанша", "services.xray", "7 000 ₸ бастап"),
    ("vet", "how much is an x-ray?", "services.xray", "from 7 000 ₸"),
    ("vet", "на востоке до скольки работаете?", "place.hours", "09:00–19:00"),
    ("vet", "без записи принимаете?", "rules.walk_in", "без записи"),
    ("vet", "бөліп төлеуге бола ма", "payment.instalments", "жоқ"),
    ("vet", "тұрақ қанша тұрады", "place.parking", "200 ₸"),
    ("vet", "картамен төлеуге бола ма?", "payment", "карта"),
    # how people ask: verbs, stories, conditions, days, what stands beside a question
    ("salon", "маникюр долго?", "services.m-classic services.m-gel", "1 ч 30 мин"),
    ("salon", "педикюр это долго", "services.pedi", "1 ч"),
    ("salon", "педикюр узак па?", "services.pedi", "1"),
    ("salon", "педикюр ұзақ па?", "services.pedi", "1 сағ"),
    ("salon", "педикюр қанша уақытқа созылады", "services.pedi", "1 сағ"),
    ("salon", "how long is a pedicure?", "services.pedi", "1 h"),
    ("salon", "how long does the gel polish manicure take", "services.m-gel", "1 h 30 min"),
    ("salon", "с праздником! сколько стоит педикюр?", "services.pedi", "8 000"),
    ("salon", "с наступающим, завтра работаете?", "place.hours", "Завтра"),
    ("salon", "понятно, а до скольки вы?", "place.hours", "21:00"),
    ("salon", "ок, а адрес?", "place.address place.hours", "Первая, 5"),
    ("salon", "жақсы, мекенжай қайда?", "place.address place.hours", "Бірінші"),
    ("salon", "cool. do you take kaspi?", "payment", "Kaspi QR"),
    ("salon", "есть сертификат на маникюр?", "rules.certificates", "10 000"),
    ("salon", "портфолио маникюра есть?", "attachments.1", "works"),
    ("salon", "можно опоздать если пробка?", "rules.lateness", "15 минут"),
    ("salon", "опоздание если пробки", "rules.lateness", "15 минут"),
    ("salon", "третьего февраля работаете?", "place.hours", "3 февраля"),
    ("salon", "второго февраля открыты?", "place.hours", "2 февраля"),
    ("salon", "20 января открыты?", "place.hours", "12:00–16:00"),
    ("salon", "20.01 открыты?", "place.hours", "12:00–16:00"),
    ("salon", "20.01.2026 вы работаете?", "place.hours", "12:00–16:00"),
    ("salon", "двадцатого января работаете?", "place.hours", "12:00–16:00"),
    ("salon", "что нельзя после маникюра?", "care.0.after", "без воды"),
    ("salon", "что делать после педикюра", "care.0.after", "без воды"),
    ("salon", "через сколько можно кофе после маникюра", "care.0.after", "без воды"),
    ("salon", "педикюр сломался, сколько стоит мужская стрижка", "services.mencut", "3 500"),
    ("salon", "стрижете? мужская стрижка", "services.mencut", "3 500"),
    ("salon", "сколько держится гель-лак", "faq.lasts", "две-три недели"),
    ("bikes", "можно вернуть шлем если не подойдет?", "rules.returns", "14 дней"),
    ("bikes", "вернуть можно если размер не тот?", "rules.returns", "14 дней"),
    ("bikes", "доставка если далеко?", "rules.delivery", "50 000"),
    ("bikes", "велосипед упал, сколько стоит настройка велосипеда", "services.tune", "6 000"),
    ("vet", "второго февраля открыты?", "branches.east.hours branches.west.hours", "2 февраля"),
]  # fmt: skip

NOT_ANSWERED = [
    ("salon", "педикюр про сколько стоит"),
    ("salon", "сколько стоит маникюр классический под"),
    ("salon", "есть вакансии мастера маникюра?"),
    ("salon", "есть курсы маникюра?"),
    ("salon", "вакансии и курсы есть?"),
    ("salon", "есть рассрочка на маникюр?"),
    ("salon", "how long does a pedicure last?"),
    ("salon", "маникюр и пирсинг сколько стоят?"),
    ("salon", "сколько стоит маникюр и делаете ли вы пирсинг?"),
    ("salon", "до скольки вы и есть ли душ?"),
    ("salon", "понятно, а пирсинг?"),
    ("salon", "лифт есть?"),
    ("salon", "пандус есть?"),
    ("salon", "с коляской можно зайти?"),
    ("salon", "бреете бороду?"),
    ("salon", "чем делаете педикюр?"),
    ("salon", "педикюр если беременна?"),
    ("salon", "можно педикюр если диабет"),
    ("salon", "детская стрижка есть?"),
    ("bikes", "atlas x 13 про сколько стоит"),
    ("bikes", "atlas x 13 max сколько стоит"),
    ("bikes", "atlas x 16 есть?"),
    ("bikes", "насос на велосипед сколько"),
    ("bikes", "шлем треснул, гарантия есть?"),
    ("bikes", "велосипед украли, найдете?"),
    ("vet", "сколько длится рентген?"),
    ("salon", "подбор ухода платный?"),
    ("salon", "Сколько стоит?"),
    ("salon", "маникюр без покрытия сколько"),
    ("salon", "педикюр без лака цена"),
    ("salon", "сколько стоит массаж головы?"),
    ("salon", "сколько стоит массаж спины?"),
    ("salon", "сколько стоит маникюр у Айгуль?"),
    ("salon", "сколько стоит педикюр ребенку?"),
    ("salon", "сколько стоит мужской маникюр"),
    ("salon", "сколько стоит педикюр в воскресенье?"),
    ("salon", "туалет есть?"),
    ("salon", "хочу записаться на маникюр завтра"),
    ("salon", "хочу маникюр"),
    ("salon", "есть окошко на педикюр сегодня?"),
    ("salon", "педикюр завтра в 15:00"),
    ("salon", "после маникюра болит палец"),
    ("salon", "маникюр отвалился через день, верните деньги"),
    ("salon", "ваш педикюр ужасный"),
    ("salon", "мой адрес ул. Абая 5"),
    ("salon", "я оплатила, проверьте оплату"),
    ("salon", "номер карты скиньте"),
    ("salon", "карта постоянного клиента есть?"),
    ("salon", "биткоин принимаете?"),
    ("salon", "где мой заказ?"),
    ("salon", "где можно поесть рядом?"),
    ("salon", "во сколько мне приходить?"),
    ("salon", "мастер Айгуль работает завтра?"),
    ("salon", "вы работаете с юрлицами?"),
    ("salon", "цена вопроса"),
    ("salon", "не маникюр, а педикюр сколько стоит"),
    ("salon", "сколько стоит снять маникюр"),
    ("salon", "делаете ли вы ыва"),
    ("salon", "скидка пенсионерам есть?"),
    ("salon", "осенняя скидка ещё действует?"),
    ("salon", "есть скидка студентам?"),
    ("salon", "сколько стоит проезд до вас"),
    ("salon", "риск аллергии на гель-лак есть?"),
    ("bikes", "Atlas X 15 сколько стоит"),
    ("bikes", "atlas x 14 в наличии?"),
    ("bikes", "atlas x 14 есть?"),
    ("bikes", "замок в наличии?"),
    ("bikes", "скидки есть?"),
    ("bikes", "картой можно?"),
    ("bikes", "сколько стоит самокат?"),
    ("bikes", "шлем оптом сколько стоит"),
    ("bikes", "сколько стоит ремонт шлема"),
    ("bikes", "замок на шлем сколько стоит"),
    ("bikes", "шлем сломался, гарантия?"),
    ("bikes", "какая погода завтра"),
    ("bikes", "сколько вам лет"),
    ("vet", "1 января работаете?"),
    ("vet", "в воскресенье работаете?"),
    ("vet", "у собаки температура, что делать"),
    ("vet", "сколько стоит рентген кошке после операции"),
    ("vet", "прививка больная?"),
]


@pytest.mark.parametrize(("pack", "text", "facts", "words"), [case for case in ANSWERED if case[2]])
def test_what_the_pack_answers(pack: str, text: str, facts: str, words: str, ask: Ask) -> None:
    found, draft = ask(pack, text)
    assert draft is not None, [each.id for each in found]
    assert set(draft.sources) == {f"pack:{fact}" for fact in facts.split()}
    assert all(word in draft.text for word in words.split("|")), draft.text
    assert draft.verbatim and draft.confidence >= 0.85 and not draft.unanswered
    assert {each.id for each in found} == set(draft.sources) and {each.source for each in found} == {"pack"}


COUNT, SUGAR, TAKEN = (
    "Общий анализ крови — 2 000 ₸",
    "Глюкоза — 900 ₸. Натощак.",
    "Взятие крови — 700 ₸ один раз, отдельно.",
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("сколько стоит ОАК?", [COUNT, TAKEN]),
        ("анализы крови цены", [COUNT, SUGAR, TAKEN]),
        ("сколько стоит ОАК? а глюкоза сколько стоит?", [COUNT, SUGAR, TAKEN]),
        ("цена глюкозы, цена УЗИ, цена ОАК", [SUGAR, "УЗИ щитовидной железы — 6 000 ₸", COUNT, TAKEN]),
        ("сколько стоит УЗИ?", ["УЗИ щитовидной железы — 6 000 ₸"]),
        ("ОАК қанша тұрады?", [COUNT, "Қан алу — 700 ₸ бір рет."]),
        ("прайс", [COUNT, SUGAR, TAKEN, "УЗИ щитовидной железы — 6 000 ₸"]),
    ],
)
def test_the_note_of_a_category_is_told_once_behind_whatever_of_it_is_told(
    text: str, told: list[str], ask: Ask
) -> None:
    found, draft = ask("lab", text)
    assert draft is not None and draft.text.splitlines() == told
    assert {each.id for each in found} == set(draft.sources)


def test_the_note_of_a_category_is_told_again_with_what_it_covers(ask: Ask) -> None:
    draft = ask("lab", "а взятие крови входит?", ["сколько стоит ОАК?"], told=["pack:services.count"])[1]
    assert draft is not None and draft.text.splitlines() == [COUNT, TAKEN]


@pytest.mark.parametrize(("pack", "text"), NOT_ANSWERED)
def test_what_the_pack_does_not_answer(pack: str, text: str, ask: Ask) -> None:
    assert ask(pack, text)[1] is None


def test_enough_is_tried() -> None:
    assert len(ANSWERED) >= 120


@pytest.mark.parametrize(
    ("pack", "text"),
    [("bikes", "атлас х15 цена"), ("salon", "болит брови примете сегодня?"), ("salon", "педикюр у Айгуль цена")],
)
def test_nothing_is_told_beside_a_word_that_was_not_understood(pack: str, text: str, ask: Ask) -> None:
    assert ask(pack, text) == ([], None)
