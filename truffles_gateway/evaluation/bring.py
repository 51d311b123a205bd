"""What a business brings to the stage: its stored config or a file, what it knows, what it has learnt. Only read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.errors import ConfigError
from truffles_gateway.evaluation.cast import Cast, cast, stage_catalog
from truffles_gateway.evaluation.stage import Business
from truffles_gateway.plugin import Chunk
from truffles_gateway.store import tenants as store
from truffles_gateway.store.knowledge import StoredKnowledge
from truffles_gateway.store.learned import PREFIX
from truffles_gateway.store.tenants import StoredTenant
from truffles_gateway.tenant_file import TenantFile
from truffles_gateway.tenants import BadConfig, draft

BESIDE = "knowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the businesses are to be tried. `files` are the tenants' own by slug, read in place of what is stored, and
    `knowledge` a folder of facts."""

    files: Mapping[str, TenantFile]
    knowledge: Path | None = None
    learned: bool = True
    models: bool = True
    without: Collection[str] = ()


async def businesses(gateway: Gateway, slugs: Sequence[str], catalog: Catalog, wishes: Wishes) -> list[Business]:
    """The businesses as they are stored, or as their files have them. Raises `ConfigError`."""
    stored = {each.slug: each for each in await store.load(gateway.database, list(slugs))}
    return [await _business(gateway, slug, stored.get(slug), catalog, wishes) for slug in slugs]


async def _business(
    gateway: Gateway, slug: str, stored: StoredTenant | None, catalog: Catalog, wishes: Wishes
) -> Business:
    file = wishes.files.get(slug)
    raw = file.config if file else stored.config if stored else None
    if raw is None:
        cure = "Apply it with `truffles tenants apply FILE`, or try a file with --config FILE"
        raise ConfigError(f'no tenant "{slug}"', cure=cure)
    chunks = await _chunks(gateway, stored, wishes) if stored and not wishes.knowledge else []
    folder = wishes.knowledge or (folder_beside(file.path) if file and not chunks else None)
    ready = cast(raw, catalog, without=wishes.without, models=wishes.models)
    if file:
        _check(file, ready, catalog, gateway)
    return Business(cast=ready, chunks=chunks, folder=folder, beside=wishes.knowledge is None)


def _check(file: TenantFile, ready: Cast, catalog: Catalog, gateway: Gateway) -> None:
    """Raises `BadConfig` with the lines of the file, before a stage is set for it."""
    try:
        draft(ready.config, stage_catalog(catalog), gateway.settings.secrets())
    except BadConfig as bad:
        raise BadConfig(bad.tenant, [file.told(each) for each in bad.problems]) from None


async def _chunks(gateway: Gateway, stored: StoredTenant, wishes: Wishes) -> list[Chunk]:
    known = StoredKnowledge(gateway.database, gateway.knowledge_versions, stored.id, gateway.clock)
    return [each for each in await known.chunks() if wishes.learned or not each.id.startswith(PREFIX)]


def folder_beside(path: Path) -> Path | None:
    """The folder of facts that stands beside a tenant's file, as in the examples."""
    found = path.parent / BESIDE
    return found if found.is_dir() else None
