"""What a tenant may set."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from truffles_gateway.plugin import PluginSettings, SecretStr


class RagSettings(PluginSettings):
    """Settings of `rag_qdrant`; all have defaults: without any, everything runs embedded and without a download.

    embedder        "local" (ships in a package) or "http" (BGE-M3 on a text-embeddings-inference server)
    embed_url       address of that server; `POST {embed_url}/embed`
    embed_model     its model, where the server does not say it
    dimensions      of that model's vectors
    embed_batch     texts a request
    qdrant_url      address of a Qdrant server; "" means embedded
    qdrant_api_key  its key, as a reference
    collection      the one collection on the server, shared by tenants
    per_part        passages returned for each question of a message
    timeout         seconds to wait for a server
    remembered      query vectors kept in memory
    """

    embedder: Literal["local", "http"] = "local"
    embed_url: str = ""
    embed_model: str = Field(default="bge-m3", min_length=1, max_length=200)
    dimensions: int = Field(default=1024, ge=8, le=8192)
    embed_batch: int = Field(default=32, ge=1, le=256)
    qdrant_url: str = ""
    qdrant_api_key: SecretStr | None = None
    collection: str = Field(default="truffles_knowledge", pattern=r"^[A-Za-z0-9_-]{1,120}$")
    per_part: int = Field(default=5, ge=1, le=10)
    timeout: float = Field(default=2.0, gt=0, le=60)
    remembered: int = Field(default=2_000, ge=0, le=100_000)

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        if self.embedder == "http" and not self.embed_url:
            raise ValueError('embedder = "http" needs embed_url, for example "http://embeddings:8080"')
        for name in ("embed_url", "qdrant_url"):
            if getattr(self, name) and not getattr(self, name).startswith(("http://", "https://")):
                raise ValueError(f"{name} must begin with http:// or https://")
        return self
