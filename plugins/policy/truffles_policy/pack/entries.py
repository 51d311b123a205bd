"""The facts of a pack as entries of the tenant's knowledge, so that they are found by their meaning, too.

Stock is left out: an entry does not know the time. A promotion with days is not, since the plugin is asked before it is told
(`Policy.told`). What the pack keeps for people is left out. A branch's facts carry its tag; where it has none, they carry its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from truffles_gateway.plugin import OWN, Entry, Texts
from truffles_policy.pack.schema import BranchPlace, Method, Pack, Place, Product, Service
from truffles_policy.pack.telling import Telling, sentences
from truffles_policy.pack.values import Words
from truffles_policy.pack.wordings import asked, sentences_of

ASKED = {
    "address": ("Адрес, где вы находитесь, как доехать", "Мекенжай, қайда орналасқансыз", "Address, where are you"),
    "landmark": ("Ориентир, как вас найти", "Бағдар, қалай табуға болады", "Landmark, how to find you"),
    "hours": ("Режим работы, часы работы, до скольки открыты", "Жұмыс уақыты, нешеге дейін ашық", "Opening hours"),
    "parking": ("Парковка, где поставить машину", "Көлік тұрағы", "Parking"),
    "entrance": ("Вход, подъезд, пандус", "Кіреберіс, пандус", "Entrance, access"),
    "amenities": ("Удобства", "Қолайлылық", "Amenities"),
    "phone": ("Телефон, номер для звонка", "Телефон нөмірі", "Phone number"),
    "about": ("Кто вы, чем занимаетесь", "Сіздер кімсіздер, немен айналысасыз", "Who are you, what do you do"),
    "contacts": ("Контакты, сайт, почта, соцсети", "Байланыс, сайт, әлеуметтік желілер", "Contacts, website"),
    "payment": ("Оплата, как можно оплатить", "Төлем, қалай төлеуге болады", "Payment, how can I pay"),
    "prepayment": ("Предоплата, задаток", "Алдын ала төлем", "Prepayment, deposit"),
    "instalments": ("Рассрочка, кредит", "Бөліп төлеу, несие", "Instalments"),
    "booking": ("Как записаться", "Қалай жазылуға болады", "How to book"),
    "walk_in": ("Без записи, живая очередь", "Жазылусыз келу", "Walk-in, without booking"),
    "lateness": ("Опоздание", "Кешігу", "Being late"),
    "cancellation": ("Отмена записи", "Жазылудан бас тарту", "Cancellation"),
    "rescheduling": ("Перенос записи", "Жазылуды ауыстыру", "Rescheduling"),
    "guests": ("Прийти с другом, сопровождающие", "Еріп келушілер", "Guests, company"),
    "children": ("Дети, можно ли с ребёнком", "Балалар, баламен келуге бола ма", "Children"),
    "pets": ("Животные, можно ли с собакой", "Жануарлар", "Pets"),
    "warranty": ("Гарантия", "Кепілдік", "Warranty"),
    "returns": ("Возврат и обмен", "Қайтару және айырбастау", "Returns and exchange"),
    "delivery": ("Доставка", "Жеткізу", "Delivery"),
    "pickup": ("Самовывоз", "Өзі алып кету", "Pickup"),
    "certificates": ("Подарочные сертификаты", "Сыйлық сертификаттары", "Gift certificates"),
    "hygiene": ("Гигиена, стерилизация инструментов", "Гигиена, құралдарды зарарсыздандыру", "Hygiene"),
    "materials": ("Материалы, чем работаете", "Материалдар", "Materials"),
    "home_visits": ("Выезд на дом", "Үйге шығу", "Home visits"),
    "staff": ("Мастера, специалисты, опыт", "Шеберлер, мамандар", "Staff, experience"),
    "consultation": ("Консультация", "Кеңес", "Consultation"),
    "men": ("Мужчины, обслуживаете ли мужчин", "Ерлерге қызмет көрсету", "Men"),
    "documents": ("Документы, что взять с собой", "Құжаттар", "Documents"),
    "vacancies": ("Вакансии, работа у вас", "Бос жұмыс орындары", "Vacancies"),
    "training": ("Обучение, курсы", "Оқыту, курстар", "Training, courses"),
    "wholesale": ("Опт, оптовые цены", "Көтерме сауда", "Wholesale"),
    "discounts": ("Скидки, акции", "Жеңілдіктер, акциялар", "Discounts, offers"),
    "care": ("Подготовка и уход", "Дайындық пен күтім", "Preparation and after-care"),
}
"""How customers ask for what every business has, in Russian, Kazakh and English."""
SPOTS = ("address", "landmark", "hours", "parking", "entrance", "amenities", "phone")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: what it is called, what is told of it, at which branch alone, if so, and in which sentences its names are said."""

    id: str
    names: Sequence[str]
    text: str
    branch: BranchPlace | None = None
    said: Sequence[str] = ()


def entries(
    pack: Pack, tags: Mapping[str, str], texts: Texts, language: str = "", wordings: Mapping[str, Sequence[str]] | None = None
) -> list[Entry]:  # fmt: skip
    """All facts of a pack as knowledge, in its own language or another one; `tags` are the tags of the branches by slug,
    `wordings` the tenant's own, by the fact."""
    telling = Telling(pack, texts, language)
    return [_entry(fact, tags, telling, wordings or {}) for fact in facts(pack, telling) if fact.text]


def _entry(fact: Fact, tags: Mapping[str, str], telling: Telling, wordings: Mapping[str, Sequence[str]]) -> Entry:
    tag = tags.get(fact.branch.slug, "") if fact.branch else ""
    where = telling.own(fact.branch.name) if fact.branch and not tag else ""
    names = ", ".join(dict.fromkeys([where, *fact.names] if where else fact.names))
    return Entry(id=f"{OWN}{fact.id}", question=names, answer=f"{where}: {fact.text}" if where else fact.text, tag=tag,
                 asked=asked(fact.id, wordings, fact.said))  # fmt: skip


def besides(pack: Pack) -> Iterator[str]:
    """The facts that are told and are no entries: links and lines that are nothing to be found by their meaning."""
    if pack.business.speaks:
        yield "business.speaks"
    if pack.discounts.tell and pack.discounts.otherwise:
        yield "discounts"
    yield from (part for part in ("services", "products") if getattr(pack, f"{part}_complete"))
    if pack.place.map:
        yield "place.map"
    for branch in pack.branches:
        yield from [f"branches.{branch.slug}.map"] if branch.map else []
        yield from [f"branches.{branch.slug}.hours"] if branch.exceptions else []


def facts(pack: Pack, telling: Telling) -> Iterator[Fact]:
    """Everything that an entry may say."""
    yield from _places(pack, telling)
    yield from _business(pack, telling)
    yield from _things(pack, telling)
    yield from _money(pack, telling)
    for key in type(pack.rules).model_fields:
        yield Fact(f"rules.{key}", ASKED[key], telling.own(getattr(pack.rules, key)))
    yield from _lists(pack, telling)


def _places(pack: Pack, telling: Telling) -> Iterator[Fact]:
    """Where it is and when it is open; what one branch has otherwise is told for each of them."""
    for spot in SPOTS:
        if any(getattr(branch, spot) for branch in pack.branches):
            for branch in pack.branches:
                place = branch if getattr(branch, spot) else pack.place
                yield Fact(f"branches.{branch.slug}.{spot}", ASKED[spot], _spot(place, spot, telling), branch)
        else:
            yield Fact(f"place.{spot}", ASKED[spot], _spot(pack.place, spot, telling))


def _spot(place: Place, spot: str, telling: Telling) -> str:
    if spot == "hours":
        return telling.hours(place)
    if spot == "phone":
        return place.phone or ""
    text = telling.own(getattr(place, spot))
    return f"{text} {place.map}" if text and spot == "address" and place.map else text


def _business(pack: Pack, telling: Telling) -> Iterator[Fact]:
    business = pack.business
    yield Fact("business.about", [*ASKED["about"], *business.name.values()], telling.own(business.about))
    ways = [
        business.phone,
        business.email,
        business.website,
        *(f"{at}: {name}" for at, name in business.social.items()),
    ]
    yield Fact("business.contacts", ASKED["contacts"], ", ".join(filter(None, ways)))


def _things(pack: Pack, telling: Telling) -> Iterator[Fact]:
    branches = {branch.slug: branch for branch in pack.branches}
    count = len(pack.services) + len(pack.products)
    notes = {each.id: telling.sentence(each.note) for each in pack.categories}
    for service in pack.services:
        names, said = _names(service.name, service.aliases), sentences_of("services", service, pack.language, count)
        there = service.branches or (branches if service.at else ())
        for slug in there:
            text = _noted(telling.thing(service.name, service, service.at.get(slug)), notes.get(service.category or ""))
            yield Fact(f"services.{service.id}@{slug}", names, text, branches[slug], said)
        if not there:
            text = _noted(telling.thing(service.name, service), notes.get(service.category or ""))
            yield Fact(f"services.{service.id}", names, text, said=said)
    for product in pack.products:
        names = _names(product.name, product.aliases)
        text = _noted(telling.thing(product.name, product), notes.get(product.category or ""))
        said = sentences_of("products", product, pack.language, count)
        yield from _at(f"products.{product.id}", names, text, product.branches, branches, said)
    for category in pack.categories:
        filed: list[Service | Product] = [
            each for part in (pack.services, pack.products) for each in part if each.category == category.id
        ]
        everywhere = not any(each.branches or (isinstance(each, Service) and each.at) for each in filed)
        text = sentences([telling.thing(each.name, each) for each in filed]) if everywhere else ""
        yield Fact(
            f"categories.{category.id}",
            _names(category.name, category.aliases),
            _noted(text, notes[category.id]) if text else "",
        )


def _noted(text: str, note: str | None) -> str:
    """What is told of a thing, with what its category says of all that is filed there: on a line of its own, so that several tell it once."""
    return f"{text}\n{note}" if note else text


def _money(pack: Pack, telling: Telling) -> Iterator[Fact]:
    payment = pack.payment
    if payment.tell:
        ways = ", ".join(_way(each, telling) for each in payment.methods if each.accepted)
        others = [telling.refused(each) for each in payment.methods if not each.accepted]
        alone = others and not payment.text  # which says what is accepted in words of its own
        names = [*ASKED["payment"], *(alias for each in payment.methods for alias in _names(each.name, each.aliases))]
        yield Fact(
            "payment",
            names,
            sentences([telling.accepted(ways) if ways and alone else ways, *others, telling.own(payment.text)]),
        )
        for key in ("prepayment", "instalments"):
            yield Fact(f"payment.{key}", ASKED[key], telling.own(getattr(payment, key)))
    if pack.discounts.tell:
        for each in pack.promotions:
            yield Fact(f"promotions.{each.id}", [*ASKED["discounts"], *each.aliases], telling.own(each.text))


def _way(method: Method, telling: Telling) -> str:
    """A way to pay, with what is to be said of it."""
    return sentences([telling.own(method.name), telling.own(method.note)]).rstrip(".")


def _lists(pack: Pack, telling: Telling) -> Iterator[Fact]:
    branches = {branch.slug: branch for branch in pack.branches}
    things = {each.id: each.name for part in (pack.services, pack.products, pack.categories) for each in part}
    for at, care in enumerate(pack.care):
        about = [name for id in care.services for name in things[id].values()]
        for when in ("before", "after"):
            text = telling.own(getattr(care, when))
            yield Fact(f"care.{at}.{when}", [*ASKED["care"], *about], text)
    for at, file in enumerate(pack.attachments):
        caption = telling.own(file.caption)
        # "Our works" is a caption and no name: "will that work?" is not called so
        yield Fact(f"attachments.{at}", file.aliases or [caption], f"{caption}: {file.url}")
    for at, question in enumerate(pack.faq):
        id, text = f"faq.{question.id or at}", telling.own(question.answer)
        yield from _at(id, question.asked, text, question.branches, branches)


def _at(
    id: str, names: Sequence[str], text: str, only: Sequence[str], branches: Mapping[str, BranchPlace], said: Sequence[str] = ()
) -> Iterator[Fact]:  # fmt: skip
    """A fact of some branches, or of all."""
    if not only:
        yield Fact(id, names, text, said=said)
    for slug in only:
        yield Fact(f"{id}@{slug}", names, text, branches[slug], said)


def _names(name: Words, aliases: Sequence[str]) -> list[str]:
    return [*name.values(), *aliases]
