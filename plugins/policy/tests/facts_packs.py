"""Three businesses that do not exist, as their packs say them; a Wednesday noon in Almaty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 1, 14, 7, tzinfo=UTC)
"""Wednesday, 14 January 2026, 12:00 in Almaty."""

SALON: dict[str, Any] = {
    "business": {
        "name": "Лотос",
        "kind": "студия",
        "about": "Студия красоты для всей семьи.",
        "phone": "+7 700 000 00 11",
        "website": "https://lotus.example",
        "social": {"instagram": "https://instagram.example/lotus"},
        "speaks": ["русский", "казахский"],
    },
    "place": {
        "address": {"ru": "г. Вымышленный, ул. Первая, 5", "kk": "Вымышленный қ., Бірінші көше, 5"},
        "landmark": "Напротив фонтана, вход со двора.",
        "map": "https://map.example/lotus",
        "hours": {"mon-fri": "10:00-21:00", "sat": "11:00-18:00", "sun": "closed"},
        "exceptions": [
            {"on": "01-01", "hours": "closed", "why": "Новый год"},
            {"on": "2026-01-20", "hours": "12:00-16:00", "why": "санитарный день"},
        ],
        "parking": {"ru": "Парковка бесплатная, во дворе.", "kk": "Аулада тегін тұрақ бар."},
        "amenities": "Угощаем кофе, есть Wi-Fi.",
    },
    "categories": [{"id": "nails", "name": "Ногтевой сервис", "aliases": ["ногти", "тырнақ"]}],
    "services": [
        {"id": "m-classic", "name": {"ru": "Маникюр классический", "kk": "Классикалық маникюр", "en": "Classic manicure"},
         "category": "nails", "price": "4 000", "duration": "45"},
        {"id": "m-gel", "name": {"ru": "Маникюр с гель-лаком", "kk": "Гель-лак маникюр", "en": "Gel polish manicure"},
         "aliases": ["маникюр с покрытием", "шеллак"], "category": "nails", "price": "7 000", "duration": "1 ч 30 мин",
         "note": "Снятие включено"},
        {"id": "pedi", "name": {"ru": "Педикюр", "en": "Pedicure"}, "category": "nails", "price_from": "8 000", "duration": "60"},
        {"id": "cut", "name": {"ru": "Женская стрижка", "kk": "Әйел шаш қию", "en": "Haircut"}, "aliases": ["шаш қию"],
         "variants": [{"name": "короткие волосы", "price": "5 000"}, {"name": "длинные волосы", "price": "8 000"}]},
        {"id": "mencut", "name": "Мужская стрижка", "price": "3 500", "duration": "30"},
        {"id": "brow", "name": "Коррекция бровей", "aliases": ["брови"], "price": "2 500"},
        {"id": "mass", "name": "Массаж головы", "duration": "20"},
        {"id": "consult", "name": "Подбор ухода", "free": True},
    ],
    "services_complete": True,
    "promotions": [
        {"id": "birthday", "text": "Скидка 10 % в день рождения и три дня после.", "aliases": ["день рождения", "именинникам"]},
        {"id": "old", "text": "Осенняя скидка 20 %.", "until": "2025-11-30"},
    ],
    "discounts": {"otherwise": "Других скидок, к сожалению, нет."},
    "payment": {
        "methods": [
            {"name": "наличные", "aliases": ["нал", "наличными", "қолма-қол"]},
            {"name": "Kaspi QR", "aliases": ["каспи", "kaspi"]},
            {"name": "карта American Express", "aliases": ["амекс"], "accepted": False},
        ],
        "prepayment": "Предоплата не нужна.",
    },
    "rules": {
        "lateness": "Ждём 15 минут, дальше сокращаем процедуру.",
        "children": "Принимаем детей с 5 лет.",
        "pets": "С животными нельзя.",
        "certificates": "Есть подарочные сертификаты от 10 000 ₸.",
        "booking": "Записаться можно здесь или по телефону.",
        "hygiene": "Инструменты проходят три этапа стерилизации.",
    },
    "care": [{"services": ["nails"], "before": "Снимать старое покрытие не нужно.", "after": "Два часа без воды."}],
    "attachments": [
        {"kind": "price_list", "url": "https://lotus.example/price.pdf", "caption": "Прайс-лист"},
        {"kind": "portfolio", "url": "https://lotus.example/works", "caption": "Наши работы", "aliases": ["галерея"]},
    ],
    "faq": [{"id": "lasts", "asked": ["сколько держится гель-лак", "гель-лак қанша тұрады тырнақта"],
             "answer": "Гель-лак держится две-три недели."}],
    "texts": {"call_to_action": {"ru": "Записать вас?", "kk": "Сізді жазайын ба?"}},
}  # fmt: skip

BIKES: dict[str, Any] = {
    "business": {"name": "Велодом", "phone": "+7 700 000 00 22"},
    "place": {"address": "пр. Велосипедный, 1", "hours": "9:00-20:00"},
    "categories": [{"id": "mtb", "name": "Горные велосипеды", "aliases": ["горник", "тау велосипеді", "mountain bike"]}],
    "services": [{"id": "tune", "name": "Техобслуживание велосипеда", "aliases": ["ТО велосипеда", "настройка велосипеда"],
                  "price_from": 6000, "price_to": 9000, "duration_from": "2 ч"}],
    "products": [
        {"id": "x13", "name": "Atlas X 13", "aliases": ["атлас икс 13"], "category": "mtb",
         "variants": [
             {"name": "27 дюймов", "price": 210000, "stock": {"count": 2, "as_of": "2026-01-14T03:00:00+00:00"}},
             {"name": "29 дюймов", "price": 230000, "stock": {"count": 0, "as_of": "2026-01-14T03:00:00+00:00"}},
         ], "warranty": "Гарантия 2 года"},
        {"id": "x14", "name": "Atlas X 14", "aliases": ["атлас икс 14"], "category": "mtb", "price": 350000,
         "stock": {"in_stock": True, "as_of": "2026-01-10T03:00:00+00:00"}},
        {"id": "helmet", "name": "Шлем", "price": 12000, "stock": {"in_stock": True, "as_of": "2026-01-14T03:00:00+00:00"}},
        {"id": "lock", "name": "Замок велосипедный", "price": 5500},
    ],
    "payment": {"tell": False, "methods": [{"name": "карта", "aliases": ["карточка"]}]},
    "discounts": {"tell": False},
    "promotions": [{"id": "kit", "text": "Шлем в подарок."}],
    "rules": {"delivery": "Доставка по городу бесплатная от 50 000 ₸.", "returns": "Возврат в течение 14 дней.",
              "warranty": "На всё гарантия 6 месяцев.", "wholesale": "Оптом от 10 штук."},
}  # fmt: skip

VET: dict[str, Any] = {
    "language": "kk",
    "business": {"name": "Дос", "phone": "+7 700 000 00 33"},
    "place": {"hours": {"mon-sat": "9:00-19:00"}, "parking": "Тұрақ ақылы, сағатына 200 ₸."},
    "branches": [
        {"slug": "east", "name": {"ru": "Восток", "kk": "Шығыс"}, "address": "Шығыс көшесі, 7", "phone": "+7 700 000 00 34"},
        {"slug": "west", "name": {"ru": "Запад", "kk": "Батыс"}, "address": "Батыс көшесі, 9", "hours": "24/7"},
    ],
    "services": [
        {"id": "check", "name": {"kk": "Дәрігер қабылдауы", "ru": "Приём врача", "en": "Vet check"}, "price": 5000,
         "at": {"west": {"price": 6500}}},
        {"id": "vaccine", "name": {"kk": "Екпе", "ru": "Вакцинация", "en": "Vaccination"}, "aliases": ["прививка"],
         "price": 9000, "branches": ["east"]},
        {"id": "xray", "name": {"kk": "Рентген", "ru": "Рентген", "en": "X-ray"}, "price_from": 7000},
    ],
    "payment": {"methods": [{"name": {"ru": "карта", "kk": "карта", "en": "card"}}, {"name": {"ru": "наличные", "kk": "қолма-қол ақша", "en": "cash"}}],
                "instalments": "Бөліп төлеу жоқ."},
    "rules": {"walk_in": {"kk": "Жазылусыз да қабылдаймыз.", "ru": "Принимаем и без записи."}},
}  # fmt: skip

PACKS = {"salon": SALON, "bikes": BIKES, "vet": VET}
