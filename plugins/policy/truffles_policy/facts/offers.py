"""Services and products as lines of a price list: price, duration, variants, stock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from truffles_policy.facts.goods import Goods
from truffles_policy.facts.names import CATEGORY, PRODUCT, SERVICE, SOLD, Thing
from truffles_policy.facts.reading import OFFERS, Part
from truffles_policy.facts.told import Say, Told
from truffles_policy.pack.schema import At, Model, Pack, Priced, Product, Service, Stock
from truffles_policy.pack.wording import sentence

MOST = 6
INCLUDED = "included"
_COVERS = re.compile(
    r"вход[ия]т|включ|без стоимост|отдельн|дополнительн|бесплатн|с установкой|с наклейкой|кіреді|кірмейді|бірге|бөлек|тегін|қосымша|жапсыруымен|"
    r"includ|separate|without|extra|free|together|fitted|installed",
    re.IGNORECASE,
)
"""What a fact says where it tells what a price covers."""
_THERE = re.compile(
    r"\b(?:туда|сюда|в не[её]|в него|в эту|в это|there|оған|соған|ішіне)\b|\bin (?:it|that|this)\b", re.IGNORECASE
)
"""What is named beside such a word is what may be included, not what includes it."""


def covers(text: str) -> bool:
    """Does a fact tell what its price covers, or what is paid for beside it?"""
    return _COVERS.search(text) is not None


class Offers:
    """What a pack sells."""

    def __init__(self, pack: Pack, goods: Goods) -> None:
        self._goods = goods
        self._services = {each.id: each for each in pack.services}
        self._products = {each.id: each for each in pack.products}
        self._members = {
            category.id: [Thing(kind, each.id) for kind, sold in ((SERVICE, pack.services), (PRODUCT, pack.products))
                          for each in sold if each.category == category.id]
            for category in pack.categories
        }  # fmt: skip
        self._branches = {each.slug: each.name for each in pack.branches}
        notes = {each.id: each.note for each in pack.categories if each.note}
        self._notes = {thing.fact: notes[id] for id in notes for thing in self._members[id]}

    def told(self, part: Part, say: Say) -> list[Told]:
        """What is asked of the things of a part; nothing where it is not known of one that was asked for."""
        if part.ask == INCLUDED and (len(self._asked_of(part)) != 1 or _THERE.search(part.text)):
            return []
        if self._are_goods(part):
            return []
        facts: list[Told] = []
        for found in part.things:
            lines = self._family(part.ask, self.members(found.things), say)
            if not lines:
                return []
            facts += lines
        if part.ask == "offered":
            facts = self._offered(facts, self.members([thing for found in part.things for thing in found.things]), say)
        return self._noted(part.ask, facts, say)

    def _noted(self, ask: str, facts: list[Told], say: Say) -> list[Told]:
        """The facts, with what is said of a whole category behind the last of it: it holds for all of them, and is told once."""
        if ask in ("stock", "warranty"):
            return facts
        last = {say.words(self._notes[fact.id]): at for at, fact in enumerate(facts) if fact.id in self._notes}
        for note, at in last.items():
            facts[at] = replace(facts[at], text=self._with_note(facts[at].text, note, say))
        return facts

    def _with_note(self, text: str, note: str, say: Say) -> str:
        """A line more: before the one that says that there are others still, if any."""
        more = f"\n{say.text('fact_more')}"
        told = text.removesuffix(more)
        return f"{told}\n{sentence(note)}{text[len(told) :]}"

    def _are_goods(self, part: Part) -> bool:
        """Are goods asked for that are not sold: what is there is only what is done to them? The price of the work is no answer then."""
        named = [found.text for found in part.things if found.text not in part.text]
        return self._goods.are_asked(" ".join([part.text, *named]), self._asked_of(part))

    def _asked_of(self, part: Part) -> list[Thing]:
        """The single things of a part, those of categories among them."""
        return list(
            dict.fromkeys(
                thing.whole for thing in self.members([thing for found in part.things for thing in found.things])
            )
        )

    def _offered(self, facts: list[Told], things: Sequence[Thing], say: Say) -> list[Told]:
        """A "yes" before what is there. Whoever asks for goods is told of no work instead (`_are_goods`). Of a product that is counted, it says that there is some: not when the count is old."""
        there = [self._there(thing, say) for thing in things if thing.kind == PRODUCT]
        counted = [self._counted(thing) for thing in things if thing.kind == PRODUCT]
        if len(things) == 1 and counted == [True] and there == [None]:
            return []
        if all(there) and facts:
            facts[0] = replace(facts[0], text=f"{say.text('fact_yes')} {facts[0].text}")
        return facts

    def _there(self, thing: Thing, say: Say) -> bool | None:
        """Is there any of a product, in any variant? None: nobody knows."""
        product = self._products[thing.id]
        kept = [_stock(one, say) for one in self._kept(product, thing.variant)]
        return True if any(kept) else None if None in kept else False

    def is_uncertain(self, thing: Thing, say: Say) -> bool:
        """Is it goods that were counted, and so long ago, of some row at least, that nobody knows whether there are any?"""
        if thing.kind != PRODUCT or not self._counted(thing):
            return False
        return any(_stock(one, say) is None for one in self._kept(self._products[thing.id], thing.variant))

    def _counted(self, thing: Thing) -> bool:
        return any(one.stock or one.stock_at for one in self._kept(self._products[thing.id], thing.variant))

    def _kept(self, product: Product, variant: int) -> Sequence[Product | Model]:
        return [product.variants[variant]] if variant >= 0 else product.variants or [product]

    def members(self, things: Sequence[Thing]) -> list[Thing]:
        """The things, and those of the categories among them."""
        return list(dict.fromkeys(
            one for thing in things if thing.kind in SOLD
            for one in (self._members.get(thing.id, ()) if thing.kind == CATEGORY else [thing])
        ))  # fmt: skip

    def product(self, thing: Thing) -> Product | None:
        """The product that a thing is."""
        return self._products.get(thing.id) if thing.kind == PRODUCT else None

    def in_full(self, thing: Thing, say: Say) -> str:
        """A product with all that is to be said of it: prices, stock, what it is like, its warranty; "" where that is not one."""
        product = self.product(thing)
        if product is None:
            return ""
        more = [*map(say.words, product.facts), say.warranty(product.warranty)]
        like = " ".join(sentence(each) for each in more if each)
        note = self._notes.get(thing.fact)
        known = (self._product("", product, thing.variant, say), like, sentence(say.words(note)) if note else "")
        return "\n".join(filter(None, known))

    def again(self, thing: Thing, say: Say) -> list[Told]:
        """A thing that was told before, as it is now and here: a product with all that is said of it."""
        text = self.in_full(thing, say)
        return [say.line(thing.fact, text)] if text else self._noted(OFFERS, self._one(OFFERS, thing, say), say)

    def tells_what_is_covered(self, thing: Thing) -> bool:
        """Does the note beside a price, or that of its category, say what it covers, in any language?"""
        sold = self._services[thing.id] if thing.kind == SERVICE else self._products[thing.id]
        notes = (sold.note, self._notes.get(thing.fact))
        return any(covers(text) for note in notes if note for text in note.values())

    def all(self, say: Say) -> list[Told]:
        """Everything that is sold, where that is short enough to be told."""
        things = [*(Thing(SERVICE, id) for id in self._services), *(Thing(PRODUCT, id) for id in self._products)]
        return self._noted(OFFERS, self._family(OFFERS, things, say), say) if len(things) <= MOST else []

    def _family(self, ask: str, things: Sequence[Thing], say: Say) -> list[Told]:
        told = [fact for thing in things for fact in self._one(ask, thing, say)]
        if len(told) <= MOST:
            return told
        return [*told[: MOST - 1], replace(told[MOST - 1], text=f"{told[MOST - 1].text}\n{say.text('fact_more')}")]

    def _one(self, ask: str, thing: Thing, say: Say) -> list[Told]:
        if ask == INCLUDED and not self.tells_what_is_covered(thing):
            return []
        if thing.kind == SERVICE:
            text = self._service(ask, self._services[thing.id], thing.variant, say)
        else:
            text = self._product(ask, self._products[thing.id], thing.variant, say)
        return [say.line(thing.fact, text)] if text else []

    # --- services

    def _service(self, ask: str, service: Service, variant: int, say: Say) -> str:
        if ask in ("stock", "warranty"):
            return ""
        where = service.branches or tuple(self._branches)
        if say.branch in where or not where:
            return self._line(ask, service, variant, say.branch, say)
        told: dict[str, list[str]] = {}
        for slug in where:
            told.setdefault(self._line(ask, service, variant, slug, say), []).append(slug)
        if len(told) == 1 and len(where) == len(self._branches):
            return next(iter(told))
        return "\n".join(f"{line} ({self._where(slugs, say)})" for line, slugs in told.items() if line)

    def _where(self, slugs: Sequence[str], say: Say) -> str:
        """Names of branches."""
        return ", ".join(say.words(self._branches[slug]) for slug in slugs if slug in self._branches)

    def _line(self, ask: str, service: Service, variant: int, branch: str, say: Say) -> str:
        """One service, or each of its variants."""
        here: Service | At = service.at.get(branch, service) if branch else service
        name = say.words(service.name)
        variants = [service.variants[variant]] if variant >= 0 else service.variants
        rows = [self._row(ask, f"{name}, {say.words(one.name)}", one, say.lasts(one, service), say) for one in variants]
        if variant < 0 and (here.is_priced or not service.variants):
            rows.insert(0, self._row(ask, name, here, say.lasts(here, service), say))
        known = [row for row in rows if row]
        if not known or (variant >= 0 and not rows[0]):
            return ""
        note = f" {sentence(say.words(service.note))}" if service.note else ""
        return "\n".join(known) + (f".{note}" if note and not known[-1].endswith(".") else note)

    def _row(self, ask: str, name: str, priced: Priced, time: str, say: Say) -> str:
        price = say.price(priced)
        if (ask == "price" and not price) or (ask == "duration" and not time):
            return ""
        rest = ", ".join(filter(None, (price, time)))
        return f"{name} — {rest}" if rest else name

    # --- products

    def _product(self, ask: str, product: Product, variant: int, say: Say) -> str:
        if ask == "duration":
            return ""
        if say.branch and product.branches and say.branch not in product.branches and ask == "stock":
            return ""
        if ask == "warranty":
            text = sentence(say.warranty(product.warranty)) if product.warranty else ""
            return f"{say.words(product.name)}. {text}" if text else ""
        models: Sequence[Model] = [product.variants[variant]] if variant >= 0 else product.variants
        name = say.words(product.name)
        rows = [self._item(ask, f"{name}, {say.words(one.name)}", one, one, say) for one in models]
        if variant < 0 and (product.is_priced or not product.variants):
            rows.insert(0, self._item(ask, name, product, product, say))
        if ask == "stock" and any(not row for row in rows):
            return ""
        note = f". {sentence(say.words(product.note))}" if product.note and any(rows) else ""
        return "\n".join(filter(None, rows)) + note

    def _item(self, ask: str, name: str, priced: Priced, kept: Product | Model, say: Say) -> str:
        price, there = say.price(priced), _stock(kept, say)
        if (ask == "price" and not price) or (ask == "stock" and there is None):
            return ""
        known = "" if there is None else say.text("fact_in_stock" if there else "fact_out_of_stock")
        rest = ", ".join(filter(None, (price, known)))
        return f"{name} — {rest}" if rest else name


def _stock(kept: Product | Model, say: Say) -> bool | None:
    """Is there any here? Of several branches only where it is the same in all."""
    now = say.now.astimezone(UTC)
    there: dict[str, Stock] = dict(kept.stock_at)
    if say.branch and say.branch in there:
        return there[say.branch].known(now)
    if say.branch or not there:
        return kept.stock.known(now) if kept.stock else None
    known = {stock.known(now) for stock in there.values()}
    return known.pop() if len(known) == 1 else None
