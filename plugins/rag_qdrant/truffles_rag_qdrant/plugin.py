"""Hybrid retrieval over a tenant's knowledge: the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truffles_gateway.plugin import Plugin, Resources
from truffles_rag_qdrant.settings import RagSettings


def _create(settings: RagSettings, resources: Resources) -> object:
    """The libraries behind it take a second to load: only a tenant that retrieves waits for them."""
    from truffles_rag_qdrant.retriever import RagQdrant

    return RagQdrant(settings, resources)


def _rehearsal(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Embedded: the server's collection is what customers are answered from."""
    return {key: value for key, value in settings.items() if key not in {"qdrant_url", "qdrant_api_key"}}


plugin = Plugin(
    name="rag_qdrant",
    version="0.1.0",
    create=_create,
    settings=RagSettings,
    implements=("retrieve",),
    rehearsal=_rehearsal,
    summary="Hybrid retrieval over a tenant's knowledge with Qdrant, embedded or as a server.",
)
