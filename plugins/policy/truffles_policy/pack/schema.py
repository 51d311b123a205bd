"""The schema of a pack: everything that one business may tell its customers, in one file.

What a pack does not say is unknown: nobody guesses it, a human is asked. All texts are `Words`: a line in the pack's own
`language`, or one for each language. `aliases` are what customers call a thing, in any language and spelling; forms,
slips, transliteration and the wrong keyboard layout need not be listed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from truffles_policy.pack.names import slips
from truffles_policy.pack.values import (
    CalendarDay,
    Hours,
    Id,
    Language,
    Line,
    Minutes,
    Money,
    Part,
    Phone,
    Week,
    Words,
)  # fmt: skip

Aliases = tuple[Line, ...]
STALE_HOURS = 24


class Business(Part):
    """Who it is. `kind` is what it is called in a sentence ("салон красоты"); `about` one or two sentences."""

    name: Words
    kind: Words | None = None
    about: Words | None = None
    phone: Phone | None = None
    email: Line | None = None
    website: Line | None = None
    social: dict[str, Line] = Field(default={})
    speaks: tuple[Words, ...] = Field(
        (),
        description="The languages that people there speak with customers, as told: [русский, {ru: казахский, kk: қазақ тілі}].",
    )


class DayOff(Part):
    """A day, or the days until another one, with hours of their own; `why` is told with them."""

    on: CalendarDay
    until: CalendarDay | None = None
    hours: Hours
    why: Words | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is None:
            return self
        if bool(self.on.year) != bool(self.until.year):
            raise ValueError("one end has a year and the other has none. Give it to both, or to neither")
        first, last = ((each.year, each.month, each.day) for each in (self.on, self.until))
        if self.on.year and last < first:
            raise ValueError("until lies before on. Swap them")
        return self


class Place(Part):
    """Where it is and when it is open. `hours` by day; a day that is not named is unknown. `landmark` tells the way."""

    address: Words | None = None
    landmark: Words | None = None
    map: Line | None = None
    phone: Phone | None = None
    hours: Week = Field(default={})
    exceptions: tuple[DayOff, ...] = ()
    parking: Words | None = None
    entrance: Words | None = None
    amenities: Words | None = None


class BranchPlace(Place):
    """One branch of several, by the slug that the tenant's config has for it; what it leaves out is as in `place`."""

    slug: Id
    name: Words
    aliases: Aliases = ()


class Priced(Part):
    """What something costs. One of: `price`; `price_from`, with or without `price_to`; `free`. None: it is not known.
    `per` is for what ("за один ноготь"): it stands behind the price as it is."""

    price: Money | None = None
    price_from: Money | None = None
    price_to: Money | None = None
    free: bool = False
    per: Words | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if self.price is not None and (self.price_from is not None or self.price_to is not None):
            raise ValueError("price stands beside price_from or price_to. Keep one of them")
        if self.free and (self.price or self.price_from or self.price_to):
            raise ValueError("free stands beside a price. Keep one of them")
        if self.price_to is not None and self.price_from is None:
            raise ValueError("price_to needs price_from")
        if self.price_to is not None and self.price_from is not None and self.price_to < self.price_from:
            raise ValueError("price_to is less than price_from")
        return self

    @property
    def is_priced(self) -> bool:
        """Is it known what it costs?"""
        return self.free or self.price is not None or self.price_from is not None


class Variant(Priced):
    """One kind of a service: short and long hair, one and several rooms."""

    name: Words
    aliases: Aliases = ()
    duration: Minutes | None = None
    duration_from: Minutes | None = None


class At(Priced):
    """What is different at one branch."""

    duration: Minutes | None = None
    duration_from: Minutes | None = None


class Service(Priced):
    """What customers come for. `branches`: only there; `at`: other prices there; `note` is told with the price; `per` says behind
    it what it is for ("за сеанс")."""

    id: Id
    name: Words
    aliases: Aliases = ()
    category: Id | None = None
    duration: Minutes | None = None
    duration_from: Minutes | None = None
    variants: tuple[Variant, ...] = ()
    note: Words | None = None
    bookable: bool = True
    branches: tuple[Id, ...] = ()
    at: dict[Id, At] = Field(default={})


class Stock(Part):
    """How much there is: a number, or `in_stock`. `as_of` is when it was counted; older than a day, it is not told."""

    count: Annotated[int, Field(ge=0)] | None = None
    in_stock: bool | None = None
    as_of: AwareDatetime

    def known(self, now: datetime) -> bool | None:
        """Is there any? None: it is not known, or no longer."""
        if (now - self.as_of).total_seconds() > STALE_HOURS * 3600:
            return None
        return self.in_stock if self.count is None else self.count > 0


class Model(Priced):
    """One variant of a product ("128 ГБ, чёрный")."""

    name: Words
    aliases: Aliases = ()
    stock: Stock | None = None
    stock_at: dict[Id, Stock] = Field(default={})


class Product(Priced):
    """What customers buy. `facts` are lines about it ("камера 50 Мп"); `warranty` as told."""

    id: Id
    name: Words
    aliases: Aliases = ()
    category: Id | None = None
    variants: tuple[Model, ...] = ()
    stock: Stock | None = None
    stock_at: dict[Id, Stock] = Field(default={})
    facts: tuple[Words, ...] = ()
    warranty: Words | None = None
    note: Words | None = None
    branches: tuple[Id, ...] = ()


class Category(Part):
    """What several services or products are together ("маникюр", "смартфоны"): asked for, all of them are told. `note` is told
    behind them, and behind each that is told alone: once in a reply ("Взятие крови — 700 ₸ один раз")."""

    id: Id
    name: Words
    aliases: Aliases = ()
    note: Words | None = None


class Promotion(Part):
    """A discount or an offer, as customers may read it: `text` says to whom and when. It holds from `since` to `until`,
    both days included; `applies_to` names services, products or categories; () means all."""

    id: Id
    text: Words
    aliases: Aliases = ()
    percent: Annotated[int, Field(gt=0, le=100)] | None = None
    since: date | None = None
    until: date | None = None
    applies_to: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until lies before since. Swap them")
        return self

    def holds(self, today: date) -> bool:
        """Does it hold today?"""
        return (self.since is None or self.since <= today) and not self.is_over(today)

    def is_over(self, today: date) -> bool:
        """Has its last day passed?"""
        return self.until is not None and self.until < today


class Discounts(Part):
    """What may be said of discounts. `tell`: the promotions may be told; else a human answers. `otherwise` is told to who
    wants more than them ("других скидок нет"); without it a human answers."""

    tell: bool = True
    otherwise: Words | None = None


class Method(Part):
    """A way to pay ("Kaspi QR"). `accepted = false` says that this one is not: asked for it, the bot says so."""

    name: Words
    aliases: Aliases = ()
    accepted: bool = True
    note: Words | None = None


class Payment(Part):
    """How customers pay. `tell` = false: whatever is asked about paying goes to a human. Checks of payments, refunds and
    account numbers always do."""

    tell: bool = True
    methods: tuple[Method, ...] = ()
    prepayment: Words | None = Field(
        None,
        description="Whether something is paid before, and whether it is given back: told to who asks for that as a rule.",
    )
    instalments: Words | None = Field(None, description="Whether one may pay in parts.")
    text: Words | None = Field(
        None, description="How one may pay, in words of one's own; told in place of the list of `methods`."
    )


class Rules(Part):
    """House rules, each as customers may read it. What stands nowhere here belongs into `faq`."""

    booking: Words | None = Field(
        None,
        description='How one books; told who asks that ("как записаться?"). Whether wishes for a time are collected, `booking` says.',
    )
    walk_in: Words | None = Field(None, description='Coming without a booking ("можно без записи?").')
    lateness: Words | None = Field(
        None, description='What happens if one is late ("что если я опоздаю?"); who is late now gets a human.'
    )
    cancellation: Words | None = Field(
        None, description='How a booking may be cancelled ("как отменить запись?"); who wants it done gets a human.'
    )
    rescheduling: Words | None = Field(
        None, description='How a booking may be moved ("можно перенести запись?"); who wants it done gets a human.'
    )
    guests: Words | None = Field(
        None, description='Coming with a friend, or somebody along ("можно прийти с подругой?").'
    )
    children: Words | None = Field(
        None, description='Children who come, or come along, and from which age ("можно с ребёнком?").'
    )
    pets: Words | None = Field(None, description='Coming with an animal ("можно с собакой?").')
    warranty: Words | None = Field(
        None,
        description='The warranty on all work and goods ("какая гарантия?"); that of one product is its own `warranty`.',
    )
    returns: Words | None = Field(
        None,
        description='Bringing goods back, or changing them ("если не подойдёт, можно вернуть?"); who wants their money gets a human.',
    )
    delivery: Words | None = Field(None, description='Delivery: where to, for how much ("доставка есть?").')
    pickup: Words | None = Field(None, description='Fetching an order oneself ("есть самовывоз?").')
    certificates: Words | None = Field(None, description='Gift cards ("есть подарочные сертификаты?").')
    hygiene: Words | None = Field(
        None, description='How instruments are sterilised, how clean it is ("инструменты стерилизуете?").'
    )
    materials: Words | None = Field(
        None, description='Materials and brands that are worked with ("на каких материалах работаете?").'
    )
    home_visits: Words | None = Field(None, description='Coming to the customer ("на дом выезжаете?").')
    staff: Words | None = Field(
        None, description='Who works here, and how experienced they are ("кто у вас работает?").'
    )
    consultation: Words | None = Field(
        None, description='Consultations: whether, and for how much ("консультация платная?").'
    )
    men: Words | None = Field(None, description='Whether men are served ("мужчин стрижёте?").')
    documents: Words | None = Field(None, description='Papers to bring along ("какие документы взять с собой?").')
    vacancies: Words | None = Field(None, description='Jobs ("вакансии есть?").')
    training: Words | None = Field(None, description='Courses and training that are given ("есть курсы обучения?").')
    wholesale: Words | None = Field(None, description='Selling in bulk ("оптом продаёте?").')


class Care(Part):
    """How to prepare for services, and what to mind afterwards. `services` names services or categories."""

    services: Annotated[tuple[Id, ...], Field(min_length=1)]
    before: Words | None = None
    after: Words | None = None


class File(Part):
    """A file or link that customers ask for. `url` is public; `caption` is what stands with it."""

    kind: Literal["price_list", "portfolio", "map", "menu", "instructions", "other"] = Field(
        description="What it is asked for as: the price list, or the menu; examples of work; the place on a map; `instructions` and `other` have no words of their own: give them `aliases`."
    )
    url: Annotated[str, Field(pattern=r"^https://\S+$")]
    caption: Words
    aliases: Aliases = ()


class Emergency(Part):
    """Signs at which a business has something to say at once, and a human must know (⚡): `signs` are what customers write
    ("не останавливается кровь"); `line` is told."""

    signs: Annotated[tuple[Line, ...], Field(min_length=1)]
    line: Words


class OffTopic(Part):
    """`anchors` are subjects that are none of the business's ("погода", "политика"); `ours` are words that sound like it and
    are not."""

    anchors: Aliases = ()
    ours: Aliases = ()


class Booking(Part):
    """Whether the bot collects wishes for a time. `ask` is what it asks for, in this order, three at most. It promises
    nothing: people confirm."""

    enabled: bool = False
    ask: Annotated[tuple[Literal["service", "when", "name"], ...], Field(min_length=1, max_length=3)] = (
        "service", "when", "name",
    )  # fmt: skip
    lead_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 30)] = 0
    days_ahead: Annotated[int, Field(ge=1, le=366)] = 60
    note: Words | None = None


class Question(Part):
    """A question that customers ask in so many words, and its answer. `branches`: only there."""

    id: Id | None = None
    asked: Annotated[tuple[Line, ...], Field(min_length=1)]
    answer: Words
    branches: tuple[Id, ...] = ()


class Texts(Part):
    """Lines of the business's own. `call_to_action` stands once behind a fact ("Записать вас?")."""

    call_to_action: Words | None = None
    closed_now: Words | None = None


class Pack(Part):
    """A business. `language` is the language of all texts that do not say theirs; `services_complete` and
    `products_complete`: what stands in no list is not offered, and the bot may say so."""

    pack: Literal[1, "1"] = 1
    language: Language = "ru"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "KZT"
    business: Business
    place: Place = Place()
    branches: tuple[BranchPlace, ...] = ()
    categories: tuple[Category, ...] = ()
    services: tuple[Service, ...] = ()
    services_complete: bool = False
    products: tuple[Product, ...] = ()
    products_complete: bool = False
    promotions: tuple[Promotion, ...] = ()
    discounts: Discounts = Discounts()
    payment: Payment = Payment()
    rules: Rules = Rules()
    care: tuple[Care, ...] = ()
    attachments: tuple[File, ...] = ()
    emergencies: tuple[Emergency, ...] = ()
    off_topic: OffTopic = OffTopic()
    booking: Booking = Booking()
    faq: tuple[Question, ...] = ()
    texts: Texts = Texts()

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        """Each slip has its own place, as if its field had been wrong."""
        found = [
            InitErrorDetails(type=PydanticCustomError("name", "{slip}", {"slip": slip}), loc=place, input=None)
            for place, slip in slips(self)
        ]
        if found:
            raise ValidationError.from_exception_data("Pack", found)
        return self
