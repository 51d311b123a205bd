"""What a battery names and a business does not have: facts, branches. Told before anything is played."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from truffles_gateway import own_facts
from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.battery import Asked
from truffles_gateway.evaluation.bring import Wishes
from truffles_gateway.evaluation.cast import stage_catalog
from truffles_gateway.evaluation.judge import anywhere, retrieved
from truffles_gateway.evaluation.report import few
from truffles_gateway.evaluation.stage import Business, instance_of
from truffles_gateway.plugin import Naming
from truffles_gateway.tenants import BadConfig, Tenant, build, draft

NEAR = 0.75
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The ids of all that a business can tell. `files`: it has a folder besides, whose facts get their ids from whoever reads it."""

    ids: Collection[str]
    files: bool = False

    @property
    def names(self) -> list[str]:
        """The ids as a battery names them, without a branch."""
        return list(dict.fromkeys(map(anywhere, self.ids)))

    def lacks(self, fact: str) -> bool:
        """Does the business surely not have it? What may be of a file is only looked at where it begins as other facts do, or nearly is
        one."""
        if retrieved(fact, self.ids):
            return False
        return not self.files or bool(self._of_a_kind(fact)) or bool(self._near(fact))

    def instead(self, fact: str) -> str:
        """Which fact may be meant."""
        if near := self._near(fact):
            return f"did you mean {near}?"
        kind = self._of_a_kind(fact)
        whole = fact.rpartition(".")[0]
        if whole in kind:
            return f"did you mean {whole}?"
        return f"it has {few(kind, SHOWN)}" if kind else "nor one that is like it"

    def _near(self, fact: str) -> str:
        return next(iter(difflib.get_close_matches(fact, self.names, n=1, cutoff=NEAR)), "")

    def _of_a_kind(self, fact: str) -> list[str]:
        """The facts that begin with the same word."""
        kind = fact.partition(".")[0]
        return [name for name in self.names if name.partition(".")[0] == kind]


async def unknown(
    gateway: Gateway, businesses: Sequence[Business], asked: Sequence[Asked], catalog: Catalog, wishes: Wishes
) -> list[str]:
    """One line for each fact that a battery names and its business does not have. Raises `ConfigError` for a business that cannot be
    built, and for a case at a branch that there is none of."""
    lines: list[str] = []
    for business in businesses:
        cases = [each for each in asked if each.tenant == business.slug]
        tenant = await _built(gateway, business, catalog, wishes)
        try:
            _check_branches(tenant, cases)
            lines += missing(business.slug, cases, _known(tenant, business))
        finally:
            await tenant.close()
    return lines


async def _built(gateway: Gateway, business: Business, catalog: Catalog, wishes: Wishes) -> Tenant:
    """The business as it would stand on stage."""
    try:
        plan = draft(business.cast.config, stage_catalog(catalog), gateway.settings.secrets())
        return await build(plan, gateway.resources)
    except BadConfig as bad:
        file = wishes.files.get(business.slug)
        raise BadConfig(bad.tenant, [file.told(each) if file else each for each in bad.problems]) from None


def _known(tenant: Tenant, business: Business) -> Known:
    ids = {*own_facts.wanted(tenant), *(each.id for each in business.chunks if not own_facts.is_own(each.id))}
    for made in tenant.objects.values():
        ids |= set(made.besides()) if isinstance(made, Naming) else set()
    return Known(ids=sorted(ids), files=business.folder is not None and bool(tenant.knowledge_writers()))


def _check_branches(tenant: Tenant, asked: Iterable[Asked]) -> None:
    for each in asked:
        try:
            instance_of(tenant, each.case.branch)
        except ConfigError as problem:
            raise ConfigError(f"{each.place}: {problem}") from None


def missing(slug: str, asked: Sequence[Asked], known: Known) -> Iterator[str]:
    """A line for each fact that is named and not there, with the first case that names it."""
    count = Counter(fact for each in asked for fact in set(_facts(each)))
    for fact, first in _first(asked).items():
        if known.lacks(fact):
            more = f" (and in {count[fact] - 1} more)" if count[fact] > 1 else ""
            yield f"{first.place}: {slug} has no fact {fact}{more}: {known.instead(fact)}"


def _first(asked: Sequence[Asked]) -> Mapping[str, Asked]:
    found: dict[str, Asked] = {}
    for each in asked:
        for fact in _facts(each):
            found.setdefault(fact, each)
    return found


def _facts(asked: Asked) -> Iterator[str]:
    yield from asked.case.facts
    for turn in asked.case.turns:
        yield from turn.facts
