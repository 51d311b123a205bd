"""Money, promotions, rules, files and what a business is: told as the pack says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from truffles_policy.facts.claims import claims
from truffles_policy.facts.names import FILE, METHOD, PROMOTION, SOCIAL, Thing
from truffles_policy.facts.offers import Offers
from truffles_policy.facts.places import Places
from truffles_policy.facts.reading import Part
from truffles_policy.facts.things import Things
from truffles_policy.facts.told import Say, Told
from truffles_policy.pack.paying import accepted, is_of_instalments, refused
from truffles_policy.pack.schema import File, Method, Pack, Promotion
from truffles_policy.pack.wording import sentence

_COSTS = re.compile(r"\d|бесплатн|платн|тегін|ақылы|free", re.IGNORECASE)


class House:
    """What a pack says beside services and products."""

    def __init__(self, pack: Pack, things: Things, places: Places, offers: Offers) -> None:
        self._pack, self._things, self._places, self._offers = pack, things, places, offers
        self._answers: Mapping[str, Callable[[Part, Say], list[Told]]] = {
            "payment": self._payment, "promotions": self._promotions, "discount_wish": self._wish,
            "prepayment": lambda part, say: self._paying("prepayment", say),
            "instalments": lambda part, say: self._instalments(say),
            "warranty": self._warranty, "preparation": lambda part, say: self._care("before", part, say),
            "aftercare": lambda part, say: self._care("after", part, say),
            "price_list": self._price_list, "portfolio": lambda part, say: self.files("portfolio", say),
            "file": self._file, "things_list": self._list, "about": self._about, "speaks": self._speaks,
            "phone": self._phone, "email": lambda part, say: self._contact("email", say),
            "website": lambda part, say: self._contact("website", say), "social": self._social,
        }  # fmt: skip

    def told(self, part: Part, say: Say) -> list[Told] | None:
        """What is asked, [] where it is not known; None where it is nobody's here."""
        if part.ask.startswith("rules."):
            key = part.ask.removeprefix("rules.")
            facts = say.own(f"rules.{key}", getattr(self._pack.rules, key), inviting=key != "vacancies")
        elif part.ask.startswith("amenity_"):
            facts = self._amenity(part, say)
        elif part.ask in self._answers:
            facts = self._answers[part.ask](part, say)
        else:
            return None
        costs = part.qualified and not any(_COSTS.search(fact.text) for fact in facts)
        return [] if costs else facts

    def _amenity(self, part: Part, say: Say) -> list[Told]:
        """What speaks of the amenity that is asked for: the amenities, else the entrance or the parking."""
        for field in ("amenities", "entrance", "parking"):
            facts = self._places.field(field, say)
            if facts and all(self._speaks_of(part.ask, fact.text) for fact in facts):
                return facts
        return []

    def _speaks_of(self, ask: str, text: str) -> bool:
        return any(claim.name == ask for claim in claims(self._things.vocabulary.words(text), self._things))

    # --- money

    def _paying(self, field: Literal["prepayment", "instalments"], say: Say) -> list[Told]:
        payment = self._pack.payment
        return say.own(f"payment.{field}", getattr(payment, field)) if payment.tell else []

    def _instalments(self, say: Say) -> list[Told]:
        """What stands of them, else that they are among what is not accepted, and what is."""
        payment = self._pack.payment
        none = [each for each in payment.methods if not each.accepted and is_of_instalments(each)]
        if payment.instalments is not None or not none or not payment.tell:
            return self._paying("instalments", say)
        return [say.line("payment", self._ways(none[:1], say))]

    def _ways(self, asked: Sequence[Method], say: Say) -> str:
        """Whether one may pay so; where one may not at all, how else."""
        lines = []
        for each in asked:
            text = say.text("fact_paid", method=say.words(each.name)) if each.accepted else refused(each, say)
            lines.append(f"{text} {sentence(say.words(each.note))}" if each.note else text)
        others = "" if any(each.accepted for each in asked) else accepted(self._pack.payment, say)
        return " ".join(filter(None, [*lines, others]))

    def _payment(self, part: Part, say: Say) -> list[Told]:
        payment = self._pack.payment
        asked = [payment.methods[int(thing.id)] for thing in part.others if thing.kind == METHOD]
        if not payment.tell:
            return []
        if asked:
            return [
                say.line("payment", self._ways(list({each.model_dump_json(): each for each in asked}.values()), say))
            ]
        if payment.text:
            return say.own("payment", payment.text)
        ways = [say.words(each.name) for each in payment.methods if each.accepted]
        return [say.line("payment", say.text("fact_payment", methods=", ".join(ways)))] if ways else []

    def _promotions(self, part: Part, say: Say) -> list[Told]:
        """The promotions of today that are meant: by name, by thing, else all."""
        if not self._pack.discounts.tell:
            return []
        facts = self._holding(part, say)
        named = any(thing.kind == PROMOTION for thing in part.others)
        return facts or (say.own("discounts", self._pack.discounts.otherwise) if not part.things and not named else [])

    def _holding(self, part: Part, say: Say) -> list[Told]:
        holding = [each for each in self._pack.promotions if each.holds(say.now.date())]
        named = {thing.id for thing in part.others if thing.kind == PROMOTION}
        if named:
            holding = [each for each in holding if each.id in named]
        elif part.things:
            holding = [each for each in holding if self._applies(each, part)]
        return [fact for each in holding for fact in say.own(f"promotions.{each.id}", each.text)]

    def _applies(self, promotion: Promotion, part: Part) -> bool:
        wanted = {id for found in part.things for thing in found.things for id in self._filed(thing)}
        return not promotion.applies_to or not wanted.isdisjoint(promotion.applies_to)

    def _filed(self, thing: Thing) -> set[str]:
        """The ids under which rules may name a thing: its own and its category's."""
        filed = [*((each.id, each.category) for each in self._pack.services),
                 *((each.id, each.category) for each in self._pack.products)]  # fmt: skip
        return {thing.id, *(category for id, category in filed if id == thing.id and category)}

    def _wish(self, part: Part, say: Say) -> list[Told]:
        """More than what is told to everybody: only where the pack has a word for it."""
        discounts = self._pack.discounts
        if not discounts.tell or discounts.otherwise is None:
            return []
        return [*self._holding(part, say), *say.own("discounts", discounts.otherwise)]

    # --- rules about things

    def _warranty(self, part: Part, say: Say) -> list[Told]:
        if part.things:
            facts = self._offers.told(part, say)
            if facts:
                return facts
        return say.own("rules.warranty", self._pack.rules.warranty)

    def _care(self, field: Literal["before", "after"], part: Part, say: Say) -> list[Told]:
        wanted = {id for found in part.things for thing in found.things for id in self._filed(thing)}
        there = [(number, care) for number, care in enumerate(self._pack.care) if getattr(care, field)]
        if not part.things and len(self._pack.care) > 1:
            return []
        meant = [each for each in there if not part.things or not wanted.isdisjoint(each[1].services)]
        return [fact for number, care in meant for fact in say.own(f"care.{number}.{field}", getattr(care, field))]

    # --- files and the business itself

    def files(self, kind: str, say: Say) -> list[Told]:
        return [
            self._link(number, file, say) for number, file in enumerate(self._pack.attachments) if file.kind == kind
        ]

    def _link(self, number: int, file: File, say: Say) -> Told:
        caption = say.words(file.caption).rstrip(" .:")
        return say.line(f"attachments.{number}", f"{caption}: {file.url}")

    def _file(self, part: Part, say: Say) -> list[Told]:
        asked = [int(thing.id) for thing in part.others if thing.kind == FILE]
        return [self._link(number, self._pack.attachments[number], say) for number in dict.fromkeys(asked)]

    def _price_list(self, part: Part, say: Say) -> list[Told]:
        return self.files("price_list", say) or self.files("menu", say) or self._offers.all(say)

    def _list(self, part: Part, say: Say) -> list[Told]:
        return self._offers.all(say) or self.files("price_list", say) or self.files("menu", say)

    def _about(self, part: Part, say: Say) -> list[Told]:
        return say.own("business.about", self._pack.business.about)

    def _speaks(self, part: Part, say: Say) -> list[Told]:
        spoken = [say.words(each) for each in self._pack.business.speaks]
        return [say.line("business.speaks", say.text("fact_speaks", languages=", ".join(spoken)))] if spoken else []

    def _contact(self, field: Literal["phone", "email", "website"], say: Say) -> list[Told]:
        value = getattr(self._pack.business, field)
        return [say.line("business.contacts", say.text(f"fact_{field}", value=value))] if value else []

    def _phone(self, part: Part, say: Say) -> list[Told]:
        return self._places.line("phone", say, "fact_phone") or self._contact("phone", say)

    def _social(self, part: Part, say: Say) -> list[Told]:
        social = self._pack.business.social
        named = [thing.id for thing in part.others if thing.kind == SOCIAL]
        lines = [f"{name.capitalize()}: {social[name]}" for name in named or social]
        return [say.line("business.contacts", "\n".join(lines))] if lines else []
